/* SPDX-License-Identifier: Apache-2.0 */
/* test_statistics.c - Poisson intervals and significances against closed forms and published
 * tables. */
#include "analysis/statistics.h"

#include <math.h>

#include "base/size.h"
#include "tests/support/check.h"

static void assert_near(double value, double truth, double relative)
{
    if (!(fabs(value - truth) <= relative * fabs(truth))) {
        fail_msg("%.17g instead of %.17g", value, truth);
    }
}

/* Solved with 60 digits from the sum of the Poisson probabilities; the first digits are those
 * of the published tables (N. Gehrels, Astrophys. J. 303
 * (1986) 336: 1 event 0.173 to 3.300, 5 events 2.840 to 8.382). */
static void intervals_are_those_of_the_published_tables(void **state)
{
    (void)state;
    static const struct {
        uint64_t n;
        double lower;
        double upper;
    } cases[] = {
        {1, 0.17275377902344988952, 3.29952655911585513091},
        {2, 0.70818543981897121149, 4.63785962345524519150},
        {3, 1.3672953138904339083793, 5.91818583288339676906},
        {5, 2.84030885559322033176, 8.38247265214688810255},
        {9, 6.05653896274924040991, 13.1102041376676436070},
        {12, 8.58473400569985471179, 16.5598190573912673980},
        {50, 42.9526631741439062140, 58.1182246064733004548},
        {400, 380.008352400475362702, 421.016679403452840635},
        {401, 380.983357560557786962, 422.041642979071917922},
        {1000, 968.382501406565806805, 1032.63332347484899323},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        double lower = 0;
        double upper = 0;
        statistics_poisson_interval(cases[i].n, &lower, &upper);
        assert_near(lower, cases[i].lower, 1e-10);
        assert_near(upper, cases[i].upper, 1e-10);
    }
}

/* The upper end for no event solves e^-x = 0.158655: x = -ln of it. */
static void no_event_has_an_upper_end_in_closed_form(void **state)
{
    (void)state;
    double lower = 1;
    double upper = 0;
    statistics_poisson_interval(0, &lower, &upper);
    assert_true(lower == 0);
    assert_near(upper, -log(0.15865525393145707), 1e-12);
}

static void an_interval_holds_its_count_and_grows_with_it(void **state)
{
    (void)state;
    double last_lower = -1;
    double last_upper = 0;
    for (uint64_t n = 0; n < 1000; n++) {
        double lower = 0;
        double upper = 0;
        statistics_poisson_interval(n, &lower, &upper);
        assert_true(lower > last_lower && upper > last_upper);
        assert_true(lower < (double)n || n == 0);
        assert_true(upper > (double)n);
        last_lower = lower;
        last_upper = upper;
    }
}

/* For many events the ends are n -+ sqrt(n) to within one event. */
static void huge_counts_have_the_normal_interval(void **state)
{
    (void)state;
    static const uint64_t cases[] = {1000000, 1000000000000, 1000000000000000, UINT64_MAX};
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        double n = (double)cases[i];
        double lower = 0;
        double upper = 0;
        statistics_poisson_interval(cases[i], &lower, &upper);
        double slack = 1.5 + 1e-15 * n;
        assert_true(fabs(lower - (n - sqrt(n))) < slack);
        assert_true(fabs(upper - (n + sqrt(n))) < slack);
    }
}

/* The 2012 and 2011 example: b = 4.655, s = 8.204, n = 12 in 121-130 GeV. */
static void the_published_higgs_window_gives_2_8_observed_and_3_1_expected(void **state)
{
    (void)state;
    assert_true(fabs(statistics_significance_observed(12, 4.655) - 2.8) < 0.05);
    assert_true(fabs(statistics_significance_expected(8.204, 4.655) - 3.1) < 0.05);
}

static void significances_follow_their_formula(void **state)
{
    (void)state;
    static const struct {
        double n;
        double b;
    } cases[] = {{12, 4.655}, {1, 0.001}, {30, 25}, {5, 4.9}, {1e6, 2e5}, {3.5, 3.2}};
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        double n = cases[i].n;
        double b = cases[i].b;
        double truth = sqrt(2 * (n * log(n / b) - (n - b)));
        assert_near(statistics_significance_observed(n, b), truth, 1e-9);
        assert_near(statistics_significance_expected(n - b, b), truth, 1e-9);
    }
}

/* s / sqrt(b) (1 - s / 6b) to second order; the plain formula would lose all digits here. */
static void tiny_signals_over_huge_backgrounds_keep_their_digits(void **state)
{
    (void)state;
    assert_near(statistics_significance_expected(1e3, 1e12), 1e-3, 1e-8);
    assert_near(statistics_significance_expected(10, 1e15), 10 / sqrt(1e15), 1e-8);
    assert_near(statistics_significance_observed(1e12 + 1e3, 1e12), 1e-3, 1e-8);
}

static void a_deficit_is_negative_and_none_is_zero(void **state)
{
    (void)state;
    assert_near(statistics_significance_observed(0, 4.5), -3, 1e-15);
    assert_true(statistics_significance_observed(3, 4) < 0);
    assert_true(statistics_significance_observed(4, 4) == 0);
}

static void without_a_background_there_is_no_significance(void **state)
{
    (void)state;
    static const double cases[] = {0, -1, NAN};
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        assert_true(statistics_significance_observed(3, cases[i]) == 0);
        assert_true(statistics_significance_expected(3, cases[i]) == 0);
        assert_true(statistics_significance_expected(cases[i], 3) == 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(intervals_are_those_of_the_published_tables),
        cmocka_unit_test(no_event_has_an_upper_end_in_closed_form),
        cmocka_unit_test(an_interval_holds_its_count_and_grows_with_it),
        cmocka_unit_test(huge_counts_have_the_normal_interval),
        cmocka_unit_test(the_published_higgs_window_gives_2_8_observed_and_3_1_expected),
        cmocka_unit_test(significances_follow_their_formula),
        cmocka_unit_test(tiny_signals_over_huge_backgrounds_keep_their_digits),
        cmocka_unit_test(a_deficit_is_negative_and_none_is_zero),
        cmocka_unit_test(without_a_background_there_is_no_significance),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
