/* SPDX-License-Identifier: Apache-2.0 */
/* elementary.h - log, exp, sinh, sine and their kin, made of + - * / and sqrt only.
 *
 * A C library picks its variants of these functions by the processor, and they differ in the
 * last bit (measured with FMA and AVX2 masked), so none of them may stand between a column and
 * a bin. What is used here is correctly rounded by IEEE 754 or exact, so there is one result.
 * (floor, frexp and ldexp are exact.) Relative errors are below 1e-15, for the sines absolute
 * ones; of a subnormal result half a unit of its last place comes on top. Pure, safe for any
 * thread.
 * Where an argument is NaN or outside the stated range the result is NaN or an infinity of the
 * right sign, never undefined. */
#ifndef ANALYSIS_ELEMENTARY_H
#define ANALYSIS_ELEMENTARY_H

double elementary_log(double x);  /* natural; x > 0 */
double elementary_exp(double x);  /* 0 below -745, infinite above 709.7 */
double elementary_sinh(double x); /* infinite above 709.7, as cosh */
double elementary_cosh(double x);
double elementary_asinh(double x);

/* Of an angle in radians, abs(angle) <= 1e5; NaN beyond: no measured angle lies there. */
double elementary_sin(double angle);
double elementary_cos(double angle);

#endif
