/* Parses a command's options by its table: --name value, --name=value, -n value, flags. */
#include "stages/command/command.h"

enum { MAX_OPTIONS = 64 };

static const struct mr_option help_option = {
    .name = "help", .letter = 'h', .type = MR_O_FLAG, .doc = "Print this help."};

struct parser {
    const struct mr_command *command;
    struct mr_arena *arena;
    char *target; /* the option struct */
    char **argv;
    int argc, at;
};

static const struct mr_option *find_long(const struct mr_command *command, struct mr_str name)
{
    if (mr_str_is(name, help_option.name))
        return &help_option;
    for (const struct mr_option *o = command->options; o && o->name; o++)
        if (mr_str_is(name, o->name))
            return o;
    return NULL;
}

static const struct mr_option *find_short(const struct mr_command *command, char letter)
{
    if (letter == help_option.letter)
        return &help_option;
    for (const struct mr_option *o = command->options; o && o->name; o++)
        if (o->letter && o->letter == letter)
            return o;
    return NULL;
}

static struct mr_error *unknown_option(const struct mr_command *command, struct mr_str given)
{
    const char *names[MAX_OPTIONS + 2] = {help_option.name};
    size_t count = 1;
    for (const struct mr_option *o = command->options; o && o->name && count < MAX_OPTIONS; o++)
        names[count++] = o->name;
    struct mr_buf text = {0};
    mr_buf_printf(&text, "`%s` has no option \"--%.*s\"", command->name, MR_FMT(given));
    mr_near_name(given, names, "--", &text);
    struct mr_error *e = mr_error(MR_USAGE, "%s", mr_buf_text(&text));
    mr_buf_finish(&text);
    return e;
}

static struct mr_error *store_pair(struct parser *p, const struct mr_option *o, struct mr_str value)
{
    size_t eq = mr_str_find(value, MR_STR("="), 0);
    if (eq == SIZE_MAX || eq == 0)
        return mr_error(MR_USAGE, "--%s wants %s, not \"%.*s\"", o->name, o->value, MR_FMT(value));
    struct mr_pairs *pairs = (struct mr_pairs *)(void *)(p->target + o->offset);
    struct mr_setting *grown = mr_arena_alloc(p->arena, (pairs->count + 1) * sizeof *grown);
    if (pairs->count)
        memcpy(grown, pairs->items, pairs->count * sizeof *grown);
    struct mr_setting *s = &grown[pairs->count];
    s->name = mr_arena_str(p->arena, mr_str_span(value.ptr, eq));
    s->value = mr_arena_str(p->arena, mr_str_span(value.ptr + eq + 1, value.len - eq - 1));
    s->null = mr_str_is(s->value, "null");
    pairs->items = grown;
    pairs->count++;
    return NULL;
}

static struct mr_error *store_choice(struct parser *p, const struct mr_option *o,
                                     struct mr_str value)
{
    struct mr_str rest = mr_str_of(o->choices);
    for (int index = 1;; index++) {
        size_t bar = mr_str_find(rest, MR_STR("|"), 0);
        struct mr_str one = bar == SIZE_MAX ? rest : mr_str_span(rest.ptr, bar);
        if (mr_str_eq(one, value)) {
            *(int *)(void *)(p->target + o->offset) = index;
            return NULL;
        }
        if (bar == SIZE_MAX)
            break;
        rest = mr_str_span(rest.ptr + bar + 1, rest.len - bar - 1);
    }
    return mr_error(MR_USAGE, "--%s wants one of %s, not \"%.*s\"", o->name, o->choices,
                    MR_FMT(value));
}

static struct mr_error *store_count(struct parser *p, const struct mr_option *o,
                                    struct mr_str value)
{
    uint64_t *count = (uint64_t *)(void *)(p->target + o->offset);
    if (!mr_str_to_uint(value, count))
        return mr_error(MR_USAGE, "--%s wants a whole number, not \"%.*s\"", o->name,
                        MR_FMT(value));
    if (*count < o->least)
        return mr_error(MR_USAGE, "--%s wants a whole number of at least %llu, not \"%.*s\"",
                        o->name, (unsigned long long)o->least, MR_FMT(value));
    return NULL;
}

static struct mr_error *store(struct parser *p, const struct mr_option *o, struct mr_str value)
{
    switch (o->type) {
    case MR_O_COUNT:
        return store_count(p, o, value);
    case MR_O_TEXT:
        if (!value.len)
            return mr_error(MR_USAGE, "--%s wants a value", o->name);
        *(struct mr_str *)(void *)(p->target + o->offset) = value;
        return NULL;
    case MR_O_PAIRS:
        return store_pair(p, o, value);
    case MR_O_CHOICE:
        return store_choice(p, o, value);
    case MR_O_FLAG:
        break;
    }
    return NULL;
}

/* The option with its value, which may stand behind `=` or be the next argument. */
static struct mr_error *take(struct parser *p, const struct mr_option *o, struct mr_str attached,
                             bool *help)
{
    if (o == &help_option) {
        *help = true;
        return NULL;
    }
    if (o->type == MR_O_FLAG) {
        if (attached.ptr)
            return mr_error(MR_USAGE, "--%s takes no value", o->name);
        *(bool *)(void *)(p->target + o->offset) = true;
        return NULL;
    }
    if (!attached.ptr && o->bare) {
        attached = mr_str_of(o->bare);
    } else if (!attached.ptr) {
        if (p->at + 1 >= p->argc)
            return mr_error(MR_USAGE, "--%s wants a value (%s)", o->name,
                            o->value ? o->value : o->choices);
        attached = mr_str_of(p->argv[++p->at]);
    }
    return store(p, o, attached);
}

static struct mr_error *take_option(struct parser *p, const char *word, bool *help)
{
    if (word[1] != '-') {
        const struct mr_option *o = find_short(p->command, word[1]);
        if (!o)
            return mr_error(MR_USAGE, "`%s` has no option \"%s\"", p->command->name, word);
        struct mr_str rest = mr_str_of(word[2] ? word + 2 : NULL);
        return take(p, o, rest, help);
    }
    struct mr_str name = mr_str_of(word + 2), value = {0};
    size_t eq = mr_str_find(name, MR_STR("="), 0);
    if (eq != SIZE_MAX) {
        value = mr_str_of(name.ptr + eq + 1);
        name.len = eq;
    }
    const struct mr_option *o = find_long(p->command, name);
    return o ? take(p, o, value, help) : unknown_option(p->command, name);
}

struct mr_error *mr_options_parse(const struct mr_command *command, char **argv, int argc,
                                  struct mr_arena *arena, struct mr_call *out, bool *help)
{
    struct parser p = {.command = command, .arena = arena, .argv = argv, .argc = argc};
    p.target = mr_arena_zalloc(arena, command->options_size ? command->options_size : 1);
    struct mr_str *args = mr_arena_alloc(arena, ((size_t)argc + 1) * sizeof *args);
    size_t count = 0;
    bool only_args = false;
    *help = false;
    for (p.at = 0; p.at < argc; p.at++) {
        const char *word = argv[p.at];
        if (only_args || word[0] != '-' || !word[1])
            args[count++] = mr_str_of(word);
        else if (strcmp(word, "--") == 0)
            only_args = true;
        else
            MR_TRY(take_option(&p, word, help));
    }
    *out = (struct mr_call){command, p.target, args, count, arena};
    if (*help)
        return NULL;
    if (count < command->min_args)
        return mr_error(MR_USAGE, "`%s` wants %s", command->name, command->arguments);
    if (count > command->max_args)
        return mr_error(MR_USAGE, "`%s` takes %s and has no use for \"%s\"", command->name,
                        command->arguments ? command->arguments : "no argument",
                        args[command->max_args].ptr);
    return NULL;
}
