/* SPDX-License-Identifier: Apache-2.0 */
/* test_plot_scale.c - ticks of an axis and places on it. */
#include "scheduler/plot_scale.h"

#include <math.h>

#include "base/bytes.h"
#include "base/size.h"
#include "tests/support/check.h"

static void ticks_are_round_numbers(void **state)
{
    (void)state;
    static const struct {
        struct plot_scale scale;
        double room;
        int exponent;
        const char *labels;
    } cases[] = {
        {{0, 22.3, false, 532, 46}, 46, 0, "0 5 10 15 20 "},
        {{70, 181, false, 104, 778}, 85, 0, "80 100 120 140 160 180 "},
        {{0, 1.5e7, false, 532, 46}, 46, 6, "0 2 4 6 8 10 12 14 "},
        {{0, 0.0037, false, 532, 46}, 46, -3, "0.0 0.5 1.0 1.5 2.0 2.5 3.0 3.5 "},
        {{-1, 1, false, 104, 778},
         150,
         0,
         "\xE2\x88\x92"
         "1.0 \xE2\x88\x92"
         "0.5 0.0 0.5 1.0 "},
        {{0.25, 300, true, 104, 778}, 50, 0, "0.5 1 2 5 10 20 50 100 200 "},
        {{0.5, 2e6, true, 680, 46}, 46, 0, "1 10 10^2 10^3 10^4 10^5 10^6 "},
        {{0.01, 500, true, 532, 46}, 46, 0, "0.01 0.1 1 10 100 "},
        {{1e-30, 1e30, true, 104, 778}, 100, 0, "10^-30 10^-20 10^-10 1 10^10 10^20 10^30 "},
        {{120, 140, true, 104, 778}, 100, 0, "120 125 130 135 140 "},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct plot_ticks ticks;
        struct buffer labels = {0};
        plot_scale_ticks(&cases[i].scale, cases[i].room, &ticks);
        for (size_t t = 0; t < ticks.n; t++) {
            const char *label = ticks.tick[t].label;
            buffer_printf(&labels, "%s%s", label, label[0] == '\0' ? "" : " ");
        }
        assert_string_equal(buffer_string(&labels), cases[i].labels);
        assert_int_equal(ticks.exponent, cases[i].exponent);
        buffer_release(&labels);
    }
}

static void values_stand_in_proportion_and_never_outside(void **state)
{
    (void)state;
    struct plot_scale linear = {0, 20, false, 500, 100};
    struct plot_scale decades = {0.01, 100, true, 0, 400};
    static const struct {
        double value;
        double on_linear;
        double on_decades;
    } cases[] = {
        {0, 500, 0},   {5, 400, 269.897},    {20, 100, 330.103},
        {1, 480, 200}, {0.001, 499.98, 0},   {1e9, 100, 400},
        {-3, 500, 0},  {INFINITY, 100, 400}, {NAN, 500, 0},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        assert_true(fabs(plot_scale_at(&linear, cases[i].value) - cases[i].on_linear) < 1e-3);
        assert_true(fabs(plot_scale_at(&decades, cases[i].value) - cases[i].on_decades) < 1e-3);
    }
}

static void a_decade_is_found_exactly_at_its_edges(void **state)
{
    (void)state;
    for (int exponent = -22; exponent <= 22; exponent++) {
        double power = plot_scale_power(exponent);
        assert_int_equal(plot_scale_decade(power), exponent);
        assert_int_equal(plot_scale_decade(nextafter(power, 0)), exponent - 1);
        assert_int_equal(plot_scale_decade(9.99 * power), exponent);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ticks_are_round_numbers),
        cmocka_unit_test(values_stand_in_proportion_and_never_outside),
        cmocka_unit_test(a_decade_is_found_exactly_at_its_edges),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
