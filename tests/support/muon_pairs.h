/* SPDX-License-Identifier: Apache-2.0 */
/* muon_pairs.h - random muons in columns of float32, as NanoAOD has them, for the kernels' tests
 * and benchmark: two-body decays over the whole spectrum, and muons that know nothing of each
 * other. The same at each run; made with libm, since only agreement on them is looked at. */
#ifndef TESTS_SUPPORT_MUON_PAIRS_H
#define TESTS_SUPPORT_MUON_PAIRS_H

#include <math.h>
#include <stddef.h>
#include <stdint.h>

struct muon_dice {
    uint64_t state; /* not 0 */
};

/* G. Marsaglia, Xorshift RNGs, 2003, with a multiplication behind it; [0, 1). */
static inline double muon_dice_roll(struct muon_dice *d)
{
    d->state ^= d->state >> 12;
    d->state ^= d->state << 25;
    d->state ^= d->state >> 27;
    return (double)((d->state * UINT64_C(2685821657736338717)) >> 11) * 0x1p-53;
}

static inline double muon_dice_between(struct muon_dice *d, double low, double high)
{
    return low + (high - low) * muon_dice_roll(d);
}

static inline double muon_dice_log_between(struct muon_dice *d, double low, double high)
{
    return low * pow(high / low, muon_dice_roll(d));
}

/* One of n, as an index. */
static inline size_t muon_dice_pick(struct muon_dice *d, size_t n)
{
    return (size_t)(muon_dice_roll(d) * (double)n);
}

struct muon {
    float pt;
    float eta;
    float phi;
    float mass;
    int32_t charge;
};

static const double muon_pairs_mass = 0.105658;
static const double muon_pairs_pi = 3.14159265358979323846;

static inline struct muon muon_of_momentum(double px, double py, double pz)
{
    double pt = sqrt(px * px + py * py);
    return (struct muon){.pt = (float)pt,
                         .eta = (float)asinh(pz / pt),
                         .phi = (float)atan2(py, px),
                         .mass = (float)muon_pairs_mass};
}

/* Two muons from the decay of a particle of this mass (above two muons' own), whose direction and
 * momentum are random. */
static inline void muon_pair_decay(struct muon_dice *d, double mass, struct muon out[2])
{
    double q = sqrt(mass * mass / 4 - muon_pairs_mass * muon_pairs_mass);
    double cosine = muon_dice_between(d, -1, 1);
    double azimuth = muon_dice_between(d, -muon_pairs_pi, muon_pairs_pi);
    double across = q * sqrt(1 - cosine * cosine);
    double daughter[3] = {across * cos(azimuth), across * sin(azimuth), q * cosine};
    double pt = -0.5 * (mass + 4) * log(1 - muon_dice_roll(d));
    double phi = muon_dice_between(d, -muon_pairs_pi, muon_pairs_pi);
    double pz = sqrt(mass * mass + pt * pt) * sinh(muon_dice_between(d, -2, 2));
    double parent[3] = {pt * cos(phi), pt * sin(phi), pz};
    double e = sqrt(mass * mass + pt * pt + pz * pz);
    for (int k = 0; k < 2; k++) { /* boosted with the parent's velocity */
        double sign = k == 0 ? 1 : -1;
        double along = 0;
        double p[3];
        for (int x = 0; x < 3; x++) {
            along += sign * daughter[x] * parent[x];
        }
        for (int x = 0; x < 3; x++) {
            p[x] = sign * daughter[x] + parent[x] * (along / (mass * (e + mass)) + 0.5);
        }
        out[k] = muon_of_momentum(p[0], p[1], p[2]);
        out[k].charge = k == 0 ? 1 : -1;
    }
}

/* A fifth of a J/psi, a fifth of a Z, and all between them. */
static inline void muon_pair_spectrum(struct muon_dice *d, struct muon out[2])
{
    double kind = muon_dice_roll(d);
    double mass = muon_dice_log_between(d, 0.25, 300);
    if (kind < 0.2) {
        mass = 3.0969 + 0.03 * (muon_dice_roll(d) + muon_dice_roll(d) - 1);
    } else if (kind < 0.4) {
        mass = 91.188 + 2.5 * tan(1.4 * muon_dice_between(d, -1, 1));
    }
    muon_pair_decay(d, mass > 0.22 ? mass : 0.22, out);
    if (muon_dice_roll(d) < 0.2) { /* same charges, or exchanged */
        out[0].charge = -out[0].charge;
    }
    if (muon_dice_roll(d) < 0.5) {
        struct muon first = out[0];
        out[0] = out[1];
        out[1] = first;
    }
}

#endif
