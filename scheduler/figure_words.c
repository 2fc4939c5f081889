/* SPDX-License-Identifier: Apache-2.0 */
/* figure_words.c - what stands above and inside the picture; see figure_sums.h */
#include <math.h>

#include "scheduler/figure_sums.h"
#include "scheduler/human.h"

/* The smallest and largest luminosity of the picture's channels in an era; false for none. */
static bool find_range(const struct figure_sums *s, const struct dataset *d, int era,
                       double *low, double *high)
{
    bool any = false;
    for (unsigned c = 0; c < d->analysis->n_channels; c++) {
        bool known = false;
        double pb = figure_luminosity(s, d, era, c, &known);
        bool filled = ((s->filled | s->control) >> c & 1) != 0;
        if (known && filled) {
            *low = any ? fmin(*low, pb) : pb;
            *high = any ? fmax(*high, pb) : pb;
            any = true;
        }
    }
    return any;
}

static void put_era(struct buffer *out, const struct figure_sums *s, const struct dataset *d,
                    int era)
{
    double low = 0;
    double high = 0;
    if (!find_range(s, d, era, &low, &high)) {
        return;
    }
    buffer_printf(out, "%s", out->size > 0 ? " + " : "");
    human_luminosity_range(out, low, high); /* streams that have come to different points */
    const struct era *e = dataset_era(d, era);
    if (e != NULL && e->energy_tev > 0) {
        buffer_printf(out, " (%.4g TeV)", e->energy_tev);
    }
}

/* Eras in rising order: "2.33 fb^-1 (7 TeV) + 11.58 fb^-1 (8 TeV)". */
static void put_luminosity(struct buffer *out, const struct figure_sums *s,
                           const struct dataset *d)
{
    if (s->unscaled) {
        return;
    }
    bool more = true;
    for (long long last = (long long)INT32_MIN - 1; more;) {
        long long next = INT64_MAX;
        for (size_t i = 0; i < d->n_samples; i++) {
            long long era = d->sample[i].era;
            next = era > last && era < next ? era : next;
        }
        more = next != INT64_MAX;
        if (more) {
            put_era(out, s, d, (int)next);
        }
        last = next;
    }
}

static void put_coverage(struct buffer *out, const struct run *r, const struct merge *m,
                         bool *incomplete)
{
    size_t shards = 0;
    size_t inspected = 0;
    uint64_t events = 0;
    uint64_t planned = 0;
    for (size_t i = 0; i < m->n_samples; i++) {
        shards += m->sample[i].n_shards;
        inspected += m->sample[i].n_files_inspected;
        events += m->sample[i].n_events;
        planned += m->sample[i].n_events_planned;
    }
    *incomplete = !merge_complete(m, r);
    human_count(out, shards);
    buffer_printf(out, " of ");
    human_count(out, r->n_shards);
    buffer_printf(out, " shards");
    if (inspected < r->n_files) {
        buffer_printf(out, ", ");
        human_count(out, inspected);
        buffer_printf(out, " of ");
        human_count(out, r->n_files);
        buffer_printf(out, " files");
    }
    double seen_pb = 0;
    double planned_pb = 0;
    merge_luminosity(m, r->dataset, &seen_pb, &planned_pb);
    buffer_printf(out, ", ");
    if (planned_pb > 0) {
        human_luminosity_of(out, seen_pb, planned_pb);
    } else {
        human_count(out, events);
        buffer_printf(out, " of ");
        human_count(out, planned);
        buffer_printf(out, " events");
    }
}

/* The next line inside the frame; what is beyond the last is not said. */
static struct buffer *next_note(struct figure_words *w)
{
    static const size_t last = PLOT_NOTES_MAX - 1;
    return &w->note[w->n_notes <= last ? w->n_notes++ : last];
}

static void note_channels(struct figure_words *w, const struct figure_sums *s,
                          const struct analysis *a)
{
    if (s->filled == 0 || a->n_channels == 1) {
        return;
    }
    struct buffer *out = next_note(w);
    for (unsigned c = 0; c < a->n_channels; c++) {
        if ((s->filled >> c & 1) != 0) {
            buffer_printf(out, "%s%s", out->size > 0 ? " + " : "", a->channel[c]);
        }
    }
}

static void note_window(struct figure_words *w, const struct figure_sums *s)
{
    const struct figure_numbers *n = &s->numbers;
    if (!n->has_window) {
        return;
    }
    struct buffer *counts = next_note(w);
    buffer_printf(counts, "%g-%g %s: ", s->figure->window_low, s->figure->window_high,
                  s->figure->unit);
    if (s->has_data) {
        buffer_printf(counts, "%.0f observed, ", n->observed);
    }
    buffer_printf(counts, "%.1f + %.1f expected", n->background, n->signal);
    struct buffer *significance = next_note(w);
    buffer_printf(significance, "significance ");
    if (s->has_data) {
        buffer_printf(significance, "%.1f observed, ", n->significance_observed);
    }
    buffer_printf(significance, "%.1f expected (stat. only)", n->significance_expected);
}

static void note_unseen(struct figure_words *w, const struct figure_sums *s,
                        const struct dataset *d)
{
    if (s->n_unseen == 0) {
        return;
    }
    size_t first = 0;
    while (!s->unseen[first]) {
        first++;
    }
    struct buffer *out = next_note(w);
    buffer_printf(out, "not seen yet: %s", d->sample[first].name);
    if (s->n_unseen > 1) {
        buffer_printf(out, " and %zu more", s->n_unseen - 1);
    }
}

const char *figure_lacks(const struct sample *sample)
{
    return sample->cross_section_pb > 0 ? "luminosity" : "cross section";
}

static void note_left_out(struct figure_words *w, const struct figure_sums *s,
                          const struct dataset *d)
{
    if (s->unscaled && s->n_layers > 0) {
        buffer_printf(next_note(w), "simulated events, not scaled");
    }
    for (size_t i = 0; i < d->n_samples; i++) {
        const struct sample *sample = &d->sample[i];
        if (s->left_out[i] && (sample->channels & s->channels) != 0) {
            struct buffer *out = next_note(w);
            buffer_clear(out); /* of the last, if there are more of them than lines */
            buffer_printf(out, "not shown, no %s: %s", figure_lacks(sample), sample->name);
        }
    }
}

int figure_words_init(struct figure_words *w, const struct figure_sums *s, const struct run *r,
                      const struct merge *m, struct error *err)
{
    *w = (struct figure_words){.n_notes = 0};
    put_luminosity(&w->luminosity, s, r->dataset);
    put_coverage(&w->coverage, r, m, &w->incomplete);
    for (size_t i = 0; i < r->n_files; i++) {
        const json_t *generator = json_object_get(r->file[i].inspection, "generator");
        w->generated = w->generated || json_is_string(generator);
    }
    note_channels(w, s, r->dataset->analysis);
    note_window(w, s);
    note_unseen(w, s, r->dataset);
    note_left_out(w, s, r->dataset);
    bool failed = buffer_string(&w->luminosity) == NULL || buffer_string(&w->coverage) == NULL;
    for (size_t i = 0; i < w->n_notes; i++) {
        failed = buffer_string(&w->note[i]) == NULL || failed;
    }
    if (failed) {
        figure_words_release(w);
        return error_no_memory(err, "a plot");
    }
    return 0;
}

void figure_words_release(struct figure_words *w)
{
    buffer_release(&w->luminosity);
    buffer_release(&w->coverage);
    for (size_t i = 0; i < PLOT_NOTES_MAX; i++) {
        buffer_release(&w->note[i]);
    }
    *w = (struct figure_words){.n_notes = 0};
}
