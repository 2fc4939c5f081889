/* SPDX-License-Identifier: Apache-2.0 */
/* history.h - what the times in a ledger's events tell: how fast the run goes, for how long it has
 * been worked on, what was tried again, and since when each shard is under way.
 *
 * A fold of the events, in their order; it reads only those that are new. */
#ifndef SCHEDULER_HISTORY_H
#define SCHEDULER_HISTORY_H

#include <stddef.h>
#include <stdint.h>

#include "scheduler/run.h"

enum { HISTORY_SECONDS = 64 };

/* What was accepted in one second. */
struct history_second {
    int64_t second; /* since 1970; 0: nothing */
    uint64_t n_events;
    uint64_t n_shards;
};

/* Zeroed at first; history_release is safe then. */
struct history {
    uint64_t seen; /* highest event folded */
    int64_t first_ms;
    int64_t last_ms;
    uint64_t session;   /* the scheduler's start to which the latest lease belongs */
    int64_t session_ms; /* its first event */
    int64_t earlier_ms; /* how long those before it worked, together */
    uint64_t n_events;  /* accepted, in all of them; twice where a partial was dropped */
    uint64_t n_retries; /* attempts that ended badly or without an answer */
    uint64_t n_bad;     /* and those that no other mends, and results that differed */
    struct history_second second[HISTORY_SECONDS]; /* a ring, by second */
    size_t n_shards;
    int64_t *leased_ms; /* [n_shards] in the run's order: its latest lease; 0: none */
};

/* Folds what is new, up to what r has seen. */
int history_update(struct history *h, const struct run *r, struct error *err);
void history_release(struct history *h);

/* How long the run has been worked on, in all sessions, at this moment (since 1970). */
int64_t history_worked_ms(const struct history *h, int64_t now_ms);

/* Sums of the whole seconds [now - seconds, now) of this session; *covered_s is how many of them there
 * are. */
struct history_second history_recent(const struct history *h, int64_t now_ms, int64_t seconds,
                                     int64_t *covered_s);

#endif
