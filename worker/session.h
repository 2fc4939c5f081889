/* SPDX-License-Identifier: Apache-2.0 */
/* session.h - the session: a worker's side of the lease conversation. Opens no data; feeds the
 * compute program, replaces it when it dies, and keeps every answer until it is acknowledged. */
#ifndef WORKER_SESSION_H
#define WORKER_SESSION_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

enum session_end {
    SESSION_DONE = 0,      /* the scheduler had nothing more, and has all that was computed */
    SESSION_REFUSED = 65,  /* it does not want this worker */
    SESSION_TROUBLE = 75,  /* it was not to be reached, or the compute program does not start */
    SESSION_STOPPED = 143, /* asked to stop by a signal */
};

struct session_options {
    const char *connect;   /* path of worker.json: endpoint, keys and run */
    const char *name;      /* of this worker; NULL: a random one */
    const char *host;      /* where it runs, for the records; NULL: the host's name */
    size_t n_threads;      /* 0: what the process may use */
    uint64_t memory_bytes; /* of the compute program; 0: no limit */
    uint32_t patience_s;   /* without a scheduler */
    uint64_t n_shards;     /* it ends after so many; 0: as many as there are */
    uint32_t spread_s;     /* it begins at a random moment within so many seconds */
};

/* Works until one of these ends; -1 with the error set for a bad worker.json. */
int session_run(const struct session_options *options, struct error *err);

#endif
