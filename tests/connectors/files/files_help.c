/* For the tests of files: a folder of their own, files in it, sources and sinks run from text. */
#include "tests/connectors/files/files_help.h"

#include "runtime/base/file.h"
#include "runtime/row/json.h"

#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

char help_dir[512];
struct mr_store *help_store;
static struct mr_arena *arena;
static struct mr_buf text;

void help_ok(struct mr_error *e)
{
    ck_assert_msg(!e, "%s", mr_error_message(e));
}

static void open_store(void)
{
    struct mr_store_options fast = {.no_sync = true};
    char path[600];
    snprintf(path, sizeof path, "%s/state", help_dir);
    help_ok(mr_store_open(path, &fast, &help_store));
}

void help_set_up(void)
{
    const char *tmp = getenv("TMPDIR");
    snprintf(help_dir, sizeof help_dir, "%s/mr-files-XXXXXX", tmp ? tmp : "/tmp");
    ck_assert_ptr_nonnull(mkdtemp(help_dir));
    arena = mr_arena_create(0);
    open_store();
}

void help_tear_down(void)
{
    mr_store_close(help_store);
    help_store = NULL;
    mr_arena_destroy(arena);
    mr_buf_finish(&text);
    help_ok(mr_dir_remove(help_dir));
}

void help_reopen_store(void)
{
    mr_store_close(help_store);
    open_store();
}

void help_file(const char *name, const void *bytes, size_t len)
{
    char path[1200];
    snprintf(path, sizeof path, "%s/%s", help_dir, name);
    *strrchr(path, '/') = 0;
    help_ok(mr_dir_make(path));
    snprintf(path, sizeof path, "%s/%s", help_dir, name);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    ck_assert_int_ge(fd, 0);
    help_ok(mr_file_write_at(fd, path, bytes, len, 0));
    close(fd);
}

void help_text(const char *name, const char *content)
{
    help_file(name, content, strlen(content));
}

char *help_read(const char *name)
{
    char path[1200];
    struct mr_buf content = {0};
    snprintf(path, sizeof path, "%s/%s", help_dir, name);
    if (!mr_file_exists(path))
        return NULL;
    help_ok(mr_file_read(path, 0, &content));
    char *out = mr_strdup(mr_buf_text(&content));
    mr_buf_finish(&content);
    return out;
}

struct mr_buf help_gzip(const char *plain)
{
    struct mr_buf out = {0};
    z_stream z = {0};
    ck_assert_int_eq(deflateInit2(&z, 6, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY), Z_OK);
    mr_buf_reserve(&out, deflateBound(&z, strlen(plain)) + 64);
    z.next_in = (unsigned char *)plain;
    z.avail_in = (unsigned)strlen(plain);
    z.next_out = (unsigned char *)out.ptr;
    z.avail_out = (unsigned)out.cap;
    ck_assert_int_eq(deflate(&z, Z_FINISH), Z_STREAM_END);
    out.len = z.total_out;
    deflateEnd(&z);
    return out;
}

struct mr_buf help_zstd(const char *plain)
{
    struct mr_buf out = {0};
    mr_buf_reserve(&out, ZSTD_compressBound(strlen(plain)));
    out.len = ZSTD_compress(out.ptr, out.cap, plain, strlen(plain), 3);
    ck_assert(!ZSTD_isError(out.len));
    return out;
}

void *help_params(const struct mr_param *table, size_t size, const char *const *settings)
{
    struct mr_setting given[32];
    size_t count = 0;
    for (; settings[count]; count++) {
        const char *eq = strchr(settings[count], '=');
        given[count].name = mr_str_span(settings[count], (size_t)(eq - settings[count]));
        given[count].value = mr_str_of(eq + 1);
        given[count].null = strcmp(eq + 1, "null") == 0;
    }
    void *params = mr_arena_zalloc(arena, size);
    help_ok(mr_params_fill(table, given, count, arena, params));
    return params;
}

static const char *expect(struct mr_error *e, enum mr_code code)
{
    ck_assert_msg(mr_error_code(e) == code, "code %d: %s", mr_error_code(e), mr_error_message(e));
    text.len = 0;
    mr_buf_printf(&text, "%s | %s", mr_error_message(e), mr_error_remedy_text(e));
    mr_error_free(e);
    return mr_buf_text(&text);
}

const char *help_source_check(enum mr_code code, const char *const *settings)
{
    const struct mr_source_type *t = &mr_source_files;
    return expect(t->check(help_params(t->params, t->params_size, settings)), code);
}

const char *help_sink_check(enum mr_code code, const char *const *settings)
{
    const struct mr_sink_type *t = &mr_sink_file;
    return expect(t->check(help_params(t->params, t->params_size, settings)), code);
}

struct mr_connector_env help_env(uint32_t run)
{
    return (struct mr_connector_env){.name = MR_STR("docs"),
                                     .base_dir = help_dir,
                                     .number = 3,
                                     .run = run,
                                     .store = help_store,
                                     .max_row_bytes = 1 << 20};
}

struct mr_source *help_source(uint32_t run, const char *const *settings)
{
    const struct mr_source_type *t = &mr_source_files;
    void *params = help_params(t->params, t->params_size, settings);
    struct mr_connector_env env = help_env(run);
    struct mr_source *s = NULL;
    help_ok(t->check(params));
    help_ok(t->open(&env, params, &s));
    return s;
}

struct mr_sink *help_sink(uint32_t run, const char *const *settings)
{
    const struct mr_sink_type *t = &mr_sink_file;
    void *params = help_params(t->params, t->params_size, settings);
    struct mr_connector_env env = help_env(run);
    struct mr_sink *s = NULL;
    help_ok(t->open(&env, params, &s));
    return s;
}

const char *help_drain(struct mr_source *s, size_t limit)
{
    struct mr_source_row row;
    enum mr_source_status status;
    text.len = 0;
    for (size_t n = 0; n < limit; n++) {
        help_ok(mr_source_files.next(s, &status, &row));
        if (status == MR_SOURCE_END)
            break;
        if (status == MR_SOURCE_IDLE && row.wait_ms == 0) {
            n--; /* a long listing: goes on at once */
            continue;
        }
        if (status == MR_SOURCE_IDLE) {
            mr_buf_addz(&text, "idle\n");
            break;
        }
        if (status == MR_SOURCE_REJECTED) {
            ck_assert(mr_error_is_row(row.why));
            mr_buf_printf(&text, "! %s\n", mr_error_message(row.why));
            mr_error_free(row.why);
            continue;
        }
        ck_assert_uint_eq(row.head.place.source, 3);
        ck_assert_uint_eq(mr_value_skip((const uint8_t *)row.map.ptr, row.map.len), row.map.len);
        struct mr_value value = {(const uint8_t *)row.map.ptr, (uint32_t)row.map.len};
        mr_json_write_value(value, &text);
        mr_buf_addc(&text, '\n');
    }
    return mr_buf_text(&text);
}

void help_commit(struct mr_source *s)
{
    help_ok(mr_source_files.save(s));
    help_ok(mr_store_commit(help_store));
}

const char *help_run(uint32_t run, const char *const *settings)
{
    struct mr_source *s = help_source(run, settings);
    const char *out = help_drain(s, SIZE_MAX);
    help_commit(s);
    mr_source_files.close(s);
    return out;
}

void help_write(struct mr_sink *s, const char *json)
{
    struct mr_json_reader *reader = mr_json_reader_create();
    struct mr_buf map = {0};
    struct mr_head head = {.id.b = {1, 2, 3}};
    help_ok(mr_json_read_object(reader, mr_str_of(json), MR_UTF8_REJECT, &map));
    help_ok(mr_sink_file.write(s, &head, mr_buf_str(&map)));
    mr_buf_finish(&map);
    mr_json_reader_destroy(reader);
}

void help_commit_sink(struct mr_sink *s)
{
    help_ok(mr_sink_file.save(s));
    help_ok(mr_store_commit(help_store));
    help_ok(mr_sink_file.committed(s));
}

void help_end_sink(struct mr_sink *s, uint32_t run)
{
    help_ok(mr_sink_file.end_run(s, run));
    help_commit_sink(s);
    mr_sink_file.close(s);
}
