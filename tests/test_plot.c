/* SPDX-License-Identifier: Apache-2.0 */
/* test_plot.c - the picture: what stands where, in which letters, and that nothing a file or a
 * run can hold breaks it. */
#include "scheduler/plot.h"

#include <math.h>

#include "analysis/statistics.h"
#include "base/size.h"
#include "scheduler/plot_layers.h"
#include "scheduler/plot_text.h"
#include "tests/support/check.h"

enum { BINS_MAX = 10000, LAYERS = 3, TEXTS_MAX = 200 };

/* A plot with the memory that it borrows. */
struct sample {
    struct plot plot;
    double edge[BINS_MAX + 1];
    double expected[LAYERS][BINS_MAX];
    double variance[LAYERS][BINS_MAX];
    uint64_t observed[BINS_MAX];
    uint64_t control[BINS_MAX];
};

struct variant {
    size_t n_bins;
    double low;
    double high;
    double events; /* in the highest bin, about */
    const char *coverage;
    size_t n_layers;
    bool log_x;
    bool log_y;
    bool data;
    bool control;
};

enum { LIN, LOG }; /* an axis */

static const struct variant variants[] = {
    /* clang-format off */
    {37, 70, 181, 18, "25 of 25 shards, 11.58 of 11.58 fb^-1", 3, LIN, LIN, true, false},
    {37, 70, 181, 18, "25 of 25 shards, 11.58 of 11.58 fb^-1", 3, LIN, LOG, true, false},
    {37, 70, 181, 0.2, "251 of 25,000 shards, 0.12 of 11.58 fb^-1", 3, LIN, LIN, true, false},
    {37, 70, 181, 0.2, "251 of 25,000 shards, 0.12 of 11.58 fb^-1", 3, LIN, LOG, true, false},
    {37, 70, 181, 0, "0 of 25 shards", 3, LIN, LIN, true, false},
    {37, 70, 181, 0, "0 of 25 shards", 3, LIN, LOG, true, false},
    {37, 70, 181, 18, "", 3, LIN, LOG, false, false},
    {37, 70, 181, 1e-9, "", 1, LIN, LIN, false, false},
    {300, 0, 900, 1e4, "all", 3, LIN, LOG, true, false},
    {400, 0.25, 300, 4e5, "1,000 of 1,000 shards", 0, LOG, LOG, true, true},
    {90, 0.25, 300, 4e5, "1,000 of 1,000 shards", 0, LOG, LOG, true, true},
    {90, 0.25, 300, 4e5, "1,000 of 1,000 shards", 0, LOG, LIN, true, true},
    {BINS_MAX, 0.25, 300, 4e5, "all", 2, LOG, LOG, true, false},
    {BINS_MAX, 0, 300, 4e5, "all", 0, LIN, LIN, true, false},
    {8, 0, 300, 1.2e7, "70 of 70 TB", 2, LIN, LIN, true, false},
    {8, 0, 3e6, 1.2e7, "70 of 70 TB", 2, LIN, LOG, true, false},
    {1, -1, 1, 3, "one bin", 1, LIN, LIN, true, true},
    {50, 120, 140, 100, "less than a decade", 1, LOG, LIN, true, false},
    {50, 5.2791, 5.2799, 1e15, "narrow", 1, LIN, LIN, true, false},
    {50, 1e-30, 1e30, 1e18, "wide", 1, LOG, LOG, true, false},
    /* clang-format on */
};

/* A peak at a third of the axis over a falling slope. */
static double shape(double part)
{
    return exp(-pow((part - 0.3) / 0.03, 2)) + 0.1 * (1 - part);
}

static void fill_bins(struct sample *s, const struct variant *v)
{
    for (size_t i = 0; i <= v->n_bins; i++) {
        double part = (double)i / (double)v->n_bins;
        s->edge[i] = v->log_x ? v->low * pow(v->high / v->low, part)
                              : v->low + part * (v->high - v->low);
    }
    for (size_t i = 0; i < v->n_bins; i++) {
        double content = v->events * shape(((double)i + 0.5) / (double)v->n_bins);
        for (size_t l = 0; l < LAYERS; l++) {
            s->expected[l][i] = content / (double)(l + 2);
            s->variance[l][i] = content / 50;
        }
        s->observed[i] = (uint64_t)(content + (i % 7 == 0 ? 0.9 : 0.3));
        s->control[i] = s->observed[i] / 8;
    }
}

static struct sample *make_sample(const struct variant *v)
{
    struct sample *s = calloc(1, sizeof *s);
    assert_non_null(s);
    fill_bins(s, v);
    s->plot = (struct plot){
        .n_bins = v->n_bins,
        .edge = s->edge,
        .log_x = v->log_x,
        .log_y = v->log_y,
        .label = "m(4l)",
        .unit = "GeV",
        .n_layers = v->n_layers,
        .observed = v->data ? s->observed : NULL,
        .control = v->control ? s->control : NULL,
        .control_title = v->control ? "Same sign" : NULL,
        .data_title = "Data",
        .luminosity = "11.58 fb^-1 (8 TeV) + 2.33 fb^-1 (7 TeV)",
        .coverage = v->coverage,
        .n_notes = 3,
        .note = {"4\xCE\xBC, 4e, 2\xCE\xBC"
                 "2e",
                 "121-130 GeV: 12 observed", "2.8 observed, 3.1 expected"},
    };
    static const char *const title[LAYERS] = {"Z/\xCE\xB3*", "ZZ", "H(125)"};
    for (size_t l = 0; l < v->n_layers; l++) {
        s->plot.layer[l] =
            (struct plot_layer){title[l], l == 2, s->expected[l], s->variance[l]};
    }
    return s;
}

/* The SVG as a string, in *out. */
static const char *draw(const struct plot *plot, struct buffer *out)
{
    struct error err = {0};
    check_ok(plot_draw_svg(plot, out, &err), &err);
    const char *svg = buffer_string(out);
    assert_non_null(svg);
    return svg;
}

/* Goes through a real XML parser and renderer, where the build has one. */
static void assert_renders(const char *svg)
{
    struct buffer png = {0};
    struct error err = {0};
#ifdef PICOBARN_WITH_RENDER
    check_ok(plot_render(svg, strlen(svg), PLOT_PNG, 0.5, &png, &err), &err);
    assert_true(png.size > 1000);
#else
    assert_int_equal(plot_render(svg, strlen(svg), PLOT_PNG, 0.5, &png, &err), -1);
    assert_int_equal(err.kind, ERROR_INPUT);
    check_contains(err.text, "this build draws SVG only");
#endif
    buffer_release(&png);
}

/* The number of an attribute that stands at or after `at`. */
static double attribute(const char *at, const char *name)
{
    const char *found = strstr(at, name);
    assert_non_null(found);
    return strtod(found + strlen(name), NULL);
}

struct box {
    double left;
    double top;
    double right;
    double bottom;
};

static bool boxes_meet(const struct box *a, const struct box *b)
{
    return a->left < b->right && b->left < a->right && a->top < b->bottom && b->top < a->bottom;
}

/* The width of a text element's content, tags and raised parts considered. */
static double content_width(const char *at, const char *stop, double size)
{
    double width = 0;
    double scale = 1;
    while (at < stop) {
        if (*at == '<') {
            scale = strncmp(at, "</", 2) != 0 && strstr(at, "font-size") < strchr(at, '>') &&
                            strstr(at, "font-size") != NULL
                        ? 0.7
                        : 1;
            at = strchr(at, '>') + 1;
            continue;
        }
        char one[8] = {0}; /* one character; an entity counts as '&' */
        size_t n = *at == '&' ? strcspn(at, ";") + 1 : 1;
        while (*at != '&' && ((unsigned char)at[n] & 0xC0) == 0x80) {
            n++;
        }
        memcpy(one, at, *at == '&' ? 1 : size_min(n, sizeof one - 1));
        width += plot_text_width(one, size) * scale;
        at += n;
    }
    return width;
}

/* Where a <text> element stands, by the widths that plot_text.h gives. */
static struct box text_box(const char *element)
{
    double x = attribute(element, " x=\"");
    double y = attribute(element, " y=\"");
    double size = attribute(element, " font-size=\"");
    const char *start = strchr(element, '>') + 1;
    double width = content_width(start, strstr(start, "</text>"), size);
    const char *anchor = strstr(element, "text-anchor=\"") + strlen("text-anchor=\"");
    double part = *anchor == 's' ? 0 : *anchor == 'm' ? 0.5 : 1;
    const char *turn = strstr(element, "rotate(-90");
    if (turn != NULL && turn < start) {
        return (struct box){x - 0.75 * size, y - (1 - part) * width, x + 0.2 * size,
                            y + part * width};
    }
    return (struct box){x - part * width, y - 0.75 * size, x + (1 - part) * width,
                        y + 0.2 * size};
}

/* All texts but the watermark. */
static size_t list_texts(const char *svg, struct box box[TEXTS_MAX])
{
    size_t n = 0;
    for (const char *at = strstr(svg, "<text"); at != NULL; at = strstr(at + 1, "<text")) {
        const char *mark = strstr(at, "watermark");
        if (mark != NULL && mark < strchr(at, '>')) {
            continue;
        }
        assert_true(n < TEXTS_MAX);
        box[n] = text_box(at);
        n++;
    }
    return n;
}

static void assert_on_page(const struct box *box)
{
    if (box->left < 0 || box->top < 0 || box->right > 800 || box->bottom > 760) {
        fail_msg("a text leaves the page at %g, %g", box->left, box->top);
    }
}

static void assert_apart(const struct box *a, const struct box *b)
{
    if (boxes_meet(a, b)) {
        fail_msg("texts or points at %g, %g and %g, %g meet", a->left, a->top, b->left, b->top);
    }
}

static void assert_no_overlap(const char *svg)
{
    struct box box[TEXTS_MAX];
    size_t n = list_texts(svg, box);
    for (size_t i = 0; i < n; i++) {
        assert_on_page(&box[i]);
        for (size_t j = 0; j < i; j++) {
            assert_apart(&box[i], &box[j]);
        }
    }
}

/* Data points stand below legend and notes: the head-room holds. */
static void assert_points_clear_of_texts(const char *svg)
{
    struct box box[TEXTS_MAX];
    size_t n = list_texts(svg, box);
    for (const char *at = strstr(svg, "<circle"); at != NULL; at = strstr(at + 1, "<circle")) {
        double x = attribute(at, "cx=\"");
        double y = attribute(at, "cy=\"");
        struct box point = {x - 1, y - 1, x + 1, y + 1};
        for (size_t i = 0; i < n; i++) {
            assert_apart(&box[i], &point);
        }
    }
}

static void every_variant_renders_and_no_text_meets_another(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(variants); i++) {
        struct sample *s = make_sample(&variants[i]);
        struct buffer out = {0};
        s->plot.incomplete = i % 2 == 0;
        s->plot.generated = i % 3 == 0;
        s->plot.window_low = 121;
        s->plot.window_high = 130;
        const char *svg = draw(&s->plot, &out);
        assert_null(strstr(svg, "nan"));
        assert_null(strstr(svg, "inf"));
        assert_no_overlap(svg);
        assert_points_clear_of_texts(svg);
        assert_renders(svg);
        buffer_release(&out);
        free(s);
    }
}

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

/* U+202E, right-to-left override; in bytes, for compilers warn of it in a text */
static const char turning[] = {(char)0xE2, (char)0x80, (char)0xAE, 'x', '\0'};

static const char *const hostile[] = {
    turning,
    "<script>alert(1)</script>",
    "]]></svg><!--",
    "a & b &amp; \"double\" 'single'",
    "\x01\x02\x1B[31m\x7F\r\n\t",
    "\xFF\xFE\xC3",             /* no UTF-8 */
    "\xC0\x80\xE0\x80\x80",     /* longer than needed */
    "\xED\xA0\x80\xED\xB0\x80", /* surrogates */
    "\xF4\x90\x80\x80\xF8\x88\x80\x80\x80",
    "\xEF\xBF\xBF\xEF\xBF\xBE", /* U+FFFF, U+FFFE: no XML characters */
    "^",
    "_",
    "^-",
    "_{",
    "^{",
    "_{}",
    "^{}}",
    "x^{a<b}y_{&}z^-12+^+3",
    "\xE2\x82", /* cut */
    "",
};

static void set_texts(struct plot *plot, const char *text)
{
    plot->label = text;
    plot->unit = text;
    plot->data_title = text;
    plot->control_title = text;
    plot->luminosity = text;
    plot->coverage = text;
    plot->n_notes = PLOT_NOTES_MAX;
    for (size_t i = 0; i < PLOT_NOTES_MAX; i++) {
        plot->note[i] = text;
    }
    for (size_t l = 0; l < plot->n_layers; l++) {
        plot->layer[l].title = text;
    }
}

static void hostile_text_stays_text(void **state)
{
    (void)state;
    struct sample *s = make_sample(&variants[0]);
    s->plot.control = s->control;
    for (size_t i = 0; i < ARRAY_LENGTH(hostile); i++) {
        struct buffer out = {0};
        set_texts(&s->plot, hostile[i]);
        const char *svg = draw(&s->plot, &out);
        assert_null(strstr(svg, "<script"));
        assert_null(strstr(svg, "<!--"));
        assert_null(strstr(svg, "& "));
        assert_null(strstr(svg, turning));
        assert_int_equal(strlen(svg), out.size);
        for (size_t b = 0; b < out.size; b++) {
            assert_true((unsigned char)svg[b] >= 0x20 || svg[b] == '\n');
        }
        assert_ptr_equal(strstr(svg, "</svg>"), svg + out.size - strlen("</svg>\n"));
        assert_renders(svg);
        buffer_release(&out);
    }
    free(s);
}

static void long_text_is_cut_and_stays_on_the_page(void **state)
{
    (void)state;
    char text[4001];
    memset(text, 'W', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    struct sample *s = make_sample(&variants[0]);
    struct buffer out = {0};
    set_texts(&s->plot, text);
    s->plot.n_notes = 1;
    const char *svg = draw(&s->plot, &out);
    assert_no_overlap(svg);
    check_contains(svg, "W\xE2\x80\xA6</text>");
    buffer_release(&out);
    free(s);
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
        cmocka_unit_test(every_variant_renders_and_no_text_meets_another),
        cmocka_unit_test(the_same_input_gives_the_same_bytes),
        cmocka_unit_test(hostile_text_stays_text),
        cmocka_unit_test(long_text_is_cut_and_stays_on_the_page),
        cmocka_unit_test(points_and_stack_stand_at_their_values),
        cmocka_unit_test(bins_without_an_event_have_no_point),
        cmocka_unit_test(the_ratio_is_drawn_only_for_data_with_simulation),
        cmocka_unit_test(axis_titles_say_bin_width_and_unit),
        cmocka_unit_test(marks_say_generated_and_incomplete),
        cmocka_unit_test(backgrounds_differ_in_grey),
        cmocka_unit_test(a_signal_is_lighter_than_any_background_with_a_heavier_line),
        cmocka_unit_test(contents_that_are_no_numbers_are_drawn_as_nothing),
        cmocka_unit_test(impossible_axes_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
