/* SPDX-License-Identifier: Apache-2.0 */
/* launcher.h - who starts workers: a table of functions, one row a kind of place. */
#ifndef SCHEDULER_LAUNCHER_H
#define SCHEDULER_LAUNCHER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "scheduler/run.h"

struct launcher_options {
    size_t n_workers; /* 0: as many as fit */
    size_t n_threads; /* per worker, 0: as many as fit */
};

/* A launcher that is working; its kind knows what is behind. */
struct launcher;

struct launcher_kind {
    const char *name; /* what --on takes */
    const char *summary;

    /* Starts workers for a run whose worker.json is written. */
    struct launcher *(*open)(const struct run *r, const struct launcher_options *options,
                             struct error *err);

    /* Replaces workers that ended. The name of one that ended since the last call goes into
     * *gone (borrowed until the next call), NULL if none did; the caller calls again until then.
     * Fails (ERROR_SYSTEM) if workers end as fast as they are started. */
    int (*look)(struct launcher *l, const char **gone, struct error *err);

    /* Ends them all: they were told that nothing is left to do, or are stopped. */
    void (*close)(struct launcher *l);
};

/* All kinds, NULL-terminated. */
extern const struct launcher_kind *const launchers[];
extern const struct launcher_kind launcher_local;
extern const struct launcher_kind launcher_none;

/* ERROR_INPUT that lists what there is. */
const struct launcher_kind *launcher_find(const char *name, struct error *err);

#endif
