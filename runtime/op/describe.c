/* One walk over a descriptor with three ways to print it: help text, Markdown, JSON. */
#include "runtime/op/describe.h"

#include <stdlib.h>

#include "runtime/op/op_private.h"

const char *mr_access_name(enum mr_access a)
{
    static const char *const names[] = {
        [MR_READ] = "reads",          [MR_MAY_READ] = "may read", [MR_WRITE] = "writes",
        [MR_MAY_WRITE] = "may write", [MR_CHANGE] = "changes",    [MR_REMOVE] = "removes",
        [MR_PREPARED] = "prepares",
    };
    return names[a];
}

const char *mr_scope_name(enum mr_scope s)
{
    static const char *const names[] = {
        [MR_PER_ROW] = "per row",     [MR_KEYED] = "per key",      [MR_ONE_TASK] = "one task",
        [MR_WHOLE_SET] = "whole set", [MR_GENERATE] = "generates",
    };
    return names[s];
}

const char *mr_category_name(enum mr_category c)
{
    static const char *const names[] = {
        [MR_CAT_REFINE] = "refine",     [MR_CAT_FILTER] = "filter", [MR_CAT_EVALUATE] = "evaluate",
        [MR_CAT_GENERATE] = "generate", [MR_CAT_DEDUP] = "dedup",   [MR_CAT_SHAPE] = "shape",
    };
    return names[c];
}

const char *mr_serving_kind_name(enum mr_serving_kind k)
{
    static const char *const names[] = {
        [MR_SERVE_CHAT] = "chat",
        [MR_SERVE_COMPLETIONS] = "completions",
        [MR_SERVE_EMBEDDINGS] = "embeddings",
        [MR_SERVE_CLASSIFY] = "classify",
        [MR_SERVE_RERANK] = "rerank",
        [MR_SERVE_REWARD] = "reward",
        [MR_SERVE_PERPLEXITY] = "perplexity",
    };
    return names[k];
}

void mr_describe_types(uint32_t types, struct mr_buf *out)
{
    static const struct {
        uint32_t bits;
        const char *name;
    } table[] = {
        {MR_ANY, "any value"},       {MR_NUMBER, "number"}, {MR_BOOL, "boolean"},
        {MR_INT, "integer"},         {MR_REAL, "number"},   {MR_TEXT, "text"},
        {MR_BYTES, "bytes"},         {MR_LIST, "list"},     {MR_MAP, "map"},
        {MR_OTHER, "foreign value"}, {MR_NULL, "null"},
    };
    bool first = true;
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        if ((types & table[i].bits) != table[i].bits)
            continue;
        types &= ~table[i].bits;
        mr_buf_addz(out, first ? "" : " or ");
        mr_buf_addz(out, table[i].name);
        first = false;
    }
    if (first)
        mr_buf_addz(out, "nothing");
}

static void param_range(const struct mr_param *p, struct mr_buf *out)
{
    mr_param_expected(p, out);
    if (p->unit)
        mr_buf_printf(out, ", %s", p->unit);
}

void mr_describe_params_text(const struct mr_param *table, struct mr_buf *out)
{
    for (const struct mr_param *p = table; p && p->name; p++) {
        mr_buf_printf(out, "  %-18s %s (", p->name, p->doc);
        param_range(p, out);
        mr_buf_printf(out, "; %s%s)",
                      p->def        ? "default "
                      : p->nullable ? "default null"
                                    : "required",
                      p->def ? p->def : "");
        if (p->aliases)
            mr_buf_printf(out, " Also: %s.", p->aliases);
        mr_buf_addc(out, '\n');
    }
}

static uint32_t key_types(const struct mr_key *k)
{
    return k->types | (k->nullable ? MR_NULL : 0);
}

static void key_binding(const struct mr_key *k, struct mr_buf *out)
{
    if (k->def)
        mr_buf_printf(out, "default key %s", k->def);
    else
        mr_buf_addz(out, k->optional ? "not bound by default" : "required");
    if (k->optional && k->def)
        mr_buf_addz(out, ", may be unbound");
    if (k->many)
        mr_buf_addz(out, ", one or more keys");
}

static void keys_text(const struct mr_op *op, struct mr_buf *out)
{
    for (const struct mr_key *k = op->keys; k && k->name; k++) {
        if (k->access == MR_PREPARED)
            continue;
        mr_buf_printf(out, "  %-18s %s ", k->name, mr_access_name(k->access));
        mr_describe_types(key_types(k), out);
        mr_buf_printf(out, ": %s (", k->doc);
        key_binding(k, out);
        mr_buf_addc(out, ')');
        if (k->aliases)
            mr_buf_printf(out, " Also: %s.", k->aliases);
        mr_buf_addc(out, '\n');
    }
}

static bool has_params(const struct mr_op *op)
{
    return op->params && op->params[0].name;
}

static bool has_outcomes(const struct mr_op *op)
{
    return op->outcomes && op->outcomes[0].name;
}

/* Example rows as a command line would show them, each line indented. */
static void example_lines(const char *label, const char *lines, struct mr_buf *out)
{
    for (const char *at = lines; at && *at;) {
        size_t len = strcspn(at, "\n");
        mr_buf_printf(out, "  %s %.*s\n", label, (int)len, at);
        at += len + (at[len] == '\n');
    }
}

void mr_describe_text(const struct mr_op *op, struct mr_buf *out)
{
    mr_buf_printf(out, "%s - %s\n", op->name, op->doc);
    if (op->aliases)
        mr_buf_printf(out, "also: %s\n", op->aliases);
    mr_buf_printf(out, "%s, %s%s%s%s\n", mr_category_name(op->category), mr_scope_name(op->scope),
                  op->ordered ? ", depends on order" : "", op->expands ? ", one row to many" : "",
                  op->has_modes ? ", has modes compat and unicode" : "");
    if (op->notes)
        mr_buf_printf(out, "\n%s\n", op->notes);
    if (has_params(op)) {
        mr_buf_addz(out, "\nparameters\n");
        mr_describe_params_text(op->params, out);
    }
    mr_buf_addz(out, "\nkeys\n");
    keys_text(op, out);
    for (const struct mr_slot *s = op->slots; s && s->name; s++)
        mr_buf_printf(out, "%s  %-18s %s (%s%s%s)\n", s == op->slots ? "\nasks a model\n" : "",
                      s->name, s->doc, mr_serving_kind_name(s->serving),
                      s->prompt ? ", prompt " : "", s->prompt ? s->prompt : "");
    if (has_outcomes(op)) {
        mr_buf_addz(out, "\nrows may leave as\n");
        for (const struct mr_outcome *o = op->outcomes; o->name; o++)
            mr_buf_printf(out, "  %-18s %s: %s\n", o->name,
                          o->kind == MR_DROP ? "dropped" : "rejected", o->doc);
    }
    for (const struct mr_example *x = op->examples; x && x->in; x++) {
        mr_buf_printf(out, "\nexample%s%s%s%s\n", x->set ? " with " : "", x->set ? x->set : "",
                      x->keys ? ", keys " : "", x->keys ? x->keys : "");
        example_lines("in ", x->in, out);
        example_lines("out", x->out, out);
    }
}

/* A table cell: pipes would end it. */
static void cell(struct mr_buf *out, struct mr_str text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] == '|')
            mr_buf_addc(out, '\\');
        mr_buf_addc(out, text.ptr[i]);
    }
}

static void params_markdown(const struct mr_op *op, struct mr_buf *out)
{
    mr_buf_addz(out, "\n| parameter | default | takes | meaning |\n| --- | --- | --- | --- |\n");
    for (const struct mr_param *p = op->params; p->name; p++) {
        struct mr_buf range = {0};
        param_range(p, &range);
        mr_buf_printf(out, "| `%s` | ", p->name);
        if (p->def) {
            mr_buf_addc(out, '`');
            cell(out, mr_str_of(*p->def ? p->def : "\"\""));
            mr_buf_addc(out, '`');
        } else {
            mr_buf_addz(out, p->nullable ? "`null`" : "required");
        }
        mr_buf_addz(out, " | ");
        cell(out, mr_buf_str(&range));
        mr_buf_addz(out, " | ");
        cell(out, mr_str_of(p->doc));
        if (p->aliases)
            mr_buf_printf(out, " Also: %s.", p->aliases);
        mr_buf_addz(out, " |\n");
        mr_buf_finish(&range);
    }
}

static void keys_markdown(const struct mr_op *op, struct mr_buf *out)
{
    mr_buf_addz(out, "\n| key role | access | binding | meaning |\n| --- | --- | --- | --- |\n");
    for (const struct mr_key *k = op->keys; k && k->name; k++) {
        if (k->access == MR_PREPARED)
            continue;
        mr_buf_printf(out, "| `%s` | %s ", k->name, mr_access_name(k->access));
        mr_describe_types(key_types(k), out);
        mr_buf_addz(out, " | ");
        key_binding(k, out);
        mr_buf_addz(out, " | ");
        cell(out, mr_str_of(k->doc));
        if (k->aliases)
            mr_buf_printf(out, " Also: %s.", k->aliases);
        mr_buf_addz(out, " |\n");
    }
}

/* JSON text of a descriptor holds no line of back quotes, so that nothing ends the block early. */
static void example_markdown(const struct mr_example *x, struct mr_buf *out)
{
    mr_buf_addz(out, "\nExample");
    if (x->set)
        mr_buf_printf(out, " with `%s`", x->set);
    if (x->keys)
        mr_buf_printf(out, "%s keys `%s`", x->set ? "," : " with", x->keys);
    mr_buf_printf(out, ":\n\n```json\n%s", x->in);
    mr_buf_addz(out, mr_str_ends(mr_str_of(x->in), MR_STR("\n")) ? "" : "\n");
    mr_buf_printf(out, "```\n\nbecomes\n\n```json\n%s", x->out);
    mr_buf_addz(out,
                !*x->out || mr_str_ends(mr_str_of(x->out), MR_STR("\n")) ? "```\n" : "\n```\n");
}

void mr_describe_markdown(const struct mr_op *op, struct mr_buf *out)
{
    mr_buf_printf(out, "## %s\n\n%s", op->name, op->doc);
    if (op->aliases)
        mr_buf_printf(out, " Also: `%s`.", op->aliases);
    mr_buf_printf(out, "\n%s, %s.\n", mr_category_name(op->category), mr_scope_name(op->scope));
    if (op->notes)
        mr_buf_printf(out, "\n%s\n", op->notes);
    if (has_params(op))
        params_markdown(op, out);
    keys_markdown(op, out);
    if (has_outcomes(op)) {
        mr_buf_addz(out, "\n| outcome | row is | when |\n| --- | --- | --- |\n");
        for (const struct mr_outcome *o = op->outcomes; o->name; o++) {
            mr_buf_printf(out, "| `%s` | %s | ", o->name,
                          o->kind == MR_DROP ? "dropped" : "rejected");
            cell(out, mr_str_of(o->doc));
            mr_buf_addz(out, " |\n");
        }
    }
    for (const struct mr_slot *slot = op->slots; slot && slot->name; slot++)
        mr_buf_printf(out, "%s- prompt `%s`: %s (`%s`)\n", slot == op->slots ? "\n" : "",
                      slot->name, slot->doc, slot->prompt);
    for (const struct mr_example *x = op->examples; x && x->in; x++)
        example_markdown(x, out);
    mr_buf_addc(out, '\n');
}

static void text_field(struct mr_json_out *j, const char *name, const char *value)
{
    mr_json_key(j, name);
    mr_json_textz(j, value);
}

static void words_json(struct mr_json_out *j, const char *name, const char *list)
{
    struct mr_str word;
    mr_json_key(j, name);
    mr_json_begin_array(j);
    while (mr_op__next_word(&list, &word))
        mr_json_text(j, word);
    mr_json_end_array(j);
}

static void types_json(struct mr_json_out *j, uint32_t types)
{
    struct mr_buf text = {0};
    mr_describe_types(types, &text);
    mr_json_key(j, "types");
    mr_json_text(j, mr_buf_str(&text));
    mr_buf_finish(&text);
}

void mr_describe_params_json(const struct mr_param *table, struct mr_json_out *j)
{
    static const char *const types[] = {
        [MR_P_BOOL] = "bool", [MR_P_INT] = "int",     [MR_P_REAL] = "real",
        [MR_P_TEXT] = "text", [MR_P_TEXTS] = "texts", [MR_P_CHOICE] = "choice",
    };
    mr_json_begin_array(j);
    for (const struct mr_param *p = table; p && p->name; p++) {
        mr_json_begin_object(j);
        text_field(j, "name", p->name);
        words_json(j, "aliases", p->aliases);
        text_field(j, "type", types[p->type]);
        mr_json_key(j, "required");
        mr_json_bool(j, !p->def && !p->nullable);
        mr_json_key(j, "nullable");
        mr_json_bool(j, p->nullable);
        text_field(j, "default", p->def);
        text_field(j, "min", p->min);
        text_field(j, "max", p->max);
        text_field(j, "unit", p->unit);
        mr_json_key(j, "choices");
        mr_json_begin_array(j);
        for (size_t i = 0; i < mr_op__choice_count(p->choices); i++)
            mr_json_text(j, mr_op__choice(p->choices, i));
        mr_json_end_array(j);
        text_field(j, "doc", p->doc);
        mr_json_end_object(j);
    }
    mr_json_end_array(j);
}

static void keys_json(const struct mr_op *op, struct mr_json_out *j)
{
    mr_json_begin_array(j);
    for (const struct mr_key *k = op->keys; k && k->name; k++) {
        if (k->access == MR_PREPARED)
            continue;
        mr_json_begin_object(j);
        text_field(j, "name", k->name);
        words_json(j, "aliases", k->aliases);
        text_field(j, "access", mr_access_name(k->access));
        types_json(j, key_types(k));
        text_field(j, "default", k->def);
        mr_json_key(j, "optional");
        mr_json_bool(j, k->optional);
        mr_json_key(j, "many");
        mr_json_bool(j, k->many);
        text_field(j, "doc", k->doc);
        mr_json_end_object(j);
    }
    mr_json_end_array(j);
}

static void tables_json(const struct mr_op *op, struct mr_json_out *j)
{
    mr_json_key(j, "slots");
    mr_json_begin_array(j);
    for (const struct mr_slot *s = op->slots; s && s->name; s++) {
        mr_json_begin_object(j);
        text_field(j, "name", s->name);
        text_field(j, "prompt", s->prompt);
        text_field(j, "serving", mr_serving_kind_name(s->serving));
        text_field(j, "doc", s->doc);
        mr_json_end_object(j);
    }
    mr_json_end_array(j);
    mr_json_key(j, "outcomes");
    mr_json_begin_array(j);
    for (const struct mr_outcome *o = op->outcomes; o && o->name; o++) {
        mr_json_begin_object(j);
        text_field(j, "name", o->name);
        text_field(j, "kind", o->kind == MR_DROP ? "dropped" : "rejected");
        text_field(j, "doc", o->doc);
        mr_json_end_object(j);
    }
    mr_json_end_array(j);
    mr_json_key(j, "examples");
    mr_json_begin_array(j);
    for (const struct mr_example *x = op->examples; x && x->in; x++) {
        mr_json_begin_object(j);
        text_field(j, "set", x->set);
        text_field(j, "keys", x->keys);
        text_field(j, "in", x->in);
        text_field(j, "out", x->out);
        mr_json_end_object(j);
    }
    mr_json_end_array(j);
}

void mr_describe_json(const struct mr_op *op, struct mr_json_out *j)
{
    mr_json_begin_object(j);
    text_field(j, "name", op->name);
    words_json(j, "aliases", op->aliases);
    mr_json_key(j, "version");
    mr_json_uint(j, op->version ? op->version : 1);
    text_field(j, "category", mr_category_name(op->category));
    text_field(j, "scope", mr_scope_name(op->scope));
    text_field(j, "doc", op->doc);
    text_field(j, "notes", op->notes);
    mr_json_key(j, "ordered");
    mr_json_bool(j, op->ordered);
    mr_json_key(j, "expands");
    mr_json_bool(j, op->expands);
    mr_json_key(j, "modes");
    mr_json_bool(j, op->has_modes);
    mr_json_key(j, "params");
    mr_describe_params_json(op->params, j);
    mr_json_key(j, "keys");
    keys_json(op, j);
    tables_json(op, j);
    mr_json_end_object(j);
}
