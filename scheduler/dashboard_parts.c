/* SPDX-License-Identifier: Apache-2.0 */
/* dashboard_parts.c - the lists in the document; see dashboard.h */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "scheduler/dashboard.h"
#include "scheduler/human.h"
#include "scheduler/result.h"

enum { NOW_S = 10, RECENT_S = 60, TAIL_SHOWN = 8, WORKERS_SHOWN = 200 };

/* ---- time ---- */

/* What is left at the pace of the last minute. The error is that of a rate counted from so many shards,
 * one standard deviation; from none nothing is said. */
static void put_time_left(json_t *time, const struct dashboard *d, int64_t now_ms)
{
    int64_t covered_s = 0;
    struct history_second recent = history_recent(&d->history, now_ms, RECENT_S, &covered_s);
    double planned = 0;
    double seen = 0;
    for (size_t i = 0; i < d->look.merge.n_samples; i++) {
        planned += (double)d->look.merge.sample[i].n_events_planned;
        seen += (double)d->look.merge.sample[i].n_events;
    }
    if (recent.n_events == 0 || covered_s == 0 || !(planned > seen)) {
        return;
    }
    double left_s = (planned - seen) * (double)covered_s / (double)recent.n_events;
    (void)json_object_set_new(time, "left_s", json_real(ceil(left_s)));
    (void)json_object_set_new(time, "left_error_s",
                              json_real(ceil(left_s / sqrt((double)recent.n_shards))));
}

json_t *dashboard_time(const struct dashboard *d, const struct live *live, int64_t now_ms)
{
    const struct history *h = &d->history;
    bool goes_on = live != NULL && live->phase != LIVE_OVER;
    int64_t until_ms = goes_on ? now_ms : h->last_ms;
    int64_t covered_s = 0;
    struct history_second now = history_recent(h, until_ms, NOW_S, &covered_s);
    double worked_s = (double)history_worked_ms(h, until_ms) / 1000;
    json_t *time = json_pack(
        "{s:I, s:I, s:b, s:I, s:f}", "first_ms", (json_int_t)h->first_ms, "last_ms",
        (json_int_t)h->last_ms, "goes_on", goes_on ? 1 : 0, "worked_before_ms",
        (json_int_t)history_worked_ms(h, goes_on ? h->session_ms : until_ms),
        "events_per_s_mean", worked_s > 0 ? round((double)h->n_events / worked_s) : 0);
    if (goes_on) {
        (void)json_object_set_new(time, "session_ms", json_integer((json_int_t)h->session_ms));
        (void)json_object_set_new(
            time, "events_per_s",
            json_real(covered_s > 0 ? round((double)now.n_events / (double)covered_s) : 0));
        put_time_left(time, d, now_ms);
    }
    return time;
}

/* ---- the tail ---- */

struct oldest {
    size_t shard[TAIL_SHOWN]; /* oldest first */
    size_t n;
};

/* Keeps the oldest, sorted by insertion. */
static void keep_if_old(struct oldest *o, const struct history *h, size_t shard)
{
    size_t at = o->n;
    while (at > 0 && h->leased_ms[o->shard[at - 1]] > h->leased_ms[shard]) {
        at--;
    }
    if (at == TAIL_SHOWN) {
        return;
    }
    o->n += o->n < TAIL_SHOWN;
    for (size_t i = o->n - 1; i > at; i--) {
        o->shard[i] = o->shard[i - 1];
    }
    o->shard[at] = shard;
}

/* Who works on the shard, and how far he is; NULL where nobody says so. */
static const struct live_worker *find_worker(const struct live *live, uint64_t shard,
                                             uint64_t *n_events)
{
    for (size_t i = 0; live != NULL && i < live->n_workers; i++) {
        const struct live_worker *w = &live->worker[i];
        size_t l = w->first_lease;
        size_t stop = l + w->n_leases;
        while (l < stop &&
               (live->lease[l].kind != LEASE_SHARD || live->lease[l].subject != shard)) {
            l++;
        }
        if (l < stop) {
            *n_events = live->lease[l].events;
            return w;
        }
    }
    return NULL;
}

static json_t *tail_row(const struct dashboard *d, const struct live *live, size_t shard)
{
    const struct run *r = d->look.run;
    const struct run_shard *s = &r->shard[shard];
    const struct run_file *f = &r->file[s->file];
    uint64_t n_events = 0;
    const struct live_worker *w = find_worker(live, s->id, &n_events);
    json_t *row =
        json_pack("{s:I, s:s, s:o, s:I, s:I, s:i, s:I}", "shard", (json_int_t)s->id, "sample",
                  r->dataset->sample[f->sample].name, "file", human_json(f->path), "first",
                  (json_int_t)s->first, "stop", (json_int_t)s->stop, "attempt",
                  (int)s->job.n_leases, "since_ms", (json_int_t)d->history.leased_ms[shard]);
    if (w != NULL) {
        (void)json_object_set_new(row, "worker", human_json(w->name));
        (void)json_object_set_new(row, "events", json_integer((json_int_t)n_events));
    }
    return row;
}

json_t *dashboard_tail(const struct dashboard *d, const struct live *live)
{
    const struct run *r = d->look.run;
    struct oldest o = {.n = 0};
    for (size_t i = 0; i < r->n_shards && i < d->history.n_shards; i++) {
        if (r->shard[i].job.state == JOB_RUNNING) {
            keep_if_old(&o, &d->history, i);
        }
    }
    json_t *list = json_array();
    for (size_t i = 0; i < o.n; i++) {
        (void)json_array_append_new(list, tail_row(d, live, o.shard[i]));
    }
    return list;
}

/* ---- workers ---- */

/* Moments in whole seconds: a heartbeat that came on time is no change worth sending twice. */
static json_int_t moment(int64_t written_ms, uint64_t age_ms)
{
    json_int_t heard_ms = written_ms - (int64_t)age_ms;
    return heard_ms / 1000 * 1000;
}

json_t *dashboard_workers(const struct live *live)
{
    json_t *all = json_object();
    size_t n = live == NULL ? 0 : live->n_workers;
    for (size_t i = 0; i < n && i < WORKERS_SHOWN; i++) {
        const struct live_worker *w = &live->worker[i];
        double joined_s = (double)w->joined_age_ms / 1000;
        json_t *row = json_pack(
            "{s:o, s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:f}", "host", human_json(w->host),
            "state", live_state_name(w->state), "threads", (json_int_t)w->threads, "shards",
            (json_int_t)w->shards, "events", (json_int_t)w->events, "failures",
            (json_int_t)w->failures, "leases", (json_int_t)w->n_leases, "heard_ms",
            moment(live->written_ms, w->heard_age_ms), "events_per_s",
            joined_s > 0 ? round((double)w->events / joined_s) : 0);
        (void)json_object_set_new(all, w->name, row);
    }
    return all;
}

/* ---- samples ---- */

json_t *dashboard_bytes(const struct look *l)
{
    const struct run *r = l->run;
    size_t n = l->merge.n_samples;
    json_t *all = json_object();
    double *done = calloc(2 * n + 1, sizeof *done);
    double *planned = done == NULL ? NULL : done + n;
    for (size_t i = 0; done != NULL && i < r->n_files; i++) {
        const struct run_file *f = &r->file[i];
        const struct merge_file *m = &l->merge.file[i];
        double share = f->rows > 0 ? (double)m->n_events / (double)f->rows : m->n_shards > 0;
        planned[f->sample] += (double)f->size;
        done[f->sample] += (double)f->size * share;
    }
    double sum[2] = {0, 0};
    json_t *samples = json_object();
    for (size_t i = 0; done != NULL && i < n; i++) {
        sum[0] += done[i];
        sum[1] += planned[i];
        (void)json_object_set_new(
            samples, r->dataset->sample[i].name,
            json_pack("{s:f, s:f}", "done", round(done[i]), "planned", planned[i]));
    }
    (void)json_object_set_new(all, "done", json_real(round(sum[0])));
    (void)json_object_set_new(all, "planned", json_real(sum[1]));
    (void)json_object_set_new(all, "samples", samples);
    free(done);
    return all;
}

/* Of one channel: each step's name, or how many events it left. */
static json_t *steps_to_json(const struct partial *sum, const char *channel, bool names)
{
    json_t *list = json_array();
    for (size_t i = 0; i < sum->n_steps; i++) {
        const struct partial_step *step = &sum->step[i];
        if (strcmp(step->channel, channel) == 0) {
            (void)json_array_append_new(list, names ? json_string(step->name)
                                                    : json_integer((json_int_t)step->n_events));
        }
    }
    return list;
}

/* By channel, in the order booked. */
static json_t *channels_to_json(const struct partial *sum, const struct dataset *d,
                                const struct sample *sample, bool names)
{
    json_t *all = json_object();
    for (size_t i = 0; i < sum->n_steps; i++) {
        const char *channel = sum->step[i].channel;
        if (json_object_get(all, channel) == NULL &&
            (sample == NULL || result_fills(d, sample, channel))) {
            (void)json_object_set_new(all, channel, steps_to_json(sum, channel, names));
        }
    }
    return all;
}

json_t *dashboard_cutflow(const struct look *l)
{
    const struct dataset *d = l->run->dataset;
    json_t *all = json_object();
    for (size_t i = 0; i < l->merge.n_samples; i++) {
        (void)json_object_set_new(
            all, d->sample[i].name,
            channels_to_json(&l->merge.sample[i].sum, d, &d->sample[i], false));
    }
    return all;
}

json_t *dashboard_cutflow_steps(const struct look *l)
{
    return l->merge.n_samples == 0
               ? json_object()
               : channels_to_json(&l->merge.sample[0].sum, l->run->dataset, NULL, true);
}
