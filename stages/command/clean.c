/* `millrace clean`: removes a pipeline's state: topics, positions, counters. */
#include <stdio.h>
#include <unistd.h>

#include "runtime/base/file.h"
#include "stages/command/command.h"
#include "stages/supervise/epochs.h"

struct options {
    struct mr_str state;
    bool yes, json;
};

static const struct mr_option option_table[] = {
    MR_OPTION_STATE(struct options),
    {.name = "yes", .letter = 'y', MR_OPTION(struct options, yes), .doc = "Do not ask."},
    MR_OPTION_JSON(struct options),
    {0},
};

/* Scripts are not asked: only a person at a terminal can answer. */
static bool confirmed(const struct mr_home *home, bool yes)
{
    if (yes || !isatty(STDIN_FILENO))
        return true;
    fprintf(stderr, "remove \"%s\" with all its rows and positions? [y/N] ", home->root.ptr);
    int answer = getchar();
    return answer == 'y' || answer == 'Y';
}

/* A state that cannot be read any more is removed all the same. */
static void remove_other_outputs(const struct mr_home *home, struct mr_arena *arena)
{
    struct mr_record record = {0};
    struct mr_epochs epochs = {.home = home,
                               .connectors = mr_program_connectors(),
                               .arena = arena,
                               .record = &record};
    struct mr_error *e = mr_program_registry(&epochs.registry);
    if (!e)
        e = mr_record_load(home, arena, &record);
    if (!e && record.run && !record.stage_count)
        e = mr_epochs_recover(&epochs);
    if (!e && record.run && !record.stage_count)
        e = mr_epochs_forget_outputs(&epochs);
    mr_error_free(e);
}

/* The name goes first, so that a crash in between leaves nothing that looks like a pipeline. */
static struct mr_error *remove_state(struct mr_home *home, struct mr_arena *arena)
{
    MR_TRY(mr_home_lock(home));
    remove_other_outputs(home, arena);
    struct mr_buf meta = {0};
    mr_layout_meta(&home->layout, &meta);
    unlink(mr_buf_text(&meta));
    mr_buf_finish(&meta);
    return mr_dir_remove(home->root.ptr);
}

static enum mr_exit run(const struct mr_call *call)
{
    const struct options *o = call->options;
    struct mr_home home = {0};
    struct mr_str wanted = call->arg_count ? call->args[0] : (struct mr_str){0};
    struct mr_error *e = mr_home_find(&home, o->state, wanted);
    if (e)
        return mr_fail(e);
    enum mr_exit code = MR_EXIT_INTERRUPTED;
    if (confirmed(&home, o->yes)) {
        e = remove_state(&home, call->arena);
        code = e ? mr_fail(e) : MR_EXIT_OK;
        if (code == MR_EXIT_OK)
            mr_print_done(o->json, "removed", mr_buf_str(&home.root));
    }
    mr_home_finish(&home);
    return code;
}

const struct mr_command mr_command_clean = {
    .name = "clean",
    .arguments = "[PIPELINE|TOPOLOGY]",
    .max_args = 1,
    .doc = "Forget a pipeline's state: its topics, positions and counters. Its current output stays.",
    .options_size = sizeof(struct options),
    .options = option_table,
    .run = run,
};
