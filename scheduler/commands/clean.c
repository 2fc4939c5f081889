/* SPDX-License-Identifier: Apache-2.0 */
/* clean.c - picobarn clean: what a run made is removed. */
#include "scheduler/clean.h"
#include "scheduler/commands/commands.h"
#include "scheduler/look.h"
#include "scheduler/print.h"

static int clean(const char *operand, bool with_ledger, struct buffer *out, struct error *err)
{
    if (!remote_is(operand)) {
        return look_check_folder(operand, err) == 0
                   ? clean_folder(operand, with_ledger, out, err)
                   : -1;
    }
    struct remote *r = remote_open(operand, err);
    int rc = r == NULL ? -1 : clean_cluster(r, with_ledger, out, err);
    remote_close(r);
    return rc;
}

static int run(const struct invocation *invocation, struct error *err)
{
    struct buffer out = {0};
    struct error told = {0};
    int rc = clean(invocation_operand(invocation, 0), invocation_flag(invocation, "ledger"),
                   &out, err);
    if (print_text(&out, rc == 0 ? err : &told) !=
        0) { /* what was done before it failed, too */
        rc = -1;
    }
    buffer_release(&out);
    return rc == 0 ? EXIT_COMPLETE : -1;
}

static const struct command_option options[] = {
    {"ledger", 0, NULL, "the ledger too: everything that was computed is then lost"},
    {0},
};

static const struct command_example examples[] = {
    {"picobarn clean k8s:higgs4l", "after its result was fetched"},
    {"picobarn clean higgs4l.run", "keys, logs, results and plots, which launch makes again"},
    {0},
};

const struct command command_clean = {
    .name = "clean",
    .group = COMMAND_RUN,
    .summary = "remove what a run made",
    .operands = "DIR",
    .min_operands = 1,
    .max_operands = 1,
    .description =
        "Of a run in a cluster, k8s:NAME, removes the scheduler, the Jobs with their pods, the "
        "Service, the run file and the keys; running work is ended. Of a run folder, removes "
        "all "
        "but the ledger and the run file, and nothing that picobarn did not make; it refuses "
        "while a scheduler works on it. The ledger, from which launch goes on without "
        "computing "
        "anything twice, stays unless --ledger is said.",
    .options = options,
    .examples = examples,
    .reach = COMMAND_REACHES,
    .run = run,
};
