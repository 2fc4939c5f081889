/* SPDX-License-Identifier: Apache-2.0 */
/* trijet.c - see trijet.h
 *
 * How far the screen can be off, with u = 2^-24 the relative error of rounding to float32 and E the
 * energy of three jets, which no component of their sum, and none of a part of it, exceeds: components
 * of three jets are rounded, their sums twice, which is off by 4 u E at most (each jet by its share
 * of u E, the sum of two by u E, that of three by u E; the energies' shares add up to 3). So the energy
 * squared is off by 8 u E^2, 1 for rounding; the momentum squared by 8 u E (|px| + |py| + |pz|) <= 13.9
 * u E^2, and 3 for rounding three squares and two sums; their difference by 1 more: 26.9 u E^2. The
 * mass squared that is asked for, what is subtracted from it and the window's ends are rounded, too:
 * 3 u (E^2 + mass^2). 32 u (E^2 + mass^2) holds all this, and float64's own errors. */
#include "analysis/trijet.h"

#include <math.h>
#include <string.h>

static const double error_share = 32 * 0x1p-24;
static const double square_max = 1e30; /* far from what float32 cannot hold */
enum { TRIJET = 3 };

/* The size of a float by its bits; infinite for what it is not. */
static double size_of(int32_t bits, bool wanted)
{
    float x = 0;
    memcpy(&x, &bits, sizeof x);
    return wanted && isfinite(x) ? fabs((double)x) : (double)INFINITY;
}

/* Within how much of the mass lies what is as close as the closest of the screen can be. */
static double distance_of(const struct simd_closest *closest, double mass, double error)
{
    double above = size_of(closest->above, closest->above >= 0);
    double below = size_of(closest->below, closest->below < 0);
    double least = mass * mass - below - error;
    double up = sqrt(mass * mass + above + error) - mass;
    double down = mass - (least > 0 ? sqrt(least) : 0);
    return below < (double)INFINITY && down < up ? down : up;
}

bool trijet_screen(const struct simd *simd, struct simd_triples *t,
                   const struct simd_momenta *jet, size_t first, size_t n, double mass)
{
    struct simd_closest closest;
    simd->triples(t, jet, first, n, (float)(mass * mass), &closest);
    double e = TRIJET * size_of(closest.e_max, closest.e_max >= 0);
    double square = e * e + mass * mass;
    if (!(square < square_max)) {
        return false;
    }
    double error = error_share * square;
    double distance = distance_of(&closest, mass, error);
    double low = mass - distance;
    t->low = low > 0 ? (float)(low * low - error) : -INFINITY;
    t->high = (float)((mass + distance) * (mass + distance) + error);
    return true;
}

bool trijet_next(const struct simd *simd, const struct simd_triples *t, size_t *at,
                 size_t jet[TRIJET])
{
    size_t place = simd->find(t, *at);
    if (place == t->row[t->n_jets]) {
        return false;
    }
    *at = place + 1;
    size_t k = 2;
    while (place >= t->row[k + 1]) {
        k++;
    }
    size_t i = place - t->row[k];
    size_t j = 1;
    while (i >= j) {
        i -= j;
        j++;
    }
    jet[0] = i;
    jet[1] = j;
    jet[2] = k;
    return true;
}
