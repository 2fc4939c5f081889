/* SPDX-License-Identifier: Apache-2.0 */
/* hist.c - see hist.h */
#include "analysis/hist.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* The last of the sums is that of the values that are no number. */
static size_t n_slots(const struct hist *h)
{
    return h->axis.n_bins + 2;
}

size_t hist_size(const struct axis *axis, bool weighted)
{
    size_t n = axis->n_bins + 3; /* at most AXIS_BINS_MAX of them: no product wraps around */
    return n * sizeof(uint64_t) + (weighted ? n * sizeof(struct weight_sums) : 0);
}

static uint64_t entries_of(const struct hist *h, size_t slot)
{
    return slot < n_slots(h) ? h->count[slot] : h->nan;
}

int hist_init(struct hist *h, const struct axis *axis, bool weighted, struct error *err)
{
    *h = (struct hist){0};
    if (hist_size(axis, weighted) > HIST_SIZE_MAX) {
        return error_set(err, ERROR_INPUT,
                         "a weighted histogram of %zu bins takes %zu MiB, more than %d",
                         axis->n_bins, hist_size(axis, weighted) >> 20, HIST_SIZE_MAX >> 20);
    }
    if (axis_init_copy(&h->axis, axis, err) != 0) {
        return -1;
    }
    h->count = calloc(n_slots(h), sizeof *h->count);
    if (h->count != NULL && weighted) {
        h->sums = calloc(n_slots(h) + 1, sizeof *h->sums);
    }
    if (h->count == NULL || (weighted && h->sums == NULL)) {
        hist_release(h);
        (void)error_no_memory(err, "a histogram");
        return -1;
    }
    return 0;
}

void hist_release(struct hist *h)
{
    axis_release(&h->axis);
    free(h->count);
    free(h->sums);
    *h = (struct hist){0};
}

static void add_weight(struct hist *h, size_t slot, double weight)
{
    if (h->sums != NULL) {
        exact_add(&h->sums[slot].w, weight);
        exact_add_square(&h->sums[slot].w2, weight);
    }
}

void hist_fill(struct hist *h, double x, double weight)
{
    if (isnan(x)) {
        h->nan++;
        add_weight(h, n_slots(h), weight);
    } else {
        hist_fill_bin(h, axis_find(&h->axis, x), weight);
    }
}

void hist_fill_bin(struct hist *h, size_t bin, double weight)
{
    h->count[bin]++;
    add_weight(h, bin, weight);
}

int hist_add(struct hist *dst, const struct hist *src, struct error *err)
{
    if (!axis_equal(&dst->axis, &src->axis) || (dst->sums != NULL) != (src->sums != NULL)) {
        return error_set(err, ERROR_PEER, "histograms of different axes or kinds of bins");
    }
    if (hist_entries(dst) + hist_entries(src) > INT64_MAX) { /* each of them is below 2^63 */
        return error_set(err, ERROR_PEER, "a histogram of more than 2^63 entries");
    }
    for (size_t i = 0; i < n_slots(dst); i++) {
        dst->count[i] += src->count[i];
    }
    dst->nan += src->nan;
    for (size_t i = 0; dst->sums != NULL && i <= n_slots(dst); i++) {
        if (entries_of(src, i) > 0) { /* most are empty: their memory stays untouched */
            exact_merge(&dst->sums[i].w, &src->sums[i].w);
            exact_merge(&dst->sums[i].w2, &src->sums[i].w2);
        }
    }
    return 0;
}

bool hist_equal(const struct hist *a, const struct hist *b)
{
    if (!axis_equal(&a->axis, &b->axis) || a->nan != b->nan ||
        (a->sums != NULL) != (b->sums != NULL) ||
        memcmp(a->count, b->count, n_slots(a) * sizeof *a->count) != 0) {
        return false;
    }
    for (size_t i = 0; a->sums != NULL && i <= n_slots(a); i++) {
        if (entries_of(a, i) > 0 && (!exact_equal(&a->sums[i].w, &b->sums[i].w) ||
                                     !exact_equal(&a->sums[i].w2, &b->sums[i].w2))) {
            return false;
        }
    }
    return true;
}

uint64_t hist_entries(const struct hist *h)
{
    uint64_t n = h->nan;
    for (size_t i = 0; i < n_slots(h); i++) {
        n += h->count[i];
    }
    return n;
}

static void encode_sums(const struct weight_sums *sums, struct buffer *out)
{
    exact_encode(&sums->w, out);
    exact_encode(&sums->w2, out);
}

void hist_encode(const struct hist *h, struct buffer *out)
{
    uint32_t n_filled = 0;
    for (size_t i = 0; i < n_slots(h); i++) {
        n_filled += h->count[i] != 0;
    }
    axis_encode(&h->axis, out);
    buffer_u8(out, h->sums != NULL);
    buffer_u64(out, h->nan);
    buffer_u32(out, n_filled);
    for (size_t i = 0; i < n_slots(h); i++) {
        if (h->count[i] == 0) {
            continue;
        }
        buffer_u32(out, (uint32_t)i);
        buffer_u64(out, h->count[i]);
        if (h->sums != NULL) {
            encode_sums(&h->sums[i], out);
        }
    }
    if (h->sums != NULL && h->nan != 0) {
        encode_sums(&h->sums[n_slots(h)], out);
    }
}

static int decode_sums(struct weight_sums *sums, struct bytes *in, struct error *err)
{
    return exact_decode(&sums->w, in, err) == 0 ? exact_decode(&sums->w2, in, err) : -1;
}

/* The bins that are not empty, rising, each with its sums if the histogram has any. */
static int decode_bins(struct hist *h, struct bytes *in, struct error *err)
{
    uint32_t n_filled = bytes_u32(in);
    uint64_t room = (uint64_t)INT64_MAX - h->nan;
    size_t next = 0;
    if (in->failed) {
        return error_set(err, ERROR_PEER, "histogram cut short");
    }
    for (uint32_t k = 0; k < n_filled; k++) {
        uint32_t bin = bytes_u32(in);
        uint64_t count = bytes_u64(in);
        if (in->failed || bin < next || bin >= n_slots(h) || count == 0 || count > room) {
            return error_set(err, ERROR_PEER, "histogram: bin %u of %zu is not in order", bin,
                             n_slots(h));
        }
        h->count[bin] = count;
        room -= count;
        next = (size_t)bin + 1;
        if (h->sums != NULL && decode_sums(&h->sums[bin], in, err) != 0) {
            return -1;
        }
    }
    return h->sums != NULL && h->nan != 0 ? decode_sums(&h->sums[n_slots(h)], in, err) : 0;
}

int hist_decode(struct hist *h, struct bytes *in, struct error *err)
{
    *h = (struct hist){0};
    struct axis axis;
    if (axis_decode(&axis, in, err) != 0) {
        return -1;
    }
    unsigned weighted = bytes_u8(in);
    uint64_t nan = bytes_u64(in);
    int rc = in->failed || weighted > 1 || nan > INT64_MAX
                 ? error_set(err, ERROR_PEER, "histogram cut short or not one")
                 : hist_init(h, &axis, weighted == 1, err);
    axis_release(&axis);
    if (rc != 0) {
        if (err != NULL && err->kind == ERROR_INPUT) {
            err->kind = ERROR_PEER; /* too large, and a peer's wish */
        }
        return -1;
    }
    h->nan = nan;
    if (decode_bins(h, in, err) != 0) {
        hist_release(h);
        return -1;
    }
    return 0;
}
