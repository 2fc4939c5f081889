/* SPDX-License-Identifier: Apache-2.0 */
/* test_adl_jets.c - the ADL queries 1 to 4 on events made by hand. */
#include "tests/support/adl_event.h"

static const uint64_t none = 0;
static const uint64_t one = 1;

/* A value over an axis: below, in a bin whose lower edge this is, or above. */
enum { BELOW = -1, ABOVE = -2, NO_NUMBER = -3 };
struct place {
    double value;
    double low;
};

static void check_place(const struct job *j, const struct place *p)
{
    const struct hist *h = &j->out.hist[0].hist;
    struct outcome o = outcome_of(j, 0);
    assert_int_equal(o.entries, 1);
    assert_int_equal(o.nan, p->low == NO_NUMBER);
    assert_int_equal(h->count[0], p->low == BELOW);
    assert_int_equal(h->count[h->axis.n_bins + 1], p->low == ABOVE);
    assert_true(p->low < 0 ? isnan(o.low) : fabs(o.low - p->low) < 1e-9);
}

static void q1_fills_missing_pt_of_every_event_into_half_open_bins(void **state)
{
    (void)state;
    static const struct place places[] = {
        {0, 0},        {19.999, 0}, {20, 20},          {1999.9, 1980},   {2000, ABOVE},
        {-0.1, BELOW}, {-0.0, 0},   {INFINITY, ABOVE}, {NAN, NO_NUMBER},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(places); i++) {
        struct job j;
        const struct event e = {.met_pt = places[i].value};
        start(&j, &analysis_adl_q1, NULL, false);
        process(&j, &e, UINT32_MAX);
        check_place(&j, &places[i]);
        finish(&j);
    }
}

static void q2_fills_every_jet(void **state)
{
    (void)state;
    static const struct place places[] = {
        {15, 15},        {14.999, BELOW}, {15.45, 15.45},
        {59.999, 59.55}, {60, ABOVE},     {NAN, NO_NUMBER},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(places); i++) {
        struct job j;
        struct event e = {0};
        add_jet(&e, places[i].value, 9, 0, 0, 0);
        start(&j, &analysis_adl_q2, NULL, false);
        process(&j, &e, UINT32_MAX);
        check_place(&j, &places[i]);
        finish(&j);
    }
    for (size_t n = 0; n <= OBJECTS_MAX; n += 20) {
        uint64_t random = n;
        const struct event e = draw_event(&random, n, 0);
        assert_int_equal(run_one(&analysis_adl_q2, &e, NULL, 0).entries, n);
    }
}

static void q3_fills_jets_whose_eta_is_strictly_within_the_cut(void **state)
{
    (void)state;
    const struct {
        double eta;
        uint64_t entries;
    } cases[] = {
        {0, one},
        {nextafter(1, 0), one},
        {-nextafter(1, 0), one},
        {1, none},
        {-1, none},
        {nextafter(1, 2), none},
        {NAN, none},
        {-INFINITY, none},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct event e = {0};
        add_jet(&e, 20, 3, 0, 0, 0);
        add_jet(&e, 30, cases[i].eta, 0, 0, 0);
        struct outcome o = run_one(&analysis_adl_q3, &e, NULL, 0);
        assert_int_equal(o.entries, cases[i].entries);
        if (cases[i].entries == one) {
            check_holds(&o, 30);
        }
        assert_int_equal(run_one(&analysis_adl_q3, &e, "{\"jet_eta_max\": 4}", 0).entries,
                         1 + (fabs(cases[i].eta) < 4));
    }
}

static void q4_wants_two_jets_strictly_above_the_cut(void **state)
{
    (void)state;
    const struct {
        size_t n;
        double pt[4];
        uint64_t entries;
    } cases[] = {
        {0, {0}, none},
        {1, {100}, none},
        {2, {100, 100}, one},
        {2, {100, 40}, none}, /* at the cut is not above */
        {2, {40, 40}, none},
        {2, {nextafter(40, 41), nextafter(40, 41)}, one},
        {3, {100, 10, 41}, one}, /* in whatever order */
        {4, {41, 42, 43, 44}, one},
        {3, {100, NAN, NAN}, none},
        {3, {100, NAN, 50}, one},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct event e = {.met_pt = 33};
        for (size_t k = 0; k < cases[i].n; k++) {
            add_jet(&e, cases[i].pt[k], 5, 0, 0, 0);
        }
        struct outcome o = run_one(&analysis_adl_q4, &e, NULL, 0);
        assert_int_equal(o.entries, cases[i].entries);
        assert_int_equal(o.step[0], 1);
        assert_int_equal(o.step[1], cases[i].entries);
        if (cases[i].entries == one) {
            check_holds(&o, 33);
        }
    }
}

static void q4_counts_jets_to_the_last_and_its_cut_can_be_changed(void **state)
{
    (void)state;
    struct event e = {.met_pt = NAN};
    for (size_t i = 0; i < OBJECTS_MAX; i++) {
        add_jet(&e, i < OBJECTS_MAX - 2 ? 20 : 90, 0, 0, 0, 0);
    }
    struct outcome o = run_one(&analysis_adl_q4, &e, NULL, 0);
    assert_true(o.entries == one && o.nan == one);
    assert_int_equal(run_one(&analysis_adl_q4, &e, "{\"jet_pt_min_gev\": 90}", 0).entries,
                     none);
}

enum { EVENTS = 2000 };

/* Mostly of a few jets; some of so many that sums of bytes turn over. */
static void draw_jets(struct event e[EVENTS])
{
    uint64_t random = 4;
    for (size_t i = 0; i < EVENTS; i++) {
        size_t few = (size_t)draw(&random, 0, 7);
        size_t many = (size_t)draw(&random, 120, OBJECTS_MAX);
        e[i] = draw_event(&random, i % 400 == 13 ? many : few, 0);
        for (size_t k = 0; k < e[i].kind[JETS].n; k++) {
            double roll = draw(&random, 0, 1);
            e[i].kind[JETS].real[PT][k] = roll < 0.4 ? 40 : roll < 0.5 ? NAN : roll * 80;
        }
    }
}

static bool has_two_hard_jets(const struct event *e)
{
    size_t n_hard = 0;
    for (size_t k = 0; k < e->kind[JETS].n; k++) {
        n_hard += (float)e->kind[JETS].real[PT][k] > 40;
    }
    return n_hard >= 2;
}

static void q4_finds_two_hard_jets_among_any_number(void **state)
{
    (void)state;
    static struct event e[EVENTS];
    struct job j;
    struct sample s;
    uint64_t n_passed = 0;
    draw_jets(e);
    for (size_t i = 0; i < EVENTS; i++) {
        n_passed += has_two_hard_jets(&e[i]);
    }
    start(&j, &analysis_adl_q4, NULL, false);
    make_sample(&s, e, EVENTS, true);
    process_range(&j, &s, 0, EVENTS, UINT32_MAX);
    assert_int_equal(outcome_of(&j, 0).entries, n_passed);
    assert_int_equal(outcome_of(&j, 0).step[1], n_passed);
    assert_in_range(n_passed, EVENTS / 4, EVENTS * 3 / 4);
    end_sample(&s);
    finish(&j);
}

enum { Q4_BLOCK = 256 };

/* One in so many events of a block has n hard jets, the others have none. */
static void check_block(size_t every, size_t n)
{
    static struct event e[Q4_BLOCK];
    struct job j;
    struct sample s;
    memset(e, 0, sizeof e);
    for (size_t k = 0; k < Q4_BLOCK / every * n; k++) {
        add_jet(&e[k / n * every], 90, 0, 0, 0, 0);
    }
    start(&j, &analysis_adl_q4, NULL, false);
    make_sample(&s, e, Q4_BLOCK, true);
    process_range(&j, &s, 0, Q4_BLOCK, UINT32_MAX);
    assert_int_equal(outcome_of(&j, 0).step[1], Q4_BLOCK / every);
    assert_int_equal(outcome_of(&j, 0).entries, Q4_BLOCK / every);
    end_sample(&s);
    finish(&j);
}

/* At the borders of what sums of bytes hold: 127 jets of an event, beyond which 128 would look like none,
 * and 4096 of a block. */
static void q4_counts_events_of_many_hard_jets(void **state)
{
    (void)state;
    static const size_t all[] = {2, 15, 16, 17, 127};
    static const size_t some[] = {126, 127, 128, 129, 256};
    for (size_t k = 0; k < ARRAY_LENGTH(all); k++) {
        check_block(1, all[k]);
        check_block(32, some[k]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(q1_fills_missing_pt_of_every_event_into_half_open_bins),
        cmocka_unit_test(q2_fills_every_jet),
        cmocka_unit_test(q3_fills_jets_whose_eta_is_strictly_within_the_cut),
        cmocka_unit_test(q4_wants_two_jets_strictly_above_the_cut),
        cmocka_unit_test(q4_counts_jets_to_the_last_and_its_cut_can_be_changed),
        cmocka_unit_test(q4_finds_two_hard_jets_among_any_number),
        cmocka_unit_test(q4_counts_events_of_many_hard_jets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
