/* SPDX-License-Identifier: Apache-2.0 */
/* server.c - see server.h
 *
 * libmicrohttpd without threads of its own: its epoll descriptor stands in ours, beside the pipes
 * that suspended answers wait for and the sockets of their clients. One struct exchange goes with a
 * connection from its first byte to its last: a connection carries one request ("Connection:
 * close"), so that a proxy never writes into one that we are about to close. */
#include "scheduler/server.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/size.h"
#include "scheduler/server_state.h"

enum { STREAM_ROOM = 64 << 10 };
enum { EVENTS = 32, IDLE_S = 30, BLOCK_SIZE = 16 << 10, MEMORY_SIZE = 64 << 10 };

/* ---- answers that come piece by piece ---- */

static void watch_fd(struct exchange *x, int fd, uint32_t events)
{
    struct epoll_event event = {.events = events, .data.ptr = x};
    (void)epoll_ctl(x->server->epoll, EPOLL_CTL_ADD, fd, &event);
}

/* Until the source has more, or the client hangs up: that is an event of its socket. */
static void suspend(struct exchange *x)
{
    for (size_t i = 0; i < SERVER_SOURCE_FDS; i++) {
        x->waited[i] = -1;
    }
    if (x->source.wait_for != NULL) {
        x->source.wait_for(x->source.context, x->waited);
    }
    for (size_t i = 0; i < SERVER_SOURCE_FDS; i++) {
        if (x->waited[i] >= 0) {
            watch_fd(x, x->waited[i], EPOLLIN);
        }
    }
    watch_fd(x, x->socket, EPOLLRDHUP);
    x->is_suspended = true;
    MHD_suspend_connection(x->connection);
}

static void resume(struct exchange *x)
{
    for (size_t i = 0; i < SERVER_SOURCE_FDS; i++) {
        if (x->waited[i] >= 0) {
            (void)epoll_ctl(x->server->epoll, EPOLL_CTL_DEL, x->waited[i], NULL);
        }
    }
    (void)epoll_ctl(x->server->epoll, EPOLL_CTL_DEL, x->socket, NULL);
    x->is_suspended = false;
    MHD_resume_connection(x->connection);
}

static ssize_t read_source(void *context, uint64_t position, char *out, size_t size)
{
    (void)position;
    struct exchange *x = context;
    if (x->is_gone) {
        return MHD_CONTENT_READER_END_WITH_ERROR;
    }
    ssize_t n = x->source.read(x->source.context, out, size);
    if (n == 0) {
        suspend(x);
        return 0;
    }
    return n > 0     ? n
           : n == -1 ? MHD_CONTENT_READER_END_OF_STREAM
                     : MHD_CONTENT_READER_END_WITH_ERROR;
}

/* ---- requests ---- */

/* From the exchange's own source. A client that reads slowly holds little of it in the kernel, and is
 * dropped when it takes nothing for a while. */
static enum MHD_Result send_stream(struct exchange *x, const struct server_answer *answer)
{
    int room = STREAM_ROOM;
    unsigned idle_s = x->server->options.stream_idle_s;
    (void)setsockopt(x->socket, SOL_SOCKET, SO_SNDBUF, &room, sizeof room);
    (void)MHD_set_connection_option(x->connection, MHD_CONNECTION_OPTION_TIMEOUT,
                                    idle_s == 0 ? (unsigned)SERVER_STREAM_IDLE_S : idle_s);
    struct MHD_Response *response =
        MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, BLOCK_SIZE, read_source, x, NULL);
    return server_queue(x, answer, response);
}

static void take_body(struct exchange *x, const char *data, size_t *size)
{
    if (x->body.size + *size > SERVER_BODY_MOST) {
        x->is_too_large =
            true; /* an answer cannot be queued before the end; the time limit ends it */
    } else {
        buffer_raw(&x->body, data, *size);
    }
    *size = 0;
}

/* What was not known when the handler returned, if it is by now. */
static enum MHD_Result send_when_ready(struct exchange *x)
{
    struct server_answer answer = {.status = 200, .file = -1};
    if (x->is_gone) {
        return MHD_NO;
    }
    switch (x->source.ready(x->source.context, &answer)) {
    case SERVER_LATER:
        suspend(x);
        return MHD_YES;
    case SERVER_STREAM:
        return send_stream(x, &answer);
    case SERVER_WHOLE:
        break;
    }
    return server_send(x, &answer);
}

static enum MHD_Result handle(struct exchange *x)
{
    if (x->is_too_large) {
        return server_send_refusal(x, 413, "the request is too large");
    }
    if (x->body.failed) {
        return MHD_NO;
    }
    struct server_answer answer = {.status = 200, .file = -1};
    struct server_request request = {.exchange = x,
                                     .right = x->right,
                                     .path = x->route->path,
                                     .name = x->name,
                                     .body = bytes_of(x->body.data, x->body.size)};
    x->is_handled = true;
    x->route->handle(x->context, &request, &answer);
    if (answer.source.close == NULL) {
        return server_send(x, &answer);
    }
    x->source = answer.source;
    answer.source = (struct server_source){.close = NULL};
    enum MHD_Result rc = x->source.ready == NULL ? send_stream(x, &answer) : send_when_ready(x);
    server_release_answer(&answer);
    return rc;
}

static struct exchange *exchange_of(struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    return info == NULL ? NULL : info->socket_context;
}

/* libmicrohttpd calls it at the end of the header, for pieces of the body, and at its end.
 * NOLINTNEXTLINE(readability-function-size): its parameters are the library's */
static enum MHD_Result hear(void *context, struct MHD_Connection *connection, const char *path,
                            const char *method, const char *version, const char *data,
                            size_t *size, void **of_request)
{
    (void)context;
    (void)version;
    (void)of_request;
    struct exchange *x = exchange_of(connection);
    if (x == NULL) {
        return MHD_NO;
    }
    if (x->route == NULL) {
        return server_let_in(x, path, method);
    }
    if (*size > 0) {
        take_body(x, data, size);
        return MHD_YES;
    }
    return x->is_answered ? MHD_YES : x->is_handled ? send_when_ready(x) : handle(x);
}

/* ---- connections ---- */

static void release_exchange(struct exchange *x)
{
    struct exchange **at = &x->server->first;
    while (*at != x) {
        at = &(*at)->next;
    }
    *at = x->next;
    if (x->source.close != NULL) {
        x->source.close(x->source.context);
    }
    buffer_release(&x->body);
    free(x);
}

static void note_connection(void *context, struct MHD_Connection *connection,
                            void **socket_context, enum MHD_ConnectionNotificationCode what)
{
    struct server *s = context;
    if (what == MHD_CONNECTION_NOTIFY_CLOSED) {
        if (*socket_context != NULL) {
            release_exchange(*socket_context);
        }
        return;
    }
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    struct exchange *x = calloc(1, sizeof *x);
    if (x != NULL) {
        *x = (struct exchange){.server = s,
                               .next = s->first,
                               .connection = connection,
                               .socket = info->connect_fd,
                               .since_ms = clock_now_ms()};
        s->first = x;
    }
    *socket_context = x; /* NULL: hear refuses it */
}

/* A request that drips in is not waited for: its socket is shut, which the daemon then sees. */
static void drop_dawdlers(const struct server *s)
{
    uint64_t now = clock_now_ms();
    uint64_t limit_ms = s->options.request_ms == 0 ? SERVER_REQUEST_MS : s->options.request_ms;
    for (struct exchange *x = s->first; x != NULL; x = x->next) {
        if (!x->is_handled && now - x->since_ms > limit_ms) {
            (void)shutdown(x->socket, SHUT_RDWR);
        }
    }
}

/* ---- the server ---- */

static int start_daemon(struct server *s, struct error *err)
{
    s->daemon = MHD_start_daemon(
        MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ITC, 0, NULL, NULL, hear, s,
        MHD_OPTION_LISTEN_SOCKET, s->listener, MHD_OPTION_CONNECTION_LIMIT,
        (unsigned)SERVER_CONNECTIONS, MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)IDLE_S,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)MEMORY_SIZE, MHD_OPTION_NOTIFY_CONNECTION,
        note_connection, s, MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_END);
    if (s->daemon == NULL) {
        return error_set(err, ERROR_SYSTEM, "%s: no HTTP server can be started", s->address);
    }
    s->listener = -1;
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(s->daemon, MHD_DAEMON_INFO_EPOLL_FD);
    struct epoll_event event = {.events = EPOLLIN};
    if (info == NULL || epoll_ctl(s->epoll, EPOLL_CTL_ADD, info->epoll_fd, &event) != 0) {
        return error_set(err, ERROR_SYSTEM, "%s: no descriptor to wait for", s->address);
    }
    return 0;
}

struct server *server_open(const struct server_options *options, struct error *err)
{
    struct server *s = calloc(1, sizeof *s);
    if (s == NULL) {
        (void)error_no_memory(err, "an HTTP server");
        return NULL;
    }
    s->options = *options;
    s->listener = -1;
    s->epoll = epoll_create1(EPOLL_CLOEXEC);
    gate_init(&s->gate, options->view_token, options->control_token);
    gate_set_metrics(&s->gate, options->metrics_token, options->has_open_metrics);
    if (s->epoll < 0) {
        (void)error_set(err, ERROR_SYSTEM, "epoll: %s", strerrordesc_np(errno));
        goto fail;
    }
    s->listener = listen_at(options->listen, s->address, err);
    if (s->listener < 0) {
        goto fail;
    }
    if (options->for_browsers) {
        gate_serve_browsers(&s->gate, s->address);
    }
    if (start_daemon(s, err) != 0) {
        goto fail;
    }
    return s;
fail:
    server_close(s);
    return NULL;
}

void server_close(struct server *s)
{
    if (s == NULL) {
        return;
    }
    for (struct exchange *x = s->first; x != NULL; x = x->next) {
        x->is_gone = true;
        if (x->is_suspended) {
            resume(x);
        }
    }
    if (s->daemon != NULL) {
        MHD_stop_daemon(s->daemon); /* releases every exchange */
    }
    if (s->listener >= 0) {
        (void)close(s->listener);
    }
    if (s->epoll >= 0) {
        (void)close(s->epoll);
    }
    free(s);
}

void server_write_link(const struct server *s, struct buffer *out)
{
    buffer_printf(out, "http://%s/?token=%s", s->address, s->gate.link);
}

const char *server_address(const struct server *s)
{
    return s->address;
}

int server_fd(const struct server *s)
{
    return s->epoll;
}

int server_timeout_ms(const struct server *s)
{
    MHD_UNSIGNED_LONG_LONG timeout = 0;
    if (s->is_woken) {
        return 0;
    }
    if (s->first == NULL) {
        return -1;
    }
    return MHD_get_timeout(s->daemon, &timeout) == MHD_YES && timeout < 1000 ? (int)timeout
                                                                             : 1000;
}

/* Of something that a suspended exchange waits for; or the daemon's, which has no exchange. */
static void take_event(const struct epoll_event *event)
{
    struct exchange *x = event->data.ptr;
    if (x != NULL && x->is_suspended) { /* not yet resumed by another event of this turn */
        x->is_gone = (event->events & EPOLLRDHUP) != 0;
        resume(x);
    }
}

void server_turn(struct server *s)
{
    struct epoll_event event[EVENTS];
    int n = epoll_wait(s->epoll, event, EVENTS, 0);
    for (int i = 0; i < n; i++) {
        take_event(&event[i]);
    }
    for (struct exchange *x = s->is_woken ? s->first : NULL; x != NULL; x = x->next) {
        if (x->is_suspended && x->source.wait_for == NULL) {
            resume(x);
        }
    }
    s->is_woken = false;
    drop_dawdlers(s);
    (void)MHD_run(s->daemon);
}

void server_wake(struct server *s)
{
    s->is_woken = true;
}
