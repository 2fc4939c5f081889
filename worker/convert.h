/* SPDX-License-Identifier: Apache-2.0 */
/* convert.h - raw numbers of a column, as a format read them, to the types of a batch.
 *
 * The checked ones return how many they converted: n, or the index of the first value that does
 * not fit (what lies behind it in out is then undefined). */
#ifndef WORKER_CONVERT_H
#define WORKER_CONVERT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "worker/format.h"
#include "worker/scaling.h"

/* Element i, rounded to double where it is an integer beyond 2^53. */
double convert_load(const struct format_column *c, const void *raw, size_t i);

/* Scaled, in double. */
void convert_real(const struct format_column *c, const void *raw, size_t n,
                  const struct scaling *scaling, double *out);

/* Whole numbers within [INT32_MIN, INT32_MAX], of whatever type they are. */
size_t convert_integer(const struct format_column *c, const void *raw, size_t n, int32_t *out);

/* 0 and 1. */
size_t convert_boolean(const struct format_column *c, const void *raw, size_t n, uint8_t *out);

/* Element i as a number of objects; false where it is no whole number within [0, UINT32_MAX]. */
bool convert_count(const struct format_column *c, const void *raw, size_t i, uint32_t *out);

/* Such numbers, added up: offset[n + 1] begins with 0. Also those are refused with which the sum is
 * above most, which is at most INT32_MAX. */
size_t convert_offsets(const struct format_column *c, const void *raw, size_t n, uint32_t most,
                       uint32_t *offset);

#endif
