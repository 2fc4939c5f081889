/* SPDX-License-Identifier: Apache-2.0 */
/* crew.h - the workers that are connected: who they are, what they hold, when they last spoke.
 * Memory only; what must last is in the ledger. */
#ifndef SCHEDULER_CREW_H
#define SCHEDULER_CREW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "worker/message.h"
#include "worker/wire.h"

struct grant {
    struct lease_id id;
    size_t index;    /* in the run's files or shards */
    uint64_t events; /* done, as the worker last said */
    uint64_t given_ms;
    uint64_t named_ms; /* when it last said so, or was given it */
};

struct member {
    struct wire_peer peer;
    struct message_hello hello;
    uint64_t joined_ms;
    uint64_t heard_ms;
    uint64_t said_ms;
    uint64_t parting_ms; /* since it goes, and the launcher is asked why; 0: it stays */
    const char *parting; /* what is said of it when nothing better is known; borrowed */
    uint32_t n_wanted;   /* leases it would take */
    uint64_t n_shards;   /* results that it brought, with their events and processor time */
    uint64_t n_events;
    uint64_t cpu_us;
    uint64_t n_failures; /* answers that were none */
    size_t n_grants;
    struct grant grant[MESSAGE_LEASES_MAX];
};

struct crew {
    size_t n;
    struct member **member;
};

void crew_release(struct crew *c);

struct member *crew_find(const struct crew *c, const struct wire_peer *peer);

/* NULL if nobody has that name. */
struct member *crew_find_name(const struct crew *c, const char *worker);

/* The member for a HELLO: a new one, or, as the same process (name, host and id) on a new
 * connection, the one that it was, with what it holds. NULL without memory. */
struct member *crew_admit(struct crew *c, const struct wire_peer *peer,
                          const struct message_hello *hello);
void crew_dismiss(struct crew *c, struct member *m);

/* The grant of that epoch, or NULL. */
struct grant *crew_find_grant(struct member *m, uint64_t epoch);
void crew_drop_grant(struct member *m, struct grant *g);

#endif
