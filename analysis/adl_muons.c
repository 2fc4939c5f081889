/* SPDX-License-Identifier: Apache-2.0 */
/* adl_muons.c - the ADL query 5: missing transverse momentum of events with a pair of muons from
 * a Z boson, as adl.h defines it */
#include "analysis/adl.h"
#include "analysis/kinematics.h"
#include "base/size.h"

enum { MET, PT, ETA, PHI, MASS, CHARGE };
static const struct need needs[] = {
    /* clang-format off */
    [MET] = {"MET_pt", NULL, COLUMN_REAL, UNIT_GEV},
    [PT] = {"Muon_pt", "nMuon", COLUMN_REAL, UNIT_GEV},
    [ETA] = {"Muon_eta", "nMuon", COLUMN_REAL, UNIT_NONE},
    [PHI] = {"Muon_phi", "nMuon", COLUMN_REAL, UNIT_RAD},
    [MASS] = {"Muon_mass", "nMuon", COLUMN_REAL, UNIT_GEV},
    [CHARGE] = {"Muon_charge", "nMuon", COLUMN_INTEGER, UNIT_NONE},
    /* clang-format on */
};

enum { MET_AXIS, MASS_MIN, MASS_MAX };
static const struct parameter parameters[] = {
    /* clang-format off */
    [MET_AXIS] = {"met_axis", PARAMETER_AXIS, "bins of met, GeV",
        .axis = "{\"regular\": [100, 0, 2000]}"},
    [MASS_MIN] = {"mass_min_gev", PARAMETER_REAL, "mass of the pair above this", 60},
    [MASS_MAX] = {"mass_max_gev", PARAMETER_REAL, "mass of the pair below this", 120},
    /* clang-format on */
};

static const struct figure figures[] = {{"met", "missing pT", "GeV", .log_y = true}};

enum { STEP_ALL, STEP_PAIR };
static const char *const step_names[] = {[STEP_ALL] = "all", [STEP_PAIR] = "pair"};

static int book(const struct settings *settings, struct partial *out, struct error *err)
{
    return adl_book(&analysis_adl_q5, step_names, ARRAY_LENGTH(step_names), settings, out, err);
}

static struct momentum muon(const struct column *c, uint32_t i)
{
    return momentum_polar(column_real(&c[PT], i), column_real(&c[ETA], i),
                          column_real(&c[PHI], i), column_real(&c[MASS], i));
}

static bool in_window(const struct column *c, uint32_t i, uint32_t j, const struct setting *cut)
{
    struct momentum a = muon(c, i);
    struct momentum b = muon(c, j);
    double mass = momentum_mass(&a, &b);
    return mass > cut[MASS_MIN].value && mass < cut[MASS_MAX].value;
}

/* Is any pair of muon i with those after it of opposite charge and within the window? */
static bool has_partner(const struct column *c, uint32_t i, uint32_t stop,
                        const struct setting *cut)
{
    const int32_t *charge = c[CHARGE].i32;
    for (uint32_t j = i + 1; j < stop; j++) {
        if (adl_opposite(charge[i], charge[j]) && in_window(c, i, j, cut)) {
            return true;
        }
    }
    return false;
}

static bool has_pair(const struct column *c, uint32_t first, uint32_t stop,
                     const struct setting *cut)
{
    for (uint32_t i = first; i < stop; i++) {
        if (has_partner(c, i, stop, cut)) {
            return true;
        }
    }
    return false;
}

static void process(const struct batch *batch, size_t first, size_t stop,
                    const struct settings *settings, uint32_t channels, struct partial *out)
{
    if ((channels & 1) == 0) {
        return;
    }
    const uint32_t *offset = batch->column[CHARGE].offset;
    for (size_t event = first; event < stop; event++) {
        if (has_pair(batch->column, offset[event], offset[event + 1], settings->at)) {
            double weight = batch_weight(batch, event);
            hist_fill(&out->hist[0].hist, column_real(&batch->column[MET], event), weight);
            partial_pass(out, STEP_PAIR, weight);
        }
    }
    adl_pass_all(batch, first, stop, out);
}

const struct analysis analysis_adl_q5 = {
    .name = "adl-q5",
    .version = 1,
    .summary = "ADL benchmark query 5: missing pT of events with a Z boson to two muons",
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
