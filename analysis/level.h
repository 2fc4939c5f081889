/* SPDX-License-Identifier: Apache-2.0 */
/* level.h - the levels of the processor for which loops are compiled each by itself, and which of them is
 * used. To have another source of such loops: add_level in CMakeLists.txt, and a table by level. */
#ifndef ANALYSIS_LEVEL_H
#define ANALYSIS_LEVEL_H

#include <stdbool.h>

#include "base/error.h"

enum level {
    LEVEL_PLAIN,  /* what every processor of the architecture has; on x86-64 SSE2 */
    LEVEL_AVX2,   /* and FMA */
    LEVEL_AVX512, /* F, BW, DQ and VL, and FMA */
    LEVELS,
};

/* Was it built, and has this processor it? Plain always is. */
bool level_is_there(enum level level);

/* The best one that is there, or the one that the environment's PICOBARN_SIMD names, to compare them:
 * plain, avx2, avx512; LEVELS for "scalar", one by one without vectors. Fails (ERROR_INPUT) on a name
 * that is not there; *level is the best one then, too. */
int level_choose(enum level *level, struct error *err);

#endif
