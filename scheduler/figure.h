/* SPDX-License-Identifier: Apache-2.0 */
/* figure.h - from merged partials to a drawing: scaling, summing of channels and eras, stacking by
 * process, significance, and the words in the picture.
 *
 * Simulation is scaled as normalisation.h says, in each era and channel by itself. Without any
 * data and without a luminosity to scale to it is drawn as it is, in simulated events, which the
 * picture says. Otherwise a simulated sample without a cross section, or in an era and channel
 * without a luminosity, is left out, and the picture names it. */
#ifndef SCHEDULER_FIGURE_H
#define SCHEDULER_FIGURE_H

#include "base/bytes.h"
#include "base/error.h"
#include "base/json.h"
#include "scheduler/merge.h"
#include "scheduler/run.h"

struct figure_request {
    const char *hist;    /* NULL: the analysis's first figure */
    const char *channel; /* NULL: the sum of all (dimuon: os, with ss as the control) */
    int log_y;           /* 1, 0, or -1: as the analysis says */
};

/* What the picture says in numbers, too; for `result` and tests. */
struct figure_numbers {
    double observed;   /* in the window */
    double background; /* expected there */
    double signal;
    double significance_observed;
    double significance_expected;
    int has_window; /* the figure has one, and signal and background are both expected in it */
};

/* Appends the SVG. numbers may be NULL. ERROR_INPUT for a histogram or channel that is not there. */
int figure_draw(const struct run *r, const struct merge *m,
                const struct figure_request *request, struct buffer *svg,
                struct figure_numbers *numbers, struct error *err);

/* The numbers without the drawing. */
int figure_count(const struct run *r, const struct merge *m,
                 const struct figure_request *request, struct figure_numbers *numbers,
                 struct error *err);

/* All that the picture shows, as JSON that the caller owns: edges, data, each layer's expected
 * events and their variance, luminosities, coverage, window and significance. */
json_t *figure_to_json(const struct run *r, const struct merge *m,
                       const struct figure_request *request, struct error *err);

/* Draws the first figure into the run's folder: plot.svg, and plot.png and plot.pdf where this
 * build can. */
int figure_write(const struct run *r, const struct merge *m, struct error *err);

#endif
