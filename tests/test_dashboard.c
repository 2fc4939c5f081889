/* SPDX-License-Identifier: Apache-2.0 */
/* test_dashboard.c - claims about scheduler/dashboard.h, on runs with a ledger of their own */
#include "scheduler/dashboard.h"

#include <math.h>

#include "base/json_patch.h"
#include "scheduler/hold.h"
#include "scheduler/result.h"
#include "tests/support/hand_run.h"
#include "tests/support/sample_placement.h"

struct fixture {
    struct hand_place place;
    struct run *run; /* the scheduler's; NULL: there is none */
    struct dashboard dashboard;
};

static void open_fixture(struct fixture *f)
{
    *f = (struct fixture){.run = NULL};
    hand_place_open(&f->place);
    f->run = hand_launch(&f->place, false);
    hand_inspect(f->run);
}

static void close_fixture(struct fixture *f)
{
    dashboard_release(&f->dashboard);
    run_close(f->run);
    hand_place_close(&f->place);
}

static void stop_scheduler(struct fixture *f)
{
    run_close(f->run);
    f->run = NULL;
}

static const json_t *document(struct fixture *f)
{
    struct error err = {0};
    check_ok(dashboard_update(&f->dashboard, f->place.run_folder, &err), &err);
    return f->dashboard.document;
}

static void check_state(struct fixture *f, const char *state)
{
    assert_string_equal(json_text(document(f), "state"), state);
}

/* As a merge patch needs it. */
static void check_no_null(const json_t *d)
{
    json_t *without = json_deep_copy(d);
    json_drop_nulls(without);
    assert_true(json_equal(without, d));
    json_decref(without);
}

/* ---- what others say of the same moment ---- */

static void check_status(const struct fixture *f, const json_t *d)
{
    struct error err = {0};
    struct look l;
    check_ok(look_open(&l, f->place.run_folder, &err), &err);
    json_t *status = look_status_to_json(&l, look_has_scheduler(l.run), &err);
    json_drop_nulls(status);
    assert_true(json_equal(status, json_object_get(d, "status")));
    json_decref(status);
    look_close(&l);
}

static void check_sequence(const struct fixture *f, const json_t *d)
{
    struct error err = {0};
    uint64_t sequence = 0;
    char *path = file_join(f->place.run_folder, "ledger.db");
    struct ledger *ledger = ledger_open(path, LEDGER_READ, &err);
    check_ok(ledger == NULL ? -1 : 0, &err);
    check_ok(ledger_sequence(ledger, &sequence, &err), &err);
    assert_int_equal(json_integer_value(json_object_get(d, "sequence")), sequence);
    assert_int_equal(dashboard_sequence(&f->dashboard), sequence);
    ledger_close(ledger);
    free(path);
}

static void it_tells_what_status_and_the_ledger_tell_at_every_step(void **state)
{
    (void)state;
    struct fixture f;
    char done[32];
    open_fixture(&f);
    for (size_t i = 0; i < HAND_SHARDS; i++) {
        hand_note(f.run, i, JOB_LEASED, 1000 + (int64_t)i);
        const json_t *d = document(&f);
        check_no_null(d);
        check_status(&f, d);
        check_sequence(&f, d);
        check_at(d, "status shards running", "1");
        hand_bring(f.run, i, i + 1, 2000 + (int64_t)i);
        d = document(&f);
        check_status(&f, d);
        check_sequence(&f, d);
        (void)snprintf(done, sizeof done, "%zu", i + 1);
        check_at(d, "status shards done", done);
        assert_int_equal(json_integer_value(json_at(d, "cutflow muons os 0")),
                         (i + 1) * (i + 2) / 2); /* 1 + 2 + ... */
        assert_int_equal(json_integer_value(json_at(d, "status events")),
                         (i + 1) * HAND_ROWS / HAND_SHARDS);
        assert_true(json_number_value(json_at(d, "bytes done")) ==
                    round(json_number_value(json_at(d, "bytes planned")) * (double)(i + 1) /
                          HAND_SHARDS));
    }
    close_fixture(&f);
}

static void nothing_new_makes_no_other_document(void **state)
{
    (void)state;
    struct fixture f;
    open_fixture(&f);
    hand_compute(f.run, 0);
    stop_scheduler(&f); /* while one works the time goes on */
    json_t *before = json_deep_copy(document(&f));
    json_t *patch = json_patch_between(before, document(&f));
    assert_null(patch);
    json_decref(before);
    close_fixture(&f);
}

/* ---- its states ---- */

static void its_state_is_that_of_run_and_scheduler(void **state)
{
    (void)state;
    struct error err = {0};
    struct fixture f;
    open_fixture(&f);
    check_state(&f, "running");
    check_ok(hold_set(f.place.run_folder, &err), &err);
    check_state(&f, "held");
    check_ok(hold_clear(f.place.run_folder, &err), &err);
    check_state(&f, "running");
    stop_scheduler(&f);
    check_state(&f, "stopped");
    f.run = hand_launch(&f.place, false);
    hand_note(f.run, 0, JOB_LEASED, 1000);
    hand_note(f.run, 0, JOB_REJECTED, 2000);
    for (size_t i = 1; i < HAND_SHARDS; i++) {
        hand_compute(f.run, i);
    }
    stop_scheduler(&f);
    check_state(&f, "incomplete");
    f.run = hand_launch(&f.place, false);
    hand_note(f.run, 0, JOB_RERUN, 3000);
    check_state(&f, "running");
    hand_compute(f.run, 0);
    check_state(&f, "complete"); /* although its scheduler is still there */
    stop_scheduler(&f);
    check_state(&f, "complete");
    close_fixture(&f);
}

/* Page and run may come and go in any order. */
static void without_a_ledger_it_says_so_and_goes_on_when_there_is_one(void **state)
{
    (void)state;
    struct fixture f = {.run = NULL};
    hand_place_open(&f.place);
    check_state(&f, "none");
    assert_int_equal(dashboard_sequence(&f.dashboard), 0);
    check_contains(json_text(document(&f), "says"), "the.run");
    f.run = hand_launch(&f.place, false);
    hand_inspect(f.run);
    hand_compute(f.run, 1);
    check_state(&f, "running");
    check_at(document(&f), "status shards done", "1");
    close_fixture(&f);
}

/* With other parameters the same folder holds another run; its page stays open. */
static void a_run_that_begins_anew_is_seen_by_who_looked_before(void **state)
{
    (void)state;
    static const char other[] = "analysis: dimuon\n"
                                "shards: {target_events: 200}\n"
                                "samples:\n"
                                "  - {name: others, kind: data, files: [muons*.h5]}\n";
    struct fixture f;
    open_fixture(&f);
    hand_note(f.run, 3, JOB_LEASED, 1000);
    hand_note(f.run, 3, JOB_LOST, 2000);
    hand_compute(f.run, 0);
    hand_compute(f.run, 1);
    check_at(document(&f), "status shards done", "2");
    check_at(document(&f), "counts retries", "1");
    stop_scheduler(&f);
    hand_write(f.place.run_file, other);
    f.run = hand_launch(&f.place, true);
    hand_inspect(f.run);
    hand_compute(f.run, 0);
    const json_t *d = document(&f);
    check_at(d, "status samples 0 name", "\"others\"");
    check_at(d, "status shards done", "1");
    check_at(d, "counts retries", "0");
    assert_string_equal(json_text(json_object_get(d, "run"), "id"), f.run->id);
    check_status(&f, d);
    check_sequence(&f, d);
    close_fixture(&f);
}

/* ---- failures ---- */

static void a_rerun_mends_what_failed_and_the_sums_are_those_of_a_clean_run(void **state)
{
    (void)state;
    struct fixture f;
    open_fixture(&f);
    hand_note(f.run, 3, JOB_LEASED, 1000);
    hand_note(f.run, 3, JOB_LOST, 1500);
    hand_note(f.run, 3, JOB_LEASED, 1600);
    hand_note(f.run, 3, JOB_REJECTED, 2000);
    const json_t *d = document(&f);
    check_at(d, "counts", "{\"failed\":1,\"retries\":1}");
    check_at(d, "failures 0 cause", "\"no column Muon_pt\"");
    check_at(d, "failures 0 count", "1");
    check_at(d, "failures 0 jobs 0 shard", "4");
    check_at(d, "failures 0 jobs 0 attempts", "2");
    check_at(d, "status shards failed", "1");
    hand_note(f.run, 3, JOB_RERUN, 3000);
    d = document(&f);
    check_at(d, "failures", "[]");
    check_at(d, "counts", "{\"failed\":0,\"retries\":1}");
    for (size_t i = 0; i < HAND_SHARDS; i++) {
        hand_compute(f.run, i);
    }
    d = document(&f);
    check_at(d, "state", "\"complete\"");
    check_at(d, "cutflow muons os 0", "15");
    close_fixture(&f);
}

static void an_attempt_under_way_is_in_the_tail_oldest_first(void **state)
{
    (void)state;
    struct fixture f;
    open_fixture(&f);
    hand_note(f.run, 2, JOB_LEASED, 5000);
    hand_note(f.run, 0, JOB_LEASED, 4000);
    hand_note(f.run, 4, JOB_LEASED, 6000);
    hand_note(f.run, 0, JOB_LOST, 6500);
    hand_note(f.run, 0, JOB_LEASED, 7000); /* so it is the youngest */
    hand_compute(f.run, 4);
    const json_t *d = document(&f);
    assert_int_equal(json_array_size(json_object_get(d, "tail")), 2);
    check_at(d, "tail 0 shard", "3");
    check_at(d, "tail 0 since_ms", "5000");
    check_at(d, "tail 1 shard", "1");
    check_at(d, "tail 1 attempt", "2");
    stop_scheduler(&f);
    check_at(document(&f), "tail", "[]"); /* nobody works on them */
    close_fixture(&f);
}

/* ---- the result's digest ---- */

static void check_sha256(const struct fixture *f, const json_t *d)
{
    struct error err = {0};
    struct look l;
    struct buffer text = {0};
    char sha256[DIGEST_SHA256_HEX];
    check_ok(look_open(&l, f->place.run_folder, &err), &err);
    check_ok(result_text(l.run, &l.merge, &text, sha256, &err), &err);
    assert_string_equal(json_text(json_object_get(d, "run"), "sha256"), sha256);
    buffer_release(&text);
    look_close(&l);
}

/* The file behind a shard is another one: what it gave is void. */
static void drop(struct run *r, size_t shard)
{
    struct error err = {0};
    check_ok(ledger_begin(r->ledger, &err), &err);
    check_ok(ledger_drop_partial(r->ledger, r->shard[shard].id, &err), &err);
    hand_note(r, shard, JOB_DROPPED, 5000);
    check_ok(ledger_commit(r->ledger, &err), &err);
}

static void the_digest_is_there_only_when_all_is_and_is_that_of_the_sums(void **state)
{
    (void)state;
    struct fixture f;
    open_fixture(&f);
    for (size_t i = 0; i < HAND_SHARDS; i++) {
        assert_null(json_at(document(&f), "run sha256"));
        hand_compute(f.run, i);
    }
    check_sha256(&f, document(&f));
    char *first = strdup(json_text(json_object_get(document(&f), "run"), "sha256"));
    check_sha256(&f, document(&f)); /* kept, not found again */
    drop(f.run, 1);
    assert_null(json_at(document(&f), "run sha256"));
    hand_bring(f.run, 1, 7, 6000);
    check_sha256(&f, document(&f));
    assert_string_not_equal(json_text(json_object_get(document(&f), "run"), "sha256"), first);
    free(first);
    close_fixture(&f);
}

/* Nobody looked while it was not complete. */
static void the_digest_of_an_earlier_result_is_not_kept(void **state)
{
    (void)state;
    struct fixture f;
    open_fixture(&f);
    for (size_t i = 0; i < HAND_SHARDS; i++) {
        hand_compute(f.run, i);
    }
    check_sha256(&f, document(&f));
    drop(f.run, 1);
    hand_bring(f.run, 1, 7, 6000);
    check_sha256(&f, document(&f));
    close_fixture(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_tells_what_status_and_the_ledger_tell_at_every_step),
        cmocka_unit_test(nothing_new_makes_no_other_document),
        cmocka_unit_test(its_state_is_that_of_run_and_scheduler),
        cmocka_unit_test(without_a_ledger_it_says_so_and_goes_on_when_there_is_one),
        cmocka_unit_test(a_rerun_mends_what_failed_and_the_sums_are_those_of_a_clean_run),
        cmocka_unit_test(an_attempt_under_way_is_in_the_tail_oldest_first),
        cmocka_unit_test(the_digest_is_there_only_when_all_is_and_is_that_of_the_sums),
        cmocka_unit_test(the_digest_of_an_earlier_result_is_not_kept),
        cmocka_unit_test(a_run_that_begins_anew_is_seen_by_who_looked_before),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
