/* SPDX-License-Identifier: Apache-2.0 */
/* help.c - the subcommand help: the overview, or all about one command. */
#include "base/bytes.h"
#include "scheduler/commands/commands.h"
#include "scheduler/print.h"
#include "scheduler/usage.h"

static int run(const struct invocation *invocation, struct error *err)
{
    const char *name = invocation_operand(invocation, 0);
    struct buffer text = {0};
    if (name == NULL) {
        usage_write_overview(&text);
    } else {
        const struct command *command = commands_find(name, err);
        if (command == NULL) {
            return -1;
        }
        usage_write_command(command, &text);
    }
    int rc = print_text(&text, err);
    buffer_release(&text);
    return rc == 0 ? EXIT_COMPLETE : -1;
}

static const struct command_example examples[] = {
    {"picobarn help", "list the commands"},
    {"picobarn help completion", "all about one of them"},
    {0},
};

const struct command command_help = {
    .name = "help",
    .group = COMMAND_OTHER,
    .summary = "explain picobarn or one of its commands",
    .operands = "[COMMAND]",
    .max_operands = 1,
    .description =
        "Without a command, lists all of them with a line each. With one, shows what "
        "'picobarn COMMAND --help' shows.",
    .examples = examples,
    .run = run,
};
