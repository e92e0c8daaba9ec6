/* Points in a topic as users give them. */
#define _DEFAULT_SOURCE
#include "stages/look/when.h"

#include <time.h>

#include "runtime/base/clock.h"

static struct mr_error *bad(const char *option, struct mr_str text)
{
    return mr_error_remedy(
        mr_error(MR_USAGE, "--%s: \"%.*s\" is no time, age or offset", option, MR_FMT(text)),
        "Write 2026-11-21T12:30:05Z, 2h (an age: s, m, h, d), or a row's number.");
}

/* Takes `digits` digits; false when there are others. */
static bool take(struct mr_str *s, size_t digits, int *out)
{
    uint64_t value;
    if (s->len < digits || !mr_str_to_uint(mr_str_span(s->ptr, digits), &value))
        return false;
    *out = (int)value;
    *s = mr_str_span(s->ptr + digits, s->len - digits);
    return true;
}

static bool take_char(struct mr_str *s, char c)
{
    if (!s->len || *s->ptr != c)
        return false;
    *s = mr_str_span(s->ptr + 1, s->len - 1);
    return true;
}

static bool parse_time(struct mr_str s, uint64_t *ms)
{
    static const int days[] = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    struct tm tm = {0};
    if (!take(&s, 4, &tm.tm_year) || !take_char(&s, '-') || !take(&s, 2, &tm.tm_mon) ||
        !take_char(&s, '-') || !take(&s, 2, &tm.tm_mday))
        return false;
    if (s.len && !(take_char(&s, 'T') || take_char(&s, ' ')))
        return false;
    if (s.len && (!take(&s, 2, &tm.tm_hour) || !take_char(&s, ':') || !take(&s, 2, &tm.tm_min)))
        return false;
    if (take_char(&s, ':') && !take(&s, 2, &tm.tm_sec))
        return false;
    take_char(&s, 'Z');
    if (s.len || tm.tm_mon < 1 || tm.tm_mon > 12 || tm.tm_mday < 1 ||
        tm.tm_mday > days[tm.tm_mon - 1] || tm.tm_hour > 23 || tm.tm_min > 59 || tm.tm_sec > 60 ||
        tm.tm_year < 1970)
        return false;
    tm.tm_year -= 1900;
    tm.tm_mon--;
    *ms = (uint64_t)timegm(&tm) * 1000;
    return true;
}

static bool parse_age(struct mr_str s, uint64_t *ms)
{
    uint64_t count, unit, now = mr_wall_ms();
    if (s.len < 2 || !mr_str_to_uint(mr_str_span(s.ptr, s.len - 1), &count))
        return false;
    switch (s.ptr[s.len - 1]) {
    case 's':
        unit = 1000;
        break;
    case 'm':
        unit = 60 * 1000;
        break;
    case 'h':
        unit = 3600 * 1000;
        break;
    case 'd':
        unit = 86400 * 1000;
        break;
    default:
        return false;
    }
    /* Before all time is since the beginning, which 1 says: 0 means no bound. */
    *ms = count < now / unit ? now - count * unit : 1;
    return true;
}

struct mr_error *mr_when_parse(const char *option, struct mr_str text, uint64_t *time_ms,
                               uint64_t *offset)
{
    *time_ms = *offset = 0;
    if (!text.len)
        return NULL;
    if (mr_str_to_uint(text, offset))
        return *offset ? NULL : bad(option, text);
    return parse_time(text, time_ms) || parse_age(text, time_ms) ? NULL : bad(option, text);
}
