/* SPDX-License-Identifier: Apache-2.0 */
/* test_parameter.c - what a run file may say of parameters, and what comes of it. */
#include "analysis/parameter.h"

#include <math.h>

#include "tests/support/check.h"

enum { REAL, CUT, CHOICE, AXIS, LOG_AXIS };
static const struct parameter table[] = {
    [REAL] = {"mass_gev", PARAMETER_REAL, "a mass", 91.1876},
    [CUT] = {"dxy_max_cm", PARAMETER_CUT, "a cut", 0.5},
    [CHOICE] = {"exactly", PARAMETER_CHOICE, "a choice", .choices = "off 2 many"},
    [AXIS] = {"axis", PARAMETER_AXIS, "bins", .axis = "{\"regular\": [37, 70, 181]}"},
    [LOG_AXIS] = {"log_axis", PARAMETER_AXIS, "bins", .axis = "{\"log\": [600, 0.25, 250]}"},
};

static json_t *parse(const char *text)
{
    json_t *value = text == NULL ? NULL : json_loads(text, 0, NULL);
    assert_true(text == NULL || value != NULL);
    return value;
}

static void make(struct settings *s, const char *given)
{
    struct error err = {0};
    json_t *value = parse(given);
    check_ok(settings_init(s, table, ARRAY_LENGTH(table), value, &err), &err);
    json_decref(value);
}

static void without_settings_the_defaults_are_in_force(void **state)
{
    (void)state;
    static const char *const given[] = {NULL, "{}"};
    for (size_t i = 0; i < ARRAY_LENGTH(given); i++) {
        struct settings s;
        make(&s, given[i]);
        assert_true(s.at[REAL].value == 91.1876);
        assert_true(s.at[CUT].value == 0.5 && !s.at[CUT].off);
        assert_int_equal(s.at[CHOICE].choice, 0);
        assert_int_equal(s.at[AXIS].axis.n_bins, 37);
        assert_int_equal(s.at[AXIS].axis.kind, AXIS_REGULAR);
        assert_int_equal(s.at[LOG_AXIS].axis.n_bins, 600);
        assert_int_equal(s.at[LOG_AXIS].axis.kind, AXIS_VARIABLE);
        settings_release(&s);
        settings_release(&s);
    }
}

static void numbers_and_cuts_are_set(void **state)
{
    (void)state;
    static const struct {
        const char *given;
        size_t index;
        double value;
        bool off;
    } cases[] = {
        {"{\"mass_gev\": 5}", REAL, 5, false},
        {"{\"mass_gev\": -1.5e-3}", REAL, -1.5e-3, false},
        {"{\"dxy_max_cm\": 0}", CUT, 0, false},
        {"{\"dxy_max_cm\": 2.5}", CUT, 2.5, false},
        {"{\"dxy_max_cm\": \"off\"}", CUT, 0.5, true},
        {"{\"dxy_max_cm\": false}", CUT, 0.5, true}, /* YAML's off */
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct settings s;
        make(&s, cases[i].given);
        assert_true(s.at[cases[i].index].value == cases[i].value);
        assert_int_equal(s.at[cases[i].index].off, cases[i].off);
        settings_release(&s);
    }
}

static void a_choice_is_one_of_its_words(void **state)
{
    (void)state;
    static const struct {
        const char *given;
        size_t choice;
        const char *name;
    } cases[] = {
        {"{}", 0, "off"},
        {"{\"exactly\": \"off\"}", 0, "off"},
        {"{\"exactly\": false}", 0, "off"},
        {"{\"exactly\": 2}", 1, "2"},
        {"{\"exactly\": \"2\"}", 1, "2"},
        {"{\"exactly\": \"many\"}", 2, "many"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct settings s;
        char name[16];
        make(&s, cases[i].given);
        assert_int_equal(s.at[CHOICE].choice, cases[i].choice);
        settings_choice_name(&s, CHOICE, name, sizeof name);
        assert_string_equal(name, cases[i].name);
        settings_release(&s);
    }
}

static void an_axis_is_regular_logarithmic_or_literal(void **state)
{
    (void)state;
    static const struct {
        const char *given;
        enum axis_kind kind;
        size_t n_bins;
        double edge[3]; /* the first, the second, the last */
    } cases[] = {
        {"{\"axis\": {\"regular\": [4, -1, 1]}}", AXIS_REGULAR, 4, {-1, -0.5, 1}},
        {"{\"axis\": {\"regular\": [1, 0.5, 1e3]}}", AXIS_REGULAR, 1, {0.5, 1e3, 1e3}},
        {"{\"axis\": {\"log\": [3, 1, 1000]}}", AXIS_VARIABLE, 3, {1, 10, 1000}},
        {"{\"axis\": {\"edges\": [0, 0.1, 7]}}", AXIS_VARIABLE, 2, {0, 0.1, 7}},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct settings s;
        make(&s, cases[i].given);
        const struct axis *axis = &s.at[AXIS].axis;
        assert_int_equal(axis->kind, cases[i].kind);
        assert_int_equal(axis->n_bins, cases[i].n_bins);
        assert_true(axis->edge[0] == cases[i].edge[0] && axis->edge[1] == cases[i].edge[1] &&
                    axis->edge[axis->n_bins] == cases[i].edge[2]);
        settings_release(&s);
    }
}

static const char shapes[] = "{regular: [bins, low, high]}, {log: [bins, low, high]} or "
                             "{edges: [low, ..., high]}";

static void every_refusal_says_parameter_value_and_what_is_possible(void **state)
{
    (void)state;
    static const struct {
        const char *given;
        const char *text; /* what it begins with */
    } cases[] = {
        /* clang-format off */
        {"[]", "parameters: not a map of names to values"},
        {"{\"masss\": 1}", "no parameter \"masss\"; there are: mass_gev dxy_max_cm exactly axis log_axis"},
        {"{\"mass_gev\": 1, \"\": 2}", "no parameter \"\"; there are: mass_gev"},
        {"{\"mass_gev\": \"big\"}", "parameter mass_gev: \"big\" is not a number"},
        {"{\"mass_gev\": \"off\"}", "parameter mass_gev: \"off\" is not a number"},
        {"{\"mass_gev\": false}", "parameter mass_gev: false is not a number"},
        {"{\"mass_gev\": null}", "parameter mass_gev: null is not a number"},
        {"{\"mass_gev\": [1]}", "parameter mass_gev: [1] is not a number"},
        {"{\"dxy_max_cm\": true}", "parameter dxy_max_cm: true is not a number or off"},
        {"{\"dxy_max_cm\": \"Off\"}", "parameter dxy_max_cm: \"Off\" is not a number or off"},
        {"{\"exactly\": 3}", "parameter exactly: 3 is not one of: off 2 many"},
        {"{\"exactly\": 2.0}", "parameter exactly: 2.0 is not one of: off 2 many"},
        {"{\"exactly\": true}", "parameter exactly: true is not one of: off 2 many"},
        {"{\"exactly\": \"man\"}", "parameter exactly: \"man\" is not one of: off 2 many"},
        {"{\"exactly\": \"off 2\"}", "parameter exactly: \"off 2\" is not one of: off 2 many"},
        {"{\"exactly\": \"\"}", "parameter exactly: \"\" is not one of: off 2 many"},
        {"{\"axis\": {\"regular\": [0, 0, 1]}}", "parameter axis: {\"regular\":[0,0,1]} is not {regular"},
        {"{\"axis\": {\"regular\": [1.5, 0, 1]}}", "parameter axis: {\"regular\":[1.5,0,1]} is not {regular"},
        {"{\"axis\": {\"regular\": [-5, 0, 1]}}", "parameter axis: {\"regular\":[-5,0,1]} is not {regular"},
        {"{\"axis\": {\"regular\": [1, 1, 0]}}", "parameter axis: the edges of an axis must rise"},
        {"{\"axis\": {\"regular\": [9000000000000000000, 0, 1]}}",
         "parameter axis: an axis of 9000000000000000000 bins (1 to 1048576 are possible)"},
        {"{\"axis\": {\"log\": [3, 0, 1]}}", "parameter axis: a logarithmic axis from 0 to 1"},
        {"{\"axis\": {\"edges\": []}}", "parameter axis: an axis of 0 bins"},
        {"{\"axis\": {\"edges\": [1]}}", "parameter axis: an axis of 0 bins"},
        {"{\"axis\": {\"edges\": [1, \"2\"]}}", "parameter axis: the edges of an axis must rise and be finite"},
        {"{\"axis\": {\"edges\": [1, 1]}}", "parameter axis: the edges of an axis must rise"},
        /* clang-format on */
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct settings s;
        struct error err = {0};
        json_t *given = parse(cases[i].given);
        assert_int_equal(settings_init(&s, table, ARRAY_LENGTH(table), given, &err), -1);
        assert_int_equal(err.kind, ERROR_INPUT);
        check_begins(err.text, cases[i].text);
        json_decref(given);
        settings_release(&s);
    }
}

static void what_is_no_axis_at_all_is_told_the_three_shapes(void **state)
{
    (void)state;
    static const char *const cases[] = {
        "5",
        "\"regular\"",
        "[37, 70, 181]",
        "{}",
        "{\"regular\": 5}",
        "{\"regular\": [1, 2]}",
        "{\"regular\": [1, 2, 3, 4]}",
        "{\"regular\": [1, \"2\", 3]}",
        "{\"regular\": [2, 0, 1], \"log\": [2, 1, 2]}",
        "{\"edges\": [1, 2], \"unit\": \"GeV\"}",
        "{\"edges\": 5}",
        "{\"linear\": [1, 2, 3]}",
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct settings s;
        struct error err = {0};
        json_t *given = json_object();
        (void)json_object_set_new(given, "axis", json_loads(cases[i], JSON_DECODE_ANY, NULL));
        assert_int_equal(settings_init(&s, table, ARRAY_LENGTH(table), given, &err), -1);
        assert_int_equal(err.kind, ERROR_INPUT);
        check_begins(err.text, "parameter axis: ");
        check_contains(err.text, shapes);
        json_decref(given);
    }
}

static void refusals_need_no_box_for_the_error(void **state)
{
    (void)state;
    struct settings s;
    json_t *given = parse("{\"masss\": 1}");
    assert_int_equal(settings_init(&s, table, ARRAY_LENGTH(table), given, NULL), -1);
    json_decref(given);
}

static void assert_same(const struct settings *a, const struct settings *b)
{
    for (size_t i = 0; i < ARRAY_LENGTH(table); i++) {
        assert_memory_equal(&a->at[i].value, &b->at[i].value, sizeof(double));
        assert_int_equal(a->at[i].off, b->at[i].off);
        assert_int_equal(a->at[i].choice, b->at[i].choice);
        if (table[i].kind == PARAMETER_AXIS) {
            assert_true(axis_equal(&a->at[i].axis, &b->at[i].axis));
        }
    }
}

/* Through the canonical text, as settings travel from the scheduler to a worker. */
static void settings_come_back_from_their_text_to_the_last_bit(void **state)
{
    (void)state;
    static const char *const cases[] = {
        "{}",
        "{\"mass_gev\": 0.1, \"dxy_max_cm\": \"off\", \"exactly\": \"2\"}",
        "{\"mass_gev\": 5e-324, \"dxy_max_cm\": 1.7976931348623157e308, \"exactly\": \"many\"}",
        "{\"axis\": {\"regular\": [7, -0.1, 0.30000000000000004]}}",
        "{\"axis\": {\"regular\": [7, -0.0, 1]}, \"log_axis\": {\"edges\": [-1, -0.0, 2]}}",
        "{\"axis\": {\"log\": [77, 1e-9, 1e9]}, \"log_axis\": {\"edges\": [0.1, 0.7, 1e22]}}",
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct settings s;
        struct settings back;
        struct error err = {0};
        struct buffer text = {0};
        make(&s, cases[i]);
        json_t *all = settings_to_json(&s);
        assert_int_equal(json_object_size(all), ARRAY_LENGTH(table));
        check_ok(json_write_canonical(all, &text, &err), &err);
        make(&back, buffer_string(&text));
        assert_same(&s, &back);
        json_decref(all);
        buffer_release(&text);
        settings_release(&s);
        settings_release(&back);
    }
}

static void the_text_of_settings_is_what_a_run_file_may_say(void **state)
{
    (void)state;
    struct settings s;
    struct error err = {0};
    struct buffer text = {0};
    make(&s, "{\"log_axis\": {\"edges\": [1, 2.5, 4]}, \"dxy_max_cm\": false, \"exactly\": 2}");
    json_t *all = settings_to_json(&s);
    check_ok(json_write_canonical(all, &text, &err), &err);
    assert_string_equal(buffer_string(&text),
                        "{\"axis\":{\"regular\":[37,70,181]},\"dxy_max_cm\":\"off\","
                        "\"exactly\":\"2\",\"log_axis\":{\"edges\":[1,2.5,4]},"
                        "\"mass_gev\":91.1876}");
    json_decref(all);
    buffer_release(&text);
    settings_release(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_settings_the_defaults_are_in_force),
        cmocka_unit_test(numbers_and_cuts_are_set),
        cmocka_unit_test(a_choice_is_one_of_its_words),
        cmocka_unit_test(an_axis_is_regular_logarithmic_or_literal),
        cmocka_unit_test(every_refusal_says_parameter_value_and_what_is_possible),
        cmocka_unit_test(what_is_no_axis_at_all_is_told_the_three_shapes),
        cmocka_unit_test(refusals_need_no_box_for_the_error),
        cmocka_unit_test(settings_come_back_from_their_text_to_the_last_bit),
        cmocka_unit_test(the_text_of_settings_is_what_a_run_file_may_say),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
