/* Servings and the stages that ask them: the section `servings:`, and for each question of a stage
 * its serving, its prompt and the keys that the prompt asks for. */
#include "topology/topology_private.h"

#include <sys/stat.h>

#include "runtime/base/file.h"
#include "runtime/op/describe.h"

static const char kinds[] = "chat|completions|embeddings|classify|rerank|reward|perplexity";
enum { PROMPT_MAX_BYTES = 1 << 20 };

/* ---- the section ---- */

static void endpoint(struct compile *c, struct topo_serving *s, const struct node *n)
{
    struct mr_str text;
    if (n->unresolved || !mr_topology__scalar(c, n, "the URL of an endpoint", &text)) {
        s->sound = false;
        return;
    }
    size_t scheme = mr_str_starts(text, MR_STR("http://"))    ? 7
                    : mr_str_starts(text, MR_STR("https://")) ? 8
                                                              : 0;
    bool host = scheme && text.len > scheme && text.ptr[scheme] != '/' && text.ptr[scheme] != ':';
    for (size_t i = 0; i < text.len && host; i++)
        host = (unsigned char)text.ptr[i] > ' ';
    if (!host)
        s->sound = TOPO_ERROR(c, MR_SERVING_INVALID, &n->at,
                              "Write it as http://HOST:PORT/v1 or https://HOST/v1.",
                              "\"%.*s\" is not the URL of an endpoint", MR_FMT(text));
}

static void serving_setting(struct compile *c, struct topo_serving *s, struct pair *pair,
                            bool *endpoints, bool *model)
{
    struct mr_str name = pair->key->text;
    struct node *n = pair->value;
    struct mr_str ignored;
    if (mr_str_is(name, "kind")) {
        int word = 0;
        s->sound = mr_topology__take_word(c, n, kinds, &word) && s->sound;
        s->kind = (enum mr_serving_kind)word;
        s->kind_at = n->at;
    } else if (mr_str_is(name, "endpoints")) {
        *endpoints = n->kind != NODE_LIST || n->count;
        for (size_t i = 0; n->kind == NODE_LIST && i < n->count; i++)
            endpoint(c, s, n->items[i]);
        if (n->kind != NODE_LIST)
            endpoint(c, s, n);
    } else if (mr_str_is(name, "model")) {
        *model = true;
        s->sound = mr_topology__scalar(c, n, "the name of a model", &ignored) && s->sound;
    } else if (mr_str_is(name, "price")) {
        s->sound = mr_topology__take_real(c, n, 0, &s->price) && s->sound;
    } else if (mr_str_is(name, "doc")) {
        mr_topology__scalar(c, n, "a text", &ignored);
    } else {
        struct near near;
        mr_near__begin(&near, name);
        mr_near__words(&near, "kind endpoints model price doc");
        TOPO_ERROR(c, MR_TOPOLOGY_KEY, &pair->key->at, mr_near__text(&near, c->arena),
                   "a serving has no setting \"%.*s\"", MR_FMT(name));
    }
}

static void serving(struct compile *c, struct pair *pair)
{
    struct topo *t = c->topo;
    struct topo_serving *s = &t->servings[t->serving_count++];
    struct node *n = pair->value;
    bool endpoints = false, model = false;
    *s = (struct topo_serving){
        .name = pair->key->text, .at = pair->key->at, .kind_at = pair->key->at, .sound = true};
    if (!mr_topology__id_ok(s->name))
        TOPO_ERROR(c, MR_TOPOLOGY_ID, &s->at, NULL, "\"%.*s\" cannot name a serving",
                   MR_FMT(s->name));
    if (n->kind != NODE_MAP) {
        s->sound =
            TOPO_ERROR(c, MR_SERVING_INVALID, &n->at, NULL,
                       "a serving is expected here: {kind: chat, endpoints: URL, model: NAME}");
        return;
    }
    for (size_t i = 0; i < n->count; i++)
        serving_setting(c, s, &n->pairs[i], &endpoints, &model);
    if (!endpoints)
        s->sound = TOPO_ERROR(c, MR_SERVING_INVALID, &s->at, "Add `endpoints: [URL, ...]`.",
                              "serving \"%.*s\" has no endpoint", MR_FMT(s->name));
    if (!model)
        s->sound = TOPO_ERROR(c, MR_SERVING_INVALID, &s->at, "Add `model: NAME`.",
                              "serving \"%.*s\" does not say which model it asks", MR_FMT(s->name));
}

void mr_topology__servings(struct compile *c, struct node *n)
{
    if (n->kind != NODE_MAP) {
        TOPO_ERROR(c, MR_TOPOLOGY_SHAPE, &n->at, NULL,
                   "servings are expected here by name: {judge: {kind: chat, ...}}");
        return;
    }
    c->topo->servings = mr_arena_zalloc(c->arena, (n->count + 1) * sizeof *c->topo->servings);
    for (size_t i = 0; i < n->count; i++)
        serving(c, &n->pairs[i]);
}

/* ---- a stage's serving ---- */

static struct topo_serving *serving_named(struct compile *c, const struct node *n)
{
    struct topo *t = c->topo;
    struct near near;
    struct mr_str name;
    if (n->unresolved || !mr_topology__scalar(c, n, "the name of a serving", &name))
        return NULL;
    mr_near__begin(&near, name);
    for (size_t i = 0; i < t->serving_count; i++) {
        if (mr_str_eq(t->servings[i].name, name))
            return &t->servings[i];
        mr_near__try(&near, t->servings[i].name);
    }
    TOPO_ERROR(c, MR_SERVING_MISSING, &n->at, mr_near__text(&near, c->arena),
               "there is no serving \"%.*s\"", MR_FMT(name));
    return NULL;
}

/* The only serving of the kind; it need not be named. */
static struct topo_serving *serving_by_kind(struct compile *c, const struct item *item,
                                            const struct mr_slot *slot)
{
    struct topo *t = c->topo;
    struct topo_serving *found = NULL;
    const char *kind = mr_serving_kind_name(slot->serving);
    size_t count = 0;
    for (size_t i = 0; i < t->serving_count; i++)
        if (t->servings[i].kind == slot->serving) {
            found = &t->servings[i];
            count++;
        }
    if (count == 1)
        return found;
    for (size_t i = 0; i < t->serving_count; i++)
        t->servings[i].users += t->servings[i].kind == slot->serving; /* meant, perhaps */
    if (count)
        TOPO_ERROR(c, MR_SERVING_MISSING, &item->use_at, "Name one with `serving:`.",
                   "%s asks a serving of kind %s, and there are %zu", item->op->name, kind, count);
    else
        TOPO_ERROR(c, MR_SERVING_MISSING, &item->use_at,
                   mr_topology__text(c,
                                     "Add `servings: {%s: {kind: %s, endpoints: URL, model: NAME}}`"
                                     " at the top level.",
                                     slot->name, kind),
                   "%s asks a serving of kind %s, and there is none", item->op->name, kind);
    return NULL;
}

static const struct mr_slot *slot_named(struct compile *c, const struct item *item,
                                        const struct node *key, enum mr_code code)
{
    struct near near;
    mr_near__begin(&near, key->text);
    for (const struct mr_slot *s = item->op->slots; s && s->name; s++) {
        if (mr_str_is(key->text, s->name))
            return s;
        mr_near__try(&near, mr_str_of(s->name));
    }
    TOPO_ERROR(c, code, &key->at, mr_near__text(&near, c->arena), "%s asks no question \"%.*s\"",
               item->op->name, MR_FMT(key->text));
    return NULL;
}

static void check_kind(struct compile *c, struct item *item, const struct mr_slot *slot,
                       struct topo_serving *s, const struct place *at)
{
    if (!s)
        return;
    s->users++;
    item->price += s->price;
    if (s->kind != slot->serving)
        TOPO_ERROR(c, MR_SERVING_KIND, at, NULL,
                   "%s asks a serving of kind %s; \"%.*s\" is of kind %s", item->op->name,
                   mr_serving_kind_name(slot->serving), MR_FMT(s->name),
                   mr_serving_kind_name(s->kind));
}

static const struct node *node_for(const struct node *map, const char *slot)
{
    return map && map->kind == NODE_MAP ? mr_node__get(map, slot) : map;
}

static void check_serving(struct compile *c, struct item *item)
{
    const struct node *given = item->serving;
    for (size_t i = 0; given && given->kind == NODE_MAP && i < given->count; i++)
        slot_named(c, item, given->pairs[i].key, MR_SERVING_MISSING);
    for (const struct mr_slot *slot = item->op->slots; slot->name; slot++) {
        const struct node *n = node_for(given, slot->name);
        if (n)
            check_kind(c, item, slot, serving_named(c, n), &n->at);
        else
            check_kind(c, item, slot, serving_by_kind(c, item, slot), &item->use_at);
    }
}

/* ---- a stage's prompts ---- */

static bool has_word(const char *list, struct mr_str word)
{
    while (list && *list) {
        size_t len = strcspn(list, " ");
        if (len && mr_str_eq(mr_str_span(list, len), word))
            return true;
        list += len + strspn(list + len, " ");
    }
    return false;
}

static bool variable_byte(char b)
{
    return (b >= 'a' && b <= 'z') || (b >= 'A' && b <= 'Z') || (b >= '0' && b <= '9') || b == '_' ||
           b == '-' || b == '.';
}

/* The next {name} of a prompt from *at on; `{{` is a plain brace, other braces stand for
 * themselves. */
static bool next_variable(struct mr_str text, size_t *at, struct mr_str *name)
{
    while (*at < text.len) {
        size_t open = *at;
        if (text.ptr[open] != '{') {
            ++*at;
            continue;
        }
        if (open + 1 < text.len && text.ptr[open + 1] == '{') {
            *at += 2;
            continue;
        }
        size_t end = open + 1;
        while (end < text.len && variable_byte(text.ptr[end]))
            end++;
        *at = end;
        if (end < text.len && text.ptr[end] == '}' && end > open + 1) {
            *name = mr_str_span(text.ptr + open + 1, end - open - 1);
            return true;
        }
    }
    return false;
}

static bool names_role(const struct item *item, struct mr_str name)
{
    for (size_t r = 0; r < item->role_count; r++)
        if (mr_str_is(name, item->roles[r].key->name) && item->roles[r].count)
            return true;
    return false;
}

static size_t points_before(struct mr_str text, size_t byte)
{
    size_t points = 0;
    for (size_t i = 0; i < byte; i++)
        points += ((unsigned char)text.ptr[i] & 0xc0) != 0x80;
    return points;
}

static void check_variables(struct compile *c, struct item *item, const struct node *n,
                            struct mr_str text, bool inside)
{
    const struct flow_schema *in = item->schema_in;
    struct mr_str name;
    for (size_t at = 0; next_variable(text, &at, &name);) {
        const struct flow_key *key = mr_schema__find(in, name);
        struct place place = n->at;
        if (inside)
            place = mr_topology__inside(c, n, points_before(text, (size_t)(name.ptr - text.ptr)),
                                        name.len);
        mr_topology__note_read(c, item, name);
        bool unseen = in->unknown || (in->open && !in->sample_rows);
        if ((key && !key->gone) || names_role(item, name) || (!key && unseen))
            continue;
        const char *there = mr_topology__keys_there(c, in, name);
        if (key || !in->open)
            TOPO_ERROR(c, MR_PROMPT_KEY, &place, there,
                       "the prompt asks for key \"%.*s\", which is %s", MR_FMT(name),
                       key ? "gone" : "not there");
        else
            TOPO_WARNING(
                c, MR_PROMPT_KEY, &place, there,
                "the prompt asks for key \"%.*s\", which is on none of the %zu sampled rows",
                MR_FMT(name), in->sample_rows);
    }
}

static void prompt_of_file(struct compile *c, struct item *item, const struct node *n)
{
    struct mr_str name;
    struct mr_buf path = {0}, text = {0};
    if (n->unresolved || !mr_topology__scalar(c, n, "the path of a prompt", &name))
        return;
    if (name.len && name.ptr[0] == '/')
        mr_buf_adds(&path, name);
    else
        mr_buf_printf(&path, "%s/%.*s", c->base_dir, MR_FMT(name));
    /* Nothing that could wait or never end: a plain file. */
    struct stat st;
    bool plain =
        !memchr(path.ptr, 0, path.len) && stat(mr_buf_text(&path), &st) == 0 && S_ISREG(st.st_mode);
    struct mr_error *e = plain ? mr_file_read(mr_buf_text(&path), PROMPT_MAX_BYTES, &text) : NULL;
    if (e || !plain)
        TOPO_ERROR(c, MR_PROMPT_INVALID, &n->at,
                   "Correct the path; it is relative to the topology.",
                   "the prompt \"%.*s\" cannot be read", MR_FMT(name));
    else if (!mr_utf8_valid(mr_buf_str(&text)))
        TOPO_ERROR(c, MR_PROMPT_INVALID, &n->at, "Save it as UTF-8.",
                   "the prompt \"%.*s\" is not UTF-8", MR_FMT(name));
    else
        check_variables(c, item, n, mr_buf_str(&text), false);
    mr_error_free(e);
    mr_buf_finish(&path);
    mr_buf_finish(&text);
}

static void own_prompt(struct compile *c, struct item *item, const struct node *n)
{
    const struct node *text = mr_node__get(n, "text"), *file = mr_node__get(n, "file");
    struct mr_str prompt;
    if (n->count != 1 || (!text && !file)) {
        TOPO_ERROR(c, MR_PROMPT_INVALID, &n->at, "Write {text: \"...\"} or {file: PATH}.",
                   "a prompt of your own is a text or a file");
    } else if (file) {
        prompt_of_file(c, item, file);
    } else if (!text->unresolved && mr_topology__scalar(c, text, "the text of a prompt", &prompt)) {
        check_variables(c, item, text, prompt, true);
    }
}

static void shipped_prompt(struct compile *c, const struct item *item, const struct mr_slot *slot,
                           const struct node *n)
{
    struct mr_str name;
    if (n->unresolved || !mr_topology__scalar(c, n, "the name of a prompt", &name) ||
        (slot->prompt && mr_str_is(name, slot->prompt)) || has_word(slot->prompts, name))
        return;
    struct near near;
    mr_near__begin(&near, name);
    mr_near__try(&near, mr_str_of(slot->prompt));
    mr_near__words(&near, slot->prompts);
    const char *remedy = mr_near__text(&near, c->arena);
    TOPO_ERROR(
        c, MR_PROMPT_INVALID, &n->at,
        remedy ? remedy
               : mr_topology__text(c, "It takes %s%s%s, or a prompt of your own: {text: \"...\"}.",
                                   slot->prompt, slot->prompts ? " " : "",
                                   slot->prompts ? slot->prompts : ""),
        "`%s` of %s does not take prompt \"%.*s\"", slot->name, item->op->name, MR_FMT(name));
}

static void check_prompts(struct compile *c, struct item *item)
{
    const struct node *n = item->prompts;
    if (!n || mr_node__is_null(n))
        return;
    if (n->kind != NODE_MAP) {
        TOPO_ERROR(c, MR_PROMPT_INVALID, &n->at,
                   mr_topology__text(c, "Write `prompts: {%s: ...}`.", item->op->slots->name),
                   "prompts are expected here by question");
        return;
    }
    for (size_t i = 0; i < n->count; i++) {
        const struct node *value = n->pairs[i].value;
        const struct mr_slot *slot = slot_named(c, item, n->pairs[i].key, MR_PROMPT_INVALID);
        if (!slot)
            continue;
        if (!slot->prompt)
            TOPO_ERROR(c, MR_PROMPT_INVALID, &n->pairs[i].key->at, "Remove it.",
                       "`%s` of %s takes no prompt: the model gets the rows' own texts", slot->name,
                       item->op->name);
        else if (value->kind == NODE_MAP)
            own_prompt(c, item, value);
        else
            shipped_prompt(c, item, slot, value);
    }
}

static bool asks(const struct item *item)
{
    return item->op && item->op->slots && item->op->slots[0].name;
}

void mr_topology__check_model(struct compile *c, struct item *item)
{
    if (!item->op)
        return;
    if (!asks(item)) {
        if (item->serving)
            TOPO_ERROR(c, MR_SERVING_KIND, &item->serving->at, "Remove `serving:`.",
                       "%s asks no model", item->op->name);
        if (item->prompts)
            TOPO_ERROR(c, MR_PROMPT_INVALID, &item->prompts->at, "Remove `prompts:`.",
                       "%s asks no model and has no prompt", item->op->name);
        return;
    }
    check_serving(c, item);
    check_prompts(c, item);
    TOPO_ERROR(c, MR_MODEL_STAGE, &item->use_at, NULL,
               "stage \"%.*s\" asks a model, which this build cannot do yet", MR_FMT(item->id));
}

void mr_topology__unused_servings(struct compile *c)
{
    for (size_t i = 0; i < c->topo->serving_count; i++)
        if (!c->topo->servings[i].users && c->topo->servings[i].sound)
            TOPO_HINT(c, MR_TOPOLOGY_UNUSED, &c->topo->servings[i].at, "Remove it, or name it.",
                      "no stage asks serving \"%.*s\"", MR_FMT(c->topo->servings[i].name));
}
