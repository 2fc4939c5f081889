/* SPDX-License-Identifier: Apache-2.0 */
/* commands.c - see commands.h */
#include "scheduler/commands/commands.h"

#include <string.h>

#include "base/size.h"
#include "scheduler/nearest.h"
#include "scheduler/print.h"
#include "scheduler/remote.h"
#include "scheduler/usage.h"

const struct command *const commands_table[] = {
    &command_launch,     &command_rerun,   &command_scale,
    &command_clean,      &command_inspect, &command_verify,
    &command_analyses,   &command_status,  &command_watch,
    &command_failures,   &command_serve,   &command_result,
    &command_plot,       &command_export,  &command_help,
    &command_completion, &command_version, &command_man,
    &command_tend,       &command_under,   NULL,
};

/* What people type in the place of a command. */
static const struct {
    const char *typed;
    const char *name;
} alias[] = {
    {"--help", "help"},
    {"-h", "help"},
    {"--version", "version"},
    {"-V", "version"},
};

const struct command *commands_find(const char *name, struct error *err)
{
    struct nearest nearest = nearest_to(name);
    for (size_t i = 0; commands_table[i] != NULL; i++) {
        if (strcmp(commands_table[i]->name, name) == 0) {
            return commands_table[i];
        }
        if (commands_table[i]->group != COMMAND_HIDDEN) {
            nearest_offer(&nearest, commands_table[i]->name);
        }
    }
    const char *what =
        name[0] == '-' ? "options stand behind a command: unknown" : "unknown command";
    if (nearest.name != NULL) {
        error_set(err, ERROR_INPUT, "%s '%s' (did you mean '%s'?); see 'picobarn --help'", what,
                  name, nearest.name);
    } else {
        error_set(err, ERROR_INPUT, "%s '%s'; see 'picobarn --help'", what, name);
    }
    return NULL;
}

static const char *command_name(int argc, char *const argv[])
{
    const char *typed = argc < 2 ? "--help" : argv[1];
    for (size_t i = 0; i < ARRAY_LENGTH(alias); i++) {
        if (strcmp(alias[i].typed, typed) == 0) {
            return alias[i].name;
        }
    }
    return typed;
}

static int show_usage(const struct command *command, struct error *err)
{
    struct buffer text = {0};
    usage_write_command(command, &text);
    int rc = print_text(&text, err);
    buffer_release(&text);
    return rc == 0 ? EXIT_COMPLETE : -1;
}

/* The command itself, or, for a run in a cluster, its scheduler. */
static int run(const struct command *command, const struct invocation *invocation,
               struct error *err)
{
    const char *operand = invocation_operand(invocation, 0);
    if (invocation_flag(invocation, command_help_option.name)) {
        return show_usage(command, err);
    }
    if (!remote_is(operand) || command->reach == COMMAND_REACHES) {
        return command->run(invocation, err);
    }
    if (command->reach == COMMAND_HERE) {
        return error_set(err, ERROR_INPUT, "%s works on this machine only, not on %s",
                         command->name, operand);
    }
    return command->relay != NULL ? command->relay(invocation, err)
                                  : remote_relay(command, invocation, err);
}

int commands_run(int argc, char *const argv[], struct error *err)
{
    const struct command *command = commands_find(command_name(argc, argv), err);
    if (command == NULL) {
        return -1;
    }
    int skipped = argc < 2 ? 0 : 1;
    struct invocation *invocation =
        invocation_create(command, argc - skipped, argv + skipped, err);
    if (invocation == NULL) {
        return -1;
    }
    int status = run(command, invocation, err);
    invocation_destroy(invocation);
    return status;
}
