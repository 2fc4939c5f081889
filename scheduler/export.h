/* SPDX-License-Identifier: Apache-2.0 */
/* export.h - the merged histograms in forms that others analyse. Unscaled: scaling is for
 * pictures (figure.h).
 *
 * A histogram is called "sample/channel/name" (and "/variation" unless it is nominal); a '/' in a
 * part is written '_'. All functions append to out and fail (ERROR_INPUT) where a sum of weights
 * is larger than any double. */
#ifndef SCHEDULER_EXPORT_H
#define SCHEDULER_EXPORT_H

#include "base/bytes.h"
#include "base/error.h"
#include "base/json.h"
#include "scheduler/merge.h"
#include "scheduler/run.h"

enum { EXPORT_NAME_SIZE = 1024 };

/* One histogram on its way out. */
struct export_item {
    char name[EXPORT_NAME_SIZE]; /* unique in the export */
    const char *sample;
    const struct partial_hist *hist;
};

/* All that the samples fill, in the dataset's order; a visitor that returns -1 ends it. */
int export_each(const struct run *r, const struct merge *m,
                int (*visit)(void *context, const struct export_item *item, struct error *err),
                void *context, struct error *err);

/* uhi.h's JSON, and in its metadata sample, channel, name, variation and what the run has seen.
 * The caller owns it. */
json_t *export_item_to_json(const struct export_item *item, const struct run *r,
                            const struct merge *m, struct error *err);

/* One JSON object: name -> histogram. */
int export_uhi(const struct run *r, const struct merge *m, struct buffer *out,
               struct error *err);

/* An HDF5 file: a group of that name for each histogram, in UHI's layout, with its edges. The
 * same histograms give the same bytes. */
int export_hdf5(const struct run *r, const struct merge *m, struct buffer *out,
                struct error *err);

/* One table, a row a bin; lines that begin with # say what it holds out of how much. Columns:
 * sample,channel,histogram,variation,bin,low,high,count,sumw,sumw2; bin 0 is the underflow (low
 * -inf), the last the overflow (high inf). */
int export_csv(const struct run *r, const struct merge *m, struct buffer *out,
               struct error *err);

#endif
