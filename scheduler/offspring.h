/* SPDX-License-Identifier: Apache-2.0 */
/* offspring.h - this very program as a child: a subcommand whose output and errors come through pipes,
 * and whose end is a descriptor. It ends when this process does, however that ends. */
#ifndef SCHEDULER_OFFSPRING_H
#define SCHEDULER_OFFSPRING_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/error.h"

/* All descriptors are -1 when there is none, or no more; reading them does not block. */
struct offspring {
    pid_t pid; /* 0: there is none */
    int out;
    int errors;
    int end; /* readable when the process has ended */
};

#define OFFSPRING_NONE                                                                         \
    {                                                                                          \
        .pid = 0, .out = -1, .errors = -1, .end = -1                                           \
    }

/* Starts `picobarn WORD...`, with words ended by NULL. ERROR_SYSTEM. */
int offspring_start(struct offspring *o, const char *const *words, struct error *err);

/* The same, but all that it says goes where this process's errors go; o->out and o->errors are -1. */
int offspring_start_beside(struct offspring *o, const char *const *words, struct error *err);

/* What is there of o->out or o->errors: its size; 0: nothing yet; -1: that pipe is at its end, and
 * closed. */
ssize_t offspring_read(int *pipe, void *data, size_t size);

/* Takes its exit status, as a shell says it (128 + signal), if it has ended; *o is then without a
 * process, but with its pipes as long as they hold something. */
bool offspring_take_end(struct offspring *o, int *status);

/* Asks it to end, and waits for that so long at most; then offspring_close. */
void offspring_end(struct offspring *o, int patience_ms);

/* Kills it, waits for its end, and closes all. Safe on OFFSPRING_NONE. */
void offspring_close(struct offspring *o);

#endif
