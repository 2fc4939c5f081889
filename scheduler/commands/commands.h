/* SPDX-License-Identifier: Apache-2.0 */
/* commands.h - the table of the subcommands: one row and one file each. */
#ifndef SCHEDULER_COMMANDS_COMMANDS_H
#define SCHEDULER_COMMANDS_COMMANDS_H

#include "base/error.h"
#include "scheduler/command.h"

extern const struct command command_analyses;
extern const struct command command_clean;
extern const struct command command_completion;
extern const struct command command_export;
extern const struct command command_failures;
extern const struct command command_help;
extern const struct command command_inspect;
extern const struct command command_launch;
extern const struct command command_rerun;
extern const struct command command_man;
extern const struct command command_plot;
extern const struct command command_result;
extern const struct command command_scale;
extern const struct command command_serve;
extern const struct command command_status;
extern const struct command command_tend;
extern const struct command command_under;
extern const struct command command_verify;
extern const struct command command_version;
extern const struct command command_watch;

/* In the order in which help shows them; ended by NULL. */
extern const struct command *const commands_table[];

/* The command of that name. NULL (ERROR_INPUT, with the nearest name) if there is none. */
const struct command *commands_find(const char *name, struct error *err);

/* Runs the program's arguments: argv[1] names the command. Returns an exit_status, or -1 with
 * the error set, as a command does. */
int commands_run(int argc, char *const argv[], struct error *err);

#endif
