/* Keys and their types along the graph: what each stage reads is there, what it writes is known.
 *
 * Three degrees of knowledge keep a correct topology from being refused: what is declared, known by
 * the format or written by an operator is certain (errors); what a sample showed is likely
 * (warnings); of what nobody has seen nothing is said. */
#include "topology/topology_private.h"

#include "runtime/op/describe.h"

static const char *types_text(struct compile *c, uint32_t types)
{
    struct mr_buf text = {0};
    mr_describe_types(types, &text);
    const char *out = mr_arena_str(c->arena, mr_buf_str(&text)).ptr;
    mr_buf_finish(&text);
    return out;
}

static struct mr_str id_of(const struct compile *c, int item)
{
    return item >= 0 ? c->topo->items[item].id : MR_STR("the source");
}

/* ---- what a stage gets ---- */

/* Rows that left by an outcome: as they came in, perhaps with what the operator wrote before. */
static struct flow_schema *outcome_schema(struct compile *c, const struct item *item)
{
    struct flow_schema *s = mr_schema__copy(c, item->schema_in);
    for (size_t r = 0; r < item->role_count; r++) {
        enum mr_access access = item->roles[r].key->access;
        if (access != MR_WRITE && access != MR_MAY_WRITE)
            continue;
        for (size_t i = 0; i < item->roles[r].count; i++) {
            struct flow_key key = {.name = item->roles[r].names[i],
                                   .types = item->roles[r].key->types,
                                   .certain = true,
                                   .who = (int)(item - c->topo->items)};
            if (!mr_schema__find(s, key.name))
                mr_schema__put(c, s, key);
        }
    }
    return s;
}

struct flow_schema *mr_topology__branch_schema(struct compile *c, const struct ref *ref)
{
    const struct item *writer = ref->item >= 0 ? &c->topo->items[ref->item] : NULL;
    if (!writer || !writer->schema || writer->in_circle) /* an error was found there */
        return NULL;
    return ref->outcome >= 0 && writer->schema_in ? outcome_schema(c, writer)
                                                  : mr_schema__copy(c, writer->schema);
}

static struct flow_schema *input_schema(struct compile *c, const struct item *item)
{
    struct flow_schema *s = NULL;
    for (size_t i = 0; i < item->from_count; i++) {
        struct flow_schema *one = mr_topology__branch_schema(c, &item->from[i]);
        if (!one)
            return mr_schema__unknown(c);
        if (s)
            mr_schema__unite(c, s, one);
        else
            s = one;
    }
    return s ? s : mr_schema__unknown(c);
}

/* ---- reading ---- */

const char *mr_topology__keys_there(struct compile *c, const struct flow_schema *s,
                                    struct mr_str name)
{
    struct near near;
    struct mr_buf list = {0};
    size_t shown = 0;
    mr_near__begin(&near, name);
    for (size_t i = 0; i < s->count; i++) {
        if (s->keys[i].gone || s->keys[i].who < 0) /* known only by being read */
            continue;
        mr_near__try(&near, s->keys[i].name);
        if (shown < 12)
            mr_buf_printf(&list, "%s%.*s", shown ? ", " : "", MR_FMT(s->keys[i].name));
        shown++;
    }
    const char *did_you_mean = mr_near__text(&near, c->arena);
    const char *out =
        shown == 0 ? "No key is there."
                   : mr_topology__text(c, "%s%sKeys there: %s%s.", did_you_mean ? did_you_mean : "",
                                       did_you_mean ? " " : "", mr_buf_text(&list),
                                       shown > 12 ? ", ..." : "");
    mr_buf_finish(&list);
    return out;
}

static bool must_exist(const struct topo_role *role)
{
    enum mr_access a = role->key->access;
    return a == MR_READ || a == MR_CHANGE || (a == MR_REMOVE && !role->key->optional);
}

/* The stage that writes the key, where it stands in the wrong place. */
static const char *elsewhere(struct compile *c, const struct item *reader,
                             const struct flow_schema *in, struct mr_str name)
{
    const char *there = mr_topology__keys_there(c, in, name);
    for (size_t i = 0; i < c->topo->count; i++) {
        const struct item *item = &c->topo->items[i];
        for (size_t r = 0; item != reader && r < item->role_count; r++)
            for (size_t k = 0; k < item->roles[r].count; k++)
                if ((item->roles[r].key->access == MR_WRITE ||
                     item->roles[r].key->access == MR_MAY_WRITE) &&
                    mr_str_eq(item->roles[r].names[k], name))
                    return mr_topology__text(c, "Stage \"%.*s\" writes it: read from there. %s",
                                             MR_FMT(item->id), there);
    }
    return there;
}

static void check_absent(struct compile *c, const struct item *item, const struct topo_role *role,
                         size_t i, const struct flow_schema *in, const struct flow_key *gone)
{
    const char *name = mr_topology__text(c, "%.*s", MR_FMT(role->names[i]));
    const struct place *at = &role->names_at[i];
    bool must = must_exist(role);
    if (!must && !role->given)
        return; /* an optional reading nobody asked for */
    if (gone) {
        struct mr_str who = id_of(c, gone->who),
                      now = mr_topology__new_name(&c->topo->items[gone->who], role->names[i]);
        const char *remedy =
            now.len
                ? mr_topology__text(c, "Read \"%.*s\", or move the stage before \"%.*s\".",
                                    MR_FMT(now), MR_FMT(who))
                : mr_topology__text(c, "Move the stage before \"%.*s\", or keep the key there.",
                                    MR_FMT(who));
        const char *done = now.len ? mr_topology__text(c, "renamed it to \"%.*s\"", MR_FMT(now))
                                   : "removed it",
                   *fact = mr_topology__text(c, "key \"%s\" is gone: stage \"%.*s\" %s", name,
                                             MR_FMT(who), done);
        if (must)
            TOPO_ERROR(c, MR_KEY_MISSING, at, remedy, "%s", fact);
        else
            TOPO_WARNING(c, MR_KEY_MISSING, at, remedy, "%s", fact);
    } else if (!in->open && must) {
        TOPO_ERROR(c, MR_KEY_MISSING, at, elsewhere(c, item, in, role->names[i]),
                   "stage \"%.*s\" reads key \"%s\", which is not there", MR_FMT(item->id), name);
    } else if (!in->open || (in->sample_rows && !in->unknown && must)) {
        const char *where =
            in->open ? mr_topology__text(c, "on none of the %zu sampled rows", in->sample_rows)
                     : "not there";
        TOPO_WARNING(c, MR_KEY_MISSING, at, mr_topology__keys_there(c, in, role->names[i]),
                     "stage \"%.*s\" reads key \"%s\", which is %s", MR_FMT(item->id), name, where);
    }
}

/* A branch all of whose rows have another type. */
static bool check_branches(struct compile *c, const struct item *item, const struct topo_role *role,
                           size_t i, uint32_t wanted)
{
    bool ok = true;
    for (size_t b = 0; item->from_count > 1 && b < item->from_count; b++) {
        const struct flow_schema *one = mr_topology__branch_schema(c, &item->from[b]);
        const struct flow_key *key = one ? mr_schema__find(one, role->names[i]) : NULL;
        if (key && !key->gone && key->certain && key->always && !(key->types & wanted))
            ok = TOPO_ERROR(c, MR_KEY_TYPE, &role->names_at[i],
                            "All rows of that branch would be rejected: bring it to the type there "
                            "(cast).",
                            "key \"%.*s\" is %s on rows from \"%.*s\"; role `%s` takes %s",
                            MR_FMT(key->name), types_text(c, key->types),
                            MR_FMT(item->from[b].text), role->key->name, types_text(c, wanted));
    }
    return ok;
}

static void check_types(struct compile *c, const struct item *item, const struct topo_role *role,
                        size_t i, const struct flow_key *key)
{
    uint32_t wanted = role->key->types | (role->key->nullable ? MR_NULL : 0);
    uint32_t values = key->types & ~(uint32_t)MR_NULL;
    const struct place *at = &role->names_at[i];
    const char *remedy = "Read another key, or bring it to the type before (cast).";
    if (!key->certain && values == MR_ANY)
        return; /* nothing is known */
    if (must_exist(role) && !check_branches(c, item, role, i, wanted))
        return;
    if (values && !(values & wanted)) {
        const char *fact =
            mr_topology__text(c, "key \"%.*s\" is %s; role `%s` takes %s", MR_FMT(key->name),
                              types_text(c, key->types), role->key->name, types_text(c, wanted));
        if (key->certain)
            TOPO_ERROR(c, MR_KEY_TYPE, at, remedy, "%s", fact);
        else
            TOPO_WARNING(c, MR_KEY_TYPE, at, remedy, "%s, as far as the sample shows", fact);
    } else if (values & ~wanted) {
        TOPO_WARNING(c, MR_KEY_TYPE, at, "Rows of another type are rejected as bad_input.",
                     "key \"%.*s\" is sometimes %s; role `%s` takes %s", MR_FMT(key->name),
                     types_text(c, values & ~wanted), role->key->name, types_text(c, wanted));
    } else if ((key->types & MR_NULL) && key->who >= 0 && !role->key->nullable) {
        TOPO_HINT(c, MR_KEY_TYPE, at, "Such rows are rejected as bad_input.",
                  "key \"%.*s\" can be null; role `%s` takes no null", MR_FMT(key->name),
                  role->key->name);
    }
}

/* Which branches of a union bring rows without the key. */
static const char *lacking(struct compile *c, const struct item *item, struct mr_str name)
{
    struct mr_buf text = {0};
    for (size_t i = 0; item->from_count > 1 && i < item->from_count; i++) {
        const struct flow_schema *one = mr_topology__branch_schema(c, &item->from[i]);
        const struct flow_key *key = one ? mr_schema__find(one, name) : NULL;
        if (one && !one->unknown && (!key || key->gone))
            mr_buf_printf(&text, "%s\"%.*s\"", text.len ? ", " : "", MR_FMT(item->from[i].text));
    }
    const char *out = mr_topology__text(c, "%s", mr_buf_text(&text));
    mr_buf_finish(&text);
    return out;
}

static void not_always(struct compile *c, const struct item *item, const struct topo_role *role,
                       size_t i, const struct flow_key *key)
{
    const char *branches = lacking(c, item, key->name);
    if (key->lacking && !key->assumed) {
        TOPO_ERROR(
            c, MR_KEY_MISSING, &role->names_at[i],
            "All rows of that branch would be rejected: write the key there, or read it before "
            "the branches meet.",
            "key \"%.*s\" is on no row %s%s", MR_FMT(key->name),
            *branches ? "from " : "of a branch before", branches);
        return;
    }
    TOPO_WARNING(c, MR_KEY_MISSING, &role->names_at[i],
                 "Rows without it are rejected as bad_input.",
                 "key \"%.*s\" is not on every row that reaches stage \"%.*s\"%s%s",
                 MR_FMT(key->name), MR_FMT(item->id), *branches ? ": not on those from " : "",
                 branches);
}

static const char *media_name(enum mr_media media)
{
    static const char *const names[] = {"text", "an image", "audio", "a video"};
    return names[media];
}

/* What looks at a text as such cannot do anything with the path of a picture, and the other way. */
static bool check_media(struct compile *c, const struct topo_role *role, size_t i,
                        const struct flow_key *key)
{
    enum mr_access a = role->key->access;
    if (key->media == role->key->media || key->media == MR_MEDIA_TEXT || a == MR_REMOVE ||
        a == MR_MAY_READ || (role->key->types & MR_ANY) == MR_ANY)
        return true;
    return TOPO_ERROR(c, MR_KEY_MEDIA, &role->names_at[i], NULL,
                      "key \"%.*s\" holds %s; role `%s` takes %s", MR_FMT(key->name),
                      media_name(key->media), role->key->name, media_name(role->key->media));
}

static void read_role(struct compile *c, const struct item *item, const struct topo_role *role,
                      const struct flow_schema *in, struct flow_schema *out)
{
    for (size_t i = 0; i < role->count; i++) {
        const struct flow_key *key = mr_schema__find(in, role->names[i]);
        uint32_t wanted = role->key->types | (role->key->nullable ? MR_NULL : 0);
        if (!key || key->gone) {
            check_absent(c, item, role, i, in, key);
        } else {
            if (check_media(c, role, i, key))
                check_types(c, item, role, i, key);
            if (must_exist(role) && !key->always && (key->certain || !in->unknown))
                not_always(c, item, role, i, key);
        }
        /* A row that goes on had the key, with a type that the role takes. */
        uint32_t types = key && !key->gone && (key->types & wanted) ? key->types & wanted : wanted;
        bool known = key && (key->certain || (key->types & MR_ANY) != MR_ANY);
        struct flow_key now = {.name = role->names[i],
                               .types = types,
                               .always = true,
                               .certain = true,
                               .who = known ? key->who : -1,
                               .assumed =
                                   (!key && !in->open) || (key && (key->gone || key->assumed)),
                               .media = key ? key->media : MR_MEDIA_TEXT};
        if (must_exist(role))
            mr_schema__put(c, out, now);
    }
}

/* ---- writing ---- */

static bool item_reads(const struct item *item, struct mr_str name)
{
    for (size_t r = 0; r < item->role_count; r++) {
        enum mr_access a = item->roles[r].key->access;
        for (size_t i = 0; a != MR_WRITE && a != MR_MAY_WRITE && i < item->roles[r].count; i++)
            if (mr_str_eq(item->roles[r].names[i], name))
                return true;
    }
    for (size_t i = 0; i < item->extra_count; i++)
        if (mr_str_eq(item->extra_reads[i], name))
            return true;
    return false;
}

static const struct topo_role *role_named(const struct item *item, const char *name)
{
    for (size_t r = 0; r < item->role_count; r++)
        if (strcmp(item->roles[r].key->name, name) == 0)
            return &item->roles[r];
    return NULL;
}

static uint32_t chosen_type(const struct item *item, const char *param)
{
    const struct mr_param *p = mr_param_find(item->op->params, mr_str_of(param));
    struct mr_str text = mr_str_of(p ? p->def : NULL);
    uint32_t types = 0;
    for (size_t i = 0; p && i < item->setting_count; i++)
        if (mr_str_is(item->settings[i].name, p->name))
            text = item->settings[i].value;
    return text.len && mr_schema__types(text, &types) ? types : 0;
}

/* The type that a role writes under its i-th key. */
static uint32_t written_types(const struct item *item, const struct topo_role *role, size_t i,
                              const struct flow_schema *in)
{
    uint32_t types = 0;
    const char *param = role->key->type_param;
    if (param &&
        ((types = mr_topology__expr_types(item, param, i)) || (types = chosen_type(item, param))))
        return types;
    const struct topo_role *like = role->key->type_of ? role_named(item, role->key->type_of) : NULL;
    for (size_t k = 0; like && k < like->count; k++) {
        const struct flow_key *key = mr_schema__find(in, like->names[k]);
        if (like->count != role->count || k == i)
            types |= key && !key->gone ? key->types : like->key->types;
    }
    if (types)
        return types;
    const struct flow_key *old = mr_schema__find(in, role->names[i]);
    if (role->key->access == MR_CHANGE && old && !old->gone) {
        uint32_t keeps = old->types & (role->key->types | (role->key->nullable ? MR_NULL : 0));
        return keeps ? keeps : role->key->types;
    }
    return role->key->types;
}

static enum mr_media written_media(const struct item *item, const struct topo_role *role, size_t i,
                                   const struct flow_schema *in)
{
    const struct topo_role *like = role->key->type_of ? role_named(item, role->key->type_of) : NULL;
    const struct flow_key *key =
        like && like->count == role->count ? mr_schema__find(in, like->names[i]) : NULL;
    return key ? key->media : role->key->media;
}

static void write_role(struct compile *c, const struct item *item, const struct topo_role *role,
                       const struct flow_schema *in, struct flow_schema *out)
{
    bool always = role->key->access != MR_MAY_WRITE;
    for (size_t i = 0; i < role->count; i++) {
        const struct flow_key *old = mr_schema__find(in, role->names[i]);
        bool there = old && !old->gone;
        if (there && !old->assumed && !item_reads(item, role->names[i]))
            TOPO_WARNING(
                c, MR_KEY_OVERWRITTEN, &role->names_at[i],
                mr_topology__text(c, "Bind `%s` to another key to keep both.", role->key->name),
                "stage \"%.*s\" overwrites key \"%.*s\" from \"%.*s\"", MR_FMT(item->id),
                MR_FMT(role->names[i]), MR_FMT(id_of(c, old->who)));
        struct flow_key key = {.name = role->names[i],
                               .types = written_types(item, role, i, in),
                               .always = always || (there && old->always),
                               .certain = true,
                               .who = (int)(item - c->topo->items),
                               .media = written_media(item, role, i, in)};
        if (!always && there)
            key.types |= old->types;
        mr_schema__put(c, out, key);
    }
}

/* What is known to go stays noted as gone, so that a later reader is told where. */
static void keep_bound(const struct compile *c, const struct item *item, struct flow_schema *out)
{
    size_t kept = 0;
    for (size_t i = 0; i < out->count; i++) {
        bool bound = item_reads(item, out->keys[i].name);
        for (size_t r = 0; r < item->role_count && !bound; r++)
            for (size_t k = 0; k < item->roles[r].count && !bound; k++)
                bound = mr_str_eq(item->roles[r].names[k], out->keys[i].name);
        if (!bound && !out->keys[i].gone && out->keys[i].who < 0)
            continue;
        if (!bound && !out->keys[i].gone) {
            out->keys[i].gone = true;
            out->keys[i].who = (int)(item - c->topo->items);
        }
        out->keys[kept++] = out->keys[i];
    }
    out->count = kept;
}

/* Behind a stage whose expressions can tell branches apart, one may be gone as a whole. (Filters
 * drop rows for what they hold; that one would drop all of a branch is no reason to need its keys.)
 */
static void forget_lacking(const struct item *item, struct flow_schema *out)
{
    for (size_t i = 0; (item->route_count || item->expr_count) && i < out->count; i++)
        out->keys[i].lacking = false;
}

static struct flow_schema *through(struct compile *c, struct item *item)
{
    const struct flow_schema *in = item->schema_in;
    struct flow_schema *out = mr_schema__copy(c, in);
    for (size_t r = 0; r < item->role_count; r++) {
        enum mr_access a = item->roles[r].key->access;
        if (a == MR_READ || a == MR_MAY_READ || a == MR_CHANGE || a == MR_REMOVE)
            read_role(c, item, &item->roles[r], in, out);
    }
    if (item->op->keeps_only_bound) {
        for (size_t r = 0; r < item->role_count; r++) /* optional ones may be there */
            for (size_t i = 0; in->open && i < item->roles[r].count; i++)
                if (!mr_schema__find(out, item->roles[r].names[i]))
                    mr_schema__put(c, out,
                                   (struct flow_key){.name = item->roles[r].names[i],
                                                     .types = MR_ANY | MR_NULL,
                                                     .who = -1});
        keep_bound(c, item, out);
        out->open = out->unknown = false;
    }
    for (size_t r = 0; r < item->role_count; r++)
        for (size_t i = 0; item->roles[r].key->access == MR_REMOVE && i < item->roles[r].count; i++)
            mr_schema__put(c, out,
                           (struct flow_key){.name = item->roles[r].names[i],
                                             .gone = true,
                                             .who = (int)(item - c->topo->items)});
    for (size_t r = 0; r < item->role_count; r++) {
        enum mr_access a = item->roles[r].key->access;
        if (a == MR_WRITE || a == MR_MAY_WRITE || a == MR_CHANGE)
            write_role(c, item, &item->roles[r], in, out);
    }
    forget_lacking(item, out);
    return out;
}

/* Whatever the compiler's own checks let through, the binding must accept. */
static void check_binding(struct compile *c, struct item *item)
{
    struct mr_names *names = mr_names_create();
    struct mr_bound_role *bound = mr_arena_zalloc(c->arena, (item->role_count + 1) * sizeof *bound);
    size_t count = 0;
    for (size_t r = 0; r < item->role_count; r++)
        if (item->roles[r].given)
            bound[count++] = (struct mr_bound_role){mr_str_of(item->roles[r].key->name),
                                                    item->roles[r].names, item->roles[r].count};
    struct mr_binding binding;
    struct mr_error *e =
        mr_binding_make(item->op, item->id, bound, count, names, c->arena, &binding);
    if (e) {
        TOPO_ERROR(c, MR_OP_ROLE_VALUE, &item->use_at, NULL, "%s", mr_error_message(e));
        item->sound = false;
    }
    mr_error_free(e);
    mr_names_destroy(names);
}

void mr_topology__check_keys(struct compile *c)
{
    for (size_t i = 0; i < c->topo->order_count; i++) {
        int index = c->topo->order[i];
        struct item *item = &c->topo->items[index];
        if (item->kind == MR_STAGE_SOURCE) {
            item->schema = mr_topology__source_schema(c, item, index);
            continue;
        }
        item->schema_in = input_schema(c, item);
        if (item->kind == MR_STAGE_SINK || !item->op)
            item->schema = mr_schema__unknown(c);
        else if (item->sound)
            check_binding(c, item);
        if (item->sound && item->op)
            mr_topology__check_exprs(c, item);
        if (!item->schema)
            item->schema = item->sound ? through(c, item) : mr_schema__unknown(c);
        mr_topology__check_model(c, item);
        mr_topology__check_routes(c, item);
    }
}
