/* SPDX-License-Identifier: Apache-2.0 */
/* history.c - see history.h */
#include "scheduler/history.h"

#include <stdlib.h>
#include <string.h>

/* What a walk over events carries along. */
struct walk {
    struct history *h;
    const struct run *r;
};

/* Leases carry the number of the scheduler's start in the upper half of their epoch. */
static void note_session(struct history *h, const struct ledger_event *event)
{
    uint64_t session = event->epoch >> 32;
    if (event->what != JOB_LEASED || session == h->session) {
        return;
    }
    h->earlier_ms += h->session_ms == 0 ? 0 : h->last_ms - h->session_ms;
    h->session = session;
    h->session_ms = event->time_ms;
    memset(h->second, 0, sizeof h->second);
}

static void note_accepted(struct history *h, int64_t time_ms, uint64_t n_events)
{
    int64_t second = time_ms / 1000;
    struct history_second *s = &h->second[second % HISTORY_SECONDS];
    if (s->second != second) {
        *s = (struct history_second){.second = second};
    }
    s->n_events += n_events;
    s->n_shards++;
    h->n_events += n_events;
}

static void note_shard(struct history *h, const struct run *r, const struct ledger_event *event)
{
    size_t i = run_find_shard(r, event->subject);
    if (i == SIZE_MAX || i >= h->n_shards) {
        return;
    }
    if (event->what == JOB_LEASED) {
        h->leased_ms[i] = event->time_ms;
    } else if (event->what == JOB_ACCEPTED) {
        note_accepted(h, event->time_ms, r->shard[i].stop - r->shard[i].first);
    }
}

static int visit(void *context, const struct ledger_event *event, struct error *err)
{
    (void)err;
    const struct walk *walk = context;
    struct history *h = walk->h;
    if (event->seq > walk->r->seen || event->time_ms < 0) {
        return 0;
    }
    h->seen = event->seq;
    note_session(h, event);
    h->first_ms = h->first_ms == 0 ? event->time_ms : h->first_ms;
    h->last_ms = event->time_ms > h->last_ms ? event->time_ms : h->last_ms;
    bool is_retried = event->what == JOB_LOST || event->what == JOB_BROKE;
    h->n_retries += is_retried;
    h->n_bad += is_retried || event->what == JOB_REJECTED || event->what == JOB_CONFLICT;
    if (event->kind == LEASE_SHARD) {
        note_shard(h, walk->r, event);
    }
    return 0;
}

/* Shards were planned or dropped: what was noted by their places is read again. */
static int begin_anew(struct history *h, const struct run *r, struct error *err)
{
    history_release(h);
    h->leased_ms = calloc(r->n_shards + 1, sizeof *h->leased_ms);
    if (h->leased_ms == NULL) {
        return error_no_memory(err, "the times of the run");
    }
    h->n_shards = r->n_shards;
    return 0;
}

int history_update(struct history *h, const struct run *r, struct error *err)
{
    struct walk walk = {.h = h, .r = r};
    if ((h->leased_ms == NULL || h->n_shards != r->n_shards) && begin_anew(h, r, err) != 0) {
        return -1;
    }
    return h->seen == r->seen ? 0 : ledger_each_event(r->ledger, h->seen, visit, &walk, err);
}

void history_release(struct history *h)
{
    free(h->leased_ms);
    *h = (struct history){.seen = 0};
}

int64_t history_worked_ms(const struct history *h, int64_t now_ms)
{
    if (h->session_ms == 0) {
        return 0;
    }
    return h->earlier_ms + (now_ms > h->session_ms ? now_ms - h->session_ms : 0);
}

struct history_second history_recent(const struct history *h, int64_t now_ms, int64_t seconds,
                                     int64_t *covered_s)
{
    struct history_second sum = {.second = now_ms / 1000};
    int64_t start = h->session_ms / 1000;
    int64_t first = sum.second - seconds > start ? sum.second - seconds : start;
    *covered_s = sum.second - first;
    for (size_t i = 0; i < HISTORY_SECONDS; i++) {
        const struct history_second *s = &h->second[i];
        if (s->second >= first && s->second < sum.second) {
            sum.n_events += s->n_events;
            sum.n_shards += s->n_shards;
        }
    }
    return sum;
}
