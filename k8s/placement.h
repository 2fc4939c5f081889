/* SPDX-License-Identifier: Apache-2.0 */
/* placement.h - what a run file says of Kubernetes (its section `kubernetes:`): image, room, data,
 * labels, and a patch for the pods. It changes where a run is computed, never its result, and is no
 * part of the run's specification. Read by scheduler/dataset_kubernetes.c. */
#ifndef K8S_PLACEMENT_H
#define K8S_PLACEMENT_H

#include <stdint.h>

#include "base/error.h"
#include "base/json.h"

/* Texts are owned; NULL or 0 where the run file says nothing and there is no default. */
enum { PLACEMENT_PODS_MOST = 100000 }; /* what max_pods may be */

struct placement {
    char *image; /* with digest, or a tag other than latest; required for --on k8s */
    char
        *image_pull_policy; /* "IfNotPresent", "Always", "Never"; NULL: the cluster's default */
    json_t *image_pull_secrets; /* list of names, or NULL */
    char *namespace;            /* NULL: the kubeconfig's */
    char *folder;    /* absolute, in the pods: where relative patterns of the run file start */
    json_t *volumes; /* list of {"name", "mountPath", "subPath"?, and one volume source as in a
                      * pod: "persistentVolumeClaim": {...}, "nfs": {...}, "configMap": ...};
                      * mounted read-only into scheduler and workers; or NULL */
    json_t *worker_resources;    /* {"requests": {...}, "limits": {...}}; has a default */
    json_t *scheduler_resources; /* the same */
    char *ledger_size;           /* quantity; default "10Gi" */
    char *ledger_storage_class;  /* NULL: the cluster's default */
    json_t *
        ledger_volume; /* a volume source in place of a claim of our own (an existing claim), or
                            * NULL */
    json_t *labels;    /* of Jobs and their pods, e.g. kueue.x-k8s.io/queue-name; or NULL */
    json_t *annotations;             /* the same */
    char *priority_class;            /* of the workers' pods, or NULL */
    char *scheduler_service_account; /* default "picobarn-scheduler" */
    char *worker_service_account;    /* default "picobarn-worker" */
    json_t *worker_patch; /* merged into the workers' pod template by manifest_merge; or NULL */
    json_t *scheduler_patch;    /* the same for the scheduler's pod; or NULL */
    uint64_t max_pods;          /* workers at the same time; default 100 */
    uint64_t shards_per_index;  /* 0: automatic */
    uint64_t active_deadline_s; /* of a Job; 0: none */
    uint64_t memory_mib;        /* of the compute program; 0: from the memory limit */
};

void placement_release(struct placement *p); /* safe on a zeroed one */

/* Fills in the defaults where nothing is said: of a worker 1 processor and 1Gi, requested and as a
 * limit; of the scheduler 250m and 256Mi requested, 1Gi as a limit. A larger request raises the
 * default limit, a smaller limit lowers the default request. */
int placement_complete(struct placement *p, struct error *err);

/* Checks the form of all that is there: names, quantities, paths, one source a volume. What is
 * wrong has its place as the run file writes it ("workers.requests.cpu", "volumes[2].mountPath")
 * put into field, and an ERROR_INPUT that names the value. */
enum { PLACEMENT_FIELD_SIZE = 160 };
int placement_check(const struct placement *p, char field[PLACEMENT_FIELD_SIZE],
                    struct error *err);

/* --memory of a worker: memory_mib, or what its memory limit leaves beside the session. */
uint64_t placement_worker_memory_mib(const struct placement *p);

#endif
