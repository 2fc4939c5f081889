/* SPDX-License-Identifier: Apache-2.0 */
/* fleet.c - see fleet.h */
#include "scheduler/fleet.h"

#include "base/size.h"

static uint64_t divide_up(uint64_t a, uint64_t b)
{
    return a / b + (a % b != 0);
}

uint32_t fleet_live(const struct fleet_job *job)
{
    uint64_t ended = (uint64_t)job->n_completed + job->n_failed + job->n_stuck;
    return job->is_over || job->is_leaving || ended >= job->n_indexes
               ? 0
               : job->n_indexes - (uint32_t)ended;
}

/* Shards that the live slots can still take. How far a slot is with its share is not known: a
 * further Job follows if that was too much. */
static uint64_t capacity(const struct fleet_job *job, size_t n)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < n; i++) {
        sum += fleet_live(&job[i]) * job[i].shards_per_index;
    }
    return sum;
}

static uint64_t count_live(const struct fleet_job *job, size_t n)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < n; i++) {
        sum += fleet_live(&job[i]);
    }
    return sum;
}

/* Slots for so many shards, and each one's share: as many slots as there may be pods, within the
 * bounds of a share. */
static void divide(uint64_t n_shards, uint64_t n_free, const struct fleet_need *need,
                   struct fleet_job *next)
{
    uint64_t share = need->shards_per_index;
    if (share == 0) {
        uint64_t few = divide_up(n_shards, FLEET_SHARDS_MOST);
        uint64_t many = divide_up(n_shards, FLEET_SHARDS_LEAST);
        uint64_t slots = size_max(few, size_min(many, n_free));
        share = divide_up(n_shards, size_max(slots, 1));
    }
    next->shards_per_index = share;
    next->n_indexes = (uint32_t)size_min(divide_up(n_shards, share), FLEET_INDEXES_MAX);
}

bool fleet_next(const struct fleet_job *job, size_t n, const struct fleet_need *need,
                struct fleet_job *next)
{
    uint64_t live = count_live(job, n);
    *next = (struct fleet_job){.number = 0};
    if (need->one_at_a_time && live > 0) {
        return false;
    }
    if (!need->is_planned && need->n_files > 0) {
        if (live > 0) {
            return false; /* inspections are not counted in a slot's share */
        }
        next->n_indexes =
            (uint32_t)size_min(size_min(need->n_files, need->max_pods), FLEET_INDEXES_MAX);
        next->shards_per_index =
            need->shards_per_index == 0 ? FLEET_SHARDS_MOST : need->shards_per_index;
    } else {
        uint64_t taken = capacity(job, n);
        if (taken >= need->n_shards || live >= need->max_pods) {
            return false; /* slots enough, or no pod could start now */
        }
        divide(need->n_shards - taken, need->max_pods - live, need, next);
    }
    next->parallelism = (uint32_t)size_min(next->n_indexes, need->max_pods - live);
    return true;
}

uint32_t fleet_parallelism(const struct fleet_job *job, size_t n, size_t i,
                           const struct fleet_need *need)
{
    uint64_t left = need->max_pods;
    for (size_t j = 0; j < n && j < i; j++) {
        left -= size_min(left, fleet_live(&job[j]));
    }
    return (uint32_t)size_min(left, job[i].n_indexes);
}
