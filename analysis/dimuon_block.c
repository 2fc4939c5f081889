/* SPDX-License-Identifier: Apache-2.0 */
/* dimuon_block.c - see dimuon_block.h */
#include "analysis/dimuon_block.h"

#include <string.h>

void dimuon_block_init(struct dimuon_block *b)
{
    memset(b, 0, sizeof *b);
    for (size_t k = 0; k < PAIRS_MAX; k++) {
        for (size_t m = 0; m < 2; m++) {
            b->pairs.mass[m][k] = (float)dimuon_mass_gev;
            b->polar.mass[m][k] = dimuon_mass_gev;
            b->cartesian.mass[m][k] = dimuon_mass_gev;
        }
    }
}

enum dimuon_screen dimuon_block_screen(const struct column *c, size_t energy)
{
    if (column_present(&c[PX])) {
        return energy == ENERGY_STORED ? SCREEN_ENERGIES : SCREEN_MASSES;
    }
    if (energy == ENERGY_STORED) {
        return SCREEN_NONE; /* E^2 - p^2 with own sines has no bound that is relative */
    }
    bool narrow = c[PT].f32 != NULL && c[ETA].f32 != NULL && c[PHI].f32 != NULL &&
                  (energy == ENERGY_NOMINAL || c[MASS].f32 != NULL);
    return narrow ? SCREEN_NARROW : SCREEN_WIDE;
}

struct dimuon_pair dimuon_block_place(const struct dimuon_block *b, size_t k)
{
    if (b->is_twos) {
        uint32_t i = b->twos.i + 2 * (uint32_t)k;
        return (struct dimuon_pair){.i = i, .j = i + 1, .event = b->twos.event + (uint32_t)k};
    }
    return (struct dimuon_pair){.i = b->i[k], .j = b->j[k], .event = b->event[k]};
}

static void gather_narrow(const struct dimuon_block *b, const float *column,
                          float to[2][PAIRS_MAX])
{
    for (size_t k = 0; k < b->n; k++) {
        to[0][k] = column[b->i[k]];
        to[1][k] = column[b->j[k]];
    }
}

static void gather_wide(const struct dimuon_block *b, const struct column *column,
                        double to[2][PAIRS_MAX])
{
    for (size_t k = 0; k < b->n; k++) {
        to[0][k] = column_real(column, b->i[k]);
        to[1][k] = column_real(column, b->j[k]);
    }
}

static void screen_narrow(struct dimuon_block *b, const struct pairs_simd *simd,
                          const struct column *c, bool has_mass)
{
    gather_narrow(b, c[PT].f32, b->pairs.pt);
    gather_narrow(b, c[ETA].f32, b->pairs.eta);
    gather_narrow(b, c[PHI].f32, b->pairs.phi);
    if (has_mass) {
        gather_narrow(b, c[MASS].f32, b->pairs.mass);
    }
    simd->open(&b->pairs, b->n);
    simd->mass2(&b->pairs, b->n);
}

static void screen_wide(struct dimuon_block *b, const struct pairs_simd *simd,
                        const struct column *c, bool has_mass)
{
    gather_wide(b, &c[PT], b->polar.pt);
    gather_wide(b, &c[ETA], b->polar.eta);
    gather_wide(b, &c[PHI], b->polar.phi);
    if (has_mass) {
        gather_wide(b, &c[MASS], b->polar.mass);
    }
    simd->open_wide(&b->polar, b->n, &b->pairs);
    simd->mass2(&b->pairs, b->n);
}

static void screen_masses(struct dimuon_block *b, const struct pairs_simd *simd,
                          const struct column *c, bool has_mass)
{
    if (has_mass) {
        gather_wide(b, &c[MASS], b->cartesian.mass);
    }
    simd->mass2_of_masses(&b->cartesian, b->n, &b->pairs);
}

void dimuon_block_mass2(struct dimuon_block *b, const struct pairs_simd *simd,
                        const struct column *c, size_t energy)
{
    enum dimuon_screen screen = dimuon_block_screen(c, energy);
    if (screen == SCREEN_NARROW) {
        screen_narrow(b, simd, c, energy == ENERGY_MASS);
        return;
    }
    if (screen == SCREEN_WIDE) {
        screen_wide(b, simd, c, energy == ENERGY_MASS);
        return;
    }
    gather_wide(b, &c[PX], b->cartesian.px);
    gather_wide(b, &c[PY], b->cartesian.py);
    gather_wide(b, &c[PZ], b->cartesian.pz);
    if (screen == SCREEN_MASSES) {
        screen_masses(b, simd, c, energy == ENERGY_MASS);
        return;
    }
    gather_wide(b, &c[ENERGY], b->cartesian.e);
    simd->mass2_of_energies(&b->cartesian, b->n, &b->pairs);
}

void dimuon_block_mass2_of_twos(struct dimuon_block *b, const struct pairs_simd *simd,
                                const struct column *c, size_t energy)
{
    struct pairs *p = &b->pairs;
    size_t at = b->twos.i;
    const struct pairs_twos twos = {c[PT].f32 + at, c[ETA].f32 + at, c[PHI].f32 + at};
    simd->open_twos(&twos, b->n, p);
    if (energy == ENERGY_MASS) {
        simd->split(c[MASS].f32 + at, b->n, p->mass[0], p->mass[1]);
    }
    simd->mass2(p, b->n);
}
