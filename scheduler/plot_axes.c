/* SPDX-License-Identifier: Apache-2.0 */
/* plot_axes.c - see plot_axes.h */
#include "scheduler/plot_axes.h"

#include <math.h>
#include <stdio.h>

#include "scheduler/plot_pen.h"
#include "scheduler/plot_text.h"

static const double major_tick = 11;
static const double minor_tick = 6;
static const double label_gap = 9; /* between frame and labels */

/* Room that labels ask for along their axis. */
static const double room_x = 85;
static const double room_x_log = 50;
static const double room_y = 46;

static void tick_room(const struct plot_scale *scale, bool horizontal, struct plot_ticks *ticks)
{
    double wide = scale->log ? room_x_log : room_x;
    double high = fmin(room_y, fabs(scale->end - scale->start) / 4);
    plot_scale_ticks(scale, horizontal ? wide : high, ticks);
}

int plot_axes_exponent(const struct plot_scale *x)
{
    struct plot_ticks ticks;
    tick_room(x, true, &ticks);
    return ticks.exponent;
}

static bool at_end(const struct plot_scale *scale, double at)
{
    return fabs(at - scale->start) < 0.5 || fabs(at - scale->end) < 0.5;
}

/* All ticks of one axis as one path, on both sides of the frame. */
static void draw_ticks(struct buffer *out, const struct plot_panel *panel, bool horizontal,
                       const struct plot_ticks *ticks)
{
    const struct plot_scale *along = horizontal ? &panel->x : &panel->y;
    const struct plot_scale *across = horizontal ? &panel->y : &panel->x;
    double inward = across->end > across->start ? 1 : -1;
    buffer_printf(out, "<path d=\"");
    for (size_t i = 0; i < ticks->n; i++) {
        double at = plot_scale_at(along, ticks->tick[i].value);
        double length = inward * (ticks->tick[i].major ? major_tick : minor_tick);
        if (at_end(along, at)) {
            continue;
        }
        if (horizontal) {
            plot_pen_to(out, 'M', at, across->start);
            plot_pen_to(out, 'v', 0, length);
            plot_pen_to(out, 'M', at, across->end);
            plot_pen_to(out, 'v', 0, -length);
        } else {
            plot_pen_to(out, 'M', across->start, at);
            plot_pen_to(out, 'h', length, 0);
            plot_pen_to(out, 'M', across->end, at);
            plot_pen_to(out, 'h', -length, 0);
        }
    }
    buffer_printf(out, "\"/>\n");
}

/* Left to right; a label that would touch the one before is left out. */
static void draw_labels_x(struct buffer *out, const struct plot_panel *panel,
                          const struct plot_ticks *ticks)
{
    double taken = -INFINITY;
    for (size_t i = 0; i < ticks->n; i++) {
        const struct plot_tick *tick = &ticks->tick[i];
        double at = plot_scale_at(&panel->x, tick->value);
        double half = plot_text_width(tick->label, PLOT_LABEL_TEXT) / 2;
        if (tick->label[0] == '\0' || at - half < taken) {
            continue;
        }
        taken = at + half + label_gap;
        struct plot_text where = {.x = at,
                                  .y = panel->y.start + label_gap + PLOT_LABEL_TEXT,
                                  .size = PLOT_LABEL_TEXT,
                                  .anchor = "middle"};
        plot_text_write(out, &where, tick->label);
    }
}

static void draw_labels_y(struct buffer *out, const struct plot_panel *panel,
                          const struct plot_ticks *ticks)
{
    double taken = INFINITY;
    struct plot_text where = {
        .x = panel->x.start - label_gap, .size = PLOT_LABEL_TEXT, .anchor = "end"};
    for (size_t i = 0; i < ticks->n; i++) {
        const struct plot_tick *tick = &ticks->tick[i];
        where.y = plot_scale_at(&panel->y, tick->value) + 0.36 * PLOT_LABEL_TEXT;
        if (tick->label[0] == '\0' || where.y > taken) {
            continue;
        }
        taken = where.y - PLOT_LABEL_TEXT - 1;
        plot_text_write(out, &where, tick->label);
    }
    if (ticks->exponent != 0) {
        char power[PLOT_LABEL_SIZE];
        (void)snprintf(power, sizeof power,
                       "\xC3\x97"
                       "10^%d",
                       ticks->exponent);
        where.x -= label_gap;
        where.y = panel->y.end - label_gap - 3;
        plot_text_write(out, &where, power);
    }
}

void plot_axes_draw(struct buffer *out, const struct plot_panel *panel, bool label_x)
{
    struct plot_ticks x;
    struct plot_ticks y;
    tick_room(&panel->x, true, &x);
    tick_room(&panel->y, false, &y);
    buffer_printf(out, "<g fill=\"none\" stroke=\"#000\" stroke-width=\"1.3\">\n");
    draw_ticks(out, panel, true, &x);
    draw_ticks(out, panel, false, &y);
    struct plot_box frame = {panel->x.start, panel->y.end, panel->x.end - panel->x.start,
                             panel->y.start - panel->y.end};
    plot_pen_box(out, "stroke-width=\"1.5\"", frame);
    buffer_printf(out, "</g>\n");
    if (label_x) {
        draw_labels_x(out, panel, &x);
    }
    draw_labels_y(out, panel, &y);
}

void plot_axes_title_x(struct buffer *out, const struct plot_panel *panel, const char *title)
{
    struct plot_text where = {.x = panel->x.end,
                              .y = panel->y.start + 64,
                              .size = PLOT_TITLE_TEXT,
                              .anchor = "end",
                              .limit = panel->x.end - panel->x.start};
    plot_text_write(out, &where, title);
}

void plot_axes_title_y(struct buffer *out, const struct plot_panel *panel, const char *title)
{
    struct plot_text where = {.x = panel->x.start - 76,
                              .y = panel->y.end,
                              .size = PLOT_TITLE_TEXT,
                              .anchor = "end",
                              .turn = -90,
                              .limit = panel->y.start - panel->y.end};
    plot_text_write(out, &where, title);
}
