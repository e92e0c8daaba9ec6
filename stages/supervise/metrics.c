/* The HTTP endpoints of a run: /metrics, /healthz, /readyz.
 *
 * libmicrohttpd waits on one epoll descriptor, which is one watcher of the supervisor's loop: no
 * second thread, so no lock around the figures and no thread at a fork; a slow client costs a place
 * among few connections, never the loop. Answers are built in memory at once. */
#include <arpa/inet.h>
#include <errno.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "stages/supervise/inside.h"

enum {
    CONNECTIONS = 32,
    CONNECTION_S = 10,
    CONNECTION_BYTES = 16 << 10,
    PORT_MAX = 65535,
    LOOK_MS = 500,
};

struct metrics {
    struct supervisor *of;
    struct MHD_Daemon *daemon;
    struct ev_io io;
    struct ev_timer timer;
};

/* ---- answers ---- */

static enum MHD_Result answer(struct MHD_Connection *connection, unsigned status, const char *type,
                              struct mr_buf *body)
{
    mr_buf_text(body);
    struct MHD_Response *r =
        MHD_create_response_from_buffer(body->len, body->ptr, MHD_RESPMEM_MUST_COPY);
    enum MHD_Result result = MHD_NO;
    if (r) {
        MHD_add_response_header(r, MHD_HTTP_HEADER_CONTENT_TYPE, type);
        MHD_add_response_header(r, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
        if (status == MHD_HTTP_METHOD_NOT_ALLOWED)
            MHD_add_response_header(r, MHD_HTTP_HEADER_ALLOW, "GET, HEAD");
        result = MHD_queue_response(connection, status, r);
        MHD_destroy_response(r);
    }
    mr_buf_finish(body);
    return result;
}

static unsigned health(const struct supervisor *s, struct mr_buf *out)
{
    if (s->phase != PHASE_FAILING) {
        mr_buf_addz(out, "ok\n");
        return MHD_HTTP_OK;
    }
    mr_buf_printf(out, "failing: %s\n", mr_error_message(s->error));
    return MHD_HTTP_SERVICE_UNAVAILABLE;
}

static bool at_work(const struct child *c)
{
    if (c->state == CHILD_ENDED)
        return true;
    return c->state == CHILD_RUNNING && c->page && !c->page_stale;
}

static unsigned readiness(const struct supervisor *s, struct mr_buf *out)
{
    if (s->phase != PHASE_RUNNING)
        mr_buf_addz(out, s->phase == PHASE_FAILING ? "failing\n" : "stopping\n");
    for (size_t i = 0; s->phase == PHASE_RUNNING && i < s->child_count; i++)
        if (!at_work(s->children[i]))
            mr_buf_printf(out, "%s is not at work\n", child_name(s->children[i]));
    for (size_t g = 0; s->phase == PHASE_RUNNING && g < s->plan->group_count; g++)
        if (s->groups[g].step != GROUP_STEADY && out->len == 0)
            mr_buf_addz(out, "a stage is being scaled\n");
    if (out->len)
        return MHD_HTTP_SERVICE_UNAVAILABLE;
    mr_buf_addz(out, "ready\n");
    return MHD_HTTP_OK;
}

static enum MHD_Result on_request(void *arg, struct MHD_Connection *connection, const char *url,
                                  const char *method, const char *version, const char *upload,
                                  size_t *upload_bytes, void **state)
{
    static const char plain[] = "text/plain; charset=utf-8";
    struct metrics *m = arg;
    struct mr_buf body = {0};
    (void)version, (void)upload;
    if (!*state) { /* the header is there; what belongs to it may still come */
        *state = m;
        return MHD_YES;
    }
    if (*upload_bytes) { /* nothing is taken */
        *upload_bytes = 0;
        return MHD_YES;
    }
    if (strcmp(method, MHD_HTTP_METHOD_GET) != 0 && strcmp(method, MHD_HTTP_METHOD_HEAD) != 0) {
        mr_buf_addz(&body, "only GET and HEAD\n");
        return answer(connection, MHD_HTTP_METHOD_NOT_ALLOWED, plain, &body);
    }
    unsigned status = MHD_HTTP_OK;
    if (strcmp(url, "/metrics") == 0) {
        metrics_text(m->of, &body);
        return answer(connection, status, "text/plain; version=0.0.4; charset=utf-8", &body);
    }
    if (strcmp(url, "/healthz") == 0) {
        status = health(m->of, &body);
    } else if (strcmp(url, "/readyz") == 0) {
        status = readiness(m->of, &body);
    } else {
        status = MHD_HTTP_NOT_FOUND;
        mr_buf_addz(&body, "see /metrics, /healthz, /readyz\n");
    }
    return answer(connection, status, plain, &body);
}

/* ---- the loop ---- */

static void serve(struct metrics *m)
{
    MHD_UNSIGNED_LONG_LONG wait_ms;
    MHD_run(m->daemon);
    ev_timer_stop(m->of->loop, &m->timer);
    /* Full, it listens no longer, and begins again only when it is run after a connection has gone:
     * nothing else would wake it then. */
    if (MHD_get_timeout(m->daemon, &wait_ms) != MHD_YES || wait_ms > LOOK_MS)
        wait_ms = LOOK_MS;
    ev_timer_set(&m->timer, (double)wait_ms / 1000.0 + 0.001, 0);
    ev_timer_start(m->of->loop, &m->timer);
}

static void on_ready(struct ev_loop *loop, struct ev_io *io, int events)
{
    (void)loop, (void)events;
    serve(io->data);
}

static void on_timer(struct ev_loop *loop, struct ev_timer *timer, int events)
{
    (void)loop, (void)events;
    serve(timer->data);
}

/* ---- the address ---- */

struct address {
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
    } at;
    socklen_t len;
};

/* "9464", ":9464", "127.0.0.1:9464", "[::1]:9464": without a host, only this machine may ask. */
static bool parse_address(struct mr_str text, struct address *out)
{
    char host[64] = "127.0.0.1";
    uint64_t port;
    size_t colon = text.len;
    while (colon > 0 && text.ptr[colon - 1] != ':')
        colon--;
    struct mr_str name = mr_str_span(text.ptr, colon ? colon - 1 : 0);
    if (!mr_str_to_uint(mr_str_span(text.ptr + colon, text.len - colon), &port) || port > PORT_MAX)
        return false;
    bool v6 = name.len > 2 && name.ptr[0] == '[' && name.ptr[name.len - 1] == ']';
    if (v6)
        name = mr_str_span(name.ptr + 1, name.len - 2);
    else if (mr_str_is(name, "localhost"))
        name.len = 0;
    if (name.len >= sizeof host)
        return false;
    if (name.len) {
        memcpy(host, name.ptr, name.len);
        host[name.len] = 0;
    }
    *out = (struct address){0};
    if (v6) {
        out->at.v6 =
            (struct sockaddr_in6){.sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port)};
        out->len = sizeof out->at.v6;
        return inet_pton(AF_INET6, host, &out->at.v6.sin6_addr) == 1;
    }
    out->at.v4 = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    out->len = sizeof out->at.v4;
    return inet_pton(AF_INET, host, &out->at.v4.sin_addr) == 1;
}

static struct mr_error *read_address(struct mr_str text, struct address *out)
{
    if (parse_address(text, out))
        return NULL;
    return mr_error_remedy(
        mr_error(MR_METRICS, "\"%.*s\" is not an address and port", MR_FMT(text)),
        "Write --metrics=127.0.0.1:9464, --metrics=[::1]:9464 or --metrics=9464.");
}

struct mr_error *mr_metrics_check(struct mr_str address)
{
    struct address a;
    return address.len ? read_address(address, &a) : NULL;
}

static struct mr_error *listen_at(struct mr_str text, int *fd)
{
    struct address a;
    int yes = 1;
    MR_TRY(read_address(text, &a));
    *fd = socket(a.at.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (*fd >= 0 && setsockopt(*fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) == 0 &&
        bind(*fd, &a.at.any, a.len) == 0 && listen(*fd, CONNECTIONS) == 0)
        return NULL;
    struct mr_error *e =
        mr_error_errno(MR_METRICS, "metrics cannot be served at \"%.*s\"", MR_FMT(text));
    if (*fd >= 0)
        close(*fd);
    return e;
}

static void say_address(struct supervisor *s, int fd)
{
    struct address a = {.len = sizeof a.at};
    char host[INET6_ADDRSTRLEN] = "";
    if (getsockname(fd, &a.at.any, &a.len) != 0)
        return;
    bool v6 = a.at.any.sa_family == AF_INET6;
    inet_ntop(a.at.any.sa_family, v6 ? (void *)&a.at.v6.sin6_addr : (void *)&a.at.v4.sin_addr, host,
              sizeof host);
    supervisor_say(s, MR_LEVEL_INFO, "metrics", NULL,
                   v6 ? "metrics at http://[%s]:%u/metrics" : "metrics at http://%s:%u/metrics",
                   host, ntohs(v6 ? a.at.v6.sin6_port : a.at.v4.sin_port));
}

struct mr_error *metrics_open(struct supervisor *s)
{
    int fd;
    if (!s->options->metrics.len)
        return NULL;
    MR_TRY(listen_at(s->options->metrics, &fd));
    struct metrics *m = mr_zalloc(sizeof *m);
    m->of = s;
    m->daemon = MHD_start_daemon(MHD_USE_EPOLL, 0, NULL, NULL, on_request, m,
                                 MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_CONNECTION_LIMIT,
                                 (unsigned)CONNECTIONS, MHD_OPTION_CONNECTION_TIMEOUT,
                                 (unsigned)CONNECTION_S, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
                                 (size_t)CONNECTION_BYTES, MHD_OPTION_END);
    const union MHD_DaemonInfo *info =
        m->daemon ? MHD_get_daemon_info(m->daemon, MHD_DAEMON_INFO_EPOLL_FD) : NULL;
    if (!info) {
        if (m->daemon)
            MHD_stop_daemon(m->daemon); /* closes fd */
        else
            close(fd);
        free(m);
        return mr_error(MR_METRICS, "the HTTP server cannot be started");
    }
    ev_io_init(&m->io, on_ready, info->epoll_fd, EV_READ);
    ev_timer_init(&m->timer, on_timer, 1, 0);
    m->io.data = m->timer.data = m;
    ev_io_start(s->loop, &m->io);
    s->metrics = m;
    say_address(s, fd);
    return NULL;
}

void metrics_close(struct supervisor *s)
{
    struct metrics *m = s->metrics;
    if (!m)
        return;
    ev_io_stop(s->loop, &m->io);
    ev_timer_stop(s->loop, &m->timer);
    MHD_stop_daemon(m->daemon);
    free(m);
    s->metrics = NULL;
}
