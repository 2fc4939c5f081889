/* SPDX-License-Identifier: Apache-2.0 */
/* plot_scale.h - from values to SVG units, and where an axis has its ticks. */
#ifndef SCHEDULER_PLOT_SCALE_H
#define SCHEDULER_PLOT_SCALE_H

#include <stdbool.h>
#include <stddef.h>

/* low at start, high at end; low < high, and positive if log. Upwards, end < start. */
struct plot_scale {
    double low;
    double high;
    bool log;
    double start;
    double end;
};

/* A frame with its two axes. */
struct plot_panel {
    struct plot_scale x;
    struct plot_scale y;
};

/* Values beyond an end lie on it. */
double plot_scale_at(const struct plot_scale *scale, double value);

/* How high a value stands above low: in values, or in factors of e on a logarithmic scale. */
double plot_scale_rise(double low, double value, bool log);

/* The largest power of ten that is not above value > 0: its exponent. */
int plot_scale_decade(double value);
double plot_scale_power(int exponent); /* 10^exponent */

enum { PLOT_TICKS_MAX = 256, PLOT_LABEL_SIZE = 48 };

struct plot_tick {
    double value;
    bool major;
    char label[PLOT_LABEL_SIZE]; /* plot_text.h's markup; "" for none */
};

struct plot_ticks {
    int exponent; /* labels stand for their number times 10^exponent */
    size_t n;
    struct plot_tick
        tick[PLOT_TICKS_MAX]; /* rising, but minor ones after major ones if linear */
};

/* Round numbers inside the scale's range, labels at least about room SVG units apart. */
void plot_scale_ticks(const struct plot_scale *scale, double room, struct plot_ticks *ticks);

#endif
