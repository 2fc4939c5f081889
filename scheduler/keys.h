/* SPDX-License-Identifier: Apache-2.0 */
/* keys.h - a run's secrets: the keys of its wire and the key that seals its leases. They stand in
 * the run folder's keys.json, readable by its owner only, and are made once a run, so that
 * workers find a restarted scheduler again. */
#ifndef SCHEDULER_KEYS_H
#define SCHEDULER_KEYS_H

#include "base/digest.h"
#include "base/error.h"
#include "scheduler/run.h"
#include "worker/wire.h"

struct keys {
    struct wire_keys server;
    struct wire_keys worker; /* one for all workers of the run */
    uint8_t lease[DIGEST_KEY_SIZE];
};

/* Reads keys.json, or makes it. */
int keys_open(struct keys *keys, const struct run *r, struct error *err);

/* Writes worker.json: all that a worker needs to join, and where. */
int keys_write_invitation(const struct keys *keys, const struct run *r, const char *endpoint,
                          struct error *err);

/* The endpoint of the invitation that is there, to listen on again; NULL if there is none. The
 * caller frees it. */
char *keys_last_endpoint(const struct run *r);

#endif
