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
               __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
    case LEVEL_AVX2:
        return __builtin_cpu_supports("avx2");
#endif
    case LEVEL_PLAIN:
        return true;
    default:
        return false;
    }
}

int level_choose(enum level *level, struct error *err)
{
    const char *name =
        getenv("PICOBARN_SIMD"); /* NOLINT(concurrency-mt-unsafe): set by nobody */
    char there[64] = "";
    *level = LEVEL_PLAIN;
    for (int l = LEVEL_PLAIN; l <= LEVELS; l++) {
        bool is_there = l == LEVELS || level_is_there((enum level)l);
        if (is_there && name != NULL && strcmp(name, names[l]) == 0) {
            *level = (enum level)l;
            return 0;
        }
        if (is_there && l < LEVELS) {
            size_t at = strlen(there);
            (void)snprintf(there + at, sizeof there - at, "%s, ", names[l]);
            *level = (enum level)l;
        }
    }
    return name == NULL ? 0
                        : error_set(err, ERROR_INPUT,
                                    "PICOBARN_SIMD=%.40s: here it may be %sscalar, or unset",
                                    name, there);
}
