/* SPDX-License-Identifier: Apache-2.0 */
/* http_client.h - a client of a struct server in the same thread: what is sent is answered while the
 * server's turns are taken. */
#ifndef TESTS_SUPPORT_HTTP_CLIENT_H
#define TESTS_SUPPORT_HTTP_CLIENT_H

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/clock.h"
#include "scheduler/server.h"
#include "tests/support/check.h"

enum { HTTP_PATIENCE_MS = 20000 };

/* A connection to the server's address, which does not block. */
static inline int http_connect(const struct server *s)
{
    const char *port = strrchr(server_address(s), ':') + 1;
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)strtoul(port, NULL, 10)),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
    return fd;
}

/* One turn of the server's loop, which waits for the client's socket too. */
static inline void http_turn(struct server *s, int fd, short events)
{
    struct pollfd fds[] = {{.fd = server_fd(s), .events = POLLIN},
                           {.fd = fd, .events = events}};
    int timeout = server_timeout_ms(s);
    (void)poll(fds, 2, timeout < 0 || timeout > 100 ? 100 : timeout);
    server_turn(s);
}

static inline void http_send(struct server *s, int fd, const void *data, size_t size)
{
    const char *at = data;
    uint64_t until_ms = clock_now_ms() + HTTP_PATIENCE_MS;
    while (size > 0) {
        ssize_t n = send(fd, at, size, MSG_NOSIGNAL);
        if (n < 0 && errno != EAGAIN) {
            return; /* the server closed it: what it said is read next */
        }
        at += n > 0 ? n : 0;
        size -= n > 0 ? (size_t)n : 0;
        http_turn(s, fd, POLLOUT);
        assert_true(clock_now_ms() < until_ms);
    }
}

/* All that comes until the server closes the connection; then the socket is closed here. */
static inline void http_receive(struct server *s, int fd, struct buffer *out)
{
    char chunk[4096];
    uint64_t until_ms = clock_now_ms() + HTTP_PATIENCE_MS;
    for (;;) {
        ssize_t n = recv(fd, chunk, sizeof chunk, 0);
        if (n > 0) {
            buffer_raw(out, chunk, (size_t)n);
        } else if (n == 0 || errno != EAGAIN) {
            break;
        } else {
            http_turn(s, fd, POLLIN);
        }
        assert_true(clock_now_ms() < until_ms);
    }
    (void)close(fd);
}

/* Sends a request as it stands; its status, 0 if there was no answer, and the whole text. */
static inline unsigned http_ask(struct server *s, const char *request, struct buffer *out)
{
    int fd = http_connect(s);
    buffer_clear(out);
    http_send(s, fd, request, strlen(request));
    http_receive(s, fd, out);
    const char *text = buffer_string(out);
    static const char begin[] = "HTTP/1.1 ";
    bool is_answer = text != NULL && strncmp(text, begin, sizeof begin - 1) == 0;
    return is_answer ? (unsigned)strtoul(text + sizeof begin - 1, NULL, 10) : 0;
}

#endif
