/* SPDX-License-Identifier: Apache-2.0 */
/* elementary_series.h - what elementary.c, one number at a time, and simd_loops.c, in vectors, calculate
 * with: their results have the same bits only as long as it is the same. Private to them. */
#ifndef ANALYSIS_ELEMENTARY_SERIES_H
#define ANALYSIS_ELEMENTARY_SERIES_H

#include <stddef.h>

/* log(2) and pi/2 as a sum of parts: the leading ones have so few bits that a small integer
 * times the part is exact (Cody and Waite, Software Manual for the Elementary Functions, 1980). */
static const double log2_high = 0x1.62e42feep-1;
static const double log2_low = 0x1.a39ef35793c76p-33;
static const double half_pi_high = 0x1.921fb544p+0;
static const double half_pi_middle = 0x1.0b4611a6p-34;
static const double half_pi_low = 0x1.3198a2e037073p-69;

/* exp(r) - 1 - r over r^2, for abs(r) <= 0.35: the first term left out, r^15/15!, is < 2e-19. */
static const double exp_series[] = {
    1. / 2,         1. / 6,          1. / 24,         1. / 120,     1. / 720,
    1. / 5040,      1. / 40320,      1. / 362880,     1. / 3628800, 1. / 39916800,
    1. / 479001600, 1. / 6227020800, 1. / 87178291200};

/* sinh(x) over x in x^2, for abs(x) < 1: x^23/23! is < 4e-23. */
static const double sinh_series[] = {1.,
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

/* sin(r) - r over r^3, and cos(r) - 1 + r^2/2 over r^4, in r^2, for abs(r) <= pi/4. The first terms
 * left out are < 3e-20. */
static const double sine_series[] = {
    -1. / 6,        1. / 120,        -1. / 5040,          1. / 362880,
    -1. / 39916800, 1. / 6227020800, -1. / 1307674368000, 1. / 355687428096000};
static const double cosine_series[] = {
    1. / 24,        -1. / 720,         1. / 40320,         -1. / 3628800,
    1. / 479001600, -1. / 87178291200, 1. / 20922789888000};

/* sum of c[i] x^i, Horner. */
static inline double polynomial(const double *c, size_t n, double x)
{
    double sum = 0;
    for (size_t i = n; i > 0; i--) {
        sum = sum * x + c[i - 1];
    }
    return sum;
}

#endif
