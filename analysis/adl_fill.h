/* SPDX-License-Identifier: Apache-2.0 */
/* adl_fill.h - fills many values into one histogram, faster than one by one and into the same bins,
 * for the queries that do little else. Fast are unweighted histograms of few bins of one width. */
#ifndef ANALYSIS_ADL_FILL_H
#define ANALYSIS_ADL_FILL_H

#include "analysis/hist.h"

enum {
    ADL_FILL_MAX = 256, /* values that wait to be filled */
    ADL_FILL_BINS_MAX = 256,
};

struct adl_fill {
    struct hist *hist;
    size_t n;
    double x[ADL_FILL_MAX];
    double weight[ADL_FILL_MAX];
    bool fast; /* the rest only then */
    size_t n_bins;
    double lower;
    double per_width;
    double edge[ADL_FILL_BINS_MAX + 3];    /* [i] and [i + 1] bound the slot i of hist->count */
    uint64_t count[ADL_FILL_BINS_MAX + 2]; /* not yet in the histogram */
};

/* The histogram is borrowed, and not right, until the end. Nothing here fails or allocates. */
void adl_fill_begin(struct adl_fill *f, struct hist *hist);
void adl_fill_flush(struct adl_fill *f);
void adl_fill_end(struct adl_fill *f);

/* A value, as hist_fill takes it, if it is wanted; without a branch on that. */
static inline void adl_fill_value(struct adl_fill *f, double x, double weight, bool wanted)
{
    f->x[f->n] = x;
    f->weight[f->n] = weight;
    f->n += wanted ? 1 : 0;
    if (f->n == ADL_FILL_MAX) {
        adl_fill_flush(f);
    }
}

#endif
