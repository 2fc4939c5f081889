/* SPDX-License-Identifier: Apache-2.0 */
/* test_frame.c - a frame of a run, at any size; and the columns that a text takes (columns.h). */
#include "tests/support/check.h"

#include "scheduler/columns.h"
#include "scheduler/frame.h"

/* ---- columns ---- */

static void a_text_takes_its_columns(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t n_columns;
    } cases[] = {
        {"", 0},
        {"m4l", 3},
        {"m(4\xe2\x84\x93)", 5},         /* a script l */
        {"\xe2\x97\x8f\xe2\x96\x93", 2}, /* a circle and a block */
        {"\xe6\xb8\xac\xe5\xae\x9a", 4}, /* two wide ones */
        {"\033[31mred\033[0m", 3},       /* colours take none */
        {"\033[2J", 4},                  /* what is no colour is shown */
        {"\033[31", 4},                  /* nor is half a one */
        {"a\tb", 3},                     /* controls */
        {"\xff\xfe", 2},                 /* no UTF-8 */
        {"\xe2\x97", 2},                 /* half a character */
        {"\xc0\xaf", 2},                 /* overlong */
        {"\xf4\x90\x80\x80", 4},         /* beyond the last */
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        assert_int_equal(columns_count(cases[i].text, strlen(cases[i].text)),
                         cases[i].n_columns);
    }
}

static void a_cut_text_never_takes_more(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t width;
        const char *expected;
    } cases[] = {
        {"abc", 3, "abc"},
        {"abc", 2, "ab"},
        {"abc", 0, ""},
        {"\xe2\x97\x8f\xe2\x96\x93", 1, "\xe2\x97\x8f"},
        {"a\xe6\xb8\xac", 2, "a"}, /* half a wide one is none, */
        {"a\xe6\xb8\xac"
         "b",
         2, "a"}, /* nor does the next one take its place */
        {"\033[31mabc\033[0m", 2, "\033[31mab\033[0m"},
        {"\033[2Jx", 9, "?[2Jx"},
        {"a\nb\x7f", 9, "a?b?"},
        {"\xff"
         "a",
         9, "?a"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct buffer out = {0};
        columns_cut(&out, cases[i].text, strlen(cases[i].text), cases[i].width);
        assert_string_equal(buffer_string(&out), cases[i].expected);
        buffer_release(&out);
    }
}

/* ---- frames ---- */

static json_t *make_sample(const char *name, int done, int planned)
{
    return json_pack("{s:s, s:i, s:i, s:i, s:i, s:i, s:b}", "name", name, "shards", done,
                     "shards_planned", planned, "files_inspected", 1, "events", 100 * done,
                     "events_planned", 100 * planned, "events_planned_is_estimate", 0);
}

/* Half done: samples of 10 shards each, of which the first is data. */
static json_t *make_document(int n_samples, const char *name)
{
    json_t *samples = json_array();
    for (int i = 0; i < n_samples; i++) {
        char text[64];
        (void)snprintf(text, sizeof text, "sample %d", i);
        (void)json_array_append_new(samples, make_sample(text, 5, 10));
    }
    json_t *data = json_array_get(samples, 0);
    (void)json_object_set_new(data, "luminosity_pb", json_real(500));
    (void)json_object_set_new(data, "luminosity_planned_pb", json_real(1000));
    json_t *status =
        json_pack("{s:b, s:{s:i}, s:{s:i}, s:i, s:i, s:f, s:f, s:o}", "complete", 0, "shards",
                  "total", 10 * n_samples, "files", "total", n_samples, "events",
                  500 * n_samples, "events_planned", 1000 * n_samples, "luminosity_pb", 500.0,
                  "luminosity_planned_pb", 1000.0, "samples", samples);
    return json_pack(
        "{s:i, s:s, s:{s:s}, s:o, s:{s:f, s:f, s:f, s:f}, s:{s:i, s:i}, s:i, s:{s:{s:s, s:i}}}",
        "sequence", 4711, "says", "Running", "run", "name", name, "status", status, "time",
        "events_per_s", 12345.0, "events_per_s_mean", 11000.0, "left_s", 75.0, "left_error_s",
        5.0, "counts", "retries", 3, "failed", 2, "n_workers", 1, "workers", "one", "state",
        "working", "threads", 4);
}

/* Four bins: data in the second, signal on top of background in the third. */
static json_t *make_figure(void)
{
    return json_pack(
        "{s:s, s:s, s:s, s:b, s:s, s:[f,f,f,f,f], s:[i,i,i,i], s:[{s:b, s:[f,f,f,f]}, {s:b, "
        "s:[f,f,f,f]}]}",
        "hist", "m4l", "label", "m(4\xe2\x84\x93)", "unit", "GeV", "log_y", 0, "luminosity",
        "0.50 fb^-1", "edges", 70.0, 80.0, 90.0, 100.0, 110.0, "observed", 0, 8, 0, 0, "stack",
        "signal", 0, "expected", 2.0, 2.0, 4.0, 2.0, "signal", 1, "expected", 0.0, 0.0, 4.0,
        0.0);
}

struct drawn {
    struct buffer text;
    size_t n_lines;
    size_t widest;
};

static void draw(struct drawn *d, size_t width, size_t height, bool has_color, int n_samples,
                 const char *name)
{
    struct frame f = {.width = width, .height = height, .has_color = has_color};
    json_t *document = make_document(n_samples, name);
    json_t *figure = make_figure();
    *d = (struct drawn){.n_lines = 0};
    frame_draw(&f, document, figure, &d->text);
    json_decref(document);
    json_decref(figure);
    const char *at = buffer_string(&d->text);
    for (const char *end = strchr(at, '\n'); end != NULL; end = strchr(at, '\n')) {
        d->n_lines++;
        d->widest = size_max(d->widest, columns_count(at, (size_t)(end - at)));
        at = end + 1;
    }
    assert_int_equal(*at, '\0'); /* each line has its end */
}

/* With few samples and with many. */
static void check_sizes(size_t width, size_t height)
{
    static const char long_name[] =
        "k8s:\xe6\xb8\xac\xe5\xae\x9a/a-very-long-name-of-a-run-that-"
        "goes-on-and-on-beyond-all-terminals";
    for (int n = 1; n <= 40; n += 13) {
        struct drawn d;
        draw(&d, width, height, n == 1, n, long_name);
        assert_in_range(d.n_lines, 1, height);
        assert_in_range(d.widest, 1, width);
        buffer_release(&d.text);
    }
}

static void no_frame_exceeds_its_size(void **state)
{
    (void)state;
    static const size_t widths[] = {1, 2, 7, 20, 31, 32, 40, 79, 80, 81, 132, 200, 500};
    static const size_t heights[] = {1, 2, 5, 8, 9, 17, 18, 20, 24, 25, 60, 200};
    for (size_t w = 0; w < ARRAY_LENGTH(widths); w++) {
        for (size_t h = 0; h < ARRAY_LENGTH(heights); h++) {
            check_sizes(widths[w], heights[h]);
        }
    }
}

static void a_frame_has_all_there_is_to_know(void **state)
{
    (void)state;
    static const char *const parts[] = {
        "run       here\n",
        "state     running\n",
        "  50 %  about 1:15 left, +- 0:05\n",
        "coverage  15 of 30 shards, 1500 of 3000 events, 0.50 of 1.00 fb^-1\n",
        "rate      12.3 k events/s now, 11.0 k events/s on average\n",
        "trouble   2 failed, 3 retries (see picobarn failures)\n",
        "workers   1: 1 working, 0 silent, 4 threads\n",
        "sequence  4711\n",
        "0.50/1.00 fb^-1\n",
        "m(4\xe2\x84\x93) [GeV]",
        "data",
        "signal",
        "110 GeV",
    };
    struct drawn d;
    draw(&d, 100, 40, false, 3, "here");
    for (size_t i = 0; i < ARRAY_LENGTH(parts); i++) {
        check_contains(buffer_string(&d.text), parts[i]);
    }
    check_that(strchr(buffer_string(&d.text), '\033') == NULL, "there are no colours");
    buffer_release(&d.text);
}

/* "0.5" is another luminosity than "0.50 of 1.00 fb^-1". */
static void what_has_no_room_is_said_in_short_or_marked_as_cut(void **state)
{
    (void)state;
    static const struct {
        size_t width;
        const char *line;
    } cases[] = {
        {66, "coverage  15 of 30 shards, 1500 of 3000 events, 0.50 of 1.00 fb^-1\n"},
        {65, "coverage  15/30 shards, 1500/3000 events, 0.50/1.00 fb^-1\n"},
        {57, "coverage  15/30 shards, 1500/3000 events, 0.50/1.00 fb^-1\n"},
        {56, "coverage  15/30 shards, 1500/3000 events, 0.50/1.00 fb^>\n"},
        {45, "coverage  15/30 shards, 1500/3000 events, 0.>\n"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct drawn d;
        draw(&d, cases[i].width, 40, false, 3, "here");
        check_contains(buffer_string(&d.text), cases[i].line);
        buffer_release(&d.text);
    }
}

/* The lines between the names of columns and the plot. */
static size_t count_bars(const char *text)
{
    size_t n = 0;
    for (const char *at = strstr(text, "sample  "); at != NULL; at = strchr(at + 1, '\n')) {
        const char *bar = strpbrk(at + 1, "[\n");
        n += bar != NULL && *bar == '[' && (bar[1] == '#' || bar[1] == '.');
    }
    return n;
}

static void samples_without_room_are_summed_in_a_line(void **state)
{
    (void)state;
    struct drawn d;
    draw(&d, 80, 60, false, 20, "here");
    assert_int_equal(count_bars(buffer_string(&d.text)), 20);
    check_that(strstr(buffer_string(&d.text), " more") == NULL, "all are there");
    buffer_release(&d.text);

    draw(&d, 80, 24, false, 20, "here");
    size_t n = count_bars(buffer_string(&d.text));
    assert_in_range(n, 3, 19);
    char rest[64];
    (void)snprintf(rest, sizeof rest, "%zu more ", 20 - (n - 1));
    check_contains(buffer_string(&d.text), rest);
    (void)snprintf(rest, sizeof rest, " %zu/%zu ", 5 * (20 - (n - 1)), 10 * (20 - (n - 1)));
    check_contains(buffer_string(&d.text), rest);
    check_contains(buffer_string(&d.text), "0.50/1.00 fb^-1"); /* 80 columns are enough */
    buffer_release(&d.text);
}

static void more_lines_make_a_taller_plot_and_the_frame_is_filled(void **state)
{
    (void)state;
    static const size_t heights[] = {24, 30, 40, 50};
    for (size_t i = 0; i < ARRAY_LENGTH(heights); i++) {
        struct drawn d;
        draw(&d, 80, heights[i], false, 10, "here");
        assert_int_equal(d.n_lines, heights[i]);
        buffer_release(&d.text);
    }
}

static void data_and_simulation_differ_without_colours(void **state)
{
    (void)state;
    struct drawn d;
    draw(&d, 80, 41, false, 1, "here");
    const char *text = strstr(buffer_string(&d.text), "\xe2\x97\x8f data");
    assert_non_null(text);
    const char *plot = strchr(text, '\n');
    assert_non_null(plot);
    check_contains(plot, "\xe2\x97\x8f");
    check_contains(plot, "\xe2\x96\x91");
    check_contains(plot, "\xe2\x96\x93");
    check_contains(plot, "       8 |"); /* the highest, and half of it */
    check_contains(plot, "       4 |");
    check_contains(plot, "       0 +");
    buffer_release(&d.text);
}

static void colours_end_where_they_begin(void **state)
{
    (void)state;
    for (size_t width = 1; width < 120; width++) {
        struct drawn d;
        draw(&d, width, 40, true, 3, "here");
        bool on = false;
        for (const char *at = buffer_string(&d.text); *at != '\0'; at++) {
            on = *at == '\033' ? strncmp(at, "\033[0m", 4) != 0 : on;
            check_that(*at != '\n' || !on, "a line ends without colour");
        }
        buffer_release(&d.text);
    }
}

/* What a run that cannot be read any more shows. */
static void a_document_with_nothing_in_it_is_shown(void **state)
{
    (void)state;
    struct frame f = {.width = 80, .height = 24};
    json_t *document =
        json_pack("{s:i, s:s, s:s}", "sequence", 0, "state", "none", "says", "no such file");
    struct buffer out = {0};
    frame_draw(&f, document, NULL, &out);
    check_contains(buffer_string(&out), "state     no such file\n");
    json_decref(document);
    buffer_release(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_text_takes_its_columns),
        cmocka_unit_test(a_cut_text_never_takes_more),
        cmocka_unit_test(no_frame_exceeds_its_size),
        cmocka_unit_test(a_frame_has_all_there_is_to_know),
        cmocka_unit_test(what_has_no_room_is_said_in_short_or_marked_as_cut),
        cmocka_unit_test(samples_without_room_are_summed_in_a_line),
        cmocka_unit_test(more_lines_make_a_taller_plot_and_the_frame_is_filled),
        cmocka_unit_test(data_and_simulation_differ_without_colours),
        cmocka_unit_test(colours_end_where_they_begin),
        cmocka_unit_test(a_document_with_nothing_in_it_is_shown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
