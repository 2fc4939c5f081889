/* SPDX-License-Identifier: Apache-2.0 */
/* simd_loops.c - see simd.h; plain loops, which compilers turn into vectors, compiled once for each level
 * of the processor (CMakeLists.txt).
 *
 * Momenta: each function makes the same operations in the same order as its namesake in elementary.c,
 * but both sides of a choice, and then takes one of the results; floor, the parity of an integer and
 * the power of two are had from the bits of a number to which 1.5 * 2^52 was added. That holds for
 * abs(phi) <= 1e5 and abs(eta) < 700; simd.c makes the others again, one by one. The tests compare
 * bits with momentum_polar. */
#include <math.h>
#include <stdint.h>
#include <string.h>

#include "analysis/elementary_series.h"
#include "analysis/simd_level.h"
#include "base/size.h"

/* x + shift has the integer nearest to x in its lowest bits, for abs(x) < 2^51. */
static const double shift = 0x1.8p52;

static inline uint64_t bits_of(double x)
{
    uint64_t bits = 0;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

static inline double double_of(uint64_t bits)
{
    double x = 0;
    memcpy(&x, &bits, sizeof x);
    return x;
}

/* if_set where the lowest bit of `bit` is 1, else if_clear. */
static inline double choose(uint64_t bit, double if_set, double if_clear)
{
    uint64_t mask = 0 - (bit & 1);
    return double_of((bits_of(if_set) & mask) | (bits_of(if_clear) & ~mask));
}

static inline double floor_of(double x)
{
    double nearest = (x + shift) - shift;
    return nearest - (nearest > x ? 1.0 : 0.0);
}

static inline void sine_and_cosine(double angle, double *sine, double *cosine)
{
    double k = floor_of(angle * 0x1.45f306dc9c883p-1 + 0.5);
    double r = ((angle - k * half_pi_high) - k * half_pi_middle) - k * half_pi_low;
    double r2 = r * r;
    double odd = r + r * r2 * polynomial(sine_series, ARRAY_LENGTH(sine_series), r2);
    double even =
        1 - (0.5 * r2 - r2 * r2 * polynomial(cosine_series, ARRAY_LENGTH(cosine_series), r2));
    uint64_t quarter = bits_of(k + shift);
    *sine = double_of(bits_of(choose(quarter, even, odd)) ^ (quarter >> 1 & 1) << 63);
    quarter++;
    *cosine = double_of(bits_of(choose(quarter, even, odd)) ^ (quarter >> 1 & 1) << 63);
}

/* exp(x), 0 <= x < 700 */
static inline double exponential(double x)
{
    double k = floor_of(x * 0x1.71547652b82fep+0 + 0.5);
    double r = (x - k * log2_high) - k * log2_low;
    double tail = r * r * polynomial(exp_series, ARRAY_LENGTH(exp_series), r);
    double power = double_of((bits_of(k + shift) + 1023) << 52);
    return (1 + (r + tail)) * power;
}

static inline double hyperbolic_sine(double x)
{
    double small = x * polynomial(sinh_series, ARRAY_LENGTH(sinh_series), x * x);
    double half = 0.5 * exponential(fabs(x));
    double large = half - 0.25 / half;
    uint64_t sign = bits_of(x) & UINT64_C(1) << 63;
    return fabs(x) < 1 ? small : double_of(bits_of(large) | sign);
}

static size_t whole_lanes(size_t n)
{
    return (n + SIMD_LANES - 1) / SIMD_LANES * SIMD_LANES;
}

/* Whole vectors: what stands behind the last object is calculated with, and ignored. */
static void momenta(struct simd_momenta *restrict out, const struct simd_polar *restrict in,
                    size_t n)
{
    size_t stop = whole_lanes(n);
    for (size_t i = 0; i < stop; i++) {
        double sine = 0;
        double cosine = 0;
        sine_and_cosine(in->phi[i], &sine, &cosine);
        double px = in->pt[i] * cosine;
        double py = in->pt[i] * sine;
        double pz = in->pt[i] * hyperbolic_sine(in->eta[i]);
        out->px[i] = px;
        out->py[i] = py;
        out->pz[i] = pz;
        out->e[i] = sqrt(px * px + py * py + pz * pz + in->mass[i] * in->mass[i]);
    }
}

/* The jets of one event in float32, with as much behind them as whole vectors read. */
struct event {
    float px[SIMD_JETS_MAX + SIMD_LANES];
    float py[SIMD_JETS_MAX + SIMD_LANES];
    float pz[SIMD_JETS_MAX + SIMD_LANES];
    float e[SIMD_JETS_MAX + SIMD_LANES];
};

enum { PAIRS_MAX = SIMD_JETS_MAX * (SIMD_JETS_MAX - 1) / 2 + 2 * SIMD_LANES };

/* The sums of all pairs (i, j) by rising j, then i: (0,1) (0,2) (1,2) (0,3) ... and behind them, for as
 * much as whole vectors read, energies of NaN, which no comparison holds for. */
struct pairs {
    size_t n;
    float px[PAIRS_MAX];
    float py[PAIRS_MAX];
    float pz[PAIRS_MAX];
    float e[PAIRS_MAX];
};

static inline int32_t order_of(float x)
{
    int32_t bits = 0;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

static void narrow(struct event *restrict out, const struct simd_momenta *restrict jet,
                   size_t first, size_t n)
{
    size_t stop = whole_lanes(n);
    for (size_t i = 0; i < stop; i++) {
        out->px[i] = (float)jet->px[first + i];
        out->py[i] = (float)jet->py[first + i];
        out->pz[i] = (float)jet->pz[first + i];
        out->e[i] = (float)jet->e[first + i];
    }
}

/* The pairs of jet j with those before it, and what narrow wrote behind them. */
static void add_pairs(struct pairs *restrict pairs, const struct event *restrict jet, size_t j)
{
    size_t at = pairs->n;
    size_t stop = whole_lanes(j);
    for (size_t i = 0; i < stop; i++) {
        /* NOLINTNEXTLINE(clang-analyzer-core.UndefinedBinaryOperatorResult): see narrow */
        pairs->px[at + i] = jet->px[i] + jet->px[j];
        pairs->py[at + i] = jet->py[i] + jet->py[j];
        pairs->pz[at + i] = jet->pz[i] + jet->pz[j];
        pairs->e[at + i] = jet->e[i] + jet->e[j];
    }
    pairs->n += j;
    for (size_t l = 0; l < SIMD_LANES; l++) {
        pairs->e[pairs->n + l] = NAN;
    }
}

/* The squares of the masses of all pairs with jet k; returns how many were written. */
static size_t add_row(float *restrict mass2, const struct pairs *restrict pairs,
                      const struct event *restrict jet, size_t k)
{
    size_t stop = whole_lanes(pairs->n);
    for (size_t p = 0; p < stop; p++) {
        float px = pairs->px[p] + jet->px[k];
        float py = pairs->py[p] + jet->py[k];
        float pz = pairs->pz[p] + jet->pz[k];
        float e = pairs->e[p] + jet->e[k];
        mass2[p] = e * e - (px * px + py * py + pz * pz);
    }
    return stop;
}

/* As integers with a sign, the bits of positive floats rise with them and those of negative ones fall,
 * beginning with the lowest of all: so the least is the negative float closest to 0, and with all
 * signs changed the positive one. The bits of NaN come behind all others of their sign. */
static void find_closest(const float *mass2, size_t n, float mass2_wanted,
                         struct simd_closest *out)
{
    int32_t above = INT32_MAX;
    int32_t below = INT32_MAX;
    for (size_t p = 0; p < n; p++) {
        int32_t off = order_of(mass2[p] - mass2_wanted);
        int32_t flipped = off ^ INT32_MIN;
        below = off < below ? off : below;
        above = flipped < above ? flipped : above;
    }
    out->above = above ^ INT32_MIN;
    out->below = below;
}

static int32_t largest(const float *x, size_t n)
{
    int32_t most = INT32_MIN;
    for (size_t i = 0; i < n; i++) {
        int32_t order = order_of(x[i]);
        most = order > most ? order : most;
    }
    return most;
}

static void triples(struct simd_triples *t, const struct simd_momenta *momenta, size_t first,
                    size_t n, float mass2, struct simd_closest *closest)
{
    struct event jet;
    struct pairs pairs;
    narrow(&jet, momenta, first, n);
    pairs.n = 0;
    add_pairs(&pairs, &jet, 1);
    t->n_jets = n;
    t->row[2] = 0;
    for (size_t k = 2; k < n; k++) {
        t->row[k + 1] = t->row[k] + add_row(t->mass2 + t->row[k], &pairs, &jet, k);
        add_pairs(&pairs, &jet, k);
    }
    find_closest(t->mass2, t->row[n], mass2, closest);
    closest->e_max = largest(jet.e, n);
}

/* All are looked at, and the least place is taken: a loop without branches, which mostly runs once
 * for what it finds and once more for nothing else. */
static size_t find(const struct simd_triples *t, size_t from)
{
    const float low = t->low;
    const float high = t->high;
    const int32_t first = (int32_t)from;
    const int32_t start = first / SIMD_LANES * SIMD_LANES;
    const int32_t stop = (int32_t)t->row[t->n_jets];
    int32_t place = stop;
    for (int32_t p = start; p < stop; p++) {
        float mass2 = t->mass2[p];
        int32_t found = mass2 >= low ? p : INT32_MAX;
        found = mass2 <= high ? found : INT32_MAX;
        found = p >= first ? found : INT32_MAX;
        place = found < place ? found : place;
    }
    return (size_t)place;
}

const struct simd LEVEL_TABLE = {
    .name = LEVEL_NAME, .momenta = momenta, .triples = triples, .find = find};
