/* SPDX-License-Identifier: Apache-2.0 */
/* session.c - see session.h; the compute program's side is in session_compute.c
 *
 * Invariants: a lease is held from the moment it comes until its answer is acknowledged; the
 * compute program is fed in the order of the leases, and only it answers, except that its death
 * is the answer to the lease it was at. The session never ends with an answer unacknowledged and
 * says SESSION_DONE. */
#include "worker/session_state.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/digest.h"
#include "base/log.h"
#include "base/signals.h"
#include "base/size.h"
#include "worker/invitation.h"
#include "worker/order.h"
#include "worker/threads.h"

enum {
    LEASES_AHEAD = 2, /* not yet answered: one at work, one waiting in the pipe */
    RESEND_MS = 4000, /* an answer without acknowledgement is sent again */
    TICK_MS = 200,
    JOIN_TICK_MS = 50, /* as long as no scheduler is there; at first more often: it mostly is */
    JOIN_PATIENCE = 8, /* that part of the time that was waited so far */
    STALL_MS = 300000, /* the compute program does no event: it hangs */
};

/* False if it is not on its way. */
static bool say(struct session *s, const struct buffer *message)
{
    struct error err = {0};
    int rc = wire_send(s->wire, NULL, message, &err);
    if (rc < 0) {
        log_line("worker", "%s", err.text);
    }
    if (rc == 0) {
        s->said_ms = clock_now_ms();
    }
    return rc == 0;
}

static void say_hello(struct session *s)
{
    buffer_clear(&s->out);
    message_hello_encode(&s->hello, &s->out);
    (void)say(s, &s->out);
}

/* What was only partly kept would be taken for something else: the session ends. */
bool session_is_whole(struct session *s, const struct buffer *kept)
{
    if (kept->failed) {
        log_line("worker", "no memory for a message: giving up");
        s->end = SESSION_TROUBLE;
    }
    return !kept->failed;
}

void session_send_answer(struct session *s, struct held *held)
{
    if (!session_is_whole(s, &held->answer)) {
        return;
    }
    held->sent_ms = clock_now_ms();
    (void)say(s, &held->answer);
}

struct held *session_find_held(struct session *s, uint64_t epoch)
{
    for (size_t i = 0; i < s->n_held; i++) {
        if (s->held[i].id.epoch == epoch) {
            return &s->held[i];
        }
    }
    return NULL;
}

static void drop_held(struct session *s, struct held *held)
{
    size_t i = (size_t)(held - s->held);
    buffer_release(&held->lease);
    buffer_release(&held->answer);
    memmove(held, held + 1, (s->n_held - i - 1) * sizeof *held);
    s->n_held--;
}

bool session_answered(const struct held *held)
{
    return held->answer.size > 0;
}

static void welcome(struct session *s, struct bytes *message, const struct buffer *whole)
{
    struct message_welcome m = {0};
    struct error err = {0};
    struct order order = {0};
    int rc = message_welcome_decode(&m, message, &err);
    rc = rc == 0 ? order_init(&order, m.order, &err) : rc;
    if (rc != 0) {
        log_line("worker", "%s", err.text);
        s->end = SESSION_REFUSED;
    } else {
        s->heartbeat_ms = m.heartbeat_ms;
        s->silence_ms = m.silence_ms;
        buffer_clear(&s->welcome);
        buffer_raw(&s->welcome, whole->data, whole->size);
        s->welcomed = session_is_whole(s, &s->welcome);
        s->n_wanted = 0;
        for (size_t i = 0; i < s->n_held; i++) {
            s->held[i].sent_ms = 0; /* what the last connection may have lost is sent again */
        }
    }
    order_release(&order);
    message_welcome_release(&m);
}

static void take_lease(struct session *s, struct bytes *message, const struct buffer *whole)
{
    struct message_lease m = {0};
    struct error err = {0};
    if (message_lease_decode(&m, message, &err) != 0 || s->n_held >= LEASES_HELD_MAX) {
        log_line("worker", "a lease that cannot be taken: %s", err.text);
    } else if (session_find_held(s, m.id.epoch) == NULL) {
        struct held *held = &s->held[s->n_held++];
        *held = (struct held){.id = m.id};
        buffer_raw(&held->lease, whole->data, whole->size);
        (void)session_is_whole(s, &held->lease);
        s->n_shards += m.id.kind == LEASE_SHARD;
    }
    s->n_wanted -= s->n_wanted > 0;
    message_lease_release(&m);
}

static void take_ack(struct session *s, struct bytes *message)
{
    struct message_ack ack;
    struct error err = {0};
    if (message_ack_decode(&ack, message, &err) != 0) {
        log_line("worker", "%s", err.text);
        return;
    }
    struct held *held = session_find_held(s, ack.id.epoch);
    if (held != NULL && session_answered(held)) {
        if (ack.verdict == ACK_REFUSED) {
            log_line("worker", "the scheduler refused the answer to lease %llu",
                     (unsigned long long)ack.id.epoch);
        }
        drop_held(s, held);
    }
}

static void take_refusal(struct session *s, struct bytes *message)
{
    char reason[ERROR_TEXT_SIZE];
    struct error err = {0};
    if (message_refuse_decode(reason, message, &err) == 0) {
        log_line("worker", "the scheduler refuses this worker: %s", reason);
        s->end = SESSION_REFUSED;
    }
}

/* Says that it goes: its leases, if it has any, are given to others at once. */
static void say_end(struct session *s)
{
    buffer_clear(&s->out);
    message_bare_encode(MESSAGE_END, &s->out);
    (void)say(s, &s->out);
}

static void take_end(struct session *s)
{
    s->end = SESSION_DONE;
    for (size_t i = 0; i < s->n_held; i++) {
        s->end = session_answered(&s->held[i]) ? SESSION_TROUBLE : s->end;
    }
    say_end(s); /* heard */
}

static void hear_scheduler(struct session *s)
{
    struct bytes message = bytes_of(s->in.data, s->in.size);
    enum message_type type = MESSAGE_TYPES;
    struct error err = {0};
    if (message_type(&message, &type, &err) != 0) {
        log_line("worker", "%s", err.text);
        return;
    }
    s->heard_ms = clock_now_ms();
    switch (type) {
    case MESSAGE_WELCOME:
        welcome(s, &message, &s->in);
        break;
    case MESSAGE_LEASE:
        take_lease(s, &message, &s->in);
        break;
    case MESSAGE_ACK:
        take_ack(s, &message);
        break;
    case MESSAGE_REFUSE:
        take_refusal(s, &message);
        break;
    case MESSAGE_WHO:
        if (s->welcomed) { /* else it was said, and is said again in a while */
            s->welcomed = false;
            say_hello(s);
        }
        break;
    case MESSAGE_END:
        take_end(s);
        break;
    default: /* a heartbeat: heard_ms was all of it */
        break;
    }
}

/* How many more shards it may be given. */
static uint64_t shards_left(const struct session *s)
{
    uint64_t most = s->options->n_shards;
    uint64_t taken = s->n_shards + s->n_wanted;
    return most == 0 ? UINT64_MAX : most > taken ? most - taken : 0;
}

/* A slot of a Job ends when it has done its share; what it computed is acknowledged by then. */
static void end_if_served(struct session *s)
{
    if (s->end < 0 && s->options->n_shards != 0 && s->n_shards >= s->options->n_shards &&
        s->n_held == 0) {
        s->end = SESSION_DONE;
        say_end(s);
    }
}

/* Asks for leases as long as there is room. */
static void want(struct session *s)
{
    size_t open = 0;
    for (size_t i = 0; i < s->n_held; i++) {
        open += !session_answered(&s->held[i]);
    }
    size_t coming = open + s->n_wanted;
    if (!s->welcomed || coming >= LEASES_AHEAD || s->n_held + s->n_wanted >= LEASES_HELD_MAX) {
        return;
    }
    uint32_t n = (uint32_t)size_min(LEASES_AHEAD - coming, shards_left(s));
    if (n == 0) {
        return;
    }
    buffer_clear(&s->out);
    message_want_encode(n, &s->out);
    s->n_wanted += say(s, &s->out) ? n : 0;
}

/* Names all that is held: what it does not name is given to others. */
static void heartbeat(struct session *s)
{
    struct message_heartbeat beat = {.n = 0};
    for (size_t i = 0; i < s->n_held && beat.n < MESSAGE_LEASES_MAX; i++) {
        beat.lease[beat.n].epoch = s->held[i].id.epoch;
        beat.lease[beat.n].events = s->held[i].events;
        beat.n++;
    }
    buffer_clear(&s->out);
    message_heartbeat_encode(&beat, &s->out);
    (void)say(s, &s->out);
}

/* What time alone brings about. */
static void tick(struct session *s)
{
    uint64_t now = clock_now_ms();
    if (now - s->heard_ms > (uint64_t)s->options->patience_s * 1000) {
        log_line("worker", "no word from the scheduler for %u s: giving up",
                 s->options->patience_s);
        s->end = SESSION_TROUBLE;
    }
    if (now - s->heard_ms > s->silence_ms) {
        s->welcomed = false; /* it may be another one when it is back */
    }
    if (now - s->said_ms >= s->heartbeat_ms) {
        if (s->welcomed) {
            heartbeat(s);
        } else {
            say_hello(s);
        }
    }
    for (size_t i = 0; s->welcomed && i < s->n_held; i++) {
        if (session_answered(&s->held[i]) && now - s->held[i].sent_ms >= RESEND_MS) {
            session_send_answer(s, &s->held[i]);
        }
    }
    if (session_current(s) != NULL && now - s->moved_ms > STALL_MS) {
        session_bury_child(s, 1, "the compute program did nothing for five minutes");
    }
}

static void take_signal(struct session *s)
{
    if (signals_take(s->signals)) {
        s->end = SESSION_STOPPED;
        say_end(s);
    }
}

static int timeout_ms(const struct session *s)
{
    uint64_t waited_ms = clock_now_ms() - s->heard_ms;
    return s->welcomed ? TICK_MS : (int)size_min(JOIN_TICK_MS, 1 + waited_ms / JOIN_PATIENCE);
}

/* Hears everybody once. */
static int listen_once(struct session *s, struct error *err)
{
    int fd[3] = {s->signals, s->child.output, s->child.errors};
    bool ready[3] = {false, false, false};
    size_t n = s->child.pid == 0 ? 1 : s->child.errors < 0 ? 2 : 3;
    if (wire_wait(s->wire, fd, ready, n, timeout_ms(s), err) != 0) {
        return -1;
    }
    int got = 0;
    while (s->end < 0 && (got = wire_receive(s->wire, NULL, &s->in, err)) == 1) {
        hear_scheduler(s);
    }
    if (got < 0) {
        return -1;
    }
    if (s->end < 0 && s->child.pid != 0 && (ready[1] || ready[2])) {
        session_hear_child(s);
    }
    if (s->end < 0 && ready[0]) {
        take_signal(s);
    }
    return 0;
}

static int work(struct session *s, struct error *err)
{
    say_hello(s);
    while (s->end < 0) {
        if (listen_once(s, err) != 0) {
            return -1;
        }
        if (s->end >= 0) {
            break; /* it said that it goes: nothing more is asked for */
        }
        end_if_served(s);
        want(s);
        session_feed_child(s);
        tick(s);
    }
    return 0;
}

static void introduce(struct session *s)
{
    uint8_t random[8];
    char name[2 * sizeof random + 1];
    digest_random(random, sizeof random);
    digest_hex(random, sizeof random, name);
    (void)snprintf(s->hello.worker, sizeof s->hello.worker, "%s",
                   s->options->name == NULL ? name : s->options->name);
    if (s->options->host != NULL) {
        (void)snprintf(s->hello.host, sizeof s->hello.host, "%s", s->options->host);
    } else if (gethostname(s->hello.host, sizeof s->hello.host - 1) != 0) {
        (void)snprintf(s->hello.host, sizeof s->hello.host, "unknown");
    }
    (void)snprintf(s->hello.program, sizeof s->hello.program, "%s", PICOBARN_VERSION);
    s->hello.pid = (uint32_t)getpid();
    s->n_threads = s->options->n_threads != 0 ? s->options->n_threads : threads_available();
    s->hello.threads = (uint32_t)s->n_threads;
}

/* Many workers that start at once shall not open the same storage at once. */
static void wait_for_turn(struct session *s)
{
    uint32_t random = 0;
    digest_random(&random, sizeof random);
    struct pollfd signals = {.fd = s->signals, .events = POLLIN};
    uint64_t wait_ms = (uint64_t)random % ((uint64_t)s->options->spread_s * 1000 + 1);
    if (poll(&signals, 1, (int)wait_ms) == 1) {
        take_signal(s);
    }
    s->heard_ms = clock_now_ms();
}

int session_run(const struct session_options *options, struct error *err)
{
    struct session *s = calloc(1, sizeof *s);
    if (s == NULL) {
        return error_no_memory(err, "a session");
    }
    s->options = options;
    s->end = -1;
    s->child = (struct child){.input = -1, .output = -1, .errors = -1};
    s->heartbeat_ms = 500; /* until the scheduler says */
    s->silence_ms = 8000;
    s->heard_ms = clock_now_ms();
    introduce(s);
    (void)signal(SIGPIPE, SIG_IGN); /* a dead compute program is noticed by its closed pipe */
    sigset_t before;
    s->signals = signals_open(&before, err);
    s->wire = s->signals >= 0 ? invitation_join(options->connect, s->hello.run, err) : NULL;
    if (s->wire != NULL && options->spread_s > 0) {
        wait_for_turn(s);
    }
    int rc = s->wire == NULL ? -1 : work(s, err);
    int status = 0;
    (void)child_reap(&s->child, 1, &status);
    wire_close(s->wire);
    while (s->n_held > 0) {
        drop_held(s, &s->held[0]);
    }
    signals_close(s->signals, &before);
    buffer_release(&s->welcome);
    buffer_release(&s->out);
    buffer_release(&s->in);
    int end = s->end;
    free(s);
    return rc == 0 ? end : -1;
}
