/* SPDX-License-Identifier: Apache-2.0 */
/* trijet.h - a screen for the three jets of an event whose mass is closest to a given one: float32 finds
 * which choices of three could be that, so that one or two are left for float64.
 *
 * Whatever is the closest in float64, or as close, is among those left: the screen is off by less
 * than a bound that trijet.c derives. */
#ifndef ANALYSIS_TRIJET_H
#define ANALYSIS_TRIJET_H

#include "analysis/simd.h"

/* The n jets from the first on, 3 to SIMD_JETS_MAX. False where the bound does not hold: with
 * what is no number, or absurdly large. */
bool trijet_screen(const struct simd *simd, struct simd_triples *t,
                   const struct simd_momenta *jet, size_t first, size_t n, double mass);

/* The next choice that is left, from place *at on, which then is the place after it; begin at 0. Its
 * jets are i < j < k, counted from the first. False at the end. */
bool trijet_next(const struct simd *simd, const struct simd_triples *t, size_t *at,
                 size_t jet[3]);

#endif
