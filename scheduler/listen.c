/* SPDX-License-Identifier: Apache-2.0 */
/* listen.c - see listen.h */
#include "scheduler/listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BACKLOG = 64 };

/* getaddrinfo takes 99999, and cuts it. */
static bool is_port(const char *text)
{
    size_t n = strspn(text, "0123456789");
    return n > 0 && n <= 5 && text[n] == '\0' && strtoul(text, NULL, 10) <= UINT16_MAX;
}

/* Into *address; the port is what stands behind the last colon. */
static int resolve(const char *text, struct sockaddr_storage *address, socklen_t *size,
                   struct error *err)
{
    char host[LISTEN_ADDRESS_SIZE];
    const char *colon = strrchr(text, ':');
    size_t length = colon == NULL ? sizeof host : (size_t)(colon - text);
    struct addrinfo *found = NULL;
    if (length < sizeof host && is_port(colon + 1)) {
        bool is_bracketed = length >= 2 && text[0] == '[' && text[length - 1] == ']';
        (void)snprintf(host, sizeof host, "%.*s", (int)(length - (is_bracketed ? 2 : 0)),
                       text + (is_bracketed ? 1 : 0));
        struct addrinfo hints = {.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE,
                                 .ai_socktype = SOCK_STREAM};
        if (getaddrinfo(host, colon + 1, &hints, &found) != 0) {
            found = NULL;
        }
    }
    if (found == NULL) {
        return error_set(err, ERROR_INPUT,
                         "%.100s: say an address and a port in numbers, as 127.0.0.1:8080",
                         text);
    }
    memcpy(address, found->ai_addr, found->ai_addrlen);
    *size = found->ai_addrlen;
    freeaddrinfo(found);
    return 0;
}

int listen_check(const char *text, bool *is_loopback, struct error *err)
{
    struct sockaddr_storage address = {.ss_family = AF_UNSPEC};
    socklen_t size = 0;
    if (resolve(text, &address, &size, err) != 0) {
        return -1;
    }
    if (address.ss_family == AF_INET) {
        struct sockaddr_in four;
        memcpy(&four, &address, sizeof four);
        *is_loopback = ntohl(four.sin_addr.s_addr) >> 24 == 127;
    } else {
        struct sockaddr_in6 six;
        memcpy(&six, &address, sizeof six);
        *is_loopback = IN6_IS_ADDR_LOOPBACK(&six.sin6_addr);
    }
    return 0;
}

static int describe(int fd, char out[LISTEN_ADDRESS_SIZE], struct error *err)
{
    struct sockaddr_storage address = {.ss_family = AF_UNSPEC};
    socklen_t size = sizeof address;
    char host[48];
    char port[8];
    if (getsockname(fd, (struct sockaddr *)&address, &size) != 0 ||
        getnameinfo((struct sockaddr *)&address, size, host, sizeof host, port, sizeof port,
                    NI_NUMERICHOST | NI_NUMERICSERV) != 0) {
        return error_set(err, ERROR_SYSTEM, "the address of a socket is unknown");
    }
    bool is_six = address.ss_family == AF_INET6;
    (void)snprintf(out, LISTEN_ADDRESS_SIZE, "%s%s%s:%s", is_six ? "[" : "", host,
                   is_six ? "]" : "", port);
    return 0;
}

int listen_at(const char *text, char address[LISTEN_ADDRESS_SIZE], struct error *err)
{
    struct sockaddr_storage where = {.ss_family = AF_UNSPEC};
    socklen_t size = 0;
    if (resolve(text, &where, &size, err) != 0) {
        return -1;
    }
    int on = 1;
    int fd = socket(where.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
        bind(fd, (struct sockaddr *)&where, size) != 0 || listen(fd, BACKLOG) != 0) {
        (void)error_set(err, ERROR_SYSTEM, "%s: %s", text, strerrordesc_np(errno));
    } else if (describe(fd, address, err) == 0) {
        return fd;
    }
    if (fd >= 0) {
        (void)close(fd);
    }
    return -1;
}
