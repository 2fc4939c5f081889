/* SPDX-License-Identifier: Apache-2.0 */
/* wire.c - see wire.h
 *
 * Who may come in. A CURVE server of libzmq without a handler for its authentication protocol
 * (ZAP, RFC 27) lets any key in, and so does one whose domain is not enforced: a stranger's
 * key proves only that the stranger has one. So a listener has a context of its own with our
 * handler at the one address that libzmq asks, enforces the domain, and before it is handed out
 * it tries itself with a key that nobody knows. The handler lives in wire_wait: no thread, no
 * lock; while nobody waits, handshakes wait.
 *
 * What a peer does must never end this program: a message that is not one single frame is
 * dropped whole, a peer that is gone is an answer (1), not an error. */
#include "worker/wire.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zmq.h>

#include "base/clock.h"
#include "base/size.h"
#include "worker/zap.h"

enum { ENDPOINT_SIZE = 256, WAIT_FDS = 16 };
enum { CLOSE_MS = 1000, SELF_TEST_MS = 5000, ZAP_BATCH = 64 };

/* libzmq's limit holds for a message's encrypted form: 8 bytes of name, 8 of nonce, 16 of
 * proof, and 1 of flags more. */
enum { CURVE_OVERHEAD = 33 };

/* The library has it, its header shows it only together with drafts. */
enum { ENFORCE_ZAP_DOMAIN = 93 };

static const char self_test_endpoint[] = "inproc://self-test";

struct wire {
    void *context;
    void *socket;
    void *zap; /* a listener's handler; NULL on a connecting wire */
    uint8_t client_key[ZAP_KEY_SIZE];
    size_t size_limit;
    char endpoint[ENDPOINT_SIZE];
};

struct option {
    int name;
    int value;
};

/* One that does not come to the point (a port scanner) is shown the door after 5 s. Not the
 * heartbeats of libzmq: with them 4.3.4 aborts when a process was frozen for a while (its issue
 * 4364); the conversation above has its own. */
static const struct option common_options[] = {
    /* clang-format off */
    {ZMQ_LINGER, CLOSE_MS},
    {ZMQ_HANDSHAKE_IVL, 5000},
    {ZMQ_TCP_KEEPALIVE, 1},
    {ZMQ_TCP_MAXRT, 20000},
    /* clang-format on */
};

/* The marks count messages of one peer: what goes out is small (leases, acknowledgements), what
 * comes in may be large, and the conversation above limits how much of it is on its way. */
static const struct option listen_options[] = {
    /* clang-format off */
    {ZMQ_CURVE_SERVER, 1},
    {ENFORCE_ZAP_DOMAIN, 1},
    {ZMQ_ROUTER_MANDATORY, 1},
    {ZMQ_SNDHWM, 256},
    {ZMQ_RCVHWM, 8},
    {ZMQ_BACKLOG, 1024},
    /* clang-format on */
};

static const struct option connect_options[] = {
    /* clang-format off */
    {ZMQ_IMMEDIATE, 1}, /* nothing is queued for a server that is not there */
    {ZMQ_CONNECT_TIMEOUT, 5000},
    {ZMQ_RECONNECT_IVL, 100},
    {ZMQ_RECONNECT_IVL_MAX, 2000},
    {ZMQ_SNDHWM, 64},
    {ZMQ_RCVHWM, 256},
    /* clang-format on */
};

/* What libzmq complains of; an address that cannot be one is the user's. */
static int fail(struct error *err, const char *what)
{
    int reason = zmq_errno();
    bool input = reason == EINVAL || reason == EPROTONOSUPPORT || reason == ENOCOMPATPROTO ||
                 reason == ENODEV || reason == EADDRNOTAVAIL;
    return error_set(err, input ? ERROR_INPUT : ERROR_SYSTEM, "%s: %s", what,
                     zmq_strerror(reason));
}

int wire_make_keys(struct wire_keys *keys, struct error *err)
{
    *keys = (struct wire_keys){.public_key = ""};
    return zmq_curve_keypair(keys->public_key, keys->secret_key) == 0
               ? 0
               : fail(err, "making CURVE keys");
}

static int decode_key(const char *text, uint8_t key[ZAP_KEY_SIZE], struct error *err)
{
    if (strlen(text) != WIRE_KEY_SIZE - 1 || zmq_z85_decode(key, text) == NULL) {
        return error_set(err, ERROR_INPUT, "this is no CURVE key (40 characters of Z85)");
    }
    return 0;
}

static int set_options(void *socket, const struct option *option, size_t n, struct error *err)
{
    for (size_t i = 0; i < n; i++) {
        int value = option[i].value;
        if (zmq_setsockopt(socket, option[i].name, &value, sizeof value) != 0) {
            return fail(err, "setting up a socket");
        }
    }
    return 0;
}

static int set_bytes(void *socket, int name, const void *value, size_t size, struct error *err)
{
    return zmq_setsockopt(socket, name, value, size) == 0 ? 0
                                                          : fail(err, "setting up a socket");
}

/* What both ends need: limits, and their own keys. */
static int set_common(void *socket, const char *endpoint, const struct wire_keys *own,
                      size_t size_limit, struct error *err)
{
    uint8_t public_key[ZAP_KEY_SIZE];
    uint8_t secret_key[ZAP_KEY_SIZE];
    int64_t limit = (int64_t)size_min(size_limit, INT64_MAX / 2) + CURVE_OVERHEAD;
    int ipv6 = strchr(endpoint, '[') != NULL;
    if (decode_key(own->public_key, public_key, err) != 0 ||
        decode_key(own->secret_key, secret_key, err) != 0 ||
        set_options(socket, common_options, ARRAY_LENGTH(common_options), err) != 0 ||
        set_bytes(socket, ZMQ_IPV6, &ipv6, sizeof ipv6, err) != 0 ||
        set_bytes(socket, ZMQ_MAXMSGSIZE, &limit, sizeof limit, err) != 0 ||
        set_bytes(socket, ZMQ_CURVE_PUBLICKEY, public_key, sizeof public_key, err) != 0) {
        return -1;
    }
    return set_bytes(socket, ZMQ_CURVE_SECRETKEY, secret_key, sizeof secret_key, err);
}

/* A client's half of CURVE and its manners. */
static int set_client(void *socket, const char *endpoint, const char *server_key,
                      const struct wire_keys *own, size_t size_limit, struct error *err)
{
    uint8_t key[ZAP_KEY_SIZE];
    if (decode_key(server_key, key, err) != 0 ||
        set_common(socket, endpoint, own, size_limit, err) != 0 ||
        set_options(socket, connect_options, ARRAY_LENGTH(connect_options), err) != 0) {
        return -1;
    }
    return set_bytes(socket, ZMQ_CURVE_SERVERKEY, key, sizeof key, err);
}

static struct wire *wire_create(int type, size_t size_limit, struct error *err)
{
    struct wire *w = calloc(1, sizeof *w);
    if (w == NULL) {
        (void)error_no_memory(err, "a wire");
        return NULL;
    }
    w->size_limit = size_limit;
    w->context = zmq_ctx_new();
    w->socket = w->context == NULL ? NULL : zmq_socket(w->context, type);
    if (w->socket == NULL) {
        (void)fail(err, "opening a socket");
        wire_close(w);
        return NULL;
    }
    return w;
}

void wire_close(struct wire *w)
{
    if (w == NULL) {
        return;
    }
    if (w->socket != NULL) {
        (void)zmq_close(w->socket);
    }
    if (w->zap != NULL) {
        (void)zmq_close(w->zap);
    }
    while (w->context != NULL && zmq_ctx_term(w->context) != 0 && zmq_errno() == EINTR) {
        /* a signal: go on waiting, at most the linger time */
    }
    free(w);
}

const char *wire_endpoint(const struct wire *w)
{
    return w->endpoint;
}

/* Takes a whole request; false if there is none. */
static bool take_zap(const struct wire *w, struct zap_request *request)
{
    *request = (struct zap_request){.n_frames = 0};
    bool more = true;
    while (more) {
        zmq_msg_t frame;
        (void)zmq_msg_init(&frame);
        if (zmq_msg_recv(&frame, w->zap, ZMQ_DONTWAIT) < 0) {
            (void)zmq_msg_close(&frame);
            return false;
        }
        zap_request_add(request, zmq_msg_data(&frame), zmq_msg_size(&frame), w->client_key);
        more = zmq_msg_more(&frame) != 0;
        (void)zmq_msg_close(&frame);
    }
    return true;
}

/* If an answer cannot be sent, its client is not let in, which is what we want in doubt. */
static void answer_zap(const struct wire *w, const struct zap_request *request)
{
    static const int more = ZMQ_DONTWAIT | ZMQ_SNDMORE;
    bool granted = zap_request_granted(request);
    const char *reason = granted ? "OK" : "unknown key";
    (void)zmq_send(w->zap, ZAP_VERSION, strlen(ZAP_VERSION), more);
    (void)zmq_send(w->zap, request->id, request->id_size, more);
    (void)zmq_send(w->zap, granted ? "200" : "400", 3, more);
    (void)zmq_send(w->zap, reason, strlen(reason), more);
    (void)zmq_send(w->zap, "", 0, more);         /* user */
    (void)zmq_send(w->zap, "", 0, ZMQ_DONTWAIT); /* metadata */
}

/* The requests that are there, but not for ever: a crowd at the door must not keep those inside
 * from being heard. */
static void answer_zaps(const struct wire *w)
{
    struct zap_request request;
    for (size_t i = 0; i < ZAP_BATCH && take_zap(w, &request); i++) {
        answer_zap(w, &request);
    }
}

/* The time left of a limit that may be none (negative), in the form that zmq_poll takes. */
static long time_left(uint64_t start_ms, int timeout_ms)
{
    if (timeout_ms < 0) {
        return -1;
    }
    uint64_t passed = clock_now_ms() - start_ms;
    return passed >= (uint64_t)timeout_ms ? 0 : (long)((uint64_t)timeout_ms - passed);
}

/* Polls until item[1] and on show something, a signal comes (0), or the time is over (0). The
 * first is a listener's handler, answered meanwhile. Returns how many show something, or -1. */
static int poll_items(const struct wire *w, zmq_pollitem_t *item, size_t n, int timeout_ms,
                      struct error *err)
{
    size_t skipped = w->zap == NULL ? 1 : 0;
    uint64_t start_ms = clock_now_ms();
    for (;;) {
        long left = time_left(start_ms, timeout_ms);
        int found = zmq_poll(item + skipped, (int)(n - skipped), left);
        if (found < 0) {
            return zmq_errno() == EINTR ? 0 : fail(err, "waiting for messages");
        }
        if ((item[0].revents & ZMQ_POLLIN) != 0) {
            answer_zaps(w);
            found--;
        }
        if (found > 0 || left == 0) {
            return found;
        }
    }
}

int wire_wait(struct wire *w, const int *fd, bool *ready, size_t n, int timeout_ms,
              struct error *err)
{
    zmq_pollitem_t item[2 + WAIT_FDS] = {
        {.socket = w->zap, .events = ZMQ_POLLIN},
        {.socket = w->socket, .events = ZMQ_POLLIN},
    };
    if (n > WAIT_FDS) {
        return error_set(err, ERROR_SYSTEM, "waiting for %zu descriptors, more than %d", n,
                         WAIT_FDS);
    }
    for (size_t i = 0; i < n; i++) {
        item[2 + i] = (zmq_pollitem_t){.fd = fd[i], .events = ZMQ_POLLIN | ZMQ_POLLERR};
    }
    int found = poll_items(w, item, 2 + n, timeout_ms, err);
    for (size_t i = 0; i < n; i++) {
        ready[i] = found > 0 && item[2 + i].revents != 0;
    }
    return found < 0 ? -1 : 0;
}

/* Event and value of a message of a socket's monitor; 0 if there is none. */
static unsigned take_event(void *monitor)
{
    uint8_t head[6] = {0}; /* u16 event, u32 value, then a frame with the address */
    char address[ENDPOINT_SIZE];
    if (zmq_recv(monitor, head, sizeof head, ZMQ_DONTWAIT) < 0) {
        return 0;
    }
    (void)zmq_recv(monitor, address, sizeof address, ZMQ_DONTWAIT);
    uint16_t event = 0;
    memcpy(&event, head, sizeof event);
    return event;
}

/* Answers the door until the stranger's monitor tells how it went. */
static int watch_stranger(struct wire *w, void *monitor, struct error *err)
{
    uint64_t start_ms = clock_now_ms();
    zmq_pollitem_t item[2] = {
        {.socket = w->zap, .events = ZMQ_POLLIN},
        {.socket = monitor, .events = ZMQ_POLLIN},
    };
    for (;;) {
        long left = time_left(start_ms, SELF_TEST_MS);
        if (left == 0) {
            return error_set(err, ERROR_SYSTEM, "the test of its door was not answered");
        }
        if (poll_items(w, item, 2, (int)left, err) < 0) {
            return -1;
        }
        unsigned event = take_event(monitor);
        if (event == ZMQ_EVENT_HANDSHAKE_FAILED_AUTH) {
            return 0;
        }
        if (event == ZMQ_EVENT_HANDSHAKE_SUCCEEDED) {
            return error_set(err, ERROR_SYSTEM, "the door lets in a key that nobody knows");
        }
    }
}

static int test_door(struct wire *w, const struct wire_keys *own, struct error *err)
{
    static const int events = ZMQ_EVENT_HANDSHAKE_FAILED_AUTH | ZMQ_EVENT_HANDSHAKE_SUCCEEDED;
    struct wire_keys stranger;
    if (wire_make_keys(&stranger, err) != 0) {
        return -1;
    }
    static const int no_linger = 0;
    void *socket = zmq_socket(w->context, ZMQ_DEALER);
    void *monitor = zmq_socket(w->context, ZMQ_PAIR);
    int rc = -1;
    if (socket == NULL || monitor == NULL) {
        (void)fail(err, "opening a socket");
        goto out;
    }
    if (set_client(socket, w->endpoint, own->public_key, &stranger, w->size_limit, err) != 0 ||
        set_bytes(socket, ZMQ_LINGER, &no_linger, sizeof no_linger, err) != 0) {
        goto out;
    }
    if (zmq_socket_monitor(socket, self_test_endpoint, events) != 0 ||
        zmq_connect(monitor, self_test_endpoint) != 0 ||
        zmq_connect(socket, w->endpoint) != 0) {
        (void)fail(err, "testing the door");
        goto out;
    }
    rc = watch_stranger(w, monitor, err);
out:
    if (socket != NULL) {
        (void)zmq_close(socket);
    }
    if (monitor != NULL) {
        (void)zmq_close(monitor);
    }
    return rc;
}

/* The handler stands before the door opens. */
static int bind_listener(struct wire *w, const char *endpoint, struct error *err)
{
    w->zap = zmq_socket(w->context, ZMQ_REP);
    if (w->zap == NULL || zmq_bind(w->zap, "inproc://zeromq.zap.01") != 0) {
        return fail(err, "opening the door's handler");
    }
    if (zmq_bind(w->socket, endpoint) != 0) {
        return fail(err, endpoint);
    }
    size_t size = sizeof w->endpoint;
    return zmq_getsockopt(w->socket, ZMQ_LAST_ENDPOINT, w->endpoint, &size) == 0
               ? 0
               : fail(err, endpoint);
}

struct wire *wire_listen(const char *endpoint, const struct wire_keys *own,
                         const char *client_key, size_t size_limit, struct error *err)
{
    struct wire *w = wire_create(ZMQ_ROUTER, size_limit, err);
    if (w == NULL) {
        return NULL;
    }
    if (decode_key(client_key, w->client_key, err) != 0 ||
        set_common(w->socket, endpoint, own, size_limit, err) != 0 ||
        set_options(w->socket, listen_options, ARRAY_LENGTH(listen_options), err) != 0 ||
        set_bytes(w->socket, ZMQ_ZAP_DOMAIN, ZAP_DOMAIN, strlen(ZAP_DOMAIN), err) != 0 ||
        bind_listener(w, endpoint, err) != 0 || test_door(w, own, err) != 0) {
        (void)error_prefix(err, "listening");
        wire_close(w);
        return NULL;
    }
    return w;
}

struct wire *wire_connect(const char *endpoint, const char *server_key,
                          const struct wire_keys *own, size_t size_limit, struct error *err)
{
    struct wire *w = wire_create(ZMQ_DEALER, size_limit, err);
    if (w == NULL) {
        return NULL;
    }
    (void)snprintf(w->endpoint, sizeof w->endpoint, "%s", endpoint);
    if (set_client(w->socket, endpoint, server_key, own, size_limit, err) != 0) {
        goto fail;
    }
    if (zmq_connect(w->socket, endpoint) != 0) {
        (void)fail(err, endpoint);
        goto fail;
    }
    return w;
fail:
    (void)error_prefix(err, "connecting");
    wire_close(w);
    return NULL;
}

/* 0 sent, 1 no room or no peer, -1 an error. */
static int send_frame(struct wire *w, zmq_msg_t *frame, int flags, struct error *err)
{
    int rc = zmq_msg_send(frame, w->socket, flags | ZMQ_DONTWAIT);
    while (rc < 0 && zmq_errno() == EINTR) {
        rc = zmq_msg_send(frame, w->socket, flags | ZMQ_DONTWAIT);
    }
    if (rc >= 0) {
        return 0;
    }
    return zmq_errno() == EAGAIN || zmq_errno() == EHOSTUNREACH
               ? 1
               : fail(err, "sending a message");
}

static int make_frame(zmq_msg_t *frame, const void *data, size_t size, struct error *err)
{
    if (zmq_msg_init_size(frame, size) != 0) {
        return error_no_memory(err, "a message");
    }
    if (size > 0) {
        memcpy(zmq_msg_data(frame), data, size);
    }
    return 0;
}

/* Both frames are made before the first is sent: an address without its message would take the
 * next message's address for one. */
int wire_send(struct wire *w, const struct wire_peer *to, const struct buffer *message,
              struct error *err)
{
    if (message->failed) {
        return error_no_memory(err, "a message");
    }
    if (message->size > w->size_limit) {
        return error_set(err, ERROR_INPUT, "a message of %zu bytes, more than %zu",
                         message->size, w->size_limit);
    }
    zmq_msg_t address;
    zmq_msg_t body;
    if (make_frame(&body, message->data, message->size, err) != 0) {
        return -1;
    }
    int rc = 0;
    if (to != NULL && make_frame(&address, to->id, to->size, err) == 0) {
        rc = send_frame(w, &address, ZMQ_SNDMORE, err);
        (void)zmq_msg_close(&address);
    } else if (to != NULL) {
        rc = -1;
    }
    if (rc == 0) {
        rc = send_frame(w, &body, 0, err);
    }
    (void)zmq_msg_close(&body);
    return rc;
}

/* What the frames of one message gave: its payload must be the only one behind the address. */
struct arrival {
    struct wire_peer from;
    bool whole;
};

/* Takes frame `index` of a message whose payload is frame `payload`. */
static int take_frame(struct arrival *arrival, size_t index, size_t payload, zmq_msg_t *frame,
                      struct buffer *message)
{
    size_t size = zmq_msg_size(frame);
    bool more = zmq_msg_more(frame) != 0;
    if (index == payload) {
        buffer_clear(message);
        buffer_raw(message, zmq_msg_data(frame), size);
        arrival->whole = arrival->whole && !more;
        return message->failed ? -1 : 0;
    }
    if (index > payload || size > sizeof arrival->from.id) {
        arrival->whole = false;
        return 0;
    }
    memcpy(arrival->from.id, zmq_msg_data(frame), size);
    arrival->from.size = size;
    arrival->whole = more;
    return 0;
}

/* All frames of the next message: 1 taken (arrival->whole tells whether it is one), 0 none. */
static int take_message(struct wire *w, struct arrival *arrival, struct buffer *message,
                        struct error *err)
{
    size_t payload =
        w->zap == NULL ? 0 : 1; /* a listener's has the sender's address before it */
    bool more = true;
    int rc = 0;
    *arrival = (struct arrival){.whole = true};
    for (size_t i = 0; more; i++) {
        zmq_msg_t frame;
        (void)zmq_msg_init(&frame);
        if (zmq_msg_recv(&frame, w->socket, ZMQ_DONTWAIT) < 0) {
            (void)zmq_msg_close(&frame);
            return zmq_errno() == EAGAIN || zmq_errno() == EINTR
                       ? 0
                       : fail(err, "receiving a message");
        }
        rc = take_frame(arrival, i, payload, &frame, message) != 0 ? -1 : rc;
        more = zmq_msg_more(&frame) != 0;
        (void)zmq_msg_close(&frame);
    }
    return rc == 0 ? 1 : error_no_memory(err, "a message");
}

int wire_receive(struct wire *w, struct wire_peer *from, struct buffer *message,
                 struct error *err)
{
    struct arrival arrival;
    int rc = take_message(w, &arrival, message, err);
    while (rc == 1 && !arrival.whole) {
        rc = take_message(w, &arrival, message, err);
    }
    if (rc == 1 && from != NULL) {
        *from = arrival.from;
    }
    return rc;
}

bool wire_peer_equal(const struct wire_peer *a, const struct wire_peer *b)
{
    return a->size == b->size && memcmp(a->id, b->id, a->size) == 0;
}
