/* SPDX-License-Identifier: Apache-2.0 */
/* division.h - which thread computes which rows of a shard; pure arithmetic. */
#ifndef WORKER_DIVISION_H
#define WORKER_DIVISION_H

#include <stddef.h>
#include <stdint.h>

enum { DIVISION_MAX = 1024 };

/* Stretch i is the rows [bound[i], bound[i + 1]). */
struct division {
    size_t n; /* at least 1 */
    uint64_t bound[DIVISION_MAX + 1];
};

/* The rows [first, stop) in at most n_most (1 to DIVISION_MAX) even stretches of at least rows_min;
 * then each border moves to the nearest multiple of chunk_rows, where chunks of the file meet (0 only without rows), if one
 * lies within a quarter of a stretch: a chunk that two threads need is decoded twice. */
void division_make(struct division *d, uint64_t first, uint64_t stop, size_t n_most,
                   uint64_t rows_min, uint64_t chunk_rows);

#endif
