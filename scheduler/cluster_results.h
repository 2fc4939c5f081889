/* SPDX-License-Identifier: Apache-2.0 */
/* cluster_results.h - the results of a run in a cluster, brought here. */
#ifndef SCHEDULER_CLUSTER_RESULTS_H
#define SCHEDULER_CLUSTER_RESULTS_H

#include "base/bytes.h"
#include "base/error.h"
#include "scheduler/remote.h"

/* ERROR_INPUT if the folder is that of a run on this machine, whose results would be replaced. */
int cluster_results_check(const char *folder, struct error *err);

/* Fetches result.json, run.json and the plot into the folder, which is made if it is missing; each
 * file is replaced whole, and a line that names it put into out. What the scheduler has not written
 * is passed over. */
int cluster_results_fetch(struct remote *r, const char *folder, struct buffer *out,
                          struct error *err);

#endif
