/* SPDX-License-Identifier: Apache-2.0 */
/* adl_leptons.c - the ADL query 8: the transverse mass of missing pT and the hardest lepton that
 * is not of the Z boson, as adl.h defines it */
#include "analysis/adl.h"
#include "analysis/adl_block.h"
#include "analysis/elementary.h"
#include "base/size.h"

enum { MET_PT, MET_PHI, MUONS };
/* A kind of lepton's columns, counted from its first need; as adl_block.h has them. */
enum { PT, ETA, PHI, MASS, CHARGE, N_LEPTON_NEEDS };
enum { ELECTRONS = MUONS + N_LEPTON_NEEDS };
static const struct need needs[] = {
    /* clang-format off */
    [MET_PT] = {"MET_pt", NULL, COLUMN_REAL, UNIT_GEV},
    [MET_PHI] = {"MET_phi", NULL, COLUMN_REAL, UNIT_RAD},
    [MUONS + PT] = {"Muon_pt", "nMuon", COLUMN_REAL, UNIT_GEV},
    [MUONS + ETA] = {"Muon_eta", "nMuon", COLUMN_REAL, UNIT_NONE},
    [MUONS + PHI] = {"Muon_phi", "nMuon", COLUMN_REAL, UNIT_RAD},
    [MUONS + MASS] = {"Muon_mass", "nMuon", COLUMN_REAL, UNIT_GEV},
    [MUONS + CHARGE] = {"Muon_charge", "nMuon", COLUMN_INTEGER, UNIT_NONE},
    [ELECTRONS + PT] = {"Electron_pt", "nElectron", COLUMN_REAL, UNIT_GEV},
    [ELECTRONS + ETA] = {"Electron_eta", "nElectron", COLUMN_REAL, UNIT_NONE},
    [ELECTRONS + PHI] = {"Electron_phi", "nElectron", COLUMN_REAL, UNIT_RAD},
    [ELECTRONS + MASS] = {"Electron_mass", "nElectron", COLUMN_REAL, UNIT_GEV},
    [ELECTRONS + CHARGE] = {"Electron_charge", "nElectron", COLUMN_INTEGER, UNIT_NONE},
    /* clang-format on */
};

enum { MT_AXIS, Z_MASS };
static const struct parameter parameters[] = {
    /* clang-format off */
    [MT_AXIS] = {"mt_axis", PARAMETER_AXIS, "bins of mt, GeV",
        .axis = "{\"regular\": [100, 15, 250]}"},
    [Z_MASS] = {"z_mass_gev", PARAMETER_REAL, "the pair's mass is the one closest to this", 91.2},
    /* clang-format on */
};

static const struct figure figures[] = {{"mt", "mT", "GeV"}};

enum { LEPTONS_MIN_COUNT = 3 };
enum { STEP_ALL, STEP_LEPTONS, STEP_PAIR };
static const char *const step_names[] = {
    [STEP_ALL] = "all", [STEP_LEPTONS] = "leptons", [STEP_PAIR] = "pair"};

static int book(const struct settings *settings, struct partial *out, struct error *err)
{
    return adl_book(&analysis_adl_q8, step_names, ARRAY_LENGTH(step_names), settings, out, err);
}

/* The pair that is closest to the Z boson so far. */
struct pair {
    bool any;        /* a pair there was, with whatever mass */
    double distance; /* of the closest; infinite before there is one */
    const struct column *kind;
    uint32_t a;
    uint32_t b;
};

/* The pairs of lepton i with those after it. */
static void offer_pairs(const struct adl_objects *l, uint32_t i, double z_mass,
                        struct pair *best)
{
    const int32_t *charge = l->column[CHARGE].i32;
    for (uint32_t j = i + 1; j < l->stop; j++) {
        if (!adl_opposite(charge[i], charge[j])) {
            continue;
        }
        struct momentum a = adl_momentum(l, i);
        struct momentum b = adl_momentum(l, j);
        double distance = fabs(momentum_mass(&a, &b) - z_mass);
        best->any = true;
        if (distance < best->distance) {
            *best = (struct pair){true, distance, l->column, i, j};
        }
    }
}

static void find_pair(const struct adl_objects *l, double z_mass, struct pair *best)
{
    for (uint32_t i = l->first; i < l->stop; i++) {
        offer_pairs(l, i, z_mass, best);
    }
}

/* Looks for a lepton harder than *pt that is not in the pair; *phi is its direction. */
static void find_hardest(const struct adl_objects *l, const struct pair *pair, double *pt,
                         double *phi)
{
    for (uint32_t i = l->first; i < l->stop; i++) {
        bool paired = l->column == pair->kind && (i == pair->a || i == pair->b);
        double own = column_real(&l->column[PT], i);
        if (!paired && own > *pt) {
            *pt = own;
            *phi = column_real(&l->column[PHI], i);
        }
    }
}

/* An event with enough leptons. */
struct event {
    size_t at;
    struct adl_objects muons;
    struct adl_objects electrons;
};

/* NaN if no pair's distance is a number, or no pT of those left. */
static double transverse_mass(const struct batch *batch, const struct event *e,
                              const struct pair *pair)
{
    if (pair->kind == NULL) {
        return NAN;
    }
    double pt = -INFINITY;
    double phi = NAN;
    find_hardest(&e->muons, pair, &pt, &phi);
    find_hardest(&e->electrons, pair, &pt, &phi);
    double met_pt = column_real(&batch->column[MET_PT], e->at);
    double met_phi = column_real(&batch->column[MET_PHI], e->at);
    return sqrt(2 * pt * met_pt * (1 - elementary_cos(phi - met_phi)));
}

/* The events of a batch on their way to a partial. */
struct filling {
    const struct batch *batch;
    double z_mass;
    const struct simd *simd;
    struct partial *out;
};

static void fill_event(const struct filling *f, const struct event *e)
{
    double weight = batch_weight(f->batch, e->at);
    struct pair pair = {.distance = INFINITY};
    partial_pass(f->out, STEP_LEPTONS, weight);
    find_pair(&e->muons, f->z_mass, &pair);
    find_pair(&e->electrons, f->z_mass, &pair);
    if (pair.any) {
        partial_pass(f->out, STEP_PAIR, weight);
        hist_fill(&f->out->hist[0].hist, transverse_mass(f->batch, e, &pair), weight);
    }
}

/* Events whose leptons' momenta are made together. */
struct waiting {
    size_t n;
    struct event event[SIMD_BLOCK / LEPTONS_MIN_COUNT];
    struct adl_block block;
};

static void fill_waiting(const struct filling *f, struct waiting *w)
{
    adl_block_make(&w->block, f->simd);
    for (size_t i = 0; i < w->n; i++) {
        fill_event(f, &w->event[i]);
    }
    w->n = 0;
    w->block.n = 0;
}

/* The momenta of an event with more leptons than a block holds are made one by one. */
static void add_event(const struct filling *f, struct waiting *w, size_t at)
{
    const struct column *c = f->batch->column;
    struct event e = {at, adl_objects_of(&c[MUONS], at), adl_objects_of(&c[ELECTRONS], at)};
    size_t n = (size_t)(e.muons.stop - e.muons.first) + (e.electrons.stop - e.electrons.first);
    if (n < LEPTONS_MIN_COUNT) {
        return;
    }
    if (n > SIMD_BLOCK) {
        fill_event(f, &e);
        return;
    }
    if (n > SIMD_BLOCK - w->block.n) {
        fill_waiting(f, w);
    }
    (void)adl_block_add(&w->block, &e.muons);
    (void)adl_block_add(&w->block, &e.electrons);
    w->event[w->n++] = e;
}

static void process(const struct batch *batch, size_t first, size_t stop,
                    const struct settings *settings, uint32_t channels, struct partial *out)
{
    if ((channels & 1) == 0) {
        return;
    }
    const struct filling f = {batch, settings->at[Z_MASS].value, simd_choose(), out};
    struct waiting w;
    w.n = 0;
    w.block.n = 0;
    for (size_t at = first; at < stop; at++) {
        add_event(&f, &w, at);
    }
    fill_waiting(&f, &w);
    adl_pass_all(batch, first, stop, out);
}

const struct analysis analysis_adl_q8 = {
    .name = "adl-q8",
    .version = 1,
    .summary = "ADL benchmark query 8: transverse mass of missing pT and the lepton beside a Z",
    .channel = adl_channels,
    .n_channels = ARRAY_LENGTH(adl_channels),
    .parameter = parameters,
    .n_parameters = ARRAY_LENGTH(parameters),
    .need = needs,
    .n_needs = ARRAY_LENGTH(needs),
    .figure = figures,
    .n_figures = ARRAY_LENGTH(figures),
    .book = book,
    .process = process,
};
