/* SPDX-License-Identifier: Apache-2.0 */
/* adl_trijet.c - the ADL query 6: the three jets whose mass is closest to the top quark's, as adl.h
 * defines it.
 *
 * An event has 41.8 choices of three on average, and one of 57 jets 29,260: nearly all time would go
 * into their masses. So they are screened in float32 (trijet.h). Where that is not sure, all choices
 * are compared as the definition says, in float64; what is filled is made in float64 in either case. */
#include "analysis/adl.h"
#include "analysis/adl_block.h"
#include "analysis/trijet.h"
#include "base/size.h"

enum { PT, ETA, PHI, MASS, BTAG };
static const struct need needs[] = {
    /* clang-format off */
    [PT] = {"Jet_pt", "nJet", COLUMN_REAL, UNIT_GEV},
    [ETA] = {"Jet_eta", "nJet", COLUMN_REAL, UNIT_NONE},
    [PHI] = {"Jet_phi", "nJet", COLUMN_REAL, UNIT_RAD},
    [MASS] = {"Jet_mass", "nJet", COLUMN_REAL, UNIT_GEV},
    [BTAG] = {"Jet_btag", "nJet", COLUMN_REAL, UNIT_NONE},
    /* clang-format on */
};

enum { PT_AXIS, BTAG_AXIS, TOP_MASS };
static const struct parameter parameters[] = {
    /* clang-format off */
    [PT_AXIS] = {"trijet_pt_axis", PARAMETER_AXIS, "bins of trijet_pt, GeV",
        .axis = "{\"regular\": [100, 15, 40]}"},
    [BTAG_AXIS] = {"btag_axis", PARAMETER_AXIS, "bins of btag_max",
        .axis = "{\"regular\": [100, 0, 1]}"},
    [TOP_MASS] = {"top_mass_gev", PARAMETER_REAL,
        "the mass of the three jets is the one closest to this", 172.5},
    /* clang-format on */
};

static const struct figure figures[] = {
    {"trijet_pt", "pT of three jets", "GeV"},
    {"btag_max", "largest b-tag of three jets", "1"},
};
enum { HIST_PT, HIST_BTAG };

enum { STEP_ALL, STEP_TRIJET };
static const char *const step_names[] = {[STEP_ALL] = "all", [STEP_TRIJET] = "trijet"};

static int book(const struct settings *settings, struct partial *out, struct error *err)
{
    return adl_book(&analysis_adl_q6, step_names, ARRAY_LENGTH(step_names), settings, out, err);
}

struct filling {
    const struct batch *batch;
    const struct simd *simd;
    double top_mass;
    struct partial *out;
};

struct vector {
    double px, py, pz, e;
};

/* The best three jets so far, by their indexes in the event. */
struct best {
    double top_mass;
    double distance; /* infinite before there is one */
    size_t jet[TRIJET];
    struct vector sum; /* of the three */
};

static bool comes_before(const size_t a[TRIJET], const size_t b[TRIJET])
{
    if (a[0] != b[0]) {
        return a[0] < b[0];
    }
    return a[1] != b[1] ? a[1] < b[1] : a[2] < b[2];
}

static struct vector sum_of(const struct vector *a, const struct vector *b)
{
    return (struct vector){a->px + b->px, a->py + b->py, a->pz + b->pz, a->e + b->e};
}

static void best_offer(struct best *best, const struct vector *sum, const size_t jet[TRIJET])
{
    double mass2 =
        sum->e * sum->e - (sum->px * sum->px + sum->py * sum->py + sum->pz * sum->pz);
    double distance = fabs(sqrt(mass2 < 0 ? 0 : mass2) - best->top_mass);
    if (!(distance < best->distance ||
          (distance == best->distance && isfinite(distance) && comes_before(jet, best->jet)))) {
        return;
    }
    best->distance = distance;
    best->sum = *sum;
    for (size_t i = 0; i < TRIJET; i++) {
        best->jet[i] = jet[i];
    }
}

static struct vector jet_at(const struct adl_objects *jets, size_t i)
{
    struct momentum p = adl_momentum(jets, jets->first + (uint32_t)i);
    return (struct vector){p.px, p.py, p.pz, p.e};
}

/* A pair with all jets after it. */
static void offer_thirds(const struct adl_objects *jets, const size_t pair[2],
                         struct best *best)
{
    struct vector a = jet_at(jets, pair[0]);
    struct vector b = jet_at(jets, pair[1]);
    struct vector two = sum_of(&a, &b);
    for (size_t k = pair[1] + 1; k < jets->stop - jets->first; k++) {
        struct vector third = jet_at(jets, k);
        struct vector sum = sum_of(&two, &third);
        best_offer(best, &sum, (const size_t[TRIJET]){pair[0], pair[1], k});
    }
}

/* Of one event; adl_momentum makes each momentum anew if there are more than a block holds. */
static struct best find_best(const struct filling *f, struct adl_objects *jets)
{
    struct best best = {.top_mass = f->top_mass, .distance = INFINITY};
    struct adl_block block;
    block.n = 0;
    if (adl_block_add(&block, jets)) {
        adl_block_make(&block, f->simd);
    }
    size_t n = jets->stop - jets->first;
    for (size_t i = 0; i < n; i++) {
        for (size_t j = i + 1; j < n; j++) {
            offer_thirds(jets, (const size_t[2]){i, j}, &best);
        }
    }
    return best;
}

/* The three jets of an event, counted from the first of the batch, and the pT of their sum. */
static void fill(const struct filling *f, size_t event, const uint32_t jet[TRIJET], double pt)
{
    double weight = batch_weight(f->batch, event);
    const struct column *c = &f->batch->column[BTAG];
    double btag = NAN;
    for (size_t i = 0; i < TRIJET; i++) {
        double own = column_real(c, jet[i]);
        btag = isnan(btag) || own > btag ? own : btag;
    }
    hist_fill(&f->out->hist[HIST_PT].hist, pt, weight);
    hist_fill(&f->out->hist[HIST_BTAG].hist, btag, weight);
    partial_pass(f->out, STEP_TRIJET, weight);
}

static void fill_none(const struct filling *f, size_t event)
{
    double weight = batch_weight(f->batch, event);
    hist_fill(&f->out->hist[HIST_PT].hist, NAN, weight);
    hist_fill(&f->out->hist[HIST_BTAG].hist, NAN, weight);
    partial_pass(f->out, STEP_TRIJET, weight);
}

static void search(const struct filling *f, size_t event)
{
    struct adl_objects jets = adl_objects_of(f->batch->column, event);
    struct best best = find_best(f, &jets);
    if (!isfinite(best.distance)) {
        fill_none(f, event);
        return;
    }
    uint32_t jet[TRIJET];
    for (size_t i = 0; i < TRIJET; i++) {
        jet[i] = jets.first + (uint32_t)best.jet[i];
    }
    fill(f, event, jet, momentum_pt(best.sum.px, best.sum.py));
}

enum { CHOSEN_MAX = SIMD_BLOCK / TRIJET };

/* Events whose jets are known, until their momenta are made together. */
struct chosen {
    size_t n;
    size_t event[CHOSEN_MAX];
    uint32_t jet[CHOSEN_MAX][TRIJET];
    struct simd_polar polar;
    struct simd_momenta momenta;
};

static void chosen_add(struct chosen *chosen, const struct filling *f, size_t event,
                       const struct trijet *trijet)
{
    const struct column *c = f->batch->column;
    for (size_t i = 0; i < TRIJET; i++) {
        uint32_t jet = c[PT].offset[event] + trijet->jet[i];
        size_t at = TRIJET * chosen->n + i;
        chosen->jet[chosen->n][i] = jet;
        chosen->polar.pt[at] = (double)c[PT].f32[jet];
        chosen->polar.eta[at] = (double)c[ETA].f32[jet];
        chosen->polar.phi[at] = (double)c[PHI].f32[jet];
        chosen->polar.mass[at] = (double)c[MASS].f32[jet];
    }
    chosen->event[chosen->n++] = event;
}

static void chosen_fill(struct chosen *chosen, const struct filling *f)
{
    const struct simd_momenta *m = &chosen->momenta;
    simd_make(f->simd, &chosen->momenta, &chosen->polar, TRIJET * chosen->n);
    for (size_t i = 0; i < chosen->n; i++) {
        size_t at = TRIJET * i;
        double px = m->px[at] + m->px[at + 1] + m->px[at + 2];
        double py = m->py[at] + m->py[at + 1] + m->py[at + 2];
        fill(f, chosen->event[i], chosen->jet[i], momentum_pt(px, py));
    }
    chosen->n = 0;
}

/* At most TRIJET_EVENTS events. */
static void process_some(const struct filling *f, size_t first, size_t stop)
{
    const struct column *c = f->batch->column;
    const uint32_t *offset = c[PT].offset;
    struct trijet choice[TRIJET_EVENTS] = {0};
    if (f->simd != NULL && c[PT].f32 != NULL && c[ETA].f32 != NULL && c[PHI].f32 != NULL &&
        c[MASS].f32 != NULL) {
        const struct trijet_columns columns = {c[PT].f32, c[ETA].f32, c[PHI].f32, c[MASS].f32,
                                               offset};
        trijet_screen(f->simd, &columns, first, stop, f->top_mass, choice);
    }
    struct chosen chosen;
    chosen.n = 0;
    for (size_t event = first; event < stop; event++) {
        if (choice[event - first].sure) {
            chosen_add(&chosen, f, event, &choice[event - first]);
        } else if (offset[event + 1] - offset[event] >= TRIJET) {
            search(f, event);
        }
        if (chosen.n == CHOSEN_MAX) {
            chosen_fill(&chosen, f);
        }
    }
    chosen_fill(&chosen, f);
}

static void process(const struct batch *batch, size_t first, size_t stop,
                    const struct settings *settings, uint32_t channels, struct partial *out)
{
    if ((channels & 1) == 0) {
        return;
    }
    const struct filling f = {batch, simd_choose(), settings->at[TOP_MASS].value, out};
    for (size_t at = first; at < stop; at += TRIJET_EVENTS) {
        process_some(&f, at, size_min(stop, at + TRIJET_EVENTS));
    }
    adl_pass_all(batch, first, stop, out);
}

const struct analysis analysis_adl_q6 = {
    .name = "adl-q6",
    .version = 1,
    .summary = "ADL benchmark query 6: the three jets closest to the mass of a top quark",
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
