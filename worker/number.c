/* SPDX-License-Identifier: Apache-2.0 */
/* number.c - see number.h
 *
 * Loads and stores go through memcpy: stored numbers lie at any address. Each number is loaded
 * before anything is stored at or behind its place, which makes the overlaps right that the
 * header allows. */
#include "worker/number.h"

#include <stdint.h>
#include <string.h>

#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
static const bool machine_big_endian = true;
#else
static const bool machine_big_endian = false;
#endif

static bool is_swapped(const struct format_column *c)
{
    return c->size > 1 && c->big_endian != machine_big_endian;
}

static bool is_half(const struct format_column *c)
{
    return c->kind == FORMAT_REAL && c->size == 2;
}

bool number_is_native(const struct format_column *c)
{
    return !is_swapped(c) && c->raw_size == c->size;
}

static void swap_2(const uint8_t *in, size_t n, uint8_t *out)
{
    for (size_t i = 0; i < n; i++) {
        uint16_t x = 0;
        memcpy(&x, in + 2 * i, sizeof x);
        x = __builtin_bswap16(x);
        memcpy(out + 2 * i, &x, sizeof x);
    }
}

static void swap_4(const uint8_t *in, size_t n, uint8_t *out)
{
    for (size_t i = 0; i < n; i++) {
        uint32_t x = 0;
        memcpy(&x, in + 4 * i, sizeof x);
        x = __builtin_bswap32(x);
        memcpy(out + 4 * i, &x, sizeof x);
    }
}

static void swap_8(const uint8_t *in, size_t n, uint8_t *out)
{
    for (size_t i = 0; i < n; i++) {
        uint64_t x = 0;
        memcpy(&x, in + 8 * i, sizeof x);
        x = __builtin_bswap64(x);
        memcpy(out + 8 * i, &x, sizeof x);
    }
}

/* IEEE 754: 1 bit sign, 5 exponent (bias 15), 10 fraction to 1, 8 (127), 23. Exact; a NaN becomes
 * the one that HDF5's conversion makes of it. */
static uint32_t single_of_half(uint16_t half)
{
    enum { FRACTION = 0x3ff, EXPONENT_MAX = 31, BIAS_SHIFT = 127 - 15 };
    uint32_t sign = (uint32_t)(half >> 15) << 31;
    uint32_t exponent = half >> 10 & EXPONENT_MAX;
    uint32_t fraction = half & FRACTION;
    if (exponent == EXPONENT_MAX) {
        return sign | (fraction == 0 ? 0x7f800000U : 0x7fffffffU);
    }
    if (exponent == 0 && fraction == 0) {
        return sign;
    }
    if (exponent == 0) { /* fraction * 2^-24: shifted until its highest bit is the hidden one */
        uint32_t shift = (uint32_t)__builtin_clz(fraction) - 21;
        fraction = fraction << shift & FRACTION;
        exponent = 1 - shift; /* wraps, and the sum below wraps back */
    }
    return sign | (exponent + BIAS_SHIFT) << 23 | fraction << 13;
}

static void widen(const uint8_t *in, size_t n, bool swapped, uint8_t *out)
{
    for (size_t i = 0; i < n; i++) {
        uint16_t half = 0;
        memcpy(&half, in + 2 * i, sizeof half);
        uint32_t single = single_of_half(swapped ? __builtin_bswap16(half) : half);
        memcpy(out + 4 * i, &single, sizeof single);
    }
}

void number_load(const struct format_column *c, const void *in, size_t n, void *out)
{
    if (is_half(c)) {
        widen(in, n, is_swapped(c), out);
    } else if (!is_swapped(c)) {
        memmove(out, in, n * c->size);
    } else if (c->size == 2) {
        swap_2(in, n, out);
    } else if (c->size == 4) {
        swap_4(in, n, out);
    } else {
        swap_8(in, n, out);
    }
}
