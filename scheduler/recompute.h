/* SPDX-License-Identifier: Apache-2.0 */
/* recompute.h - a shard that is done computed once more, by the worker program on its own, to be
 * compared with what the ledger holds. */
#ifndef SCHEDULER_RECOMPUTE_H
#define SCHEDULER_RECOMPUTE_H

#include "base/digest.h"
#include "base/error.h"
#include "scheduler/run.h"
#include "scheduler/worker_program.h"

struct recompute {
    const struct run *run;
    size_t n_threads;
    int order; /* file descriptor that shares the order, or -1 */
    char order_path[WORKER_PROGRAM_PATH_SIZE];
};

/* Keeps the run. recompute_close is safe after a failed open. */
int recompute_open(struct recompute *rc, const struct run *r, size_t n_threads,
                   struct error *err);
void recompute_close(struct recompute *rc);

/* XXH3-128 of the partial that the shard's rows give now. ERROR_INPUT with the worker's own words
 * if they give none. */
int recompute_shard(const struct recompute *rc, const struct run_shard *s,
                    uint8_t digest[DIGEST_XXH128_SIZE], struct error *err);

/* Is what the ledger holds what the rows give now? 1 if so, 0 with the reason in why[size] if not,
 * -1 if it could not be found out. */
int recompute_compare(const struct recompute *rc, const struct run_shard *s, char *why,
                      size_t size, struct error *err);

#endif
