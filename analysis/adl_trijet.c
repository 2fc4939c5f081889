/* SPDX-License-Identifier: Apache-2.0 */
/* adl_trijet.c - the ADL query 6: the three jets whose mass is closest to the top quark's, as adl.h
 * defines it.
 *
 * An event has 41.8 choices of three on average, and one of 57 jets 29,260: nearly all time would go
 * into their masses. So they are screened first (trijet.h), and what the screen leaves, one or two
 * choices of most events, is compared as the definition says, in float64. */
#include "analysis/adl.h"
#include "analysis/kinematics.h"
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

enum { TRIJET = 3 };

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

static struct vector vector_at(const struct simd_momenta *m, size_t i)
{
    return (struct vector){m->px[i], m->py[i], m->pz[i], m->e[i]};
}

/* False if the screen is of no use for this event. */
static bool find_best(const struct simd *simd, const struct simd_momenta *momenta, size_t first,
                      size_t n, struct best *best)
{
    struct simd_triples screen;
    if (!trijet_screen(simd, &screen, momenta, first, n, best->top_mass)) {
        return false;
    }
    size_t jet[TRIJET];
    for (size_t at = 0; trijet_next(simd, &screen, &at, jet);) {
        const struct vector a = vector_at(momenta, first + jet[0]);
        const struct vector b = vector_at(momenta, first + jet[1]);
        const struct vector third = vector_at(momenta, first + jet[2]);
        struct vector sum = sum_of(&a, &b);
        sum = sum_of(&sum, &third);
        best_offer(best, &sum, jet);
    }
    return true;
}

static struct vector jet_at(const struct column *c, uint32_t i)
{
    struct momentum p = momentum_polar(column_real(&c[PT], i), column_real(&c[ETA], i),
                                       column_real(&c[PHI], i), column_real(&c[MASS], i));
    return (struct vector){p.px, p.py, p.pz, p.e};
}

/* A pair with all jets after it. */
static void offer_thirds(const struct column *c, uint32_t first, size_t n, const size_t pair[2],
                         struct best *best)
{
    struct vector a = jet_at(c, first + (uint32_t)pair[0]);
    struct vector b = jet_at(c, first + (uint32_t)pair[1]);
    struct vector two = sum_of(&a, &b);
    for (size_t k = pair[1] + 1; k < n; k++) {
        struct vector third = jet_at(c, first + (uint32_t)k);
        struct vector sum = sum_of(&two, &third);
        best_offer(best, &sum, (const size_t[TRIJET]){pair[0], pair[1], k});
    }
}

/* The same for any number of jets and any numbers, one by one. */
static void find_best_slowly(const struct column *c, uint32_t first, size_t n,
                             struct best *best)
{
    for (size_t i = 0; i < n; i++) {
        for (size_t j = i + 1; j < n; j++) {
            offer_thirds(c, first, n, (const size_t[2]){i, j}, best);
        }
    }
}

/* An event with at least three jets; first is the first of them. */
static void fill_event(const struct column *c, uint32_t first, const struct best *best,
                       double weight, struct partial *out)
{
    double pt = NAN;
    double btag = NAN;
    if (isfinite(best->distance)) {
        pt = momentum_pt(best->sum.px, best->sum.py);
        for (size_t i = 0; i < TRIJET; i++) {
            double own = column_real(&c[BTAG], first + best->jet[i]);
            btag = isnan(btag) || own > btag ? own : btag;
        }
    }
    hist_fill(&out->hist[HIST_PT].hist, pt, weight);
    hist_fill(&out->hist[HIST_BTAG].hist, btag, weight);
    partial_pass(out, STEP_TRIJET, weight);
}

/* Values [first, first + n) of a column that is present. */
static void copy_reals(const struct column *c, size_t first, size_t n, double *out)
{
    for (size_t i = 0; i < n; i++) {
        out[i] = c->f32 != NULL ? (double)c->f32[first + i] : c->f64[first + i];
    }
}

static void make_momenta(const struct simd *simd, const struct column *c, uint32_t first,
                         size_t n, struct simd_momenta *out)
{
    struct simd_polar polar;
    copy_reals(&c[PT], first, n, polar.pt);
    copy_reals(&c[ETA], first, n, polar.eta);
    copy_reals(&c[PHI], first, n, polar.phi);
    copy_reals(&c[MASS], first, n, polar.mass);
    simd_make(simd, out, &polar, n);
}

/* Events whose jets are at most SIMD_BLOCK together, or one event. */
struct block {
    const struct batch *batch;
    size_t first;
    size_t stop;
};

static struct block block_from(const struct batch *batch, size_t first, size_t stop)
{
    const uint32_t *offset = batch->column[PT].offset;
    size_t end = first + 1;
    while (end < stop && offset[end + 1] - offset[first] <= SIMD_BLOCK) {
        end++;
    }
    return (struct block){batch, first, end};
}

static void process_block(const struct block *block, const struct simd *simd, double top_mass,
                          struct partial *out)
{
    const struct column *c = block->batch->column;
    const uint32_t *offset = c[PT].offset;
    size_t first_jet = offset[block->first];
    size_t n_jets = offset[block->stop] - first_jet;
    struct simd_momenta jets;
    if (n_jets <= SIMD_BLOCK) {
        make_momenta(simd, c, offset[block->first], n_jets, &jets);
    }
    for (size_t event = block->first; event < block->stop; event++) {
        size_t n = offset[event + 1] - offset[event];
        if (n < TRIJET) {
            continue;
        }
        struct best best = {.top_mass = top_mass, .distance = INFINITY};
        if (simd == NULL || n > SIMD_JETS_MAX ||
            !find_best(simd, &jets, offset[event] - first_jet, n, &best)) {
            find_best_slowly(c, offset[event], n, &best);
        }
        fill_event(c, offset[event], &best, batch_weight(block->batch, event), out);
    }
}

static void process(const struct batch *batch, size_t first, size_t stop,
                    const struct settings *settings, uint32_t channels, struct partial *out)
{
    if ((channels & 1) == 0) {
        return;
    }
    const struct simd *simd = simd_choose();
    for (size_t event = first; event < stop;) {
        struct block block = block_from(batch, event, stop);
        process_block(&block, simd, settings->at[TOP_MASS].value, out);
        event = block.stop;
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
