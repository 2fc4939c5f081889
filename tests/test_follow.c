/* SPDX-License-Identifier: Apache-2.0 */
/* test_follow.c - claims about the pure part of scheduler/follow.h, and of remote.h's names */
#include "scheduler/follow.h"

#include "tests/support/check.h"

static json_t *parse(const char *text)
{
    struct error err = {0};
    json_t *value = json_parse(text, strlen(text), 1 << 20, &err);
    check_ok(value == NULL ? -1 : 0, &err);
    return value;
}

static struct follow_state read_text(const char *text)
{
    struct follow_state s;
    json_t *state = parse(text);
    follow_read_state(state, &s);
    json_decref(state);
    return s;
}

static void a_run_is_over_when_its_child_will_not_come_back(void **state)
{
    (void)state;
    static const struct {
        const char *child;
        bool is_over;
        int status;
    } cases[] = {
        {"{\"running\": true, \"exit\": null, \"retry_in_s\": null}", false, 0},
        {"{\"running\": false, \"exit\": 0, \"retry_in_s\": null}", true, 0},
        {"{\"running\": false, \"exit\": 3, \"retry_in_s\": null}", true, 3},
        {"{\"running\": false, \"exit\": 2, \"retry_in_s\": null}", true, 2},
        {"{\"running\": false, \"exit\": 4, \"retry_in_s\": 7}", false, 4},
        {"{\"running\": false, \"exit\": 4, \"retry_in_s\": null}", true, 4},
        {"{\"running\": false, \"exit\": 3, \"retry_in_s\": 7}", false, 3},
        {"{\"running\": false, \"exit\": 143, \"retry_in_s\": null}", false,
         143}, /* the pod ends */
        {"{\"running\": false, \"exit\": null, \"retry_in_s\": null}", false, 0},
        {"{\"running\": 0, \"exit\": \"0\", \"retry_in_s\": []}", false, 0},
        {"[]", false, 0},
        {"{}", false, 0},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        char text[256];
        (void)snprintf(text, sizeof text, "{\"child\": %s}", cases[i].child);
        struct follow_state s = read_text(text);
        assert_int_equal(s.is_over, cases[i].is_over);
        assert_int_equal(s.exit_status, cases[i].status);
    }
}

static void files_are_counted_before_shards(void **state)
{
    (void)state;
    struct follow_state s =
        read_text("{\"progress\": {\"files\": {\"total\": 9, \"done\": 4, \"waiting\": 3, "
                  "\"running\": 1, "
                  "\"failed\": 1}, \"shards\": {\"total\": 0}, \"events\": 0}}");
    assert_true(s.has_numbers);
    assert_int_equal(s.numbers.phase, LEASE_INSPECT);
    assert_int_equal(s.numbers.n_done, 4);
    assert_int_equal(s.numbers.n_all, 9);
    assert_int_equal(s.numbers.n_failed, 1);
    s = read_text("{\"progress\": {\"files\": {\"total\": 9, \"done\": 8, \"failed\": 1}, "
                  "\"shards\": {\"total\": 50, \"done\": 20, \"failed\": 2, \"running\": 6}, "
                  "\"events\": 1234}, \"pods\": {\"ready\": 5, \"waiting\": \"no room\"}}");
    assert_int_equal(s.numbers.phase, LEASE_SHARD);
    assert_int_equal(s.numbers.n_done, 20);
    assert_int_equal(s.numbers.n_all, 50);
    assert_int_equal(s.numbers.n_failed, 3);
    assert_int_equal(s.numbers.n_events, 1234);
    assert_int_equal(s.numbers.n_workers, 6);
    assert_string_equal(s.waiting, "no room");
}

static void what_is_missing_or_odd_counts_as_not_said(void **state)
{
    (void)state;
    static const char *const cases[] = {
        "{}",
        "{\"progress\": null, \"pods\": null, \"child\": null}",
        "{\"progress\": [1], \"pods\": \"x\", \"child\": 3}",
        "{\"pods\": {\"ready\": -1, \"waiting\": 7}}",
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct follow_state s = read_text(cases[i]);
        assert_false(s.has_numbers);
        assert_false(s.is_over);
        assert_int_equal(s.numbers.n_all, 0);
        assert_int_equal(s.numbers.n_workers, 0);
        assert_string_equal(s.waiting, "");
    }
    assert_int_equal(read_text("{\"progress\": {\"files\": {\"total\": -5}}}").numbers.n_all,
                     0);
}

static void the_last_words_of_a_child_are_its_refusal(void **state)
{
    (void)state;
    static const struct {
        const char *said;
        const char *line;
    } cases[] = {
        {"2026 launch: x\npicobarn: no file matches\n", "no file matches"},
        {"picobarn: first\nmore\npicobarn: last", "last"},
        {"picobarn: refused\nand then\n", "refused"},
        {"no name\nkilled\n\n", "killed"},
        {"", ""},
        {NULL, "the launch was refused"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        size_t size = 0;
        const char *line = follow_last_line(cases[i].said, &size);
        assert_int_equal(size, strlen(cases[i].line));
        assert_memory_equal(line, cases[i].line, size);
    }
}

static void trouble_is_waited_for_and_said(void **state)
{
    (void)state;
    struct follow_state s =
        read_text("{\"child\": {\"running\": false, \"exit\": 4, \"retry_in_s\": 3, \"said\": "
                  "\"picobarn: disk full\\n\"}, \"pods\": {\"waiting\": \"no room\"}}");
    assert_false(s.is_over);
    assert_string_equal(s.waiting,
                        "the scheduler ended in trouble and starts again: disk full");
}

static void an_operand_names_a_run_and_perhaps_its_namespace(void **state)
{
    (void)state;
    static const struct {
        const char *operand;
        const char *namespace; /* NULL: refused */
        const char *name;
    } cases[] = {
        {"k8s:higgs4l", "", "higgs4l"},
        {"k8s:physics/higgs-4l", "physics", "higgs-4l"},
        {"k8s:", NULL, NULL},
        {"k8s:/x", NULL, NULL},
        {"k8s:x/", NULL, NULL},
        {"k8s:a/b/c", NULL, NULL},
        {"k8s:Higgs", NULL, NULL},
        {"k8s:-x", NULL, NULL},
        {"k8s:x-", NULL, NULL},
        {"k8s:a_b", NULL, NULL},
        {"k8s:../secrets", NULL, NULL},
        {"k8s:a%2fb", NULL, NULL},
        {"k8s:x?y", NULL, NULL},
        {"k8s:0123456789012345678901234567890123456789012345678901234567890123", NULL, NULL},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct remote_name named;
        struct error err = {0};
        assert_true(remote_is(cases[i].operand));
        bool is_taken = remote_parse(cases[i].operand, &named, &err) == 0;
        assert_int_equal(is_taken, cases[i].namespace != NULL);
        assert_string_equal(is_taken ? named.namespace : "",
                            is_taken ? cases[i].namespace : "");
        assert_string_equal(is_taken ? named.name : "", is_taken ? cases[i].name : "");
    }
    assert_false(remote_is("k8s"));
    assert_false(remote_is("./k8s:x"));
    assert_false(remote_is(NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_run_is_over_when_its_child_will_not_come_back),
        cmocka_unit_test(files_are_counted_before_shards),
        cmocka_unit_test(what_is_missing_or_odd_counts_as_not_said),
        cmocka_unit_test(the_last_words_of_a_child_are_its_refusal),
        cmocka_unit_test(trouble_is_waited_for_and_said),
        cmocka_unit_test(an_operand_names_a_run_and_perhaps_its_namespace),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
