/* SPDX-License-Identifier: Apache-2.0 */
/* server_state.h - private to server*.c: what the server and each of its connections hold, and what its
 * three parts call of each other: the loop (server.c), who is let in (server_admit.c), and how answers
 * are put (server_respond.c). */
#ifndef SCHEDULER_SERVER_STATE_H
#define SCHEDULER_SERVER_STATE_H

#include <microhttpd.h>
#include <stdint.h>

#include "scheduler/listen.h"
#include "scheduler/server.h"

/* Goes with a connection from its first byte to its last. */
struct exchange {
    struct server *server;
    struct exchange *next; /* of the server's list */
    struct MHD_Connection *connection;
    int socket;
    uint64_t since_ms;
    const struct server_route *route; /* NULL: no request was let in yet */
    void *context;                    /* of the route */
    const char *name;
    enum gate_right right; /* of the token that was shown */
    struct buffer body;
    bool is_handled; /* its handler was called */
    bool is_answered;
    bool is_too_large;
    bool is_gone;      /* its client hung up while it was suspended */
    bool is_suspended; /* until its source has more */
    struct server_source source;
    int waited[SERVER_SOURCE_FDS];
};

struct server {
    struct server_options options;
    struct gate gate;
    char address[LISTEN_ADDRESS_SIZE];
    int listener; /* -1: the daemon has it */
    int epoll;
    bool is_woken;
    struct MHD_Daemon *daemon;
    struct exchange *first;
};

/* Is this request let in? Sets route, context, name and right, or answers with the refusal. */
enum MHD_Result server_let_in(struct exchange *x, const char *path, const char *method);

/* Takes the response, adds what every answer says, and sends it. MHD_NO, without memory, makes the
 * daemon close the connection. */
enum MHD_Result server_queue(struct exchange *x, const struct server_answer *answer,
                             struct MHD_Response *response);

/* Sends what is whole, and releases it. */
enum MHD_Result server_send(struct exchange *x, struct server_answer *answer);
enum MHD_Result server_send_refusal(struct exchange *x, unsigned status, const char *why);

/* 405 says what is allowed instead: our routes have one method each. */
enum MHD_Result server_send_wrong_method(struct exchange *x, const struct server_route *route);

void server_release_answer(struct server_answer *answer);

#endif
