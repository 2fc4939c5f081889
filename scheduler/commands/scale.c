/* SPDX-License-Identifier: Apache-2.0 */
/* scale.c - picobarn scale: how many pods a run in a cluster may have, while it runs. */
#include "k8s/placement.h"
#include "scheduler/commands/commands.h"
#include "scheduler/print.h"
#include "scheduler/remote.h"

static int run(const struct invocation *invocation, struct error *err)
{
    const char *operand = invocation_operand(invocation, 0);
    uint64_t n_pods = 0;
    if (invocation_count(invocation, "pods", 1, PLACEMENT_PODS_MOST, &n_pods, err) != 0) {
        return -1;
    }
    if (n_pods == 0 || !remote_is(operand)) {
        return error_set(
            err, ERROR_INPUT,
            "scale: say a run in a cluster and how many pods it may have: picobarn "
            "scale k8s:NAME --pods 200");
    }
    struct remote *r = remote_open(operand, err);
    json_t *body = json_pack("{s:I}", "max", (json_int_t)n_pods);
    int rc = r == NULL ? -1 : remote_ask(r, "api/v1/pods", body, NULL, NULL, err);
    json_decref(body);
    remote_close(r);
    struct buffer out = {0};
    buffer_printf(&out, "at most %llu pods from now on\n", (unsigned long long)n_pods);
    rc = rc == 0 ? print_text(&out, err) : rc;
    buffer_release(&out);
    return rc;
}

static const struct command_option options[] = {
    {"pods", 0, "N", "at most so many workers' pods at the same time"},
    {0},
};

static const struct command_example examples[] = {
    {"picobarn scale k8s:higgs4l --pods 500", "more, or fewer, while it runs"},
    {0},
};

const struct command command_scale = {
    .name = "scale",
    .group = COMMAND_RUN,
    .summary = "change how many pods a run in a cluster may have",
    .operands = "k8s:NAME",
    .min_operands = 1,
    .max_operands = 1,
    .description = "Sets workers.max_pods of a run that is at work. More pods start within "
                   "seconds; of too "
                   "many the newest end, and their shards go to others.",
    .options = options,
    .examples = examples,
    .reach = COMMAND_REACHES,
    .run = run,
};
