/* SPDX-License-Identifier: Apache-2.0 */
/* metrics_access.c - see metrics_access.h */
#include "scheduler/metrics_access.h"

#include <errno.h>
#include <unistd.h>

#include "scheduler/listen.h"
#include "scheduler/token.h"

int metrics_access(const struct invocation *invocation, bool may_be_missing,
                   struct server_options *options, struct buffer *token, struct error *err)
{
    const char *path = invocation_option(invocation, "metrics-token");
    bool is_loopback = false;
    options->has_open_metrics = invocation_flag(invocation, "metrics-open");
    if (path != NULL && options->has_open_metrics) {
        return error_set(err, ERROR_INPUT, "say --metrics-token or --metrics-open, not both");
    }
    if (options->has_open_metrics && listen_check(options->listen, &is_loopback, err) != 0) {
        return -1;
    }
    if (options->has_open_metrics && !is_loopback) {
        return error_set(err, ERROR_INPUT,
                         "--metrics-open: others could read them at %s: say --metrics-token "
                         "instead",
                         options->listen);
    }
    if (path == NULL ||
        (may_be_missing && access(path, F_OK) != 0 && (errno == ENOENT || errno == ENOTDIR))) {
        return 0;
    }
    if (token_read(path, token, err) != 0) {
        return -1;
    }
    options->metrics_token = buffer_string(token);
    return options->metrics_token == NULL ? error_no_memory(err, "a token") : 0;
}
