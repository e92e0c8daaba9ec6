/* Crash isolation: a row on which a process dies twice is run alone, and rejected only if it kills
 * its process alone, too. SIGKILL and SIGTERM never blame a row, but for a SIGKILL that the kernel
 * provably sent for want of memory, and one of ours: a row that does not end in its stage's longest
 * row time is run alone at once, and rejected when it did not end alone twice. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "runtime/base/file.h"
#include "runtime/flow/worker.h"
#include "stages/supervise/inside.h"

enum { MAX_FILE_BYTES = 1 << 20, HANGS_MAX = 3 };

static bool is_crash(int signal)
{
    return signal == SIGSEGV || signal == SIGBUS || signal == SIGABRT || signal == SIGFPE ||
           signal == SIGILL || signal == SIGSYS;
}

/* A kill for want of memory shows in the kernel's count, which nobody else's SIGKILL moves. */
static bool is_out_of_memory(struct supervisor *s, int signal)
{
    uint64_t before = s->oom_kills;
    s->oom_kills = oom_kills();
    return signal == SIGKILL && s->oom_kills > before;
}

static struct suspect *suspect_of(struct supervisor *s, uint32_t stage, const struct mr_id *id)
{
    for (size_t i = 0; i < s->suspect_count; i++)
        if (s->suspects[i].stage == stage && mr_id_eq(&s->suspects[i].id, id))
            return &s->suspects[i];
    s->suspects = mr_realloc(s->suspects, (s->suspect_count + 1) * sizeof *s->suspects);
    struct suspect *one = &s->suspects[s->suspect_count++];
    *one = (struct suspect){.stage = stage, .id = *id};
    return one;
}

/* "<stage number> <row id> alone|reject <signal> <entry's id>": what stage processes read when they
 * start. */
static struct mr_error *save(const struct supervisor *s)
{
    struct mr_buf text = {0}, path = {0};
    for (size_t i = 0; i < s->suspect_count; i++) {
        const struct suspect *one = &s->suspects[i];
        char hex[MR_ID_HEX_LEN + 1], entry[MR_ID_HEX_LEN + 1];
        mr_id_hex(&one->id, hex);
        mr_id_hex(&one->entry, entry);
        if (one->step != SUSPECT_ONCE)
            mr_buf_printf(&text, "%u %s %s %s %s\n", one->stage, hex,
                          one->step == SUSPECT_ALONE ? "alone" : "reject", one->signal, entry);
    }
    mr_layout_suspects(&s->options->home->layout, &path);
    struct mr_error *e = mr_file_replace(mr_buf_text(&path), mr_buf_str(&text), 0600);
    mr_buf_finish(&path);
    mr_buf_finish(&text);
    return e;
}

static void parse_line(struct supervisor *s, struct mr_str line)
{
    char text[192], hex[MR_ID_HEX_LEN + 1], entry[MR_ID_HEX_LEN + 1], step[8], signal[16];
    unsigned stage;
    struct mr_id id, from;
    if (line.len >= sizeof text)
        return;
    memcpy(text, line.ptr, line.len);
    text[line.len] = 0;
    if (sscanf(text, "%u %32s %7s %15s %32s", &stage, hex, step, signal, entry) != 5 ||
        !mr_id_parse(mr_str_of(hex), &id) || !mr_id_parse(mr_str_of(entry), &from))
        return;
    struct suspect *one = suspect_of(s, stage, &id);
    one->entry = from;
    one->step = strcmp(step, "reject") == 0 ? SUSPECT_REJECT : SUSPECT_ALONE;
    one->deaths = one->step == SUSPECT_ALONE;
    memcpy(one->signal, signal, sizeof signal);
}

/* A resumed run goes on with what is known; a new run starts without suspicion. */
struct mr_error *blame_load(struct supervisor *s)
{
    struct mr_buf path = {0}, text = {0};
    struct mr_error *e = NULL;
    s->oom_kills = oom_kills();
    mr_layout_suspects(&s->options->home->layout, &path);
    if (!mr_file_exists(mr_buf_text(&path))) {
        mr_buf_finish(&path);
        return NULL;
    }
    if (s->options->resumed)
        e = mr_file_read(mr_buf_text(&path), MAX_FILE_BYTES, &text);
    for (size_t at = 0, end; !e && at < text.len; at = end + 1) {
        end = mr_str_find(mr_buf_str(&text), MR_STR("\n"), at);
        end = end == SIZE_MAX ? text.len : end;
        parse_line(s, mr_str_span(text.ptr + at, end - at));
    }
    mr_buf_finish(&path);
    mr_buf_finish(&text);
    return e ? e : save(s);
}

/* What is done about a row that killed its process once more; for the message. */
static const char *next_step(struct suspect *one)
{
    if (one->step == SUSPECT_ALONE) {
        one->step = SUSPECT_REJECT;
        return "died alone, too: the row is rejected";
    }
    if (one->deaths < 2)
        return "starting again";
    one->step = SUSPECT_ALONE;
    return "the same row again: running it alone";
}

/* A machine under load makes rows late, too: only the third time convicts. */
static const char *next_step_hung(struct suspect *one)
{
    one->step = one->deaths >= HANGS_MAX ? SUSPECT_REJECT : SUSPECT_ALONE;
    return one->step == SUSPECT_REJECT ? "not alone either: the row is rejected"
           : one->deaths == 1          ? "running it alone"
                                       : "once more alone";
}

bool blame_crash(struct supervisor *s, const struct child *c, int signal)
{
    bool memory = is_out_of_memory(s, signal), hung = c->hung && signal == SIGKILL;
    if ((!is_crash(signal) && !memory && !hung) || !c->page || c->page_stale ||
        !atomic_load(&c->page->noted))
        return false;
    struct mr_id id;
    uint32_t stage = atomic_load(&c->page->note_stage);
    memcpy(id.b, c->page->note_id, sizeof id.b);
    if (stage >= s->plan->stage_count)
        return false;
    struct suspect *one = suspect_of(s, stage, &id);
    memcpy(one->entry.b, c->page->note_entry, sizeof one->entry.b);
    char hex[MR_ID_HEX_LEN + 1];
    mr_id_hex(&id, hex);
    one->deaths++;
    if (hung)
        snprintf(one->signal, sizeof one->signal, MR_SUSPECT_STUCK);
    else
        snprintf(one->signal, sizeof one->signal, memory ? "SIG%s-OOM" : "SIG%s",
                 sigabbrev_np(signal));
    if (one->step == SUSPECT_REJECT)
        return false; /* it was to be left out: something else is wrong */
    const char *what = hung ? next_step_hung(one) : next_step(one);
    supervisor_say(s, MR_LEVEL_WARN, "blame", c,
                   hung ? "%s does not end row %s (%s); %s" : "%s was ended on row %s by %s; %s",
                   child_name(c), hex, one->signal, what);
    struct mr_error *e = save(s);
    if (e)
        supervisor_fail(s, e);
    return true;
}
