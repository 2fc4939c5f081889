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
    const char *name; /* of the run in its cluster, or NULL */
};

/* A worker that ended. Borrowed until the next look. */
struct launcher_gone {
    const char *name; /* NULL: none did */
    const char *why;  /* what is known of its end, or NULL */
    const char *log;  /* its last lines, or NULL */
    bool is_oom;      /* it needed more memory than it may have: what it worked on is suspect */
};

/* A launcher that is working; its kind knows what is behind. */
struct launcher;

struct launcher_kind {
    const char *name; /* what --on takes */
    const char *summary;

    /* Starts workers for a run whose worker.json is written. */
    struct launcher *(*open)(const struct run *r, const struct launcher_options *options,
                             struct error *err);

    /* Replaces workers that ended. One that ended since the last call goes into *gone; the
     * caller calls again until there is none. Fails (ERROR_SYSTEM) if workers end as fast as
     * they are started, (ERROR_INPUT) if they may not be started at all. Never waits. */
    int (*look)(struct launcher *l, struct launcher_gone *gone, struct error *err);

    /* Finds out why a worker goes, or is not heard any more: if that is to be known, a look soon
     * tells of it as one that ended. False if not. NULL where a look tells by itself. */
    bool (*ask)(struct launcher *l, const char *name);

    /* is_over: nothing is left to do, and the workers were told. Else workers that end with this
     * program are stopped; others wait for the next scheduler of the run. */
    void (*close)(struct launcher *l, bool is_over);

    /* Where nothing is left to do: removes workers that an earlier scheduler left. NULL where they
     * end with it. */
    void (*sweep)(const struct run *r, const struct launcher_options *options);
};

/* All kinds, NULL-terminated. */
extern const struct launcher_kind *const launchers[];
extern const struct launcher_kind launcher_jobs;
extern const struct launcher_kind launcher_local;
extern const struct launcher_kind launcher_none;

/* ERROR_INPUT that lists what there is. */
const struct launcher_kind *launcher_find(const char *name, struct error *err);

#endif
