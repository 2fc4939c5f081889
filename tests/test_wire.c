/* SPDX-License-Identifier: Apache-2.0 */
/* test_wire.c - tests of worker/wire.h, with real sockets on loopback: what two sides that may
 * talk to each other can rely on. */
#include <signal.h>
#include <sys/time.h>
#include <unistd.h>

#include "tests/support/wire_pair.h"

/* Asks a question until it is answered: for when the line may break under it. The answer to an
 * earlier asking is as good. */
static void exchange_again(struct pair *pair, const char *text)
{
    struct buffer question = {0};
    struct buffer message = {0};
    struct error err = {0};
    uint64_t start_ms = clock_now_ms();
    int rc = 0;
    buffer_raw(&question, text, strlen(text));
    while (rc == 0 && clock_now_ms() - start_ms < DEADLINE_MS) {
        (void)wire_send(pair->client, NULL, &question, &err);
        wait_for(pair->server);
        if (wire_receive(pair->server, &pair->peer, &message, &err) == 1) {
            (void)wire_send(pair->server, &pair->peer, &message, &err);
        }
        wait_for(pair->client);
        rc = wire_receive(pair->client, NULL, &message, &err);
    }
    assert_int_equal(rc, 1);
    assert_memory_equal(message.data, text, strlen(text));
    buffer_release(&question);
    buffer_release(&message);
}

static void messages_go_both_ways_whole(void **state)
{
    struct pair *pair = *state;
    exchange(pair, "one");
    exchange(pair, "");
    exchange(pair, "three");

    struct buffer large = {0};
    struct buffer got = {0};
    struct error err = {0};
    for (uint32_t i = 0; i < LIMIT / 4; i++) {
        buffer_u32(&large, i * 2654435761U);
    }
    assert_int_equal(wire_send(pair->client, NULL, &large, &err), 0);
    receive_within(pair->server, &pair->peer, &got);
    assert_int_equal(got.size, large.size);
    assert_memory_equal(got.data, large.data, got.size);
    buffer_release(&large);
    buffer_release(&got);
}

static void a_second_client_is_another_peer(void **state)
{
    struct pair *pair = *state;
    exchange(pair, "first");
    struct wire_peer first = pair->peer;
    struct wire *kept = pair->client;
    pair->client = connect_to(pair, pair->endpoint);
    exchange(pair, "second");
    assert_false(wire_peer_equal(&first, &pair->peer));
    assert_true(wire_peer_equal(&first, &first));
    assert_int_equal(send_within(pair->server, &first, "for the first", NULL), 0);
    expect(kept, NULL, "for the first");
    wire_close(kept);
}

static void a_message_beyond_the_limit_never_arrives(void **state)
{
    struct pair *pair = *state;
    struct error err = {0};
    wire_close(pair->client);
    pair->client = wire_connect(pair->endpoint, pair->server_keys.public_key,
                                &pair->client_keys, LIMIT + LIMIT / 2, &err);
    check_ok(pair->client == NULL ? -1 : 0, &err);
    exchange(pair, "before");
    struct buffer large = {0};
    for (uint32_t i = 0; i < LIMIT / 4 + 1; i++) {
        buffer_u32(&large, i);
    }
    assert_int_equal(wire_send(pair->client, NULL, &large, &err), 0);
    exchange_again(pair, "after"); /* the next that is heard; on a new connection */
    assert_int_equal(wire_send(pair->server, &pair->peer, &large, &err), -1);
    assert_int_equal(err.kind, ERROR_INPUT);
    buffer_release(&large);
}

static void a_peer_that_vanished_is_an_answer(void **state)
{
    struct pair *pair = *state;
    exchange(pair, "hello");
    wire_close(pair->client);
    pair->client = NULL;
    struct buffer message = {0};
    struct error err = {0};
    uint64_t start_ms = clock_now_ms();
    int rc = 0;
    while (rc == 0 && clock_now_ms() - start_ms < DEADLINE_MS) {
        wait_for(pair->server);
        rc = wire_send(pair->server, &pair->peer, &message, &err);
    }
    assert_int_equal(rc, 1);
    struct wire_peer nobody = {.id = {1, 2, 3}, .size = 3};
    assert_int_equal(wire_send(pair->server, &nobody, &message, &err), 1);
}

static void nothing_is_queued_for_a_server_that_is_not_there(void **state)
{
    struct pair *pair = *state;
    struct buffer message = {0};
    struct error err = {0};
    wire_close(pair->client);
    wire_close(pair->server);
    pair->server = NULL;
    pair->client = connect_to(pair, pair->endpoint);
    assert_int_equal(wire_send(pair->client, NULL, &message, &err), 1);
    pair->server = listen_again(pair, pair->endpoint);
    exchange(pair, "there now");
}

static void a_client_comes_back_to_a_server_that_restarts(void **state)
{
    struct pair *pair = *state;
    for (size_t i = 0; i < 3; i++) {
        exchange_again(pair, "hello");
        wire_close(pair->server);
        pair->server = listen_again(pair, pair->endpoint);
    }
    exchange_again(pair, "back");
}

/* The marks keep what is on its way within bounds, and lose nothing of it. */
static void a_full_queue_is_an_answer_and_loses_nothing(void **state)
{
    struct pair *pair = *state;
    enum { SIZE = 256 << 10, MANY = 4000 };
    struct error err = {0};
    exchange(pair, "hello");
    struct buffer large = {0};
    for (uint32_t i = 0; i < SIZE / 4; i++) {
        buffer_u32(&large, 0);
    }
    uint32_t n_sent = 0;
    uint64_t full_ms = 0; /* since when there is no room */
    while (n_sent < MANY && (full_ms == 0 || clock_now_ms() - full_ms < 300)) {
        memcpy(large.data, &n_sent, sizeof n_sent);
        int rc = wire_send(pair->client, NULL, &large, &err);
        assert_true(rc >= 0);
        n_sent += rc == 0;
        full_ms = rc == 0 ? 0 : full_ms == 0 ? clock_now_ms() : full_ms;
    }
    assert_true(n_sent < MANY); /* or a gigabyte would have gone to nobody */
    struct buffer got = {0};
    for (uint32_t i = 0; i < n_sent; i++) {
        receive_within(pair->server, NULL, &got);
        assert_int_equal(got.size, SIZE);
        assert_memory_equal(got.data, &i, sizeof i);
    }
    buffer_release(&large);
    buffer_release(&got);
}

static void waiting_tells_which_descriptor_can_be_read(void **state)
{
    struct pair *pair = *state;
    struct error err = {0};
    int first[2];
    int second[2];
    assert_int_equal(pipe(first), 0);
    assert_int_equal(pipe(second), 0);
    const int fd[2] = {first[0], second[0]};
    bool ready[2] = {true, true};
    check_ok(wire_wait(pair->server, fd, ready, 2, 0, &err), &err);
    assert_false(ready[0]);
    assert_false(ready[1]);
    assert_int_equal(write(second[1], "x", 1), 1);
    check_ok(wire_wait(pair->server, fd, ready, 2, DEADLINE_MS, &err), &err);
    assert_false(ready[0]);
    assert_true(ready[1]);
    (void)close(first[1]); /* hung up */
    check_ok(wire_wait(pair->client, fd, ready, 2, DEADLINE_MS, &err), &err);
    assert_true(ready[0]);
    assert_true(ready[1]);
    (void)close(first[0]);
    (void)close(second[0]);
    (void)close(second[1]);
}

static void on_alarm(int signal)
{
    (void)signal;
}

static void a_signal_ends_the_wait(void **state)
{
    struct pair *pair = *state;
    struct error err = {0};
    struct sigaction action = {.sa_handler = on_alarm};
    struct sigaction before;
    struct itimerval soon = {.it_value = {.tv_usec = 50000}, .it_interval = {.tv_usec = 50000}};
    struct itimerval never = {.it_value = {.tv_usec = 0}};
    assert_int_equal(sigaction(SIGALRM, &action, &before), 0);
    uint64_t start_ms = clock_now_ms();
    assert_int_equal(setitimer(ITIMER_REAL, &soon, NULL), 0);
    check_ok(wire_wait(pair->server, NULL, NULL, 0, DEADLINE_MS, &err), &err);
    check_ok(wire_wait(pair->client, NULL, NULL, 0, -1, &err), &err);
    assert_int_equal(setitimer(ITIMER_REAL, &never, NULL), 0);
    assert_true(clock_now_ms() - start_ms < DEADLINE_MS / 2);
    assert_int_equal(sigaction(SIGALRM, &before, NULL), 0);
}

static void wrong_addresses_and_keys_are_refused(void **state)
{
    struct pair *pair = *state;
    static const char *const wrong[] = {"", "nonsense", "tcp://",

                                        "tcp://127.0.0.1:x", "udp://127.0.0.1:1"};
    for (size_t i = 0; i < ARRAY_LENGTH(wrong); i++) {
        struct error err = {0};
        assert_null(wire_listen(wrong[i], &pair->server_keys, pair->client_keys.public_key,
                                LIMIT, &err));
        assert_int_equal(err.kind, ERROR_INPUT);
        check_contains(err.text, wrong[i]);
        assert_null(wire_connect(wrong[i], pair->server_keys.public_key, &pair->client_keys,
                                 LIMIT, &err));
        assert_int_equal(err.kind, ERROR_INPUT);
    }
    struct error err = {0};
    assert_null(wire_listen(pair->endpoint, &pair->server_keys, pair->client_keys.public_key,
                            LIMIT, &err));
    assert_int_equal(err.kind, ERROR_SYSTEM); /* taken, but may become free */
    assert_null(wire_listen(any_port, &pair->server_keys, "too short", LIMIT, &err));
    assert_int_equal(err.kind, ERROR_INPUT);
    check_contains(err.text, "CURVE");
    assert_null(wire_connect(pair->endpoint, "", &pair->client_keys, LIMIT, &err));
    wire_close(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        PAIR_TEST(messages_go_both_ways_whole),
        PAIR_TEST(a_second_client_is_another_peer),
        PAIR_TEST(a_message_beyond_the_limit_never_arrives),
        PAIR_TEST(a_peer_that_vanished_is_an_answer),
        PAIR_TEST(nothing_is_queued_for_a_server_that_is_not_there),
        PAIR_TEST(a_client_comes_back_to_a_server_that_restarts),
        PAIR_TEST(a_full_queue_is_an_answer_and_loses_nothing),
        PAIR_TEST(waiting_tells_which_descriptor_can_be_read),
        PAIR_TEST(a_signal_ends_the_wait),
        PAIR_TEST(wrong_addresses_and_keys_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
