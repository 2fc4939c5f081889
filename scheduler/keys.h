/* SPDX-License-Identifier: Apache-2.0 */
/* keys.h - a run's secrets: the keys of its wire and the key that seals its leases. They stand in
 * the run folder's keys.json, readable by its owner only, and are made once a run, so that
 * workers find a restarted scheduler again. Of a run in a cluster they are made by who launches
 * it, and mounted. */
#ifndef SCHEDULER_KEYS_H
#define SCHEDULER_KEYS_H

#include "base/digest.h"
#include "base/error.h"
#include "base/json.h"
#include "scheduler/run.h"
#include "worker/wire.h"

struct keys {
    struct wire_keys server;
    struct wire_keys worker; /* one for all workers of the run */
    uint8_t lease[DIGEST_KEY_SIZE];
};

int keys_make(struct keys *keys, struct error *err);

/* As they stand in keys.json; the caller owns it. */
json_t *keys_to_json(const struct keys *keys);

/* ERROR_INPUT if these are no keys. */
int keys_from_json(struct keys *keys, const json_t *json, struct error *err);

/* Reads the keys of that file, or of keys.json (path NULL), which is made if it is missing. */
int keys_open(struct keys *keys, const struct run *r, const char *path, struct error *err);

/* The id that the run is to have, where a file of keys says one ("run"): keys and id were made
 * together, before the run. NULL with ERROR_NONE if it says none. The caller frees it. */
char *keys_run_id(const char *path, struct error *err);

/* All that a worker needs to join, and where, as it stands in worker.json; the caller owns it. */
json_t *keys_invitation(const struct keys *keys, const char *run_id, const char *endpoint);

/* Writes worker.json. */
int keys_write_invitation(const struct keys *keys, const struct run *r, const char *endpoint,
                          struct error *err);

/* The endpoint of the invitation that is there, to listen on again; NULL if there is none. The
 * caller frees it. */
char *keys_last_endpoint(const struct run *r);

#endif
