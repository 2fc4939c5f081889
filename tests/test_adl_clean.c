/* SPDX-License-Identifier: Apache-2.0 */
/* test_adl_clean.c - the ADL query 7 on events made by hand. */
#include "tests/support/adl_event.h"

static const char from_zero[] = "{\"sum_pt_axis\": {\"regular\": [4000, 0, 4000]}}";

static void check_sum(const struct event *e, double sum)
{
    struct outcome o = run_one(&analysis_adl_q7, e, from_zero, 0);
    check_holds(&o, sum);
    assert_int_equal(o.step[0], 1);
    assert_int_equal(o.step[1], sum > 0);
}

static void an_event_without_such_a_jet_enters_as_0(void **state)
{
    (void)state;
    struct event e = {0};
    check_sum(&e, 0);
    add_jet(&e, 30, 0, 0, 0, 0); /* at the cut is not above */
    add_jet(&e, 10, 0, 0, 0, 0);
    add_jet(&e, NAN, 0, 0, 0, 0);
    check_sum(&e, 0);
    struct job j; /* below the default axis */
    start(&j, &analysis_adl_q7, NULL, false);
    process(&j, &e, UINT32_MAX);
    assert_int_equal(j.out.hist[0].hist.count[0], 1);
    finish(&j);
}

static void jets_above_the_cut_are_summed(void **state)
{
    (void)state;
    struct event e = {0};
    add_jet(&e, nextafter(30, 31), 0, 0, 0, 0);
    check_sum(&e, 30);
    add_jet(&e, 20, 0, 0, 0, 0);
    add_jet(&e, 64.5, 4, 3, 0, 0);
    check_sum(&e, 94.5);
    struct event many = {0};
    const size_t n = 100;
    for (size_t i = 0; i < n; i++) {
        add_jet(&many, 30.5, 0, 0, 0, 0);
    }
    check_sum(&many, 30.5 * (double)n);
    struct outcome o = run_one(&analysis_adl_q7, &e, "{\"jet_pt_min_gev\": 64}", 0);
    check_holds(&o, 64.5);
}

/* A jet of 50 GeV at (0.5, 3) and a lepton. */
static void a_lepton_takes_a_jet_away_that_is_nearer_than_the_cut(void **state)
{
    (void)state;
    static const double two_pi = 0x1.921fb54442d18p+2;
    const struct {
        double pt, eta, phi;
        bool taken;
    } cases[] = {
        {20, 0.5, 3, true},
        {10, 0.5, 3, false}, /* at the cut is not above */
        {nextafter(10, 11), 0.5, 3, true},
        {NAN, 0.5, 3, false},
        {20, 0.899, 3, true},
        {20, 0.901, 3, false},
        {20, 0.101, 3, true},
        {20, 0.099, 3, false},
        {20, 0.5, 2.601, true},
        {20, 0.5, 2.599, false},
        {20, 0.5, 3.399 - two_pi, true}, /* across the end of the angles */
        {20, 0.5, 3.401 - two_pi, false},
        {20, 0.5, 3 + two_pi, true}, /* and however it is said */
        {20, 0.5, 3 - 2 * two_pi, true},
        {20, 0.74, 3.31, true}, /* 0.24^2 + 0.31^2 < 0.16 */
        {20, 0.75, 3.32, false},
        {20, NAN, 3, false},
        {20, 0.5, NAN, false},
        {20, INFINITY, 3, false},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases) * 2; i++) {
        size_t k = i / 2;
        struct event e = {0};
        add_jet(&e, 50, 0.5, 3, 0, 0);
        add_lepton(&e, MUONS, 100, -4, 0, 1); /* far from everything */
        add_lepton(&e, i % 2 == 0 ? MUONS : ELECTRONS, cases[k].pt, cases[k].eta, cases[k].phi,
                   0);
        check_sum(&e, cases[k].taken ? 0 : 50);
    }
}

static void at_the_cut_is_not_nearer(void **state)
{
    (void)state;
    struct event e = {0};
    add_jet(&e, 50, 0, 0, 0, 0);
    add_lepton(&e, ELECTRONS, 20, 0.4, 0, 1);
    check_sum(&e, 50);
    e.kind[ELECTRONS].real[ETA][0] = 0.39999999999999;
    check_sum(&e, 0);
    e.kind[ELECTRONS].real[ETA][0] = 0.6;
    struct outcome o = run_one(&analysis_adl_q7, &e, "{\"delta_r_min\": 0.7}", 0);
    assert_true(o.entries == 1 && o.step[1] == 0);
    e.kind[ELECTRONS].real[PT][0] = 60;
    o = run_one(&analysis_adl_q7, &e, "{\"delta_r_min\": 0.7, \"lepton_pt_min_gev\": 60}", 0);
    check_holds(&o, 50);
}

static void only_the_jets_near_to_a_lepton_are_taken_away(void **state)
{
    (void)state;
    struct event e = {0};
    for (size_t i = 0; i < 5; i++) {
        add_jet(&e, 40 + (double)i, 0, (double)i, 0, 0);
    }
    add_lepton(&e, MUONS, 11, 0.1, 1.1, 1);
    add_lepton(&e, ELECTRONS, 11, 0.1, 3.1, 1);
    check_sum(&e, 40 + 42 + 44);
    e.kind[JETS].real[ETA][0] = NAN; /* near to nobody */
    check_sum(&e, 40 + 42 + 44);
    e.kind[JETS].real[PT][0] = INFINITY;
    struct outcome o = run_one(&analysis_adl_q7, &e, from_zero, 0);
    assert_true(o.entries == 1 && o.nan == 0 && isnan(o.low)); /* above */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_event_without_such_a_jet_enters_as_0),
        cmocka_unit_test(jets_above_the_cut_are_summed),
        cmocka_unit_test(a_lepton_takes_a_jet_away_that_is_nearer_than_the_cut),
        cmocka_unit_test(at_the_cut_is_not_nearer),
        cmocka_unit_test(only_the_jets_near_to_a_lepton_are_taken_away),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
