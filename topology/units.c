/* Sizes and times as people write them: "64MB", "1.5 GiB", "10s", "2h". */
#include "topology/topology_private.h"

#include <math.h>

struct unit {
    const char *name;
    double factor;
};

/* Decimal units are decimal, binary ones are binary; a bare number is bytes. */
static const struct unit byte_units[] = {{"", 1},
                                         {"b", 1},
                                         {"kb", 1e3},
                                         {"mb", 1e6},
                                         {"gb", 1e9},
                                         {"tb", 1e12},
                                         {"k", 1e3},
                                         {"m", 1e6},
                                         {"g", 1e9},
                                         {"t", 1e12},
                                         {"kib", 1024},
                                         {"mib", 1048576},
                                         {"gib", 1073741824.0},
                                         {"tib", 1099511627776.0},
                                         {NULL, 0}};
static const struct unit time_units[] = {{"ms", 1},       {"s", 1000},    {"sec", 1000},
                                         {"m", 60000},    {"min", 60000}, {"h", 3600000},
                                         {"d", 86400000}, {NULL, 0}};

static bool unit_is(struct mr_str text, const char *name)
{
    if (text.len != strlen(name))
        return false;
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        if ((c >= 'A' && c <= 'Z' ? (char)(c + 32) : c) != name[i])
            return false;
    }
    return true;
}

static bool parse(struct mr_str text, const struct unit *units, uint64_t *out)
{
    double number;
    size_t digits = 0;
    text = mr_str_trim(text);
    while (digits < text.len && strchr("0123456789.", text.ptr[digits]) && text.ptr[digits])
        digits++;
    if (!digits || !mr_str_to_real(mr_str_span(text.ptr, digits), &number))
        return false;
    struct mr_str name = mr_str_trim(mr_str_span(text.ptr + digits, text.len - digits));
    for (; units->name; units++)
        if (unit_is(name, units->name)) {
            double value = number * units->factor;
            if (!(value <= 9e18) || floor(value) != value)
                return false;
            *out = (uint64_t)value;
            return true;
        }
    return false;
}

bool mr_topology__bytes(struct mr_str text, uint64_t *out)
{
    return parse(text, byte_units, out);
}

bool mr_topology__duration_ms(struct mr_str text, uint64_t *out)
{
    return parse(text, time_units, out);
}

static void print_scaled(struct mr_buf *out, double value, const char *unit)
{
    if (value >= 100 || floor(value) == value)
        mr_buf_printf(out, "%.0f %s", value, unit);
    else
        mr_buf_printf(out, "%.1f %s", value, unit);
}

void mr_topology__print_bytes(struct mr_buf *out, uint64_t bytes)
{
    double b = (double)bytes;
    if (b >= 1e12)
        print_scaled(out, b / 1e12, "TB");
    else if (b >= 1e9)
        print_scaled(out, b / 1e9, "GB");
    else if (b >= 1e6)
        print_scaled(out, b / 1e6, "MB");
    else if (b >= 1e3)
        print_scaled(out, b / 1e3, "KB");
    else
        print_scaled(out, b, "bytes");
}

void mr_topology__print_ms(struct mr_buf *out, uint64_t ms)
{
    if (ms % 3600000 == 0)
        mr_buf_printf(out, "%llu h", (unsigned long long)(ms / 3600000));
    else if (ms % 60000 == 0)
        mr_buf_printf(out, "%llu min", (unsigned long long)(ms / 60000));
    else if (ms % 1000 == 0)
        mr_buf_printf(out, "%llu s", (unsigned long long)(ms / 1000));
    else
        mr_buf_printf(out, "%llu ms", (unsigned long long)ms);
}
