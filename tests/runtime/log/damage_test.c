/* Files that are not what the writer left: torn, flipped, foreign, newer. Each is a clear error
 * that names file and place; damage behind the committed end never matters. */
#include "tests/runtime/log/rig.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { ROWS = 40 };

static struct mr_mark fill(struct rig *rig, enum mr_codec codec)
{
    rig_init(rig);
    rig->options.codec = codec;
    rig->options.frame_bytes = 1500;
    rig->options.segment_bytes = 1 << 20;
    struct mr_log_writer *w = rig_writer(rig, (struct mr_mark){0});
    rig_append(w, 1, ROWS, 150);
    struct mr_mark end = rig_commit(w);
    mr_log_writer_close(w);
    return end;
}

/* Reads from the start; the error must name the file. */
static enum mr_code read_code(struct rig *rig, uint64_t *n)
{
    struct mr_log_reader *r = rig_reader(rig, 0, (struct mr_mark){0});
    struct mr_error *e = rig_try_read(r, 150, n);
    enum mr_code code = mr_error_code(e);
    ck_assert(!e || strstr(mr_error_message(e), ".seg"));
    /* Asked again it says the same, and gives out nothing. */
    struct mr_error *again = rig_try_read(r, 150, n);
    ck_assert_int_eq(mr_error_code(again), code);
    mr_error_free(e);
    mr_error_free(again);
    mr_log_reader_close(r);
    return code;
}

static const enum mr_codec codec_table[] = {MR_CODEC_NONE, MR_CODEC_LZ4};

START_TEST(every_flipped_bit_is_found)
{
    struct rig rig;
    struct mr_mark end = fill(&rig, codec_table[_i]);
    const char *path = rig_segment(&rig, 0);
    ck_assert_uint_eq(rig_size(path), end.pos); /* a closed log keeps no spare room */
    for (uint64_t at = 0; at < end.pos; at += at < 200 ? 1 : 29) {
        uint64_t n;
        rig_flip(rig_segment(&rig, 0), at, at % 8);
        ck_assert_msg(read_code(&rig, &n) == MR_LOG_CORRUPT, "byte %" PRIu64, at);
        ck_assert_uint_lt(n, ROWS);
        rig_flip(rig_segment(&rig, 0), at, at % 8);
    }
    uint64_t n;
    ck_assert_int_eq(read_code(&rig, &n), MR_OK);
    ck_assert_uint_eq(n, ROWS);
    rig_finish(&rig);
}
END_TEST

START_TEST(a_short_file_is_found)
{
    struct rig rig;
    struct mr_mark end = fill(&rig, codec_table[_i]);
    for (uint64_t size = end.pos; size-- > 0; size -= size > 300 ? 17 : 0) {
        uint64_t n;
        ck_assert_int_eq(truncate(rig_segment(&rig, 0), (off_t)size), 0);
        ck_assert_msg(read_code(&rig, &n) == MR_LOG_CORRUPT, "size %" PRIu64, size);
        ck_assert_uint_lt(n, ROWS);
    }
    /* Nor does the writer accept it. */
    struct mr_log_writer *w;
    rig.options.fence++;
    rig_fails(mr_log_writer_open(&rig.place, end, &rig.options, &w), MR_LOG_CORRUPT);
    rig_finish(&rig);
}
END_TEST

/* A reader that holds the file mapped must not die when somebody cuts it. */
START_TEST(a_file_cut_under_a_reader)
{
    struct rig rig;
    fill(&rig, MR_CODEC_NONE);
    struct mr_log_reader *r = rig_reader(&rig, 0, (struct mr_mark){0});
    struct mr_head h;
    struct mr_str map;
    uint32_t rows;
    bool found = true;
    rig_ok(mr_log_reader_next(r, &rows));
    while (found)
        rig_ok(mr_log_reader_row(r, &h, &map, &found));
    ck_assert_int_eq(truncate(rig_segment(&rig, 0), 0), 0);
    rig_fails(mr_log_reader_next(r, &rows), MR_LOG_CORRUPT);
    mr_log_reader_close(r);
    rig_finish(&rig);
}
END_TEST

START_TEST(a_missing_segment_is_found)
{
    struct rig rig;
    uint64_t n;
    struct mr_mark end = fill(&rig, MR_CODEC_LZ4);
    ck_assert_int_eq(unlink(rig_segment(&rig, 0)), 0);
    struct mr_log_reader *r = rig_reader(&rig, 0, (struct mr_mark){0});
    rig_fails(rig_try_read(r, 150, &n), MR_LOG_CORRUPT);
    mr_log_reader_close(r);
    struct mr_log_writer *w;
    rig.options.fence++;
    rig_fails(mr_log_writer_open(&rig.place, end, &rig.options, &w), MR_LOG_CORRUPT);
    rig_finish(&rig);
}
END_TEST

/* Whatever stands behind the committed end, of whatever length, is cut off and written over. */
START_TEST(any_tail_is_cut)
{
    struct rig rig;
    struct mr_mark end = fill(&rig, codec_table[_i]);
    rig.options.fence++;
    struct mr_log_writer *w;
    rig_ok(mr_log_writer_open(&rig.place, end, &rig.options, &w));
    rig_append(w, ROWS + 1, ROWS + 3, 150);
    rig_ok(mr_log_writer_sync(w));
    uint64_t tail = mr_log_writer_end(w).pos - end.pos;
    mr_log_writer_close(w);
    for (uint64_t keep = 0; keep <= tail; keep++) {
        struct mr_log_reader *r = rig_reader(&rig, 0, (struct mr_mark){0});
        ck_assert_int_eq(truncate(rig_segment(&rig, 0), (off_t)(end.pos + keep)), 0);
        if (keep)
            rig_flip(rig_segment(&rig, 0), end.pos + keep / 2, keep % 8);
        ck_assert_uint_eq(rig_read(r, 150), end.n);
        w = rig_writer(&rig, end);
        rig_append(w, end.n + 1, end.n + 1, 150);
        struct mr_mark next = rig_commit(w);
        ck_assert_uint_eq(rig_read(r, 150), end.n + 1);
        rig_append(w, next.n + 1, next.n + 3, 150);
        rig_ok(mr_log_writer_sync(w));
        mr_log_writer_close(w);
        mr_log_reader_close(r);
        end = next;
    }
    rig_finish(&rig);
}
END_TEST

static void put_file(const char *path, const void *bytes, size_t len)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(write(fd, bytes, len), (ssize_t)len);
    close(fd);
}

START_TEST(a_foreign_segment)
{
    struct rig rig;
    uint64_t n;
    struct mr_mark end = fill(&rig, MR_CODEC_LZ4);
    char *other = calloc(1, end.pos);
    snprintf(other, end.pos, "%%PDF-1.7 not a log at all");
    put_file(rig_segment(&rig, 0), other, end.pos);
    ck_assert_int_eq(read_code(&rig, &n), MR_LOG_FOREIGN);
    free(other);
    put_file(rig_path(&rig, "holiday.seg"), "x", 1);
    struct mr_log_reader *r = rig_reader(&rig, 0, (struct mr_mark){0});
    rig_fails(rig_try_read(r, 150, &n), MR_LOG_FOREIGN);
    mr_log_reader_close(r);
    rig_finish(&rig);
}
END_TEST

/* A frame of a later format: whole, but not ours to read. */
START_TEST(a_newer_segment)
{
    struct rig rig;
    uint64_t n;
    fill(&rig, MR_CODEC_NONE);
    uint8_t bytes[4096];
    int fd = open(rig_segment(&rig, 0), O_RDWR);
    ck_assert_int_gt(pread(fd, bytes, sizeof(bytes), 0), MR_FRAME_HEAD);
    size_t size = mr_log__frame_size(mr_log__get32(bytes + 8));
    ck_assert_uint_le(size, sizeof(bytes));
    bytes[4] = MR_FRAME_VERSION + 1;
    mr_log__put32(bytes + 16, 0);
    mr_log__put32(bytes + 16, mr_crc32c(0, bytes, size));
    ck_assert_int_eq(pwrite(fd, bytes, size, 0), (ssize_t)size);
    close(fd);
    ck_assert_int_eq(read_code(&rig, &n), MR_LOG_VERSION);
    rig_finish(&rig);
}
END_TEST

START_TEST(a_header_page_of_another_kind)
{
    static const struct {
        const char *name;
        uint64_t offset;
        size_t size; /* of the file; 0: as it is */
        enum mr_code code;
    } table[] = {
        {"foreign", 0, 0, MR_LOG_FOREIGN},
        {"newer", 8, 0, MR_LOG_VERSION},
        {"short", 0, 100, MR_LOG_FOREIGN},
        {"long", 0, 8192, MR_LOG_FOREIGN},
    };
    for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
        struct rig rig;
        struct mr_mark end = fill(&rig, MR_CODEC_LZ4);
        struct mr_log_reader *r;
        struct mr_log_writer *w;
        struct mr_log_stat st;
        if (table[i].size)
            ck_assert_int_eq(truncate(rig_path(&rig, "head"), (off_t)table[i].size), 0);
        else
            rig_flip(rig_path(&rig, "head"), table[i].offset, 5);
        rig_fails(mr_log_reader_open(&rig.place, 4, 0, (struct mr_mark){0}, &r), table[i].code);
        rig_fails(mr_log_stat(&rig.place, &st), table[i].code);
        rig.options.fence++;
        rig_fails(mr_log_writer_open(&rig.place, end, &rig.options, &w), table[i].code);
        rig_finish(&rig);
    }
}
END_TEST

/* After a power loss the header page may be old, empty or gone; the state's end is shown again. */
START_TEST(a_header_page_that_was_lost)
{
    static const char zero[MR_PAGE_BYTES];
    for (int gone = 0; gone < 2; gone++) {
        struct rig rig;
        struct mr_mark end = fill(&rig, MR_CODEC_LZ4);
        if (gone)
            ck_assert_int_eq(unlink(rig_path(&rig, "head")), 0);
        else
            put_file(rig_path(&rig, "head"), zero, sizeof(zero));
        struct mr_log_reader *r = rig_reader(&rig, 3, end); /* ahead of what the page says */
        ck_assert_uint_eq(rig_read(r, 150), ROWS);
        struct mr_log_writer *w = rig_writer(&rig, end);
        struct mr_log_reader *all = rig_reader(&rig, 4, (struct mr_mark){0});
        ck_assert_uint_eq(rig_read(all, 150), ROWS);
        rig_append(w, ROWS + 1, ROWS + 1, 150);
        rig_commit(w);
        ck_assert_uint_eq(rig_read(r, 150), ROWS + 1);
        mr_log_reader_close(r);
        mr_log_reader_close(all);
        mr_log_writer_close(w);
        rig_finish(&rig);
    }
}
END_TEST

/* A frame that was put in another's place has a good checksum and is still found. */
START_TEST(a_frame_of_another_place)
{
    struct rig rig;
    uint64_t n;
    fill(&rig, MR_CODEC_NONE);
    uint8_t bytes[8192];
    int fd = open(rig_segment(&rig, 0), O_RDWR);
    ck_assert_int_gt(pread(fd, bytes, sizeof(bytes), 0), 4000);
    size_t one = mr_log__frame_size(mr_log__get32(bytes + 8));
    size_t two = mr_log__frame_size(mr_log__get32(bytes + one + 8));
    ck_assert_uint_eq(one, two);
    ck_assert_int_eq(pwrite(fd, bytes + one, two, 0), (ssize_t)two);
    close(fd);
    ck_assert_int_eq(read_code(&rig, &n), MR_LINEAGE_GAP);
    rig_finish(&rig);
}
END_TEST

Suite *suite_runtime_log_damage(void);
Suite *suite_runtime_log_damage(void)
{
    int codecs = sizeof(codec_table) / sizeof(*codec_table);
    Suite *s = suite_create("runtime.log.damage");
    TCase *t = tcase_create("damage");
    tcase_set_timeout(t, 120);
    tcase_add_loop_test(t, every_flipped_bit_is_found, 0, codecs);
    tcase_add_loop_test(t, a_short_file_is_found, 0, codecs);
    tcase_add_loop_test(t, any_tail_is_cut, 0, codecs);
    tcase_add_test(t, a_file_cut_under_a_reader);
    tcase_add_test(t, a_missing_segment_is_found);
    tcase_add_test(t, a_foreign_segment);
    tcase_add_test(t, a_newer_segment);
    tcase_add_test(t, a_header_page_of_another_kind);
    tcase_add_test(t, a_header_page_that_was_lost);
    tcase_add_test(t, a_frame_of_another_place);
    suite_add_tcase(s, t);
    return s;
}
