/* SPDX-License-Identifier: Apache-2.0 */
/* test_figure.c - scaling, stacking, significance and the words of a picture. */
#include "tests/support/check.h"

#include <math.h>

#include "scheduler/figure.h"
#include "scheduler/result.h"
#include "tests/support/fake_run.h"

enum { CHANNEL_4MU = 1, CHANNEL_4E = 2, CHANNEL_2MU2E = 4, ALL_CHANNELS = 7 };

/* CMS Open Data record 5500: data in 37 bins from 70 GeV. */
static const unsigned published[37] = {0, 0, 0, 1, 2, 8, 16, 12, 8, 1, 3, 0, 0,
                                       2, 1, 0, 3, 3, 7, 2,  0,  0, 2, 2, 4, 3,
                                       1, 1, 2, 2, 3, 3, 0,  1,  3, 3, 3};

static const struct figure_request first_figure = {.log_y = -1};

/* n events of this weight at x in the channel's histogram of that name. */
static void fill(struct partial *p, const char *name, const char *channel, double x, unsigned n,
                 double weight)
{
    size_t i = 0;
    while (i < p->n_hists &&
           (strcmp(p->hist[i].name, name) != 0 || strcmp(p->hist[i].channel, channel) != 0)) {
        i++;
    }
    assert_true(i < p->n_hists);
    for (unsigned k = 0; k < n; k++) {
        hist_fill(&p->hist[i].hist, x, weight);
    }
}

static struct sample data(const char *name, int era, uint32_t channels, double luminosity_pb)
{
    return (struct sample){.name = fake_text(name),
                           .era = era,
                           .channels = channels,
                           .luminosity_pb = luminosity_pb,
                           .scale = 1};
}

static struct sample simulation(const char *name, const char *process, int era,
                                double cross_section_pb)
{
    return (struct sample){.name = fake_text(name),
                           .simulation = true,
                           .era = era,
                           .channels = ALL_CHANNELS,
                           .process = fake_text(process),
                           .cross_section_pb = cross_section_pb,
                           .scale = 1};
}

static void add_processes(struct fake_run *f)
{
    f->process[0] = (struct process){fake_text("zjets"), fake_text("Z + jets"), false};
    f->process[1] = (struct process){fake_text("zz"), fake_text("ZZ"), false};
    f->process[2] = (struct process){fake_text("higgs"), fake_text("H(125)"), true};
    f->dataset.n_processes = 3;
}

static json_t *figure_of(struct fake_run *f, const struct figure_request *request)
{
    struct error err = {.kind = ERROR_NONE};
    struct merge m;
    check_ok(merge_init(&m, &f->run, &err), &err);
    check_ok(merge_update(&m, &f->run, &err), &err);
    json_t *figure = figure_to_json(&f->run, &m, request, &err);
    check_ok(figure == NULL ? -1 : 0, &err);
    struct buffer svg = {0};
    check_ok(figure_draw(&f->run, &m, request, &svg, NULL, &err), &err);
    check_contains(buffer_string(&svg), "</svg>");
    buffer_release(&svg);
    merge_release(&m);
    return figure;
}

static double number(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);
    assert_true(json_is_number(value));
    return json_number_value(value);
}

static void close_to(double a, double b)
{
    if (!(fabs(a - b) <= 1e-12 * fabs(b) + 1e-15)) {
        fail_msg("%.17g is not %.17g", a, b);
    }
}

/* Layer number `layer` of the stack in bin `bin`. */
static double expected(const json_t *figure, size_t layer, const char *what, size_t bin)
{
    const json_t *row = json_array_get(json_object_get(figure, "stack"), layer);
    return json_number_value(json_array_get(json_object_get(row, what), bin));
}

/* In 121-130 GeV of the full sample: 4.30 ZZ, 0.355 Z/gamma* and 8.204 Higgs expected. */
static void published_counts_give_the_published_significance(void **state)
{
    (void)state;
    struct fake_run f;
    fake_run_open(&f, &analysis_higgs4l);
    add_processes(&f);
    f.sample[0] = data("data", 2012, ALL_CHANNELS, 11580);
    f.sample[1] = simulation("zz", "zz", 2012, 4.300 / 11580);
    f.sample[2] = simulation("zjets", "zjets", 2012, 0.355 / 11580);
    f.sample[3] = simulation("higgs", "higgs", 2012, 8.204 / 11580);
    f.dataset.n_samples = 4;
    f.era[0] = (struct era){.name = 2012, .energy_tev = 8};
    f.dataset.n_eras = 1;
    for (size_t s = 0; s < 4; s++) {
        fake_run_add_file(&f, s, 1000, 1, "a generator");
    }
    fake_run_reload(&f);
    for (size_t s = 0; s < 4; s++) {
        struct partial p;
        fake_run_book(&f, s, &p);
        for (unsigned i = 0; s == 0 && i < ARRAY_LENGTH(published); i++) {
            fill(&p, "m4l", "4mu", 71.5 + 3 * i, published[i], 1);
        }
        if (s > 0) {
            fill(&p, "m4l", "2mu2e", 125, 1000, 1);
        }
        fake_run_accept(&f, s, &p);
        partial_release(&p);
    }
    json_t *figure = figure_of(&f, &first_figure);
    const json_t *window = json_object_get(figure, "window");
    assert_int_equal((int)number(window, "observed"), 12);
    close_to(number(window, "background"), 4.655);
    close_to(number(window, "signal"), 8.204);
    assert_true(fabs(number(window, "significance_observed") - 2.8) < 0.05);
    assert_true(fabs(number(window, "significance_expected") - 3.1) < 0.05);
    assert_string_equal(json_string_value(json_object_get(figure, "luminosity")),
                        "11.58 fb^-1 (8 TeV)");
    assert_string_equal(json_string_value(json_object_get(figure, "coverage")),
                        "4 of 4 shards, 11.58 of 11.58 fb^-1");
    const json_t *stack = json_object_get(figure, "stack");
    static const char *const order[] = {"zjets", "zz", "higgs"};
    for (size_t i = 0; i < 3; i++) {
        const json_t *layer = json_array_get(stack, i);
        assert_string_equal(json_string_value(json_object_get(layer, "process")), order[i]);
    }
    json_decref(figure);
    fake_run_close(&f);
}

/* What the words in the picture are, for that run. */
static void the_picture_says_what_it_shows(void **state)
{
    (void)state;
    struct error err = {.kind = ERROR_NONE};
    struct fake_run f;
    fake_run_open(&f, &analysis_higgs4l);
    add_processes(&f);
    f.sample[0] = data("data 2012", 2012, ALL_CHANNELS, 11580);
    f.sample[1] = data("data 2011", 2011, ALL_CHANNELS, 2330);
    f.sample[2] = simulation("zz", "zz", 2012, 4.655 / 11580);
    f.sample[3] = simulation("higgs", "higgs", 2012, 8.204 / 11580);
    f.sample[4] = simulation("unknown", "zz", 2012, 0);
    f.dataset.n_samples = 5;
    f.era[0] = (struct era){.name = 2012, .energy_tev = 8};
    f.era[1] = (struct era){.name = 2011, .energy_tev = 7};
    f.dataset.n_eras = 2;
    for (size_t s = 0; s < 5; s++) {
        fake_run_add_file(&f, s, 100, 1, s == 4 ? "a generator" : NULL);
    }
    fake_run_reload(&f);
    for (size_t s = 0; s < 4; s++) {
        struct partial p;
        fake_run_book(&f, s, &p);
        fill(&p, "m4l", "4e", 125, s == 0 ? 12 : s == 1 ? 0 : 100, 1);
        fake_run_accept(&f, s, &p);
        partial_release(&p);
    }
    struct merge m;
    struct buffer svg = {0};
    struct figure_numbers numbers;
    check_ok(merge_init(&m, &f.run, &err), &err);
    check_ok(merge_update(&m, &f.run, &err), &err);
    check_ok(figure_draw(&f.run, &m, &first_figure, &svg, &numbers, &err), &err);
    assert_true(numbers.has_window);
    static const char *const words[] = {"121-130 GeV: 12 observed, 4.7 + 8.2 expected",
                                        "significance 2.8 observed, 3.1 expected (stat. only)",
                                        "not shown, no cross section: unknown",
                                        "4mu + 4e + 2mu2e",
                                        "4 of 5 shards",
                                        "generated sample",
                                        "(7 TeV)",
                                        "H(125)"};
    for (size_t i = 0; i < ARRAY_LENGTH(words); i++) {
        check_contains(buffer_string(&svg), words[i]);
    }
    json_t *figure = figure_to_json(&f.run, &m, &first_figure, &err);
    assert_string_equal(json_string_value(json_object_get(figure, "luminosity")),
                        "2.33 fb^-1 (7 TeV) + 11.58 fb^-1 (8 TeV)");
    assert_string_equal(json_string_value(json_object_get(figure, "coverage")),
                        "4 of 5 shards, 13.91 of 13.91 fb^-1");
    json_decref(figure);
    check_ok(figure_write(&f.run, &m, &err), &err);
    buffer_release(&svg);
    merge_release(&m);
    fake_run_close(&f);
}

enum { STREAMS = 5, STREAM_SHARDS = 100, SHARD_EVENTS = 50 };

/* Shards accepted, of 100 each: muons B, muons C, electrons, ZZ, Higgs. */
static void open_streams(struct fake_run *f, const size_t seen[STREAMS])
{
    fake_run_open(f, &analysis_higgs4l);
    add_processes(f);
    f->sample[0] = data("mu B", 2012, CHANNEL_4MU | CHANNEL_2MU2E, 4412);
    f->sample[1] = data("mu C", 2012, CHANNEL_4MU | CHANNEL_2MU2E, 7168);
    f->sample[2] = data("e", 2012, CHANNEL_4E, 11580);
    f->sample[3] = simulation("zz", "zz", 2012, 0.077);
    f->sample[3].scale = 1.386;
    f->sample[3].generated = 1499064;
    f->sample[4] = simulation("higgs", "higgs", 2012, 0.0065);
    f->sample[4].weight = fake_text("genWeight");
    f->dataset.n_samples = STREAMS;
    for (size_t s = 0; s < STREAMS; s++) {
        fake_run_add_file(f, s, (uint64_t)STREAM_SHARDS * SHARD_EVENTS, STREAM_SHARDS, NULL);
    }
    fake_run_reload(f);
    for (size_t i = 0; i < (size_t)STREAMS * STREAM_SHARDS; i++) {
        struct partial p;
        if (i % STREAM_SHARDS >= seen[i / STREAM_SHARDS]) {
            continue;
        }
        fake_run_book(f, i / STREAM_SHARDS, &p);
        fill(&p, "m4l", "4mu", 91, 3, 1.5);
        fill(&p, "m4l", "4e", 91, 5, 0.5);
        for (int e = 0; p.weighted && e < SHARD_EVENTS; e++) {
            exact_add(&p.sumw, 0.75);
        }
        fake_run_accept(f, i, &p);
        partial_release(&p);
    }
}

/* Streams of one era at different points, against sums done by hand. */
static void unequal_streams_scale_by_themselves(void **state)
{
    (void)state;
    static const size_t seen[][STREAMS] = {
        {1, 0, 3, 2, 1}, {37, 12, 80, 50, 20}, {100, 100, 100, 100, 100}};
    for (size_t t = 0; t < ARRAY_LENGTH(seen); t++) {
        struct fake_run f;
        double n[STREAMS];
        for (size_t s = 0; s < STREAMS; s++) {
            n[s] = (double)seen[t][s];
        }
        open_streams(&f, seen[t]);
        json_t *figure = figure_of(&f, &first_figure);
        double l_mu = 4412 * n[0] / 100 + 7168 * n[1] / 100;
        double l_e = 11580 * n[2] / 100;
        double zz = 0.077 * 1.386 / (1499064 * n[3] / 100);
        double higgs = 0.0065 / (SHARD_EVENTS * 0.75 * n[4]);
        double a = zz * l_mu;
        double b = zz * l_e;
        close_to(expected(figure, 0, "expected", 7), n[3] * (3 * a + 5 * b));
        close_to(expected(figure, 0, "variance", 7), n[3] * (3 * a * a + 5 * b * b));
        a = higgs * l_mu;
        b = higgs * l_e;
        close_to(expected(figure, 1, "expected", 7), n[4] * (3 * 1.5 * a + 5 * 0.5 * b));
        close_to(expected(figure, 1, "variance", 7),
                 n[4] * (3 * 1.5 * 1.5 * a * a + 5 * 0.5 * 0.5 * b * b));
        json_decref(figure);
        fake_run_close(&f);
    }
}

/* The counts in another channel than asked for do not count; nor those a sample does not fill. */
static void a_channel_is_shown_by_itself(void **state)
{
    (void)state;
    struct error err = {.kind = ERROR_NONE};
    struct fake_run f;
    fake_run_open(&f, &analysis_higgs4l);
    f.sample[0] = data("mu", 2012, CHANNEL_4MU, 100);
    f.dataset.n_samples = 1;
    fake_run_add_file(&f, 0, 10, 1, NULL);
    fake_run_reload(&f);
    struct partial p;
    fake_run_book(&f, 0, &p);
    fill(&p, "m4l", "4mu", 100, 2, 1);
    fill(&p, "m4l", "4e", 100, 7, 1); /* of a stream that does not fill it: never counted */
    fake_run_accept(&f, 0, &p);
    partial_release(&p);
    static const struct {
        const char *channel;
        int n;
    } cases[] = {{NULL, 2}, {"4mu", 2}, {"4e", 0}};
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct figure_request request = {.channel = cases[i].channel, .log_y = -1};
        json_t *figure = figure_of(&f, &request);
        const json_t *observed = json_object_get(figure, "observed");
        if (json_is_array(observed)) {
            assert_int_equal((int)json_integer_value(json_array_get(observed, 10)), cases[i].n);
        } else {
            assert_int_equal(cases[i].n, 0);
        }
        json_decref(figure);
    }
    struct merge m;
    check_ok(merge_init(&m, &f.run, &err), &err);
    struct buffer svg = {0};
    struct figure_request wrong = {.hist = "m5l"};
    assert_int_equal(figure_draw(&f.run, &m, &wrong, &svg, NULL, &err), -1);
    assert_int_equal(err.kind, ERROR_INPUT);
    check_contains(err.text, "m4l_wide");
    wrong = (struct figure_request){.channel = "5mu"};
    assert_int_equal(figure_draw(&f.run, &m, &wrong, &svg, NULL, &err), -1);
    check_contains(err.text, "2mu2e");
    assert_int_equal(svg.size, 0);
    merge_release(&m);
    fake_run_close(&f);
}

static void same_sign_pairs_are_the_control_of_dimuons(void **state)
{
    (void)state;
    struct fake_run f;
    fake_run_open(&f, &analysis_dimuon);
    f.sample[0] = data("DoubleMu", 2012, 3, 100);
    f.dataset.n_samples = 1;
    fake_run_add_file(&f, 0, 10, 1, NULL);
    fake_run_reload(&f);
    struct partial p;
    fake_run_book(&f, 0, &p);
    fill(&p, "z", "os", 91.2, 9, 1);
    fill(&p, "z", "ss", 91.2, 4, 1);
    fake_run_accept(&f, 0, &p);
    partial_release(&p);
    struct figure_request request = {.hist = "z", .log_y = -1};
    json_t *figure = figure_of(&f, &request);
    const json_t *observed = json_object_get(figure, "observed");
    const json_t *control = json_object_get(figure, "control");
    assert_int_equal((int)json_integer_value(json_array_get(observed, 31)), 9);
    assert_int_equal((int)json_integer_value(json_array_get(control, 31)), 4);
    json_decref(figure);
    json_decref(figure_of(&f, &first_figure)); /* logarithmic axes draw, too */
    fake_run_close(&f);
}

/* A stack that lacks a process would say too much. */
static void no_significance_before_every_sample_was_seen(void **state)
{
    (void)state;
    struct fake_run f;
    fake_run_open(&f, &analysis_higgs4l);
    add_processes(&f);
    f.sample[0] = data("data", 2012, ALL_CHANNELS, 1000);
    f.sample[1] = simulation("higgs", "higgs", 2012, 1);
    f.sample[2] = simulation("zz", "zz", 2012, 1);
    f.sample[3] = simulation("zjets", "zjets", 2012, 1);
    f.dataset.n_samples = 4;
    for (size_t s = 0; s < 4; s++) {
        fake_run_add_file(&f, s, 10, 1, NULL);
    }
    fake_run_reload(&f);
    for (size_t s = 0; s < 4; s++) {
        struct partial p;
        fake_run_book(&f, s, &p);
        fill(&p, "m4l", "4mu", 125, 5, 1);
        fake_run_accept(&f, s, &p);
        partial_release(&p);
        json_t *figure = figure_of(&f, &first_figure);
        const json_t *window = json_object_get(figure, "window");
        assert_int_equal(json_object_get(window, "significance_expected") != NULL, s == 3);
        json_decref(figure);
    }
    fake_run_close(&f);
}

static void simulation_alone_is_scaled_to_a_target_or_shown_as_it_is(void **state)
{
    (void)state;
    static const struct {
        double cross_section_pb;
        double target_pb;
        double expected; /* of 3 events seen of 10, all generated seen */
        const char *luminosity;
    } cases[] = {{0, 0, 3, ""},
                 {2, 0, 3, ""},
                 {0, 1000, 3, ""},
                 {2, 1000, 3 * 2 * 1000 / 10.0, "1.00 fb^-1 (8 TeV)"}};
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct fake_run f;
        fake_run_open(&f, &analysis_higgs4l);
        f.sample[0] = simulation("only", "only", 2012, cases[i].cross_section_pb);
        f.dataset.n_samples = 1;
        f.era[0] = (struct era){2012, 8, cases[i].target_pb};
        f.dataset.n_eras = 1;
        fake_run_add_file(&f, 0, 10, 1, "a generator");
        fake_run_reload(&f);
        struct partial p;
        fake_run_book(&f, 0, &p);
        fill(&p, "m4l", "4mu", 100, 3, 1);
        fake_run_accept(&f, 0, &p);
        partial_release(&p);
        json_t *figure = figure_of(&f, &first_figure);
        close_to(expected(figure, 0, "expected", 10), cases[i].expected);
        assert_true(json_is_null(json_object_get(figure, "observed")));
        assert_string_equal(json_string_value(json_object_get(figure, "luminosity")),
                            cases[i].luminosity);
        json_decref(figure);
        fake_run_close(&f);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(published_counts_give_the_published_significance),
        cmocka_unit_test(the_picture_says_what_it_shows),
        cmocka_unit_test(unequal_streams_scale_by_themselves),
        cmocka_unit_test(a_channel_is_shown_by_itself),
        cmocka_unit_test(same_sign_pairs_are_the_control_of_dimuons),
        cmocka_unit_test(no_significance_before_every_sample_was_seen),
        cmocka_unit_test(simulation_alone_is_scaled_to_a_target_or_shown_as_it_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
