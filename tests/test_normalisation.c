/* SPDX-License-Identifier: Apache-2.0 */
/* test_normalisation.c - simulation scaled to the luminosity seen, against closed forms. */
#include "analysis/normalisation.h"

#include <math.h>

#include "base/size.h"
#include "tests/support/check.h"

enum { CHANNEL_4MU, CHANNEL_4E, CHANNEL_2MU2E };

static const uint32_t muon_channels = 1U << CHANNEL_4MU | 1U << CHANNEL_2MU2E;
static const uint32_t electron_channel = 1U << CHANNEL_4E;

static void assert_near(double value, double truth)
{
    if (!(fabs(value - truth) <= 1e-14 * fabs(truth))) {
        fail_msg("%.17g instead of %.17g", value, truth);
    }
}

static struct yield data_sample(int era, uint32_t channels, double luminosity_pb)
{
    return (struct yield){
        .era = era, .channels = channels, .luminosity_seen_pb = luminosity_pb};
}

/* H(125) to 4l of 2012, as far as `part` of its rows. */
static struct yield higgs_sample(double part)
{
    return (struct yield){.simulation = true,
                          .era = 2012,
                          .channels = muon_channels | electron_channel,
                          .cross_section_pb = 0.0065,
                          .scale = 1,
                          .generated = 299973,
                          .n_events_planned = 200000,
                          .n_events_seen = 200000 * part,
                          .sumw_seen = 200000 * part};
}

static void parallel_streams_of_an_era_are_never_summed(void **state)
{
    (void)state;
    const struct yield yields[] = {
        data_sample(2012, muon_channels, 4412),     /* DoubleMu B, seen whole */
        data_sample(2012, muon_channels, 7168),     /* DoubleMu C */
        data_sample(2012, electron_channel, 4412),  /* DoubleElectron B */
        data_sample(2012, electron_channel, 71.68), /* DoubleElectron C, 1 % seen */
        data_sample(2011, muon_channels, 2330),     higgs_sample(1),
    };
    static const struct {
        int era;
        unsigned channel;
        double luminosity_pb;
    } cases[] = {
        {2012, CHANNEL_4MU, 11580}, {2012, CHANNEL_2MU2E, 11580}, {2012, CHANNEL_4E, 4483.68},
        {2011, CHANNEL_4MU, 2330},  {2011, CHANNEL_2MU2E, 2330},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        assert_near(normalisation_luminosity(yields, ARRAY_LENGTH(yields), cases[i].era,
                                             cases[i].channel, 99),
                    cases[i].luminosity_pb);
    }
}

static void the_target_stands_in_only_where_no_data_fill_the_channel(void **state)
{
    (void)state;
    const struct yield yields[] = {data_sample(2012, muon_channels, 0), higgs_sample(1)};
    assert_true(normalisation_luminosity(yields, 2, 2012, CHANNEL_4MU, 500) == 0);
    assert_near(normalisation_luminosity(yields, 2, 2012, CHANNEL_4E, 500), 500);
    assert_near(normalisation_luminosity(yields, 2, 2011, CHANNEL_4MU, 500), 500);
    assert_near(normalisation_luminosity(yields, 2, 2012, 32, 500), 500);
    assert_near(normalisation_luminosity(NULL, 0, 2012, CHANNEL_4MU, 500), 500);
}

/* 11,580 pb^-1 * 0.0065 pb = 75.27 Higgs bosons expected, of 299,973 generated. */
static void the_full_sample_is_scaled_by_the_published_formula(void **state)
{
    (void)state;
    struct yield higgs = higgs_sample(1);
    assert_near(normalisation_scale(&higgs, 11580), 75.27 / 299973);
}

/* Data at 37 %, simulation at any other part: expected events = part of luminosity * cross
 * section, whatever part of the simulation was seen. */
static void a_stack_is_right_when_streams_progress_unequally(void **state)
{
    (void)state;
    static const double parts[] = {0.01, 0.37, 0.5, 1};
    for (size_t i = 0; i < ARRAY_LENGTH(parts); i++) {
        struct yield higgs = higgs_sample(parts[i]);
        double accepted = 0.25 * 299973 * parts[i]; /* a quarter of those generated passes */
        double scale = normalisation_scale(&higgs, 0.37 * 11580);
        assert_near(accepted * scale, 0.25 * 0.37 * 75.27);
    }
}

static void without_a_generated_number_rows_or_their_weights_count(void **state)
{
    (void)state;
    struct yield weighted = higgs_sample(0.5);
    weighted.generated = 0;
    weighted.sumw_seen = 12.5;
    assert_near(normalisation_scale(&weighted, 1000), 6.5 / 12.5);
    weighted.sumw_seen = -12.5; /* negative weights may prevail: interference */
    assert_near(normalisation_scale(&weighted, 1000), -6.5 / 12.5);
}

static void the_scale_factor_multiplies(void **state)
{
    (void)state;
    struct yield higgs = higgs_sample(1);
    double one = normalisation_scale(&higgs, 100);
    higgs.scale = 1.386;
    assert_near(normalisation_scale(&higgs, 100), 1.386 * one);
}

static void nothing_seen_is_scaled_to_nothing(void **state)
{
    (void)state;
    struct yield higgs = higgs_sample(0);
    assert_true(normalisation_scale(&higgs, 11580) == 0);
    higgs.generated = 0;
    assert_true(normalisation_scale(&higgs, 11580) == 0);
    higgs = higgs_sample(1);
    higgs.n_events_planned = 0;
    assert_true(normalisation_scale(&higgs, 11580) == 0);
    higgs = higgs_sample(1);
    assert_true(normalisation_scale(&higgs, 0) == 0);
}

static void data_are_never_scaled(void **state)
{
    (void)state;
    struct yield data = data_sample(2012, muon_channels, 4412);
    assert_true(normalisation_scale(&data, 11580) == 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parallel_streams_of_an_era_are_never_summed),
        cmocka_unit_test(the_target_stands_in_only_where_no_data_fill_the_channel),
        cmocka_unit_test(the_full_sample_is_scaled_by_the_published_formula),
        cmocka_unit_test(a_stack_is_right_when_streams_progress_unequally),
        cmocka_unit_test(without_a_generated_number_rows_or_their_weights_count),
        cmocka_unit_test(the_scale_factor_multiplies),
        cmocka_unit_test(nothing_seen_is_scaled_to_nothing),
        cmocka_unit_test(data_are_never_scaled),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
