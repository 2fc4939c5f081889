/* SPDX-License-Identifier: Apache-2.0 */
/* decay.c - see decay.h */
#include "data-samples/decay.h"

#include <math.h>

#include "data-samples/portable.h"

struct vec4 vec4_of(double pt, double rapidity, double turns, double mass)
{
    double sine = 0;
    double cosine = 0;
    portable_sincos_turns(turns, &sine, &cosine);
    double mt = sqrt(pt * pt + mass * mass);
    double pz = mt * portable_sinh(rapidity);
    return (struct vec4){pt * cosine, pt * sine, pz, sqrt(mt * mt + pz * pz)};
}

double vec4_pt(const struct vec4 *v)
{
    return sqrt(v->px * v->px + v->py * v->py);
}

double decay_breit_wigner(struct rng *rng, double m0, double width, double low, double high)
{
    double unit = m0 * width;
    double first = portable_atan((low * low - m0 * m0) / unit);
    double last = portable_atan((high * high - m0 * m0) / unit);
    double angle = rng_between(rng, first, last);
    double sine = 0;
    double cosine = 0;
    portable_sincos_turns(angle / (2 * portable_pi), &sine, &cosine);
    double m2 = m0 * m0 + unit * sine / cosine;
    return sqrt(fmin(fmax(m2, low * low), high * high));
}

double decay_power_law(struct rng *rng, double power, double low, double high)
{
    double k = 1 - power;
    double first = portable_pow(low, k);
    double last = portable_pow(high, k);
    return portable_pow(rng_between(rng, first, last), 1 / k);
}

double decay_recoil_pt(struct rng *rng, double scale, double power)
{
    return scale * sqrt(portable_pow(rng_uniform(rng), -1 / (power - 1)) - 1);
}

struct vec4 decay_produce(struct rng *rng, double mass, double pt, double width,
                          double energy_gev)
{
    double mt = sqrt(pt * pt + mass * mass);
    double limit = portable_log(fmax(energy_gev / (2 * mt), 2));
    double rapidity = 0;
    do {
        rapidity = width * rng_gauss(rng);
    } while (fabs(rapidity) > limit);
    return vec4_of(pt, rapidity, rng_uniform(rng), mass);
}

static struct vec4 boost(const struct vec4 *v, const struct vec4 *frame, double mass)
{
    double along = v->px * frame->px + v->py * frame->py + v->pz * frame->pz;
    double k = (along / (frame->e + mass) + v->e) / mass;
    return (struct vec4){v->px + k * frame->px, v->py + k * frame->py, v->pz + k * frame->pz,
                         (frame->e * v->e + along) / mass};
}

void decay_two_body(struct rng *rng, const struct vec4 *parent, double mass, const double m[2],
                    struct vec4 out[2])
{
    double sum = m[0] + m[1];
    double difference = m[0] - m[1];
    double p2 = (mass * mass - sum * sum) * (mass * mass - difference * difference);
    double p = sqrt(fmax(p2, 0)) / (2 * mass);
    double cos_theta = rng_between(rng, -1, 1);
    double transverse = p * sqrt(1 - cos_theta * cos_theta);
    double sine = 0;
    double cosine = 0;
    portable_sincos_turns(rng_uniform(rng), &sine, &cosine);
    struct vec4 one = {transverse * cosine, transverse * sine, p * cos_theta,
                       sqrt(p * p + m[0] * m[0])};
    struct vec4 two = {-one.px, -one.py, -one.pz, sqrt(p * p + m[1] * m[1])};
    out[0] = boost(&one, parent, mass);
    out[1] = boost(&two, parent, mass);
}
