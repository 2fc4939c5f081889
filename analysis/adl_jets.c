/* SPDX-License-Identifier: Apache-2.0 */
/* adl_jets.c - the ADL queries 1 to 4: missing transverse momentum and jets one by one; their
 * definitions are in adl.h */
#include <endian.h>
#include <string.h>

#include "analysis/adl.h"
#include "analysis/adl_fill.h"
#include "base/size.h"

enum { AXIS, JETS_MIN_COUNT = 2 };
enum { STEP_ALL, STEP_JETS };
static const char *const step_names[] = {[STEP_ALL] = "all", [STEP_JETS] = "jets"};

#define MET_AXIS                                                                               \
    {                                                                                          \
        "met_axis", PARAMETER_AXIS, "bins of met, GeV",                                        \
            .axis = "{\"regular\": [100, 0, 2000]}"                                            \
    }
#define JET_PT_AXIS                                                                            \
    {                                                                                          \
        "jet_pt_axis", PARAMETER_AXIS, "bins of jet_pt, GeV",                                  \
            .axis = "{\"regular\": [100, 15, 60]}"                                             \
    }

static const struct figure met_figure[] = {{"met", "missing pT", "GeV", .log_y = true}};
static const struct figure jet_figure[] = {{"jet_pt", "jet pT", "GeV"}};

/* Query 1 */

enum { Q1_MET };
static const struct need q1_needs[] = {
    [Q1_MET] = {"MET_pt", NULL, COLUMN_REAL, UNIT_GEV},
};
static const struct parameter q1_parameters[] = {[AXIS] = MET_AXIS};

static int q1_book(const struct settings *settings, struct partial *out, struct error *err)
{
    return adl_book(&analysis_adl_q1, step_names, 1, settings, out, err);
}

static void q1_process(const struct batch *batch, size_t first, size_t stop,
                       const struct settings *settings, uint32_t channels, struct partial *out)
{
    (void)settings;
    if ((channels & 1) == 0) {
        return;
    }
    const struct column met = batch->column[Q1_MET]; /* a copy: its type is looked at once */
    struct hist *hist = &out->hist[0].hist;
    struct adl_fill fill;
    adl_fill_begin(&fill, hist);
    if (fill.fast && met.f32 != NULL) {
        adl_fill_floats(&fill, met.f32 + first, stop - first);
    } else {
        for (size_t event = first; event < stop; event++) {
            hist_fill(hist, column_real(&met, event), batch_weight(batch, event));
        }
    }
    adl_fill_end(&fill);
    adl_pass_all(batch, first, stop, out);
}

const struct analysis analysis_adl_q1 = {
    .name = "adl-q1",
    .version = 1,
    .summary = "ADL benchmark query 1: missing transverse momentum of all events",
    .channel = adl_channels,
    .n_channels = ARRAY_LENGTH(adl_channels),
    .parameter = q1_parameters,
    .n_parameters = ARRAY_LENGTH(q1_parameters),
    .need = q1_needs,
    .n_needs = ARRAY_LENGTH(q1_needs),
    .figure = met_figure,
    .n_figures = ARRAY_LENGTH(met_figure),
    .book = q1_book,
    .process = q1_process,
};

/* The weight of jet i; *event is that of the jet before it, and moves on. */
static double jet_weight(const struct batch *batch, const uint32_t *offset, uint32_t i,
                         size_t *event)
{
    if (batch->weight == NULL) {
        return 1;
    }
    while (i >= offset[*event + 1]) {
        (*event)++;
    }
    return batch->weight[*event];
}

/* Query 2 */

enum { Q2_PT };
static const struct need q2_needs[] = {
    [Q2_PT] = {"Jet_pt", "nJet", COLUMN_REAL, UNIT_GEV},
};
static const struct parameter q2_parameters[] = {[AXIS] = JET_PT_AXIS};

static int q2_book(const struct settings *settings, struct partial *out, struct error *err)
{
    return adl_book(&analysis_adl_q2, step_names, 1, settings, out, err);
}

static void q2_process(const struct batch *batch, size_t first, size_t stop,
                       const struct settings *settings, uint32_t channels, struct partial *out)
{
    (void)settings;
    if ((channels & 1) == 0) {
        return;
    }
    const struct column pt = batch->column[Q2_PT];
    uint32_t begin = pt.offset[first];
    uint32_t end = pt.offset[stop];
    struct hist *hist = &out->hist[0].hist;
    struct adl_fill fill;
    adl_fill_begin(&fill, hist);
    if (fill.fast && pt.f32 != NULL) {
        adl_fill_floats(&fill, pt.f32 + begin, end - begin);
    } else {
        size_t event = first;
        for (uint32_t i = begin; i < end; i++) {
            hist_fill(hist, column_real(&pt, i), jet_weight(batch, pt.offset, i, &event));
        }
    }
    adl_fill_end(&fill);
    adl_pass_all(batch, first, stop, out);
}

const struct analysis analysis_adl_q2 = {
    .name = "adl-q2",
    .version = 1,
    .summary = "ADL benchmark query 2: transverse momentum of all jets",
    .channel = adl_channels,
    .n_channels = ARRAY_LENGTH(adl_channels),
    .parameter = q2_parameters,
    .n_parameters = ARRAY_LENGTH(q2_parameters),
    .need = q2_needs,
    .n_needs = ARRAY_LENGTH(q2_needs),
    .figure = jet_figure,
    .n_figures = ARRAY_LENGTH(jet_figure),
    .book = q2_book,
    .process = q2_process,
};

/* Query 3 */

enum { Q3_PT, Q3_ETA };
static const struct need q3_needs[] = {
    [Q3_PT] = {"Jet_pt", "nJet", COLUMN_REAL, UNIT_GEV},
    [Q3_ETA] = {"Jet_eta", "nJet", COLUMN_REAL, UNIT_NONE},
};
enum { Q3_ETA_MAX = AXIS + 1 };
static const struct parameter q3_parameters[] = {
    [AXIS] = JET_PT_AXIS,
    [Q3_ETA_MAX] = {"jet_eta_max", PARAMETER_REAL, "jets: abs(eta) below this", 1},
};

static int q3_book(const struct settings *settings, struct partial *out, struct error *err)
{
    return adl_book(&analysis_adl_q3, step_names, 1, settings, out, err);
}

/* One by one, whatever types and weights there are. */
static void q3_process_slowly(const struct batch *batch, size_t first, size_t stop,
                              double eta_max, struct hist *hist)
{
    const struct column *pt = &batch->column[Q3_PT];
    const struct column *eta = &batch->column[Q3_ETA];
    size_t event = first;
    for (uint32_t i = pt->offset[first]; i < pt->offset[stop]; i++) {
        if (fabs(column_real(eta, i)) < eta_max) {
            hist_fill(hist, column_real(pt, i), jet_weight(batch, pt->offset, i, &event));
        }
    }
}

/* At most ADL_FILL_MAX jets. */
static void q3_fill(struct adl_fill *fill, const float *pt, const float *eta, size_t n,
                    double eta_max)
{
    float row[ADL_FILL_MAX];
    size_t n_central = 0;
    for (size_t i = 0; i < n; i++) {
        row[n_central] = pt[i];
        n_central += fabs((double)eta[i]) < eta_max;
    }
    adl_fill_floats(fill, row, n_central);
}

static void q3_process(const struct batch *batch, size_t first, size_t stop,
                       const struct settings *settings, uint32_t channels, struct partial *out)
{
    if ((channels & 1) == 0) {
        return;
    }
    const struct column *pt = &batch->column[Q3_PT];
    const float *pts = pt->f32;
    const float *etas = batch->column[Q3_ETA].f32;
    double eta_max = settings->at[Q3_ETA_MAX].value;
    struct hist *hist = &out->hist[0].hist;
    struct adl_fill fill;
    adl_fill_begin(&fill, hist);
    if (fill.fast && pts != NULL && etas != NULL) {
        for (size_t at = pt->offset[first]; at < pt->offset[stop]; at += ADL_FILL_MAX) {
            size_t n = size_min(ADL_FILL_MAX, pt->offset[stop] - at);
            q3_fill(&fill, pts + at, etas + at, n, eta_max);
        }
    } else {
        q3_process_slowly(batch, first, stop, eta_max, hist);
    }
    adl_fill_end(&fill);
    adl_pass_all(batch, first, stop, out);
}

const struct analysis analysis_adl_q3 = {
    .name = "adl-q3",
    .version = 1,
    .summary = "ADL benchmark query 3: transverse momentum of central jets",
    .channel = adl_channels,
    .n_channels = ARRAY_LENGTH(adl_channels),
    .parameter = q3_parameters,
    .n_parameters = ARRAY_LENGTH(q3_parameters),
    .need = q3_needs,
    .n_needs = ARRAY_LENGTH(q3_needs),
    .figure = jet_figure,
    .n_figures = ARRAY_LENGTH(jet_figure),
    .book = q3_book,
    .process = q3_process,
};

/* Query 4 */

enum { Q4_MET, Q4_PT };
static const struct need q4_needs[] = {
    [Q4_MET] = {"MET_pt", NULL, COLUMN_REAL, UNIT_GEV},
    [Q4_PT] = {"Jet_pt", "nJet", COLUMN_REAL, UNIT_GEV},
};
enum { Q4_PT_MIN = AXIS + 1 };
static const struct parameter q4_parameters[] = {
    [AXIS] = MET_AXIS,
    [Q4_PT_MIN] = {"jet_pt_min_gev", PARAMETER_REAL, "jets: pT above this", 40},
};

static int q4_book(const struct settings *settings, struct partial *out, struct error *err)
{
    return adl_book(&analysis_adl_q4, step_names, ARRAY_LENGTH(step_names), settings, out, err);
}

enum { Q4_EVENTS = 256, Q4_JETS_MAX = 4096, Q4_EVENT_JETS_MAX = 127 };

/* The largest float32 that is not above x: what float32 numbers are above it are above x. */
static float float_below(double x)
{
    float near = (float)x;
    return (double)near > x ? nextafterf(near, -INFINITY) : near;
}

/* Whether each of n jets from the first on is hard: 1 or 0. */
static void find_hard(const struct column *pt, size_t first, size_t n, double pt_min,
                      uint8_t *restrict hard)
{
    if (pt->f32 != NULL) {
        const float *restrict own = pt->f32 + first;
        float least = float_below(pt_min);
        for (size_t i = 0; i < n; i++) {
            hard[i] = own[i] > least;
        }
        return;
    }
    for (size_t i = 0; i < n; i++) {
        hard[i] = pt->f64[first + i] > pt_min;
    }
}

/* Sums of n bytes that are 0 or 1, up to each and with it, modulo 128: eight at a time, as one product
 * adds them up; no sum reaches into the byte beside it. Whole eights are read and written. */
static void add_up(const uint8_t *restrict hard, size_t n, uint8_t *restrict sum)
{
    const uint64_t ones = UINT64_C(0x0101010101010101);
    uint64_t before = 0;
    for (size_t i = 0; i < n; i += sizeof before) {
        uint64_t eight = 0;
        memcpy(&eight, hard + i, sizeof eight);
        uint64_t own = le64toh(eight) * ones;
        uint64_t up_to = htole64(own + before * ones);
        memcpy(sum + i, &up_to, sizeof up_to);
        before = (before + (own >> 56)) & Q4_EVENT_JETS_MAX;
    }
}

/* How many jets of a block's events are hard, before each of them and behind the last, modulo 128:
 * without a branch at the end of each event, which no processor foretells. */
struct q4_sums {
    uint8_t hard[Q4_JETS_MAX + sizeof(uint64_t)];
    uint8_t before[1 + Q4_JETS_MAX + sizeof(uint64_t)];
};

/* Of n events from the first on; false if there are too many jets, in all or in one of them. */
static bool q4_sum(const struct column *pt, size_t first, size_t n, double pt_min,
                   struct q4_sums *sums)
{
    const uint32_t *offset = pt->offset + first;
    uint32_t n_jets = offset[n] - offset[0];
    uint32_t any = 0;
    for (size_t e = 0; e < n; e++) {
        any |= offset[e + 1] - offset[e];
    }
    if (n_jets > Q4_JETS_MAX || any > Q4_EVENT_JETS_MAX) {
        return false;
    }
    find_hard(pt, offset[0], n_jets, pt_min, sums->hard);
    memset(sums->hard + n_jets, 0, sizeof(uint64_t));
    sums->before[0] = 0;
    add_up(sums->hard, n_jets, sums->before + 1);
    return true;
}

static void q4_fill(struct adl_fill *fill, const float *met, const uint32_t *offset, size_t n,
                    const struct q4_sums *sums, struct partial *out)
{
    float row[Q4_EVENTS];
    size_t n_passed = 0;
    uint32_t before = 0;
    for (size_t e = 0; e < n; e++) {
        uint32_t behind = sums->before[offset[e + 1] - offset[0]];
        row[n_passed] = met[e];
        n_passed += ((behind - before) & Q4_EVENT_JETS_MAX) >= JETS_MIN_COUNT;
        before = behind;
    }
    adl_fill_floats(fill, row, n_passed);
    out->step[STEP_JETS].n_events += n_passed;
}

/* One by one, whatever types, weights and numbers of jets there are. */
static void q4_fill_slowly(const struct batch *batch, size_t first, size_t n, double pt_min,
                           struct partial *out)
{
    const struct column *pt = &batch->column[Q4_PT];
    for (size_t e = first; e < first + n; e++) {
        size_t n_hard = 0;
        for (uint32_t i = pt->offset[e]; i < pt->offset[e + 1]; i++) {
            n_hard += column_real(pt, i) > pt_min;
        }
        if (n_hard >= JETS_MIN_COUNT) {
            double weight = batch_weight(batch, e);
            hist_fill(&out->hist[0].hist, column_real(&batch->column[Q4_MET], e), weight);
            partial_pass(out, STEP_JETS, weight);
        }
    }
}

static void q4_process(const struct batch *batch, size_t first, size_t stop,
                       const struct settings *settings, uint32_t channels, struct partial *out)
{
    if ((channels & 1) == 0) {
        return;
    }
    struct adl_fill fill;
    adl_fill_begin(&fill, &out->hist[0].hist);
    const float *met = batch->column[Q4_MET].f32;
    const struct column *pt = &batch->column[Q4_PT];
    double pt_min = settings->at[Q4_PT_MIN].value;
    for (size_t at = first; at < stop; at += Q4_EVENTS) {
        struct q4_sums sums;
        size_t n = size_min(Q4_EVENTS, stop - at);
        if (fill.fast && met != NULL && q4_sum(pt, at, n, pt_min, &sums)) {
            q4_fill(&fill, met + at, pt->offset + at, n, &sums, out);
        } else {
            q4_fill_slowly(batch, at, n, pt_min, out);
        }
    }
    adl_fill_end(&fill);
    adl_pass_all(batch, first, stop, out);
}

const struct analysis analysis_adl_q4 = {
    .name = "adl-q4",
    .version = 1,
    .summary = "ADL benchmark query 4: missing pT of events with two hard jets",
    .channel = adl_channels,
    .n_channels = ARRAY_LENGTH(adl_channels),
    .parameter = q4_parameters,
    .n_parameters = ARRAY_LENGTH(q4_parameters),
    .need = q4_needs,
    .n_needs = ARRAY_LENGTH(q4_needs),
    .figure = met_figure,
    .n_figures = ARRAY_LENGTH(met_figure),
    .book = q4_book,
    .process = q4_process,
};
