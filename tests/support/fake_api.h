/* SPDX-License-Identifier: Apache-2.0 */
/* fake_api.h - a server in a thread that answers HTTP requests as a script says, in the order in which
 * they come: for faults that no real API server can be asked for. Not a model of one. */
#ifndef TESTS_SUPPORT_FAKE_API_H
#define TESTS_SUPPORT_FAKE_API_H

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/file.h"
#include "k8s/k8s_client.h"
#include "tests/support/check.h"

enum { FAKE_REPLIES = 32, FAKE_CONNECTIONS = 16, FAKE_LINE = 700 };

/* What becomes of the connection after the reply. */
enum fake_then { FAKE_KEEP, FAKE_CLOSE, FAKE_RESET, FAKE_HANG };

struct fake_reply {
    int status;         /* 0: no reply at all */
    const char *header; /* "Retry-After: 1\r\n"; NULL: none */
    const char *body;
    enum fake_then then;
    bool stream;                   /* no Content-Length: the body ends with the connection */
    size_t promised;               /* more bytes than there are; 0: as many */
    const char *type;              /* NULL: application/json */
    void (*before)(void *context); /* called before it is sent; NULL */
    void *context;
};

/* A request that came. */
struct fake_request {
    char line[FAKE_LINE]; /* "GET /path HTTP/1.1" */
    char authorization[256];
    char *text; /* the whole */
    uint64_t at_ms;
};

struct fake_api {
    const struct fake_reply *reply;
    size_t n_replies;
    int listener;
    int stop[2];
    pthread_t thread;
    struct buffer in[FAKE_CONNECTIONS];
    struct pollfd poll[FAKE_CONNECTIONS + 2];
    size_t n_connections; /* that were ever made */
    _Atomic size_t n_requests;
    struct fake_request request[FAKE_REPLIES];
    char url[64];
};

static inline void fake_end(struct fake_api *f, size_t i, bool reset)
{
    const struct linger now = {.l_onoff = 1, .l_linger = 0};
    if (reset) {
        (void)setsockopt(f->poll[i].fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    }
    (void)close(f->poll[i].fd);
    f->poll[i].fd = -1;
    buffer_release(&f->in[i]);
}

static inline void fake_answer(struct fake_api *f, size_t i)
{
    static const struct fake_reply end = {.then = FAKE_HANG};
    size_t n = f->n_requests - 1;
    const struct fake_reply *r = n < f->n_replies ? &f->reply[n] : &end;
    if (r->before != NULL) {
        r->before(r->context);
    }
    if (r->status != 0) {
        const char *body = r->body == NULL ? "" : r->body;
        struct buffer out = {0};
        buffer_printf(&out, "HTTP/1.1 %d X\r\nContent-Type: %s\r\n%s", r->status,
                      r->type == NULL ? "application/json" : r->type,
                      r->header == NULL ? "" : r->header);
        if (!r->stream) {
            buffer_printf(&out, "Content-Length: %zu\r\n",
                          r->promised == 0 ? strlen(body) : r->promised);
        }
        buffer_printf(&out, "\r\n%s", body);
        (void)send(f->poll[i].fd, out.data, out.size, MSG_NOSIGNAL);
        buffer_release(&out);
    }
    if (r->then == FAKE_CLOSE || r->then == FAKE_RESET) {
        fake_end(f, i, r->then == FAKE_RESET);
    }
}

/* The bytes of a whole request at the buffer's beginning; 0: it is not whole yet. */
static inline size_t fake_request_size(struct buffer *in)
{
    const char *text = buffer_string(in);
    const char *end = strstr(text, "\r\n\r\n");
    if (end == NULL) {
        return 0;
    }
    const char *length = strcasestr(text, "Content-Length:");
    size_t body = length == NULL || length > end ? 0 : strtoul(length + 15, NULL, 10);
    size_t size = (size_t)(end - text) + 4 + body;
    return in->size >= size ? size : 0;
}

static inline void fake_take(struct fake_api *f, size_t i, size_t size)
{
    if (f->n_requests == FAKE_REPLIES) {
        return; /* the test will miss an answer */
    }
    struct fake_request *r = &f->request[f->n_requests];
    r->text = strndup((const char *)f->in[i].data, size);
    r->at_ms = clock_now_ms();
    (void)snprintf(r->line, sizeof r->line, "%.*s", (int)strcspn(r->text, "\r"), r->text);
    const char *authorization = strstr(r->text, "Authorization: ");
    if (authorization != NULL) {
        authorization += strlen("Authorization: ");
        (void)snprintf(r->authorization, sizeof r->authorization, "%.*s",
                       (int)strcspn(authorization, "\r"), authorization);
    }
    buffer_clear(&f->in[i]);
    f->n_requests++;
    fake_answer(f, i);
}

static inline void fake_hear(struct fake_api *f, size_t i)
{
    char chunk[4096];
    ssize_t n = recv(f->poll[i].fd, chunk, sizeof chunk, 0);
    if (n <= 0) {
        fake_end(f, i, false);
        return;
    }
    buffer_raw(&f->in[i], chunk, (size_t)n);
    size_t size = fake_request_size(&f->in[i]);
    if (size > 0) {
        fake_take(f, i, size);
    }
}

static inline void fake_hear_all(struct fake_api *f)
{
    for (size_t i = 0; i < FAKE_CONNECTIONS; i++) {
        if (f->poll[i].fd >= 0 && f->poll[i].revents != 0) {
            fake_hear(f, i);
        }
    }
}

static inline void fake_accept(struct fake_api *f)
{
    int fd = accept(f->listener, NULL, NULL);
    for (size_t i = 0; fd >= 0 && i < FAKE_CONNECTIONS; i++) {
        if (f->poll[i].fd < 0) {
            f->poll[i] = (struct pollfd){.fd = fd, .events = POLLIN};
            f->n_connections++;
            return;
        }
    }
    (void)close(fd);
}

static inline void *fake_run(void *context)
{
    struct fake_api *f = context;
    f->poll[FAKE_CONNECTIONS] = (struct pollfd){.fd = f->listener, .events = POLLIN};
    f->poll[FAKE_CONNECTIONS + 1] = (struct pollfd){.fd = f->stop[0], .events = POLLIN};
    while (f->poll[FAKE_CONNECTIONS + 1].revents == 0) {
        (void)poll(f->poll, FAKE_CONNECTIONS + 2, -1);
        fake_hear_all(f);
        if (f->poll[FAKE_CONNECTIONS].revents != 0) {
            fake_accept(f);
        }
    }
    for (size_t i = 0; i < FAKE_CONNECTIONS; i++) {
        if (f->poll[i].fd >= 0) {
            fake_end(f, i, false);
        }
    }
    return NULL;
}

/* Starts it; the replies are borrowed until fake_stop. Beyond the last one it hangs. */
static inline void fake_start(struct fake_api *f, const struct fake_reply *reply, size_t n)
{
    struct sockaddr_in at = {.sin_family = AF_INET};
    socklen_t size = sizeof at;
    *f = (struct fake_api){.reply = reply, .n_replies = n};
    for (size_t i = 0; i < FAKE_CONNECTIONS; i++) {
        f->poll[i].fd = -1;
    }
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    f->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(f->listener, (struct sockaddr *)&at, size), 0);
    assert_int_equal(listen(f->listener, 8), 0);
    assert_int_equal(getsockname(f->listener, (struct sockaddr *)&at, &size), 0);
    assert_int_equal(pipe2(f->stop, O_CLOEXEC), 0);
    (void)snprintf(f->url, sizeof f->url, "http://127.0.0.1:%u", (unsigned)ntohs(at.sin_port));
    assert_int_equal(pthread_create(&f->thread, NULL, fake_run, f), 0);
}

/* After this what it has seen may be looked at. */
static inline void fake_stop(struct fake_api *f)
{
    assert_int_equal(write(f->stop[1], "x", 1), 1);
    assert_int_equal(pthread_join(f->thread, NULL), 0);
    (void)close(f->listener);
    (void)close(f->stop[0]);
    (void)close(f->stop[1]);
}

static inline void fake_release(struct fake_api *f)
{
    for (size_t i = 0; i < f->n_requests; i++) {
        free(f->request[i].text);
    }
}

/* A client of it; user is the kubeconfig's, as YAML in braces. Its waits are short. */
static inline struct k8s *fake_client(const struct fake_api *f, const char *folder,
                                      const char *user)
{
    struct error err = {0};
    struct buffer text = {0};
    buffer_printf(&text,
                  "apiVersion: v1\nkind: Config\ncurrent-context: x\n"
                  "clusters: [{name: c, cluster: {server: '%s'}}]\n"
                  "users: [{name: u, user: %s}]\n"
                  "contexts: [{name: x, context: {cluster: c, user: u, namespace: n}}]\n",
                  f->url, user);
    char *path = file_join(folder, "kubeconfig");
    check_ok(file_write(path, 0600, text.data, text.size, &err), &err);
    const struct k8s_options options = {.kubeconfig = path};
    struct k8s *k = k8s_open(&options, &err);
    check_ok(k == NULL ? -1 : 0, &err);
    if (k != NULL) {
        k->timing.retry_first_ms = 20;
        k->timing.watch_first_ms = 20;
        k->timing.watch_most_ms = 100;
    }
    free(path);
    buffer_release(&text);
    return k;
}

#endif
