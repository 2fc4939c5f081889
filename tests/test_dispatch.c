/* SPDX-License-Identifier: Apache-2.0 */
/* test_dispatch.c - tests of scheduler/dispatch.h and what it stands on: what workers deliver,
 * twice, late or never, and the leases of those that vanish, return or take their leave. */
#include "tests/support/dispatch_play.h"

enum { SHORT_SILENCE_MS = 400 };

static bool was_done_by(const struct record *record, const char *worker)
{
    bool found = false;
    for (size_t i = 0; i < record->n_partials && i < SHARDS; i++) {
        found = found || strcmp(record->worker[i], worker) == 0;
    }
    return found;
}

/* Comes when the file is inspected and the first has its lease. */
static bool join_second_and_serve(struct puppet *p)
{
    return puppet_await(p, 1) && puppet_join(p) && puppet_serve(p);
}

static bool send_twice(struct puppet *p)
{
    struct message_lease lease = {.path = NULL};
    struct buffer payload = {0};
    bool done = puppet_begin(p) && puppet_lease(p, &lease) &&
                puppet_compute(p, &lease, &payload) &&
                puppet_send_result(p, &lease.id, &payload) &&
                puppet_send_result(p, &lease.id, &payload) &&
                puppet_expect_ack(p, lease.id.epoch, ACK_ACCEPTED) &&
                puppet_expect_ack(p, lease.id.epoch, ACK_DUPLICATE) &&
                puppet_send_result(p, &lease.id, &payload) &&
                puppet_expect_ack(p, lease.id.epoch, ACK_DUPLICATE);
    message_lease_release(&lease);
    buffer_release(&payload);
    return done && puppet_serve(p);
}

static void a_partial_sent_twice_counts_once(void **state)
{
    static const script scripts[] = {send_twice};
    struct play play = play_of(*state);
    struct record record = perform_well(&play, scripts, 1);
    assert_int_equal(record.n_events[JOB_CONFLICT], 0);
    partial_release(&record.sum);
}

static bool send_and_vanish(struct puppet *p)
{
    struct message_lease lease = {.path = NULL};
    struct buffer payload = {0};
    bool done = puppet_begin(p) && puppet_lease(p, &lease) &&
                puppet_compute(p, &lease, &payload) &&
                puppet_send_result(p, &lease.id, &payload);
    puppet_vanish(p);
    stage_reach(p->stage, 1);
    message_lease_release(&lease);
    buffer_release(&payload);
    return done;
}

static void what_was_sent_before_a_worker_vanished_counts_once(void **state)
{
    static const script scripts[] = {send_and_vanish, join_second_and_serve};
    struct play play = play_of(*state);
    play.options.silence_ms = SHORT_SILENCE_MS;
    struct record record = perform_well(&play, scripts, 2);
    assert_true(was_done_by(&record, "anna"));
    assert_true(was_done_by(&record, "bert"));
    partial_release(&record.sum);
}

static bool lease_and_vanish(struct puppet *p)
{
    struct message_lease lease = {.path = NULL};
    bool done = puppet_begin(p) && puppet_lease(p, &lease);
    puppet_vanish(p);
    stage_reach(p->stage, 1);
    message_lease_release(&lease);
    return done;
}

static void the_shard_of_a_worker_that_vanished_is_leased_again(void **state)
{
    static const script scripts[] = {lease_and_vanish, join_second_and_serve};
    struct play play = play_of(*state);
    play.options.silence_ms = SHORT_SILENCE_MS;
    struct record record = perform_well(&play, scripts, 2);
    assert_false(was_done_by(&record, "anna"));
    assert_int_equal(record.n_events[JOB_LOST], 1);
    assert_int_equal(record.n_events[JOB_LEASED], SHARDS + 1);
    partial_release(&record.sum);
}

/* Step 1: has a lease and falls silent. Step 2: somebody has a lease of the same shard. Step 3:
 * the late partial was answered. */
static bool be_late_by(struct puppet *p, int until, enum ack_verdict verdict)
{
    struct message_lease lease = {.path = NULL};
    struct buffer payload = {0};
    bool done =
        puppet_begin(p) && puppet_lease(p, &lease) && puppet_compute(p, &lease, &payload);
    p->mute = true;
    stage_reach(p->stage, 1);
    done = done && puppet_await(p, until);
    p->mute = false;
    done = done && send_late(p, &lease.id, &payload, verdict);
    stage_reach(p->stage, 10);
    message_lease_release(&lease);
    buffer_release(&payload);
    return done && puppet_serve(p);
}

static bool be_late_and_first(struct puppet *p)
{
    return be_late_by(p, 2, ACK_ACCEPTED);
}

static bool be_late_and_second(struct puppet *p)
{
    return be_late_by(p, 3, ACK_DUPLICATE);
}

/* Holds the leases of all shards, the last of which is the one whose lease ran out. */
static bool hold_all(struct puppet *p, struct message_lease *lease)
{
    bool done = puppet_await(p, 1) && puppet_join(p);
    for (size_t i = 0; done && i < SHARDS; i++) {
        done = puppet_lease(p, &lease[i]);
    }
    return done;
}

static bool do_all_but_last(struct puppet *p, const struct message_lease *lease)
{
    bool done = true;
    for (size_t i = 0; done && i + 1 < SHARDS; i++) {
        done = puppet_do(p, &lease[i], ACK_ACCEPTED);
    }
    return done;
}

static void release_all(struct message_lease *lease)
{
    for (size_t i = 0; i < SHARDS; i++) {
        message_lease_release(&lease[i]);
    }
}

static bool let_the_late_be_first(struct puppet *p)
{
    struct message_lease lease[SHARDS] = {{.path = NULL}};
    bool done = hold_all(p, lease);
    stage_reach(p->stage, 2);
    done = done && puppet_await(p, 10) && puppet_do(p, &lease[SHARDS - 1], ACK_DUPLICATE) &&
           do_all_but_last(p, lease);
    release_all(lease);
    return done;
}

static bool be_first(struct puppet *p)
{
    struct message_lease lease[SHARDS] = {{.path = NULL}};
    bool done = hold_all(p, lease) && puppet_do(p, &lease[SHARDS - 1], ACK_ACCEPTED);
    stage_reach(p->stage, 3);
    done = done && puppet_await(p, 10) && do_all_but_last(p, lease);
    release_all(lease);
    return done;
}

static void a_late_partial_that_is_the_first_is_accepted(void **state)
{
    static const script scripts[] = {be_late_and_first, let_the_late_be_first};
    struct play play = play_of(*state);
    play.options.silence_ms = SHORT_SILENCE_MS;
    struct record record = perform_well(&play, scripts, 2);
    assert_true(was_done_by(&record, "anna"));
    assert_int_equal(record.n_events[JOB_LOST], 1);
    partial_release(&record.sum);
}

static void a_late_partial_that_is_the_second_is_dropped(void **state)
{
    static const script scripts[] = {be_late_and_second, be_first};
    struct play play = play_of(*state);
    play.options.silence_ms = SHORT_SILENCE_MS;
    struct record record = perform_well(&play, scripts, 2);
    assert_false(was_done_by(&record, "anna"));
    assert_int_equal(record.n_events[JOB_CONFLICT], 0);
    partial_release(&record.sum);
}

/* The first lease got lost on its way: this worker never names it. */
static bool overlook_a_lease(struct puppet *p)
{
    struct message_lease lease = {.path = NULL};
    bool done = puppet_begin(p) && puppet_lease(p, &lease);
    p->n_held = 0;
    message_lease_release(&lease);
    return done && puppet_serve(p);
}

static void a_lease_that_its_worker_does_not_have_is_given_out_again(void **state)
{
    static const script scripts[] = {overlook_a_lease};
    struct play play = play_of(*state);
    play.options.silence_ms = 2 * SHORT_SILENCE_MS;
    struct record record = perform_well(&play, scripts, 1);
    assert_int_equal(record.n_events[JOB_LOST], 1);
    partial_release(&record.sum);
}

/* Says who it is again on a new connection, and goes on with what it holds. */
static bool reconnect(struct puppet *p)
{
    struct message_lease lease = {.path = NULL};
    struct buffer payload = {0};
    bool done =
        puppet_begin(p) && puppet_lease(p, &lease) && puppet_compute(p, &lease, &payload);
    wire_close(p->wire);
    p->wire = NULL;
    done = done && puppet_join(p) && puppet_send_result(p, &lease.id, &payload) &&
           puppet_expect_ack(p, lease.id.epoch, ACK_ACCEPTED);
    message_lease_release(&lease);
    buffer_release(&payload);
    return done && puppet_serve(p);
}

static void a_worker_keeps_its_leases_on_a_new_connection(void **state)
{
    static const script scripts[] = {reconnect};
    struct play play = play_of(*state);
    struct record record = perform_well(&play, scripts, 1);
    assert_int_equal(record.n_events[JOB_LOST], 0);
    partial_release(&record.sum);
}

static void what_is_told_is_what_was_recorded(void **state)
{
    static const script scripts[] = {send_twice};
    struct play play = play_of(*state);
    struct record record = perform_well(&play, scripts, 1);
    struct live told = read_told(&play);
    assert_int_equal(told.phase, LIVE_OVER);
    assert_int_equal(told.leases_given,
                     record.n_events[JOB_LEASED] + 1); /* one file inspected */
    assert_int_equal(told.leases_lost + told.leases_broke + told.leases_rejected, 0);
    assert_int_equal(told.partials_accepted, SHARDS);
    assert_int_equal(told.partials_duplicate, 2);
    assert_int_equal(told.partials_dropped + told.partials_refused + told.partials_conflict, 0);
    assert_int_equal(told.events, EVENTS);
    assert_int_equal(told.events_before, 0);
    assert_int_equal(told.sequence, 2 * (SHARDS + 1));
    assert_int_equal(told.queue + told.uncommitted + told.commits_failed, 0);
    assert_true(told.commits > 0 && told.commits >= told.commits_within[LIVE_BUCKETS - 1]);
    assert_true(told.partial_bytes > 0 && told.started_ms <= told.written_ms);
    live_release(&told);
    partial_release(&record.sum);
}

static void what_a_lost_worker_held_is_told_as_lost(void **state)
{
    static const script scripts[] = {lease_and_vanish, join_second_and_serve};
    struct play play = play_of(*state);
    play.options.silence_ms = SHORT_SILENCE_MS;
    struct record record = perform_well(&play, scripts, 2);
    struct live told = read_told(&play);
    assert_int_equal(told.leases_lost, 1);
    assert_int_equal(told.leases_given, SHARDS + 2);
    live_release(&told);
    partial_release(&record.sum);
}

static bool leave(struct puppet *p)
{
    struct message_lease lease = {.path = NULL};
    bool done = puppet_begin(p) && puppet_lease(p, &lease);
    buffer_clear(&p->out);
    message_bare_encode(MESSAGE_END, &p->out);
    done = done && puppet_say(p);
    stage_reach(p->stage, 1);
    message_lease_release(&lease);
    return done;
}

/* No short silence: it would take eight seconds. */
static void the_lease_of_a_worker_that_takes_its_leave_is_free_at_once(void **state)
{
    static const script scripts[] = {leave, join_second_and_serve};
    struct play play = play_of(*state);
    uint64_t start_ms = clock_now_ms();
    struct record record = perform_well(&play, scripts, 2);
    assert_true(clock_now_ms() - start_ms < 7000);
    assert_int_equal(record.n_events[JOB_LOST], 1);
    partial_release(&record.sum);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_partial_sent_twice_counts_once),
        cmocka_unit_test(what_was_sent_before_a_worker_vanished_counts_once),
        cmocka_unit_test(the_shard_of_a_worker_that_vanished_is_leased_again),
        cmocka_unit_test(a_late_partial_that_is_the_first_is_accepted),
        cmocka_unit_test(a_late_partial_that_is_the_second_is_dropped),
        cmocka_unit_test(a_lease_that_its_worker_does_not_have_is_given_out_again),
        cmocka_unit_test(a_worker_keeps_its_leases_on_a_new_connection),
        cmocka_unit_test(what_is_told_is_what_was_recorded),
        cmocka_unit_test(what_a_lost_worker_held_is_told_as_lost),
        cmocka_unit_test(the_lease_of_a_worker_that_takes_its_leave_is_free_at_once),
    };
    return cmocka_run_group_tests(tests, make_world, end_world);
}
