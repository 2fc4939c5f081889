/* SPDX-License-Identifier: Apache-2.0 */
/* adl_leptons.c - the ADL query 8: the transverse mass of missing pT and the hardest lepton that
 * is not of the Z boson, as adl.h defines it */
#include "analysis/adl.h"
#include "analysis/elementary.h"
#include "analysis/kinematics.h"
#include "base/size.h"

enum { MET_PT, MET_PHI, MUONS };
/* A kind of lepton's columns, counted from its first need. */
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

/* The leptons of one kind in one event. */
struct leptons {
    const struct column *column; /* from its first need */
    uint32_t first;
    uint32_t stop;
};

/* The pair that is closest to the Z boson so far. */
struct pair {
    bool any;        /* a pair there was, with whatever mass */
    double distance; /* of the closest; infinite before there is one */
    const struct column *kind;
    uint32_t a;
    uint32_t b;
};

static struct leptons leptons_of(const struct batch *batch, size_t need, size_t event)
{
    const struct column *c = &batch->column[need];
    return (struct leptons){
        .column = c, .first = c[PT].offset[event], .stop = c[PT].offset[event + 1]};
}

static struct momentum lepton(const struct column *c, uint32_t i)
{
    return momentum_polar(column_real(&c[PT], i), column_real(&c[ETA], i),
                          column_real(&c[PHI], i), column_real(&c[MASS], i));
}

/* The pairs of lepton i with those after it. */
static void offer_pairs(const struct leptons *l, uint32_t i, double z_mass, struct pair *best)
{
    const struct column *c = l->column;
    const int32_t *charge = c[CHARGE].i32;
    struct momentum a = lepton(c, i);
    for (uint32_t j = i + 1; j < l->stop; j++) {
        if (!adl_opposite(charge[i], charge[j])) {
            continue;
        }
        struct momentum b = lepton(c, j);
        double distance = fabs(momentum_mass(&a, &b) - z_mass);
        best->any = true;
        if (distance < best->distance) {
            *best = (struct pair){true, distance, c, i, j};
        }
    }
}

static void find_pair(const struct leptons *l, double z_mass, struct pair *best)
{
    for (uint32_t i = l->first; i < l->stop; i++) {
        offer_pairs(l, i, z_mass, best);
    }
}

/* Looks for a lepton harder than *pt that is not in the pair; *phi is its direction. */
static void find_hardest(const struct leptons *l, const struct pair *pair, double *pt,
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

/* NaN if no pair's distance is a number, or no pT of those left. */
static double transverse_mass(const struct batch *batch, size_t event, const struct pair *pair,
                              const struct leptons *muons, const struct leptons *electrons)
{
    if (pair->kind == NULL) {
        return NAN;
    }
    double pt = -INFINITY;
    double phi = NAN;
    find_hardest(muons, pair, &pt, &phi);
    find_hardest(electrons, pair, &pt, &phi);
    double met_pt = column_real(&batch->column[MET_PT], event);
    double met_phi = column_real(&batch->column[MET_PHI], event);
    return sqrt(2 * pt * met_pt * (1 - elementary_cos(phi - met_phi)));
}

static void fill_event(const struct batch *batch, size_t event, double z_mass,
                       struct partial *out)
{
    struct leptons muons = leptons_of(batch, MUONS, event);
    struct leptons electrons = leptons_of(batch, ELECTRONS, event);
    uint64_t n = (uint64_t)(muons.stop - muons.first) + (electrons.stop - electrons.first);
    if (n < LEPTONS_MIN_COUNT) {
        return;
    }
    double weight = batch_weight(batch, event);
    partial_pass(out, STEP_LEPTONS, weight);
    struct pair pair = {.distance = INFINITY};
    find_pair(&muons, z_mass, &pair);
    find_pair(&electrons, z_mass, &pair);
    if (pair.any) {
        partial_pass(out, STEP_PAIR, weight);
        hist_fill(&out->hist[0].hist, transverse_mass(batch, event, &pair, &muons, &electrons),
                  weight);
    }
}

static void process(const struct batch *batch, size_t first, size_t stop,
                    const struct settings *settings, uint32_t channels, struct partial *out)
{
    if ((channels & 1) == 0) {
        return;
    }
    for (size_t event = first; event < stop; event++) {
        fill_event(batch, event, settings->at[Z_MASS].value, out);
    }
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
