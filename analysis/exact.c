/* SPDX-License-Identifier: Apache-2.0 */
/* exact.c - see exact.h
 *
 * limb[i] stands for limb[i] * 2^(EXACT_LOWEST + 32 i). An addition changes a limb by less than
 * 2^33, so 2^29 additions fit in its 63 bits before the carries must be settled. */
#include "analysis/exact.h"

#include <math.h>
#include <string.h>

__extension__ typedef unsigned __int128 uint128;

static const uint32_t pending_max = 1u << 29;
static const int64_t limb_base = (int64_t)1 << EXACT_LIMB_BITS;

/* Brings every limb but the highest into [0, 2^32); the value stays. */
static void settle(struct exact *sum)
{
    int64_t carry = 0;
    for (uint32_t i = sum->first; i < EXACT_LIMBS - 1 && (i < sum->stop || carry != 0); i++) {
        int64_t value = sum->limb[i] + carry;
        int64_t low = value & (limb_base - 1);
        carry = (value - low) / limb_base;
        sum->limb[i] = low;
        if (i >= sum->stop) {
            sum->stop = i + 1;
        }
        /* A negative sum would carry -1 to the very top: it stays here as a negative limb. */
        if (carry == -1 && i + 1 >= sum->stop) {
            sum->limb[i] -= limb_base;
            carry = 0;
        }
    }
    if (carry != 0) {
        sum->limb[EXACT_LIMBS - 1] += carry;
        sum->stop = EXACT_LIMBS;
    }
    sum->n_pending = 0;
}

/* The bit position of 2^exponent, split into limb and shift. */
static uint32_t position(int exponent, unsigned *shift)
{
    unsigned bit = (unsigned)(exponent - EXACT_LOWEST);
    *shift = bit % EXACT_LIMB_BITS;
    return bit / EXACT_LIMB_BITS;
}

static void widen(struct exact *sum, uint32_t first, uint32_t stop)
{
    if (sum->stop == 0) {
        sum->first = first;
        sum->stop = stop;
        return;
    }
    sum->first = first < sum->first ? first : sum->first;
    sum->stop = stop > sum->stop ? stop : sum->stop;
}

/* *sum += sign * magnitude * 2^exponent, magnitude < 2^106. */
static void add_scaled(struct exact *sum, uint128 magnitude, int exponent, int sign)
{
    unsigned shift = 0;
    uint32_t first = position(exponent, &shift);
    uint32_t low_bits = (uint32_t)magnitude << shift; /* the part of the first limb */
    sum->limb[first] += sign * (int64_t)low_bits;
    uint128 rest = magnitude >> (EXACT_LIMB_BITS - shift);
    uint32_t i = first + 1;
    for (; rest != 0; i++) {
        sum->limb[i] += sign * (int64_t)(uint32_t)rest;
        rest >>= EXACT_LIMB_BITS;
    }
    widen(sum, first, i);
    if (++sum->n_pending >= pending_max) {
        settle(sum);
    }
}

/* x = +-mantissa * 2^exponent, the mantissa an integer below 2^53. */
static uint64_t take_apart(double x, int *exponent)
{
    uint64_t bits = 0;
    memcpy(&bits, &x, sizeof bits);
    unsigned biased = (unsigned)(bits >> 52) & 0x7ff;
    uint64_t mantissa = bits & (((uint64_t)1 << 52) - 1);
    *exponent = biased == 0 ? -1074 : (int)biased - 1075;
    return biased == 0 ? mantissa : mantissa | (uint64_t)1 << 52;
}

void exact_add(struct exact *sum, double x)
{
    int exponent = 0;
    uint64_t mantissa = take_apart(x, &exponent);
    if (mantissa != 0) {
        add_scaled(sum, mantissa, exponent, signbit(x) ? -1 : 1);
    }
}

void exact_add_square(struct exact *sum, double x)
{
    int exponent = 0;
    uint128 mantissa = take_apart(x, &exponent);
    if (mantissa != 0) {
        add_scaled(sum, mantissa * mantissa, 2 * exponent, 1);
    }
}

void exact_merge(struct exact *dst, const struct exact *src)
{
    if (src->stop == 0) {
        return;
    }
    struct exact settled = *src;
    settle(&settled);
    for (uint32_t i = settled.first; i < settled.stop; i++) {
        dst->limb[i] += settled.limb[i];
    }
    widen(dst, settled.first, settled.stop);
    dst->n_pending += 2;
    if (dst->n_pending >= pending_max) {
        settle(dst);
    }
}

/* The sum as sign and magnitude: every limb of *m in [0, 2^32), neither end of [first, stop)
 * zero; first == stop for zero. Returns the sign. */
static int magnitude(const struct exact *sum, struct exact *m)
{
    *m = *sum;
    settle(m);
    while (m->stop > m->first && m->limb[m->stop - 1] == 0) {
        m->stop--;
    }
    int sign = m->stop > m->first ? 1 : 0;
    if (sign != 0 && m->limb[m->stop - 1] < 0) {
        sign = -1;
        for (uint32_t i = m->first; i < m->stop; i++) {
            m->limb[i] = -m->limb[i];
        }
        settle(m);
    }
    while (m->stop > m->first && m->limb[m->stop - 1] == 0) {
        m->stop--;
    }
    while (m->first < m->stop && m->limb[m->first] == 0) {
        m->first++;
    }
    return sign;
}

/* Is a bit set below bit number `bit` (counted from limb 0)? */
static bool any_below(const struct exact *m, unsigned bit)
{
    uint32_t whole = bit / EXACT_LIMB_BITS;
    for (uint32_t i = m->first; i < whole && i < m->stop; i++) {
        if (m->limb[i] != 0) {
            return true;
        }
    }
    int64_t mask = ((int64_t)1 << (bit % EXACT_LIMB_BITS)) - 1;
    return whole >= m->first && whole < m->stop && (m->limb[whole] & mask) != 0;
}

static bool bit_set(const struct exact *m, unsigned bit)
{
    uint32_t i = bit / EXACT_LIMB_BITS;
    return i >= m->first && i < m->stop && (m->limb[i] >> (bit % EXACT_LIMB_BITS) & 1) != 0;
}

double exact_round(const struct exact *sum)
{
    struct exact m;
    int sign = magnitude(sum, &m);
    if (sign == 0) {
        return 0;
    }
    unsigned top = (m.stop - 1) * EXACT_LIMB_BITS;
    for (int64_t limb = m.limb[m.stop - 1]; limb > 1; limb >>= 1) {
        top++;
    }
    /* The lowest bit that the double can hold: 53 bits, fewer where it becomes subnormal. */
    unsigned lowest = (unsigned)(-1074 - EXACT_LOWEST);
    unsigned last = top >= lowest + 52 ? top - 52 : lowest;
    uint64_t mantissa = 0;
    for (unsigned bit = top + 1; bit > last; bit--) {
        mantissa = mantissa << 1 | (bit_set(&m, bit - 1) ? 1 : 0);
    }
    if (last > 0 && bit_set(&m, last - 1) && (any_below(&m, last - 1) || (mantissa & 1) != 0)) {
        mantissa++;
    }
    return sign * ldexp((double)mantissa, (int)last + EXACT_LOWEST);
}

bool exact_equal(const struct exact *a, const struct exact *b)
{
    struct exact ma;
    struct exact mb;
    if (magnitude(a, &ma) != magnitude(b, &mb)) {
        return false;
    }
    if (ma.first == ma.stop || mb.first == mb.stop) {
        return ma.first == ma.stop && mb.first == mb.stop;
    }
    return ma.first == mb.first && ma.stop == mb.stop &&
           memcmp(ma.limb + ma.first, mb.limb + mb.first,
                  (ma.stop - ma.first) * sizeof ma.limb[0]) == 0;
}

void exact_encode(const struct exact *sum, struct buffer *out)
{
    struct exact m;
    int sign = magnitude(sum, &m);
    buffer_u8(out, sign == 0 ? 0 : sign > 0 ? 1 : 2);
    if (sign == 0) {
        return;
    }
    buffer_u32(out, m.first);
    buffer_u32(out, m.stop - m.first);
    for (uint32_t i = m.first; i < m.stop; i++) {
        buffer_u32(out, (uint32_t)m.limb[i]);
    }
}

int exact_decode(struct exact *sum, struct bytes *in, struct error *err)
{
    memset(sum, 0, sizeof *sum);
    unsigned sign = bytes_u8(in);
    if (sign == 0 && !in->failed) {
        return 0;
    }
    uint32_t first = bytes_u32(in);
    uint32_t n = bytes_u32(in);
    if (in->failed || sign > 2 || first >= EXACT_LIMBS || n < 1 || n > EXACT_LIMBS - first) {
        return error_set(err, ERROR_PEER, "exact sum: sign %u, limbs %u + %u", sign, first, n);
    }
    for (uint32_t i = first; i < first + n; i++) {
        sum->limb[i] = (int64_t)bytes_u32(in) * (sign == 1 ? 1 : -1);
    }
    if (in->failed || sum->limb[first] == 0 || sum->limb[first + n - 1] == 0) {
        memset(sum, 0, sizeof *sum);
        return error_set(err, ERROR_PEER, "exact sum: cut short or not in its one form");
    }
    sum->first = first;
    sum->stop = first + n;
    return 0;
}
