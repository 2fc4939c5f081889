/* SPDX-License-Identifier: Apache-2.0 */
/* figure_options.h - the options that say which histogram is drawn, and how. */
#ifndef SCHEDULER_COMMANDS_FIGURE_OPTIONS_H
#define SCHEDULER_COMMANDS_FIGURE_OPTIONS_H

#include "base/error.h"
#include "scheduler/command.h"
#include "scheduler/figure.h"

/* Rows of a command's table. */
/* clang-format off */
#define FIGURE_OPTIONS                                                          \
    {"hist", 0, "NAME", "which histogram (default: the first of the analysis)"}, \
    {"channel", 0, "NAME", "only this channel (default: their sum)"},            \
    {"log", 0, NULL, "logarithmic, whatever the analysis says"},                 \
    {"linear", 0, NULL, "linear, whatever the analysis says"}
/* clang-format on */

/* What they say; the request borrows from the invocation. Whether there is such a histogram is for
 * figure.h to find. */
int figure_options_read(const struct invocation *invocation, struct figure_request *request,
                        struct error *err);

#endif
