/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_yaml.c - fuzzes base/yaml.h: a tree has its lines and keys, and becomes JSON. */
#include "base/yaml.h"
#include "tests/fuzz/fuzz.h"

static void check_scalar(const struct yaml *node)
{
    double real = 0;
    unsigned long long count = 0;
    bool flag = false;
    FUZZ_CHECK(node->text != NULL && node->n == 0);
    int is_real = yaml_real(node, &real, NULL);
    int is_count = yaml_count(node, &count, NULL);
    FUZZ_CHECK(is_count != 0 || is_real == 0);
    FUZZ_CHECK(yaml_bool(node, &flag, NULL) != 0 || is_real != 0);
}

/* NOLINTNEXTLINE(misc-no-recursion): the parser limits the depth */
static void check_node(const struct yaml *node)
{
    FUZZ_CHECK(node->line >= 1);
    if (node->kind == YAML_SCALAR) {
        check_scalar(node);
    }
    for (size_t i = 0; i < node->n; i++) {
        if (node->kind == YAML_MAP) {
            FUZZ_CHECK(node->n > 100 || yaml_find(node, node->key[i]) == node->item[i]);
            FUZZ_CHECK(node->key_line[i] >= 1);
        }
        check_node(node->item[i]);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct error err = {0};
    struct yaml *root = yaml_parse(data, size, &err);
    if (root == NULL) {
        fuzz_check_refused(&err, ERROR_INPUT);
        return 0;
    }
    check_node(root);
    json_t *json = yaml_to_json(root);
    FUZZ_CHECK(json != NULL);
    json_decref(json);
    yaml_destroy(root);
    return 0;
}
