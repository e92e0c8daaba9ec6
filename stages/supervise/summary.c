/* Keeps the last run's table beside its state. */
#include "stages/supervise/summary.h"

#include <errno.h>
#include <stdio.h>

#include "runtime/base/file.h"

enum { MAX_BYTES = 16 << 20 };

static const char *const names[] = {"summary.txt", "summary.json"};

static void path_of(const struct mr_home *h, const char *name, const char *suffix,
                    struct mr_buf *out)
{
    out->len = 0;
    mr_buf_printf(out, "%.*s/%s%s", MR_FMT(h->layout.root), name, suffix);
    mr_buf_text(out);
}

static struct mr_error *save(const struct mr_home *h, const char *name, struct mr_str content)
{
    struct mr_buf path = {0};
    path_of(h, name, "", &path);
    struct mr_error *e = mr_file_replace(path.ptr, content, 0600);
    mr_buf_finish(&path);
    return e;
}

struct mr_error *mr_summary_save(const struct mr_home *h, const struct mr_totals *totals)
{
    struct mr_buf text = {0};
    struct mr_json_out json = {0};
    mr_table_print(totals, &text);
    mr_table_json(totals, &json);
    mr_buf_addc(&json.text, '\n');
    struct mr_error *e = save(h, names[0], mr_buf_str(&text));
    if (!e)
        e = save(h, names[1], mr_buf_str(&json.text));
    mr_buf_finish(&text);
    mr_buf_finish(&json.text);
    return e;
}

static struct mr_error *move(const struct mr_home *h, const char *from, const char *to)
{
    struct mr_error *e = NULL;
    for (int i = 0; i < 2 && !e; i++) {
        struct mr_buf a = {0}, b = {0};
        path_of(h, names[i], from, &a);
        path_of(h, names[i], to, &b);
        if (rename(a.ptr, b.ptr) != 0 && errno != ENOENT)
            e = mr_file_error(errno, "rename", a.ptr);
        mr_buf_finish(&a);
        mr_buf_finish(&b);
    }
    return e;
}

struct mr_error *mr_summary_set_aside(const struct mr_home *h)
{
    return move(h, "", ".before");
}

void mr_summary_restore(const struct mr_home *h)
{
    mr_error_free(move(h, ".before", "")); /* a missing table is no harm */
}

struct mr_error *mr_summary_read(const struct mr_home *h, bool json, struct mr_buf *out,
                                 bool *found)
{
    struct mr_buf path = {0};
    path_of(h, names[json], "", &path);
    *found = mr_file_exists(path.ptr);
    struct mr_error *e = *found ? mr_file_read(path.ptr, MAX_BYTES, out) : NULL;
    mr_buf_finish(&path);
    return e;
}
