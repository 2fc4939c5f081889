/* SPDX-License-Identifier: Apache-2.0 */
/* plot_axes.h - the frame of a panel: ticks on all four sides, labels, axis titles. */
#ifndef SCHEDULER_PLOT_AXES_H
#define SCHEDULER_PLOT_AXES_H

#include <stdbool.h>

#include "base/bytes.h"
#include "scheduler/plot_scale.h"

enum {
    PLOT_LABEL_TEXT = 19, /* sizes of tick labels and of axis titles, SVG units */
    PLOT_TITLE_TEXT = 22
};

/* The frame and its ticks; labels of x only if asked, those of y always. A power of ten common
 * to the labels of y is written above the axis. */
void plot_axes_draw(struct buffer *out, const struct plot_panel *panel, bool label_x);

/* The common power of ten of the labels of x, for the axis title. */
int plot_axes_exponent(const struct plot_scale *x);

/* Ends at the panel's right end, below its labels. */
void plot_axes_title_x(struct buffer *out, const struct plot_panel *panel, const char *title);
/* Upwards, ends at the panel's upper end. */
void plot_axes_title_y(struct buffer *out, const struct plot_panel *panel, const char *title);

#endif
