/* SPDX-License-Identifier: Apache-2.0 */
/* child.h - the compute program as its session sees it: started, fed, heard, and reaped. */
#ifndef WORKER_CHILD_H
#define WORKER_CHILD_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/bytes.h"
#include "base/error.h"
#include "worker/frames.h"

enum {
    CHILD_LOG_SIZE = 4096,
    CHILD_END_MS = 2000, /* that it has to end by itself when it is reaped */
};

struct child {
    pid_t pid;  /* 0: none */
    int input;  /* its standard input; -1 */
    int output; /* its standard output, non-blocking; -1 */
    int errors; /* its standard error, non-blocking; -1 */
    struct frames frames;
    char log[CHILD_LOG_SIZE]; /* the last it wrote to standard error */
    size_t log_size;
    bool killed; /* child_reap had to, as it did not end by itself */
};

/* Starts this same program as `compute` with these arguments (NULL-terminated, argv[0] first). */
int child_start(struct child *c, char *const argv[], struct error *err);

/* Takes what it wrote to standard error. */
void child_listen(struct child *c);

/* Closes its input and waits for it to end; kills it at once if that is asked, else if it goes on
 * for CHILD_END_MS. Closes the pipes. Returns the signal that ended it, 0 if it exited by itself;
 * *exit_status is then what it exited with. */
int child_reap(struct child *c, int kill_first, int *exit_status);

/* The end of its log as text, control characters replaced. */
void child_log_text(const struct child *c, char *out, size_t size);

#endif
