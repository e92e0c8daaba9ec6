/* Errors: message, context, remedy, flags; the table of codes; broken invariants. */
#include "runtime/base/error.h"

#include <check.h>
#include <ctype.h>
#include <errno.h>

START_TEST(carries_message_context_and_remedy)
{
    struct mr_error *e = mr_error(MR_IO, "cannot read \"%s\"", "a.txt");
    ck_assert_int_eq(mr_error_code(e), MR_IO);
    ck_assert_str_eq(mr_error_message(e), "cannot read \"a.txt\"");
    ck_assert_str_eq(mr_error_remedy_text(e), mr_code_remedy(MR_IO));
    e = mr_error_wrap(e, "while opening %d of %d", 1, 2);
    ck_assert_str_eq(mr_error_message(e), "while opening 1 of 2: cannot read \"a.txt\"");
    e = mr_error_remedy(e, "Give it a %s name.", "better");
    struct mr_buf out = {0};
    mr_error_print(e, &out);
    ck_assert_str_eq(mr_buf_text(&out),
                     "error MR1001: while opening 1 of 2: cannot read \"a.txt\"\n"
                     "  remedy: Give it a better name.\n");
    ck_assert(!mr_error_is_retriable(e) && !mr_error_is_row(e));
    ck_assert(mr_error_is_retriable(mr_error_retriable(e)) && mr_error_is_row(mr_error_row(e)));
    mr_error_free(e);
    mr_buf_finish(&out);
}
END_TEST

START_TEST(takes_the_text_of_errno)
{
    errno = ENOENT;
    struct mr_error *e = mr_error_errno(MR_IO, "cannot open \"x\"");
    ck_assert_str_eq(mr_error_message(e), "cannot open \"x\": No such file or directory");
    mr_error_free(e);
}
END_TEST

START_TEST(a_bug_names_its_place)
{
    struct mr_error *e = mr_error(MR_BUG, "row without a header");
    struct mr_buf out = {0};
    mr_error_print(e, &out);
    ck_assert_ptr_nonnull(strstr(mr_buf_text(&out), "(tests/runtime/base/error_test.c:"));
    mr_error_free(e);
    mr_buf_finish(&out);
}
END_TEST

START_TEST(no_error_is_accepted_everywhere)
{
    struct mr_buf out = {0};
    mr_error_print(NULL, &out);
    ck_assert_uint_eq(out.len, 0);
    ck_assert_int_eq(mr_error_code(NULL), MR_OK);
    ck_assert_str_eq(mr_error_message(NULL), "");
    ck_assert_str_eq(mr_error_remedy_text(NULL), "");
    ck_assert_ptr_null(mr_error_wrap(NULL, "while"));
    ck_assert_ptr_null(mr_error_remedy(NULL, "none"));
    ck_assert_ptr_null(mr_error_row(mr_error_retriable(NULL)));
    ck_assert(!mr_error_is_retriable(NULL) && !mr_error_is_row(NULL));
    mr_error_free(NULL);
}
END_TEST

START_TEST(every_code_is_unique_and_described)
{
    static const int numbers[] = {
#define MR_E(symbol, code, sentence, remedy) code,
#include "runtime/base/error_table.h"
#undef MR_E
    };
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        for (size_t k = 0; k < i; k++)
            ck_assert_msg(numbers[i] != numbers[k], "MR%d twice", numbers[i]);
        const char *sentence = mr_code_sentence(numbers[i]), *remedy = mr_code_remedy(numbers[i]);
        ck_assert_msg(isupper((unsigned char)*sentence) && sentence[strlen(sentence) - 1] == '.',
                      "MR%d: \"%s\" is not a sentence", numbers[i], sentence);
        ck_assert_msg(!numbers[i] || *remedy, "MR%d has no remedy", numbers[i]);
    }
    ck_assert_str_eq(mr_code_sentence((enum mr_code)9999), "");
    ck_assert_str_eq(mr_code_remedy((enum mr_code)9999), "");
}
END_TEST

START_TEST(a_broken_invariant_aborts)
{
    mr_assert(errno == -1);
}
END_TEST

Suite *suite_runtime_base_error(void);
Suite *suite_runtime_base_error(void)
{
    Suite *suite = suite_create("runtime.base.error");
    TCase *tc = tcase_create("error");
    tcase_add_test(tc, carries_message_context_and_remedy);
    tcase_add_test(tc, takes_the_text_of_errno);
    tcase_add_test(tc, a_bug_names_its_place);
    tcase_add_test(tc, no_error_is_accepted_everywhere);
    tcase_add_test(tc, every_code_is_unique_and_described);
    tcase_add_test_raise_signal(tc, a_broken_invariant_aborts, 6);
    suite_add_tcase(suite, tc);
    return suite;
}
