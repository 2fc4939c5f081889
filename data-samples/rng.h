/* SPDX-License-Identifier: Apache-2.0 */
/* rng.h - random numbers that depend on a key and on nothing else. */
#ifndef SAMPLES_RNG_H
#define SAMPLES_RNG_H

#include <stdbool.h>
#include <stdint.h>

/* xoshiro256++ 1.0 of D. Blackman and S. Vigna (ACM TOMS 47 (2021) 36), its state filled by
 * splitmix64 (G. Steele, D. Lea, C. Flood, OOPSLA 2014), as its authors advise. Each event has
 * a generator of its own, seeded with (seed, what, index): so an event does not depend on
 * which others were made before it, in which file, or in which process.
 *
 * C does not order the evaluation of operands and arguments, and compilers differ in it: at
 * most one of these functions is called in an expression. */
struct rng {
    uint64_t state[4];
    double spare; /* the second of a pair of Gaussian numbers */
    bool has_spare;
};

/* A number that stands for a name in a key: FNV-1a, 64 bits. */
uint64_t rng_name(const char *name);

void rng_init(struct rng *rng, uint64_t seed, uint64_t what, uint64_t index);

double rng_uniform(struct rng *rng); /* in (0, 1), never an end */
double rng_between(struct rng *rng, double low, double high);
double rng_gauss(struct rng *rng); /* mean 0, width 1 */
double rng_exponential(struct rng *rng, double mean);
/* The sum of two: rises from 0, then falls. */
double rng_two_exponentials(struct rng *rng, double mean_1, double mean_2);
bool rng_chance(struct rng *rng, double probability);

/* An exact Poisson number; takes time in proportion to the mean. */
uint64_t rng_poisson(struct rng *rng, double mean);

/* Index drawn with the given probabilities; what they lack to 1 goes to the last. */
int rng_choose(struct rng *rng, const double *probability, int n);

#endif
