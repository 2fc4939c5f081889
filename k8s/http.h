/* SPDX-License-Identifier: Apache-2.0 */
/* http.h - the one door to libcurl: HTTP requests that do not wait, over connections that are
 * kept.
 *
 * Only https and http; no redirect is followed, no .netrc and no cookie is read. A proxy is used
 * where a request names one, else where the environment does (https_proxy, no_proxy), and never
 * for a server on loopback. HTTP/1.1: a watch that stalls then holds up nothing else. */
#ifndef K8S_HTTP_H
#define K8S_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/error.h"

struct http;
struct http_transfer;

/* As whom, and whom to believe. */
struct http_tls {
    struct bytes authority;   /* PEM, the only ones believed; empty: the system's */
    struct bytes certificate; /* PEM, the client's; empty: none */
    struct bytes key;         /* PEM, of certificate */
    const char *server_name; /* what the server's certificate must name; NULL: the URL's host */
    bool insecure;           /* any certificate will do */
};

struct http_answer {
    int status;                /* 0: none came */
    const struct buffer *body; /* what take did not get */
    char content_type[80];
    uint32_t retry_after_s; /* 0: not said */
    bool sent;              /* something went to the server, so it may have acted */
    struct error error;     /* ERROR_NONE where an answer came whole, of any status */
};

/* What it points to is borrowed until done is called, or the transfer is stopped; the headers and
 * tls only until http_start returns. */
struct http_request {
    const char *method;
    const char *url;
    const char *proxy; /* URL, or NULL */
    const struct http_tls *tls;
    const char *const *header; /* "Name: value"; NULL ends them */
    struct bytes body;
    bool has_body;
    uint32_t timeout_ms; /* over all */
    size_t size_limit;   /* of the answer: more is ERROR_PEER; 0: none, for those who take */

    /* The bytes of a status of 2xx as they come; first with size 0, when the status is known. False
     * ends it: done is called, without an error. NULL: they are collected. */
    bool (*take)(void *context, const void *data, size_t size);
    void (*done)(void *context, const struct http_answer *answer);
    void *context;
};

struct http *http_open(struct error *err);

/* Stops all that is under way. NULL is allowed. */
void http_close(struct http *h);

/* Returns the transfer, for http_stop; it is gone once done was called. Callbacks come from
 * http_turn only, and may start and stop transfers, but not turn or close. */
struct http_transfer *http_start(struct http *h, const struct http_request *request,
                                 struct error *err);

/* No callback comes any more. */
void http_stop(struct http_transfer *t);

int http_turn(struct http *h, struct error *err);

/* Waits at most so long until there is something to do for http_turn, or one of the n descriptors
 * (at most HTTP_FDS) can be read. */
enum { HTTP_FDS = 4 };
int http_wait(struct http *h, const int *fd, size_t n, uint32_t timeout_ms, struct error *err);

/* What is taken to be a URL of a server: http or https, a host, no user, no query. */
int http_check_server(const char *url, struct error *err);

#endif
