/* SPDX-License-Identifier: Apache-2.0 */
/* puppet.h - a worker whose every word is the test's: it joins a run by its worker.json, through
 * the real wire, computes real answers, and sends, keeps or spoils them as its script says.
 *
 * Puppets are threads, where nothing of cmocka may be called: what goes wrong is noted
 * (puppet_fail), ends the scheduler by a signal, and is looked at when the thread has ended. */
#ifndef TESTS_SUPPORT_PUPPET_H
#define TESTS_SUPPORT_PUPPET_H

#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/json.h"
#include "tests/support/check.h"
#include "worker/invitation.h"
#include "worker/message.h"
#include "worker/order.h"
#include "worker/reader.h"
#include "worker/shard.h"
#include "worker/wire.h"

enum { PUPPET_DEADLINE_MS = 40000, PUPPET_BEAT_MS = 50, PUPPET_HELD_MAX = 8 };

/* Where all puppets of a test stand. */
struct stage {
    pthread_mutex_t mutex;
    int step;             /* the scripts have come so far */
    bool over;            /* nobody will answer any more */
    pthread_mutex_t hdf5; /* a library that knows no threads */
    char invitation[512]; /* worker.json */
};

struct puppet {
    struct stage *stage;
    const char *name;
    struct wire *wire;
    struct message_hello hello;
    struct order order;
    bool welcomed;
    bool mute;     /* no heartbeats */
    bool nameless; /* heartbeats name no lease */
    size_t n_held;
    uint64_t held[PUPPET_HELD_MAX]; /* epochs */
    uint64_t said_ms;
    struct buffer in;
    struct buffer out;
    char trouble[512]; /* what went wrong first, or "" */
};

static inline int stage_step(struct stage *s)
{
    (void)pthread_mutex_lock(&s->mutex);
    int step = s->over ? INT32_MAX : s->step;
    (void)pthread_mutex_unlock(&s->mutex);
    return step;
}

static inline void stage_reach(struct stage *s, int step)
{
    (void)pthread_mutex_lock(&s->mutex);
    s->step = step > s->step ? step : s->step;
    (void)pthread_mutex_unlock(&s->mutex);
}

static inline bool stage_over(struct stage *s)
{
    return stage_step(s) == INT32_MAX;
}

static inline void stage_end(struct stage *s)
{
    (void)pthread_mutex_lock(&s->mutex);
    s->over = true;
    (void)pthread_mutex_unlock(&s->mutex);
}

static inline bool puppet_fail(struct puppet *p, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Always false. */
static inline bool puppet_fail(struct puppet *p, const char *format, ...)
{
    if (p->trouble[0] == '\0') {
        va_list arguments;
        va_start(arguments, format);
        (void)vsnprintf(p->trouble, sizeof p->trouble, format, arguments);
        va_end(arguments);
        if (!stage_over(p->stage)) {
            (void)kill(getpid(), SIGTERM); /* the scheduler listens for that */
        }
    }
    return false;
}

static inline bool puppet_expect(struct puppet *p, bool true_thing, const char *what)
{
    return true_thing || puppet_fail(p, "%s: %s", p->name, what);
}

/* Sends p->out, waiting for a connection and for room. */
static inline bool puppet_say(struct puppet *p)
{
    struct error err = {0};
    uint64_t start_ms = clock_now_ms();
    int rc = wire_send(p->wire, NULL, &p->out, &err);
    while (rc == 1 && clock_now_ms() - start_ms < PUPPET_DEADLINE_MS && !stage_over(p->stage)) {
        (void)wire_wait(p->wire, NULL, NULL, 0, 2, &err);
        rc = wire_send(p->wire, NULL, &p->out, &err);
    }
    p->said_ms = clock_now_ms();
    return rc == 0 ||
           (!stage_over(p->stage) && puppet_fail(p, "%s: not sent: %s", p->name, err.text));
}

static inline void puppet_beat(struct puppet *p)
{
    if (!p->welcomed || p->mute || clock_now_ms() - p->said_ms < PUPPET_BEAT_MS) {
        return;
    }
    struct message_heartbeat beat = {.n = 0};
    for (; !p->nameless && beat.n < p->n_held; beat.n++) {
        beat.lease[beat.n].epoch = p->held[beat.n];
        beat.lease[beat.n].events = 1;
    }
    buffer_clear(&p->out);
    message_heartbeat_encode(&beat, &p->out);
    p->said_ms = clock_now_ms();
    (void)wire_send(p->wire, NULL, &p->out, NULL);
}

/* Waits, beating, until the scripts have come to a step. */
static inline bool puppet_await(struct puppet *p, int step)
{
    uint64_t start_ms = clock_now_ms();
    while (stage_step(p->stage) < step) {
        if (clock_now_ms() - start_ms > PUPPET_DEADLINE_MS) {
            return puppet_fail(p, "%s: step %d was not reached", p->name, step);
        }
        if (p->wire != NULL) {
            puppet_beat(p);
        }
        (void)usleep(1000);
    }
    return true;
}

/* Takes what has come up to the first message of one of the types (bits); MESSAGE_TYPES if there
 * is none. */
static inline enum message_type puppet_take(struct puppet *p, unsigned types,
                                            struct bytes *message)
{
    struct error err = {0};
    while (wire_receive(p->wire, NULL, &p->in, &err) == 1) {
        enum message_type type = MESSAGE_TYPES;
        *message = bytes_of(p->in.data, p->in.size);
        if (message_type(message, &type, &err) == 0 && (types & (1U << type)) != 0) {
            return type;
        }
    }
    return MESSAGE_TYPES;
}

/* The next message of one of the types (bits); others are passed over. MESSAGE_TYPES when none
 * came: trouble, unless the play is over. */
static inline enum message_type puppet_hear(struct puppet *p, unsigned types,
                                            struct bytes *message)
{
    uint64_t start_ms = clock_now_ms();
    struct error err = {0};
    while (clock_now_ms() - start_ms < PUPPET_DEADLINE_MS && !stage_over(p->stage)) {
        enum message_type type = puppet_take(p, types, message);
        if (type != MESSAGE_TYPES) {
            return type;
        }
        puppet_beat(p);
        (void)wire_wait(p->wire, NULL, NULL, 0, 5, &err);
    }
    if (!stage_over(p->stage)) {
        (void)puppet_fail(p, "%s: none of %x came", p->name, types);
    }
    return MESSAGE_TYPES;
}

/* Reads worker.json and connects; says nothing. */
static inline bool puppet_connect(struct puppet *p)
{
    struct error err = {0};
    (void)snprintf(p->hello.worker, sizeof p->hello.worker, "%s", p->name);
    p->wire = invitation_join(p->stage->invitation, p->hello.run, &err);
    return p->wire != NULL || puppet_fail(p, "%s: not connected: %s", p->name, err.text);
}

/* HELLO until WELCOME, on this connection. */
static inline bool puppet_hello(struct puppet *p)
{
    struct bytes message;
    struct message_welcome welcome = {0};
    struct error err = {0};
    buffer_clear(&p->out);
    message_hello_encode(&p->hello, &p->out);
    if (!puppet_say(p) || puppet_hear(p, 1U << MESSAGE_WELCOME, &message) == MESSAGE_TYPES) {
        return false;
    }
    order_release(&p->order);
    p->welcomed = message_welcome_decode(&welcome, &message, &err) == 0 &&
                  order_init(&p->order, welcome.order, &err) == 0;
    message_welcome_release(&welcome);
    return p->welcomed || puppet_fail(p, "%s: %s", p->name, err.text);
}

/* As if its machine had lost power: nothing more is said. What was said before is on its way. */
static inline void puppet_vanish(struct puppet *p)
{
    wire_close(p->wire);
    p->wire = NULL;
    p->welcomed = false;
    p->n_held = 0;
}

static inline void puppet_release(struct puppet *p)
{
    puppet_vanish(p);
    order_release(&p->order);
    buffer_release(&p->in);
    buffer_release(&p->out);
}

static inline bool puppet_want(struct puppet *p, uint32_t n)
{
    buffer_clear(&p->out);
    message_want_encode(n, &p->out);
    return puppet_say(p);
}

static inline bool puppet_take_lease(struct puppet *p, struct bytes *message,
                                     struct message_lease *lease)
{
    struct error err = {0};
    if (message_lease_decode(lease, message, &err) != 0 || p->n_held == PUPPET_HELD_MAX) {
        return puppet_fail(p, "%s: a lease: %s", p->name, err.text);
    }
    p->held[p->n_held++] = lease->id.epoch;
    return true;
}

/* Asks for one lease and gets it. The caller releases it. */
static inline bool puppet_lease(struct puppet *p, struct message_lease *lease)
{
    struct bytes message;
    *lease = (struct message_lease){.path = NULL};
    return puppet_want(p, 1) &&
           puppet_hear(p, 1U << MESSAGE_LEASE, &message) == MESSAGE_LEASE &&
           puppet_take_lease(p, &message, lease);
}

static inline int puppet_inspect(const struct puppet *p, const struct message_lease *lease,
                                 struct buffer *payload, struct error *err)
{
    struct reader_request request = order_request(&p->order, lease->weight);
    struct reader *reader = reader_open(lease->path, &request, err);
    json_t *found = reader == NULL ? NULL : reader_inspect(reader, NULL, err);
    int rc = found == NULL ? -1 : json_write_canonical(found, payload, err);
    json_decref(found);
    reader_close(reader);
    return rc;
}

static inline int puppet_shard(const struct puppet *p, const struct message_lease *lease,
                               struct partial *partial, struct error *err)
{
    struct shard_task task = {
        .path = lease->path,
        .request = order_request(&p->order, lease->weight),
        .first = lease->first,
        .stop = lease->stop,
        .starts = {lease->n_starts, lease->n_counters, lease->start_row, lease->objects},
        .channels = lease->channels,
        .n_threads = 1};
    struct reader *reader = NULL;
    int rc = shard_run(&task, &reader, NULL, partial, err);
    reader_close(reader);
    return rc;
}

/* What the lease asks for, really computed, as the payload of a RESULT. */
static inline bool puppet_compute(struct puppet *p, const struct message_lease *lease,
                                  struct buffer *payload)
{
    struct error err = {0};
    struct partial partial = {0};
    (void)pthread_mutex_lock(&p->stage->hdf5);
    int rc = lease->id.kind == LEASE_INSPECT ? puppet_inspect(p, lease, payload, &err)
                                             : puppet_shard(p, lease, &partial, &err);
    (void)pthread_mutex_unlock(&p->stage->hdf5);
    if (rc == 0 && lease->id.kind == LEASE_SHARD) {
        partial_encode(&partial, payload);
        partial_release(&partial);
    }
    return rc == 0 || puppet_fail(p, "%s: %s", p->name, err.text);
}

static inline bool puppet_send_result(struct puppet *p, const struct lease_id *id,
                                      const struct buffer *payload)
{
    struct message_result result = {
        .id = *id, .payload = payload->data, .size = payload->size, .cpu_us = 1};
    buffer_clear(&p->out);
    message_result_encode(&result, &p->out);
    return puppet_say(p);
}

static inline bool puppet_send_failure(struct puppet *p, const struct lease_id *id,
                                       enum error_kind kind, const char *reason)
{
    char text[256];
    char log[] = "the last words";
    (void)snprintf(text, sizeof text, "%s", reason);
    struct message_failure failure = {.id = *id, .kind = kind, .text = text, .log = log};
    buffer_clear(&p->out);
    message_failure_encode(&failure, &p->out);
    return puppet_say(p);
}

static inline void puppet_drop(struct puppet *p, uint64_t epoch)
{
    for (size_t i = 0; i < p->n_held; i++) {
        if (p->held[i] == epoch) {
            p->held[i] = p->held[--p->n_held];
            return;
        }
    }
}

static inline bool puppet_take_ack(struct puppet *p, struct bytes *message,
                                   struct message_ack *ack)
{
    struct error err = {0};
    if (message_ack_decode(ack, message, &err) != 0) {
        return puppet_fail(p, "%s: %s", p->name, err.text);
    }
    puppet_drop(p, ack->id.epoch);
    return true;
}

/* The next acknowledgement is of this lease, with this verdict. */
static inline bool puppet_expect_ack(struct puppet *p, uint64_t epoch, enum ack_verdict verdict)
{
    struct bytes message;
    struct message_ack ack;
    if (puppet_hear(p, 1U << MESSAGE_ACK, &message) != MESSAGE_ACK ||
        !puppet_take_ack(p, &message, &ack)) {
        return false;
    }
    return (ack.id.epoch == epoch && ack.verdict == verdict) ||
           puppet_fail(p, "%s: verdict %d where %d was expected", p->name, (int)ack.verdict,
                       (int)verdict);
}

/* Computes what was leased, sends it, and gets this verdict. */
static inline bool puppet_do(struct puppet *p, const struct message_lease *lease,
                             enum ack_verdict verdict)
{
    struct buffer payload = {0};
    bool done = puppet_compute(p, lease, &payload) &&
                puppet_send_result(p, &lease->id, &payload) &&
                puppet_expect_ack(p, lease->id.epoch, verdict);
    buffer_release(&payload);
    return done;
}

/* Sends an answer until it is acknowledged, as a worker does; false at the END. */
static inline bool puppet_deliver(struct puppet *p, const struct lease_id *id,
                                  const struct buffer *payload)
{
    static const unsigned types = 1U << MESSAGE_ACK | 1U << MESSAGE_WHO | 1U << MESSAGE_END;
    struct bytes message;
    struct message_ack ack = {.id = {.epoch = 0}};
    while (ack.id.epoch != id->epoch) {
        if (!puppet_send_result(p, id, payload)) {
            return false;
        }
        enum message_type type = puppet_hear(p, types, &message);
        if (type == MESSAGE_ACK ? !puppet_take_ack(p, &message, &ack)
                                : type != MESSAGE_WHO || !puppet_hello(p)) {
            return false;
        }
    }
    return true;
}

/* Takes its leave; or says that it heard the END, which nobody may be there to hear. */
static inline void puppet_say_end(struct puppet *p)
{
    buffer_clear(&p->out);
    message_bare_encode(MESSAGE_END, &p->out);
    (void)wire_send(p->wire, NULL, &p->out, NULL);
}

/* Does one lease that came, or says HELLO where that is asked for; false at the END. */
static inline bool puppet_serve_one(struct puppet *p, bool *wants)
{
    static const unsigned types = 1U << MESSAGE_LEASE | 1U << MESSAGE_WHO | 1U << MESSAGE_END;
    struct bytes message;
    struct message_lease lease = {.path = NULL};
    struct buffer payload = {0};
    if (*wants && !puppet_want(p, 1)) {
        return false;
    }
    enum message_type type = puppet_hear(p, types, &message);
    bool goes_on = false;
    *wants = true;
    if (type == MESSAGE_WHO) {
        goes_on = puppet_hello(p);
    } else if (type == MESSAGE_LEASE) {
        goes_on = puppet_take_lease(p, &message, &lease) &&
                  puppet_compute(p, &lease, &payload) && puppet_deliver(p, &lease.id, &payload);
    }
    message_lease_release(&lease);
    buffer_release(&payload);
    if (type == MESSAGE_END) {
        puppet_say_end(p);
    }
    return goes_on;
}

/* A good worker from here on, until the END. Always true. */
static inline bool puppet_serve(struct puppet *p)
{
    bool wants = true;
    while (puppet_serve_one(p, &wants)) {
        /* the next */
    }
    return true;
}

/* Joins. */
static inline bool puppet_join(struct puppet *p)
{
    return puppet_connect(p) && puppet_hello(p);
}

/* Joins, and inspects the only file of the run. */
static inline bool puppet_begin(struct puppet *p)
{
    struct message_lease lease = {.path = NULL};
    bool done = puppet_join(p) && puppet_lease(p, &lease) &&
                puppet_expect(p, lease.id.kind == LEASE_INSPECT, "no inspection was leased") &&
                puppet_do(p, &lease, ACK_ACCEPTED);
    message_lease_release(&lease);
    return done;
}

#endif
