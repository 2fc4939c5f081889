/* SPDX-License-Identifier: Apache-2.0 */
/* dispatch.h - the scheduler's event loop: hands out leases, hears workers, commits what they
 * bring, and takes back what they lost. */
#ifndef SCHEDULER_DISPATCH_H
#define SCHEDULER_DISPATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "scheduler/launcher.h"
#include "scheduler/run.h"
#include "worker/message.h"

struct dispatch;

/* What may be shown while it goes on. */
struct dispatch_view {
    const struct run *run;
    enum lease_kind phase; /* inspecting files, or computing shards */
    size_t n_workers;
    uint64_t n_events; /* of the shards done, in this and earlier sessions */
    uint64_t n_events_planned;
    const char *paused; /* why nothing goes on just now, or NULL */
};

struct dispatch_options {
    const char
        *listen;      /* endpoint, or NULL: where it listened last, else any port of loopback */
    const char *keys; /* file of the run's secrets, or NULL: its folder's */
    uint64_t stop_after; /* shards done, then stop; 0: all */
    uint64_t shuffle;    /* lease in a random order of this seed; 0: all samples side by side */
    uint32_t silence_ms; /* a worker without a word for so long is gone; 0: 8 s */
    void (*show)(void *context, const struct dispatch_view *view); /* a few times a second */
    void *context;
};

enum dispatch_end {
    DISPATCH_DONE,    /* every job of the phase is done or failed */
    DISPATCH_STOPPED, /* a signal, or stop_after */
};

/* Listens and writes worker.json. Blocks SIGINT and SIGTERM, to hear of them. */
struct dispatch *dispatch_open(struct run *r, const struct dispatch_options *options,
                               struct error *err);

/* Workers that were asked for come from there. */
int dispatch_start_workers(struct dispatch *d, const struct launcher_kind *kind,
                           const struct launcher_options *options, struct error *err);

/* Works until all jobs of one kind are done or failed; 0 with *end, or -1. What was accepted is
 * committed either way. */
int dispatch_work(struct dispatch *d, enum lease_kind phase, enum dispatch_end *end,
                  struct error *err);

/* Ends the workers that were started; tells the others that nothing is left, if that is so: else
 * they wait for the next scheduler of this run. NULL is allowed. */
void dispatch_close(struct dispatch *d);

#endif
