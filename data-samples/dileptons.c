/* SPDX-License-Identifier: Apache-2.0 */
/* dileptons.c - the bulk of the data: Z/gamma* and the quarkonia; see processes.h */
#include "data-samples/processes.h"

#include <math.h>

/* Jets give Z events 0 to 3 further leptons. Two and more are rare and make the background of
 * the four-lepton selection: simulation makes them `enhanced` times as often, with a weight
 * that corrects it. Their share is such that their number, cross section x share, does not
 * grow with the number of events asked for (but for small samples, where the limit holds). */
static int extra_leptons(const struct conditions *c, struct rng *rng, double *weight)
{
    static const double one = 0.15;
    static const double two_or_three = 0.018;
    static const double limit = 0.1;
    static const double enhanced = 20;
    double rare = fmin(two_or_three / c->bulk_scale, limit);
    double made = c->simulation ? fmin(enhanced * rare, 0.5) : rare;
    if (rng_chance(rng, made)) {
        *weight = rare / made;
        return rng_chance(rng, 0.9) ? 2 : 3;
    }
    *weight = (1 - rare) / (1 - made);
    return rng_chance(rng, one) ? 1 : 0;
}

void generate_zjets(const struct conditions *c, struct rng *rng, struct truth *out)
{
    double mass = rng_chance(rng, 0.84) ? decay_breit_wigner(rng, 91.1876, 2.4952, 40, 500)
                                        : decay_power_law(rng, 2.6, 10, 500);
    enum flavour flavour = rng_chance(rng, 0.5) ? FLAVOUR_MUON : FLAVOUR_ELECTRON;
    double pt = decay_recoil_pt(rng, 9, 1.75);
    struct vec4 z = decay_produce(rng, mass, pt, 1.5, c->energy_gev);
    truth_add_pair(rng, out, &z, mass, flavour);
    double weight = 1;
    int n = extra_leptons(c, rng, &weight);
    truth_add_nonprompt(rng, out, n);
    out->weight = weight;
}

/* Muon pairs of low mass by share; mass and natural width in GeV (a narrow one is 0). */
static const struct {
    double share, mass, width;
} resonance[] = {
    /* clang-format off */
    {0.04, 0.7827, 0.0087}, /* omega, and some rho */
    {0.04, 1.0195, 0.0042}, /* phi */
    {0.38, 3.0969, 0},      /* J/psi */
    {0.03, 3.6861, 0},      /* psi(2S) */
    {0.11, 9.4604, 0},      /* Upsilon(1S) */
    {0.045, 10.0234, 0},
    {0.03, 10.3551, 0},
    /* clang-format on */
};

enum { RESONANCES = sizeof resonance / sizeof resonance[0] };

/* Two muons of no common origin, or from the same chain of b decays: any charge, any mass. */
static void add_combinatorial(struct rng *rng, struct truth *out, const struct vec4 *parent,
                              double mass)
{
    truth_add_pair(rng, out, parent, mass, FLAVOUR_MUON);
    bool same_sign = rng_chance(rng, 0.35);
    int sign = rng_chance(rng, 0.5) ? 1 : -1;
    for (int i = 0; i < out->n; i++) {
        struct particle *p = &out->particle[i];
        p->isolated = false;
        p->flight_cm = 0.03;
        p->charge = same_sign ? sign : p->charge;
    }
}

void generate_quarkonia(const struct conditions *c, struct rng *rng, struct truth *out)
{
    double share[RESONANCES + 1];
    for (int i = 0; i < RESONANCES; i++) {
        share[i] = resonance[i].share;
    }
    share[RESONANCES] = 0; /* the rest: no resonance */
    int kind = rng_choose(rng, share, RESONANCES + 1);
    double mass = 0;
    if (kind == RESONANCES) {
        mass = decay_power_law(rng, 1.6, 0.3, 60);
    } else if (resonance[kind].width > 0) {
        mass = decay_breit_wigner(rng, resonance[kind].mass, resonance[kind].width, 0.5, 1.5);
    } else {
        mass = resonance[kind].mass;
    }
    double pt = 4 + decay_recoil_pt(rng, 9 + 0.3 * mass, 2.6);
    struct vec4 parent = decay_produce(rng, mass, pt, 1.3, c->energy_gev);
    if (kind == RESONANCES) {
        add_combinatorial(rng, out, &parent, mass);
    } else {
        truth_add_pair(rng, out, &parent, mass, FLAVOUR_MUON);
    }
    truth_add_nonprompt(rng, out, rng_chance(rng, 0.1) ? 1 : 0);
}
