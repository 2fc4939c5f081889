/* SPDX-License-Identifier: Apache-2.0 */
/* figure.c - see figure.h; the numbers are in figure_sums.c, the words in figure_words.c */
#include "scheduler/figure.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "scheduler/figure_sums.h"

/* Nothing of the layer came into the picture yet. */
static bool is_absent(const struct figure_sums *s, size_t layer, bool incomplete)
{
    bool any = false;
    for (size_t i = 0; !any && i < s->axis->n_bins; i++) {
        any = s->layer[layer].expected[i] != 0;
    }
    return incomplete && !any;
}

static bool is_log_y(const struct figure_sums *s, const struct figure_request *request)
{
    return request->log_y < 0 ? s->figure->log_y : request->log_y != 0;
}

/* Lets the drawing borrow what sums and words hold. */
static struct plot make_plot(const struct figure_sums *s, const struct figure_words *w,
                             const struct analysis *a, bool log_y)
{
    struct plot plot = {.n_bins = s->axis->n_bins,
                        .edge = s->axis->edge,
                        /* the run file may have moved the axis to where no logarithm is */
                        .log_x = s->figure->log_x && s->axis->edge[0] > 0,
                        .log_y = log_y,
                        .label = s->figure->label,
                        .unit = s->figure->unit,
                        .n_layers = s->n_layers,
                        .observed = s->data_seen || s->n_layers == 0 ? s->observed : NULL,
                        .data_title = "Data",
                        .luminosity = (const char *)w->luminosity.data,
                        .coverage = (const char *)w->coverage.data,
                        .incomplete = w->incomplete,
                        .generated = w->generated,
                        .window_low = s->figure->window_low,
                        .window_high = s->figure->window_high,
                        .n_notes = w->n_notes};
    for (size_t i = 0; i < s->n_layers; i++) {
        plot.layer[i] = (struct plot_layer){.title = s->layer[i].title,
                                            .signal = s->layer[i].signal,
                                            .absent = is_absent(s, i, w->incomplete),
                                            .expected = s->layer[i].expected,
                                            .variance = s->layer[i].variance};
    }
    for (size_t i = 0; i < w->n_notes; i++) {
        plot.note[i] = (const char *)w->note[i].data;
    }
    if (s->control != 0 && s->data_seen) {
        plot.control = s->control_count;
        plot.control_title = a->control_title == NULL ? a->control : a->control_title;
    }
    return plot;
}

int figure_draw(const struct run *r, const struct merge *m,
                const struct figure_request *request, struct buffer *svg,
                struct figure_numbers *numbers, struct error *err)
{
    struct figure_sums s;
    struct figure_words w;
    if (figure_sums_init(&s, r, m, request, err) != 0) {
        return -1;
    }
    int rc = figure_words_init(&w, &s, r, m, err);
    if (rc == 0) {
        struct plot plot = make_plot(&s, &w, r->dataset->analysis, is_log_y(&s, request));
        rc = plot_draw_svg(&plot, svg, err);
        figure_words_release(&w);
    }
    if (rc == 0 && numbers != NULL) {
        *numbers = s.numbers;
    }
    figure_sums_release(&s);
    return rc;
}

int figure_count(const struct run *r, const struct merge *m,
                 const struct figure_request *request, struct figure_numbers *numbers,
                 struct error *err)
{
    struct figure_sums s;
    if (figure_sums_init(&s, r, m, request, err) != 0) {
        return -1;
    }
    *numbers = s.numbers;
    figure_sums_release(&s);
    return 0;
}

/* A number that JSON has no word for (a sum beyond any double) becomes null. */
static json_t *real(double value)
{
    return isfinite(value) ? json_real(value) : json_null();
}

static json_t *reals(const double *value, size_t n)
{
    json_t *list = json_array();
    for (size_t i = 0; i < n; i++) {
        (void)json_array_append_new(list, real(value[i]));
    }
    return list;
}

static json_t *counts(const uint64_t *value, size_t n)
{
    json_t *list = json_array();
    for (size_t i = 0; i < n; i++) {
        (void)json_array_append_new(list, json_integer((json_int_t)value[i]));
    }
    return list;
}

static json_t *layers_to_json(const struct figure_sums *s)
{
    json_t *list = json_array();
    for (size_t i = 0; i < s->n_layers; i++) {
        const struct figure_layer *l = &s->layer[i];
        (void)json_array_append_new(
            list, json_pack("{s:s, s:s, s:b, s:b, s:o, s:o, s:o, s:o}", "process", l->process,
                            "title", l->title, "signal", l->signal ? 1 : 0, "seen",
                            l->seen ? 1 : 0, "expected", reals(l->expected, s->axis->n_bins),
                            "variance", reals(l->variance, s->axis->n_bins), "outside",
                            real(l->outside), "nan", real(l->nan)));
    }
    return list;
}

/* pb^-1 of an era by channel, of those that there are. */
static json_t *era_to_json(const struct figure_sums *s, const struct dataset *d, int era)
{
    json_t *channels = json_object();
    for (unsigned c = 0; c < d->analysis->n_channels; c++) {
        bool known = false;
        double pb = figure_luminosity(s, d, era, c, &known);
        if (known) {
            (void)json_object_set_new(channels, d->analysis->channel[c], json_real(pb));
        }
    }
    return channels;
}

static json_t *luminosity_to_json(const struct figure_sums *s, const struct dataset *d)
{
    json_t *eras = json_object();
    for (size_t i = 0; !s->unscaled && i < d->n_samples; i++) {
        char era[16];
        (void)snprintf(era, sizeof era, "%d", d->sample[i].era);
        (void)json_object_set_new(eras, era, era_to_json(s, d, d->sample[i].era));
    }
    return eras;
}

static json_t *window_to_json(const struct figure_sums *s)
{
    const struct figure_numbers *n = &s->numbers;
    if (!(s->figure->window_high > s->figure->window_low)) {
        return json_null();
    }
    json_t *window = json_pack("{s:f, s:f, s:f, s:f, s:f}", "low", s->figure->window_low,
                               "high", s->figure->window_high, "observed", n->observed,
                               "background", n->background, "signal", n->signal);
    if (n->has_window) {
        (void)json_object_set_new(window, "significance_observed",
                                  s->has_data ? json_real(n->significance_observed)
                                              : json_null());
        (void)json_object_set_new(window, "significance_expected",
                                  json_real(n->significance_expected));
    }
    return window;
}

static json_t *channels_to_json(const struct analysis *a, uint32_t bits)
{
    json_t *list = json_array();
    for (unsigned c = 0; c < a->n_channels; c++) {
        if ((bits >> c & 1) != 0) {
            (void)json_array_append_new(list, json_string(a->channel[c]));
        }
    }
    return list;
}

/* The names of samples that are marked. */
static json_t *names_to_json(const struct dataset *d, const bool *marked)
{
    json_t *list = json_array();
    for (size_t i = 0; i < d->n_samples; i++) {
        if (marked[i]) {
            (void)json_array_append_new(list, json_string(d->sample[i].name));
        }
    }
    return list;
}

/* Sample -> what it lacks, of those in the picture's channels. */
static json_t *left_out_to_json(const struct figure_sums *s, const struct dataset *d)
{
    json_t *all = json_object();
    for (size_t i = 0; i < d->n_samples; i++) {
        if (s->left_out[i] && (d->sample[i].channels & s->channels) != 0) {
            (void)json_object_set_new(all, d->sample[i].name,
                                      json_string(figure_lacks(&d->sample[i])));
        }
    }
    return all;
}

static json_t *sums_to_json(const struct figure_sums *s, const struct figure_words *w,
                            const struct dataset *d, bool log_y)
{
    size_t n = s->axis->n_bins;
    return json_pack(
        "{s:s, s:s, s:s, s:b, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:s, s:s, s:b, s:b, s:o, s:o, "
        "s:b, s:I, s:I, s:b, s:[i, i], s:[i, i, i, i]}",
        "hist", s->figure->hist, "label", s->figure->label, "unit", s->figure->unit, "log_y",
        log_y ? 1 : 0, "channels", channels_to_json(d->analysis, s->channels), "edges",
        reals(s->axis->edge, n + 1), "observed",
        s->has_data ? counts(s->observed, n) : json_null(), "control",
        s->control != 0 && s->has_data ? counts(s->control_count, n) : json_null(), "stack",
        layers_to_json(s), "luminosity_pb", luminosity_to_json(s, d), "window",
        window_to_json(s), "luminosity", (const char *)w->luminosity.data, "coverage",
        (const char *)w->coverage.data, "complete", w->incomplete ? 0 : 1, "generated",
        w->generated ? 1 : 0, "unseen", names_to_json(d, s->unseen), "left_out",
        left_out_to_json(s, d), "data_seen", s->data_seen ? 1 : 0, "observed_outside",
        (json_int_t)s->observed_outside, "observed_nan", (json_int_t)s->observed_nan, "log_x",
        s->figure->log_x ? 1 : 0, "size", PLOT_WIDTH, PLOT_HEIGHT, "frame", PLOT_LEFT, PLOT_TOP,
        PLOT_RIGHT, PLOT_BOTTOM);
}

json_t *figure_to_json(const struct run *r, const struct merge *m,
                       const struct figure_request *request, struct error *err)
{
    struct figure_sums s;
    struct figure_words w;
    if (figure_sums_init(&s, r, m, request, err) != 0) {
        return NULL;
    }
    json_t *all = NULL;
    if (figure_words_init(&w, &s, r, m, err) == 0) {
        all = sums_to_json(&s, &w, r->dataset, is_log_y(&s, request));
        figure_words_release(&w);
        if (all == NULL) {
            (void)error_no_memory(err, "a plot");
        }
    }
    figure_sums_release(&s);
    return all;
}

/* plot.FORMAT in the run's folder. One that this build cannot draw is no error, but what an
 * earlier one left there would be of another moment, so it goes. */
static int write_format(const struct run *r, const struct buffer *svg, enum plot_format format,
                        struct error *err)
{
    char name[16];
    (void)snprintf(name, sizeof name, "plot.%s", plot_format_name(format));
    char *path = run_path(r, name);
    if (path == NULL) {
        return error_no_memory(err, "a path");
    }
    struct buffer drawn = {0};
    struct error why = {.kind = ERROR_NONE};
    int rc = plot_render(svg->data, svg->size, format, PLOT_PNG_SCALE, &drawn, &why);
    if (rc == 0) {
        rc = file_write(path, 0644, drawn.data, drawn.size, err);
    } else if (why.kind == ERROR_INPUT) {
        rc = unlink(path) == 0 || errno == ENOENT ? 0 : -1;
    }
    if (rc != 0 && why.kind != ERROR_NONE) {
        (void)error_set(err, why.kind, "%s: %s", path, why.text);
    }
    buffer_release(&drawn);
    free(path);
    return rc;
}

int figure_write(const struct run *r, const struct merge *m, struct error *err)
{
    static const struct figure_request first = {.log_y = -1};
    struct buffer svg = {0};
    int rc = figure_draw(r, m, &first, &svg, NULL, err);
    for (int f = PLOT_SVG; rc == 0 && f < PLOT_FORMATS; f++) {
        rc = write_format(r, &svg, (enum plot_format)f, err);
    }
    buffer_release(&svg);
    return rc;
}
