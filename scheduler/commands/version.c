/* SPDX-License-Identifier: Apache-2.0 */
/* version.c - the subcommand version. */
#include "base/bytes.h"
#include "scheduler/commands/commands.h"
#include "scheduler/print.h"

static int print_as_json(struct error *err)
{
    json_t *value = json_pack("{s:s, s:s}", "program", "picobarn", "version", PICOBARN_VERSION);
    if (value == NULL) {
        return error_no_memory(err, "the version");
    }
    int rc = print_json(value, err);
    json_decref(value);
    return rc;
}

static int print_as_text(struct error *err)
{
    struct buffer text = {0};
    buffer_printf(&text, "picobarn %s\n", PICOBARN_VERSION);
    int rc = print_text(&text, err);
    buffer_release(&text);
    return rc;
}

static int run(const struct invocation *invocation, struct error *err)
{
    int rc = invocation_wants_json(invocation) ? print_as_json(err) : print_as_text(err);
    return rc == 0 ? EXIT_COMPLETE : -1;
}

static const struct command_option options[] = {
    COMMAND_OPTION_OUTPUT,
    {0},
};

const struct command command_version = {
    .name = "version",
    .group = COMMAND_OTHER,
    .summary = "print picobarn's version",
    .description = "Prints the version of this program. It stands in the record of a run "
                   "(run.json), not in its result, which does not depend on it.",
    .options = options,
    .run = run,
};
