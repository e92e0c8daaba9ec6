/* Records of retried rows: what is written reads back, and nothing else is taken for one. */
#include "runtime/flow/retry.h"

#include <check.h>

static struct mr_buf record(struct mr_str row)
{
    struct mr_retry r = {3, 17, 2, row};
    struct mr_buf out = {0};
    mr_retry_pack(&r, &out);
    return out;
}

START_TEST(test_round)
{
    struct mr_retry back;
    static const char row[] = "\x81\xa1k\x01";
    struct mr_buf with = record(mr_str_span(row, 4)), without = record((struct mr_str){0});
    ck_assert(mr_retry_parse(mr_buf_str(&with), &back));
    ck_assert_uint_eq(back.lane, 3);
    ck_assert_uint_eq(back.n, 17);
    ck_assert_uint_eq(back.attempt, 2);
    ck_assert(mr_str_eq(back.row, mr_str_span(row, 4)));
    ck_assert(mr_retry_parse(mr_buf_str(&without), &back));
    ck_assert_uint_eq(back.row.len, 0);
    mr_buf_finish(&with);
    mr_buf_finish(&without);
}
END_TEST

/* Cut anywhere, or followed by anything, it is none. */
START_TEST(test_damaged)
{
    struct mr_retry back;
    struct mr_buf whole = record(mr_str_span("\x81\xa1k\x01", 4));
    for (size_t len = 0; len < whole.len; len++)
        ck_assert(!mr_retry_parse(mr_str_span(whole.ptr, len), &back));
    mr_buf_addc(&whole, '\xc0');
    ck_assert(!mr_retry_parse(mr_buf_str(&whole), &back));
    mr_buf_finish(&whole);
}
END_TEST

START_TEST(test_others)
{
    static const struct mr_str others[] = {
        MR_STR_INIT("\x80"),                   /* no letter is named */
        MR_STR_INIT("\xc0"),                   /* no map */
        MR_STR_INIT("\x81\x01\x02"),           /* a key that is no text */
        MR_STR_INIT("\x81\xa1n\xa1x"),         /* a number that is a text */
        MR_STR_INIT("\x82\xa1n\x01\xa3row\x05"), /* a row that is no map */
        MR_STR_INIT("\x82\xa1n\x01\xa4lane\xcf\xff\xff\xff\xff\xff\xff\xff\xff"),
    };
    struct mr_retry back;
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        ck_assert_msg(!mr_retry_parse(others[i], &back), "record %zu", i);
}
END_TEST

/* Sources take no rows again; the epoch of the dead letters stays; a stage may be called "dead". */
START_TEST(test_topics)
{
    struct mr_plan_topic topics[] = {{.name = MR_STR_INIT("p.s.dead.e7")},
                                     {.name = MR_STR_INIT("p.dead.dead.e2")}};
    struct mr_plan plan = {.topics = topics, .topic_count = 2};
    struct mr_plan_stage stage = {.kind = MR_STAGE_OPERATOR, .dead_topic = 0};
    struct mr_buf name = {0};
    ck_assert(mr_retry_topic(&plan, &stage, "retry", &name));
    ck_assert_str_eq(mr_buf_text(&name), "p.s.retry.e7");
    stage.dead_topic = 1;
    ck_assert(mr_retry_topic(&plan, &stage, "settled", &name));
    ck_assert_str_eq(mr_buf_text(&name), "p.dead.settled.e2");
    stage.kind = MR_STAGE_SOURCE;
    ck_assert(!mr_retry_topic(&plan, &stage, "retry", &name));
    ck_assert(mr_retry_topic(&plan, &stage, "settled", &name));
    stage.dead_topic = MR_PLAN_NONE;
    ck_assert(!mr_retry_topic(&plan, &stage, "settled", &name));
    mr_buf_finish(&name);
}
END_TEST

Suite *suite_runtime_flow_retry(void);
Suite *suite_runtime_flow_retry(void)
{
    Suite *s = suite_create("runtime.flow.retry");
    TCase *c = tcase_create("retry");
    tcase_add_test(c, test_round);
    tcase_add_test(c, test_damaged);
    tcase_add_test(c, test_others);
    tcase_add_test(c, test_topics);
    suite_add_tcase(s, c);
    return s;
}
