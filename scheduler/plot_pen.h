/* SPDX-License-Identifier: Apache-2.0 */
/* plot_pen.h - the few SVG shapes that a plot is made of. Coordinates are SVG units, y
 * downwards, written with at most two decimals and a point whatever the locale. */
#ifndef SCHEDULER_PLOT_PEN_H
#define SCHEDULER_PLOT_PEN_H

#include "base/bytes.h"

struct plot_box {
    double x; /* its upper left corner */
    double y;
    double width;
    double height;
};

void plot_pen_number(struct buffer *out, double value);

/* ` name="value"` */
void plot_pen_attribute(struct buffer *out, const char *name, double value);

/* One step of a path: "M1,2" */
void plot_pen_to(struct buffer *out, char command, double x, double y);

/* `style` is further attributes, as `fill="none"`. */
void plot_pen_line(struct buffer *out, const char *style, const double from[2],
                   const double to[2]);
void plot_pen_box(struct buffer *out, const char *style, struct plot_box box);
void plot_pen_circle(struct buffer *out, double x, double y, double radius);

#endif
