/* SPDX-License-Identifier: Apache-2.0 */
/* byhand.h - one file inspected or one shard computed from the command line, with the same code,
 * in the same sandbox, as in a run: to look into a failure, or into a file. */
#ifndef WORKER_BYHAND_H
#define WORKER_BYHAND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct byhand {
    const char *path;
    const char *order;    /* file with the order's JSON, or NULL */
    const char *analysis; /* without an order; NULL: higgs4l */
    const char *weight;   /* or NULL */
    const char *rows;     /* "first-stop" */
    uint32_t channels;    /* bits of those to fill */
    bool shows_digest;    /* print that of the partial and nothing else */
    size_t n_threads;
};

/* Enters the sandbox: once, before anything else here. */
int byhand_enter(struct error *err);

/* Prints what reader_inspect finds, as one JSON line. */
int byhand_inspect(const struct byhand *what, struct error *err);

/* Prints events, cutflow and the digest of the partial. */
int byhand_shard(const struct byhand *what, struct error *err);

#endif
