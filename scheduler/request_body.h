/* SPDX-License-Identifier: Apache-2.0 */
/* request_body.h - what the bodies of requests to server.h ask for. Each function that fails has put the
 * refusal into the answer. */
#ifndef SCHEDULER_REQUEST_BODY_H
#define SCHEDULER_REQUEST_BODY_H

#include <stdbool.h>

#include "base/json.h"
#include "scheduler/server.h"

/* The body as a JSON object that the caller owns, or NULL. Without a body it is an empty one. */
json_t *request_body(const struct server_request *request, struct server_answer *answer);

/* {"shards": "3,17"}: *shards is borrowed, NULL where nothing is said: all. */
bool request_shards(const json_t *body, const char **shards, struct server_answer *answer);

#endif
