/* SPDX-License-Identifier: Apache-2.0 */
/* test_error.c - claims about base/error.h */
#include "base/error.h"

#include "tests/support/check.h"

static void an_error_carries_kind_and_text(void **state)
{
    (void)state;
    struct error err = {0};
    assert_int_equal(error_set(&err, ERROR_INPUT, "no column %s", "Muon_pt"), -1);
    assert_int_equal(err.kind, ERROR_INPUT);
    assert_int_equal(error_prefix(&err, "shard %d", 7), -1);
    assert_int_equal(err.kind, ERROR_INPUT);
    assert_string_equal(err.text, "shard 7: no column Muon_pt");
    assert_int_equal(error_no_memory(&err, "a histogram"), -1);
    assert_int_equal(err.kind, ERROR_SYSTEM);
    assert_string_equal(err.text, "no memory for a histogram");
}

static void a_caller_without_a_box_is_served(void **state)
{
    (void)state;
    assert_int_equal(error_set(NULL, ERROR_PEER, "x"), -1);
    assert_int_equal(error_prefix(NULL, "x"), -1);
    assert_int_equal(error_no_memory(NULL, "x"), -1);
}

static void arguments_may_point_into_the_box(void **state)
{
    (void)state;
    struct error err = {0};
    error_set(&err, ERROR_PEER, "inner");
    error_set(&err, ERROR_PEER, "outer of %s", err.text);
    assert_string_equal(err.text, "outer of inner");
    error_prefix(&err, "[%s]", err.text);
    assert_string_equal(err.text, "[outer of inner]: outer of inner");
}

static void long_texts_are_cut_not_overrun(void **state)
{
    (void)state;
    char text[2 * ERROR_TEXT_SIZE];
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    struct error err = {0};
    error_set(&err, ERROR_INPUT, "%s", text);
    assert_int_equal(strlen(err.text), ERROR_TEXT_SIZE - 1);
    error_prefix(&err, "place");
    assert_int_equal(strlen(err.text), ERROR_TEXT_SIZE - 1);
    assert_memory_equal(err.text, "place: xxx", 10);
    /* A place that leaves room for 0, 1, 2 and 3 letters behind it. */
    for (size_t left = 0; left < 4; left++) {
        error_set(&err, ERROR_INPUT, "why");
        error_prefix(&err, "%.*s", (int)(ERROR_TEXT_SIZE - 1 - left), text);
        assert_int_equal(strlen(err.text), ERROR_TEXT_SIZE - 1);
        assert_memory_equal(err.text + ERROR_TEXT_SIZE - 1 - left, ": w", left);
    }
    error_prefix(&err, "%s", text);
    assert_int_equal(strlen(err.text), ERROR_TEXT_SIZE - 1);
}

static void kinds_have_names_and_names_kinds(void **state)
{
    (void)state;
    static const struct {
        enum error_kind kind;
        const char *name;
    } cases[] = {{ERROR_INPUT, "input"}, {ERROR_SYSTEM, "system"}, {ERROR_PEER, "peer"}};
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        assert_string_equal(error_kind_name(cases[i].kind), cases[i].name);
        assert_int_equal(error_kind_find(cases[i].name), cases[i].kind);
    }
    assert_int_equal(error_kind_find("nonsense"), ERROR_NONE);
    assert_int_equal(error_kind_find("none"), ERROR_NONE);
    assert_string_equal(error_kind_name(ERROR_KINDS), "unknown");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_error_carries_kind_and_text),
        cmocka_unit_test(a_caller_without_a_box_is_served),
        cmocka_unit_test(arguments_may_point_into_the_box),
        cmocka_unit_test(long_texts_are_cut_not_overrun),
        cmocka_unit_test(kinds_have_names_and_names_kinds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
