/* SPDX-License-Identifier: Apache-2.0 */
/* decay.h - four-vectors, resonances, two-body decays. GeV; beam along z. */
#ifndef SAMPLES_DECAY_H
#define SAMPLES_DECAY_H

#include "data-samples/rng.h"

struct vec4 {
    double px, py, pz, e;
};

/* From transverse momentum, rapidity, azimuth in turns, and mass. */
struct vec4 vec4_of(double pt, double rapidity, double turns, double mass);

double vec4_pt(const struct vec4 *v);

/* A mass from the relativistic Breit-Wigner curve, dN/dm^2 ~ 1/((m^2 - m0^2)^2 + m0^2 w^2),
 * between low and high. */
double decay_breit_wigner(struct rng *rng, double m0, double width, double low, double high);

/* A number from dN/dx ~ x^-power in [low, high]; power is not 1. */
double decay_power_law(struct rng *rng, double power, double low, double high);

/* pT of a heavy state: dN/dpT ~ pT / (1 + (pT/scale)^2)^power, power > 1. */
double decay_recoil_pt(struct rng *rng, double scale, double power);

/* A state of this mass made in proton collisions at energy_gev: rapidity of the given width,
 * kept inside the kinematic limit. */
struct vec4 decay_produce(struct rng *rng, double mass, double pt, double width,
                          double energy_gev);

/* Decays parent, of the given mass, at rest isotropically into masses m[2] and boosts the two
 * back. mass >= m[0] + m[1]. */
void decay_two_body(struct rng *rng, const struct vec4 *parent, double mass, const double m[2],
                    struct vec4 out[2]);

#endif
