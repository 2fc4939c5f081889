/* SPDX-License-Identifier: Apache-2.0 */
/* simd.c - see simd.h */
#include "analysis/simd.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/kinematics.h"
#include "analysis/simd_level.h"

static const double phi_max = 1e5;
static const double eta_max = 700;

#ifdef SIMD_X86
static int has_avx2(void)
{
    return __builtin_cpu_supports("avx2");
}

static int has_avx512(void)
{
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
}
#endif

static int has_all(void)
{
    return 1;
}

static const struct {
    const struct simd *level;
    int (*is_there)(void);
} table[SIMD_LEVELS] = {
#ifdef SIMD_X86
    {&simd_avx512, has_avx512},
    {&simd_avx2, has_avx2},
#endif
    {&simd_plain, has_all},
};

void simd_levels(const struct simd *level[SIMD_LEVELS + 1])
{
    size_t n = 0;
    for (size_t i = 0; i < SIMD_LEVELS; i++) {
        if (table[i].level != NULL && table[i].is_there()) {
            level[n++] = table[i].level;
        }
    }
    level[n] = NULL;
}

const struct simd *simd_choose(void)
{
    const struct simd *level[SIMD_LEVELS + 1];
    const char *name =
        getenv("PICOBARN_SIMD"); /* NOLINT(concurrency-mt-unsafe): set by nobody */
    simd_levels(level);
    if (name != NULL && strcmp(name, "scalar") == 0) {
        return NULL;
    }
    for (size_t i = 0; name != NULL && level[i] != NULL; i++) {
        if (strcmp(level[i]->name, name) == 0) {
            return level[i];
        }
    }
    return level[0];
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
    for (size_t i = n; i < n + SIMD_LANES; i++) {
        out->px[i] = out->py[i] = out->pz[i] = out->e[i] = 0;
    }
}
