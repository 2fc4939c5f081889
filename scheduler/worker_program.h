/* SPDX-License-Identifier: Apache-2.0 */
/* worker_program.h - the worker program as something to start: where it is, and one call of it. */
#ifndef SCHEDULER_WORKER_PROGRAM_H
#define SCHEDULER_WORKER_PROGRAM_H

#include "base/bytes.h"
#include "base/error.h"

/* Its path: beside this program, or what PICOBARN_WORKER says; to be freed. NULL with
 * ERROR_SYSTEM. */
char *worker_program_find(struct error *err);

/* Runs it with argv (NULL-terminated; argv[0] is set here) until it ends; what it wrote to
 * standard output and to standard error is appended. 0 with *status, its exit status (128 + the
 * signal that ended it), or -1 if it cannot be run. */
int worker_program_run(char **argv, struct buffer *out, struct buffer *errors, int *status,
                       struct error *err);

#endif
