/* SPDX-License-Identifier: Apache-2.0 */
/* convert.c - see convert.h
 *
 * All checks are made on doubles: an integer within 32 bits is exact there, and one beyond stays
 * beyond when it is rounded. */
#include "worker/convert.h"

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

bool convert_count(const struct format_column *c, const void *raw, size_t i, uint32_t *out)
{
    double value = convert_load(c, raw, i);
    if (!(value >= 0 && value <= UINT32_MAX) || (double)(uint32_t)value != value) {
        return false;
    }
    *out = (uint32_t)value;
    return true;
}

/* Whether all is well: what most files hold, in one go. */
static bool add_up(const uint32_t *restrict count, size_t n, uint32_t most,
                   uint32_t *restrict offset)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < n; i++) {
        sum += count[i];
        offset[i + 1] = (uint32_t)sum;
    }
    return sum <= most; /* a negative one is far above it */
}

size_t convert_offsets(const struct format_column *c, const void *raw, size_t n, uint32_t most,
                       uint32_t *offset)
{
    bool integer = c->kind == FORMAT_UNSIGNED || c->kind == FORMAT_SIGNED;
    offset[0] = 0;
    if (integer && c->raw_size == sizeof *offset && add_up(raw, n, most, offset)) {
        return n;
    }
    uint64_t sum = 0;
    for (size_t i = 0; i < n; i++) {
        uint32_t count = 0;
        if (!convert_count(c, raw, i, &count) || sum + count > most) {
            return i;
        }
        sum += count;
        offset[i + 1] = (uint32_t)sum;
    }
    return n;
}
