/* SPDX-License-Identifier: Apache-2.0 */
/* test_placement.c - claims about k8s/placement.h, k8s/names.h and k8s/quantity.h */
#include "k8s/placement.h"

#include "k8s/names.h"
#include "k8s/quantity.h"
#include "tests/support/check.h"

static void quantities_are_read_as_kubernetes_does(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        double value; /* -1: none */
    } cases[] = {
        {"0", 0},
        {"1", 1},
        {"250m", 0.25},
        {"1.5", 1.5},
        {".5", 0.5},
        {"5.", 5},
        {"+2", 2},
        {"1Gi", 0x1p30},
        {"1.5Gi", 1.5 * 0x1p30},
        {"2e3", 2000},
        {"2E3", 2000},
        {"2e-3", 0.002},
        {"1E", 1e18},
        {"1k", 1000},
        {"7Ki", 7168},
        {"3Ei", 3 * 0x1p60},
        {"128974848", 128974848},
        {"", -1},
        {"-1", -1},
        {"Gi", -1},
        {"1 Gi", -1},
        {"1gi", -1},
        {"1K", -1},
        {"1GiB", -1},
        {".", -1},
        {"1e", -1},
        {"0x10", -1},
        {"1..5", -1},
        {"1e3Gi", -1},
        {"inf", -1},
        {"nan", -1},
        {"1e999", -1},
        {"7Ei", 7 * 0x1p60},
        {"8Ei", -1},
        {"9e99", -1},
        {"111111111111111111111111111111111111111111111111", -1},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        double value = -1;
        assert_int_equal(quantity_parse(cases[i].text, &value), cases[i].value >= 0);
        assert_true(value == cases[i].value);
    }
}

#define X10 "xxxxxxxxxx"
#define X60 X10 X10 X10 X10 X10 X10
#define D64 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static const struct {
    bool (*is)(const char *text);
    const char *text;
    bool good;
} names[] = {
    {names_is_label, "a", true},
    {names_is_label, "a-1", true},
    {names_is_label, "1a", true},
    {names_is_label, X60 "xxx", true},
    {names_is_label, X60 "xxxx", false},
    {names_is_label, "", false},
    {names_is_label, "-a", false},
    {names_is_label, "a-", false},
    {names_is_label, "A", false},
    {names_is_label, "a.b", false},
    {names_is_label, "a_b", false},
    {names_is_subdomain, "a.b-c.d", true},
    {names_is_subdomain, "a..b", false},
    {names_is_subdomain, ".a", false},
    {names_is_subdomain, "a.", false},
    {names_is_subdomain, X60 "." X60 "." X60 "." X60 "." X10, false},
    {names_is_subdomain, X60 "." X60 "." X60 "." X60 ".xxxxxxxxx", true},
    {names_is_key, "name", true},
    {names_is_key, "kueue.x-k8s.io/queue-name", true},
    {names_is_key, "a/B_c.d", true},
    {names_is_key, "/a", false},
    {names_is_key, "a/", false},
    {names_is_key, "a/b/c", false},
    {names_is_key, "A/b", false},
    {names_is_key, "a b", false},
    {names_is_value, "", true},
    {names_is_value, "Ab-9_.x", true},
    {names_is_value, "a b", false},
    {names_is_value, "a/b", false},
    {names_is_value, "_a", false},
    {names_is_path, "/data", true},
    {names_is_path, "/data/a..b/.c", true},
    {names_is_path, "/", false},
    {names_is_path, "data", false},
    {names_is_path, "/data/", false},
    {names_is_path, "/a//b", false},
    {names_is_path, "/a/./b", false},
    {names_is_path, "/a/../b", false},
    {names_is_path, "/..", false},
    {names_is_path, "/a:b", false},
    {names_is_path, "", false},
    {names_is_pinned_image, "picobarn:1.0", true},
    {names_is_pinned_image, "host:5000/a/picobarn:1.0", true},
    {names_is_pinned_image, "host/a@sha256:" D64, true},
    {names_is_pinned_image, "host/a:latest@sha256:" D64, true},
    {names_is_pinned_image, "picobarn", false},
    {names_is_pinned_image, "picobarn:", false},
    {names_is_pinned_image, "picobarn:latest", false},
    {names_is_pinned_image, "host:5000/picobarn", false},
    {names_is_pinned_image, "a@sha256:abc", false},
    {names_is_pinned_image, "a@sha256:" D64 "0", false},
    {names_is_pinned_image, "a@md5:" D64, false},
    {names_is_pinned_image, "a b:1", false},
    {names_is_pinned_image, "https://host/a:1?x", false},
    {names_is_pinned_image, ":1", false},
    {names_is_pinned_image, "", false},
};

static void check_name(size_t i)
{
    if (names[i].is(names[i].text) != names[i].good) {
        fail_msg("case %zu: '%s'", i, names[i].text);
    }
}

static void names_have_kubernetes_forms(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(names); i++) {
        check_name(i);
    }
}

static void a_path_lies_within_itself_and_those_above(void **state)
{
    (void)state;
    assert_true(names_is_within("/data", "/data"));
    assert_true(names_is_within("/data/a", "/data"));
    assert_false(names_is_within("/data2", "/data"));
    assert_false(names_is_within("/", "/data"));
}

static const char *amount(const json_t *resources, const char *part, const char *name)
{
    const char *text =
        json_string_value(json_object_get(json_object_get(resources, part), name));
    return text == NULL ? "" : text;
}

static void defaults_bend_to_what_is_said(void **state)
{
    (void)state;
    static const struct {
        const char *said; /* of a worker's memory: request, limit */
        const char *limit_said;
        const char *request;
        const char *limit;
    } cases[] = {
        {NULL, NULL, "1Gi", "1Gi"},        {"4Gi", NULL, "4Gi", "4Gi"},
        {"512Mi", NULL, "512Mi", "1Gi"},   {NULL, "4Gi", "1Gi", "4Gi"},
        {NULL, "512Mi", "512Mi", "512Mi"}, {"2Gi", "3Gi", "2Gi", "3Gi"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct placement p = {0};
        struct error err = {0};
        p.worker_resources = json_pack("{s:{s:s*}, s:{s:s*}}", "requests", "memory",
                                       cases[i].said, "limits", "memory", cases[i].limit_said);
        check_ok(placement_complete(&p, &err), &err);
        assert_string_equal(amount(p.worker_resources, "requests", "memory"), cases[i].request);
        assert_string_equal(amount(p.worker_resources, "limits", "memory"), cases[i].limit);
        assert_string_equal(amount(p.worker_resources, "limits", "cpu"), "1");
        assert_string_equal(amount(p.scheduler_resources, "limits", "cpu"), "");
        assert_string_equal(amount(p.scheduler_resources, "limits", "memory"), "1Gi");
        assert_string_equal(p.worker_service_account, "picobarn-worker");
        assert_int_equal(p.max_pods, 100);
        placement_release(&p);
        placement_release(&p); /* twice does no harm */
    }
}

static void the_compute_program_gets_what_the_limit_leaves(void **state)
{
    (void)state;
    static const struct {
        const char *limit;
        uint64_t memory_mib;
        uint64_t expected_mib;
    } cases[] = {{"1Gi", 0, 896}, {"128Mi", 0, 64}, {"8Gi", 0, 7168}, {"1Gi", 300, 300}};
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct placement p = {.memory_mib = cases[i].memory_mib};
        p.worker_resources = json_pack("{s:{s:s}}", "limits", "memory", cases[i].limit);
        assert_int_equal(placement_worker_memory_mib(&p), cases[i].expected_mib);
        placement_release(&p);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(quantities_are_read_as_kubernetes_does),
        cmocka_unit_test(names_have_kubernetes_forms),
        cmocka_unit_test(a_path_lies_within_itself_and_those_above),
        cmocka_unit_test(defaults_bend_to_what_is_said),
        cmocka_unit_test(the_compute_program_gets_what_the_limit_leaves),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
