/* SPDX-License-Identifier: Apache-2.0 */
/* adl_event.h - events made by hand for the ADL queries, and what a query makes of one. */
#ifndef TESTS_SUPPORT_ADL_EVENT_H
#define TESTS_SUPPORT_ADL_EVENT_H

#include <math.h>

#include "analysis/analysis.h"
#include "tests/support/check.h"

enum { JETS, MUONS, ELECTRONS, KINDS };
enum { PT, ETA, PHI, MASS, BTAG, REALS };
enum { OBJECTS_MAX = 300 };

struct objects {
    size_t n;
    double real[REALS][OBJECTS_MAX];
    int32_t charge[OBJECTS_MAX];
};

struct event {
    double met_pt;
    double met_phi;
    struct objects kind[KINDS];
};

static inline void add_jet(struct event *e, double pt, double eta, double phi, double mass,
                           double btag)
{
    struct objects *o = &e->kind[JETS];
    const double real[REALS] = {pt, eta, phi, mass, btag};
    assert_true(o->n < OBJECTS_MAX);
    for (size_t i = 0; i < REALS; i++) {
        o->real[i][o->n] = real[i];
    }
    o->n++;
}

/* Without a mass: then a pair's is known in closed form. */
static inline void add_lepton(struct event *e, size_t kind, double pt, double eta, double phi,
                              int32_t charge)
{
    struct objects *o = &e->kind[kind];
    assert_true(o->n < OBJECTS_MAX);
    o->real[PT][o->n] = pt;
    o->real[ETA][o->n] = eta;
    o->real[PHI][o->n] = phi;
    o->charge[o->n] = charge;
    o->n++;
}

/* A query with its settings, and what it made of the events so far. */
struct job {
    const struct analysis *analysis;
    struct settings settings;
    struct partial out;
};

static inline void start(struct job *j, const struct analysis *a, const char *given,
                         bool weighted)
{
    struct error err = {0};
    json_t *value = given == NULL ? NULL : json_loads(given, 0, NULL);
    assert_true(given == NULL || value != NULL);
    j->analysis = a;
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

/* Events one after the other, as a batch has them. The caller ends it with end_sample. */
struct sample {
    size_t n_events;
    bool narrow; /* columns of float in place of double */
    double *weight;
    double *met[2];
    uint32_t *offset[KINDS]; /* [n_events + 1] */
    double *real[KINDS][REALS];
    int32_t *charge[KINDS];
    float *f32[16]; /* what was made narrow, to be freed */
    size_t n_f32;
};

static const double adl_event_weight = 0.25;

static inline void *room_for(size_t n, size_t size)
{
    void *room = calloc(n + 1, size);
    assert_non_null(room);
    return room;
}

static inline void make_kind(struct sample *s, size_t k, const struct event *e)
{
    size_t n = 0;
    s->offset[k] = room_for(s->n_events + 1, sizeof *s->offset[k]);
    for (size_t i = 0; i < s->n_events; i++) {
        n += e[i].kind[k].n;
        s->offset[k][i + 1] = (uint32_t)n;
    }
    s->charge[k] = room_for(n, sizeof *s->charge[k]);
    for (size_t r = 0; r < REALS; r++) {
        s->real[k][r] = room_for(n, sizeof *s->real[k][r]);
    }
    for (size_t i = 0; i < s->n_events; i++) {
        const struct objects *o = &e[i].kind[k];
        size_t at = s->offset[k][i];
        memcpy(s->charge[k] + at, o->charge, o->n * sizeof *o->charge);
        for (size_t r = 0; r < REALS; r++) {
            memcpy(s->real[k][r] + at, o->real[r], o->n * sizeof *o->real[r]);
        }
    }
}

static inline void make_sample(struct sample *s, const struct event *e, size_t n, bool narrow)
{
    *s = (struct sample){.n_events = n, .narrow = narrow};
    s->weight = room_for(n, sizeof *s->weight);
    s->met[0] = room_for(n, sizeof *s->met[0]);
    s->met[1] = room_for(n, sizeof *s->met[1]);
    for (size_t i = 0; i < n; i++) {
        s->weight[i] = adl_event_weight;
        s->met[0][i] = e[i].met_pt;
        s->met[1][i] = e[i].met_phi;
    }
    for (size_t k = 0; k < KINDS; k++) {
        make_kind(s, k, e);
    }
}

static inline void end_sample(struct sample *s)
{
    free(s->weight);
    free(s->met[0]);
    free(s->met[1]);
    for (size_t k = 0; k < KINDS; k++) {
        free(s->offset[k]);
        free(s->charge[k]);
        for (size_t r = 0; r < REALS; r++) {
            free(s->real[k][r]);
        }
    }
    for (size_t i = 0; i < s->n_f32; i++) {
        free(s->f32[i]);
    }
}

static inline struct column real_column(struct sample *s, const double *value, size_t n,
                                        const uint32_t *offset)
{
    if (!s->narrow) {
        return (struct column){.f64 = value, .offset = offset};
    }
    assert_true(s->n_f32 < ARRAY_LENGTH(s->f32));
    float *f32 = room_for(n, sizeof *f32);
    s->f32[s->n_f32++] = f32;
    for (size_t i = 0; i < n; i++) {
        f32[i] = (float)value[i];
    }
    return (struct column){.f32 = f32, .offset = offset};
}

/* The column of a kind of object by what is left of its name. */
static inline struct column column_of_kind(struct sample *s, size_t k, const char *name)
{
    static const char *const real_names[REALS] = {"pt", "eta", "phi", "mass", "btag"};
    const uint32_t *offset = s->offset[k];
    if (strcmp(name, "charge") == 0) {
        return (struct column){.i32 = s->charge[k], .offset = offset};
    }
    size_t r = 0;
    while (r < REALS && strcmp(name, real_names[r]) != 0) {
        r++;
    }
    assert_true(r < REALS);
    return real_column(s, s->real[k][r], offset[s->n_events], offset);
}

/* The column under the name of a need. */
static inline struct column column_of(struct sample *s, const char *name)
{
    static const char *const kind_names[KINDS] = {"Jet_", "Muon_", "Electron_"};
    if (strncmp(name, "MET_", 4) == 0) {
        return real_column(s, s->met[strcmp(name, "MET_phi") == 0], s->n_events, NULL);
    }
    size_t k = 0;
    while (k < KINDS && strncmp(name, kind_names[k], strlen(kind_names[k])) != 0) {
        k++;
    }
    assert_true(k < KINDS);
    return column_of_kind(s, k, name + strlen(kind_names[k]));
}

/* The events [first, stop) of the sample. */
static inline void process_range(struct job *j, struct sample *s, size_t first, size_t stop,
                                 uint32_t channels)
{
    enum { NEEDS_MAX = 16 };
    struct column column[NEEDS_MAX] = {{0}};
    assert_true(j->analysis->n_needs <= NEEDS_MAX);
    for (size_t i = 0; i < j->analysis->n_needs; i++) {
        column[i] = column_of(s, j->analysis->need[i].name);
    }
    const struct batch batch = {.n_events = s->n_events,
                                .weight = j->out.weighted ? s->weight : NULL,
                                .column = column};
    j->analysis->process(&batch, first, stop, &j->settings, channels, &j->out);
}

static inline void process(struct job *j, const struct event *e, uint32_t channels)
{
    struct sample s;
    make_sample(&s, e, 1, false);
    process_range(j, &s, 0, 1, channels);
    end_sample(&s);
}

/* Numbers that look random and are the same everywhere (D. Knuth's MMIX). */
static inline double draw(uint64_t *state, double low, double high)
{
    *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return low + (high - low) * (double)(*state >> 40) / (1 << 24);
}

/* An event of so many jets; the numbers are floats, so that narrow columns hold them. */
static inline struct event draw_event(uint64_t *state, size_t n_jets, size_t n_leptons)
{
    struct event e = {.met_pt = (float)draw(state, 0, 200),
                      .met_phi = (float)draw(state, -3.14, 3.14)};
    for (size_t i = 0; i < n_jets; i++) {
        double pt = (float)draw(state, 15, 120);
        double eta = (float)draw(state, -3, 3);
        double phi = (float)draw(state, -3.14, 3.14);
        double mass = (float)draw(state, 0, 20);
        add_jet(&e, pt, eta, phi, mass, (float)draw(state, 0, 1));
    }
    for (size_t i = 0; i < n_leptons; i++) {
        double pt = (float)draw(state, 5, 80);
        double eta = (float)draw(state, -2, 2);
        double phi = (float)draw(state, -3.14, 3.14);
        add_lepton(&e, i % 3 == 0 ? ELECTRONS : MUONS, pt, eta, phi, i % 2 == 0 ? 1 : -1);
    }
    return e;
}

/* Of figure f, after one query of one event with this setting. */
struct outcome {
    uint64_t entries;
    uint64_t nan;
    double low; /* edges of the bin of the only entry; NaN if there is not one in a bin */
    double high;
    uint64_t step[4]; /* events at the steps, in their order */
};

static inline struct outcome outcome_of(const struct job *j, size_t f)
{
    const struct hist *h = &j->out.hist[f].hist;
    struct outcome o = {hist_entries(h), h->nan, NAN, NAN, {0}};
    for (size_t i = 1; i <= h->axis.n_bins && o.entries == 1; i++) {
        if (h->count[i] == 1) {
            o.low = h->axis.edge[i - 1];
            o.high = h->axis.edge[i];
        }
    }
    for (size_t s = 0; s < j->out.n_steps && s < ARRAY_LENGTH(o.step); s++) {
        o.step[s] = j->out.step[s].n_events;
    }
    return o;
}

static inline struct outcome run_one(const struct analysis *a, const struct event *e,
                                     const char *given, size_t f)
{
    struct job j;
    start(&j, a, given, false);
    process(&j, e, UINT32_MAX);
    struct outcome o = outcome_of(&j, f);
    finish(&j);
    return o;
}

/* Fails unless the only entry's bin holds x. */
static inline void check_holds(const struct outcome *o, double x)
{
    if (!(o->entries == 1 && o->nan == 0 && o->low <= x && x < o->high)) {
        fail_msg("%.17g is not in [%.17g, %.17g), the bin of %d entries", x, o->low, o->high,
                 (int)o->entries);
    }
}

#endif
