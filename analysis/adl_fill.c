/* SPDX-License-Identifier: Apache-2.0 */
/* adl_fill.c - see adl_fill.h
 *
 * The slot is guessed by a formula, in vectors, and put right by the two edges beside it, which have the
 * last word as in axis_find. That is enough where the formula, which rises, is off by less than half a
 * bin at every edge: that is looked at before. */
#include "analysis/adl_fill.h"

#include <math.h>

static bool formula_holds(const struct axis *axis)
{
    for (size_t i = 0; i <= axis->n_bins; i++) {
        double place = (axis->edge[i] - axis->edge[0]) * axis->per_width;
        if (!(fabs(place - (double)i) < 0.5)) {
            return false;
        }
    }
    return true;
}

void adl_fill_begin(struct adl_fill *f, struct hist *hist)
{
    const struct axis *axis = &hist->axis;
    f->hist = hist;
    f->n = 0;
    f->n_bins = axis->n_bins;
    f->lower = axis->edge[0];
    f->per_width = axis->per_width;
    f->fast = hist->sums == NULL && axis->kind == AXIS_REGULAR &&
              axis->n_bins <= ADL_FILL_BINS_MAX && formula_holds(axis);
    if (!f->fast) {
        return;
    }
    f->edge[0] = NAN; /* nothing is below the underflow or above the overflow */
    f->edge[axis->n_bins + 2] = NAN;
    for (size_t i = 0; i <= axis->n_bins; i++) {
        f->edge[i + 1] = axis->edge[i];
    }
    for (size_t i = 0; i < axis->n_bins + 2; i++) {
        f->count[i] = 0;
    }
}

static void fill_fast(struct adl_fill *f)
{
    int32_t guess[ADL_FILL_MAX];
    double last = (double)f->n_bins;
    uint64_t nan = 0;
    for (size_t i = 0; i < f->n; i++) {
        double place = (f->x[i] - f->lower) * f->per_width;
        place = place >= 0 ? place : -1; /* a NaN, too */
        place = place < last ? place : last;
        guess[i] = (int32_t)place + 1;
    }
    for (size_t i = 0; i < f->n; i++) {
        double x = f->x[i];
        int32_t slot = guess[i];
        slot += (x >= f->edge[slot + 1] ? 1 : 0) - (x < f->edge[slot] ? 1 : 0);
        f->count[slot]++;
        nan += isnan(x) ? 1 : 0;
    }
    f->count[0] -= nan; /* where they were guessed */
    f->hist->nan += nan;
}

void adl_fill_flush(struct adl_fill *f)
{
    if (f->fast) {
        fill_fast(f);
    } else {
        for (size_t i = 0; i < f->n; i++) {
            hist_fill(f->hist, f->x[i], f->weight[i]);
        }
    }
    f->n = 0;
}

void adl_fill_end(struct adl_fill *f)
{
    adl_fill_flush(f);
    for (size_t i = 0; f->fast && i < f->n_bins + 2; i++) {
        f->hist->count[i] += f->count[i];
    }
}
