/* SPDX-License-Identifier: Apache-2.0 */
/* test_json_patch.c - claims about base/json_patch.h */
#include "base/json_patch.h"

#include "tests/support/check.h"

static json_t *json(const char *text)
{
    json_t *value = json_loads(text, JSON_DECODE_ANY, NULL);
    assert_non_null(value);
    return value;
}

static void a_patch_says_what_changed_and_nothing_else(void **state)
{
    (void)state;
    static const struct {
        const char *from;
        const char *to;
        const char *patch;
    } cases[] = {
        {"{\"a\": 1}", "{\"a\": 2}", "{\"a\": 2}"},
        {"{\"a\": 1}", "{\"a\": 1, \"b\": [1]}", "{\"b\": [1]}"},
        {"{\"a\": 1, \"b\": 2}", "{\"b\": 2}", "{\"a\": null}"},
        {"{\"a\": {\"b\": 1, \"c\": 2}}", "{\"a\": {\"b\": 1, \"c\": 3}}",
         "{\"a\": {\"c\": 3}}"},
        {"{\"a\": {\"b\": 1}}", "{\"a\": {}}", "{\"a\": {\"b\": null}}"},
        {"{\"a\": {\"b\": 1}}", "{\"a\": 5}", "{\"a\": 5}"},
        {"{\"a\": 5}", "{\"a\": {\"b\": 1}}", "{\"a\": {\"b\": 1}}"},
        {"{\"a\": [1, 2]}", "{\"a\": [1, 3]}", "{\"a\": [1, 3]}"},
        {"{\"a\": 1}", "{\"a\": 1.0}", "{\"a\": 1.0}"},
        {"{\"a\": 1}", "{\"a\": 1}", NULL},
        {"{}", "{}", NULL},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        json_t *from = json(cases[i].from);
        json_t *to = json(cases[i].to);
        json_t *patch = json_patch_between(from, to);
        json_t *wanted = cases[i].patch == NULL ? NULL : json(cases[i].patch);
        assert_true(wanted == NULL ? patch == NULL : json_equal(patch, wanted) == 1);
        json_decref(from);
        json_decref(to);
        json_decref(patch);
        json_decref(wanted);
    }
}

static void nulls_are_taken_out_at_any_depth(void **state)
{
    (void)state;
    json_t *value = json("{\"a\": null, \"b\": {\"c\": null, \"d\": 1}, \"e\": null}");
    json_t *wanted = json("{\"b\": {\"d\": 1}}");
    json_drop_nulls(value);
    assert_true(json_equal(value, wanted) == 1);
    json_decref(value);
    json_decref(wanted);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_patch_says_what_changed_and_nothing_else),
        cmocka_unit_test(nulls_are_taken_out_at_any_depth),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
