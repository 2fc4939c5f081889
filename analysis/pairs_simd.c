/* SPDX-License-Identifier: Apache-2.0 */
/* pairs_simd.c - see pairs.h; plain loops, which the compiler turns into vectors (a check looks at
 * what it made of them: tests/checks/vectors.sh). No function of libm but the root.
 *
 * The screen is a sum of positive terms, so nothing cancels:
 *     m^2 = m1^2 + m2^2 + R + 4 pT1 pT2 [sinh^2(deta / 2) + sin^2(dphi / 2)],
 *     R = 2 (E1 E2 - p1 p2) = 2 (m1^2 p2^2 + m2^2 p1^2 + m1^2 m2^2) / (E1 E2 + p1 p2).
 * Its relative error, in units of u = 2^-24: rounding an operation gives 1; a product adds those of
 * its factors, a sum of positive terms has that of the worse, a root half.
 *   - deta 1, so t = (deta / 8)^2 3. sinh^2 = t + t^2 / 3 + ..., t <= 1.5625: a step of Horner's
 *     scheme hands on what stands above it in the share t q' / q of it, which is 0.39 in the last
 *     step, 0.19 before, and less; so q is off by 3.8, sinh^2(deta / 8) by 7.8 and by 0.4 for
 *     the terms left out (2^15 t^8 / 16! and on). Doubled twice (4 s (1 + s), where 1 + s has the
 *     share s / (1 + s) of s's): 16.0, 33.6.
 *   - dphi 1. Beyond half a turn the difference's rest and the turn's last digits are added, which
 *     leaves 5e-14: of m^2 at most 2 pT 5e-14 / sqrt(MASS2_LEAST), 0.2. sin^2 is the same series
 *     at -t, doubled once, abs(t) <= 0.62: 15.1.
 *   - so the last term: 33.6, 1 each for their sum, pT1 pT2, their product, the sum of all: 37.6.
 *   - cosh(eta) = 1 + 2 sinh^2(eta / 2), with t 1: 5.2, doubled 10.9, 11.8. p = pT cosh(eta): 12.8.
 *     R is exact for momenta that are off by this, and d log R / d log p = tanh(x1) tanh(x1 - x2)
 *     with rapidities x is below 1, d log R / d log m below 2: 2 * 12.8, and 4 for masses that
 *     were rounded to float32. From there numerator 5, denominator 4.5, quotient 1: in all 40.1,
 *     and 2 for the sums: 42.1.
 *   - float64's own: a momentum's components are off by 2e-15 of it (elementary.h), so the angle
 *     between two and its sine by 5e-15, m^2 by at most pi 5e-15 sqrt(p1 p2 / MASS2_LEAST), 1.8 with
 *     p <= 2^13 cosh 5.
 * Together below 44.2. Columns of float64 are rounded to float32, which adds 1 for each pT, and 5
 * (eta tanh(eta)) to cosh(eta): 18.8 in place of 12.8, so 56.2. MASS2_ERROR is 60. Within the
 * limits below nothing overflows, and only t can underflow, which then is nothing beside a mass.
 * Beyond them, and for NaN, the answer is NaN. */
#include <math.h>
#include <string.h>

#include "analysis/mass2_axis.h"
#include "analysis/pairs_level.h"

static const float pt_min = 0x1p-10F;
static const float pt_max = 0x1p13F;
static const float eta_max = 5;
static const float mass_min = 0x1p-14F;
static const float mass_max = 0x1p13F;
static const float phi_max = 8;

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

static const float pi = 0x1.921fb6p+1F;
static const float two_pi_high = 0x1.921fb6p+2F;
static const float two_pi_low = -0x1.777a5cp-23F;

static const double half_turn = 0x1.921fb54442d18p+1;

static void differ(struct pairs *restrict p, size_t n)
{
    size_t stop = whole_vectors(n);
    for (size_t k = 0; k < stop; k++) {
        p->d_eta[k] = p->eta[0][k] - p->eta[1][k];
    }
    for (size_t k = 0; k < stop; k++) {
        float a = p->phi[0][k];
        float b = p->phi[1][k];
        float d = a - b;
        float c = a - d; /* b, or what of it d could hold (D. E. Knuth, TAOCP 4.2.2) */
        float rest = (a - (d + c)) + (c - b);
        float sign = d < 0 ? -1.0F : 1.0F;
        float turn = sign * d > pi ? 1.0F : 0.0F;
        float r = (sign * d - turn * two_pi_high) + (sign * rest - turn * two_pi_low);
        int good = (fabsf(a) <= phi_max) & (sign * d <= 3 * pi);
        p->d_phi[k] = good ? r : NAN;
    }
}

/* In float64, where the difference of two angles is off by nothing that float32 could hold. */
static void narrow(const struct pairs_polar *restrict from, size_t n, struct pairs *restrict to)
{
    size_t stop = whole_vectors(n);
    for (size_t m = 0; m < 2; m++) {
        for (size_t k = 0; k < stop; k++) {
            to->pt[m][k] = (float)from->pt[m][k];
            to->eta[m][k] = (float)from->eta[m][k];
            to->mass[m][k] = (float)from->mass[m][k];
        }
    }
    for (size_t k = 0; k < stop; k++) {
        double d = fabs(from->phi[0][k] - from->phi[1][k]);
        double r = d > half_turn ? d - 2 * half_turn : d;
        int good = (fabs(from->phi[0][k]) <= (double)phi_max) & (d <= 3 * half_turn);
        to->d_phi[k] = good ? (float)r : NAN;
        to->d_eta[k] = (float)(from->eta[0][k] - from->eta[1][k]);
    }
}

/* sum of 2^(2 n - 1) t^n / (2 n)!: sinh(x)^2 at t = x^2, -sin(x)^2 at t = -x^2. */
static inline float square_of_sine(float t)
{
    float q = 0x1p13F / 87178291200.0F;
    q = q * t + 0x1p11F / 479001600.0F;
    q = q * t + 0x1p9F / 3628800.0F;
    q = q * t + 0x1p7F / 40320.0F;
    q = q * t + 0x1p5F / 720.0F;
    q = q * t + 0x1p3F / 24.0F;
    q = q * t + 1;
    return q * t;
}

/* The same of 4 t from that of t: sinh(2 x) = 2 sinh(x) cosh(x). */
static inline float twice(float square)
{
    return 4 * square * (1 + square);
}

static inline float hyperbolic_cosine(float x)
{
    float y = 0.25F * x;
    return 1 + 2 * twice(square_of_sine(y * y));
}

static void mass2(struct pairs *restrict p, size_t n)
{
    size_t stop = whole_vectors(n);
    for (size_t k = 0; k < stop; k++) {
        float pt1 = p->pt[0][k];
        float pt2 = p->pt[1][k];
        float eta1 = p->eta[0][k];
        float eta2 = p->eta[1][k];
        float m1 = p->mass[0][k];
        float m2 = p->mass[1][k];
        int good = (pt1 >= pt_min) & (pt1 <= pt_max) & (pt2 >= pt_min) & (pt2 <= pt_max) &
                   (fabsf(eta1) <= eta_max) & (fabsf(eta2) <= eta_max) & (m1 >= mass_min) &
                   (m1 <= mass_max) & (m2 >= mass_min) & (m2 <= mass_max);
        float y = 0.125F * p->d_eta[k];
        float z = 0.25F * p->d_phi[k];
        float opening = twice(twice(square_of_sine(y * y))) - twice(square_of_sine(-(z * z)));
        float p1 = pt1 * hyperbolic_cosine(eta1);
        float p2 = pt2 * hyperbolic_cosine(eta2);
        float p1_2 = p1 * p1;
        float p2_2 = p2 * p2;
        float m1_2 = m1 * m1;
        float m2_2 = m2 * m2;
        float energies = sqrtf((p1_2 + m1_2) * (p2_2 + m2_2));
        float recoil = (m1_2 * p2_2 + m2_2 * p1_2 + m1_2 * m2_2) / (energies + p1 * p2);
        float sum = (m1_2 + m2_2) + 2 * recoil + 4 * (pt1 * pt2) * opening;
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

static void find(const struct mass2_axis *axis, uint32_t not_sure, struct pairs *restrict p,
                 size_t n)
{
    size_t stop = whole_vectors(n);
    const struct mass2_cell *restrict cells = axis->cell;
    int32_t before = axis->first - 1;
    int32_t last = axis->n_cells - 1;
    for (size_t k = 0; k < stop; k++) {
        float s = p->mass2[k];
        int32_t bits = 0;
        memcpy(&bits, &s, sizeof bits);
        int32_t c = (bits >> MASS2_CELL_SHIFT) - before;
        c = c < 0 ? 0 : c;
        c = c > last ? last : c;
        float edge = cells[c].edge;
        uint32_t slot = p->row[k] + cells[c].gap + (s >= edge ? 1U : 0U);
        p->slot[k] = fabsf(s - edge) > MASS2_GUARD * s ? slot : not_sure;
    }
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
    .differ = differ,
    .narrow = narrow,
    .mass2 = mass2,
    .mass2_of_masses = mass2_of_masses,
    .mass2_of_energies = mass2_of_energies,
    .find = find,
};
