/* SPDX-License-Identifier: Apache-2.0 */
/* test_manifest.c - claims about k8s/manifest.h; whether the API server takes the objects is seen in
 * tests/cluster/. */
#include "k8s/manifest.h"

#include "base/digest.h"
#include "k8s/k8s.h"
#include "tests/support/sample_placement.h"

static const char run_file[] = "analysis: higgs4l\n";
static const struct manifest_job some_job = {
    .number = 3, .n_indexes = 201, .parallelism = 100, .shards_per_index = 16};

enum { CONFIG, SCHEDULER_SECRET, WORKER_SECRET, VIEW_SECRET, SERVICE, SCHEDULER, JOB, KINDS };

static json_t *make(const struct manifest_run *r, int kind)
{
    struct error err = {0};
    json_t *object = NULL;
    switch (kind) {
    case CONFIG:
        object = manifest_config(r, run_file, &err);
        break;
    case SCHEDULER_SECRET:
        object = manifest_scheduler_secret(r, "{}", "t0ken", &err);
        break;
    case WORKER_SECRET:
        object = manifest_worker_secret(r, "{}", &err);
        break;
    case VIEW_SECRET:
        object = manifest_view_secret(r, "l00k", &err);
        break;
    case SERVICE:
        object = manifest_service(r, &err);
        break;
    case SCHEDULER:
        object = manifest_scheduler(r, run_file, false, &err);
        break;
    default:
        object = manifest_job(r, &some_job, &err);
        break;
    }
    check_ok(object == NULL ? -1 : 0, &err);
    return object;
}

static const char *hash_of(const json_t *object)
{
    const json_t *annotations = json_at(object, "metadata annotations");
    const char *hash = json_string_value(json_object_get(annotations, K8S_HASH));
    assert_non_null(hash);
    return hash;
}

static void every_object_is_named_and_labelled(void **state)
{
    (void)state;
    static const char *const names[KINDS] = {
        "\"demo-run\"", "\"demo-scheduler\"", "\"demo-worker\"", "\"picobarn-view\"",
        "\"demo\"",     "\"demo\"",           "\"demo-w3\""};
    struct sample_run s;
    sample_run_init(&s);
    for (int kind = 0; kind < KINDS; kind++) {
        json_t *object = make(&s.run, kind);
        check_at(object, "metadata name", names[kind]);
        check_at(object, "metadata namespace", "\"physics\"");
        check_at(object, "metadata labels app.kubernetes.io/name", "\"picobarn\"");
        check_at(object, "metadata labels app.kubernetes.io/managed-by", "\"picobarn\"");
        assert_non_null(json_at(object, "metadata labels app.kubernetes.io/component"));
        if (kind != VIEW_SECRET) {
            check_at(object, "metadata labels app.kubernetes.io/instance", "\"demo\"");
            check_at(object, "metadata labels app.kubernetes.io/version",
                     "\"" PICOBARN_VERSION "\"");
            check_at(object, "metadata labels picobarn/run-id", "\"r1\"");
        }
        json_decref(object);
    }
    sample_run_release(&s);
}

static void the_hash_is_of_the_object_without_it(void **state)
{
    (void)state;
    struct sample_run s;
    sample_run_init(&s);
    json_t *object = make(&s.run, JOB);
    char *hash = strdup(hash_of(object));
    char hex[DIGEST_SHA256_HEX];
    struct buffer text = {0};
    json_object_del(json_object_get(json_object_get(object, "metadata"), "annotations"),
                    K8S_HASH);
    assert_int_equal(json_write_canonical(object, &text, NULL), 0);
    digest_sha256_hex(text.data, text.size, hex);
    assert_int_equal(strlen(hash), 32);
    assert_memory_equal(hash, hex, 32);
    buffer_release(&text);
    free(hash);
    json_decref(object);
    sample_run_release(&s);
}

/* The hash of a kind of object for a run that differs in one thing. */
static char *hash_with(int kind, const char *run_id, const char *image)
{
    struct sample_run s;
    sample_run_init(&s);
    s.run.run_id = run_id;
    free(s.placement.image);
    s.placement.image = strdup(image);
    json_t *object = make(&s.run, kind);
    char *hash = strdup(hash_of(object));
    json_decref(object);
    sample_run_release(&s);
    return hash;
}

static void another_wish_is_another_hash(void **state)
{
    (void)state;
    for (int kind = 0; kind < KINDS; kind++) {
        char *hash = hash_with(kind, "r1", "p:1");
        char *again = hash_with(kind, "r1", "p:1");
        char *other_run = hash_with(kind, "r2", "p:1");
        char *other_image = hash_with(kind, "r1", "p:2");
        assert_string_equal(hash, again);
        assert_int_equal(strcmp(hash, other_run) == 0, kind == VIEW_SECRET);
        assert_int_equal(strcmp(hash, other_image) == 0, kind != SCHEDULER && kind != JOB);
        free(hash);
        free(again);
        free(other_run);
        free(other_image);
    }
}

/* So that a second launch, with fresh keys, takes the Secrets that are there for its own. */
static void values_of_secrets_are_not_in_their_hash(void **state)
{
    (void)state;
    struct sample_run s;
    sample_run_init(&s);
    json_t *a = manifest_scheduler_secret(&s.run, "{\"a\": 1}", "x", NULL);
    json_t *b = manifest_scheduler_secret(&s.run, "{\"a\": 2}", "y", NULL);
    assert_string_equal(hash_of(a), hash_of(b));
    check_at(a, "stringData", "{\"keys.json\":\"{\\\"a\\\": 1}\",\"token\":\"x\"}");
    json_decref(a);
    json_decref(b);
    sample_run_release(&s);
}

static void every_pod_is_restricted(void **state)
{
    (void)state;
    struct sample_run s;
    sample_run_init(&s);
    for (int kind = SCHEDULER; kind <= JOB; kind++) {
        json_t *object = make(&s.run, kind);
        const json_t *spec = json_at(object, "spec template spec");
        check_at(spec, "securityContext",
                 "{\"fsGroup\":65532,\"fsGroupChangePolicy\":\"OnRootMismatch\","
                 "\"runAsGroup\":65532,\"runAsNonRoot\":true,\"runAsUser\":65532,"
                 "\"seccompProfile\":{\"type\":\"RuntimeDefault\"}}");
        check_at(spec, "containers 0 securityContext",
                 "{\"allowPrivilegeEscalation\":false,\"capabilities\":{\"drop\":[\"ALL\"]},"
                 "\"readOnlyRootFilesystem\":true}");
        check_at(spec, "enableServiceLinks", "false");
        check_at(spec, "automountServiceAccountToken", kind == SCHEDULER ? "true" : "false");
        assert_non_null(json_at(spec, "containers 0 resources limits memory"));
        const json_t *labels = json_at(object, "spec template metadata labels");
        check_at(labels, "sidecar.istio.io/inject", "\"false\"");
        check_at(labels, "kuma.io/sidecar-injection", "\"disabled\"");
        const json_t *annotations = json_at(object, "spec template metadata annotations");
        check_at(annotations, "linkerd.io/inject", "\"disabled\"");
        check_at(annotations, "consul.hashicorp.com/connect-inject", "\"false\"");
        json_decref(object);
    }
    sample_run_release(&s);
}

static void the_scheduler_is_a_keeper_with_its_ledger(void **state)
{
    (void)state;
    struct sample_run s;
    sample_run_init(&s);
    s.placement.folder = strdup("/data/$(HOME)");
    json_t *object = manifest_scheduler(&s.run, run_file, true, NULL);
    const json_t *container = json_at(object, "spec template spec containers 0");
    check_at(container, "command", "[\"/usr/bin/picobarn\"]");
    check_at(container, "args",
             "[\"tend\",\"/var/lib/picobarn/run\",\"--on\",\"jobs\",\"--run-file\",\"/etc/"
             "picobarn/run/run.yaml\","
             "\"--base\",\"/data/$$(HOME)\",\"--name\",\"demo\","
             "\"--keys\",\"/etc/picobarn/keys/keys.json\","
             "\"--tokens\",\"/etc/picobarn/keys/token,/etc/picobarn/view/token\","
             "\"--metrics-token\",\"/etc/picobarn/metrics/token\","
             "\"--http\",\"0.0.0.0:8080\",\"--listen\",\"tcp://0.0.0.0:5555\","
             "\"--accept-changes\"]");
    check_at(object, "spec template spec volumes 3",
             "{\"name\":\"metrics-token\",\"secret\":{\"defaultMode\":288,\"optional\":true,"
             "\"secretName\":\"picobarn-metrics\"}}");
    check_at(container, "volumeMounts 3 mountPath", "\"/etc/picobarn/metrics\"");
    check_at(object, "spec replicas", "1");
    check_at(object, "spec template spec terminationGracePeriodSeconds", "30");
    check_at(object, "spec volumeClaimTemplates 0 metadata name", "\"ledger\"");
    check_at(object, "spec volumeClaimTemplates 0 spec resources requests",
             "{\"storage\":\"10Gi\"}");
    assert_null(json_at(object, "spec volumeClaimTemplates 0 spec storageClassName"));
    json_decref(object);

    s.placement.ledger_volume =
        json_pack("{s:{s:s}}", "persistentVolumeClaim", "claimName", "mine");
    object = manifest_scheduler(&s.run, run_file, false, NULL);
    assert_null(json_at(object, "spec volumeClaimTemplates"));
    check_at(object, "spec template spec volumes 4",
             "{\"name\":\"ledger\",\"persistentVolumeClaim\":{\"claimName\":\"mine\"}}");
    json_decref(object);
    sample_run_release(&s);
}

static void another_run_file_restarts_the_scheduler(void **state)
{
    (void)state;
    struct sample_run s;
    sample_run_init(&s);
    json_t *a = manifest_scheduler(&s.run, run_file, false, NULL);
    json_t *b = manifest_scheduler(&s.run, "analysis: dimuon\n", false, NULL);
    static const char annotations[] = "spec template metadata annotations picobarn/run-file";
    assert_false(json_equal(json_at(a, annotations), json_at(b, annotations)));
    json_decref(a);
    json_decref(b);
    sample_run_release(&s);
}

static void selectors_find_the_pod_and_nothing_else(void **state)
{
    (void)state;
    struct sample_run s;
    sample_run_init(&s);
    json_t *service = make(&s.run, SERVICE);
    json_t *scheduler = make(&s.run, SCHEDULER);
    const json_t *selector = json_at(service, "spec selector");
    assert_true(json_equal(selector, json_at(scheduler, "spec selector matchLabels")));
    json_t *walked = json_to_walk(selector);
    for (void *at = json_object_iter(walked); at != NULL;
         at = json_object_iter_next(walked, at)) {
        const json_t *labels = json_at(scheduler, "spec template metadata labels");
        assert_true(json_equal(json_object_get(labels, json_object_iter_key(at)),
                               json_object_iter_value(at)));
    }
    check_at(selector, "app.kubernetes.io/component", "\"scheduler\"");
    json_decref(service);
    json_decref(scheduler);

    char *text = manifest_selector("demo", NULL);
    assert_string_equal(text,
                        "app.kubernetes.io/name=picobarn,app.kubernetes.io/instance=demo");
    free(text);
    text = manifest_selector("demo", "worker");
    assert_string_equal(text, "app.kubernetes.io/name=picobarn,app.kubernetes.io/instance=demo,"
                              "app.kubernetes.io/component=worker");
    free(text);
    sample_run_release(&s);
}

static void a_job_is_of_indexes_that_are_tried_again(void **state)
{
    (void)state;
    struct sample_run s;
    sample_run_init(&s);
    json_t *object = make(&s.run, JOB);
    const json_t *spec = json_at(object, "spec");
    check_at(spec, "completionMode", "\"Indexed\"");
    check_at(spec, "completions", "201");
    check_at(spec, "parallelism", "100");
    check_at(spec, "backoffLimitPerIndex", "3");
    check_at(spec, "maxFailedIndexes", "101");
    check_at(spec, "podReplacementPolicy", "\"Failed\"");
    check_at(spec, "template spec restartPolicy", "\"Never\"");
    assert_null(json_at(spec, "activeDeadlineSeconds"));
    assert_null(json_at(spec, "template spec priorityClassName"));
    check_at(spec, "podFailurePolicy rules 0",
             "{\"action\":\"Ignore\",\"onPodConditions\":"
             "[{\"status\":\"True\",\"type\":\"DisruptionTarget\"}]}");
    check_at(spec, "podFailurePolicy rules 1",
             "{\"action\":\"FailJob\",\"onExitCodes\":"
             "{\"containerName\":\"worker\",\"operator\":\"In\",\"values\":[64]}}");
    check_at(spec, "podFailurePolicy rules 2",
             "{\"action\":\"FailIndex\",\"onExitCodes\":"
             "{\"containerName\":\"worker\",\"operator\":\"In\",\"values\":[65]}}");
    assert_int_equal(json_array_size(json_at(spec, "podFailurePolicy rules")), 3);
    check_at(spec, "template spec containers 0 command", "[\"/usr/bin/picobarn-worker\"]");
    check_at(spec, "template spec containers 0 args",
             "[\"run\",\"--connect\",\"/etc/picobarn/worker/worker.json\","
             "\"--name\",\"$(POD_NAME)\",\"--host\",\"$(NODE_NAME)\","
             "\"--shards\",\"16\",\"--spread\",\"3\",\"--memory\",\"896\"]");
    check_at(spec, "template spec containers 0 env 1",
             "{\"name\":\"NODE_NAME\",\"valueFrom\":{\"fieldRef\":"
             "{\"fieldPath\":\"spec.nodeName\"}}}");
    json_decref(object);
    sample_run_release(&s);
}

static void starts_are_spread_over_ten_seconds_at_most(void **state)
{
    (void)state;
    static const struct {
        uint32_t parallelism;
        const char *seconds;
    } cases[] = {{1, "\"1\""}, {49, "\"1\""}, {50, "\"2\""}, {450, "\"10\""}, {5000, "\"10\""}};
    struct sample_run s;
    sample_run_init(&s);
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct manifest_job job = {.n_indexes = 5000, .parallelism = cases[i].parallelism};
        json_t *object = manifest_job(&s.run, &job, NULL);
        check_at(object, "spec template spec containers 0 args 10", cases[i].seconds);
        json_decref(object);
    }
    sample_run_release(&s);
}

static void what_the_user_says_is_in_the_job(void **state)
{
    (void)state;
    struct sample_run s;
    sample_run_init(&s);
    struct placement *p = &s.placement;
    p->labels = json_pack("{s:s}", "kueue.x-k8s.io/queue-name", "q");
    p->annotations = json_pack("{s:s}", "a", "b");
    p->priority_class = strdup("low");
    p->active_deadline_s = 60;
    p->image_pull_secrets = json_pack("[s]", "registry");
    p->image_pull_policy = strdup("Never");
    p->volumes = json_pack("[{s:s, s:s, s:s, s:{s:s}}]", "name", "data", "mountPath", "/data",
                           "subPath", "x", "persistentVolumeClaim", "claimName", "cms");
    json_t *object = make(&s.run, JOB);
    check_at(object, "metadata labels kueue.x-k8s.io/queue-name", "\"q\"");
    check_at(object, "metadata annotations a", "\"b\"");
    check_at(object, "spec activeDeadlineSeconds", "60");
    const json_t *template = json_at(object, "spec template");
    check_at(template, "metadata labels kueue.x-k8s.io/queue-name", "\"q\"");
    check_at(template, "metadata annotations a", "\"b\"");
    check_at(template, "spec priorityClassName", "\"low\"");
    check_at(template, "spec imagePullSecrets", "[{\"name\":\"registry\"}]");
    check_at(template, "spec containers 0 imagePullPolicy", "\"Never\"");
    check_at(template, "spec containers 0 volumeMounts 1",
             "{\"mountPath\":\"/data\",\"name\":\"data\",\"readOnly\":true,\"subPath\":\"x\"}");
    check_at(template, "spec volumes 1",
             "{\"name\":\"data\",\"persistentVolumeClaim\":"
             "{\"claimName\":\"cms\",\"readOnly\":true}}");
    json_decref(object);

    object = make(&s.run, SCHEDULER); /* no queue shall hold it */
    assert_null(json_at(object, "metadata labels kueue.x-k8s.io/queue-name"));
    assert_null(json_at(object, "spec template metadata labels kueue.x-k8s.io/queue-name"));
    check_at(object, "spec template spec volumes 4 name", "\"data\"");
    json_decref(object);
    sample_run_release(&s);
}

static void a_patch_changes_the_pods_but_not_our_labels(void **state)
{
    (void)state;
    struct sample_run s;
    sample_run_init(&s);
    s.placement.worker_patch =
        json_pack("{s:{s:{s:s, s:s, s:n}}, s:{s:{s:s}, s:[{s:s, s:b}]}}", "metadata", "labels",
                  "a", "b", "picobarn/run-id", "other", "app.kubernetes.io/instance", "spec",
                  "nodeSelector", "disk", "ssd", "containers", "name", "worker", "tty", 1);
    json_t *object = make(&s.run, JOB);
    const json_t *template = json_at(object, "spec template");
    check_at(template, "metadata labels a", "\"b\"");
    check_at(template, "metadata labels picobarn/run-id", "\"r1\"");
    check_at(template, "metadata labels app.kubernetes.io/instance", "\"demo\"");
    check_at(template, "spec nodeSelector", "{\"disk\":\"ssd\"}");
    check_at(template, "spec containers 0 tty", "true");
    json_decref(object);

    struct error err = {0};
    s.placement.scheduler_patch = json_pack("{s:{s:[{}]}}", "spec", "containers");
    assert_null(manifest_scheduler(&s.run, run_file, false, &err));
    assert_int_equal(err.kind, ERROR_INPUT);
    check_begins(err.text, "kubernetes.scheduler.patch: patch at spec.containers: ");
    sample_run_release(&s);
}

static void names_of_runs_leave_room(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        bool good;
    } cases[] = {
        {"a", true},      {"higgs-2012", true},
        {"0", true},      {"abcdefghijklmnopqrstuvwxyz01234567890123", true},
        {"", false},      {"abcdefghijklmnopqrstuvwxyz012345678901234", false},
        {"-a", false},    {"a-", false},
        {"Higgs", false}, {"a.b", false},
        {"a_b", false},   {"a/b", false},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct error err = {0};
        assert_int_equal(manifest_check_name(cases[i].name, &err), cases[i].good ? 0 : -1);
        assert_int_equal(err.kind, cases[i].good ? ERROR_NONE : ERROR_INPUT);
    }
    struct sample_run s;
    sample_run_init(&s);
    s.run.name = cases[3].name;
    struct manifest_job job = {.number = UINT32_MAX, .n_indexes = 1, .parallelism = 1};
    json_t *object = manifest_job(&s.run, &job, NULL);
    const char *name = json_string_value(json_at(object, "metadata name"));
    assert_true(strlen(name) + strlen("-4999") <= 63); /* a pod's host name */
    json_decref(object);
    sample_run_release(&s);
}

static void without_an_image_there_is_no_launch(void **state)
{
    (void)state;
    struct sample_run s;
    sample_run_init(&s);
    struct error err = {0};
    check_ok(manifest_check_placement(&s.placement, &err), &err);
    free(s.placement.image);
    s.placement.image = strdup("p:latest");
    assert_int_equal(manifest_check_placement(&s.placement, &err), -1);
    check_begins(err.text, "kubernetes.image: \"p:latest\" is not an image");
    free(s.placement.image);
    s.placement.image = NULL;
    assert_int_equal(manifest_check_placement(&s.placement, &err), -1);
    check_begins(err.text, "kubernetes.image is missing");
    sample_run_release(&s);
}

static void what_no_config_map_can_hold_is_refused(void **state)
{
    (void)state;
    struct sample_run s;
    sample_run_init(&s);
    struct error err = {0};
    size_t size = (size_t)1 << 20;
    char *large = malloc(size + 1);
    assert_non_null(large);
    memset(large, 'x', size);
    large[size] = '\0';
    assert_null(manifest_config(&s.run, large, &err));
    assert_string_equal(err.text, "a run file of 1048576 bytes: Kubernetes takes 1024000");
    free(large);
    assert_null(manifest_config(&s.run, "a: \xff", &err));
    assert_int_equal(err.kind, ERROR_INPUT);
    sample_run_release(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_object_is_named_and_labelled),
        cmocka_unit_test(the_hash_is_of_the_object_without_it),
        cmocka_unit_test(another_wish_is_another_hash),
        cmocka_unit_test(values_of_secrets_are_not_in_their_hash),
        cmocka_unit_test(every_pod_is_restricted),
        cmocka_unit_test(the_scheduler_is_a_keeper_with_its_ledger),
        cmocka_unit_test(another_run_file_restarts_the_scheduler),
        cmocka_unit_test(selectors_find_the_pod_and_nothing_else),
        cmocka_unit_test(a_job_is_of_indexes_that_are_tried_again),
        cmocka_unit_test(starts_are_spread_over_ten_seconds_at_most),
        cmocka_unit_test(what_the_user_says_is_in_the_job),
        cmocka_unit_test(a_patch_changes_the_pods_but_not_our_labels),
        cmocka_unit_test(names_of_runs_leave_room),
        cmocka_unit_test(without_an_image_there_is_no_launch),
        cmocka_unit_test(what_no_config_map_can_hold_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
