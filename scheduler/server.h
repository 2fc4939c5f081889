/* SPDX-License-Identifier: Apache-2.0 */
/* server.h - a small HTTP/1.1 server: a table of routes, who may use them, and answers that are
 * whole, a file, or come piece by piece.
 *
 * It has no thread: all happens in server_turn, in the thread of the caller's loop, which waits for
 * server_fd among its other descriptors. So handlers share what they like with that loop, and
 * must not wait. Sockets never block: who reads slowly keeps nobody, and who takes nothing of a stream
 * for SERVER_STREAM_IDLE_S is dropped.
 *
 * What is not in the table is refused: 401 without a token, then 404, 405, 403. A body has at most
 * SERVER_BODY_MOST bytes. A connection carries one request, which must be there whole within
 * SERVER_REQUEST_MS, however slowly it drips; there are at most SERVER_CONNECTIONS. */
#ifndef SCHEDULER_SERVER_H
#define SCHEDULER_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/bytes.h"
#include "base/error.h"
#include "base/json.h"
#include "scheduler/server_gate.h"

enum { SERVER_CONNECTIONS = 256, SERVER_BODY_MOST = 64 << 10, SERVER_REQUEST_MS = 15000 };
enum { SERVER_STREAM_IDLE_S = 20 };
enum { SERVER_SOURCE_FDS = 3, SERVER_TABLES = 2 };

/* The header in which a client shows its token; "Authorization: Bearer TOKEN", which Prometheus
 * sends, is as good. */
#define SERVER_TOKEN_HEADER "X-Picobarn-Token"

/* The header that says of which moment of the run an answer tells: the ledger's sequence number. */
#define SERVER_SEQUENCE_HEADER "X-Picobarn-Sequence"

enum server_method { SERVER_GET, SERVER_POST };

/* Borrowed during the call. */
struct server_request {
    const struct exchange *exchange; /* the server's own */
    enum gate_right right;           /* of the token that was shown */
    const char *path;                /* of the route */
    const char *name; /* what stands behind a route that ends with '/' or '.', or "" */
    struct bytes body;
};

struct server_answer;

enum server_readiness { SERVER_LATER, SERVER_WHOLE, SERVER_STREAM };

/* An answer of unknown length, or one that is not known yet. */
struct server_source {
    /* Where status and type are not known when the handler returns: asked until it says
     * SERVER_WHOLE, and has filled the answer, or SERVER_STREAM: status and type are set, and read
     * gives the rest. After SERVER_LATER it is asked again as after "none yet". NULL: the handler
     * has set them. */
    enum server_readiness (*ready)(void *context, struct server_answer *answer);

    /* Puts at most size bytes there: how many, 0: none yet, -1: that was all, -2: it broke off. */
    ssize_t (*read)(void *context, void *out, size_t size);

    /* After "none yet": which descriptors become readable when there is more, -1 for none. NULL: the
     * caller's loop says so with server_wake. */
    void (*wait_for)(void *context, int fd[SERVER_SOURCE_FDS]);

    /* Called once: at the end, or when the client is gone. */
    void (*close)(void *context);
    void *context;
};

/* What a handler fills; zeroed before, but file (-1). The server takes ownership of all in it. */
struct server_answer {
    unsigned status;
    const char *type;  /* Content-Type; static */
    uint64_t sequence; /* of the ledger, of which it tells; 0: of none */
    struct buffer body;
    int file;                    /* of a regular file, in place of body */
    struct server_source source; /* with close set: in place of body */
};

/* NOLINTNEXTLINE(clang-analyzer-optin.performance.Padding): tables are read in this order */
struct server_route {
    enum server_method method;
    const char
        *path; /* "/api/v1/state"; one that ends with '/' or '.' takes a name behind it */
    enum gate_right right;
    void (*handle)(void *context, const struct server_request *request,
                   struct server_answer *answer);
};

/* The routes of one subject, ended by a row without path, and the context of their handlers. */
struct server_table {
    const struct server_route *routes; /* NULL: the table is empty */
    void *context;
};

struct server;

/* All borrowed until server_close. */
struct server_options {
    const char *listen; /* "127.0.0.1:8080", "[::1]:0": a port of 0 is any that is free */
    struct server_table table[SERVER_TABLES];
    const char *view_token;
    const char *control_token; /* NULL: nobody has that right */
    const char *metrics_token; /* good for metrics only; NULL: view's and control's are */
    bool has_open_metrics;     /* they need no token */
    unsigned request_ms;       /* how long a request may take to arrive; 0: SERVER_REQUEST_MS */
    unsigned stream_idle_s;    /* 0: SERVER_STREAM_IDLE_S */
    bool for_browsers;         /* server_link gives a cookie; Host and Origin are checked */
    void (*note_link)(void *context, const struct server *s); /* a link was used; or NULL */
    void *link_context;
};

/* Listens. Fails (ERROR_INPUT) for an address that is none, (ERROR_SYSTEM) if it is taken. */
struct server *server_open(const struct server_options *options, struct error *err);
void server_close(struct server *s); /* NULL is allowed */

/* Appends the link that lets one browser in, once: it gets the control token as a cookie, or the view
 * token where there is none. After that there is another link. */
void server_write_link(const struct server *s, struct buffer *out);

/* The value of an argument behind the path's '?', or NULL; borrowed during the call. */
const char *server_argument(const struct server_request *request, const char *name);

/* "127.0.0.1:8080" with the real port; borrowed. */
const char *server_address(const struct server *s);

/* Readable when server_turn has something to do. */
int server_fd(const struct server *s);

/* In how many milliseconds at most server_turn is to be called. */
int server_timeout_ms(const struct server *s);
void server_turn(struct server *s);

/* Sources without descriptors are to be asked again at the next turn. */
void server_wake(struct server *s);

/* What handlers answer with. The JSON is taken. */
void server_answer_json(struct server_answer *answer, unsigned status, json_t *value);

/* {"error": "..."} */
void server_refuse(struct server_answer *answer, unsigned status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* 400, 409 or 500 by the error's kind: what the request, or the moment, has to mend. */
void server_refuse_error(struct server_answer *answer, unsigned status_of_input,
                         const struct error *err);

#endif
