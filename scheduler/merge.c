/* SPDX-License-Identifier: Apache-2.0 */
/* merge.c - see merge.h
 *
 * Invariant: the sums hold exactly the partials with numbers up to m->merged that the ledger
 * still holds. Partials leave the ledger only with their file's shards, which JOB_DROPPED
 * records; then all is summed again. Everything that is said to be seen is counted from the
 * partials themselves, what is planned from the run. */
#include "scheduler/merge.h"

#include <stdlib.h>

static int book(struct merge_sample *s, const struct sample *sample, const struct dataset *d,
                struct error *err)
{
    partial_release(&s->sum);
    partial_init(&s->sum, sample->weight != NULL);
    return d->analysis->book(&d->settings, &s->sum, err);
}

int merge_init(struct merge *m, const struct run *r, struct error *err)
{
    const struct dataset *d = r->dataset;
    *m = (struct merge){.n_samples = d->n_samples, .n_files = r->n_files};
    m->sample = calloc(d->n_samples + 1, sizeof *m->sample);
    m->file = calloc(r->n_files + 1, sizeof *m->file);
    int rc = m->sample == NULL || m->file == NULL ? error_no_memory(err, "the merged sums") : 0;
    for (size_t i = 0; rc == 0 && i < m->n_samples; i++) {
        rc = book(&m->sample[i], &d->sample[i], d, err);
    }
    if (rc != 0) {
        merge_release(m);
    }
    return rc;
}

void merge_release(struct merge *m)
{
    for (size_t i = 0; m->sample != NULL && i < m->n_samples; i++) {
        partial_release(&m->sample[i].sum);
    }
    free(m->sample);
    free(m->file);
    *m = (struct merge){0};
}

/* Back to empty sums. */
static int begin_anew(struct merge *m, const struct run *r, struct error *err)
{
    m->merged = 0;
    m->cpu_us = 0;
    for (size_t i = 0; i < m->n_files; i++) {
        m->file[i] = (struct merge_file){0};
    }
    for (size_t i = 0; i < m->n_samples; i++) {
        m->sample[i].n_events = 0;
        m->sample[i].n_shards = 0;
        if (book(&m->sample[i], &r->dataset->sample[i], r->dataset, err) != 0) {
            return -1;
        }
    }
    return 0;
}

static int visit_event(void *context, const struct ledger_event *event, struct error *err)
{
    (void)err;
    bool *dropped = context;
    *dropped = *dropped || event->what == JOB_DROPPED;
    return 0;
}

/* What a walk over the partials carries along. */
struct walk {
    struct merge *m;
    const struct run *r;
    bool ahead; /* met a shard that r does not know yet */
};

/* Adds one partial of a known shard. */
static int add(struct merge *m, const struct run *r, const struct run_shard *shard,
               const struct ledger_partial *row, struct error *err)
{
    struct bytes in = bytes_of(row->payload, row->size);
    struct partial partial;
    if (partial_decode(&partial, &in, err) != 0) {
        return -1;
    }
    struct merge_sample *s = &m->sample[r->file[shard->file].sample];
    uint64_t rows = shard->stop - shard->first;
    int rc = 0;
    if (partial.n_events != rows) {
        rc = error_set(err, ERROR_PEER, "%llu events for %llu rows",
                       (unsigned long long)partial.n_events, (unsigned long long)rows);
    } else {
        rc = partial_add(&s->sum, &partial, err);
    }
    partial_release(&partial);
    if (rc == 0) {
        s->n_events += rows;
        s->n_shards++;
        m->file[shard->file].n_events += rows;
        m->file[shard->file].n_shards++;
        m->cpu_us += row->cpu_us;
        m->merged = row->seq;
    }
    return rc;
}

static int visit_partial(void *context, const struct ledger_partial *row, struct error *err)
{
    struct walk *walk = context;
    const struct run *r = walk->r;
    size_t i = run_find_shard(r, row->shard);
    uint64_t last = r->n_shards == 0 ? 0 : r->shard[r->n_shards - 1].id;
    walk->ahead = walk->ahead || (i == SIZE_MAX && row->shard > last);
    if (walk->ahead) {
        return 0; /* ids only rise: this and what follows is newer than r */
    }
    int rc = -1;
    if (i == SIZE_MAX || r->shard[i].file >= walk->m->n_files) {
        (void)error_set(err, ERROR_PEER, "it is not planned");
    } else {
        rc = add(walk->m, r, &r->shard[i], row, err);
    }
    return rc == 0 ? 0
                   : error_prefix(err, "ledger: the partial of shard %llu",
                                  (unsigned long long)row->shard);
}

static int add_new(struct merge *m, const struct run *r, struct error *err)
{
    bool dropped = false;
    struct walk walk = {.m = m, .r = r};
    uint64_t sequence = 0;
    if ((m->merged > 0 &&
         ledger_each_event(r->ledger, m->sequence, visit_event, &dropped, err) != 0) ||
        ledger_sequence(r->ledger, &sequence, err) != 0 ||
        (dropped && begin_anew(m, r, err) != 0) ||
        ledger_each_partial(r->ledger, m->merged, visit_partial, &walk, err) != 0) {
        return -1;
    }
    m->sequence = sequence;
    return 0;
}

/* Rows and bytes of the inspected files of one sample, or of all (SIZE_MAX). */
static void count_inspected(const struct run *r, size_t sample, double *rows, double *bytes)
{
    *rows = 0;
    *bytes = 0;
    for (size_t i = 0; i < r->n_files; i++) {
        const struct run_file *f = &r->file[i];
        if (f->inspection != NULL && (sample == SIZE_MAX || f->sample == sample)) {
            *rows += (double)f->rows;
            *bytes += (double)f->size;
        }
    }
}

/* Rows a byte in files like those of this sample, for those that nobody has opened yet. */
static double density(const struct run *r, size_t sample)
{
    double rows = 0;
    double bytes = 0;
    count_inspected(r, sample, &rows, &bytes);
    if (bytes == 0) {
        count_inspected(r, SIZE_MAX, &rows, &bytes);
    }
    return bytes == 0 ? 0 : rows / bytes;
}

static void count_planned_files(struct merge *m, const struct run *r)
{
    for (size_t i = 0; i < m->n_samples; i++) {
        struct merge_sample *s = &m->sample[i];
        s->n_files = 0;
        s->n_files_inspected = 0;
        s->n_shards_planned = 0;
        s->n_events_planned = 0;
    }
    for (size_t i = 0; i < r->n_files; i++) {
        struct merge_sample *s = &m->sample[r->file[i].sample];
        s->n_files++;
        s->n_files_inspected += r->file[i].inspection != NULL;
        s->n_events_planned += r->file[i].rows;
    }
    for (size_t i = 0; i < r->n_shards; i++) {
        m->sample[r->file[r->shard[i].file].sample].n_shards_planned++;
    }
}

static void count_planned(struct merge *m, const struct run *r)
{
    count_planned_files(m, r);
    for (size_t i = 0; i < m->n_samples; i++) {
        struct merge_sample *s = &m->sample[i];
        s->planned_is_estimate = s->n_files_inspected < s->n_files;
        double bytes = 0; /* of files without an inspection */
        for (size_t f = 0; s->planned_is_estimate && f < r->n_files; f++) {
            bool unknown = r->file[f].sample == i && r->file[f].inspection == NULL;
            bytes += unknown ? (double)r->file[f].size : 0;
        }
        if (bytes > 0) {
            s->n_events_planned += (uint64_t)(bytes * density(r, i) + 0.5);
        }
    }
}

/* Of something that was seen by rows; without any rows it was seen when it was looked at. */
static double share(uint64_t seen, uint64_t planned, bool looked_at)
{
    if (planned == 0) {
        return looked_at ? 1 : 0;
    }
    return (double)seen / (double)planned;
}

/* Where files have their own luminosities, by file; else the sample's by its rows. */
static void count_luminosity(struct merge *m, const struct run *r, size_t sample)
{
    struct merge_sample *s = &m->sample[sample];
    s->luminosity_pb = 0;
    s->luminosity_seen_pb = 0;
    for (size_t i = 0; i < r->n_files; i++) {
        const struct run_file *f = &r->file[i];
        if (f->sample == sample && f->luminosity_pb > 0) {
            const struct merge_file *seen = &m->file[i];
            s->luminosity_pb += f->luminosity_pb;
            s->luminosity_seen_pb +=
                f->luminosity_pb * share(seen->n_events, f->rows, seen->n_shards > 0);
        }
    }
    if (s->luminosity_pb == 0) {
        s->luminosity_pb = r->dataset->sample[sample].luminosity_pb;
        s->luminosity_seen_pb =
            s->luminosity_pb * share(s->n_events, s->n_events_planned, s->n_shards > 0);
    }
}

int merge_update(struct merge *m, const struct run *r, struct error *err)
{
    if (ledger_begin(r->ledger, err) != 0) {
        return -1;
    }
    int rc = add_new(m, r, err);
    ledger_rollback(r->ledger);
    if (rc != 0) {
        return -1;
    }
    count_planned(m, r);
    for (size_t i = 0; i < m->n_samples; i++) {
        if (!r->dataset->sample[i].simulation) {
            count_luminosity(m, r, i);
        }
    }
    return 0;
}

bool merge_complete(const struct merge *m, const struct run *r)
{
    size_t n_merged = 0;
    size_t n_planned = 0; /* files: the shards of one stand together, at least one */
    for (size_t i = 0; i < m->n_samples; i++) {
        n_merged += m->sample[i].n_shards;
    }
    for (size_t i = 0; i < r->n_shards; i++) {
        n_planned += i == 0 || r->shard[i].file != r->shard[i - 1].file;
    }
    return run_complete(r) && n_planned == r->n_files && n_merged == r->n_shards;
}

void merge_yields(const struct merge *m, const struct dataset *d, struct yield *yield)
{
    for (size_t i = 0; i < m->n_samples; i++) {
        const struct merge_sample *s = &m->sample[i];
        const struct sample *sample = &d->sample[i];
        yield[i] = (struct yield){
            .simulation = sample->simulation,
            .era = sample->era,
            .channels = sample->channels,
            .luminosity_seen_pb = s->luminosity_seen_pb,
            .cross_section_pb = sample->cross_section_pb,
            .scale = sample->scale,
            .generated = sample->generated,
            .n_events_planned = (double)s->n_events_planned,
            .n_events_seen = (double)s->n_events,
            .sumw_seen = s->sum.weighted ? exact_round(&s->sum.sumw) : (double)s->n_events,
        };
    }
}

static double channel_luminosity(const struct merge *m, const struct dataset *d, int era,
                                 size_t channel, bool seen)
{
    double sum = 0;
    for (size_t i = 0; i < m->n_samples; i++) {
        const struct sample *s = &d->sample[i];
        if (!s->simulation && s->era == era && (s->channels >> channel & 1) != 0) {
            sum += seen ? m->sample[i].luminosity_seen_pb : m->sample[i].luminosity_pb;
        }
    }
    return sum;
}

/* The largest luminosity of any channel in this era. */
static double era_luminosity(const struct merge *m, const struct dataset *d, int era, bool seen)
{
    double largest = 0;
    for (size_t c = 0; c < d->analysis->n_channels; c++) {
        double one = channel_luminosity(m, d, era, c, seen);
        largest = one > largest ? one : largest;
    }
    return largest;
}

void merge_luminosity(const struct merge *m, const struct dataset *d, double *seen_pb,
                      double *planned_pb)
{
    *seen_pb = 0;
    *planned_pb = 0;
    for (size_t i = 0; i < m->n_samples; i++) {
        size_t first = 0; /* sample of this era */
        while (d->sample[first].era != d->sample[i].era) {
            first++;
        }
        if (first == i) {
            *seen_pb += era_luminosity(m, d, d->sample[i].era, true);
            *planned_pb += era_luminosity(m, d, d->sample[i].era, false);
        }
    }
}
