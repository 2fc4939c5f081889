/* SPDX-License-Identifier: Apache-2.0 */
/* sketch.c - see sketch.h */
#include "scheduler/sketch.h"

#include <math.h>
#include <stdlib.h>

#include "base/size.h"

enum { MARGIN = 10, CHARS_MAX = 4 }; /* margin: for the numbers at the left */

static const char color_end[] = "\033[0m";

/* One column of the drawing: a few bins together. */
struct column {
    double background;
    double signal;
    double observed;
};

struct grid {
    size_t n;
    size_t bins_each;      /* in a column */
    size_t chars_each;     /* that a column is wide */
    struct column *column; /* [n] */
    bool has_data;
    bool log_y;
    double top; /* of the tallest column */
};

static double number(const json_t *list, size_t i)
{
    return json_number_value(json_array_get(list, i));
}

static void add_up(struct grid *g, const json_t *figure, size_t n_bins)
{
    const json_t *stack = json_object_get(figure, "stack");
    const json_t *observed = json_object_get(figure, "observed");
    for (size_t i = 0; i < n_bins; i++) {
        struct column *c = &g->column[i / g->bins_each];
        for (size_t l = 0; l < json_array_size(stack); l++) {
            const json_t *layer = json_array_get(stack, l);
            double *to =
                json_is_true(json_object_get(layer, "signal")) ? &c->signal : &c->background;
            *to += number(json_object_get(layer, "expected"), i);
        }
        c->observed += number(observed, i);
        g->top = fmax(g->top, fmax(c->observed, c->background + c->signal));
    }
}

static bool make_grid(struct grid *g, const json_t *figure, size_t width)
{
    size_t n_bins = json_array_size(json_object_get(figure, "edges"));
    if (n_bins < 2) {
        return false;
    }
    n_bins--;
    *g = (struct grid){.bins_each = (n_bins + width - 1) / width,
                       .has_data = json_is_array(json_object_get(figure, "observed")),
                       .log_y = json_is_true(json_object_get(figure, "log_y"))};
    g->n = (n_bins + g->bins_each - 1) / g->bins_each;
    g->chars_each = size_min(width / g->n, CHARS_MAX);
    g->column = calloc(g->n, sizeof *g->column);
    if (g->column == NULL) {
        return false;
    }
    add_up(g, figure, n_bins);
    return true;
}

static const double log_low = 0.5; /* where a logarithmic axis begins: below one event */

/* Lines from the bottom, 0 to height, as a fraction of a line too. */
static double height_of(const struct grid *g, double value, size_t height)
{
    if (!(g->top > 0) || !(value > 0)) {
        return 0;
    }
    double share = g->log_y
                       ? log(fmax(value, log_low) / log_low) / log(fmax(g->top, 1) / log_low)
                       : value / g->top;
    return share * (double)height;
}

/* The reverse: what stands at that share of the height. */
static double value_at(const struct grid *g, double share)
{
    return g->log_y ? log_low * pow(fmax(g->top, 1) / log_low, share) : share * g->top;
}

static void put(struct buffer *out, bool color, const char *shade, const char *text)
{
    buffer_printf(out, "%s%s%s", color ? shade : "", text, color ? color_end : "");
}

/* What stands in a character of a column, `line` lines above the bottom. */
static void put_cell(const struct grid *g, const struct sketch *s, size_t at_char, size_t line,
                     struct buffer *out)
{
    const struct column *c = &g->column[at_char / g->chars_each];
    bool middle = at_char % g->chars_each == g->chars_each / 2;
    double at = (double)line + 0.5;
    double data = height_of(g, c->observed, s->height);
    double background = height_of(g, c->background, s->height);
    double all = height_of(g, c->background + c->signal, s->height);
    size_t data_line = (size_t)fmax(ceil(data) - 1, 0);
    if (middle && g->has_data && c->observed > 0 && data_line == line) {
        buffer_printf(out, SKETCH_POINT);
    } else if (at <= background) {
        put(out, s->color, SKETCH_BACKGROUND_COLOR, SKETCH_LIGHT);
    } else if (at <= all) {
        put(out, s->color, SKETCH_SIGNAL_COLOR, SKETCH_DARK);
    } else {
        buffer_printf(out, " ");
    }
}

static void put_axis(const struct grid *g, const json_t *figure, struct buffer *out)
{
    const json_t *edges = json_object_get(figure, "edges");
    size_t n = json_array_size(edges);
    double middle = number(edges, size_min(g->n / 2 * g->bins_each, n - 1));
    buffer_printf(out, "%*.3g +", MARGIN - 2, value_at(g, 0));
    size_t width = g->n * g->chars_each;
    for (size_t i = 0; i < width; i++) {
        buffer_printf(out, "-");
    }
    int half = (int)(g->n / 2 * g->chars_each);
    buffer_printf(out, "\n%*s%-*.4g%-*.4g%.4g %s\n", MARGIN, "", half, number(edges, 0),
                  (int)width - half, middle, number(edges, n - 1),
                  json_string_value(json_object_get(figure, "unit")));
}

void sketch_draw(const struct sketch *sketch, const json_t *figure, struct buffer *out)
{
    struct grid g;
    if (sketch->width < MARGIN + 20 || sketch->height < 3 ||
        !make_grid(&g, figure, sketch->width - MARGIN - 12)) {
        return;
    }
    for (size_t line = sketch->height; line-- > 0;) {
        if (line + 1 == sketch->height || line + 1 == sketch->height / 2) {
            double share = (double)(line + 1) / (double)sketch->height;
            buffer_printf(out, "%*.3g |", MARGIN - 2, value_at(&g, share));
        } else {
            buffer_printf(out, "%*s |", MARGIN - 2, "");
        }
        for (size_t i = 0; i < g.n * g.chars_each; i++) {
            put_cell(&g, sketch, i, line, out);
        }
        buffer_printf(out, "\n");
    }
    put_axis(&g, figure, out);
    free(g.column);
}
