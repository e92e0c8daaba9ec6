/* `millrace ops search`: operators by words, the best matches first. */
#include <stdlib.h>
#include <strings.h>

#include "runtime/op/describe.h"
#include "stages/command/command.h"

struct options {
    bool json;
};

static const struct mr_option option_table[] = {
    MR_OPTION_JSON(struct options),
    {0},
};

/* What a word is worth where it is found; a whole word counts double. */
enum { IN_NAME = 40, IN_ALIAS = 30, IN_CATEGORY = 25, IN_DOC = 12, IN_TABLES = 6, IN_NOTES = 3 };

struct hit {
    const struct mr_op *op;
    unsigned words, score; /* how many of the words were found */
};

static bool part_of_word(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (unsigned char)c >= 0x80;
}

/* weight times 0 (absent), 1 (somewhere), 2 (as a whole word); ASCII case does not matter. */
static unsigned found(const char *text, struct mr_str word, unsigned weight)
{
    unsigned best = 0;
    for (const char *at = text; at && *at && best < 2; at++) {
        if (strncasecmp(at, word.ptr, word.len) != 0)
            continue;
        bool whole = (at == text || !part_of_word(at[-1])) && !part_of_word(at[word.len]);
        best = whole ? 2 : best ? best : 1;
    }
    return best * weight;
}

static unsigned in_tables(const struct mr_op *op, struct mr_str word)
{
    unsigned score = 0;
    for (const struct mr_param *p = op->params; p && p->name; p++)
        score += found(p->name, word, IN_TABLES) + found(p->doc, word, IN_NOTES) +
                 found(p->choices, word, IN_TABLES);
    for (const struct mr_key *k = op->keys; k && k->name; k++)
        score += k->access == MR_PREPARED ? 0 : found(k->doc, word, IN_NOTES);
    for (const struct mr_outcome *o = op->outcomes; o && o->name; o++)
        score += found(o->name, word, IN_TABLES) + found(o->doc, word, IN_TABLES);
    for (const struct mr_slot *s = op->slots; s && s->name; s++)
        score += found(s->name, word, IN_TABLES) + found(s->doc, word, IN_TABLES);
    return score;
}

static unsigned score_of(const struct mr_op *op, struct mr_str word)
{
    return found(op->name, word, IN_NAME) + found(op->aliases, word, IN_ALIAS) +
           found(mr_category_name(op->category), word, IN_CATEGORY) +
           found(mr_scope_name(op->scope), word, IN_CATEGORY) + found(op->doc, word, IN_DOC) +
           found(op->notes, word, IN_NOTES) + in_tables(op, word);
}

/* More of the words first, then more weight, then by name (the registry's order). */
static int by_rank(const void *a, const void *b)
{
    const struct hit *x = a, *y = b;
    if (x->words != y->words)
        return x->words > y->words ? -1 : 1;
    if (x->score != y->score)
        return x->score > y->score ? -1 : 1;
    return strcmp(x->op->name, y->op->name);
}

/* The words of one argument, which may be a quoted phrase. */
static void look(struct hit *hit, struct mr_str phrase)
{
    for (size_t at = 0, end; at < phrase.len; at = end + 1) {
        for (end = at; end < phrase.len && phrase.ptr[end] != ' ';)
            end++;
        unsigned score = end > at ? score_of(hit->op, mr_str_span(phrase.ptr + at, end - at)) : 0;
        hit->words += score > 0;
        hit->score += score;
    }
}

static size_t search(const struct mr_call *call, const struct mr_registry *registry,
                     struct hit *hits)
{
    size_t count = 0, kept = 0;
    for (size_t i = 0; i < mr_registry_count(registry); i++) {
        struct hit hit = {.op = mr_registry_at(registry, i)};
        for (size_t w = 0; w < call->arg_count; w++)
            look(&hit, call->args[w]);
        if (hit.words)
            hits[count++] = hit;
    }
    if (count)
        qsort(hits, count, sizeof *hits, by_rank);
    /* Those with all words; where there are none, those with the most. */
    while (kept < count && hits[kept].words == hits[0].words)
        kept++;
    return kept;
}

static void print_json(const struct hit *hits, size_t count)
{
    struct mr_json_out out = {0};
    mr_json_begin_array(&out);
    for (size_t i = 0; i < count; i++) {
        mr_json_begin_object(&out);
        mr_json_key(&out, "name");
        mr_json_textz(&out, hits[i].op->name);
        mr_json_key(&out, "score");
        mr_json_uint(&out, hits[i].score);
        mr_json_key(&out, "category");
        mr_json_textz(&out, mr_category_name(hits[i].op->category));
        mr_json_key(&out, "doc");
        mr_json_textz(&out, hits[i].op->doc);
        mr_json_end_object(&out);
    }
    mr_json_end_array(&out);
    mr_print_json(&out);
    mr_buf_finish(&out.text);
}

static void print_text(const struct hit *hits, size_t count)
{
    struct mr_buf out = {0};
    int width = 0;
    for (size_t i = 0; i < count; i++)
        width = (int)strlen(hits[i].op->name) > width ? (int)strlen(hits[i].op->name) : width;
    for (size_t i = 0; i < count; i++)
        mr_buf_printf(&out, "%-*s  %-9s %s\n", width, hits[i].op->name,
                      mr_category_name(hits[i].op->category), hits[i].op->doc);
    mr_print(&out);
    mr_buf_finish(&out);
}

static struct mr_error *nothing_found(const struct mr_call *call)
{
    struct mr_buf words = {0};
    for (size_t i = 0; i < call->arg_count; i++)
        mr_buf_printf(&words, "%s%.*s", i ? " " : "", MR_FMT(call->args[i]));
    struct mr_error *e = mr_error_remedy(
        mr_error(MR_NAME_UNKNOWN, "no operator has to do with \"%s\"", mr_buf_text(&words)),
        "`millrace ops list` shows all.");
    mr_buf_finish(&words);
    return e;
}

static enum mr_exit run(const struct mr_call *call)
{
    const struct options *o = call->options;
    const struct mr_registry *registry;
    struct mr_error *e = mr_program_registry(&registry);
    if (e)
        return mr_fail(e);
    struct hit *hits =
        mr_arena_alloc(call->arena, (mr_registry_count(registry) + 1) * sizeof *hits);
    size_t count = search(call, registry, hits);
    if (!count && !o->json)
        return mr_fail(nothing_found(call));
    if (o->json)
        print_json(hits, count);
    else
        print_text(hits, count);
    return count ? MR_EXIT_OK : MR_EXIT_NOT_FOUND;
}

const struct mr_command mr_command_ops_search = {
    .name = "search",
    .arguments = "WORD...",
    .min_args = 1,
    .max_args = 64,
    .doc = "Find operators by words in names, sentences, parameters and outcomes.",
    .options_size = sizeof(struct options),
    .options = option_table,
    .run = run,
};
