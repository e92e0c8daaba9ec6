/* JSON: an array of objects, or objects one after the other, element by element, so that a file of
 * any size takes the memory of its largest element.
 *
 * Here only the end of an element is found; whether it is JSON the reader of rows decides. */
#include "connectors/files/files_private.h"

/* Where the reader stands; kept in r->format as a plain number (zero at the beginning). */
enum state { AT_START, AT_FIRST, AT_VALUE, AT_COMMA, IN_SEQUENCE, IN_LINES };

static enum state state_of(const struct files_reader *r)
{
    return (enum state)(intptr_t)r->format;
}

static void set_state(struct files_reader *r, enum state s)
{
    r->format = (void *)(intptr_t)s;
}

static void eat(struct files_reader *r, size_t len)
{
    const char *at = r->window.ptr + r->window.start, *end = at + len;
    while (at < end && (at = memchr(at, '\n', (size_t)(end - at))) != NULL) {
        r->lines++;
        at++;
    }
    mr_files__window_eat(&r->window, len);
}

/* The next byte that is not white space, or -1 at the end. */
static int peek(struct files_reader *r)
{
    struct files_window *w = &r->window;
    for (;;) {
        size_t blank = 0, have = w->end - w->start;
        while (blank < have && strchr(" \t\r\n", w->ptr[w->start + blank]) &&
               w->ptr[w->start + blank])
            blank++;
        eat(r, blank);
        if (blank < have)
            return (unsigned char)w->ptr[w->start];
        if (!mr_files__window_more(w))
            return -1;
    }
}

/* Progress through one element. */
struct scan {
    size_t at; /* bytes looked at */
    unsigned depth;
    bool in_string, escaped, container, done;
};

static void scan_byte(struct scan *s, char c)
{
    if (s->in_string) {
        if (s->escaped)
            s->escaped = false;
        else if (c == '\\')
            s->escaped = true;
        else if (c == '"')
            s->in_string = false;
        s->at++;
        return;
    }
    bool opens = c == '{' || c == '[', closes = c == '}' || c == ']';
    if (s->depth == 0 && s->at && !s->container && strchr(" \t\r\n,]}", c)) {
        s->done = true; /* behind a plain value */
        return;
    }
    s->container |= opens && s->at == 0;
    s->in_string = c == '"';
    s->depth += opens;
    if (closes && s->depth)
        s->depth--;
    s->at++;
    s->done = s->container && s->depth == 0;
}

/* Length of the element at the front. Longer than the limit: what is before is eaten, *cut true.
 * False: the file ended inside the element. */
static bool find_element(struct files_reader *r, size_t *len, bool *cut)
{
    struct files_window *w = &r->window;
    struct scan s = {0};
    size_t eaten = 0;
    *cut = false;
    for (;;) {
        while (!s.done && s.at - eaten < w->end - w->start)
            scan_byte(&s, w->ptr[w->start + (s.at - eaten)]);
        *len = s.at - eaten;
        if (s.done)
            return true;
        if (s.at > r->record_limit) {
            *cut = true;
            eat(r, *len);
            eaten = s.at;
        }
        if (!mr_files__window_more(w))
            return s.at > 0 && !s.container && !s.in_string && state_of(r) == IN_SEQUENCE;
    }
}

static bool broken(struct files_reader *r, struct files_record *out, const char *what)
{
    struct files_window *w = &r->window;
    struct mr_error *why = w->failed;
    w->failed = NULL;
    if (!why)
        why = mr_error(MR_JSON_INVALID, "%s", what);
    out->line = r->lines + 1;
    return mr_files__reject(r, out, why, mr_str_span(w->ptr + w->start, w->end - w->start), true);
}

static bool element(struct files_reader *r, struct files_record *out)
{
    size_t len;
    bool cut;
    out->line = r->lines + 1;
    if (!find_element(r, &len, &cut))
        return broken(r, out, "the file ends inside a value");
    struct mr_str text = mr_str_span(r->window.ptr + r->window.start, len);
    eat(r, len);
    if (cut)
        return mr_files__reject(
            r, out,
            mr_error(MR_ROW_TOO_LARGE, "the value is longer than %zu bytes", r->record_limit),
            (struct mr_str){0}, false);
    r->map.len = 0;
    struct mr_error *why = mr_json_read_object(
        r->options.json, text, (enum mr_invalid_utf8)r->options.params->invalid_utf8, &r->map);
    if (why)
        return mr_files__reject(r, out, why, text, false);
    out->map = mr_buf_str(&r->map);
    return true;
}

/* One object alone in the first line and more behind it: JSON Lines under another name, where a bad
 * line costs only itself. */
static bool looks_like_lines(struct files_reader *r)
{
    struct files_window *w = &r->window;
    while (w->end - w->start < (64 << 10) && mr_files__window_more(w))
        ;
    struct scan s = {0};
    const char *text = w->ptr + w->start;
    size_t have = w->end - w->start;
    while (!s.done && s.at < have && text[s.at] != '\n')
        scan_byte(&s, text[s.at]);
    if (!s.done)
        return false;
    struct mr_str rest = mr_str_trim(mr_str_span(text + s.at, have - s.at));
    return rest.len && memchr(text + s.at, '\n', (size_t)(rest.ptr - (text + s.at))) != NULL;
}

static bool start(struct files_reader *r, int c)
{
    if (c == '[') {
        eat(r, 1);
        set_state(r, AT_FIRST);
    } else if (looks_like_lines(r)) {
        set_state(r, IN_LINES);
    } else {
        set_state(r, IN_SEQUENCE);
    }
    return true;
}

/* After the closing bracket nothing may follow. */
static bool finish(struct files_reader *r, struct files_record *out)
{
    eat(r, 1);
    if (peek(r) < 0 && !r->window.failed) {
        r->finished = true;
        return false;
    }
    return broken(r, out, "text follows the array");
}

bool mr_files__json_next(struct files_reader *r, struct files_record *out)
{
    if (state_of(r) == IN_LINES)
        return mr_files__jsonl_next(r, out);
    int c = peek(r);
    if (state_of(r) == AT_START) {
        if (c < 0)
            return r->window.failed ? broken(r, out, "") : false;
        start(r, c);
        return mr_files__json_next(r, out);
    }
    if (c < 0 && state_of(r) == IN_SEQUENCE)
        return r->window.failed ? broken(r, out, "") : false;
    if (c < 0)
        return broken(r, out, "the file ends inside the array");
    if (state_of(r) == IN_SEQUENCE)
        return element(r, out);
    if (c == ']' && state_of(r) != AT_VALUE)
        return finish(r, out);
    if (state_of(r) == AT_COMMA) {
        if (c != ',')
            return broken(r, out, "a comma or the end of the array is missing");
        eat(r, 1);
        c = peek(r);
        if (c < 0)
            return broken(r, out, "the file ends inside the array");
    }
    if (c == ',' || c == ']' || c == '}')
        return broken(r, out, "a value is missing");
    set_state(r, AT_COMMA);
    return element(r, out);
}
