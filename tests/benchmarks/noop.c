/* SPDX-License-Identifier: Apache-2.0 */
/* noop.c - a worker that computes nothing: it answers each lease at once with an empty partial of the
 * right form, over the real wire, so that what is measured is leasing, accepting and merging.
 *
 *     noop WORKER.JSON LEASES
 *
 * holds up to so many leases at a time, and ends with the run. For dispatch.py. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "worker/invitation.h"
#include "worker/message.h"
#include "worker/order.h"
#include "worker/wire.h"

enum { WAIT_MS = 100, HELLO_MS = 1000, PATIENCE_MS = 60000 };

struct noop {
    struct wire *wire;
    struct message_hello hello;
    struct partial
        partial[2]; /* empty, as the run's analysis books it; and the same weighted */
    bool welcomed;
    bool ended;
    uint32_t n_leases; /* held or asked for */
    uint64_t said_ms;
    struct buffer in;
    struct buffer out;
    struct buffer payload;
};

static int say(struct noop *n, struct error *err)
{
    int rc = wire_send(n->wire, NULL, &n->out, err);
    uint64_t start_ms = clock_now_ms();
    while (rc == 1 && clock_now_ms() - start_ms < PATIENCE_MS) {
        (void)wire_wait(n->wire, NULL, NULL, 0, 1, err);
        rc = wire_send(n->wire, NULL, &n->out, err);
    }
    n->said_ms = clock_now_ms();
    return rc == 1 ? error_set(err, ERROR_SYSTEM, "the scheduler takes no message") : rc;
}

static int say_bare(struct noop *n, enum message_type type, struct error *err)
{
    buffer_clear(&n->out);
    message_bare_encode(type, &n->out);
    return say(n, err);
}

static int say_hello(struct noop *n, struct error *err)
{
    buffer_clear(&n->out);
    message_hello_encode(&n->hello, &n->out);
    return say(n, err);
}

static int want(struct noop *n, uint32_t leases, struct error *err)
{
    buffer_clear(&n->out);
    message_want_encode(leases, &n->out);
    n->n_leases += leases;
    return say(n, err);
}

static int take_welcome(struct noop *n, struct bytes *message, struct error *err)
{
    struct message_welcome welcome = {0};
    struct order order = {0};
    int rc = message_welcome_decode(&welcome, message, err);
    rc = rc == 0 ? order_init(&order, welcome.order, err) : rc;
    for (int w = 0; rc == 0 && w < 2; w++) {
        partial_release(&n->partial[w]);
        partial_init(&n->partial[w], w == 1);
        rc = order.analysis->book(&order.settings, &n->partial[w], err);
    }
    n->welcomed = rc == 0;
    order_release(&order);
    message_welcome_release(&welcome);
    return rc;
}

static int answer(struct noop *n, struct bytes *message, struct error *err)
{
    struct message_lease lease = {.path = NULL};
    if (message_lease_decode(&lease, message, err) != 0) {
        return -1;
    }
    if (lease.id.kind != LEASE_SHARD) {
        (void)error_set(err, ERROR_INPUT, "%s is not inspected yet", lease.path);
        message_lease_release(&lease);
        return -1;
    }
    struct partial *partial = &n->partial[lease.weight[0] != '\0'];
    partial->n_events = lease.stop - lease.first;
    buffer_clear(&n->payload);
    partial_encode(partial, &n->payload);
    struct message_result result = {
        .id = lease.id, .payload = n->payload.data, .size = n->payload.size};
    buffer_clear(&n->out);
    message_result_encode(&result, &n->out);
    message_lease_release(&lease);
    return say(n, err);
}

static int hear(struct noop *n, struct error *err)
{
    struct bytes message = bytes_of(n->in.data, n->in.size);
    struct message_ack ack;
    enum message_type type = MESSAGE_TYPES;
    if (message_type(&message, &type, err) != 0) {
        return -1;
    }
    switch (type) {
    case MESSAGE_WELCOME:
        return take_welcome(n, &message, err);
    case MESSAGE_LEASE:
        return answer(n, &message, err);
    case MESSAGE_ACK:
        n->n_leases--;
        return message_ack_decode(&ack, &message, err) != 0 ? -1
               : ack.verdict == ACK_ACCEPTED
                   ? 0
                   : error_set(err, ERROR_PEER, "an answer got the verdict %d",
                               (int)ack.verdict);
    case MESSAGE_END:
        n->ended = true;
        return say_bare(n, MESSAGE_END, err);
    case MESSAGE_REFUSE:
        return error_set(err, ERROR_PEER, "the scheduler refuses this worker");
    default:
        return 0;
    }
}

static int turn(struct noop *n, uint32_t leases, struct error *err)
{
    int got = wire_wait(n->wire, NULL, NULL, 0, WAIT_MS, err) == 0 ? 1 : -1;
    while (got == 1 && !n->ended) {
        got = wire_receive(n->wire, NULL, &n->in, err);
        if (got == 1 && hear(n, err) != 0) {
            got = -1;
        }
    }
    if (got < 0 || n->ended) {
        return got < 0 ? -1 : 0;
    }
    if (n->welcomed && n->n_leases < leases / 2 + 1) {
        return want(n, leases - n->n_leases, err);
    }
    bool is_late = !n->welcomed && clock_now_ms() - n->said_ms >= HELLO_MS;
    return is_late ? say_hello(n, err) : 0;
}

static int join(struct noop *n, const char *path, struct error *err)
{
    (void)snprintf(n->hello.worker, sizeof n->hello.worker, "noop-%d", (int)getpid());
    (void)snprintf(n->hello.host, sizeof n->hello.host, "here");
    (void)snprintf(n->hello.program, sizeof n->hello.program, "%s", PICOBARN_VERSION);
    n->hello.threads = 1;
    n->wire = invitation_join(path, n->hello.run, err);
    return n->wire == NULL ? -1 : say_hello(n, err);
}

int main(int n_arguments, char **argument)
{
    struct noop n = {.welcomed = false};
    struct error err = {0};
    unsigned long leases = n_arguments == 3 ? strtoul(argument[2], NULL, 10) : 0;
    if (leases < 1 || leases > MESSAGE_LEASES_MAX) {
        (void)fprintf(stderr, "usage: noop WORKER.JSON LEASES (1-%d)\n", MESSAGE_LEASES_MAX);
        return 64;
    }
    int rc = join(&n, argument[1], &err);
    while (rc == 0 && !n.ended) {
        rc = turn(&n, (uint32_t)leases, &err);
    }
    if (rc != 0) {
        (void)fprintf(stderr, "noop: %s\n", err.text);
    }
    wire_close(n.wire);
    partial_release(&n.partial[0]);
    partial_release(&n.partial[1]);
    buffer_release(&n.in);
    buffer_release(&n.out);
    buffer_release(&n.payload);
    return rc == 0 ? 0 : 1;
}
