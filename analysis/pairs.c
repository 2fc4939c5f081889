/* SPDX-License-Identifier: Apache-2.0 */
/* pairs.c - see pairs.h */
#include "analysis/pairs.h"

#include "analysis/pairs_level.h"

static const struct pairs_simd *const table[LEVELS] = {
    [LEVEL_PLAIN] = &pairs_plain,
#ifdef LEVELS_X86
    [LEVEL_AVX2] = &pairs_avx2,
    [LEVEL_AVX512] = &pairs_avx512,
#endif
};

void pairs_levels(const struct pairs_simd *level[LEVELS + 1])
{
    size_t n = 0;
    for (int l = LEVELS - 1; l >= 0; l--) {
        if (level_is_there((enum level)l)) {
            level[n++] = table[l];
        }
    }
    level[n] = NULL;
}

int pairs_choose(const struct pairs_simd **level, struct error *err)
{
    enum level chosen = LEVELS;
    int rc = level_choose(&chosen, err);
    *level = chosen == LEVELS ? NULL : table[chosen];
    return rc;
}
