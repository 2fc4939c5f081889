/* SPDX-License-Identifier: Apache-2.0 */
/* mended.h - is a file that was replaced a good copy of the one that was inspected?
 *
 * A copy that was fetched again after some of its bytes had been damaged has the same size and
 * the same layout, chunk by chunk. Where each chunk carries a checksum, every shard that was
 * accepted had read what was first written, so that these shards stand; only those that failed
 * are computed again. Anything else is another file, and all its shards are. */
#ifndef SCHEDULER_MENDED_H
#define SCHEDULER_MENDED_H

#include "base/error.h"
#include "base/json.h"
#include "scheduler/run.h"

/* The file as it is now, inspected by the worker program: the inspection if it is such a copy
 * (the caller owns it), NULL if it is not or cannot be read. */
json_t *mended_inspect(const struct run *r, const struct run_file *f);

#endif
