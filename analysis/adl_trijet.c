/* SPDX-License-Identifier: Apache-2.0 */
/* adl_trijet.c - the ADL query 6: the three jets whose mass is closest to the top quark's, as adl.h
 * defines it.
 *
 * An event has 41.8 choices of three on average, and one of 57 jets 29,260: nearly all time would go
 * into their masses. So they are screened in float32 (trijet.h). Where that is not sure, all choices
 * are compared as the definition says, in float64; what is filled is made in float64 in either case. */
#include "analysis/adl.h"

#include <string.h>

#include "analysis/adl_block.h"
#include "analysis/adl_fill.h"
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
    struct adl_fill pt; /* of out's histograms */
    struct adl_fill btag;
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

/* The larger one of those that are numbers. */
static double larger(double a, double b)
{
    return isnan(a) || b > a ? b : a;
}

static double largest_btag(const struct column *btag, size_t first, const size_t jet[TRIJET])
{
    double two = larger(column_real(btag, first + jet[0]), column_real(btag, first + jet[1]));
    return larger(two, column_real(btag, first + jet[2]));
}

static void search(const struct filling *f, size_t event)
{
    struct adl_objects jets = adl_objects_of(f->batch->column, event);
    struct best best = find_best(f, &jets);
    double weight = batch_weight(f->batch, event);
    double pt = NAN;
    double btag = NAN;
    if (isfinite(best.distance)) {
        pt = momentum_pt(best.sum.px, best.sum.py);
        btag = largest_btag(&f->batch->column[BTAG], jets.first, best.jet);
    }
    hist_fill(f->pt.hist, pt, weight);
    hist_fill(f->btag.hist, btag, weight);
    partial_pass(f->out, STEP_TRIJET, weight);
}

/* Events whose three jets are known, as many as sum_pt takes. */
struct chosen {
    size_t n;
    size_t event[SIMD_BLOCK];
    struct simd_three jets;
    double pt[SIMD_BLOCK];
    double btag[SIMD_BLOCK];
};

static void chosen_add(struct chosen *chosen, const struct batch *batch, size_t event,
                       const uint8_t trijet[TRIJET])
{
    const struct column *c = batch->column;
    size_t first = c[PT].offset[event];
    size_t at = chosen->n++;
    for (size_t i = 0; i < TRIJET; i++) {
        chosen->jets.pt[i][at] = (double)c[PT].f32[first + trijet[i]];
        chosen->jets.phi[i][at] = (double)c[PHI].f32[first + trijet[i]];
    }
    chosen->event[at] = event;
    chosen->btag[at] =
        largest_btag(&c[BTAG], first, (const size_t[]){trijet[0], trijet[1], trijet[2]});
}

static void fill_figure(struct adl_fill *fill, const double *x, const struct chosen *chosen,
                        const struct batch *batch)
{
    if (fill->fast) {
        adl_fill_doubles(fill, x, chosen->n);
        return;
    }
    for (size_t i = 0; i < chosen->n; i++) {
        hist_fill(fill->hist, x[i], batch_weight(batch, chosen->event[i]));
    }
}

static void chosen_fill(struct chosen *chosen, struct filling *f)
{
    f->simd->sum_pt(chosen->pt, &chosen->jets, chosen->n);
    fill_figure(&f->pt, chosen->pt, chosen, f->batch);
    fill_figure(&f->btag, chosen->btag, chosen, f->batch);
    for (size_t i = 0; i < chosen->n; i++) {
        partial_pass(f->out, STEP_TRIJET, batch_weight(f->batch, chosen->event[i]));
    }
    chosen->n = 0;
}

/* Whether there was one: of columns of double or without vectors there is none. */
static bool screen(const struct filling *f, size_t first, size_t stop, struct trijet *choice)
{
    const struct column *c = f->batch->column;
    if (f->simd == NULL || c[PT].f32 == NULL || c[ETA].f32 == NULL || c[PHI].f32 == NULL ||
        c[MASS].f32 == NULL) {
        return false;
    }
    const struct trijet_columns columns = {c[PT].f32, c[ETA].f32, c[PHI].f32, c[MASS].f32,
                                           c[PT].offset};
    trijet_screen(f->simd, &columns, first, stop, f->top_mass, choice);
    return true;
}

/* The events of which it is sure, and the others of at least three jets: without a branch
 * that no processor foresees. */
struct parts {
    size_t n_sure;
    size_t n_other;
    uint16_t sure[TRIJET_EVENTS];
    uint16_t other[TRIJET_EVENTS];
};

/* Into empty parts. */
static void split(struct parts *parts, const uint32_t *offset, size_t n_events,
                  const struct trijet *choice)
{
    for (size_t e = 0; e < n_events; e++) {
        unsigned sure = choice[e].sure;
        parts->sure[parts->n_sure] = (uint16_t)e;
        parts->n_sure += sure;
        parts->other[parts->n_other] = (uint16_t)e;
        parts->n_other += (sure ^ 1) & (offset[e + 1] - offset[e] >= TRIJET);
    }
}

/* At most TRIJET_EVENTS events. */
static void process_some(struct filling *f, size_t first, size_t stop)
{
    struct trijet choice[TRIJET_EVENTS];
    struct parts parts = {0};
    if (!screen(f, first, stop, choice)) {
        memset(choice, 0, sizeof choice);
    }
    split(&parts, f->batch->column[PT].offset + first, stop - first, choice);
    struct chosen chosen;
    chosen.n = 0;
    for (size_t i = 0; i < parts.n_sure; i++) {
        size_t e = parts.sure[i];
        chosen_add(&chosen, f->batch, first + e, choice[e].jet);
        if (chosen.n == SIMD_BLOCK || i + 1 == parts.n_sure) {
            chosen_fill(&chosen, f);
        }
    }
    for (size_t i = 0; i < parts.n_other; i++) {
        search(f, first + parts.other[i]);
    }
}

static void process(const struct batch *batch, size_t first, size_t stop,
                    const struct settings *settings, uint32_t channels, struct partial *out)
{
    if ((channels & 1) == 0) {
        return;
    }
    struct filling f = {.batch = batch,
                        .simd = simd_choose(),
                        .top_mass = settings->at[TOP_MASS].value,
                        .out = out};
    adl_fill_begin(&f.pt, &out->hist[HIST_PT].hist);
    adl_fill_begin(&f.btag, &out->hist[HIST_BTAG].hist);
    for (size_t at = first; at < stop; at += TRIJET_EVENTS) {
        process_some(&f, at, size_min(stop, at + TRIJET_EVENTS));
    }
    adl_fill_end(&f.pt);
    adl_fill_end(&f.btag);
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
