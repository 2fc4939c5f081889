/* SPDX-License-Identifier: Apache-2.0 */
/* plot_pen.c - see plot_pen.h */
#include "scheduler/plot_pen.h"

#include <math.h>

static const double number_max = 1e6;

void plot_pen_number(struct buffer *out, double value)
{
    long hundredths = lround(100 * fmin(fmax(value, -number_max), number_max));
    if (hundredths < 0) {
        buffer_raw(out, "-", 1);
        hundredths = -hundredths;
    }
    long fraction = hundredths % 100;
    buffer_printf(out, "%ld", hundredths / 100);
    if (fraction % 10 != 0) {
        buffer_printf(out, ".%02ld", fraction);
    } else if (fraction != 0) {
        buffer_printf(out, ".%ld", fraction / 10);
    }
}

void plot_pen_attribute(struct buffer *out, const char *name, double value)
{
    buffer_printf(out, " %s=\"", name);
    plot_pen_number(out, value);
    buffer_raw(out, "\"", 1);
}

void plot_pen_to(struct buffer *out, char command, double x, double y)
{
    buffer_raw(out, &command, 1);
    plot_pen_number(out, x);
    buffer_raw(out, ",", 1);
    plot_pen_number(out, y);
}

void plot_pen_line(struct buffer *out, const char *style, const double from[2],
                   const double to[2])
{
    buffer_printf(out, "<path %s d=\"", style);
    plot_pen_to(out, 'M', from[0], from[1]);
    plot_pen_to(out, 'L', to[0], to[1]);
    buffer_printf(out, "\"/>\n");
}

void plot_pen_box(struct buffer *out, const char *style, struct plot_box box)
{
    buffer_printf(out, "<rect %s", style);
    plot_pen_attribute(out, "x", box.x);
    plot_pen_attribute(out, "y", box.y);
    plot_pen_attribute(out, "width", box.width);
    plot_pen_attribute(out, "height", box.height);
    buffer_printf(out, "/>\n");
}

void plot_pen_circle(struct buffer *out, double x, double y, double radius)
{
    buffer_printf(out, "<circle");
    plot_pen_attribute(out, "cx", x);
    plot_pen_attribute(out, "cy", y);
    plot_pen_attribute(out, "r", radius);
    buffer_printf(out, "/>\n");
}
