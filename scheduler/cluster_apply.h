/* SPDX-License-Identifier: Apache-2.0 */
/* cluster_apply.h - makes the objects of a run, brings those that are there up to date, and takes
 * back what one launch made. */
#ifndef SCHEDULER_CLUSTER_APPLY_H
#define SCHEDULER_CLUSTER_APPLY_H

#include "scheduler/cluster_objects.h"

/* What one launch made or changed. */
struct cluster_made {
    bool created[CLUSTER_OBJECTS];
    bool changed[CLUSTER_OBJECTS];
};

/* Makes what is missing; a ConfigMap or StatefulSet of this run that is there and differs is
 * patched. ERROR_INPUT for objects of these names that are not the run's. *made tells, after a
 * failure too. */
int cluster_apply(struct k8s *k, const struct cluster_objects *o, struct cluster_made *made,
                  struct error *err);

/* The server's verdict on each object, without making any. */
int cluster_apply_dry(struct k8s *k, const struct cluster_objects *o, struct error *err);

/* Deletes what was created, and the claim that the StatefulSet made. What cannot be deleted is
 * left. */
void cluster_take_back(struct k8s *k, const struct cluster_objects *o,
                       const struct cluster_made *made);

#endif
