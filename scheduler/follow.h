/* SPDX-License-Identifier: Apache-2.0 */
/* follow.h - a run in a cluster followed to its end, as launch shows its own: the bar, why pods wait,
 * the outcome. The run neither needs it nor notices it. */
#ifndef SCHEDULER_FOLLOW_H
#define SCHEDULER_FOLLOW_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/json.h"
#include "scheduler/progress.h"
#include "scheduler/remote.h"

/* Polls the scheduler once a second, shows on standard error how far it is, prints at the end what
 * its launch (or rerun) printed, and returns its exit status. A connection that is lost is tried
 * again, for ever; so is a refusal of the API server, for a while, once the run was seen. SIGINT or
 * SIGTERM: prints how to come back, EXIT_INCOMPLETE. -1 with ERROR_INPUT for a run that is not
 * there for us, and with the words of a launch that was refused there. */
int follow(struct remote *r, struct error *err);

/* ---- pure, for tests ---- */

/* What a state (keeper_api.h) says. */
struct follow_state {
    struct progress_numbers numbers;
    bool has_numbers;  /* there is a ledger */
    bool is_over;      /* nothing more will happen by itself */
    int exit_status;   /* then */
    char waiting[600]; /* why nothing goes on just now, or "" */
};

/* Text and numbers are taken as they are there; what is missing or of another type counts as not
 * said. */
void follow_read_state(const json_t *state, struct follow_state *out);

/* The last line that a child wrote as its program's refusal ("picobarn: ..."), without that name; else
 * its last line. Borrowed from said, which may be NULL. */
const char *follow_last_line(const char *said, size_t *size);

#endif
