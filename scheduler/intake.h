/* SPDX-License-Identifier: Apache-2.0 */
/* intake.h - what arrived and has to last: events and results, gathered and committed to the
 * ledger in one transaction, acknowledged by the caller only after it.
 *
 * The run's state in memory is the ledger's plus what is gathered here: events are applied at
 * once, results when they are committed. */
#ifndef SCHEDULER_INTAKE_H
#define SCHEDULER_INTAKE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "analysis/partial.h"
#include "base/bytes.h"
#include "base/error.h"
#include "scheduler/run.h"
#include "worker/message.h"
#include "worker/wire.h"

/* One thing to write, and to acknowledge if it is an answer. */
struct arrival {
    bool is_result;        /* else an event */
    bool is_refused;       /* a result that was none: what was made of it is an event */
    bool answers;          /* somebody waits for its acknowledgement */
    struct wire_peer peer; /* who */
    struct lease_id id;
    enum job_event what; /* an event, or what a result became */
    char worker[MESSAGE_NAME_SIZE];
    enum error_kind error;
    int32_t signal;
    char *text;            /* reason, or NULL */
    char *log;             /* or NULL */
    struct buffer payload; /* a result's */
    uint8_t digest[DIGEST_XXH128_SIZE];
    uint64_t cpu_us;
    json_t *inspection;       /* a payload that was an inspection */
    enum ack_verdict verdict; /* after intake_commit */
};

struct intake {
    struct run *run;
    struct partial like[2]; /* what partials must be booked as: unweighted, weighted */
    size_t n;
    size_t n_answers;
    struct arrival *arrival;
};

int intake_init(struct intake *in, struct run *run, struct error *err);
void intake_release(struct intake *in);

/* Applies an event to the run and gathers it; false, with nothing gathered, if it may not happen
 * now. reason may be NULL, or a failure whose texts are copied. */
bool intake_event(struct intake *in, const struct lease_id *id, enum job_event what,
                  const char *worker, const struct message_failure *reason);

/* Gathers a failure (as JOB_REJECTED for bad input, else JOB_BROKE) or a result. One that is no
 * partial of this run, or no inspection, becomes a JOB_BROKE. */
int intake_failure(struct intake *in, const struct wire_peer *peer, const char *worker,
                   const struct message_failure *failure, struct error *err);
int intake_result(struct intake *in, const struct wire_peer *peer, const char *worker,
                  const struct message_result *result, struct error *err);

/* Commits all that was gathered; then each arrival has its verdict, and the run is up to date.
 * After a failure everything is still gathered, to be tried again. */
int intake_commit(struct intake *in, struct error *err);

/* Forgets what was committed. */
void intake_clear(struct intake *in);

#endif
