/* SPDX-License-Identifier: Apache-2.0 */
/* rounds.h - what a contender of columns.py is: a process that gets ready, says so, and then does the same work
 * once for each line on its standard input, and says what it took. All of them take turns in one run. */
#ifndef TESTS_BENCHMARKS_ROUNDS_H
#define TESTS_BENCHMARKS_ROUNDS_H

#include <stdio.h>
#include <time.h>

#include "base/error.h"

static inline double rounds_time(clockid_t clock)
{
    struct timespec t = {0};
    (void)clock_gettime(clock, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

struct contender {
    int (*work)(void *context, struct error *err);
    const char *(*say)(void *context); /* what the last round gave, as JSON */
    void *context;
};

/* Gives the exit status. */
static inline int rounds_play(const struct contender *c)
{
    char line[16];
    struct error err = {0};
    (void)printf("{\"ready\": true}\n");
    (void)fflush(stdout);
    while (fgets(line, sizeof line, stdin) != NULL) {
        double wall = rounds_time(CLOCK_MONOTONIC);
        double cpu = rounds_time(CLOCK_PROCESS_CPUTIME_ID);
        if (c->work(c->context, &err) != 0) {
            (void)fprintf(stderr, "%s\n", err.text);
            return 1;
        }
        cpu = rounds_time(CLOCK_PROCESS_CPUTIME_ID) - cpu;
        wall = rounds_time(CLOCK_MONOTONIC) - wall;
        (void)printf("{\"wall_s\": %.6f, \"cpu_s\": %.6f, \"gave\": %s}\n", wall, cpu,
                     c->say(c->context));
        (void)fflush(stdout);
    }
    return 0;
}

#endif
