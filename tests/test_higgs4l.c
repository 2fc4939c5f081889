/* SPDX-License-Identifier: Apache-2.0 */
/* test_higgs4l.c - events made by hand against the selection as it is written down: which four
 * leptons are taken, how they are paired, and the cuts on the event. */
#include "tests/support/higgs4l_event.h"

/* The same with one more parameter. */
static void start_with(struct job *j, const char *name, double value)
{
    char given[160];
    (void)snprintf(given, sizeof given,
                   "{\"muon_mass_gev\": 0, \"electron_mass_gev\": 0, \"%s\": %.17g}", name,
                   value);
    start(j, given, false);
}

static void needs_stand_where_this_test_thinks(void **state)
{
    (void)state;
    static const char *const names[N] = {"pt",    "eta",    "phi",    "px",  "py",
                                         "pz",    "charge", "",       "dxy", "dz",
                                         "sip3d", "dxy",    "dxyErr", "dz",  "dzErr"};
    const struct need *need = analysis_higgs4l.need;
    assert_int_equal(analysis_higgs4l.n_needs, NEEDS);
    for (size_t i = 0; i < N; i++) {
        check_begins(need[i].name, "Muon_");
        check_begins(need[N + i].name, "Electron_");
        check_contains(need[i].name, names[i]);
        check_contains(need[N + i].name, names[i]);
    }
    assert_string_equal(need[ISOLATION].name, "Muon_pfRelIso04_all");
    assert_string_equal(need[N + ISOLATION].name, "Electron_pfRelIso03_all");
    assert_string_equal(need[LOST_HITS].name, "Electron_lostHits");
    assert_true(need[LOST_HITS].optional);
}

static size_t bin_of(const struct job *j, size_t channel, size_t hist)
{
    const struct hist *h = &j->out.hist[channel * HISTS + hist].hist;
    size_t bin = 0;
    while (bin < h->axis.n_bins + 2 && h->count[bin] == 0) {
        bin++;
    }
    return bin;
}

static void a_good_event_lands_in_its_channel_with_its_masses(void **state)
{
    (void)state;
    static const size_t kinds[CHANNELS + 1][2] = {
        {MUONS, MUONS}, {ELECTRONS, ELECTRONS}, {MUONS, ELECTRONS}, {ELECTRONS, MUONS}};
    for (size_t k = 0; k <= CHANNELS; k++) {
        struct job j;
        size_t channel = k < CHANNELS ? k : MU2E2;
        struct event e = make(kinds[k][0], kinds[k][1], alternating);
        start(&j, massless, false);
        process(&j, &e, usual, UINT32_MAX);
        for (size_t c = 0; c < CHANNELS; c++) {
            assert_int_equal(passed(&j, c), c == channel ? STEPS : 1);
        }
        assert_int_equal(bin_of(&j, channel, HIST_M4L), (130 - 70) / 3 + 1);
        assert_int_equal(bin_of(&j, channel, HIST_WIDE), 130 / 3 + 1);
        assert_int_equal(bin_of(&j, channel, HIST_Z1), 90 / 2 + 1);
        assert_int_equal(bin_of(&j, channel, HIST_Z2), 40 / 2 + 1);
        finish(&j);
    }
}

/* The values of the good event are Z1 90 of leptons of 45, Z2 40, m4l 130: every cut is strict. */
static void each_event_cut_holds_at_below_and_above_its_value(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        double at;
        bool least; /* the value must be above the parameter */
        size_t steps;
    } cuts[] = {
        {"z1_hard_pt_min_gev", 45, true, Z1_LEPTONS},
        {"z1_soft_pt_min_gev", 45, true, Z1_LEPTONS},
        {"z1_min_gev", 90, true, Z1_MASS},
        {"z1_max_gev", 90, false, Z1_MASS},
        {"z2_min_gev", 40, true, Z2_MASS},
        {"z2_max_gev", 40, false, Z2_MASS},
        {"m4l_min_gev", 130, true, M4L},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cuts) * CHANNELS; i++) {
        size_t channel = i % CHANNELS;
        size_t k = i / CHANNELS;
        const double value[] = {cuts[k].at, nextafter(cuts[k].at, 0),
                                nextafter(cuts[k].at, INFINITY)};
        for (size_t v = 0; v < ARRAY_LENGTH(value); v++) {
            bool good = cuts[k].least ? cuts[k].at > value[v] : cuts[k].at < value[v];
            struct job j;
            struct event e = make(channel == E4, channel != MU4, alternating);
            start_with(&j, cuts[k].name, value[v]);
            process(&j, &e, usual, UINT32_MAX);
            assert_int_equal(passed(&j, channel), good ? PASS : cuts[k].steps);
            finish(&j);
        }
    }
}

static void the_pairing_nearest_to_the_z_wins_of_those_that_are_neutral(void **state)
{
    (void)state;
    static const struct {
        int32_t charge[4];
        double z_mass;
        double z1, z2; /* 0 for none */
    } cases[] = {
        {{1, -1, 1, -1}, 91.1876, 90, 40}, /* 12|34, not 14|23 */
        {{1, -1, -1, 1}, 91.1876, 90, 40}, /* 12|34, not 13|24 */
        {{-1, 1, 1, -1}, 91.1876, 90, 40},
        {{1, 1, -1, -1}, 91.1876, 42.43, 42.43}, /* 13|24 or 14|23 */
        {{-1, -1, 1, 1}, 91.1876, 42.43, 42.43},
        {{1, -1, 1, -1}, 60, 42.43, 42.43}, /* 17.6 off: better than 40 (20) and 90 (30) */
        {{1, -1, 1, -1}, 10, 40, 90},       /* Z1 is the nearer, not the heavier */
        {{1, -1, 1, -1}, 65, 42.43, 42.43}, /* 90 and 40 are 25 off, 42.43 is 22.6 */
        {{1, -1, 1, -1}, 69, 90, 40},       /* 21 off, 42.43 is 26.6 */
        {{2, -3, 4, -5}, 91.1876, 90, 40},  /* signs are what counts */
        {{1, 1, 1, -1}, 91.1876, 0, 0},
        {{1, 1, 1, 1}, 91.1876, 0, 0},
        {{1, -1, 0, 0}, 91.1876, 0, 0}, /* no charge is no neutral pair */
        {{0, 0, 0, 0}, 91.1876, 0, 0},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases) * 2; i++) {
        size_t kind = i % 2;
        size_t k = i / 2;
        struct job j;
        struct event e = make(kind, kind, cases[k].charge);
        char given[320];
        (void)snprintf(given, sizeof given,
                       "{\"muon_mass_gev\": 0, \"electron_mass_gev\": 0, \"z_mass_gev\": %g, "
                       "\"z1_hard_pt_min_gev\": 10, \"z1_min_gev\": 0, "
                       "\"z1_mass_axis\": {\"edges\": [-9, %g, %g, 200]}, "
                       "\"z2_mass_axis\": {\"edges\": [-9, %g, %g, 200]}}",
                       cases[k].z_mass, cases[k].z1 - 0.01, cases[k].z1 + 0.01,
                       cases[k].z2 - 0.01, cases[k].z2 + 0.01);
        start(&j, given, false);
        process(&j, &e, usual, UINT32_MAX);
        assert_int_equal(passed(&j, kind), cases[k].z1 == 0 ? CHARGES : PASS);
        if (cases[k].z1 > 0) { /* the middle one of three bins */
            assert_int_equal(bin_of(&j, kind, HIST_Z1), 2);
            assert_int_equal(bin_of(&j, kind, HIST_Z2), 2);
        }
        finish(&j);
    }
}

/* A, B, C and D, and before the one at `place` two more muons of charge +1. */
static struct event make_six(size_t place, double pt1, double pt2)
{
    struct event four = make(MUONS, MUONS, alternating);
    const struct leptons *f = &four.kind[MUONS];
    struct event e = {{{0}}};
    struct leptons *l = &e.kind[MUONS];
    for (size_t k = 0; k <= 4; k++) {
        if (k == place) {
            add(l, pt1, 0, 1, 1);
            add(l, pt2, 0, 2, 1);
        }
        if (k < 4) {
            add(l, f->value[PX][k], f->value[PY][k], f->value[PZ][k], f->charge[k]);
        }
    }
    return e;
}

static void of_more_than_four_the_hardest_are_taken_and_of_equal_ones_the_earlier(void **state)
{
    (void)state;
    static const struct {
        double pt[2];
        size_t place;
        size_t steps;
    } cases[] = {
        {{19, 18}, 0, PASS},                         /* softer: not looked at */
        {{19, 18}, 2, PASS},    {{20, 20}, 4, PASS}, /* as hard as C and D, but later */
        {{20, 20}, 0, CHARGES}, /* as hard and earlier: with A and B, three are positive */
        {{50, 60}, 4, CHARGES}, /* harder */
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct event e = make_six(cases[i].place, cases[i].pt[0], cases[i].pt[1]);
        struct job j;
        start(&j, massless, false);
        process(&j, &e, usual, UINT32_MAX);
        assert_int_equal(passed(&j, MU4), cases[i].steps);
        finish(&j);
    }
}

/* Four leptons of different pT, in one of their 24 orders. */
static struct event make_in_order(size_t order)
{
    static const double p[4][3] = {{45, 3, 9}, {-40, 5, -20}, {1, 25, 4}, {2, -21, 30}};
    const size_t place[4] = {order % 4, (order / 4) % 3, (order / 12) % 2, 0};
    size_t left[4] = {0, 1, 2, 3};
    struct event e = {{{0}}};
    for (size_t i = 0; i < 4; i++) {
        size_t k = left[place[i]];
        add(&e.kind[MUONS], p[k][0], p[k][1], p[k][2], alternating[k]);
        memmove(&left[place[i]], &left[place[i] + 1], (3 - place[i]) * sizeof left[0]);
    }
    return e;
}

static void the_order_in_the_file_changes_nothing(void **state)
{
    (void)state;
    struct job first;
    struct event e = make_in_order(0);
    start(&first, NULL, false);
    process(&first, &e, usual, UINT32_MAX);
    for (size_t order = 0; order < 24; order++) {
        struct job j;
        e = make_in_order(order);
        start(&j, NULL, false);
        process(&j, &e, usual, UINT32_MAX);
        assert_int_equal(passed(&j, MU4), PASS);
        assert_true(partial_equal(&j.out, &first.out));
        finish(&j);
    }
    finish(&first);
}

static void two_muons_and_two_electrons_are_the_hardest_of_each(void **state)
{
    (void)state;
    static const struct {
        int32_t muon[3];
        int32_t electron[3];
        size_t n_muons, n_electrons;
        size_t steps;
    } cases[] = {
        {{1, -1}, {1, -1}, 2, 2, PASS},
        {{1, -1}, {-1, 1}, 2, 2, PASS},
        {{1, 1}, {-1, -1}, 2, 2, CHARGES}, /* neutral together is not enough */
        {{1, -1}, {1, 1}, 2, 2, CHARGES},
        {{1, -1, 1}, {1, -1, -1}, 3, 3, PASS},
        {{1, 1, -1}, {1, -1}, 3, 2, CHARGES}, /* the third is not looked at */
        {{1, -1}, {1}, 2, 1, FAIL},
        {{1}, {1, -1}, 1, 2, FAIL},
        {{0}, {0}, 0, 0, FAIL},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct event e = {{{0}}};
        for (size_t k = 0; k < cases[i].n_muons; k++) {
            add(&e.kind[MUONS], (k == 1 ? -1 : 1) * (45 - (double)k), 0, 0, cases[i].muon[k]);
        }
        for (size_t k = 0; k < cases[i].n_electrons; k++) {
            add(&e.kind[ELECTRONS], 0, (k == 1 ? -1 : 1) * (22 - (double)k), 0,
                cases[i].electron[k]);
        }
        struct job j;
        start(&j, NULL, false);
        process(&j, &e, usual, UINT32_MAX);
        assert_int_equal(passed(&j, MU2E2), cases[i].steps);
        finish(&j);
    }
}

static void channels_are_independent_and_only_those_asked_for_are_filled(void **state)
{
    (void)state;
    for (uint32_t channels = 0; channels < 8; channels++) {
        struct event e = make(MUONS, MUONS, alternating);
        add(&e.kind[ELECTRONS], 0, 22, 1, 1);
        add(&e.kind[ELECTRONS], 0, -22, 1, -1);
        struct job j;
        start(&j, NULL, false);
        process(&j, &e, usual, channels);
        static const size_t steps[CHANNELS] = {PASS, FAIL, PASS};
        for (size_t c = 0; c < CHANNELS; c++) {
            assert_int_equal(passed(&j, c), (channels >> c & 1) != 0 ? steps[c] : 0);
        }
        finish(&j);
    }
}

/* A direction that is no number makes masses that are none: they pass no cut, fill nothing, and
 * never look nearer to the Z than a number. */
static void an_azimuth_that_is_no_number_fails_at_the_second_z(void **state)
{
    (void)state;
    for (size_t k = 0; k < 4; k++) {
        struct event e = make(MUONS, MUONS, alternating);
        e.kind[MUONS].value[PHI][k] = NAN;
        struct job j;
        start(&j, massless, false);
        process(&j, &e, POLAR | QUALITY, UINT32_MAX);
        assert_int_equal(passed(&j, MU4), Z2_MASS);
        finish(&j);
    }
}

static void weights_are_summed_at_every_step_passed(void **state)
{
    (void)state;
    struct job j;
    struct event e = make(MUONS, MUONS, alternating);
    start(&j, massless, true);
    process(&j, &e, usual, UINT32_MAX);
    assert_int_equal(passed(&j, MU4), PASS);
    for (size_t s = 0; s < STEPS; s++) {
        assert_true(exact_round(&j.out.step[s].sumw) == -0.25);
    }
    const struct hist *h = &j.out.hist[HIST_M4L].hist;
    size_t bin = bin_of(&j, MU4, HIST_M4L);
    assert_true(exact_round(&h->sums[bin].w) == -0.25);
    assert_true(exact_round(&h->sums[bin].w2) == 0.0625);
    finish(&j);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(needs_stand_where_this_test_thinks),
        cmocka_unit_test(a_good_event_lands_in_its_channel_with_its_masses),
        cmocka_unit_test(each_event_cut_holds_at_below_and_above_its_value),
        cmocka_unit_test(the_pairing_nearest_to_the_z_wins_of_those_that_are_neutral),
        cmocka_unit_test(of_more_than_four_the_hardest_are_taken_and_of_equal_ones_the_earlier),
        cmocka_unit_test(the_order_in_the_file_changes_nothing),
        cmocka_unit_test(two_muons_and_two_electrons_are_the_hardest_of_each),
        cmocka_unit_test(channels_are_independent_and_only_those_asked_for_are_filled),
        cmocka_unit_test(an_azimuth_that_is_no_number_fails_at_the_second_z),
        cmocka_unit_test(weights_are_summed_at_every_step_passed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
