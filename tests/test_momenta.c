/* SPDX-License-Identifier: Apache-2.0 */
/* test_momenta.c - many momenta at once have the bits of momenta one by one. */
#include "analysis/momenta.h"

#include <math.h>

#include "analysis/kinematics.h"
#include "tests/support/check.h"

static uint64_t bits(double x)
{
    uint64_t u = 0;
    memcpy(&u, &x, sizeof u);
    return isnan(x) ? 0 : u; /* one NaN is like another */
}

static bool same(const struct momenta *all, size_t i, const struct momentum *p)
{
    return bits(all->px[i]) == bits(p->px) && bits(all->py[i]) == bits(p->py) &&
           bits(all->pz[i]) == bits(p->pz) && bits(all->e[i]) == bits(p->e);
}

static void check_same(const struct momenta_polar *in, size_t n)
{
    static struct momenta out;
    momenta_from_polar(&out, in, n);
    for (size_t i = 0; i < n; i++) {
        struct momentum p = momentum_polar(in->pt[i], in->eta[i], in->phi[i], in->mass[i]);
        if (same(&out, i, &p)) {
            continue;
        }
        print_error("pt %.17g eta %.17g phi %.17g mass %.17g\n", in->pt[i], in->eta[i],
                    in->phi[i], in->mass[i]);
        fail_msg("(%a %a %a %a), not (%a %a %a %a)", out.px[i], out.py[i], out.pz[i], out.e[i],
                 p.px, p.py, p.pz, p.e);
    }
}

static double draw(uint64_t *state, double low, double high)
{
    *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return low + (high - low) * (double)(*state >> 11) * 0x1p-53;
}

static void random_momenta_have_the_same_bits(void **state)
{
    (void)state;
    static struct momenta_polar in;
    static const double eta_max[] = {0.1, 1.1, 5, 30, 720};
    static const double phi_max[] = {0.1, 3.2, 7, 1000, 1.1e5};
    uint64_t random = 1;
    for (size_t k = 0; k < 200 * ARRAY_LENGTH(eta_max) * ARRAY_LENGTH(phi_max); k++) {
        double eta = eta_max[k % ARRAY_LENGTH(eta_max)];
        double phi = phi_max[k / ARRAY_LENGTH(eta_max) % ARRAY_LENGTH(phi_max)];
        for (size_t i = 0; i < MOMENTA_MAX; i++) {
            in.pt[i] = draw(&random, 0, 1000);
            in.eta[i] = draw(&random, -eta, eta);
            in.phi[i] = draw(&random, -phi, phi);
            in.mass[i] = draw(&random, 0, 200);
        }
        check_same(&in, MOMENTA_MAX);
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
    static struct momenta_polar in;
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
static void any_number_is_made_and_no_more(void **state)
{
    (void)state;
    static struct momenta_polar in;
    static struct momenta out;
    for (size_t n = 0; n <= MOMENTA_MAX; n++) {
        for (size_t i = 0; i < MOMENTA_MAX; i++) {
            in.pt[i] = 20;
            in.eta[i] = in.phi[i] = (double)i / 50;
            out.e[i] = -1;
        }
        momenta_from_polar(&out, &in, n);
        for (size_t i = 0; i < MOMENTA_MAX; i++) {
            assert_true(i < n ? out.e[i] >= 20 : out.e[i] == -1);
        }
        check_same(&in, n);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_momenta_have_the_same_bits),
        cmocka_unit_test(special_values_have_the_same_bits),
        cmocka_unit_test(any_number_is_made_and_no_more),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
