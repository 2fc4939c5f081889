/* SPDX-License-Identifier: Apache-2.0 */
/* metrics.h - a run as text for Prometheus (exposition format 0.0.4).
 *
 * What the ledger tells (shards, events, luminosity) is of the sequence number that stands beside it,
 * and the same as `picobarn status -o json` has at that number. What the scheduler tells of itself
 * and its workers is there only while one works. Counters of a scheduler begin anew with it. */
#ifndef SCHEDULER_METRICS_H
#define SCHEDULER_METRICS_H

#include <stdint.h>

#include "base/bytes.h"
#include "scheduler/live.h"
#include "scheduler/look.h"
#include "scheduler/server.h"

/* What is told of the run besides its ledger and its scheduler. */
struct metrics_place {
    const char *run; /* its name: the label `run` of every line; UTF-8 */
    int64_t now_ms;  /* since 1970 */
    bool has_scheduler;
    uint64_t free_bytes; /* of the run folder's file system, for those who are not root */
    uint64_t size_bytes;
};

/* Appends all of it. live: NULL where no scheduler tells anything. */
void metrics_write(const struct look *look, const struct live *live,
                   const struct metrics_place *place, struct buffer *out);

/* The answer to GET /metrics about the run as it was last looked at. name: as the run is called, or
 * NULL: as its folder is. look->run NULL: there is nothing yet, and nothing is told. */
void metrics_answer(const struct look *look, const char *name, struct server_answer *answer);

#endif
