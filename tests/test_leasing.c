/* SPDX-License-Identifier: Apache-2.0 */
/* test_leasing.c - see scheduler/leasing.h: what a lease says of the objects before some rows. Which job
 * is next is in test_dispatch.c. */
#include "tests/support/fake_run.h"

#include "scheduler/leasing.h"

enum { ROWS = 100000, SHARDS = 2, HALF = ROWS / SHARDS };

struct place {
    struct fake_run fake;
    struct leasing leasing;
};

static void open_place(struct place *p)
{
    static const uint8_t key[DIGEST_KEY_SIZE];
    fake_run_open(&p->fake, &analysis_dimuon);
    p->fake.sample[0] = (struct sample){.name = fake_text("data"), .channels = 3};
    p->fake.dataset.n_samples = 1;
    fake_run_add_file(&p->fake, 0, ROWS, SHARDS, NULL);
    fake_run_reload(&p->fake);
    leasing_init(&p->leasing, &p->fake.run, key);
}

static void close_place(struct place *p)
{
    leasing_release(&p->leasing);
    fake_run_close(&p->fake);
}

/* The lease of a shard if inspection found these starts: before row r there are 2 r objects. */
static struct message_lease describe(struct place *p, size_t shard, size_t n,
                                     const uint64_t *row)
{
    json_t *rows = json_array();
    json_t *objects = json_array();
    for (size_t i = 0; i < n; i++) {
        const json_int_t at = (json_int_t)row[i];
        (void)json_array_append_new(rows, json_integer(at));
        (void)json_array_append_new(objects, json_pack("[I]", 2 * at));
    }
    (void)json_object_set_new(p->fake.run.file[0].inspection, "starts",
                              json_pack("{s:o, s:o}", "rows", rows, "objects", objects));
    struct message_lease lease;
    leasing_describe(&p->leasing, LEASE_SHARD, shard, &lease);
    return lease;
}

static void check_starts(const struct message_lease *lease)
{
    assert_true(lease->n_starts <= MESSAGE_STARTS_MAX);
    for (size_t i = 0; i < lease->n_starts; i++) {
        assert_int_equal(lease->objects[i], 2 * lease->start_row[i]);
        assert_true(i == 0 ? lease->start_row[0] <= lease->first
                           : lease->start_row[i] > lease->start_row[i - 1] &&
                                 lease->start_row[i] < lease->stop);
    }
}

static void the_starts_of_a_shard_are_the_last_before_it_and_those_inside(void **state)
{
    (void)state;
    static const uint64_t rows[] = {0, 10000, 49999, 50001, 99999};
    struct place p = {0};
    open_place(&p);
    struct message_lease lease = describe(&p, 0, ARRAY_LENGTH(rows), rows);
    check_starts(&lease);
    assert_int_equal(lease.n_starts, 3);
    assert_memory_equal(lease.start_row, rows, 3 * sizeof rows[0]);
    lease = describe(&p, 1, ARRAY_LENGTH(rows), rows);
    check_starts(&lease);
    assert_int_equal(lease.n_starts, 3);
    assert_memory_equal(lease.start_row, rows + 2, 3 * sizeof rows[0]);
    lease = describe(&p, 1, 1, (const uint64_t[]){HALF});
    check_starts(&lease);
    assert_int_equal(lease.n_starts, 1);
    assert_int_equal(lease.start_row[0], HALF);
    close_place(&p);
}

static void of_many_starts_some_are_given_evenly(void **state)
{
    (void)state;
    enum { MANY = 1000, APART = ROWS / MANY };
    uint64_t rows[MANY];
    struct place p = {0};
    open_place(&p);
    for (size_t i = 0; i < MANY; i++) {
        rows[i] = i * APART;
    }
    for (size_t shard = 0; shard < SHARDS; shard++) {
        struct message_lease lease = describe(&p, shard, MANY, rows);
        check_starts(&lease);
        assert_int_equal(lease.n_starts, MESSAGE_STARTS_MAX);
        for (size_t i = 1; i < lease.n_starts; i++) {
            assert_in_range(lease.start_row[i] - lease.start_row[i - 1], APART,
                            HALF / (MESSAGE_STARTS_MAX - 1) + APART);
        }
    }
    close_place(&p);
}

static void starts_that_make_no_sense_are_left_out(void **state)
{
    (void)state;
    static const uint64_t late[] = {60000, 70000};
    static const uint64_t falls[] = {0, 20000, 10000, 20000, 30000};
    static const uint64_t beyond[] = {0, 90000, 20000, 30000, 40000};
    struct place p = {0};
    open_place(&p);
    struct message_lease lease = describe(&p, 1, 0, NULL);
    assert_int_equal(lease.n_starts, 0);
    lease = describe(&p, 1, ARRAY_LENGTH(late), late);
    assert_int_equal(lease.n_starts, 0);
    lease = describe(&p, 0, ARRAY_LENGTH(falls), falls);
    check_starts(&lease);
    assert_int_equal(lease.n_starts, 3);
    lease = describe(&p, 0, ARRAY_LENGTH(beyond), beyond);
    check_starts(&lease);
    assert_int_equal(lease.n_starts, 4);
    close_place(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_starts_of_a_shard_are_the_last_before_it_and_those_inside),
        cmocka_unit_test(of_many_starts_some_are_given_evenly),
        cmocka_unit_test(starts_that_make_no_sense_are_left_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
