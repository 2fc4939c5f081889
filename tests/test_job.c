/* SPDX-License-Identifier: Apache-2.0 */
/* test_job.c - the life of a job: every event in every state, and when it is given up. */
#include "tests/support/check.h"

#include "scheduler/job.h"

/* The table once more, by hand: the state after an event; JOB_NONE: it may not happen. */
static enum job_state wanted(enum job_state state, enum job_event event)
{
    static const struct {
        enum job_state state;
        enum job_event event;
        enum job_state next;
    } table[] = {
        {JOB_WAITING, JOB_LEASED, JOB_RUNNING},  {JOB_WAITING, JOB_ACCEPTED, JOB_DONE},
        {JOB_WAITING, JOB_REJECTED, JOB_FAILED}, {JOB_RUNNING, JOB_LEASED, JOB_RUNNING},
        {JOB_RUNNING, JOB_ACCEPTED, JOB_DONE},   {JOB_RUNNING, JOB_LOST, JOB_WAITING},
        {JOB_RUNNING, JOB_BROKE, JOB_WAITING},   {JOB_RUNNING, JOB_REJECTED, JOB_FAILED},
        {JOB_FAILED, JOB_RERUN, JOB_WAITING},    {JOB_FAILED, JOB_ACCEPTED, JOB_DONE},
        {JOB_DONE, JOB_DROPPED, JOB_WAITING},    {JOB_DONE, JOB_CONFLICT, JOB_DONE},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(table); i++) {
        if (table[i].state == state && table[i].event == event) {
            return table[i].next;
        }
    }
    return JOB_NONE;
}

static void check_one(enum job_state state, int event)
{
    struct job job = {.state = state, .epoch = 5, .n_leases = 1};
    struct job before = job;
    enum job_state next = event < JOB_EVENTS ? wanted(state, (enum job_event)event) : JOB_NONE;
    assert_int_equal(job_apply(&job, (enum job_event)event, 9), next != JOB_NONE);
    if (next == JOB_NONE) {
        assert_memory_equal(&job, &before, sizeof job);
    } else {
        assert_int_equal(job.state, next);
    }
}

static void what_the_table_does_not_list_does_not_happen(void **state)
{
    (void)state;
    for (int s = JOB_NONE; s < JOB_STATES; s++) {
        for (int e = 0; e <= JOB_EVENTS; e++) {
            check_one((enum job_state)s, e);
        }
    }
}

/* n times: leased, then this. */
static void try(struct job *job, enum job_event end, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        assert_true(job_apply(job, JOB_LEASED, i + 1));
        assert_true(job_apply(job, end, i + 1));
    }
}

static void it_is_given_up_after_so_many_attempts(void **state)
{
    (void)state;
    static const struct {
        enum job_event end;
        unsigned max;
    } cases[] = {{JOB_BROKE, JOB_BROKEN_MAX}, {JOB_LOST, JOB_LOST_MAX}};
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct job job = {.state = JOB_WAITING};
        try(&job, cases[i].end, cases[i].max - 1);
        assert_int_equal(job.state, JOB_WAITING);
        try(&job, cases[i].end, 1);
        assert_int_equal(job.state, JOB_FAILED);
        assert_false(job_apply(&job, JOB_LEASED, 99));
        assert_int_equal(job.n_leases, cases[i].max);
    }
}

static void a_rerun_starts_the_count_anew(void **state)
{
    (void)state;
    struct job job = {.state = JOB_WAITING};
    try(&job, JOB_BROKE, JOB_BROKEN_MAX);
    assert_true(job_apply(&job, JOB_RERUN, 0));
    assert_int_equal(job.state, JOB_WAITING);
    try(&job, JOB_BROKE, JOB_BROKEN_MAX - 1);
    assert_int_equal(job.state, JOB_WAITING);
    assert_true(job_apply(&job, JOB_LEASED, 50));
    assert_int_equal(job.epoch, 50);
    assert_true(job_apply(&job, JOB_ACCEPTED, 50));
    assert_int_equal(job.state, JOB_DONE);
    assert_int_equal(job.n_leases, 2 * JOB_BROKEN_MAX);
}

/* A worker given up for lost may still finish, before or after another has the lease. */
static void a_late_result_counts_once(void **state)
{
    (void)state;
    struct job job = {.state = JOB_WAITING};
    assert_true(job_apply(&job, JOB_LEASED, 1));
    assert_true(job_apply(&job, JOB_LOST, 1));
    assert_true(job_apply(&job, JOB_LEASED, 2));
    assert_true(job_apply(&job, JOB_ACCEPTED, 1));
    assert_int_equal(job.state, JOB_DONE);
    assert_false(job_apply(&job, JOB_ACCEPTED, 2));
    assert_false(job_apply(&job, JOB_LOST, 2));
    assert_false(job.conflict);
    assert_true(job_apply(&job, JOB_CONFLICT, 2));
    assert_true(job.conflict);
    assert_int_equal(job.state, JOB_DONE);
}

static void every_state_and_event_has_a_name(void **state)
{
    (void)state;
    for (int s = 0; s <= JOB_STATES; s++) {
        assert_non_null(job_state_name((enum job_state)s));
    }
    for (int e = 0; e <= JOB_EVENTS; e++) {
        assert_non_null(job_event_name((enum job_event)e));
    }
    assert_string_equal(job_state_name(JOB_STATES), "?");
    assert_string_equal(job_event_name(JOB_CONFLICT), "conflict");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_the_table_does_not_list_does_not_happen),
        cmocka_unit_test(it_is_given_up_after_so_many_attempts),
        cmocka_unit_test(a_rerun_starts_the_count_anew),
        cmocka_unit_test(a_late_result_counts_once),
        cmocka_unit_test(every_state_and_event_has_a_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
