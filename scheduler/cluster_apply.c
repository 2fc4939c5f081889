/* SPDX-License-Identifier: Apache-2.0 */
/* cluster_apply.c - see cluster_apply.h */
#include "scheduler/cluster_apply.h"

#include <stdio.h>
#include <string.h>

/* What of an object may change while it is there, and by which key: the rest never differs. */
static const char *changing_part(enum cluster_object which)
{
    return which == CLUSTER_CONFIG ? "data" : which == CLUSTER_SCHEDULER ? "spec" : NULL;
}

static const char *object_hash(const json_t *object)
{
    const json_t *metadata = json_object_get(object, "metadata");
    return json_text(json_object_get(metadata, "annotations"), K8S_HASH);
}

/* Of a StatefulSet only the pod template may be changed; that is where all differs. */
static json_t *make_patch(enum cluster_object which, const json_t *object)
{
    json_t *part =
        which == CLUSTER_CONFIG
            ? json_deep_copy(json_object_get(object, "data"))
            : json_pack("{s:O}", "template",
                        json_object_get(json_object_get(object, "spec"), "template"));
    return json_pack("{s:{s:{s:s}}, s:o}", "metadata", "annotations", K8S_HASH,
                     object_hash(object), changing_part(which), part);
}

static int patch(struct k8s *k, enum cluster_object which, const json_t *object,
                 struct error *err)
{
    json_t *body = make_patch(which, object);
    struct k8s_request request = {.method = K8S_PATCH,
                                  .resource = k8s_resource_of_kind(json_text(object, "kind")),
                                  .name = k8s_metadata(object, "name"),
                                  .query = "fieldValidation=Strict",
                                  .body = body};
    int rc =
        body == NULL ? error_no_memory(err, "a patch") : k8s_call(k, &request, NULL, NULL, err);
    json_decref(body);
    return rc;
}

/* 1 if it was there (and is now as it should be), 0 if it is not. */
static int bring_up_to_date(struct k8s *k, enum cluster_object which, const json_t *object,
                            bool *changed, struct error *err)
{
    json_t *there = NULL;
    int found = k8s_find(k, k8s_resource_of_kind(json_text(object, "kind")),
                         k8s_metadata(object, "name"), 0, &there, err);
    if (found <= 0) {
        return found;
    }
    int rc = 1;
    if (strcmp(k8s_label(there, MANIFEST_RUN_ID), k8s_label(object, MANIFEST_RUN_ID)) != 0) {
        rc = error_set(err, ERROR_INPUT,
                       "%s %s: is there, and is not this run's: use another --name",
                       json_text(object, "kind"), k8s_metadata(object, "name"));
    } else if (strcmp(object_hash(there), object_hash(object)) != 0) {
        *changed = true;
        rc = patch(k, which, object, err) == 0 ? 1 : -1;
    }
    json_decref(there);
    return rc;
}

int cluster_apply(struct k8s *k, const struct cluster_objects *o, struct cluster_made *made,
                  struct error *err)
{
    *made = (struct cluster_made){.created = {false}};
    for (size_t i = 0; i < CLUSTER_OBJECTS; i++) {
        int there = changing_part((enum cluster_object)i) == NULL
                        ? 0
                        : bring_up_to_date(k, (enum cluster_object)i, o->object[i],
                                           &made->changed[i], err);
        if (there < 0 || (there == 0 && k8s_ensure_now(k, o->object[i], false, NULL,
                                                       &made->created[i], err) != 0)) {
            return -1;
        }
    }
    return 0;
}

int cluster_apply_dry(struct k8s *k, const struct cluster_objects *o, struct error *err)
{
    for (size_t i = 0; i < CLUSTER_OBJECTS; i++) {
        if (k8s_ensure_now(k, o->object[i], true, NULL, NULL, err) != 0) {
            return -1;
        }
    }
    return 0;
}

/* The token of who may look is for all runs of the namespace: it goes with the last of them, whoever
 * made it. */
static bool is_needed(struct k8s *k)
{
    json_t *runs =
        k8s_list(k, K8S_STATEFUL_SETS, "app.kubernetes.io/name=picobarn", NULL, NULL);
    bool is_needed = runs == NULL || json_array_size(runs) > 0;
    json_decref(runs);
    return is_needed;
}

void cluster_take_back(struct k8s *k, const struct cluster_objects *o,
                       const struct cluster_made *made)
{
    for (size_t i = CLUSTER_OBJECTS; i > 0; i--) {
        const json_t *object = o->object[i - 1];
        bool goes = made->created[i - 1];
        if (i - 1 == CLUSTER_VIEW) {
            goes = (goes || made->created[CLUSTER_SCHEDULER]) && !is_needed(k);
        }
        if (goes) {
            (void)k8s_delete(k, k8s_resource_of_kind(json_text(object, "kind")),
                             k8s_metadata(object, "name"), 0, NULL);
        }
    }
    if (made->created[CLUSTER_SCHEDULER]) {
        char claim[128];
        (void)snprintf(claim, sizeof claim, "ledger-%s-0",
                       k8s_metadata(o->object[CLUSTER_SCHEDULER], "name"));
        (void)k8s_delete(k, K8S_PERSISTENT_VOLUME_CLAIMS, claim, 0, NULL);
    }
}
