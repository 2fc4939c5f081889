/* SPDX-License-Identifier: Apache-2.0 */
/* dispatch_live.c - what the event loop tells those who look on; see live.h, dispatch_state.h */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/size.h"
#include "scheduler/dispatch_state.h"

enum {
    EVERY_MS = 1000,
    SHARE = 50,            /* at most a fiftieth of the time */
    SILENT_HEARTBEATS = 3, /* missed: it is said to be silent */
};

static const double memory_s = 10; /* of the rate */

void dispatch_live_begin(struct dispatch *d)
{
    d->live.started_ms = clock_unix_ms();
    d->live.pid = (uint64_t)getpid();
    (void)snprintf(d->live.program, sizeof d->live.program, "%s", PICOBARN_VERSION);
    for (size_t i = 0; i < d->run->n_shards; i++) {
        const struct run_shard *s = &d->run->shard[i];
        d->live.events_before += s->job.state == JOB_DONE ? s->stop - s->first : 0;
    }
    d->n_events = d->live.events_before;
}

/* What became of a result, or of what was to be one. */
static void count_partial(struct live *l, const struct arrival *a)
{
    if (a->what == JOB_CONFLICT) {
        l->partials_conflict++;
        return;
    }
    l->partials_accepted += a->verdict == ACK_ACCEPTED;
    l->partials_duplicate += a->verdict == ACK_DUPLICATE;
    l->partials_dropped += a->verdict == ACK_DROPPED;
    l->partials_refused += a->verdict == ACK_REFUSED;
    l->partial_bytes += a->verdict == ACK_ACCEPTED ? a->payload.size : 0;
}

void dispatch_live_count(struct dispatch *d, const struct arrival *a)
{
    struct live *l = &d->live;
    l->leases_given += a->what == JOB_LEASED;
    l->leases_lost += a->what == JOB_LOST;
    l->leases_broke += a->what == JOB_BROKE;
    l->leases_rejected += a->what == JOB_REJECTED;
    if (a->id.kind == LEASE_SHARD && (a->is_result || a->is_refused)) {
        count_partial(l, a);
    }
}

/* ---- the workers ---- */

static void list_leases(struct live *l, const struct member *m, uint64_t now_ms)
{
    for (size_t i = 0; i < m->n_grants; i++) {
        const struct grant *g = &m->grant[i];
        l->lease[l->n_leases++] = (struct live_lease){.kind = g->id.kind,
                                                      .subject = g->id.subject,
                                                      .events = g->events,
                                                      .age_ms = now_ms - g->given_ms};
    }
}

static void list_worker(struct dispatch *d, const struct member *m, uint64_t now_ms)
{
    struct live *l = &d->live;
    struct live_worker *w = &l->worker[l->n_workers++];
    uint64_t silent_ms = (uint64_t)SILENT_HEARTBEATS * dispatch_heartbeat_ms(d);
    *w = (struct live_worker){.pid = m->hello.pid,
                              .threads = m->hello.threads,
                              .joined_age_ms = now_ms - m->joined_ms,
                              .heard_age_ms = now_ms - m->heard_ms,
                              .shards = m->n_shards,
                              .events = m->n_events,
                              .failures = m->n_failures,
                              .cpu_us = m->cpu_us,
                              .first_lease = l->n_leases,
                              .n_leases = m->n_grants};
    memcpy(w->name, m->hello.worker, sizeof w->name);
    memcpy(w->host, m->hello.host, sizeof w->host);
    memcpy(w->program, m->hello.program, sizeof w->program);
    w->state = w->heard_age_ms > silent_ms ? LIVE_SILENT
               : m->n_grants > 0           ? LIVE_WORKING
                                           : LIVE_IDLE;
    list_leases(l, m, now_ms);
}

/* False without memory: then nothing is told this time. */
static bool list_workers(struct dispatch *d, uint64_t now_ms)
{
    size_t n_leases = 0;
    for (size_t i = 0; i < d->crew.n; i++) {
        n_leases += d->crew.member[i]->n_grants;
    }
    live_release(&d->live);
    d->live.worker = calloc(d->crew.n + 1, sizeof *d->live.worker);
    d->live.lease = calloc(n_leases + 1, sizeof *d->live.lease);
    if (d->live.worker == NULL || d->live.lease == NULL) {
        live_release(&d->live);
        return false;
    }
    for (size_t i = 0; i < d->crew.n; i++) {
        list_worker(d, d->crew.member[i], now_ms);
    }
    return true;
}

/* ---- the whole ---- */

/* A mean of what was done, forgetting exponentially. What a lost lease had done is done again: only
 * what is beyond the most that was ever seen counts. */
static void update_rate(struct dispatch *d, uint64_t now_ms)
{
    struct live *l = &d->live;
    uint64_t done = d->n_events + live_events_running(l);
    double passed_s = (double)(now_ms - d->rated_ms) / 1000;
    if (d->rated_ms != 0 && passed_s > 0) {
        double rate = done > d->rated_events ? (double)(done - d->rated_events) / passed_s : 0;
        double weight = l->events_per_s > 0 ? passed_s / (passed_s + memory_s) : 1;
        l->events_per_s += weight * (rate - l->events_per_s);
    }
    d->rated_ms = now_ms;
    d->rated_events = done > d->rated_events ? done : d->rated_events;
}

static void describe(struct dispatch *d, bool is_over)
{
    struct live *l = &d->live;
    l->written_ms = clock_unix_ms();
    l->sequence = d->run->seen;
    l->phase = is_over                     ? LIVE_OVER
               : d->phase == LEASE_INSPECT ? LIVE_INSPECTING
                                           : LIVE_COMPUTING;
    l->events = d->n_events;
    l->queue = d->leasing.n;
    l->uncommitted = d->intake.n;
    memcpy(l->paused, d->paused, sizeof l->paused);
    uint64_t paused_ms = clock_now_ms() - d->paused_since_ms;
    l->paused_since_ms = d->paused[0] == '\0' ? 0 : l->written_ms - (int64_t)paused_ms;
}

static void write_live(struct dispatch *d, uint64_t now_ms, bool is_over)
{
    char *path = list_workers(d, now_ms) ? run_path(d->run, "live.json") : NULL;
    if (path == NULL) {
        return;
    }
    update_rate(d, now_ms);
    describe(d, is_over);
    buffer_clear(&d->live_text);
    live_encode(&d->live, &d->live_text);
    /* Only shown: a disk that is full stops the ledger, which says so. */
    if (!d->live_text.failed) {
        (void)file_write_unsynced(path, 0644, d->live_text.data, d->live_text.size, NULL);
    }
    free(path);
}

void dispatch_live_tell(struct dispatch *d)
{
    uint64_t now_ms = clock_now_ms();
    if (now_ms < d->tell_again_ms) {
        return;
    }
    write_live(d, now_ms, false);
    uint64_t took_ms = clock_now_ms() - now_ms;
    d->tell_again_ms = now_ms + (uint64_t)size_max(EVERY_MS, SHARE * took_ms);
}

void dispatch_live_end(struct dispatch *d)
{
    if (d->live.started_ms != 0) { /* else it never began */
        write_live(d, clock_now_ms(), true);
    }
    live_release(&d->live);
    buffer_release(&d->live_text);
}
