/* SPDX-License-Identifier: Apache-2.0 */
/* spawn.h - starting a program: what it is called with, and where its input and output go. */
#ifndef BASE_SPAWN_H
#define BASE_SPAWN_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/error.h"

/* All borrowed until spawn_start returns. */
struct spawn {
    const char *program;      /* path */
    char *const *argv;        /* NULL-terminated, argv[0] first */
    int input;                /* becomes its standard input; -1: /dev/null */
    int output;               /* becomes its standard output; -1: it has this program's */
    int errors;               /* the same for standard error */
    bool own_group;           /* a process group of its own, which Ctrl-C does not reach */
    char *const *environment; /* NULL-terminated, "NAME=value"; NULL: this program's */
};

/* Starts it with no signal blocked; *pid is then the caller's to wait for. Of the caller's open
 * files it inherits those that are not close-on-exec. Fails (ERROR_INPUT) if there is no such
 * program, else (ERROR_SYSTEM); the text names it. */
int spawn_start(const struct spawn *what, pid_t *pid, struct error *err);

#endif
