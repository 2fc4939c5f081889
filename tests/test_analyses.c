/* SPDX-License-Identifier: Apache-2.0 */
/* test_analyses.c - the table of analyses holds what its header promises, for every row. */
#include "analysis/analysis.h"

#include <math.h>

#include "tests/support/check.h"

static void make_settings(const struct analysis *a, struct settings *s)
{
    struct error err = {0};
    check_ok(settings_init(s, a->parameter, a->n_parameters, NULL, &err), &err);
}

static void names_are_found_and_unknown_ones_told_the_list(void **state)
{
    (void)state;
    struct error err = {0};
    assert_ptr_equal(analysis_find("dimuon", &err), &analysis_dimuon);
    assert_ptr_equal(analysis_find("higgs4l", &err), &analysis_higgs4l);
    static const struct {
        const char *name;
        const char *text;
    } cases[] = {
        {"higgs", "no analysis \"higgs\"; there are: dimuon higgs4l adl-q1 adl-q2 adl-q3 "
                  "adl-q4 adl-q5 adl-q6 adl-q7 adl-q8"},
        {"", "no analysis \"\"; there are: dimuon higgs4l adl-q1 adl-q2 adl-q3 adl-q4 adl-q5 "
             "adl-q6 adl-q7 adl-q8"},
        {"Dimuon", "no analysis \"Dimuon\"; there are: dimuon higgs4l adl-q1 adl-q2 adl-q3 "
                   "adl-q4 adl-q5 adl-q6 adl-q7 adl-q8"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        assert_null(analysis_find(cases[i].name, &err));
        assert_int_equal(err.kind, ERROR_INPUT);
        assert_string_equal(err.text, cases[i].text);
        assert_null(analysis_find(cases[i].name, NULL));
    }
}

static void channels_are_found_and_unknown_ones_told_the_list(void **state)
{
    (void)state;
    struct error err = {0};
    assert_int_equal(analysis_channel(&analysis_higgs4l, "4mu", &err), 0);
    assert_int_equal(analysis_channel(&analysis_higgs4l, "4e", &err), 1);
    assert_int_equal(analysis_channel(&analysis_higgs4l, "2mu2e", &err), 2);
    assert_int_equal(analysis_channel(&analysis_dimuon, "ss", &err), 1);
    assert_int_equal(analysis_channel(&analysis_higgs4l, "2e2mu", &err), -1);
    assert_int_equal(err.kind, ERROR_INPUT);
    assert_string_equal(err.text, "higgs4l has no channel \"2e2mu\"; it has: 4mu 4e 2mu2e");
}

static void every_unit_has_a_name(void **state)
{
    (void)state;
    static const char *const names[UNITS] = {
        [UNIT_NONE] = "1", [UNIT_GEV] = "GeV", [UNIT_CM] = "cm", [UNIT_RAD] = "rad"};
    for (enum unit u = UNIT_NONE; u < UNITS; u++) {
        assert_string_equal(unit_name(u), names[u]);
    }
}

static void check_row(const struct analysis *a)
{
    assert_true(a->name != NULL && strlen(a->name) > 0 && strlen(a->summary) > 0);
    assert_true(a->version >= 1);
    assert_true(a->n_channels >= 1 && a->n_channels <= ANALYSIS_CHANNELS_MAX);
    assert_true(a->n_figures >= 1);
    assert_true(a->book != NULL && a->process != NULL);
    assert_true((a->control == NULL) == (a->control_title == NULL));
    struct error err = {0};
    assert_true(a->control == NULL || analysis_channel(a, a->control, &err) >= 0);
    for (size_t i = 0; i < a->n_channels; i++) {
        for (size_t j = 0; j < i; j++) {
            assert_string_not_equal(a->channel[i], a->channel[j]);
        }
    }
}

static void check_parameters(const struct analysis *a)
{
    for (size_t i = 0; i < a->n_parameters; i++) {
        const struct parameter *p = &a->parameter[i];
        assert_non_null(p->name); /* no hole in a table filled by index */
        assert_true(p->kind >= PARAMETER_REAL && p->kind <= PARAMETER_AXIS);
        assert_true(p->help != NULL && strlen(p->help) > 0);
        assert_int_equal(p->choices != NULL, p->kind == PARAMETER_CHOICE);
        assert_int_equal(p->axis != NULL, p->kind == PARAMETER_AXIS);
        for (size_t j = 0; j < i; j++) {
            assert_string_not_equal(p->name, a->parameter[j].name);
        }
    }
}

/* Alternatives of a group are numbered from 1 without gaps, and wanted and needed alike. */
static void check_group(const struct analysis *a, const struct need *need)
{
    assert_int_equal(need->group != NULL, need->alternative > 0);
    bool found = need->alternative <= 1;
    for (size_t i = 0; need->group != NULL && i < a->n_needs; i++) {
        const struct need *other = &a->need[i];
        if (other->group != NULL && strcmp(other->group, need->group) == 0) {
            found = found || other->alternative == need->alternative - 1;
            assert_true(other->wanted == need->wanted);
        }
    }
    assert_true(found);
}

static void every_row_is_whole_and_its_needs_have_no_holes(void **state)
{
    (void)state;
    for (size_t k = 0; analyses[k] != NULL; k++) {
        const struct analysis *a = analyses[k];
        check_row(a);
        check_parameters(a);
        assert_true(a->n_needs > 0);
        for (size_t i = 0; i < a->n_needs; i++) {
            assert_non_null(a->need[i].name);
            assert_true(a->need[i].type >= COLUMN_REAL && a->need[i].type <= COLUMN_BOOLEAN);
            assert_true(a->need[i].unit < UNITS);
            check_group(a, &a->need[i]);
        }
    }
}

static void check_figures(const struct analysis *a, const struct partial *p,
                          const char *channel)
{
    for (size_t f = 0; f < a->n_figures; f++) {
        const struct figure *figure = &a->figure[f];
        const struct hist *h = partial_find(p, figure->hist, channel, "nominal");
        assert_non_null(h);
        assert_true(!figure->log_x || h->axis.edge[0] > 0);
        assert_true(figure->window_low <= figure->window_high);
        assert_true(figure->window_high <= h->axis.edge[h->axis.n_bins]);
    }
}

static void every_analysis_books_its_figures_in_every_channel(void **state)
{
    (void)state;
    for (size_t k = 0; analyses[k] != NULL; k++) {
        const struct analysis *a = analyses[k];
        struct settings s;
        struct partial p;
        struct partial again;
        struct error err = {0};
        make_settings(a, &s);
        partial_init(&p, true);
        partial_init(&again, true);
        check_ok(a->book(&s, &p, &err), &err);
        check_ok(a->book(&s, &again, &err), &err);
        assert_true(partial_alike(&p, &again));
        for (size_t c = 0; c < a->n_channels; c++) {
            check_figures(a, &p, a->channel[c]);
        }
        assert_int_equal(p.n_hists, a->n_channels * a->n_figures);
        assert_true(p.n_steps >= a->n_channels);
        partial_release(&p);
        partial_release(&again);
        settings_release(&s);
    }
}

/* Those that fill something of every event, whatever is in it. */
static bool fills_every_event(const struct analysis *a)
{
    return a == &analysis_adl_q1 || a == &analysis_adl_q7;
}

/* An event without a single object: the first step of each channel counts it, nothing else. */
static void an_event_without_objects_only_counts_as_seen(void **state)
{
    (void)state;
    static const uint32_t offset[] = {0, 0, 0};
    static const float no_f32[2]; /* one value an event, or none an object */
    static const int32_t no_i32[2];
    for (size_t k = 0; analyses[k] != NULL; k++) {
        const struct analysis *a = analyses[k];
        struct column column[64] = {{0}};
        struct settings s;
        struct partial p;
        struct error err = {0};
        assert_true(a->n_needs <= ARRAY_LENGTH(column));
        for (size_t i = 0; i < a->n_needs; i++) {
            bool real = a->need[i].type == COLUMN_REAL;
            column[i] = (struct column){
                .f32 = real ? no_f32 : NULL, .i32 = real ? NULL : no_i32, .offset = offset};
        }
        struct batch batch = {.n_events = 2, .column = column};
        make_settings(a, &s);
        partial_init(&p, false);
        check_ok(a->book(&s, &p, &err), &err);
        a->process(&batch, 0, 2, &s, UINT32_MAX, &p);
        for (size_t i = 0; i < p.n_steps; i++) {
            assert_int_equal(p.step[i].n_events, strcmp(p.step[i].name, "all") == 0 ? 2 : 0);
        }
        for (size_t i = 0; i < p.n_hists; i++) {
            assert_int_equal(hist_entries(&p.hist[i].hist), fills_every_event(a) ? 2 : 0);
        }
        partial_release(&p);
        settings_release(&s);
    }
}

static void a_name_too_long_to_book_is_refused_and_not_cut(void **state)
{
    (void)state;
    char name[PARTIAL_NAME_SIZE + 1];
    memset(name, 'x', sizeof name);
    name[PARTIAL_NAME_SIZE] = '\0';
    const size_t axis_setting[] = {0};
    struct settings s;
    struct error err = {0};
    const struct parameter axis = {"axis", PARAMETER_AXIS, "bins",
                                   .axis = "{\"edges\": [0, 1]}"};
    check_ok(settings_init(&s, &axis, 1, NULL, &err), &err);
    for (size_t i = 0; i < 5; i++) {
        const struct figure figure = {.hist = i == 0 ? name : "h",
                                      .label = i == 1 ? name : "m",
                                      .unit = i == 2 ? name : "GeV"};
        const struct analysis a = {.figure = &figure, .n_figures = 1};
        struct partial p;
        partial_init(&p, false);
        int rc = analysis_book_figures(&a, i == 3 ? name : "c", &s, axis_setting, &p, &err);
        assert_int_equal(rc, i < 4 ? -1 : 0);
        assert_int_equal(p.n_hists, i < 4 ? 0 : 1);
        assert_int_equal(err.kind, ERROR_INPUT);
        check_contains(err.text, "is longer than 63 bytes");
        partial_release(&p);
    }
    settings_release(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_found_and_unknown_ones_told_the_list),
        cmocka_unit_test(channels_are_found_and_unknown_ones_told_the_list),
        cmocka_unit_test(every_unit_has_a_name),
        cmocka_unit_test(every_row_is_whole_and_its_needs_have_no_holes),
        cmocka_unit_test(every_analysis_books_its_figures_in_every_channel),
        cmocka_unit_test(an_event_without_objects_only_counts_as_seen),
        cmocka_unit_test(a_name_too_long_to_book_is_refused_and_not_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
