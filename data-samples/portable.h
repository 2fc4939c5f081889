/* SPDX-License-Identifier: Apache-2.0 */
/* portable.h - log, exp, sine and arc functions made of + - * / and sqrt only. */
#ifndef SAMPLES_PORTABLE_H
#define SAMPLES_PORTABLE_H

/* A C library picks its variants of these functions by the processor, and they differ in the
 * last bit; the samples are to be the same bytes everywhere. What is used here is exact
 * (frexp, ldexp, floor) or correctly rounded (+ - * / sqrt) by IEEE 754, so that the result is
 * one of a kind. Relative errors are below 1e-14, far under what a float32 column holds.
 * analysis/elementary.h has such functions too; the samples share no code with the analysis, so
 * that a fault of one cannot hide in the other. Arguments are finite and in the
 * stated range; nothing is checked. */

extern const double portable_pi;

double portable_log(double x);               /* x > 0 */
double portable_exp(double x);               /* abs(x) < 700 */
double portable_pow(double x, double power); /* x > 0 */
double portable_sinh(double x);
double portable_asinh(double x);
double portable_atan(double x);
double portable_atan2(double y, double x); /* in (-pi, pi]; 0 for (0, 0) */

/* Sine and cosine of an angle given in turns (1 is a full circle). */
void portable_sincos_turns(double turns, double *sine, double *cosine);

#endif
