/* SPDX-License-Identifier: Apache-2.0 */
/* elementary.c - see elementary.h */
#include "analysis/elementary.h"

#include <math.h>

#include "base/size.h"

/* log(2) and pi/2 as a sum of parts: the leading ones have so few bits that a small integer
 * times the part is exact (Cody and Waite, Software Manual for the Elementary Functions, 1980). */
static const double log2_high = 0x1.62e42feep-1;
static const double log2_low = 0x1.a39ef35793c76p-33;
static const double half_pi_high = 0x1.921fb544p+0;
static const double half_pi_middle = 0x1.0b4611a6p-34;
static const double half_pi_low = 0x1.3198a2e037073p-69;

static const double angle_max = 1e5;

/* sum of c[i] x^i, Horner. */
static double polynomial(const double *c, size_t n, double x)
{
    double sum = 0;
    for (size_t i = n; i > 0; i--) {
        sum = sum * x + c[i - 1];
    }
    return sum;
}

double elementary_log(double x)
{
    if (!(x > 0)) {
        return x == 0 ? (double)-INFINITY : (double)NAN;
    }
    if (isinf(x)) {
        return x;
    }
    int exponent = 0;
    double m = frexp(x, &exponent);
    if (m < 0x1.6a09e667f3bcdp-1) {
        m *= 2;
        exponent--;
    }
    /* log m = 2 artanh z with abs(z) < 0.172: the first term left out, z^22/23, is < 1e-18. */
    static const double c[] = {1. / 3,  1. / 5,  1. / 7,  1. / 9,  1. / 11,
                               1. / 13, 1. / 15, 1. / 17, 1. / 19, 1. / 21};
    double z = (m - 1) / (m + 1);
    double z2 = z * z;
    double tail = 2 * z * z2 * polynomial(c, ARRAY_LENGTH(c), z2);
    return exponent * log2_high + (2 * z + (tail + exponent * log2_low));
}

/* exp(r) - 1 - r for abs(r) <= 0.35: the first term left out, r^15/15!, is < 2e-19. */
static double exp_tail(double r)
{
    static const double c[] = {1. / 2,          1. / 6,        1. / 24,        1. / 120,
                               1. / 720,        1. / 5040,     1. / 40320,     1. / 362880,
                               1. / 3628800,    1. / 39916800, 1. / 479001600, 1. / 6227020800,
                               1. / 87178291200};
    return r * r * polynomial(c, ARRAY_LENGTH(c), r);
}

double elementary_exp(double x)
{
    if (isnan(x)) {
        return x;
    }
    if (x > 709.782712893384) {
        return INFINITY;
    }
    if (x < -745.2) {
        return 0;
    }
    double k = floor(x * 0x1.71547652b82fep+0 + 0.5);
    double r = (x - k * log2_high) - k * log2_low;
    return ldexp(1 + (r + exp_tail(r)), (int)k);
}

double elementary_sinh(double x)
{
    double a = fabs(x);
    if (a < 1) {
        /* Taylor: x^23/23! is < 4e-23. */
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
        return x * polynomial(c, ARRAY_LENGTH(c), x * x);
    }
    double half = 0.5 * elementary_exp(a);
    double value = half - 0.25 / half;
    return x < 0 ? -value : value;
}

double elementary_cosh(double x)
{
    double half = 0.5 * elementary_exp(fabs(x));
    return half + 0.25 / half;
}

double elementary_asinh(double x)
{
    double a = fabs(x);
    if (a < 0x1p-28) {
        return x;
    }
    if (a > 1e150) { /* asinh a = log 2a, without its overflow; an infinity stays one */
        double large = elementary_log(a) + (log2_high + log2_low);
        return x < 0 ? -large : large;
    }
    /* log1p(t) for t = a + (sqrt(1 + a^2) - 1) without cancellation: u = 1 + t rounded, and the
     * rounding put right to first order. */
    double t = a + a * a / (1 + sqrt(1 + a * a));
    double u = 1 + t;
    double value = elementary_log(u) + (t - (u - 1)) / u;
    return x < 0 ? -value : value;
}

/* Sine of r + quarter * pi/2 for abs(r) <= pi/4. The first terms left out are < 3e-20. */
static double sine_of_octant(double r, int quarter)
{
    static const double s[] = {
        -1. / 6,        1. / 120,        -1. / 5040,          1. / 362880,
        -1. / 39916800, 1. / 6227020800, -1. / 1307674368000, 1. / 355687428096000};
    static const double c[] = {
        1. / 24,        -1. / 720,         1. / 40320,         -1. / 3628800,
        1. / 479001600, -1. / 87178291200, 1. / 20922789888000};
    double r2 = r * r;
    double value = (quarter & 1) == 0
                       ? r + r * r2 * polynomial(s, ARRAY_LENGTH(s), r2)
                       : 1 - (0.5 * r2 - r2 * r2 * polynomial(c, ARRAY_LENGTH(c), r2));
    return (quarter & 2) == 0 ? value : -value;
}

static double sine_shifted(double angle, int quarters)
{
    if (!(fabs(angle) <= angle_max)) {
        return NAN;
    }
    double k = floor(angle * 0x1.45f306dc9c883p-1 + 0.5);
    double r = ((angle - k * half_pi_high) - k * half_pi_middle) - k * half_pi_low;
    return sine_of_octant(r, (int)k + quarters);
}

double elementary_sin(double angle)
{
    return sine_shifted(angle, 0);
}

double elementary_cos(double angle)
{
    return sine_shifted(angle, 1);
}
