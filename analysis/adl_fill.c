/* SPDX-License-Identifier: Apache-2.0 */
/* adl_fill.c - see adl_fill.h
 *
 * The place of a value between the edges is calculated in float32, in vectors, and tells its bin unless
 * it is too near to a whole number: then hist_fill does, which has the last word.
 *
 * How near is too near, with u = 2^-24: rounding x, lower and the difference is off by 2 u (abs(x) +
 * abs(lower)) widths, rounding the width's inverse and the product by 2 u of the place, which is no more.
 * Inside the axis abs(x) is at most that of the farther edge, m: together 8 u m per_width. Adding 1 to a
 * place of up to n + 1/2 is off by u (n + 2). The exact formula in float64 is off at each edge by what is
 * measured. Outside the axis what is off is a share of 4 u of the distance: it stays outside. */
#include "analysis/adl_fill.h"

#include <math.h>
#include <string.h>

#include "base/size.h"

static const double rounding = 0x1p-24;
static const double guard_max = 0.1; /* more, and too many are unsure */

/* How far the formula is off at an edge, at most. */
static double formula_error(const struct axis *axis)
{
    double most = 0;
    for (size_t i = 0; i <= axis->n_bins; i++) {
        double place = (axis->edge[i] - axis->edge[0]) * axis->per_width;
        most = fmax(most, fabs(place - (double)i));
    }
    return most;
}

static double guard_of(const struct axis *axis)
{
    double m = fmax(fabs(axis->edge[0]), fabs(axis->edge[axis->n_bins]));
    double places = 8 * rounding * m * axis->per_width;
    return places + rounding * (double)(axis->n_bins + 2) + 2 * formula_error(axis);
}

/* Whether float32 holds such numbers without getting near to what it cannot. */
static bool is_modest(double x)
{
    return x == 0 || (fabs(x) > 0x1p-60 && fabs(x) < 0x1p60);
}

void adl_fill_begin(struct adl_fill *f, struct hist *hist)
{
    const struct axis *axis = &hist->axis;
    double guard = guard_of(axis);
    f->hist = hist;
    f->fast = hist->sums == NULL && axis->kind == AXIS_REGULAR &&
              axis->n_bins <= ADL_FILL_BINS_MAX && is_modest(axis->edge[0]) &&
              is_modest(axis->edge[axis->n_bins]) && is_modest(axis->per_width) &&
              guard < guard_max;
    if (!f->fast) {
        return;
    }
    f->lower = (float)axis->edge[0];
    f->per_width = (float)axis->per_width;
    f->n_bins = (float)axis->n_bins;
    f->guard = (float)(2 * guard);
    memset(f->count, 0, sizeof f->count);
}

/* What is beyond the axis stands in the middle of a bin of its own on that side. */
static void find_slots(const struct adl_fill *f, const float *restrict x, size_t n,
                       int32_t *restrict slot)
{
    float lower = f->lower;
    float per_width = f->per_width;
    float last = f->n_bins + 0.5F;
    float guard = f->guard;
    int32_t unsure = (int32_t)f->n_bins + 2;
    for (size_t i = 0; i < n; i++) {
        float place = (x[i] - lower) * per_width;
        float inside = place > -0.5F ? place : -0.5F; /* a NaN, too */
        inside = inside < last ? inside : last;
        float from_underflow = inside + 1;
        int32_t whole = (int32_t)from_underflow;
        float rest = from_underflow - (float)whole;
        int sure = (rest > guard) & (rest < 1 - guard) & (x[i] == x[i]);
        slot[i] = sure ? whole : unsure;
    }
}

/* Returns which are not sure, and how many these are. */
static size_t count(struct adl_fill *f, const float *x, size_t n, uint16_t *not_sure)
{
    int32_t slot[ADL_FILL_MAX];
    size_t n_unsure = 0;
    int32_t unsure = (int32_t)f->hist->axis.n_bins + 2;
    find_slots(f, x, n, slot);
    for (size_t i = 0; i < n; i++) {
        f->count[i % ADL_FILL_COPIES][slot[i]]++;
        not_sure[n_unsure] = (uint16_t)i;
        n_unsure += slot[i] == unsure;
    }
    return n_unsure;
}

static void fill(struct adl_fill *f, const float *x, size_t n)
{
    uint16_t not_sure[ADL_FILL_MAX];
    size_t n_unsure = count(f, x, n, not_sure);
    for (size_t u = 0; u < n_unsure; u++) {
        hist_fill(f->hist, (double)x[not_sure[u]], 1);
    }
}

static void fill_rounded(struct adl_fill *f, const double *x, size_t n)
{
    float rounded[ADL_FILL_MAX];
    uint16_t not_sure[ADL_FILL_MAX];
    for (size_t i = 0; i < n; i++) {
        rounded[i] = (float)x[i];
    }
    size_t n_unsure = count(f, rounded, n, not_sure);
    for (size_t u = 0; u < n_unsure; u++) {
        hist_fill(f->hist, x[not_sure[u]], 1);
    }
}

void adl_fill_floats(struct adl_fill *f, const float *x, size_t n)
{
    for (size_t at = 0; at < n; at += ADL_FILL_MAX) {
        fill(f, x + at, size_min(n - at, ADL_FILL_MAX));
    }
}

void adl_fill_doubles(struct adl_fill *f, const double *x, size_t n)
{
    for (size_t at = 0; at < n; at += ADL_FILL_MAX) {
        fill_rounded(f, x + at, size_min(n - at, ADL_FILL_MAX));
    }
}

void adl_fill_end(struct adl_fill *f)
{
    for (size_t c = 0; f->fast && c < ADL_FILL_COPIES; c++) {
        for (size_t i = 0; i < f->hist->axis.n_bins + 2; i++) {
            f->hist->count[i] += f->count[c][i];
        }
    }
}
