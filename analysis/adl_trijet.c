/* SPDX-License-Identifier: Apache-2.0 */
/* adl_trijet.c - the ADL query 6: the three jets whose mass is closest to the top quark's, as adl.h
 * defines it.
 *
 * An event has 41.8 choices of three on average, and one of 57 jets 29,260: nearly all time goes
 * into their masses. So the squares of the masses of all pairs with one third jet are made in one
 * loop without branches, which also says whether any lies in the window in which it could beat
 * the best so far. Only then, a few times an event, are they looked at one by one. */
#include <string.h>

#include "analysis/adl.h"
#include "analysis/kinematics.h"
#include "analysis/momenta.h"
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

enum {
    TRIJET = 3,
    JETS_MAX = 64, /* of an event on the fast path */
    PAIRS_MAX = JETS_MAX * (JETS_MAX - 1) / 2,
};

struct vector {
    double px, py, pz, e;
};

/* The best three jets so far, by their indexes in the event. */
struct best {
    double top_mass;
    double distance; /* infinite before there is one */
    size_t jet[TRIJET];
    double low2; /* what is closer, or as close, has a square of its mass in [low2, high2] */
    double high2;
};

static void best_init(struct best *best, double top_mass)
{
    *best = (struct best){
        .top_mass = top_mass, .distance = INFINITY, .low2 = -INFINITY, .high2 = INFINITY};
}

static bool comes_before(const size_t a[TRIJET], const size_t b[TRIJET])
{
    if (a[0] != b[0]) {
        return a[0] < b[0];
    }
    return a[1] != b[1] ? a[1] < b[1] : a[2] < b[2];
}

/* The distance is compared as adl.h says, exactly; the window around it only has to hold all that
 * could pass, whatever the rounding of the root and of the difference: far less than 1e-12 of the
 * largest mass that is compared. */
static void best_offer(struct best *best, double mass2, const size_t jet[TRIJET])
{
    double distance = fabs(sqrt(mass2 < 0 ? 0 : mass2) - best->top_mass);
    if (!(distance < best->distance ||
          (distance == best->distance && isfinite(distance) && comes_before(jet, best->jet)))) {
        return;
    }
    best->distance = distance;
    for (size_t i = 0; i < TRIJET; i++) {
        best->jet[i] = jet[i];
    }
    double high = (best->top_mass + distance) * (1 + 1e-12);
    double low = best->top_mass - distance - 1e-12 * high;
    best->high2 = high * high;
    best->low2 = low > 0 ? low * low : -INFINITY;
}

static inline uint64_t bits_of(double x)
{
    uint64_t bits = 0;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

static double mass2_of(const struct vector *v)
{
    return v->e * v->e - (v->px * v->px + v->py * v->py + v->pz * v->pz);
}

static struct vector sum_of(const struct vector *a, const struct vector *b)
{
    return (struct vector){a->px + b->px, a->py + b->py, a->pz + b->pz, a->e + b->e};
}

/* The sums of all pairs (i, j) of an event's first jets, by rising j and then i. */
struct pairs {
    size_t n;
    double px[PAIRS_MAX];
    double py[PAIRS_MAX];
    double pz[PAIRS_MAX];
    double e[PAIRS_MAX];
    double mass2[PAIRS_MAX]; /* with the third jet of the last trijet_masses */
};

/* The pairs of jet j with all before it. */
static void pairs_add(struct pairs *pairs, const struct momenta *jet, size_t first, size_t j)
{
    for (size_t i = 0; i < j; i++) {
        size_t at = pairs->n + i;
        pairs->px[at] = jet->px[first + i] + jet->px[first + j];
        pairs->py[at] = jet->py[first + i] + jet->py[first + j];
        pairs->pz[at] = jet->pz[first + i] + jet->pz[first + j];
        pairs->e[at] = jet->e[first + i] + jet->e[first + j];
    }
    pairs->n += j;
}

/* The squares of the masses of all pairs with this jet; false if none of them is in [low2, high2].
 * Outside is where a difference has the sign bit: and and or of bits are what every vector unit
 * has. (A NaN may have either sign: best_offer's caller compares.) */
static bool trijet_masses(struct pairs *pairs, const struct vector *jet, double low2,
                          double high2)
{
    const uint64_t sign = UINT64_C(1) << 63;
    uint64_t outside = sign;
    for (size_t i = 0; i < pairs->n; i++) {
        double px = pairs->px[i] + jet->px;
        double py = pairs->py[i] + jet->py;
        double pz = pairs->pz[i] + jet->pz;
        double e = pairs->e[i] + jet->e;
        double mass2 = e * e - (px * px + py * py + pz * pz);
        pairs->mass2[i] = mass2;
        outside &= bits_of(mass2 - low2) | bits_of(high2 - mass2);
    }
    return (outside & sign) == 0;
}

/* Offers those of the pairs (0, j) to (j - 1, j), which begin at this place, that are in the window
 * with the third jet k. */
static void offer_pairs(const struct pairs *pairs, size_t at, size_t j, size_t k,
                        struct best *best)
{
    for (size_t i = 0; i < j; i++) {
        double mass2 = pairs->mass2[at + i];
        if (mass2 >= best->low2 && mass2 <= best->high2) {
            best_offer(best, mass2, (const size_t[TRIJET]){i, j, k});
        }
    }
}

static void offer_all(const struct pairs *pairs, size_t k, struct best *best)
{
    size_t at = 0;
    for (size_t j = 1; j < k; j++) {
        offer_pairs(pairs, at, j, k, best);
        at += j;
    }
}

/* The best of the n jets from the first on, at most JETS_MAX. */
static void find_best(const struct momenta *jet, size_t first, size_t n, struct best *best)
{
    struct pairs pairs; /* as much as is used is filled */
    pairs.n = 0;
    for (size_t k = 1; k < n; k++) {
        const struct vector third = {jet->px[first + k], jet->py[first + k], jet->pz[first + k],
                                     jet->e[first + k]};
        if (trijet_masses(&pairs, &third, best->low2, best->high2)) {
            offer_all(&pairs, k, best);
        }
        pairs_add(&pairs, jet, first, k);
    }
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
    struct vector sum = sum_of(&a, &b);
    for (size_t k = pair[1] + 1; k < n; k++) {
        struct vector third = jet_at(c, first + (uint32_t)k);
        struct vector all = sum_of(&sum, &third);
        best_offer(best, mass2_of(&all), (const size_t[TRIJET]){pair[0], pair[1], k});
    }
}

/* The same for any number of jets, one by one. */
static void find_best_of_many(const struct column *c, uint32_t first, size_t n,
                              struct best *best)
{
    for (size_t i = 0; i < n; i++) {
        for (size_t j = i + 1; j < n; j++) {
            offer_thirds(c, first, n, (const size_t[2]){i, j}, best);
        }
    }
}

/* first: of the event's jets. */
static void fill_event(const struct column *c, uint32_t first, const struct best *best,
                       double weight, struct partial *out)
{
    double pt = NAN;
    double btag = NAN;
    if (isfinite(best->distance)) {
        struct vector sum = {0, 0, 0, 0};
        for (size_t i = 0; i < TRIJET; i++) {
            uint32_t at = first + (uint32_t)best->jet[i];
            struct vector jet = jet_at(c, at);
            sum = sum_of(&sum, &jet);
            double own = column_real(&c[BTAG], at);
            btag = isnan(btag) || own > btag ? own : btag;
        }
        pt = momentum_pt(sum.px, sum.py);
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

static void make_momenta(const struct column *c, uint32_t first, size_t n, struct momenta *out)
{
    struct momenta_polar polar;
    copy_reals(&c[PT], first, n, polar.pt);
    copy_reals(&c[ETA], first, n, polar.eta);
    copy_reals(&c[PHI], first, n, polar.phi);
    copy_reals(&c[MASS], first, n, polar.mass);
    momenta_from_polar(out, &polar, n);
}

/* The end of as many events as have their jets in MOMENTA_MAX together, at least one. */
static size_t block_end(const uint32_t *offset, size_t event, size_t stop)
{
    size_t end = event + 1;
    while (end < stop && offset[end + 1] - offset[event] <= MOMENTA_MAX) {
        end++;
    }
    return end;
}

static void process_block(const struct batch *batch, size_t first, size_t stop, double top_mass,
                          struct partial *out)
{
    const struct column *c = batch->column;
    const uint32_t *offset = c[PT].offset;
    size_t n_jets = offset[stop] - offset[first];
    struct momenta jets;
    if (n_jets <= MOMENTA_MAX) {
        make_momenta(c, offset[first], n_jets, &jets);
    }
    for (size_t event = first; event < stop; event++) {
        size_t n = offset[event + 1] - offset[event];
        struct best best;
        best_init(&best, top_mass);
        if (n > JETS_MAX) {
            find_best_of_many(c, offset[event], n, &best);
        } else if (n >= TRIJET) {
            find_best(&jets, offset[event] - offset[first], n, &best);
        }
        if (n >= TRIJET) {
            fill_event(c, offset[event], &best, batch_weight(batch, event), out);
        }
    }
}

static void process(const struct batch *batch, size_t first, size_t stop,
                    const struct settings *settings, uint32_t channels, struct partial *out)
{
    if ((channels & 1) == 0) {
        return;
    }
    const uint32_t *offset = batch->column[PT].offset;
    for (size_t event = first; event < stop;) {
        size_t end = block_end(offset, event, stop);
        process_block(batch, event, end, settings->at[TOP_MASS].value, out);
        event = end;
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
