/* The supervisor's socket: how `stop` and `scale` reach a running pipeline.
 *
 * One line per order: "stop", "kill" or "scale STAGE N". The answer is "ok", or "refused: " and why;
 * "done" follows when a change of scale is complete. The connection stays open until the run is over,
 * so a client can wait for its end. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "runtime/base/file.h"
#include "stages/supervise/control.h"
#include "stages/supervise/inside.h"

/* Socket addresses hold 108 bytes; a path through the folder's descriptor is always short enough. */
static struct mr_error *address_of(const struct mr_layout *layout, int *dir,
                                   struct sockaddr_un *address)
{
    struct mr_buf run = {0}, path = {0};
    mr_layout_run(layout, &run);
    mr_layout_socket(layout, &path);
    const char *name = strrchr(mr_buf_text(&path), '/');
    *dir = open(mr_buf_text(&run), O_PATH | O_DIRECTORY | O_CLOEXEC);
    struct mr_error *e = NULL;
    *address = (struct sockaddr_un){.sun_family = AF_UNIX};
    if (*dir < 0)
        e = mr_file_error(errno, "open the folder", mr_buf_text(&run));
    else
        snprintf(address->sun_path, sizeof address->sun_path, "/proc/self/fd/%d/%s", *dir,
                 name ? name + 1 : "control");
    mr_buf_finish(&run);
    mr_buf_finish(&path);
    return e;
}

static void forget(struct client *c)
{
    ev_io_stop(c->of->loop, &c->io);
    close(c->fd);
    c->fd = -1;
}

static void answer(struct client *c, const char *text)
{
    if (send(c->fd, text, strlen(text), MSG_NOSIGNAL) < 0)
        forget(c);
}

void control_scaled(struct supervisor *s, int group)
{
    for (int i = 0; i < CLIENTS_MAX; i++) {
        struct client *c = &s->clients[i];
        if (c->fd < 0 || c->awaits != group)
            continue;
        c->awaits = -1;
        answer(c, "done\n");
    }
}

/* What stands behind "scale ": the stage, a blank, the number. */
static struct mr_error *scale(struct client *c, struct mr_str words, bool *done)
{
    struct supervisor *s = c->of;
    size_t blank = mr_str_find(words, MR_STR(" "), 0);
    struct mr_str stage = mr_str_span(words.ptr, blank == SIZE_MAX ? words.len : blank);
    struct mr_str number = mr_str_span(words.ptr + stage.len, words.len - stage.len);
    uint64_t processes;
    int group;
    if (!mr_str_to_uint(mr_str_trim(number), &processes))
        return mr_error(MR_CONTROL, "no number of processes");
    MR_TRY(mr_scale_check(s->plan, stage, processes, &group));
    MR_TRY(scale_order(s, group, (uint32_t)processes, done));
    c->awaits = *done ? -1 : group;
    return NULL;
}

static void obey_scale(struct client *c, struct mr_str words)
{
    struct mr_buf text = {0};
    bool done = false;
    struct mr_error *e = scale(c, words, &done);
    if (e)
        mr_buf_printf(&text, "refused: %s\n", mr_error_message(e));
    else
        mr_buf_addz(&text, done ? "ok\ndone\n" : "ok\n");
    answer(c, mr_buf_text(&text));
    mr_buf_finish(&text);
    mr_error_free(e);
}

static void obey(struct client *c)
{
    struct mr_str order = mr_str_trim(mr_str_span(c->line, c->len)), scale_order = MR_STR("scale ");
    bool stop = mr_str_is(order, "stop"), kill = mr_str_is(order, "kill");
    c->len = 0;
    if (mr_str_starts(order, scale_order)) {
        obey_scale(c, mr_str_span(order.ptr + scale_order.len, order.len - scale_order.len));
        return;
    }
    answer(c, stop || kill ? "ok\n" : "refused: unknown order\n");
    /* A second `stop` only waits: nobody meant to kill by asking twice. */
    if (kill || (stop && (c->of->phase == PHASE_RUNNING || c->of->phase == PHASE_CAUGHT_UP)))
        supervisor_stop(c->of, kill);
}

static void on_line(struct ev_loop *loop, struct ev_io *io, int events)
{
    (void)loop, (void)events;
    struct client *c = io->data;
    ssize_t got = recv(c->fd, c->line + c->len, sizeof c->line - c->len, 0);
    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (got <= 0) {
        forget(c);
        return;
    }
    c->len += (size_t)got;
    if (memchr(c->line, '\n', c->len))
        obey(c);
    else if (c->len == sizeof c->line)
        forget(c);
}

static bool may_order(int fd)
{
    struct ucred peer;
    socklen_t len = sizeof peer;
    return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) == 0 &&
           (peer.uid == geteuid() || peer.uid == 0);
}

static void on_connect(struct ev_loop *loop, struct ev_io *io, int events)
{
    (void)events;
    struct supervisor *s = io->data;
    int fd = accept4(s->socket, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd < 0)
        return;
    struct client *c = s->clients;
    while (c < s->clients + CLIENTS_MAX && c->fd >= 0)
        c++;
    if (c == s->clients + CLIENTS_MAX || !may_order(fd)) {
        close(fd);
        return;
    }
    *c = (struct client){.of = s, .fd = fd, .awaits = -1};
    ev_io_init(&c->io, on_line, fd, EV_READ);
    c->io.data = c;
    ev_io_start(loop, &c->io);
}

struct mr_error *control_open(struct supervisor *s)
{
    for (int i = 0; i < CLIENTS_MAX; i++)
        s->clients[i].fd = -1;
    int dir;
    struct sockaddr_un address;
    struct mr_error *e = address_of(&s->options->home->layout, &dir, &address);
    if (e)
        return e;
    s->socket = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    unlink(address.sun_path); /* of a supervisor that died: we hold the lock */
    mode_t before = umask(0177);
    if (s->socket < 0 || bind(s->socket, (struct sockaddr *)&address, sizeof address) != 0 ||
        listen(s->socket, CLIENTS_MAX) != 0)
        e = mr_error_errno(MR_CONTROL, "the control socket cannot be opened");
    umask(before);
    close(dir);
    if (e)
        return e;
    ev_io_init(&s->on_connect, on_connect, s->socket, EV_READ);
    s->on_connect.data = s;
    ev_io_start(s->loop, &s->on_connect);
    return NULL;
}

void control_close(struct supervisor *s)
{
    if (s->socket < 0)
        return;
    for (int i = 0; i < CLIENTS_MAX; i++)
        if (s->clients[i].fd >= 0)
            forget(&s->clients[i]);
    ev_io_stop(s->loop, &s->on_connect);
    close(s->socket);
    s->socket = -1;
    struct mr_buf path = {0};
    mr_layout_socket(&s->options->home->layout, &path);
    unlink(mr_buf_text(&path));
    mr_buf_finish(&path);
}

bool mr_control_line(int fd, struct mr_buf *out)
{
    enum { LINE_MAX_BYTES = 4096 };
    char c;
    out->len = 0;
    while (recv(fd, &c, 1, 0) == 1) {
        if (c == '\n')
            return true;
        if (out->len < LINE_MAX_BYTES)
            mr_buf_addc(out, c);
    }
    return false;
}

struct mr_error *mr_control_send(const struct mr_layout *layout, const char *order, int *fd)
{
    int dir;
    struct sockaddr_un address;
    MR_TRY(address_of(layout, &dir, &address));
    *fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct mr_error *e = NULL;
    char line[160];
    struct mr_buf answer = {0};
    int len = snprintf(line, sizeof line, "%s\n", order);
    if (*fd < 0 || connect(*fd, (struct sockaddr *)&address, sizeof address) != 0 ||
        send(*fd, line, (size_t)len, MSG_NOSIGNAL) != len)
        e = mr_error_errno(MR_CONTROL, "the supervisor cannot be reached");
    else if (!mr_control_line(*fd, &answer))
        e = mr_error(MR_CONTROL, "the supervisor ended without an answer");
    else if (!mr_str_is(mr_buf_str(&answer), "ok"))
        e = mr_error(MR_CONTROL, "the supervisor does not obey \"%s\" (%s)", order,
                     mr_buf_text(&answer));
    mr_buf_finish(&answer);
    close(dir);
    if (e && *fd >= 0)
        close(*fd);
    return e;
}

void mr_control_leave(int fd)
{
    close(fd);
}

void mr_control_wait(int fd)
{
    char rest[16];
    while (recv(fd, rest, sizeof rest, 0) > 0)
        continue;
    close(fd);
}
