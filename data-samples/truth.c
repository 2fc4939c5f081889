/* SPDX-License-Identifier: Apache-2.0 */
/* truth.c - see truth.h */
#include "data-samples/truth.h"

#include <math.h>

#include "data-samples/portable.h"

static const double mass_gev[] = {
    [FLAVOUR_MUON] = 0.105658, [FLAVOUR_ELECTRON] = 0.0005109989, [FLAVOUR_TAU] = 1.77686};

static const double tau_to_lepton = 0.352; /* of which half are muons, about */
static const double tau_flight_cm = 0.004;
static const double heavy_flavour_flight_cm = 0.03;

void truth_init(struct truth *truth)
{
    truth->n = 0;
    truth->unseen_x = 0;
    truth->unseen_y = 0;
    truth->weight = 1;
}

void truth_add(struct truth *truth, const struct particle *kind, const struct vec4 *v)
{
    static const double sinh_3 = 10.0178749274099;
    double pt = vec4_pt(v);
    if (pt < 2 || fabs(v->pz) > sinh_3 * pt || truth->n == TRUTH_PARTICLES) {
        return;
    }
    struct particle *p = &truth->particle[truth->n++];
    *p = *kind;
    p->pt = pt;
    p->eta = portable_asinh(v->pz / pt);
    p->phi = portable_atan2(v->py, v->px);
}

/* The share x of an energetic tau's momentum that its muon or electron takes:
 * dN/dx ~ 5 - 9 x^2 + 4 x^3. */
static double tau_share(struct rng *rng)
{
    double x = 0;
    double height = 0;
    do {
        x = rng_uniform(rng);
        height = 5 - 9 * x * x + 4 * x * x * x;
    } while (5 * rng_uniform(rng) > height);
    return x;
}

void truth_add_tau(struct rng *rng, struct truth *truth, const struct vec4 *tau, int charge)
{
    double x = 0;
    bool leptonic = rng_chance(rng, tau_to_lepton);
    if (leptonic) {
        x = tau_share(rng);
        struct particle kind = {.charge = charge, .isolated = true, .flight_cm = tau_flight_cm};
        kind.flavour = rng_chance(rng, 0.5) ? FLAVOUR_MUON : FLAVOUR_ELECTRON;
        struct vec4 v = {x * tau->px, x * tau->py, x * tau->pz, x * tau->e};
        truth_add(truth, &kind, &v);
    }
    double unseen = leptonic ? 1 - x : 0.3;
    truth->unseen_x += unseen * tau->px;
    truth->unseen_y += unseen * tau->py;
}

void truth_add_pair(struct rng *rng, struct truth *truth, const struct vec4 *parent,
                    double mass, enum flavour flavour)
{
    const double m[2] = {mass_gev[flavour], mass_gev[flavour]};
    struct vec4 v[2];
    decay_two_body(rng, parent, mass, m, v);
    for (int i = 0; i < 2; i++) {
        int charge = i == 0 ? 1 : -1;
        if (flavour == FLAVOUR_TAU) {
            truth_add_tau(rng, truth, &v[i], charge);
        } else {
            struct particle kind = {.flavour = flavour, .charge = charge, .isolated = true};
            truth_add(truth, &kind, &v[i]);
        }
    }
}

void truth_add_nonprompt(struct rng *rng, struct truth *truth, int n)
{
    for (int i = 0; i < n; i++) {
        struct particle kind = {.isolated = false, .flight_cm = heavy_flavour_flight_cm};
        kind.flavour = rng_chance(rng, 0.6) ? FLAVOUR_MUON : FLAVOUR_ELECTRON;
        kind.charge = rng_chance(rng, 0.5) ? 1 : -1;
        double pt = 2.5 + rng_exponential(rng, 6);
        double eta = rng_between(rng, -2.8, 2.8);
        struct vec4 v = vec4_of(pt, eta, rng_uniform(rng), 0);
        truth_add(truth, &kind, &v);
    }
}
