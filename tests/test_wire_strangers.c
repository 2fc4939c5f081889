/* SPDX-License-Identifier: Apache-2.0 */
/* test_wire_strangers.c - see worker/wire.h: who shall not be heard. The strangers are bare
 * sockets, with monitors that tell how their handshakes went. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>
#include <zmq.h>

#include "tests/support/wire_pair.h"

static void expect_silence(struct pair *pair)
{
    struct buffer message = {0};
    struct error err = {0};
    assert_int_equal(wire_receive(pair->server, NULL, &message, &err), 0);
    buffer_release(&message);
}

/* A bare client that shall not get in. */
struct stranger {
    const char *server_key; /* NULL: no CURVE */
    const struct wire_keys *keys;
    const char *password; /* for PLAIN, or NULL */
};

static void set_text(void *socket, int name, const char *text)
{
    assert_int_equal(zmq_setsockopt(socket, name, text, strlen(text)), 0);
}

static void *open_stranger(void *context, const struct stranger *who)
{
    static const int no_linger = 0;
    void *socket = zmq_socket(context, ZMQ_DEALER);
    assert_non_null(socket);
    assert_int_equal(zmq_setsockopt(socket, ZMQ_LINGER, &no_linger, sizeof no_linger), 0);
    if (who->server_key != NULL) {
        set_text(socket, ZMQ_CURVE_SERVERKEY, who->server_key);
        set_text(socket, ZMQ_CURVE_PUBLICKEY, who->keys->public_key);
        set_text(socket, ZMQ_CURVE_SECRETKEY, who->keys->secret_key);
    } else if (who->password != NULL) {
        set_text(socket, ZMQ_PLAIN_USERNAME, "worker");
        set_text(socket, ZMQ_PLAIN_PASSWORD, who->password);
    }
    return socket;
}

/* The next event of a monitor, the door being answered meanwhile; 0 after the deadline. */
static unsigned next_event(void *monitor, struct wire *server)
{
    uint64_t start_ms = clock_now_ms();
    uint8_t head[6];
    uint8_t address[256];
    while (zmq_recv(monitor, head, sizeof head, ZMQ_DONTWAIT) < 0) {
        if (clock_now_ms() - start_ms > DEADLINE_MS) {
            return 0;
        }
        wait_for(server);
    }
    (void)zmq_recv(monitor, address, sizeof address, 0);
    uint16_t event = 0;
    memcpy(&event, head, sizeof event);
    return event;
}

/* Connects, with a message waiting to be sent, and tells how the handshake ended. */
static unsigned knock(struct pair *pair, const struct stranger *who)
{
    void *context = zmq_ctx_new();
    void *socket = open_stranger(context, who);
    void *monitor = zmq_socket(context, ZMQ_PAIR);
    int events = ZMQ_EVENT_HANDSHAKE_FAILED_AUTH | ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL |
                 ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL | ZMQ_EVENT_HANDSHAKE_SUCCEEDED;
    assert_int_equal(zmq_socket_monitor(socket, "inproc://monitor", events), 0);
    assert_int_equal(zmq_connect(monitor, "inproc://monitor"), 0);
    assert_int_equal(zmq_connect(socket, pair->endpoint), 0);
    assert_int_equal(zmq_send(socket, "forged", 6, 0), 6);
    unsigned event = next_event(monitor, pair->server);
    (void)zmq_close(socket);
    (void)zmq_close(monitor);
    (void)zmq_ctx_term(context);
    return event;
}

static void a_strangers_key_gets_nowhere(void **state)
{
    struct pair *pair = *state;
    for (size_t i = 0; i < 100; i++) {
        struct wire_keys keys;
        struct error err = {0};
        check_ok(wire_make_keys(&keys, &err), &err);
        struct stranger stranger = {.server_key = pair->server_keys.public_key, .keys = &keys};
        assert_int_equal(knock(pair, &stranger), ZMQ_EVENT_HANDSHAKE_FAILED_AUTH);
        expect_silence(pair);
    }
    exchange(pair, "goes on");
}

/* Even one bit, and even the scheduler's own key, which every worker knows the half of. */
static void a_key_that_is_nearly_right_gets_nowhere(void **state)
{
    struct pair *pair = *state;
    struct stranger owner = {.server_key = pair->server_keys.public_key,
                             .keys = &pair->server_keys};
    assert_int_equal(knock(pair, &owner), ZMQ_EVENT_HANDSHAKE_FAILED_AUTH);

    struct stranger right = {.server_key = pair->server_keys.public_key,
                             .keys = &pair->client_keys};
    assert_int_equal(knock(pair, &right), ZMQ_EVENT_HANDSHAKE_SUCCEEDED);
    expect(pair->server, NULL, "forged");

    struct wire_keys mixed = pair->client_keys; /* knows the public key, not its secret */
    struct wire_keys other;
    struct error err = {0};
    check_ok(wire_make_keys(&other, &err), &err);
    memcpy(mixed.secret_key, other.secret_key, sizeof mixed.secret_key);
    struct stranger thief = {.server_key = pair->server_keys.public_key, .keys = &mixed};
    assert_int_not_equal(knock(pair, &thief), ZMQ_EVENT_HANDSHAKE_SUCCEEDED);
    expect_silence(pair);
    exchange(pair, "goes on");
}

static void without_curve_nobody_gets_in(void **state)
{
    struct pair *pair = *state;
    static const struct stranger strangers[] = {{.password = NULL}, {.password = "guess"}};
    for (size_t i = 0; i < 50; i++) {
        assert_int_not_equal(knock(pair, &strangers[i % 2]), ZMQ_EVENT_HANDSHAKE_SUCCEEDED);
        expect_silence(pair);
    }
    exchange(pair, "goes on");
}

static void a_client_that_expects_another_server_gets_nowhere(void **state)
{
    struct pair *pair = *state;
    struct stranger lost = {.server_key = pair->client_keys.public_key,
                            .keys = &pair->client_keys};
    assert_int_not_equal(knock(pair, &lost), ZMQ_EVENT_HANDSHAKE_SUCCEEDED);
    expect_silence(pair);
    exchange(pair, "goes on");
}

/* A listener that was given new keys at the old address: the old ones are worth nothing. */
static void a_revoked_key_gets_nowhere(void **state)
{
    struct pair *pair = *state;
    struct error err = {0};
    exchange(pair, "while it is good");
    wire_close(pair->server);
    struct wire_keys revoked = pair->client_keys;
    check_ok(wire_make_keys(&pair->client_keys, &err), &err);
    pair->server = listen_again(pair, pair->endpoint);
    struct stranger old = {.server_key = pair->server_keys.public_key, .keys = &revoked};
    assert_int_equal(knock(pair, &old), ZMQ_EVENT_HANDSHAKE_FAILED_AUTH);
    expect_silence(pair);
    wire_close(pair->client);
    pair->client = connect_to(pair, pair->endpoint);
    exchange(pair, "with the new key");
}

static int connect_raw(const char *endpoint)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    const char *port = strrchr(endpoint, ':');
    assert_non_null(port);
    address.sin_port = htons((uint16_t)strtoul(port + 1, NULL, 10));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (const struct sockaddr *)&address, sizeof address), 0);
    return fd;
}

#define BYTES(text)                                                                            \
    {                                                                                          \
        text, sizeof(text) - 1                                                                 \
    }
#define ZERO_16             "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
#define GREETING(mechanism) "\xff\0\0\0\0\0\0\0\x01\x7f\x03\0" mechanism ZERO_16 ZERO_16

/* What somebody may say to an open port. */
static const struct {
    const char *bytes;
    size_t size;
} garbage[] = {
    /* clang-format off */
    BYTES(""),
    BYTES("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"),
    BYTES("\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03"), /* TLS */
    BYTES("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"),
    BYTES("\x01\0"),                                /* ZMTP 1 */
    BYTES("\xff\0\0\0\0\0\0\0\x01\x7f\x01\x05\0\0"), /* ZMTP 2 */
    BYTES(GREETING("NULL" ZERO_16) "\x04\x19\x05READY"),
    BYTES(GREETING("CURVE\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0") "\x04\x0a\x05HELLOaaaa"),
    BYTES(GREETING("CURVE\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0")
          "\x06\x7f\xff\xff\xff\xff\xff\xff\xff"), /* 2^63 bytes to come */
    /* clang-format on */
};

static void raw_bytes_get_nowhere(void **state)
{
    struct pair *pair = *state;
    uint32_t noise = 1;
    for (size_t i = 0; i < 300; i++) {
        int fd = connect_raw(pair->endpoint);
        size_t g = i % ARRAY_LENGTH(garbage);
        (void)send(fd, garbage[g].bytes, garbage[g].size, MSG_NOSIGNAL);
        for (size_t k = 0; k < i; k++) {
            noise = noise * 1664525 + 1013904223;
            uint8_t byte = (uint8_t)(noise >> 24);
            (void)send(fd, &byte, 1, MSG_NOSIGNAL);
        }
        wait_for(pair->server);
        (void)close(fd);
        expect_silence(pair);
    }
    exchange(pair, "goes on");
}

/* The conversation goes on beside connections that are opened and say nothing, and the door is
 * shut on them. */
static void who_stands_in_the_door_is_shown_out(void **state)
{
    struct pair *pair = *state;
    enum { MANY = 50 };
    int fd[MANY];
    for (size_t i = 0; i < MANY; i++) {
        fd[i] = connect_raw(pair->endpoint);
        (void)send(fd[i], "\xff", 1, MSG_NOSIGNAL);
    }
    exchange(pair, "meanwhile");
    for (size_t i = 0; i < MANY; i++) {
        uint8_t byte[256];
        ssize_t n = 1;
        while (n > 0) { /* its greeting, then the end */
            struct pollfd one = {.fd = fd[i], .events = POLLIN};
            assert_int_equal(poll(&one, 1, DEADLINE_MS), 1);
            n = recv(fd[i], byte, sizeof byte, 0);
        }
        (void)close(fd[i]);
    }
    exchange(pair, "and after");
}

static void a_message_of_several_frames_is_dropped_whole(void **state)
{
    struct pair *pair = *state;
    void *context = zmq_ctx_new();
    struct stranger insider = {.server_key = pair->server_keys.public_key,
                               .keys = &pair->client_keys};
    void *socket = open_stranger(context, &insider);
    assert_int_equal(zmq_connect(socket, pair->endpoint), 0);
    for (size_t i = 0; i < 5; i++) {
        for (size_t frame = 0; frame < i + 1; frame++) {
            (void)zmq_send(socket, "part", 4, ZMQ_SNDMORE);
        }
        (void)zmq_send(socket, "last", 4, 0);
    }
    (void)zmq_send(socket, "whole", 5, 0);
    expect(pair->server, NULL, "whole");
    expect_silence(pair);
    (void)zmq_close(socket);
    (void)zmq_ctx_term(context);
    exchange(pair, "goes on");
}

/* A peer may choose its own address; one that is longer than any that we keep is not heard. */
static void a_peer_with_a_long_address_is_not_heard(void **state)
{
    struct pair *pair = *state;
    char name[200];
    memset(name, 'n', sizeof name);
    void *context = zmq_ctx_new();
    struct stranger insider = {.server_key = pair->server_keys.public_key,
                               .keys = &pair->client_keys};
    void *socket = open_stranger(context, &insider);
    assert_int_equal(zmq_setsockopt(socket, ZMQ_ROUTING_ID, name, sizeof name), 0);
    assert_int_equal(zmq_connect(socket, pair->endpoint), 0);
    (void)zmq_send(socket, "named", 5, 0);
    exchange(pair, "one");
    exchange(pair, "two");
    (void)zmq_close(socket);
    (void)zmq_ctx_term(context);
}

/* Somebody in the middle who passes bytes on and changes one now and then. */
struct meddler {
    int listening;
    int side[2]; /* the client's connection and the server's; -1 for none */
    size_t n_passed;
    size_t flip_at; /* the byte, counted from the client, that is changed; 0: none */
};

static void meddler_hang_up(struct meddler *m)
{
    for (size_t i = 0; i < 2; i++) {
        if (m->side[i] >= 0) {
            (void)close(m->side[i]);
        }
        m->side[i] = -1;
    }
}

static void meddler_pass(struct meddler *m, size_t from)
{
    uint8_t bytes[4096];
    ssize_t n = m->side[from] < 0 ? -1 : recv(m->side[from], bytes, sizeof bytes, MSG_DONTWAIT);
    if (n == 0) {
        meddler_hang_up(m);
    }
    if (n <= 0) {
        return;
    }
    if (from == 0 && m->flip_at >= m->n_passed && m->flip_at < m->n_passed + (size_t)n) {
        bytes[m->flip_at - m->n_passed] ^= 1;
    }
    m->n_passed += from == 0 ? (size_t)n : 0;
    (void)send(m->side[1 - from], bytes, (size_t)n, MSG_NOSIGNAL);
}

static void meddler_step(struct meddler *m, const char *endpoint)
{
    if (m->side[0] < 0) {
        m->side[0] = accept4(m->listening, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
        m->side[1] = m->side[0] < 0 ? -1 : connect_raw(endpoint);
    }
    meddler_pass(m, 0);
    meddler_pass(m, 1);
}

static struct meddler meddler_open(char *endpoint, size_t size)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t length = sizeof address;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    struct meddler m = {.side = {-1, -1}};
    m.listening = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    assert_int_equal(bind(m.listening, (const struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(m.listening, 10), 0);
    assert_int_equal(getsockname(m.listening, (struct sockaddr *)&address, &length), 0);
    (void)snprintf(endpoint, size, "tcp://127.0.0.1:%u", ntohs(address.sin_port));
    return m;
}

/* Numbers go to the server through the meddler, until it has heard this one; nothing else may
 * arrive on the way. */
static void tell_through(struct pair *pair, struct meddler *m, const char *text)
{
    struct buffer message = {0};
    struct buffer got = {0};
    struct error err = {0};
    uint64_t start_ms = clock_now_ms();
    buffer_raw(&message, text, strlen(text));
    bool heard = false;
    while (!heard && clock_now_ms() - start_ms < DEADLINE_MS) {
        (void)wire_send(pair->client, NULL, &message, &err);
        meddler_step(m, pair->endpoint);
        wait_for(pair->server);
        heard = wire_receive(pair->server, NULL, &got, &err) == 1;
    }
    assert_true(heard);
    assert_int_equal(got.size, strlen(text));
    assert_memory_equal(got.data, text, got.size);
    buffer_release(&message);
    buffer_release(&got);
}

/* In the greeting, in the handshake and in messages. */
static void a_flipped_bit_ends_the_connection_not_the_conversation(void **state)
{
    struct pair *pair = *state;
    static const size_t places[] = {1, 12, 40, 70, 150, 300, 400, 500, 600, 700};
    for (size_t i = 0; i < ARRAY_LENGTH(places); i++) {
        char endpoint[64];
        struct meddler m = meddler_open(endpoint, sizeof endpoint);
        wire_close(pair->client);
        pair->client = connect_to(pair, endpoint);
        m.flip_at = places[i];
        /* The server may hear some yet that came through the meddler before. */
        for (size_t k = 0; k < 20 || m.n_passed <= places[i]; k++) {
            tell_through(pair, &m, "the same");
        }
        meddler_hang_up(&m);
        (void)close(m.listening);
        struct buffer rest = {0};
        struct error err = {0};
        while (wire_receive(pair->server, NULL, &rest, &err) == 1) {
            assert_memory_equal(rest.data, "the same", 8);
        }
        buffer_release(&rest);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        PAIR_TEST(a_strangers_key_gets_nowhere),
        PAIR_TEST(a_key_that_is_nearly_right_gets_nowhere),
        PAIR_TEST(without_curve_nobody_gets_in),
        PAIR_TEST(a_client_that_expects_another_server_gets_nowhere),
        PAIR_TEST(a_revoked_key_gets_nowhere),
        PAIR_TEST(raw_bytes_get_nowhere),
        PAIR_TEST(who_stands_in_the_door_is_shown_out),
        PAIR_TEST(a_message_of_several_frames_is_dropped_whole),
        PAIR_TEST(a_peer_with_a_long_address_is_not_heard),
        PAIR_TEST(a_flipped_bit_ends_the_connection_not_the_conversation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
