/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_partial.c - fuzzes analysis/partial.h, and through it histograms, axes and exact sums:
 * what is taken comes out as the same bytes, adds up, and can be filled. */
#include <math.h>
#include <string.h>

#include "analysis/partial.h"
#include "tests/fuzz/fuzz.h"

/* Next to the edges, beyond them, and what is no number. */
static void fill(struct hist *h)
{
    const double *edge = h->axis.edge;
    size_t n = h->axis.n_bins;
    const double value[] = {edge[0],     nextafter(edge[0], -INFINITY),
                            edge[n],     nextafter(edge[n], -INFINITY),
                            edge[n / 2], nextafter(edge[n / 2], -INFINITY),
                            0.0,         -INFINITY,
                            INFINITY,    NAN};
    for (size_t i = 0; i < sizeof value / sizeof value[0]; i++) {
        size_t bin = isnan(value[i]) ? 0 : axis_find(&h->axis, value[i]);
        FUZZ_CHECK(bin <= n + 1);
        FUZZ_CHECK(isnan(value[i]) || bin == 0 || edge[bin - 1] <= value[i]);
        FUZZ_CHECK(isnan(value[i]) || bin == n + 1 || value[i] < edge[bin]);
        hist_fill(h, value[i], i % 2 == 0 ? 1e300 : -1e-300);
    }
}

static void check_sums(const struct hist *h)
{
    for (size_t i = 0; h->sums != NULL && i < h->axis.n_bins + 3; i++) {
        FUZZ_CHECK(!isnan(exact_round(&h->sums[i].w)));
        FUZZ_CHECK(!isnan(exact_round(&h->sums[i].w2)));
    }
}

/* Twice itself minus nothing: adding must be exact and keep the form. */
static void add(const struct partial *p)
{
    struct partial sum;
    struct error err = {0};
    if (partial_init_like(&sum, p, &err) != 0) {
        FUZZ_CHECK(err.kind == ERROR_SYSTEM);
        return;
    }
    FUZZ_CHECK(partial_add(&sum, p, &err) == 0);
    FUZZ_CHECK(partial_equal(&sum, p));
    if (partial_add(&sum, p, &err) != 0) {
        FUZZ_CHECK(err.kind == ERROR_PEER && partial_equal(&sum, p));
    }
    partial_release(&sum);
}

static size_t count_bins(const struct partial *p)
{
    size_t n = 0;
    for (size_t i = 0; i < p->n_hists; i++) {
        n += p->hist[i].hist.axis.n_bins;
    }
    return n;
}

static void check(struct partial *p, const uint8_t *data, size_t size)
{
    struct buffer out = {0};
    partial_encode(p, &out);
    FUZZ_CHECK(!out.failed && out.size == size && memcmp(out.data, data, size) == 0);
    buffer_release(&out);
    if (count_bins(p) > 10000) { /* would only be slow */
        return;
    }
    add(p);
    for (size_t i = 0; i < p->n_hists; i++) {
        check_sums(&p->hist[i].hist);
        fill(&p->hist[i].hist);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes in = bytes_of(data, size);
    struct error err = {0};
    struct partial p;
    if (partial_decode(&p, &in, &err) != 0) {
        fuzz_check_refused(&err, ERROR_PEER);
        FUZZ_CHECK(p.n_hists == 0 && p.hist == NULL && p.step == NULL);
        return 0;
    }
    check(&p, data, size);
    partial_release(&p);
    return 0;
}
