/* SPDX-License-Identifier: Apache-2.0 */
/* status.c - picobarn status: how far a run is. */
#include "scheduler/commands/commands.h"
#include "scheduler/human.h"
#include "scheduler/look.h"
#include "scheduler/print.h"

static int print_as_json(const struct look *l, bool has_scheduler, struct error *err)
{
    json_t *status = look_status_to_json(l, has_scheduler, err);
    int rc = status == NULL ? -1 : print_json(status, err);
    json_decref(status);
    return rc;
}

static int print_as_text(const struct look *l, bool has_scheduler, struct error *err)
{
    struct buffer out = {0};
    buffer_printf(&out, "run       ");
    look_name(l->run, &out);
    buffer_printf(&out, "\nanalysis  %s version %u\n", l->run->dataset->analysis->name,
                  l->run->dataset->analysis->version);
    look_write_status(l, has_scheduler, &out);
    buffer_printf(&out, "\n");
    look_write_samples(l, &out);
    int rc = print_text(&out, err);
    buffer_release(&out);
    return rc;
}

static int run(const struct invocation *invocation, struct error *err)
{
    struct look l;
    if (look_open(&l, invocation_operand(invocation, 0), err) != 0) {
        return -1;
    }
    bool has_scheduler = look_has_scheduler(l.run);
    int rc = invocation_wants_json(invocation) ? print_as_json(&l, has_scheduler, err)
                                               : print_as_text(&l, has_scheduler, err);
    int status = rc == 0 ? (int)look_status(&l) : -1;
    look_close(&l);
    return status;
}

static const struct command_option options[] = {
    COMMAND_OPTION_OUTPUT,
    {0},
};

static const struct command_example examples[] = {
    {"picobarn status higgs4l.run", "shards, events and luminosity so far"},
    {0},
};

const struct command command_status = {
    .name = "status",
    .group = COMMAND_LOOK,
    .summary = "show how far a run is",
    .operands = "DIR",
    .min_operands = 1,
    .max_operands = 1,
    .description =
        "Shows how many shards are done, running, waiting and failed, how many events and how "
        "much luminosity they hold, of each sample too, and whether a scheduler works on the "
        "run "
        "at this moment. It reads the ledger, so it tells what is safe on disk.",
    .options = options,
    .examples = examples,
    .reach = COMMAND_RELAYED,
    .run = run,
};
