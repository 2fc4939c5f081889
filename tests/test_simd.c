/* SPDX-License-Identifier: Apache-2.0 */
/* test_simd.c - many momenta at once have the bits of momenta one by one, on each level. */
#include "analysis/simd.h"

#include <math.h>

#include "analysis/kinematics.h"
#include "tests/support/check.h"

static uint64_t bits(double x)
{
    uint64_t u = 0;
    memcpy(&u, &x, sizeof u);
    return isnan(x) ? 0 : u; /* one NaN is like another */
}

static bool same(const struct simd_momenta *all, size_t i, const struct momentum *p)
{
    return bits(all->px[i]) == bits(p->px) && bits(all->py[i]) == bits(p->py) &&
           bits(all->pz[i]) == bits(p->pz) && bits(all->e[i]) == bits(p->e);
}

static void check_level(const struct simd *simd, const struct simd_polar *in, size_t n)
{
    static struct simd_momenta out;
    simd_make(simd, &out, in, n);
    for (size_t i = 0; i < n; i++) {
        struct momentum p = momentum_polar(in->pt[i], in->eta[i], in->phi[i], in->mass[i]);
        if (same(&out, i, &p)) {
            continue;
        }
        print_error("%s: pt %.17g eta %.17g phi %.17g mass %.17g\n",
                    simd == NULL ? "scalar" : simd->name, in->pt[i], in->eta[i], in->phi[i],
                    in->mass[i]);
        fail_msg("(%a %a %a %a), not (%a %a %a %a)", out.px[i], out.py[i], out.pz[i], out.e[i],
                 p.px, p.py, p.pz, p.e);
    }
}

/* On each level, and without any. */
static void check_same(const struct simd_polar *in, size_t n)
{
    const struct simd *level[LEVELS + 1];
    simd_levels(level);
    for (size_t i = 0; level[i] != NULL; i++) {
        check_level(level[i], in, n);
    }
    check_level(NULL, in, n);
}

static double draw(uint64_t *state, double low, double high)
{
    *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return low + (high - low) * (double)(*state >> 11) * 0x1p-53;
}

static void random_momenta_have_the_same_bits(void **state)
{
    (void)state;
    static struct simd_polar in;
    static const double eta_max[] = {0.1, 1.1, 5, 30, 720};
    static const double phi_max[] = {0.1, 3.2, 7, 1000, 1.1e5};
    uint64_t random = 1;
    for (size_t k = 0; k < 100 * ARRAY_LENGTH(eta_max) * ARRAY_LENGTH(phi_max); k++) {
        double eta = eta_max[k % ARRAY_LENGTH(eta_max)];
        double phi = phi_max[k / ARRAY_LENGTH(eta_max) % ARRAY_LENGTH(phi_max)];
        for (size_t i = 0; i < SIMD_BLOCK; i++) {
            in.pt[i] = draw(&random, 0, 1000);
            in.eta[i] = draw(&random, -eta, eta);
            in.phi[i] = draw(&random, -phi, phi);
            in.mass[i] = draw(&random, 0, 200);
        }
        check_same(&in, SIMD_BLOCK);
    }
}

/* Every one with every other, also where the fast loop cannot go. */
static void special_values_have_the_same_bits(void **state)
{
    (void)state;
    static const double special[] = {
        0.0,
        -0.0,
        0x1p-1074,
        0x1p-30,
        0.5,
        0x1.fffffffffffffp-1,
        1,
        -1,
        0x1.921fb54442d18p-1,
        0x1.921fb54442d18p+0,
        0x1.921fb54442d18p+1,
        -0x1.921fb54442d18p+1,
        2.3561944901923448,
        699.99,
        700,
        -700,
        709.7,
        710,
        745,
        1e5,
        100000.1,
        1e15,
        1e300,
        INFINITY,
        -INFINITY,
        NAN,
    };
    static struct simd_polar in;
    size_t n = ARRAY_LENGTH(special);
    for (size_t k = 0; k < n * n; k++) {
        for (size_t i = 0; i < n; i++) {
            in.pt[i] = 20;
            in.eta[i] = special[k % n];
            in.phi[i] = special[k / n];
            in.mass[i] = special[i];
        }
        check_same(&in, n);
        for (size_t i = 0; i < n; i++) {
            in.pt[i] = special[i];
            in.mass[i] = 1;
        }
        check_same(&in, n);
    }
}

/* Vectors and what is left over at the end of them. */
static void any_number_is_made(void **state)
{
    (void)state;
    static struct simd_polar in;
    for (size_t n = 0; n <= SIMD_BLOCK; n++) {
        for (size_t i = 0; i < SIMD_BLOCK; i++) {
            in.pt[i] = 20;
            in.eta[i] = in.phi[i] = (double)i / 50;
        }
        check_same(&in, n);
    }
}

static void check_sums(const struct simd *simd, const struct simd_three *in, size_t n)
{
    double pt[SIMD_BLOCK];
    simd->sum_pt(pt, in, n);
    for (size_t i = 0; i < n; i++) {
        double px = 0;
        double py = 0;
        for (size_t k = 0; k < 3; k++) {
            struct momentum p = momentum_polar(in->pt[k][i], 0.5, in->phi[k][i], 1);
            px = k == 0 ? p.px : px + p.px;
            py = k == 0 ? p.py : py + p.py;
        }
        assert_int_equal(bits(pt[i]), bits(momentum_pt(px, py)));
    }
}

static void sums_of_three_have_the_pt_of_momenta_one_by_one(void **state)
{
    (void)state;
    static struct simd_three in;
    static const double phi_max[] = {0.1, 3.2, 7, 1000, 1e5};
    static const double special[] = {0, -0.0, NAN, INFINITY, 1e300, -20};
    const struct simd *level[LEVELS + 1];
    uint64_t random = 2;
    simd_levels(level);
    for (size_t n = 0; n <= SIMD_BLOCK; n++) {
        double phi = phi_max[n % ARRAY_LENGTH(phi_max)];
        for (size_t i = 0; i < 3 * n; i++) {
            in.pt[i % 3][i / 3] =
                i % 50 == 0 ? special[i / 50 % ARRAY_LENGTH(special)] : draw(&random, 0, 500);
            in.phi[i % 3][i / 3] = draw(&random, -phi, phi);
        }
        for (size_t l = 0; level[l] != NULL; l++) {
            check_sums(level[l], &in, n);
        }
    }
}

static void the_last_level_runs_everywhere(void **state)
{
    (void)state;
    const struct simd *level[LEVELS + 1];
    size_t n = 0;
    simd_levels(level);
    while (level[n] != NULL) {
        n++;
    }
    assert_true(n >= 1 && n <= LEVELS);
    assert_string_equal(level[n - 1]->name, "plain");
}

static void the_environment_can_name_a_level(void **state)
{
    (void)state;
    const struct simd *level[LEVELS + 1];
    simd_levels(level);
    /* NOLINTBEGIN(concurrency-mt-unsafe): there is one thread */
    for (size_t i = 0; level[i] != NULL; i++) {
        assert_int_equal(setenv("PICOBARN_SIMD", level[i]->name, 1), 0);
        assert_ptr_equal(simd_choose(), level[i]);
    }
    assert_int_equal(setenv("PICOBARN_SIMD", "scalar", 1), 0);
    assert_null(simd_choose());
    assert_int_equal(setenv("PICOBARN_SIMD", "of another machine", 1), 0);
    assert_ptr_equal(simd_choose(), level[0]);
    assert_int_equal(unsetenv("PICOBARN_SIMD"), 0);
    assert_ptr_equal(simd_choose(), level[0]);
    /* NOLINTEND(concurrency-mt-unsafe) */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_momenta_have_the_same_bits),
        cmocka_unit_test(special_values_have_the_same_bits),
        cmocka_unit_test(any_number_is_made),
        cmocka_unit_test(sums_of_three_have_the_pt_of_momenta_one_by_one),
        cmocka_unit_test(the_environment_can_name_a_level),
        cmocka_unit_test(the_last_level_runs_everywhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
