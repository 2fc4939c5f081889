/* SPDX-License-Identifier: Apache-2.0 */
/* simd.h - momenta of many objects at once, and the masses of all choices of three jets of an event,
 * in vectors: one source, compiled for several levels of the processor, one of which is chosen when
 * the program runs. All of them give the same bits. */
#ifndef ANALYSIS_SIMD_H
#define ANALYSIS_SIMD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "analysis/level.h"

enum {
    SIMD_BLOCK = 256,   /* objects at once: all of it stays in the first cache */
    SIMD_JETS_MAX = 64, /* whose choices of three are made */
    SIMD_LANES = 8,     /* floats in a vector */
    SIMD_TRIPLES_MAX = 41664 + SIMD_LANES * SIMD_JETS_MAX, /* with each row's padding */
};

struct simd_polar {
    double pt[SIMD_BLOCK]; /* GeV, as mass */
    double eta[SIMD_BLOCK];
    double phi[SIMD_BLOCK];
    double mass[SIMD_BLOCK];
};

/* Whole vectors are read, beyond the last object. */
struct simd_momenta {
    double px[SIMD_BLOCK + SIMD_LANES];
    double py[SIMD_BLOCK + SIMD_LANES];
    double pz[SIMD_BLOCK + SIMD_LANES];
    double e[SIMD_BLOCK + SIMD_LANES]; /* sqrt(p^2 + mass^2) */
};

/* The squares of the masses of an event's choices of three in float32, as a screen (trijet.h). Jet k
 * with pair p of those before it is mass2[row[k] + p]; the pairs are in the order (0,1) (0,2) (1,2)
 * (0,3) ...; a row ends with NaN, up to a whole vector. */
struct simd_triples {
    size_t n_jets;
    size_t row[SIMD_JETS_MAX + 1];
    float mass2[SIMD_TRIPLES_MAX];
    float low; /* what is looked for, set by the caller */
    float high;
};

/* The bits of floats: of the least difference of a mass squared to the one wanted that is positive,
 * and of the one that is negative; those of an infinity, of a NaN, or of the other sign where there
 * is none. And of the largest energy of a jet, or of a NaN. */
struct simd_closest {
    int32_t above;
    int32_t below;
    int32_t e_max;
};

/* One level. Pure but for what they are given. */
struct simd {
    const char *name;

    /* As simd_make, where abs(phi) <= 1e5 and abs(eta) < 700. */
    void (*momenta)(struct simd_momenta *out, const struct simd_polar *in, size_t n);

    /* All but low and high, of the n jets from the first on, 3 to SIMD_JETS_MAX. */
    void (*triples)(struct simd_triples *t, const struct simd_momenta *jet, size_t first,
                    size_t n, float mass2, struct simd_closest *closest);

    /* The first place from this on that is within [low, high]; row[n_jets] if there is none. */
    size_t (*find)(const struct simd_triples *t, size_t from);
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
