/* Writer and reader of one log: every row comes back once, in order, wherever frames and segments
 * end and wherever a reader resumes; unread bytes, retention and look-up by id. */
#include "tests/runtime/log/rig.h"

#include <stdio.h>
#include <sys/stat.h>
#include <stdlib.h>

static const struct shape {
    enum mr_codec codec;
    size_t frame_bytes, segment_bytes, len; /* len: of each row, SIZE_MAX: varies */
    uint64_t rows, commit_every;
} shape_table[] = {
    {MR_CODEC_NONE, 0, 0, SIZE_MAX, 3000, 1000},
    {MR_CODEC_LZ4, 0, 0, SIZE_MAX, 3000, 1000},
    {MR_CODEC_NONE, 400, 1000, SIZE_MAX, 500, 7},
    {MR_CODEC_LZ4, 2000, 3000, SIZE_MAX, 900, 64},
    {MR_CODEC_LZ4, 2000, 3000, 0, 300, 300},
    {MR_CODEC_NONE, 1, 1, 20, 60, 1},        /* a frame per row, a segment per frame */
    {MR_CODEC_NONE, 512, 4096, 9000, 40, 3}, /* rows larger than frames and segments  */
    {MR_CODEC_LZ4, 4096, 65536, 300000, 12, 5},
    {MR_CODEC_NONE, 300, 4096, 4000, 30, 30}, /* frames that end at the segment's last byte */
};

static void apply(struct rig *rig, const struct shape *s)
{
    rig->options.codec = s->codec;
    rig->options.frame_bytes = s->frame_bytes;
    rig->options.segment_bytes = s->segment_bytes;
}

static struct mr_mark fill(struct rig *rig, const struct shape *s)
{
    struct mr_log_writer *w = rig_writer(rig, (struct mr_mark){0});
    for (uint64_t n = 1; n <= s->rows; n += s->commit_every) {
        uint64_t to = n + s->commit_every - 1;
        rig_append(w, n, to < s->rows ? to : s->rows, s->len);
        rig_commit(w);
    }
    struct mr_mark end = mr_log_writer_end(w);
    mr_log_writer_close(w);
    return end;
}

START_TEST(all_rows_come_back)
{
    const struct shape *s = &shape_table[_i];
    struct rig rig;
    rig_init(&rig);
    apply(&rig, s);
    struct mr_mark end = fill(&rig, s);
    ck_assert_uint_eq(end.n, s->rows);
    struct mr_log_reader *r = rig_reader(&rig, 5, (struct mr_mark){0});
    ck_assert_uint_gt(mr_log_reader_lag_bytes(r), 0);
    ck_assert_uint_eq(rig_read(r, s->len), s->rows);
    ck_assert_uint_eq(mr_log_reader_lag_bytes(r), 0);
    ck_assert_uint_eq(mr_log_reader_repeats(r), 0);
    struct mr_mark mark = mr_log_reader_mark(r);
    ck_assert_uint_eq(mark.pos, end.pos);
    ck_assert_uint_eq(mark.hash, end.hash);
    mr_log_reader_close(r);
    rig_finish(&rig);
}
END_TEST

/* Readers that no plan has any longer hold back nothing; those that stay keep their positions. */
START_TEST(readers_are_released)
{
    static const uint64_t keep[] = {7, 99};
    struct rig rig;
    struct mr_log_stat stat;
    rig_init(&rig);
    fill(&rig, &shape_table[2]);
    for (uint64_t id = 5; id <= 8; id++) {
        struct mr_log_reader *r = rig_reader(&rig, id, (struct mr_mark){0});
        if (id >= 7) {
            ck_assert_uint_eq(rig_read(r, SIZE_MAX), shape_table[2].rows);
            mr_log_reader_commit(r, mr_log_reader_mark(r));
        }
        mr_log_reader_close(r);
    }
    struct mr_log_place place = rig.place;
    ck_assert_ptr_null(mr_log_stat(&place, &stat));
    ck_assert_uint_eq(stat.readers, 4);
    ck_assert_uint_eq(stat.slowest_reader_pos, 0);
    ck_assert_ptr_null(mr_log_release(&place, keep, 2));
    ck_assert_ptr_null(mr_log_stat(&place, &stat));
    ck_assert_uint_eq(stat.readers, 1);
    ck_assert_uint_eq(stat.slowest_reader_pos, stat.end_pos);
    ck_assert_ptr_null(mr_log_release(&place, keep, 0));
    ck_assert_ptr_null(mr_log_stat(&place, &stat));
    ck_assert_uint_eq(stat.readers, 0);
    rig_finish(&rig);
}
END_TEST

/* The reader follows a live writer: it sees each commit whole, and nothing before it. */
START_TEST(reader_follows_commits)
{
    const struct shape *s = &shape_table[_i];
    struct rig rig;
    rig_init(&rig);
    apply(&rig, s);
    struct mr_log_reader *r = rig_reader(&rig, 5, (struct mr_mark){0});
    ck_assert_uint_eq(rig_read(r, s->len), 0);
    struct mr_log_writer *w = rig_writer(&rig, (struct mr_mark){0});
    uint64_t n = 0;
    while (n < s->rows) {
        uint64_t to = n + s->commit_every < s->rows ? n + s->commit_every : s->rows;
        rig_append(w, n + 1, to, s->len);
        rig_ok(mr_log_writer_sync(w));
        ck_assert_uint_eq(rig_read(r, s->len), n);
        mr_log_writer_publish(w);
        ck_assert_uint_eq(rig_read(r, s->len), to);
        n = to;
    }
    mr_log_writer_close(w);
    mr_log_reader_close(r);
    rig_finish(&rig);
}
END_TEST

/* A writer that is opened again goes on where it was. */
START_TEST(writer_resumes)
{
    const struct shape *s = &shape_table[_i];
    struct rig rig;
    rig_init(&rig);
    apply(&rig, s);
    struct mr_mark end = {0};
    for (uint64_t n = 1; n <= 20; n++) {
        struct mr_log_writer *w = rig_writer(&rig, end);
        rig_append(w, n, n, s->len);
        end = rig_commit(w);
        rig_append(w, n + 1, n + 3, s->len); /* dropped: never committed */
        if (n % 2)
            rig_ok(mr_log_writer_sync(w));
        mr_log_writer_close(w);
    }
    struct mr_log_reader *r = rig_reader(&rig, 0, (struct mr_mark){0});
    ck_assert_uint_eq(rig_read(r, s->len), 20);
    mr_log_reader_close(r);
    rig_finish(&rig);
}
END_TEST

static struct mr_mark read_to(struct mr_log_reader *r, uint64_t n)
{
    struct mr_head h;
    struct mr_str map;
    uint32_t rows;
    bool found;
    while (mr_log_reader_mark(r).n < n) {
        rig_ok(mr_log_reader_next(r, &rows));
        ck_assert_uint_gt(rows, 0);
        found = true;
        while (found && mr_log_reader_mark(r).n < n)
            rig_ok(mr_log_reader_row(r, &h, &map, &found));
    }
    return mr_log_reader_mark(r);
}

START_TEST(resume_at_every_row)
{
    static const struct shape s = {MR_CODEC_LZ4, 1500, 4000, SIZE_MAX, 120, 33};
    struct rig rig;
    rig_init(&rig);
    apply(&rig, &s);
    fill(&rig, &s);
    for (uint64_t n = 0; n <= s.rows; n++) {
        struct mr_log_reader *r = rig_reader(&rig, 0, (struct mr_mark){0});
        struct mr_mark mark = read_to(r, n);
        mr_log_reader_close(r);
        r = rig_reader(&rig, 9, mark);
        ck_assert_uint_eq(mr_log_reader_mark(r).n, n);
        ck_assert_uint_eq(rig_read(r, s.len), s.rows);
        ck_assert_uint_eq(mr_log_reader_repeats(r), 0);
        mr_log_reader_close(r);
        mark.hash ^= 1; /* a mark from another history */
        r = rig_reader(&rig, 9, mark);
        if (n > 0 && n < s.rows) {
            rig_fails(rig_try_read(r, s.len, &(uint64_t){0}), MR_LINEAGE_GAP);
        }
        mr_log_reader_close(r);
    }
    rig_finish(&rig);
}
END_TEST

START_TEST(seek_to_every_row)
{
    static const struct shape s = {MR_CODEC_LZ4, 1500, 4000, SIZE_MAX, 120, 33};
    struct rig rig;
    rig_init(&rig);
    apply(&rig, &s);
    fill(&rig, &s);
    struct mr_log_reader *r = rig_reader(&rig, 0, (struct mr_mark){0});
    for (uint64_t n = s.rows + 2; n >= 1; n--) {
        uint32_t rows;
        rig_ok(mr_log_reader_seek(r, n));
        rig_ok(mr_log_reader_next(r, &rows));
        ck_assert_int_eq(rows > 0, n <= s.rows);
        if (rows)
            ck_assert_uint_eq(rig_read(r, s.len), s.rows);
    }
    mr_log_reader_close(r);
    rig_finish(&rig);
}
END_TEST

START_TEST(uncompressed_rows_are_not_copied)
{
    struct rig rig;
    rig_init(&rig);
    struct mr_log_writer *w = rig_writer(&rig, (struct mr_mark){0});
    rig_append(w, 1, 2, 100);
    rig_commit(w);
    struct mr_log_reader *r = rig_reader(&rig, 0, (struct mr_mark){0});
    struct mr_head h;
    struct mr_str one, two;
    uint32_t rows;
    bool found;
    rig_ok(mr_log_reader_next(r, &rows));
    ck_assert_uint_eq(rows, 2);
    rig_ok(mr_log_reader_row(r, &h, &one, &found));
    rig_ok(mr_log_reader_row(r, &h, &two, &found));
    ck_assert(found && two.ptr == one.ptr + one.len + MR_FRAME_ROW_HEAD);
    rig_ok(mr_log_reader_row(r, &h, &two, &found));
    ck_assert(!found);
    mr_log_reader_close(r);
    mr_log_writer_close(w);
    rig_finish(&rig);
}
END_TEST

START_TEST(unread_bytes_follow_the_slowest_reader)
{
    struct rig rig;
    rig_init(&rig);
    struct mr_log_writer *w = rig_writer(&rig, (struct mr_mark){0});
    rig_append(w, 1, 10, 100);
    ck_assert_uint_eq(mr_log_writer_unread(w), 0); /* nobody reads yet */
    struct mr_log_reader *a = rig_reader(&rig, 1, (struct mr_mark){0});
    struct mr_log_reader *b = rig_reader(&rig, 2, (struct mr_mark){0});
    ck_assert_uint_ge(mr_log_writer_unread(w), 10 * 184);
    struct mr_mark end = rig_commit(w);
    ck_assert_uint_eq(mr_log_writer_unread(w), end.pos);
    rig_read(a, 100);
    rig_read(b, 100);
    ck_assert_uint_eq(mr_log_writer_unread(w), end.pos); /* read, not committed */
    mr_log_reader_commit(a, mr_log_reader_mark(a));
    ck_assert_uint_eq(mr_log_writer_unread(w), end.pos);
    mr_log_reader_commit(b, mr_log_reader_mark(b));
    ck_assert_uint_eq(mr_log_writer_unread(w), 0);
    mr_log_reader_close(b); /* keeps its entry */
    rig_append(w, 11, 11, 100);
    rig_commit(w);
    ck_assert_uint_gt(mr_log_writer_unread(w), 0);
    struct mr_log_stat st;
    rig_ok(mr_log_stat(&rig.place, &st));
    ck_assert_uint_eq(st.readers, 2);
    ck_assert_uint_eq(st.slowest_reader_pos, end.pos);
    ck_assert_uint_eq(st.rows, 11);
    mr_log_reader_close(a);
    mr_log_writer_close(w);
    rig_finish(&rig);
}
END_TEST

START_TEST(reader_table_fills)
{
    struct rig rig;
    rig_init(&rig);
    for (uint64_t id = 1; id <= MR_PAGE_READERS; id++)
        mr_log_reader_close(rig_reader(&rig, id, (struct mr_mark){0}));
    mr_log_reader_close(rig_reader(&rig, 7, (struct mr_mark){0})); /* known: no new entry */
    struct mr_log_reader *r;
    rig_fails(mr_log_reader_open(&rig.place, 1000, 0, (struct mr_mark){0}, &r),
              MR_LOG_READERS_FULL);
    mr_log_reader_close(rig_reader(&rig, 0, (struct mr_mark){0})); /* passive: needs none */
    rig_finish(&rig);
}
END_TEST

START_TEST(find_by_id)
{
    static const struct shape s = {MR_CODEC_LZ4, 1000, 6000, SIZE_MAX, 400, 90};
    struct rig rig;
    rig_init(&rig);
    apply(&rig, &s);
    struct mr_mark end = fill(&rig, &s);
    struct mr_log_writer *w = rig_writer(&rig, end); /* its segment's sidecar: by scanning */
    rig_append(w, s.rows + 1, s.rows + 200, s.len);
    rig_commit(w);
    rig_append(w, s.rows + 201, s.rows + 300, s.len);
    rig_ok(mr_log_writer_sync(w));
    struct mr_log_segments_seen {
        unsigned sidecars, damaged;
    } seen = {0};
    struct mr_log__segments list;
    rig_ok(mr_log__segments_list(rig_path(&rig, "."), &list));
    ck_assert_uint_gt(list.count, 4);
    for (size_t i = 0; i < list.count; i++) {
        char *ids = mr_log__path(rig_path(&rig, "."), list.items[i].base, ".ids");
        struct stat st;
        if (stat(ids, &st) == 0) {
            seen.sidecars++;
            if (i % 3 == 1) { /* a damaged sidecar is not believed */
                rig_flip(ids, (uint64_t)st.st_size / 2, 3);
                seen.damaged++;
            }
        }
        free(ids);
    }
    ck_assert_uint_eq(seen.sidecars, list.count - 1);
    ck_assert_uint_gt(seen.damaged, 0);
    mr_log__segments_finish(&list);
    for (uint64_t k = 1; k <= s.rows + 300; k += 13) {
        uint64_t n;
        struct mr_id id = rig_id(k);
        rig_ok(mr_log_find(&rig.place, &id, &n));
        ck_assert_uint_eq(n, k <= s.rows + 200 ? k : 0); /* not what is uncommitted */
    }
    mr_log_writer_close(w);
    rig_finish(&rig);
}
END_TEST

/* A reader that has read to the very end of a segment still has the room behind it mapped; when the
 * segment is sealed and trimmed before the reader looks again, the next one follows all the same. */
START_TEST(a_segment_may_be_trimmed_as_soon_as_it_was_read)
{
    struct rig rig;
    struct mr_log_stat stat = {0};
    uint64_t freed = 0, n = 0;
    rig_init(&rig);
    rig.options.segment_bytes = 64 * 1024;
    struct mr_log_writer *w = rig_writer(&rig, (struct mr_mark){0});
    struct mr_log_reader *r = rig_reader(&rig, 1, (struct mr_mark){0});
    for (int sealed = 0; sealed < 5;) {
        rig_append(w, n + 1, n + 1, 300);
        rig_commit(w);
        n++;
        rig_ok(mr_log_stat(&rig.place, &stat));
        if (stat.segments > 1) {
            mr_log_reader_commit(r, mr_log_reader_mark(r));
            rig_ok(mr_log_trim(&rig.place, UINT64_MAX, &freed));
            ck_assert_uint_gt(freed, 0);
            sealed++;
        }
        ck_assert_uint_eq(rig_read(r, 300), n);
    }
    mr_log_writer_close(w);
    mr_log_reader_close(r);
    rig_finish(&rig);
}
END_TEST

START_TEST(trim_keeps_what_readers_need)
{
    static const struct shape s = {MR_CODEC_NONE, 1000, 6000, 100, 300, 50};
    struct rig rig;
    rig_init(&rig);
    apply(&rig, &s);
    struct mr_mark end = fill(&rig, &s);
    struct mr_log_reader *slow = rig_reader(&rig, 1, (struct mr_mark){0});
    struct mr_log_reader *passive = rig_reader(&rig, 0, (struct mr_mark){0});
    uint64_t freed;
    struct mr_log_stat before, after;
    rig_ok(mr_log_stat(&rig.place, &before));
    rig_ok(mr_log_trim(&rig.place, UINT64_MAX, &freed));
    ck_assert_uint_eq(freed, 0);
    struct mr_mark half = read_to(slow, 150);
    read_to(passive, 3);
    mr_log_reader_commit(slow, half);
    rig_ok(mr_log_trim(&rig.place, UINT64_MAX, &freed));
    rig_ok(mr_log_stat(&rig.place, &after));
    ck_assert_uint_gt(freed, 0);
    ck_assert_uint_eq(before.bytes_on_disk - after.bytes_on_disk, freed);
    ck_assert_uint_gt(after.start_pos, 0);
    ck_assert_uint_le(after.start_pos, half.pos);
    ck_assert_uint_gt(after.first_n, 1);
    ck_assert_uint_eq(after.rows, s.rows - after.first_n + 1);
    ck_assert_uint_eq(rig_read(slow, s.len), s.rows); /* goes on undisturbed */
    /* A late reader at {0} starts with the first row kept; any other is told. */
    struct mr_log_reader *late = rig_reader(&rig, 2, (struct mr_mark){0});
    struct mr_mark first = read_to(late, after.first_n);
    ck_assert_uint_eq(first.n, after.first_n);
    ck_assert_uint_eq(rig_read(late, s.len), s.rows);
    struct mr_log_reader *r = NULL;
    rig_fails(mr_log_reader_open(&rig.place, 3, 0, (struct mr_mark){1, 1, 1}, &r), MR_LOG_TRIMMED);
    rig_fails(rig_try_read(passive, s.len, &(uint64_t){0}), MR_LOG_TRIMMED);
    rig_fails(mr_log_reader_seek(passive, 1), MR_LOG_TRIMMED);
    /* Everything is consumed: all but the active segment goes, and the log goes on. */
    mr_log_reader_commit(slow, mr_log_reader_mark(slow));
    mr_log_reader_commit(late, mr_log_reader_mark(late));
    rig_ok(mr_log_trim(&rig.place, UINT64_MAX, &freed));
    rig_ok(mr_log_stat(&rig.place, &after));
    ck_assert_uint_eq(after.segments, 1);
    struct mr_log_writer *w = rig_writer(&rig, end);
    rig_append(w, s.rows + 1, s.rows + 100, s.len);
    rig_commit(w);
    ck_assert_uint_eq(rig_read(slow, s.len), s.rows + 100);
    mr_log_writer_close(w);
    mr_log_reader_close(slow);
    mr_log_reader_close(late);
    mr_log_reader_close(passive);
    rig_finish(&rig);
}
END_TEST

START_TEST(tools_on_a_log_that_is_not_there)
{
    struct rig rig;
    struct mr_log_stat st;
    struct mr_id id = rig_id(1);
    uint64_t n = 9;
    struct mr_log_reader *r;
    rig_init(&rig);
    rig_ok(mr_log_stat(&rig.place, &st));
    ck_assert_uint_eq(st.rows + st.segments + st.bytes_on_disk + st.readers, 0);
    rig_ok(mr_log_find(&rig.place, &id, &n));
    ck_assert_uint_eq(n, 0);
    rig_ok(mr_log_trim(&rig.place, 5, &n));
    ck_assert_uint_eq(n, 0);
    /* A passive reader leaves no trace and finds the log once it is there. */
    r = rig_reader(&rig, 0, (struct mr_mark){0});
    ck_assert_uint_eq(rig_read(r, 10), 0);
    struct stat dir;
    ck_assert_int_ne(stat(rig_path(&rig, "."), &dir), 0);
    struct mr_log_writer *w = rig_writer(&rig, (struct mr_mark){0});
    rig_append(w, 1, 3, 10);
    rig_commit(w);
    ck_assert_uint_eq(rig_read(r, 10), 3);
    mr_log_reader_close(r);
    mr_log_writer_close(w);
    rig.place.topic = MR_STR("../elsewhere");
    rig_fails(mr_log_stat(&rig.place, &st), MR_PLAN_INVALID);
    rig_finish(&rig);
}
END_TEST

START_TEST(a_row_over_the_limit_is_refused)
{
    struct rig rig;
    rig_init(&rig);
    struct mr_log_writer *w = rig_writer(&rig, (struct mr_mark){0});
    struct mr_head h = {.id = rig_id(1)};
    rig_fails(mr_log_writer_append(w, &h, NULL, MR_FRAME_RAW_MAX), MR_ROW_TOO_LARGE);
    rig_append(w, 1, 1, 5); /* and the next one still goes */
    rig_commit(w);
    mr_log_writer_close(w);
    rig_finish(&rig);
}
END_TEST

Suite *suite_runtime_log_partition(void);
Suite *suite_runtime_log_partition(void)
{
    int shapes = sizeof(shape_table) / sizeof(*shape_table);
    Suite *s = suite_create("runtime.log.partition");
    TCase *t = tcase_create("partition");
    tcase_set_timeout(t, 120);
    tcase_add_loop_test(t, all_rows_come_back, 0, shapes);
    tcase_add_loop_test(t, reader_follows_commits, 0, shapes);
    tcase_add_test(t, readers_are_released);
    tcase_add_loop_test(t, writer_resumes, 0, shapes);
    tcase_add_test(t, resume_at_every_row);
    tcase_add_test(t, seek_to_every_row);
    tcase_add_test(t, uncompressed_rows_are_not_copied);
    tcase_add_test(t, unread_bytes_follow_the_slowest_reader);
    tcase_add_test(t, reader_table_fills);
    tcase_add_test(t, find_by_id);
    tcase_add_test(t, a_segment_may_be_trimmed_as_soon_as_it_was_read);
    tcase_add_test(t, trim_keeps_what_readers_need);
    tcase_add_test(t, tools_on_a_log_that_is_not_there);
    tcase_add_test(t, a_row_over_the_limit_is_refused);
    suite_add_tcase(s, t);
    return s;
}
