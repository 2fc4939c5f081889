/* SPDX-License-Identifier: Apache-2.0 */
/* test_dispatch_refuse.c - see scheduler/dispatch.h: what a scheduler does not take from its
 * workers: another truth, another run, forged leases, bad partials, bad input and nonsense. */
#include "tests/support/dispatch_play.h"

/* Another partial of as many events: one bin holds one more. */
static bool change(struct buffer *payload)
{
    struct partial partial = {0};
    struct error err = {0};
    struct bytes bytes = bytes_of(payload->data, payload->size);
    if (partial_decode(&partial, &bytes, &err) != 0) {
        return false;
    }
    hist_fill(&partial.hist[0].hist, 91, 1);
    buffer_clear(payload);
    partial_encode(&partial, payload);
    partial_release(&partial);
    return true;
}

static bool send_two_truths(struct puppet *p)
{
    struct message_lease lease = {.path = NULL};
    struct buffer payload = {0};
    bool done = puppet_begin(p) && puppet_lease(p, &lease) &&
                puppet_compute(p, &lease, &payload) &&
                puppet_send_result(p, &lease.id, &payload) &&
                puppet_expect_ack(p, lease.id.epoch, ACK_ACCEPTED) &&
                puppet_expect(p, change(&payload), "the payload is no partial") &&
                puppet_send_result(p, &lease.id, &payload) &&
                puppet_expect_ack(p, lease.id.epoch, ACK_DROPPED);
    message_lease_release(&lease);
    buffer_release(&payload);
    return done && puppet_serve(p);
}

static void a_different_partial_is_recorded_and_not_summed(void **state)
{
    static const script scripts[] = {send_two_truths};
    struct play play = play_of(*state);
    struct record record = perform_well(&play, scripts, 1);
    assert_int_equal(record.n_events[JOB_CONFLICT], 1);
    partial_release(&record.sum);
    struct error err = {0};
    struct run *r = run_open(play.run_folder, LEDGER_READ, &err);
    size_t n_conflicts = 0;
    for (size_t i = 0; r != NULL && i < r->n_shards; i++) {
        n_conflicts += r->shard[i].job.conflict;
    }
    check_ok(r == NULL ? -1 : 0, &err);
    assert_int_equal(n_conflicts, 1);
    assert_true(run_complete(r));
    run_close(r);
}

static bool come_from_another_run(struct puppet *p)
{
    struct bytes message;
    char reason[ERROR_TEXT_SIZE];
    bool done = puppet_connect(p);
    char run[MESSAGE_NAME_SIZE];
    (void)snprintf(run, sizeof run, "%s", p->hello.run);
    p->hello.run[0] = p->hello.run[0] == 'x' ? 'y' : 'x';
    buffer_clear(&p->out);
    message_hello_encode(&p->hello, &p->out);
    done = done && puppet_say(p) &&
           puppet_hear(p, 1U << MESSAGE_REFUSE, &message) == MESSAGE_REFUSE &&
           puppet_expect(p, message_refuse_decode(reason, &message, NULL) == 0, "no reason") &&
           puppet_expect(p, strstr(reason, "another run") != NULL, reason);
    /* What it says then is not heard either. */
    done =
        done && puppet_want(p, 1) && puppet_hear(p, 1U << MESSAGE_WHO, &message) == MESSAGE_WHO;
    (void)snprintf(p->hello.run, sizeof p->hello.run, "%s", run);
    puppet_vanish(p);
    return done && puppet_begin(p) && puppet_serve(p);
}

static void a_worker_of_another_run_is_refused(void **state)
{
    static const script scripts[] = {come_from_another_run};
    struct play play = play_of(*state);
    struct record record = perform_well(&play, scripts, 1);
    partial_release(&record.sum);
}

static bool forge(struct puppet *p)
{
    struct message_lease lease = {.path = NULL};
    struct buffer payload = {0};
    bool done =
        puppet_begin(p) && puppet_lease(p, &lease) && puppet_compute(p, &lease, &payload);
    for (int i = 0; done && i < 6; i++) {
        struct lease_id id = lease.id;
        id.subject += i % 3 == 0 ? 1 : 0; /* a shard that it was never leased */
        id.epoch += i % 3 == 1 ? 77777 : 0;
        id.seal[5] = (uint8_t)(id.seal[5] ^ (i % 3 == 2 ? 1U : 0U));
        done = (i < 3 ? puppet_send_result(p, &id, &payload)
                      : puppet_send_failure(p, &id, ERROR_INPUT, "forged")) &&
               puppet_expect_ack(p, id.epoch, ACK_REFUSED);
    }
    /* A lease of a file is none of the shard with its number. */
    struct lease_id other = lease.id;
    other.kind = LEASE_INSPECT;
    done = done && puppet_send_result(p, &other, &payload) &&
           puppet_expect_ack(p, other.epoch, ACK_REFUSED) && puppet_do(p, &lease, ACK_ACCEPTED);
    message_lease_release(&lease);
    buffer_release(&payload);
    return done && puppet_serve(p);
}

static void an_answer_to_a_lease_that_was_never_given_is_refused(void **state)
{
    static const script scripts[] = {forge};
    struct play play = play_of(*state);
    struct record record = perform_well(&play, scripts, 1);
    assert_int_equal(record.n_events[JOB_REJECTED], 0);
    assert_int_equal(record.n_events[JOB_BROKE], 0);
    assert_int_equal(record.n_events[JOB_CONFLICT], 0);
    assert_int_equal(record.n_events[JOB_LEASED], SHARDS);
    partial_release(&record.sum);
}

/* What no scheduler should take for a partial of the shard. */
static void spoil(struct buffer *payload, int how)
{
    struct partial partial = {0};
    struct error err = {0};
    struct bytes bytes = bytes_of(payload->data, payload->size);
    if (how == 0) {
        memset(payload->data, 0x5a, payload->size);
    } else if (how == 1) {
        partial_init(&partial, false);
        partial.n_events = EVENTS / SHARDS;
        buffer_clear(payload);
        partial_encode(&partial, payload); /* booked as nothing is */
    } else if (partial_decode(&partial, &bytes, &err) == 0) {
        partial.n_events--;
        buffer_clear(payload);
        partial_encode(&partial, payload);
    }
    partial_release(&partial);
}

/* Its first shard is spoiled each time that it gets it. */
static bool spoil_one_shard(struct puppet *p)
{
    uint64_t victim = 0;
    int n_spoiled = 0;
    bool done = puppet_begin(p);
    for (size_t i = 0; done && i < SHARDS + 2; i++) {
        struct message_lease lease = {.path = NULL};
        struct buffer payload = {0};
        done = puppet_lease(p, &lease) && puppet_compute(p, &lease, &payload);
        victim = i == 0 ? lease.id.subject : victim;
        bool is_victim = done && lease.id.subject == victim && payload.size > 0;
        if (is_victim) {
            spoil(&payload, n_spoiled++);
        }
        done = done && puppet_send_result(p, &lease.id, &payload) &&
               puppet_expect_ack(p, lease.id.epoch, is_victim ? ACK_REFUSED : ACK_ACCEPTED);
        message_lease_release(&lease);
        buffer_release(&payload);
    }
    return done && puppet_expect(p, n_spoiled == 3, "the shard was not leased three times");
}

static void three_bad_partials_fail_the_shard_and_no_other(void **state)
{
    static const script scripts[] = {spoil_one_shard};
    struct play play = play_of(*state);
    assert_false(perform(&play, scripts, 1));
    struct record record = read_record(&play);
    assert_int_equal(record.n_partials, SHARDS - 1);
    assert_int_equal(record.n_events[JOB_BROKE], 3);
    assert_int_equal(record.n_events[JOB_ACCEPTED], SHARDS - 1);
    assert_int_equal(record.sum.n_events, EVENTS - EVENTS / SHARDS);
    check_contains(record.reason, "199 events, the shard has 200");
    partial_release(&record.sum);
}

static bool reject_one_shard(struct puppet *p)
{
    struct message_lease lease = {.path = NULL};
    bool done = puppet_begin(p) && puppet_lease(p, &lease) &&
                puppet_send_failure(p, &lease.id, ERROR_INPUT, "no column Muon_pt") &&
                puppet_expect_ack(p, lease.id.epoch, ACK_ACCEPTED) &&
                puppet_send_failure(p, &lease.id, ERROR_INPUT, "once more") &&
                puppet_expect_ack(p, lease.id.epoch, ACK_DROPPED);
    message_lease_release(&lease);
    return done && puppet_serve(p);
}

static void bad_input_fails_the_shard_at_once(void **state)
{
    static const script scripts[] = {reject_one_shard};
    struct play play = play_of(*state);
    assert_false(perform(&play, scripts, 1));
    struct record record = read_record(&play);
    assert_int_equal(record.n_events[JOB_REJECTED], 1);
    assert_int_equal(record.n_events[JOB_LEASED], SHARDS);
    assert_int_equal(record.n_partials, SHARDS - 1);
    assert_string_equal(record.reason, "no column Muon_pt");
    partial_release(&record.sum);
}

/* The shard that failed is given up too early: a result that comes all the same is taken. */
static bool reject_and_mend(struct puppet *p)
{
    struct message_lease lease = {.path = NULL};
    bool done = puppet_begin(p) && puppet_lease(p, &lease) &&
                puppet_send_failure(p, &lease.id, ERROR_INPUT, "was it?") &&
                puppet_expect_ack(p, lease.id.epoch, ACK_ACCEPTED) &&
                puppet_do(p, &lease, ACK_ACCEPTED);
    message_lease_release(&lease);
    return done && puppet_serve(p);
}

static void a_valid_partial_counts_even_after_the_shard_failed(void **state)
{
    static const script scripts[] = {reject_and_mend};
    struct play play = play_of(*state);
    struct record record = perform_well(&play, scripts, 1);
    partial_release(&record.sum);
}

/* Sends bytes; what was meant for a scheduler of sound mind gets through all the same. */
static bool say_bytes(struct puppet *p, const void *bytes, size_t size)
{
    buffer_clear(&p->out);
    buffer_raw(&p->out, bytes, size);
    return puppet_say(p);
}

/* Every beginning of a message, a byte too much, and flips in its head. */
static bool mangle(struct puppet *p, const struct buffer *whole)
{
    uint8_t bytes[4096] = {0};
    bool done = puppet_expect(p, whole->size + 1 < sizeof bytes, "too long to be mangled");
    for (size_t size = 0; done && size < whole->size; size += 1 + size / 4) {
        done = say_bytes(p, whole->data, size);
    }
    for (size_t i = 0; done && i < 8; i++) {
        memcpy(bytes, whole->data, whole->size);
        bytes[i % 6] = (uint8_t)(bytes[i % 6] ^ 1U << i);
        bool is_end = bytes[5] == MESSAGE_END || bytes[5] == MESSAGE_HELLO;
        done = is_end || say_bytes(p, bytes, whole->size);
    }
    if (done) {
        memcpy(bytes, whole->data, whole->size);
        bytes[whole->size] = 0;
        done = say_bytes(p, bytes, whole->size + 1);
    }
    return done;
}

/* One message of each kind that a worker says, and of each that only a scheduler says. */
static bool mangle_all(struct puppet *p, const struct message_lease *lease,
                       const struct buffer *payload)
{
    static const struct message_ack ack = {.verdict = ACK_ACCEPTED};
    static const struct message_heartbeat beat = {.n = 3};
    struct message_result result = {
        .id = lease->id, .payload = payload->data, .size = size_min(payload->size, 2000)};
    char text[] = "text";
    struct message_failure failure = {
        .id = lease->id, .kind = ERROR_SYSTEM, .text = text, .log = text};
    struct message_welcome order = {.order = text};
    bool done = true;
    for (int kind = 0; done && kind < 8; kind++) {
        struct buffer whole = {0};
        switch (kind) {
        case 0:
            message_result_encode(&result, &whole);
            whole.size -= 3;
            break;
        case 1:
            message_failure_encode(&failure, &whole);
            whole.size -= 3;
            break;
        case 2:
            message_want_encode(1, &whole);
            whole.size -= 2;
            break;
        case 3:
            message_heartbeat_encode(&beat, &whole);
            whole.size -= 8;
            break;
        case 4:
            message_ack_encode(&ack, &whole);
            break;
        case 5:
            message_lease_encode(lease, &whole);
            break;
        case 6:
            message_welcome_encode(&order, &whole);
            break;
        default:
            message_refuse_encode("no", &whole);
            break;
        }
        done = mangle(p, &whole);
        buffer_release(&whole);
    }
    return done;
}

static bool talk_nonsense(struct puppet *p)
{
    static const uint8_t zeros[64] = {0};
    struct message_lease lease = {.path = NULL};
    struct buffer payload = {0};
    struct bytes message;
    struct lease_id nobody = {.kind = LEASE_SHARD, .subject = 1, .epoch = 1};
    bool done = puppet_connect(p) && say_bytes(p, zeros, sizeof zeros) &&
                puppet_send_result(p, &nobody, &payload) &&
                puppet_hear(p, 1U << MESSAGE_WHO, &message) == MESSAGE_WHO;
    puppet_vanish(p);
    done = done && puppet_begin(p) && puppet_lease(p, &lease) &&
           puppet_compute(p, &lease, &payload) && mangle_all(p, &lease, &payload) &&
           puppet_hello(p) && puppet_do(p, &lease, ACK_ACCEPTED);
    message_lease_release(&lease);
    buffer_release(&payload);
    return done && puppet_serve(p);
}

static void nonsense_does_no_harm(void **state)
{
    static const script scripts[] = {talk_nonsense};
    struct play play = play_of(*state);
    struct record record = perform_well(&play, scripts, 1);
    assert_int_equal(record.n_events[JOB_LEASED], SHARDS);
    assert_int_equal(record.n_events[JOB_BROKE], 0);
    partial_release(&record.sum);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_different_partial_is_recorded_and_not_summed),
        cmocka_unit_test(a_worker_of_another_run_is_refused),
        cmocka_unit_test(an_answer_to_a_lease_that_was_never_given_is_refused),
        cmocka_unit_test(three_bad_partials_fail_the_shard_and_no_other),
        cmocka_unit_test(bad_input_fails_the_shard_at_once),
        cmocka_unit_test(a_valid_partial_counts_even_after_the_shard_failed),
        cmocka_unit_test(nonsense_does_no_harm),
    };
    return cmocka_run_group_tests(tests, make_world, end_world);
}
