/* SPDX-License-Identifier: Apache-2.0 */
/* manifest_parts.h - private to manifest_*.c and placement_check.c: what several objects share. */
#ifndef K8S_MANIFEST_PARTS_H
#define K8S_MANIFEST_PARTS_H

#include <stdbool.h>

#include "k8s/manifest.h"

/* Where things are in our pods. Volumes of a user may not have these names, nor be mounted on or
 * above these paths. */
#define MANIFEST_RUN_FOLDER     "/etc/picobarn/run"     /* ConfigMap NAME-run */
#define MANIFEST_KEYS_FOLDER    "/etc/picobarn/keys"    /* Secret NAME-scheduler */
#define MANIFEST_VIEW_FOLDER    "/etc/picobarn/view"    /* Secret picobarn-view */
#define MANIFEST_METRICS_FOLDER "/etc/picobarn/metrics" /* Secret picobarn-metrics */
#define MANIFEST_WORKER_FOLDER  "/etc/picobarn/worker"  /* Secret NAME-worker */
#define MANIFEST_LEDGER_FOLDER  "/var/lib/picobarn"     /* the claim */

/* The labels of a component's objects; the caller owns them. */
json_t *manifest_labels(const struct manifest_run *r, const char *component);

/* The labels by which Service and StatefulSet find their pod; they never change. */
json_t *manifest_pod_selector(const struct manifest_run *r, const char *component);

/* "metadata" of NAME<suffix>. */
json_t *manifest_metadata(const struct manifest_run *r, const char *suffix,
                          const char *component);

/* Sets the annotation K8S_HASH; takes the object over, and gives it back: NULL, and it is freed,
 * without memory, or if it is NULL (a text in it was no UTF-8). */
json_t *manifest_seal(json_t *object, struct error *err);

/* What differs between the two kinds of pods. */
struct manifest_pod {
    const char *component; /* and the container's name */
    const char *service_account;
    bool has_token; /* of the service account */
    bool restarts;  /* restartPolicy Always, else Never */
    const json_t *labels;
    const json_t *annotations;
    const json_t *resources;
    const char *priority_class; /* NULL: none */
    const json_t *patch;
    const char *patch_field; /* where it stands, for messages */
    json_t *container;       /* taken over: command, args, ports, probes, env, volumeMounts */
    json_t *volumes;         /* taken over */
};

/* The pod template, by "restricted", with the data's volumes and the user's patch. */
json_t *manifest_pod_template(const struct manifest_run *r, struct manifest_pod *pod,
                              struct error *err);

/* A volume and its mount appended to both lists; source is taken over: {"secret": {...}}. */
void manifest_mount(json_t *volumes, json_t *mounts, const char *name, const char *path,
                    json_t *source);

/* A Secret's volume source, readable by the pod's group. */
json_t *manifest_secret_source(const char *name, const char *suffix);

/* An argument in which Kubernetes shall replace nothing: every $ twice. */
json_t *manifest_literal(const char *text);

#endif
