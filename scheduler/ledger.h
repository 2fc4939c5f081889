/* SPDX-License-Identifier: Apache-2.0 */
/* ledger.h - the only truth about a run: its files, shards, what happened to them, and the
 * partials accepted; in SQLite (WAL, synchronous FULL), so that what was committed stays.
 *
 * Every row carries a seal over its fields which each read checks, so that a damaged ledger is
 * noticed (ERROR_PEER) and never summed. A ledger belongs to one thread. One writer at a time
 * (the run folder's lock sees to it); any number of readers may look on. */
#ifndef SCHEDULER_LEDGER_H
#define SCHEDULER_LEDGER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/digest.h"
#include "base/error.h"
#include "scheduler/job.h"
#include "worker/message.h"

enum { LEDGER_SCHEMA = 1 };

struct ledger;

enum ledger_mode {
    LEDGER_CREATE, /* must not exist */
    LEDGER_WRITE,  /* must exist; the whole file is checked first */
    LEDGER_READ,
};

/* Opens a ledger. ERROR_INPUT if it is missing, exists, or lies on a network file system (WAL
 * needs shared memory); ERROR_PEER if it is damaged or of another schema; else ERROR_SYSTEM. */
struct ledger *ledger_open(const char *path, enum ledger_mode mode, struct error *err);
void ledger_close(struct ledger *l);

/* One transaction: a writer's changes, durable when commit returned 0, or a reader's view that
 * does not move. After a failed commit nothing of it stays; the caller may try again. A reader's
 * may lie within one another, each with its rollback: all see the outermost one's view. */
int ledger_begin(struct ledger *l, struct error *err);
int ledger_commit(struct ledger *l, struct error *err);
void ledger_rollback(struct ledger *l); /* also without a transaction */

/* Texts about the run by key. get: *text is the caller's to free, NULL if there is none. */
int ledger_set(struct ledger *l, const char *key, const char *text, struct error *err);
int ledger_get(struct ledger *l, const char *key, char **text, struct error *err);

struct ledger_file {
    uint64_t id; /* from 1; 0 when added: the ledger gives one */
    uint64_t sample;
    uint64_t size;
    int64_t mtime_ns;
    double luminosity_pb;
    const char *path;
    const char *inspection; /* JSON of reader_inspect, or NULL as long as there is none */
};

struct ledger_shard {
    uint64_t id; /* from 1; 0 when added */
    uint64_t file;
    uint64_t first; /* rows [first, stop) */
    uint64_t stop;
};

struct ledger_event {
    uint64_t seq; /* given when added */
    int64_t time_ms;
    enum lease_kind kind; /* what the subject is */
    uint64_t subject;
    enum job_event what;
    uint64_t epoch;
    const char *worker; /* "" for none */
    enum error_kind error;
    int32_t signal;
    const char *detail; /* the reason; "" for none */
    const char *log;    /* last lines of the program that failed; "" for none */
};

struct ledger_partial {
    uint64_t seq; /* order of acceptance; given when added */
    uint64_t shard;
    uint64_t epoch;
    uint64_t cpu_us;
    const char *worker;
    uint8_t digest[DIGEST_XXH128_SIZE]; /* XXH3-128 of the payload */
    const void *payload;                /* encoded partial */
    size_t size;
};

int ledger_add_file(struct ledger *l, struct ledger_file *file, struct error *err);
int ledger_update_file(struct ledger *l, const struct ledger_file *file, struct error *err);
int ledger_add_shard(struct ledger *l, struct ledger_shard *shard, struct error *err);
int ledger_add_event(struct ledger *l, struct ledger_event *event, struct error *err);
int ledger_add_partial(struct ledger *l, struct ledger_partial *partial, struct error *err);

/* Takes a file's shards and their partials away (their events stay): the file was replaced. */
int ledger_drop_shards(struct ledger *l, uint64_t file, struct error *err);

/* Takes one shard's partial away: it is not what its file holds any more. */
int ledger_drop_partial(struct ledger *l, uint64_t shard, struct error *err);

/* Is there a partial of this shard? 1 with its digest, 0 without, -1 on an error. */
int ledger_find_partial(struct ledger *l, uint64_t shard, uint8_t digest[DIGEST_XXH128_SIZE],
                        struct error *err);

/* Each row, in the order of id or seq; a visitor that returns -1 ends it. What a row points to is
 * valid during the visit. Partials: those with seq above `after`, each payload checked. */
int ledger_each_file(struct ledger *l,
                     int (*visit)(void *context, const struct ledger_file *, struct error *),
                     void *context, struct error *err);
int ledger_each_shard(struct ledger *l,
                      int (*visit)(void *context, const struct ledger_shard *, struct error *),
                      void *context, struct error *err);
int ledger_each_event(struct ledger *l, uint64_t after,
                      int (*visit)(void *context, const struct ledger_event *, struct error *),
                      void *context, struct error *err);
int ledger_each_partial(struct ledger *l, uint64_t after,
                        int (*visit)(void *context, const struct ledger_partial *,
                                     struct error *),
                        void *context, struct error *err);

/* The highest sequence number given to an event: what a view of the run is called by. */
int ledger_sequence(struct ledger *l, uint64_t *seq, struct error *err);

#endif
