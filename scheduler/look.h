/* SPDX-License-Identifier: Apache-2.0 */
/* look.h - a run as an onlooker sees it: its state, its merged sums, and what to say of them. */
#ifndef SCHEDULER_LOOK_H
#define SCHEDULER_LOOK_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/bytes.h"
#include "base/error.h"
#include "base/json.h"
#include "scheduler/command.h"
#include "scheduler/merge.h"
#include "scheduler/run.h"

struct look {
    struct run *run;
    struct merge merge;
    uint64_t merge_us; /* time that merging took so far */
    ino_t ledger;      /* which file the ledger is */
};

/* Fails (ERROR_INPUT), saying what to name instead, if this is a file or a folder without a
 * ledger. What is not there at all is for run_open to say. */
int look_check_folder(const char *folder, struct error *err);

/* Opens the run of a folder for reading and merges what it has. look_close is safe on a zeroed
 * one. */
int look_open(struct look *l, const char *folder, struct error *err);
void look_close(struct look *l);

/* Brings all up to date, in one view of the ledger: run and merge tell of the same moment, which is
 * run->seen. Where a run began anew in the folder l->run is another one then, and what was made of the
 * one before is void. */
int look_refresh(struct look *l, struct error *err);

/* Is all done, and in the sums? */
bool look_complete(const struct look *l);

/* EXIT_COMPLETE or EXIT_INCOMPLETE: what commands about a run end with. */
enum exit_status look_status(const struct look *l);

/* Does a scheduler work on the run at this moment: is its lock held? */
bool look_has_scheduler(const struct run *r);

/* "7 of 25 shards, 1,234 of 5,678 events, 7.13 of 11.58 fb^-1"; behind the shards "5 of 6 files"
 * while there are files that are not inspected: those have no shards yet. */
void look_write_coverage(const struct run *r, const struct merge *m, struct buffer *out);

/* State, counts and coverage. */
void look_write_status(const struct look *l, bool has_scheduler, struct buffer *out);

/* A table of the samples, a row each. */
void look_write_samples(const struct look *l, struct buffer *out);

/* What the launcher of a run in a cluster last told of its Jobs and pods (jobs_report.c), or NULL
 * where there is none; the caller owns it. */
json_t *look_pods(const struct run *r);

/* What people call the run: k8s:NAMESPACE/NAME of one in a cluster, else its folder. */
void look_name(const struct run *r, struct buffer *out);

/* A line about them, or nothing. */
void look_write_pods(const struct run *r, struct buffer *out);

/* State, samples, pods and, in short, what the scheduler tells of itself, as JSON that the caller owns; NULL with err set. */
json_t *look_status_to_json(const struct look *l, bool has_scheduler, struct error *err);

#endif
