/* SPDX-License-Identifier: Apache-2.0 */
/* portable.c - see portable.h */
#include "data-samples/portable.h"

#include <math.h>

const double portable_pi = 3.14159265358979323846;

/* log(2) in two parts: the first has 32 significant bits, so that k * log2_high is exact. */
static const double log2_high = 6.93147180369123816490e-01;
static const double log2_low = 1.90821492927058770002e-10;

double portable_log(double x)
{
    int exponent = 0;
    double m = frexp(x, &exponent);
    if (m < 0.70710678118654752) {
        m *= 2;
        exponent--;
    }
    /* log m = 2 artanh(z), abs(z) < 0.172: z^22/23 is below 1e-18. */
    double z = (m - 1) / (m + 1);
    double z2 = z * z;
    double sum = 0;
    for (int n = 21; n >= 1; n -= 2) {
        sum = sum * z2 + 1.0 / n;
    }
    return exponent * log2_high + (exponent * log2_low + 2 * z * sum);
}

double portable_exp(double x)
{
    double k = floor(x * 1.44269504088896340736 + 0.5);
    double r = (x - k * log2_high) - k * log2_low;
    /* abs(r) < 0.35: r^14/14! is below 1e-17. */
    double sum = 1;
    for (int n = 13; n >= 1; n--) {
        sum = 1 + sum * r / n;
    }
    return ldexp(sum, (int)k);
}

double portable_pow(double x, double power)
{
    return portable_exp(power * portable_log(x));
}

double portable_sinh(double x)
{
    double e = portable_exp(x);
    return 0.5 * (e - 1 / e);
}

double portable_asinh(double x)
{
    double a = fabs(x);
    double value = portable_log(a + sqrt(a * a + 1));
    return x < 0 ? -value : value;
}

void portable_sincos_turns(double turns, double *sine, double *cosine)
{
    double quarters = floor(4 * turns + 0.5);
    double r = (turns - quarters / 4) * 2 * portable_pi; /* abs(r) <= pi/4 */
    double r2 = r * r;
    double s = 1;
    double c = 1;
    for (int n = 16; n >= 2; n -= 2) {
        s = 1 - s * r2 / (n * (n + 1));
        c = 1 - c * r2 / (n * (n - 1));
    }
    s *= r;
    int quadrant = (int)(quarters - 4 * floor(quarters / 4));
    *sine = quadrant == 0 ? s : quadrant == 1 ? c : quadrant == 2 ? -s : -c;
    *cosine = quadrant == 0 ? c : quadrant == 1 ? -s : quadrant == 2 ? -c : s;
}

double portable_atan(double x)
{
    double a = fabs(x);
    double inverse = a > 1 ? 1 / a : a;
    /* atan t = 2 atan(t / (1 + sqrt(1 + t^2))), twice: then t < 0.199, t^24/25 below 1e-18. */
    double t = inverse / (1 + sqrt(1 + inverse * inverse));
    t = t / (1 + sqrt(1 + t * t));
    double t2 = t * t;
    double sum = 0;
    for (int n = 11; n >= 0; n--) {
        sum = 1.0 / (2 * n + 1) - sum * t2;
    }
    double angle = 4 * t * sum;
    angle = a > 1 ? portable_pi / 2 - angle : angle;
    return x < 0 ? -angle : angle;
}

double portable_atan2(double y, double x)
{
    if (x == 0) {
        return y > 0 ? portable_pi / 2 : y < 0 ? -portable_pi / 2 : 0;
    }
    double angle = portable_atan(y / x);
    if (x < 0) {
        angle += y < 0 ? -portable_pi : portable_pi;
    }
    return angle;
}
