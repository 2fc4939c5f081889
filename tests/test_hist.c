/* SPDX-License-Identifier: Apache-2.0 */
/* test_hist.c - every value is counted once, exactly, whatever it is. */
#include "analysis/hist.h"

#include <float.h>
#include <math.h>

#include "tests/support/check.h"

static void make(struct hist *h, size_t n_bins, double lower, double upper, bool weighted)
{
    struct error err = {0};
    struct axis axis;
    check_ok(axis_init_regular(&axis, n_bins, lower, upper, &err), &err);
    check_ok(hist_init(h, &axis, weighted, &err), &err);
    axis_release(&axis);
}

static void every_number_lands_in_exactly_one_bin(void **state)
{
    (void)state;
    static const struct {
        double x;
        size_t bin; /* 12: no number */
    } cases[] = {
        /* 10 bins over [0, 10) */
        {-0.1, 0},
        {0.0, 1},
        {-0.0, 1},
        {9.999, 10},
        {10.0, 11},
        {INFINITY, 11},
        {-INFINITY, 0},
        {NAN, 12},
        {-NAN, 12},
        {DBL_TRUE_MIN, 1},
        {-DBL_TRUE_MIN, 0},
        {1e308, 11},
        {-1e308, 0},
        {DBL_MIN, 1},
        {4.999999999999999, 5},
        {5, 6},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct hist h;
        make(&h, 10, 0, 10, false);
        hist_fill(&h, cases[i].x, NAN); /* unweighted: the weight is not looked at */
        for (size_t bin = 0; bin < 12; bin++) {
            assert_int_equal(h.count[bin], bin == cases[i].bin);
        }
        assert_int_equal(h.nan, cases[i].bin == 12);
        assert_int_equal(hist_entries(&h), 1);
        hist_release(&h);
    }
}

/* E4: in range + under + over + nan = N, and no bin becomes NaN. */
static void in_range_under_over_and_nan_add_up_to_all(void **state)
{
    (void)state;
    static const double odd[] = {NAN,  INFINITY, -INFINITY, DBL_TRUE_MIN, -DBL_TRUE_MIN,
                                 -0.0, 1e308,    -1e308,    0.5,          7};
    static const double weight[] = {1e308, -1e308, DBL_TRUE_MIN, -0.0, 1, -1, 1e-308};
    enum { N = 70000 };
    struct hist h;
    make(&h, 8, 0, 1, true);
    for (size_t i = 0; i < N; i++) {
        hist_fill(&h, odd[i % ARRAY_LENGTH(odd)], weight[i % ARRAY_LENGTH(weight)]);
    }
    assert_int_equal(hist_entries(&h), N);
    assert_int_equal(h.nan, N / 10);
    assert_int_equal(h.count[0], 3 * N / 10);
    assert_int_equal(h.count[9], 3 * N / 10);
    assert_int_equal(h.count[1], 2 * N / 10);
    assert_int_equal(h.count[5], N / 10);
    for (size_t i = 0; i < 11; i++) {
        assert_true(!isnan(exact_round(&h.sums[i].w)));
        assert_true(!isnan(exact_round(&h.sums[i].w2)));
    }
    /* 7 and 10 have no common divisor: each value met each weight 1000 times. */
    assert_true(exact_round(&h.sums[5].w) == 1000 * (DBL_TRUE_MIN + 1e-308));
    hist_release(&h);
}

/* H2: 2^24 + 1 entries one by one, where bins of floats stand still; then by doubling. */
static void counts_are_exact_beyond_what_a_float_holds(void **state)
{
    (void)state;
    struct hist h;
    struct error err = {0};
    make(&h, 2, 0, 2, false);
    for (int i = 0; i < (1 << 24) + 1; i++) {
        hist_fill(&h, 1.5, 1);
    }
    assert_int_equal(h.count[2], (1 << 24) + 1);
    for (int i = 0; i < 38; i++) {
        check_ok(hist_add(&h, &h, &err), &err);
    }
    assert_int_equal(h.count[2], ((UINT64_C(1) << 24) + 1) << 38);
    assert_int_equal(hist_entries(&h), ((UINT64_C(1) << 24) + 1) << 38);
    hist_release(&h);
}

static void near_2_to_the_63_adding_fails_and_changes_nothing(void **state)
{
    (void)state;
    static const struct {
        uint64_t a[3]; /* a bin, another one, nan */
        uint64_t b[3];
        bool fits;
    } cases[] = {
        {{INT64_MAX, 0, 0}, {0, 0, 0}, true},
        {{INT64_MAX - 1, 0, 0}, {1, 0, 0}, true},
        {{INT64_MAX, 0, 0}, {1, 0, 0}, false},
        {{INT64_MAX, 0, 0}, {0, 1, 0}, false}, /* the entries are a count as well */
        {{0, 0, INT64_MAX}, {0, 0, 1}, false},
        {{0, INT64_MAX, 0}, {INT64_MAX, 0, 0}, false},
        {{INT64_MAX / 3, INT64_MAX / 3, 0}, {0, 0, INT64_MAX / 3}, true},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct hist a;
        struct hist b;
        struct error err = {0};
        make(&a, 1, 0, 1, false);
        make(&b, 1, 0, 1, false);
        for (size_t k = 0; k < 2; k++) {
            a.count[k] = cases[i].a[k];
            b.count[k] = cases[i].b[k];
        }
        a.nan = cases[i].a[2];
        b.nan = cases[i].b[2];
        assert_int_equal(hist_add(&a, &b, &err), cases[i].fits ? 0 : -1);
        assert_int_equal(err.kind, cases[i].fits ? ERROR_NONE : ERROR_PEER);
        for (size_t k = 0; k < 2; k++) {
            assert_int_equal(a.count[k], cases[i].a[k] + (cases[i].fits ? cases[i].b[k] : 0));
        }
        assert_int_equal(a.nan, cases[i].a[2] + (cases[i].fits ? cases[i].b[2] : 0));
        hist_release(&a);
        hist_release(&b);
    }
}

static void sums_of_weights_are_those_of_each_bin(void **state)
{
    (void)state;
    struct hist h;
    make(&h, 3, 0, 3, true);
    static const struct {
        double x;
        double w;
    } fills[] = {{0.5, 2},  {0.5, -3},  {1, 0.5}, {2.5, 1e300}, {2.5, -1e300}, {2.5, 0.25},
                 {-1, 0.1}, {3, -0.75}, {NAN, 4}, {NAN, 8},     {1, 0}};
    static const double sum[] = {0.1, -1, 0.5, 0.25, -0.75, 12};
    static const double squares[] = {0.1 * 0.1, 13, 0.25, INFINITY, 0.5625, 80};
    for (size_t i = 0; i < ARRAY_LENGTH(fills); i++) {
        hist_fill(&h, fills[i].x, fills[i].w);
    }
    for (size_t i = 0; i < 6; i++) {
        assert_true(exact_round(&h.sums[i].w) == sum[i]);
        assert_true(exact_round(&h.sums[i].w2) == squares[i]);
    }
    hist_release(&h);
}

/* A weighted or unweighted one with something in most places, from a seed. */
static void make_filled(struct hist *h, bool weighted, unsigned seed)
{
    make(h, 20, -1, 1, weighted);
    for (unsigned i = 0; i < 60; i++) {
        double x = sin(seed + 1.7 * i) * 1.2;
        hist_fill(h, i % 13 == seed % 13 ? (double)NAN : x, cos(seed + 2.3 * i) * 1e3);
    }
}

static void adding_is_filling_with_both(void **state)
{
    (void)state;
    for (int weighted = 0; weighted < 2; weighted++) {
        struct hist a;
        struct hist b;
        struct hist both;
        struct error err = {0};
        make_filled(&a, weighted != 0, 1);
        make_filled(&both, weighted != 0, 1);
        make_filled(&b, weighted != 0, 2);
        assert_true(hist_equal(&a, &both));
        assert_false(hist_equal(&a, &b));
        for (unsigned i = 0; i < 60; i++) {
            double x = sin(2 + 1.7 * i) * 1.2;
            hist_fill(&both, i % 13 == 2 ? (double)NAN : x, cos(2 + 2.3 * i) * 1e3);
        }
        check_ok(hist_add(&a, &b, &err), &err);
        assert_true(hist_equal(&a, &both));
        assert_int_equal(hist_entries(&a), 120);
        hist_release(&a);
        hist_release(&b);
        hist_release(&both);
    }
}

static void one_different_sum_makes_them_unequal(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct hist a;
        struct hist b;
        make(&a, 2, 0, 2, true);
        make(&b, 2, 0, 2, true);
        hist_fill(&a, i == 0 ? 1 : (double)NAN, 1);
        hist_fill(&b, i == 0 ? 1 : (double)NAN, 1 + DBL_EPSILON);
        assert_false(hist_equal(&a, &b));
        hist_release(&a);
        hist_release(&b);
    }
}

static void unlike_ones_are_not_added(void **state)
{
    (void)state;
    struct hist h[4];
    make(&h[0], 10, 0, 1, false);
    make(&h[1], 11, 0, 1, false);
    make(&h[2], 10, 0, nextafter(1, 2), false);
    make(&h[3], 10, 0, 1, true);
    for (size_t i = 0; i < 4; i++) {
        for (size_t j = 0; j < 4; j++) {
            struct error err = {0};
            assert_int_equal(hist_add(&h[i], &h[j], &err), i == j ? 0 : -1);
            assert_int_equal(err.kind, i == j ? ERROR_NONE : ERROR_PEER);
            assert_int_equal(hist_equal(&h[i], &h[j]), i == j);
        }
    }
    for (size_t i = 0; i < 4; i++) {
        hist_release(&h[i]);
    }
}

/* Either refused, and empty, or taken in the one form of its value. */
static void check_decode(const uint8_t *data, size_t size)
{
    struct error err = {0};
    struct hist h;
    struct bytes in = bytes_of(data, size);
    if (hist_decode(&h, &in, &err) != 0) {
        assert_int_equal(err.kind, ERROR_PEER);
        assert_null(h.count);
        return;
    }
    struct buffer again = {0};
    hist_encode(&h, &again);
    assert_int_equal(again.size, size - in.left);
    assert_memory_equal(again.data, data, again.size);
    assert_true(hist_entries(&h) <= INT64_MAX);
    buffer_release(&again);
    hist_release(&h);
}

static void bytes_come_back_and_no_damage_is_taken_for_another_form(void **state)
{
    (void)state;
    for (int weighted = 0; weighted < 2; weighted++) {
        struct hist h;
        struct hist back;
        struct buffer out = {0};
        struct error err = {0};
        make_filled(&h, weighted != 0, 5);
        hist_encode(&h, &out);
        struct bytes in = bytes_of(out.data, out.size);
        check_ok(hist_decode(&back, &in, &err), &err);
        assert_int_equal(in.left, 0);
        assert_true(hist_equal(&h, &back));
        hist_release(&back);
        for (size_t size = 0; size < out.size; size++) {
            in = bytes_of(out.data, size);
            assert_int_equal(hist_decode(&back, &in, &err), -1);
        }
        for (size_t bit = 0; bit < 8 * out.size; bit++) {
            out.data[bit / 8] ^= (uint8_t)(1U << bit % 8);
            check_decode(out.data, out.size);
            out.data[bit / 8] ^= (uint8_t)(1U << bit % 8);
        }
        buffer_release(&out);
        hist_release(&h);
    }
}

/* Bin and count of up to two bins, on an axis of three, and the values that are no number. */
static void hostile_counts_are_refused(void **state)
{
    (void)state;
    static const struct {
        uint64_t nan;
        uint64_t count[2];
        uint32_t bin[2];
        uint32_t n;
        bool good;
    } cases[] = {
        {0, {1, 1}, {0, 4}, 2, true},
        {0, {1, 1}, {1, 1}, 2, false},
        {0, {1, 1}, {2, 1}, 2, false},
        {0, {1, 1}, {1, 5}, 2, false},
        {0, {1, 1}, {1, UINT32_MAX}, 2, false},
        {0, {1, 0}, {1, 2}, 2, false},
        {0, {INT64_MAX, 0}, {1, 2}, 1, true},
        {0, {(uint64_t)INT64_MAX + 1, 0}, {1, 2}, 1, false},
        {0, {INT64_MAX, 1}, {1, 2}, 2, false},
        {1, {INT64_MAX, 0}, {1, 2}, 1, false},
        {INT64_MAX, {0}, {0}, 0, true},
        {UINT64_MAX, {0}, {0}, 0, false},
        {0, {1, 1}, {1, 2}, UINT32_MAX, false},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct hist h;
        struct error err = {0};
        struct buffer out = {0};
        make(&h, 3, 0, 3, false);
        axis_encode(&h.axis, &out);
        hist_release(&h);
        buffer_u8(&out, 0);
        buffer_u64(&out, cases[i].nan);
        buffer_u32(&out, cases[i].n);
        for (size_t k = 0; k < 2 && k < cases[i].n; k++) {
            buffer_u32(&out, cases[i].bin[k]);
            buffer_u64(&out, cases[i].count[k]);
        }
        struct bytes in = bytes_of(out.data, out.size);
        assert_int_equal(hist_decode(&h, &in, &err), cases[i].good ? 0 : -1);
        assert_int_equal(err.kind, cases[i].good ? ERROR_NONE : ERROR_PEER);
        hist_release(&h);
        buffer_release(&out);
    }
}

static void a_histogram_that_asks_for_too_much_memory_is_refused(void **state)
{
    (void)state;
    struct axis axis;
    struct hist h;
    struct error err = {0};
    check_ok(axis_init_regular(&axis, AXIS_BINS_MAX, 0, 1, &err), &err);
    assert_int_equal(hist_init(&h, &axis, true, &err), -1);
    assert_int_equal(err.kind, ERROR_INPUT);
    check_contains(err.text, "a weighted histogram of 1048576 bins takes ");
    struct buffer out = {0};
    axis_encode(&axis, &out);
    buffer_u8(&out, 1);
    buffer_u64(&out, 0);
    buffer_u32(&out, 0);
    struct bytes in = bytes_of(out.data, out.size);
    assert_int_equal(hist_decode(&h, &in, &err), -1);
    assert_int_equal(err.kind, ERROR_PEER);
    buffer_release(&out);
    axis_release(&axis);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_number_lands_in_exactly_one_bin),
        cmocka_unit_test(in_range_under_over_and_nan_add_up_to_all),
        cmocka_unit_test(counts_are_exact_beyond_what_a_float_holds),
        cmocka_unit_test(near_2_to_the_63_adding_fails_and_changes_nothing),
        cmocka_unit_test(sums_of_weights_are_those_of_each_bin),
        cmocka_unit_test(adding_is_filling_with_both),
        cmocka_unit_test(one_different_sum_makes_them_unequal),
        cmocka_unit_test(unlike_ones_are_not_added),
        cmocka_unit_test(bytes_come_back_and_no_damage_is_taken_for_another_form),
        cmocka_unit_test(hostile_counts_are_refused),
        cmocka_unit_test(a_histogram_that_asks_for_too_much_memory_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
