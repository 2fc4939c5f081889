/* SPDX-License-Identifier: Apache-2.0 */
/* rerunner.h - `picobarn rerun` of a run folder as a child, started over HTTP: the route for server.h
 *
 *     POST /api/v1/rerun      control   {"shards": "1,2"} or {}: 202; 409 while a scheduler works
 */
#ifndef SCHEDULER_RERUNNER_H
#define SCHEDULER_RERUNNER_H

#include <poll.h>

#include "base/json.h"
#include "scheduler/offspring.h"
#include "scheduler/server.h"
#include "scheduler/tail.h"

enum { RERUNNER_FDS = 3 };

/* To be made by rerunner_init; the context of the route. */
struct rerunner {
    const char *folder; /* borrowed */
    struct offspring child;
    struct tail said; /* the last of its errors */
    bool was_started;
    int status; /* of the last that ended; -1: none did */
};

extern const struct server_route rerunner_routes[];

void rerunner_init(struct rerunner *r, const char *folder);
void rerunner_release(struct rerunner *r); /* ends the child */

/* What to wait for, and what to do then; as keeper.h has them. */
void rerunner_wait_for(const struct rerunner *r, struct pollfd fd[RERUNNER_FDS]);
void rerunner_turn(struct rerunner *r);

/* {"doing": "rerun", "running": true, "exit": 0, "said": "..."} for the caller; NULL before the first. */
json_t *rerunner_to_json(void *rerunner);

#endif
