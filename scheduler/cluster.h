/* SPDX-License-Identifier: Apache-2.0 */
/* cluster.h - a run in a Kubernetes cluster, seen from outside: picobarn launch --on k8s makes its
 * objects, and finds them again.
 *
 * The run itself, scheduler and ledger, lives in the cluster (k8s/manifest.h); whoever launched it
 * may go away at any point. */
#ifndef SCHEDULER_CLUSTER_H
#define SCHEDULER_CLUSTER_H

#include <stdbool.h>

#include "base/error.h"

/* All borrowed; NULL where nothing was said. */
struct cluster_launch {
    const char *run_file; /* path */
    const char *name;     /* of the run; NULL: the run file's */
    const char *kubeconfig;
    const char *context;
    const char *namespace; /* NULL: the run file's, else the kubeconfig's */
    const char *results;   /* folder for result.json and the plot; NULL: ./NAME.run */
    bool accept_changes;
    bool detach;  /* do not wait for its end */
    bool dry_run; /* make nothing */
    bool as_yaml; /* of a dry run: print the objects */
};

/* Makes what is missing of the run's objects and follows it to its end, when its results are
 * fetched. Run again, it finds the run as it stands. Returns an exit_status, or -1; what this call
 * made is removed again if the cluster refuses the run. */
int cluster_launch(const struct cluster_launch *what, struct error *err);

#endif
