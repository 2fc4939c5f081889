/* SPDX-License-Identifier: Apache-2.0 */
/* momenta.c - see momenta.h
 *
 * Each function here makes the same operations in the same order as its namesake in elementary.c,
 * but both sides of a choice, and then takes one of the results; floor, the parity of an integer and
 * the power of two are had from the bits of a number to which 1.5 * 2^52 was added. That holds for
 * abs(phi) <= 1e5 and abs(eta) < 700; the others, and NaN, are made again one by one. The test
 * compares bits with momentum_polar. */
#include "analysis/momenta.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

#include "analysis/kinematics.h"
#include "base/size.h"

static const double log2_high = 0x1.62e42feep-1;
static const double log2_low = 0x1.a39ef35793c76p-33;
static const double half_pi_high = 0x1.921fb544p+0;
static const double half_pi_middle = 0x1.0b4611a6p-34;
static const double half_pi_low = 0x1.3198a2e037073p-69;

static const double phi_max = 1e5;
static const double eta_max = 700;

/* x + shift has the integer nearest to x in its lowest bits, for abs(x) < 2^51. */
static const double shift = 0x1.8p52;

static inline uint64_t bits_of(double x)
{
    uint64_t bits = 0;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

static inline double from_bits(uint64_t bits)
{
    double x = 0;
    memcpy(&x, &bits, sizeof x);
    return x;
}

/* if_set where the lowest bit of `bit` is 1, else if_clear. */
static inline double choose(uint64_t bit, double if_set, double if_clear)
{
    uint64_t mask = 0 - (bit & 1);
    return from_bits((bits_of(if_set) & mask) | (bits_of(if_clear) & ~mask));
}

static inline double floor_of(double x)
{
    double nearest = (x + shift) - shift;
    return nearest - (nearest > x ? 1.0 : 0.0);
}

static inline double polynomial(const double *c, size_t n, double x)
{
    double sum = 0;
    for (size_t i = n; i > 0; i--) {
        sum = sum * x + c[i - 1];
    }
    return sum;
}

static inline void sine_and_cosine(double angle, double *sine, double *cosine)
{
    static const double s[] = {
        -1. / 6,        1. / 120,        -1. / 5040,          1. / 362880,
        -1. / 39916800, 1. / 6227020800, -1. / 1307674368000, 1. / 355687428096000};
    static const double c[] = {
        1. / 24,        -1. / 720,         1. / 40320,         -1. / 3628800,
        1. / 479001600, -1. / 87178291200, 1. / 20922789888000};
    double k = floor_of(angle * 0x1.45f306dc9c883p-1 + 0.5);
    double r = ((angle - k * half_pi_high) - k * half_pi_middle) - k * half_pi_low;
    double r2 = r * r;
    double odd = r + r * r2 * polynomial(s, ARRAY_LENGTH(s), r2);
    double even = 1 - (0.5 * r2 - r2 * r2 * polynomial(c, ARRAY_LENGTH(c), r2));
    uint64_t quarter = bits_of(k + shift);
    *sine = from_bits(bits_of(choose(quarter, even, odd)) ^ (quarter >> 1 & 1) << 63);
    quarter++;
    *cosine = from_bits(bits_of(choose(quarter, even, odd)) ^ (quarter >> 1 & 1) << 63);
}

/* exp(x), 0 <= x < 700 */
static inline double exponential(double x)
{
    static const double c[] = {1. / 2,          1. / 6,        1. / 24,        1. / 120,
                               1. / 720,        1. / 5040,     1. / 40320,     1. / 362880,
                               1. / 3628800,    1. / 39916800, 1. / 479001600, 1. / 6227020800,
                               1. / 87178291200};
    double k = floor_of(x * 0x1.71547652b82fep+0 + 0.5);
    double r = (x - k * log2_high) - k * log2_low;
    double tail = r * r * polynomial(c, ARRAY_LENGTH(c), r);
    double power = from_bits((bits_of(k + shift) + 1023) << 52);
    return (1 + (r + tail)) * power;
}

static inline double hyperbolic_sine(double x)
{
    static const double c[] = {1.,
                               1. / 6,
                               1. / 120,
                               1. / 5040,
                               1. / 362880,
                               1. / 39916800,
                               1. / 6227020800,
                               1. / 1307674368000,
                               1. / 355687428096000,
                               1. / 121645100408832000.,
                               1. / 51090942171709440000.};
    double small = x * polynomial(c, ARRAY_LENGTH(c), x * x);
    double half = 0.5 * exponential(fabs(x));
    double large = half - 0.25 / half;
    uint64_t sign = bits_of(x) & UINT64_C(1) << 63;
    return fabs(x) < 1 ? small : from_bits(bits_of(large) | sign);
}

/* What the loop below cannot make. */
static void make_again(struct momenta *out, const struct momenta_polar *in, size_t i)
{
    struct momentum p = momentum_polar(in->pt[i], in->eta[i], in->phi[i], in->mass[i]);
    out->px[i] = p.px;
    out->py[i] = p.py;
    out->pz[i] = p.pz;
    out->e[i] = p.e;
}

void momenta_from_polar(struct momenta *restrict out, const struct momenta_polar *restrict in,
                        size_t n)
{
    for (size_t i = 0; i < n; i++) {
        double sine = 0;
        double cosine = 0;
        sine_and_cosine(in->phi[i], &sine, &cosine);
        double px = in->pt[i] * cosine;
        double py = in->pt[i] * sine;
        double pz = in->pt[i] * hyperbolic_sine(in->eta[i]);
        out->px[i] = px;
        out->py[i] = py;
        out->pz[i] = pz;
        out->e[i] = sqrt(px * px + py * py + pz * pz + in->mass[i] * in->mass[i]);
    }
    for (size_t i = 0; i < n; i++) {
        if (!(fabs(in->phi[i]) <= phi_max && fabs(in->eta[i]) < eta_max)) {
            make_again(out, in, i);
        }
    }
}
