/* SPDX-License-Identifier: Apache-2.0 */
/* test_uhi.c - a histogram as UHI has it: field by field as its schema, version 1. That the real
 * Python packages open it is tested in tests/system/test_exports.py. */
#include "tests/support/check.h"

#include <math.h>

#include "scheduler/uhi.h"

static struct partial_hist make_hist(const struct axis *axis, bool weighted)
{
    struct error err = {.kind = ERROR_NONE};
    struct partial_hist h = {.name = "m4l",
                             .channel = "4mu",
                             .variation = "nominal",
                             .title = "m(4l)",
                             .unit = "GeV"};
    check_ok(hist_init(&h.hist, axis, weighted, &err), &err);
    return h;
}

static struct axis regular(void)
{
    struct error err = {.kind = ERROR_NONE};
    struct axis axis;
    check_ok(axis_init_regular(&axis, 4, 0, 8, &err), &err);
    return axis;
}

static const json_t *at(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);
    if (value == NULL) {
        fail_msg("no %s", key);
    }
    return value;
}

static void check_list(const json_t *list, size_t n, const double *expected)
{
    assert_int_equal(json_array_size(list), n);
    for (size_t i = 0; i < n; i++) {
        assert_true(json_number_value(json_array_get(list, i)) == expected[i]);
    }
}

static void counts_are_integers_with_their_flow(void **state)
{
    (void)state;
    struct error err = {.kind = ERROR_NONE};
    static const double filled[] = {-1, 0, 1.9, 7.9, 8, 1e9, NAN, -INFINITY};
    static const double expected[] = {2, 2, 0, 0, 1, 2};
    struct axis axis = regular();
    struct partial_hist h = make_hist(&axis, false);
    for (size_t i = 0; i < ARRAY_LENGTH(filled); i++) {
        hist_fill(&h.hist, filled[i], 1);
    }
    json_t *uhi = uhi_to_json(&h, &err);
    check_ok(uhi == NULL ? -1 : 0, &err);
    assert_int_equal(json_object_size(uhi), 4);
    assert_int_equal(json_integer_value(at(uhi, "uhi_schema")), 1);
    const json_t *storage = at(uhi, "storage");
    assert_int_equal(json_object_size(storage), 2);
    assert_string_equal(json_string_value(at(storage, "type")), "int");
    check_list(at(storage, "values"), 6, expected);
    for (size_t i = 0; i < 6; i++) {
        assert_true(json_is_integer(json_array_get(at(storage, "values"), i)));
    }
    assert_int_equal(json_integer_value(at(at(uhi, "metadata"), "nan")), 1);
    assert_int_equal(json_integer_value(at(at(uhi, "metadata"), "entries")),
                     ARRAY_LENGTH(filled));
    json_decref(uhi);
    hist_release(&h.hist);
    axis_release(&axis);
}

static void axes_are_as_the_schema_has_them(void **state)
{
    (void)state;
    struct error err = {.kind = ERROR_NONE};
    static const double edges[] = {1, 2.5, 10};
    for (int kind = 0; kind < 2; kind++) {
        struct axis axis = regular();
        if (kind == 1) {
            axis_release(&axis);
            check_ok(axis_init_variable(&axis, 2, edges, &err), &err);
        }
        struct partial_hist h = make_hist(&axis, false);
        json_t *uhi = uhi_to_json(&h, &err);
        const json_t *a = json_array_get(at(uhi, "axes"), 0);
        assert_int_equal(json_array_size(at(uhi, "axes")), 1);
        assert_true(json_is_true(at(a, "underflow")) && json_is_true(at(a, "overflow")) &&
                    json_is_false(at(a, "circular")));
        assert_string_equal(json_string_value(at(at(a, "metadata"), "title")), "m(4l)");
        assert_string_equal(json_string_value(at(at(a, "metadata"), "unit")), "GeV");
        if (kind == 0) {
            assert_int_equal(json_object_size(a), 8);
            assert_string_equal(json_string_value(at(a, "type")), "regular");
            assert_int_equal(json_integer_value(at(a, "bins")), 4);
            assert_true(json_real_value(at(a, "lower")) == 0);
            assert_true(json_real_value(at(a, "upper")) == 8);
        } else {
            assert_int_equal(json_object_size(a), 6);
            assert_string_equal(json_string_value(at(a, "type")), "variable");
            check_list(at(a, "edges"), 3, edges);
        }
        json_decref(uhi);
        hist_release(&h.hist);
        axis_release(&axis);
    }
}

/* Ten times 0.1 and back: exact sums give what floating-point addition does not. */
static void weights_are_summed_exactly_and_rounded_once(void **state)
{
    (void)state;
    struct error err = {.kind = ERROR_NONE};
    struct axis axis = regular();
    struct partial_hist h = make_hist(&axis, true);
    hist_fill(&h.hist, 1, 0x1p100);
    for (int i = 0; i < 10; i++) {
        hist_fill(&h.hist, 1, 0.1);
    }
    hist_fill(&h.hist, 1, -0x1p100);
    hist_fill(&h.hist, NAN, 0.5);
    hist_fill(&h.hist, -1, -3);
    json_t *uhi = uhi_to_json(&h, &err);
    check_ok(uhi == NULL ? -1 : 0, &err);
    static const double values[] = {-3, 1, 0, 0, 0, 0};
    const json_t *storage = at(uhi, "storage");
    assert_int_equal(json_object_size(storage), 3);
    assert_string_equal(json_string_value(at(storage, "type")), "weighted");
    check_list(at(storage, "values"), 6, values);
    assert_true(json_number_value(json_array_get(at(storage, "variances"), 0)) == 9);
    assert_true(json_number_value(json_array_get(at(storage, "variances"), 1)) == 0x1p201);
    const json_t *metadata = at(uhi, "metadata");
    assert_true(json_number_value(at(metadata, "nan_sum_of_weights")) == 0.5);
    assert_true(json_number_value(at(metadata, "nan_variance")) == 0.25);
    assert_int_equal(json_integer_value(at(metadata, "entries")), 14);
    json_decref(uhi);
    hist_release(&h.hist);
    axis_release(&axis);
}

static void sums_beyond_any_double_are_refused(void **state)
{
    (void)state;
    static const double place[] = {1, NAN, 1e9};
    for (size_t i = 0; i < ARRAY_LENGTH(place); i++) {
        struct error err = {.kind = ERROR_NONE};
        struct axis axis = regular();
        struct partial_hist h = make_hist(&axis, true);
        hist_fill(&h.hist, place[i], 1e300);
        assert_null(uhi_to_json(&h, &err));
        assert_int_equal(err.kind, ERROR_INPUT);
        check_contains(err.text, "histogram m4l of 4mu");
        hist_release(&h.hist);
        axis_release(&axis);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts_are_integers_with_their_flow),
        cmocka_unit_test(axes_are_as_the_schema_has_them),
        cmocka_unit_test(weights_are_summed_exactly_and_rounded_once),
        cmocka_unit_test(sums_beyond_any_double_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
