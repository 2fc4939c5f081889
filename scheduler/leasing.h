/* SPDX-License-Identifier: Apache-2.0 */
/* leasing.h - which job is next, and what its lease says. */
#ifndef SCHEDULER_LEASING_H
#define SCHEDULER_LEASING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/digest.h"
#include "scheduler/run.h"
#include "worker/message.h"

struct leasing {
    struct run *run;
    uint8_t key[DIGEST_KEY_SIZE];
    enum lease_kind kind; /* of the jobs that are queued */
    size_t head;          /* a ring: next to take */
    size_t n;
    size_t room;
    size_t *index; /* [room] in run.file or run.shard */
};

void leasing_init(struct leasing *l, struct run *run, const uint8_t key[DIGEST_KEY_SIZE]);
void leasing_release(struct leasing *l);

/* Queues all jobs of that kind that are open, all samples side by side or, with a seed, shuffled.
 * Leases that an earlier session left open are given out anew. */
int leasing_queue(struct leasing *l, enum lease_kind kind, uint64_t shuffle, struct error *err);

/* Takes the next job that still waits; false if there is none. */
bool leasing_next(struct leasing *l, enum lease_kind kind, size_t *index);

/* Puts a job that waits again at the end; others are left alone. */
void leasing_return(struct leasing *l, enum lease_kind kind, size_t index);
void leasing_return_subject(struct leasing *l, const struct lease_id *id);

/* Fills in a lease, under a new epoch, sealed. Its texts are borrowed from the run. */
void leasing_describe(const struct leasing *l, enum lease_kind kind, size_t index,
                      struct message_lease *lease);

/* The proof that this lease was given out by who holds the key. */
void leasing_seal(const struct leasing *l, const struct lease_id *id,
                  uint8_t seal[DIGEST_XXH128_SIZE]);

#endif
