/* SPDX-License-Identifier: Apache-2.0 */
/* adl_clean.c - the ADL query 7: the scalar sum of pT of jets that are not near to a lepton, as
 * adl.h defines it */
#include "analysis/adl.h"
#include "base/size.h"

/* A kind of object's columns, counted from its first need. */
enum { PT, ETA, PHI, N_OBJECT_NEEDS };
enum { JETS = 0, MUONS = N_OBJECT_NEEDS, ELECTRONS = 2 * N_OBJECT_NEEDS };
static const struct need needs[] = {
    /* clang-format off */
    [JETS + PT] = {"Jet_pt", "nJet", COLUMN_REAL, UNIT_GEV},
    [JETS + ETA] = {"Jet_eta", "nJet", COLUMN_REAL, UNIT_NONE},
    [JETS + PHI] = {"Jet_phi", "nJet", COLUMN_REAL, UNIT_RAD},
    [MUONS + PT] = {"Muon_pt", "nMuon", COLUMN_REAL, UNIT_GEV},
    [MUONS + ETA] = {"Muon_eta", "nMuon", COLUMN_REAL, UNIT_NONE},
    [MUONS + PHI] = {"Muon_phi", "nMuon", COLUMN_REAL, UNIT_RAD},
    [ELECTRONS + PT] = {"Electron_pt", "nElectron", COLUMN_REAL, UNIT_GEV},
    [ELECTRONS + ETA] = {"Electron_eta", "nElectron", COLUMN_REAL, UNIT_NONE},
    [ELECTRONS + PHI] = {"Electron_phi", "nElectron", COLUMN_REAL, UNIT_RAD},
    /* clang-format on */
};

enum { SUM_PT_AXIS, JET_PT_MIN, LEPTON_PT_MIN, DELTA_R_MIN };
static const struct parameter parameters[] = {
    /* clang-format off */
    [SUM_PT_AXIS] = {"sum_pt_axis", PARAMETER_AXIS, "bins of sum_pt, GeV",
        .axis = "{\"regular\": [100, 15, 200]}"},
    [JET_PT_MIN] = {"jet_pt_min_gev", PARAMETER_REAL, "jets: pT above this", 30},
    [LEPTON_PT_MIN] = {"lepton_pt_min_gev", PARAMETER_REAL,
        "muons and electrons that take a jet away: pT above this", 10},
    [DELTA_R_MIN] = {"delta_r_min", PARAMETER_REAL,
        "jets: no such lepton nearer in eta and phi than this", 0.4},
    /* clang-format on */
};

static const struct figure figures[] = {{"sum_pt", "sum of jet pT", "GeV", .log_y = true}};

enum { STEP_ALL, STEP_JETS };
static const char *const step_names[] = {[STEP_ALL] = "all", [STEP_JETS] = "jets"};

static int book(const struct settings *settings, struct partial *out, struct error *err)
{
    return adl_book(&analysis_adl_q7, step_names, ARRAY_LENGTH(step_names), settings, out, err);
}

/* Is a lepton of this kind, of the event, near to this direction? */
static bool near_lepton(const struct column *lepton, size_t event, double eta, double phi,
                        const struct setting *cut)
{
    double r_min = cut[DELTA_R_MIN].value;
    const uint32_t *offset = lepton[PT].offset;
    for (uint32_t i = offset[event]; i < offset[event + 1]; i++) {
        if (!(column_real(&lepton[PT], i) > cut[LEPTON_PT_MIN].value)) {
            continue;
        }
        double deta = eta - column_real(&lepton[ETA], i);
        double dphi = adl_delta_phi(phi, column_real(&lepton[PHI], i));
        if (deta * deta + dphi * dphi < r_min * r_min) {
            return true;
        }
    }
    return false;
}

static void fill_event(const struct batch *batch, size_t event, const struct setting *cut,
                       struct partial *out)
{
    const struct column *c = batch->column;
    const uint32_t *offset = c[JETS + PT].offset;
    double sum = 0;
    bool any = false;
    for (uint32_t i = offset[event]; i < offset[event + 1]; i++) {
        double pt = column_real(&c[JETS + PT], i);
        if (!(pt > cut[JET_PT_MIN].value)) {
            continue;
        }
        double eta = column_real(&c[JETS + ETA], i);
        double phi = column_real(&c[JETS + PHI], i);
        if (!near_lepton(&c[MUONS], event, eta, phi, cut) &&
            !near_lepton(&c[ELECTRONS], event, eta, phi, cut)) {
            sum += pt;
            any = true;
        }
    }
    double weight = batch_weight(batch, event);
    hist_fill(&out->hist[0].hist, sum, weight);
    if (any) {
        partial_pass(out, STEP_JETS, weight);
    }
}

static void process(const struct batch *batch, size_t first, size_t stop,
                    const struct settings *settings, uint32_t channels, struct partial *out)
{
    if ((channels & 1) == 0) {
        return;
    }
    for (size_t event = first; event < stop; event++) {
        fill_event(batch, event, settings->at, out);
    }
    adl_pass_all(batch, first, stop, out);
}

const struct analysis analysis_adl_q7 = {
    .name = "adl-q7",
    .version = 1,
    .summary = "ADL benchmark query 7: sum of pT of jets away from leptons",
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
