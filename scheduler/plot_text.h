/* SPDX-License-Identifier: Apache-2.0 */
/* plot_text.h - text in a plot: escaped, with raised and lowered parts, and measured.
 *
 * Any bytes may come in: what is no valid UTF-8, no XML character or would turn the text's
 * direction becomes U+FFFD. Markup: "fb^-1" and "10^6" raise the number, "m_{4l}" and "x^{ab}"
 * lower and raise what is in braces; all else is text as it stands. */
#ifndef SCHEDULER_PLOT_TEXT_H
#define SCHEDULER_PLOT_TEXT_H

#include "base/bytes.h"

struct plot_text {
    double x;
    double y; /* of the base line */
    double size;
    const char *anchor; /* "start", "middle", "end" */
    const char *style;  /* further attributes, or NULL */
    double turn;        /* degrees, clockwise, about x, y */
    double limit;       /* widest that it may be, cut with an ellipsis; 0: as it is */
};

/* One <text> element. */
void plot_text_write(struct buffer *out, const struct plot_text *where, const char *text);

/* In SVG units; of DejaVu Sans, the widest of the fonts that the plot names, so that text fits
 * with any of them. */
double plot_text_width(const char *text, double size);

/* Without markup, for <title> and <desc>. */
void plot_text_escape(struct buffer *out, const char *text);

/* A number as people write it, up to 7 digits: "3", "0.25", "1.5e-07". */
void plot_text_number(struct buffer *out, double value);

#endif
