/* SPDX-License-Identifier: Apache-2.0 */
/* test_higgs4l_leptons.c - the cuts of higgs4l on a single lepton, and the columns that each of
 * them can be made from. */
#include "tests/support/higgs4l_event.h"

/* A value of the last of four leptons of a kind, which is good or not. */
static void each_lepton_cut_holds_at_below_and_above_its_value(void **state)
{
    (void)state;
    static const struct {
        size_t column;
        double cut[KINDS]; /* muons, electrons */
        bool absolute;
        bool least; /* above the cut is good */
    } cuts[] = {
        {PT, {5, 7}, false, true},
        {ETA, {2.4, 2.5}, true, false},
        {ISOLATION, {0.4, 0.4}, true, false},
        {DXY, {0.5, 0.5}, true, false},
        {DZ, {1, 1}, true, false},
        {SIP3D, {4, 4}, false, false},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cuts) * KINDS; i++) {
        size_t kind = i % KINDS;
        size_t column = cuts[i / KINDS].column;
        double at = cuts[i / KINDS].cut[kind];
        bool least = cuts[i / KINDS].least;
        const struct {
            double value;
            bool good;
        } cases[] = {
            {at, false},
            {nextafter(at, -INFINITY), !least},
            {nextafter(at, INFINITY), least},
            {-at, !cuts[i / KINDS].absolute && !least},
            {-nextafter(at, 0), !least},
            {-999, !cuts[i / KINDS].absolute && !least},
            {NAN, false},
            {INFINITY, false},
            {0, !least},
        };
        for (size_t k = 0; k < ARRAY_LENGTH(cases); k++) {
            struct job j;
            struct event e = make(kind, kind, alternating);
            e.kind[kind].value[column][3] = cases[k].value;
            bool counts = cases[k].good || (column == PT && isinf(cases[k].value));
            start(&j, massless, false);
            process(&j, &e, POLAR | QUALITY, UINT32_MAX);
            assert_int_equal(j.out.step[kind * STEPS + LEPTONS].n_events, counts);
            finish(&j);
        }
    }
}

static void an_electron_may_miss_one_hit_where_the_file_says_so(void **state)
{
    (void)state;
    static const struct {
        int32_t hits;
        unsigned columns;
        const char *given;
        size_t steps;
    } cases[] = {
        {0, WITH_LOST_HITS, NULL, PASS},
        {1, WITH_LOST_HITS, NULL, PASS},
        {2, WITH_LOST_HITS, NULL, FAIL},
        {2, 0, NULL, PASS}, /* the file has none */
        {2, WITH_LOST_HITS, "{\"electron_lost_hits_max\": \"off\"}", PASS},
        {2, WITH_LOST_HITS, "{\"electron_lost_hits_max\": 2}", PASS},
        {1, WITH_LOST_HITS, "{\"electron_lost_hits_max\": 0}", FAIL},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct job j;
        struct event e = make(ELECTRONS, ELECTRONS, alternating);
        e.kind[ELECTRONS].lost_hits[2] = cases[i].hits;
        start(&j, cases[i].given, false);
        process(&j, &e, CARTESIAN | QUALITY | cases[i].columns, UINT32_MAX);
        assert_int_equal(passed(&j, E4), cases[i].steps);
        finish(&j);
    }
}

static void without_sip3d_it_is_made_from_its_parts(void **state)
{
    (void)state;
    static const struct {
        double dxy, dz, dxy_err, dz_err;
        size_t steps;
    } cases[] = {
        {0.25, 0, 0.0625, 0, FAIL}, /* 4, without rounding */
        {0.25, 0, 0.0626, 0, PASS},
        {0, -0.25, 0, 0.0625, FAIL},
        {0, -0.25, 0, 0.0626, PASS},
        {0.1875, 0.25, 0.0625, 0.0625, PASS},   /* 0.3125 / 0.0884 = 3.54 */
        {0.1875, 0.25, 0.046875, 0.0625, FAIL}, /* 0.3125 / 0.078125 = 4 */
        {0.1, 0.1, 0, 0, FAIL},                 /* infinite */
        {0, 0, 0, 0, FAIL},                     /* no number */
        {NAN, 0, 1, 1, FAIL},
        {0, NAN, 1, 1, FAIL},
        {0, 0, NAN, 1, FAIL},
        {0, 0, 1, NAN, FAIL},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases) * KINDS; i++) {
        size_t kind = i % KINDS;
        size_t k = i / KINDS;
        struct job j;
        struct event e = make(kind, kind, alternating);
        e.kind[kind].value[SIP_DXY][1] = cases[k].dxy;
        e.kind[kind].value[SIP_DZ][1] = cases[k].dz;
        e.kind[kind].value[SIP_DXY_ERR][1] = cases[k].dxy_err;
        e.kind[kind].value[SIP_DZ_ERR][1] = cases[k].dz_err;
        start(&j, massless, false);
        process(&j, &e, CARTESIAN | PARTS | 1 << ISOLATION | 1 << DXY | 1 << DZ, UINT32_MAX);
        assert_int_equal(passed(&j, kind == MUONS ? MU4 : E4), cases[k].steps);
        finish(&j);
    }
}

/* A cut that is off lets all pass, and its column need not be there. */
static void a_quality_cut_that_is_off_needs_no_column(void **state)
{
    (void)state;
    static const struct {
        const char *given;
        size_t column;
    } cases[] = {
        {"{\"isolation_max\": \"off\"}", ISOLATION},
        {"{\"dxy_max_cm\": \"off\"}", DXY},
        {"{\"dz_max_cm\": \"off\"}", DZ},
        {"{\"sip3d_max\": \"off\"}", SIP3D},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        const struct need *need = &analysis_higgs4l.need[cases[i].column];
        unsigned bit = 1U << cases[i].column;
        struct event e = make(MUONS, MUONS, alternating);
        e.kind[MUONS].value[cases[i].column][0] = 1e6;
        for (unsigned present = 0; present < 2; present++) {
            struct job j;
            start(&j, cases[i].given, false);
            assert_false(need->wanted(&j.settings));
            process(&j, &e, present == 0 ? usual & ~bit : usual, UINT32_MAX);
            assert_int_equal(passed(&j, MU4), PASS);
            finish(&j);
        }
        struct job j;
        start(&j, NULL, false);
        assert_true(need->wanted(&j.settings));
        process(&j, &e, usual, UINT32_MAX);
        assert_int_equal(passed(&j, MU4), FAIL);
        finish(&j);
    }
}

static void polar_and_cartesian_columns_give_the_same(void **state)
{
    (void)state;
    for (int i = 0; i < 500; i++) {
        struct event e = {{{0}}};
        for (size_t k = 0; k < 8; k++) {
            double phi = 0.7 * i + 1.9 * (double)k + 0.1 * i * (double)k;
            double pt = 6 + fmod(13.7 * i + 9.1 * (double)k, 60);
            double pz = pt * sinh(2.6 * sin(1.1 * i + 3.3 * (double)k));
            add(&e.kind[k % 2], pt * cos(phi), pt * sin(phi), pz, k % 4 < 2 ? 1 : -1);
        }
        struct job polar;
        struct job cartesian;
        start(&polar, NULL, false);
        start(&cartesian, NULL, false);
        process(&polar, &e, POLAR | QUALITY, UINT32_MAX);
        process(&cartesian, &e, CARTESIAN | QUALITY, UINT32_MAX);
        assert_true(partial_equal(&polar.out, &cartesian.out));
        finish(&polar);
        finish(&cartesian);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_lepton_cut_holds_at_below_and_above_its_value),
        cmocka_unit_test(an_electron_may_miss_one_hit_where_the_file_says_so),
        cmocka_unit_test(without_sip3d_it_is_made_from_its_parts),
        cmocka_unit_test(a_quality_cut_that_is_off_needs_no_column),
        cmocka_unit_test(polar_and_cartesian_columns_give_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
