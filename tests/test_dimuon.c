/* SPDX-License-Identifier: Apache-2.0 */
/* test_dimuon.c - events made by hand, whose pairs and masses are known without the program. */
#include "analysis/analysis.h"

#include <math.h>

#include "tests/support/check.h"

enum { PT, ETA, PHI, PX, PY, PZ, MASS, ENERGY, CHARGE, NEEDS };
enum { OS, SS };
enum { MUONS_MAX = 8 };

static const char *const need_names[NEEDS] = {"Muon_pt",   "Muon_eta",    "Muon_phi",
                                              "Muon_px",   "Muon_py",     "Muon_pz",
                                              "Muon_mass", "Muon_energy", "Muon_charge"};

/* One event's muons in all ways of saying it; a column's presence is the test's choice. */
struct event {
    size_t n;
    double value[CHARGE][MUONS_MAX];
    int32_t charge[MUONS_MAX];
};

struct job {
    struct settings settings;
    struct partial out;
};

static void start(struct job *j, const char *given, bool weighted)
{
    struct error err = {0};
    json_t *value = given == NULL ? NULL : json_loads(given, 0, NULL);
    const struct analysis *a = &analysis_dimuon;
    check_ok(settings_init(&j->settings, a->parameter, a->n_parameters, value, &err), &err);
    json_decref(value);
    partial_init(&j->out, weighted);
    check_ok(a->book(&j->settings, &j->out, &err), &err);
}

static void finish(struct job *j)
{
    partial_release(&j->out);
    settings_release(&j->settings);
}

/* Bits of columns, by their index. */
enum { POLAR = 1 << PT | 1 << ETA | 1 << PHI, CARTESIAN = 1 << PX | 1 << PY | 1 << PZ };

static void process(struct job *j, const struct event *e, unsigned columns, uint32_t channels)
{
    const uint32_t offset[] = {0, (uint32_t)e->n};
    const double weight = 0.5;
    struct column column[NEEDS] = {{0}};
    for (size_t i = 0; i < CHARGE; i++) {
        column[i].offset = offset;
        column[i].f64 = (columns >> i & 1) != 0 ? e->value[i] : NULL;
    }
    column[CHARGE] = (struct column){.i32 = e->charge, .offset = offset};
    const struct batch batch = {
        .n_events = 1, .weight = j->out.weighted ? &weight : NULL, .column = column};
    analysis_dimuon.process(&batch, 0, 1, &j->settings, channels, &j->out);
}

static uint64_t entries(const struct job *j, size_t channel)
{
    const struct hist *h =
        partial_find(&j->out, "mass", analysis_dimuon.channel[channel], "nominal");
    return hist_entries(h);
}

static void needs_stand_where_this_test_thinks(void **state)
{
    (void)state;
    assert_int_equal(analysis_dimuon.n_needs, NEEDS);
    for (size_t i = 0; i < NEEDS; i++) {
        assert_string_equal(analysis_dimuon.need[i].name, need_names[i]);
    }
}

/* Muons of these charges, all along different directions. */
static void make(struct event *e, size_t n, const int32_t *charge)
{
    *e = (struct event){.n = n};
    for (size_t i = 0; i < n; i++) {
        double pt = 10 + (double)i;
        double phi = (double)i;
        e->value[PT][i] = pt;
        e->value[PHI][i] = phi;
        e->value[PX][i] = pt * cos(phi);
        e->value[PY][i] = pt * sin(phi);
        e->value[MASS][i] = 0.105658;
        e->value[ENERGY][i] = sqrt(pt * pt + 0.105658 * 0.105658);
        e->charge[i] = charge[i];
    }
}

static void every_pair_counts_once_in_the_channel_of_its_charges(void **state)
{
    (void)state;
    static const struct {
        size_t n;
        int32_t charge[MUONS_MAX];
        uint64_t os;
        uint64_t ss;
    } cases[] = {
        {0, {0}, 0, 0},
        {1, {1}, 0, 0},
        {2, {1, -1}, 1, 0},
        {2, {-1, 1}, 1, 0},
        {2, {1, 1}, 0, 1},
        {2, {-1, -1}, 0, 1},
        {2, {3, -7}, 1, 0}, /* signs, whatever the size */
        {2, {INT32_MAX, INT32_MAX}, 0, 1},
        {2, {INT32_MIN, INT32_MAX}, 1, 0},
        {2, {0, 1}, 0, 0}, /* no charge: neither opposite nor equal */
        {2, {0, -1}, 0, 0},
        {2, {0, 0}, 0, 0},
        {3, {1, -1, 1}, 2, 1},
        {4, {1, -1, 1, -1}, 4, 2},
        {4, {1, 1, 1, 1}, 0, 6},
        {8, {1, 1, 1, 1, -1, -1, -1, -1}, 16, 12},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct job j;
        struct event e;
        make(&e, cases[i].n, cases[i].charge);
        start(&j, NULL, false);
        process(&j, &e, POLAR, UINT32_MAX);
        assert_int_equal(entries(&j, OS), cases[i].os);
        assert_int_equal(entries(&j, SS), cases[i].ss);
        for (size_t h = 0; h < j.out.n_hists; h++) {
            assert_int_equal(hist_entries(&j.out.hist[h].hist),
                             h < j.out.n_hists / 2 ? cases[i].os : cases[i].ss);
        }
        assert_int_equal(j.out.step[0].n_events, 1);
        assert_int_equal(j.out.step[1].n_events, cases[i].os > 0);
        assert_int_equal(j.out.step[2].n_events, 1);
        assert_int_equal(j.out.step[3].n_events, cases[i].ss > 0);
        finish(&j);
    }
}

static void exactly_two_leaves_out_events_with_more(void **state)
{
    (void)state;
    static const int32_t charge[] = {1, -1, 1, -1};
    for (size_t n = 0; n <= 4; n++) {
        struct job j;
        struct event e;
        make(&e, n, charge);
        start(&j, "{\"muons_exactly\": 2}", false);
        process(&j, &e, POLAR, UINT32_MAX);
        assert_int_equal(entries(&j, OS), n == 2);
        assert_int_equal(entries(&j, SS), 0);
        assert_int_equal(j.out.step[0].n_events, 1);
        finish(&j);
    }
}

static void only_the_channels_asked_for_are_filled(void **state)
{
    (void)state;
    static const int32_t charge[] = {1, -1, 1};
    for (uint32_t channels = 0; channels < 4; channels++) {
        struct job j;
        struct event e;
        make(&e, 3, charge);
        start(&j, NULL, false);
        process(&j, &e, POLAR, channels);
        for (size_t c = OS; c <= SS; c++) {
            bool filled = (channels >> c & 1) != 0;
            assert_int_equal(entries(&j, c), filled ? 2 - c : 0);
            assert_int_equal(j.out.step[2 * c].n_events, filled);
            assert_int_equal(j.out.step[2 * c + 1].n_events, filled);
        }
        finish(&j);
    }
}

/* The bin of the pair's mass in an axis of bins so narrow that it is the mass. */
static double mass_of(struct job *j)
{
    const struct hist *h = partial_find(&j->out, "jpsi", "os", "nominal");
    for (size_t i = 1; i <= h->axis.n_bins; i++) {
        if (h->count[i] > 0) {
            return (h->axis.edge[i - 1] + h->axis.edge[i]) / 2;
        }
    }
    return NAN;
}

/* Two muons back to back in the transverse plane, pT 30 each, at rest together: m = 2 E. Each of
 * the choices has its own idea of E. */
static void the_energy_is_the_chosen_one_from_either_momentum(void **state)
{
    (void)state;
    static const struct {
        const char *choice;
        unsigned columns;
        double energy;
    } cases[] = {
        {"nominal", 0, 30.00018605978956}, /* sqrt(30^2 + 0.105658^2) */
        {"mass", 1 << MASS, 50},           /* a mass of 40 */
        {"energy", 1 << ENERGY, 34},       /* as stored */
    };
    static const unsigned momenta[] = {POLAR, CARTESIAN, POLAR | CARTESIAN};
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        for (size_t k = 0; k < ARRAY_LENGTH(momenta); k++) {
            struct job j;
            struct event e = {.n = 2, .charge = {1, -1}};
            e.value[PT][0] = e.value[PT][1] = 30;
            e.value[PHI][1] = 3.14159265358979323846;
            e.value[PX][0] = 30;
            e.value[PX][1] = -30;
            e.value[MASS][0] = e.value[MASS][1] = 40;
            e.value[ENERGY][0] = e.value[ENERGY][1] = 34;
            char given[128];
            (void)snprintf(given, sizeof given,
                           "{\"muon_energy\": \"%s\", \"jpsi_axis\": "
                           "{\"regular\": [1000000, 0, 200]}}",
                           cases[i].choice);
            start(&j, given, false);
            process(&j, &e, momenta[k] | cases[i].columns, UINT32_MAX);
            assert_true(fabs(mass_of(&j) - 2 * cases[i].energy) < 2.1e-4);
            finish(&j);
        }
    }
}

static void only_the_energy_chosen_is_asked_for(void **state)
{
    (void)state;
    static const struct {
        const char *given;
        bool mass;
        bool energy;
    } cases[] = {
        {NULL, false, false},
        {"{\"muon_energy\": \"nominal\"}", false, false},
        {"{\"muon_energy\": \"mass\"}", true, false},
        {"{\"muon_energy\": \"energy\"}", false, true},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct job j;
        start(&j, cases[i].given, false);
        assert_int_equal(analysis_dimuon.need[MASS].wanted(&j.settings), cases[i].mass);
        assert_int_equal(analysis_dimuon.need[ENERGY].wanted(&j.settings), cases[i].energy);
        finish(&j);
    }
}

static void a_mass_that_is_no_number_is_counted_as_such(void **state)
{
    (void)state;
    static const int32_t charge[] = {1, -1};
    for (size_t column = PT; column <= PHI; column++) {
        struct job j;
        struct event e;
        make(&e, 2, charge);
        e.value[column][1] = NAN;
        start(&j, NULL, false);
        process(&j, &e, POLAR, UINT32_MAX);
        const struct hist *h = partial_find(&j.out, "mass", "os", "nominal");
        assert_int_equal(h->nan, 1);
        assert_int_equal(hist_entries(h), 1);
        assert_int_equal(j.out.step[1].n_events, 1);
        finish(&j);
    }
}

static void a_pair_has_the_weight_of_its_event(void **state)
{
    (void)state;
    static const int32_t charge[] = {1, -1, 1};
    struct job j;
    struct event e;
    make(&e, 3, charge);
    start(&j, NULL, true);
    process(&j, &e, POLAR, UINT32_MAX);
    const struct hist *h = partial_find(&j.out, "mass_linear", "os", "nominal");
    double w = 0;
    double w2 = 0;
    for (size_t i = 0; i < h->axis.n_bins + 3; i++) {
        w += exact_round(&h->sums[i].w);
        w2 += exact_round(&h->sums[i].w2);
    }
    assert_true(w == 1.0 && w2 == 0.5); /* two pairs of 0.5 */
    assert_true(exact_round(&j.out.step[0].sumw) == 0.5);
    assert_true(exact_round(&j.out.step[1].sumw) == 0.5); /* one event */
    finish(&j);
}

static void float_columns_are_taken_as_the_numbers_they_are(void **state)
{
    (void)state;
    static const float pt[] = {20.1F, 30.3F};
    static const float eta[] = {0.7F, -1.1F};
    static const float phi[] = {0.3F, 2.9F};
    static const int32_t charge[] = {1, -1};
    static const uint32_t offset[] = {0, 2};
    struct event e = {.n = 2, .charge = {1, -1}};
    struct column column[NEEDS] = {[PT] = {.f32 = pt, .offset = offset},
                                   [ETA] = {.f32 = eta, .offset = offset},
                                   [PHI] = {.f32 = phi, .offset = offset},
                                   [CHARGE] = {.i32 = charge, .offset = offset}};
    const struct batch batch = {.n_events = 1, .column = column};
    for (size_t i = 0; i < 2; i++) {
        e.value[PT][i] = pt[i];
        e.value[ETA][i] = eta[i];
        e.value[PHI][i] = phi[i];
    }
    struct job narrow;
    struct job wide;
    start(&narrow, NULL, false);
    start(&wide, NULL, false);
    analysis_dimuon.process(&batch, 0, 1, &narrow.settings, UINT32_MAX, &narrow.out);
    process(&wide, &e, POLAR, UINT32_MAX);
    assert_true(partial_equal(&narrow.out, &wide.out));
    finish(&narrow);
    finish(&wide);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(needs_stand_where_this_test_thinks),
        cmocka_unit_test(every_pair_counts_once_in_the_channel_of_its_charges),
        cmocka_unit_test(exactly_two_leaves_out_events_with_more),
        cmocka_unit_test(only_the_channels_asked_for_are_filled),
        cmocka_unit_test(the_energy_is_the_chosen_one_from_either_momentum),
        cmocka_unit_test(only_the_energy_chosen_is_asked_for),
        cmocka_unit_test(a_mass_that_is_no_number_is_counted_as_such),
        cmocka_unit_test(a_pair_has_the_weight_of_its_event),
        cmocka_unit_test(float_columns_are_taken_as_the_numbers_they_are),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
