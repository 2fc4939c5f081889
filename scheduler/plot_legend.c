/* SPDX-License-Identifier: Apache-2.0 */
/* plot_legend.c - see plot_legend.h
 *
 * Every layout of a short list (columns of the legend, its side, notes beside or below it) is
 * tried. For each, a bin may rise up to the lowest block above it; the axis must then
 * reach as far as the tightest bin asks. The layout with the shortest axis wins, an earlier one
 * unless a later one gains noticeably, so that live plots do not jump. */
#include "scheduler/plot_legend.h"

#include <math.h>

#include "analysis/elementary.h"
#include "base/size.h"
#include "scheduler/plot_points.h"
#include "scheduler/plot_text.h"

static const double entry_text = 17;
static const double entry_height = 26;
static const double swatch_width = 34;
static const double swatch_height = 16;
static const double swatch_gap = 10;
static const double column_gap = 24;
static const double note_text = 17;
static const double note_height = 25;
static const double inset = 20;       /* from the frame: clear of its ticks */
static const double clearance = 14;   /* between a block and the drawing */
static const double free_part = 0.94; /* of the frame's height, under no block */
static const double gain = 0.93;      /* a later layout must do with so much of the axis */

struct layout {
    size_t n_columns;
    bool left;  /* the legend's side */
    bool below; /* notes below the legend, not on the other side */
};

static const struct layout layouts[] = {
    {1, false, false}, {1, false, true}, {1, true, false}, {1, true, true},  {2, false, false},
    {2, false, true},  {2, true, false}, {2, true, true},  {3, false, true}, {3, true, true},
};

static void add_entry(struct plot_legend *legend, enum plot_entry_kind kind, size_t layer,
                      const char *title)
{
    legend->entry[legend->n_entries] =
        (struct plot_entry){.kind = kind, .layer = layer, .title = title};
    legend->n_entries++;
}

/* Data first, then the stack as it is seen, from the top. */
static void list_entries(struct plot_legend *legend, const struct plot *plot)
{
    legend->n_entries = 0;
    if (plot->observed != NULL) {
        add_entry(legend, PLOT_ENTRY_DATA, 0,
                  plot->data_title == NULL ? "Data" : plot->data_title);
    }
    if (plot->control != NULL) {
        add_entry(legend, PLOT_ENTRY_CONTROL, 0,
                  plot->control_title == NULL ? "Control" : plot->control_title);
    }
    for (size_t layer = plot->n_layers; layer > 0; layer--) {
        if (!plot->layer[layer - 1].absent) {
            add_entry(legend, PLOT_ENTRY_LAYER, layer - 1, plot->layer[layer - 1].title);
        }
    }
    if (plot_layers_any(plot)) {
        add_entry(legend, PLOT_ENTRY_BAND, 0, "Sim. stat. unc.");
    }
}

static double panel_width(const struct plot_panel *panel)
{
    return panel->x.end - panel->x.start;
}

/* Sizes of both blocks, at the frame's upper left corner for now. */
static void measure(struct plot_legend *legend, const struct plot *plot,
                    const struct plot_panel *panel, struct layout layout)
{
    double room = panel_width(panel) - 2 * inset;
    double widest = 0;
    for (size_t i = 0; i < legend->n_entries; i++) {
        widest = fmax(widest, plot_text_width(legend->entry[i].title, entry_text));
    }
    double columns = (double)layout.n_columns;
    double column_max = (room - (columns - 1) * column_gap) / columns;
    legend->n_columns = layout.n_columns;
    legend->column_width = fmin(swatch_width + swatch_gap + widest + 1, column_max);
    size_t n_rows = (legend->n_entries + layout.n_columns - 1) / layout.n_columns;
    legend->box = (struct plot_box){panel->x.start + inset, panel->y.end + inset,
                                    columns * legend->column_width + (columns - 1) * column_gap,
                                    (double)n_rows * entry_height};
    double note_width = 0;
    for (size_t i = 0; i < plot->n_notes; i++) {
        note_width = fmax(note_width, plot_text_width(plot->note[i], note_text) + 1);
    }
    legend->notes = (struct plot_box){legend->box.x, legend->box.y, fmin(note_width, room),
                                      (double)plot->n_notes * note_height};
}

/* To their sides; false if the blocks would meet. */
static bool arrange(struct plot_legend *legend, const struct plot_panel *panel,
                    struct layout layout)
{
    double right = panel->x.end - inset;
    if (!layout.left) {
        legend->box.x = right - legend->box.width;
    }
    if (layout.below) {
        legend->notes.y += legend->box.height + (legend->n_entries > 0 ? 6 : 0);
        legend->notes.x = layout.left ? legend->box.x : right - legend->notes.width;
        legend->notes.x = fmin(legend->notes.x, legend->box.x);
        legend->box.x = legend->n_columns == 1 ? legend->notes.x : legend->box.x;
        return true;
    }
    legend->notes.x = layout.left ? right - legend->notes.width : panel->x.start + inset;
    double room = panel_width(panel) - 2 * inset - column_gap;
    return legend->notes.height == 0 || legend->box.width + legend->notes.width <= room;
}

/* The lowest line that the block draws over [left, right], or `line` if that is lower. */
static double lower_line(struct plot_box block, double left, double right, double line)
{
    bool over = left < block.x + block.width + clearance && right > block.x - clearance;
    double bottom = block.y + block.height + clearance;
    return over && block.height > 0 ? fmax(bottom, line) : line;
}

/* How far the axis must reach (as plot_scale_rise) for every bin to end below the blocks. */
static double axis_rise(const struct plot_legend *legend, const struct plot *plot,
                        const struct plot_layers *layers, const struct plot_panel *panel)
{
    double height = panel->y.start - panel->y.end;
    double rise = 0;
    for (size_t bin = 0; bin < plot->n_bins; bin++) {
        double left = plot_scale_at(&panel->x, plot->edge[bin]);
        double right = plot_scale_at(&panel->x, plot->edge[bin + 1]);
        double line = panel->y.end + (1 - free_part) * height;
        line = lower_line(legend->box, left, right, line);
        line = lower_line(legend->notes, left, right, line);
        double part = fmax((panel->y.start - line) / height, 0.1);
        rise = fmax(rise, plot_scale_rise(panel->y.low, layers->top[bin], panel->y.log) / part);
    }
    return rise;
}

static double rise_to_high(const struct plot_scale *y, double rise)
{
    if (y->log) {
        /* At least two decades; at most what a double holds. */
        return y->low * elementary_exp(fmin(fmax(rise, 4.6), 400));
    }
    return rise > 0 ? y->low + rise : y->low + 1;
}

void plot_legend_place(struct plot_legend *legend, const struct plot *plot,
                       const struct plot_layers *layers, struct plot_panel *panel)
{
    struct plot_legend trial;
    double best = INFINITY;
    list_entries(&trial, plot);
    for (size_t i = 0; i < ARRAY_LENGTH(layouts); i++) {
        measure(&trial, plot, panel, layouts[i]);
        if (!arrange(&trial, panel, layouts[i])) {
            continue;
        }
        double rise = axis_rise(&trial, plot, layers, panel);
        if (isinf(best) || rise < gain * best) {
            best = rise;
            *legend = trial;
        }
    }
    panel->y.high = rise_to_high(&panel->y, best);
}

static void draw_swatch(const struct plot *plot, const struct plot_entry *entry,
                        struct plot_box box, struct buffer *out)
{
    if (entry->kind == PLOT_ENTRY_BAND) {
        buffer_printf(out, "<clipPath id=\"picobarn-swatch\">");
        plot_pen_box(out, "", box);
        buffer_printf(out, "</clipPath>\n");
        plot_layers_hatch(out, "picobarn-swatch", box);
        return;
    }
    struct plot_paint paint = plot_layers_paint(plot, entry->layer);
    buffer_printf(out, "<g fill=\"%s\" stroke=\"%s\">\n", paint.fill, paint.line);
    buffer_printf(out, "<rect");
    plot_pen_attribute(out, "stroke-width", paint.line_width);
    plot_pen_attribute(out, "x", box.x);
    plot_pen_attribute(out, "y", box.y);
    plot_pen_attribute(out, "width", box.width);
    plot_pen_attribute(out, "height", box.height);
    buffer_printf(out, "/>\n</g>\n");
}

static void draw_entry(const struct plot_legend *legend, size_t i, const struct plot *plot,
                       enum plot_marks marks, struct buffer *out)
{
    const struct plot_entry *entry = &legend->entry[i];
    size_t n_rows = (legend->n_entries + legend->n_columns - 1) / legend->n_columns;
    size_t column = i / n_rows;
    size_t row = i % n_rows;
    double x = legend->box.x + (double)column * (legend->column_width + column_gap);
    double y = legend->box.y + ((double)row + 0.5) * entry_height;
    if (entry->kind == PLOT_ENTRY_DATA || entry->kind == PLOT_ENTRY_CONTROL) {
        plot_points_sample(marks, entry->kind == PLOT_ENTRY_CONTROL, x + swatch_width / 2, y,
                           out);
    } else {
        struct plot_box swatch = {x, y - swatch_height / 2, swatch_width, swatch_height};
        draw_swatch(plot, entry, swatch, out);
    }
    struct plot_text where = {.x = x + swatch_width + swatch_gap,
                              .y = y + 0.36 * entry_text,
                              .size = entry_text,
                              .anchor = "start",
                              .limit = legend->column_width - swatch_width - swatch_gap};
    plot_text_write(out, &where, entry->title);
}

void plot_legend_draw(const struct plot_legend *legend, const struct plot *plot,
                      const struct plot_panel *panel, struct buffer *out)
{
    enum plot_marks marks = plot_points_marks(plot, panel);
    for (size_t i = 0; i < legend->n_entries; i++) {
        draw_entry(legend, i, plot, marks, out);
    }
    for (size_t i = 0; i < plot->n_notes; i++) {
        struct plot_text where = {.x = legend->notes.x,
                                  .y = legend->notes.y + ((double)i + 0.5) * note_height +
                                       0.36 * note_text,
                                  .size = note_text,
                                  .anchor = "start",
                                  .limit = legend->notes.width};
        plot_text_write(out, &where, plot->note[i]);
    }
}
