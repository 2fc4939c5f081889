/* SPDX-License-Identifier: Apache-2.0 */
/* pairs.c - see pairs.h */
#include "analysis/pairs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/pairs_level.h"

#ifdef PAIRS_X86
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
    const struct pairs_simd *level;
    int (*is_there)(void);
} table[PAIRS_LEVELS] = {
#ifdef PAIRS_X86
    {&pairs_avx512, has_avx512},
    {&pairs_avx2, has_avx2},
#endif
    {&pairs_plain, has_all},
};

void pairs_levels(const struct pairs_simd *level[PAIRS_LEVELS + 1])
{
    size_t n = 0;
    for (size_t i = 0; i < PAIRS_LEVELS; i++) {
        if (table[i].level != NULL && table[i].is_there()) {
            level[n++] = table[i].level;
        }
    }
    level[n] = NULL;
}

int pairs_choose(const struct pairs_simd **level, struct error *err)
{
    const struct pairs_simd *there[PAIRS_LEVELS + 1];
    char names[PAIRS_LEVELS * 16] = "";
    const char *name =
        getenv("PICOBARN_SIMD"); /* NOLINT(concurrency-mt-unsafe): set by nobody */
    pairs_levels(there);
    *level = name == NULL ? there[0] : NULL;
    if (name == NULL || strcmp(name, "scalar") == 0) {
        return 0;
    }
    for (size_t i = 0, at = 0; there[i] != NULL; i++) {
        if (strcmp(there[i]->name, name) == 0) {
            *level = there[i];
            return 0;
        }
        at += (size_t)snprintf(names + at, sizeof names - at, "%s, ", there[i]->name);
    }
    return error_set(err, ERROR_INPUT, "PICOBARN_SIMD=%.40s: here it may be %sscalar, or unset",
                     name, names);
}
