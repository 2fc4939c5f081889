/* SPDX-License-Identifier: Apache-2.0 */
/* test_failure.c - failures grouped by cause, with the last reason of each. */
#include "tests/support/check.h"

#include "scheduler/failure.h"
#include "tests/support/fake_run.h"

static void a_cause_has_no_file_and_no_numbers(void **state)
{
    (void)state;
    static const struct {
        const char *reason;
        const char *cause;
    } cases[] = {
        {"/data/mu 1.h5: no column Muon_pt", "...: no column Muon_pt"},
        {"shard 17: mu 1.h5: rows 0-500: chunk 3 is damaged",
         "shard N: ...: rows N-N: chunk N is damaged"},
        {"Muon_pfRelIso04_all has 12 values, not 13",
         "Muon_pfRelIso04_all has N values, not N"},
        {"signal 11", "signal N"},
        {"", ""},
        {"the disk is full", "the disk is full"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        char *cause = failure_cause(cases[i].reason, "/data/mu 1.h5");
        assert_string_equal(cause, cases[i].cause);
        free(cause);
    }
    char *cause = failure_cause("a/b: /: x", "/");
    assert_non_null(cause);
    free(cause);
}

static void add_event(struct fake_run *f, enum lease_kind kind, size_t index,
                      enum job_event what, const char *detail)
{
    struct error err = {.kind = ERROR_NONE};
    struct ledger_event event = {.kind = kind,
                                 .subject = kind == LEASE_SHARD ? f->run.shard[index].id
                                                                : f->run.file[index].id,
                                 .what = what,
                                 .error = what == JOB_REJECTED ? ERROR_INPUT : ERROR_SYSTEM,
                                 .signal = what == JOB_BROKE ? 11 : 0,
                                 .worker = "worker",
                                 .detail = detail,
                                 .log = what == JOB_BROKE ? "a log\n" : ""};
    check_ok(ledger_add_event(f->run.ledger, &event, &err), &err);
}

static void fail_shard(struct fake_run *f, size_t index, const char *detail)
{
    add_event(f, LEASE_SHARD, index, JOB_LEASED, "");
    add_event(f, LEASE_SHARD, index, JOB_REJECTED, detail);
}

/* Three shards of one cause, one of another, one that broke its worker, a file, a conflict; and
 * one that was mended. */
static void let_fail(struct fake_run *f)
{
    fail_shard(f, 1, "rows 10-20: chunk 1 is damaged");
    fail_shard(f, 2, "rows 20-30: chunk 2 is damaged");
    fail_shard(f, 3, "an infinite mass");
    fail_shard(f, 4, "rows 40-50: chunk 4 is damaged");
    for (int i = 0; i < JOB_BROKEN_MAX; i++) { /* the last reason counts */
        add_event(f, LEASE_SHARD, 5, JOB_LEASED, "");
        add_event(f, LEASE_SHARD, 5, JOB_BROKE, i < 2 ? "an earlier one" : "signal 11");
    }
    fail_shard(f, 6, "mended since");
    add_event(f, LEASE_SHARD, 6, JOB_RERUN, "asked for again");
    add_event(f, LEASE_INSPECT, 1, JOB_LEASED, "");
    add_event(f, LEASE_INSPECT, 1, JOB_REJECTED, "no HDF5 file");
    add_event(f, LEASE_SHARD, 7, JOB_LEASED, "");
    add_event(f, LEASE_SHARD, 7, JOB_ACCEPTED, "");
    add_event(f, LEASE_SHARD, 7, JOB_CONFLICT, "digests differ");
    fake_run_reload(f);
}

/* Of each failure the last reason. */
static void check_reason(const struct fake_run *f, const struct failure *one)
{
    assert_true(strcmp(one->reason, "an earlier one") != 0 &&
                strcmp(one->reason, "mended since") != 0);
    if (strcmp(one->reason, "signal 11") == 0) {
        assert_int_equal(one->signal, 11);
        assert_int_equal(one->n_tries, JOB_BROKEN_MAX);
        assert_string_equal(one->log, "a log\n");
    }
    if (one->what == LEASE_INSPECT) {
        assert_string_equal(one->reason, "no HDF5 file");
        assert_ptr_equal(failure_file(&f->run, one), &f->run.file[1]);
    }
}

static void failures_of_one_cause_stand_together(void **state)
{
    (void)state;
    struct error err = {.kind = ERROR_NONE};
    struct fake_run f;
    struct failures found;
    fake_run_open(&f, &analysis_dimuon);
    f.sample[0] = (struct sample){.name = fake_text("data"), .channels = 3};
    f.dataset.n_samples = 1;
    fake_run_add_file(&f, 0, 100, 10, NULL);
    fake_run_add_file(&f, 0, 100, 0, NULL);
    fake_run_reload(&f);
    check_ok(failures_find(&found, &f.run, &err), &err);
    assert_int_equal(found.n + found.n_groups, 0);
    failures_release(&found);

    let_fail(&f);
    check_ok(failures_find(&found, &f.run, &err), &err);
    assert_int_equal(found.n, 7);
    assert_int_equal(found.n_groups, 5);
    const struct failure_group *largest = &found.group[0];
    assert_int_equal(largest->stop - largest->first, 3);
    static const size_t indexes[] = {1, 2, 4};
    for (size_t i = 0; i < 3; i++) {
        const struct failure *one = &found.failure[largest->first + i];
        assert_int_equal(one->index, indexes[i]);
        assert_string_equal(one->cause, "rows N-N: chunk N is damaged");
        assert_int_equal(one->kind, ERROR_INPUT);
        assert_ptr_equal(failure_file(&f.run, one), &f.run.file[0]);
    }
    size_t n_conflicts = 0;
    for (size_t g = 0; g < found.n_groups; g++) {
        const struct failure *one = &found.failure[found.group[g].first];
        n_conflicts += one->conflict;
        assert_true(!one->conflict || g + 1 == found.n_groups); /* behind all failures */
        check_reason(&f, one);
    }
    assert_int_equal(n_conflicts, 1);
    failures_release(&found);
    fake_run_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_cause_has_no_file_and_no_numbers),
        cmocka_unit_test(failures_of_one_cause_stand_together),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
