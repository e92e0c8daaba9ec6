/* Arenas: alignment, reuse after a reset, callbacks, and poison under AddressSanitizer. */
#include "runtime/base/arena.h"

#include "runtime/base/buf.h"

#include <check.h>

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#endif

START_TEST(allocations_are_aligned_and_apart)
{
    struct mr_arena *a = mr_arena_create(256);
    char *items[200];
    for (size_t i = 0; i < 200; i++) {
        items[i] = mr_arena_alloc(a, i);
        ck_assert_uint_eq((uintptr_t)items[i] % 16, 0);
        memset(items[i], (int)i, i);
    }
    for (size_t i = 0; i < 200; i++) {
        for (size_t k = 0; k < i; k++)
            ck_assert_int_eq((unsigned char)items[i][k], (int)i);
    }
    ck_assert_uint_eq(mr_arena_used(a), 199 * 200 / 2);
    mr_arena_destroy(a);
    mr_arena_destroy(NULL);
}
END_TEST

START_TEST(a_reset_gives_the_same_memory_again)
{
    struct mr_arena *a = mr_arena_create(0);
    void *first = mr_arena_alloc(a, 100);
    for (int i = 0; i < 1000; i++)
        mr_arena_alloc(a, 5000);
    memset(mr_arena_alloc(a, 1 << 20), 1, 1 << 20);
    mr_arena_reset(a);
    ck_assert_uint_eq(mr_arena_used(a), 0);
    ck_assert_ptr_eq(mr_arena_alloc(a, 100), first);
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < 300; i++)
            memset(mr_arena_alloc(a, 5000), i, 5000);
        mr_arena_reset(a);
    }
    const char *cleared = mr_arena_zalloc(a, 1000);
    for (int i = 0; i < 1000; i++)
        ck_assert_int_eq(cleared[i], 0);
    mr_arena_destroy(a);
}
END_TEST

START_TEST(texts_are_copied_and_terminated)
{
    struct mr_arena *a = mr_arena_create(0);
    char source[] = "word";
    struct mr_str copy = mr_arena_str(a, mr_str_of(source));
    source[0] = 'W';
    ck_assert_str_eq(copy.ptr, "word");
    ck_assert_str_eq(mr_arena_str(a, (struct mr_str){0}).ptr, "");
    struct mr_str text = mr_arena_printf(a, "%s-%05d", "part", 42);
    ck_assert_str_eq(text.ptr, "part-00042");
    ck_assert_uint_eq(text.len, 10);
    mr_arena_destroy(a);
}
END_TEST

static void append_digit(void *ptr)
{
    struct mr_buf **slot = ptr;
    mr_buf_addc(slot[0], (char)('0' + slot[0]->len));
}

static void append_mark(void *ptr)
{
    mr_buf_addc(ptr, '!');
}

START_TEST(callbacks_run_once_last_added_first)
{
    struct mr_buf seen = {0};
    struct mr_buf *slot = &seen;
    struct mr_arena *a = mr_arena_create(0);
    mr_arena_on_reset(a, append_mark, &seen);
    mr_arena_on_reset(a, append_digit, &slot);
    mr_arena_reset(a);
    ck_assert_str_eq(mr_buf_text(&seen), "0!");
    mr_arena_reset(a);
    ck_assert_str_eq(mr_buf_text(&seen), "0!");
    mr_arena_on_reset(a, append_mark, &seen);
    mr_arena_destroy(a);
    ck_assert_str_eq(mr_buf_text(&seen), "0!!");
    mr_buf_finish(&seen);
}
END_TEST

START_TEST(impossible_sizes_end_the_process)
{
    mr_arena_alloc(mr_arena_create(0), SIZE_MAX - 3);
}
END_TEST

#if defined(__SANITIZE_ADDRESS__)
START_TEST(memory_outside_allocations_is_poisoned)
{
    struct mr_arena *a = mr_arena_create(0);
    char *ptr = mr_arena_alloc(a, 21);
    ck_assert(!__asan_address_is_poisoned(ptr + 20));
    ck_assert(__asan_address_is_poisoned(ptr + 21));
    mr_arena_reset(a);
    ck_assert(__asan_address_is_poisoned(ptr));
    mr_arena_destroy(a);
}
END_TEST
#endif

Suite *suite_runtime_base_arena(void);
Suite *suite_runtime_base_arena(void)
{
    Suite *suite = suite_create("runtime.base.arena");
    TCase *tc = tcase_create("arena");
    tcase_add_test(tc, allocations_are_aligned_and_apart);
    tcase_add_test(tc, a_reset_gives_the_same_memory_again);
    tcase_add_test(tc, texts_are_copied_and_terminated);
    tcase_add_test(tc, callbacks_run_once_last_added_first);
    tcase_add_test_raise_signal(tc, impossible_sizes_end_the_process, 6);
#if defined(__SANITIZE_ADDRESS__)
    tcase_add_test(tc, memory_outside_allocations_is_poisoned);
#endif
    suite_add_tcase(suite, tc);
    return suite;
}
