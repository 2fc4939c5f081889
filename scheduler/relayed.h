/* SPDX-License-Identifier: Apache-2.0 */
/* relayed.h - a command that somebody sent: whether it may run here, and its answer as a stream. */
#ifndef SCHEDULER_RELAYED_H
#define SCHEDULER_RELAYED_H

#include "base/error.h"
#include "base/json.h"
#include "scheduler/server.h"

enum { RELAYED_MOST = 8 }; /* at the same time */

/* Starts the command of {"argv": ["status", "-o", "json"]} on the run of that folder: one of those
 * with COMMAND_RELAYED, without operands, and with "-" for each file it would write. The source then
 * gives the parts of reply.h. *n_running counts those that have not ended, and must live as long.
 * ERROR_INPUT for what may not run, ERROR_SYSTEM also if RELAYED_MOST run. */
int relayed_start(const json_t *body, const char *folder, size_t *n_running,
                  struct server_source *source, struct error *err);

/* Pure: checks argv, and puts the folder behind it: a list of words ended by NULL that borrows them;
 * to be freed. NULL with ERROR_INPUT. */
const char **relayed_check(const json_t *body, const char *folder, struct error *err);

#endif
