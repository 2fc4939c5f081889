/* SPDX-License-Identifier: Apache-2.0 */
/* plot_layers.c - see plot_layers.h */
#include "scheduler/plot_layers.h"

#include <math.h>
#include <stdlib.h>

#include "analysis/statistics.h"
#include "base/size.h"

static const double hatch_step = 6.5;

/* Sums of weights from files may be anything; what no axis could show is drawn as nothing. */
static double drawable(double value)
{
    return fabs(value) < 1e100 && fabs(value) > 1e-100 ? value : 0;
}

static double poisson_upper(const uint64_t *count, size_t bin)
{
    double lower = 0;
    double upper = 0;
    if (count != NULL && count[bin] > 0) {
        statistics_poisson_interval(count[bin], &lower, &upper);
    }
    return upper;
}

static void sum_bin(const struct plot *plot, size_t bin, struct plot_layers *layers)
{
    double variance = 0;
    for (size_t l = 0; l < plot->n_layers; l++) {
        layers->total[bin] += drawable(plot->layer[l].expected[bin]);
        variance += drawable(plot->layer[l].variance[bin]);
    }
    layers->error[bin] = sqrt(fmax(variance, 0));
    double stack = layers->total[bin] + layers->error[bin];
    double points = fmax(poisson_upper(plot->observed, bin), poisson_upper(plot->control, bin));
    layers->top[bin] = fmax(fmax(stack, points), 0);
}

bool plot_layers_any(const struct plot *plot)
{
    bool any = false;
    for (size_t l = 0; !any && l < plot->n_layers; l++) {
        any = !plot->layer[l].absent;
    }
    return any;
}

int plot_layers_init(struct plot_layers *layers, const struct plot *plot, struct error *err)
{
    size_t n = plot->n_bins;
    struct plot_layers made = {.total = calloc(n, sizeof *made.total),
                               .error = calloc(n, sizeof *made.error),
                               .top = calloc(n, sizeof *made.top),
                               .work = calloc(n, sizeof *made.work)};
    if (made.total == NULL || made.error == NULL || made.top == NULL || made.work == NULL) {
        plot_layers_release(&made);
        return error_no_memory(err, "plot");
    }
    for (size_t bin = 0; bin < n; bin++) {
        sum_bin(plot, bin, &made);
    }
    *layers = made;
    return 0;
}

void plot_layers_release(struct plot_layers *layers)
{
    free(layers->total);
    free(layers->error);
    free(layers->top);
    free(layers->work);
    *layers = (struct plot_layers){0};
}

/* How many layers of the same kind there are, and how many of them lie below this one. */
static void count_kin(const struct plot *plot, size_t layer, size_t *below, size_t *all)
{
    *below = 0;
    *all = 0;
    for (size_t l = 0; l < plot->n_layers; l++) {
        bool kin = plot->layer[l].signal == plot->layer[layer].signal;
        *all += kin ? 1 : 0;
        *below += kin && l < layer ? 1 : 0;
    }
}

/* Dark blue to pale yellow through green, at 0 <= part <= 1: luminance rises all the way. */
static void ramp(double part, char fill[8])
{
    static const uint8_t anchor[][3] = {
        {27, 56, 104}, {33, 102, 141}, {54, 146, 155}, {116, 190, 163}, {190, 226, 186}};
    size_t n_parts = ARRAY_LENGTH(anchor) - 1;
    double at = part * (double)n_parts;
    size_t first = size_min((size_t)at, n_parts - 1);
    static const char hex[] = "0123456789abcdef";
    fill[0] = '#';
    for (size_t i = 0; i < 3; i++) {
        double low = anchor[first][i];
        double mixed = low + (at - (double)first) * (anchor[first + 1][i] - low);
        unsigned value = (unsigned)lround(mixed);
        fill[1 + 2 * i] = hex[value >> 4 & 15];
        fill[2 + 2 * i] = hex[value & 15];
    }
    fill[7] = '\0';
}

struct plot_paint plot_layers_paint(const struct plot *plot, size_t layer)
{
    struct plot_paint paint = {.fill = "#ffffff", .line = "#c1121f", .line_width = 2};
    size_t below = 0;
    size_t all = 0;
    count_kin(plot, layer, &below, &all);
    if (plot->layer[layer].signal) {
        static const char fill[][8] = {"#fde4df", "#f7a79a"};
        for (size_t i = 0; i < sizeof paint.fill; i++) {
            paint.fill[i] = fill[below % ARRAY_LENGTH(fill)][i];
        }
        return paint;
    }
    /* Few processes use the lighter part: data points are read best on it. */
    double step = 1 / fmax(3.5, (double)all - 1);
    ramp(1 - step * (double)(all - 1 - below), paint.fill);
    paint.line = "#000000";
    paint.line_width = 0.8;
    return paint;
}

void plot_layers_steps(const struct plot *plot, const struct plot_panel *panel,
                       const double *content, bool back, struct buffer *out)
{
    size_t n = plot->n_bins;
    double last = NAN;
    for (size_t i = 0; i < n; i++) {
        size_t bin = back ? n - 1 - i : i;
        double y = plot_scale_at(&panel->y, content[bin]);
        if (fabs(y - last) < 0.005) {
            continue; /* the same in two decimals: the line goes on */
        }
        double x = plot_scale_at(&panel->x, plot->edge[back ? bin + 1 : bin]);
        if (i == 0) {
            plot_pen_to(out, back ? 'L' : 'M', x, y);
        } else {
            buffer_raw(out, "H", 1);
            plot_pen_number(out, x);
            buffer_raw(out, "V", 1);
            plot_pen_number(out, y);
        }
        last = y;
    }
    buffer_raw(out, "H", 1);
    plot_pen_number(out, back ? panel->x.start : panel->x.end);
}

/* The area from the axis to the sum of the layers up to this one: those below are drawn over
 * it. */
static void draw_layer(const struct plot *plot, const struct plot_layers *layers, size_t layer,
                       const struct plot_panel *panel, struct buffer *out)
{
    for (size_t bin = 0; bin < plot->n_bins; bin++) {
        layers->work[bin] = 0;
        for (size_t l = 0; l <= layer; l++) {
            layers->work[bin] += drawable(plot->layer[l].expected[bin]);
        }
    }
    struct plot_paint paint = plot_layers_paint(plot, layer);
    buffer_printf(out, "<path fill=\"%s\" stroke=\"%s\"", paint.fill, paint.line);
    plot_pen_attribute(out, "stroke-width", paint.line_width);
    buffer_printf(out, " d=\"");
    plot_layers_steps(plot, panel, layers->work, false, out);
    buffer_raw(out, "V", 1);
    plot_pen_number(out, panel->y.start);
    buffer_raw(out, "H", 1);
    plot_pen_number(out, panel->x.start);
    buffer_printf(out, "Z\"/>\n");
}

void plot_layers_draw(const struct plot *plot, const struct plot_layers *layers,
                      const struct plot_panel *panel, struct buffer *out)
{
    for (size_t layer = plot->n_layers; layer > 0; layer--) {
        if (!plot->layer[layer - 1].absent) {
            draw_layer(plot, layers, layer - 1, panel, out);
        }
    }
}

/* One edge of the band in all bins: sign +1 or -1 standard deviations. */
static void band_edge(const struct plot *plot, const struct plot_layers *layers, bool ratio,
                      double sign)
{
    for (size_t bin = 0; bin < plot->n_bins; bin++) {
        double total = layers->total[bin];
        double edge = total + sign * layers->error[bin];
        if (ratio) {
            edge = total > 0 ? edge / total : 1;
        }
        layers->work[bin] = edge;
    }
}

void plot_layers_draw_band(const struct plot *plot, const struct plot_layers *layers,
                           const struct plot_panel *panel, bool ratio, struct buffer *out)
{
    const char *clip = ratio ? "picobarn-ratio-band" : "picobarn-band";
    buffer_printf(out, "<clipPath id=\"%s\"><path d=\"", clip);
    band_edge(plot, layers, ratio, 1);
    plot_layers_steps(plot, panel, layers->work, false, out);
    band_edge(plot, layers, ratio, -1);
    plot_layers_steps(plot, panel, layers->work, true, out);
    buffer_printf(out, "Z\"/></clipPath>\n");
    struct plot_box frame = {panel->x.start, panel->y.end, panel->x.end - panel->x.start,
                             panel->y.start - panel->y.end};
    plot_layers_hatch(out, clip, frame);
}

/* Lines at 45 degrees, as far apart everywhere in the picture; lines and not a pattern, because
 * PDF viewers show seams between a pattern's tiles. */
void plot_layers_hatch(struct buffer *out, const char *clip, struct plot_box box)
{
    buffer_printf(out,
                  "<path clip-path=\"url(#%s)\" fill=\"none\" stroke=\"#222\" "
                  "stroke-width=\"0.9\" d=\"",
                  clip);
    size_t first = (size_t)ceil((box.x + box.y) / hatch_step);
    size_t stop = (size_t)ceil((box.x + box.y + box.width + box.height) / hatch_step);
    for (size_t i = first; i < stop; i++) {
        /* x + y = sum, from the box's top or right end to its bottom or left end. */
        double sum = (double)i * hatch_step;
        double right = fmin(sum - box.y, box.x + box.width);
        double left = fmax(sum - box.y - box.height, box.x);
        plot_pen_to(out, 'M', right, sum - right);
        plot_pen_to(out, 'L', left, sum - left);
    }
    buffer_printf(out, "\"/>\n");
}
