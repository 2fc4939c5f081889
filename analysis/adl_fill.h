/* SPDX-License-Identifier: Apache-2.0 */
/* adl_fill.h - fills many values into one histogram, faster than one by one and into the same
 * bins, for the queries that do little else. Fast are unweighted histograms of few bins of one width;
 * for others hist_fill is as good. */
#ifndef ANALYSIS_ADL_FILL_H
#define ANALYSIS_ADL_FILL_H

#include "analysis/hist.h"

enum {
    ADL_FILL_MAX = 256, /* values at once: a good length of a row */
    ADL_FILL_BINS_MAX = 256,
    ADL_FILL_COPIES =
        4, /* of the counts, so that the same bin again does not wait for itself */
};

struct adl_fill {
    struct hist *hist;
    bool fast;   /* the rest only then */
    float lower; /* a value's place is (x - lower) * per_width: bin 0 from 0 to 1, ... */
    float per_width;
    float n_bins;
    float guard; /* a place that is nearer to a whole number is not sure */
    uint32_t count[ADL_FILL_COPIES]
                  [ADL_FILL_BINS_MAX + 3]; /* as hist->count; then the unsure */
};

/* The histogram is borrowed, and not right, until the end. At most 2^32 values of a bin in between. Nothing
 * here fails or allocates. */
void adl_fill_begin(struct adl_fill *f, struct hist *hist);
void adl_fill_end(struct adl_fill *f);

/* Only if it is fast: as hist_fill with the weight 1. */
void adl_fill_floats(struct adl_fill *f, const float *x, size_t n);
void adl_fill_doubles(struct adl_fill *f, const double *x, size_t n);

#endif
