/* SPDX-License-Identifier: Apache-2.0 */
/* dispatch_state.h - private to dispatch*.c: what the event loop holds, and what its two halves,
 * the rounds (dispatch.c) and the conversation (dispatch_hear.c), call of each other. */
#ifndef SCHEDULER_DISPATCH_STATE_H
#define SCHEDULER_DISPATCH_STATE_H

#include <signal.h>

#include "scheduler/crew.h"
#include "scheduler/dispatch.h"
#include "scheduler/intake.h"
#include "scheduler/keys.h"
#include "scheduler/leasing.h"
#include "scheduler/live.h"
#include "worker/wire.h"

enum { DISPATCH_TICK_MS = 100 };

struct dispatch {
    struct run *run;
    struct dispatch_options options;
    struct keys keys;
    struct wire *wire;
    struct crew crew;
    struct intake intake;
    struct leasing leasing;
    const struct launcher_kind *kind;
    struct launcher *launcher;
    char *order; /* JSON for WELCOME */
    enum lease_kind phase;
    int signals;             /* descriptor of SIGINT and SIGTERM, or -1 */
    sigset_t signals_before; /* the mask to go back to */
    bool stopped;
    bool is_held;                 /* a person paused the run (hold.h) */
    bool is_over;                 /* nothing is left to do: workers may end */
    char paused[ERROR_TEXT_SIZE]; /* why the ledger cannot be written; "" when it can */
    uint64_t paused_since_ms;
    uint64_t retried_ms;
    uint64_t ticked_ms;
    uint64_t n_events;
    struct live live; /* what was told last, and counts that go on */
    struct buffer live_text;
    uint64_t tell_again_ms;
    uint64_t rated_ms;     /* when the rate was last brought up to date, */
    uint64_t rated_events; /* and the most that was done by then */
    struct buffer in;
    struct buffer out;
};

/* Sends d->out. False if it is not on its way: the worker's connection is gone, or takes no
 * more. */
bool dispatch_say(struct dispatch *d, struct member *m);
void dispatch_say_bare(struct dispatch *d, const struct wire_peer *peer,
                       enum message_type type);
void dispatch_acknowledge(struct dispatch *d, const struct wire_peer *peer,
                          const struct lease_id *id, enum ack_verdict verdict);

/* Forgets a worker; its leases are recorded as lost, with the reason and its last lines (both may
 * be NULL), and wait again. The one that it was at broke it, if it ran out of memory. */
void dispatch_dismiss(struct dispatch *d, struct member *m, const struct launcher_gone *gone);

/* The same, once the launcher has told why it goes, or for a while has not; at once if it holds
 * nothing, or nothing is to be known. why: in place of that; kept. */
void dispatch_part(struct dispatch *d, struct member *m, const char *why);

/* What others see (live.json): counts what was committed; tells all of it, if it is time; says that
 * it is over. */
void dispatch_live_begin(struct dispatch *d);
void dispatch_live_count(struct dispatch *d, const struct arrival *a);
void dispatch_live_tell(struct dispatch *d);
void dispatch_live_end(struct dispatch *d);

uint32_t dispatch_heartbeat_ms(const struct dispatch *d);

/* Takes the message in d->in. Fails only for want of memory. */
int dispatch_hear(struct dispatch *d, const struct wire_peer *peer, struct error *err);

/* Tells every worker that the run is over, and waits a moment for each to say so too: what is
 * only sent may never arrive. */
void dispatch_say_farewell(struct dispatch *d);

#endif
