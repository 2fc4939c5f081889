/* SPDX-License-Identifier: Apache-2.0 */
/* test_dimuon_kernel.c [MILLIONS] - the kernel of the dimuon spectrum gives the bytes that the
 * scalar code in float64 gives, at each level that this processor has: 0 bins differ. */
#include "analysis/dimuon.h"

#include <math.h>

#include "analysis/kinematics.h"
#include "analysis/pairs.h"
#include "tests/support/check.h"
#include "tests/support/muon_pairs.h"

enum { N_NEEDS = CHARGE + 1, N_EVENTS = 100000, MUONS_MAX = 4 * N_EVENTS };

static size_t rounds = 3; /* of N_EVENTS with new dice */

/* The columns of muons, each as float and as double. */
struct sample {
    size_t n_events;
    float narrow[CHARGE][MUONS_MAX];
    double wide[CHARGE][MUONS_MAX];
    int32_t charge[MUONS_MAX];
    uint32_t offset[N_EVENTS + 1];
    double weight[N_EVENTS];
};

static struct sample sample; /* too large for a stack */

/* Columns that are there, and how they are processed. */
struct way {
    const char *settings; /* JSON, or NULL */
    unsigned columns;     /* bits */
    bool wide;
    bool weighted;
    uint32_t channels;
    size_t first; /* events from here to all but as many at the end, in slices */
    size_t slice;
};

enum { POLAR = 1U << PT | 1U << ETA | 1U << PHI, CARTESIAN = 1U << PX | 1U << PY | 1U << PZ };

static const struct way plain_way = {
    .columns = POLAR, .channels = UINT32_MAX, .first = 0, .slice = 512};

/* ---- samples ---- */

static void add_muon(struct sample *s, uint32_t at, const struct muon *m)
{
    const double value[CHARGE] = {
        [PT] = (double)m->pt,
        [ETA] = (double)m->eta,
        [PHI] = (double)m->phi,
        [PX] = (double)m->pt * cos((double)m->phi),
        [PY] = (double)m->pt * sin((double)m->phi),
        [PZ] = (double)m->pt * sinh((double)m->eta),
        [MASS] = (double)m->mass,
        [ENERGY] = sqrt(pow((double)m->pt * cosh((double)m->eta), 2) + pow((double)m->mass, 2)),
    };
    for (size_t c = 0; c < CHARGE; c++) {
        s->narrow[c][at] = (float)value[c];
        s->wide[c][at] = value[c];
    }
    s->charge[at] = m->charge;
}

/* One charge in a hundred is none, or the least there is. */
static int32_t charge_of(struct muon_dice *dice, const struct muon *m)
{
    double roll = muon_dice_roll(dice);
    return roll < 0.005 ? 0 : roll < 0.01 ? INT32_MIN : m->charge;
}

/* n_events of muons that `multiplicity` gives, in pairs of the spectrum's decays. */
static void make(struct sample *s, uint64_t seed, size_t n_events,
                 size_t (*multiplicity)(size_t event))
{
    struct muon_dice dice = {.state = seed};
    uint32_t at = 0;
    s->n_events = n_events;
    for (size_t e = 0; e < n_events; e++) {
        for (size_t i = 0; i < multiplicity(e); i += 2) {
            struct muon pair[2];
            muon_pair_spectrum(&dice, pair);
            add_muon(s, at, &pair[0]);
            add_muon(s, at + 1, &pair[1]);
            s->charge[at] = charge_of(&dice, &pair[0]);
            at += 2;
        }
        at -= (uint32_t)(multiplicity(e) % 2); /* an odd one's partner is overwritten */
        s->offset[e + 1] = at;
        s->weight[e] = muon_dice_between(&dice, -1, 3);
    }
}

static size_t always_two(size_t event)
{
    (void)event;
    return 2;
}

static size_t zero_to_six(size_t event)
{
    return event % 7;
}

static size_t mostly_two(size_t event)
{
    return event % 5000 == 4999 ? 1 + event % 4 : 2;
}

static size_t once_many(size_t event)
{
    return event == 3 ? 40 : event % 3;
}

/* ---- running ---- */

static void columns_of(const struct sample *s, const struct way *w, struct column *column)
{
    for (size_t c = 0; c < CHARGE; c++) {
        bool there = (w->columns >> c & 1) != 0;
        column[c] = (struct column){.f32 = there && !w->wide ? s->narrow[c] : NULL,
                                    .f64 = there && w->wide ? s->wide[c] : NULL,
                                    .offset = s->offset};
    }
    column[CHARGE] = (struct column){.i32 = s->charge, .offset = s->offset};
}

/* By the scalar code where level is NULL. */
static void run(const struct sample *s, const struct way *w, const struct settings *settings,
                const struct pairs_simd *level, struct partial *out)
{
    struct error err = {0};
    struct column column[N_NEEDS];
    columns_of(s, w, column);
    const struct batch batch = {
        .n_events = s->n_events, .weight = w->weighted ? s->weight : NULL, .column = column};
    void *state = NULL;
    partial_init(out, w->weighted);
    check_ok(analysis_dimuon.book(settings, out, &err), &err);
    if (level != NULL) {
        check_ok(dimuon_kernel_create(settings, level, &state, &err), &err);
        assert_non_null(state);
    }
    size_t end = s->n_events - w->first;
    for (size_t first = w->first; first < end; first += w->slice) {
        size_t stop = size_min(first + w->slice, end);
        if (level == NULL) {
            analysis_dimuon.process(&batch, first, stop, settings, w->channels, out);
        } else {
            dimuon_kernel.process(state, &batch, first, stop, w->channels, out);
        }
    }
    if (level != NULL) {
        dimuon_kernel.finish(state, out);
        dimuon_kernel.finish(state, out); /* nothing is left to be added */
        dimuon_kernel.destroy(state);
    }
}

static void same_bytes(const struct partial *a, const struct partial *b, const char *level)
{
    struct buffer left = {0};
    struct buffer right = {0};
    partial_encode(a, &left);
    partial_encode(b, &right);
    if (left.size != right.size || memcmp(left.data, right.data, left.size) != 0) {
        fail_msg("%s gives other bytes", level);
    }
    buffer_release(&left);
    buffer_release(&right);
}

/* All levels against the scalar code; returns how many entries there are. */
static uint64_t compare(const struct sample *s, const struct way *w)
{
    struct error err = {0};
    struct settings settings;
    json_t *given = w->settings == NULL ? NULL : json_loads(w->settings, 0, NULL);
    const struct analysis *a = &analysis_dimuon;
    check_ok(settings_init(&settings, a->parameter, a->n_parameters, given, &err), &err);
    json_decref(given);
    const struct pairs_simd *level[LEVELS + 1];
    pairs_levels(level);
    struct partial truth;
    run(s, w, &settings, NULL, &truth);
    for (size_t i = 0; level[i] != NULL; i++) {
        struct partial out;
        run(s, w, &settings, level[i], &out);
        same_bytes(&truth, &out, level[i]->name);
        partial_release(&out);
    }
    uint64_t entries = 0;
    for (size_t h = 0; h < truth.n_hists; h++) {
        entries += hist_entries(&truth.hist[h].hist);
    }
    partial_release(&truth);
    settings_release(&settings);
    return entries;
}

/* ---- tests ---- */

static void no_bin_differs_over_the_spectrum(void **state)
{
    (void)state;
    for (size_t r = 0; r < rounds; r++) {
        make(&sample, 1 + r, N_EVENTS, always_two);
        assert_true(compare(&sample, &plain_way) > (uint64_t)5 * N_EVENTS);
    }
}

static void no_bin_differs_whatever_the_number_of_muons(void **state)
{
    (void)state;
    static size_t (*const multiplicity[])(size_t) = {zero_to_six, mostly_two, once_many};
    for (size_t i = 0; i < ARRAY_LENGTH(multiplicity); i++) {
        make(&sample, 77 + i, N_EVENTS / 2, multiplicity[i]);
        assert_true(compare(&sample, &plain_way) > 0);
    }
}

static void no_bin_differs_whatever_is_asked(void **state)
{
    (void)state;
    static const char *const energy[] = {
        "{\"muon_energy\": \"nominal\"}", "{\"muon_energy\": \"mass\"}",
        "{\"muon_energy\": \"energy\"}", "{\"muons_exactly\": 2}"};
    static const unsigned momenta[] = {POLAR, CARTESIAN, POLAR | CARTESIAN};
    for (size_t two = 0; two < 2; two++) {
        make(&sample, 5 + two, 3000, two != 0 ? always_two : zero_to_six);
        for (unsigned k = 0; k < 4 * 3 * 2 * 4; k++) {
            const struct way way = {.settings = energy[k % 4],
                                    .columns = momenta[k / 4 % 3] | 1U << MASS | 1U << ENERGY,
                                    .wide = k / 12 % 2 != 0,
                                    .channels = k / 24,
                                    .first = k % 7,
                                    .slice = 100 + 77 * (k % 9)};
            (void)compare(&sample, &way);
        }
    }
}

static void weights_go_into_the_same_bins(void **state)
{
    (void)state;
    for (size_t two = 0; two < 2; two++) {
        make(&sample, 9 + two, 4000, two != 0 ? always_two : zero_to_six);
        struct way way = plain_way;
        way.weighted = true;
        (void)compare(&sample, &way);
        way.channels = 1U << CHANNEL_SS;
        way.settings = "{\"muons_exactly\": 2}";
        (void)compare(&sample, &way);
    }
}

/* One value in ten is what no detector measures. */
static void no_bin_differs_for_values_out_of_all_range(void **state)
{
    (void)state;
    static const float values[] = {
        NAN,    INFINITY, -INFINITY, 0,       -0.0F,  0x1p-149F,  -0x1p-140F,  1e-38F,    3e38F,
        -3e38F, 1e10F,    -1,        0x1p13F, 8193,   0x1p-10F,   0x1p-11F,    5,         -5,
        5.001F, 8,        8.001F,    1e5F,    1.1e5F, 3.1415927F, -3.1415927F, 6.2831855F};
    static const char *const settings[] = {NULL, "{\"muon_energy\": \"mass\"}"};
    struct muon_dice dice = {.state = 4711};
    make(&sample, 3, N_EVENTS / 2, mostly_two);
    for (size_t i = 0; i < sample.offset[sample.n_events]; i++) {
        size_t column = muon_dice_pick(&dice, 40);
        static const size_t places[] = {PT, ETA, PHI, MASS};
        if (column < ARRAY_LENGTH(places)) {
            float x = values[muon_dice_pick(&dice, ARRAY_LENGTH(values))];
            sample.narrow[places[column]][i] = x;
            sample.wide[places[column]][i] = (double)x;
        }
    }
    for (size_t i = 0; i < 2 * ARRAY_LENGTH(settings); i++) {
        struct way way = plain_way;
        way.settings = settings[i / 2];
        way.columns |= 1U << MASS;
        way.wide = i % 2 != 0;
        (void)compare(&sample, &way);
    }
}

static double mass_of_pair(const struct sample *s, uint32_t i)
{
    struct momentum p[2];
    for (uint32_t m = 0; m < 2; m++) {
        p[m] = momentum_polar((double)s->narrow[PT][i + m], (double)s->narrow[ETA][i + m],
                              (double)s->narrow[PHI][i + m], dimuon_mass_gev);
    }
    return momentum_mass(&p[0], &p[1]);
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Edges at the very masses of the pairs, and at the next doubles below and above. */
static void no_bin_differs_where_masses_lie_on_edges(void **state)
{
    (void)state;
    enum { PAIRS = 3000, EDGES = 3 * PAIRS, TEXT_SIZE = 32 * EDGES };
    static double edge[EDGES];
    static char text[TEXT_SIZE];
    make(&sample, 2012, PAIRS, always_two);
    for (uint32_t k = 0; k < PAIRS; k++) {
        double mass = mass_of_pair(&sample, 2 * k);
        double *at_mass = edge + 3 * (size_t)k;
        at_mass[0] = nextafter(mass, 0);
        at_mass[1] = mass;
        at_mass[2] = nextafter(mass, INFINITY);
    }
    qsort(edge, EDGES, sizeof *edge, by_size);
    size_t at =
        (size_t)snprintf(text, sizeof text, "{\"mass_axis\": {\"edges\": [%.17g", edge[0]);
    for (size_t i = 1; i < EDGES; i++) {
        if (edge[i] > edge[i - 1]) {
            at += (size_t)snprintf(text + at, sizeof text - at, ", %.17g", edge[i]);
        }
    }
    (void)snprintf(text + at, sizeof text - at, "]}}");
    static const unsigned momenta[] = {POLAR, CARTESIAN};
    for (size_t i = 0; i < 2 * ARRAY_LENGTH(momenta); i++) {
        struct way way = plain_way;
        way.settings = text;
        way.columns = momenta[i / 2];
        way.wide = i % 2 != 0;
        assert_true(compare(&sample, &way) > 0);
    }
}

/* All in a few units of float's last place around an edge of 50 GeV: m = pT of two equal muons back
 * to back is 25 (nearly). */
static void no_bin_differs_around_one_edge(void **state)
{
    (void)state;
    make(&sample, 6, N_EVENTS / 5, always_two);
    float pt = 24.9F;
    for (uint32_t i = 0; i < sample.offset[sample.n_events]; i += 2) {
        for (uint32_t m = 0; m < 2; m++) {
            sample.narrow[ETA][i + m] = 0;
            sample.narrow[PHI][i + m] = m == 0 ? 0 : 3.1415927F;
            sample.narrow[PT][i + m] = pt;
        }
        sample.narrow[PT][i] = 25;
        pt = i == 0 ? 24.985F : nextafterf(pt, 30);
    }
    assert_true(compare(&sample, &plain_way) > 0);
}

static void axes_of_any_kind_are_right_or_left_to_the_scalar_code(void **state)
{
    (void)state;
    static const char *const settings[] = {
        "{\"mass_axis\": {\"regular\": [20000, 0, 100]}}",
        "{\"mass_axis\": {\"regular\": [1, -5, 5]}, \"z_axis\": {\"edges\": [-9e99, 0, 9e99]}}",
        "{\"mass_axis\": {\"log\": [50, 1e-9, 1e12]}}",
        "{\"jpsi_axis\": {\"regular\": [1000, 3.0969, 3.09690001]}}",
    };
    make(&sample, 10, 20000, always_two);
    for (size_t i = 0; i < ARRAY_LENGTH(settings); i++) {
        struct way way = plain_way;
        way.settings = settings[i];
        assert_true(compare(&sample, &way) > 0);
    }
}

/* What the analysis's own kernel makes of these settings. */
static int create(const char *given, void **kernel, struct error *err)
{
    struct settings settings;
    json_t *value = json_loads(given, 0, NULL);
    check_ok(settings_init(&settings, analysis_dimuon.parameter, analysis_dimuon.n_parameters,
                           value, err),
             err);
    json_decref(value);
    *kernel = &settings;
    int rc = analysis_dimuon.kernel->create(&settings, kernel, err);
    if (rc == 0 && *kernel != NULL) {
        analysis_dimuon.kernel->destroy(*kernel);
    }
    settings_release(&settings);
    return rc;
}

static void too_many_bins_have_no_kernel(void **state)
{
    (void)state;
    struct error err = {0};
    void *kernel = NULL;
    check_ok(create("{\"mass_axis\": {\"regular\": [1000000, 0, 100]}}", &kernel, &err), &err);
    assert_null(kernel);
}

static void the_environment_chooses_the_level(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        int rc;
        bool there;
    } cases[] = {
        {"plain", 0, true}, {"scalar", 0, false}, {"plai", -1, false}, {"", -1, false}};
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct error err = {0};
        void *kernel = NULL;
        /* NOLINTNEXTLINE(concurrency-mt-unsafe): one thread */
        assert_int_equal(setenv("PICOBARN_SIMD", cases[i].name, 1), 0);
        assert_int_equal(create("{}", &kernel, &err), cases[i].rc);
        assert_int_equal(kernel != NULL, cases[i].there);
        if (cases[i].rc != 0) {
            assert_int_equal(err.kind, ERROR_INPUT);
            check_contains(err.text, "scalar, or unset");
        }
    }
    /* NOLINTNEXTLINE(concurrency-mt-unsafe): one thread */
    assert_int_equal(unsetenv("PICOBARN_SIMD"), 0);
}

int main(int argc, char **argv)
{
    if (argc > 1) {
        rounds = (size_t)1000000 / N_EVENTS * strtoul(argv[1], NULL, 10);
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_bin_differs_over_the_spectrum),
        cmocka_unit_test(no_bin_differs_whatever_the_number_of_muons),
        cmocka_unit_test(no_bin_differs_whatever_is_asked),
        cmocka_unit_test(weights_go_into_the_same_bins),
        cmocka_unit_test(no_bin_differs_for_values_out_of_all_range),
        cmocka_unit_test(no_bin_differs_where_masses_lie_on_edges),
        cmocka_unit_test(no_bin_differs_around_one_edge),
        cmocka_unit_test(axes_of_any_kind_are_right_or_left_to_the_scalar_code),
        cmocka_unit_test(too_many_bins_have_no_kernel),
        cmocka_unit_test(the_environment_chooses_the_level),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
