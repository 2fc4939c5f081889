/* SPDX-License-Identifier: Apache-2.0 */
/* dimuon_block.h - a block of muon pairs: where they stand in a batch, and the screen of their
 * masses (pairs.h) from whichever columns there are. Of one thread; for dimuon_kernel.c only. */
#ifndef ANALYSIS_DIMUON_BLOCK_H
#define ANALYSIS_DIMUON_BLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "analysis/batch.h"
#include "analysis/dimuon.h"
#include "analysis/pairs.h"

/* How masses are screened. */
enum dimuon_screen {
    SCREEN_NONE,   /* not at all */
    SCREEN_NARROW, /* pt, eta, phi (and masses) in float32 */
    SCREEN_WIDE,   /* some of them in float64 */
    SCREEN_MASSES, /* px, py, pz and masses */
    SCREEN_ENERGIES,
};

/* To be aligned to PAIRS_ALIGNMENT. */
struct dimuon_block {
    struct pairs pairs;
    struct pairs_polar polar;
    struct pairs_cartesian cartesian;
    size_t n;                /* pairs in the block */
    struct dimuon_pair twos; /* where the first pair of a block of twos stands */
    bool is_twos;            /* the others follow it: one event, two muons */
    uint32_t i[PAIRS_MAX];   /* else where each stands, as in struct dimuon_pair */
    uint32_t j[PAIRS_MAX];
    uint32_t event[PAIRS_MAX];
};

/* Every element becomes a number: what stands behind the pairs of a block is calculated, too. */
void dimuon_block_init(struct dimuon_block *b);

/* The screen for these columns and this choice of the energy. */
enum dimuon_screen dimuon_block_screen(const struct column *column, size_t energy);

/* Where pair k stands; without its channel. */
struct dimuon_pair dimuon_block_place(const struct dimuon_block *b, size_t k);

/* mass2 of the n pairs that stand at i and j. */
void dimuon_block_mass2(struct dimuon_block *b, const struct pairs_simd *simd,
                        const struct column *column, size_t energy);

/* mass2 of a block of n twos from `first` on; by SCREEN_NARROW. */
void dimuon_block_mass2_of_twos(struct dimuon_block *b, const struct pairs_simd *simd,
                                const struct column *column, size_t energy);

#endif
