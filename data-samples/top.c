/* SPDX-License-Identifier: Apache-2.0 */
/* top.c - top pairs: prompt leptons from W, others from the b quarks; see processes.h */
#include "data-samples/processes.h"

static const double top_mass = 172.5;
static const double w_mass = 80.379;
static const double b_mass = 4.8;

static void decay_w(struct rng *rng, const struct vec4 *w, int charge, struct truth *out)
{
    static const double share[4] = {0.107, 0.108, 0.113, 0}; /* mu, e, tau; the rest hadrons */
    int kind = rng_choose(rng, share, 4);
    if (kind > FLAVOUR_TAU) {
        return;
    }
    static const double massless[2] = {0, 0};
    struct vec4 v[2];
    decay_two_body(rng, w, w_mass, massless, v);
    out->unseen_x += v[1].px;
    out->unseen_y += v[1].py;
    if (kind == FLAVOUR_TAU) {
        truth_add_tau(rng, out, &v[0], charge);
        return;
    }
    struct particle prompt = {
        .flavour = (enum flavour)kind, .charge = charge, .isolated = true};
    truth_add(out, &prompt, &v[0]);
}

/* A b quark's lepton takes about a fifth of its momentum; the c quark may give one of the
 * opposite charge, so that both signs occur. */
static void decay_b(struct rng *rng, const struct vec4 *b, struct truth *out)
{
    if (!rng_chance(rng, 0.15)) {
        return;
    }
    struct particle inside = {.isolated = false, .flight_cm = 0.04};
    inside.flavour = rng_chance(rng, 0.6) ? FLAVOUR_MUON : FLAVOUR_ELECTRON;
    inside.charge = rng_chance(rng, 0.5) ? 1 : -1;
    double x = rng_between(rng, 0.02, 0.4);
    struct vec4 v = {x * b->px, x * b->py, x * b->pz, x * b->e};
    truth_add(out, &inside, &v);
}

void generate_ttbar(const struct conditions *c, struct rng *rng, struct truth *out)
{
    double mass = 2 * top_mass + rng_two_exponentials(rng, 50, 80);
    double pt = decay_recoil_pt(rng, 40, 2.2);
    struct vec4 pair = decay_produce(rng, mass, pt, 0.9, c->energy_gev);
    const double tops[2] = {top_mass, top_mass};
    const double products[2] = {w_mass, b_mass};
    struct vec4 top[2];
    decay_two_body(rng, &pair, mass, tops, top);
    for (int i = 0; i < 2; i++) {
        struct vec4 v[2];
        decay_two_body(rng, &top[i], top_mass, products, v);
        decay_w(rng, &v[0], i == 0 ? 1 : -1, out);
        decay_b(rng, &v[1], out);
    }
}
