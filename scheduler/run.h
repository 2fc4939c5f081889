/* SPDX-License-Identifier: Apache-2.0 */
/* run.h - a run: its folder, its dataset, and its state as the ledger tells it.
 *
 * The folder holds run.yaml (the run file as launched), ledger.db, lock, worker.json (where
 * workers join, with their key), result.json, run.json, plots and logs. Whoever writes holds the
 * lock; any number of readers may look on. */
#ifndef SCHEDULER_RUN_H
#define SCHEDULER_RUN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/json.h"
#include "scheduler/dataset.h"
#include "scheduler/inputs.h"
#include "scheduler/job.h"
#include "scheduler/ledger.h"

struct run_file {
    uint64_t id;
    size_t sample;
    char *path;
    uint64_t size;
    int64_t mtime_ns;
    double luminosity_pb; /* of this file, or 0 */
    json_t *inspection;   /* NULL as long as there is none */
    uint64_t rows;        /* of the inspection */
    struct job job;       /* of its inspection */
};

struct run_shard {
    uint64_t id;
    uint32_t file; /* index in run.file */
    uint64_t first;
    uint64_t stop;
    struct job job;
    bool
        has_partial; /* known to a writer, who has looked at all of them when it opened the run */
};

struct run {
    char *folder; /* absolute */
    int lock;     /* file descriptor, or -1 */
    bool writer;
    struct dataset *dataset;
    json_t *specification; /* of the dataset, as it was when the run was launched */
    struct ledger *ledger;
    char *id;
    uint64_t session; /* number of this scheduler's start; 0 for a reader */
    uint64_t n_leases_given;
    uint64_t seen; /* highest event folded */
    bool is_stale; /* run_refresh saw that files or shards are not what was read: run_reload */
    size_t n_files;
    struct run_file *file; /* by id */
    size_t n_shards;
    struct run_shard *shard; /* by id */
};

/* How many jobs of one kind are in each state. */
struct run_tally {
    size_t n[JOB_STATES];
};

/* What is to be run, and where its state is; all borrowed. */
struct run_request {
    const char *folder;   /* of the run: made if it is missing */
    const char *run_file; /* path */
    const char *base;     /* where its relative patterns start; NULL: in its own folder */
    const char *id;       /* of a new run; NULL: a random one */
    bool accept_changes;
};

/* Makes the folder and a new run in it of this run file, or goes on with the run that is there.
 * Going on is refused (ERROR_INPUT, naming what changed) if the specification, the analysis's
 * version or an input's size or time changed since, unless accept_changes is set: then what was
 * computed from the changed is dropped. The caller calls run_close. */
struct run *run_launch(const struct run_request *q, struct error *err);

/* Opens a run that is there: to look, or to go on with it as it was launched. ERROR_INPUT if
 * another process is writing. */
struct run *run_open(const char *folder, enum ledger_mode mode, struct error *err);
void run_close(struct run *r);

/* Private to run*.c: as LEDGER_WRITE for a caller that holds the lock already. */
struct run *run_open_unlocked(const char *folder, struct error *err);

/* Reads the whole state again. */
int run_reload(struct run *r, struct error *err);

/* Folds what others wrote to the ledger since. */
int run_refresh(struct run *r, struct error *err);

/* Splits every file that is inspected and has no shards yet, in one transaction. */
int run_plan(struct run *r, struct error *err);

/* The index of a shard or file by its id in the ledger; SIZE_MAX if there is none. */
size_t run_find_shard(const struct run *r, uint64_t id);
size_t run_find_file(const struct run *r, uint64_t id);

struct run_tally run_tally_files(const struct run *r);
struct run_tally run_tally_shards(const struct run *r);

/* Has every file that is inspected its shards? */
bool run_planned(const struct run *r);

/* Is every file inspected and every shard done? */
bool run_complete(const struct run *r);

/* A number for a new lease, never used in this run before. */
uint64_t run_next_epoch(struct run *r);

/* folder/name, to be freed; NULL without memory. */
char *run_path(const struct run *r, const char *name);

#endif
