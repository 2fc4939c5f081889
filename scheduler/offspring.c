/* SPDX-License-Identifier: Apache-2.0 */
/* offspring.c - see offspring.h; commands/under.c is what it starts */
#include "scheduler/offspring.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/spawn.h"

static void close_end(int *fd)
{
    if (*fd >= 0) {
        (void)close(*fd);
    }
    *fd = -1;
}

/* A pipe whose reading end does not block. */
static int open_pipe(int ends[2], struct error *err)
{
    if (pipe2(ends, O_CLOEXEC) != 0 || fcntl(ends[0], F_SETFL, O_NONBLOCK) != 0) {
        return error_set(err, ERROR_SYSTEM, "a pipe: %s", strerrordesc_np(errno));
    }
    return 0;
}

/* picobarn under PID -- WORD... */
static char **make_argv(const char *const *words)
{
    static char program[] = "picobarn";
    static char under[] = "under";
    static char rest[] = "--";
    size_t n = 0;
    while (words[n] != NULL) {
        n++;
    }
    char **argv = calloc(n + 5, sizeof *argv);
    char *parent = NULL;
    if (argv == NULL || asprintf(&parent, "%ld", (long)getpid()) < 0) {
        free(argv);
        return NULL;
    }
    argv[0] = program;
    argv[1] = under;
    argv[2] = parent;
    argv[3] = rest;
    for (size_t i = 0; i < n; i++) {
        memcpy(&argv[4 + i], &words[i],
               sizeof words[i]); /* posix_spawn writes to none of them */
    }
    return argv;
}

static int start_between(struct offspring *o, const char *const *words, int out, int errors,
                         struct error *err)
{
    char **argv = make_argv(words);
    if (argv == NULL) {
        return error_no_memory(err, "a command");
    }
    struct spawn what = {.program = "/proc/self/exe",
                         .argv = argv,
                         .input = -1,
                         .output = out,
                         .errors = errors,
                         .own_group = true};
    int rc = spawn_start(&what, &o->pid, err);
    free(argv[2]);
    free(argv);
    if (rc == 0 && (o->end = pidfd_open(o->pid, 0)) < 0) {
        rc = error_set(err, ERROR_SYSTEM, "a process's descriptor: %s", strerrordesc_np(errno));
    }
    return rc;
}

int offspring_start(struct offspring *o, const char *const *words, struct error *err)
{
    int out[2] = {-1, -1};
    int errors[2] = {-1, -1};
    *o = (struct offspring)OFFSPRING_NONE;
    int rc = open_pipe(out, err) == 0 && open_pipe(errors, err) == 0
                 ? start_between(o, words, out[1], errors[1], err)
                 : -1;
    o->out = out[0];
    o->errors = errors[0];
    close_end(&out[1]);
    close_end(&errors[1]);
    if (rc != 0) {
        offspring_close(o);
    }
    return rc;
}

int offspring_start_beside(struct offspring *o, const char *const *words, struct error *err)
{
    *o = (struct offspring)OFFSPRING_NONE;
    int rc = start_between(o, words, STDERR_FILENO, STDERR_FILENO, err);
    if (rc != 0) {
        offspring_close(o);
    }
    return rc;
}

ssize_t offspring_read(int *pipe, void *data, size_t size)
{
    if (*pipe < 0) {
        return -1;
    }
    ssize_t n = read(*pipe, data, size);
    if (n > 0) {
        return n;
    }
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
        return 0;
    }
    close_end(pipe);
    return -1;
}

static int as_shell_says(int code, int status)
{
    return code == CLD_EXITED ? status : 128 + status;
}

bool offspring_take_end(struct offspring *o, int *status)
{
    siginfo_t info = {.si_pid = 0};
    if (o->pid == 0 || waitid(P_PID, (id_t)o->pid, &info, WEXITED | WNOHANG) != 0 ||
        info.si_pid == 0) {
        return false;
    }
    *status = as_shell_says(info.si_code, info.si_status);
    o->pid = 0;
    close_end(&o->end);
    return true;
}

void offspring_end(struct offspring *o, int patience_ms)
{
    if (o->pid != 0) {
        struct pollfd end = {.fd = o->end, .events = POLLIN};
        (void)kill(o->pid, SIGTERM);
        (void)poll(&end, 1, patience_ms);
    }
    offspring_close(o);
}

void offspring_close(struct offspring *o)
{
    if (o->pid != 0) {
        (void)kill(o->pid, SIGKILL);
        while (waitid(P_PID, (id_t)o->pid, NULL, WEXITED) != 0 && errno == EINTR) {
        }
        o->pid = 0;
    }
    close_end(&o->out);
    close_end(&o->errors);
    close_end(&o->end);
}
