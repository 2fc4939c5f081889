/* SPDX-License-Identifier: Apache-2.0 */
/* progress.h - how far a run is: a bar that redraws itself on a terminal, plain lines in a log. */
#ifndef SCHEDULER_PROGRESS_H
#define SCHEDULER_PROGRESS_H

#include "scheduler/dispatch.h"

struct progress;

/* Writes to standard error. NULL without memory, which all functions take. */
struct progress *progress_open(void);

/* For dispatch_options.show; context is the progress. */
void progress_show(void *context, const struct dispatch_view *view);

/* Ends the line at hand. */
void progress_close(struct progress *p);

#endif
