/* SPDX-License-Identifier: Apache-2.0 */
/* dispatch_hear.c - the scheduler's side of the conversation with workers, message by message;
 * see dispatch_state.h. What has to last goes to the intake, to be committed by the rounds. */
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/size.h"
#include "scheduler/dispatch_state.h"

enum {
    HEARTBEAT_MS = 1000,
    LOG_SIZE = 4096,    /* of a worker's last lines that are recorded */
    FAREWELL_MS = 1500, /* for workers to say that they heard the end */
};

static const char vanished[] = "the worker vanished";

bool dispatch_say(struct dispatch *d, struct member *m)
{
    struct error err = {0};
    m->said_ms = clock_now_ms();
    int rc = wire_send(d->wire, &m->peer, &d->out, &err);
    if (rc < 0) {
        log_line("scheduler", "%s", err.text);
    }
    return rc == 0;
}

void dispatch_say_bare(struct dispatch *d, const struct wire_peer *peer, enum message_type type)
{
    buffer_clear(&d->out);
    message_bare_encode(type, &d->out);
    (void)wire_send(d->wire, peer, &d->out, NULL);
}

void dispatch_acknowledge(struct dispatch *d, const struct wire_peer *peer,
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

/* Gives a lease back to the queue; the attempt is recorded. */
static void lose(struct dispatch *d, struct member *m, struct grant *g, enum job_event what,
                 const struct launcher_gone *gone)
{
    char text[ERROR_TEXT_SIZE];
    char lines[LOG_SIZE];
    (void)snprintf(text, sizeof text, "%s", gone->why == NULL ? vanished : gone->why);
    (void)snprintf(lines, sizeof lines, "%s", gone->log == NULL ? "" : gone->log);
    struct message_failure reason = {.kind = ERROR_SYSTEM, .text = text, .log = lines};
    if (intake_event(&d->intake, &g->id, what, m->hello.worker, &reason)) {
        leasing_return(&d->leasing, g->id.kind, g->index);
    }
}

void dispatch_dismiss(struct dispatch *d, struct member *m, const struct launcher_gone *gone)
{
    uint64_t at = UINT64_MAX; /* workers do leases in the order in which they got them */
    for (size_t i = 0; i < m->n_grants; i++) {
        at = m->grant[i].id.epoch < at ? m->grant[i].id.epoch : at;
    }
    for (size_t i = 0; i < m->n_grants; i++) {
        bool broke = gone->is_oom && m->grant[i].id.epoch == at;
        lose(d, m, &m->grant[i], broke ? JOB_BROKE : JOB_LOST, gone);
    }
    crew_dismiss(&d->crew, m);
}

void dispatch_part(struct dispatch *d, struct member *m, const char *why)
{
    m->n_wanted = 0;
    if (m->n_grants == 0 || d->kind == NULL || d->kind->ask == NULL ||
        !d->kind->ask(d->launcher, m->hello.worker)) {
        dispatch_dismiss(d, m, &(struct launcher_gone){.why = why});
        return;
    }
    m->parting_ms = clock_now_ms();
    m->parting = why;
}

/* Workers beat often enough not to be taken for gone. */
uint32_t dispatch_heartbeat_ms(const struct dispatch *d)
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
    m->joined_ms = m->joined_ms == 0 ? m->heard_ms : m->joined_ms;
    struct message_welcome welcome = {.order = d->order,
                                      .heartbeat_ms = dispatch_heartbeat_ms(d),
                                      .silence_ms = d->options.silence_ms};
    buffer_clear(&d->out);
    message_welcome_encode(&welcome, &d->out);
    (void)dispatch_say(d, m);
}

/* The grant that an answer is to is the worker's no more. False if it was none: the answer was sent
 * again, or is to a lease of an earlier scheduler. */
static bool close_grant(struct member *m, uint64_t epoch)
{
    struct grant *g = crew_find_grant(m, epoch);
    if (g == NULL) {
        return false;
    }
    crew_drop_grant(m, g);
    return true;
}

static void credit(struct dispatch *d, struct member *m, const struct message_result *result)
{
    size_t i =
        result->id.kind == LEASE_SHARD ? run_find_shard(d->run, result->id.subject) : SIZE_MAX;
    if (i != SIZE_MAX) {
        m->n_shards++;
        m->n_events += d->run->shard[i].stop - d->run->shard[i].first;
        m->cpu_us += result->cpu_us;
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
    d->live.partials_refused += id->kind == LEASE_SHARD;
    dispatch_acknowledge(d, &m->peer, id, ACK_REFUSED);
    return false;
}

static int hear_result(struct dispatch *d, struct member *m, struct bytes *message,
                       struct error *err)
{
    struct message_result result;
    struct error bad = {0};
    if (message_result_decode(&result, message, &bad) != 0) {
        log_line("scheduler", "worker %s: %s", m->hello.worker, bad.text);
        d->live.partials_refused++;
        return 0;
    }
    if (!sealed(d, m, &result.id)) {
        return 0;
    }
    if (close_grant(m, result.id.epoch)) {
        credit(d, m, &result);
    }
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
        m->n_failures += close_grant(m, failure.id.epoch);
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
            lose(d, m, g, JOB_LOST,
                 &(struct launcher_gone){.why = "the worker does not have it"});
            crew_drop_grant(m, g);
        }
    }
}

int dispatch_hear(struct dispatch *d, const struct wire_peer *peer, struct error *err)
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
        dispatch_say_bare(d, peer, MESSAGE_WHO);
        return 0;
    }
    m->heard_ms = clock_now_ms();
    m->parting_ms = 0; /* it is back */
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
        dispatch_part(d, m, "the worker was asked to stop");
        return 0;
    default:
        log_line("scheduler", "worker %s: a message that is not for a scheduler",
                 m->hello.worker);
        return 0;
    }
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
        dispatch_say_bare(d, peer, MESSAGE_END);
    }
}

void dispatch_say_farewell(struct dispatch *d)
{
    for (size_t i = 0; i < d->crew.n; i++) {
        dispatch_say_bare(d, &d->crew.member[i]->peer, MESSAGE_END);
    }
    uint64_t until = clock_now_ms() + FAREWELL_MS;
    struct wire_peer peer;
    bool ready = false;
    while (d->crew.n > 0 && clock_now_ms() < until &&
           wire_wait(d->wire, &d->signals, &ready, 0, DISPATCH_TICK_MS, NULL) == 0) {
        while (wire_receive(d->wire, &peer, &d->in, NULL) == 1) {
            hear_farewell(d, &peer);
        }
    }
}
