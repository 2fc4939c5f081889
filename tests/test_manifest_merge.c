/* SPDX-License-Identifier: Apache-2.0 */
/* test_manifest_merge.c - claims about manifest_merge; tests/cluster/like_kubectl.py compares more
 * patches with kubectl itself. */
#include "k8s/manifest.h"
#include "tests/support/sample_placement.h"

static const char pod_template[] =
    "{'metadata': {'labels': {'app': 'x', 'old': '1'}, 'finalizers': ['e/1', 'e/2']},"
    " 'spec': {'tolerations': [{'key': 'a'}],"
    " 'containers': [{'name': 'worker', 'image': 'i:1', 'args': ['run', '--x'],"
    "   'env': [{'name': 'A', 'value': '1'}, {'name': 'B', 'value': '2'}],"
    "   'volumeMounts': [{'name': 'data', 'mountPath': '/data'}]},"
    "  {'name': 'second', 'image': 's:1'}],"
    " 'volumes': [{'name': 'data', 'nfs': {'server': 's', 'path': '/'}}]}}";

/* JSON with single quotes, for the reader's sake. */
static json_t *parse(const char *text)
{
    char *json = strdup(text);
    assert_non_null(json);
    for (char *c = json; *c != '\0'; c++) {
        if (*c == '\'') {
            *c = '"';
        }
    }
    struct error err = {0};
    json_t *value = json_parse(json, strlen(json), 1 << 20, &err);
    free(json);
    check_ok(value == NULL ? -1 : 0, &err);
    return value;
}

/* Each patch, and what part of the template (a path of keys and indexes) is then. */
static const struct {
    const char *patch;
    const char *path;
    const char *result;
} cases[] = {
    /* clang-format off */
    {"{'metadata': {'labels': {'new': '2', 'old': null}}}", "metadata labels",
     "{'app': 'x', 'new': '2'}"},
    {"{'spec': {'tolerations': [{'key': 'b'}]}}", "spec tolerations", "[{'key': 'b'}]"},
    {"{'spec': {'nodeSelector': {'a': 'b', 'c': null}}}", "spec nodeSelector", "{'a': 'b'}"},
    {"{'spec': {'containers': [{'name': 'worker', 'image': 'i:2'}]}}", "spec containers 0 image",
     "'i:2'"},
    {"{'spec': {'containers': [{'name': 'worker', 'args': ['go']}]}}", "spec containers 0 args",
     "['go']"},
    {"{'spec': {'containers': [{'name': 'worker', 'env': [{'name': 'B', 'value': '3'},"
     " {'name': 'C', 'value': '4'}]}]}}", "spec containers 0 env",
     "[{'name': 'A', 'value': '1'}, {'name': 'B', 'value': '3'}, {'name': 'C', 'value': '4'}]"},
    {"{'spec': {'containers': [{'name': 'worker', 'volumeMounts': [{'mountPath': '/data',"
     " 'readOnly': true}]}]}}", "spec containers 0 volumeMounts",
     "[{'name': 'data', 'mountPath': '/data', 'readOnly': true}]"},
    {"{'spec': {'containers': [{'name': 'new'}]}}", "spec containers 0", "{'name': 'new'}"},
    {"{'spec': {'containers': [{'name': 'second', 'image': 's:2'},"
     " {'name': 'second', 'tty': true}]}}", "spec containers 1",
     "{'name': 'second', 'image': 's:2', 'tty': true}"},
    {"{'spec': {'containers': [{'name': 'worker', '$patch': 'delete'}]}}", "spec containers",
     "[{'name': 'second', 'image': 's:1'}]"},
    {"{'spec': {'containers': [{'$patch': 'replace'}, {'name': 'only'}]}}", "spec containers",
     "[{'name': 'only'}]"},
    {"{'spec': {'initContainers': [{'name': 'n', 'env': [{'name': 'X', 'value': null}]}]}}",
     "spec initContainers", "[{'name': 'n', 'env': [{'name': 'X'}]}]"},
    {"{'spec': {'volumes': [{'name': 'data', '$retainKeys': ['name', 'emptyDir'],"
     " 'emptyDir': {}}]}}", "spec volumes", "[{'name': 'data', 'emptyDir': {}}]"},
    {"{'metadata': {'labels': {'$patch': 'replace', 'only': '1'}}}", "metadata labels",
     "{'only': '1'}"},
    {"{'metadata': {'labels': {'$patch': 'delete'}}}", "metadata labels", "{}"},
    {"{'metadata': {'finalizers': ['e/3', 'e/1']}}", "metadata finalizers",
     "['e/3', 'e/1', 'e/2']"},
    {"{'metadata': {'$deleteFromPrimitiveList/finalizers': ['e/1', 'e/9']}}",
     "metadata finalizers", "['e/2']"},
    {"{'spec': {'containers': {'a': 1}}}", "spec containers", "{'a': 1}"},
    {"{}", "spec tolerations", "[{'key': 'a'}]"},
    /* clang-format on */
};

static void check_result(const json_t *object, size_t i)
{
    json_t *result = parse(cases[i].result);
    if (!json_equal(json_at(object, cases[i].path), result)) {
        fail_msg("%s: not %s in %s", cases[i].patch, cases[i].result, json_dumps(object, 0));
    }
    json_decref(result);
}

static void a_patch_is_merged_by_the_keys_of_its_lists(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct error err = {0};
        json_t *object = parse(pod_template);
        json_t *patch = parse(cases[i].patch);
        json_t *same_patch = parse(cases[i].patch);
        check_ok(manifest_merge(object, patch, &err), &err);
        check_result(object, i);
        assert_true(json_equal(patch, same_patch));
        json_decref(same_patch);
        json_decref(patch);
        json_decref(object);
    }
}

static const struct {
    const char *patch;
    const char *why;
} wrong[] = {
    /* clang-format off */
    {"[]", "patch: it is no map"},
    {"{'spec': {'containers': [{'image': 'x'}]}}",
     "patch at spec.containers: an item without name, by which they are merged"},
    {"{'spec': {'containers': ['x']}}", "patch at spec.containers: an item is no map"},
    {"{'spec': {'containers': [{'name': 'worker', 'volumeMounts': [{'name': 'x'}]}]}}",
     "patch at spec.containers.volumeMounts: an item without mountPath"},
    {"{'metadata': {'finalizers': [{}]}}", "patch at metadata.finalizers: an item is no text"},
    {"{'spec': {'$patch': 'add'}}", "patch at spec: $patch is neither delete nor replace"},
    {"{'spec': {'$patch': 1}}", "patch at spec: $patch is neither delete nor replace"},
    {"{'spec': {'containers': [{'name': 'worker', '$patch': 'merge'}]}}",
     "patch at spec.containers: $patch is neither delete nor replace"},
    {"{'spec': {'containers': [{'name': 'worker', '$patch': 5}]}}",
     "patch at spec.containers: $patch is neither delete nor replace"},
    {"{'spec': {'$setElementOrder/containers': [{'name': 'worker'}]}}",
     "patch at spec: $setElementOrder is not known here"},
    {"{'spec': {'volumes': [{'name': 'data', '$retainKeys': ['name'], 'nfs': {}}]}}",
     "patch at spec.volumes: $retainKeys does not list all keys of the patch"},
    {"{'metadata': {'$deleteFromPrimitiveList/finalizers': 'x'}}",
     "patch at metadata: $deleteFromPrimitiveList takes a list"},
    /* clang-format on */
};

static void a_patch_that_cannot_be_merged_changes_nothing(void **state)
{
    (void)state;
    json_t *before = parse(pod_template);
    for (size_t i = 0; i < ARRAY_LENGTH(wrong); i++) {
        struct error err = {0};
        json_t *object = parse(pod_template);
        json_t *patch = parse(wrong[i].patch);
        assert_int_equal(manifest_merge(object, patch, &err), -1);
        assert_int_equal(err.kind, ERROR_INPUT);
        check_begins(err.text, wrong[i].why);
        assert_true(json_equal(object, before));
        json_decref(patch);
        json_decref(object);
    }
    json_decref(before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_patch_is_merged_by_the_keys_of_its_lists),
        cmocka_unit_test(a_patch_that_cannot_be_merged_changes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
