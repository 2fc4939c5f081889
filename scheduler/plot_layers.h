/* SPDX-License-Identifier: Apache-2.0 */
/* plot_layers.h - the simulation of a plot: the stack of its processes, its uncertainty. */
#ifndef SCHEDULER_PLOT_LAYERS_H
#define SCHEDULER_PLOT_LAYERS_H

#include "scheduler/plot.h"
#include "scheduler/plot_pen.h"
#include "scheduler/plot_scale.h"

/* Per bin, what the layers add up to (0 without layers) and how far the drawing reaches. */
struct plot_layers {
    double *total; /* [n_bins] */
    double *error; /* [n_bins] one standard deviation of total, of the simulation's size */
    double *top;   /* [n_bins] the highest of stack, band, data with their intervals */
    double *work;  /* [n_bins] for the one who draws */
};

/* Is there a stack to draw: a layer that is not absent? */
bool plot_layers_any(const struct plot *plot);

int plot_layers_init(struct plot_layers *layers, const struct plot *plot, struct error *err);
void plot_layers_release(struct plot_layers *layers);

/* Fill and line of a layer, for stack and legend. Backgrounds become lighter from the lowest
 * on, so that they differ in grey and for every kind of colour sight. */
struct plot_paint {
    char fill[8]; /* "#rrggbb" */
    const char *line;
    double line_width;
};
struct plot_paint plot_layers_paint(const struct plot *plot, size_t layer);

void plot_layers_draw(const struct plot *plot, const struct plot_layers *layers,
                      const struct plot_panel *panel, struct buffer *out);

/* The hatched band, around the stack or (ratio) around 1. */
void plot_layers_draw_band(const struct plot *plot, const struct plot_layers *layers,
                           const struct plot_panel *panel, bool ratio, struct buffer *out);

/* Hatches over a box inside the clip path of that id, for the band and its legend. */
void plot_layers_hatch(struct buffer *out, const char *clip, struct plot_box box);

/* A path's steps along the bins' contents: from the left end, which starts a path, or
 * back from the right end, which continues one. */
void plot_layers_steps(const struct plot *plot, const struct plot_panel *panel,
                       const double *content, bool back, struct buffer *out);

#endif
