/* SPDX-License-Identifier: Apache-2.0 */
/* test_dataset_kubernetes.c - the section kubernetes of a run file: what it may say, and each way of
 * saying it wrongly, with the line and the field that the error must name. */
#include "scheduler/dataset.h"
#include "tests/support/check.h"

static const char head[] = "analysis: higgs4l\n"
                           "samples:\n"
                           "  - {name: a, kind: data, files: [a.h5]}\n"; /* lines 1 to 3 */

static struct dataset *parse(const char *section, struct error *err)
{
    struct buffer text = {0};
    buffer_printf(&text, "%s%s", head, section);
    struct dataset *d = dataset_parse("/runs/RUN.yaml", text.data, text.size, err);
    buffer_release(&text);
    return d;
}

static struct dataset *parse_good(const char *section)
{
    struct error err = {0};
    struct dataset *d = parse(section, &err);
    check_ok(d == NULL ? -1 : 0, &err);
    return d;
}

static const char everything[] =
    "kubernetes:\n"
    "  image: registry.example.org/picobarn:1.0\n"
    "  image_pull_policy: Always\n"
    "  image_pull_secrets: [one, two]\n"
    "  namespace: physics\n"
    "  folder: /data/cms\n"
    "  volumes:\n"
    "    - {name: data, mountPath: /data, persistentVolumeClaim: {claimName: cms}}\n"
    "    - {name: b, mountPath: /b, subPath: x/y, emptyDir: {}}\n"
    "  workers:\n"
    "    requests: {cpu: 2, memory: 3Gi}\n"
    "    limits: {cpu: 4, memory: 4Gi, example.org/gpu: 1}\n"
    "    max_pods: 500\n"
    "    shards_per_index: 16\n"
    "    active_deadline_s: 86_400\n"
    "    memory_mib: 2048\n"
    "    labels: {kueue.x-k8s.io/queue-name: physics, year: 2012, quiet: true}\n"
    "    annotations: {a: \"any: text\"}\n"
    "    priority_class: low\n"
    "    service_account: w\n"
    "    patch: {spec: {nodeSelector: {disk: ssd}, containers: [{name: worker, tty: false}]}}\n"
    "  scheduler:\n"
    "    requests: {cpu: 1}\n"
    "    limits: {memory: 2Gi}\n"
    "    service_account: s\n"
    "    patch: {metadata: {labels: {a: b}}}\n"
    "  ledger: {size: 1Gi, storage_class: fast}\n";

static void check_json(const json_t *value, const char *expected)
{
    char *text = json_dumps(value, JSON_SORT_KEYS | JSON_COMPACT | JSON_ENCODE_ANY);
    assert_non_null(text);
    assert_string_equal(text, expected);
    free(text);
}

static void the_section_says_all_this(void **state)
{
    (void)state;
    struct dataset *d = parse_good(everything);
    const struct placement *p = d->placement;
    assert_string_equal(p->image, "registry.example.org/picobarn:1.0");
    assert_string_equal(p->image_pull_policy, "Always");
    check_json(p->image_pull_secrets, "[\"one\",\"two\"]");
    assert_string_equal(p->namespace, "physics");
    assert_string_equal(p->folder, "/data/cms");
    assert_int_equal(json_array_size(p->volumes), 2);
    check_json(json_array_get(p->volumes, 1),
               "{\"emptyDir\":{},\"mountPath\":\"/b\",\"name\":\"b\",\"subPath\":\"x/y\"}");
    check_json(p->worker_resources,
               "{\"limits\":{\"cpu\":\"4\",\"example.org/gpu\":\"1\",\"memory\":\"4Gi\"},"
               "\"requests\":{\"cpu\":\"2\",\"memory\":\"3Gi\"}}");
    check_json(p->scheduler_resources, "{\"limits\":{\"memory\":\"2Gi\"},"
                                       "\"requests\":{\"cpu\":\"1\",\"memory\":\"256Mi\"}}");
    assert_int_equal(p->max_pods, 500);
    assert_int_equal(p->shards_per_index, 16);
    assert_int_equal(p->active_deadline_s, 86400);
    assert_int_equal(p->memory_mib, 2048);
    check_json(p->labels, "{\"kueue.x-k8s.io/queue-name\":\"physics\",\"quiet\":\"true\","
                          "\"year\":\"2012\"}");
    check_json(p->annotations, "{\"a\":\"any: text\"}");
    assert_string_equal(p->priority_class, "low");
    assert_string_equal(p->worker_service_account, "w");
    assert_string_equal(p->scheduler_service_account, "s");
    check_json(p->worker_patch,
               "{\"spec\":{\"containers\":[{\"name\":\"worker\",\"tty\":false}],"
               "\"nodeSelector\":{\"disk\":\"ssd\"}}}");
    check_json(p->scheduler_patch, "{\"metadata\":{\"labels\":{\"a\":\"b\"}}}");
    assert_string_equal(p->ledger_size, "1Gi");
    assert_string_equal(p->ledger_storage_class, "fast");
    assert_null(p->ledger_volume);
    dataset_destroy(d);
}

static void what_is_not_said_has_defaults(void **state)
{
    (void)state;
    struct dataset *d = parse_good("kubernetes: {}\n");
    const struct placement *p = d->placement;
    assert_null(p->image);
    assert_null(p->namespace);
    assert_null(p->volumes);
    assert_null(p->worker_patch);
    check_json(p->worker_resources, "{\"limits\":{\"cpu\":\"1\",\"memory\":\"1Gi\"},"
                                    "\"requests\":{\"cpu\":\"1\",\"memory\":\"1Gi\"}}");
    assert_string_equal(p->ledger_size, "10Gi");
    assert_int_equal(p->max_pods, 100);
    assert_int_equal(p->shards_per_index, 0);
    assert_int_equal(p->active_deadline_s, 0);
    dataset_destroy(d);
    d = parse_good("");
    assert_null(d->placement);
    dataset_destroy(d);
}

/* Where a run is computed is no part of what it computes. */
static void the_specification_knows_nothing_of_it(void **state)
{
    (void)state;
    struct dataset *with = parse_good(everything);
    struct dataset *without = parse_good("");
    json_t *a = dataset_specification(with);
    json_t *b = dataset_specification(without);
    assert_true(json_equal(a, b));
    json_decref(a);
    json_decref(b);
    dataset_destroy(with);
    dataset_destroy(without);
}

/* The section's text from line 5 on, and where and why it is refused. */
static const struct {
    const char *text;
    const char *why;
} wrong[] = {
    /* clang-format off */
    {"  imgae: a:1\n", "5: kubernetes: no field \"imgae\" is known here; did you mean image?"},
    {"  image: picobarn\n", "5: kubernetes.image: \"picobarn\" is not an image that stays"},
    {"  image: picobarn:latest\n", "5: kubernetes.image: \"picobarn:latest\" is not an image"},
    {"  image: [a]\n", "5: kubernetes.image: a list is not a text"},
    {"  image_pull_policy: Often\n", "5: kubernetes.image_pull_policy: \"Often\" is not one of"},
    {"  image_pull_secrets: x\n", "5: kubernetes.image_pull_secrets: \"x\" is not a list"},
    {"  image_pull_secrets: [a, {b: c}]\n", "5: kubernetes.image_pull_secrets[1]: \"\" is not a"},
    {"  namespace: Physics\n", "5: kubernetes.namespace: \"Physics\" is not a name of a-z"},
    {"  folder: data\n", "5: kubernetes.folder: \"data\" is not an absolute path"},
    {"  volumes: {}\n", "5: kubernetes.volumes: a map is not a list"},
    {"  volumes: []\n", "5: kubernetes.volumes: an empty list"},
    {"  volumes:\n    - x\n", "6: kubernetes.volumes[0]: a volume is a map"},
    {"  volumes:\n    - {mountPath: /a, nfs: {}}\n", "6: kubernetes.volumes[0].name: \"\" is not"},
    {"  volumes:\n    - name: a\n      nfs: {}\n", "6: kubernetes.volumes[0].mountPath: \"\" is"},
    {"  volumes:\n    - name: keys\n      mountPath: /a\n      nfs: {}\n",
     "6: kubernetes.volumes[0].name: \"keys\" is a volume of picobarn's own"},
    {"  volumes:\n    - name: a\n      mountPath: /etc\n      nfs: {}\n",
     "7: kubernetes.volumes[0].mountPath: \"/etc\" would hide /etc/picobarn"},
    {"  volumes:\n    - name: a\n      mountPath: /var/lib/picobarn/run\n      nfs: {}\n",
     "7: kubernetes.volumes[0].mountPath: \"/var/lib/picobarn/run\" would hide"},
    {"  volumes:\n    - {name: a, mountPath: /a}\n",
     "6: kubernetes.volumes[0]: one volume source is needed"},
    {"  volumes:\n    - {name: a, mountPath: /a, nfs: {}, csi: {}}\n",
     "6: kubernetes.volumes[0]: one volume source is needed, such as persistentVolumeClaim: "
     "{claimName: data}; 2 are given"},
    {"  volumes:\n    - {name: a, mountPath: /a, nfs: x}\n",
     "6: kubernetes.volumes[0]: \"nfs\" is not a volume source"},
    {"  volumes:\n    - {name: a, mountPath: /a, subPath: 2012, nfs: {}}\n",
     "6: kubernetes.volumes[0].subPath: it is no text"},
    {"  volumes:\n    - {name: a, mountPath: /a, nfs: {}}\n    - {name: a, mountPath: /b, nfs: {}}\n",
     "7: kubernetes.volumes[1].name: this name a second time"},
    {"  volumes:\n    - {name: a, mountPath: /a, nfs: {}}\n    - {name: b, mountPath: /a, nfs: {}}\n",
     "7: kubernetes.volumes[1].mountPath: this path a second time"},
    {"  workers: [a]\n", "5: kubernetes.workers: a list is not a map"},
    {"  workers:\n    requests: {cpu: lots}\n",
     "6: kubernetes.workers.requests.cpu: \"lots\" is not a quantity"},
    {"  workers:\n    requests:\n      memory: 2Gi\n    limits:\n      memory: 1Gi\n",
     "7: kubernetes.workers.requests.memory: \"2Gi\" is more than the limit \"1Gi\""},
    {"  workers:\n    limits: {cpu: }\n", "6: kubernetes.workers.limits.cpu: \"\" is not a text"},
    {"  workers:\n    limits: {memory: 64Mi}\n",
     "6: kubernetes.workers.limits.memory: 64 MiB are too little: with these processors a worker "
     "needs 128Mi"},
    {"  workers:\n    limits: {cpu: 3500m, memory: 160Mi}\n",
     "6: kubernetes.workers.limits.memory: 160 MiB are too little: with these processors a worker "
     "needs 176Mi"},
    {"  workers:\n    memory_mib: 2048\n",
     "6: kubernetes.workers.memory_mib: 2048 is more than the memory limit, 1024 MiB"},
    {"  workers:\n    max_pods: 0\n", "6: kubernetes.workers.max_pods: 0 is not in 1 to"},
    {"  workers:\n    active_deadline_s: 1h\n",
     "6: kubernetes.workers.active_deadline_s: \"1h\" is not a whole number"},
    {"  workers:\n    labels:\n      a: b\n      picobarn/run-id: x\n",
     "8: kubernetes.workers.labels.picobarn/run-id: keys with picobarn/ are picobarn's own"},
    {"  workers:\n    labels: {a: b c}\n", "6: kubernetes.workers.labels.a: \"b c\" is not a label"},
    {"  workers:\n    labels:\n      example.org/a: b\n      example.org/b: c d\n",
     "8: kubernetes.workers.labels.example.org/b: \"c d\" is not a label"},
    {"  workers:\n    annotations: {a b: c}\n",
     "6: kubernetes.workers.annotations.a b: \"a b\" is not a key"},
    {"  workers:\n    patch:\n      template: {}\n",
     "7: kubernetes.workers.patch.template: a pod template has metadata and spec, and no"},
    {"  workers:\n    patch: {spec: {containers: [{tty: true}]}}\n",
     "6: kubernetes.workers.patch: patch at spec.containers: an item without name"},
    {"  workers:\n    patch: {spec: {containers: {worker: {tty: true}}}}\n",
     "6: kubernetes.workers.patch: spec.containers is to be a list"},
    {"  scheduler:\n    patch: []\n", "6: kubernetes.scheduler.patch: a list is not a map"},
    {"  scheduler:\n    max_pods: 5\n", "6: kubernetes.scheduler: no field \"max_pods\" is known"},
    {"  ledger: {size: 10 GB}\n", "5: kubernetes.ledger.size: \"10 GB\" is not a quantity"},
    {"  ledger: {volume: {}}\n", "5: kubernetes.ledger.volume: one volume source is needed"},
    /* clang-format on */
};

static void check_refused(const char *text, const char *why)
{
    struct error err = {0};
    struct buffer section = {0};
    struct buffer expected = {0};
    buffer_printf(&section, "kubernetes:\n%s", text);
    buffer_printf(&expected, "/runs/RUN.yaml:%s", why);
    if (parse(buffer_string(&section), &err) != NULL) {
        fail_msg("taken: %s", text);
    }
    assert_int_equal(err.kind, ERROR_INPUT);
    check_begins(err.text, buffer_string(&expected));
    buffer_release(&section);
    buffer_release(&expected);
}

static void what_is_wrong_is_named_with_line_and_field(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(wrong); i++) {
        check_refused(wrong[i].text, wrong[i].why);
    }
}

/* Anything may come of a cut section, but no crash and no leak. */
static void any_cut_of_the_section_is_read_or_refused(void **state)
{
    (void)state;
    for (size_t size = 0; size < sizeof everything; size++) {
        struct error err = {0};
        char *cut = strndup(everything, size);
        assert_non_null(cut);
        struct dataset *d = parse(cut, &err);
        assert_true(d != NULL || err.kind == ERROR_INPUT);
        dataset_destroy(d);
        free(cut);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_section_says_all_this),
        cmocka_unit_test(what_is_not_said_has_defaults),
        cmocka_unit_test(the_specification_knows_nothing_of_it),
        cmocka_unit_test(what_is_wrong_is_named_with_line_and_field),
        cmocka_unit_test(any_cut_of_the_section_is_read_or_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
