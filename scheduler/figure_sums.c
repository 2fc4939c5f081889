/* SPDX-License-Identifier: Apache-2.0 */
/* figure_sums.c - see figure_sums.h
 *
 * In each era and channel by itself simulation is scaled to the luminosity seen there; only then
 * are channels and eras summed. The variance of a scaled sum of weights is the scale squared
 * times the sum of the squared weights. */
#include "scheduler/figure_sums.h"

#include <stdlib.h>
#include <string.h>

#include "analysis/statistics.h"

static const char nominal[] = "nominal";

static int find_figure(struct figure_sums *s, const struct analysis *a, const char *hist,
                       struct error *err)
{
    if (hist == NULL) {
        s->figure = &a->figure[0];
        return 0;
    }
    for (size_t i = 0; i < a->n_figures; i++) {
        if (strcmp(a->figure[i].hist, hist) == 0) {
            s->figure = &a->figure[i];
            return 0;
        }
    }
    struct buffer names = {0};
    for (size_t i = 0; i < a->n_figures; i++) {
        buffer_printf(&names, " %s", a->figure[i].hist);
    }
    const char *list = buffer_string(&names);
    (void)error_set(err, ERROR_INPUT, "%s has no histogram \"%.60s\"; it has:%s", a->name, hist,
                    list == NULL ? "" : list);
    buffer_release(&names);
    return -1;
}

static int find_channels(struct figure_sums *s, const struct analysis *a, const char *channel,
                         struct error *err)
{
    if (channel != NULL) {
        int index = analysis_channel(a, channel, err);
        s->channels = index < 0 ? 0 : UINT32_C(1) << index;
        return index < 0 ? -1 : 0;
    }
    for (size_t c = 0; c < a->n_channels; c++) {
        bool control = a->control != NULL && strcmp(a->control, a->channel[c]) == 0;
        *(control ? &s->control : &s->channels) |= UINT32_C(1) << c;
    }
    return 0;
}

static bool gives_luminosity(const struct sample *sample)
{
    bool gives = sample->luminosity_pb > 0;
    for (size_t i = 0; !gives && i < sample->n_patterns; i++) {
        gives = sample->pattern[i].luminosity_pb > 0;
    }
    return gives;
}

double figure_luminosity(const struct figure_sums *s, const struct dataset *d, int era,
                         unsigned channel, bool *known)
{
    const struct era *e = dataset_era(d, era);
    double target_pb = e == NULL ? 0 : e->luminosity_pb;
    bool has_data = false;
    bool given = false;
    for (size_t i = 0; i < d->n_samples; i++) {
        const struct sample *sample = &d->sample[i];
        if (!sample->simulation && sample->era == era &&
            (sample->channels >> channel & 1) != 0) {
            has_data = true;
            given = given || gives_luminosity(sample);
        }
    }
    *known = has_data ? given : target_pb > 0;
    return normalisation_luminosity(s->yield, d->n_samples, era, channel, target_pb);
}

/* Neither data nor anything to scale to: then the picture shows simulated events. */
static bool is_unscaled(const struct figure_sums *s, const struct dataset *d)
{
    bool target = false;
    bool cross_section = false;
    for (size_t i = 0; i < d->n_samples; i++) {
        const struct sample *sample = &d->sample[i];
        const struct era *era = dataset_era(d, sample->era);
        target = target || (era != NULL && era->luminosity_pb > 0);
        cross_section = cross_section || sample->cross_section_pb > 0;
    }
    return !s->has_data && !(target && cross_section);
}

static int init_layer(struct figure_layer *layer, size_t n_bins, struct error *err)
{
    layer->expected = calloc(n_bins, sizeof *layer->expected);
    layer->variance = calloc(n_bins, sizeof *layer->variance);
    return layer->expected == NULL || layer->variance == NULL ? error_no_memory(err, "a plot")
                                                              : 0;
}

static const char *process_of(const struct sample *sample)
{
    return sample->process == NULL ? sample->name : sample->process;
}

static struct figure_layer *find_layer(struct figure_sums *s, const char *process)
{
    for (size_t i = 0; i < s->n_layers; i++) {
        if (strcmp(s->layer[i].process, process) == 0) {
            return &s->layer[i];
        }
    }
    return NULL;
}

static int append_layer(struct figure_sums *s, const struct process *process, struct error *err)
{
    if (s->n_layers == PLOT_PROCESSES_MAX) {
        return error_set(
            err, ERROR_INPUT,
            "a plot stacks %d processes at most: give some samples the same process",
            PLOT_PROCESSES_MAX);
    }
    struct figure_layer *layer = &s->layer[s->n_layers++];
    *layer =
        (struct figure_layer){.process = process->name,
                              .title = process->title == NULL ? process->name : process->title,
                              .signal = process->signal};
    return init_layer(layer, s->axis->n_bins, err);
}

static bool has_samples(const struct figure_sums *s, const struct dataset *d,
                        const char *process)
{
    bool found = false;
    for (size_t i = 0; !found && i < d->n_samples; i++) {
        found = d->sample[i].simulation && !s->left_out[i] &&
                (d->sample[i].channels & s->channels) != 0 &&
                strcmp(process_of(&d->sample[i]), process) == 0;
    }
    return found;
}

/* The layers in the order of the dataset's processes, lowest first. */
static int make_layers(struct figure_sums *s, const struct dataset *d, struct error *err)
{
    for (size_t p = 0; p < d->n_processes; p++) {
        if (has_samples(s, d, d->process[p].name) &&
            append_layer(s, &d->process[p], err) != 0) {
            return -1;
        }
    }
    for (size_t i = 0; i < d->n_samples; i++) {
        const struct sample *sample = &d->sample[i];
        struct process own = {.name = sample->process == NULL ? sample->name : sample->process};
        bool shown = sample->simulation && has_samples(s, d, own.name);
        if (shown && find_layer(s, own.name) == NULL && append_layer(s, &own, err) != 0) {
            return -1;
        }
    }
    return 0;
}

/* Simulation that nothing says how to scale in any channel of the picture. */
static bool has_no_scale(const struct figure_sums *s, const struct dataset *d, size_t sample)
{
    const struct sample *of = &d->sample[sample];
    bool scaled = s->unscaled;
    for (unsigned c = 0; !scaled && c < d->analysis->n_channels; c++) {
        bool known = false;
        (void)figure_luminosity(s, d, of->era, c, &known);
        scaled = known && ((s->channels & of->channels) >> c & 1) != 0;
    }
    return !scaled || (!s->unscaled && !(of->cross_section_pb > 0));
}

static void add_counts(uint64_t *sum, const struct hist *h)
{
    for (size_t i = 0; i < h->axis.n_bins; i++) {
        sum[i] += h->count[i + 1];
    }
}

static double content(const struct hist *h, size_t bin)
{
    return h->sums == NULL ? (double)h->count[bin] : exact_round(&h->sums[bin].w);
}

static void add_scaled(struct figure_layer *layer, const struct hist *h, double scale)
{
    size_t n = h->axis.n_bins;
    for (size_t i = 0; i < n; i++) {
        double w2 = h->sums == NULL ? (double)h->count[i + 1] : exact_round(&h->sums[i + 1].w2);
        layer->expected[i] += scale * content(h, i + 1);
        layer->variance[i] += scale * scale * w2;
    }
    layer->outside += scale * (content(h, 0) + content(h, n + 1));
    layer->nan += scale * (h->sums == NULL ? (double)h->nan : exact_round(&h->sums[n + 2].w));
}

/* One sample in one channel. */
static void add_channel(struct figure_sums *s, const struct dataset *d, const struct merge *m,
                        size_t sample, unsigned channel)
{
    const struct sample *of = &d->sample[sample];
    const struct hist *h = partial_find(&m->sample[sample].sum, s->figure->hist,
                                        d->analysis->channel[channel], nominal);
    bool control = (s->control >> channel & 1) != 0;
    bool summed = (s->channels >> channel & 1) != 0;
    if (h == NULL || (of->channels >> channel & 1) == 0 || (!control && !summed)) {
        return;
    }
    if (!of->simulation) {
        add_counts(control ? s->control_count : s->observed, h);
        s->observed_outside += control ? 0 : h->count[0] + h->count[h->axis.n_bins + 1];
        s->observed_nan += control ? 0 : h->nan;
        s->filled |= s->channels & UINT32_C(1) << channel;
        return;
    }
    bool known = s->unscaled;
    double luminosity_pb = s->unscaled ? 0 : figure_luminosity(s, d, of->era, channel, &known);
    if (summed && known) {
        double scale = s->unscaled ? 1 : normalisation_scale(&s->yield[sample], luminosity_pb);
        add_scaled(find_layer(s, process_of(of)), h, scale);
        s->filled |= UINT32_C(1) << channel;
    }
}

static void add_samples(struct figure_sums *s, const struct dataset *d, const struct merge *m)
{
    for (size_t i = 0; i < d->n_samples; i++) {
        for (unsigned c = 0; !s->left_out[i] && c < d->analysis->n_channels; c++) {
            add_channel(s, d, m, i, c);
        }
    }
}

/* Sums the bins that lie inside the figure's window as a whole. */
static void count_window(struct figure_sums *s)
{
    struct figure_numbers *n = &s->numbers;
    for (size_t i = 0; i < s->axis->n_bins; i++) {
        bool inside = s->figure->window_low <= s->axis->edge[i] &&
                      s->axis->edge[i + 1] <= s->figure->window_high;
        n->observed += inside ? (double)s->observed[i] : 0;
        for (size_t l = 0; inside && l < s->n_layers; l++) {
            *(s->layer[l].signal ? &n->signal : &n->background) += s->layer[l].expected[i];
        }
    }
    n->has_window = !s->unscaled && s->n_unseen == 0 && n->signal > 0 && n->background > 0;
    if (n->has_window) {
        n->significance_expected = statistics_significance_expected(n->signal, n->background);
    }
    if (n->has_window && s->has_data) {
        n->significance_observed = statistics_significance_observed(n->observed, n->background);
    }
}

/* A stack that lacks a sample altogether would give a significance of something else. */
static void note_seen(struct figure_sums *s, const struct dataset *d, const struct merge *m)
{
    for (size_t i = 0; i < d->n_samples; i++) {
        const struct sample *sample = &d->sample[i];
        bool seen = m->sample[i].n_shards > 0;
        if (s->left_out[i] || (sample->channels & s->channels) == 0) {
            continue;
        }
        if (!sample->simulation) {
            s->data_seen = s->data_seen || seen;
        } else if (seen) {
            find_layer(s, process_of(sample))->seen = true;
        } else {
            s->unseen[i] = true;
            s->n_unseen++;
        }
    }
}

static int allocate(struct figure_sums *s, const struct dataset *d, struct error *err)
{
    s->observed = calloc(s->axis->n_bins, sizeof *s->observed);
    s->control_count = calloc(s->axis->n_bins, sizeof *s->control_count);
    s->yield = calloc(d->n_samples + 1, sizeof *s->yield);
    s->left_out = calloc(d->n_samples + 1, sizeof *s->left_out);
    s->unseen = calloc(d->n_samples + 1, sizeof *s->unseen);
    return s->observed == NULL || s->control_count == NULL || s->yield == NULL ||
                   s->left_out == NULL || s->unseen == NULL
               ? error_no_memory(err, "a plot")
               : 0;
}

/* The axis is the same in all channels that book the histogram, and in all samples. */
static const struct axis *find_axis(const struct figure_sums *s, const struct analysis *a,
                                    const struct merge *m)
{
    for (size_t c = 0; c < a->n_channels; c++) {
        const struct hist *h =
            partial_find(&m->sample[0].sum, s->figure->hist, a->channel[c], nominal);
        if (h != NULL && ((s->channels | s->control) >> c & 1) != 0) {
            return &h->axis;
        }
    }
    return NULL;
}

static int prepare(struct figure_sums *s, const struct dataset *d, const struct merge *m,
                   const struct figure_request *request, struct error *err)
{
    if (find_figure(s, d->analysis, request->hist, err) != 0 ||
        find_channels(s, d->analysis, request->channel, err) != 0) {
        return -1;
    }
    s->axis = find_axis(s, d->analysis, m);
    if (s->axis == NULL) {
        return error_set(err, ERROR_INPUT, "%s books no histogram %s in this channel",
                         d->analysis->name, s->figure->hist);
    }
    return allocate(s, d, err);
}

int figure_sums_init(struct figure_sums *s, const struct run *r, const struct merge *m,
                     const struct figure_request *request, struct error *err)
{
    const struct dataset *d = r->dataset;
    *s = (struct figure_sums){.n_layers = 0};
    if (prepare(s, d, m, request, err) != 0) {
        figure_sums_release(s);
        return -1;
    }
    merge_yields(m, d, s->yield);
    for (size_t i = 0; i < d->n_samples; i++) {
        s->has_data =
            s->has_data || (!d->sample[i].simulation &&
                            (d->sample[i].channels & (s->channels | s->control)) != 0);
    }
    s->unscaled = is_unscaled(s, d);
    for (size_t i = 0; i < d->n_samples; i++) {
        s->left_out[i] = d->sample[i].simulation && has_no_scale(s, d, i);
    }
    if (make_layers(s, d, err) != 0) {
        figure_sums_release(s);
        return -1;
    }
    add_samples(s, d, m);
    note_seen(s, d, m);
    if (s->figure->window_high > s->figure->window_low) {
        count_window(s);
    }
    return 0;
}

void figure_sums_release(struct figure_sums *s)
{
    for (size_t i = 0; i < s->n_layers; i++) {
        free(s->layer[i].expected);
        free(s->layer[i].variance);
    }
    free(s->observed);
    free(s->control_count);
    free(s->yield);
    free(s->left_out);
    free(s->unseen);
    *s = (struct figure_sums){.n_layers = 0};
}
