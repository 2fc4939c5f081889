/* SPDX-License-Identifier: Apache-2.0 */
/* failure.h - what failed in a run and why, gathered from its ledger and grouped by cause. */
#ifndef SCHEDULER_FAILURE_H
#define SCHEDULER_FAILURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "scheduler/run.h"

/* One failed shard or inspection, with the last event that made it fail. */
struct failure {
    bool conflict; /* not failed: its shard was computed twice, with different results */
    enum lease_kind what;
    size_t index; /* in the run's shards or files */
    enum error_kind kind;
    int32_t signal;   /* that ended the compute program, or 0 */
    uint32_t n_tries; /* leases, all of them */
    char *reason;
    char *log; /* last lines of the program; "" for none */
    char *worker;
    char *cause; /* the reason without the file's name and without numbers */
};

/* Failures [first, stop) of one cause. */
struct failure_group {
    size_t first;
    size_t stop;
};

struct failures {
    size_t n;
    struct failure *failure; /* by conflict, what, cause; in it by index */
    size_t n_groups;
    struct failure_group *group; /* failures before conflicts, then the largest first */
};

/* failures_release is safe on a zeroed one. */
int failures_find(struct failures *f, const struct run *r, struct error *err);
void failures_release(struct failures *f);

/* The run's file of a failure. */
const struct run_file *failure_file(const struct run *r, const struct failure *failure);

/* The reason with the path, and each number that stands by itself, as "..." and "N": what
 * failures of one cause have in common. To be freed; NULL without memory. */
char *failure_cause(const char *reason, const char *path);

#endif
