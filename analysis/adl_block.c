/* SPDX-License-Identifier: Apache-2.0 */
/* adl_block.c - see adl_block.h */
#include "analysis/adl_block.h"

struct adl_objects adl_objects_of(const struct column *column, size_t event)
{
    const uint32_t *offset = column[ADL_PT].offset;
    return (struct adl_objects){
        .column = column, .first = offset[event], .stop = offset[event + 1]};
}

bool adl_block_add(struct adl_block *block, struct adl_objects *objects)
{
    size_t n = objects->stop - objects->first;
    if (n > SIMD_BLOCK - block->n) {
        return false;
    }
    const struct column *c = objects->column;
    for (uint32_t i = objects->first; i < objects->stop; i++) {
        size_t at = block->n + (i - objects->first);
        block->polar.pt[at] = column_real(&c[ADL_PT], i);
        block->polar.eta[at] = column_real(&c[ADL_ETA], i);
        block->polar.phi[at] = column_real(&c[ADL_PHI], i);
        block->polar.mass[at] = column_real(&c[ADL_MASS], i);
    }
    objects->block = block;
    objects->place = block->n;
    block->n += n;
    return true;
}

void adl_block_make(struct adl_block *block, const struct simd *simd)
{
    simd_make(simd, &block->momenta, &block->polar, block->n);
}

struct momentum adl_momentum(const struct adl_objects *objects, uint32_t i)
{
    const struct column *c = objects->column;
    if (objects->block == NULL) {
        return momentum_polar(column_real(&c[ADL_PT], i), column_real(&c[ADL_ETA], i),
                              column_real(&c[ADL_PHI], i), column_real(&c[ADL_MASS], i));
    }
    size_t at = objects->place + (i - objects->first);
    const struct simd_momenta *m = &objects->block->momenta;
    return (struct momentum){.px = m->px[at],
                             .py = m->py[at],
                             .pz = m->pz[at],
                             .e = m->e[at],
                             .p2 = m->px[at] * m->px[at] + m->py[at] * m->py[at] +
                                   m->pz[at] * m->pz[at],
                             .mass = objects->block->polar.mass[at]};
}
