/* SPDX-License-Identifier: Apache-2.0 */
/* test_division.c - see worker/division.h */
#include "tests/support/check.h"

#include "worker/division.h"

static struct division divide(uint64_t first, uint64_t stop, size_t n, uint64_t chunk_rows)
{
    struct division d;
    division_make(&d, first, stop, n, 100, chunk_rows);
    return d;
}

static void check_division(uint64_t rows, size_t n, uint64_t chunk_rows)
{
    struct division d = divide(1000, 1000 + rows, n, chunk_rows);
    assert_int_equal(d.n, rows < 200 ? 1 : rows / 100 < n ? rows / 100 : n);
    assert_int_equal(d.bound[0], 1000);
    assert_int_equal(d.bound[d.n], 1000 + rows);
    for (size_t i = 0; i < d.n; i++) {
        uint64_t own = d.bound[i + 1] - d.bound[i];
        assert_in_range(own, rows / d.n / 2, rows / d.n * 3 / 2 + 2);
    }
}

static void stretches_cover_all_rows_and_differ_little(void **state)
{
    (void)state;
    static const uint64_t chunks[] = {1, 64, 100, 250, 1000, 100000, UINT64_MAX / 2};
    for (size_t n = 1; n <= 70; n += 3) {
        for (uint64_t i = 0; i < 243 * ARRAY_LENGTH(chunks); i++) {
            check_division(i / ARRAY_LENGTH(chunks) * 37, n, chunks[i % ARRAY_LENGTH(chunks)]);
        }
    }
}

static void check_bounds(const struct division *d, const uint64_t *bound, size_t n)
{
    assert_int_equal(d->n, n);
    assert_memory_equal(d->bound, bound, (n + 1) * sizeof *bound);
}

static void chunks_stay_whole_where_that_costs_little(void **state)
{
    (void)state;
    struct division d = divide(0, 4000, 2, 1000);
    check_bounds(&d, (uint64_t[]){0, 2000, 4000}, 2);
    d = divide(0, 3800, 2, 1000);
    check_bounds(&d, (uint64_t[]){0, 2000, 3800}, 2);
    d = divide(0, 3000, 2, 1000); /* rather decoded twice than a thread without work */
    check_bounds(&d, (uint64_t[]){0, 1500, 3000}, 2);
    d = divide(7, 7, 8, 1);
    check_bounds(&d, (uint64_t[]){7, 7}, 1);
    d = divide(UINT64_MAX - 1000, UINT64_MAX, 2, 1);
    check_bounds(&d, (uint64_t[]){UINT64_MAX - 1000, UINT64_MAX - 500, UINT64_MAX}, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stretches_cover_all_rows_and_differ_little),
        cmocka_unit_test(chunks_stay_whole_where_that_costs_little),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
