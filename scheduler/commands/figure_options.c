/* SPDX-License-Identifier: Apache-2.0 */
/* figure_options.c - see figure_options.h */
#include "scheduler/commands/figure_options.h"

int figure_options_read(const struct invocation *invocation, struct figure_request *request,
                        struct error *err)
{
    bool log_y = invocation_flag(invocation, "log");
    bool linear_y = invocation_flag(invocation, "linear");
    if (log_y && linear_y) {
        return error_set(err, ERROR_INPUT, "--log and --linear contradict each other");
    }
    *request = (struct figure_request){.hist = invocation_option(invocation, "hist"),
                                       .channel = invocation_option(invocation, "channel"),
                                       .log_y = log_y      ? 1
                                                : linear_y ? 0
                                                           : -1};
    return 0;
}
