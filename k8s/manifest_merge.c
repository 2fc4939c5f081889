/* SPDX-License-Identifier: Apache-2.0 */
/* manifest_merge.c - strategic merge for pod templates; see manifest.h
 *
 * What kubectl does with a list depends on its field in the API's Go types (patchStrategy and
 * patchMergeKey of k8s.io/api/core/v1); the table below is those of a pod template. A list that is
 * not in it is atomic: the patch's list takes its place. tests/cluster/like_kubectl.py
 * compares both programs.
 *
 * The order of a merged list is kubectl's too: items that the patch does not name keep theirs, and
 * what is new stands before them. One thing is not: nulls and directives in what is new are applied,
 * where kubectl leaves them in the object or drops what they stand in. */
#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "k8s/manifest.h"

enum { PATH_SIZE = 200 };

/* Where in the template we are; lists add nothing to it: "spec.containers.env". */
struct path {
    char text[PATH_SIZE];
};

/* key NULL: a list of scalars without repetition. */
static const struct {
    const char *path;
    const char *key;
} merged_lists[] = {
    {"metadata.finalizers", NULL},
    {"metadata.ownerReferences", "uid"},
    {"spec.containers", "name"},
    {"spec.initContainers", "name"},
    {"spec.ephemeralContainers", "name"},
    {"spec.volumes", "name"},
    {"spec.imagePullSecrets", "name"},
    {"spec.hostAliases", "ip"},
    {"spec.topologySpreadConstraints", "topologyKey"},
    {"spec.schedulingGates", "name"},
    {"spec.resourceClaims", "name"},
};

/* Of each of the three lists of containers. */
static const struct {
    const char *field;
    const char *key;
} merged_in_container[] = {
    {"env", "name"},
    {"ports", "containerPort"},
    {"volumeMounts", "mountPath"},
    {"volumeDevices", "devicePath"},
};

static const char patch_directive[] = "$patch";
static const char retain_directive[] = "$retainKeys";
static const char order_directive[] = "$setElementOrder/";
static const char remove_directive[] = "$deleteFromPrimitiveList/";

static struct path path_in(const struct path *path, const char *key)
{
    struct path in;
    (void)snprintf(in.text, sizeof in.text, "%.120s%s%.70s", path->text,
                   path->text[0] == '\0' ? "" : ".", key);
    return in;
}

/* The field's name where path is one of a container, else NULL. */
static const char *container_field(const char *path)
{
    static const char *const lists[] = {"spec.containers.", "spec.initContainers.",
                                        "spec.ephemeralContainers."};
    for (size_t i = 0; i < ARRAY_LENGTH(lists); i++) {
        size_t n = strlen(lists[i]);
        if (strncmp(path, lists[i], n) == 0) {
            return path + n;
        }
    }
    return NULL;
}

/* Whether the list is merged, and by which key (NULL: it is one of scalars). */
static bool is_merged(const struct path *path, const char **key)
{
    const char *field = container_field(path->text);
    for (size_t i = 0; field != NULL && i < ARRAY_LENGTH(merged_in_container); i++) {
        if (strcmp(field, merged_in_container[i].field) == 0) {
            *key = merged_in_container[i].key;
            return true;
        }
    }
    for (size_t i = 0; i < ARRAY_LENGTH(merged_lists); i++) {
        if (strcmp(path->text, merged_lists[i].path) == 0) {
            *key = merged_lists[i].key;
            return true;
        }
    }
    return false;
}

static bool begins_with(const char *text, const char *beginning)
{
    return strncmp(text, beginning, strlen(beginning)) == 0;
}

static int refuse(const struct path *path, struct error *err, const char *why)
{
    return error_set(err, ERROR_INPUT, "patch%s%s: %s", path->text[0] == '\0' ? "" : " at ",
                     path->text, why);
}

/* The index of the item that has this value under key, or the array's size. */
static size_t find_item(const json_t *array, const char *key, const json_t *value)
{
    size_t i = 0;
    while (i < json_array_size(array)) {
        const json_t *item = json_array_get(array, i);
        if (json_equal(key == NULL ? item : json_object_get(item, key), value)) {
            break;
        }
        i++;
    }
    return i;
}

static const json_t *identity(const json_t *item, const char *key)
{
    return key == NULL ? item : json_object_get(item, key);
}

static bool is_in(const json_t *array, const char *key, const json_t *item)
{
    return find_item(array, key, identity(item, key)) < json_array_size(array);
}

/* merged in kubectl's order: the patch's items in the patch's order, the others in theirs; two of
 * them that both were there before keep their order, and what is new goes first. */
static json_t *in_order(const json_t *merged, const json_t *patch, const json_t *before,
                        const char *key)
{
    json_t *named = json_array();
    json_t *others = json_array();
    for (size_t i = 0; i < json_array_size(patch); i++) {
        const json_t *item = json_array_get(patch, i);
        if (!is_in(named, key, item)) { /* a patch may name one twice */
            size_t at = find_item(merged, key, identity(item, key));
            json_array_append(named, json_array_get(merged, at));
        }
    }
    for (size_t i = 0; i < json_array_size(before); i++) {
        json_t *item = json_array_get(merged, i);
        if (!is_in(patch, key, item)) {
            json_array_append(others, item);
        }
    }
    json_t *out = json_array();
    size_t n = 0;
    for (size_t i = 0; i < json_array_size(named); i++) {
        json_t *item = json_array_get(named, i);
        size_t place = find_item(before, key, identity(item, key));
        bool is_new = place == json_array_size(before);
        while (!is_new && n < json_array_size(others) &&
               find_item(before, key, identity(json_array_get(others, n), key)) < place) {
            json_array_append(out, json_array_get(others, n));
            n++;
        }
        json_array_append(out, item);
    }
    for (; n < json_array_size(others); n++) {
        json_array_append(out, json_array_get(others, n));
    }
    json_decref(named);
    json_decref(others);
    return out;
}

/* NOLINTBEGIN(misc-no-recursion): as deep as the patch, which the YAML reader limits */
static int merge_map(json_t *object, const json_t *patch, const struct path *path,
                     struct error *err);

/* Takes the items of a patch apart: what has a directive acts on list, the rest is left in
 * plain. */
static int apply_item_directives(json_t *list, const json_t *patch, const char *key,
                                 const struct path *path, json_t *plain, struct error *err)
{
    bool replaces = false;
    for (size_t i = 0; i < json_array_size(patch); i++) {
        json_t *item = json_array_get(patch, i);
        const json_t *value = json_object_get(item, key);
        const json_t *directive = json_object_get(item, patch_directive);
        const char *word = directive == NULL ? "" : json_string_value(directive);
        if (word != NULL && strcmp(word, "replace") == 0) {
            replaces = true;
            continue;
        }
        if (value == NULL) {
            char why[PATH_SIZE];
            (void)snprintf(why, sizeof why, "an item without %s, by which they are merged",
                           key);
            return refuse(path, err, why);
        }
        if (word == NULL || (word[0] != '\0' && strcmp(word, "delete") != 0)) {
            return refuse(path, err, "$patch is neither delete nor replace");
        }
        if (word[0] == '\0') {
            json_array_append(plain, item);
        }
        for (size_t at = 0; word[0] != '\0' && at < json_array_size(list);) {
            at = find_item(list, key, value);
            json_array_remove(list, at); /* past the end: nothing */
        }
    }
    if (replaces) {
        json_array_clear(list);
    }
    return 0;
}

static int merge_items(json_t *list, const json_t *plain, const char *key,
                       const struct path *path, struct error *err)
{
    for (size_t i = 0; i < json_array_size(plain); i++) {
        const json_t *item = json_array_get(plain, i);
        size_t at = find_item(list, key, json_object_get(item, key));
        if (at == json_array_size(list)) {
            json_array_append_new(list, json_object());
        }
        if (merge_map(json_array_get(list, at), item, path, err) != 0) {
            return -1;
        }
    }
    return 0;
}

static int check_items(const json_t *patch, const char *key, const struct path *path,
                       struct error *err)
{
    for (size_t i = 0; i < json_array_size(patch); i++) {
        const json_t *item = json_array_get(patch, i);
        bool good = key == NULL ? json_is_string(item) : json_is_object(item);
        if (!good) {
            return refuse(path, err, key == NULL ? "an item is no text" : "an item is no map");
        }
    }
    return 0;
}

/* *list becomes the merged list; it is a copy that nobody else holds. */
static int merge_objects(json_t *list, const json_t *patch, const char *key,
                         const struct path *path, struct error *err)
{
    json_t *plain = json_array();
    if (apply_item_directives(list, patch, key, path, plain, err) != 0) {
        json_decref(plain);
        return -1;
    }
    json_t *before = json_deep_copy(list);
    int rc = merge_items(list, plain, key, path, err);
    if (rc == 0) {
        json_t *ordered = in_order(list, plain, before, key);
        json_array_clear(list);
        json_array_extend(list, ordered);
        json_decref(ordered);
    }
    json_decref(before);
    json_decref(plain);
    return rc;
}

static void merge_scalars(json_t *list, const json_t *patch)
{
    json_t *before = json_copy(list);
    for (size_t i = 0; i < json_array_size(patch); i++) {
        json_t *item = json_array_get(patch, i);
        if (!is_in(list, NULL, item)) {
            json_array_append(list, item);
        }
    }
    json_t *ordered = in_order(list, patch, before, NULL);
    json_array_clear(list);
    json_array_extend(list, ordered);
    json_decref(ordered);
    json_decref(before);
}

static int merge_list(json_t *object, const char *name, const json_t *patch,
                      const struct path *path, struct error *err)
{
    const char *key = NULL;
    if (!is_merged(path, &key)) {
        json_object_set_new(object, name, json_deep_copy(patch));
        return 0;
    }
    if (check_items(patch, key, path, err) != 0) {
        return -1;
    }
    json_t *list = json_object_get(object, name);
    if (!json_is_array(list)) {
        list = json_array();
        json_object_set_new(object, name, list);
    }
    if (key == NULL) {
        merge_scalars(list, patch);
        return 0;
    }
    return merge_objects(list, patch, key, path, err);
}

static int remove_scalars(json_t *object, const char *name, const json_t *patch,
                          const struct path *path, struct error *err)
{
    json_t *list = json_object_get(object, name);
    if (!json_is_array(patch)) {
        return refuse(path, err, "$deleteFromPrimitiveList takes a list");
    }
    for (size_t i = 0; i < json_array_size(patch); i++) {
        size_t at = find_item(list, NULL, json_array_get(patch, i));
        json_array_remove(list, at);
    }
    return 0;
}

/* Drops from object what the list does not name. */
static int retain_keys(json_t *object, const json_t *patch, const struct path *path,
                       struct error *err)
{
    const json_t *keys = json_object_get(patch, retain_directive);
    if (keys == NULL) {
        return 0;
    }
    json_t *walked = json_to_walk(patch);
    for (void *at = json_object_iter(walked); at != NULL;
         at = json_object_iter_next(walked, at)) {
        json_t *name = json_string(json_object_iter_key(at));
        bool kept = json_object_iter_key(at)[0] == '$' ||
                    json_is_null(json_object_iter_value(at)) || is_in(keys, NULL, name);
        json_decref(name);
        if (!kept) {
            return refuse(path, err, "$retainKeys does not list all keys of the patch");
        }
    }
    const char *key = NULL;
    void *next = NULL;
    json_t *value = NULL;
    json_object_foreach_safe(object, next, key, value)
    {
        json_t *name = json_string(key);
        if (!is_in(keys, NULL, name)) {
            json_object_del(object, key);
        }
        json_decref(name);
    }
    return 0;
}

/* One pair of a patch; directives of the map as a whole are done already. */
static int merge_pair(json_t *object, const char *key, const json_t *patch,
                      const struct path *path, struct error *err)
{
    if (begins_with(key, order_directive)) {
        return refuse(path, err, "$setElementOrder is not known here: write the list");
    }
    if (begins_with(key, remove_directive)) {
        return remove_scalars(object, key + strlen(remove_directive), patch, path, err);
    }
    struct path in = path_in(path, key);
    if (json_is_null(patch)) {
        json_object_del(object, key);
        return 0;
    }
    if (json_is_array(patch)) {
        return merge_list(object, key, patch, &in, err);
    }
    if (!json_is_object(patch)) {
        return json_object_set_new(object, key, json_deep_copy(patch));
    }
    json_t *inner = json_object_get(object, key);
    if (!json_is_object(inner)) {
        inner = json_object();
        json_object_set_new(object, key, inner);
    }
    return merge_map(inner, patch, &in, err);
}

static int merge_pairs(json_t *object, const json_t *patch, const struct path *path,
                       struct error *err)
{
    json_t *walked = json_to_walk(patch);
    for (void *at = json_object_iter(walked); at != NULL;
         at = json_object_iter_next(walked, at)) {
        const char *key = json_object_iter_key(at);
        bool done = strcmp(key, retain_directive) == 0 || strcmp(key, patch_directive) == 0;
        if (!done && merge_pair(object, key, json_object_iter_value(at), path, err) != 0) {
            return -1;
        }
    }
    return 0;
}

static int merge_map(json_t *object, const json_t *patch, const struct path *path,
                     struct error *err)
{
    const json_t *directive = json_object_get(patch, patch_directive);
    const char *word = json_string_value(directive);
    if (directive != NULL &&
        (word == NULL || (strcmp(word, "replace") != 0 && strcmp(word, "delete") != 0))) {
        return refuse(path, err, "$patch is neither delete nor replace");
    }
    if (directive != NULL) {
        json_object_clear(object);
    }
    if (directive != NULL && strcmp(word, "delete") == 0) {
        return 0;
    }
    return retain_keys(object, patch, path, err) != 0 ? -1
                                                      : merge_pairs(object, patch, path, err);
}
/* NOLINTEND(misc-no-recursion) */

int manifest_merge(json_t *pod_template, const json_t *patch, struct error *err)
{
    struct path root = {.text = ""};
    if (!json_is_object(patch)) {
        return refuse(&root, err, "it is no map");
    }
    json_t *merged = json_deep_copy(pod_template);
    int rc = merge_map(merged, patch, &root, err);
    if (rc == 0) {
        json_object_clear(pod_template);
        json_object_update(pod_template, merged);
    }
    json_decref(merged);
    return rc;
}
