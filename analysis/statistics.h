/* SPDX-License-Identifier: Apache-2.0 */
/* statistics.h - Poisson intervals and significances, for what is shown (not for what is binned).
 *
 * Pure functions, safe for any thread. */
#ifndef ANALYSIS_STATISTICS_H
#define ANALYSIS_STATISTICS_H

#include <stdint.h>

/* Central 68.27 % confidence interval of a Poisson mean after n events (F. Garwood, Biometrika
 * 28 (1936) 437): lower = chi2(0.15865; 2n) / 2, upper = chi2(0.84135; 2n + 2) / 2; the lower
 * end is 0 for n = 0. Relative error below 1e-9. */
void statistics_poisson_interval(uint64_t n, double *lower, double *upper);

/* sqrt(2 (n ln(n/b) - (n - b))) for n > b, negative of it for n < b, n events observed where b
 * background events are expected (arXiv:1007.1727, eq. 52). 0 unless b > 0. */
double statistics_significance_observed(double n, double b);

/* Median expected for s signal events over b (Asimov; arXiv:1007.1727, eq. 97):
 * sqrt(2 ((s + b) ln(1 + s/b) - s)). 0 unless b > 0 and s > 0. */
double statistics_significance_expected(double s, double b);

#endif
