/* SPDX-License-Identifier: Apache-2.0 */
/* test_kinematics.c - masses against closed forms, where cancellation would show. */
#include "analysis/kinematics.h"

#include <math.h>

#include "tests/support/check.h"

static const double pi = 3.14159265358979323846;
static const double muon_gev = 0.105658;

static void assert_near(double value, long double truth, double relative)
{
    if (!(fabsl(value - truth) <= relative * fabsl(truth))) {
        fail_msg("%.17g instead of %.20Lg", value, truth);
    }
}

/* m^2 = m1^2 + m2^2 + 2 (E1 E2 - p1.p2), in long double, whose 64 bits lose what double's keep. */
static long double mass_in_long_double(const struct momentum *a, const struct momentum *b,
                                       long double m1, long double m2)
{
    long double dot =
        (long double)a->px * b->px + (long double)a->py * b->py + (long double)a->pz * b->pz;
    long double p1 =
        (long double)a->px * a->px + (long double)a->py * a->py + (long double)a->pz * a->pz;
    long double p2 =
        (long double)b->px * b->px + (long double)b->py * b->py + (long double)b->pz * b->pz;
    return sqrtl(m1 * m1 + m2 * m2 + 2 * (sqrtl((p1 + m1 * m1) * (p2 + m2 * m2)) - dot));
}

static void equal_momenta_have_twice_their_mass_at_any_energy(void **state)
{
    (void)state;
    static const double masses[] = {1e-12, 0.0005109989, 0.105658, 91.1876, 1e6};
    static const double momenta[] = {0, 1e-6, 1, 45, 3400, 1e9, 1e15};
    for (size_t i = 0; i < ARRAY_LENGTH(masses); i++) {
        for (size_t j = 0; j < ARRAY_LENGTH(momenta); j++) {
            double p = momenta[j];
            struct momentum a = momentum_cartesian(0.36 * p, -0.48 * p, 0.8 * p, masses[i]);
            assert_near(momentum_mass(&a, &a), 2 * (long double)masses[i], 1e-15);
        }
    }
}

static void massless_ones_have_two_pt_times_the_sine_of_half_their_angle(void **state)
{
    (void)state;
    static const double angles[] = {
        1e-12, 1e-8, 1e-4, 0.1, 1, 1.5707963267948966, 1.6, 2, 3, 3.14159265358979};
    for (size_t i = 0; i < ARRAY_LENGTH(angles); i++) {
        struct momentum a = momentum_polar(40, 0, 0, 0);
        struct momentum b = momentum_polar(50, 0, angles[i], 0);
        long double truth = 2 * sqrtl(40.0L * 50.0L) * sinl(angles[i] / 2.0L);
        assert_near(momentum_mass(&a, &b), truth, 1e-14);
        assert_near(momentum_mass2(&a, &b), truth * truth, 1e-14);
    }
}

/* The form of physics.md, in long double:
 * m^2 = 4 pT1 pT2 [sinh^2(deta / 2) + sin^2(dphi / 2)] for massless particles. */
static void massless_ones_follow_the_formula_in_eta_and_phi(void **state)
{
    (void)state;
    for (int i = 0; i < 2000; i++) {
        double eta1 = -2.4 + 0.0024 * i;
        double eta2 = 2.4 - 0.0019 * i;
        double phi1 = -pi + 0.0031 * i;
        double phi2 = pi - 0.0017 * i;
        double pt1 = 5 + 0.37 * i;
        struct momentum a = momentum_polar(pt1, eta1, phi1, 0);
        struct momentum b = momentum_polar(20, eta2, phi2, 0);
        long double s = sinhl(((long double)eta1 - eta2) / 2);
        long double t = sinl(((long double)phi1 - phi2) / 2);
        assert_near(momentum_mass(&a, &b), sqrtl(4.0L * pt1 * 20 * (s * s + t * t)), 1e-12);
    }
}

static void massive_ones_follow_their_four_vectors(void **state)
{
    (void)state;
    for (int i = 0; i < 2000; i++) {
        double pt = 3 + 0.05 * i;
        struct momentum a = momentum_polar(pt, -2 + 0.002 * i, 0.003 * i, muon_gev);
        struct momentum b = momentum_polar(110 - pt, 1 - 0.001 * i, 2 - 0.001 * i, 0.4937);
        long double truth = mass_in_long_double(&a, &b, muon_gev, 0.4937);
        assert_near(momentum_mass(&a, &b), truth, 1e-13);
        assert_true(momentum_mass2(&a, &b) == momentum_mass2(&b, &a));
    }
}

/* Nearly collinear muons of 3.4 TeV: E^2 - p^2 of doubles would have no digit left; the opening
 * of d is exact here, so m^2 = 4 m^2 + (p d)^2 to the second order in d. */
static void collinear_energetic_muons_keep_their_digits(void **state)
{
    (void)state;
    static const double openings[] = {0, 1e-9, 1e-7, 1e-6, 1e-5};
    for (size_t i = 0; i < ARRAY_LENGTH(openings); i++) {
        double across = 3400 * openings[i];
        struct momentum a = momentum_cartesian(3400, 0, 0, muon_gev);
        struct momentum b = momentum_cartesian(3400, across, 0, muon_gev);
        long double truth = sqrtl(4.0L * muon_gev * muon_gev + (long double)across * across);
        assert_near(momentum_mass(&a, &b), truth, 1e-9);
    }
}

/* 3.4 TeV with six digits, as a file may store it: the known mass saves the pair's. */
static void an_energy_from_the_mass_is_better_than_one_stored_with_six_digits(void **state)
{
    (void)state;
    struct momentum a = momentum_cartesian(2100.5, 1200.25, 2391.75, muon_gev);
    struct momentum b = momentum_cartesian(-1.5, 2.25, 3.75, muon_gev);
    double e = a.e + 0.004; /* within half of the sixth digit */
    struct momentum rounded = momentum_stored(a.px, a.py, a.pz, e);
    struct momentum other = momentum_stored(b.px, b.py, b.pz, b.e);
    long double truth = mass_in_long_double(&a, &b, muon_gev, muon_gev);
    assert_near(momentum_mass(&a, &b), truth, 1e-14);
    assert_true(fabs(momentum_mass(&rounded, &other) - (double)truth) > 0.1);
}

static void a_stored_energy_is_taken_as_it_is(void **state)
{
    (void)state;
    struct momentum a = momentum_stored(1, 2, 2, 5);    /* mass 4 */
    struct momentum b = momentum_stored(-1, -2, -2, 3); /* mass 0 */
    assert_true(momentum_mass(&a, &b) == 8);
    struct momentum light = momentum_stored(3, 4, 0, 4.5); /* E < p */
    assert_true(momentum_mass(&light, &light) == 0);
    assert_true(momentum_mass2(&light, &light) == 0);
    struct momentum made = momentum_cartesian(0, 0, 0, 2);
    assert_true(momentum_mass(&a, &made) == sqrt(7.0 * 7 - 9)); /* one stored is enough */
}

static void particles_at_rest_have_the_sum_of_their_masses(void **state)
{
    (void)state;
    struct momentum a = momentum_cartesian(0, 0, 0, 3);
    struct momentum b = momentum_cartesian(0, 0, 0, 4);
    struct momentum nothing = momentum_cartesian(0, 0, 0, 0);
    assert_near(momentum_mass(&a, &b), 7, 1e-15);
    assert_near(momentum_mass(&a, &nothing), 3, 1e-15);
    assert_true(momentum_mass(&nothing, &nothing) == 0);
}

static void a_mass_is_no_number_if_a_component_is_none(void **state)
{
    (void)state;
    struct momentum good = momentum_cartesian(1, 2, 3, muon_gev);
    for (size_t k = 0; k < 4; k++) {
        double v[4] = {3, 0.5, 0.25, muon_gev};
        v[k] = NAN;
        struct momentum bad[] = {momentum_cartesian(v[0], v[1], v[2], v[3]),
                                 momentum_polar(v[0], v[1], v[2], v[3]),
                                 momentum_stored(v[0], v[1], v[2], v[3])};
        for (size_t j = 0; j < ARRAY_LENGTH(bad); j++) {
            assert_true(isnan(momentum_mass(&bad[j], &good)));
            assert_true(isnan(momentum_mass2(&good, &bad[j])));
        }
    }
}

static void an_infinite_component_gives_no_finite_mass(void **state)
{
    (void)state;
    struct momentum good = momentum_cartesian(1, 2, 3, muon_gev);
    for (size_t k = 0; k < 8; k++) {
        double v[4] = {3, 0.5, 0.25, muon_gev};
        v[k / 2] = k % 2 == 0 ? INFINITY : -INFINITY;
        struct momentum bad[] = {momentum_cartesian(v[0], v[1], v[2], v[3]),
                                 momentum_polar(v[0], v[1], v[2], v[3])};
        for (size_t j = 0; j < ARRAY_LENGTH(bad); j++) {
            double mass = momentum_mass(&bad[j], &good);
            assert_true(isnan(mass) || isinf(mass));
        }
    }
}

static void pseudorapidity_undoes_the_polar_form(void **state)
{
    (void)state;
    for (int i = 0; i <= 1000; i++) {
        double eta = -10 + 0.02 * i;
        struct momentum m = momentum_polar(17.5, eta, 0.1 * i, 0);
        assert_true(fabs(momentum_eta(m.px, m.py, m.pz) - eta) <= 1e-14);
        assert_near(momentum_pt(m.px, m.py), 17.5, 1e-15);
    }
}

static void along_the_beam_pseudorapidity_is_infinite(void **state)
{
    (void)state;
    assert_true(momentum_eta(0, 0, 5) == INFINITY);
    assert_true(momentum_eta(0, 0, -5) == -INFINITY);
    assert_true(momentum_eta(1e-200, 0, 1e200) == INFINITY);
    assert_true(momentum_eta(1, 1, 0) == 0);
    assert_true(isnan(momentum_eta(0, 0, 0)));
    assert_true(isnan(momentum_eta(NAN, 0, 1)) && isnan(momentum_eta(1, 0, NAN)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equal_momenta_have_twice_their_mass_at_any_energy),
        cmocka_unit_test(massless_ones_have_two_pt_times_the_sine_of_half_their_angle),
        cmocka_unit_test(massless_ones_follow_the_formula_in_eta_and_phi),
        cmocka_unit_test(massive_ones_follow_their_four_vectors),
        cmocka_unit_test(collinear_energetic_muons_keep_their_digits),
        cmocka_unit_test(an_energy_from_the_mass_is_better_than_one_stored_with_six_digits),
        cmocka_unit_test(a_stored_energy_is_taken_as_it_is),
        cmocka_unit_test(particles_at_rest_have_the_sum_of_their_masses),
        cmocka_unit_test(a_mass_is_no_number_if_a_component_is_none),
        cmocka_unit_test(an_infinite_component_gives_no_finite_mass),
        cmocka_unit_test(pseudorapidity_undoes_the_polar_form),
        cmocka_unit_test(along_the_beam_pseudorapidity_is_infinite),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
