/* SPDX-License-Identifier: Apache-2.0 */
/* axis.c - see axis.h */
#include "analysis/axis.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/elementary.h"

/* Checks the number of bins and makes room for the edges. */
static double *edges_create(size_t n_bins, struct error *err)
{
    if (n_bins < 1 || n_bins > AXIS_BINS_MAX) {
        (void)error_set(err, ERROR_INPUT, "an axis of %zu bins (1 to %d are possible)", n_bins,
                        AXIS_BINS_MAX);
        return NULL;
    }
    double *edge = calloc(n_bins + 1, sizeof *edge);
    if (edge == NULL) {
        (void)error_no_memory(err, "an axis");
    }
    return edge;
}

/* Takes the edges, which it frees if they are no axis; -0 becomes 0, which equals it. */
static int take_edges(struct axis *axis, enum axis_kind kind, size_t n_bins, double *edge,
                      struct error *err)
{
    for (size_t i = 0; i <= n_bins; i++) {
        if (!isfinite(edge[i]) || (i > 0 && !(edge[i] > edge[i - 1]))) {
            (void)error_set(err, ERROR_INPUT,
                            "the edges of an axis must rise and be finite: edge %zu is %.17g",
                            i, edge[i]);
            free(edge);
            return -1;
        }
        edge[i] += 0.0;
    }
    double per_width = kind == AXIS_REGULAR ? (double)n_bins / (edge[n_bins] - edge[0]) : 0;
    if (!isfinite(per_width) || (kind == AXIS_REGULAR && per_width == 0)) {
        (void)error_set(err, ERROR_INPUT, "an axis too narrow or too wide: %g to %g", edge[0],
                        edge[n_bins]);
        free(edge);
        return -1;
    }
    *axis = (struct axis){
        .kind = kind,
        .n_bins = n_bins,
        .edge = edge,
        .per_width = per_width,
    };
    return 0;
}

int axis_init_regular(struct axis *axis, size_t n_bins, double lower, double upper,
                      struct error *err)
{
    *axis = (struct axis){0};
    double *edge = edges_create(n_bins, err);
    if (edge == NULL) {
        return -1;
    }
    double width = (upper - lower) / (double)n_bins;
    for (size_t i = 0; i < n_bins; i++) {
        edge[i] = lower + (double)i * width;
    }
    edge[n_bins] = upper;
    return take_edges(axis, AXIS_REGULAR, n_bins, edge, err);
}

int axis_init_variable(struct axis *axis, size_t n_bins, const double *edges, struct error *err)
{
    *axis = (struct axis){0};
    double *edge = edges_create(n_bins, err);
    if (edge == NULL) {
        return -1;
    }
    memcpy(edge, edges, (n_bins + 1) * sizeof *edge);
    return take_edges(axis, AXIS_VARIABLE, n_bins, edge, err);
}

static double six_digits(double x)
{
    char text[32];
    (void)snprintf(text, sizeof text, "%.5e", x);
    return strtod(text, NULL);
}

int axis_init_logarithmic(struct axis *axis, size_t n_bins, double lower, double upper,
                          struct error *err)
{
    *axis = (struct axis){0};
    if (!(lower > 0) || !isfinite(upper) || !isfinite(upper / lower)) {
        return error_set(err, ERROR_INPUT, "a logarithmic axis from %g to %g", lower, upper);
    }
    double *edge = edges_create(n_bins, err);
    if (edge == NULL) {
        return -1;
    }
    double step = elementary_log(upper / lower) / (double)n_bins;
    for (size_t i = 0; i < n_bins; i++) {
        edge[i] = six_digits(lower * elementary_exp((double)i * step));
    }
    edge[0] = lower;
    edge[n_bins] = upper;
    return take_edges(axis, AXIS_VARIABLE, n_bins, edge, err);
}

int axis_init_copy(struct axis *axis, const struct axis *from, struct error *err)
{
    *axis = (struct axis){0};
    double *edge = edges_create(from->n_bins, err);
    if (edge == NULL) {
        return -1;
    }
    memcpy(edge, from->edge, (from->n_bins + 1) * sizeof *edge);
    *axis = *from;
    axis->edge = edge;
    return 0;
}

void axis_release(struct axis *axis)
{
    free(axis->edge);
    *axis = (struct axis){0};
}

/* The largest i with edge[i] <= x, given edge[0] <= x < edge[n_bins]. */
static size_t search(const struct axis *axis, double x)
{
    size_t low = 0;
    size_t high = axis->n_bins;
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if (axis->edge[middle] <= x) {
            low = middle;
        } else {
            high = middle;
        }
    }
    return low;
}

size_t axis_find(const struct axis *axis, double x)
{
    const double *edge = axis->edge;
    size_t n = axis->n_bins;
    if (x < edge[0]) {
        return 0;
    }
    if (x >= edge[n]) {
        return n + 1;
    }
    if (axis->kind == AXIS_VARIABLE) {
        return search(axis, x) + 1;
    }
    /* The formula may be off by one next to an edge; the edges have the last word. */
    size_t bin = (size_t)((x - edge[0]) * axis->per_width);
    bin = bin < n ? bin : n - 1;
    while (x < edge[bin]) {
        bin--;
    }
    while (x >= edge[bin + 1]) {
        bin++;
    }
    return bin + 1;
}

bool axis_equal(const struct axis *a, const struct axis *b)
{
    return a->kind == b->kind && a->n_bins == b->n_bins &&
           memcmp(a->edge, b->edge, (a->n_bins + 1) * sizeof *a->edge) == 0;
}

void axis_encode(const struct axis *axis, struct buffer *out)
{
    buffer_u8(out, (uint8_t)axis->kind);
    buffer_u32(out, (uint32_t)axis->n_bins);
    if (axis->kind == AXIS_REGULAR) {
        buffer_f64(out, axis->edge[0]);
        buffer_f64(out, axis->edge[axis->n_bins]);
        return;
    }
    for (size_t i = 0; i <= axis->n_bins; i++) {
        buffer_f64(out, axis->edge[i]);
    }
}

/* An edge; fails on -0: one form for each axis. */
static double decode_edge(struct bytes *in)
{
    double edge = bytes_f64(in);
    in->failed = in->failed || (edge == 0 && signbit(edge));
    return edge;
}

static int decode_regular(struct axis *axis, size_t n_bins, struct bytes *in, struct error *err)
{
    double lower = decode_edge(in);
    double upper = decode_edge(in);
    if (in->failed) {
        return error_set(err, ERROR_PEER, "axis cut short or not in its one form");
    }
    return axis_init_regular(axis, n_bins, lower, upper, err);
}

static int decode_variable(struct axis *axis, size_t n_bins, struct bytes *in,
                           struct error *err)
{
    if (n_bins > AXIS_BINS_MAX || in->left / 8 < n_bins + 1) {
        return error_set(err, ERROR_PEER, "axis of %zu bins in %zu bytes", n_bins, in->left);
    }
    double *edge = edges_create(n_bins, err);
    if (edge == NULL) {
        return -1;
    }
    for (size_t i = 0; i <= n_bins; i++) {
        edge[i] = decode_edge(in);
    }
    if (in->failed) {
        free(edge);
        return error_set(err, ERROR_PEER, "axis not in its one form");
    }
    return take_edges(axis, AXIS_VARIABLE, n_bins, edge, err);
}

int axis_decode(struct axis *axis, struct bytes *in, struct error *err)
{
    *axis = (struct axis){0};
    unsigned kind = bytes_u8(in);
    size_t n_bins = bytes_u32(in);
    int rc = -1;
    if (kind == AXIS_REGULAR) {
        rc = decode_regular(axis, n_bins, in, err);
    } else if (kind == AXIS_VARIABLE && !in->failed) {
        rc = decode_variable(axis, n_bins, in, err);
    } else {
        (void)error_set(err, ERROR_PEER, "axis of kind %u", kind);
    }
    if (rc != 0 && err != NULL && err->kind == ERROR_INPUT) {
        err->kind = ERROR_PEER; /* a bad axis that a peer sent, not one that a user wrote */
    }
    return rc;
}
