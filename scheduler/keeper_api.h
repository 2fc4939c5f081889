/* SPDX-License-Identifier: Apache-2.0 */
/* keeper_api.h - a keeper and its run folder over HTTP: the routes for server.h, beside those of page_api.h.
 *
 *     GET  /api/v1/state      view      the keeper, `picobarn status -o json`, pods.json
 *     POST /api/v1/command    view      {"argv": [...]}: the parts of reply.h
 *     POST /api/v1/rerun      control   {"shards": "1,2"} or {}: 202; 409 while a child works
 *     POST /api/v1/launch     control   {}: the same
 *     POST /api/v1/pods       control   {"max": N}: into the run folder's file max_pods
 */
#ifndef SCHEDULER_KEEPER_API_H
#define SCHEDULER_KEEPER_API_H

#include "scheduler/keeper.h"
#include "scheduler/look.h"
#include "scheduler/server.h"

/* The context of the routes; zeroed but for the first three. Released by keeper_api_release. */
struct keeper_api {
    struct keeper *keeper; /* borrowed */
    const char *folder;    /* borrowed */
    const char *name;      /* of the run, or NULL; borrowed */
    struct look look;      /* of the run, once there is a ledger */
    size_t n_commands;     /* that run for somebody */
    uint64_t look_again_ms;
    bool had_child;   /* when it was looked at */
    json_t *progress; /* as it was last; NULL: unknown */
};

extern const struct server_route keeper_api_routes[];

void keeper_api_release(struct keeper_api *api);

#endif
