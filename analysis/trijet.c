/* SPDX-License-Identifier: Apache-2.0 */
/* trijet.c - see trijet.h
 *
 * The mass squared of three jets is a sum of one term for each two of them,
 *     m^2 = T12 + T13 + T23, Tij = sij + (mi^2 + mj^2) / 2, sij = 2 (Ei Ej - pi . pj),
 *     sij = pTi pTj [w(deta) + v(dphi)] + 2 pi pj (bi + bj + bi bj), b = E / p - 1 = a / (1 + sqrt(1 + a)),
 *     a = (m / p)^2,
 * with the squared chords w and v of chords.h. All terms are positive, so nothing cancels, and of the many
 * choices of three in an event each takes two additions.
 *
 * The relative error of m^2, in units of u = 2^-24 and by the rules of chords.h:
 *   - pT pT (w + v): w 33.2, and 1 each for their sum, the two products and the sum below: 37.2.
 *   - R = 2 p p (b + b + b b) is 2 (E E - p p). It is exact for momenta that are off by 12.6, with
 *     d log R / d log p below 1 (pairs_simd.c): 25.2. From there m / p is off by 1 of d log R / d log m < 2,
 *     twice, and a by 1, twice: 6. d log b / d log a < 1 and the like hold for what comes after: 1 + a, the
 *     root, 1 + that and the quotient: 4 at most, of either: 8. b b, two sums, the product p p and that with
 *     it 5, the sum with the other term 1: in all 45.2.
 *   - (mi^2 + mj^2) / 2 less. Their sum with it 1, two sums of T 2: 48.2. 50 holds it, so m is off by 25 and
 *     by 1 for rounding the root: 26 u m.
 * What is not relative: the last digits of a turn leave 5e-14 of an angle, 3 * 2 * 5e-14 pT pT <= 3e-5 GeV^2
 * of m^2 (v' is 2 sin(x)); what underflows, less. And the float64 result is off itself, by 32 2^-53 E^2 for
 * rounding and 2e-15 of each momentum (elementary.h), 2e-14 E^2 in all, with E^2 <= 9 (2^30 + 2^26) below
 * 3e-4 GeV^2. Where m is at least far_mass, 3.3e-4 / (2 far_mass) = 1.1e-5 GeV of m; with the wanted mass M
 * above mass_min, 6 u M.
 *
 * A distance d = abs(m - M) is off by that, u M for M in float32 and u d for rounding the difference: with
 * m <= M + d by 27 u (M + d) + 7 u M < error_share (M + d).
 *
 * When is the closest sure? If its distance and that of the next one, less the errors, leave a gap: the
 * others are further than the next, and what is further in float32 by their own errors at most is nearer.
 * (M - d is a mass and the error falls with it; M + d with an error of its share is still further.) Smaller
 * masses than far_mass, whose own error may be larger, have distances above M - far_mass: if the next is
 * nearer, they are too far anyway; if it is above M + far_mass, then no other has a mass below 2 M. And the
 * closest itself, if its mass is so small, has a distance of at most M in float64, too. Else nothing is
 * sure. */
#include "analysis/trijet.h"

#include <math.h>
#include <string.h>

#include "base/size.h"

static const double error_share = 40 * 0x1p-24;
static const double far_mass = 16;
static const double mass_min = 32;
static const double mass_max = 0x1p13;

/* In the order of the number of jets, most first, all that have as many as the screen takes; returns
 * how many those are. Sorted by counting. */
static size_t sort(const uint32_t *offset, size_t n_events, uint16_t *order)
{
    size_t place[SIMD_JETS_MAX + 1] = {0};
    for (size_t e = 0; e < n_events; e++) {
        size_t n = offset[e + 1] - offset[e];
        place[n <= SIMD_JETS_MAX ? n : 0]++;
    }
    size_t at = 0;
    for (size_t n = SIMD_JETS_MAX + 1; n-- > 0;) {
        size_t many = place[n];
        place[n] = at;
        at += many;
    }
    for (size_t e = 0; e < n_events; e++) {
        size_t n = offset[e + 1] - offset[e];
        order[place[n <= SIMD_JETS_MAX ? n : 0]++] = (uint16_t)e;
    }
    return place[TRIJET]; /* by now where those with fewer begin */
}

static bool is_sure(const struct simd_trijets *found, size_t l, double mass)
{
    double best = (double)found->best[l];
    double second = (double)found->second[l];
    return found->beyond[l] == 0 && fabs(second - mass) > far_mass &&
           best * (1 + error_share) + 2 * error_share * mass < second * (1 - error_share);
}

/* Puts these events side by side, at most SIMD_EVENTS, that with the most jets first; beside fewer the
 * first one again. */
static void put_some(struct simd_jets *jets, const uint32_t *offset, const uint16_t *event,
                     size_t n)
{
    for (size_t l = 0; l < SIMD_EVENTS; l++) {
        size_t e = event[l < n ? l : 0];
        jets->first[l] = (int32_t)(offset[e] - offset[0]);
        jets->n[l] = (int32_t)(offset[e + 1] - offset[e]);
    }
    jets->n_most = (size_t)jets->n[0];
}

static struct trijet trijet_of(const struct simd_trijets *found, size_t l, double mass)
{
    int32_t choice = found->choice[l];
    return (struct trijet){.sure = is_sure(found, l, mass),
                           .jet = {(uint8_t)choice, (uint8_t)(choice >> SIMD_SECOND_SHIFT),
                                   (uint8_t)(choice >> SIMD_THIRD_SHIFT)}};
}

void trijet_screen(const struct simd *simd, const struct trijet_columns *columns, size_t first,
                   size_t stop, double mass, struct trijet *choice)
{
    uint16_t order[TRIJET_EVENTS];
    const uint32_t *offset = columns->offset + first;
    size_t n_events = stop - first;
    memset(choice, 0, n_events * sizeof *choice);
    if (!(mass >= mass_min && mass <= mass_max) || offset[n_events] - offset[0] > INT32_MAX) {
        return;
    }
    struct simd_jets jets = {.pt = columns->pt + offset[0],
                             .eta = columns->eta + offset[0],
                             .phi = columns->phi + offset[0],
                             .mass = columns->mass + offset[0]};
    size_t n = sort(offset, n_events, order);
    for (size_t at = 0; at < n; at += SIMD_EVENTS) {
        struct simd_trijets found;
        size_t some = size_min(n - at, SIMD_EVENTS);
        put_some(&jets, offset, order + at, some);
        simd->trijets(&found, &jets, (float)mass);
        for (size_t l = 0; l < some; l++) {
            choice[order[at + l]] = trijet_of(&found, l, mass);
        }
    }
}
