/* SPDX-License-Identifier: Apache-2.0 */
/* test_pairs.c [PAIRS] - the screen of each level of the processor against kinematics.h: within its
 * bound, or no number. PAIRS random ones of each kind (in ctest some ten thousand). */
#include "analysis/pairs.h"

#include <float.h>
#include <math.h>

#include "analysis/kinematics.h"
#include "analysis/mass2_axis.h"
#include "tests/support/check.h"
#include "tests/support/muon_pairs.h"

static size_t n_pairs = 50000;

/* A way to make two muons, and how many of a thousand the screen may leave out. */
struct kind {
    const char *name;
    void (*make)(struct muon_dice *d, struct muon out[2]);
    unsigned left_out_of_1000;
};

static struct muon any_muon(struct muon_dice *d, double pt_low, double pt_high, double eta)
{
    return (struct muon){.pt = (float)muon_dice_log_between(d, pt_low, pt_high),
                         .eta = (float)muon_dice_between(d, -eta, eta),
                         .phi = (float)muon_dice_between(d, -muon_pairs_pi, muon_pairs_pi),
                         .mass = (float)muon_pairs_mass};
}

static void make_strangers(struct muon_dice *d, struct muon out[2])
{
    out[0] = any_muon(d, 0.5, 1000, 2.5);
    out[1] = any_muon(d, 0.5, 1000, 2.5);
}

/* The whole range that is promised, and its corners. */
static void make_extremes(struct muon_dice *d, struct muon out[2])
{
    for (size_t m = 0; m < 2; m++) {
        out[m] = any_muon(d, 0x1p-10, 0x1p13, 5);
        if (muon_dice_roll(d) < 0.3) {
            out[m].eta = muon_dice_roll(d) < 0.5 ? -5 : 5;
        }
        if (muon_dice_roll(d) < 0.2) {
            out[m].pt = muon_dice_roll(d) < 0.5 ? 0x1p-10F : 0x1p13F;
        }
        if (muon_dice_roll(d) < 0.3) { /* around and beyond half a turn */
            double side = muon_dice_roll(d) < 0.5 ? -1 : 1;
            out[m].phi = (float)(side * muon_pairs_pi + muon_dice_between(d, -1e-5, 1e-5));
        }
        out[m].mass = (float)muon_dice_log_between(d, 0x1p-14, 0x1p13);
        if (muon_dice_roll(d) < 0.5) {
            out[m].mass = (float)muon_pairs_mass;
        }
    }
}

/* A second muon so near to the first that only the differences' digits are left. */
static void make_neighbours(struct muon_dice *d, struct muon out[2])
{
    out[0] = any_muon(d, 0.5, 8000, 5);
    out[1] = out[0];
    double off = muon_dice_log_between(d, 1e-9, 1e-1);
    out[1].pt *= (float)muon_dice_log_between(d, 0.9, 1);
    if (muon_dice_roll(d) < 0.7) {
        out[1].eta *= (float)(1 - off);
    }
    if (muon_dice_roll(d) < 0.7) {
        out[1].phi *= (float)(1 - off);
    }
    if (muon_dice_roll(d) < 0.3) { /* on both sides of the angle's cut */
        out[0].phi = (float)(muon_pairs_pi - off);
        out[1].phi = (float)(-muon_pairs_pi + off * muon_dice_roll(d));
    }
}

static void make_equals(struct muon_dice *d, struct muon out[2])
{
    out[0] = any_muon(d, 0x1p-10, 0x1p13, 5);
    out[1] = out[0];
}

static void make_positive_angles(struct muon_dice *d, struct muon out[2])
{
    make_strangers(d, out);
    out[0].phi = (float)muon_dice_between(d, 0, 2 * muon_pairs_pi);
    out[1].phi = (float)muon_dice_between(d, 0, 2 * muon_pairs_pi);
}

/* On both sides of every limit: it is as near or says that it cannot tell. */
static void make_beyond(struct muon_dice *d, struct muon out[2])
{
    for (size_t m = 0; m < 2; m++) {
        out[m] = any_muon(d, 1, 100, 2);
        if (muon_dice_roll(d) < 0.3) {
            out[m].pt = (float)muon_dice_log_between(d, 1e-30, 1e30);
        }
        if (muon_dice_roll(d) < 0.3) {
            out[m].eta = (float)muon_dice_between(d, -30, 30);
        }
        if (muon_dice_roll(d) < 0.3) {
            out[m].phi = (float)muon_dice_log_between(d, 1e-20, 1e7);
        }
        if (muon_dice_roll(d) < 0.3) {
            out[m].mass = (float)muon_dice_log_between(d, 1e-20, 1e20);
        }
        if (muon_dice_roll(d) < 0.1) {
            out[m].pt = -out[m].pt;
        }
        if (muon_dice_roll(d) < 0.1) {
            out[m].mass = -out[m].mass;
        }
    }
    if (muon_dice_roll(d) < 0.5) { /* near to each other, where little is left */
        out[1].phi = out[0].phi * 1.00001F;
        out[1].eta = out[0].eta * 1.00001F;
    }
}

static const struct kind kinds[] = {
    {"decays", muon_pair_spectrum, 5}, {"strangers", make_strangers, 0},
    {"extremes", make_extremes, 250},  {"neighbours", make_neighbours, 0},
    {"equals", make_equals, 0},        {"positive angles", make_positive_angles, 0},
    {"beyond", make_beyond, 1000},
};

/* A block of pairs: what is screened, and what float64 says of the same numbers. */
struct block {
    struct muon pair[PAIRS_MAX][2];
    struct pairs p;
    struct pairs_polar polar;
    struct pairs_cartesian cartesian;
    double truth[PAIRS_MAX];
};

static void screen_narrow(struct block *b, const struct pairs_simd *level)
{
    for (size_t k = 0; k < PAIRS_MAX; k++) {
        struct momentum at[2];
        for (size_t m = 0; m < 2; m++) {
            const struct muon *muon = &b->pair[k][m];
            b->p.pt[m][k] = muon->pt;
            b->p.eta[m][k] = muon->eta;
            b->p.phi[m][k] = muon->phi;
            b->p.mass[m][k] = muon->mass;
            at[m] = momentum_polar((double)muon->pt, (double)muon->eta, (double)muon->phi,
                                   (double)muon->mass);
        }
        b->truth[k] = momentum_mass2(&at[0], &at[1]);
    }
    level->open(&b->p, PAIRS_MAX);
    level->mass2(&b->p, PAIRS_MAX);
}

/* Numbers that no float32 is. */
static void screen_wide(struct block *b, const struct pairs_simd *level)
{
    struct muon_dice dice = {.state = 20130314};
    for (size_t k = 0; k < PAIRS_MAX; k++) {
        struct momentum at[2];
        for (size_t m = 0; m < 2; m++) {
            const struct muon *muon = &b->pair[k][m];
            double pt = (double)muon->pt * muon_dice_between(&dice, 1 - 0x1p-23, 1);
            double eta = (double)muon->eta * muon_dice_between(&dice, 1 - 0x1p-23, 1);
            double phi = (double)muon->phi * muon_dice_between(&dice, 1 - 0x1p-23, 1);
            double mass = (double)muon->mass * muon_dice_between(&dice, 1 - 0x1p-23, 1);
            b->polar.pt[m][k] = pt;
            b->polar.eta[m][k] = eta;
            b->polar.phi[m][k] = phi;
            b->polar.mass[m][k] = mass;
            at[m] = momentum_polar(pt, eta, phi, mass);
        }
        b->truth[k] = momentum_mass2(&at[0], &at[1]);
    }
    level->open_wide(&b->polar, PAIRS_MAX, &b->p);
    level->mass2(&b->p, PAIRS_MAX);
}

static void put_cartesian(struct block *b, struct momentum at[PAIRS_MAX][2])
{
    for (size_t k = 0; k < (size_t)2 * PAIRS_MAX; k++) {
        const struct muon *muon = &b->pair[k / 2][k % 2];
        struct momentum *p = &at[k / 2][k % 2];
        *p = momentum_polar((double)muon->pt, (double)muon->eta, (double)muon->phi,
                            (double)muon->mass);
        b->cartesian.px[k % 2][k / 2] = p->px;
        b->cartesian.py[k % 2][k / 2] = p->py;
        b->cartesian.pz[k % 2][k / 2] = p->pz;
        b->cartesian.mass[k % 2][k / 2] = p->mass;
        b->cartesian.e[k % 2][k / 2] = p->e;
    }
}

static void screen_masses(struct block *b, const struct pairs_simd *level)
{
    struct momentum at[PAIRS_MAX][2];
    put_cartesian(b, at);
    for (size_t k = 0; k < PAIRS_MAX; k++) {
        b->truth[k] = momentum_mass2(&at[k][0], &at[k][1]);
    }
    level->mass2_of_masses(&b->cartesian, PAIRS_MAX, &b->p);
}

static void screen_energies(struct block *b, const struct pairs_simd *level)
{
    struct momentum at[PAIRS_MAX][2];
    put_cartesian(b, at);
    for (size_t k = 0; k < PAIRS_MAX; k++) {
        at[k][0].mass = -1; /* as of a stored energy */
        b->truth[k] = momentum_mass2(&at[k][0], &at[k][1]);
    }
    level->mass2_of_energies(&b->cartesian, PAIRS_MAX, &b->p);
}

static const struct {
    const char *name;
    void (*run)(struct block *b, const struct pairs_simd *level);
    double bound;
} screens[] = {
    {"float32", screen_narrow, (double)MASS2_ERROR},
    {"float64", screen_wide, (double)MASS2_ERROR},
    {"masses", screen_masses, 0x1p-24},
    {"energies", screen_energies, 0x1p-24},
};

/* The screen's relative error; negative where it says that it cannot tell. */
static double error_of(float screen, double truth)
{
    if (!(screen >= MASS2_LEAST) || isinf(screen)) {
        return -1;
    }
    return fabs((double)screen - truth) / truth;
}

static void fail_of(const struct muon pair[2], const char *what, double error)
{
    fail_msg("%s: off by %g: pt %a %a eta %a %a phi %a %a mass %a %a", what, error,
             (double)pair[0].pt, (double)pair[1].pt, (double)pair[0].eta, (double)pair[1].eta,
             (double)pair[0].phi, (double)pair[1].phi, (double)pair[0].mass,
             (double)pair[1].mass);
}

/* What a screen has shown so far. */
struct finding {
    double worst;
    size_t left_out;
};

static void check_block(const struct block *b, const char *name, double bound,
                        struct finding *found)
{
    for (size_t k = 0; k < PAIRS_MAX; k++) {
        double error = error_of(b->p.mass2[k], b->truth[k]);
        found->left_out += error < 0;
        found->worst = error > found->worst ? error : found->worst;
        if (isnan(error) || error > bound) {
            fail_of(b->pair[k], name, error);
        }
    }
}

static void check_kind(const struct kind *kind, size_t screen, const struct pairs_simd *level)
{
    static struct block b;
    struct muon_dice dice = {.state = 88172645463325252};
    struct finding found = {0};
    for (size_t done = 0; done < n_pairs; done += PAIRS_MAX) {
        for (size_t k = 0; k < PAIRS_MAX; k++) {
            kind->make(&dice, b.pair[k]);
        }
        screens[screen].run(&b, level);
        check_block(&b, kind->name, screens[screen].bound, &found);
    }
    print_message("%-16s %-8s %-8s off by at most %.1f of 2^-24, %.4f left out\n", kind->name,
                  screens[screen].name, level->name, found.worst * 0x1p24,
                  (double)found.left_out / (double)n_pairs);
    assert_true(found.left_out * 1000 <= n_pairs * kind->left_out_of_1000);
}

static void the_screen_is_within_its_bound_at_each_level(void **state)
{
    (void)state;
    const struct pairs_simd *level[LEVELS + 1];
    pairs_levels(level);
    for (size_t i = 0; level[i] != NULL; i++) {
        for (size_t k = 0; k < ARRAY_LENGTH(kinds) * ARRAY_LENGTH(screens); k++) {
            check_kind(&kinds[k / ARRAY_LENGTH(screens)], k % ARRAY_LENGTH(screens), level[i]);
        }
    }
}

int main(int argc, char **argv)
{
    if (argc > 1) {
        n_pairs = strtoul(argv[1], NULL, 10);
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_screen_is_within_its_bound_at_each_level),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
