/* SPDX-License-Identifier: Apache-2.0 */
/* progress.h - how far a run is: a bar that redraws itself on a terminal, plain lines in a log. */
#ifndef SCHEDULER_PROGRESS_H
#define SCHEDULER_PROGRESS_H

#include "scheduler/dispatch.h"

struct progress;

/* Writes to standard error. NULL without memory, which all functions take. */
struct progress *progress_open(void);

/* How far a phase is. */
struct progress_numbers {
    enum lease_kind phase; /* inspecting files, or computing shards */
    size_t n_done;         /* jobs of it */
    size_t n_failed;       /* of shards: with the files that have none because they failed */
    size_t n_all;
    uint64_t n_events; /* of all shards done */
    size_t n_workers;
    const char *paused; /* why nothing goes on just now, or NULL */
    const char *note;   /* what is said instead of all this, or NULL */
};

void progress_update(struct progress *p, const struct progress_numbers *numbers);

/* The same of a dispatch: for dispatch_options.show; context is the progress. */
void progress_show(void *context, const struct dispatch_view *view);

/* Ends the line at hand. */
void progress_close(struct progress *p);

#endif
