/* SPDX-License-Identifier: Apache-2.0 */
/* test_history.c - claims about scheduler/history.h, on ledgers whose events have times of our own */
#include "scheduler/history.h"

#include "tests/support/fake_run.h"

enum { ROWS = 400, SHARDS = 4, EACH = ROWS / SHARDS };

static const uint64_t first_session = 1ULL << 32;
static const uint64_t second_session = 2ULL << 32;

/* One sample of one file in SHARDS even shards; its inspection is an event at 1 ms. */
static void open_run(struct fake_run *f)
{
    fake_run_open(f, &analysis_dimuon);
    f->sample[0] =
        (struct sample){.name = fake_text("data"), .era = 2012, .channels = 3, .scale = 1};
    f->dataset.n_samples = 1;
    fake_run_add_file(f, 0, ROWS, SHARDS, NULL);
    fake_run_reload(f);
}

static void note(struct fake_run *f, size_t shard, enum job_event what, int64_t time_ms,
                 uint64_t epoch)
{
    struct error err = {0};
    struct ledger_event event = {.kind = LEASE_SHARD,
                                 .subject = f->run.shard[shard].id,
                                 .what = what,
                                 .time_ms = time_ms,
                                 .epoch = epoch,
                                 .worker = "worker"};
    check_ok(ledger_add_event(f->run.ledger, &event, &err), &err);
    check_ok(run_refresh(&f->run, &err), &err);
}

static void update(struct history *h, const struct fake_run *f)
{
    struct error err = {0};
    check_ok(history_update(h, &f->run, &err), &err);
}

static void an_attempt_that_ended_badly_is_a_retry_and_its_events_count_once(void **state)
{
    (void)state;
    struct fake_run f;
    struct history h = {.seen = 0};
    open_run(&f);
    note(&f, 0, JOB_LEASED, 10000, first_session + 1);
    note(&f, 0, JOB_LOST, 12000, first_session + 1);
    note(&f, 0, JOB_LEASED, 13000, first_session + 2);
    note(&f, 0, JOB_BROKE, 14000, first_session + 2);
    note(&f, 0, JOB_LEASED, 15000, first_session + 3);
    note(&f, 1, JOB_LEASED, 15500, first_session + 4);
    note(&f, 0, JOB_ACCEPTED, 16000, first_session + 3);
    note(&f, 1, JOB_REJECTED, 17000, first_session + 4);
    update(&h, &f);
    assert_int_equal(h.n_retries, 2);
    assert_int_equal(h.n_bad, 3); /* a rejected one is not tried again */
    assert_int_equal(h.n_events, EACH);
    assert_int_equal(h.leased_ms[0], 15000); /* the latest */
    assert_int_equal(h.leased_ms[1], 15500);
    assert_int_equal(h.leased_ms[2], 0);
    assert_int_equal(h.first_ms, 1); /* the file's inspection */
    assert_int_equal(h.last_ms, 17000);
    history_release(&h);
    fake_run_close(&f);
}

/* The same whether the events are read in one go or one by one, and read again changes nothing. */
static void reading_piece_by_piece_gives_the_same(void **state)
{
    (void)state;
    struct fake_run f;
    struct history by_piece = {.seen = 0};
    struct history at_once = {.seen = 0};
    open_run(&f);
    for (size_t i = 0; i < SHARDS; i++) {
        int64_t at_ms = 20000 + (int64_t)i * 1000;
        note(&f, i, JOB_LEASED, at_ms, first_session + i + 1);
        update(&by_piece, &f);
        note(&f, i, JOB_ACCEPTED, at_ms + 500, first_session + i + 1);
        update(&by_piece, &f);
        update(&by_piece, &f);
    }
    update(&at_once, &f);
    assert_int_equal(by_piece.n_events, ROWS);
    assert_int_equal(by_piece.seen, f.run.seen);
    assert_int_equal(at_once.seen, by_piece.seen);
    assert_int_equal(at_once.n_events, by_piece.n_events);
    assert_int_equal(at_once.last_ms, by_piece.last_ms);
    assert_memory_equal(at_once.second, by_piece.second, sizeof at_once.second);
    assert_memory_equal(at_once.leased_ms, by_piece.leased_ms,
                        SHARDS * sizeof *at_once.leased_ms);
    history_release(&by_piece);
    history_release(&at_once);
    fake_run_close(&f);
}

/* What the run has not folded yet is not told: both tell of one moment. */
static void it_is_never_ahead_of_the_run(void **state)
{
    (void)state;
    struct error err = {0};
    struct fake_run f;
    struct history h = {.seen = 0};
    open_run(&f);
    note(&f, 0, JOB_LEASED, 5000, first_session + 1);
    struct ledger_event later = {.kind = LEASE_SHARD,
                                 .subject = f.run.shard[0].id,
                                 .what = JOB_ACCEPTED,
                                 .time_ms = 6000,
                                 .worker = "worker"};
    check_ok(ledger_add_event(f.run.ledger, &later, &err), &err);
    update(&h, &f);
    assert_int_equal(h.seen, f.run.seen);
    assert_int_equal(h.n_events, 0);
    check_ok(run_refresh(&f.run, &err), &err);
    update(&h, &f);
    assert_int_equal(h.n_events, EACH);
    history_release(&h);
    fake_run_close(&f);
}

/* Between two schedulers nobody worked, however long it was. */
static void time_between_two_schedulers_is_not_worked(void **state)
{
    (void)state;
    struct fake_run f;
    struct history h = {.seen = 0};
    open_run(&f);
    update(&h, &f);
    assert_int_equal(history_worked_ms(&h, 99999), 0); /* nothing was leased */
    note(&f, 0, JOB_LEASED, 10000, first_session + 1);
    note(&f, 0, JOB_ACCEPTED, 14000, first_session + 1);
    update(&h, &f);
    assert_int_equal(history_worked_ms(&h, 14000), 4000);
    assert_int_equal(history_worked_ms(&h, 9000), 0); /* a clock that was set back */
    note(&f, 1, JOB_LEASED, 1000000, second_session + 1);
    note(&f, 1, JOB_ACCEPTED, 1003000, second_session + 1);
    update(&h, &f);
    assert_int_equal(h.session_ms, 1000000);
    assert_int_equal(history_worked_ms(&h, 1003000), 4000 + 3000);
    history_release(&h);
    fake_run_close(&f);
}

static void a_rate_is_of_whole_seconds_of_this_session(void **state)
{
    (void)state;
    struct fake_run f;
    struct history h = {.seen = 0};
    int64_t covered_s = 0;
    open_run(&f);
    note(&f, 0, JOB_LEASED, 10000, first_session + 1);
    note(&f, 0, JOB_ACCEPTED, 10200, first_session + 1);
    note(&f, 1, JOB_ACCEPTED, 12900, first_session + 2);
    note(&f, 2, JOB_ACCEPTED, 13100, first_session + 3);
    update(&h, &f);
    struct history_second s = history_recent(&h, 13500, 60, &covered_s);
    assert_int_equal(covered_s, 3); /* 10, 11, 12: the session is no older; 13 is not over */
    assert_int_equal(s.n_shards, 2);
    assert_int_equal(s.n_events, 2 * EACH);
    s = history_recent(&h, 13500, 1, &covered_s);
    assert_int_equal(covered_s, 1);
    assert_int_equal(s.n_shards, 1);
    s = history_recent(&h, 13500 + 1000 * HISTORY_SECONDS, 10, &covered_s);
    assert_int_equal(s.n_shards, 0);                    /* long ago */
    note(&f, 3, JOB_LEASED, 13600, second_session + 1); /* in the same second */
    update(&h, &f);
    s = history_recent(&h, 15000, 60, &covered_s);
    assert_int_equal(covered_s, 2);
    assert_int_equal(s.n_shards, 0); /* those were another's */
    history_release(&h);
    fake_run_close(&f);
}

/* A second of the ring is used again after HISTORY_SECONDS, and holds nothing of before. */
static void a_ring_that_went_round_forgets(void **state)
{
    (void)state;
    struct fake_run f;
    struct history h = {.seen = 0};
    int64_t covered_s = 0;
    open_run(&f);
    note(&f, 0, JOB_LEASED, 10000, first_session + 1);
    note(&f, 0, JOB_ACCEPTED, 10500, first_session + 1);
    note(&f, 1, JOB_ACCEPTED, 10500 + 1000 * HISTORY_SECONDS, first_session + 2);
    update(&h, &f);
    struct history_second s = history_recent(&h, 11000 + 1000 * HISTORY_SECONDS, 2, &covered_s);
    assert_int_equal(s.n_shards, 1);
    assert_int_equal(s.n_events, EACH);
    assert_int_equal(h.n_events, 2 * EACH);
    history_release(&h);
    fake_run_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_attempt_that_ended_badly_is_a_retry_and_its_events_count_once),
        cmocka_unit_test(reading_piece_by_piece_gives_the_same),
        cmocka_unit_test(it_is_never_ahead_of_the_run),
        cmocka_unit_test(time_between_two_schedulers_is_not_worked),
        cmocka_unit_test(a_rate_is_of_whole_seconds_of_this_session),
        cmocka_unit_test(a_ring_that_went_round_forgets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
