/* SPDX-License-Identifier: Apache-2.0 */
/* test_k8s_indexes.c - claims about the sets of indexes of k8s/k8s.h */
#include "tests/support/check.h"

#include "base/clock.h"
#include "k8s/k8s.h"

static const struct {
    const char *text;
    const char *again; /* as it is written */
    uint32_t count;
} good_cases[] = {
    {NULL, "", 0},
    {"", "", 0},
    {"0", "0", 1},
    {"99999", "99999", 1},
    {"1,2", "1,2", 2},
    {"1-3", "1-3", 3},
    {"1,3-5,7", "1,3-5,7", 5},
    {"0-99999", "0-99999", 100000},
    {"1-2", "1,2", 2},     /* not as the Job controller writes it, yet clear */
    {"1,2,3", "1-3", 3},   /* likewise */
    {"1,2-4,5", "1-5", 5}, /* likewise */
};

static void what_a_job_says_is_read_and_written_again(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(good_cases); i++) {
        struct error err = {0};
        struct k8s_indexes set = {0};
        struct buffer text = {0};
        check_ok(k8s_indexes_decode(&set, good_cases[i].text, 100000, &err), &err);
        k8s_indexes_encode(&set, &text);
        assert_string_equal(buffer_string(&text), good_cases[i].again);
        assert_int_equal(k8s_indexes_count(&set), good_cases[i].count);
        buffer_release(&text);
        k8s_indexes_release(&set);
    }
}

static const char *const bad_cases[] = {
    ",",
    "1,",
    ",1",
    "1,,2",
    "1 ,2",
    " 1",
    "1\n",
    "-1",
    "1-",
    "1--2",
    "1-2-3",
    "3-1",
    "1-1",
    "2,1",
    "1,1",
    "1-3,3",
    "1-3,2-5",
    "01",
    "1,02",
    "00",
    "0-01",
    "+1",
    "0x1",
    "1.0",
    "a",
    "100000",
    "0-100000",
    "4294967295",
    "4294967296",
    "4294967297",
    "18446744073709551617",
    "0-18446744073709551617",
    "99999999999999999999999999",
};

static void anything_else_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(bad_cases); i++) {
        struct error err = {0};
        struct k8s_indexes set = {.n_ranges = 77};
        check_that(k8s_indexes_decode(&set, bad_cases[i], 100000, &err) == -1, bad_cases[i]);
        assert_int_equal(err.kind, ERROR_PEER);
        assert_int_equal(set.n_ranges, 77);
    }
    struct error err = {0};
    struct k8s_indexes none = {0};
    assert_int_equal(k8s_indexes_decode(&none, "0", 0, &err), -1);
    check_ok(k8s_indexes_decode(&none, "4294967294", UINT32_MAX, &err), &err);
    k8s_indexes_release(&none);
}

static uint64_t next_random(uint64_t *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    return *seed;
}

/* The text that the Job controller makes of these members, by the words of its documentation. */
static void write_plainly(const bool *member, uint32_t n, struct buffer *out)
{
    for (uint32_t i = 0; i < n;) {
        uint32_t length = 0;
        while (i + length < n && member[i + length]) {
            length++;
        }
        const char *comma = out->size == 0 ? "" : ",";
        if (length >= 3) {
            buffer_printf(out, "%s%u-%u", comma, i, i + length - 1);
        } else if (length == 2) {
            buffer_printf(out, "%s%u,%u", comma, i, i + 1);
        } else if (length == 1) {
            buffer_printf(out, "%s%u", comma, i);
        }
        i += length + 1;
    }
}

static void check_set(const bool *member, uint32_t n, const char *plain)
{
    struct error err = {0};
    struct k8s_indexes set = {0};
    struct buffer again = {0};
    uint32_t count = 0;
    check_ok(k8s_indexes_decode(&set, plain, n, &err), &err);
    for (uint32_t i = 0; i < n; i++) {
        count += member[i] ? 1 : 0;
        check_that(k8s_indexes_has(&set, i) == member[i], plain);
    }
    assert_false(k8s_indexes_has(&set, n));
    assert_int_equal(k8s_indexes_count(&set), count);
    k8s_indexes_encode(&set, &again);
    assert_string_equal(buffer_string(&again), plain);
    buffer_release(&again);
    k8s_indexes_release(&set);
}

static void a_hundred_thousand_random_sets_read_back(void **state)
{
    (void)state;
    enum { MOST = 120 };
    uint64_t seed = 0x9e3779b97f4a7c15;
    struct buffer plain = {0};
    for (int round = 0; round < 100000; round++) {
        bool member[MOST];
        uint32_t n = 1 + (uint32_t)(next_random(&seed) % MOST);
        uint64_t density = 1 + next_random(&seed) % 15; /* of 16 */
        for (uint32_t i = 0; i < n; i++) {
            member[i] = next_random(&seed) % 16 < density;
        }
        buffer_clear(&plain);
        write_plainly(member, n, &plain);
        check_set(member, n, buffer_string(&plain));
    }
    buffer_release(&plain);
}

/* Every second one of 100,000: the longest text there is. Twenty times, for a time that can be
 * measured; sanitizers are allowed ten times as long. */
static void the_worst_case_takes_20_ms(void **state)
{
    (void)state;
    enum { ROUNDS = 20, LIMIT_MS = 20 };
    struct error err = {0};
    struct buffer worst = {0};
    for (unsigned i = 0; i < 100000; i += 2) {
        buffer_printf(&worst, i == 0 ? "%u" : ",%u", i);
    }
    const char *text = buffer_string(&worst);
    uint64_t before = clock_now_ms();
    for (int i = 0; i < ROUNDS; i++) {
        struct k8s_indexes set = {0};
        check_ok(k8s_indexes_decode(&set, text, 100000, &err), &err);
        assert_int_equal(k8s_indexes_count(&set), 50000);
        k8s_indexes_release(&set);
    }
    uint64_t took = clock_now_ms() - before;
    assert_true(took <= (uint64_t)10 * ROUNDS * LIMIT_MS);
#ifdef __OPTIMIZE__
    print_message("50,000 indexes of 100,000 are read in %.2f ms\n", (double)took / ROUNDS);
#endif
    buffer_release(&worst);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_a_job_says_is_read_and_written_again),
        cmocka_unit_test(anything_else_is_refused),
        cmocka_unit_test(a_hundred_thousand_random_sets_read_back),
        cmocka_unit_test(the_worst_case_takes_20_ms),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
