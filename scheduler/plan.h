/* SPDX-License-Identifier: Apache-2.0 */
/* plan.h - one file's rows split into shards; pure arithmetic. */
#ifndef SCHEDULER_PLAN_H
#define SCHEDULER_PLAN_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/* The stops of the shards of a file: shard k is rows [stop[k - 1], stop[k]), the first from 0.
 *
 * n = round(rows / target), at least 1, shards of even size, so that no crumb is left; then each
 * stop moves to the nearest chunk boundary if one lies within a quarter of a shard. A file
 * without rows is one empty shard, so that it is seen to have been processed.
 * boundary[n_boundaries] rising. *stop is the caller's to free. */
int plan_split(uint64_t rows, uint64_t target, const uint64_t *boundary, size_t n_boundaries,
               uint64_t **stop, size_t *n_shards, struct error *err);

#endif
