/* SPDX-License-Identifier: Apache-2.0 */
/* fourleptons.c - H(125) to ZZ* and the ZZ, Z/gamma* continuum; see processes.h */
#include "data-samples/processes.h"

#include <math.h>

static const double z_mass = 91.1876;
static const double z_width = 2.4952;

/* Two intermediate states of masses m[2] decay into two leptons each. */
static void decay_to_pairs(struct rng *rng, const struct vec4 *parent, double mass,
                           const double m[2], const enum flavour flavour[2], struct truth *out)
{
    struct vec4 v[2];
    decay_two_body(rng, parent, mass, m, v);
    truth_add_pair(rng, out, &v[0], m[0], flavour[0]);
    truth_add_pair(rng, out, &v[1], m[1], flavour[1]);
}

/* Density of the pair's masses in H to ZZ*, m[0] being drawn from its resonance already:
 * m1 sqrt(k) (k + 12 r0 r1) / |propagator|^2 with r = (m/M)^2 and
 * k = (1 - r0 - r1)^2 - 4 r0 r1 (A. Djouadi, Phys. Rept. 457 (2008) 1, section 2.2). */
static double higgs_density(double mass, const double m[2])
{
    double r0 = m[0] * m[0] / (mass * mass);
    double r1 = m[1] * m[1] / (mass * mass);
    double k = (1 - r0 - r1) * (1 - r0 - r1) - 4 * r0 * r1;
    double off_shell = m[1] * m[1] - z_mass * z_mass;
    double propagator = off_shell * off_shell + z_mass * z_mass * z_width * z_width;
    return k <= 0 ? 0 : m[1] * sqrt(k) * (k + 12 * r0 * r1) / propagator;
}

void generate_higgs(const struct conditions *c, struct rng *rng, struct truth *out)
{
    static const double density_limit = 4e-7; /* above the largest value, 3.4e-7 */
    double mass = decay_breit_wigner(rng, 125.0, 0.00407, 124, 126);
    double m[2] = {0, 0};
    do {
        m[0] = decay_breit_wigner(rng, z_mass, z_width, 40, 115);
        m[1] = rng_between(rng, 4, mass - 40);
    } while (m[0] + m[1] >= mass || rng_uniform(rng) * density_limit > higgs_density(mass, m));
    enum flavour flavour[2];
    for (int i = 0; i < 2; i++) {
        static const double third[3] = {1.0 / 3, 1.0 / 3, 1.0 / 3};
        flavour[i] = (enum flavour)rng_choose(rng, third, 3);
    }
    double pt = decay_recoil_pt(rng, 28, 2.3);
    struct vec4 higgs = decay_produce(rng, mass, pt, 1.2, c->energy_gev);
    decay_to_pairs(rng, &higgs, mass, m, flavour, out);
    truth_add_nonprompt(rng, out, rng_chance(rng, 0.05) ? 1 : 0);
}

/* What the four-lepton continuum is made of, by share; the rest are two soft photons*, of
 * which hardly any passes a selection. */
struct continuum {
    double single_z; /* Z to 4l: a Z to two leptons, one of which radiates a photon* */
    double z_photon; /* Z and photon* */
    double z_z;
};

struct masses {
    double total, pair[2];
};

static struct masses single_z(struct rng *rng)
{
    struct masses m;
    m.total = decay_breit_wigner(rng, z_mass, z_width, 60, 130);
    m.pair[1] = decay_power_law(rng, 1.3, 4, 42);
    double u = rng_uniform(rng);
    m.pair[0] = (m.total - m.pair[1]) * (1 - 0.55 * u * u);
    return m;
}

static struct masses z_and_photon(struct rng *rng)
{
    struct masses m;
    m.pair[0] = decay_breit_wigner(rng, z_mass, z_width, 30, 150);
    m.pair[1] = decay_power_law(rng, 1.4, 4, 80);
    m.total = m.pair[0] + m.pair[1] + rng_two_exponentials(rng, 22, 12);
    return m;
}

static struct masses two_z(struct rng *rng)
{
    struct masses m;
    m.pair[0] = decay_breit_wigner(rng, z_mass, z_width, 50, 160);
    m.pair[1] = decay_breit_wigner(rng, z_mass, z_width, 50, 160);
    m.total = m.pair[0] + m.pair[1] + rng_two_exponentials(rng, 12, 55);
    return m;
}

static struct masses two_photons(struct rng *rng)
{
    struct masses m;
    m.pair[0] = decay_power_law(rng, 2.5, 4, 80);
    m.pair[1] = decay_power_law(rng, 2.5, 4, 80);
    m.total = m.pair[0] + m.pair[1] + rng_exponential(rng, 20);
    return m;
}

static void continuum(const struct conditions *c, struct rng *rng, const struct continuum *mix,
                      enum flavour flavour[2], struct truth *out)
{
    const double share[] = {mix->single_z, mix->z_photon, mix->z_z, 0};
    static struct masses (*const make[])(struct rng *) = {single_z, z_and_photon, two_z,
                                                          two_photons};
    struct masses m = make[rng_choose(rng, share, 4)](rng);
    if (rng_chance(rng, 0.5)) {
        enum flavour first = flavour[0];
        flavour[0] = flavour[1];
        flavour[1] = first;
    }
    double pt = decay_recoil_pt(rng, 14, 1.9);
    struct vec4 parent = decay_produce(rng, m.total, pt, 1.4, c->energy_gev);
    decay_to_pairs(rng, &parent, m.total, m.pair, flavour, out);
    truth_add_nonprompt(rng, out, rng_chance(rng, 0.05) ? 1 : 0);
}

void generate_zz_4mu(const struct conditions *c, struct rng *rng, struct truth *out)
{
    static const struct continuum mix = {0.084, 0.039, 0.030};
    enum flavour flavour[2] = {FLAVOUR_MUON, FLAVOUR_MUON};
    continuum(c, rng, &mix, flavour, out);
}

void generate_zz_4e(const struct conditions *c, struct rng *rng, struct truth *out)
{
    static const struct continuum mix = {0.080, 0.036, 0.024};
    enum flavour flavour[2] = {FLAVOUR_ELECTRON, FLAVOUR_ELECTRON};
    continuum(c, rng, &mix, flavour, out);
}

void generate_zz_2e2mu(const struct conditions *c, struct rng *rng, struct truth *out)
{
    static const struct continuum mix = {0.054, 0.035, 0.028};
    enum flavour flavour[2] = {FLAVOUR_MUON, FLAVOUR_ELECTRON};
    continuum(c, rng, &mix, flavour, out);
}
