/* SPDX-License-Identifier: Apache-2.0 */
/* test_adl.c - what holds for every ADL query: ranges add up, columns of either width, weights,
 * the one channel, angles. */
#include "analysis/adl.h"

#include "tests/support/adl_event.h"

static const struct analysis *const queries[] = {
    &analysis_adl_q1, &analysis_adl_q2, &analysis_adl_q3, &analysis_adl_q4,
    &analysis_adl_q5, &analysis_adl_q6, &analysis_adl_q7, &analysis_adl_q8,
};

enum { EVENTS = 300 };

/* Some without objects, one with more jets than any block or buffer of query 6 takes. */
static void draw_events(struct event e[EVENTS])
{
    uint64_t state = 6;
    for (size_t i = 0; i < EVENTS; i++) {
        e[i] = draw_event(&state, i == 100 ? OBJECTS_MAX : i % 11, i % 6);
    }
}

static void run_all(struct job *j, const struct analysis *a, const struct event *e, bool narrow,
                    size_t step)
{
    struct sample s;
    start(j, a, NULL, false);
    make_sample(&s, e, EVENTS, narrow);
    for (size_t first = 0; first < EVENTS; first += step) {
        end_sample(&s);
        make_sample(&s, e, EVENTS, narrow);
        process_range(j, &s, first, size_min(first + step, EVENTS), UINT32_MAX);
    }
    end_sample(&s);
}

static void any_cut_into_ranges_gives_the_same(void **state)
{
    (void)state;
    static struct event e[EVENTS];
    draw_events(e);
    for (size_t q = 0; q < ARRAY_LENGTH(queries); q++) {
        static const size_t steps[] = {1, 7, 64, 299};
        struct job whole;
        run_all(&whole, queries[q], e, false, EVENTS);
        assert_true(hist_entries(&whole.out.hist[0].hist) >
                    20); /* the test looks at something */
        for (size_t i = 0; i < ARRAY_LENGTH(steps); i++) {
            struct job parts;
            run_all(&parts, queries[q], e, false, steps[i]);
            assert_true(partial_equal(&parts.out, &whole.out));
            finish(&parts);
        }
        finish(&whole);
    }
}

static void float_columns_are_taken_as_the_numbers_they_are(void **state)
{
    (void)state;
    static struct event e[EVENTS];
    draw_events(e);
    for (size_t q = 0; q < ARRAY_LENGTH(queries); q++) {
        struct job narrow;
        struct job wide;
        run_all(&narrow, queries[q], e, true, EVENTS);
        run_all(&wide, queries[q], e, false, EVENTS);
        assert_true(partial_equal(&narrow.out, &wide.out));
        finish(&narrow);
        finish(&wide);
    }
}

static double sum_of_weights(const struct hist *h)
{
    double sum = 0;
    for (size_t i = 0; i < h->axis.n_bins + 3; i++) {
        sum += exact_round(&h->sums[i].w);
    }
    return sum;
}

/* Each level of the processor that is there, and none. */
static void each_level_gives_the_same(void **state)
{
    (void)state;
    static struct event e[EVENTS];
    static const char *const levels[] = {"scalar", "plain", "avx2", "avx512", "no such"};
    draw_events(e);
    for (size_t q = 0; q < ARRAY_LENGTH(queries); q++) {
        struct job usual;
        run_all(&usual, queries[q], e, false, EVENTS);
        for (size_t i = 0; i < ARRAY_LENGTH(levels); i++) {
            struct job j;
            /* NOLINTNEXTLINE(concurrency-mt-unsafe): there is one thread */
            assert_int_equal(setenv("PICOBARN_SIMD", levels[i], 1), 0);
            run_all(&j, queries[q], e, false, EVENTS);
            assert_true(partial_equal(&j.out, &usual.out));
            finish(&j);
        }
        assert_int_equal(unsetenv("PICOBARN_SIMD"), 0); /* NOLINT(concurrency-mt-unsafe) */
        finish(&usual);
    }
}

static void every_entry_has_the_weight_of_its_event(void **state)
{
    (void)state;
    uint64_t random = 7;
    const struct event e = draw_event(&random, 5, 5);
    for (size_t q = 0; q < ARRAY_LENGTH(queries); q++) {
        struct job j;
        start(&j, queries[q], NULL, true);
        process(&j, &e, UINT32_MAX);
        for (size_t f = 0; f < j.out.n_hists; f++) {
            const struct hist *h = &j.out.hist[f].hist;
            assert_true(sum_of_weights(h) == adl_event_weight * (double)hist_entries(h));
        }
        for (size_t s = 0; s < j.out.n_steps; s++) {
            assert_true(exact_round(&j.out.step[s].sumw) ==
                        adl_event_weight * (double)j.out.step[s].n_events);
        }
        finish(&j);
    }
}

static void without_its_channel_nothing_is_filled(void **state)
{
    (void)state;
    uint64_t random = 8;
    const struct event e = draw_event(&random, 5, 5);
    for (size_t q = 0; q < ARRAY_LENGTH(queries); q++) {
        struct job j;
        struct job empty;
        start(&j, queries[q], NULL, false);
        start(&empty, queries[q], NULL, false);
        process(&j, &e, ~UINT32_C(1));
        assert_true(partial_equal(&j.out, &empty.out));
        finish(&j);
        finish(&empty);
    }
}

static void a_difference_of_angles_is_brought_to_pi_at_most(void **state)
{
    (void)state;
    static const double pi = 0x1.921fb54442d18p+1;
    static const struct {
        double a, b, difference;
    } cases[] = {
        {0, 0, 0},      {1, 3, -2},       {3, -3, 6 - 2 * pi},  {-3, 3, 2 * pi - 6},
        {pi, 0, pi},    {0, pi, -pi},     {10, 0, 10 - 4 * pi}, {-10, 0, 4 * pi - 10},
        {2 * pi, 0, 0}, {100 * pi, 0, 0},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        double difference = adl_delta_phi(cases[i].a, cases[i].b);
        assert_true(fabs(difference - cases[i].difference) < 1e-13);
        assert_true(fabs(difference) <= pi);
    }
    assert_true(isnan(adl_delta_phi(NAN, 1)));
    assert_true(isnan(adl_delta_phi(INFINITY, 1)));
}

static void opposite_are_charges_of_either_side_of_zero(void **state)
{
    (void)state;
    assert_true(adl_opposite(1, -1) && adl_opposite(-1, 1));
    assert_true(adl_opposite(INT32_MAX, INT32_MIN));
    assert_false(adl_opposite(1, 1) || adl_opposite(-1, -1));
    assert_false(adl_opposite(0, 1) || adl_opposite(-1, 0) || adl_opposite(0, 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_cut_into_ranges_gives_the_same),
        cmocka_unit_test(float_columns_are_taken_as_the_numbers_they_are),
        cmocka_unit_test(each_level_gives_the_same),
        cmocka_unit_test(every_entry_has_the_weight_of_its_event),
        cmocka_unit_test(without_its_channel_nothing_is_filled),
        cmocka_unit_test(a_difference_of_angles_is_brought_to_pi_at_most),
        cmocka_unit_test(opposite_are_charges_of_either_side_of_zero),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
