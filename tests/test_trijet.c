/* SPDX-License-Identifier: Apache-2.0 */
/* test_trijet.c - the screen for three jets: it is off by less than its bound, loses nothing that could
 * be the closest, leaves little, and has the same bits on each level of the processor. */
#include "analysis/trijet.h"

#include <math.h>

#include "tests/support/check.h"

static const double top_mass = 172.5;

static double draw(uint64_t *state, double low, double high)
{
    *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return low + (high - low) * (double)(*state >> 11) * 0x1p-53;
}

/* n jets of up to this pT and abs(eta). */
static void draw_jets(uint64_t *state, size_t n, double pt, double eta,
                      struct simd_momenta *out)
{
    static struct simd_polar polar;
    for (size_t i = 0; i < n; i++) {
        polar.pt[i] = draw(state, 1, pt);
        polar.eta[i] = draw(state, -eta, eta);
        polar.phi[i] = draw(state, -3.2, 3.2);
        polar.mass[i] = draw(state, 0, pt / 5);
    }
    simd_make(NULL, out, &polar, n);
}

static double mass2_of(const struct simd_momenta *jet, size_t i, size_t j, size_t k)
{
    double e = jet->e[i] + jet->e[j] + jet->e[k];
    double px = jet->px[i] + jet->px[j] + jet->px[k];
    double py = jet->py[i] + jet->py[j] + jet->py[k];
    double pz = jet->pz[i] + jet->pz[j] + jet->pz[k];
    return e * e - (px * px + py * py + pz * pz);
}

static double distance_of(const struct simd_momenta *jet, const size_t at[3])
{
    double m2 = mass2_of(jet, at[0], at[1], at[2]);
    return fabs(sqrt(m2 < 0 ? 0 : m2) - top_mass);
}

/* Every choice once, in the order of its place. */
static void next_choice(size_t at[3])
{
    at[0]++;
    if (at[0] == at[1]) {
        at[0] = 0;
        at[1]++;
    }
    if (at[1] == at[2]) {
        at[1] = 1;
        at[2]++;
    }
}

static double closest_of(const struct simd_momenta *jet, size_t n)
{
    double least = INFINITY;
    for (size_t at[3] = {0, 1, 2}; at[2] < n; next_choice(at)) {
        least = fmin(least, distance_of(jet, at));
    }
    return least;
}

static void check_error(const struct simd_momenta *jet, size_t first, size_t n,
                        const struct simd_triples *t)
{
    double e_max = 0;
    for (size_t i = 0; i < n; i++) {
        e_max = fmax(e_max, jet->e[first + i]);
    }
    double bound = 32 * 0x1p-24 * (9 * e_max * e_max + top_mass * top_mass);
    size_t place[SIMD_JETS_MAX + 1] = {0};
    for (size_t at[3] = {0, 1, 2}; at[2] < n; next_choice(at)) {
        size_t k = at[2];
        double mass2 = (double)t->mass2[t->row[k] + place[k]++];
        double exact = mass2_of(jet, first + at[0], first + at[1], first + k);
        assert_true(fabs(mass2 - exact) < bound);
    }
}

static const size_t sizes[] = {3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 16, 17, 25, 33, SIMD_JETS_MAX};

static void the_closest_is_left_and_few_others(void **state)
{
    (void)state;
    static struct simd_triples t;
    static struct simd_momenta jet;
    static const struct {
        double pt, eta;
    } ranges[] = {{100, 2}, {100, 5}, {1000, 5}, {40, 0.5}, {0.1, 1}, {3000, 8}};
    const struct simd *level[LEVELS + 1];
    uint64_t random = 3;
    size_t left = 0;
    size_t events = 0;
    simd_levels(level);
    for (size_t i = 0; i < 20 * ARRAY_LENGTH(sizes) * ARRAY_LENGTH(ranges); i++) {
        size_t n = sizes[i % ARRAY_LENGTH(sizes)];
        size_t range = i / ARRAY_LENGTH(sizes) % ARRAY_LENGTH(ranges);
        draw_jets(&random, n, ranges[range].pt, ranges[range].eta, &jet);
        assert_true(trijet_screen(level[0], &t, &jet, 0, n, top_mass));
        check_error(&jet, 0, n, &t);
        double least = closest_of(&jet, n);
        bool found = false;
        size_t at[3];
        for (size_t place = 0; trijet_next(level[0], &t, &place, at);) {
            assert_true(at[0] < at[1] && at[1] < at[2] && at[2] < n);
            found = found || distance_of(&jet, at) == least;
            left += range == 0;
        }
        assert_true(found);
        events += range == 0;
    }
    assert_true(left < 2 * events); /* else it would screen nothing */
}

static void check_equal(const struct simd_triples *a, const struct simd_triples *b)
{
    size_t n = a->n_jets;
    assert_memory_equal(a->row + 2, b->row + 2, (n - 1) * sizeof *a->row);
    assert_true(a->low == b->low && a->high == b->high);
    for (size_t p = 0; p < a->row[n]; p++) {
        bool nan = isnan(a->mass2[p]) && isnan(b->mass2[p]);
        assert_true(a->mass2[p] == b->mass2[p] || nan);
    }
}

static void check_finds(const struct simd *a, const struct simd *b,
                        const struct simd_triples *t)
{
    for (size_t from = 0; from <= t->row[t->n_jets]; from++) {
        assert_int_equal(a->find(t, from), b->find(t, from));
    }
}

/* Of one event, a level against another's result. */
static void check_level(const struct simd *simd, const struct simd *best,
                        const struct simd_momenta *jet, size_t first,
                        const struct simd_triples *t)
{
    static struct simd_triples other;
    assert_true(trijet_screen(simd, &other, jet, first, t->n_jets, top_mass));
    check_equal(t, &other);
    if (t->n_jets < 20) {
        check_finds(best, simd, t);
    }
}

static void each_level_has_the_same_bits(void **state)
{
    (void)state;
    static struct simd_triples t;
    static struct simd_momenta jet;
    const struct simd *level[LEVELS + 1];
    uint64_t random = 4;
    simd_levels(level);
    for (size_t i = 0; i < 5 * ARRAY_LENGTH(sizes); i++) {
        size_t n = sizes[i % ARRAY_LENGTH(sizes)];
        size_t first = i % 5;
        draw_jets(&random, n + 5, 100, 4, &jet);
        assert_true(trijet_screen(level[0], &t, &jet, first, n, top_mass));
        check_error(&jet, first, n, &t);
        for (size_t l = 1; level[l] != NULL; l++) {
            check_level(level[l], level[0], &jet, first, &t);
        }
    }
}

/* No comparison holds for the padding, so that it is never found. */
static void in_the_widest_window_all_choices_are_found_once(void **state)
{
    (void)state;
    static struct simd_triples t;
    static struct simd_momenta jet;
    const struct simd *level[LEVELS + 1];
    uint64_t random = 5;
    simd_levels(level);
    for (size_t i = 0; i < ARRAY_LENGTH(sizes) * LEVELS; i++) {
        const struct simd *simd = level[i / ARRAY_LENGTH(sizes)];
        size_t n = sizes[i % ARRAY_LENGTH(sizes)];
        if (simd == NULL) {
            break;
        }
        draw_jets(&random, n, 100, 4, &jet);
        assert_true(trijet_screen(simd, &t, &jet, 0, n, top_mass));
        t.low = -INFINITY;
        t.high = INFINITY;
        size_t place = 0;
        size_t at[3];
        for (size_t want[3] = {0, 1, 2}; want[2] < n; next_choice(want)) {
            assert_true(trijet_next(simd, &t, &place, at));
            assert_memory_equal(at, want, sizeof at);
        }
        assert_false(trijet_next(simd, &t, &place, at));
    }
}

static void what_the_bound_does_not_hold_for_is_refused(void **state)
{
    (void)state;
    static struct simd_triples t;
    static struct simd_momenta jet;
    static const double energies[] = {NAN, INFINITY, 1e15, 1e30, 1e300};
    const struct simd *level[LEVELS + 1];
    uint64_t random = 6;
    simd_levels(level);
    for (size_t l = 0; level[l] != NULL; l++) {
        for (size_t i = 0; i < 9 * ARRAY_LENGTH(energies); i++) {
            draw_jets(&random, 9, 100, 4, &jet);
            jet.e[i % 9] = energies[i / 9];
            assert_false(trijet_screen(level[l], &t, &jet, 0, 9, top_mass));
        }
        draw_jets(&random, 9, 100, 4, &jet);
        assert_false(trijet_screen(level[l], &t, &jet, 0, 9, 1e16));
        assert_false(trijet_screen(level[l], &t, &jet, 0, 9, NAN));
        assert_true(trijet_screen(level[l], &t, &jet, 0, 9, top_mass));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_closest_is_left_and_few_others),
        cmocka_unit_test(each_level_has_the_same_bits),
        cmocka_unit_test(in_the_widest_window_all_choices_are_found_once),
        cmocka_unit_test(what_the_bound_does_not_hold_for_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
