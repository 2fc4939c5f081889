/* SPDX-License-Identifier: Apache-2.0 */
/* under.c - picobarn under: a command that ends when the process that started it does. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "scheduler/commands/commands.h"

enum { WORDS_MOST = 64 };

static int run(const struct invocation *invocation, struct error *err)
{
    static char program[] = "picobarn";
    char *argv[WORDS_MOST + 1] = {program};
    const char *parent = invocation_operand(invocation, 0);
    const char *word = NULL;
    int argc = 1;
    while ((word = invocation_operand(invocation, (size_t)argc)) != NULL) {
        memcpy(&argv[argc++], &word, sizeof word); /* commands take argv as main's */
    }
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0) {
        return error_set(err, ERROR_SYSTEM, "under: %s", strerrordesc_np(errno));
    }
    /* It may have died before that. */
    if (getppid() != (pid_t)strtol(parent, NULL, 10)) {
        return error_set(err, ERROR_INPUT, "under: process %s is not the parent", parent);
    }
    return commands_run(argc, argv, err);
}

const struct command command_under = {
    .name = "under",
    .group = COMMAND_HIDDEN,
    .summary = "run a command that ends when its parent process does",
    .operands = "PID COMMAND...",
    .min_operands = 2,
    .max_operands = WORDS_MOST,
    .description = "Started by picobarn tend and picobarn serve, for whose children SIGKILL of "
                   "the parent must not leave a scheduler that nobody knows.",
    .run = run,
};
