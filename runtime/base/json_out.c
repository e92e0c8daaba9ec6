/* JSON text written in order; one flag knows whether a comma is due. */
#include "runtime/base/json_out.h"

#include <math.h>

static void begin_value(struct mr_json_out *j)
{
    if (j->comma)
        mr_buf_addc(&j->text, ',');
    j->comma = true;
}

static void begin_container(struct mr_json_out *j, char open)
{
    begin_value(j);
    mr_buf_addc(&j->text, open);
    j->comma = false;
}

static void end_container(struct mr_json_out *j, char close)
{
    mr_buf_addc(&j->text, close);
    j->comma = true;
}

void mr_json_begin_object(struct mr_json_out *j)
{
    begin_container(j, '{');
}

void mr_json_end_object(struct mr_json_out *j)
{
    end_container(j, '}');
}

void mr_json_begin_array(struct mr_json_out *j)
{
    begin_container(j, '[');
}

void mr_json_end_array(struct mr_json_out *j)
{
    end_container(j, ']');
}

void mr_json_key(struct mr_json_out *j, const char *name)
{
    mr_json_key_str(j, mr_str_of(name));
}

void mr_json_key_str(struct mr_json_out *j, struct mr_str name)
{
    begin_value(j);
    mr_buf_add_json(&j->text, name);
    mr_buf_addc(&j->text, ':');
    j->comma = false;
}

void mr_json_text(struct mr_json_out *j, struct mr_str value)
{
    begin_value(j);
    mr_buf_add_json(&j->text, value);
}

void mr_json_textz(struct mr_json_out *j, const char *value)
{
    if (value)
        mr_json_text(j, mr_str_of(value));
    else
        mr_json_null(j);
}

void mr_json_int(struct mr_json_out *j, int64_t value)
{
    begin_value(j);
    mr_buf_printf(&j->text, "%lld", (long long)value);
}

void mr_json_uint(struct mr_json_out *j, uint64_t value)
{
    begin_value(j);
    mr_buf_printf(&j->text, "%llu", (unsigned long long)value);
}

void mr_json_real(struct mr_json_out *j, double value)
{
    begin_value(j);
    if (isfinite(value))
        mr_buf_add_real(&j->text, value);
    else
        mr_buf_addz(&j->text, "null");
}

void mr_json_bool(struct mr_json_out *j, bool value)
{
    begin_value(j);
    mr_buf_addz(&j->text, value ? "true" : "false");
}

void mr_json_null(struct mr_json_out *j)
{
    begin_value(j);
    mr_buf_addz(&j->text, "null");
}

void mr_json_raw(struct mr_json_out *j, struct mr_str json)
{
    begin_value(j);
    mr_buf_adds(&j->text, json);
}
