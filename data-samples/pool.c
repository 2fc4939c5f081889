/* SPDX-License-Identifier: Apache-2.0 */
/* pool.c - see pool.h
 *
 * Two pipes: one is filled beforehand with the tasks' numbers, one byte each, and each process
 * takes the next from it when it is free; through the other come the reports. A report is
 * shorter than PIPE_BUF, so POSIX has it arrive in one piece. A process that dies leaves its
 * task without a report, which is how it is noticed. */
#include "data-samples/pool.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

struct report {
    int task;
    int rc;
    struct outcome outcome;
    struct error error;
};

_Static_assert(sizeof(struct report) <= PIPE_BUF, "a report fits into PIPE_BUF");

enum { MAX_TASKS = 256 };

static ssize_t read_all(int fd, void *buffer, size_t size)
{
    size_t done = 0;
    while (done < size) {
        ssize_t n = read(fd, (char *)buffer + done, size - done);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            return n < 0 ? n : (ssize_t)done;
        }
        done += (size_t)n;
    }
    return (ssize_t)done;
}

static void work(const struct options *o, const struct task *task, int queue, int reports)
{
    unsigned char number = 0;
    while (read_all(queue, &number, 1) == 1) {
        struct report report;
        memset(&report, 0, sizeof report);
        report.task = number;
        report.rc = generate_task(o, &task[number], &report.outcome, &report.error);
        if (write(reports, &report, sizeof report) != (ssize_t)sizeof report) {
            return;
        }
    }
}

static int fill_queue(int queue, int n)
{
    unsigned char numbers[MAX_TASKS];
    for (int i = 0; i < n; i++) {
        numbers[i] = (unsigned char)i;
    }
    return write(queue, numbers, (size_t)n) == n ? 0 : -1;
}

/* Reads reports until all processes have ended; returns the number of tasks done, or -1. */
static int collect(int reports, int n, struct outcome *outcome, struct error *err)
{
    int done = 0;
    int rc = 0;
    struct report report;
    while (read_all(reports, &report, sizeof report) == (ssize_t)sizeof report) {
        if (report.rc != 0) {
            rc = rc != 0 ? rc : error_set(err, report.error.kind, "%s", report.error.text);
        } else if (report.task >= 0 && report.task < n) {
            outcome[report.task] = report.outcome;
            done++;
        }
    }
    return rc != 0 ? -1 : done;
}

static int start(const struct options *o, const struct task *task, const int queue[2],
                 const int reports[2])
{
    int started = 0;
    (void)fflush(NULL);
    for (int i = 0; i < o->processes; i++) {
        pid_t pid = fork();
        if (pid == 0) {
            close(queue[1]);
            close(reports[0]);
            work(o, task, queue[0], reports[1]);
            _exit(0);
        }
        started += pid > 0 ? 1 : 0;
    }
    return started;
}

int pool_run(const struct options *o, const struct task *task, int n, struct outcome *outcome,
             struct error *err)
{
    int queue[2];
    int reports[2];
    if (n > MAX_TASKS) {
        return error_set(err, ERROR_INPUT, "%d files are more than %d", n, MAX_TASKS);
    }
    if (pipe(queue) != 0) {
        return error_set(err, ERROR_SYSTEM, "pipe: %s", strerrordesc_np(errno));
    }
    if (pipe(reports) != 0) {
        close(queue[0]);
        close(queue[1]);
        return error_set(err, ERROR_SYSTEM, "pipe: %s", strerrordesc_np(errno));
    }
    int started = fill_queue(queue[1], n) == 0 ? start(o, task, queue, reports) : 0;
    close(queue[0]);
    close(queue[1]);
    close(reports[1]);
    int done = collect(reports[0], n, outcome, err);
    close(reports[0]);
    while (started > 0 && wait(NULL) > 0) {
        started--;
    }
    if (done >= 0 && done < n) {
        return error_set(err, ERROR_SYSTEM, "%d of %d files written; a process died", done, n);
    }
    return done < 0 ? -1 : 0;
}
