/* SPDX-License-Identifier: Apache-2.0 */
/* higgs4l_event.h - events made by hand, and what higgs4l makes of one.
 *
 * Most are of massless leptons along the axes, so that all masses are whole numbers or known in
 * closed form: A = (45, 0, 0), B = -A, C = (0, 20, 0), D = -C give m(AB) = 90, m(CD) = 40,
 * m(AC) = m(AD) = m(BC) = m(BD) = sqrt(1800) = 42.43 and m(ABCD) = 130, without any rounding. */
#ifndef TESTS_SUPPORT_HIGGS4L_EVENT_H
#define TESTS_SUPPORT_HIGGS4L_EVENT_H

#include <math.h>

#include "analysis/analysis.h"
#include "tests/support/check.h"

enum {
    PT,
    ETA,
    PHI,
    PX,
    PY,
    PZ,
    CHARGE,
    ISOLATION,
    DXY,
    DZ,
    SIP3D,
    SIP_DXY,
    SIP_DXY_ERR,
    SIP_DZ,
    SIP_DZ_ERR,
    N
};
enum { LOST_HITS = 2 * N, NEEDS };
enum { MUONS, ELECTRONS, KINDS };
enum { MU4, E4, MU2E2, CHANNELS };
enum { ALL, LEPTONS, CHARGES, Z1_LEPTONS, Z1_MASS, Z2_MASS, M4L, STEPS };
enum { HIST_M4L, HIST_WIDE, HIST_Z1, HIST_Z2, HISTS };
enum { LEPTONS_MAX = 6 };

/* Columns of a kind of lepton, as bits. */
enum {
    POLAR = 1 << PT | 1 << ETA | 1 << PHI,
    CARTESIAN = 1 << PX | 1 << PY | 1 << PZ,
    QUALITY = 1 << ISOLATION | 1 << DXY | 1 << DZ | 1 << SIP3D,
    PARTS = 1 << SIP_DXY | 1 << SIP_DXY_ERR | 1 << SIP_DZ | 1 << SIP_DZ_ERR,
};

struct leptons {
    size_t n;
    double value[N][LEPTONS_MAX];
    int32_t charge[LEPTONS_MAX];
    int32_t lost_hits[LEPTONS_MAX];
};

struct event {
    struct leptons kind[KINDS];
};

struct job {
    struct settings settings;
    struct partial out;
};

static inline void start(struct job *j, const char *given, bool weighted)
{
    struct error err = {0};
    json_t *value = given == NULL ? NULL : json_loads(given, 0, NULL);
    assert_true(given == NULL || value != NULL);
    const struct analysis *a = &analysis_higgs4l;
    check_ok(settings_init(&j->settings, a->parameter, a->n_parameters, value, &err), &err);
    json_decref(value);
    partial_init(&j->out, weighted);
    check_ok(a->book(&j->settings, &j->out, &err), &err);
}

static inline void finish(struct job *j)
{
    partial_release(&j->out);
    settings_release(&j->settings);
}

static inline void process(struct job *j, const struct event *e, unsigned columns,
                           uint32_t channels)
{
    const double weight = -0.25;
    uint32_t offset[KINDS][2] = {{0}};
    struct column column[NEEDS] = {{0}};
    for (size_t k = 0; k < KINDS; k++) {
        offset[k][1] = (uint32_t)e->kind[k].n;
        for (size_t i = 0; i < N; i++) {
            column[k * N + i] =
                (struct column){.f64 = (columns >> i & 1) != 0 ? e->kind[k].value[i] : NULL,
                                .offset = offset[k]};
        }
        column[k * N + CHARGE] = (struct column){.i32 = e->kind[k].charge, .offset = offset[k]};
    }
    column[LOST_HITS] =
        (struct column){.i32 = (columns >> N & 1) != 0 ? e->kind[ELECTRONS].lost_hits : NULL,
                        .offset = offset[ELECTRONS]};
    const struct batch batch = {
        .n_events = 1, .weight = j->out.weighted ? &weight : NULL, .column = column};
    analysis_higgs4l.process(&batch, 0, 1, &j->settings, channels, &j->out);
}

enum { WITH_LOST_HITS = 1 << N };
static const unsigned usual = CARTESIAN | QUALITY | WITH_LOST_HITS;

/* How many steps of the channel's cutflow one event passed. */
static inline size_t passed(const struct job *j, size_t channel)
{
    size_t n = 0;
    for (size_t s = 0; s < STEPS; s++) {
        uint64_t events = j->out.step[channel * STEPS + s].n_events;
        assert_true(events <= 1 && (events == 0 || n == s)); /* none is left out */
        n += events;
    }
    for (size_t h = 0; h < HISTS; h++) { /* filled if and only if all are passed */
        assert_int_equal(hist_entries(&j->out.hist[channel * HISTS + h].hist), n == STEPS);
    }
    return n;
}

/* Appends a lepton that passes every quality cut, in both ways of saying its momentum. */
static inline void add(struct leptons *l, double px, double py, double pz, int32_t charge)
{
    size_t i = l->n++;
    double pt = sqrt(px * px + py * py);
    l->value[PX][i] = px;
    l->value[PY][i] = py;
    l->value[PZ][i] = pz;
    l->value[PT][i] = pt;
    l->value[ETA][i] = asinh(pz / pt);
    l->value[PHI][i] = atan2(py, px);
    l->value[ISOLATION][i] = 0.1;
    l->value[DXY][i] = l->value[SIP_DXY][i] = 0.001;
    l->value[DZ][i] = l->value[SIP_DZ][i] = 0.002;
    l->value[SIP_DXY_ERR][i] = l->value[SIP_DZ_ERR][i] = 0.005;
    l->value[SIP3D][i] = 0.5;
    l->charge[i] = charge;
}

/* A, B, C and D, the two kinds as given: 0 muons, 1 electrons. */
static inline struct event make(size_t ab, size_t cd, const int32_t charge[4])
{
    struct event e = {{{0}}};
    add(&e.kind[ab], 45, 0, 0, charge[0]);
    add(&e.kind[ab], -45, 0, 0, charge[1]);
    add(&e.kind[cd], 0, 20, 0, charge[2]);
    add(&e.kind[cd], 0, -20, 0, charge[3]);
    return e;
}

static const int32_t alternating[] = {1, -1, 1, -1};
static const char massless[] = "{\"muon_mass_gev\": 0, \"electron_mass_gev\": 0}";

enum { FAIL = 1, PASS = STEPS };

#endif
