/* SPDX-License-Identifier: Apache-2.0 */
/* plot_points.c - see plot_points.h */
#include "scheduler/plot_points.h"

#include <math.h>

#include "analysis/statistics.h"
#include "base/size.h"

/* Bins narrower than this (SVG units) get small points, or steps. */
static const double small_below = 7;
static const double steps_below = 2.5;
static const double sparse_part = 0.4; /* of the narrowest points' places: no blot yet */
static const double cap_half = 2.6;
static const double spread_from = 12; /* bars along x where bins differ in width */

/* Looks of the two kinds of points and outlines; groups, so that a mark is short. */
struct look {
    const char *bars;  /* attributes of the group of intervals */
    const char *marks; /* of the points */
    const char *steps; /* of an outline */
};

static const struct look data_look = {
    .bars = "fill=\"none\" stroke=\"#000\" stroke-width=\"1.4\"",
    .marks = "fill=\"#000\"",
    .steps = "fill=\"none\" stroke=\"#000\" stroke-width=\"1.1\" stroke-linejoin=\"round\"",
};

static const struct look control_look = {
    .bars = "fill=\"none\" stroke=\"#9b2226\" stroke-width=\"1.2\"",
    .marks = "fill=\"#fff\" stroke=\"#9b2226\" stroke-width=\"1.4\"",
    .steps = "fill=\"none\" stroke=\"#c1121f\" stroke-width=\"1\" stroke-linejoin=\"round\"",
};

/* A point with its interval, in values. */
struct point {
    double low;
    double value;
    double high;
};

static double bin_length(const struct plot *plot, const struct plot_panel *panel)
{
    return (panel->x.end - panel->x.start) / (double)plot->n_bins;
}

/* Bins with a point, of the set that has more of them. */
static size_t count_points(const struct plot *plot)
{
    size_t n_data = 0;
    size_t n_control = 0;
    for (size_t bin = 0; bin < plot->n_bins; bin++) {
        n_data += plot->observed != NULL && plot->observed[bin] > 0;
        n_control += plot->control != NULL && plot->control[bin] > 0;
    }
    return size_max(n_data, n_control);
}

enum plot_marks plot_points_marks(const struct plot *plot, const struct plot_panel *panel)
{
    double length = bin_length(plot, panel);
    if (length < steps_below) {
        double room = (panel->x.end - panel->x.start) / steps_below;
        bool sparse = (double)count_points(plot) < sparse_part * room;
        return sparse ? PLOT_MARKS_SMALL : PLOT_MARKS_STEPS;
    }
    return length < small_below ? PLOT_MARKS_SMALL : PLOT_MARKS_CAPPED;
}

static double point_radius(enum plot_marks marks)
{
    static const double radius[] = {
        [PLOT_MARKS_CAPPED] = 4, [PLOT_MARKS_SMALL] = 1.8, [PLOT_MARKS_STEPS] = 0.8};
    return radius[marks];
}

/* Where a bin's point stands: its middle in the picture. */
static double bin_middle(const struct plot *plot, const struct plot_panel *panel, size_t bin)
{
    double left = plot_scale_at(&panel->x, plot->edge[bin]);
    double right = plot_scale_at(&panel->x, plot->edge[bin + 1]);
    return (left + right) / 2;
}

/* The bin's interval divided by `scale`; false where there is no point. */
static bool bin_point(const uint64_t *count, size_t bin, double scale, struct point *point)
{
    if (count[bin] == 0 || !(scale > 0)) {
        return false;
    }
    statistics_poisson_interval(count[bin], &point->low, &point->high);
    point->low /= scale;
    point->high /= scale;
    point->value = (double)count[bin] / scale;
    return true;
}

/* The interval as part of a path; caps only at ends that are inside the panel. */
static void put_bar(struct buffer *out, const struct plot_scale *y, double x,
                    const struct point *point, bool caps)
{
    double low = plot_scale_at(y, point->low);
    double high = plot_scale_at(y, point->high);
    plot_pen_to(out, 'M', x, low);
    buffer_raw(out, "V", 1);
    plot_pen_number(out, high);
    if (caps && point->low > y->low) {
        plot_pen_to(out, 'M', x - cap_half, low);
        plot_pen_to(out, 'h', 2 * cap_half, 0);
    }
    if (caps && point->high < y->high) {
        plot_pen_to(out, 'M', x - cap_half, high);
        plot_pen_to(out, 'h', 2 * cap_half, 0);
    }
}

static bool widths_differ(const struct plot *plot)
{
    double first = plot->edge[1] - plot->edge[0];
    for (size_t bin = 1; bin < plot->n_bins; bin++) {
        double width = plot->edge[bin + 1] - plot->edge[bin];
        if (fabs(width - first) > 1e-6 * first) {
            return true;
        }
    }
    return false;
}

/* Along x over the bin, if it is wide enough in the picture to be read. */
static void put_spread(struct buffer *out, const struct plot *plot,
                       const struct plot_panel *panel, size_t bin, double y)
{
    double left = plot_scale_at(&panel->x, plot->edge[bin]);
    double right = plot_scale_at(&panel->x, plot->edge[bin + 1]);
    if (right - left >= spread_from) {
        plot_pen_to(out, 'M', left, y);
        buffer_raw(out, "H", 1);
        plot_pen_number(out, right);
    }
}

/* The contents of one set of points: counts, each divided by scale[bin] if there is a scale. */
struct set {
    const struct plot *plot;
    const uint64_t *count;
    const double *scale;
    const struct look *look;
};

static bool set_point(const struct set *set, size_t bin, struct point *point)
{
    return bin_point(set->count, bin, set->scale == NULL ? 1 : set->scale[bin], point);
}

static void draw_bars(const struct set *set, const struct plot_panel *panel, struct buffer *out)
{
    bool caps = plot_points_marks(set->plot, panel) == PLOT_MARKS_CAPPED;
    bool spread = !set->plot->log_x && widths_differ(set->plot);
    buffer_printf(out, "<path %s d=\"", set->look->bars);
    for (size_t bin = 0; bin < set->plot->n_bins; bin++) {
        struct point point;
        if (!set_point(set, bin, &point) || point.low >= panel->y.high ||
            point.high <= panel->y.low) {
            continue;
        }
        put_bar(out, &panel->y, bin_middle(set->plot, panel, bin), &point, caps);
        if (spread && point.value <= panel->y.high) {
            put_spread(out, set->plot, panel, bin, plot_scale_at(&panel->y, point.value));
        }
    }
    buffer_printf(out, "\"/>\n");
}

/* A triangle that points out of the panel: the value is there. */
static void put_arrow(struct buffer *out, double x, double y, double outward)
{
    buffer_printf(out, "<path d=\"");
    plot_pen_to(out, 'M', x - 4.5, y - outward * 9);
    plot_pen_to(out, 'h', 9, 0);
    plot_pen_to(out, 'l', -4.5, outward * 8);
    buffer_printf(out, "Z\"/>\n");
}

static void draw_marks(const struct set *set, const struct plot_panel *panel,
                       struct buffer *out)
{
    double radius = point_radius(plot_points_marks(set->plot, panel));
    buffer_printf(out, "<g %s>\n", set->look->marks);
    for (size_t bin = 0; bin < set->plot->n_bins; bin++) {
        struct point point;
        if (!set_point(set, bin, &point)) {
            continue;
        }
        double x = bin_middle(set->plot, panel, bin);
        if (point.value > panel->y.high) {
            put_arrow(out, x, panel->y.end, -1);
        } else if (point.value < panel->y.low) {
            put_arrow(out, x, panel->y.start, 1);
        } else {
            plot_pen_circle(out, x, plot_scale_at(&panel->y, point.value), radius);
        }
    }
    buffer_printf(out, "</g>\n");
}

static void copy_counts(const struct plot *plot, const uint64_t *count,
                        const struct plot_layers *layers)
{
    for (size_t bin = 0; bin < plot->n_bins; bin++) {
        layers->work[bin] = (double)count[bin];
    }
}

void plot_points_draw_fill(const struct plot *plot, const struct plot_layers *layers,
                           const struct plot_panel *panel, struct buffer *out)
{
    if (plot->observed == NULL || plot->n_layers > 0 ||
        plot_points_marks(plot, panel) != PLOT_MARKS_STEPS) {
        return;
    }
    copy_counts(plot, plot->observed, layers);
    buffer_printf(out, "<path fill=\"#dbe7f0\" stroke=\"none\" d=\"");
    plot_layers_steps(plot, panel, layers->work, false, out);
    buffer_raw(out, "V", 1);
    plot_pen_number(out, panel->y.start);
    buffer_raw(out, "H", 1);
    plot_pen_number(out, panel->x.start);
    buffer_printf(out, "Z\"/>\n");
}

static void draw_steps(const struct set *set, const struct plot_layers *layers,
                       const struct plot_panel *panel, struct buffer *out)
{
    copy_counts(set->plot, set->count, layers);
    buffer_printf(out, "<path %s d=\"", set->look->steps);
    plot_layers_steps(set->plot, panel, layers->work, false, out);
    buffer_printf(out, "\"/>\n");
}

static void draw_set(const struct set *set, const struct plot_layers *layers,
                     const struct plot_panel *panel, struct buffer *out)
{
    if (plot_points_marks(set->plot, panel) == PLOT_MARKS_STEPS) {
        draw_steps(set, layers, panel, out);
        return;
    }
    draw_bars(set, panel, out);
    draw_marks(set, panel, out);
}

void plot_points_draw(const struct plot *plot, const struct plot_layers *layers,
                      const struct plot_panel *panel, struct buffer *out)
{
    struct set data = {plot, plot->observed, NULL, &data_look};
    struct set control = {plot, plot->control, NULL, &control_look};
    bool steps = plot_points_marks(plot, panel) == PLOT_MARKS_STEPS;
    /* Points: the data above the control. Steps: the line of the data is the wider one. */
    const struct set *order[2] = {steps ? &data : &control, steps ? &control : &data};
    for (size_t i = 0; i < ARRAY_LENGTH(order); i++) {
        if (order[i]->count != NULL) {
            draw_set(order[i], layers, panel, out);
        }
    }
}

/* Whether nine in ten of the ratios are within reach of 1. */
static bool reaches(const struct plot *plot, const struct plot_layers *layers, double reach)
{
    size_t all = 0;
    size_t inside = 0;
    for (size_t bin = 0; bin < plot->n_bins; bin++) {
        struct point point;
        if (bin_point(plot->observed, bin, layers->total[bin], &point)) {
            all++;
            inside += fabs(point.value - 1) <= reach ? 1 : 0;
        }
    }
    return 10 * inside >= 9 * all;
}

double plot_points_ratio_reach(const struct plot *plot, const struct plot_layers *layers)
{
    /* Not quite round, so that no label stands at the panel's edges. */
    static const double reach[] = {0.19, 0.48, 0.95, 1.9, 3.9};
    size_t i = 0;
    while (i + 1 < ARRAY_LENGTH(reach) && !reaches(plot, layers, reach[i])) {
        i++;
    }
    return reach[i];
}

void plot_points_draw_ratio(const struct plot *plot, const struct plot_layers *layers,
                            const struct plot_panel *panel, struct buffer *out)
{
    struct set ratio = {plot, plot->observed, layers->total, &data_look};
    if (plot_points_marks(plot, panel) != PLOT_MARKS_STEPS) {
        draw_bars(&ratio, panel, out);
    }
    draw_marks(&ratio, panel, out);
}

/* The mark in a legend: half a swatch wide, half a row high. */
static const double sample_half = 17;
static const double bar_half = 10;

void plot_points_sample(enum plot_marks marks, bool control, double x, double y,
                        struct buffer *out)
{
    const struct look *look = control ? &control_look : &data_look;
    if (marks == PLOT_MARKS_STEPS) {
        double from[2] = {x - sample_half, y};
        double to[2] = {x + sample_half, y};
        plot_pen_line(out, look->steps, from, to);
        return;
    }
    buffer_printf(out, "<path %s d=\"", look->bars);
    plot_pen_to(out, 'M', x, y - bar_half);
    plot_pen_to(out, 'v', 0, 2 * bar_half);
    if (marks == PLOT_MARKS_CAPPED) {
        plot_pen_to(out, 'M', x - cap_half, y - bar_half);
        plot_pen_to(out, 'h', 2 * cap_half, 0);
        plot_pen_to(out, 'M', x - cap_half, y + bar_half);
        plot_pen_to(out, 'h', 2 * cap_half, 0);
    }
    buffer_printf(out, "\"/>\n<g %s>\n", look->marks);
    plot_pen_circle(out, x, y, point_radius(marks));
    buffer_printf(out, "</g>\n");
}
