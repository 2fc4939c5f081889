/* SPDX-License-Identifier: Apache-2.0 */
/* test_plan.c - tests of scheduler/plan.h */
#include "scheduler/plan.h"
#include "tests/support/check.h"

struct plan {
    uint64_t *stop;
    size_t n;
};

static struct plan split(uint64_t rows, uint64_t target, const uint64_t *boundary,
                         size_t n_boundaries)
{
    struct plan plan = {.n = 0};
    struct error err = {0};
    check_ok(plan_split(rows, target, boundary, n_boundaries, &plan.stop, &plan.n, &err), &err);
    return plan;
}

static void a_file_is_split_evenly(void **state)
{
    (void)state;
    static const struct {
        uint64_t rows;
        uint64_t target;
        size_t n;
        uint64_t stop[6]; /* the first of them */
    } cases[] = {
        {0, 50000, 1, {0}},
        {1, 50000, 1, {1}},
        {74999, 50000, 1, {74999}},
        {75000, 50000, 2, {37500, 75000}},
        {100001, 50000, 2, {50001, 100001}},
        {10, 3, 3, {4, 7, 10}},
        {5, 1, 5, {1, 2, 3, 4, 5}},
        {UINT64_MAX, UINT64_MAX, 1, {UINT64_MAX}},
        {UINT64_MAX, UINT64_MAX / 2, 2, {UINT64_MAX / 2 + 1, UINT64_MAX}},
        {3, UINT64_MAX, 1, {3}},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct plan plan = split(cases[i].rows, cases[i].target, NULL, 0);
        assert_int_equal(plan.n, cases[i].n);
        assert_memory_equal(plan.stop, cases[i].stop, plan.n * sizeof *plan.stop);
        free(plan.stop);
    }
}

static void stops_move_to_a_boundary_within_a_quarter(void **state)
{
    (void)state;
    static const struct {
        uint64_t boundary[4];
        size_t n;
        uint64_t stop[3]; /* of 300 rows in shards of 100 */
    } cases[] = {
        {{0}, 0, {100, 200, 300}},
        {{90, 210}, 2, {90, 210, 300}},
        {{75, 225}, 2, {75, 225, 300}},
        {{74, 226}, 2, {100, 200, 300}},
        {{95, 105}, 2, {95, 200, 300}}, /* equally near: the lower */
        {{96, 103, 199, 299}, 4, {103, 199, 300}},
        {{100, 200}, 2, {100, 200, 300}},
        {{290, 300}, 2, {100, 200, 300}}, /* the end stays the end */
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct plan plan = split(300, 100, cases[i].boundary, cases[i].n);
        assert_int_equal(plan.n, 3);
        assert_memory_equal(plan.stop, cases[i].stop, 3 * sizeof *plan.stop);
        free(plan.stop);
    }
}

static uint32_t next_random(uint32_t *state)
{
    *state = *state * 1664525 + 1013904223;
    return *state >> 8;
}

/* Whatever the boundaries, even those that a damaged inspection might give: every row is in
 * exactly one shard, and none is empty. */
static void every_row_is_in_one_shard(void **state)
{
    (void)state;
    uint32_t random = 7;
    for (size_t i = 0; i < 5000; i++) {
        uint64_t boundary[20];
        uint64_t rows = next_random(&random) % 2000;
        uint64_t target = 1 + next_random(&random) % 300;
        size_t n_boundaries = next_random(&random) % 20;
        for (size_t k = 0; k < n_boundaries; k++) {
            boundary[k] = next_random(&random) % 4000;
        }
        struct plan plan = split(rows, target, boundary, n_boundaries);
        uint64_t first = 0;
        for (size_t k = 0; k < plan.n; k++) {
            assert_true(plan.stop[k] > first || rows == 0);
            first = plan.stop[k];
        }
        assert_int_equal(first, rows);
        free(plan.stop);
    }
}

static void too_many_shards_are_refused(void **state)
{
    (void)state;
    uint64_t *stop = NULL;
    size_t n = 0;
    struct error err = {0};
    assert_int_equal(plan_split(1ULL << 40, 1, NULL, 0, &stop, &n, &err), -1);
    assert_int_equal(err.kind, ERROR_INPUT);
    check_contains(err.text, "target_events");
    assert_null(stop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_is_split_evenly),
        cmocka_unit_test(stops_move_to_a_boundary_within_a_quarter),
        cmocka_unit_test(every_row_is_in_one_shard),
        cmocka_unit_test(too_many_shards_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
