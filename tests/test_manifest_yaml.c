/* SPDX-License-Identifier: Apache-2.0 */
/* test_manifest_yaml.c - claims about manifest_write_yaml */
#include "base/yaml.h"
#include "tests/support/sample_placement.h"

static const char run_file[] = "analysis: higgs4l\n# ---\nsamples: [{name: \"a\"}]\n";

/* The documents between the "---", each read again. */
static size_t read_documents(const char *text, json_t **out, size_t most)
{
    size_t n = 0;
    while (text != NULL && n < most) {
        const char *end = strstr(text, "\n---\n");
        size_t size = end == NULL ? strlen(text) : (size_t)(end - text) + 1;
        struct error err = {0};
        struct yaml *tree = yaml_parse(text, size, &err);
        check_ok(tree == NULL ? -1 : 0, &err);
        out[n++] = yaml_to_json(tree);
        yaml_destroy(tree);
        text = end == NULL ? NULL : end + strlen("\n---\n");
    }
    return n;
}

static void objects_become_a_stream_of_documents(void **state)
{
    (void)state;
    struct sample_run s;
    sample_run_init(&s);
    struct manifest_job job = {.n_indexes = 2, .parallelism = 1, .shards_per_index = 4};
    json_t *object[] = {
        manifest_config(&s.run, run_file, NULL),
        manifest_scheduler_secret(&s.run, "{\"a\": [1]}\n", "t0ken", NULL),
        manifest_service(&s.run, NULL),
        manifest_scheduler(&s.run, run_file, false, NULL),
        manifest_job(&s.run, &job, NULL),
    };
    const json_t *borrowed[ARRAY_LENGTH(object)];
    for (size_t i = 0; i < ARRAY_LENGTH(object); i++) {
        borrowed[i] = object[i];
    }
    struct buffer text = {0};
    struct error err = {0};
    check_ok(manifest_write_yaml(borrowed, ARRAY_LENGTH(object), true, &text, &err), &err);
    json_t *read[ARRAY_LENGTH(object) + 1];
    size_t n = read_documents(buffer_string(&text), read, ARRAY_LENGTH(read));
    assert_int_equal(n, ARRAY_LENGTH(object));
    for (size_t i = 0; i < n; i++) {
        assert_true(json_equal(read[i], object[i]));
        json_decref(read[i]);
        json_decref(object[i]);
    }
    buffer_release(&text);
    sample_run_release(&s);
}

static void secrets_are_hidden_unless_asked_for(void **state)
{
    (void)state;
    struct sample_run s;
    sample_run_init(&s);
    json_t *secret = manifest_scheduler_secret(&s.run, "{\"key\": \"k3y\"}", "t0ken", NULL);
    json_t *same = json_deep_copy(secret);
    const json_t *borrowed = secret;
    struct buffer text = {0};
    assert_int_equal(manifest_write_yaml(&borrowed, 1, false, &text, NULL), 0);
    assert_null(strstr(buffer_string(&text), "t0ken"));
    assert_null(strstr(buffer_string(&text), "k3y"));
    check_contains(buffer_string(&text),
                   "stringData:\n  keys.json: (hidden)\n  token: (hidden)\n");
    assert_true(json_equal(secret, same));
    buffer_clear(&text);
    assert_int_equal(manifest_write_yaml(&borrowed, 1, true, &text, NULL), 0);
    check_contains(buffer_string(&text), "  token: t0ken\n");
    buffer_release(&text);
    json_decref(same);
    json_decref(secret);
    sample_run_release(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(objects_become_a_stream_of_documents),
        cmocka_unit_test(secrets_are_hidden_unless_asked_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
