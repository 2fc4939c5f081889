/* SPDX-License-Identifier: Apache-2.0 */
/* plot_sample.h - plots of many kinds, for the tests of scheduler/plot.h. */
#ifndef TESTS_SUPPORT_PLOT_SAMPLE_H
#define TESTS_SUPPORT_PLOT_SAMPLE_H

#include <math.h>

#include "base/size.h"
#include "scheduler/plot.h"
#include "tests/support/check.h"

enum { BINS_MAX = 10000, LAYERS = 3 };

/* A plot with the memory that it borrows. */
struct sample {
    struct plot plot;
    double edge[BINS_MAX + 1];
    double expected[LAYERS][BINS_MAX];
    double variance[LAYERS][BINS_MAX];
    uint64_t observed[BINS_MAX];
    uint64_t control[BINS_MAX];
};

struct variant {
    size_t n_bins;
    double low;
    double high;
    double events; /* in the highest bin, about */
    const char *coverage;
    size_t n_layers;
    bool log_x;
    bool log_y;
    bool data;
    bool control;
};

enum { LIN, LOG }; /* an axis */

static const struct variant variants[] = {
    /* clang-format off */
    {37, 70, 181, 18, "25 of 25 shards, 11.58 of 11.58 fb^-1", 3, LIN, LIN, true, false},
    {37, 70, 181, 18, "25 of 25 shards, 11.58 of 11.58 fb^-1", 3, LIN, LOG, true, false},
    {37, 70, 181, 0.2, "251 of 25,000 shards, 0.12 of 11.58 fb^-1", 3, LIN, LIN, true, false},
    {37, 70, 181, 0.2, "251 of 25,000 shards, 0.12 of 11.58 fb^-1", 3, LIN, LOG, true, false},
    {37, 70, 181, 0, "0 of 25 shards", 3, LIN, LIN, true, false},
    {37, 70, 181, 0, "0 of 25 shards", 3, LIN, LOG, true, false},
    {37, 70, 181, 18, "", 3, LIN, LOG, false, false},
    {37, 70, 181, 1e-9, "", 1, LIN, LIN, false, false},
    {300, 0, 900, 1e4, "all", 3, LIN, LOG, true, false},
    {400, 0.25, 300, 4e5, "1,000 of 1,000 shards", 0, LOG, LOG, true, true},
    {90, 0.25, 300, 4e5, "1,000 of 1,000 shards", 0, LOG, LOG, true, true},
    {90, 0.25, 300, 4e5, "1,000 of 1,000 shards", 0, LOG, LIN, true, true},
    {BINS_MAX, 0.25, 300, 4e5, "all", 2, LOG, LOG, true, false},
    {BINS_MAX, 0, 300, 4e5, "all", 0, LIN, LIN, true, false},
    {8, 0, 300, 1.2e7, "70 of 70 TB", 2, LIN, LIN, true, false},
    {8, 0, 3e6, 1.2e7, "70 of 70 TB", 2, LIN, LOG, true, false},
    {1, -1, 1, 3, "one bin", 1, LIN, LIN, true, true},
    {50, 120, 140, 100, "less than a decade", 1, LOG, LIN, true, false},
    {50, 5.2791, 5.2799, 1e15, "narrow", 1, LIN, LIN, true, false},
    {50, 1e-30, 1e30, 1e18, "wide", 1, LOG, LOG, true, false},
    /* clang-format on */
};

/* A peak at a third of the axis over a falling slope. */
static inline double shape(double part)
{
    return exp(-pow((part - 0.3) / 0.03, 2)) + 0.1 * (1 - part);
}

static inline void fill_bins(struct sample *s, const struct variant *v)
{
    for (size_t i = 0; i <= v->n_bins; i++) {
        double part = (double)i / (double)v->n_bins;
        s->edge[i] = v->log_x ? v->low * pow(v->high / v->low, part)
                              : v->low + part * (v->high - v->low);
    }
    for (size_t i = 0; i < v->n_bins; i++) {
        double content = v->events * shape(((double)i + 0.5) / (double)v->n_bins);
        for (size_t l = 0; l < LAYERS; l++) {
            s->expected[l][i] = content / (double)(l + 2);
            s->variance[l][i] = content / 50;
        }
        s->observed[i] = (uint64_t)(content + (i % 7 == 0 ? 0.9 : 0.3));
        s->control[i] = s->observed[i] / 8;
    }
}

static inline struct sample *make_sample(const struct variant *v)
{
    struct sample *s = calloc(1, sizeof *s);
    assert_non_null(s);
    fill_bins(s, v);
    s->plot = (struct plot){
        .n_bins = v->n_bins,
        .edge = s->edge,
        .log_x = v->log_x,
        .log_y = v->log_y,
        .label = "m(4l)",
        .unit = "GeV",
        .n_layers = v->n_layers,
        .observed = v->data ? s->observed : NULL,
        .control = v->control ? s->control : NULL,
        .control_title = v->control ? "Same sign" : NULL,
        .data_title = "Data",
        .luminosity = "11.58 fb^-1 (8 TeV) + 2.33 fb^-1 (7 TeV)",
        .coverage = v->coverage,
        .n_notes = 3,
        .note = {"4\xCE\xBC, 4e, 2\xCE\xBC"
                 "2e",
                 "121-130 GeV: 12 observed", "2.8 observed, 3.1 expected"},
    };
    static const char *const title[LAYERS] = {"Z/\xCE\xB3*", "ZZ", "H(125)"};
    for (size_t l = 0; l < v->n_layers; l++) {
        s->plot.layer[l] = (struct plot_layer){.title = title[l],
                                               .signal = l == 2,
                                               .expected = s->expected[l],
                                               .variance = s->variance[l]};
    }
    return s;
}

/* The SVG as a string, in *out. */
static inline const char *draw(const struct plot *plot, struct buffer *out)
{
    struct error err = {0};
    check_ok(plot_draw_svg(plot, out, &err), &err);
    const char *svg = buffer_string(out);
    assert_non_null(svg);
    return svg;
}

/* Goes through a real XML parser and renderer, where the build has one. */
static inline void assert_renders(const char *svg)
{
    struct buffer png = {0};
    struct error err = {0};
#ifdef PICOBARN_WITH_RENDER
    check_ok(plot_render(svg, strlen(svg), PLOT_PNG, 0.5, &png, &err), &err);
    assert_true(png.size > 1000);
#else
    assert_int_equal(plot_render(svg, strlen(svg), PLOT_PNG, 0.5, &png, &err), -1);
    assert_int_equal(err.kind, ERROR_INPUT);
    check_contains(err.text, "this build draws SVG only");
#endif
    buffer_release(&png);
}

/* The number of an attribute that stands at or after `at`. */
static inline double attribute(const char *at, const char *name)
{
    const char *found = strstr(at, name);
    assert_non_null(found);
    return strtod(found + strlen(name), NULL);
}

#endif
