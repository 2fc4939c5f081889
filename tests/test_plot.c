/* SPDX-License-Identifier: Apache-2.0 */
/* test_plot.c - the picture: what stands where, in which greys, and that no number a run can hold
 * breaks it. */
#include "tests/support/plot_sample.h"

#include "analysis/statistics.h"
#include "scheduler/plot_layers.h"

static void the_same_input_gives_the_same_bytes(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(variants); i++) {
        struct sample *s = make_sample(&variants[i]);
        struct buffer first = {0};
        struct buffer second = {0};
        assert_string_equal(draw(&s->plot, &first), draw(&s->plot, &second));
        buffer_release(&first);
        buffer_release(&second);
        free(s);
    }
}

/* In the main panel of variant 0, whose axis starts at 0 and whose lower end is at y = 532. */
static const double base_line = 532;

static void points_and_stack_stand_at_their_values(void **state)
{
    (void)state;
    struct sample *s = make_sample(&variants[0]);
    struct buffer out = {0};
    s->plot.n_layers = 1;
    for (size_t bin = 0; bin < s->plot.n_bins; bin++) {
        s->observed[bin] = bin + 1;
        s->expected[0][bin] = (double)bin + 1;
    }
    const char *svg = draw(&s->plot, &out);
    const char *stack = strstr(svg, "d=\"M104,");
    double unit = base_line - strtod(stack + strlen("d=\"M104,"), NULL); /* of one event */
    assert_true(unit > 5);
    const char *bars = strstr(svg, "stroke-width=\"1.4\" d=\"");
    const char *circle = strstr(svg, "<circle");
    for (size_t bin = 0; bin < s->plot.n_bins; bin++) {
        double lower = 0;
        double upper = 0;
        statistics_poisson_interval(bin + 1, &lower, &upper);
        bars = strchr(strchr(bars, 'M'), ','); /* M x,low V high, then two caps */
        assert_true(fabs(base_line - strtod(bars + 1, NULL) - unit * lower) < 0.4);
        assert_true(fabs(base_line - strtod(strchr(bars, 'V') + 1, NULL) - unit * upper) < 0.4);
        bars = strchr(strchr(bars, 'h') + 1, 'h');
        double y = attribute(circle, "cy=\"");
        assert_true(fabs(base_line - y - unit * ((double)bin + 1)) < 0.4);
        circle = strstr(circle + 1, "<circle");
    }
    buffer_release(&out);
    free(s);
}

static size_t count(const char *text, const char *part)
{
    size_t n = 0;
    for (const char *at = strstr(text, part); at != NULL; at = strstr(at + 1, part)) {
        n++;
    }
    return n;
}

static void bins_without_an_event_have_no_point(void **state)
{
    (void)state;
    static const uint64_t published[] = {0, 0, 0, 1, 2, 8, 16, 12, 8, 1, 3, 0, 0,
                                         2, 1, 0, 3, 3, 7, 2,  0,  0, 2, 2, 4, 3,
                                         1, 1, 2, 2, 3, 3, 0,  1,  3, 3, 3};
    struct sample *s = make_sample(&variants[0]);
    struct buffer out = {0};
    s->plot.observed = published;
    size_t n_filled = 0;
    for (size_t bin = 0; bin < s->plot.n_bins; bin++) {
        n_filled += published[bin] > 0 ? 1 : 0;
    }
    s->plot.n_layers = 0;
    assert_int_equal(count(draw(&s->plot, &out), "<circle"),
                     n_filled + 1); /* and the legend's */
    buffer_release(&out);
    free(s);
}

static void the_ratio_is_drawn_only_for_data_with_simulation(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(variants); i++) {
        struct sample *s = make_sample(&variants[i]);
        struct buffer out = {0};
        size_t wanted = variants[i].data && variants[i].n_layers > 0 ? 1 : 0;
        assert_int_equal(count(draw(&s->plot, &out), "Data / sim."), wanted);
        buffer_release(&out);
        free(s);
    }
}

static void a_layer_that_is_absent_has_no_entry_and_no_ratio(void **state)
{
    (void)state;
    struct sample *s = make_sample(&variants[0]);
    struct buffer out = {0};
    s->plot.layer[1].absent = true;
    const char *svg = draw(&s->plot, &out);
    assert_int_equal(count(svg, ">ZZ</text>"), 0);
    assert_int_equal(count(svg, "Data / sim."), 1);
    s->plot.layer[0].absent = s->plot.layer[2].absent = true;
    buffer_clear(&out);
    svg = draw(&s->plot, &out);
    assert_int_equal(count(svg, "Data / sim."), 0);
    assert_int_equal(count(svg, "Sim. stat. unc."), 0);
    buffer_release(&out);
    free(s);
}

/* Narrow bins: an outline if they are full, points if few are. */
static void sparse_data_are_points_however_many_bins_there_are(void **state)
{
    (void)state;
    static const struct variant narrow = {400, 0, 900, 0, "", 0, LIN, LIN, true, false};
    struct sample *s = make_sample(&narrow);
    for (size_t every = 1; every <= 10; every += 9) {
        for (size_t bin = 0; bin < narrow.n_bins; bin++) {
            s->observed[bin] = bin % every == 0 ? 3 : 0;
        }
        struct buffer out = {0};
        size_t n_points = every == 1 ? 0 : narrow.n_bins / every + 1; /* and the legend's */
        assert_int_equal(count(draw(&s->plot, &out), "<circle"), n_points);
        buffer_release(&out);
    }
    free(s);
}

/* Later in the file is in front. */
static void no_filled_area_hides_a_mark(void **state)
{
    (void)state;
    static const struct variant full = {400, 0, 900, 1e6, "", 0, LIN, LIN, true, false};
    struct sample *s = make_sample(&full);
    struct buffer out = {0};
    s->plot.generated = true;
    const char *svg = draw(&s->plot, &out);
    const char *area = strstr(svg, "<path fill=\"#dbe7f0\"");
    assert_non_null(area);
    assert_non_null(strstr(area, ">generated sample</text>"));
    buffer_release(&out);
    free(s);
}

static void axis_titles_say_bin_width_and_unit(void **state)
{
    (void)state;
    static const struct {
        size_t variant;
        const char *x;
        const char *y;
    } cases[] = {
        {0, ">m(4l) [GeV]<", ">Events / 3 GeV<"},
        {9, ">m(4l) [GeV]<", ">Events / bin<"},
        {15, "6</tspan><tspan dy=\"8.36\"> GeV]</tspan>", ">Events / 375000 GeV<"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct sample *s = make_sample(&variants[cases[i].variant]);
        struct buffer out = {0};
        const char *svg = draw(&s->plot, &out);
        check_contains(svg, cases[i].x);
        check_contains(svg, cases[i].y);
        buffer_release(&out);
        free(s);
    }
}

static void marks_say_generated_and_incomplete(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 4; i++) {
        struct sample *s = make_sample(&variants[0]);
        struct buffer out = {0};
        s->plot.generated = (i & 1) != 0;
        s->plot.incomplete = (i & 2) != 0;
        const char *svg = draw(&s->plot, &out);
        assert_int_equal(count(svg, ">generated sample<"), i & 1);
        assert_int_equal(count(svg, ">incomplete<"), i >> 1);
        assert_int_equal(count(svg, "Generated sample."),
                         i & 1); /* who cannot see it hears it */
        assert_int_equal(count(svg, "Incomplete."), i >> 1);
        buffer_release(&out);
        free(s);
    }
}

/* Rec. 709 luminance of "#rrggbb", without the gamma: order is all that matters. */
static double luminance(const char *fill)
{
    unsigned long rgb = strtoul(fill + 1, NULL, 16);
    return 0.2126 * (double)(rgb >> 16 & 255) + 0.7152 * (double)(rgb >> 8 & 255) +
           0.0722 * (double)(rgb & 255);
}

static void backgrounds_differ_in_grey(void **state)
{
    (void)state;
    for (size_t n = 1; n <= PLOT_PROCESSES_MAX; n++) {
        struct plot plot = {.n_layers = n};
        double least = n <= 4 ? 35 : 130. / (double)n;
        for (size_t l = 1; l < n; l++) {
            struct plot_paint below = plot_layers_paint(&plot, l - 1);
            struct plot_paint above = plot_layers_paint(&plot, l);
            assert_true(luminance(above.fill) - luminance(below.fill) > least);
        }
    }
}

static void a_signal_is_lighter_than_any_background_with_a_heavier_line(void **state)
{
    (void)state;
    struct plot plot = {.n_layers = 2, .layer = {{.signal = false}, {.signal = true}}};
    struct plot_paint background = plot_layers_paint(&plot, 0);
    struct plot_paint signal = plot_layers_paint(&plot, 1);
    assert_true(luminance(signal.fill) > luminance(background.fill) + 10);
    assert_true(signal.line_width > 2 * background.line_width);
}

static void contents_that_are_no_numbers_are_drawn_as_nothing(void **state)
{
    (void)state;
    static const double odd[] = {NAN, INFINITY, -INFINITY, -5, 1e300, 5e-324};
    for (size_t i = 0; i < 2 * ARRAY_LENGTH(odd); i++) {
        struct sample *s = make_sample(&variants[i % 2]);
        struct buffer out = {0};
        for (size_t bin = 0; bin < s->plot.n_bins; bin++) {
            s->expected[0][bin] = odd[i / 2];
            s->variance[1][bin] = odd[i / 2];
        }
        const char *svg = draw(&s->plot, &out);
        assert_null(strstr(svg, "nan"));
        assert_null(strstr(svg, "inf"));
        assert_renders(svg);
        buffer_release(&out);
        free(s);
    }
}

static void impossible_axes_are_refused(void **state)
{
    (void)state;
    static const struct {
        double edge[3];
        bool log_x;
        size_t n_bins;
    } cases[] = {
        {{0, 1, 2}, true, 2},           {{-1, 1, 2}, true, 2},   {{0, 1, 1}, false, 2},
        {{2, 1, 3}, false, 2},          {{0, NAN, 2}, false, 2}, {{0, 1, INFINITY}, false, 2},
        {{-1e300, 0, 1e300}, false, 2}, {{0, 1, 2}, false, 0},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct sample *s = make_sample(&variants[0]);
        struct buffer out = {0};
        struct error err = {0};
        s->plot.edge = cases[i].edge;
        s->plot.n_bins = cases[i].n_bins;
        s->plot.log_x = cases[i].log_x;
        assert_int_equal(plot_draw_svg(&s->plot, &out, &err), -1);
        assert_int_equal(err.kind, ERROR_INPUT);
        assert_int_equal(out.size, 0);
        buffer_release(&out);
        free(s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_same_input_gives_the_same_bytes),
        cmocka_unit_test(points_and_stack_stand_at_their_values),
        cmocka_unit_test(bins_without_an_event_have_no_point),
        cmocka_unit_test(the_ratio_is_drawn_only_for_data_with_simulation),
        cmocka_unit_test(a_layer_that_is_absent_has_no_entry_and_no_ratio),
        cmocka_unit_test(sparse_data_are_points_however_many_bins_there_are),
        cmocka_unit_test(no_filled_area_hides_a_mark),
        cmocka_unit_test(axis_titles_say_bin_width_and_unit),
        cmocka_unit_test(marks_say_generated_and_incomplete),
        cmocka_unit_test(backgrounds_differ_in_grey),
        cmocka_unit_test(a_signal_is_lighter_than_any_background_with_a_heavier_line),
        cmocka_unit_test(contents_that_are_no_numbers_are_drawn_as_nothing),
        cmocka_unit_test(impossible_axes_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
