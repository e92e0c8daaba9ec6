/* What a stage process writes to its standard error: passed on line by line, and kept in the log.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "stages/supervise/inside.h"

/* A line that is whole, or as much of a long one as there is room for. */
static void pass_on(struct child *c)
{
    const struct supervisor *s = c->of;
    struct mr_str line = mr_str_trim(mr_str_span(c->said.line, c->said.len));
    c->said.len = 0;
    if (!line.len)
        return;
    supervisor_note(s, MR_LEVEL_WARN, "said", c, "%.*s", MR_FMT(line));
    if (mr_str_is(s->options->log, "-"))
        return;
    progress_clear((struct supervisor *)s);
    fprintf(stderr, "%s: %.*s\n", child_name(c), MR_FMT(line));
}

static void take(struct child *c, const char *bytes, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (bytes[i] != '\n')
            c->said.line[c->said.len++] = bytes[i];
        if (bytes[i] == '\n' || c->said.len == sizeof c->said.line)
            pass_on(c);
    }
}

void said_drain(struct child *c)
{
    char bytes[4096];
    ssize_t got;
    while (c->said.open && (got = read(c->said.fd, bytes, sizeof bytes)) > 0)
        take(c, bytes, (size_t)got);
}

static void on_said(struct ev_loop *loop, struct ev_io *io, int events)
{
    (void)loop, (void)events;
    struct child *c = io->data;
    char bytes[4096];
    ssize_t got = read(c->said.fd, bytes, sizeof bytes);
    if (got > 0)
        take(c, bytes, (size_t)got);
    else if (got == 0 || (errno != EAGAIN && errno != EINTR))
        said_close(c);
}

int said_open(struct child *c)
{
    int ends[2];
    said_close(c);
    if (pipe2(ends, O_CLOEXEC) != 0)
        return -1; /* it then writes where we do */
    fcntl(ends[0], F_SETFL, O_NONBLOCK);
    c->said.fd = ends[0];
    c->said.open = true;
    ev_io_init(&c->said.io, on_said, c->said.fd, EV_READ);
    c->said.io.data = c;
    ev_io_start(c->of->loop, &c->said.io);
    return ends[1];
}

void said_close(struct child *c)
{
    if (!c->said.open)
        return;
    pass_on(c);
    ev_io_stop(c->of->loop, &c->said.io);
    close(c->said.fd);
    c->said.open = false;
}
