/* SPDX-License-Identifier: Apache-2.0 */
/* frame.h - the state of a run as lines that fill a terminal: how far it is, its samples, its plot.
 *
 * A function of what it is given, and of nothing else. */
#ifndef SCHEDULER_FRAME_H
#define SCHEDULER_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/json.h"

struct frame {
    size_t width;  /* columns, at least 1 */
    size_t height; /* lines, at least 1 */
    bool has_color;
};

/* Appends at most that many lines, none wider, each with its end. The document is that of
 * dashboard.h, the figure that of figure_to_json or NULL. Where it is tight the state comes first,
 * then the plot, then as many samples as there is room for, the rest of them summed in a line. */
void frame_draw(const struct frame *f, const json_t *document, const json_t *figure,
                struct buffer *out);

/* Appends as much of the text's lines as the frame holds. */
void frame_cut(const struct frame *f, const struct buffer *text, struct buffer *out);

/* Private to frame*.c: the table of the samples, in at most that many lines. Its lines may be too
 * wide, when even its names are. */
void frame_draw_samples(const struct frame *f, size_t n_lines, const json_t *samples,
                        struct buffer *out);

/* Of a JSON object: 0 for what is not there or negative. */
uint64_t frame_count(const json_t *object, const char *key);

/* 99 as long as something is missing. */
unsigned frame_percent(uint64_t done, uint64_t planned);

#endif
