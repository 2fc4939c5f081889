/* SPDX-License-Identifier: Apache-2.0 */
/* pairs.h - masses of many pairs of particles at once, in vectors: one source, compiled for several
 * levels of the processor, one of which is chosen when the program runs.
 *
 * What comes out is a screen: the mass squared in float32, within MASS2_ERROR of the one that
 * kinematics.h gives, or NaN where that is not promised. It decides nothing where the answer is
 * close; there the float64 one does (mass2_axis.h), so results are the same from each level.
 * The bound is derived in pairs_simd.c. */
#ifndef ANALYSIS_PAIRS_H
#define ANALYSIS_PAIRS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "analysis/level.h"
#include "base/error.h"

enum {
    PAIRS_MAX = 256,   /* in a block: all of it stays in the first cache */
    PAIRS_VECTOR = 16, /* floats in the longest vector; PAIRS_MAX is a multiple of it */
    PAIRS_ALIGNMENT = 64,
};

/* The particles i and j of pair k are pt[0][k] and pt[1][k], and so on. GeV and radians. */
struct pairs {
    float pt[2][PAIRS_MAX];
    float eta[2][PAIRS_MAX];
    float phi[2][PAIRS_MAX];
    float mass[2][PAIRS_MAX];
    float momentum[2][PAIRS_MAX];
    float opening[PAIRS_MAX]; /* 2 (p1 p2 - p1 . p2): 0 for parallel ones */
    float mass2[PAIRS_MAX];   /* the screen's result */
    uint32_t row[PAIRS_MAX];  /* what find adds to the gap */
    uint32_t slot[PAIRS_MAX]; /* row + gap, or where it is not sure what it was told */
};

/* Muons 2 k and 2 k + 1 of columns are pair k. */
struct pairs_twos {
    const float *pt;
    const float *eta;
    const float *phi;
};

/* From columns of which not all are float32. */
struct pairs_polar {
    double pt[2][PAIRS_MAX];
    double eta[2][PAIRS_MAX];
    double phi[2][PAIRS_MAX];
    double mass[2][PAIRS_MAX];
};

struct pairs_cartesian {
    double px[2][PAIRS_MAX];
    double py[2][PAIRS_MAX];
    double pz[2][PAIRS_MAX];
    double mass[2][PAIRS_MAX];
    double e[2][PAIRS_MAX]; /* the stored ones */
};

struct mass2_axis;

/* The rows of pairs of opposite and of same charge, and of those with a charge of 0. */
struct pairs_rows {
    uint32_t opposite;
    uint32_t same;
    uint32_t none;
};

struct pairs_charges {
    uint32_t n_opposite;
    uint32_t n_same;
};

/* One level. n is rounded up to a multiple of PAIRS_VECTOR: what stands there is calculated with,
 * and ignored. Pure but for the arrays they are given. */
struct pairs_simd {
    const char *name;

    /* even[k] = from[2 k], odd[k] = from[2 k + 1], k < n. */
    void (*split)(const float *from, size_t n, float *even, float *odd);

    /* Whether offset[k + 1] - offset[k] is 2 for each k < n, without branches. */
    bool (*all_have_two)(const uint32_t *offset, size_t n);

    /* row[k] by the signs of charge[2 k] and charge[2 k + 1], k < n; and how many pairs are of
     * opposite and of same charge. */
    void (*split_charges)(const int32_t *charge, size_t n, const struct pairs_rows *rows,
                          uint32_t *row, struct pairs_charges *counts);

    /* momentum and opening from columns, from pt, eta and phi, or from float64; with masses then. */
    void (*open_twos)(const struct pairs_twos *from, size_t n, struct pairs *to);
    void (*open)(struct pairs *p, size_t n);
    void (*open_wide)(const struct pairs_polar *from, size_t n, struct pairs *to);

    /* mass2 from momentum, opening and mass. */
    void (*mass2)(struct pairs *p, size_t n);

    /* mass2 from Cartesian momenta and masses, or stored energies. */
    void (*mass2_of_masses)(const struct pairs_cartesian *from, size_t n, struct pairs *to);
    void (*mass2_of_energies)(const struct pairs_cartesian *from, size_t n, struct pairs *to);

    /* slot from mass2 and row; returns how many are not sure, those behind the last pair counted. */
    size_t (*find)(const struct mass2_axis *axis, uint32_t not_sure, struct pairs *p, size_t n);
};

/* The levels that were built and that this processor has, the best first; NULL at the end. The last
 * one runs everywhere. */
void pairs_levels(const struct pairs_simd *level[LEVELS + 1]);

/* The best one, or that which the environment's PICOBARN_SIMD names, to compare them; *level is NULL
 * where that is "scalar". Fails (ERROR_INPUT) on a name that is not there. */
int pairs_choose(const struct pairs_simd **level, struct error *err);

#endif
