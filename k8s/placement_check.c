/* SPDX-License-Identifier: Apache-2.0 */
/* placement_check.c - see placement.h: what the API server would refuse, said before anything is
 * made and with the run file's own words; and what it would take, but our pods could not live
 * with. */
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/size.h"
#include "k8s/manifest_parts.h"
#include "k8s/names.h"
#include "k8s/placement.h"
#include "k8s/quantity.h"

/* Of a worker with one thread, and of each further one (its stack is 8 MiB of address space). */
static const double worker_least_mib = 128;
static const double thread_least_mib = 16;
enum { THREADS_MOST = 1024 }; /* as picobarn-worker takes */

/* What is looked at, and where the words about it go. */
struct check {
    const struct placement *placement;
    char field[PLACEMENT_FIELD_SIZE]; /* that is looked at */
    struct error *err;
};

static int refuse(const struct check *c, const char *value, const char *wanted)
{
    return error_set(c->err, ERROR_INPUT, "\"%.120s\" is not %s", value == NULL ? "" : value,
                     wanted);
}

static void at(struct check *c, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void at(struct check *c, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    (void)vsnprintf(c->field, sizeof c->field, format, args);
    va_end(args);
}

#define OF(member) offsetof(struct placement, member)
#define SUBDOMAIN  "a name of a-z, 0-9, - and ."
#define LABEL      "a name of a-z, 0-9 and -, at most 63"

/* clang-format off */
static const struct {
    const char *field;
    size_t offset; /* of a char *; NULL is nothing to check */
    bool (*is)(const char *text);
    const char *wanted;
} texts[] = {
    {"image", OF(image), names_is_pinned_image,
     "an image that stays the same: give it a digest (NAME@sha256:...) or a tag other than latest"},
    {"namespace", OF(namespace), names_is_label, LABEL},
    {"folder", OF(folder), names_is_path, "an absolute path, without . and .."},
    {"ledger.storage_class", OF(ledger_storage_class), names_is_subdomain, SUBDOMAIN},
    {"workers.priority_class", OF(priority_class), names_is_subdomain, SUBDOMAIN},
    {"workers.service_account", OF(worker_service_account), names_is_subdomain, SUBDOMAIN},
    {"scheduler.service_account", OF(scheduler_service_account), names_is_subdomain, SUBDOMAIN},
};

/* Volumes and mounts that are ours, or the system's. */
static const char *const our_volumes[] = {"run",           "keys",   "view",
                                          "metrics-token", "worker", "ledger"};
static const char *const our_paths[] = {"/etc/picobarn", MANIFEST_LEDGER_FOLDER,
                                        "/usr", "/lib", "/lib64", "/proc", "/sys", "/dev"};
static const char *const our_labels[] = {"app.kubernetes.io/", "picobarn/"};
/* clang-format on */

static int check_texts(struct check *c)
{
    for (size_t i = 0; i < ARRAY_LENGTH(texts); i++) {
        const char *text = NULL;
        memcpy(&text, (const char *)c->placement + texts[i].offset, sizeof text);
        at(c, "%s", texts[i].field);
        if (text != NULL && !texts[i].is(text)) {
            return refuse(c, text, texts[i].wanted);
        }
    }
    return 0;
}

static int check_pull_secrets(struct check *c)
{
    const json_t *list = c->placement->image_pull_secrets;
    for (size_t i = 0; i < json_array_size(list); i++) {
        const char *name = json_string_value(json_array_get(list, i));
        at(c, "image_pull_secrets[%zu]", i);
        if (name == NULL || !names_is_subdomain(name)) {
            return refuse(c, name, "a Secret's name");
        }
    }
    return 0;
}

static bool is_our_key(const char *key)
{
    for (size_t i = 0; i < ARRAY_LENGTH(our_labels); i++) {
        if (strncmp(key, our_labels[i], strlen(our_labels[i])) == 0) {
            return true;
        }
    }
    return false;
}

/* One label or annotation; value NULL: it is no text. */
static int check_pair(const struct check *c, const char *key, const char *value, bool label)
{
    if (!names_is_key(key)) {
        return refuse(c, key, "a key as in example.com/name");
    }
    if (is_our_key(key)) {
        return error_set(c->err, ERROR_INPUT, "keys with %.*s are picobarn's own",
                         (int)strcspn(key, "/") + 1, key);
    }
    if (value == NULL || (label && !names_is_value(value))) {
        return refuse(c, value,
                      label ? "a label's value: at most 63 letters, digits and -_." : "a text");
    }
    return 0;
}

static int check_map(struct check *c, const json_t *map, const char *field, bool labels)
{
    json_t *walked = json_to_walk(map);
    for (void *it = map == NULL ? NULL : json_object_iter(walked); it != NULL;
         it = json_object_iter_next(walked, it)) {
        const char *key = json_object_iter_key(it);
        at(c, "%s.%.80s", field, key);
        if (check_pair(c, key, json_string_value(json_object_iter_value(it)), labels) != 0) {
            return -1;
        }
    }
    return 0;
}

static int check_amounts(struct check *c, const char *part, const char *which)
{
    bool worker = strcmp(part, "workers") == 0;
    const json_t *map = json_object_get(
        worker ? c->placement->worker_resources : c->placement->scheduler_resources, which);
    json_t *walked = json_to_walk(map);
    for (void *it = map == NULL ? NULL : json_object_iter(walked); it != NULL;
         it = json_object_iter_next(walked, it)) {
        const char *value = json_string_value(json_object_iter_value(it));
        double amount = 0;
        at(c, "%s.%s.%.80s", part, which, json_object_iter_key(it));
        if (value == NULL || !quantity_parse(value, &amount)) {
            return refuse(c, value, "a quantity such as 2, 500m or 1.5Gi");
        }
    }
    return 0;
}

/* Where both are given, the API server wants the limit to be the larger one. */
static int check_requests(struct check *c, const char *part, const json_t *resources)
{
    json_t *requests = json_to_walk(json_object_get(resources, "requests"));
    const json_t *limits = json_object_get(resources, "limits");
    for (void *it = requests == NULL ? NULL : json_object_iter(requests); it != NULL;
         it = json_object_iter_next(requests, it)) {
        const char *key = json_object_iter_key(it);
        const char *request = json_string_value(json_object_iter_value(it));
        const char *limit = json_string_value(json_object_get(limits, key));
        double wanted = 0;
        double most = 0;
        at(c, "%s.requests.%.80s", part, key);
        if (limit != NULL && quantity_parse(request, &wanted) && quantity_parse(limit, &most) &&
            wanted > most) {
            return error_set(c->err, ERROR_INPUT, "\"%.40s\" is more than the limit \"%.40s\"",
                             request, limit);
        }
    }
    return 0;
}

/* The amount that the workers' limits say of a resource; 0 if nothing, or no quantity. */
static double worker_limit(const struct placement *p, const char *resource)
{
    const json_t *limits = json_object_get(p->worker_resources, "limits");
    const char *limit = json_string_value(json_object_get(limits, resource));
    double value = 0;
    return limit != NULL && quantity_parse(limit, &value) ? value : 0;
}

/* As many threads as begun processors (worker/threads.h). */
static double least_memory_mib(const struct placement *p)
{
    double processors = worker_limit(p, "cpu");
    double further = 0;
    while (further + 1 < processors && further < THREADS_MOST) {
        further++;
    }
    return worker_least_mib + thread_least_mib * further;
}

static int check_worker_memory(struct check *c)
{
    double limit_mib = worker_limit(c->placement, "memory") / 0x1p20;
    double least_mib = least_memory_mib(c->placement);
    at(c, "workers.limits.memory");
    if (limit_mib > 0 && limit_mib < least_mib) {
        return error_set(c->err, ERROR_INPUT,
                         "%.4g MiB are too little: with these processors a worker needs %.0fMi",
                         limit_mib, least_mib);
    }
    at(c, "workers.memory_mib");
    if (limit_mib > 0 && (double)c->placement->memory_mib > limit_mib) {
        return error_set(c->err, ERROR_INPUT, "%llu is more than the memory limit, %.4g MiB",
                         (unsigned long long)c->placement->memory_mib, limit_mib);
    }
    return 0;
}

static int check_resources(struct check *c)
{
    if (check_amounts(c, "workers", "requests") != 0 ||
        check_amounts(c, "workers", "limits") != 0 ||
        check_amounts(c, "scheduler", "requests") != 0 ||
        check_amounts(c, "scheduler", "limits") != 0 ||
        check_requests(c, "workers", c->placement->worker_resources) != 0 ||
        check_requests(c, "scheduler", c->placement->scheduler_resources) != 0) {
        return -1;
    }
    return check_worker_memory(c);
}

static int check_mount_path(struct check *c, const json_t *volume)
{
    const char *path = json_string_value(json_object_get(volume, "mountPath"));
    if (path == NULL || !names_is_path(path)) {
        return refuse(c, path, "an absolute path, without . and ..");
    }
    for (size_t i = 0; i < ARRAY_LENGTH(our_paths); i++) {
        if (names_is_within(path, our_paths[i]) || names_is_within(our_paths[i], path)) {
            return error_set(c->err, ERROR_INPUT,
                             "\"%.120s\" would hide %s, which the pods need: mount the data "
                             "elsewhere, as at /data",
                             path, our_paths[i]);
        }
    }
    return 0;
}

/* Whether an earlier volume has the same value under this key. */
static bool is_repeated(const json_t *volumes, size_t index, const char *key)
{
    const json_t *value = json_object_get(json_array_get(volumes, index), key);
    for (size_t i = 0; i < index; i++) {
        if (json_equal(json_object_get(json_array_get(volumes, i), key), value)) {
            return true;
        }
    }
    return false;
}

static int check_volume_name(struct check *c, const json_t *volume)
{
    const char *name = json_string_value(json_object_get(volume, "name"));
    if (name == NULL || !names_is_label(name)) {
        return refuse(c, name, LABEL);
    }
    for (size_t i = 0; i < ARRAY_LENGTH(our_volumes); i++) {
        if (strcmp(name, our_volumes[i]) == 0) {
            return error_set(c->err, ERROR_INPUT,
                             "\"%s\" is a volume of picobarn's own: take another name", name);
        }
    }
    return 0;
}

static bool is_of_mount(const char *key)
{
    return strcmp(key, "name") == 0 || strcmp(key, "mountPath") == 0 ||
           strcmp(key, "subPath") == 0;
}

/* Exactly one key beside those of the mount, with a map. */
static int check_source(struct check *c, const json_t *volume, size_t n_others)
{
    json_t *walked = json_to_walk(volume);
    if (json_object_size(volume) != n_others + 1) {
        return error_set(c->err, ERROR_INPUT,
                         "one volume source is needed, such as persistentVolumeClaim: "
                         "{claimName: data}; %zu are given",
                         json_object_size(volume) - n_others);
    }
    for (void *it = json_object_iter(walked); it != NULL;
         it = json_object_iter_next(walked, it)) {
        const char *key = json_object_iter_key(it);
        bool of_mount = n_others > 0 && is_of_mount(key);
        if (!of_mount && !json_is_object(json_object_iter_value(it))) {
            return refuse(c, key, "a volume source: it has no map");
        }
    }
    return 0;
}

static int check_volume(struct check *c, const json_t *volumes, size_t i)
{
    const json_t *volume = json_array_get(volumes, i);
    const json_t *sub_path = json_object_get(volume, "subPath");
    size_t n_others = sub_path == NULL ? 2 : 3;
    at(c, "volumes[%zu]", i);
    if (!json_is_object(volume)) {
        return error_set(c->err, ERROR_INPUT, "a volume is a map with name and mountPath");
    }
    at(c, "volumes[%zu].name", i);
    if (check_volume_name(c, volume) != 0) {
        return -1;
    }
    if (is_repeated(volumes, i, "name")) {
        return error_set(c->err, ERROR_INPUT, "this name a second time");
    }
    at(c, "volumes[%zu].mountPath", i);
    if (check_mount_path(c, volume) != 0) {
        return -1;
    }
    if (is_repeated(volumes, i, "mountPath")) {
        return error_set(c->err, ERROR_INPUT, "this path a second time");
    }
    at(c, "volumes[%zu].subPath", i);
    if (sub_path != NULL && !json_is_string(sub_path)) {
        return error_set(c->err, ERROR_INPUT, "it is no text");
    }
    at(c, "volumes[%zu]", i);
    return check_source(c, volume, n_others);
}

static int check_volumes(struct check *c)
{
    for (size_t i = 0; i < json_array_size(c->placement->volumes); i++) {
        if (check_volume(c, c->placement->volumes, i) != 0) {
            return -1;
        }
    }
    return 0;
}

static int check_ledger(struct check *c)
{
    const char *size = c->placement->ledger_size;
    double bytes = 0;
    at(c, "ledger.size");
    if (size != NULL && (!quantity_parse(size, &bytes) || bytes < 0x1p20)) {
        return refuse(c, size, "a quantity of bytes such as 10Gi");
    }
    at(c, "ledger.volume");
    return c->placement->ledger_volume == NULL
               ? 0
               : check_source(c, c->placement->ledger_volume, 0);
}

/* A map in a list's place is taken by a patch, and refused by the server much later. */
static int check_lists(const struct check *c, const json_t *template)
{
    static const char *const lists[] = {"containers", "initContainers", "volumes",
                                        "tolerations", "imagePullSecrets"};
    const json_t *spec = json_object_get(template, "spec");
    for (size_t i = 0; i < ARRAY_LENGTH(lists); i++) {
        const json_t *list = json_object_get(spec, lists[i]);
        if (list != NULL && !json_is_array(list)) {
            return error_set(c->err, ERROR_INPUT, "spec.%s is to be a list", lists[i]);
        }
    }
    return 0;
}

/* Tried on an empty template, so that what cannot be merged is known before a run begins. A field
 * beside metadata and spec would be dropped by the API server, with a warning that nobody sees. */
static int check_patch(struct check *c, const json_t *patch, const char *field)
{
    json_t *walked = json_to_walk(patch);
    for (void *it = patch == NULL ? NULL : json_object_iter(walked); it != NULL;
         it = json_object_iter_next(walked, it)) {
        const char *key = json_object_iter_key(it);
        at(c, "%s.%.80s", field, key);
        if (strcmp(key, "metadata") != 0 && strcmp(key, "spec") != 0) {
            return error_set(c->err, ERROR_INPUT,
                             "a pod template has metadata and spec, and no %.80s", key);
        }
    }
    at(c, "%s", field);
    json_t *template = json_object();
    int rc = patch == NULL ? 0 : manifest_merge(template, patch, c->err);
    rc = rc == 0 ? check_lists(c, template) : rc;
    json_decref(template);
    return rc;
}

static int check_all(struct check *c)
{
    const struct placement *p = c->placement;
    if (check_texts(c) != 0 || check_pull_secrets(c) != 0 ||
        check_map(c, p->labels, "workers.labels", true) != 0 ||
        check_map(c, p->annotations, "workers.annotations", false) != 0 ||
        check_resources(c) != 0 || check_volumes(c) != 0 || check_ledger(c) != 0 ||
        check_patch(c, p->worker_patch, "workers.patch") != 0) {
        return -1;
    }
    return check_patch(c, p->scheduler_patch, "scheduler.patch");
}

int placement_check(const struct placement *p, char field[PLACEMENT_FIELD_SIZE],
                    struct error *err)
{
    struct check c = {.placement = p, .err = err};
    int rc = check_all(&c);
    memcpy(field, c.field, sizeof c.field);
    return rc;
}
