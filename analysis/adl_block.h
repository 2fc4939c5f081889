/* SPDX-License-Identifier: Apache-2.0 */
/* adl_block.h - momenta of leptons of several events, made together (simd.h): for the queries that need
 * them of few of all events. */
#ifndef ANALYSIS_ADL_BLOCK_H
#define ANALYSIS_ADL_BLOCK_H

#include "analysis/batch.h"
#include "analysis/kinematics.h"
#include "analysis/simd.h"

/* Columns of objects stand in this order in the needs of these queries. */
enum { ADL_PT, ADL_ETA, ADL_PHI, ADL_MASS };

struct adl_block {
    size_t n;
    struct simd_polar polar;
    struct simd_momenta momenta;
};

/* The objects [first, stop) of the columns, those of one event; with their place in a block, or
 * without one: then each momentum is made when it is asked for. */
struct adl_objects {
    const struct column *column; /* from ADL_PT on */
    uint32_t first;
    uint32_t stop;
    const struct adl_block *block;
    size_t place;
};

/* Those of one event, in no block yet. */
struct adl_objects adl_objects_of(const struct column *column, size_t event);

/* False, and nothing has changed, if there is no room. */
bool adl_block_add(struct adl_block *block, struct adl_objects *objects);

/* Makes the momenta of all that was added; simd may be NULL. */
void adl_block_make(struct adl_block *block, const struct simd *simd);

/* Of object i, first <= i < stop, as momentum_polar has it. */
struct momentum adl_momentum(const struct adl_objects *objects, uint32_t i);

#endif
