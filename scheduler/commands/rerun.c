/* SPDX-License-Identifier: Apache-2.0 */
/* rerun.c - picobarn rerun: what failed, once more, after it was mended. */
#include <stdlib.h>

#include "base/clock.h"
#include "scheduler/commands/commands.h"
#include "scheduler/follow.h"
#include "scheduler/look.h"
#include "scheduler/remote.h"
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

/* The next id of "3,17,40"; *at moves behind it. 0 at the end or, with the error set, for
 * something else. */
static uint64_t next_id(const char **at, struct error *err)
{
    char *end = NULL;
    const char *text = *at;
    if (*text == '\0') {
        return 0;
    }
    uint64_t id = *text >= '0' && *text <= '9' ? strtoull(text, &end, 10) : 0;
    if (id == 0 || (*end != ',' && *end != '\0')) {
        (void)error_set(err, ERROR_INPUT, "--shard %s: say ids with commas between", text);
        return 0;
    }
    *at = *end == ',' ? end + 1 : end;
    return id;
}

static int ask_for_all(struct run *r, struct error *err)
{
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < r->n_files; i++) {
        if (r->file[i].job.state == JOB_FAILED) {
            rc = ask_again(r, LEASE_INSPECT, r->file[i].id, err);
        }
    }
    for (size_t i = 0; rc == 0 && i < r->n_shards; i++) {
        if (r->shard[i].job.state == JOB_FAILED) {
            rc = ask_again(r, LEASE_SHARD, r->shard[i].id, err);
        }
    }
    return rc;
}

static int ask_for_some(struct run *r, const char *ids, struct error *err)
{
    struct error bad = {0};
    uint64_t id = 0;
    while ((id = next_id(&ids, &bad)) != 0) {
        size_t i = run_find_shard(r, id);
        enum job_state state = i == SIZE_MAX ? JOB_NONE : r->shard[i].job.state;
        if (i == SIZE_MAX) {
            return error_set(err, ERROR_INPUT, "the run has no shard %llu",
                             (unsigned long long)id);
        }
        if (state != JOB_FAILED) {
            return error_set(err, ERROR_INPUT,
                             "shard %llu is %s: only failed ones are run again",
                             (unsigned long long)id, job_state_name(state));
        }
        if (ask_again(r, LEASE_SHARD, id, err) != 0) {
            return -1;
        }
    }
    if (bad.kind != ERROR_NONE) {
        *err = bad;
        return -1;
    }
    return 0;
}

/* All that failed, or the shards that were named; in one transaction. */
static int ask(struct run *r, const char *ids, struct error *err)
{
    int rc = ledger_begin(r->ledger, err);
    rc = rc == 0 ? (ids == NULL ? ask_for_all(r, err) : ask_for_some(r, ids, err)) : rc;
    if (rc != 0) {
        ledger_rollback(r->ledger);
        return -1;
    }
    return ledger_commit(r->ledger, err) == 0 ? run_reload(r, err) : -1;
}

/* Its scheduler has the other options from its launch. */
static int check_remote_options(const struct invocation *invocation, struct error *err)
{
    static const struct command_option walk_options[] = {WALK_OPTIONS, {0}};
    for (size_t i = 0; walk_options[i].name != NULL; i++) {
        if (invocation_flag(invocation, walk_options[i].name)) {
            return error_set(err, ERROR_INPUT,
                             "rerun: --%s is for runs on this machine, not in a cluster",
                             walk_options[i].name);
        }
    }
    return 0;
}

static int rerun_remote(const struct invocation *invocation, struct error *err)
{
    if (check_remote_options(invocation, err) != 0) {
        return -1;
    }
    struct remote *r = remote_open(invocation_operand(invocation, 0), err);
    if (r == NULL) {
        return -1;
    }
    const char *shards = invocation_option(invocation, "shard");
    json_t *body = json_object();
    json_t *answer = NULL;
    if (shards != NULL) {
        (void)json_object_set_new(body, "shards", json_string(shards));
    }
    int status =
        remote_ask(r, "api/v1/rerun", body, &answer, NULL, err) == 0 ? follow(r, err) : -1;
    json_decref(answer);
    json_decref(body);
    remote_close(r);
    return status;
}

static int run(const struct invocation *invocation, struct error *err)
{
    if (remote_is(invocation_operand(invocation, 0))) {
        return rerun_remote(invocation, err);
    }
    struct walk_options options_of_walk;
    if (walk_read_options(&options_of_walk, invocation, err) != 0) {
        return -1;
    }
    const char *folder = invocation_operand(invocation, 0);
    struct run *r =
        look_check_folder(folder, err) == 0 ? run_open(folder, LEDGER_WRITE, err) : NULL;
    int status = -1;
    if (r != NULL && run_take_replaced_files(r, true, err) >= 0 && run_reload(r, err) == 0 &&
        ask(r, invocation_option(invocation, "shard"), err) == 0) {
        status = walk(r, &options_of_walk, err);
    }
    run_close(r);
    return status;
}

static const struct command_option options[] = {
    {"shard", 0, "ID,...", "only these failed shards (default: all that failed)"},
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
        "Gives failed files and shards another try. Of a file that was replaced meanwhile each "
        "shard that is done is checked by computing it again, and kept if it gives the same "
        "bytes. What is done stays done; when nothing failed or changed, nothing is run.\n\n"
        "What was wrong in the run file, a unit for instance, is mended there and goes on with "
        "picobarn launch RUN.yaml --run-dir DIR --accept-changes.",
    .options = options,
    .examples = examples,
    .reach = COMMAND_REACHES,
    .run = run,
};
