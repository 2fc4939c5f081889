/* SPDX-License-Identifier: Apache-2.0 */
/* statistics.c - see statistics.h
 *
 * An end of Garwood's interval is the mean x for which at most m events have a given
 * probability: Q(m + 1, x) = sum of x^k e^-x / k! for k = 0..m (the regularised incomplete
 * gamma function of an integer; Abramowitz and Stegun 6.5.13 and 26.4.21), m = n for the
 * upper end, m = n - 1 for the lower one. Up to NEWTON_MAX events that sum is solved by
 * Newton's method from the Cornish-Fisher expansion of the gamma distribution's quantile
 * (26.2.49; H. Goldberg and H. Levine, Ann. Math. Statist. 17 (1946) 216); beyond it the
 * expansion alone is right to 3e-11.
 *
 * elementary.h instead of libm, so that a plot has the same bytes on every processor. */
#include "analysis/statistics.h"

#include <math.h>

#include "analysis/elementary.h"

/* The products of poisson_probability grow up to e^(m / e) before they shrink: for 400 that is
 * 1e64, far within a double. */
enum { NEWTON_MAX = 400, NEWTON_STEPS = 30 };

/* One standard deviation of a normal distribution: (1 - erf(1 / sqrt(2))) / 2 */
static const double tail = 0.15865525393145705;

/* k such that e^-x x^k / k!, the factors in an order that neither over- nor underflows. */
static double poisson_probability(unsigned m, double x)
{
    if (m == 0) {
        return elementary_exp(-x);
    }
    double shrink = elementary_exp(-x / m);
    double probability = 1;
    for (unsigned k = 1; k <= m; k++) {
        probability *= x / k * shrink;
    }
    return probability;
}

/* Of at most m events, given that of exactly m: the terms fall in ratio from there. */
static double poisson_at_most(unsigned m, double x, double probability)
{
    double sum = 0;
    double term = probability;
    for (unsigned k = m; term > sum * 1e-17; k--) {
        sum += term;
        term *= k / x;
    }
    return sum;
}

/* The point that a gamma variate of shape a exceeds by z = +1 or -1 standard deviations of its
 * normal score; the next term is about 0.002 / a^2. */
static double gamma_quantile(double a, double z)
{
    double root = sqrt(a);
    return a + z * root - z / (6 * root) + 1 / (135 * a) - z * 7 / (1620 * a * root);
}

/* The mean for which at most m events have the probability q. In x, Q(m + 1, x) has the
 * derivative - e^-x x^m / m!. */
static double poisson_mean(unsigned m, double q, double start)
{
    double x = start;
    double step = x;
    for (int i = 0; i < NEWTON_STEPS && fabs(step) > 1e-15 * x; i++) {
        double probability = poisson_probability(m, x);
        step = (poisson_at_most(m, x, probability) - q) / probability;
        x = x + step > 0 ? x + step : x / 2;
    }
    return x;
}

void statistics_poisson_interval(uint64_t n, double *lower, double *upper)
{
    double count = (double)n;
    *lower = n == 0 ? 0 : gamma_quantile(count, -1);
    *upper = gamma_quantile(count + 1, 1);
    if (n > NEWTON_MAX) {
        return;
    }
    *upper = poisson_mean((unsigned)n, tail, *upper);
    if (n > 0) {
        *lower = poisson_mean((unsigned)n - 1, 1 - tail, *lower);
    }
}

/* n ln(n / b) - (n - b) for n >= 0, b > 0. Near n = b that cancels: there its series in
 * v = (n - b) / (n + b) (C. Loader, Fast and accurate computation of binomial probabilities,
 * 2000, his bd0). */
static double deviance_half(double n, double b)
{
    if (n == 0) {
        return b;
    }
    if (fabs(n - b) >= 0.1 * (n + b)) {
        return n * elementary_log(n / b) - (n - b);
    }
    double v = (n - b) / (n + b);
    double sum = (n - b) * v;
    double term = 2 * n * v;
    for (int j = 3; j < 41; j += 2) {
        term *= v * v;
        sum += term / j;
    }
    return sum;
}

double statistics_significance_observed(double n, double b)
{
    if (!(b > 0) || !(n >= 0)) {
        return 0;
    }
    double significance = sqrt(2 * fmax(0, deviance_half(n, b)));
    return n < b ? -significance : significance;
}

double statistics_significance_expected(double s, double b)
{
    if (!(b > 0) || !(s > 0)) {
        return 0;
    }
    return sqrt(2 * fmax(0, deviance_half(s + b, b)));
}
