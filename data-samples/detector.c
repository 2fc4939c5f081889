/* SPDX-License-Identifier: Apache-2.0 */
/* detector.c - see detector.h */
#include "data-samples/detector.h"

#include <math.h>
#include <string.h>

#include "data-samples/portable.h"

/* Rounds to `bits` bits of mantissa, as NanoAOD does with quantities that are not known any
 * better: what is left compresses. */
static float keep_bits(double value, int bits)
{
    float f = (float)value;
    uint32_t u = 0;
    memcpy(&u, &f, sizeof u);
    int drop = 23 - bits;
    u += UINT32_C(1) << (drop - 1);
    u &= ~((UINT32_C(1) << drop) - 1);
    memcpy(&f, &u, sizeof f);
    return f;
}

static double efficiency(const struct particle *p)
{
    double eta = fabs(p->eta);
    if (p->flavour == FLAVOUR_MUON) {
        double plateau = eta > 2.65 ? 0 : eta > 2.4 ? 0.5 : 0.97;
        return p->pt < 3 ? 0 : plateau * (1 - portable_exp((2.5 - p->pt) / 1.2));
    }
    double plateau = eta > 2.75 ? 0 : eta > 2.5 ? 0.45 : 0.90;
    if (eta > 1.44 && eta < 1.57) {
        plateau = 0.6; /* between barrel and endcap */
    }
    return p->pt < 4 ? 0 : plateau * (1 - portable_exp((3 - p->pt) / 7));
}

/* The measured momentum over the true one: 1 to 2 %, and for some electrons a loss to photons
 * that were not found. */
static double momentum_response(const struct particle *p, struct rng *rng)
{
    double eta = fabs(p->eta);
    bool electron = p->flavour == FLAVOUR_ELECTRON;
    double width = electron ? 0.013 + 0.005 * eta + 0.10 / p->pt : 0.009 + 0.0045 * eta;
    double response = 1 + width * rng_gauss(rng);
    if (electron && rng_chance(rng, 0.12)) {
        response *= 1 - fmin(rng_exponential(rng, 0.05), 0.6);
    }
    return fmax(response, 0.2);
}

static double isolation(const struct particle *p, struct rng *rng)
{
    if (rng_chance(rng, 0.002)) {
        return -999;
    }
    if (p->isolated) {
        return rng_chance(rng, 0.3)    ? 0
               : rng_chance(rng, 0.03) ? rng_exponential(rng, 0.6)
                                       : rng_exponential(rng, 0.03 + 0.5 / p->pt);
    }
    return rng_chance(rng, 0.1) ? rng_exponential(rng, 0.3) : 0.2 + rng_exponential(rng, 1.6);
}

/* Impact parameters and their errors. A few tracks come from another collision of the same
 * crossing, some are measured badly, a few are no particle of this event at all. */
static void measure_track(const struct particle *p, struct rng *rng,
                          struct measured_lepton *out)
{
    double poor = rng_chance(rng, 0.003) ? rng_between(rng, 30, 300) : 1;
    double kind = (p->flavour == FLAVOUR_ELECTRON ? 1.5 : 1) * poor;
    double spread = portable_exp(0.2 * rng_gauss(rng));
    double dxy_err = kind * spread * 0.0013 * (1 + 8 / p->pt);
    double dz_err = kind * spread * 0.0024 * (1 + 6 / p->pt) * (1 + 0.3 * p->eta * p->eta);
    double dxy = dxy_err * rng_gauss(rng);
    double dz = dz_err * rng_gauss(rng);
    if (p->flight_cm > 0) {
        double flight = rng_exponential(rng, p->flight_cm);
        dxy += flight * rng_gauss(rng);
        dz += flight * rng_gauss(rng);
    }
    if (rng_chance(rng, 0.003)) {
        dz += 5 * rng_gauss(rng);
    } else if (rng_chance(rng, 0.001)) {
        dxy = rng_between(rng, -3, 3);
        dz = rng_between(rng, -10, 10);
    }
    out->dxy = keep_bits(dxy, 12);
    out->dz = keep_bits(dz, 12);
    out->dxy_err = keep_bits(dxy_err, 12);
    out->dz_err = keep_bits(dz_err, 12);
    double length = sqrt(dxy * dxy + dz * dz);
    double error = sqrt(dxy_err * dxy_err + dz_err * dz_err);
    out->sip3d = keep_bits(length / error * (1 + 0.05 * rng_gauss(rng)), 12);
}

static int lost_hits(const struct particle *p, struct rng *rng)
{
    static const double prompt[4] = {0.965, 0.025, 0.008, 0};
    static const double inside[4] = {0.72, 0.14, 0.10, 0};
    return rng_choose(rng, p->isolated ? prompt : inside, 4);
}

static void measure_lepton(const struct particle *p, struct rng *rng,
                           struct measured_lepton *out)
{
    static const float mass[FLAVOURS] = {0.105658F, 0.0005109989F};
    static const double wrong_charge[FLAVOURS] = {0.0005, 0.008};
    out->pt = (float)(p->pt * momentum_response(p, rng));
    out->eta = (float)(p->eta + 0.0005 * rng_gauss(rng));
    double phi = p->phi + 0.0005 * rng_gauss(rng);
    phi -= phi > portable_pi ? 2 * portable_pi : 0;
    phi += phi < -portable_pi ? 2 * portable_pi : 0;
    out->phi = (float)phi;
    out->mass = mass[p->flavour];
    out->charge = rng_chance(rng, wrong_charge[p->flavour]) ? -p->charge : p->charge;
    out->isolation = keep_bits(isolation(p, rng), 12);
    out->lost_hits = lost_hits(p, rng);
    measure_track(p, rng, out);
}

/* Puts the lepton where it belongs in falling pt. */
static void insert(struct measured *m, enum flavour flavour, const struct measured_lepton *new)
{
    struct measured_lepton *list = m->lepton[flavour];
    int i = m->n[flavour]++;
    for (; i > 0 && list[i - 1].pt < new->pt; i--) {
        list[i] = list[i - 1];
    }
    list[i] = *new;
}

static bool trigger(const struct measured *m, struct rng *rng)
{
    const struct measured_lepton *muon = m->lepton[FLAVOUR_MUON];
    bool two = m->n[FLAVOUR_MUON] >= 2;
    if (two && muon[0].pt > 17 && muon[1].pt > 8) {
        return rng_chance(rng, 0.96);
    }
    return two && rng_chance(rng, 0.4); /* the triggers for low masses */
}

void detector_measure(const struct truth *truth, struct rng *rng, struct measured *out)
{
    for (int f = 0; f < FLAVOURS; f++) {
        out->n[f] = 0;
    }
    for (int i = 0; i < truth->n; i++) {
        const struct particle *p = &truth->particle[i];
        if (rng_chance(rng, efficiency(p))) {
            struct measured_lepton lepton;
            measure_lepton(p, rng, &lepton);
            insert(out, p->flavour, &lepton);
        }
    }
    double x = truth->unseen_x + 12 * rng_gauss(rng);
    double y = truth->unseen_y + 12 * rng_gauss(rng);
    out->met_pt = (float)sqrt(x * x + y * y);
    out->met_phi = (float)portable_atan2(y, x);
    out->trigger_double_muon = trigger(out, rng);
}
