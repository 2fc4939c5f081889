/* SPDX-License-Identifier: Apache-2.0 */
/* test_pod_end.c - Jobs and pods as the API server shows them, in our words; the objects are cut from
 * answers of a Kubernetes 1.34. See scheduler/fleet_job.h, pod_end.h, pod_wait.h */
#include "tests/support/check.h"

#include "base/json.h"
#include "scheduler/fleet_job.h"
#include "scheduler/pod_end.h"
#include "scheduler/pod_wait.h"

static json_t *parse(const char *text)
{
    struct error err = {0};
    json_t *json = json_parse(text, strlen(text), 1 << 16, &err);
    check_ok(json == NULL ? -1 : 0, &err);
    return json;
}

static void check_said(struct buffer *out, const char *text)
{
    assert_string_equal(out->size == 0 ? "" : buffer_string(out), text);
    buffer_release(out);
}

static void an_end_is_told_with_all_that_is_known(void **state)
{
    (void)state;
    static const struct {
        const char *pod;
        const char *text;
    } cases[] = {
        {"{\"metadata\": {\"name\": \"a-w0-1-x\"}, \"spec\": {\"nodeName\": \"n1\"},"
         " \"status\": {\"phase\": \"Failed\", \"containerStatuses\": [{\"name\": \"worker\","
         " \"state\": {\"terminated\": {\"exitCode\": 137, \"reason\": \"OOMKilled\"}}}]}}",
         "pod a-w0-1-x on node n1: OOMKilled (exit status 137)"},
        {"{\"metadata\": {\"name\": \"p\"}, \"status\": {\"conditions\": [{\"type\":"
         " \"DisruptionTarget\", \"status\": \"True\", \"reason\": \"EvictionByEvictionAPI\","
         " \"message\": \"Eviction API: evicting\"}], \"containerStatuses\": [{\"state\":"
         " {\"terminated\": {\"exitCode\": 143, \"reason\": \"Error\"}}}]}}",
         "pod p: EvictionByEvictionAPI: Eviction API: evicting Error (exit status 143)"},
        {"{\"metadata\": {\"name\": \"p\"}, \"status\": {\"reason\": \"Evicted\", \"message\":"
         " \"Usage of EmptyDir volume exceeds the limit\"}}",
         "pod p: Evicted: Usage of EmptyDir volume exceeds the limit"},
        {"{\"metadata\": {\"name\": \"p\"}, \"status\": {}}",
         "pod p: it failed, the reason is not told"},
        {"{\"metadata\": {\"name\": \"p\", \"deletionTimestamp\": \"2026-11-26T19:00:00Z\"},"
         " \"status\": {\"phase\": \"Running\"}}",
         "pod p: Deleted: somebody asked for it"},
        {"[]", "pod : it failed, the reason is not told"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct buffer out = {0};
        json_t *pod = parse(cases[i].pod);
        pod_end_describe(pod, &out);
        check_said(&out, cases[i].text);
        json_decref(pod);
    }
}

static void want_of_memory_is_told_apart(void **state)
{
    (void)state;
    static const char form[] = "{\"status\": {\"containerStatuses\": [{\"state\":"
                               " {\"terminated\": {\"exitCode\": %d, \"reason\": \"%s\"}}}]}}";
    static const struct {
        int status;
        const char *reason;
        bool is_oom;
    } cases[] = {{137, "OOMKilled", true}, {137, "Error", false}, {0, "Completed", false}};
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        char text[256];
        (void)snprintf(text, sizeof text, form, cases[i].status, cases[i].reason);
        json_t *pod = parse(text);
        assert_int_equal(pod_end_is_oom(pod), cases[i].is_oom);
        json_decref(pod);
    }
    assert_false(pod_end_is_oom(NULL));
}

static void a_pod_that_waits_says_why(void **state)
{
    (void)state;
    static const struct {
        const char *status;
        const char *text;
        bool hopeless;
    } cases[] = {
        {"{\"conditions\": [{\"type\": \"PodScheduled\", \"status\": \"False\", \"reason\":"
         " \"Unschedulable\", \"message\": \"0/1 nodes are available: 1 Insufficient cpu.\"}]}",
         "Unschedulable: 0/1 nodes are available: 1 Insufficient cpu.", false},
        {"{\"containerStatuses\": [{\"state\": {\"waiting\": {\"reason\": \"ErrImagePull\","
         " \"message\": \"not found\"}}}]}",
         "ErrImagePull: not found", true},
        {"{\"containerStatuses\": [{\"state\": {\"waiting\": {\"reason\":"
         " \"ContainerCreating\"}}}], \"conditions\": [{\"type\": \"PodScheduled\", \"status\":"
         " \"True\"}]}",
         "", false},
        {"{\"phase\": \"Pending\"}", "", false},
        {"{\"containerStatuses\": 7, \"conditions\": [3]}", "", false},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct buffer out = {0};
        bool hopeless = !cases[i].hopeless;
        json_t *pod = json_pack("{s:o}", "status", parse(cases[i].status));
        pod_wait_describe(pod, &out, &hopeless);
        check_said(&out, cases[i].text);
        assert_int_equal(hopeless, cases[i].hopeless);
        json_decref(pod);
    }
}

static void the_newest_event_tells_why_no_pod_is_made(void **state)
{
    (void)state;
    struct buffer out = {0};
    bool hopeless = true;
    json_t *events =
        parse("[{\"reason\": \"FailedCreate\", \"lastTimestamp\": \"2026-11-26T10:00:02Z\","
              " \"message\": \"exceeded quota: pods\"},"
              " {\"reason\": \"FailedCreate\", \"lastTimestamp\": \"2026-11-26T10:00:01Z\","
              " \"message\": \"older\"}, {\"reason\": \"SuccessfulCreate\", \"lastTimestamp\":"
              " \"2026-11-26T10:00:09Z\", \"message\": \"made\"}]");
    pod_wait_describe_events(events, &out, &hopeless);
    check_said(&out, "exceeded quota: pods");
    assert_false(hopeless);
    pod_wait_describe_events(NULL, &out, &hopeless);
    assert_int_equal(out.size, 0);
    json_decref(events);
}

static void what_the_server_refuses_is_hopeless_and_a_full_quota_is_not(void **state)
{
    (void)state;
    static const struct {
        const char *message;
        const char *why;
        bool hopeless;
    } cases[] = {
        {"create Pod a-0 in StatefulSet a failed error: pods \"a-0\" is forbidden: error "
         "looking "
         "up service account n/s: serviceaccount \"s\" not found",
         "error looking up service account n/s: serviceaccount \"s\" not found", true},
        {"Error creating: pods \"a-w0-0-x\" is forbidden: violates PodSecurity \"restricted\"",
         "violates PodSecurity \"restricted\"", true},
        {"Error creating: Pod \"a\" is invalid: spec.tolerations[0].effect: no",
         "Error creating: Pod \"a\" is invalid: spec.tolerations[0].effect: no", true},
        {"Error creating: admission webhook \"w\" denied the request: no",
         "Error creating: admission webhook \"w\" denied the request: no", true},
        {"Error creating: pods \"a\" is forbidden: failed quota: q: must specify limits.cpu",
         "failed quota: q: must specify limits.cpu", true},
        {"Error creating: pods \"a\" is forbidden: exceeded quota: q, requested: pods=1",
         "exceeded quota: q, requested: pods=1", false},
        {"Error creating: Internal error occurred: failed calling webhook \"w\"",
         "Error creating: Internal error occurred: failed calling webhook \"w\"", false},
        {"", "", false},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct buffer out = {0};
        bool hopeless = !cases[i].hopeless;
        json_t *events =
            json_pack("[{s:s, s:s}]", "reason", "FailedCreate", "message", cases[i].message);
        pod_wait_describe_events(events, &out, &hopeless);
        check_said(&out, cases[i].why);
        assert_int_equal(hopeless, cases[i].hopeless);
        json_decref(events);
    }
}

static void each_refusal_has_its_advice(void **state)
{
    (void)state;
    static const struct {
        const char *why;
        const char *advice;
    } cases[] = {
        {"ErrImagePull: failed to pull", "mend image,"},
        {"InvalidImageName: x", "mend image,"},
        {"is forbidden: violates PodSecurity \"restricted:latest\": (container \"worker\" ...)",
         "take what it names out"},
        {"error looking up service account n/s: not found", "have an administrator apply"},
        {"no PriorityClass with name p was found", "name a priority_class"},
        {"failed quota: q: must specify limits.cpu", "give the pods"},
        {"", "mend what it names"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        assert_ptr_equal(strstr(pod_wait_advice(cases[i].why), cases[i].advice),
                         pod_wait_advice(cases[i].why));
    }
}

static void a_job_is_read_as_it_stands(void **state)
{
    (void)state;
    struct error err = {0};
    struct fleet_job job;
    json_t *object = parse(
        "{\"metadata\": {\"name\": \"demo-w12\", \"annotations\":"
        " {\"picobarn/shards-per-index\": \"64\"}}, \"spec\": {\"completions\": 100,"
        " \"parallelism\": 30, \"suspend\": true}, \"status\": {\"active\": 30, \"ready\":"
        " 29, \"failed\": 7, \"completedIndexes\": \"0-9,20\", \"failedIndexes\": \"11,13\"}}");
    assert_true(fleet_job_read(object, "demo", &job, &err));
    check_ok(err.kind == ERROR_NONE ? 0 : -1, &err);
    assert_int_equal(job.number, 12);
    assert_int_equal(job.n_indexes, 100);
    assert_int_equal(job.parallelism, 30);
    assert_int_equal(job.shards_per_index, 64);
    assert_int_equal(job.n_active, 30);
    assert_int_equal(job.n_ready, 29);
    assert_int_equal(job.n_pods_failed, 7);
    assert_int_equal(job.n_completed, 11);
    assert_int_equal(job.n_failed, 2);
    assert_int_equal(fleet_live(&job), 87);
    assert_true(job.is_suspended);
    assert_false(job.is_over);
    assert_false(job.is_leaving);
    json_decref(object);
}

static void only_jobs_of_the_run_are_read(void **state)
{
    (void)state;
    static const char *const names[] = {"demo",     "demo-w",   "demo-wx",
                                        "demo2-w1", "other-w1", "demo-w1-2",
                                        "demo-w-1", "",         "demo-w99999999999999999999"};
    for (size_t i = 0; i < ARRAY_LENGTH(names); i++) {
        struct error err = {0};
        struct fleet_job job;
        json_t *object = json_pack("{s:{s:s}}", "metadata", "name", names[i]);
        assert_false(fleet_job_read(object, "demo", &job, &err));
        json_decref(object);
    }
}

static void a_status_that_makes_no_sense_is_told(void **state)
{
    (void)state;
    struct error err = {0};
    struct fleet_job job;
    json_t *object = parse("{\"metadata\": {\"name\": \"demo-w0\"}, \"spec\": {\"completions\":"
                           " 4}, \"status\": {\"completedIndexes\": \"3-1\", \"active\": -5}}");
    assert_true(fleet_job_read(object, "demo", &job, &err));
    assert_int_equal(err.kind, ERROR_PEER);
    check_begins(err.text, "Job demo-w0: completedIndexes");
    assert_int_equal(job.n_completed, 0);
    assert_int_equal(job.n_active, 0);
    json_decref(object);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_end_is_told_with_all_that_is_known),
        cmocka_unit_test(want_of_memory_is_told_apart),
        cmocka_unit_test(a_pod_that_waits_says_why),
        cmocka_unit_test(the_newest_event_tells_why_no_pod_is_made),
        cmocka_unit_test(what_the_server_refuses_is_hopeless_and_a_full_quota_is_not),
        cmocka_unit_test(each_refusal_has_its_advice),
        cmocka_unit_test(a_job_is_read_as_it_stands),
        cmocka_unit_test(only_jobs_of_the_run_are_read),
        cmocka_unit_test(a_status_that_makes_no_sense_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
