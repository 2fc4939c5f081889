/* SPDX-License-Identifier: Apache-2.0 */
/* axis.h - the bins of a histogram: n half-open intervals between n + 1 rising edges.
 *
 *     underflow [ edge 0 )[ edge 1 ) ... [ edge n-1 ) edge n  overflow
 *         0          1         2             n         n + 1
 *
 * A value x is in bin i (1 to n) exactly if edge[i - 1] <= x < edge[i]: the edges decide, not
 * the rounding of a formula, so that every machine and every reader of the edges agrees. */
#ifndef ANALYSIS_AXIS_H
#define ANALYSIS_AXIS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/bytes.h"
#include "base/error.h"

enum axis_kind {
    AXIS_REGULAR =
        1,         /* equal widths: edge i = lower + i * ((upper - lower) / n), last = upper */
    AXIS_VARIABLE, /* literal edges; a logarithmic axis is one of these */
};

enum { AXIS_BINS_MAX = 1 << 20 };

struct axis {
    enum axis_kind kind;
    size_t n_bins;
    double *edge;     /* [n_bins + 1] finite, strictly rising; zero is +0 */
    double per_width; /* AXIS_REGULAR: n_bins / (upper - lower), finite and not 0; else 0 */
};

/* All of them fail (ERROR_INPUT) unless 1 <= n_bins <= AXIS_BINS_MAX and the edges are finite and
 * strictly rise; a regular axis also if n_bins / (upper - lower) is infinite or 0. *axis is then
 * empty. axis_release is safe on a zeroed axis. */
int axis_init_regular(struct axis *axis, size_t n_bins, double lower, double upper,
                      struct error *err);
int axis_init_variable(struct axis *axis, size_t n_bins, const double *edge, struct error *err);

/* n_bins bins of equal ratio over [lower, upper), lower > 0, upper / lower finite. The edges
 * between the two are rounded to six significant decimal digits: short literals, the same
 * everywhere. */
int axis_init_logarithmic(struct axis *axis, size_t n_bins, double lower, double upper,
                          struct error *err);
int axis_init_copy(struct axis *axis, const struct axis *from, struct error *err);
void axis_release(struct axis *axis);

/* The bin of x: 0 underflow (also -inf), n_bins + 1 overflow (also +inf). x must not be NaN. */
size_t axis_find(const struct axis *axis, double x);

bool axis_equal(const struct axis *a, const struct axis *b);

/* Layout: u8 kind, u32 n_bins, then f64 lower, f64 upper (regular) or n_bins + 1 edges of f64.
 * Decoding fails (ERROR_PEER) on what no axis encodes to; *axis is then empty. */
void axis_encode(const struct axis *axis, struct buffer *out);
int axis_decode(struct axis *axis, struct bytes *in, struct error *err);

#endif
