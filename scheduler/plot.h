/* SPDX-License-Identifier: Apache-2.0 */
/* plot.h - the mass plot: one drawing, as SVG whose text stays text; a library turns that into
 * PNG and PDF. Draws what it is given and computes no physics (figure.h does). */
#ifndef SCHEDULER_PLOT_H
#define SCHEDULER_PLOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/error.h"

enum { PLOT_PROCESSES_MAX = 16, PLOT_NOTES_MAX = 6 };

/* The picture, and the frame of the axes in it (both panels), in SVG units. */
enum {
    PLOT_WIDTH = 800,
    PLOT_HEIGHT = 760,
    PLOT_LEFT = 104,
    PLOT_RIGHT = 778,
    PLOT_TOP = 46,
    PLOT_BOTTOM = 680
};

/* One layer of the stack, lowest first. */
struct plot_layer {
    const char *title;      /* UTF-8, for the legend */
    bool signal;            /* drawn to stand out */
    bool absent;            /* nothing of it is there yet: it keeps its colour, not its entry */
    const double *expected; /* [n_bins], scaled to the luminosity seen */
    const double *variance; /* [n_bins] of it */
};

/* All borrowed, for the call. Text is UTF-8 and escaped here; "" for none, never NULL. In all
 * of it "fb^-1" raises the number. */
struct plot {
    size_t n_bins;
    const double *edge; /* [n_bins + 1] rising; positive if log_x */
    bool log_x;
    bool log_y;
    const char *label; /* of the x axis: "m(4l)" or "m_{4l}" (plot_text.h says the markup) */
    const char *unit;  /* "GeV" */
    size_t n_layers;   /* 0: data only */
    struct plot_layer layer[PLOT_PROCESSES_MAX];
    const uint64_t *observed;  /* [n_bins] data, or NULL: simulation only */
    const char *control_title; /* a second set of points, open ("same sign"), or NULL */
    const uint64_t *control;   /* [n_bins] or NULL */
    const char *data_title;    /* "Data" */
    const char *luminosity;    /* right above the frame: "11.58 fb^-1 (8 TeV)"; "" for none */
    const char *coverage; /* left above the frame: "25 of 25 shards, 11.58 of 11.58 fb^-1" */
    bool incomplete;      /* says so across the picture */
    bool generated;       /* writes "generated sample" across it: no collision data */
    double window_low;    /* a shaded window; both 0 for none */
    double window_high;
    size_t n_notes; /* short lines inside the frame: channels, significance */
    const char *note[PLOT_NOTES_MAX];
};

/* Appends one SVG document, byte for byte the same for the same input. ERROR_SYSTEM without
 * memory; ERROR_INPUT if there is no bin, or edges do not rise, are beyond 1e100, or with log_x
 * are not positive. */
int plot_draw_svg(const struct plot *plot, struct buffer *out, struct error *err);

/* Pixels per SVG unit in the PNGs that are given out. */
#define PLOT_PNG_SCALE 2.0

enum plot_format { PLOT_SVG, PLOT_PNG, PLOT_PDF, PLOT_FORMATS };

/* "svg", "png", "pdf" */
const char *plot_format_name(enum plot_format format);

/* Can this build draw it? */
bool plot_can_render(enum plot_format format);

/* Appends the SVG in the format asked for (a copy for PLOT_SVG); PNG at `scale` pixels per SVG
 * unit. ERROR_INPUT for what is no SVG, a picture too large, or a build that draws SVG only.
 * The same SVG, library and fonts give the same bytes. */
int plot_render(const void *svg, size_t size, enum plot_format format, double scale,
                struct buffer *out, struct error *err);

#endif
