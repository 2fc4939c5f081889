/* SPDX-License-Identifier: Apache-2.0 */
/* test_elementary.c - the elementary functions against the long double ones of libm, whose errors
 * are a thousand times smaller than the bound that the header states. */
#include "analysis/elementary.h"

#include <float.h>
#include <math.h>

#include "tests/support/check.h"

/* What the header promises. */
static const double bound = 1e-15;

enum { POINTS = 100000 };

/* A function over a grid: points spread evenly, or evenly in their logarithm. */
struct grid {
    const char *name;
    double (*ours)(double x);
    long double (*truth)(long double x);
    double low;
    double high;
    bool logarithmic;
    bool absolute; /* the bound is on the error itself */
};

static double point(const struct grid *g, int i)
{
    double part = (double)i / POINTS;
    return g->logarithmic ? exp(log(g->low) + part * (log(g->high) - log(g->low)))
                          : g->low + (g->high - g->low) * part;
}

static void check_point(const struct grid *g, double x)
{
    double value = g->ours(x);
    long double truth = g->truth(x);
    long double scale = g->absolute ? 1 : fabsl(truth);
    long double allowed = bound * scale;
    if (!g->absolute && fabsl(truth) < DBL_MIN) {
        allowed += (long double)DBL_TRUE_MIN / 2;
    }
    if (!(fabsl(value - truth) <= allowed)) {
        fail_msg("%s(%a) = %.17g instead of %.20Lg", g->name, x, value, truth);
    }
}

static void errors_stay_below_the_stated_bound(void **state)
{
    (void)state;
    static const struct grid grids[] = {
        /* clang-format off */
        {"log", elementary_log, logl, 0.5, 2.0, false, false},
        {"log", elementary_log, logl, 1 - 1e-6, 1 + 1e-6, false, false},
        {"log", elementary_log, logl, 1e-300, 1e300, true, false},
        {"exp", elementary_exp, expl, -2, 2, false, false},
        {"exp", elementary_exp, expl, -708, 709.7, false, false},
        {"exp", elementary_exp, expl, -745, -708, false, false},
        {"sinh", elementary_sinh, sinhl, 1e-300, 1e-3, true, false},
        {"sinh", elementary_sinh, sinhl, -1.5, 1.5, false, false},
        {"sinh", elementary_sinh, sinhl, -709.7, 709.7, false, false},
        {"cosh", elementary_cosh, coshl, -1.5, 1.5, false, false},
        {"cosh", elementary_cosh, coshl, -709.7, 709.7, false, false},
        {"asinh", elementary_asinh, asinhl, 1e-300, 1e-3, true, false},
        {"asinh", elementary_asinh, asinhl, -4, 4, false, false},
        {"asinh", elementary_asinh, asinhl, 1e-3, 1.7e308, true, false},
        {"sin", elementary_sin, sinl, -7, 7, false, true},
        {"sin", elementary_sin, sinl, -1e5, 1e5, false, true},
        {"cos", elementary_cos, cosl, -7, 7, false, true},
        {"cos", elementary_cos, cosl, -1e5, 1e5, false, true},
        /* clang-format on */
    };
    for (size_t g = 0; g < ARRAY_LENGTH(grids); g++) {
        for (int i = 0; i <= POINTS; i++) {
            check_point(&grids[g], point(&grids[g], i));
        }
    }
}

/* Where one formula hands over to the next, and next to every quarter turn. */
static void errors_stay_below_the_bound_next_to_the_seams(void **state)
{
    (void)state;
    static const struct grid functions[] = {{"log", elementary_log, logl},
                                            {"exp", elementary_exp, expl},
                                            {"sinh", elementary_sinh, sinhl},
                                            {"cosh", elementary_cosh, coshl},
                                            {"asinh", elementary_asinh, asinhl},
                                            {"sin", elementary_sin, sinl, .absolute = true},
                                            {"cos", elementary_cos, cosl, .absolute = true}};
    static const double seams[] = {0x1.6a09e667f3bcdp-1,
                                   0x1.6a09e667f3bcdp+0,
                                   1.0,
                                   0x1p-28,
                                   0.34657359027997264,
                                   DBL_MIN,
                                   2.0,
                                   500.0};
    for (size_t f = 0; f < ARRAY_LENGTH(functions); f++) {
        for (size_t i = 0; i < ARRAY_LENGTH(seams); i++) {
            check_point(&functions[f], nextafter(seams[i], 0));
            check_point(&functions[f], seams[i]);
            check_point(&functions[f], nextafter(seams[i], INFINITY));
        }
    }
    for (int k = -60000; k <= 60000; k += 7) {
        double x = k * 0x1.921fb54442d18p-1; /* pi / 4 */
        check_point(&functions[5], x);
        check_point(&functions[6], x);
    }
}

static bool same(double a, double b)
{
    return (isnan(a) && isnan(b)) || a == b;
}

static const struct {
    const char *name;
    double (*ours)(double x);
    double x;
    double value;
} specials[] = {
    /* clang-format off */
    {"log", elementary_log, 1, 0},
    {"log", elementary_log, 0, -INFINITY},
    {"log", elementary_log, -0.0, -INFINITY},
    {"log", elementary_log, -1, NAN},
    {"log", elementary_log, -INFINITY, NAN},
    {"log", elementary_log, INFINITY, INFINITY},
    {"log", elementary_log, NAN, NAN},
    {"exp", elementary_exp, 0, 1},
    {"exp", elementary_exp, -0.0, 1},
    {"exp", elementary_exp, 710, INFINITY},
    {"exp", elementary_exp, INFINITY, INFINITY},
    {"exp", elementary_exp, -746, 0},
    {"exp", elementary_exp, -INFINITY, 0},
    {"exp", elementary_exp, NAN, NAN},
    {"sinh", elementary_sinh, 0, 0},
    {"sinh", elementary_sinh, 711, INFINITY},
    {"sinh", elementary_sinh, -711, -INFINITY},
    {"sinh", elementary_sinh, INFINITY, INFINITY},
    {"sinh", elementary_sinh, -INFINITY, -INFINITY},
    {"sinh", elementary_sinh, NAN, NAN},
    {"sinh", elementary_sinh, DBL_TRUE_MIN, DBL_TRUE_MIN},
    {"cosh", elementary_cosh, 0, 1},
    {"cosh", elementary_cosh, 711, INFINITY},
    {"cosh", elementary_cosh, -INFINITY, INFINITY},
    {"cosh", elementary_cosh, NAN, NAN},
    {"asinh", elementary_asinh, 0, 0},
    {"asinh", elementary_asinh, INFINITY, INFINITY},
    {"asinh", elementary_asinh, -INFINITY, -INFINITY},
    {"asinh", elementary_asinh, NAN, NAN},
    {"asinh", elementary_asinh, -DBL_TRUE_MIN, -DBL_TRUE_MIN},
    {"sin", elementary_sin, 0, 0},
    {"sin", elementary_sin, 1.1e5, NAN},
    {"sin", elementary_sin, -INFINITY, NAN},
    {"sin", elementary_sin, NAN, NAN},
    {"cos", elementary_cos, 0, 1},
    {"cos", elementary_cos, -1.1e5, NAN},
    {"cos", elementary_cos, INFINITY, NAN},
    {"cos", elementary_cos, NAN, NAN},
    /* clang-format on */
};

static void check_special(size_t i)
{
    double value = specials[i].ours(specials[i].x);
    if (!same(value, specials[i].value)) {
        fail_msg("%s(%g) = %g instead of %g", specials[i].name, specials[i].x, value,
                 specials[i].value);
    }
}

static void special_values_give_numbers_infinities_or_nan_as_stated(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(specials); i++) {
        check_special(i);
    }
}

static void odd_functions_are_odd_and_even_ones_even(void **state)
{
    (void)state;
    for (int i = 0; i < POINTS; i++) {
        double x = 1e-8 * pow(1e10, (double)i / POINTS);
        assert_true(elementary_sinh(-x) == -elementary_sinh(x));
        assert_true(elementary_asinh(-x) == -elementary_asinh(x));
        assert_true(elementary_cosh(-x) == elementary_cosh(x));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(errors_stay_below_the_stated_bound),
        cmocka_unit_test(errors_stay_below_the_bound_next_to_the_seams),
        cmocka_unit_test(special_values_give_numbers_infinities_or_nan_as_stated),
        cmocka_unit_test(odd_functions_are_odd_and_even_ones_even),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
