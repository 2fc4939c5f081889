/* SPDX-License-Identifier: Apache-2.0 */
/* plot_points.h - counted events in a plot: data, the control, data over simulation. */
#ifndef SCHEDULER_PLOT_POINTS_H
#define SCHEDULER_PLOT_POINTS_H

#include "scheduler/plot.h"
#include "scheduler/plot_layers.h"
#include "scheduler/plot_scale.h"

/* How counts are drawn depends on how wide a bin is in the picture, and on how many are filled. */
enum plot_marks {
    PLOT_MARKS_CAPPED, /* points, intervals with caps */
    PLOT_MARKS_SMALL,  /* small points, bare intervals */
    PLOT_MARKS_STEPS   /* an outline: intervals would be a blot */
};

enum plot_marks plot_points_marks(const struct plot *plot, const struct plot_panel *panel);

/* The area under an outline of data alone: behind all else. */
void plot_points_draw_fill(const struct plot *plot, const struct plot_layers *layers,
                           const struct plot_panel *panel, struct buffer *out);

/* Points with Garwood intervals; bins without an event get none. */
void plot_points_draw(const struct plot *plot, const struct plot_layers *layers,
                      const struct plot_panel *panel, struct buffer *out);

/* The half range of the ratio panel about 1 that shows nine in ten of the ratios. */
double plot_points_ratio_reach(const struct plot *plot, const struct plot_layers *layers);

/* Data / simulation where there are both; what is beyond the panel as an arrow at its edge. */
void plot_points_draw_ratio(const struct plot *plot, const struct plot_layers *layers,
                            const struct plot_panel *panel, struct buffer *out);

/* The legend's sample of it, centred. */
void plot_points_sample(enum plot_marks marks, bool control, double x, double y,
                        struct buffer *out);

#endif
