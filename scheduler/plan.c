/* SPDX-License-Identifier: Apache-2.0 */
/* plan.c - see plan.h */
#include "scheduler/plan.h"

#include <stdbool.h>
#include <stdlib.h>

/* More shards than this of one file are a mistyped target, not a plan. */
enum { SHARDS_MAX = 1 << 24 };

/* rows / target, rounded half up, at least 1; without a sum that could wrap around. */
static uint64_t count_shards(uint64_t rows, uint64_t target)
{
    uint64_t n = rows / target;
    uint64_t rest = rows % target;
    n += rest >= target - rest ? 1 : 0;
    return n == 0 ? 1 : n;
}

static uint64_t distance(uint64_t a, uint64_t b)
{
    return a > b ? a - b : b - a;
}

/* The boundary closest to a row, the lower of two; the row itself if there is none. */
static uint64_t nearest_boundary(uint64_t row, const uint64_t *boundary, size_t n)
{
    size_t low = 0;
    size_t high = n; /* the first boundary that is not below the row */
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (boundary[middle] < row) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    uint64_t after = high < n ? boundary[high] : row;
    uint64_t before = high > 0 ? boundary[high - 1] : row;
    if (high == 0 || high == n) {
        return high == 0 ? after : before;
    }
    return distance(row, before) <= distance(row, after) ? before : after;
}

/* NOLINTNEXTLINE(readability-function-size): one parameter more than usual, see plan.h */
int plan_split(uint64_t rows, uint64_t target, const uint64_t *boundary, size_t n_boundaries,
               uint64_t **stop, size_t *n_shards, struct error *err)
{
    uint64_t n = count_shards(rows, target == 0 ? 1 : target);
    if (n > SHARDS_MAX) {
        return error_set(err, ERROR_INPUT,
                         "%llu shards of one file, more than %d: target_events is too small",
                         (unsigned long long)n, SHARDS_MAX);
    }
    uint64_t *stops = calloc((size_t)n, sizeof *stops);
    if (stops == NULL) {
        return error_no_memory(err, "a plan");
    }
    uint64_t size = rows / n;
    uint64_t rest = rows % n; /* so many shards, the first, have one row more */
    for (uint64_t k = 0; k < n; k++) {
        uint64_t even = (k + 1) * size + (k + 1 < rest ? k + 1 : rest);
        uint64_t near = nearest_boundary(even, boundary, n_boundaries);
        /* Two neighbours move by a quarter each at most: they stay in order. */
        bool move = k + 1 < n && distance(even, near) <= size / 4;
        stops[k] = move ? near : even;
    }
    *stop = stops;
    *n_shards = (size_t)n;
    return 0;
}
