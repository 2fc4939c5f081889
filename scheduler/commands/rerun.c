/* SPDX-License-Identifier: Apache-2.0 */
/* rerun.c - picobarn rerun: what failed, once more, after it was mended. */
#include <stdlib.h>

#include "base/clock.h"
#include "scheduler/commands/commands.h"
#include "scheduler/run.h"
#include "scheduler/run_changes.h"
#include "scheduler/walk.h"

static int ask_again(struct run *r, enum lease_kind kind, uint64_t id, struct error *err)
{
    struct ledger_event event = {.time_ms = clock_unix_ms(),
                                 .kind = kind,
                                 .subject = id,
                                 .what = JOB_RERUN,
                                 .detail = "asked for again"};
    return ledger_add_event(r->ledger, &event, err);
}

/* All that failed, or the one shard that was named. */
static int ask_for_failed(struct run *r, uint64_t shard, struct error *err)
{
    int rc = ledger_begin(r->ledger, err);
    for (size_t i = 0; rc == 0 && shard == 0 && i < r->n_files; i++) {
        if (r->file[i].job.state == JOB_FAILED) {
            rc = ask_again(r, LEASE_INSPECT, r->file[i].id, err);
        }
    }
    for (size_t i = 0; rc == 0 && i < r->n_shards; i++) {
        const struct run_shard *s = &r->shard[i];
        if (s->job.state == JOB_FAILED && (shard == 0 || s->id == shard)) {
            rc = ask_again(r, LEASE_SHARD, s->id, err);
        }
    }
    if (rc != 0) {
        ledger_rollback(r->ledger);
        return -1;
    }
    return ledger_commit(r->ledger, err) == 0 ? run_reload(r, err) : -1;
}

static int check_shard(const struct run *r, uint64_t shard, struct error *err)
{
    size_t i = shard == 0 ? 0 : run_find_shard(r, shard);
    if (i == SIZE_MAX) {
        return error_set(err, ERROR_INPUT, "the run has no shard %llu",
                         (unsigned long long)shard);
    }
    return shard == 0 || r->shard[i].job.state == JOB_FAILED
               ? 0
               : error_set(err, ERROR_INPUT, "shard %llu is %s: only failed ones are run again",
                           (unsigned long long)shard, job_state_name(r->shard[i].job.state));
}

static int run(const struct invocation *invocation, struct error *err)
{
    uint64_t shard = 0;
    if (invocation_count(invocation, "shard", 1, UINT64_MAX, &shard, err) != 0) {
        return -1;
    }
    struct run *r = run_open(invocation_operand(invocation, 0), LEDGER_WRITE, err);
    int status = -1;
    if (r != NULL && check_shard(r, shard, err) == 0 &&
        run_take_replaced_files(r, false, err) >= 0 && run_reload(r, err) == 0 &&
        ask_for_failed(r, shard, err) == 0) {
        status = walk(r, invocation, err);
    }
    run_close(r);
    return status;
}

static const struct command_option options[] = {
    {"shard", 0, "ID", "only this failed shard (default: all that failed)"},
    WALK_OPTIONS,
    {0},
};

static const struct command_example examples[] = {
    {"picobarn rerun higgs4l.run", "after the broken files were mended"},
    {0},
};

const struct command command_rerun = {
    .name = "rerun",
    .group = COMMAND_RUN,
    .summary = "compute again what failed, and only that",
    .operands = "DIR",
    .min_operands = 1,
    .max_operands = 1,
    .description =
        "Gives failed files and shards another try. A file that was replaced meanwhile is "
        "inspected again, and all its shards are computed from what it holds now. What is done "
        "stays done; when nothing failed, nothing is run.",
    .options = options,
    .examples = examples,
    .run = run,
};
