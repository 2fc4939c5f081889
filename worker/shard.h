/* SPDX-License-Identifier: Apache-2.0 */
/* shard.h - one shard: rows of a file through an analysis into a partial, with OpenMP: each thread
 * reads, decodes and computes a stretch of its own.
 *
 * The partial has the same bytes for any number of threads: counts are integers and sums exact. */
#ifndef WORKER_SHARD_H
#define WORKER_SHARD_H

#include <stddef.h>
#include <stdint.h>

#include "analysis/partial.h"
#include "base/error.h"
#include "worker/lane.h"
#include "worker/reader.h"

enum { SHARD_THREADS_MAX = 1024 };

/* Where objects need not be counted from row 0 on: the objects before some rows, which rise; the
 * first is not behind the shard's first. All borrowed. Zeroed there are none. */
struct shard_starts {
    size_t n;
    size_t n_counters;
    const uint64_t *row;     /* [n] */
    const uint64_t *objects; /* [n * n_counters], in the order of reader_counter */
};

struct shard_task {
    const char *path;
    struct reader_request request;
    uint64_t first; /* rows [first, stop) */
    uint64_t stop;
    struct shard_starts starts;
    uint32_t channels;                      /* bits: those that are filled */
    size_t n_threads;                       /* 1 to SHARD_THREADS_MAX */
    const struct reader_identity *expected; /* what inspection found, or NULL */
};

/* Lets the OpenMP runtime set itself up, for which some want shared memory, and malloc keep what one
 * file needed for the next: to be called once, before sandbox_enter. Starts no thread. */
void shard_prepare(void);

/* Fills *out, which the caller releases. *reader is NULL, or open from an earlier shard of the
 * same path and request: a file is opened once for many shards. It stays open for the next one
 * (the caller closes it); after a failure it is closed and NULL. progress is called on the caller's
 * thread after each of its own blocks, with the rows that all threads have done; it may be NULL.
 *
 * Fails as the reader does, also (ERROR_INPUT) if the file is not the expected one, changed
 * meanwhile, or has other objects before a row than a start says, and (ERROR_SYSTEM) if go_on
 * said so; *out is then untouched. */
int shard_run(const struct shard_task *task, struct reader **reader,
              const struct reader_progress *progress, struct partial *out, struct error *err);

#endif
