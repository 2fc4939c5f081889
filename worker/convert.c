/* SPDX-License-Identifier: Apache-2.0 */
/* convert.c - see convert.h
 *
 * All checks are made on doubles: an integer within 32 bits is exact there, and one beyond stays
 * beyond when it is rounded. */
#include "worker/convert.h"

#include <string.h>

static double load_signed(const void *raw, size_t size, size_t i)
{
    switch (size) {
    case 1:
        return ((const int8_t *)raw)[i];
    case 2:
        return ((const int16_t *)raw)[i];
    case 4:
        return ((const int32_t *)raw)[i];
    default:
        return (double)((const int64_t *)raw)[i];
    }
}

static double load_unsigned(const void *raw, size_t size, size_t i)
{
    switch (size) {
    case 1:
        return ((const uint8_t *)raw)[i];
    case 2:
        return ((const uint16_t *)raw)[i];
    case 4:
        return ((const uint32_t *)raw)[i];
    default:
        return (double)((const uint64_t *)raw)[i];
    }
}

double convert_load(const struct format_column *c, const void *raw, size_t i)
{
    switch (c->kind) {
    case FORMAT_REAL:
        return c->raw_size == sizeof(float) ? (double)((const float *)raw)[i]
                                            : ((const double *)raw)[i];
    case FORMAT_UNSIGNED:
        return load_unsigned(raw, c->raw_size, i);
    default:
        return load_signed(raw, c->raw_size, i);
    }
}

void convert_real(const struct format_column *c, const void *raw, size_t n,
                  const struct scaling *scaling, double *out)
{
    for (size_t i = 0; i < n; i++) {
        out[i] = scaling_apply(scaling, convert_load(c, raw, i));
    }
}

size_t convert_integer(const struct format_column *c, const void *raw, size_t n, int32_t *out)
{
    for (size_t i = 0; i < n; i++) {
        double value = convert_load(c, raw, i);
        /* A NaN fails the first comparison. */
        if (!(value >= INT32_MIN && value <= INT32_MAX) || (double)(int32_t)value != value) {
            return i;
        }
        out[i] = (int32_t)value;
    }
    return n;
}

size_t convert_boolean(const struct format_column *c, const void *raw, size_t n, uint8_t *out)
{
    for (size_t i = 0; i < n; i++) {
        double value = convert_load(c, raw, i);
        if (value != 0.0 && value != 1.0) {
            return i;
        }
        out[i] = value != 0.0;
    }
    return n;
}

size_t convert_count(const struct format_column *c, const void *raw, size_t n, uint32_t *out)
{
    if (c->kind == FORMAT_UNSIGNED && c->raw_size == sizeof *out) {
        memcpy(out, raw, n * sizeof *out);
        return n;
    }
    for (size_t i = 0; i < n; i++) {
        double value = convert_load(c, raw, i);
        if (!(value >= 0 && value <= UINT32_MAX) || (double)(uint32_t)value != value) {
            return i;
        }
        out[i] = (uint32_t)value;
    }
    return n;
}
