/* SPDX-License-Identifier: Apache-2.0 */
/* dispatch.c - see dispatch.h
 *
 * One thread. Each round: wait; hear everybody; commit what came, then acknowledge it; take back
 * the leases of those who are gone; give leases to those who want some. Invariants: nothing is
 * acknowledged before its transaction is durable; while the ledger cannot be written nothing is
 * acknowledged and nothing new is given out. */
#include "scheduler/dispatch.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/size.h"
#include "scheduler/crew.h"
#include "scheduler/intake.h"
#include "scheduler/keys.h"
#include "scheduler/leasing.h"
#include "worker/order.h"
#include "worker/wire.h"

enum {
    HEARTBEAT_MS = 1000,
    SILENCE_MS = 8000, /* unless the options say otherwise */
    TICK_MS = 100,
    FAREWELL_MS = 1500,       /* for workers to say that they heard the end */
    ROUND_MESSAGES_MAX = 512, /* heard before a commit */
    RETRY_MS = 500,           /* between attempts to write the ledger */
    PAUSE_MAX_MS = 60000,     /* then give up: the user runs again when there is room */
};

struct dispatch {
    struct run *run;
    struct dispatch_options options;
    struct keys keys;
    struct wire *wire;
    struct crew crew;
    struct intake intake;
    struct leasing leasing;
    const struct launcher_kind *kind;
    struct launcher *launcher;
    char *order; /* JSON for WELCOME */
    enum lease_kind phase;
    int signals;
    bool stopped;
    bool is_over;                 /* nothing is left to do: workers may end */
    char paused[ERROR_TEXT_SIZE]; /* why the ledger cannot be written; "" when it can */
    uint64_t paused_since_ms;
    uint64_t retried_ms;
    uint64_t ticked_ms;
    uint64_t n_events;
    struct buffer in;
    struct buffer out;
};

/* False if it is not on its way: the worker's connection is gone, or takes no more. */
static bool say(struct dispatch *d, struct member *m)
{
    struct error err = {0};
    m->said_ms = clock_now_ms();
    int rc = wire_send(d->wire, &m->peer, &d->out, &err);
    if (rc < 0) {
        log_line("scheduler", "%s", err.text);
    }
    return rc == 0;
}

static void say_bare(struct dispatch *d, const struct wire_peer *peer, enum message_type type)
{
    buffer_clear(&d->out);
    message_bare_encode(type, &d->out);
    (void)wire_send(d->wire, peer, &d->out, NULL);
}

static void acknowledge(struct dispatch *d, const struct wire_peer *peer,
                        const struct lease_id *id, enum ack_verdict verdict)
{
    struct message_ack ack = {.id = *id, .verdict = verdict};
    buffer_clear(&d->out);
    message_ack_encode(&ack, &d->out);
    (void)wire_send(d->wire, peer, &d->out, NULL);
}

static void refuse(struct dispatch *d, const struct wire_peer *peer, const char *reason)
{
    buffer_clear(&d->out);
    message_refuse_encode(reason, &d->out);
    (void)wire_send(d->wire, peer, &d->out, NULL);
}

/* Gives a lease back to the queue; the attempt is recorded as lost. */
static void lose(struct dispatch *d, struct member *m, struct grant *g, const char *why)
{
    char text[64];
    (void)snprintf(text, sizeof text, "%s", why);
    struct message_failure reason = {.kind = ERROR_SYSTEM, .text = text};
    if (intake_event(&d->intake, &g->id, JOB_LOST, m->hello.worker, &reason)) {
        leasing_return(&d->leasing, g->id.kind, g->index);
    }
}

static void dismiss(struct dispatch *d, struct member *m)
{
    for (size_t i = 0; i < m->n_grants; i++) {
        lose(d, m, &m->grant[i], "the worker vanished");
    }
    crew_dismiss(&d->crew, m);
}

/* Workers beat often enough not to be taken for gone. */
static uint32_t heartbeat_ms(const struct dispatch *d)
{
    return (uint32_t)size_min(HEARTBEAT_MS, d->options.silence_ms / 4 + 1);
}

static void hear_hello(struct dispatch *d, const struct wire_peer *peer, struct bytes *message)
{
    struct message_hello hello;
    struct error err = {0};
    if (message_hello_decode(&hello, message, &err) != 0) {
        log_line("scheduler", "%s", err.text);
        return;
    }
    if (strcmp(hello.run, d->run->id) != 0) {
        refuse(d, peer, "this scheduler works on another run");
        return;
    }
    struct member *m = crew_admit(&d->crew, peer, &hello);
    if (m == NULL) {
        refuse(d, peer, "no memory for another worker");
        return;
    }
    m->heard_ms = clock_now_ms();
    struct message_welcome welcome = {.order = d->order,
                                      .heartbeat_ms = heartbeat_ms(d),
                                      .silence_ms = d->options.silence_ms};
    buffer_clear(&d->out);
    message_welcome_encode(&welcome, &d->out);
    (void)say(d, m);
}

/* The grant that an answer is to is the worker's no more. */
static void close_grant(struct member *m, uint64_t epoch)
{
    struct grant *g = crew_find_grant(m, epoch);
    if (g != NULL) {
        crew_drop_grant(m, g);
        m->n_done++;
    }
}

static bool sealed(struct dispatch *d, struct member *m, const struct lease_id *id)
{
    uint8_t seal[DIGEST_XXH128_SIZE];
    leasing_seal(&d->leasing, id, seal);
    if (memcmp(seal, id->seal, sizeof seal) == 0) {
        return true;
    }
    log_line("scheduler", "worker %s answers a lease that was never given out",
             m->hello.worker);
    acknowledge(d, &m->peer, id, ACK_REFUSED);
    return false;
}

static int hear_result(struct dispatch *d, struct member *m, struct bytes *message,
                       struct error *err)
{
    struct message_result result;
    struct error bad = {0};
    if (message_result_decode(&result, message, &bad) != 0) {
        log_line("scheduler", "worker %s: %s", m->hello.worker, bad.text);
        return 0;
    }
    if (!sealed(d, m, &result.id)) {
        return 0;
    }
    close_grant(m, result.id.epoch);
    int rc = intake_result(&d->intake, &m->peer, m->hello.worker, &result, err);
    leasing_return_subject(&d->leasing, &result.id); /* if it was no good */
    return rc;
}

static int hear_failure(struct dispatch *d, struct member *m, struct bytes *message,
                        struct error *err)
{
    struct message_failure failure = {.text = NULL};
    struct error bad = {0};
    int rc = 0;
    if (message_failure_decode(&failure, message, &bad) != 0) {
        log_line("scheduler", "worker %s: %s", m->hello.worker, bad.text);
    } else if (sealed(d, m, &failure.id)) {
        close_grant(m, failure.id.epoch);
        rc = intake_failure(&d->intake, &m->peer, m->hello.worker, &failure, err);
        leasing_return_subject(&d->leasing, &failure.id);
    }
    message_failure_release(&failure);
    return rc;
}

/* What the worker holds is what it says: a lease that it does not name (it was lost on the way, or
 * came to a process that died) is taken back, once it is old enough to have arrived. */
static void hear_heartbeat(struct dispatch *d, struct member *m, struct bytes *message)
{
    struct message_heartbeat beat;
    uint64_t now = clock_now_ms();
    if (message_heartbeat_decode(&beat, message, NULL) != 0) {
        return;
    }
    for (uint32_t i = 0; i < beat.n; i++) {
        struct grant *g = crew_find_grant(m, beat.lease[i].epoch);
        if (g != NULL) {
            g->events = beat.lease[i].events;
            g->named_ms = now;
        }
    }
    for (size_t i = m->n_grants; i > 0; i--) {
        struct grant *g = &m->grant[i - 1];
        if (now - g->named_ms > d->options.silence_ms / 2) {
            lose(d, m, g, "the worker does not have it");
            crew_drop_grant(m, g);
        }
    }
}

static int hear(struct dispatch *d, const struct wire_peer *peer, struct error *err)
{
    struct bytes message = bytes_of(d->in.data, d->in.size);
    enum message_type type = MESSAGE_TYPES;
    struct error bad = {0};
    if (message_type(&message, &type, &bad) != 0) {
        log_line("scheduler", "%s", bad.text);
        return 0;
    }
    if (type == MESSAGE_HELLO) {
        hear_hello(d, peer, &message);
        return 0;
    }
    struct member *m = crew_find(&d->crew, peer);
    if (m == NULL) {
        say_bare(d, peer, MESSAGE_WHO);
        return 0;
    }
    m->heard_ms = clock_now_ms();
    uint32_t n = 0;
    switch (type) {
    case MESSAGE_WANT:
        if (message_want_decode(&n, &message, &bad) == 0) {
            m->n_wanted = (uint32_t)size_min((size_t)m->n_wanted + n, MESSAGE_LEASES_MAX);
        }
        return 0;
    case MESSAGE_HEARTBEAT:
        hear_heartbeat(d, m, &message);
        return 0;
    case MESSAGE_RESULT:
        return hear_result(d, m, &message, err);
    case MESSAGE_FAILURE:
        return hear_failure(d, m, &message, err);
    case MESSAGE_END:
        dismiss(d, m);
        return 0;
    default:
        log_line("scheduler", "worker %s: a message that is not for a scheduler",
                 m->hello.worker);
        return 0;
    }
}

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
        if (hear(d, &peer, err) != 0) {
            return -1;
        }
    }
    return 0;
}

static void acknowledge_all(struct dispatch *d)
{
    for (size_t i = 0; i < d->intake.n; i++) {
        const struct arrival *a = &d->intake.arrival[i];
        if (a->answers) {
            acknowledge(d, &a->peer, &a->id, a->verdict);
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
    if (intake_commit(&d->intake, &bad) == 0) {
        if (is_paused) {
            log_line("scheduler", "the ledger can be written again: going on");
            d->paused[0] = '\0';
        }
        acknowledge_all(d);
        intake_clear(&d->intake);
        return 0;
    }
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
    if (!say(d, m) || !intake_event(&d->intake, &lease.id, JOB_LEASED, m->hello.worker, NULL)) {
        leasing_return(&d->leasing, d->phase, index); /* no room, or it is gone: later */
        return false;
    }
    m->grant[m->n_grants++] =
        (struct grant){.id = lease.id, .index = index, .named_ms = clock_now_ms()};
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
    bool gave = d->paused[0] == '\0' && !d->stopped;
    while (gave) {
        gave = false;
        for (size_t i = 0; i < d->crew.n; i++) {
            gave = give_next(d, d->crew.member[i]) || gave;
        }
    }
}

/* Workers that died (the launcher knows) or fell silent lose their leases. */
static int look_after_workers(struct dispatch *d, struct error *err)
{
    const char *gone = NULL;
    do {
        if (d->kind != NULL && d->kind->look(d->launcher, &gone, err) != 0) {
            return -1;
        }
        struct member *m = gone == NULL ? NULL : crew_find_name(&d->crew, gone);
        if (m != NULL) {
            dismiss(d, m);
        }
    } while (gone != NULL);
    uint64_t now = clock_now_ms();
    for (size_t i = d->crew.n; i > 0; i--) {
        struct member *m = d->crew.member[i - 1];
        if (d->paused[0] != '\0') {
            m->heard_ms = now; /* it is we who do not listen */
        }
        if (now - m->heard_ms > d->options.silence_ms) {
            log_line("scheduler", "worker %s on %s is silent", m->hello.worker, m->hello.host);
            dismiss(d, m);
        } else if (now - m->said_ms >= heartbeat_ms(d)) {
            struct message_heartbeat beat = {.n = 0};
            buffer_clear(&d->out);
            message_heartbeat_encode(&beat, &d->out);
            (void)say(d, m);
        }
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
                                 .paused = d->paused[0] == '\0' ? NULL : d->paused};
    for (size_t i = 0; i < d->run->n_files; i++) {
        view.n_events_planned += d->run->file[i].rows;
    }
    d->options.show(d->options.context, &view);
}

static void take_signal(struct dispatch *d)
{
    struct signalfd_siginfo info;
    while (read(d->signals, &info, sizeof info) == (ssize_t)sizeof info) {
        d->stopped = true;
    }
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
    if (now - d->ticked_ms < TICK_MS) {
        return 0;
    }
    d->ticked_ms = now;
    show(d);
    return look_after_workers(d, err);
}

static int one_round(struct dispatch *d, struct error *err)
{
    bool ready = false;
    if (d->paused[0] != '\0') {
        (void)usleep(TICK_MS * 1000); /* what nobody reads would end the wait at once */
    }
    if (wire_wait(d->wire, &d->signals, &ready, 1, TICK_MS, err) != 0) {
        return -1;
    }
    if (ready) {
        take_signal(d);
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

static int open_signals(void)
{
    sigset_t set;
    (void)sigemptyset(&set);
    (void)sigaddset(&set, SIGTERM);
    (void)sigaddset(&set, SIGINT);
    (void)pthread_sigmask(SIG_BLOCK, &set, NULL);
    return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
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
    d->signals = open_signals();
    if (d->signals < 0) {
        (void)error_set(err, ERROR_SYSTEM, "no descriptor for signals");
        dispatch_close(d);
        return NULL;
    }
    if (intake_init(&d->intake, r, err) != 0 || keys_open(&d->keys, r, err) != 0 ||
        (d->order = write_order(r, err)) == NULL ||
        (d->wire = listen_somewhere(d, err)) == NULL ||
        keys_write_invitation(&d->keys, r, wire_endpoint(d->wire), err) != 0) {
        dispatch_close(d);
        return NULL;
    }
    leasing_init(&d->leasing, r, d->keys.lease);
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

/* One that says END has heard it; whoever says anything else has not. */
static void hear_farewell(struct dispatch *d, const struct wire_peer *peer)
{
    struct bytes message = bytes_of(d->in.data, d->in.size);
    enum message_type type = MESSAGE_TYPES;
    struct member *m = crew_find(&d->crew, peer);
    if (message_type(&message, &type, NULL) == 0 && type == MESSAGE_END && m != NULL) {
        crew_dismiss(&d->crew, m);
    } else {
        say_bare(d, peer, MESSAGE_END);
    }
}

/* Tells every worker that the run is over, and waits a moment for each to say so too: what is
 * only sent may never arrive. */
static void say_farewell(struct dispatch *d)
{
    for (size_t i = 0; i < d->crew.n; i++) {
        say_bare(d, &d->crew.member[i]->peer, MESSAGE_END);
    }
    uint64_t until = clock_now_ms() + FAREWELL_MS;
    struct wire_peer peer;
    bool ready = false;
    while (d->crew.n > 0 && clock_now_ms() < until &&
           wire_wait(d->wire, &d->signals, &ready, 0, TICK_MS, NULL) == 0) {
        while (wire_receive(d->wire, &peer, &d->in, NULL) == 1) {
            hear_farewell(d, &peer);
        }
    }
}

void dispatch_close(struct dispatch *d)
{
    if (d == NULL) {
        return;
    }
    if (d->is_over) {
        say_farewell(d);
    }
    if (d->kind != NULL) {
        d->kind->close(d->launcher);
    }
    wire_close(d->wire);
    crew_release(&d->crew);
    intake_release(&d->intake);
    leasing_release(&d->leasing);
    buffer_release(&d->in);
    buffer_release(&d->out);
    free(d->order);
    if (d->signals >= 0) {
        (void)close(d->signals);
    }
    free(d);
}
