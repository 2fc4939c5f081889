/* SPDX-License-Identifier: Apache-2.0 */
/* exact.h - a sum of doubles, or of their squares, without any rounding.
 *
 * The sum is one long integer in units of 2^EXACT_LOWEST, kept in limbs of 32 bits, wide enough
 * for the square of the smallest and of the largest double. Integer addition is associative, so
 * no order, thread, shard or machine changes a bit; it is rounded once, when shown. (The idea of
 * a superaccumulator: U. Kulisch; R. M. Neal, arXiv:1505.05571.)
 * Up to 2^62 additions are exact; additions beyond that are not expected and not counted. */
#ifndef ANALYSIS_EXACT_H
#define ANALYSIS_EXACT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/error.h"

enum {
    EXACT_LIMB_BITS = 32,
    EXACT_LOWEST = -2176, /* below 2 * -1074, a multiple of 32 */
    EXACT_LIMBS = 136,    /* up to 2^2176: 2^62 squares of the largest double, and two limbs */
};

/* Empty when zeroed. A two's complement number in the limbs [first, stop), its sign the highest
 * bit of limb[stop - 1]; the other limbs are zero. */
struct exact {
    uint32_t first;
    uint32_t stop;
    uint32_t limb[EXACT_LIMBS];
};

/* *sum += x. x must be finite. */
void exact_add(struct exact *sum, double x);

/* *sum += x * x, the square exact too. x must be finite. */
void exact_add_square(struct exact *sum, double x);

/* *dst += src. */
void exact_merge(struct exact *dst, const struct exact *src);

/* The double nearest to the sum, ties to even; +-HUGE_VAL if it is too large. Zero is +0. */
double exact_round(const struct exact *sum);

/* Same value (whatever the carries). */
bool exact_equal(const struct exact *a, const struct exact *b);

/* Layout: u8 sign (0 zero, 1 plus, 2 minus), then unless zero u32 first, u32 n, n limbs of u32
 * of the magnitude, neither end zero: one form for each value. Decoding fails (ERROR_PEER) on
 * any other form and on more than 2^62 squares of doubles can give; *sum is then empty. */
void exact_encode(const struct exact *sum, struct buffer *out);
int exact_decode(struct exact *sum, struct bytes *in, struct error *err);

#endif
