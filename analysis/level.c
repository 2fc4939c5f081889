/* SPDX-License-Identifier: Apache-2.0 */
/* level.c - see level.h */
#include "analysis/level.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const names[LEVELS + 1] = {"plain", "avx2", "avx512", "scalar"};

bool level_is_there(enum level level)
{
    switch (level) {
#ifdef LEVELS_X86
    case LEVEL_AVX512:
        return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
               __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
               __builtin_cpu_supports("fma");
    case LEVEL_AVX2:
        return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
#endif
    case LEVEL_PLAIN:
        return true;
    default:
        return false;
    }
}

static int refuse(const char *name, struct error *err)
{
    char there[64] = "";
    for (int l = LEVEL_PLAIN; l < LEVELS; l++) {
        size_t at = strlen(there);
        if (level_is_there((enum level)l)) {
            (void)snprintf(there + at, sizeof there - at, "%s, ", names[l]);
        }
    }
    return error_set(err, ERROR_INPUT, "PICOBARN_SIMD=%.40s: here it may be %sscalar, or unset",
                     name, there);
}

/* It may be asked for each slice of a shard, so nothing is written unless it is refused. */
int level_choose(enum level *level, struct error *err)
{
    const char *name =
        getenv("PICOBARN_SIMD"); /* NOLINT(concurrency-mt-unsafe): set by nobody */
    *level = LEVEL_AVX512;
    while (!level_is_there(*level)) {
        (*level)--;
    }
    for (int l = LEVEL_PLAIN; name != NULL && l <= LEVELS; l++) {
        if ((l == LEVELS || level_is_there((enum level)l)) && strcmp(name, names[l]) == 0) {
            *level = (enum level)l;
            return 0;
        }
    }
    return name == NULL ? 0 : refuse(name, err);
}
