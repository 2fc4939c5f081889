/* SPDX-License-Identifier: Apache-2.0 */
/* sketch.h - a figure in characters, for a terminal: the stack as columns, data as points. */
#ifndef SCHEDULER_SKETCH_H
#define SCHEDULER_SKETCH_H

#include <stdbool.h>
#include <stddef.h>

#include "base/bytes.h"
#include "base/json.h"

/* A point of data; expected background and signal. They differ without colours, too. */
#define SKETCH_POINT            "\xe2\x97\x8f" /* a filled circle */
#define SKETCH_DARK             "\xe2\x96\x93" /* shades of a block */
#define SKETCH_LIGHT            "\xe2\x96\x91"
#define SKETCH_SIGNAL_COLOR     "\033[31m"
#define SKETCH_BACKGROUND_COLOR "\033[36m"

struct sketch {
    size_t width;  /* of all of it, in characters */
    size_t height; /* lines of the frame; two more stand below it */
    bool color;
};

/* Appends what figure_to_json made; neighbouring bins share a column where there are too many. */
void sketch_draw(const struct sketch *sketch, const json_t *figure, struct buffer *out);

#endif
