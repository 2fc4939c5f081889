/* SPDX-License-Identifier: Apache-2.0 */
/* dispatch.c - see dispatch.h
 *
 * One thread. Each round: wait; hear everybody; commit what came, then acknowledge it; take back
 * the leases of those who are gone; give leases to those who want some. Invariants: nothing is
 * acknowledged before its transaction is durable; while the ledger cannot be written nothing is
 * acknowledged and nothing new is given out. */
#include "scheduler/dispatch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/signals.h"
#include "base/size.h"
#include "scheduler/dispatch_state.h"
#include "scheduler/hold.h"
#include "worker/order.h"

enum {
    SILENCE_MS = 8000,        /* unless the options say otherwise */
    ROUND_MESSAGES_MAX = 512, /* heard before a commit */
    RETRY_MS = 500,           /* between attempts to write the ledger */
    PAUSE_MAX_MS = 60000,     /* then give up: the user runs again when there is room */
    PARTING_MS = 5000,        /* for the launcher to find out why a worker goes */
};

static int hear_all(struct dispatch *d, struct error *err)
{
    struct wire_peer peer;
    /* While the ledger is stuck what comes waits in the sockets, whose room is bounded. */
    size_t most = d->paused[0] == '\0' ? ROUND_MESSAGES_MAX : 0;
    for (size_t i = 0; i < most; i++) {
        int got = wire_receive(d->wire, &peer, &d->in, err);
        if (got <= 0) {
            return got;
        }
        if (dispatch_hear(d, &peer, err) != 0) {
            return -1;
        }
    }
    return 0;
}

static void acknowledge_all(struct dispatch *d)
{
    for (size_t i = 0; i < d->intake.n; i++) {
        const struct arrival *a = &d->intake.arrival[i];
        dispatch_live_count(d, a);
        if (a->answers) {
            dispatch_acknowledge(d, &a->peer, &a->id, a->verdict);
        }
        if (a->is_result && a->what == JOB_ACCEPTED && a->id.kind == LEASE_SHARD) {
            const struct run_shard *s = &d->run->shard[run_find_shard(d->run, a->id.subject)];
            d->n_events += s->stop - s->first;
        }
        if (a->what == JOB_CONFLICT) {
            log_line("scheduler",
                     "shard %llu: two results differ: the analysis is not "
                     "deterministic, or a file changed",
                     (unsigned long long)a->id.subject);
        }
    }
}

/* Commits what came. A disk that is full or broken pauses the run; only damage ends it. */
static int commit(struct dispatch *d, struct error *err)
{
    uint64_t now = clock_now_ms();
    bool is_paused = d->paused[0] != '\0';
    if (is_paused && now - d->retried_ms < RETRY_MS) {
        return 0;
    }
    struct error bad = {0};
    d->retried_ms = now;
    uint64_t start_us = clock_now_us();
    if (intake_commit(&d->intake, &bad) == 0) {
        live_count_commit(&d->live, clock_now_us() - start_us);
        if (is_paused) {
            log_line("scheduler", "the ledger can be written again: going on");
            d->paused[0] = '\0';
        }
        acknowledge_all(d);
        intake_clear(&d->intake);
        return 0;
    }
    d->live.commits_failed++;
    if (!is_paused) {
        log_line("scheduler", "paused: %s", bad.text);
        d->paused_since_ms = now;
    }
    memcpy(d->paused, bad.text, sizeof d->paused);
    if (bad.kind != ERROR_SYSTEM || now - d->paused_since_ms > PAUSE_MAX_MS) {
        *err = bad;
        return -1;
    }
    return 0;
}

/* What has to be committed now: answers that are waited for, or a heap of events. */
static bool commit_is_due(const struct dispatch *d)
{
    return d->intake.n_answers > 0 || d->intake.n > ROUND_MESSAGES_MAX || d->paused[0] != '\0';
}

/* False, and the job is back in the queue, if the worker is not to be reached: it will ask again
 * when it is. */
static bool give(struct dispatch *d, struct member *m, size_t index)
{
    struct message_lease lease;
    leasing_describe(&d->leasing, d->phase, index, &lease);
    buffer_clear(&d->out);
    message_lease_encode(&lease, &d->out);
    if (!dispatch_say(d, m) ||
        !intake_event(&d->intake, &lease.id, JOB_LEASED, m->hello.worker, NULL)) {
        leasing_return(&d->leasing, d->phase, index); /* no room, or it is gone: later */
        return false;
    }
    uint64_t now = clock_now_ms();
    m->grant[m->n_grants++] =
        (struct grant){.id = lease.id, .index = index, .given_ms = now, .named_ms = now};
    m->n_wanted--;
    return true;
}

/* True if it was given one. */
static bool give_next(struct dispatch *d, struct member *m)
{
    size_t index = 0;
    return m->n_wanted > 0 && m->n_grants < MESSAGE_LEASES_MAX &&
           leasing_next(&d->leasing, d->phase, &index) && give(d, m, index);
}

/* One lease a worker and turn, so that the last ones are shared evenly. */
static void give_leases(struct dispatch *d)
{
    bool gave = d->paused[0] == '\0' && !d->stopped && !d->is_held;
    while (gave) {
        gave = false;
        for (size_t i = 0; i < d->crew.n; i++) {
            gave = give_next(d, d->crew.member[i]) || gave;
        }
    }
}

/* Workers that the launcher knows to have died lose their leases. */
static int hear_launcher(struct dispatch *d, struct error *err)
{
    struct launcher_gone gone = {.name = NULL};
    do {
        if (d->kind != NULL && d->kind->look(d->launcher, &gone, err) != 0) {
            return -1;
        }
        struct member *m = gone.name == NULL ? NULL : crew_find_name(&d->crew, gone.name);
        if (gone.why != NULL) {
            log_line("scheduler", "%s", gone.why);
        }
        if (m != NULL) {
            dispatch_dismiss(d, m, &gone);
        }
    } while (gone.name != NULL);
    return 0;
}

/* One that fell silent, or goes, loses its leases; the others hear that we are here. */
static void look_after(struct dispatch *d, struct member *m, uint64_t now)
{
    if (d->paused[0] != '\0') {
        m->heard_ms = now; /* it is we who do not listen */
    }
    if (m->parting_ms != 0) {
        if (now - m->parting_ms > PARTING_MS) {
            char why[ERROR_TEXT_SIZE];
            (void)snprintf(why, sizeof why, "%s, on %s", m->parting, m->hello.host);
            dispatch_dismiss(d, m, &(struct launcher_gone){.why = why});
        }
    } else if (now - m->heard_ms > d->options.silence_ms) {
        log_line("scheduler", "worker %s on %s is silent", m->hello.worker, m->hello.host);
        dispatch_part(d, m, "the worker vanished");
    } else if (now - m->said_ms >= dispatch_heartbeat_ms(d)) {
        struct message_heartbeat beat = {.n = 0};
        buffer_clear(&d->out);
        message_heartbeat_encode(&beat, &d->out);
        (void)dispatch_say(d, m);
    }
}

static int look_after_workers(struct dispatch *d, struct error *err)
{
    if (hear_launcher(d, err) != 0) {
        return -1;
    }
    uint64_t now = clock_now_ms();
    for (size_t i = d->crew.n; i > 0; i--) {
        look_after(d, d->crew.member[i - 1], now);
    }
    return 0;
}

static void show(const struct dispatch *d)
{
    if (d->options.show == NULL) {
        return;
    }
    struct dispatch_view view = {.run = d->run,
                                 .phase = d->phase,
                                 .n_workers = d->crew.n,
                                 .n_events = d->n_events,
                                 .paused = d->paused[0] != '\0' ? d->paused
                                           : d->is_held         ? HOLD_REASON
                                                                : NULL};
    for (size_t i = 0; i < d->run->n_files; i++) {
        view.n_events_planned += d->run->file[i].rows;
    }
    d->options.show(d->options.context, &view);
}

/* How many jobs of the phase are still open; also stops when enough are done. */
static size_t count_open(struct dispatch *d)
{
    struct run_tally tally =
        d->phase == LEASE_SHARD ? run_tally_shards(d->run) : run_tally_files(d->run);
    if (d->phase == LEASE_SHARD && d->options.stop_after > 0 &&
        tally.n[JOB_DONE] >= d->options.stop_after) {
        d->stopped = true;
    }
    return tally.n[JOB_WAITING] + tally.n[JOB_RUNNING];
}

/* Between hearing and committing: a disk that takes its time makes nobody silent. */
static int tick(struct dispatch *d, struct error *err)
{
    uint64_t now = clock_now_ms();
    if (now - d->ticked_ms < DISPATCH_TICK_MS) {
        return 0;
    }
    d->ticked_ms = now;
    d->is_held = hold_is_set(d->run->folder);
    show(d);
    dispatch_live_tell(d);
    return look_after_workers(d, err);
}

static int one_round(struct dispatch *d, struct error *err)
{
    bool ready = false;
    if (d->paused[0] != '\0') {
        (void)usleep(DISPATCH_TICK_MS *
                     1000); /* what nobody reads would end the wait at once */
    }
    if (wire_wait(d->wire, &d->signals, &ready, 1, DISPATCH_TICK_MS, err) != 0) {
        return -1;
    }
    if (ready) {
        d->stopped = signals_take(d->signals) || d->stopped;
    }
    if (hear_all(d, err) != 0 || tick(d, err) != 0 ||
        (commit_is_due(d) && commit(d, err) != 0)) {
        return -1;
    }
    give_leases(d);
    return 0;
}

int dispatch_work(struct dispatch *d, enum lease_kind phase, enum dispatch_end *end,
                  struct error *err)
{
    d->phase = phase;
    if (leasing_queue(&d->leasing, phase, d->options.shuffle, err) != 0) {
        return -1;
    }
    d->n_events = 0;
    for (size_t i = 0; i < d->run->n_shards; i++) {
        const struct run_shard *s = &d->run->shard[i];
        d->n_events += s->job.state == JOB_DONE ? s->stop - s->first : 0;
    }
    int rc = 0;
    give_leases(d); /* to who asked when the last phase had no more */
    while (rc == 0 && count_open(d) > 0 && !d->stopped) {
        rc = one_round(d, err);
    }
    rc = rc == 0 ? commit(d, err) : rc;
    while (rc == 0 && d->paused[0] != '\0' && !d->stopped) {
        rc = one_round(d, err);
    }
    if (rc == 0) {
        show(d);
    }
    *end = d->stopped ? DISPATCH_STOPPED : DISPATCH_DONE;
    d->is_over = phase == LEASE_SHARD && rc == 0 && !d->stopped;
    return rc;
}

/* Where it listened last, so that workers that wait find it again; else anywhere. */
static struct wire *listen_somewhere(const struct dispatch *d, struct error *err)
{
    const char *worker = d->keys.worker.public_key;
    if (d->options.listen != NULL) {
        return wire_listen(d->options.listen, &d->keys.server, worker, MESSAGE_SIZE_LIMIT, err);
    }
    char *last = keys_last_endpoint(d->run);
    struct wire *wire =
        last == NULL ? NULL
                     : wire_listen(last, &d->keys.server, worker, MESSAGE_SIZE_LIMIT, NULL);
    free(last);
    return wire != NULL ? wire
                        : wire_listen("tcp://127.0.0.1:*", &d->keys.server, worker,
                                      MESSAGE_SIZE_LIMIT, err);
}

static char *write_order(const struct run *r, struct error *err)
{
    const struct dataset *d = r->dataset;
    json_t *json = order_to_json(d->analysis, &d->settings, d->names, d->units);
    char *text = json == NULL ? NULL : json_dumps(json, JSON_COMPACT);
    json_decref(json);
    if (text == NULL) {
        (void)error_no_memory(err, "the order");
    }
    return text;
}

struct dispatch *dispatch_open(struct run *r, const struct dispatch_options *options,
                               struct error *err)
{
    struct dispatch *d = calloc(1, sizeof *d);
    if (d == NULL) {
        (void)error_no_memory(err, "the dispatch");
        return NULL;
    }
    d->run = r;
    d->options = *options;
    d->options.silence_ms = options->silence_ms == 0 ? SILENCE_MS : options->silence_ms;
    d->signals = signals_open(&d->signals_before, err);
    if (d->signals < 0) {
        dispatch_close(d);
        return NULL;
    }
    if (intake_init(&d->intake, r, err) != 0 ||
        keys_open(&d->keys, r, options->keys, err) != 0 ||
        (d->order = write_order(r, err)) == NULL ||
        (d->wire = listen_somewhere(d, err)) == NULL ||
        keys_write_invitation(&d->keys, r, wire_endpoint(d->wire), err) != 0) {
        dispatch_close(d);
        return NULL;
    }
    leasing_init(&d->leasing, r, d->keys.lease);
    dispatch_live_begin(d);
    return d;
}

int dispatch_start_workers(struct dispatch *d, const struct launcher_kind *kind,
                           const struct launcher_options *options, struct error *err)
{
    d->launcher = kind->open(d->run, options, err);
    if (d->launcher == NULL) {
        return -1;
    }
    d->kind = kind;
    return 0;
}

void dispatch_close(struct dispatch *d)
{
    if (d == NULL) {
        return;
    }
    if (d->is_over) {
        dispatch_say_farewell(d);
    }
    if (d->kind != NULL) {
        d->kind->close(d->launcher, d->is_over);
    }
    dispatch_live_end(d);
    wire_close(d->wire);
    crew_release(&d->crew);
    intake_release(&d->intake);
    leasing_release(&d->leasing);
    buffer_release(&d->in);
    buffer_release(&d->out);
    free(d->order);
    signals_close(d->signals, &d->signals_before);
    free(d);
}
