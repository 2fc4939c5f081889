/* SPDX-License-Identifier: Apache-2.0 */
/* test_message.c - tests of worker/message.h */
#include "tests/support/check.h"
#include "worker/message.h"

static const struct lease_id some_id = {
    .kind = LEASE_SHARD,
    .subject = 0x0123456789abcdef,
    .epoch = 77,
    .seal = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16},
};

static void check_id(const struct lease_id *id)
{
    assert_int_equal(id->kind, some_id.kind);
    assert_int_equal(id->subject, some_id.subject);
    assert_int_equal(id->epoch, some_id.epoch);
    assert_memory_equal(id->seal, some_id.seal, sizeof id->seal);
}

/* One of each message, as its encoder writes it. */
static void put_hello(struct buffer *out)
{
    struct message_hello m = {"run-7", "worker-1", "host.example", "0.1.0", 4711, 8};
    message_hello_encode(&m, out);
}

static char order_text[] = "{\"analysis\":\"higgs4l\"}";
static char path_text[] = "/data/mu \xc3\xa9.h5";
static char weight_text[] = "genWeight";
static char reason_text[] = "mu.h5: no column Muon_pt";
static char log_text[] = "two\nlines\n";

static void put_welcome(struct buffer *out)
{
    struct message_welcome m = {order_text, 1000, 10000};
    message_welcome_encode(&m, out);
}

static const struct message_lease some_lease = {
    .id = {.kind = LEASE_SHARD, .subject = 5, .epoch = 6},
    .path = path_text,
    .weight = weight_text,
    .channels = 5,
    .first = 1000,
    .stop = 2000,
    .n_counters = 2,
    .n_starts = 2,
    .start_row = {512, 1500},
    .objects = {700, 800, 900, 1000},
    .size = 123456789,
    .mtime_ns = -1,
    .digest = "00112233445566778899aabbccddeeff",
};

static void put_lease(struct buffer *out)
{
    message_lease_encode(&some_lease, out);
}

static void put_result(struct buffer *out)
{
    struct message_result m = {
        .id = some_id, .payload = "payload", .size = 7, .cpu_us = 1234567};
    message_result_encode(&m, out);
}

static void put_failure(struct buffer *out)
{
    struct message_failure m = {some_id, ERROR_INPUT, 11, reason_text, log_text};
    message_failure_encode(&m, out);
}

static void put_ack(struct buffer *out)
{
    struct message_ack m = {some_id, ACK_DUPLICATE};
    message_ack_encode(&m, out);
}

static void put_heartbeat(struct buffer *out)
{
    struct message_heartbeat m = {.n = 2, .lease = {{1, 10}, {2, 20}}};
    message_heartbeat_encode(&m, out);
}

static void put_want(struct buffer *out)
{
    message_want_encode(3, out);
}

static void put_refuse(struct buffer *out)
{
    message_refuse_encode("another run", out);
}

static void put_who(struct buffer *out)
{
    message_bare_encode(MESSAGE_WHO, out);
}

static void put_end(struct buffer *out)
{
    message_bare_encode(MESSAGE_END, out);
}

/* Reads a message of any type and throws it away: 0 if it is one. */
static int take_carried(enum message_type type, struct bytes *in, struct error *err)
{
    struct message_welcome welcome = {.order = NULL};
    struct message_lease lease = {.path = NULL};
    struct message_result result = {.payload = NULL};
    struct message_failure failure = {.text = NULL};
    int rc = 0;
    switch (type) {
    case MESSAGE_WELCOME:
        rc = message_welcome_decode(&welcome, in, err);
        break;
    case MESSAGE_LEASE:
        rc = message_lease_decode(&lease, in, err);
        break;
    case MESSAGE_RESULT:
        rc = message_result_decode(&result, in, err);
        break;
    case MESSAGE_FAILURE:
        rc = message_failure_decode(&failure, in, err);
        break;
    default:
        break;
    }
    if (rc != 0) { /* what a refused message gave must be empty, or this test leaks it */
        assert_null(welcome.order);
        assert_null(lease.path);
        assert_null(lease.weight);
        assert_null(result.payload);
        assert_null(failure.text);
        assert_null(failure.log);
    }
    message_welcome_release(&welcome);
    message_lease_release(&lease);
    message_failure_release(&failure);
    return rc;
}

static int take_any(const void *data, size_t size, struct error *err)
{
    struct bytes in = bytes_of(data, size);
    enum message_type type = MESSAGE_HELLO;
    if (message_type(&in, &type, err) != 0) {
        return -1;
    }
    struct message_hello hello;
    struct message_ack ack;
    struct message_heartbeat heartbeat;
    uint32_t n = 0;
    char reason[ERROR_TEXT_SIZE];
    switch (type) {
    case MESSAGE_HELLO:
        return message_hello_decode(&hello, &in, err);
    case MESSAGE_REFUSE:
        return message_refuse_decode(reason, &in, err);
    case MESSAGE_WANT:
        return message_want_decode(&n, &in, err);
    case MESSAGE_ACK:
        return message_ack_decode(&ack, &in, err);
    case MESSAGE_HEARTBEAT:
        return message_heartbeat_decode(&heartbeat, &in, err);
    default:
        return take_carried(type, &in, err);
    }
}

static const struct {
    enum message_type type;
    void (*put)(struct buffer *out);
} kinds[] = {
    {MESSAGE_HELLO, put_hello},   {MESSAGE_WELCOME, put_welcome},
    {MESSAGE_REFUSE, put_refuse}, {MESSAGE_WANT, put_want},
    {MESSAGE_LEASE, put_lease},   {MESSAGE_RESULT, put_result},
    {MESSAGE_ACK, put_ack},       {MESSAGE_FAILURE, put_failure},
    {MESSAGE_WHO, put_who},       {MESSAGE_HEARTBEAT, put_heartbeat},
    {MESSAGE_END, put_end},
};

/* The view of a message's fields, its type checked. */
static struct bytes fields_of(const struct buffer *message, enum message_type expected)
{
    struct error err = {0};
    struct bytes in = bytes_of(message->data, message->size);
    enum message_type type = MESSAGE_TYPES;
    check_ok(message_type(&in, &type, &err), &err);
    assert_int_equal(type, expected);
    return in;
}

static void every_message_is_read_whole(void **state)
{
    (void)state;
    assert_int_equal(ARRAY_LENGTH(kinds), MESSAGE_TYPES - 1);
    for (size_t k = 0; k < ARRAY_LENGTH(kinds); k++) {
        struct buffer message = {0};
        struct error err = {0};
        kinds[k].put(&message);
        (void)fields_of(&message, kinds[k].type);
        check_ok(take_any(message.data, message.size, &err), &err);
        buffer_release(&message);
    }
}

/* The copy has the exact size, so that ASan sees any step beyond it. */
static void a_message_cut_anywhere_is_refused(void **state)
{
    (void)state;
    for (size_t k = 0; k < ARRAY_LENGTH(kinds); k++) {
        struct buffer message = {0};
        kinds[k].put(&message);
        for (size_t size = 0; size < message.size; size++) {
            uint8_t *cut = malloc(size + 1);
            assert_non_null(cut);
            memcpy(cut + 1, message.data, size);
            struct error err = {0};
            assert_int_equal(take_any(cut + 1, size, &err), -1);
            assert_int_equal(err.kind, ERROR_PEER);
            free(cut);
        }
        buffer_release(&message);
    }
}

static void bytes_behind_a_message_are_refused(void **state)
{
    (void)state;
    for (size_t k = 0; k < ARRAY_LENGTH(kinds); k++) {
        struct buffer message = {0};
        struct error err = {0};
        kinds[k].put(&message);
        buffer_u8(&message, 0);
        assert_int_equal(take_any(message.data, message.size, &err), -1);
        assert_int_equal(err.kind, ERROR_PEER);
        buffer_release(&message);
    }
}

static void check_every_value(struct buffer *message, size_t at)
{
    uint8_t kept = message->data[at];
    for (unsigned value = 0; value < 256; value++) {
        struct error err = {0};
        message->data[at] = (uint8_t)value;
        assert_true(take_any(message->data, message->size, &err) == 0 ||
                    err.kind == ERROR_PEER);
    }
    message->data[at] = kept;
}

/* Any byte, any value: taken or refused, never a crash, and a refusal is the peer's doing. */
static void a_changed_byte_never_hurts(void **state)
{
    (void)state;
    for (size_t k = 0; k < ARRAY_LENGTH(kinds); k++) {
        struct buffer message = {0};
        kinds[k].put(&message);
        for (size_t at = 0; at < message.size; at++) {
            check_every_value(&message, at);
        }
        buffer_release(&message);
    }
}

static void a_changed_payload_is_noticed(void **state)
{
    (void)state;
    struct buffer message = {0};
    put_result(&message);
    size_t payload = message.size - 8 - 7; /* before the processor time */
    for (size_t i = 0; i < 7; i++) {
        struct error err = {0};
        message.data[payload + i] ^= 1;
        assert_int_equal(take_any(message.data, message.size, &err), -1);
        check_contains(err.text, "digest");
        message.data[payload + i] ^= 1;
    }
    buffer_release(&message);
}

static void hello_and_welcome_keep_their_fields(void **state)
{
    (void)state;
    struct buffer message = {0};
    struct error err = {0};
    put_hello(&message);
    struct bytes in = fields_of(&message, MESSAGE_HELLO);
    struct message_hello hello;
    check_ok(message_hello_decode(&hello, &in, &err), &err);
    assert_string_equal(hello.run, "run-7");
    assert_string_equal(hello.worker, "worker-1");
    assert_string_equal(hello.host, "host.example");
    assert_string_equal(hello.program, "0.1.0");
    assert_int_equal(hello.pid, 4711);
    assert_int_equal(hello.threads, 8);

    buffer_clear(&message);
    put_welcome(&message);
    in = fields_of(&message, MESSAGE_WELCOME);
    struct message_welcome welcome;
    check_ok(message_welcome_decode(&welcome, &in, &err), &err);
    assert_string_equal(welcome.order, order_text);
    assert_int_equal(welcome.heartbeat_ms, 1000);
    assert_int_equal(welcome.silence_ms, 10000);
    message_welcome_release(&welcome);
    buffer_release(&message);
}

static void a_lease_keeps_its_fields(void **state)
{
    (void)state;
    struct buffer message = {0};
    struct error err = {0};
    put_lease(&message);
    struct bytes in = fields_of(&message, MESSAGE_LEASE);
    struct message_lease m;
    check_ok(message_lease_decode(&m, &in, &err), &err);
    assert_int_equal(m.id.kind, LEASE_SHARD);
    assert_int_equal(m.id.subject, 5);
    assert_int_equal(m.id.epoch, 6);
    assert_string_equal(m.path, path_text);
    assert_string_equal(m.weight, weight_text);
    assert_int_equal(m.channels, 5);
    assert_int_equal(m.first, 1000);
    assert_int_equal(m.stop, 2000);
    assert_int_equal(m.n_counters, 2);
    assert_int_equal(m.n_starts, 2);
    assert_int_equal(m.start_row[0], 512);
    assert_int_equal(m.start_row[1], 1500);
    assert_int_equal(m.objects[1], 800);
    assert_int_equal(m.objects[2], 900);
    assert_int_equal(m.size, 123456789);
    assert_true(m.mtime_ns == -1);
    assert_string_equal(m.digest, some_lease.digest);
    message_lease_release(&m);
    buffer_release(&message);
}

static void answers_keep_their_fields(void **state)
{
    (void)state;
    struct buffer message = {0};
    struct error err = {0};
    put_result(&message);
    struct bytes in = fields_of(&message, MESSAGE_RESULT);
    struct message_result result;
    uint8_t digest[DIGEST_XXH128_SIZE];
    check_ok(message_result_decode(&result, &in, &err), &err);
    check_id(&result.id);
    assert_int_equal(result.size, 7);
    assert_memory_equal(result.payload, "payload", 7);
    assert_int_equal(result.cpu_us, 1234567);
    digest_xxh128("payload", 7, digest);
    assert_memory_equal(result.digest, digest, sizeof digest);

    buffer_clear(&message);
    put_failure(&message);
    in = fields_of(&message, MESSAGE_FAILURE);
    struct message_failure failure;
    check_ok(message_failure_decode(&failure, &in, &err), &err);
    check_id(&failure.id);
    assert_int_equal(failure.kind, ERROR_INPUT);
    assert_int_equal(failure.signal, 11);
    assert_string_equal(failure.text, reason_text);
    assert_string_equal(failure.log, log_text);
    message_failure_release(&failure);

    buffer_clear(&message);
    put_ack(&message);
    in = fields_of(&message, MESSAGE_ACK);
    struct message_ack ack;
    check_ok(message_ack_decode(&ack, &in, &err), &err);
    check_id(&ack.id);
    assert_int_equal(ack.verdict, ACK_DUPLICATE);
    buffer_release(&message);
}

static void small_messages_keep_their_fields(void **state)
{
    (void)state;
    struct buffer message = {0};
    struct error err = {0};
    put_heartbeat(&message);
    struct bytes in = fields_of(&message, MESSAGE_HEARTBEAT);
    struct message_heartbeat heartbeat;
    check_ok(message_heartbeat_decode(&heartbeat, &in, &err), &err);
    assert_int_equal(heartbeat.n, 2);
    assert_int_equal(heartbeat.lease[1].epoch, 2);
    assert_int_equal(heartbeat.lease[1].events, 20);

    buffer_clear(&message);
    put_want(&message);
    in = fields_of(&message, MESSAGE_WANT);
    uint32_t n = 0;
    check_ok(message_want_decode(&n, &in, &err), &err);
    assert_int_equal(n, 3);

    buffer_clear(&message);
    put_refuse(&message);
    in = fields_of(&message, MESSAGE_REFUSE);
    char reason[ERROR_TEXT_SIZE];
    check_ok(message_refuse_decode(reason, &in, &err), &err);
    assert_string_equal(reason, "another run");
    buffer_release(&message);
}

static void what_people_wrote_is_cut_to_what_the_other_side_takes(void **state)
{
    (void)state;
    enum { LONG = 200000 };
    char *text = malloc(LONG + 1);
    assert_non_null(text);
    memset(text, 'a', LONG);
    memcpy(text + LONG - 3, "end", 4);
    struct message_failure m = {some_id, ERROR_SYSTEM, 0, text, text};
    struct buffer message = {0};
    struct error err = {0};
    message_failure_encode(&m, &message);
    struct bytes in = fields_of(&message, MESSAGE_FAILURE);
    struct message_failure failure;
    check_ok(message_failure_decode(&failure, &in, &err), &err);
    assert_int_equal(strlen(failure.text), ERROR_TEXT_SIZE - 1);
    assert_int_equal(strlen(failure.log), 64 << 10);
    check_contains(failure.log, "aaaend"); /* the last lines are those that tell */
    message_failure_release(&failure);

    buffer_clear(&message);
    message_refuse_encode(text, &message);
    in = fields_of(&message, MESSAGE_REFUSE);
    char reason[ERROR_TEXT_SIZE];
    check_ok(message_refuse_decode(reason, &in, &err), &err);
    buffer_release(&message);
    free(text);
}

/* A lease that its encoder was made to write wrongly. */
static void a_lease_out_of_range_is_refused(void **state)
{
    (void)state;
    struct message_lease wrong[8];
    for (size_t i = 0; i < ARRAY_LENGTH(wrong); i++) {
        wrong[i] = some_lease;
    }
    wrong[0].stop = wrong[0].first - 1;
    wrong[1].start_row[0] = wrong[1].first + 1;
    wrong[2].digest[31] = '\0';
    wrong[3].digest[0] = 'X';
    wrong[4].id.kind = (enum lease_kind)3;
    wrong[5].id.kind = (enum lease_kind)0;
    wrong[6].start_row[1] = wrong[6].start_row[0];
    wrong[7].start_row[1] = wrong[7].stop;
    for (size_t i = 0; i < ARRAY_LENGTH(wrong); i++) {
        struct buffer message = {0};
        struct error err = {0};
        message_lease_encode(&wrong[i], &message);
        assert_int_equal(take_any(message.data, message.size, &err), -1);
        assert_int_equal(err.kind, ERROR_PEER);
        buffer_release(&message);
    }
}

/* Only the number is there: what it announces must not be believed, let alone be booked. */
static void numbers_beyond_their_limits_are_refused(void **state)
{
    (void)state;
    static const uint32_t numbers[] = {MESSAGE_LEASES_MAX + 1, 1U << 20, UINT32_MAX};
    for (size_t i = 0; i < ARRAY_LENGTH(numbers); i++) {
        static const enum message_type types[] = {MESSAGE_HEARTBEAT, MESSAGE_WANT,
                                                  MESSAGE_WELCOME, MESSAGE_REFUSE};
        for (size_t k = 0; k < ARRAY_LENGTH(types); k++) {
            struct buffer message = {0};
            struct error err = {0};
            message_bare_encode(types[k], &message);
            buffer_u32(&message, numbers[i]);
            assert_int_equal(take_any(message.data, message.size, &err), -1);
            assert_int_equal(err.kind, ERROR_PEER);
            buffer_release(&message);
        }
    }
}

static void another_version_or_type_is_refused(void **state)
{
    (void)state;
    static const struct {
        size_t at;
        uint8_t value;
        const char *text;
    } cases[] = {
        {0, 0, "no message of ours"},
        {3, 0, "no message of ours"},
        {4, MESSAGE_VERSION + 1, "version"},
        {4, 0, "version"},
        {5, 0, "unknown type 0"},
        {5, MESSAGE_TYPES, "unknown type"},
        {5, 255, "unknown type 255"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct buffer message = {0};
        struct error err = {0};
        put_want(&message);
        message.data[cases[i].at] = cases[i].value;
        assert_int_equal(take_any(message.data, message.size, &err), -1);
        assert_int_equal(err.kind, ERROR_PEER);
        check_contains(err.text, cases[i].text);
        buffer_release(&message);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_message_is_read_whole),
        cmocka_unit_test(a_message_cut_anywhere_is_refused),
        cmocka_unit_test(bytes_behind_a_message_are_refused),
        cmocka_unit_test(a_changed_byte_never_hurts),
        cmocka_unit_test(a_changed_payload_is_noticed),
        cmocka_unit_test(hello_and_welcome_keep_their_fields),
        cmocka_unit_test(a_lease_keeps_its_fields),
        cmocka_unit_test(answers_keep_their_fields),
        cmocka_unit_test(small_messages_keep_their_fields),
        cmocka_unit_test(what_people_wrote_is_cut_to_what_the_other_side_takes),
        cmocka_unit_test(a_lease_out_of_range_is_refused),
        cmocka_unit_test(numbers_beyond_their_limits_are_refused),
        cmocka_unit_test(another_version_or_type_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
