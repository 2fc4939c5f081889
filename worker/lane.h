/* SPDX-License-Identifier: Apache-2.0 */
/* lane.h - one thread's way through the rows of a reader's columns, block by block.
 *
 * Lanes of one reader share what is known of the file and nothing that changes: each may be used on
 * a thread of its own at the same time as the others (calls of the format's library take turns),
 * and has chunks of its own, so one that two of them touch is decompressed twice. Memory of a
 * lane, whatever the length of the file: a block of each column, reader_block_rows events long, of
 * each compressed one a decompressed chunk (64 MiB at most), and four such. */
#ifndef WORKER_LANE_H
#define WORKER_LANE_H

#include <stddef.h>
#include <stdint.h>

#include "analysis/batch.h"
#include "base/error.h"

/* Where reading may start without counting objects from row 0: row, and the objects before it in
 * each counter's collection. */
struct reader_start {
    uint64_t row;
    size_t n_counters;
    const uint64_t *objects; /* [n_counters] in the order of reader_counter */
};

struct lane; /* reader_lane (reader.h) */

/* From here on rows are read relative to this start; NULL is row 0, the default. */
int lane_seek(struct lane *l, const struct reader_start *start, struct error *err);

/* How many lanes like this one that many bytes are enough for, at least 1; 1 if one at a time has to
 * read through the format's library. */
size_t lane_count_within(const struct lane *l, size_t bytes);

/* Counts the objects up to that row, not before the start, without reading them. */
int lane_count_to(struct lane *l, uint64_t row, struct error *err);

/* The row that was counted or read to, and the objects before it of the counter of that index. */
uint64_t lane_row(const struct lane *l);
uint64_t lane_objects(const struct lane *l, size_t counter);

/* The events [first, stop), first not before the start. *batch is borrowed until the next call.
 * Rows that were never written, counters that do not add up, values beyond their type, NaN or
 * infinite weights, a file that becomes shorter are ERROR_INPUT; of several faults the first in
 * the order counters, columns, weights. */
int lane_read(struct lane *l, uint64_t first, uint64_t stop, const struct batch **batch,
              struct error *err);

#endif
