/* SPDX-License-Identifier: Apache-2.0 */
/* test_fleet.c - how many Jobs, indexes and pods a run gets; see scheduler/fleet.h */
#include "tests/support/check.h"

#include "scheduler/fleet.h"

static struct fleet_need shards(size_t n, uint64_t max_pods)
{
    return (struct fleet_need){.n_shards = n, .is_planned = true, .max_pods = max_pods};
}

static void a_job_bundles_shards_within_bounds(void **state)
{
    (void)state;
    static const struct {
        size_t n_shards;
        uint64_t max_pods;
        uint64_t said; /* shards_per_index */
        uint64_t share;
        uint32_t n_indexes;
        uint32_t parallelism;
    } cases[] = {
        {25000, 100, 0, 64, 391, 100},
        {25000, 1000, 0, 25, 1000, 1000},
        {1008, 100, 0, 11, 92, 92},
        {37, 100, 0, 8, 5, 5},
        {1, 100, 0, 1, 1, 1},
        {3, 100, 0, 3, 1, 1},
        {1000000, 100, 0, 64, 5000, 100},
        {25000, 2000, 1, 1, 5000, 2000},
        {25000, 2000, 7, 7, 3572, 2000},
        {10, 1, 0, 10, 1, 1},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct fleet_need need = shards(cases[i].n_shards, cases[i].max_pods);
        struct fleet_job next;
        need.shards_per_index = cases[i].said;
        assert_true(fleet_next(NULL, 0, &need, &next));
        assert_int_equal(next.n_indexes, cases[i].n_indexes);
        assert_int_equal(next.shards_per_index, cases[i].share);
        assert_int_equal(next.parallelism, cases[i].parallelism);
    }
}

static void nothing_to_do_needs_no_job(void **state)
{
    (void)state;
    struct fleet_need need = shards(0, 100);
    struct fleet_job next;
    assert_false(fleet_next(NULL, 0, &need, &next));
}

static void files_are_inspected_by_as_many_pods_as_may_be(void **state)
{
    (void)state;
    struct fleet_need need = {.n_files = 57, .max_pods = 40};
    struct fleet_job next;
    assert_true(fleet_next(NULL, 0, &need, &next));
    assert_int_equal(next.n_indexes, 40);
    assert_int_equal(next.parallelism, 40);
    assert_int_equal(next.shards_per_index, FLEET_SHARDS_MOST);
    assert_false(fleet_next(&next, 1, &need, &next)); /* one Job is enough for that */
}

static void slots_that_failed_leave_shards_for_a_further_job(void **state)
{
    (void)state;
    struct fleet_job job[2] = {
        {.n_indexes = 10, .parallelism = 10, .shards_per_index = 10, .n_completed = 8}};
    struct fleet_need need = shards(20, 10);
    assert_false(fleet_next(job, 1, &need, &job[1])); /* two slots of ten are left */
    job[0].n_failed = 1;
    assert_true(fleet_next(job, 1, &need, &job[1]));
    assert_int_equal(job[1].n_indexes * job[1].shards_per_index, 10);
    job[0].is_over = true;
    assert_true(fleet_next(job, 1, &need, &job[1]));
    assert_true(job[1].n_indexes * job[1].shards_per_index >= 20);
}

static void a_suspended_job_is_waited_for(void **state)
{
    (void)state;
    struct fleet_job job = {
        .n_indexes = 10, .shards_per_index = 10, .parallelism = 10, .is_suspended = true};
    struct fleet_need need = shards(100, 10);
    struct fleet_job next;
    assert_false(fleet_next(&job, 1, &need, &next));
}

static void a_queue_gets_one_job_at_a_time(void **state)
{
    (void)state;
    struct fleet_job job = {.n_indexes = 10, .shards_per_index = 1, .parallelism = 10};
    struct fleet_need need = shards(1000, 10);
    struct fleet_job next;
    need.one_at_a_time = true;
    assert_false(fleet_next(&job, 1, &need, &next));
    job.is_over = true;
    assert_true(fleet_next(&job, 1, &need, &next));
}

static void all_jobs_together_stay_within_max_pods(void **state)
{
    (void)state;
    struct fleet_job job[3] = {{.n_indexes = 50, .shards_per_index = 1, .n_completed = 20},
                               {.n_indexes = 50, .shards_per_index = 1},
                               {.n_indexes = 50, .shards_per_index = 1}};
    struct fleet_need need = shards(1000, 60);
    assert_int_equal(fleet_parallelism(job, 3, 0, &need), 50);
    assert_int_equal(fleet_parallelism(job, 3, 1, &need), 30); /* 30 of the first still live */
    assert_int_equal(fleet_parallelism(job, 3, 2, &need), 0);
    job[0].is_over = true;
    assert_int_equal(fleet_parallelism(job, 3, 1, &need), 50);
    assert_int_equal(fleet_parallelism(job, 3, 2, &need), 10);
}

/* A node that is gone keeps its pods' indexes for ever. */
static void stuck_slots_are_replaced(void **state)
{
    (void)state;
    struct fleet_job job = {.n_indexes = 2, .shards_per_index = 100, .parallelism = 2};
    struct fleet_need need = shards(150, 2);
    struct fleet_job next;
    assert_false(fleet_next(&job, 1, &need, &next));
    job.n_stuck = 1;
    assert_true(fleet_next(&job, 1, &need, &next));
    assert_int_equal(next.parallelism, 1);
    job.n_stuck = 2;
    assert_true(fleet_next(&job, 1, &need, &next));
    assert_int_equal(next.parallelism, 2);
}

/* So many slots end: each after its share, or half way, as a generator has it. */
static void end_slots(struct fleet_job *job, uint64_t n, struct fleet_need *need,
                      uint64_t *random)
{
    for (uint64_t i = 0; i < n; i++) {
        *random = *random * 6364136223846793005u + 1442695040888963407u;
        bool fails = (*random >> 40) % 4 == 0;
        size_t share = size_min(need->n_shards, (size_t)job->shards_per_index);
        need->n_shards -= fails ? share / 2 : share;
        job->n_failed += fails;
        job->n_completed += !fails;
    }
}

/* The cluster of one seed, until all shards are done: it never stands still, nor has too many pods. */
static void run_cluster(uint64_t seed)
{
    struct fleet_job job[400] = {{.number = 0}};
    uint64_t running[ARRAY_LENGTH(job)] = {0};
    uint64_t random = seed;
    size_t n = 0;
    struct fleet_need need = shards(1 + (size_t)(seed * 131 % 5000), 1 + seed % 90);
    for (size_t turns = 0; need.n_shards > 0; turns++) {
        uint64_t pods = 0;
        assert_true(turns < 100000 && n + 1 < ARRAY_LENGTH(job));
        n += fleet_next(job, n, &need, &job[n]);
        for (size_t i = 0; i < n; i++) {
            running[i] = size_min(fleet_parallelism(job, n, i, &need), fleet_live(&job[i]));
            pods += running[i];
        }
        assert_in_range(pods, 1, need.max_pods);
        for (size_t i = 0; i < n; i++) {
            end_slots(&job[i], running[i], &need, &random);
        }
    }
}

static void a_run_ends_whatever_fails(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 200; seed++) {
        run_cluster(seed);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_job_bundles_shards_within_bounds),
        cmocka_unit_test(nothing_to_do_needs_no_job),
        cmocka_unit_test(files_are_inspected_by_as_many_pods_as_may_be),
        cmocka_unit_test(slots_that_failed_leave_shards_for_a_further_job),
        cmocka_unit_test(a_suspended_job_is_waited_for),
        cmocka_unit_test(a_queue_gets_one_job_at_a_time),
        cmocka_unit_test(all_jobs_together_stay_within_max_pods),
        cmocka_unit_test(stuck_slots_are_replaced),
        cmocka_unit_test(a_run_ends_whatever_fails),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
