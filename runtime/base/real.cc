/* Doubles and their text: C++ only because its charconv is exact, shortest and knows no locale. */
#include <charconv>
#include <cmath>
#include <cstdlib>

extern "C" {
#include "runtime/base/buf.h"
#include "runtime/base/str.h"
}

namespace
{

/* [+-] digits [. digits] [e [+-] digits]: no hexadecimal, no infinity; digits on one side of the
 * point are enough. */
bool is_decimal(const char *p, const char *end)
{
    size_t digits = 0;
    for (; p < end && *p >= '0' && *p <= '9'; p++)
        digits++;
    if (p < end && *p == '.') {
        for (p++; p < end && *p >= '0' && *p <= '9'; p++)
            digits++;
    }
    if (!digits)
        return false;
    if (p < end && (*p == 'e' || *p == 'E')) {
        p++;
        if (p < end && (*p == '+' || *p == '-'))
            p++;
        const char *first = p;
        while (p < end && *p >= '0' && *p <= '9')
            p++;
        if (p == first)
            return false;
    }
    return p == end;
}

/* from_chars answers "out of range" for too large and too small alike. */
bool is_tiny(const char *p, const char *end)
{
    long point = 0;
    bool seen_point = false, seen_digit = false;
    for (; p < end && *p != 'e' && *p != 'E'; p++) {
        if (*p == '.') {
            seen_point = true;
            continue;
        }
        seen_digit |= *p != '0';
        if (!seen_point && seen_digit)
            point++;
        if (seen_point && !seen_digit)
            point--;
    }
    if (!seen_digit)
        return true;
    if (p == end)
        return point < 0;
    bool negative = p[1] == '-';
    long exponent = 0;
    for (p += 1 + (p[1] == '-' || p[1] == '+'); p < end; p++) {
        if (exponent < (1L << 60) / 10)
            exponent = exponent * 10 + (*p - '0');
    }
    return point + (negative ? -exponent : exponent) < 0;
}

void add_zeros(struct mr_buf *b, long count)
{
    while (count-- > 0)
        mr_buf_addc(b, '0');
}

} // namespace

extern "C" bool mr_str_to_real(struct mr_str s, double *out)
{
    const char *p = s.ptr, *end = s.ptr + s.len;
    bool negative = s.len && *p == '-';
    if (s.len && (*p == '-' || *p == '+'))
        p++;
    if (!s.len || !is_decimal(p, end))
        return false;
    double value = 0;
    std::from_chars_result r = std::from_chars(p, end, value);
    if (r.ec == std::errc::result_out_of_range) {
        if (!is_tiny(p, end))
            return false;
        value = 0;
    } else if (r.ec != std::errc() || r.ptr != end) {
        return false;
    }
    *out = negative ? -value : value;
    return true;
}

extern "C" void mr_buf_add_real(struct mr_buf *b, double value)
{
    if (std::isnan(value))
        return mr_buf_addz(b, "nan");
    if (std::isinf(value))
        return mr_buf_addz(b, value < 0 ? "-inf" : "inf");
    char text[40];
    std::to_chars_result r =
        std::to_chars(text, text + sizeof text - 1, value, std::chars_format::scientific);
    *r.ptr = 0;
    const char *p = text;
    if (*p == '-')
        mr_buf_addc(b, *p++);
    char digits[24];
    long count = 0;
    for (; *p != 'e'; p++) {
        if (*p != '.')
            digits[count++] = *p;
    }
    long exponent = std::strtol(p + 1, nullptr, 10);
    if (exponent < -4 || exponent >= 16) {
        mr_buf_addc(b, digits[0]);
        if (count > 1) {
            mr_buf_addc(b, '.');
            mr_buf_add(b, digits + 1, (size_t)(count - 1));
        }
        mr_buf_addz(b, p); /* e, sign and at least two digits */
    } else if (exponent < 0) {
        mr_buf_addz(b, "0.");
        add_zeros(b, -exponent - 1);
        mr_buf_add(b, digits, (size_t)count);
    } else {
        long whole = count < exponent + 1 ? count : exponent + 1;
        mr_buf_add(b, digits, (size_t)whole);
        add_zeros(b, exponent + 1 - whole);
        mr_buf_addc(b, '.');
        if (whole < count)
            mr_buf_add(b, digits + whole, (size_t)(count - whole));
        else
            mr_buf_addc(b, '0');
    }
}
