/* SPDX-License-Identifier: Apache-2.0 */
/* simd.c - see simd.h */
#include "analysis/simd.h"

#include <math.h>

#include "analysis/kinematics.h"
#include "analysis/simd_level.h"

static const double phi_max = 1e5;
static const double eta_max = 700;

static const struct simd *const table[LEVELS] = {
    [LEVEL_PLAIN] = &simd_plain,
#ifdef LEVELS_X86
    [LEVEL_AVX2] = &simd_avx2,
    [LEVEL_AVX512] = &simd_avx512,
#endif
};

void simd_levels(const struct simd *level[LEVELS + 1])
{
    size_t n = 0;
    for (int l = LEVELS - 1; l >= 0; l--) {
        if (level_is_there((enum level)l)) {
            level[n++] = table[l];
        }
    }
    level[n] = NULL;
}

const struct simd *simd_choose(void)
{
    enum level chosen = LEVELS;
    (void)level_choose(&chosen, NULL);
    return chosen == LEVELS ? NULL : table[chosen];
}

static void make_one(struct simd_momenta *out, const struct simd_polar *in, size_t i)
{
    struct momentum p = momentum_polar(in->pt[i], in->eta[i], in->phi[i], in->mass[i]);
    out->px[i] = p.px;
    out->py[i] = p.py;
    out->pz[i] = p.pz;
    out->e[i] = p.e;
}

void simd_make(const struct simd *simd, struct simd_momenta *out, const struct simd_polar *in,
               size_t n)
{
    if (simd != NULL) {
        simd->momenta(out, in, n);
    }
    for (size_t i = 0; i < n; i++) {
        if (simd == NULL || !(fabs(in->phi[i]) <= phi_max && fabs(in->eta[i]) < eta_max)) {
            make_one(out, in, i);
        }
    }
}
