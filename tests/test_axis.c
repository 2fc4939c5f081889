/* SPDX-License-Identifier: Apache-2.0 */
/* test_axis.c - the edges decide, to the last bit, whatever the formula says. */
#include "analysis/axis.h"

#include <float.h>
#include <math.h>

#include "tests/support/check.h"

/* The axes of the analyses, and such whose formula goes wrong next to an edge. */
static const struct {
    size_t n_bins;
    double lower;
    double upper;
} regular[] = {
    {37, 70, 181},
    {300, 0, 900},
    {60, 0, 120},
    {600, 0, 300},
    {100, 2.6, 3.6},
    {75, 8.5, 11.5},
    {60, 3.4, 4.0},
    {10, 0, 1},
    {3, -0.1, 0.2},
    {7, -1, 0},
    {1, -DBL_MAX / 2, DBL_MAX / 2},
    {49, 1e15, 1e15 + 7},
    {1000, -1e-3, 1e-3},
    {10, 1e-300, 1e-299},
    {4, -1e-307, 1e-307},
    {AXIS_BINS_MAX, -1, 1},
};

static double below(double x)
{
    return nextafter(x, -INFINITY);
}

static double above(double x)
{
    return nextafter(x, INFINITY);
}

/* As the header defines it, edge by edge from where the value should be. */
static void check_value(const struct axis *axis, double x)
{
    size_t bin = axis_find(axis, x);
    assert_true(bin <= axis->n_bins + 1);
    if (bin > 0 && !(axis->edge[bin - 1] <= x)) {
        fail_msg("%a is below bin %zu", x, bin);
    }
    if (bin <= axis->n_bins && !(x < axis->edge[bin])) {
        fail_msg("%a is above bin %zu", x, bin);
    }
}

static void check_edges(const struct axis *axis)
{
    for (size_t i = 0; i <= axis->n_bins; i++) {
        assert_int_equal(axis_find(axis, axis->edge[i]), i + 1);
        assert_int_equal(axis_find(axis, below(axis->edge[i])), i);
        check_value(axis, above(axis->edge[i]));
    }
    static const double values[] = {0.0,     -0.0,     DBL_TRUE_MIN, -DBL_TRUE_MIN, DBL_MIN,
                                    DBL_MAX, -DBL_MAX, 1.0,          INFINITY,      -INFINITY,
                                    1e-310,  91.1876,  1e308,        -1e308};
    for (size_t i = 0; i < ARRAY_LENGTH(values); i++) {
        check_value(axis, values[i]);
    }
    assert_int_equal(axis_find(axis, -INFINITY), 0);
    assert_int_equal(axis_find(axis, INFINITY), axis->n_bins + 1);
}

static void edges_decide_of_every_regular_axis(void **state)
{
    (void)state;
    struct error err = {0};
    for (size_t a = 0; a < ARRAY_LENGTH(regular); a++) {
        struct axis axis;
        check_ok(axis_init_regular(&axis, regular[a].n_bins, regular[a].lower, regular[a].upper,
                                   &err),
                 &err);
        assert_true(axis.edge[0] == regular[a].lower);
        assert_true(axis.edge[axis.n_bins] == regular[a].upper);
        double width = (regular[a].upper - regular[a].lower) / (double)regular[a].n_bins;
        for (size_t i = 0; i < axis.n_bins; i++) {
            assert_true(axis.edge[i] == regular[a].lower + (double)i * width);
        }
        check_edges(&axis);
        axis_release(&axis);
    }
}

static void literal_edges_give_the_bins_of_the_regular_axis_that_has_them(void **state)
{
    (void)state;
    struct error err = {0};
    for (size_t a = 0; a < ARRAY_LENGTH(regular); a++) {
        struct axis one;
        struct axis two;
        check_ok(axis_init_regular(&one, regular[a].n_bins, regular[a].lower, regular[a].upper,
                                   &err),
                 &err);
        check_ok(axis_init_variable(&two, one.n_bins, one.edge, &err), &err);
        check_edges(&two);
        for (int i = 0; i < 20000; i++) {
            double part = fmod(i * 0.61803398874989485, 1.2) - 0.1;
            double x = regular[a].lower * (1 - part) + regular[a].upper * part;
            assert_int_equal(axis_find(&one, x), axis_find(&two, x));
        }
        assert_false(axis_equal(&one, &two)); /* they are written differently */
        axis_release(&one);
        axis_release(&two);
    }
}

/* Computed with 60 digits in Python's decimal and rounded there: 0.25 * 1000^(i/600). The nearest
 * of all to a tie is 0.0001 units of the sixth digit away. */
static void logarithmic_edges_are_literals_of_six_digits(void **state)
{
    (void)state;
    static const struct {
        size_t i;
        double edge;
    } truth[] = {
        {1, 2.52895e-1},   {2, 2.55823e-1},   {17, 3.04047e-1},  {100, 7.90569e-1},
        {200, 2.50000e+0}, {251, 4.49718e+0}, {300, 7.90569e+0}, {333, 1.15595e+1},
        {400, 2.50000e+1}, {512, 9.07695e+1}, {598, 2.44309e+2}, {599, 2.47138e+2},
    };
    struct error err = {0};
    struct axis axis;
    check_ok(axis_init_logarithmic(&axis, 600, 0.25, 250, &err), &err);
    for (size_t k = 0; k < ARRAY_LENGTH(truth); k++) {
        assert_true(axis.edge[truth[k].i] == truth[k].edge);
    }
    for (size_t i = 0; i <= 600; i++) {
        char text[32];
        (void)snprintf(text, sizeof text, "%.5Le", 0.25L * powl(1000, (long double)i / 600));
        assert_true(axis.edge[i] == strtod(text, NULL));
    }
    check_edges(&axis);
    axis_release(&axis);
}

static void the_ends_of_a_logarithmic_axis_are_what_was_asked_for(void **state)
{
    (void)state;
    struct error err = {0};
    struct axis axis;
    check_ok(axis_init_logarithmic(&axis, 10, 0.123456789, 1e300, &err), &err);
    assert_true(axis.edge[0] == 0.123456789 && axis.edge[10] == 1e300);
    check_edges(&axis);
    axis_release(&axis);
}

static void an_edge_of_minus_zero_is_zero(void **state)
{
    (void)state;
    struct error err = {0};
    static const double minus[] = {-1, -0.0, 1};
    static const double plus[] = {-1, 0.0, 1};
    struct axis a;
    struct axis b;
    check_ok(axis_init_variable(&a, 2, minus, &err), &err);
    check_ok(axis_init_variable(&b, 2, plus, &err), &err);
    assert_true(axis_equal(&a, &b));
    assert_int_equal(axis_find(&a, -0.0), 2);
    assert_int_equal(axis_find(&a, 0.0), 2);
    axis_release(&a);
    axis_release(&b);
    check_ok(axis_init_regular(&a, 2, -1, -0.0, &err), &err);
    check_ok(axis_init_regular(&b, 2, -1, 0.0, &err), &err);
    assert_true(axis_equal(&a, &b));
    axis_release(&a);
    axis_release(&b);
}

static void what_is_no_axis_is_refused(void **state)
{
    (void)state;
    static const struct {
        size_t n_bins;
        double lower;
        double upper;
        bool logarithmic;
        const char *part;
    } cases[] = {
        {0, 0, 1, false, "an axis of 0 bins (1 to 1048576 are possible)"},
        {AXIS_BINS_MAX + 1, 0, 1, false, "1048577 bins"},
        {SIZE_MAX, 0, 1, false, "bins"},
        {10, 1, 1, false, "must rise"},
        {10, 2, 1, false, "must rise"},
        {10, NAN, 1, false, "finite"},
        {10, 0, INFINITY, false, "finite"},
        {10, -INFINITY, 0, false, "finite"},
        {10, -DBL_MAX, DBL_MAX, false, "finite"},
        {10, 0, 20 * DBL_TRUE_MIN, false, "too narrow"},
        {100, 1e16, 1e16 + 4, false, "must rise"},
        {0, 1, 2, true, "0 bins"},
        {10, 0, 1, true, "a logarithmic axis from 0 to 1"},
        {10, -1, 1, true, "a logarithmic axis"},
        {10, NAN, 1, true, "a logarithmic axis"},
        {10, 1, NAN, true, "a logarithmic axis"},
        {10, 1, INFINITY, true, "a logarithmic axis"},
        {10, 1e-300, 1e300, true, "a logarithmic axis"},
        {10, 2, 1, true, "must rise"},
        {100, 1, 1.00001, true, "must rise"}, /* six digits cannot tell them apart */
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct error err = {0};
        struct axis axis = {.n_bins = 7};
        int rc = (cases[i].logarithmic ? axis_init_logarithmic : axis_init_regular)(
            &axis, cases[i].n_bins, cases[i].lower, cases[i].upper, &err);
        assert_int_equal(rc, -1);
        assert_int_equal(err.kind, ERROR_INPUT);
        check_contains(err.text, cases[i].part);
        assert_null(axis.edge);
        assert_int_equal(axis.n_bins, 0);
    }
}

static void edges_that_do_not_rise_are_refused(void **state)
{
    (void)state;
    static const double cases[][3] = {
        {0, 0, 1},   {0, 2, 1},        {0, 1, 1},    {NAN, 1, 2},
        {0, NAN, 2}, {0, 1, INFINITY}, {-0.0, 0, 1},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct error err = {0};
        struct axis axis;
        assert_int_equal(axis_init_variable(&axis, 2, cases[i], &err), -1);
        assert_int_equal(err.kind, ERROR_INPUT);
        check_contains(err.text, "the edges of an axis must rise and be finite: edge ");
        assert_null(axis.edge);
    }
}

static void make(struct axis *axis, size_t which)
{
    static const double edges[] = {-3, -0.5, 0, 1e-310, 7, 1e300};
    struct error err = {0};
    switch (which) {
    case 0:
        check_ok(axis_init_regular(axis, 37, 70, 181, &err), &err);
        break;
    case 1:
        check_ok(axis_init_variable(axis, 5, edges, &err), &err);
        break;
    default:
        check_ok(axis_init_logarithmic(axis, 20, 1, 1000, &err), &err);
    }
}

static void what_was_encoded_is_decoded_and_every_cut_refused(void **state)
{
    (void)state;
    for (size_t which = 0; which < 3; which++) {
        struct axis axis;
        struct axis copy;
        struct axis again;
        struct error err = {0};
        struct buffer out = {0};
        make(&axis, which);
        check_ok(axis_init_copy(&copy, &axis, &err), &err);
        axis_encode(&copy, &out);
        struct bytes in = bytes_of(out.data, out.size);
        check_ok(axis_decode(&again, &in, &err), &err);
        assert_int_equal(in.left, 0);
        assert_true(axis_equal(&again, &axis));
        assert_true(again.per_width == axis.per_width);
        for (size_t size = 0; size < out.size; size++) {
            struct axis cut;
            in = bytes_of(out.data, size);
            err.kind = ERROR_NONE;
            assert_int_equal(axis_decode(&cut, &in, &err), -1);
            assert_int_equal(err.kind, ERROR_PEER);
            assert_null(cut.edge);
        }
        axis_release(&axis);
        axis_release(&copy);
        axis_release(&again);
        buffer_release(&out);
    }
}

/* kind, number of bins, up to three edges. */
static void hostile_bytes_are_refused(void **state)
{
    (void)state;
    static const struct {
        uint8_t kind;
        uint32_t n_bins;
        double edge[3];
    } cases[] = {
        {0, 2, {0, 1, 2}},
        {3, 2, {0, 1, 2}},
        {255, 2, {0, 1, 2}},
        {AXIS_REGULAR, 0, {0, 1, 2}},
        {AXIS_REGULAR, AXIS_BINS_MAX + 1, {0, 1, 2}},
        {AXIS_REGULAR, UINT32_MAX, {0, 1, 2}},
        {AXIS_REGULAR, 2, {1, 1, 2}},
        {AXIS_REGULAR, 2, {NAN, 1, 2}},
        {AXIS_REGULAR, 2, {-0.0, 1, 2}},
        {AXIS_REGULAR, 2, {-1, -0.0, 2}},
        {AXIS_VARIABLE, 0, {0, 1, 2}},
        {AXIS_VARIABLE, 3, {0, 1, 2}},
        {AXIS_VARIABLE, UINT32_MAX, {0, 1, 2}},
        {AXIS_VARIABLE, 2, {0, 1, 1}},
        {AXIS_VARIABLE, 2, {0, NAN, 1}},
        {AXIS_VARIABLE, 2, {-1, -0.0, 1}},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct buffer out = {0};
        buffer_u8(&out, cases[i].kind);
        buffer_u32(&out, cases[i].n_bins);
        for (size_t k = 0; k < 3; k++) {
            buffer_f64(&out, cases[i].edge[k]);
        }
        struct error err = {0};
        struct axis axis;
        struct bytes in = bytes_of(out.data, out.size);
        assert_int_equal(axis_decode(&axis, &in, &err), -1);
        assert_int_equal(err.kind, ERROR_PEER);
        assert_null(axis.edge);
        buffer_release(&out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(edges_decide_of_every_regular_axis),
        cmocka_unit_test(literal_edges_give_the_bins_of_the_regular_axis_that_has_them),
        cmocka_unit_test(logarithmic_edges_are_literals_of_six_digits),
        cmocka_unit_test(the_ends_of_a_logarithmic_axis_are_what_was_asked_for),
        cmocka_unit_test(an_edge_of_minus_zero_is_zero),
        cmocka_unit_test(what_is_no_axis_is_refused),
        cmocka_unit_test(edges_that_do_not_rise_are_refused),
        cmocka_unit_test(what_was_encoded_is_decoded_and_every_cut_refused),
        cmocka_unit_test(hostile_bytes_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
