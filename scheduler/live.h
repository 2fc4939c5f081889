/* SPDX-License-Identifier: Apache-2.0 */
/* live.h - what only the scheduler that works on a run knows, shown to others at most once a second
 * in the run folder's live.json: its workers and what they hold, and counts since it started.
 *
 * It is for looking, never for deciding: the file is not synced, may be a second old (or older, when
 * the scheduler is stopped or the disk is full: see written_ms), and outlives its scheduler.
 * live_read therefore believes it only while the run's lock is held.
 *
 * live.json is one object with "version" and the fields of struct live by their names. "workers" is
 * a list of objects with the fields of struct live_worker, in each of which "leases" is a list of
 * objects with those of struct live_lease; "commits_within" a list of LIVE_BUCKETS numbers. Names of
 * states, phases and kinds are the words given below. All numbers are whole and not negative but
 * events_per_s, which is only not negative; what a name ends with (_ms, _us) is its unit. */
#ifndef SCHEDULER_LIVE_H
#define SCHEDULER_LIVE_H

#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/error.h"
#include "scheduler/run.h"
#include "worker/message.h"

enum { LIVE_VERSION = 1, LIVE_SIZE_LIMIT = 64 << 20, LIVE_WORKERS_MOST = 100000 };
enum { LIVE_BUCKETS = 12 };

/* What a transaction may take and still be counted in the bucket; more is in none but the count. */
extern const uint32_t live_bucket_us[LIVE_BUCKETS];

/* What a worker works on. */
struct live_lease {
    enum lease_kind kind; /* "inspect", "shard" */
    uint64_t subject;     /* the ledger's id of the file or shard */
    uint64_t events;      /* done so far, as the worker last said */
    uint64_t age_ms;      /* since it was given out */
};

enum live_state {
    LIVE_IDLE,    /* "idle": holds nothing */
    LIVE_WORKING, /* "working" */
    LIVE_SILENT,  /* "silent": not heard for several heartbeats, and soon given up */
    LIVE_STATES
};

/* A worker that is connected. Its counts are of its connection to this scheduler. */
struct live_worker {
    char name[MESSAGE_NAME_SIZE];
    char host[MESSAGE_NAME_SIZE];    /* the machine, or the node of its pod */
    char program[MESSAGE_NAME_SIZE]; /* version */
    enum live_state state;
    uint64_t pid;
    uint64_t threads;
    uint64_t joined_age_ms; /* since it connected */
    uint64_t heard_age_ms;  /* since its last word: a heartbeat, or anything else */
    uint64_t shards;        /* results that it brought */
    uint64_t events;        /* in them */
    uint64_t failures;      /* answers that were none */
    uint64_t cpu_us;        /* processor time of its results, as it says */
    size_t first_lease;     /* in live.lease */
    size_t n_leases;
};

enum live_phase {
    LIVE_INSPECTING, /* "inspect" */
    LIVE_COMPUTING,  /* "compute" */
    LIVE_OVER,       /* "over": nothing is given out any more */
    LIVE_PHASES
};

struct live {
    int64_t written_ms; /* since 1970, as all that is not an age */
    int64_t started_ms;
    uint64_t pid;
    uint64_t sequence; /* of the ledger, when this was written */
    enum live_phase phase;
    char program[MESSAGE_NAME_SIZE]; /* the scheduler's version */
    char paused[ERROR_TEXT_SIZE];    /* why the ledger cannot be written; "" when it can */
    int64_t paused_since_ms;         /* 0: it is not paused */

    uint64_t events;        /* of the shards done, in this and earlier sessions */
    uint64_t events_before; /* of those that were done when it started */
    double events_per_s;    /* just now: a mean that forgets in about 10 s */
    uint64_t queue;         /* jobs of the phase that wait for a worker */
    uint64_t uncommitted;   /* answers and events that wait for the ledger */

    /* Since it started. */
    uint64_t leases_given;
    uint64_t leases_lost;     /* ended without an answer: the worker is gone, or silent */
    uint64_t leases_broke;    /* ended badly, may be tried again */
    uint64_t leases_rejected; /* ended in a way that no other attempt mends */
    uint64_t partials_accepted;
    uint64_t partials_duplicate; /* the same bytes again */
    uint64_t partials_dropped;   /* of shards that are no more */
    uint64_t partials_refused;   /* damaged, never leased, or booked otherwise */
    uint64_t partials_conflict;  /* other bytes than were accepted */
    uint64_t partial_bytes;      /* of those accepted */
    uint64_t commits;            /* transactions of the ledger */
    uint64_t commits_failed;
    uint64_t commit_us;                    /* that all commits took */
    uint64_t commits_within[LIVE_BUCKETS]; /* how many took at most live_bucket_us[i] */

    size_t n_workers;
    struct live_worker *worker;
    size_t n_leases;
    struct live_lease *lease; /* of all workers, one worker's side by side */
};

/* Frees the lists, leaving the rest; safe on a zeroed one. */
void live_release(struct live *l);

/* Notes a transaction. */
void live_count_commit(struct live *l, uint64_t took_us);

/* Appends the JSON; then reads it back. Decoding refuses (ERROR_PEER) what is cut, too large, of
 * another version, or has a wrong value anywhere; what it gave is then empty. */
void live_encode(const struct live *l, struct buffer *out);
int live_decode(struct live *l, const void *data, size_t size, struct error *err);

/* What the run's scheduler last told, to be ended by live_destroy; NULL when no scheduler works on
 * it, or it has told nothing (yet). */
struct live *live_read(const struct run *r);
void live_destroy(struct live *l); /* NULL is allowed */

/* What the leases in progress have done besides what is counted as done. */
uint64_t live_events_running(const struct live *l);

const char *live_phase_name(enum live_phase phase);
const char *live_state_name(enum live_state state);

#endif
