/* SPDX-License-Identifier: Apache-2.0 */
/* metrics_access.h - who may have /metrics, as the command line says it. */
#ifndef SCHEDULER_METRICS_ACCESS_H
#define SCHEDULER_METRICS_ACCESS_H

#include "base/bytes.h"
#include "base/error.h"
#include "scheduler/command.h"
#include "scheduler/server.h"

/* Rows of a command's table of options. */
/* clang-format off */
#define METRICS_ACCESS_OPTIONS \
    {"metrics-token", 0, "FILE", "a file with a token that is good for /metrics only"}, \
    {"metrics-open", 0, NULL, "/metrics needs no token; on loopback only"}
/* clang-format on */

/* Sets what server_open needs for them; options->listen is there already. *token, empty before, is
 * what the options borrow, for the caller to release. may_be_missing: a token's file that is not there
 * is as none said. ERROR_INPUT for what does not fit. */
int metrics_access(const struct invocation *invocation, bool may_be_missing,
                   struct server_options *options, struct buffer *token, struct error *err);

#endif
