/* SPDX-License-Identifier: Apache-2.0 */
/* relay_api.h - the HTTP API of a run in a cluster, passed on by a server of this machine; and a page
 * for people. The routes are those of keeper_api.h and
 * those of page_api.h: the page itself comes out of this program, all that it reads from the
 * scheduler.
 */
#ifndef SCHEDULER_RELAY_API_H
#define SCHEDULER_RELAY_API_H

#include "scheduler/remote.h"
#include "scheduler/server.h"

struct relayed_request;

/* The context of the routes; zeroed but for remote. Released when both the server and the client are
 * closed. */
struct relay_api {
    struct remote *remote;         /* borrowed */
    struct server *server;         /* borrowed: what is woken when something came */
    struct relayed_request *first; /* those under way */
};

extern const struct server_route relay_api_routes[];

void relay_api_release(struct relay_api *api);

#endif
