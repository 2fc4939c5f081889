/* SPDX-License-Identifier: Apache-2.0 */
/* keeper.h - keeps a scheduler of a run alive: the child that works, and what it last said.
 *
 * The child is `picobarn launch`, or `picobarn rerun` when somebody asked for it. One that ended
 * with EXIT_TROUBLE or by a signal is started again after a while (1 s, doubling to 60 s; back to
 * 1 s once one worked for a minute), always as launch, which goes on from wherever the ledger is;
 * but trouble that came three times within a minute each does not pass by itself. One that ended
 * otherwise is done: complete, incomplete, or refused; then there is none until somebody asks. Nothing is kept but in the run folder: a keeper that starts launches.
 *
 * It belongs to one thread and never waits; the caller's loop polls its descriptors. */
#ifndef SCHEDULER_KEEPER_H
#define SCHEDULER_KEEPER_H

#include <poll.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/json.h"

enum { KEEPER_FDS = 3 };
enum { KEEPER_TROUBLES_MOST = 3 };
enum { KEEPER_FIRST_WAIT_MS = 1000, KEEPER_LONGEST_WAIT_MS = 60000 };

struct keeper_options {
    const char *folder;
    const char *const *launch; /* "launch", "RUN.yaml"...: words ended by NULL */
    const char *const *rerun;  /* "rerun", DIR...; "--shard IDS" is put behind */
};

struct keeper;

/* All borrowed until keeper_close. Starts the first child; a failure to start is tried again as if
 * it had ended in trouble. */
struct keeper *keeper_open(const struct keeper_options *options, struct error *err);

/* Kills what still runs. NULL is allowed. */
void keeper_close(struct keeper *k);

/* What to wait for; descriptors of -1 are to be left out, as poll does. */
void keeper_wait_for(const struct keeper *k, struct pollfd fd[KEEPER_FDS]);

/* In how many milliseconds keeper_turn has something to do though nothing came; -1: never. */
int keeper_timeout_ms(const struct keeper *k);

/* Takes what came, starts what is to be started. What the child writes to standard error is
 * written to ours, too. */
void keeper_turn(struct keeper *k);

/* Asks the child to end, and starts none any more. */
void keeper_stop(struct keeper *k);
bool keeper_has_child(const struct keeper *k);

/* Launches again what ended, or reruns what failed: shards "1,2", or NULL for all. ERROR_INPUT, if
 * a child works, or soon will. */
int keeper_launch(struct keeper *k, struct error *err);
int keeper_rerun(struct keeper *k, const char *shards, struct error *err);

/* {"doing": "launch", "running": true, "starts": 2, "exit": null, "retry_in_s": null,
 *  "outcome": "...", "said": "..."}: exit is the status of the last that ended, as a shell says it;
 * outcome its standard output, said the last of its standard error. The caller's. */
json_t *keeper_to_json(struct keeper *k);

/* Pure: how long to wait before a child that ended so is replaced; 0: it is not. wait_ms is the
 * time waited before it, ran_ms how long it worked. */
uint32_t keeper_wait_after(int status, uint32_t wait_ms, uint64_t ran_ms);

/* Pure: how often in a row, n before it, a child ended in trouble soon after it was started. */
unsigned keeper_count_trouble(int status, unsigned n, uint64_t ran_ms);

#endif
