/* SPDX-License-Identifier: Apache-2.0 */
/* simd.h - momenta of many objects at once, and a screen of the choices of three jets of many events, in
 * vectors: one source, compiled for several levels of the processor, one of which is chosen when the
 * program runs. All of them give the same bits but of the screen, which decides nothing (trijet.h). */
#ifndef ANALYSIS_SIMD_H
#define ANALYSIS_SIMD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "analysis/level.h"

enum {
    SIMD_BLOCK = 256, /* objects at once: all of it stays in the first cache */
    SIMD_LANES = 8,   /* doubles in the longest vector */
    SIMD_EVENTS = 16, /* floats there: so many events side by side */
    SIMD_JETS_MAX = 64,
    SIMD_SECOND_SHIFT = 8,
    SIMD_THIRD_SHIFT = 16,
};

struct simd_polar {
    double pt[SIMD_BLOCK]; /* GeV, as mass */
    double eta[SIMD_BLOCK];
    double phi[SIMD_BLOCK];
    double mass[SIMD_BLOCK];
};

struct simd_momenta {
    double px[SIMD_BLOCK];
    double py[SIMD_BLOCK];
    double pz[SIMD_BLOCK];
    double e[SIMD_BLOCK]; /* sqrt(p^2 + mass^2) */
};

/* Of SIMD_BLOCK choices of three, the transverse part of each. */
struct simd_three {
    double pt[3][SIMD_BLOCK];
    double phi[3][SIMD_BLOCK];
};

/* The jets of SIMD_EVENTS events, which are looked at side by side: event l has n[l] of them, at most
 * SIMD_JETS_MAX, which stand in the columns from first[l] on. */
struct simd_jets {
    const float *pt; /* GeV, as mass; with at least one value */
    const float *eta;
    const float *phi;
    const float *mass;
    size_t n_most; /* the largest n */
    int32_t first[SIMD_EVENTS];
    int32_t n[SIMD_EVENTS];
};

/* Of each of the events: how far from the wanted mass is the closest of its choices of three jets, and
 * the next one; infinite where there is none. The closest is of jets i < j < k, as a number i + j <<
 * SIMD_SECOND_SHIFT + k << SIMD_THIRD_SHIFT. Not 0 is beyond where the limits of the bound that trijet.c
 * derives do not hold: then all this says nothing. */
struct simd_trijets {
    float best[SIMD_EVENTS];
    float second[SIMD_EVENTS];
    int32_t choice[SIMD_EVENTS];
    int32_t beyond[SIMD_EVENTS];
};

/* One level. Pure but for what they are given. */
struct simd {
    const char *name;

    /* As simd_make, where abs(phi) <= 1e5 and abs(eta) < 700. */
    void (*momenta)(struct simd_momenta *out, const struct simd_polar *in, size_t n);

    /* pT of the sums of the first n choices, in an array of SIMD_BLOCK, with the bits that
     * momentum_polar and momentum_pt give, where abs(phi) <= 1e5. */
    void (*sum_pt)(double *pt, const struct simd_three *in, size_t n);

    /* A screen (trijet.h): in float32, and not the same bits on each level. */
    void (*trijets)(struct simd_trijets *out, const struct simd_jets *from, float mass);
};

/* The levels that were built and that this processor has, the best first; NULL at the end. The last
 * one runs everywhere. */
void simd_levels(const struct simd *level[LEVELS + 1]);

/* The best one; or the one that the environment names in PICOBARN_SIMD: plain, avx2 or avx512, if it
 * is there; or NULL for "scalar": one by one, without vectors. */
const struct simd *simd_choose(void);

/* The momenta of n objects, at most SIMD_BLOCK, with the bits that momentum_polar (kinematics.h)
 * gives. simd may be NULL. */
void simd_make(const struct simd *simd, struct simd_momenta *out, const struct simd_polar *in,
               size_t n);

#endif
