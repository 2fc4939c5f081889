/* SPDX-License-Identifier: Apache-2.0 */
/* pairs_level.h - the levels of pairs.h that are built: pairs_simd.c once for each, with other
 * options of the compiler and LEVEL_TABLE the name of its table (analysis/CMakeLists.txt). */
#ifndef ANALYSIS_PAIRS_LEVEL_H
#define ANALYSIS_PAIRS_LEVEL_H

#include "analysis/pairs.h"

extern const struct pairs_simd pairs_plain;
#ifdef LEVELS_X86
extern const struct pairs_simd pairs_avx2;
extern const struct pairs_simd pairs_avx512;
#endif

#endif
