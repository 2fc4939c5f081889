/* SPDX-License-Identifier: Apache-2.0 */
/* elementary.c - see elementary.h */
#include "analysis/elementary.h"

#include <math.h>

#include "analysis/elementary_series.h"
#include "base/size.h"

static const double angle_max = 1e5;

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
    double tail = r * r * polynomial(exp_series, ARRAY_LENGTH(exp_series), r);
    return ldexp(1 + (r + tail), (int)k);
}

double elementary_sinh(double x)
{
    double a = fabs(x);
    if (a < 1) {
        return x * polynomial(sinh_series, ARRAY_LENGTH(sinh_series), x * x);
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

/* Sine of r + quarter * pi/2 for abs(r) <= pi/4. */
static double sine_of_octant(double r, int quarter)
{
    double r2 = r * r;
    double value =
        (quarter & 1) == 0
            ? r + r * r2 * polynomial(sine_series, ARRAY_LENGTH(sine_series), r2)
            : 1 - (0.5 * r2 -
                   r2 * r2 * polynomial(cosine_series, ARRAY_LENGTH(cosine_series), r2));
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
