/* SPDX-License-Identifier: Apache-2.0 */
/* k8s_object.c - see k8s.h: what all objects of Kubernetes have in common. */
#include <string.h>

#include "k8s/k8s.h"

const char *k8s_metadata(const json_t *object, const char *key)
{
    return json_text(json_object_get(object, "metadata"), key);
}

const char *k8s_label(const json_t *object, const char *key)
{
    return json_text(json_object_get(json_object_get(object, "metadata"), "labels"), key);
}

const json_t *k8s_condition(const json_t *object, const char *type, const char *status)
{
    const json_t *list = json_object_get(json_object_get(object, "status"), "conditions");
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *one = json_array_get(list, i);
        if (strcmp(json_text(one, "type"), type) == 0 &&
            strcmp(json_text(one, "status"), status) == 0) {
            return one;
        }
    }
    return NULL;
}
