/* SPDX-License-Identifier: Apache-2.0 */
/* jobs_state.h - private to launcher_jobs.c and jobs_*.c: what the launcher of Jobs holds, and what
 * its parts call of each other.
 *
 * The API server's Jobs are the record of what was made: they are mirrored by a watch, found again
 * after a crash by their labels, and deleted when the ledger has what came of them. Whether a
 * shard is done only the ledger knows. */
#ifndef SCHEDULER_JOBS_STATE_H
#define SCHEDULER_JOBS_STATE_H

#include <stdbool.h>
#include <stdint.h>

#include "k8s/k8s.h"
#include "k8s/manifest.h"
#include "scheduler/fleet.h"
#include "scheduler/launcher.h"
#include "scheduler/pod_end.h"
#include "scheduler/run.h"

enum { JOBS_NAME_SIZE = 64, JOBS_WORDS_SIZE = 600 };

/* A Job of the run. */
struct jobs_member {
    struct fleet_job job;
    char name[JOBS_NAME_SIZE];
    char uid[JOBS_NAME_SIZE];
    uint64_t n_done_before;  /* answers accepted when it was first seen */
    uint32_t n_failed_seen;  /* failed pods that were looked for */
    uint64_t asked_ms;       /* last patched or deleted */
    uint64_t terminating_ms; /* since pods of it are asked to end; 0: none is */
    bool is_judged;          /* its end was counted as barren or not */
};

struct launcher {
    const struct run *run;
    char *name; /* of the run in the cluster */
    char *selector;
    struct manifest_run manifest;
    struct k8s *k;
    struct k8s_watch *watch;
    struct pod_ends *ends;
    bool is_synced; /* the mirror is complete */
    size_t n;
    struct fleet_job *job;      /* [n] a copy for fleet.h, in the order of numbers */
    struct jobs_member *member; /* [n] */
    uint32_t next_number;
    bool is_making;        /* a Job is on its way */
    uint64_t make_at_ms;   /* not before, after a refusal */
    uint32_t make_wait_ms; /* and how long that was */
    uint64_t steered_ms;
    unsigned n_barren;              /* Jobs in a row that ended without an accepted answer */
    char last_end[JOBS_WORDS_SIZE]; /* of a pod, for messages */
    struct error fatal;             /* what ends the run, or ERROR_NONE */
    char refused[JOBS_WORDS_SIZE];  /* why Jobs cannot be made just now, or "" */
    char waiting[JOBS_WORDS_SIZE];  /* why pods wait, or "" */
    bool is_asking;                 /* why they wait is being asked */
    uint64_t asked_why_ms;
    uint64_t lacking_ms; /* since when pods are missing; 0: they are not */
    struct buffer report;
    uint64_t reported_ms;
};

/* Takes a Job into the mirror, as the server has it now; launcher_jobs.c */
void jobs_take(struct launcher *l, const json_t *object);

/* What is open, and the bounds; jobs_steer.c */
struct fleet_need jobs_need(const struct launcher *l);

/* Answers accepted so far. */
uint64_t jobs_count_done(const struct run *r);

/* Makes, resizes and deletes Jobs as fleet.h has it; looks for pods that failed. Never waits. */
int jobs_steer(struct launcher *l, struct error *err);

/* A Job that ended, or is gone, once: did anything come of it? */
void jobs_judge(struct launcher *l, struct jobs_member *m);

/* Finds out why pods wait, if some do; jobs_report.c */
void jobs_ask_why(struct launcher *l);

/* Writes pods.json of the run folder when it changed: what status shows of the cluster. */
void jobs_report(struct launcher *l);

#endif
