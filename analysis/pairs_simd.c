/* SPDX-License-Identifier: Apache-2.0 */
/* pairs_simd.c - see pairs.h; plain loops, which the compiler turns into vectors (a check looks at
 * what it made of them: tests/checks/vectors.sh). No function of libm but the root and, where the
 * processor has it as one operation, the product that is added before it is rounded.
 *
 * The screen is a sum of positive terms, so nothing cancels:
 *     m^2 = m1^2 + m2^2 + R + pT1 pT2 [w(deta) + v(dphi)],
 *     R = 2 (E1 E2 - p1 p2) = 2 (m1^2 p2^2 + m2^2 p1^2 + m1^2 m2^2) / (E1 E2 + p1 p2).
 * with the squared chords w and v of chords.h.
 *
 * The relative error, in the units and by the rules of chords.h: w 33.2, v less. The turn's last digits
 * leave 5e-14 of an angle: of m^2 at most 2 pT 5e-14 / sqrt(MASS2_LEAST), 0.2.
 *   - so the last term: 33.2, 1 each for their sum, pT1 pT2, their product, the sum of all: 37.2.
 *   - cosh(eta) 11.6, p = pT cosh(eta) 12.6.
 *     R is exact for momenta that are off by this, and d log R / d log p = tanh(x1) tanh(x1 - x2)
 *     with rapidities x is below 1, d log R / d log m below 2: 2 * 12.6, and 4 for masses that
 *     were rounded to float32. From there numerator 5, denominator 4.5, quotient 1: in all 39.7,
 *     and 2 for the sums: 41.7.
 *   - float64's own: a momentum's components are off by 2e-15 of it (elementary.h), so the angle
 *     between two and its sine by 5e-15, m^2 by at most pi 5e-15 sqrt(p1 p2 / MASS2_LEAST), 1.8 with
 *     p <= 2^13 cosh 5.
 * Together below 44. Columns of float64 are rounded to float32, which adds 1 for each pT, and 5
 * (eta tanh(eta)) to cosh(eta): 18.6 in place of 12.6, so 56. MASS2_ERROR is 60. Within the
 * limits nothing overflows, and only t can underflow, which then is nothing beside a mass. Beyond
 * them, and for NaN, the answer is NaN. */
#include <math.h>
#include <string.h>

#include "analysis/chords.h"
#include "analysis/mass2_axis.h"
#include "analysis/pairs_level.h"

static const float mass_min = 0x1p-14F;
static const float mass_max = 0x1p13F;

static size_t whole_vectors(size_t n)
{
    return (n + PAIRS_VECTOR - 1) / PAIRS_VECTOR * PAIRS_VECTOR;
}

static void split(const float *restrict from, size_t n, float *restrict even,
                  float *restrict odd)
{
    for (size_t k = 0; k < n; k++) {
        even[k] = from[2 * k];
        odd[k] = from[2 * k + 1];
    }
}

struct opened {
    float opening; /* no number beyond the limits */
    float momentum[2];
};

static inline struct opened open_one(const float pt[2], const float eta[2], float d_eta,
                                     float d_phi, int good)
{
    good &= is_pt_eta(pt[0], eta[0]) & is_pt_eta(pt[1], eta[1]);
    float opening = opening_of(pt[0], pt[1], d_eta, d_phi);
    return (struct opened){
        .opening = good ? opening : NAN,
        .momentum = {pt[0] * hyperbolic_cosine(eta[0]), pt[1] * hyperbolic_cosine(eta[1])},
    };
}

static inline struct opened open_narrow(const float pt[2], const float eta[2],
                                        const float phi[2])
{
    return open_one(pt, eta, eta[0] - eta[1], angle_between(phi[0], phi[1]),
                    is_phi(phi[0]) & is_phi(phi[1]));
}

static inline void put(struct pairs *to, size_t k, const struct opened *o)
{
    to->opening[k] = o->opening;
    to->momentum[0][k] = o->momentum[0];
    to->momentum[1][k] = o->momentum[1];
}

static void open_twos(const struct pairs_twos *from, size_t n, struct pairs *restrict to)
{
    const float *restrict pt = from->pt;
    const float *restrict eta = from->eta;
    const float *restrict phi = from->phi;
    for (size_t k = 0; k < n; k++) {
        struct opened o = open_narrow(&pt[2 * k], &eta[2 * k], &phi[2 * k]);
        put(to, k, &o);
    }
}

static void open_any(struct pairs *restrict p, size_t n)
{
    size_t stop = whole_vectors(n);
    for (size_t k = 0; k < stop; k++) {
        const float pt[2] = {p->pt[0][k], p->pt[1][k]};
        const float eta[2] = {p->eta[0][k], p->eta[1][k]};
        const float phi[2] = {p->phi[0][k], p->phi[1][k]};
        struct opened o = open_narrow(pt, eta, phi);
        put(p, k, &o);
    }
}

static const double half_turn_wide = 0x1.921fb54442d18p+1;

/* In float64, where the difference of two angles is off by nothing that float32 could hold. */
static void open_wide(const struct pairs_polar *restrict from, size_t n,
                      struct pairs *restrict to)
{
    size_t stop = whole_vectors(n);
    for (size_t m = 0; m < 2; m++) {
        for (size_t k = 0; k < stop; k++) {
            to->mass[m][k] = (float)from->mass[m][k];
        }
    }
    for (size_t k = 0; k < stop; k++) {
        const float pt[2] = {(float)from->pt[0][k], (float)from->pt[1][k]};
        const float eta[2] = {(float)from->eta[0][k], (float)from->eta[1][k]};
        double d = fabs(from->phi[0][k] - from->phi[1][k]);
        double r = d > half_turn_wide ? d - 2 * half_turn_wide : d;
        int good = (fabs(from->phi[0][k]) <= (double)chord_phi_max) & (d <= 3 * half_turn_wide);
        float d_eta = (float)(from->eta[0][k] - from->eta[1][k]);
        struct opened o = open_one(pt, eta, d_eta, (float)r, good);
        put(to, k, &o);
    }
}

static void mass2(struct pairs *restrict p, size_t n)
{
    size_t stop = whole_vectors(n);
    for (size_t k = 0; k < stop; k++) {
        float m1 = p->mass[0][k];
        float m2 = p->mass[1][k];
        int good = (m1 >= mass_min) & (m1 <= mass_max) & (m2 >= mass_min) & (m2 <= mass_max);
        float p1 = p->momentum[0][k];
        float p2 = p->momentum[1][k];
        float p1_2 = p1 * p1;
        float p2_2 = p2 * p2;
        float m1_2 = m1 * m1;
        float m2_2 = m2 * m2;
        float energies = sqrtf((p1_2 + m1_2) * (p2_2 + m2_2));
        float recoil = (m1_2 * p2_2 + m2_2 * p1_2 + m1_2 * m2_2) / (energies + p1 * p2);
        float sum = (m1_2 + m2_2) + 2 * recoil + p->opening[k];
        p->mass2[k] = good ? sum : NAN;
    }
}

/* The same operations as momentum_mass2, in the same order: the same double, rounded to float. */
static void mass2_of_masses(const struct pairs_cartesian *restrict from, size_t n,
                            struct pairs *restrict to)
{
    size_t stop = whole_vectors(n);
    for (size_t k = 0; k < stop; k++) {
        double ax = from->px[0][k];
        double ay = from->py[0][k];
        double az = from->pz[0][k];
        double bx = from->px[1][k];
        double by = from->py[1][k];
        double bz = from->pz[1][k];
        double m1 = from->mass[0][k] * from->mass[0][k];
        double m2 = from->mass[1][k] * from->mass[1][k];
        double a2 = ax * ax + ay * ay + az * az;
        double b2 = bx * bx + by * by + bz * bz;
        double p1p2 = sqrt(a2) * sqrt(b2);
        double sum = sqrt(a2 + m1) * sqrt(b2 + m2) + p1p2;
        double recoil = (m1 * b2 + m2 * a2 + m1 * m2) / sum; /* NaN for nothing at rest */
        double dot = ax * bx + ay * by + az * bz;
        double x = ay * bz - az * by;
        double y = az * bx - ax * bz;
        double z = ax * by - ay * bx;
        double narrow_opening = (x * x + y * y + z * z) / (p1p2 + dot);
        double opening = dot > 0 ? narrow_opening : p1p2 - dot;
        double mass2 = m1 + m2 + 2 * (recoil + opening);
        int good = (from->mass[0][k] >= 0) & (from->mass[1][k] >= 0);
        to->mass2[k] = good ? (float)mass2 : NAN;
    }
}

static void mass2_of_energies(const struct pairs_cartesian *restrict from, size_t n,
                              struct pairs *restrict to)
{
    size_t stop = whole_vectors(n);
    for (size_t k = 0; k < stop; k++) {
        double e = from->e[0][k] + from->e[1][k];
        double px = from->px[0][k] + from->px[1][k];
        double py = from->py[0][k] + from->py[1][k];
        double pz = from->pz[0][k] + from->pz[1][k];
        to->mass2[k] = (float)(e * e - (px * px + py * py + pz * pz));
    }
}

static size_t find(const struct mass2_axis *axis, uint32_t not_sure, struct pairs *restrict p,
                   size_t n)
{
    size_t stop = whole_vectors(n);
    const uint64_t *restrict cells = axis->cell;
    int32_t before = axis->first - 1;
    int32_t last = axis->n_cells - 1;
    uint32_t n_sure = 0;
    for (size_t k = 0; k < stop; k++) {
        float s = p->mass2[k];
        int32_t bits = 0;
        memcpy(&bits, &s, sizeof bits);
        int32_t c = (bits >> MASS2_CELL_SHIFT) - before;
        c = c < 0 ? 0 : c;
        c = c > last ? last : c;
        float edge = mass2_cell_edge(cells[c]);
        uint32_t slot = p->row[k] + mass2_cell_gap(cells[c]) + (s >= edge ? 1U : 0U);
        uint32_t sure = fabsf(s - edge) > MASS2_GUARD * s;
        p->slot[k] = sure ? slot : not_sure;
        n_sure += sure;
    }
    return stop - n_sure;
}

static bool all_have_two(const uint32_t *offset, size_t n)
{
    uint32_t differ = 0;
    for (size_t k = 0; k < n; k++) {
        differ |= (offset[k + 1] - offset[k]) ^ 2;
    }
    return differ == 0;
}

static void split_charges(const int32_t *restrict charge, size_t n,
                          const struct pairs_rows *rows, uint32_t *restrict row,
                          struct pairs_charges *counts)
{
    uint32_t opposite = rows->opposite;
    uint32_t same = rows->same;
    uint32_t none = rows->none;
    uint32_t n_charged = 0;
    uint32_t n_opposite = 0;
    for (size_t k = 0; k < n; k++) {
        int32_t a = charge[2 * k];
        int32_t b = charge[2 * k + 1];
        uint32_t both = (a != 0) & (b != 0);
        uint32_t differ = both & ((uint32_t)(a ^ b) >> 31);
        row[k] = both ? differ ? opposite : same : none;
        n_charged += both;
        n_opposite += differ;
    }
    counts->n_opposite = n_opposite;
    counts->n_same = n_charged - n_opposite;
}

const struct pairs_simd LEVEL_TABLE = {
    .name = LEVEL_NAME,
    .split = split,
    .all_have_two = all_have_two,
    .split_charges = split_charges,
    .open_twos = open_twos,
    .open = open_any,
    .open_wide = open_wide,
    .mass2 = mass2,
    .mass2_of_masses = mass2_of_masses,
    .mass2_of_energies = mass2_of_energies,
    .find = find,
};
