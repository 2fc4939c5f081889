/* SPDX-License-Identifier: Apache-2.0 */
/* chords.h - how far apart two directions are, in float32, as sums of positive terms, so that nothing
 * cancels: for the screens of masses (pairs_simd.c, simd_loops.c), and private to them.
 *
 *     w(x) = (2 sinh(x / 2))^2 = 2 cosh(x) - 2, v(x) = (2 sin(x / 2))^2 = 2 - 2 cos(x).
 *
 * Both have a series, w(x) = x^2 q(x^2 / 4) and v(x) = x^2 q(-x^2 / 4), q(t) = sinh(sqrt(t))^2 / t, and
 * w(2 x) = w (4 + w), v(2 x) = v (4 - v). The coefficients are 1 and those of the polynomial that is
 * (q(t) - 1) / t at the Chebyshev nodes of its range, 0 to 25 / 16 and -0.7 to 0, in float32.
 *
 * The relative error, in units of u = 2^-24: rounding an operation gives 1; a product adds those of
 * its factors, a sum of positive terms has that of the worse, a root half.
 *   - deta 1, so t = deta^2 3. w(deta / 4) = t q / 16, t / 64 <= 1.5625: a step of Horner's scheme
 *     hands on what stands above it in the share t q' / q of it, which is 0.39 in the last step,
 *     0.19 before, and less; so q is off by 3.8, w by 7.8 and by 0.2 for the polynomial. Doubled twice
 *     (4 + w has the share w / (4 + w) of w's): 15.8, 33.2.
 *   - dphi 1 within half a turn. Beyond it a turn is subtracted from the larger angle: exactly where
 *     that is 2.2832 or more, else off by 4; but then, the other being -3.2 or more, 0.8 is left: 5. The
 *     other and the turn's last digits add 1 at most: 6 in all. These digits leave 5e-14. t = dphi^2 13,
 *     q 4.8, v 19, doubled once 21: below that of w.
 *   - cosh(eta) = 1 + w(eta) / 2, with t 1: 5.0, doubled 10.6, 11.6.
 * Rounding a product and its sum at once leaves less. */
#ifndef ANALYSIS_CHORDS_H
#define ANALYSIS_CHORDS_H

#include <math.h>

/* Within which all this holds, of either direction; opening_of's pT, so that nothing overflows. */
static const float chord_pt_min = 0x1p-10F;
static const float chord_pt_max = 0x1p13F;
static const float chord_eta_max = 5;
static const float chord_phi_min = -3.2F; /* from -pi to pi, or from 0 to 2 pi */
static const float chord_phi_max = 6.4F;

static const float half_turn = 0x1.921fb6p+1F;
static const float turn_high = 0x1.921fb6p+2F;
static const float turn_low = -0x1.777a5cp-23F;

/* a * b + c, rounded once or twice: either is within the bound. */
static inline float add_product(float a, float b, float c)
{
#ifdef __FMA__
    return fmaf(a, b, c);
#else
    return a * b + c;
#endif
}

/* w(sqrt(t) / 2^k) for unit = 4^-(k + 1), which compilers multiply into the coefficients;
 * unit * t <= 25 / 16. */
static inline float hyperbolic_chord(float t, float unit)
{
    float least = 4 * unit;
    float q = 0x1.38a204p-18F * (least * unit * unit * unit * unit * unit);
    q = add_product(q, t, 0x1.26c80ep-13F * (least * unit * unit * unit * unit));
    q = add_product(q, t, 0x1.a024p-9F * (least * unit * unit * unit));
    q = add_product(q, t, 0x1.6c16a2p-5F * (least * unit * unit));
    q = add_product(q, t, 0x1.555556p-2F * (least * unit));
    q = add_product(q, t, least);
    return q * t;
}

/* v alike; unit * t <= 0.7. */
static inline float circular_chord(float t, float unit)
{
    float least = 4 * unit;
    float q = 0x1.1b9a7p-13F * (least * unit * unit * unit * unit);
    q = add_product(q, t, -0x1.9fc488p-9F * (least * unit * unit * unit));
    q = add_product(q, t, 0x1.6c1602p-5F * (least * unit * unit));
    q = add_product(q, t, -0x1.555554p-2F * (least * unit));
    q = add_product(q, t, least);
    return q * t;
}

static inline float hyperbolic_cosine(float x)
{
    float w = hyperbolic_chord(x * x, 0x1p-4F);
    return add_product(0.5F, w * (4 + w), 1);
}

/* Whether a particle's are within these limits; NaN is not. */
static inline int is_pt_eta(float pt, float eta)
{
    return (pt >= chord_pt_min) & (pt <= chord_pt_max) & (fabsf(eta) <= chord_eta_max);
}

static inline int is_phi(float phi)
{
    return (phi >= chord_phi_min) & (phi <= chord_phi_max);
}

/* The angle between two directions, to be squared. */
static inline float angle_between(float a, float b)
{
    float larger = a > b ? a : b;
    float other = a > b ? b : a;
    int beyond = larger - other > half_turn;
    float high = beyond ? turn_high : 0;
    float low = beyond ? turn_low : 0;
    return ((larger - high) - other) - low;
}

/* pT1 pT2 (w + v). */
static inline float opening_of(float pt1, float pt2, float d_eta, float d_phi)
{
    float w = hyperbolic_chord(d_eta * d_eta, 0x1p-6F);
    float v = circular_chord(d_phi * d_phi, 0x1p-4F);
    w = w * (4 + w);
    return pt1 * pt2 * add_product(w, 4 + w, v * (4 - v));
}

#endif
