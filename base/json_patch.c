/* SPDX-License-Identifier: Apache-2.0 */
/* json_patch.c - see json_patch.h */
#include "base/json_patch.h"

static bool both_are_objects(const json_t *a, const json_t *b)
{
    return json_is_object(a) && json_is_object(b);
}

/* One key of `to`, if it is new or other. NOLINTBEGIN(misc-no-recursion): as deep as the documents
 * of our own that are compared. */
static void put_change(json_t *patch, const char *key, const json_t *old, json_t *value)
{
    if (both_are_objects(old, value)) {
        json_t *below = json_patch_between(old, value);
        if (below != NULL) {
            (void)json_object_set_new(patch, key, below);
        }
    } else if (old == NULL || json_equal(old, value) == 0) {
        (void)json_object_set(patch, key, value);
    }
}

static void put_changes(json_t *patch, const json_t *from, const json_t *to)
{
    const char *key = NULL;
    json_t *value = NULL;
    json_object_foreach(json_to_walk(to), key, value)
    {
        put_change(patch, key, json_object_get(from, key), value);
    }
}

static void put_removals(json_t *patch, const json_t *from, const json_t *to)
{
    const char *key = NULL;
    json_t *value = NULL;
    json_object_foreach(json_to_walk(from), key, value)
    {
        if (json_object_get(to, key) == NULL) {
            (void)json_object_set_new(patch, key, json_null());
        }
    }
}

json_t *json_patch_between(const json_t *from, const json_t *to)
{
    json_t *patch = json_object();
    put_changes(patch, from, to);
    put_removals(patch, from, to);
    if (json_object_size(patch) == 0) {
        json_decref(patch);
        return NULL;
    }
    return patch;
}

void json_drop_nulls(json_t *object)
{
    const char *key = NULL;
    json_t *value = NULL;
    void *next = NULL;
    json_object_foreach_safe(object, next, key, value)
    {
        if (json_is_null(value)) {
            (void)json_object_del(object, key);
        } else if (json_is_object(value)) {
            json_drop_nulls(value);
        }
    }
}
/* NOLINTEND(misc-no-recursion) */
