/* SPDX-License-Identifier: Apache-2.0 */
/* cluster_objects.h - the secrets of a run in a cluster, and the objects that launch makes for it. */
#ifndef SCHEDULER_CLUSTER_OBJECTS_H
#define SCHEDULER_CLUSTER_OBJECTS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/json.h"
#include "k8s/k8s.h"
#include "k8s/manifest.h"
#include "scheduler/keys.h"

enum { CLUSTER_ID_SIZE = 17, CLUSTER_TOKEN_SIZE = 65 };

/* Made once a run; of a run that is there, read from its Secrets. */
struct cluster_secrets {
    struct keys keys;
    char run_id[CLUSTER_ID_SIZE];
    char token[CLUSTER_TOKEN_SIZE]; /* of who may act on the run */
    char view[CLUSTER_TOKEN_SIZE];  /* of who may look at the runs of the namespace */
    bool is_new;                    /* the run was not there */
};

/* k NULL: fresh ones, for a dry run. ERROR_INPUT if Secrets of these names are not those of a run. */
int cluster_secrets_find(struct cluster_secrets *s, struct k8s *k, const char *name,
                         struct error *err);

/* The objects in the order in which they are made: each is there before what needs it. */
enum cluster_object {
    CLUSTER_VIEW,
    CLUSTER_SCHEDULER_SECRET,
    CLUSTER_WORKER_SECRET,
    CLUSTER_CONFIG,
    CLUSTER_SERVICE,
    CLUSTER_SCHEDULER,
    CLUSTER_OBJECTS
};

struct cluster_objects {
    json_t *object[CLUSTER_OBJECTS];
};

/* r->run_id is the secrets'. cluster_objects_release is safe on a zeroed one. */
int cluster_objects_init(struct cluster_objects *o, const struct manifest_run *r,
                         const struct cluster_secrets *s, const char *run_file,
                         bool accept_changes, struct error *err);
void cluster_objects_release(struct cluster_objects *o);

#endif
