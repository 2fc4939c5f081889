/* SPDX-License-Identifier: Apache-2.0 */
/* manifest.h - the Kubernetes objects of a run, as JSON. Pure: no request is made here.
 *
 * Of the run NAME (at most MANIFEST_NAME_MOST characters, an RFC 1123 label):
 *
 *     ConfigMap NAME-run        run.yaml
 *     Secret NAME-scheduler     keys.json (the wire's keys, the run's id), token (who may act)
 *     Secret NAME-worker        worker.json (how a worker joins)
 *     Secret picobarn-view      token (who may look); one for all runs of the namespace
 *     Secret picobarn-metrics   token (for Prometheus); the administrator's, who may leave it out
 *     Service NAME              ports wire (5555) and http (8080) of the scheduler's pod
 *     StatefulSet NAME          one pod: picobarn tend; the ledger on the claim ledger-NAME-0
 *     Job NAME-w0, NAME-w1...   the workers, made by the scheduler: Indexed, an index is a slot
 *
 * All satisfy Pod Security "restricted". Every object has the labels app.kubernetes.io/name
 * (picobarn), /instance (NAME), /component (scheduler, worker), /managed-by (picobarn), /version,
 * picobarn/run-id; but the Secret of all runs only what they have in common. And the annotation
 * picobarn/spec-hash: a digest of all that was asked for, by which k8s_ensure tells ours from
 * somebody else's. A Secret's values are left out of it: each launch makes fresh ones, and those
 * of the first stay. */
#ifndef K8S_MANIFEST_H
#define K8S_MANIFEST_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/error.h"
#include "base/json.h"
#include "k8s/placement.h"

enum { MANIFEST_NAME_MOST = 40, MANIFEST_INDEXES_MOST = 5000 };
#define MANIFEST_VIEW_SECRET    "picobarn-view"
#define MANIFEST_METRICS_SECRET "picobarn-metrics"
#define MANIFEST_RUN_ID         "picobarn/run-id" /* label */
enum { MANIFEST_WIRE_PORT = 5555, MANIFEST_HTTP_PORT = 8080 };

/* What all objects of a run have in common; all borrowed. */
struct manifest_run {
    const char *name;      /* NAME */
    const char *namespace; /* where it is */
    const char *run_id;
    const struct placement *placement;
};

/* A worker Job. Its annotation MANIFEST_SHARDS_PER_INDEX says how much a slot does. */
#define MANIFEST_SHARDS_PER_INDEX "picobarn/shards-per-index"
struct manifest_job {
    uint32_t number;           /* its name is NAME-w<number> */
    uint32_t n_indexes;        /* completions, 1 to MANIFEST_INDEXES_MOST */
    uint32_t parallelism;      /* at first; at most n_indexes */
    uint64_t shards_per_index; /* after so many the worker ends */
};

/* Checks NAME: ERROR_INPUT that says what is allowed. */
int manifest_check_name(const char *name, struct error *err);

/* Checks what a placement needs before anything is made: an image that is pinned, names and
 * quantities of the right form, one source a volume, no mount on a path of ours. ERROR_INPUT that
 * names field and value. */
int manifest_check_placement(const struct placement *p, struct error *err);

/* Each returns the object, which the caller owns; NULL with ERROR_INPUT where a patch cannot be
 * merged. */
json_t *manifest_config(const struct manifest_run *r, const char *run_file, struct error *err);
json_t *manifest_scheduler_secret(const struct manifest_run *r, const char *keys_json,
                                  const char *token, struct error *err);
json_t *manifest_worker_secret(const struct manifest_run *r, const char *worker_json,
                               struct error *err);
json_t *manifest_view_secret(const struct manifest_run *r, const char *token,
                             struct error *err);
json_t *manifest_service(const struct manifest_run *r, struct error *err);

/* accept_changes: the scheduler is started with --accept-changes. run_file is hashed into the pod
 * template, so that another one restarts the pod. */
json_t *manifest_scheduler(const struct manifest_run *r, const char *run_file,
                           bool accept_changes, struct error *err);
json_t *manifest_job(const struct manifest_run *r, const struct manifest_job *job,
                     struct error *err);

/* The selector of all objects of a run, or of one component ("worker", NULL for all), for list and
 * watch; to be freed. NULL without memory. */
char *manifest_selector(const char *name, const char *component);

/* Merges a patch into a pod template ({"metadata": ..., "spec": ...}) as `kubectl patch
 * --type=strategic` does: maps key by key; lists of objects that have a merge key by it (containers,
 * volumes, env by name; volumeMounts by mountPath; ports by containerPort: manifest_merge.c has the
 * table), new items before those that were there; other lists (tolerations, args) are replaced;
 * null removes. The directives $patch (delete, replace), $retainKeys and
 * $deleteFromPrimitiveList are known. *pod_template is changed in place, or left as it was. */
int manifest_merge(json_t *pod_template, const json_t *patch, struct error *err);

/* The objects as one YAML stream with "---" between, secrets' values shown as they are if
 * with_secrets, else as "(hidden)"; keys in the order in which they were set. */
int manifest_write_yaml(const json_t *const *object, size_t n, bool with_secrets,
                        struct buffer *out, struct error *err);

#endif
