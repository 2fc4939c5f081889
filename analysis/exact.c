/* SPDX-License-Identifier: Apache-2.0 */
/* exact.c - see exact.h */
#include "analysis/exact.h"

#include <math.h>
#include <string.h>

__extension__ typedef unsigned __int128 uint128;

/* The limbs that a square can touch: 106 bits at any shift, and one for the sign. */
enum { PART_LIMBS = 6 };

/* 2^62 squares are below 2^2110, so in these; a limb for the sign and one for carries remain. */
enum { DECODED_LIMBS = EXACT_LIMBS - 2 };

static bool negative(const struct exact *sum)
{
    return sum->stop > sum->first && sum->limb[sum->stop - 1] >> (EXACT_LIMB_BITS - 1) != 0;
}

/* Makes [first, stop) part of the sum's limbs; the value stays. */
static void widen(struct exact *sum, uint32_t first, uint32_t stop)
{
    if (sum->stop == 0) {
        sum->first = first;
        sum->stop = first;
    }
    uint32_t fill = negative(sum) ? UINT32_MAX : 0;
    for (; sum->stop < stop; sum->stop++) {
        sum->limb[sum->stop] = fill;
    }
    sum->first = first < sum->first ? first : sum->first;
}

/* *limb[n] = -*limb[n] in two's complement. */
static void negate(uint32_t *limb, size_t n)
{
    uint64_t carry = 1;
    for (size_t i = 0; i < n; i++) {
        carry += (uint32_t)~limb[i];
        limb[i] = (uint32_t)carry;
        carry >>= EXACT_LIMB_BITS;
    }
}

/* *sum += the two's complement number part[n], whose lowest limb stands at `first`. */
static void add_part(struct exact *sum, const uint32_t *part, uint32_t first, uint32_t n)
{
    uint32_t fill = part[n - 1] >> (EXACT_LIMB_BITS - 1) != 0 ? UINT32_MAX : 0;
    widen(sum, first, first + n);
    bool was_negative = negative(sum);
    uint64_t carry = 0;
    for (uint32_t i = first; i < sum->stop; i++) {
        if (i >= first + n && (uint32_t)(fill + carry) == 0) {
            break; /* from here on nothing changes */
        }
        carry += (uint64_t)sum->limb[i] + (i < first + n ? part[i - first] : fill);
        sum->limb[i] = (uint32_t)carry;
        carry >>= EXACT_LIMB_BITS;
    }
    /* Two of one sign that give the other have grown into the sign's bit. */
    if (was_negative == (fill != 0) && negative(sum) != was_negative) {
        sum->limb[sum->stop++] = fill;
    }
}

/* *sum += sign * magnitude * 2^exponent, magnitude < 2^106. */
static void add_scaled(struct exact *sum, uint128 magnitude, int exponent, int sign)
{
    unsigned bit = (unsigned)(exponent - EXACT_LOWEST);
    unsigned shift = bit % EXACT_LIMB_BITS;
    uint32_t part[PART_LIMBS] = {(uint32_t)magnitude << shift};
    uint32_t n = 1;
    for (uint128 rest = magnitude >> (EXACT_LIMB_BITS - shift); rest != 0; n++) {
        part[n] = (uint32_t)rest;
        rest >>= EXACT_LIMB_BITS;
    }
    n++; /* a limb of zeros: the sign */
    if (sign < 0) {
        negate(part, n);
    }
    add_part(sum, part, bit / EXACT_LIMB_BITS, n);
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
    if (src->stop > src->first) {
        add_part(dst, src->limb + src->first, src->first, src->stop - src->first);
    }
}

/* The sum as sign and magnitude, which is unsigned, neither end of its [first, stop) zero;
 * first == stop for zero. Returns the sign. */
static int magnitude(const struct exact *sum, struct exact *m)
{
    *m = *sum;
    int sign = negative(sum) ? -1 : 1;
    if (sign < 0) {
        negate(m->limb + m->first, m->stop - m->first);
    }
    while (m->stop > m->first && m->limb[m->stop - 1] == 0) {
        m->stop--;
    }
    while (m->first < m->stop && m->limb[m->first] == 0) {
        m->first++;
    }
    return m->stop > m->first ? sign : 0;
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
    uint32_t mask = ((uint32_t)1 << (bit % EXACT_LIMB_BITS)) - 1;
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
    for (uint32_t limb = m.limb[m.stop - 1]; limb > 1; limb >>= 1) {
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
        buffer_u32(out, m.limb[i]);
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
    if (in->failed || sign > 2 || first >= DECODED_LIMBS || n < 1 ||
        n > DECODED_LIMBS - first) {
        return error_set(err, ERROR_PEER, "exact sum: sign %u, limbs %u + %u", sign, first, n);
    }
    for (uint32_t i = first; i < first + n; i++) {
        sum->limb[i] = bytes_u32(in);
    }
    if (in->failed || sum->limb[first] == 0 || sum->limb[first + n - 1] == 0) {
        memset(sum, 0, sizeof *sum);
        return error_set(err, ERROR_PEER, "exact sum: cut short or not in its one form");
    }
    sum->first = first;
    sum->stop = first + n + 1; /* a limb of zeros: the sign */
    if (sign == 2) {
        negate(sum->limb + first, n + 1);
    }
    return 0;
}
