/* SPDX-License-Identifier: Apache-2.0 */
/* worker_program.c - see worker_program.h */
#include "scheduler/worker_program.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "base/size.h"
#include "base/spawn.h"

enum { INSPECTION_LIMIT = 64 << 20 };

/* One call of it. */
struct called {
    struct buffer *out; /* the caller's */
    struct buffer *errors;
    int status;
};

char *worker_program_find(struct error *err)
{
    const char *said =
        getenv("PICOBARN_WORKER"); /* NOLINT(concurrency-mt-unsafe): one thread */
    if (said != NULL) {
        return strdup(said);
    }
    char self[PATH_MAX];
    ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
    char *slash = NULL;
    if (n > 0) {
        self[n] = '\0';
        slash = strrchr(self, '/');
    }
    if (slash == NULL) {
        (void)error_set(err, ERROR_SYSTEM,
                        "the program's own place is unknown: say "
                        "PICOBARN_WORKER=/path/to/picobarn-worker");
        return NULL;
    }
    *slash = '\0';
    return file_join(self, "picobarn-worker");
}

/* What is there of one pipe; at its end it is watched no more. */
static void collect_one(struct pollfd *polled, struct buffer *to)
{
    if (polled->fd < 0 || polled->revents == 0) {
        return;
    }
    char chunk[4096];
    ssize_t n = read(polled->fd, chunk, sizeof chunk);
    if (n > 0) {
        buffer_raw(to, chunk, (size_t)n);
    } else if (n == 0 || errno != EINTR) {
        polled->fd = -1;
    }
}

/* Reads both pipes until both are closed. */
static void collect(int out_pipe, int error_pipe, struct buffer *out, struct buffer *errors)
{
    struct pollfd polled[2] = {{.fd = out_pipe, .events = POLLIN},
                               {.fd = error_pipe, .events = POLLIN}};
    while (polled[0].fd >= 0 || polled[1].fd >= 0) {
        int n = poll(polled, ARRAY_LENGTH(polled), -1);
        if (n < 0 && errno != EINTR) {
            return;
        }
        if (n > 0) {
            collect_one(&polled[0], out);
            collect_one(&polled[1], errors);
        }
    }
}

/* The exit status as a shell says it. */
static int wait_for_end(pid_t pid)
{
    int ended = 0;
    while (waitpid(pid, &ended, 0) < 0 && errno == EINTR) {
    }
    return WIFSIGNALED(ended) ? 128 + WTERMSIG(ended) : WEXITSTATUS(ended);
}

static void close_end(int *end)
{
    if (*end >= 0) {
        (void)close(*end);
    }
    *end = -1;
}

/* Runs it between two pipes, and closes its ends of them: their end is then its end. */
static int run_between(char **argv, int out_pipe[2], int error_pipe[2], struct called *called,
                       struct error *err)
{
    struct spawn what = {.program = argv[0],
                         .argv = argv,
                         .input = -1,
                         .output = out_pipe[1],
                         .errors = error_pipe[1]};
    pid_t pid = 0;
    int rc = spawn_start(&what, &pid, err);
    close_end(&out_pipe[1]);
    close_end(&error_pipe[1]);
    if (rc != 0) {
        return error_prefix(err, "worker program");
    }
    collect(out_pipe[0], error_pipe[0], called->out, called->errors);
    called->status = wait_for_end(pid);
    return 0;
}

int worker_program_run(char **argv, struct buffer *out, struct buffer *errors, int *status,
                       struct error *err)
{
    int out_pipe[2] = {-1, -1};
    int error_pipe[2] = {-1, -1};
    struct called called = {.out = out, .errors = errors};
    char *program = worker_program_find(err);
    if (program == NULL) {
        return -1;
    }
    argv[0] = program;
    int rc = pipe2(out_pipe, O_CLOEXEC) == 0 && pipe2(error_pipe, O_CLOEXEC) == 0
                 ? run_between(argv, out_pipe, error_pipe, &called, err)
                 : error_set(err, ERROR_SYSTEM, "a pipe: %s", strerrordesc_np(errno));
    if (rc == 0) {
        *status = called.status;
    }
    for (int i = 0; i < 2; i++) {
        close_end(&out_pipe[i]);
        close_end(&error_pipe[i]);
    }
    free(program);
    return rc;
}

int worker_program_share(const json_t *order, char path[WORKER_PROGRAM_PATH_SIZE],
                         struct error *err)
{
    /* Not close-on-exec: the worker program inherits it. */
    int fd = memfd_create("order", 0);
    if (fd < 0 || json_dumpfd(order, fd, JSON_COMPACT) != 0) {
        if (fd >= 0) {
            (void)close(fd);
        }
        return error_set(err, ERROR_SYSTEM, "the order cannot be handed to the worker program");
    }
    (void)snprintf(path, WORKER_PROGRAM_PATH_SIZE, "/proc/self/fd/%d", fd);
    return fd;
}

/* The first line that the worker program wrote about what is wrong, without its name. */
static void take_words(struct buffer *errors, struct error *err)
{
    static const char prefix[] = "picobarn-worker: ";
    const char *text = buffer_string(errors);
    if (text == NULL || text[0] == '\0') {
        text = "the worker program died without a word";
    } else if (strncmp(text, prefix, sizeof prefix - 1) == 0) {
        text += sizeof prefix - 1;
    }
    (void)error_set(err, ERROR_INPUT, "%.*s", (int)strcspn(text, "\n"), text);
}

int worker_program_call(char **argv, struct buffer *out, struct error *err)
{
    struct buffer errors = {0};
    int status = 0;
    int rc = worker_program_run(argv, out, &errors, &status, err);
    if (rc == 0 && status != 0) {
        take_words(&errors, err);
        rc = -1;
    }
    buffer_release(&errors);
    return rc;
}

json_t *worker_program_inspect(const char *path, const json_t *order, const char *weight,
                               struct error *err)
{
    char word[][12] = {"inspect", "--order", "--weight"};
    char order_path[WORKER_PROGRAM_PATH_SIZE];
    int fd = worker_program_share(order, order_path, err);
    if (fd < 0) {
        return NULL;
    }
    char *file = strdup(path);
    char *column = weight == NULL ? NULL : strdup(weight);
    char *argv[] = {NULL,   word[0], file, word[1], order_path, column == NULL ? NULL : word[2],
                    column, NULL};
    struct buffer out = {0};
    json_t *found = NULL;
    if (file == NULL || (weight != NULL && column == NULL)) {
        (void)error_no_memory(err, "a path");
    } else if (worker_program_call(argv, &out, err) == 0) {
        found = json_parse(out.data, out.size, INSPECTION_LIMIT, err);
    }
    (void)close(fd);
    buffer_release(&out);
    free(file);
    free(column);
    return found;
}
