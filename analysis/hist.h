/* SPDX-License-Identifier: Apache-2.0 */
/* hist.h - a histogram of one variable that loses nothing: every value is counted once, in a
 * bin, below, above, or as no number; sums of weights are exact. */
#ifndef ANALYSIS_HIST_H
#define ANALYSIS_HIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "analysis/axis.h"
#include "analysis/exact.h"
#include "base/bytes.h"
#include "base/error.h"

/* The most memory that one histogram may take: a weighted one of some 241,000 bins. Without a
 * limit a hundred bytes from a peer could ask for gigabytes. */
enum { HIST_SIZE_MAX = 256 << 20 };

/* One bin's exact sums of weights and of their squares. */
struct weight_sums {
    struct exact w;
    struct exact w2;
};

struct hist {
    struct axis axis;
    uint64_t *count;          /* [n_bins + 2]: [0] underflow, [n_bins + 1] overflow */
    uint64_t nan;             /* values that are no number: counted apart, in no bin */
    struct weight_sums *sums; /* [n_bins + 3], the last for nan; NULL for an unweighted one.
                               * Zero where nothing is counted. */
};

/* Bytes of memory that a histogram takes beside its axis. */
size_t hist_size(const struct axis *axis, bool weighted);

/* Copies the axis. Fails (ERROR_INPUT) above HIST_SIZE_MAX, (ERROR_SYSTEM) without memory.
 * hist_release is safe on a zeroed one. */
int hist_init(struct hist *h, const struct axis *axis, bool weighted, struct error *err);
void hist_release(struct hist *h);

/* Counts x once, with this weight (finite; ignored by an unweighted histogram). Not thread-safe
 * on the same *h. Never fails and never allocates. */
void hist_fill(struct hist *h, double x, double weight);

/* The same for a value whose bin, as axis_find says it, is known. */
void hist_fill_bin(struct hist *h, size_t bin, double weight);

/* dst += src, bin by bin. Fails (ERROR_PEER), leaving *dst as it was, if the axes differ, if one
 * is weighted and the other is not, or if the entries would reach 2^63. */
int hist_add(struct hist *dst, const struct hist *src, struct error *err);

bool hist_equal(const struct hist *a, const struct hist *b);

/* All counts, those below, above and nan too; always less than 2^63. */
uint64_t hist_entries(const struct hist *h);

/* Layout: axis, u8 weighted, u64 nan, u32 n, then of the n bins that are not empty, rising: u32
 * bin, u64 count and, if weighted, the two sums; at the end, if weighted and nan is not 0, its two
 * sums. Decoding fails (ERROR_PEER) on any other form; *h is then empty. */
void hist_encode(const struct hist *h, struct buffer *out);
int hist_decode(struct hist *h, struct bytes *in, struct error *err);

#endif
