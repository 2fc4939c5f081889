/* SPDX-License-Identifier: Apache-2.0 */
/* wire_pair.h - the two sides of worker/wire.h on loopback, for its tests.
 *
 * Nothing here sleeps: each step waits for what shall happen, with a deadline that is beyond
 * any machine's slowness. */
#ifndef TESTS_SUPPORT_WIRE_PAIR_H
#define TESTS_SUPPORT_WIRE_PAIR_H

#include "base/clock.h"
#include "tests/support/check.h"
#include "worker/wire.h"

enum { DEADLINE_MS = 30000, LIMIT = 1 << 20, STEP_MS = 2 };

static const char any_port[] = "tcp://127.0.0.1:*";

/* A scheduler, a worker that may talk to it, and where they stand. */
struct pair {
    struct wire_keys server_keys;
    struct wire_keys client_keys;
    struct wire *server;
    struct wire *client;
    struct wire_peer peer; /* the client, as the server saw it last */
    char endpoint[128];
};

static inline struct wire *listen_again(struct pair *pair, const char *endpoint)
{
    struct error err = {0};
    uint64_t start_ms = clock_now_ms();
    struct wire *w = NULL;
    while (w == NULL &&
           clock_now_ms() - start_ms < DEADLINE_MS) { /* the port may still close */
        w = wire_listen(endpoint, &pair->server_keys, pair->client_keys.public_key, LIMIT,
                        &err);
    }
    check_ok(w == NULL ? -1 : 0, &err);
    return w;
}

static inline struct wire *connect_to(const struct pair *pair, const char *endpoint)
{
    struct error err = {0};
    struct wire *w =
        wire_connect(endpoint, pair->server_keys.public_key, &pair->client_keys, LIMIT, &err);
    check_ok(w == NULL ? -1 : 0, &err);
    return w;
}

static inline int open_pair(void **state)
{
    struct error err = {0};
    struct pair *pair = calloc(1, sizeof *pair);
    assert_non_null(pair);
    check_ok(wire_make_keys(&pair->server_keys, &err), &err);
    check_ok(wire_make_keys(&pair->client_keys, &err), &err);
    pair->server = listen_again(pair, any_port);
    (void)snprintf(pair->endpoint, sizeof pair->endpoint, "%s", wire_endpoint(pair->server));
    pair->client = connect_to(pair, pair->endpoint);
    *state = pair;
    return 0;
}

static inline int close_pair(void **state)
{
    struct pair *pair = *state;
    wire_close(pair->client);
    wire_close(pair->server);
    free(pair);
    return 0;
}

static inline void wait_for(struct wire *w)
{
    struct error err = {0};
    if (w != NULL) {
        check_ok(wire_wait(w, NULL, NULL, 0, STEP_MS, &err), &err);
    }
}

/* 0 sent, 1 not within the deadline; the other side is kept going meanwhile. */
static inline int send_within(struct wire *w, const struct wire_peer *to, const char *text,
                              struct wire *other)
{
    struct buffer message = {0};
    struct error err = {0};
    uint64_t start_ms = clock_now_ms();
    buffer_raw(&message, text, strlen(text));
    int rc = 1;
    while (rc == 1 && clock_now_ms() - start_ms < DEADLINE_MS) {
        rc = wire_send(w, to, &message, &err);
        wait_for(other);
    }
    buffer_release(&message);
    check_ok(rc < 0 ? -1 : 0, &err);
    return rc;
}

static inline void receive_within(struct wire *w, struct wire_peer *from,
                                  struct buffer *message)
{
    struct error err = {0};
    uint64_t start_ms = clock_now_ms();
    int rc = 0;
    while (rc == 0 && clock_now_ms() - start_ms < DEADLINE_MS) {
        wait_for(w);
        rc = wire_receive(w, from, message, &err);
    }
    check_ok(rc < 0 ? -1 : 0, &err);
    assert_int_equal(rc, 1);
}

/* The next thing that this side hears is this text. */
static inline void expect(struct wire *w, struct wire_peer *from, const char *text)
{
    struct buffer message = {0};
    receive_within(w, from, &message);
    assert_int_equal(message.size, strlen(text));
    assert_memory_equal(message.data, text, message.size);
    buffer_release(&message);
}

/* A message there and one back. */
static inline void exchange(struct pair *pair, const char *text)
{
    assert_int_equal(send_within(pair->client, NULL, text, pair->server), 0);
    expect(pair->server, &pair->peer, text);
    assert_int_equal(send_within(pair->server, &pair->peer, text, NULL), 0);
    expect(pair->client, NULL, text);
}

#define PAIR_TEST(name) cmocka_unit_test_setup_teardown(name, open_pair, close_pair)

#endif
