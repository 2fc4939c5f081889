/* SPDX-License-Identifier: Apache-2.0 */
/* merge.h - the sum of all accepted partials, per sample, as the ledger holds them.
 *
 * The sum is exact, so the order of arrival does not matter; memory is one partial a sample and
 * one more, whatever the number of shards. */
#ifndef SCHEDULER_MERGE_H
#define SCHEDULER_MERGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "analysis/normalisation.h"
#include "analysis/partial.h"
#include "base/error.h"
#include "scheduler/run.h"

/* What one sample has and will have. */
struct merge_sample {
    struct partial sum;
    uint64_t n_events;         /* seen: rows of the shards accepted */
    uint64_t n_events_planned; /* rows of all files; where a file is not inspected, estimated */
    bool planned_is_estimate;  /*   from the sizes of those that are */
    size_t n_shards;
    size_t n_shards_planned;
    size_t n_files;
    size_t n_files_inspected;
    double luminosity_seen_pb; /* data: by rows of the sample, or of each file where given so */
    double luminosity_pb;      /* data: of the whole sample; 0 unknown */
};

/* What was seen of one file. */
struct merge_file {
    uint64_t n_events;
    size_t n_shards; /* 1 for a file without rows: it was looked at */
};

struct merge {
    uint64_t sequence; /* of the ledger, of which this is a view */
    uint64_t merged;   /* highest partial merged so far */
    uint64_t cpu_us;   /* processor time of what was merged */
    size_t n_samples;
    struct merge_sample *sample; /* [n_samples] in the dataset's order */
    size_t n_files;
    struct merge_file *file; /* [n_files] in the run's order */
};

/* Empty sums for this run. merge_release is safe on a zeroed merge. */
int merge_init(struct merge *m, const struct run *r, struct error *err);
void merge_release(struct merge *m);

/* Adds what was accepted since, in one view of the ledger, and brings all counts up to date from
 * r (which should be fresh: run_refresh). Begins anew by itself if a file was replaced meanwhile.
 * Stops, for the next time, at a partial of a shard that was planned after r was read (then
 * run_reload). Fails (ERROR_PEER) on a damaged or foreign partial: nothing is ever left out of a
 * sum in silence. */
int merge_update(struct merge *m, const struct run *r, struct error *err);

/* Is every file inspected and planned, and every shard done and in the sums? */
bool merge_complete(const struct merge *m, const struct run *r);

/* The yields for normalisation.h, in the order of samples: yield[n_samples]. */
void merge_yields(const struct merge *m, const struct dataset *d, struct yield *yield);

/* pb^-1 seen and planned, over the dataset: the sum over eras of the largest channel's. */
void merge_luminosity(const struct merge *m, const struct dataset *d, double *seen_pb,
                      double *planned_pb);

#endif
