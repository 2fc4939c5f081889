/* SPDX-License-Identifier: Apache-2.0 */
/* manifest_pod.c - see manifest_parts.h: the pod template that scheduler and workers share. */
#include <string.h>

#include "base/size.h"
#include "k8s/manifest_parts.h"

enum { POD_USER = 65532 }; /* as the image has it; no name is needed for it */
enum { GRACE_S = 30 };     /* a worker's and the scheduler's way out takes less */

/* Sidecars of service meshes: they would keep a Job's pods alive, and the wire is encrypted
 * without them. Some meshes look at labels, some at annotations, some changed from one to the
 * other. */
static const struct {
    const char *key;
    const char *value;
    bool label;
    bool annotation;
} mesh_off[] = {
    {"sidecar.istio.io/inject", "false", true, true},
    {"istio.io/dataplane-mode", "none", true, false},
    {"kuma.io/sidecar-injection", "disabled", true, true},
    {"linkerd.io/inject", "disabled", false, true},
    {"consul.hashicorp.com/connect-inject", "false", false, true},
};

static void switch_meshes_off(json_t *labels, json_t *annotations)
{
    for (size_t i = 0; i < ARRAY_LENGTH(mesh_off); i++) {
        if (mesh_off[i].label) {
            json_object_set_new(labels, mesh_off[i].key, json_string(mesh_off[i].value));
        }
        if (mesh_off[i].annotation) {
            json_object_set_new(annotations, mesh_off[i].key, json_string(mesh_off[i].value));
        }
    }
}

json_t *manifest_secret_source(const char *name, const char *suffix)
{
    enum { ROOT_AND_GROUP = 0440 }; /* fsGroup makes it the pod's group */
    return json_pack("{s:{s:s+, s:i}}", "secret", "secretName", name, suffix, "defaultMode",
                     ROOT_AND_GROUP);
}

json_t *manifest_literal(const char *text)
{
    struct buffer out = {0};
    for (; *text != '\0'; text++) {
        buffer_raw(&out, text, 1);
        buffer_raw(&out, text, *text == '$' ? 1 : 0);
    }
    json_t *literal = json_string(buffer_string(&out));
    buffer_release(&out);
    return literal;
}

static void add_volume(json_t *volumes, const char *name, json_t *source)
{
    json_t *volume = json_pack("{s:s}", "name", name);
    json_object_update(volume, source);
    json_decref(source);
    json_array_append_new(volumes, volume);
}

void manifest_mount(json_t *volumes, json_t *mounts, const char *name, const char *path,
                    json_t *source)
{
    add_volume(volumes, name, source);
    json_array_append_new(
        mounts, json_pack("{s:s, s:s, s:b}", "name", name, "mountPath", path, "readOnly", 1));
}

/* The user's volume without what belongs to its mount. A claim or an NFS volume is also attached
 * read-only: the kubelet would else look through all of the data for files that are not the
 * group's. */
static json_t *data_source(const json_t *volume)
{
    static const char *const attached[] = {"persistentVolumeClaim", "nfs"};
    json_t *source = json_deep_copy(volume);
    json_object_del(source, "name");
    json_object_del(source, "mountPath");
    json_object_del(source, "subPath");
    for (size_t i = 0; i < ARRAY_LENGTH(attached); i++) {
        json_t *inner = json_object_get(source, attached[i]);
        if (inner != NULL && json_object_get(inner, "readOnly") == NULL) {
            json_object_set_new(inner, "readOnly", json_true());
        }
    }
    return source;
}

static void mount_data(const struct placement *p, json_t *volumes, json_t *mounts)
{
    for (size_t i = 0; i < json_array_size(p->volumes); i++) {
        const json_t *volume = json_array_get(p->volumes, i);
        const json_t *sub_path = json_object_get(volume, "subPath");
        manifest_mount(volumes, mounts, json_string_value(json_object_get(volume, "name")),
                       json_string_value(json_object_get(volume, "mountPath")),
                       data_source(volume));
        if (sub_path != NULL) {
            json_t *mount = json_array_get(mounts, json_array_size(mounts) - 1);
            json_object_set_new(mount, "subPath", json_deep_copy(sub_path));
        }
    }
}

/* Pod Security "restricted", and a read-only root file system beyond it. */
static void secure_pod(json_t *spec)
{
    json_t *context =
        json_pack("{s:b, s:i, s:i, s:i, s:s, s:{s:s}}", "runAsNonRoot", 1, "runAsUser",
                  POD_USER, "runAsGroup", POD_USER, "fsGroup", POD_USER, "fsGroupChangePolicy",
                  "OnRootMismatch", "seccompProfile", "type", "RuntimeDefault");
    json_object_set_new(spec, "securityContext", context);
}

static void secure_container(json_t *container)
{
    json_t *context = json_pack("{s:b, s:b, s:{s:[s]}}", "allowPrivilegeEscalation", 0,
                                "readOnlyRootFilesystem", 1, "capabilities", "drop", "ALL");
    json_object_set_new(container, "securityContext", context);
}

static json_t *pull_secrets(const struct placement *p)
{
    json_t *out = json_array();
    for (size_t i = 0; i < json_array_size(p->image_pull_secrets); i++) {
        const json_t *name = json_array_get(p->image_pull_secrets, i);
        json_array_append_new(out, json_pack("{s:s}", "name", json_string_value(name)));
    }
    return out;
}

/* The container's image and limits around what the component said of it. */
static json_t *make_container(const struct manifest_run *r, const struct manifest_pod *pod)
{
    json_t *container =
        json_pack("{s:s, s:s?, s:s*}", "name", pod->component, "image", r->placement->image,
                  "imagePullPolicy", r->placement->image_pull_policy);
    json_object_update(container, pod->container);
    json_object_set_new(container, "resources", json_deep_copy(pod->resources));
    secure_container(container);
    return container;
}

static json_t *make_spec(const struct manifest_run *r, const struct manifest_pod *pod)
{
    const struct placement *p = r->placement;
    mount_data(p, pod->volumes, json_object_get(pod->container, "volumeMounts"));
    json_t *spec =
        json_pack("{s:s, s:b, s:b, s:s, s:i}", "serviceAccountName", pod->service_account,
                  "automountServiceAccountToken", pod->has_token, "enableServiceLinks", 0,
                  "restartPolicy", pod->restarts ? "Always" : "Never",
                  "terminationGracePeriodSeconds", GRACE_S);
    secure_pod(spec);
    if (pod->priority_class != NULL) {
        json_object_set_new(spec, "priorityClassName", json_string(pod->priority_class));
    }
    if (json_array_size(p->image_pull_secrets) > 0) {
        json_object_set_new(spec, "imagePullSecrets", pull_secrets(p));
    }
    json_object_set_new(spec, "containers", json_pack("[o]", make_container(r, pod)));
    json_object_set(spec, "volumes", pod->volumes);
    return spec;
}

/* Ours over the patch's over the user's: selectors and the scheduler's bookkeeping need ours. */
static int apply_patch(const struct manifest_run *r, const struct manifest_pod *pod,
                       json_t *template, struct error *err)
{
    if (pod->patch != NULL && manifest_merge(template, pod->patch, err) != 0) {
        return error_prefix(err, "kubernetes.%s", pod->patch_field);
    }
    json_t *labels = manifest_labels(r, pod->component);
    json_t *metadata = json_object_get(template, "metadata");
    json_object_update(json_object_get(metadata, "labels"), labels);
    json_decref(labels);
    return 0;
}

json_t *manifest_pod_template(const struct manifest_run *r, struct manifest_pod *pod,
                              struct error *err)
{
    json_t *labels = manifest_labels(r, pod->component);
    json_t *annotations = json_object();
    switch_meshes_off(labels, annotations);
    if (pod->labels != NULL) {
        json_object_update(labels, json_to_walk(pod->labels));
    }
    if (pod->annotations != NULL) {
        json_object_update(annotations, json_to_walk(pod->annotations));
    }
    json_t *template = json_pack("{s:{s:o, s:o}, s:o}", "metadata", "labels", labels,
                                 "annotations", annotations, "spec", make_spec(r, pod));
    json_decref(pod->container);
    json_decref(pod->volumes);
    pod->container = NULL;
    pod->volumes = NULL;
    if (apply_patch(r, pod, template, err) != 0) {
        json_decref(template);
        return NULL;
    }
    return template;
}
