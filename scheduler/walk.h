/* SPDX-License-Identifier: Apache-2.0 */
/* walk.h - the walk of the data that launch and rerun share: inspect, plan, compute, write. */
#ifndef SCHEDULER_WALK_H
#define SCHEDULER_WALK_H

#include "base/error.h"
#include "scheduler/command.h"
#include "scheduler/dispatch.h"
#include "scheduler/launcher.h"
#include "scheduler/run.h"

/* The options of it, for the table of a command. */
#define WALK_OPTIONS                                                                           \
    {"workers", 0, "N", "worker processes (default: as many as there are processors)"},        \
        {"threads", 0, "N", "threads of each worker (default: its share of the processors)"},  \
        {"on", 0, "local|none|k8s|jobs",                                                       \
         "where workers run: local processes; none: started by hand; k8s: the whole run in a " \
         "Kubernetes cluster; jobs: as Jobs of the cluster that this program is in"},          \
        {"listen", 0, "ENDPOINT",                                                              \
         "where workers connect (default tcp://127.0.0.1:*, any port)"},                       \
        {"name", 0, "NAME", "name of the run in a cluster (default: the run file's name)"},    \
        {"keys", 0, "FILE", "the run's secrets (default: keys.json of its folder)"},           \
        {"stop-after", 0, "SHARDS", "stop when so many shards are done, to go on later"},      \
    {                                                                                          \
        "shuffle", 0, "SEED", "lease the shards in a random order"                             \
    }

struct walk_options {
    const struct launcher_kind *kind;
    struct launcher_options launch;
    struct dispatch_options dispatch;
};

/* Takes WALK_OPTIONS from a command line; to be done before anything is touched. ERROR_INPUT. */
int walk_read_options(struct walk_options *o, const struct invocation *invocation,
                      struct error *err);

/* Does what is left of the run, writes result and plot, prints the SHA-256 and the coverage.
 * Returns the exit status, or -1. */
int walk(struct run *r, const struct walk_options *options, struct error *err);

#endif
