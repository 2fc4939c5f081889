/* SPDX-License-Identifier: Apache-2.0 */
/* job.h - the life of one shard (or of one file's inspection): a fold of its recorded events.
 *
 * Pure: no clock, no database. What the table in job.c does not list may not happen. */
#ifndef SCHEDULER_JOB_H
#define SCHEDULER_JOB_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

enum job_state {
    JOB_NONE, /* no job */
    JOB_WAITING,
    JOB_RUNNING, /* leased */
    JOB_DONE,
    JOB_FAILED, /* needs a person: bad input, or it broke too many workers */
    JOB_STATES
};

enum job_event {
    JOB_LEASED = 1,
    JOB_ACCEPTED,
    JOB_LOST,     /* its lease ended without an answer: the worker is gone or silent */
    JOB_BROKE,    /* an attempt ended badly, yet another may do better */
    JOB_REJECTED, /* an attempt ended in a way that no other can mend */
    JOB_RERUN,    /* a person asked for it again */
    JOB_DROPPED,  /* its partial is void: the file behind it was replaced */
    JOB_CONFLICT, /* a second result differs from the accepted one */
    JOB_EVENTS
};

/* Attempts before a job fails. One that broke its compute program is soon suspect; a worker that
 * vanished was mostly killed by others, and a bound is only there so that nothing goes on for
 * ever. */
enum { JOB_BROKEN_MAX = 3, JOB_LOST_MAX = 12 };

struct job {
    enum job_state state;
    uint32_t n_broken; /* attempts since it was planned or last asked for again */
    uint32_t n_lost;
    uint32_t n_leases; /* all of them */
    bool conflict;     /* results differed: the analysis is not deterministic */
    uint64_t epoch;    /* of the latest lease */
};

/* The state after the event; where no more attempts are left JOB_BROKE and JOB_LOST end in
 * JOB_FAILED. False, and nothing changed, if the event may not happen in this state. */
bool job_apply(struct job *job, enum job_event event, uint64_t epoch);

const char *job_state_name(enum job_state state);
const char *job_event_name(enum job_event event);

#endif
