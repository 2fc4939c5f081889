/* SPDX-License-Identifier: Apache-2.0 */
/* simd_level.h - the levels of simd.h that are built: simd_loops.c once for each, with other options of
 * the compiler and LEVEL_TABLE the name of its table (CMakeLists.txt). */
#ifndef ANALYSIS_SIMD_LEVEL_H
#define ANALYSIS_SIMD_LEVEL_H

#include "analysis/simd.h"

extern const struct simd simd_plain;
#ifdef LEVELS_X86
extern const struct simd simd_avx2;
extern const struct simd simd_avx512;
#endif

#endif
