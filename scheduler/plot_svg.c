/* SPDX-License-Identifier: Apache-2.0 */
/* plot_svg.c - see plot.h: the picture's layout, from the back to the front. */
#include <math.h>
#include <string.h>

#include "base/size.h"
#include "scheduler/plot.h"
#include "scheduler/plot_axes.h"
#include "scheduler/plot_layers.h"
#include "scheduler/plot_legend.h"
#include "scheduler/plot_pen.h"
#include "scheduler/plot_points.h"
#include "scheduler/plot_text.h"

/* What is in the frame, in SVG units. */
enum {
    MAIN_BOTTOM = 532, /* with a ratio panel */
    RATIO_TOP = 546,
    HEADER_TEXT = 17,
    HEADER_TEXT_MIN = 12,
    WATERMARK_TEXT = 56,
};

/* What an axis can be labelled for. */
static const double edge_max = 1e100;

/* A drawing under way. */
struct drawing {
    const struct plot *plot;
    struct buffer *out;
    struct plot_layers layers;
    struct plot_panel main;
    struct plot_panel ratio;
    bool has_ratio;
    struct plot_legend legend;
};

static int check_plot(const struct plot *plot, struct error *err)
{
    if (plot->n_bins == 0 || plot->n_layers > PLOT_PROCESSES_MAX ||
        plot->n_notes > PLOT_NOTES_MAX) {
        return error_set(err, ERROR_INPUT, "a plot of %zu bins, %zu processes and %zu notes",
                         plot->n_bins, plot->n_layers, plot->n_notes);
    }
    for (size_t i = 0; i <= plot->n_bins; i++) {
        double edge = plot->edge[i];
        if (!(fabs(edge) < edge_max) || (i > 0 && !(edge > plot->edge[i - 1]))) {
            return error_set(err, ERROR_INPUT, "a plot's bin edges do not rise at %zu (%g)", i,
                             edge);
        }
    }
    if (plot->log_x && !(plot->edge[0] > 1 / edge_max)) {
        return error_set(err, ERROR_INPUT, "a logarithmic axis from %g on", plot->edge[0]);
    }
    return 0;
}

/* The smallest process at its highest, halved; infinite without one. */
static double least_layer(const struct plot *plot)
{
    double least = INFINITY;
    for (size_t l = 0; l < plot->n_layers; l++) {
        double highest = 0;
        for (size_t bin = 0; bin < plot->n_bins; bin++) {
            highest = fmax(highest, plot->layer[l].expected[bin]);
        }
        least = highest > 0 ? fmin(least, highest / 2) : least;
    }
    return least;
}

/* Where a logarithmic axis starts: a power of ten below the smallest sum of the simulation and
 * below every process that three decades can show, and where a single event stands out. */
static double log_low(const struct plot *plot, const struct plot_layers *layers)
{
    double highest = 0;
    double least = INFINITY;
    for (size_t bin = 0; bin < plot->n_bins; bin++) {
        highest = fmax(highest, layers->top[bin]);
        least = layers->total[bin] > 0 ? fmin(least, layers->total[bin]) : least;
    }
    if (!(highest > 0)) {
        return 0.1;
    }
    least = fmax(least, fmax(highest * 1e-8, fmin(highest * 1e-3, 0.01)));
    least = fmin(least, fmax(least_layer(plot), highest * 1e-3));
    if (plot->observed != NULL || plot->control != NULL) {
        least = fmin(least, 0.5);
    }
    return least == 0.5 ? least : plot_scale_power(plot_scale_decade(fmin(least, highest)));
}

static void set_panels(struct drawing *d)
{
    const struct plot *plot = d->plot;
    d->has_ratio = plot->observed != NULL && plot_layers_any(plot);
    struct plot_scale x = {.low = plot->edge[0],
                           .high = plot->edge[plot->n_bins],
                           .log = plot->log_x,
                           .start = PLOT_LEFT,
                           .end = PLOT_RIGHT};
    d->main.x = x;
    d->main.y = (struct plot_scale){.log = plot->log_y,
                                    .low = plot->log_y ? log_low(plot, &d->layers) : 0,
                                    .start = d->has_ratio ? MAIN_BOTTOM : PLOT_BOTTOM,
                                    .end = PLOT_TOP};
    plot_legend_place(&d->legend, plot, &d->layers, &d->main);
    if (d->has_ratio) {
        double reach = plot_points_ratio_reach(plot, &d->layers);
        d->ratio.x = x;
        d->ratio.y = (struct plot_scale){.low = fmax(0, 1 - reach),
                                         .high = 1 + reach,
                                         .start = PLOT_BOTTOM,
                                         .end = RATIO_TOP};
    }
}

static void write_sentence(struct buffer *out, const char *text)
{
    if (text[0] != '\0') {
        buffer_printf(out, ". ");
        plot_text_escape(out, text);
    }
}

/* For those who do not see the picture. */
static void write_description(const struct drawing *d)
{
    const struct plot *plot = d->plot;
    struct buffer *out = d->out;
    uint64_t n_events = 0;
    for (size_t bin = 0; plot->observed != NULL && bin < plot->n_bins; bin++) {
        n_events += plot->observed[bin];
    }
    double expected = 0;
    for (size_t bin = 0; bin < plot->n_bins; bin++) {
        expected += d->layers.total[bin];
    }
    buffer_printf(out, "<title id=\"picobarn-title\">Histogram of ");
    plot_text_escape(out, plot->label);
    buffer_printf(out, "</title>\n<desc id=\"picobarn-desc\">%zu bins from ", plot->n_bins);
    plot_text_number(out, plot->edge[0]);
    buffer_printf(out, " to ");
    plot_text_number(out, plot->edge[plot->n_bins]);
    buffer_printf(out, " ");
    plot_text_escape(out, plot->unit);
    if (plot->observed != NULL) {
        buffer_printf(out, "; %llu events in data", (unsigned long long)n_events);
    }
    if (plot->n_layers > 0) {
        buffer_printf(out, "; expected from simulation: ");
        plot_text_number(out, round(expected * 1000) / 1000);
    }
    write_sentence(out, plot->coverage);
    for (size_t i = 0; i < plot->n_notes; i++) {
        write_sentence(out, plot->note[i]);
    }
    buffer_printf(out, ".%s%s</desc>\n", plot->generated ? " Generated sample." : "",
                  plot->incomplete ? " Incomplete." : "");
}

static void open_page(const struct drawing *d)
{
    buffer_printf(
        d->out,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" "
        "viewBox=\"0 0 %d %d\" role=\"img\" "
        "aria-labelledby=\"picobarn-title picobarn-desc\" "
        "xml:space=\"preserve\" font-family=\"Helvetica, Arial, 'DejaVu Sans', sans-serif\" "
        "fill=\"#000\">\n",
        PLOT_WIDTH, PLOT_HEIGHT, PLOT_WIDTH, PLOT_HEIGHT);
    write_description(d);
    struct plot_box page = {0, 0, PLOT_WIDTH, PLOT_HEIGHT};
    plot_pen_box(d->out, "fill=\"#fff\"", page);
}

/* Coverage at the left, luminosity at the right; smaller, then cut, where they would meet. */
static void draw_header(const struct drawing *d)
{
    const struct plot *plot = d->plot;
    double room = PLOT_RIGHT - PLOT_LEFT - 20;
    double size = HEADER_TEXT;
    double wanted =
        plot_text_width(plot->coverage, size) + plot_text_width(plot->luminosity, size);
    if (wanted > room) {
        size = floor(fmax(HEADER_TEXT_MIN, size * room / wanted) * 10) / 10;
    }
    struct plot_text right = {.x = PLOT_RIGHT,
                              .y = PLOT_TOP - 12,
                              .size = size,
                              .anchor = "end",
                              .limit = 0.62 * room};
    plot_text_write(d->out, &right, plot->luminosity);
    double taken = fmin(plot_text_width(plot->luminosity, size), right.limit);
    struct plot_text left = {.x = PLOT_LEFT,
                             .y = PLOT_TOP - 12,
                             .size = size,
                             .anchor = "start",
                             .limit = room - taken};
    plot_text_write(d->out, &left, plot->coverage);
}

static void draw_window(const struct drawing *d, const struct plot_panel *panel)
{
    const struct plot *plot = d->plot;
    if (!(plot->window_high > plot->window_low)) {
        return;
    }
    double left = plot_scale_at(&panel->x, plot->window_low);
    double right = plot_scale_at(&panel->x, plot->window_high);
    struct plot_box box = {left, panel->y.end, right - left, panel->y.start - panel->y.end};
    plot_pen_box(d->out, "fill=\"#f1efe6\"", box);
}

/* The steepest turn at which lines of this width fit into the height. */
static double watermark_turn(double width, double lines, double height)
{
    static const struct {
        double degrees;
        double sine;
    } turns[] = {{24, 0.407}, {16, 0.276}, {10, 0.174}, {5, 0.087}};
    for (size_t i = 0; i < ARRAY_LENGTH(turns); i++) {
        if (width * turns[i].sine + lines * WATERMARK_TEXT <= height) {
            return -turns[i].degrees;
        }
    }
    return 0;
}

/* "generated sample", "incomplete": across the frame below legend and notes, light enough to
 * read the data through; the white line keeps it legible on dark fills. */
static void draw_watermark(const struct drawing *d)
{
    const char *line[2] = {d->plot->generated ? "generated sample" : NULL,
                           d->plot->incomplete ? "incomplete" : NULL};
    bool both = line[0] != NULL && line[1] != NULL;
    double bottom = d->main.y.start;
    double top = fmax(d->legend.box.y + d->legend.box.height,
                      d->legend.notes.y + d->legend.notes.height);
    double width = 1.15 * plot_text_width("generated sample", WATERMARK_TEXT); /* bold */
    double middle = (top + bottom) / 2 + 0.3 * WATERMARK_TEXT;
    struct plot_text where = {.x = (PLOT_LEFT + PLOT_RIGHT) / 2.,
                              .y = middle - (both ? 0.58 * WATERMARK_TEXT : 0),
                              .size = WATERMARK_TEXT,
                              .anchor = "middle",
                              .turn = watermark_turn(width, both ? 2.1 : 1, bottom - top),
                              .style = "class=\"watermark\" font-weight=\"bold\" "
                                       "fill=\"#777\" fill-opacity=\"0.24\" stroke=\"#fff\" "
                                       "stroke-opacity=\"0.4\" stroke-width=\"1.5\""};
    for (size_t i = 0; i < ARRAY_LENGTH(line); i++) {
        if (line[i] != NULL) {
            plot_text_write(d->out, &where, line[i]);
            where.y += 1.16 * WATERMARK_TEXT;
        }
    }
}

static void draw_main(const struct drawing *d)
{
    draw_window(d, &d->main);
    if (plot_layers_any(d->plot)) {
        plot_layers_draw(d->plot, &d->layers, &d->main, d->out);
        plot_layers_draw_band(d->plot, &d->layers, &d->main, false, d->out);
    }
    plot_points_draw_fill(d->plot, &d->layers, &d->main, d->out);
    draw_watermark(d);
    plot_points_draw(d->plot, &d->layers, &d->main, d->out);
    plot_axes_draw(d->out, &d->main, !d->has_ratio);
    plot_legend_draw(&d->legend, d->plot, &d->main, d->out);
}

static void draw_ratio(const struct drawing *d)
{
    draw_window(d, &d->ratio);
    plot_layers_draw_band(d->plot, &d->layers, &d->ratio, true, d->out);
    double y = plot_scale_at(&d->ratio.y, 1);
    double from[2] = {PLOT_LEFT, y};
    double to[2] = {PLOT_RIGHT, y};
    plot_pen_line(d->out, "stroke=\"#000\" stroke-width=\"1\" stroke-dasharray=\"5 3\"", from,
                  to);
    plot_points_draw_ratio(d->plot, &d->layers, &d->ratio, d->out);
    plot_axes_draw(d->out, &d->ratio, true);
    plot_axes_title_y(d->out, &d->ratio, "Data / sim.");
}

/* "m(4l) [GeV]", with the power of ten of the labels. */
static void title_x(const struct drawing *d, struct buffer *title)
{
    const struct plot *plot = d->plot;
    int exponent = plot_axes_exponent(&d->main.x);
    buffer_printf(title, "%s", plot->label);
    if (exponent != 0) {
        buffer_printf(title, " [10^%d%s%s]", exponent, plot->unit[0] == '\0' ? "" : " ",
                      plot->unit);
    } else if (plot->unit[0] != '\0') {
        buffer_printf(title, " [%s]", plot->unit);
    }
}

/* "Events / 3 GeV" if all bins are that wide. */
static void title_y(const struct drawing *d, struct buffer *title)
{
    const struct plot *plot = d->plot;
    double span = plot->edge[plot->n_bins] - plot->edge[0];
    double width = span / (double)plot->n_bins;
    for (size_t bin = 0; bin < plot->n_bins; bin++) {
        if (fabs(plot->edge[bin + 1] - plot->edge[bin] - width) > 1e-6 * width) {
            buffer_printf(title, "Events / bin");
            return;
        }
    }
    buffer_printf(title, "Events / ");
    plot_text_number(title, width);
    buffer_printf(title, "%s%s", plot->unit[0] == '\0' ? "" : " ", plot->unit);
}

static void draw_titles(const struct drawing *d)
{
    struct buffer title = {0};
    title_x(d, &title);
    const char *text = buffer_string(&title);
    if (text != NULL) {
        plot_axes_title_x(d->out, d->has_ratio ? &d->ratio : &d->main, text);
    }
    buffer_clear(&title);
    title_y(d, &title);
    text = buffer_string(&title);
    if (text != NULL) {
        plot_axes_title_y(d->out, &d->main, text);
    }
    d->out->failed = d->out->failed || title.failed;
    buffer_release(&title);
}

int plot_draw_svg(const struct plot *plot, struct buffer *out, struct error *err)
{
    struct drawing d = {.plot = plot, .out = out};
    if (check_plot(plot, err) != 0 || plot_layers_init(&d.layers, plot, err) != 0) {
        return -1;
    }
    set_panels(&d);
    open_page(&d);
    draw_header(&d);
    draw_main(&d);
    if (d.has_ratio) {
        draw_ratio(&d);
    }
    draw_titles(&d);
    buffer_printf(out, "</svg>\n");
    plot_layers_release(&d.layers);
    return out->failed ? error_no_memory(err, "plot") : 0;
}
