/* SPDX-License-Identifier: Apache-2.0 */
/* adl_muons.c - the ADL query 5: missing transverse momentum of events with a pair of muons from
 * a Z boson, as adl.h defines it */
#include "analysis/adl.h"
#include "analysis/adl_block.h"
#include "base/size.h"

enum { MET, PT, ETA, PHI, MASS, CHARGE }; /* from PT on as adl_block.h has it */
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

static bool in_window(const struct adl_objects *muons, uint32_t i, uint32_t j,
                      const struct setting *cut)
{
    struct momentum a = adl_momentum(muons, i);
    struct momentum b = adl_momentum(muons, j);
    double mass = momentum_mass(&a, &b);
    return mass > cut[MASS_MIN].value && mass < cut[MASS_MAX].value;
}

/* Is any pair of muon i with those after it of opposite charge and, if there are cuts, within the
 * window? */
static bool has_partner(const struct adl_objects *muons, uint32_t i, const int32_t *charge,
                        const struct setting *cut)
{
    for (uint32_t j = i + 1; j < muons->stop; j++) {
        if (adl_opposite(charge[i], charge[j]) &&
            (cut == NULL || in_window(muons, i, j, cut))) {
            return true;
        }
    }
    return false;
}

static bool has_pair(const struct adl_objects *muons, const int32_t *charge,
                     const struct setting *cut)
{
    for (uint32_t i = muons->first; i < muons->stop; i++) {
        if (has_partner(muons, i, charge, cut)) {
            return true;
        }
    }
    return false;
}

/* Events with muons of opposite charge, whose momenta are made together. */
enum { WAITING_MAX = SIMD_BLOCK / 2 };
struct waiting {
    size_t n;
    size_t event[WAITING_MAX];
    struct adl_objects muons[WAITING_MAX];
    struct adl_block block;
};

/* The events of a batch on their way to a partial. */
struct filling {
    const struct batch *batch;
    const struct setting *cut;
    const struct simd *simd;
    struct partial *out;
};

static void fill_event(const struct filling *f, size_t event, const struct adl_objects *muons)
{
    const struct column *c = f->batch->column;
    if (has_pair(muons, c[CHARGE].i32, f->cut)) {
        double weight = batch_weight(f->batch, event);
        hist_fill(&f->out->hist[0].hist, column_real(&c[MET], event), weight);
        partial_pass(f->out, STEP_PAIR, weight);
    }
}

static void fill_waiting(const struct filling *f, struct waiting *w)
{
    adl_block_make(&w->block, f->simd);
    for (size_t i = 0; i < w->n; i++) {
        fill_event(f, w->event[i], &w->muons[i]);
    }
    w->n = 0;
    w->block.n = 0;
}

static void add_event(const struct filling *f, struct waiting *w, size_t event)
{
    struct adl_objects muons = adl_objects_of(&f->batch->column[PT], event);
    if (!has_pair(&muons, f->batch->column[CHARGE].i32, NULL)) {
        return;
    }
    if (!adl_block_add(&w->block, &muons)) {
        fill_waiting(f, w);
        if (!adl_block_add(&w->block, &muons)) {
            fill_event(f, event, &muons); /* more muons than a block holds */
            return;
        }
    }
    w->event[w->n] = event;
    w->muons[w->n++] = muons;
}

static void process(const struct batch *batch, size_t first, size_t stop,
                    const struct settings *settings, uint32_t channels, struct partial *out)
{
    if ((channels & 1) == 0) {
        return;
    }
    const struct filling f = {batch, settings->at, simd_choose(), out};
    struct waiting w;
    w.n = 0;
    w.block.n = 0;
    for (size_t event = first; event < stop; event++) {
        add_event(&f, &w, event);
    }
    fill_waiting(&f, &w);
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
