/* SPDX-License-Identifier: Apache-2.0 */
/* launcher_local.c - workers as processes of this machine: see launcher.h
 *
 * They end with the scheduler (the kernel kills them when their parent dies), so that a killed
 * run leaves nothing behind. One that dies is replaced. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/size.h"
#include "base/spawn.h"
#include "scheduler/launcher.h"
#include "scheduler/worker_program.h"
#include "worker/threads.h"

enum {
    NAME_SIZE = 64,
    SHORT_LIFE_MS = 2000, /* a worker that ended sooner did not really start */
    SHORT_LIVES_MAX = 40, /* so many in a row, over all workers, and it is hopeless */
    CLOSE_MS = 3000,      /* from being asked to end until being killed */
};

struct local {
    pid_t pid; /* 0: to be started */
    uint64_t started_ms;
    unsigned generation;
    char name[NAME_SIZE]; /* "local-3.1": the second of its place */
};

struct launcher {
    char *program;
    char *invitation; /* path of worker.json */
    char *logs;       /* folder */
    size_t n_threads;
    unsigned n_short_lives;
    size_t n;
    struct local *local;
    char gone[NAME_SIZE];
};

static int open_log(const struct launcher *l, size_t i)
{
    char name[NAME_SIZE];
    (void)snprintf(name, sizeof name, "worker-%zu.log", i);
    char *path = file_join(l->logs, name);
    int fd = path == NULL ? -1 : open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    free(path);
    return fd;
}

static int spawn(const struct launcher *l, struct local *local, int log, struct error *err)
{
    char threads[32];
    char parent[32];
    (void)snprintf(threads, sizeof threads, "%zu", l->n_threads);
    (void)snprintf(parent, sizeof parent, "%ld", (long)getpid());
    char word[][12] = {"run", "--connect", "--threads", "--parent", "--name"};
    char *const argv[] = {l->program, word[0], word[1], l->invitation, word[2], threads,
                          word[3],    parent,  word[4], local->name,   NULL};
    /* A group of its own: Ctrl-C is for the scheduler, which then tells its workers. */
    struct spawn what = {.program = l->program,
                         .argv = argv,
                         .input = -1,
                         .output = log,
                         .errors = log,
                         .own_group = true};
    return spawn_start(&what, &local->pid, err);
}

static int start(struct launcher *l, size_t i, struct error *err)
{
    struct local *local = &l->local[i];
    (void)snprintf(local->name, sizeof local->name, "local-%zu.%u", i, local->generation++);
    int log = open_log(l, i);
    int rc = spawn(l, local, log, err);
    if (log >= 0) {
        (void)close(log);
    }
    if (rc != 0) {
        local->pid = 0;
        return error_prefix(err, "worker program");
    }
    local->started_ms = clock_now_ms();
    return 0;
}

/* Waits for it to end, and kills it if that takes too long. */
static void wait_for_end(pid_t pid, uint64_t until_ms)
{
    while (waitpid(pid, NULL, WNOHANG) == 0) {
        if (clock_now_ms() > until_ms) {
            (void)kill(pid, SIGKILL);
        }
        (void)usleep(2000);
    }
}

static void local_close(struct launcher *l, bool is_over)
{
    (void)is_over;
    if (l == NULL) {
        return;
    }
    uint64_t until_ms = clock_now_ms() + CLOSE_MS;
    for (size_t i = 0; i < l->n; i++) {
        if (l->local[i].pid != 0) {
            (void)kill(l->local[i].pid, SIGTERM);
        }
    }
    for (size_t i = 0; i < l->n; i++) {
        if (l->local[i].pid != 0) {
            wait_for_end(l->local[i].pid, until_ms);
        }
    }
    free(l->local);
    free(l->program);
    free(l->invitation);
    free(l->logs);
    free(l);
}

/* Workers times threads fill the processors and no more, unless the user says so. */
static void share(struct launcher *l, const struct launcher_options *options)
{
    size_t processors = threads_available();
    size_t threads = options->n_threads;
    size_t workers = options->n_workers;
    if (workers == 0) {
        workers = threads == 0 ? processors : size_max(1, processors / threads);
    }
    l->n = workers;
    l->n_threads = threads != 0 ? threads : size_max(1, processors / workers);
}

static struct launcher *local_open(const struct run *r, const struct launcher_options *options,
                                   struct error *err)
{
    struct launcher *l = calloc(1, sizeof *l);
    if (l == NULL) {
        (void)error_no_memory(err, "a launcher");
        return NULL;
    }
    share(l, options);
    l->program = worker_program_find(err);
    l->invitation = run_path(r, "worker.json");
    l->logs = run_path(r, "logs");
    l->local = calloc(l->n, sizeof *l->local);
    int rc = l->program == NULL ? -1
             : l->invitation == NULL || l->logs == NULL || l->local == NULL
                 ? error_no_memory(err, "a launcher")
                 : file_make_folder(l->logs, 0755, err);
    if (l->local == NULL) {
        l->n = 0;
    }
    for (size_t i = 0; rc == 0 && i < l->n; i++) {
        rc = start(l, i, err);
    }
    if (rc != 0) {
        local_close(l, false);
        return NULL;
    }
    return l;
}

static int local_look(struct launcher *l, struct launcher_gone *gone, struct error *err)
{
    *gone = (struct launcher_gone){.name = NULL};
    for (size_t i = 0; i < l->n; i++) {
        struct local *local = &l->local[i];
        if (local->pid == 0) {
            continue;
        }
        int status = 0;
        if (waitpid(local->pid, &status, WNOHANG) != local->pid) {
            continue;
        }
        local->pid = 0;
        (void)snprintf(l->gone, sizeof l->gone, "%s", local->name);
        gone->name = l->gone;
        bool was_short = clock_now_ms() - local->started_ms < SHORT_LIFE_MS;
        l->n_short_lives = was_short ? l->n_short_lives + 1 : 0;
        if (WIFEXITED(status) && WEXITSTATUS(status) == 0) {
            l->n_short_lives = 0;
        }
        if (l->n_short_lives >= SHORT_LIVES_MAX) {
            return error_set(err, ERROR_SYSTEM,
                             "workers end as soon as they start; see the last lines of %s/"
                             "worker-%zu.log",
                             l->logs, i);
        }
        return start(l, i, err);
    }
    return 0;
}

const struct launcher_kind launcher_local = {
    .name = "local",
    .summary = "processes on this machine",
    .open = local_open,
    .look = local_look,
    .close = local_close,
};
