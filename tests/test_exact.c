/* SPDX-License-Identifier: Apache-2.0 */
/* test_exact.c - sums without rounding, against Python's fractions and against whole numbers. */
#include "analysis/exact.h"

#include <float.h>
#include <math.h>

#include "tests/support/check.h"

__extension__ typedef __int128 int128;

/* Numbers of which tests/truth/exact_sums.py makes the same. */
static uint64_t next_bits(uint64_t *state)
{
    *state += 0x9E3779B97F4A7C15;
    uint64_t z = *state;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
    return z ^ (z >> 31);
}

static double make_double(uint64_t sign, uint64_t exponent, uint64_t fraction)
{
    uint64_t bits = sign << 63 | exponent << 52 | fraction;
    double x = 0;
    memcpy(&x, &bits, sizeof x);
    return x;
}

enum family { ANY, GENERATOR, CANCELLING, WIDE, SUBNORMAL, HUGE_ONES, TINY_SQUARES };

static double weight(enum family family, size_t i, uint64_t bits, double last)
{
    static const double wide[] = {1e150, -1e150, 1e-150, -1e-150, 1, 0.1};
    uint64_t sign = bits >> 63;
    uint64_t exponent = bits >> 52 & 2047;
    uint64_t fraction = bits & ((UINT64_C(1) << 52) - 1);
    switch (family) {
    case ANY:
        return make_double(sign, exponent % 2030, fraction);
    case GENERATOR:
        return ((double)(bits & 0x3FFFFFFF) - 0x20000000) * 0x1p-30;
    case CANCELLING:
        return i % 2 == 1 && bits % 1000 != 0
                   ? -last
                   : make_double(sign, 523 + exponent % 1000, fraction);
    case WIDE:
        return wide[bits % 6];
    case SUBNORMAL:
        return make_double(sign, 0, fraction);
    case HUGE_ONES:
        return make_double(i & 1, 2046, fraction);
    default:
        return make_double(sign, 486, fraction);
    }
}

static double *make_weights(enum family family, size_t n)
{
    double *w = calloc(n, sizeof *w);
    assert_non_null(w);
    uint64_t state = 7;
    for (size_t i = 0; i < n; i++) {
        w[i] = weight(family, i, next_bits(&state), i == 0 ? 0 : w[i - 1]);
    }
    return w;
}

static uint64_t bits_of(double x)
{
    uint64_t bits = 0;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

static void assert_same(double value, double truth)
{
    if (bits_of(value) != bits_of(truth)) {
        fail_msg("%a instead of %a", value, truth);
    }
}

static void sums_of_a_million_weights_are_the_rounded_rational_ones(void **state)
{
    (void)state;
    static const struct {
        enum family family;
        size_t n;
        double sum;
        double squares;
    } truth[] = {
        /* Printed by tests/truth/exact_sums.py: */
        /* clang-format off */
        {ANY, 1000000, -0x1.8759892473978p+1011, INFINITY},
        {GENERATOR, 1000000, 0x1.5937dd5d48000p+8, 0x1.45dc2a7cb2fa6p+16},
        {CANCELLING, 1000000, -0x1.0a58dc4cee9dbp+499, 0x1.92523999e7122p+1009},
        {WIDE, 1000000, 0x1.2c9b11a8170ccp+507, 0x1.e599b34f43566p+1014},
        {SUBNORMAL, 100000, 0x1.2abe37584a834p-1015, 0x0.0p+0},
        {HUGE_ONES, 1001, -INFINITY, INFINITY},
        {TINY_SQUARES, 1000, 0x1.0d1993854793dp-531, 0x0.000000000092cp-1022},
        /* clang-format on */
    };
    for (size_t k = 0; k < ARRAY_LENGTH(truth); k++) {
        double *w = make_weights(truth[k].family, truth[k].n);
        struct exact sum = {0};
        struct exact squares = {0};
        for (size_t i = 0; i < truth[k].n; i++) {
            exact_add(&sum, w[i]);
            exact_add_square(&squares, w[i]);
        }
        assert_same(exact_round(&sum), truth[k].sum);
        assert_same(exact_round(&squares), truth[k].squares);
        free(w);
    }
}

static void sums_are_rounded_once_to_nearest_and_ties_to_even(void **state)
{
    (void)state;
    static const struct {
        double term[5];
        double sum;
    } cases[] = {
        {{0}, 0},
        {{-0.0}, 0},
        {{1, -1}, 0},
        {{1, 0x1p-53}, 1},
        {{1, 0x1p-53, 0x1p-1074}, 1 + 0x1p-52},
        {{1, 0x1p-53, -0x1p-1074}, 1},
        {{1 + 0x1p-52, 0x1p-53}, 1 + 0x1p-51},
        {{-1, -0x1p-53, -0x1p-1074}, -1 - 0x1p-52},
        {{1, -0x1p-54}, 1},
        {{1, -0x1p-54, -0x1p-1074}, 1 - 0x1p-53},
        {{1e150, 1, -1e150}, 1},
        {{1e150, 1e-150, -1e150}, 1e-150},
        {{1e-150, -1e150, 1e150, 3}, 3},
        {{DBL_MAX, DBL_MAX, -DBL_MAX}, DBL_MAX},
        {{DBL_MAX, DBL_MAX}, INFINITY},
        {{-DBL_MAX, -DBL_MAX}, -INFINITY},
        {{DBL_MAX, 0x1p969}, DBL_MAX},
        {{DBL_MAX, 0x1p970}, INFINITY},
        {{DBL_MAX, 0x1p970, -0x1p-1074}, DBL_MAX},
        {{DBL_TRUE_MIN, DBL_TRUE_MIN}, 2 * DBL_TRUE_MIN},
        {{DBL_MIN, -DBL_TRUE_MIN}, DBL_MIN - DBL_TRUE_MIN},
        {{DBL_MAX, DBL_TRUE_MIN, -DBL_MAX}, DBL_TRUE_MIN},
        {{-DBL_MAX, -DBL_TRUE_MIN, DBL_MAX}, -DBL_TRUE_MIN},
        {{0x1p32, -1, -0x1p32}, -1},
        {{0x1p64, -0x1p32, -0x1p64, 0x1p32}, 0},
    };
    for (size_t k = 0; k < ARRAY_LENGTH(cases); k++) {
        struct exact sum = {0};
        for (size_t i = 0; i < 5; i++) {
            exact_add(&sum, cases[k].term[i]);
        }
        assert_same(exact_round(&sum), cases[k].sum);
    }
}

static void squares_are_exact_too(void **state)
{
    (void)state;
    static const struct {
        double term[3];
        double sum;
    } cases[] = {
        {{3, -4}, 25},
        {{1 + 0x1p-52}, 1 + 0x1p-51},
        {{0x1p-537}, 0x1p-1074},
        {{0x1p-538}, 0},           /* a quarter of the smallest double */
        {{0x1p-538, 0x1p-538}, 0}, /* half of it: to even */
        {{0x1p-538, 0x1p-538, 1e-200}, 0x1p-1074},
        {{DBL_TRUE_MIN}, 0},
        {{0x1p511, 0x1p511}, 0x1p1023},
        {{0x1p512}, INFINITY},
        {{DBL_MAX, DBL_MAX, DBL_MAX}, INFINITY},
        {{1e-150, 1e-150}, 2e-300},
    };
    for (size_t k = 0; k < ARRAY_LENGTH(cases); k++) {
        struct exact sum = {0};
        for (size_t i = 0; i < 3; i++) {
            exact_add_square(&sum, cases[k].term[i]);
        }
        assert_same(exact_round(&sum), cases[k].sum);
    }
}

/* Whole numbers of up to 100 bits, whose running sum changes its sign often. */
static void a_running_sum_equals_one_of_whole_numbers(void **state)
{
    (void)state;
    uint64_t seed = 1;
    struct exact sum = {0};
    int128 truth = 0;
    for (int i = 0; i < 200000; i++) {
        uint64_t bits = next_bits(&seed);
        int shift = (int)(bits % 60);
        int64_t mantissa = (int64_t)(bits >> (11 + bits % 53));
        int128 term = (int128)mantissa * ((int128)1 << shift);
        bool minus = truth > 0;
        truth += minus ? -term : term;
        exact_add(&sum, ldexp((double)mantissa, shift) * (minus ? -1 : 1));
        assert_same(exact_round(&sum), (double)truth);
    }
}

static void encode(const struct exact *sum, struct buffer *out)
{
    buffer_clear(out);
    exact_encode(sum, out);
    assert_false(out->failed);
}

static void assert_bytes(const struct exact *sum, const struct buffer *truth)
{
    struct buffer out = {0};
    encode(sum, &out);
    assert_int_equal(out.size, truth->size);
    assert_memory_equal(out.data, truth->data, truth->size);
    buffer_release(&out);
}

static void shuffle(double *w, size_t n, uint64_t *seed)
{
    for (size_t i = n - 1; i > 0; i--) {
        size_t j = next_bits(seed) % (i + 1);
        double other = w[i];
        w[i] = w[j];
        w[j] = other;
    }
}

static struct exact sum_of(const double *w, size_t n)
{
    struct exact sum = {0};
    for (size_t i = 0; i < n; i++) {
        exact_add(&sum, w[i]);
    }
    return sum;
}

static void no_order_changes_a_bit(void **state)
{
    (void)state;
    enum { N = 2000, ORDERS = 200 };
    for (enum family f = ANY; f <= TINY_SQUARES; f++) {
        double *w = make_weights(f, N);
        struct buffer truth = {0};
        struct exact sum = sum_of(w, N);
        uint64_t seed = f;
        encode(&sum, &truth);
        for (size_t order = 0; order < ORDERS; order++) {
            shuffle(w, N, &seed);
            sum = sum_of(w, N);
            assert_bytes(&sum, &truth);
        }
        buffer_release(&truth);
        free(w);
    }
}

static struct exact merged(const struct exact *sum, size_t n)
{
    struct exact all = {0};
    for (size_t i = 0; i < n; i++) {
        exact_merge(&all, &sum[i]);
    }
    return all;
}

/* Merges the n sums in groups of `arity`, those in groups of `arity`, until one is left. */
static void merge_tree(struct exact *sum, size_t n, size_t arity)
{
    while (n > 1) {
        size_t groups = 0;
        for (size_t i = 0; i < n; i += arity, groups++) {
            sum[groups] = merged(sum + i, size_min(arity, n - i));
        }
        n = groups;
    }
}

static void merging_in_any_tree_gives_the_same_bytes(void **state)
{
    (void)state;
    enum { N = 6000, LEAF = 3 };
    static const size_t arity[] = {2, 3, 16, N};
    struct exact *leaf = calloc(N / LEAF, sizeof *leaf);
    assert_non_null(leaf);
    for (size_t k = 0; k < ARRAY_LENGTH(arity) * (TINY_SQUARES + 1); k++) {
        double *w = make_weights((enum family)(k / ARRAY_LENGTH(arity)), N);
        struct exact flat = sum_of(w, N);
        struct buffer truth = {0};
        encode(&flat, &truth);
        for (size_t i = 0; i < N / LEAF; i++) {
            leaf[i] = sum_of(w + LEAF * i, LEAF);
        }
        merge_tree(leaf, N / LEAF, arity[k % ARRAY_LENGTH(arity)]);
        assert_bytes(&leaf[0], &truth);
        assert_true(exact_equal(&leaf[0], &flat));
        buffer_release(&truth);
        free(w);
    }
    free(leaf);
}

static void a_sum_merged_with_itself_doubles(void **state)
{
    (void)state;
    static const double values[] = {1,      -1,       0x1p31, -0x1p31, 0x1.fffffffep31,
                                    1e-150, -DBL_MAX, 0};
    for (size_t i = 0; i < ARRAY_LENGTH(values); i++) {
        struct exact sum = {0};
        exact_add(&sum, values[i]);
        for (int k = 1; k <= 100; k++) {
            exact_merge(&sum, &sum);
            assert_same(exact_round(&sum), ldexp(values[i], k));
        }
    }
}

static void equal_sums_are_equal_however_they_came_about(void **state)
{
    (void)state;
    struct exact a = {0};
    struct exact b = {0};
    assert_true(exact_equal(&a, &b));
    exact_add(&a, 1e300);
    exact_add(&a, -5);
    assert_false(exact_equal(&a, &b));
    exact_add(&a, -1e300);
    exact_add(&b, -5);
    assert_true(exact_equal(&a, &b) && exact_equal(&b, &a));
    exact_add(&b, DBL_TRUE_MIN);
    assert_false(exact_equal(&a, &b));
    exact_add(&b, -DBL_TRUE_MIN);
    exact_add(&b, 10);
    assert_false(exact_equal(&a, &b)); /* -5 and 5 */
    exact_add(&a, 5);
    exact_add(&b, -5);
    struct exact zero = {0};
    assert_true(exact_equal(&a, &zero) && exact_equal(&zero, &b));
}

static void each_value_has_one_form_and_comes_back(void **state)
{
    (void)state;
    for (enum family f = ANY; f <= TINY_SQUARES; f++) {
        double *w = make_weights(f, 300);
        struct exact sum = {0};
        struct buffer bytes = {0};
        for (size_t i = 0; i < 300; i++) {
            struct error err = {0};
            struct exact back;
            exact_add(&sum, w[i]);
            encode(&sum, &bytes);
            struct bytes in = bytes_of(bytes.data, bytes.size);
            check_ok(exact_decode(&back, &in, &err), &err);
            assert_int_equal(in.left, 0);
            assert_true(exact_equal(&sum, &back));
            assert_bytes(&back, &bytes);
            exact_merge(&back, &sum); /* what was decoded adds as well */
            assert_same(exact_round(&back), 2 * exact_round(&sum));
        }
        buffer_release(&bytes);
        free(w);
    }
}

/* Limb 68 is that of 2^0. */
static void the_layout_is_the_stated_one(void **state)
{
    (void)state;
    static const uint8_t minus_three_halves[] = {2, 67, 0, 0,    0, 2, 0, 0, 0,
                                                 0, 0,  0, 0x80, 1, 0, 0, 0};
    struct exact sum = {0};
    struct buffer bytes = {0};
    encode(&sum, &bytes);
    assert_int_equal(bytes.size, 1);
    assert_int_equal(bytes.data[0], 0);
    exact_add(&sum, -1.5);
    encode(&sum, &bytes);
    assert_int_equal(bytes.size, sizeof minus_three_halves);
    assert_memory_equal(bytes.data, minus_three_halves, sizeof minus_three_halves);
    buffer_release(&bytes);
}

static void hostile_sums_are_refused(void **state)
{
    (void)state;
    static const struct {
        uint8_t sign;
        uint32_t first;
        uint32_t n;
        uint32_t limb[3];
    } cases[] = {
        {3, 68, 1, {1}},
        {255, 68, 1, {1}},
        {1, 68, 0, {1}},
        {1, 68, 2, {0, 1}},
        {1, 68, 2, {1, 0}},
        {2, 68, 3, {0, 1, 0}},
        {1, 68, 1, {0}},
        {1, 68, 4, {1, 1, 1}},
        {1, 68, UINT32_MAX, {1, 1, 1}},
        {1, UINT32_MAX, 1, {1}},
        {1, UINT32_MAX, 2, {1, 1}},
        {1, EXACT_LIMBS, 1, {1}},
        {2, EXACT_LIMBS - 1, 1, {1}},
        {1, EXACT_LIMBS - 2, 1, {1}},
        {1, EXACT_LIMBS - 3, 2, {1, 1}},
    };
    for (size_t k = 0; k < ARRAY_LENGTH(cases); k++) {
        struct buffer bytes = {0};
        buffer_u8(&bytes, cases[k].sign);
        buffer_u32(&bytes, cases[k].first);
        buffer_u32(&bytes, cases[k].n);
        for (size_t i = 0; i < 3; i++) {
            buffer_u32(&bytes, cases[k].limb[i]);
        }
        struct bytes in = bytes_of(bytes.data, bytes.size);
        struct error err = {0};
        struct exact sum;
        assert_int_equal(exact_decode(&sum, &in, &err), -1);
        assert_int_equal(err.kind, ERROR_PEER);
        assert_same(exact_round(&sum), 0);
        buffer_release(&bytes);
    }
}

static void every_cut_is_refused(void **state)
{
    (void)state;
    struct exact sum = {0};
    struct buffer bytes = {0};
    exact_add(&sum, -1e150);
    exact_add(&sum, 1e-150);
    encode(&sum, &bytes);
    for (size_t size = 0; size < bytes.size; size++) {
        struct bytes in = bytes_of(bytes.data, size);
        struct error err = {0};
        struct exact cut;
        assert_int_equal(exact_decode(&cut, &in, &err), -1);
        assert_int_equal(err.kind, ERROR_PEER);
    }
    buffer_release(&bytes);
}

/* 2^62 squares of the largest double, and as much from peers a few million times over. */
static void the_largest_sums_have_room(void **state)
{
    (void)state;
    struct exact sum = {0};
    struct buffer bytes = {0};
    exact_add_square(&sum, DBL_MAX);
    for (int i = 0; i < 62; i++) {
        exact_merge(&sum, &sum);
    }
    encode(&sum, &bytes);
    struct bytes in = bytes_of(bytes.data, bytes.size);
    struct error err = {0};
    struct exact back;
    check_ok(exact_decode(&back, &in, &err), &err);
    assert_true(exact_equal(&sum, &back));
    buffer_clear(&bytes);
    buffer_u8(&bytes, 2);
    buffer_u32(&bytes, EXACT_LIMBS - 3);
    buffer_u32(&bytes, 1);
    buffer_u32(&bytes, UINT32_MAX);
    in = bytes_of(bytes.data, bytes.size);
    check_ok(exact_decode(&back, &in, &err), &err);
    for (int i = 0; i < 23; i++) {
        exact_merge(&back, &back);
        assert_true(back.stop <= EXACT_LIMBS);
    }
    assert_same(exact_round(&back), -INFINITY);
    buffer_release(&bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sums_of_a_million_weights_are_the_rounded_rational_ones),
        cmocka_unit_test(sums_are_rounded_once_to_nearest_and_ties_to_even),
        cmocka_unit_test(squares_are_exact_too),
        cmocka_unit_test(a_running_sum_equals_one_of_whole_numbers),
        cmocka_unit_test(no_order_changes_a_bit),
        cmocka_unit_test(merging_in_any_tree_gives_the_same_bytes),
        cmocka_unit_test(a_sum_merged_with_itself_doubles),
        cmocka_unit_test(equal_sums_are_equal_however_they_came_about),
        cmocka_unit_test(each_value_has_one_form_and_comes_back),
        cmocka_unit_test(the_layout_is_the_stated_one),
        cmocka_unit_test(hostile_sums_are_refused),
        cmocka_unit_test(every_cut_is_refused),
        cmocka_unit_test(the_largest_sums_have_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
