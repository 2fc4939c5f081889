/* SPDX-License-Identifier: Apache-2.0 */
/* session_state.h - private to session*.c: what a session holds, and what its two halves, the
 * conversation with the scheduler (session.c) and the care of the compute program
 * (session_compute.c), call of each other. */
#ifndef WORKER_SESSION_STATE_H
#define WORKER_SESSION_STATE_H

#include <stdbool.h>

#include "base/bytes.h"
#include "worker/child.h"
#include "worker/message.h"
#include "worker/session.h"
#include "worker/wire.h"

enum { LEASES_HELD_MAX = 32 }; /* with those whose answers are not acknowledged */

/* One lease from its coming until its acknowledgement. */
struct held {
    struct lease_id id;
    struct buffer lease;  /* the message, to be fed (again) */
    struct buffer answer; /* RESULT or FAILURE, empty until there is one */
    uint64_t sent_ms;     /* of the answer, last time */
    uint64_t events;      /* done so far */
    bool fed;
};

struct session {
    const struct session_options *options;
    struct message_hello hello;
    struct wire *wire;
    struct child child;
    int signals;
    size_t n_threads;
    struct buffer welcome; /* as it came, for each new compute program */
    uint32_t heartbeat_ms;
    uint32_t silence_ms;
    bool welcomed;     /* on this connection */
    uint32_t n_wanted; /* asked for and not yet come */
    uint64_t n_shards; /* that came, at most options->n_shards */
    size_t n_held;
    struct held held[LEASES_HELD_MAX];
    uint64_t heard_ms; /* from the scheduler */
    uint64_t said_ms;  /* to it */
    uint64_t moved_ms; /* the compute program last did something */
    int n_bad_starts;
    int end; /* a session_end, or -1 while it goes on */
    struct buffer out;
    struct buffer in;
};

/* Its whole answer is there. */
bool session_answered(const struct held *held);

/* False, and the session ends, if a message was kept only partly: it would be taken for another. */
bool session_is_whole(struct session *s, const struct buffer *kept);

/* Sends the answer that is kept, and notes when. */
void session_send_answer(struct session *s, struct held *held);

/* The lease of that epoch, or NULL. */
struct held *session_find_held(struct session *s, uint64_t epoch);

/* The lease that the compute program is at, or NULL. */
struct held *session_current(struct session *s);

/* Feeds what is not yet fed, starting the compute program where there is none. */
void session_feed_child(struct session *s);

/* What it said. Its death is the answer to the lease that it was at. */
void session_hear_child(struct session *s);

/* Ends it, if kill_first, and takes it as gone: the lease it was at failed with why (NULL: as it
 * ended), the others are fed to the next one. */
void session_bury_child(struct session *s, int kill_first, const char *why);

#endif
