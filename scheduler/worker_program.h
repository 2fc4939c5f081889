/* SPDX-License-Identifier: Apache-2.0 */
/* worker_program.h - the worker program as something to start: where it is, and one call of it. */
#ifndef SCHEDULER_WORKER_PROGRAM_H
#define SCHEDULER_WORKER_PROGRAM_H

#include "base/bytes.h"
#include "base/error.h"
#include "base/json.h"

enum { WORKER_PROGRAM_PATH_SIZE = 64 };

/* Its path: beside this program, or what PICOBARN_WORKER says; to be freed. NULL with
 * ERROR_SYSTEM. */
char *worker_program_find(struct error *err);

/* Runs it with argv (NULL-terminated; argv[0] is set here) until it ends; what it wrote to
 * standard output and to standard error is appended. 0 with *status, its exit status (128 + the
 * signal that ended it), or -1 if it cannot be run. */
int worker_program_run(char **argv, struct buffer *out, struct buffer *errors, int *status,
                       struct error *err);

/* The same for a call that has to succeed: ERROR_INPUT with the worker's own words if it did not. */
int worker_program_call(char **argv, struct buffer *out, struct error *err);

/* The order in memory that the worker program can open under path, as its --order; the caller
 * closes the file descriptor that is returned when it is done. -1 on failure. */
int worker_program_share(const json_t *order, char path[WORKER_PROGRAM_PATH_SIZE],
                         struct error *err);

/* One file inspected, as picobarn-worker inspect does it: the JSON of reader_inspect, which the
 * caller owns. weight may be NULL. NULL with ERROR_INPUT and the worker's own words. */
json_t *worker_program_inspect(const char *path, const json_t *order, const char *weight,
                               struct error *err);

#endif
