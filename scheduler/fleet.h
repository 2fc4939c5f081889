/* SPDX-License-Identifier: Apache-2.0 */
/* fleet.h - how many Jobs of how many indexes a run needs in a cluster, and how many of their pods at
 * a time. Pure: no clock, no API server; launcher_jobs.c tells it what there is and does what it
 * says.
 *
 * An index is a slot: a pod that pulls up to shards_per_index shards and ends. Slots that ended
 * without doing their share leave shards over, for which a further Job is made. */
#ifndef SCHEDULER_FLEET_H
#define SCHEDULER_FLEET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    FLEET_INDEXES_MAX = 5000, /* of a Job: more make the node and the controller suffer */
    FLEET_SHARDS_LEAST = 8, /* of a slot, unless said: starting a pod takes a second or more */
    FLEET_SHARDS_MOST = 64, /* unless said: what is lost with a pod, and pods number hundreds */
    FLEET_BARREN_MAX = 3,   /* Jobs in a row that ended without one accepted answer */
};

/* A worker Job, as the API server last showed it. */
struct fleet_job {
    uint32_t number; /* NAME-w<number> */
    uint32_t n_indexes;
    uint32_t parallelism; /* as it is set */
    uint32_t n_completed; /* indexes */
    uint32_t n_failed;    /* indexes that will not be tried again */
    uint32_t n_active;    /* pods */
    uint32_t n_ready;
    uint32_t n_terminating; /* pods that are asked to end, and have not */
    uint32_t n_stuck; /* of these, for so long that nothing is to be hoped of their node: the
                             * launcher tells */
    uint32_t n_pods_failed; /* pods, so far; those that were tried again too */
    uint64_t shards_per_index;
    bool is_suspended; /* by a queue or an administrator: it waits, which is no failure */
    bool is_over;      /* Complete or Failed */
    bool is_leaving;   /* being deleted */
};

/* What there is to do, and the bounds. */
struct fleet_need {
    size_t n_files;  /* to be inspected, waiting or at work */
    size_t n_shards; /* to be computed, the same */
    bool is_planned; /* no more shards will come */
    uint64_t max_pods;
    uint64_t shards_per_index; /* 0: automatic */
    bool one_at_a_time; /* the next Job when the last is over, its size never changed: for
                                * queues, which admit a Job as it is */
};

/* Indexes that are not finished, and can: one whose pod is stuck gets no other before it is gone. */
uint32_t fleet_live(const struct fleet_job *job);

/* The Job to make now, if there is one (not before there is room for a pod of it): n_indexes, parallelism and shards_per_index of *next. The
 * caller gives it a number. Jobs are in the order of their numbers. */
bool fleet_next(const struct fleet_job *job, size_t n, const struct fleet_need *need,
                struct fleet_job *next);

/* The parallelism that Job i should have: all together at most max_pods, the oldest first. */
uint32_t fleet_parallelism(const struct fleet_job *job, size_t n, size_t i,
                           const struct fleet_need *need);

#endif
