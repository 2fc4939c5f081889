/* SPDX-License-Identifier: Apache-2.0 */
/* rng.c - see rng.h */
#include "data-samples/rng.h"

#include <math.h>

#include "data-samples/portable.h"

static uint64_t mix(uint64_t z)
{
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

static uint64_t rotate(uint64_t x, int by)
{
    return (x << by) | (x >> (64 - by));
}

uint64_t rng_name(const char *name)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (const char *c = name; *c != '\0'; c++) {
        hash = (hash ^ (unsigned char)*c) * UINT64_C(0x100000001b3);
    }
    return hash;
}

void rng_init(struct rng *rng, uint64_t seed, uint64_t what, uint64_t index)
{
    static const uint64_t golden = UINT64_C(0x9e3779b97f4a7c15);
    uint64_t z = mix(mix(mix(seed + golden) ^ what) + golden) ^ mix(index + golden);
    for (int i = 0; i < 4; i++) {
        z += golden;
        rng->state[i] = mix(z);
    }
    rng->spare = 0;
    rng->has_spare = false;
}

static uint64_t next(struct rng *rng)
{
    uint64_t *s = rng->state;
    uint64_t result = rotate(s[0] + s[3], 23) + s[0];
    uint64_t t = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotate(s[3], 45);
    return result;
}

double rng_uniform(struct rng *rng)
{
    return ((double)(next(rng) >> 12) + 0.5) * 0x1p-52;
}

double rng_between(struct rng *rng, double low, double high)
{
    return low + (high - low) * rng_uniform(rng);
}

/* Marsaglia's polar method. */
double rng_gauss(struct rng *rng)
{
    if (rng->has_spare) {
        rng->has_spare = false;
        return rng->spare;
    }
    double x = 0;
    double y = 0;
    double r2 = 0;
    do {
        x = 2 * rng_uniform(rng) - 1;
        y = 2 * rng_uniform(rng) - 1;
        r2 = x * x + y * y;
    } while (r2 >= 1 || r2 == 0);
    double scale = sqrt(-2 * portable_log(r2) / r2);
    rng->spare = y * scale;
    rng->has_spare = true;
    return x * scale;
}

double rng_exponential(struct rng *rng, double mean)
{
    return -mean * portable_log(rng_uniform(rng));
}

double rng_two_exponentials(struct rng *rng, double mean_1, double mean_2)
{
    double first = rng_exponential(rng, mean_1);
    return first + rng_exponential(rng, mean_2);
}

bool rng_chance(struct rng *rng, double probability)
{
    return rng_uniform(rng) < probability;
}

uint64_t rng_poisson(struct rng *rng, double mean)
{
    uint64_t n = 0;
    double time = rng_exponential(rng, 1);
    while (time < mean) {
        n++;
        time += rng_exponential(rng, 1);
    }
    return n;
}

int rng_choose(struct rng *rng, const double *probability, int n)
{
    double left = rng_uniform(rng);
    for (int i = 0; i < n - 1; i++) {
        left -= probability[i];
        if (left < 0) {
            return i;
        }
    }
    return n - 1;
}
