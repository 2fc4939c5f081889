/* SPDX-License-Identifier: Apache-2.0 */
/* nanoaod.c - see nanoaod.h */
#include "data-samples/nanoaod.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "data-samples/portable.h"
#include "data-samples/rng.h"
#include "data-samples/writer.h"

enum {
    JETS_MAX = 57,
    LEPTONS_MAX = 5,
    CHUNK_ROWS = 1 << 16,
    NO_REDUCTION = 23, /* bits of mantissa that a float has */
};

static const double jet_pt_min = 15;
static const double muon_mass = 0.105658;
static const double electron_mass = 0.0005109989;

/* The negative binomial distribution with these has the mean and the choices of three. */
static const double jets_mean = 3.2;
static const double jets_shape = 0.818;

static const double muons_chance[LEPTONS_MAX + 1] = {0.02, 0.665, 0.245, 0.05, 0.015, 0.005};
static const double electrons_chance[LEPTONS_MAX + 1] = {0.815, 0.157, 0.026, 0.002, 0, 0};
static const double z_chance = 0.3; /* that the first two muons or electrons come from one */

/* Columns are collected in groups of the same number of rows. */
enum group { EVENTS, JETS, MUONS, ELECTRONS, GROUPS };
enum { COLUMNS = 5, ALL_COLUMNS = GROUPS * COLUMNS };
enum { N_JET, N_MUON, N_ELECTRON, MET_PT, MET_PHI }; /* of EVENTS */
enum { PT, ETA, PHI, MASS, BTAG, CHARGE = BTAG };    /* of the others */

struct column {
    const char *name;
    enum element element;
    const char *units;
    int bits; /* of mantissa that are kept */
};

/* clang-format off */
static const struct column columns[GROUPS][COLUMNS] = {
    [EVENTS] = {
        [N_JET] = {"nJet", ELEMENT_U32, NULL, 0},
        [N_MUON] = {"nMuon", ELEMENT_U32, NULL, 0},
        [N_ELECTRON] = {"nElectron", ELEMENT_U32, NULL, 0},
        [MET_PT] = {"MET_pt", ELEMENT_F32, "GeV", 10},
        [MET_PHI] = {"MET_phi", ELEMENT_F32, "rad", 10}},
    [JETS] = {
        [PT] = {"Jet_pt", ELEMENT_F32, "GeV", 10},
        [ETA] = {"Jet_eta", ELEMENT_F32, "1", 12},
        [PHI] = {"Jet_phi", ELEMENT_F32, "rad", 12},
        [MASS] = {"Jet_mass", ELEMENT_F32, "GeV", 10},
        [BTAG] = {"Jet_btag", ELEMENT_F32, "1", 10}},
    [MUONS] = {
        [PT] = {"Muon_pt", ELEMENT_F32, "GeV", NO_REDUCTION},
        [ETA] = {"Muon_eta", ELEMENT_F32, "1", 12},
        [PHI] = {"Muon_phi", ELEMENT_F32, "rad", 12},
        [MASS] = {"Muon_mass", ELEMENT_F32, "GeV", 10},
        [CHARGE] = {"Muon_charge", ELEMENT_I32, NULL, 0}},
    [ELECTRONS] = {
        [PT] = {"Electron_pt", ELEMENT_F32, "GeV", NO_REDUCTION},
        [ETA] = {"Electron_eta", ELEMENT_F32, "1", 12},
        [PHI] = {"Electron_phi", ELEMENT_F32, "rad", 12},
        [MASS] = {"Electron_mass", ELEMENT_F32, "GeV", 10},
        [CHARGE] = {"Electron_charge", ELEMENT_I32, NULL, 0}},
};
/* clang-format on */

/* Values of 32 bits each, whatever their type. */
struct values {
    size_t n;
    size_t room;
    uint32_t *value[COLUMNS]; /* [room] */
};

struct object {
    double pt, eta, phi, mass;
    double btag; /* jets */
    int charge;  /* leptons */
};

struct collision {
    double met_pt, met_phi;
    int n_jets, n_muons, n_electrons;
    struct object jet[JETS_MAX];
    struct object muon[LEPTONS_MAX];
    struct object electron[LEPTONS_MAX];
};

/* Chances of 0, 1, ... jets. */
static void fill_jets_chance(double chance[JETS_MAX + 1])
{
    double r = jets_mean / (jets_mean + jets_shape);
    chance[0] = portable_pow(1 - r, jets_shape);
    for (int n = 0; n < JETS_MAX; n++) {
        chance[n + 1] = chance[n] * (n + jets_shape) / (n + 1) * r;
    }
}

static double wrap(double phi)
{
    while (phi > portable_pi) {
        phi -= 2 * portable_pi;
    }
    while (phi < -portable_pi) {
        phi += 2 * portable_pi;
    }
    return phi;
}

static double draw_phi(struct rng *rng)
{
    return rng_between(rng, -portable_pi, portable_pi);
}

/* A power law from the threshold on, with an end. */
static double draw_pt(struct rng *rng, double min, double power)
{
    return fmin(min * portable_pow(rng_uniform(rng), -1 / power), 3000);
}

static double draw_eta(struct rng *rng, double width, double max)
{
    double eta = 0;
    do {
        eta = width * rng_gauss(rng);
    } while (fabs(eta) > max);
    return eta;
}

/* Most are light, some look like b quarks, a few have no value. */
static double draw_btag(struct rng *rng)
{
    double kind = rng_uniform(rng);
    double u = rng_uniform(rng);
    if (kind < 0.03) {
        return -10;
    }
    return kind < 0.85 ? u * u : 1 - 0.1 * u * u;
}

static void make_jets(struct collision *c, struct rng *rng)
{
    for (int i = 0; i < c->n_jets; i++) {
        struct object jet;
        jet.pt = draw_pt(rng, jet_pt_min, 1.9);
        jet.eta = draw_eta(rng, 1.9, 4.7);
        jet.phi = draw_phi(rng);
        jet.mass = jet.pt * (0.08 + 0.1 * rng_uniform(rng));
        jet.btag = draw_btag(rng);
        int at = i;
        for (; at > 0 && c->jet[at - 1].pt < jet.pt; at--) {
            c->jet[at] = c->jet[at - 1];
        }
        c->jet[at] = jet;
    }
}

/* A direction of its own or, often enough for query 7, about that of a jet. */
static void aim(const struct collision *c, struct rng *rng, double in_jet,
                struct object *lepton)
{
    lepton->eta = draw_eta(rng, 1.3, 2.4);
    lepton->phi = draw_phi(rng);
    if (rng_chance(rng, in_jet) && c->n_jets > 0) {
        const struct object *jet = &c->jet[(int)(rng_uniform(rng) * c->n_jets)];
        lepton->eta = jet->eta + 0.2 * rng_gauss(rng);
        lepton->phi = wrap(jet->phi + 0.2 * rng_gauss(rng));
    }
}

/* Turns two leptons into a pair of opposite charge with about the mass of a Z boson. */
static void pair_up(struct object *a, struct object *b, struct rng *rng)
{
    double mass = 91.2 + 2.7 * rng_gauss(rng);
    b->phi = wrap(a->phi + rng_between(rng, 2, 4.2));
    b->charge = -a->charge;
    double sine = 0;
    double cosine = 0;
    portable_sincos_turns((a->phi - b->phi) / (2 * portable_pi), &sine, &cosine);
    double e = portable_exp(a->eta - b->eta);
    a->pt = mass * rng_between(rng, 0.3, 0.6);
    b->pt = mass * mass / (2 * a->pt * (0.5 * (e + 1 / e) - cosine));
}

static void make_leptons(const struct collision *c, struct rng *rng, struct object *lepton,
                         int n, double mass)
{
    for (int i = 0; i < n; i++) {
        lepton[i].pt = i == 0 ? draw_pt(rng, 24, 3.5) : draw_pt(rng, 4, 1.6);
        aim(c, rng, i == 0 ? 0.15 : 0.5, &lepton[i]);
        lepton[i].mass = mass;
        lepton[i].charge = rng_chance(rng, 0.5) ? 1 : -1;
    }
    if (n >= 2 && rng_chance(rng, z_chance)) {
        pair_up(&lepton[0], &lepton[1], rng);
    }
}

static void make_collision(const double *jets_chance, struct rng *rng, struct collision *c)
{
    c->met_pt = rng_two_exponentials(rng, 14, 9);
    c->met_phi = draw_phi(rng);
    c->n_jets = rng_choose(rng, jets_chance, JETS_MAX + 1);
    c->n_muons = rng_choose(rng, muons_chance, LEPTONS_MAX + 1);
    c->n_electrons = rng_choose(rng, electrons_chance, LEPTONS_MAX + 1);
    make_jets(c, rng);
    make_leptons(c, rng, c->muon, c->n_muons, muon_mass);
    make_leptons(c, rng, c->electron, c->n_electrons, electron_mass);
}

/* The float nearest to x of those with so many bits of mantissa. */
static uint32_t reduced(double x, int bits)
{
    float f = (float)x;
    uint32_t u = 0;
    memcpy(&u, &f, sizeof u);
    int lost = NO_REDUCTION - bits;
    uint32_t unit = UINT32_C(1) << lost;
    return (u + unit / 2) & ~(unit - 1); /* a carry into the exponent is right */
}

static int reserve(struct values *v, size_t more, struct error *err)
{
    if (v->n + more <= v->room) {
        return 0;
    }
    size_t room = v->room * 2 + more + 1024;
    for (int c = 0; c < COLUMNS; c++) {
        uint32_t *moved = realloc(v->value[c], room * sizeof *moved);
        if (moved == NULL) {
            (void)error_no_memory(err, "events");
            return -1;
        }
        v->value[c] = moved;
    }
    v->room = room;
    return 0;
}

static int add_objects(struct values *v, enum group group, const struct object *object, int n,
                       struct error *err)
{
    if (reserve(v, (size_t)n, err) != 0) {
        return -1;
    }
    const struct column *c = columns[group];
    for (int i = 0; i < n; i++) {
        size_t at = v->n++;
        v->value[PT][at] = reduced(object[i].pt, c[PT].bits);
        v->value[ETA][at] = reduced(object[i].eta, c[ETA].bits);
        v->value[PHI][at] = reduced(object[i].phi, c[PHI].bits);
        v->value[MASS][at] = reduced(object[i].mass, c[MASS].bits);
        if (group == JETS) {
            v->value[BTAG][at] = reduced(object[i].btag, c[BTAG].bits);
        } else {
            v->value[CHARGE][at] = (uint32_t)object[i].charge;
        }
    }
    return 0;
}

static int add_collision(struct values group[GROUPS], const struct collision *c,
                         struct error *err)
{
    struct values *v = &group[EVENTS];
    if (reserve(v, 1, err) != 0) {
        return -1;
    }
    size_t at = v->n++;
    v->value[N_JET][at] = (uint32_t)c->n_jets;
    v->value[N_MUON][at] = (uint32_t)c->n_muons;
    v->value[N_ELECTRON][at] = (uint32_t)c->n_electrons;
    v->value[MET_PT][at] = reduced(c->met_pt, columns[EVENTS][MET_PT].bits);
    v->value[MET_PHI][at] = reduced(c->met_phi, columns[EVENTS][MET_PHI].bits);
    if (add_objects(&group[JETS], JETS, c->jet, c->n_jets, err) != 0 ||
        add_objects(&group[MUONS], MUONS, c->muon, c->n_muons, err) != 0) {
        return -1;
    }
    return add_objects(&group[ELECTRONS], ELECTRONS, c->electron, c->n_electrons, err);
}

static int save(const struct options *o, const struct task *task,
                const struct values group[GROUPS], struct error *err)
{
    struct file_name name;
    struct writer_column all[ALL_COLUMNS];
    for (size_t i = 0; i < ALL_COLUMNS; i++) {
        const struct column *c = &columns[i / COLUMNS][i % COLUMNS];
        const struct values *v = &group[i / COLUMNS];
        all[i] = (struct writer_column){.name = c->name,
                                        .element = c->element,
                                        .units = c->units,
                                        .chunk_rows = CHUNK_ROWS,
                                        .n = v->n,
                                        .values = v->value[i % COLUMNS]};
    }
    if (generate_file_name(o, task->sample[0], task->part, &name, err) != 0) {
        return -1;
    }
    return writer_save_columns(all, ALL_COLUMNS, name.path, o->layout, name.generator, err);
}

int nanoaod_generate(const struct options *o, const struct task *task, struct outcome *out,
                     struct error *err)
{
    struct values group[GROUPS] = {{0}};
    double jets_chance[JETS_MAX + 1];
    fill_jets_chance(jets_chance);
    uint64_t key = rng_name("nanoaod");
    uint64_t first = (uint64_t)task->part * NANOAOD_FILE_EVENTS;
    uint64_t stop = first + NANOAOD_FILE_EVENTS;
    *out = (struct outcome){.weight_sum = 0};
    int rc = 0;
    for (uint64_t i = first; rc == 0 && i < stop && i < o->events; i++) {
        struct rng rng;
        struct collision collision;
        rng_init(&rng, o->seed, key, i);
        make_collision(jets_chance, &rng, &collision);
        rc = add_collision(group, &collision, err);
    }
    if (rc == 0) {
        out->rows[0] = group[EVENTS].n;
        rc = save(o, task, group, err);
    }
    for (int g = 0; g < GROUPS; g++) {
        for (int c = 0; c < COLUMNS; c++) {
            free(group[g].value[c]);
        }
    }
    return rc;
}
