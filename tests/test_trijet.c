/* SPDX-License-Identifier: Apache-2.0 */
/* test_trijet.c - the screen for three jets, on each level of the processor: it is off by less than its
 * bound, what it calls sure is the closest in float64, and it is sure of nearly all. */
#include "analysis/trijet.h"

#include <math.h>

#include "analysis/kinematics.h"
#include "tests/support/check.h"

static const double top_mass = 172.5;

enum { EVENTS_MAX = 200, JETS_MAX = 70 };

static float pt[EVENTS_MAX * JETS_MAX];
static float eta[EVENTS_MAX * JETS_MAX];
static float phi[EVENTS_MAX * JETS_MAX];
static float mass[EVENTS_MAX * JETS_MAX];
static uint32_t offset[EVENTS_MAX + 1];
static const struct trijet_columns columns = {pt, eta, phi, mass, offset};
static struct trijet choice[EVENTS_MAX];

static double draw(uint64_t *state, double low, double high)
{
    *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return low + (high - low) * (double)(*state >> 11) * 0x1p-53;
}

struct range {
    double pt, eta;
};
static const struct range ranges[] = {
    {100, 2}, {100, 5}, {1000, 5}, {40, 0.5}, {0.1, 1}, {440, 5}, {8000, 1},
};

/* An event more, of n jets. */
static void draw_event(uint64_t *state, size_t *n_events, size_t n, struct range range)
{
    uint32_t first = offset[*n_events];
    for (uint32_t i = first; i < first + n; i++) {
        pt[i] = (float)draw(state, range.pt / 10, range.pt);
        eta[i] = (float)draw(state, -range.eta, range.eta);
        phi[i] = (float)draw(state, -3.2, 6.4);
        mass[i] = (float)draw(state, 0, range.pt / 5);
    }
    offset[++*n_events] = first + (uint32_t)n;
}

static double mass_of(const struct momentum *jet, size_t i, size_t j, size_t k)
{
    double e = jet[i].e + jet[j].e + jet[k].e;
    double px = jet[i].px + jet[j].px + jet[k].px;
    double py = jet[i].py + jet[j].py + jet[k].py;
    double pz = jet[i].pz + jet[j].pz + jet[k].pz;
    double m2 = e * e - (px * px + py * py + pz * pz);
    return sqrt(m2 < 0 ? 0 : m2);
}

/* The closest of the choices and the next one, in float64. */
struct closest {
    double best;
    double second;
    size_t jet[TRIJET];
};

static void offer(struct closest *c, double distance, const size_t jet[TRIJET])
{
    if (distance < c->best) {
        c->second = c->best;
        c->best = distance;
        memcpy(c->jet, jet, sizeof c->jet);
    } else {
        c->second = fmin(c->second, distance);
    }
}

static struct closest search(size_t event, double wanted)
{
    struct momentum jet[JETS_MAX];
    struct closest c = {.best = INFINITY, .second = INFINITY};
    size_t n = offset[event + 1] - offset[event];
    for (size_t i = 0; i < n; i++) {
        uint32_t at = offset[event] + (uint32_t)i;
        jet[i] =
            momentum_polar((double)pt[at], (double)eta[at], (double)phi[at], (double)mass[at]);
    }
    for (size_t choice_of = 0; choice_of < n * n * n; choice_of++) {
        size_t at[TRIJET] = {choice_of / n / n, choice_of / n % n, choice_of % n};
        if (at[0] < at[1] && at[1] < at[2]) {
            offer(&c, fabs(mass_of(jet, at[0], at[1], at[2]) - wanted), at);
        }
    }
    return c;
}

/* Screens the events and returns of how many it is sure, all of them rightly. */
static size_t check_screen_for(const struct simd *simd, size_t n_events, double wanted)
{
    size_t n_sure = 0;
    memset(choice, 0x55, sizeof choice);
    trijet_screen(simd, &columns, 0, n_events, wanted, choice);
    for (size_t e = 0; e < n_events; e++) {
        if (!choice[e].sure) {
            continue;
        }
        struct closest c = search(e, wanted);
        assert_true(c.best < c.second);
        for (size_t i = 0; i < TRIJET; i++) {
            assert_int_equal(choice[e].jet[i], c.jet[i]);
        }
        n_sure++;
    }
    return n_sure;
}

static size_t check_screen(const struct simd *simd, size_t n_events)
{
    return check_screen_for(simd, n_events, top_mass);
}

/* Of masses below 16 GeV, and of what has the distance of one, the bound says nothing. */
static void check_distance(double got, double exact)
{
    bool right =
        isinf(exact) ? isinf(got) : fabs(got - exact) < 40 * 0x1p-24 * (top_mass + exact);
    if (fabs(exact - top_mass) > 16 && !right) {
        fail_msg("a distance of %.9g, not %.17g", got, exact);
    }
}

/* Of the first events, as many as stand side by side. */
static void check_error(const struct simd *simd, struct range range)
{
    struct simd_trijets found;
    struct simd_jets jets = {.pt = pt, .eta = eta, .phi = phi, .mass = mass};
    for (size_t l = 0; l < SIMD_EVENTS; l++) {
        jets.first[l] = (int32_t)offset[l];
        jets.n[l] = (int32_t)(offset[l + 1] - offset[l]);
        jets.n_most = jets.n[l] > (int32_t)jets.n_most ? (size_t)jets.n[l] : jets.n_most;
    }
    simd->trijets(&found, &jets, (float)top_mass);
    for (size_t l = 0; l < SIMD_EVENTS; l++) {
        struct closest c = search(l, top_mass);
        bool wide = range.pt * cosh(range.eta) > 0x1p15;
        assert_true(found.beyond[l] == 0 || wide);
        if (found.beyond[l] == 0) {
            check_distance((double)found.best[l], c.best);
            check_distance((double)found.second[l], c.second);
        }
    }
}

static void for_each_level(void (*check)(const struct simd *simd))
{
    const struct simd *level[LEVELS + 1];
    simd_levels(level);
    for (size_t l = 0; level[l] != NULL; l++) {
        check(level[l]);
    }
}

static void check_range(const struct simd *simd, uint64_t *random, struct range range,
                        size_t n_max)
{
    size_t n_events = 0;
    for (size_t e = 0; e < SIMD_EVENTS; e++) {
        draw_event(random, &n_events, (size_t)draw(random, 0, (double)n_max), range);
    }
    check_error(simd, range);
    (void)check_screen(simd, n_events);
}

static void check_ranges(const struct simd *simd)
{
    uint64_t random = 3;
    for (size_t i = 0; i < 100 * ARRAY_LENGTH(ranges); i++) {
        check_range(simd, &random, ranges[i % ARRAY_LENGTH(ranges)],
                    i < 20 ? SIMD_JETS_MAX + 1 : 12);
    }
}

static void distances_are_off_by_less_than_the_bound(void **state)
{
    (void)state;
    for_each_level(check_ranges);
}

static void check_sizes(const struct simd *simd)
{
    uint64_t random = 4;
    for (size_t n_events = 0, want = 1; want <= EVENTS_MAX; want += 33, n_events = 0) {
        size_t n_some = 0;
        for (size_t e = 0; e < want; e++) {
            size_t n = (size_t)draw(&random, 0, e % 50 == 0 ? JETS_MAX : 14);
            draw_event(&random, &n_events, n, ranges[0]);
            n_some += n >= TRIJET && n <= SIMD_JETS_MAX;
        }
        size_t n_sure = check_screen(simd, n_events);
        assert_true(n_sure <= n_some && n_sure + 1 + n_some / 20 >= n_some);
    }
}

static void of_nearly_all_events_that_it_takes_it_is_sure(void **state)
{
    (void)state;
    for_each_level(check_sizes);
}

static void check_three(const struct simd *simd)
{
    uint64_t random = 5;
    size_t n_events = 0;
    for (size_t i = 0; i < EVENTS_MAX; i++) {
        draw_event(&random, &n_events, TRIJET, ranges[i % 2]);
    }
    assert_int_equal(check_screen(simd, n_events), n_events);
}

static void the_only_choice_is_sure(void **state)
{
    (void)state;
    for_each_level(check_three);
}

/* Jets 2 and 3 differ in the last digits of pT. */
static void draw_twins(uint64_t *random, size_t *n_events, float more)
{
    uint32_t first = offset[*n_events];
    draw_event(random, n_events, 5, ranges[*n_events % 4]);
    pt[first + 3] = pt[first + 2] * (1 + more);
    eta[first + 3] = eta[first + 2];
    phi[first + 3] = phi[first + 2];
    mass[first + 3] = mass[first + 2];
}

static size_t count_twins(const uint8_t jet[TRIJET])
{
    size_t n = 0;
    for (size_t i = 0; i < TRIJET; i++) {
        n += jet[i] == 2 || jet[i] == 3;
    }
    return n;
}

/* Which of two like jets the closest choice has is not for float32 to say, unless it has both or none. */
static void check_twins(const struct simd *simd)
{
    uint64_t random = 6;
    for (size_t round = 0; round < 100; round++) {
        size_t n_events = 0;
        while (n_events < 50) {
            size_t digits = round == 0 ? 0 : n_events + round * round;
            draw_twins(&random, &n_events, 0x1p-23F * (float)digits);
        }
        (void)check_screen(simd, n_events);
        for (size_t e = 0; round == 0 && e < n_events; e++) {
            assert_true(!choice[e].sure || count_twins(choice[e].jet) != 1);
        }
    }
}

static void of_what_is_as_close_as_another_it_is_not_sure(void **state)
{
    (void)state;
    for_each_level(check_twins);
}

/* Makes three jets from the first on have this mass, as nearly as float32 can. */
static void scale_to(uint32_t first, double wanted)
{
    struct momentum jet[TRIJET];
    for (uint32_t i = 0; i < TRIJET; i++) {
        uint32_t at = first + i;
        jet[i] =
            momentum_polar((double)pt[at], (double)eta[at], (double)phi[at], (double)mass[at]);
    }
    double share = wanted / mass_of(jet, 0, 1, 2);
    for (uint32_t at = first; at < first + TRIJET; at++) {
        pt[at] = (float)(share * (double)pt[at]);
        mass[at] = (float)(share * (double)mass[at]);
    }
}

/* Two choices, one above the wanted mass and one below it by the same but for rounding: float32 is sure of
 * them only as far as its bound is right. */
static void check_rivals(const struct simd *simd)
{
    uint64_t random = 9;
    size_t n_sure = 0;
    for (size_t round = 0; round < 100; round++) {
        size_t n_events = 0;
        while (n_events < 50) {
            double off = draw(&random, 1e-5, 1e-3);
            double more = draw(&random, 0, 3e-6);
            uint32_t first = offset[n_events];
            draw_event(&random, &n_events, (size_t)2 * TRIJET, ranges[n_events % 3]);
            scale_to(first, top_mass * (1 + off));
            scale_to(first + TRIJET, top_mass * (1 - off - more));
        }
        n_sure += check_screen(simd, n_events);
    }
    assert_in_range(n_sure, 1, 100 * 50 - 1);
}

static void of_rivals_it_is_sure_only_of_the_closer_one(void **state)
{
    (void)state;
    for_each_level(check_rivals);
}

/* Of no mass but by the last digits of angles, at the highest momenta. */
static void draw_parallel(uint64_t *random, size_t *n_events)
{
    uint32_t first = offset[*n_events];
    draw_event(random, n_events, 5, ranges[0]);
    for (uint32_t at = first; at < offset[*n_events]; at++) {
        pt[at] = (float)draw(random, 5000, 8000);
        eta[at] = 2 + 0x1p-22F * (float)(int)draw(random, 0, 4);
        phi[at] = 1 + 0x1p-23F * (float)(int)draw(random, 0, 4);
        mass[at] = 0;
    }
}

/* float64 leaves of such a mass no more than that it is some thousandths of a GeV; float32, which subtracts
 * nothing, knows better, but is not asked. */
static void check_parallel(const struct simd *simd)
{
    uint64_t random = 11;
    for (size_t round = 0; round < 100; round++) {
        size_t n_events = 0;
        while (n_events < 50) {
            draw_parallel(&random, &n_events);
        }
        (void)check_screen_for(simd, n_events, 33);
    }
}

static void of_masses_that_float64_does_not_know_it_is_not_sure(void **state)
{
    (void)state;
    for_each_level(check_parallel);
}

static void check_momentum(const struct simd *simd)
{
    uint64_t random = 12;
    size_t n_events = 0;
    draw_event(&random, &n_events, TRIJET, ranges[0]);
    draw_event(&random, &n_events, TRIJET, ranges[0]);
    pt[0] = pt[TRIJET] = 8192;
    eta[0] = 2.06F; /* 4 is the hyperbolic cosine of 2.0634 */
    eta[TRIJET] = 2.07F;
    assert_int_equal(check_screen(simd, n_events), 1);
    assert_true(choice[0].sure);
}

static void of_momenta_beyond_the_bound_it_is_not_sure(void **state)
{
    (void)state;
    for_each_level(check_momentum);
}

static void check_hostile(const struct simd *simd)
{
    static const struct {
        float *column;
        float value;
    } cases[] = {
        /* clang-format off */
        {pt, NAN}, {pt, INFINITY}, {pt, 1e30F}, {pt, 0}, {pt, -20}, {pt, 8193}, {pt, 0x1p-140F},
        {eta, NAN}, {eta, INFINITY}, {eta, -INFINITY}, {eta, 5.001F}, {eta, -1e30F},
        {phi, NAN}, {phi, -INFINITY}, {phi, 6.41F}, {phi, -3.21F}, {phi, 1e30F},
        {mass, NAN}, {mass, INFINITY}, {mass, -8193}, {mass, 1e30F},
        /* clang-format on */
    };
    uint64_t random = 7;
    for (size_t i = 0; i < 4 * ARRAY_LENGTH(cases); i++) {
        size_t n_events = 0;
        while (n_events < SIMD_EVENTS) {
            draw_event(&random, &n_events, TRIJET, ranges[0]);
        }
        draw_event(&random, &n_events, 4, ranges[0]);
        uint32_t bad = i % 4 < 3 ? 5 * TRIJET + (uint32_t)i % 4 : offset[SIMD_EVENTS] + 2;
        cases[i / 4].column[bad] = cases[i / 4].value;
        size_t n_sure = check_screen(simd, n_events);
        assert_false(choice[i % 4 < 3 ? 5 : SIMD_EVENTS].sure);
        assert_true(n_sure == n_events - 1 || (i % 4 < 3 && n_sure == n_events - 2));
    }
}

static void what_the_bound_does_not_hold_for_is_not_sure_and_harms_no_other_event(void **state)
{
    (void)state;
    for_each_level(check_hostile);
}

static void check_masses(const struct simd *simd)
{
    static const double masses[] = {NAN, INFINITY, -172.5, 0, 31.9, 8193, 1e300};
    uint64_t random = 8;
    size_t n_events = 0;
    while (n_events < 20) {
        draw_event(&random, &n_events, TRIJET, ranges[0]);
    }
    for (size_t i = 0; i < ARRAY_LENGTH(masses); i++) {
        trijet_screen(simd, &columns, 0, n_events, masses[i], choice);
        for (size_t e = 0; e < n_events; e++) {
            assert_false(choice[e].sure);
        }
    }
    /* Any part of the events will do, an empty one too. */
    choice[0].jet[0] = 77;
    trijet_screen(simd, &columns, 7, 7, top_mass, choice);
    assert_int_equal(choice[0].jet[0], 77);
    trijet_screen(simd, &columns, 7, 9, top_mass, choice);
    assert_true(choice[0].sure && choice[1].sure && choice[0].jet[2] == 2);
}

static void for_masses_beyond_the_bound_nothing_is_sure(void **state)
{
    (void)state;
    for_each_level(check_masses);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(distances_are_off_by_less_than_the_bound),
        cmocka_unit_test(of_nearly_all_events_that_it_takes_it_is_sure),
        cmocka_unit_test(the_only_choice_is_sure),
        cmocka_unit_test(of_what_is_as_close_as_another_it_is_not_sure),
        cmocka_unit_test(of_rivals_it_is_sure_only_of_the_closer_one),
        cmocka_unit_test(of_masses_that_float64_does_not_know_it_is_not_sure),
        cmocka_unit_test(of_momenta_beyond_the_bound_it_is_not_sure),
        cmocka_unit_test(what_the_bound_does_not_hold_for_is_not_sure_and_harms_no_other_event),
        cmocka_unit_test(for_masses_beyond_the_bound_nothing_is_sure),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
