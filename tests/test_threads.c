/* SPDX-License-Identifier: Apache-2.0 */
/* test_threads.c - see worker/threads.h */
#include "tests/support/check.h"

#include <sched.h>

#include "worker/threads.h"

static void quotas_of_v2_are_rounded_up(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t expected;
    } cases[] = {
        {"max 100000\n", 0},
        {"100000 100000\n", 1},
        {"150000 100000\n", 2},
        {"200000 100000\n", 2},
        {"1000 100000\n", 1},
        {"400000 50000", 8},
        {"", 0},
        {"garbage", 0},
        {"100000", 0},
        {"100000 0", 0},
        {"0 100000", 0},
        {"-5 100000", 0},
        {"100000 -1", 0},
        {"99999999999999999999 1", 0},
        {"9999999999 1", 0},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        assert_int_equal(threads_of_cpu_max(cases[i].text), cases[i].expected);
    }
}

static void quotas_of_v1_are_rounded_up(void **state)
{
    (void)state;
    static const struct {
        const char *quota, *period;
        size_t expected;
    } cases[] = {
        {"-1\n", "100000\n", 0},    {"250000\n", "100000\n", 3},
        {"50000\n", "100000\n", 1}, {"", "", 0},
        {"100000", "x", 0},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        assert_int_equal(threads_of_cfs(cases[i].quota, cases[i].period), cases[i].expected);
    }
}

static void the_group_is_found_by_its_controller(void **state)
{
    (void)state;
    static const char v1[] = "12:cpuset:/other\n4:cpu,cpuacct:/kube/pod:1\n1:name=systemd:/s\n";
    static const char hybrid[] = "1:cpu:/\n0::/user.slice";
    static const struct {
        const char *text, *controller, *expected;
    } cases[] = {
        {"0::/\n", "", "/"},
        {"0::/kube.slice/pod\n", "", "/kube.slice/pod"},
        {v1, "cpu", "/kube/pod:1"},
        {v1, "cpuacct", "/kube/pod:1"},
        {v1, "", NULL},
        {v1, "cp", NULL},
        {hybrid, "", "/user.slice"},
        {hybrid, "cpu", "/"},
        {"", "", NULL},
        {"0", "", NULL},
        {"0:", "", NULL},
        {"no colons at all\n", "cpu", NULL},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        char path[THREADS_PATH_SIZE] = "untouched";
        bool found = threads_find_group(cases[i].text, cases[i].controller, path);
        assert_int_equal(found, cases[i].expected != NULL);
        assert_string_equal(path, found ? cases[i].expected : "untouched");
    }
}

static void put(const char *root, const char *name, const char *text)
{
    char path[256];
    (void)snprintf(path, sizeof path, "%s/%s", root, name);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    (void)fputs(text, f);
    (void)fclose(f);
}

static void make(const char *root, const char *name)
{
    char path[256];
    (void)snprintf(path, sizeof path, "%s/%s", root, name);
    assert_int_equal(mkdir(path, 0700), 0);
}

static void the_smallest_quota_up_the_hierarchy_holds(void **state)
{
    (void)state;
    char *root = check_make_folder();
    make(root, "kube");
    make(root, "kube/pod");
    put(root, "kube/cpu.max", "300000 100000\n");
    put(root, "kube/pod/cpu.max", "max 100000\n");
    assert_int_equal(threads_of_groups(root, "/kube/pod", true), 3);
    put(root, "kube/pod/cpu.max", "150000 100000\n");
    assert_int_equal(threads_of_groups(root, "/kube/pod", true), 2);
    assert_int_equal(threads_of_groups(root, "/kube", true), 3);
    assert_int_equal(threads_of_groups(root, "/", true), 0);
    assert_int_equal(threads_of_groups(root, "/kube/pod", false), 0);
    /* In a container: the path is the host's, the quota stands at the root. */
    put(root, "cpu.cfs_quota_us", "50000\n");
    put(root, "cpu.cfs_period_us", "100000\n");
    assert_int_equal(threads_of_groups(root, "/host/path/that/is/not/here", false), 1);
    check_remove_folder(root);
}

static void there_is_always_one_and_never_more_than_the_affinity(void **state)
{
    (void)state;
    cpu_set_t before;
    assert_int_equal(sched_getaffinity(0, sizeof before, &before), 0);
    size_t n = threads_available();
    assert_true(n >= 1 && n <= (size_t)CPU_COUNT(&before));
    size_t first = 0;
    while (!CPU_ISSET(first, &before)) {
        first++;
    }
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(first, &one);
    assert_int_equal(sched_setaffinity(0, sizeof one, &one), 0);
    assert_int_equal(threads_available(), 1);
    assert_int_equal(sched_setaffinity(0, sizeof before, &before), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(quotas_of_v2_are_rounded_up),
        cmocka_unit_test(quotas_of_v1_are_rounded_up),
        cmocka_unit_test(the_group_is_found_by_its_controller),
        cmocka_unit_test(the_smallest_quota_up_the_hierarchy_holds),
        cmocka_unit_test(there_is_always_one_and_never_more_than_the_affinity),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
