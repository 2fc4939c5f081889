/* SPDX-License-Identifier: Apache-2.0 */
/* manifest_yaml.c - see manifest.h */
#include <string.h>

#include "base/yaml_write.h"
#include "k8s/manifest.h"

/* A copy in which a Secret's values are not shown. */
static json_t *hide_values(const json_t *object)
{
    json_t *copy = json_deep_copy(object);
    static const char *const fields[] = {"stringData", "data"};
    for (size_t i = 0; i < 2; i++) {
        json_t *data = json_object_get(copy, fields[i]);
        const char *key = NULL;
        json_t *value = NULL;
        json_object_foreach(data, key, value)
        {
            json_object_set_new(data, key, json_string("(hidden)"));
        }
    }
    return copy;
}

static bool is_secret(const json_t *object)
{
    const char *kind = json_string_value(json_object_get(object, "kind"));
    return kind != NULL && strcmp(kind, "Secret") == 0;
}

int manifest_write_yaml(const json_t *const *object, size_t n, bool with_secrets,
                        struct buffer *out, struct error *err)
{
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < n; i++) {
        json_t *shown = is_secret(object[i]) && !with_secrets ? hide_values(object[i])
                                                              : json_deep_copy(object[i]);
        buffer_raw(out, "---\n", i > 0 ? 4 : 0);
        rc = yaml_write(shown, out, err);
        json_decref(shown);
    }
    return rc;
}
