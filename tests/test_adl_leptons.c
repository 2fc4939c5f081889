/* SPDX-License-Identifier: Apache-2.0 */
/* test_adl_leptons.c - the ADL queries 5 and 8 on events made by hand. Leptons have no mass and
 * lie in the transverse plane: back to back the mass of two is 2 sqrt(pt1 pt2). */
#include "tests/support/adl_event.h"

static const double pi = 0x1.921fb54442d18p+1;

/* Two muons back to back, of this mass. */
static struct event pair_of(double mass, int32_t charge_a, int32_t charge_b)
{
    struct event e = {.met_pt = 33};
    add_lepton(&e, MUONS, mass / 2, 0, 0, charge_a);
    add_lepton(&e, MUONS, mass / 2, 0, pi, charge_b);
    return e;
}

static void q5_wants_a_mass_strictly_within_the_window(void **state)
{
    (void)state;
    static const struct {
        double mass;
        uint64_t entries;
    } cases[] = {{91, 1},         {60, 0},      {60.000001, 1}, {59.999999, 0}, {120, 0},
                 {119.999999, 1}, {120.001, 0}, {0, 0},         {NAN, 0},       {INFINITY, 0}};
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct event e = pair_of(cases[i].mass, 1, -1);
        struct outcome o = run_one(&analysis_adl_q5, &e, NULL, 0);
        assert_int_equal(o.entries, cases[i].entries);
        assert_int_equal(o.step[1], cases[i].entries);
        if (cases[i].entries == 1) {
            check_holds(&o, 33);
        }
    }
    struct event e = pair_of(30, 1, -1);
    assert_int_equal(
        run_one(&analysis_adl_q5, &e, "{\"mass_min_gev\": 29, \"mass_max_gev\": 31}", 0)
            .entries,
        1);
}

static void q5_wants_opposite_charges_and_muons(void **state)
{
    (void)state;
    static const struct {
        int32_t a, b;
        uint64_t entries;
    } cases[] = {{1, -1, 1}, {-1, 1, 1}, {1, 1, 0}, {-1, -1, 0}, {0, 1, 0}, {3, -2, 1}};
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct event e = pair_of(91, cases[i].a, cases[i].b);
        assert_int_equal(run_one(&analysis_adl_q5, &e, NULL, 0).entries, cases[i].entries);
    }
    struct event electrons = {0};
    add_lepton(&electrons, ELECTRONS, 45, 0, 0, 1);
    add_lepton(&electrons, ELECTRONS, 45, 0, pi, -1);
    assert_int_equal(run_one(&analysis_adl_q5, &electrons, NULL, 0).entries, 0);
}

static void q5_counts_an_event_once_whichever_pairs_it_has(void **state)
{
    (void)state;
    struct event e = {.met_pt = NAN};
    assert_int_equal(run_one(&analysis_adl_q5, &e, NULL, 0).entries, 0);
    for (size_t i = 0; i < 20; i++) { /* no pair but with the last */
        add_lepton(&e, MUONS, 45, 0, 0, 1);
        assert_int_equal(run_one(&analysis_adl_q5, &e, NULL, 0).entries, 0);
    }
    add_lepton(&e, MUONS, 45, 0, pi, -1);
    struct outcome o = run_one(&analysis_adl_q5, &e, NULL, 0);
    assert_true(o.entries == 1 && o.nan == 1 && o.step[1] == 1);
}

/* Query 8 over bins so narrow that they are the value. */
static const char fine[] = "{\"mt_axis\": {\"regular\": [1000000, -1, 999]}}";

static struct outcome q8(const struct event *e)
{
    return run_one(&analysis_adl_q8, e, fine, 0);
}

static double transverse(double pt, double met_pt, double dphi)
{
    return sqrt(2 * pt * met_pt * (1 - cos(dphi)));
}

static void check_mt(const struct event *e, double mt)
{
    struct outcome o = q8(e);
    assert_true(o.entries == 1 && o.step[1] == 1 && o.step[2] == 1);
    if (!(o.low - 1e-3 <= mt && mt < o.high + 1e-3)) {
        fail_msg("%g is not in [%g, %g)", mt, o.low, o.high);
    }
}

static void q8_wants_three_leptons_and_a_pair_of_one_kind(void **state)
{
    (void)state;
    static const struct {
        size_t n;
        size_t kind[4];
        int32_t charge[4];
        uint64_t leptons, pair;
    } cases[] = {
        {0, {0}, {0}, 0, 0},
        {2, {MUONS, MUONS}, {1, -1}, 0, 0},
        {3, {MUONS, MUONS, MUONS}, {1, -1, 1}, 1, 1},
        {3, {MUONS, MUONS, MUONS}, {1, 1, 1}, 1, 0},
        {3, {MUONS, MUONS, ELECTRONS}, {1, -1, 1}, 1, 1},
        {3, {MUONS, ELECTRONS, ELECTRONS}, {1, -1, 1}, 1, 1},
        {3,
         {MUONS, ELECTRONS, ELECTRONS},
         {1, -1, -1},
         1,
         0}, /* a muon and an electron: none */
        {3, {MUONS, MUONS, ELECTRONS}, {1, 0, -1}, 1, 0},
        {4, {MUONS, MUONS, ELECTRONS, ELECTRONS}, {1, 1, -1, -1}, 1, 0},
        {4, {ELECTRONS, ELECTRONS, ELECTRONS, ELECTRONS}, {1, 1, 1, -1}, 1, 1},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct event e = {.met_pt = 40};
        for (size_t k = 0; k < cases[i].n; k++) {
            add_lepton(&e, cases[i].kind[k], 40, 0, (double)k, cases[i].charge[k]);
        }
        struct outcome o = q8(&e);
        assert_int_equal(o.step[0], 1);
        assert_int_equal(o.step[1], cases[i].leptons);
        assert_int_equal(o.step[2], cases[i].pair);
        assert_int_equal(o.entries, cases[i].pair);
    }
}

static void q8_takes_the_closest_pair_and_the_hardest_of_the_others(void **state)
{
    (void)state;
    struct event e = {.met_pt = 50, .met_phi = 1};
    add_lepton(&e, MUONS, 20, 0, 0, 1);
    add_lepton(&e, MUONS, 20, 0, pi, -1); /* 40 GeV */
    add_lepton(&e, ELECTRONS, 45, 0, 0.5, 1);
    add_lepton(&e, ELECTRONS, 46, 0, 0.5 + pi, -1); /* 91.0 GeV */
    add_lepton(&e, MUONS, 30, 0, 2, 1);             /* with the second muon 40.7 GeV */
    check_mt(&e, transverse(30, 50, 1));
    /* with another mass to be closest to it is the first two muons, and an electron is left */
    struct outcome o =
        run_one(&analysis_adl_q8, &e,
                "{\"z_mass_gev\": 40, \"mt_axis\": {\"regular\": [1000000, -1, 999]}}", 0);
    assert_true(fabs(o.low - transverse(46, 50, 0.5 + pi - 1)) < 2e-3);
}

static void q8_takes_the_first_of_equal_ones(void **state)
{
    (void)state;
    /* both pairs with the first muon have one mass, since the cosine is even */
    struct event pairs = {.met_pt = 50, .met_phi = -2};
    add_lepton(&pairs, MUONS, 45, 0, 0, 1);
    add_lepton(&pairs, MUONS, 45, 0, 2, -1);
    add_lepton(&pairs, MUONS, 45, 0, -2, -1);
    check_mt(&pairs, 0);
    /* the muons and the electrons have one mass: the muons are taken, the first electron is left */
    struct event kinds = {.met_pt = 50, .met_phi = -2};
    add_lepton(&kinds, ELECTRONS, 45, 0, -2, 1);
    add_lepton(&kinds, ELECTRONS, 45, 0, 0, -1);
    add_lepton(&kinds, MUONS, 45, 0, 0, 1);
    add_lepton(&kinds, MUONS, 45, 0, 2, -1);
    check_mt(&kinds, 0);
    /* the same of the leptons left: a muon in front of an electron of its pT */
    struct event left = {.met_pt = 50, .met_phi = 1};
    add_lepton(&left, MUONS, 45.6, 0, 0, 1);
    add_lepton(&left, MUONS, 45.6, 0, pi, -1);
    add_lepton(&left, MUONS, 30, 0, 1, 1);
    add_lepton(&left, ELECTRONS, 30, 0, 2, 1);
    check_mt(&left, 0);
}

static void q8_counts_what_is_no_number_as_such(void **state)
{
    (void)state;
    for (size_t column = PT; column <= PHI; column++) {
        struct event e = {.met_pt = 50};
        add_lepton(&e, MUONS, 45, 0, 0, 1);
        add_lepton(&e, MUONS, 45, 0, pi, -1);
        add_lepton(&e, MUONS, 30, 0, 1, 1);
        e.kind[MUONS].real[column][1] = NAN; /* so that no pair has a mass */
        struct outcome o = q8(&e);
        assert_true(o.entries == 1 && o.nan == 1 && o.step[2] == 1);
        add_lepton(&e, MUONS, 45, 0, pi, -1); /* now one has */
        if (column == PT) {
            check_mt(&e, transverse(30, 50, 1)); /* NaN is not the hardest */
        }
        o = q8(&e);
        assert_true(o.entries == 1 && (o.nan == 0 || column == PHI));
    }
    struct event left = {.met_pt = 50};
    add_lepton(&left, MUONS, 45, 0, 0, 1);
    add_lepton(&left, MUONS, 45, 0, pi, -1);
    add_lepton(&left, ELECTRONS, NAN, 0, 1, 1);
    assert_int_equal(q8(&left).nan, 1);
    left.kind[ELECTRONS].real[PT][0] = 20;
    left.met_phi = NAN;
    assert_int_equal(q8(&left).nan, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(q5_wants_a_mass_strictly_within_the_window),
        cmocka_unit_test(q5_wants_opposite_charges_and_muons),
        cmocka_unit_test(q5_counts_an_event_once_whichever_pairs_it_has),
        cmocka_unit_test(q8_wants_three_leptons_and_a_pair_of_one_kind),
        cmocka_unit_test(q8_takes_the_closest_pair_and_the_hardest_of_the_others),
        cmocka_unit_test(q8_takes_the_first_of_equal_ones),
        cmocka_unit_test(q8_counts_what_is_no_number_as_such),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
