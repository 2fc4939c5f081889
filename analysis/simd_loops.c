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

#include "analysis/chords.h"
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

/* Whole vectors, as above. */
static void sum_pt(double *restrict pt, const struct simd_three *restrict in, size_t n)
{
    size_t stop = whole_lanes(n);
    for (size_t i = 0; i < stop; i++) {
        double sine[3];
        double cosine[3];
        for (size_t k = 0; k < 3; k++) {
            sine_and_cosine(in->phi[k][i], &sine[k], &cosine[k]);
        }
        double px =
            in->pt[0][i] * cosine[0] + in->pt[1][i] * cosine[1] + in->pt[2][i] * cosine[2];
        double py = in->pt[0][i] * sine[0] + in->pt[1][i] * sine[1] + in->pt[2][i] * sine[2];
        pt[i] = sqrt(px * px + py * py);
    }
}

/* The limits within which the bound of trijet.c holds, beside those of chords.h. */
static const float mass_max = 0x1p13F;
static const float momentum_max = 0x1p15F;

/* The jets of several events, jet by jet, as T of trijet.c needs them. */
struct jets {
    float pt[SIMD_JETS_MAX][SIMD_EVENTS];
    float eta[SIMD_JETS_MAX][SIMD_EVENTS];
    float phi[SIMD_JETS_MAX][SIMD_EVENTS];
    float momentum[SIMD_JETS_MAX][SIMD_EVENTS];
    float excess[SIMD_JETS_MAX][SIMD_EVENTS]; /* E / p - 1 */
    float half_mass2[SIMD_JETS_MAX][SIMD_EVENTS];
};

enum { PAIRS_MAX = SIMD_JETS_MAX * (SIMD_JETS_MAX - 1) / 2 };

/* Of jets i < j in a row for each j: so that both i and j of a pair with k are contiguous. */
static inline size_t row_of(size_t j)
{
    return j * (j - 1) / 2;
}

/* Of an event that has no jet j the pT is no number, and so is each mass with it. */
static void make_jets(struct jets *restrict to, size_t j, const struct simd_jets *restrict from,
                      int32_t *restrict beyond)
{
    for (size_t l = 0; l < SIMD_EVENTS; l++) {
        int there = (int32_t)j < from->n[l];
        int32_t at = from->first[l] + (there ? (int32_t)j : 0);
        float pt = from->pt[at];
        float eta = from->eta[at];
        float phi = from->phi[at];
        float mass = from->mass[at];
        float momentum = pt * hyperbolic_cosine(eta);
        int good = is_pt_eta(pt, eta) & is_phi(phi) & (momentum <= momentum_max) &
                   (fabsf(mass) <= mass_max);
        float share = mass / momentum;
        float share2 = share * share;
        to->pt[j][l] = there ? pt : NAN;
        to->eta[j][l] = eta;
        to->phi[j][l] = phi;
        to->momentum[j][l] = momentum;
        to->excess[j][l] = share2 / (1 + sqrtf(1 + share2));
        to->half_mass2[j][l] = 0.5F * mass * mass;
        beyond[l] |= there & !good;
    }
}

/* T of jets i and j. */
static void add_pair(float *restrict t, const struct jets *restrict jet, size_t i, size_t j)
{
    for (size_t l = 0; l < SIMD_EVENTS; l++) {
        float opening =
            opening_of(jet->pt[i][l], jet->pt[j][l], jet->eta[i][l] - jet->eta[j][l],
                       angle_between(jet->phi[i][l], jet->phi[j][l]));
        float excess_i = jet->excess[i][l];
        float excess_j = jet->excess[j][l];
        float momenta2 = 2 * jet->momentum[i][l] * jet->momentum[j][l];
        float recoil = momenta2 * add_product(excess_i, excess_j, excess_i + excess_j);
        t[l] = (opening + recoil) + (jet->half_mass2[i][l] + jet->half_mass2[j][l]);
    }
}

/* Jets j and k with each i before them; rows of pairs. */
static void offer(struct simd_trijets *restrict out, const float (*restrict t)[SIMD_EVENTS],
                  size_t j, size_t k, float mass)
{
    const float(*restrict with_j)[SIMD_EVENTS] = t + row_of(j);
    const float(*restrict with_k)[SIMD_EVENTS] = t + row_of(k);
    const float *restrict of_both = with_k[j];
    int32_t choice = (int32_t)(j << SIMD_SECOND_SHIFT | k << SIMD_THIRD_SHIFT);
    for (size_t i = 0; i < j; i++) {
        for (size_t l = 0; l < SIMD_EVENTS; l++) {
            float mass2 = of_both[l] + with_j[i][l] + with_k[i][l];
            float distance = fabsf(sqrtf(mass2) - mass);
            float best = out->best[l];
            float second = out->second[l];
            int32_t best_choice = out->choice[l];
            float passed = distance < best ? best : distance;
            second = passed < second ? passed : second;
            best_choice = distance < best ? choice + (int32_t)i : best_choice;
            best = distance < best ? distance : best;
            out->best[l] = best;
            out->second[l] = second;
            out->choice[l] = best_choice;
        }
    }
}

static void trijets(struct simd_trijets *restrict out, const struct simd_jets *restrict from,
                    float mass)
{
    struct jets jet;
    float t[PAIRS_MAX][SIMD_EVENTS];
    for (size_t l = 0; l < SIMD_EVENTS; l++) {
        out->best[l] = out->second[l] = INFINITY;
        out->choice[l] = out->beyond[l] = 0;
    }
    for (size_t k = 0; k < from->n_most; k++) {
        make_jets(&jet, k, from, out->beyond);
        for (size_t i = 0; i < k; i++) {
            add_pair(t[row_of(k) + i], &jet, i, k);
        }
        for (size_t j = 1; j < k; j++) {
            offer(out, (const float(*)[SIMD_EVENTS])t, j, k, mass);
        }
    }
}

const struct simd LEVEL_TABLE = {
    .name = LEVEL_NAME, .momenta = momenta, .sum_pt = sum_pt, .trijets = trijets};
