/* SPDX-License-Identifier: Apache-2.0 */
/* worker_program.c - see worker_program.h */
#include "scheduler/worker_program.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"

enum { INSPECTION_LIMIT = 64 << 20 };

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

static int spawn(char **argv, const int out[2], const int errors[2], pid_t *pid)
{
    posix_spawn_file_actions_t actions;
    int code = posix_spawn_file_actions_init(&actions);
    if (code != 0) {
        return code;
    }
    (void)posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    (void)posix_spawn_file_actions_adddup2(&actions, out[1], STDOUT_FILENO);
    (void)posix_spawn_file_actions_adddup2(&actions, errors[1], STDERR_FILENO);
    code = posix_spawn(pid, argv[0], &actions, NULL, argv, environ);
    (void)posix_spawn_file_actions_destroy(&actions);
    return code;
}

/* Reads both pipes until both are closed. */
static void collect(const int fd[2], struct buffer *const to[2])
{
    struct pollfd polled[2] = {{.fd = fd[0], .events = POLLIN},
                               {.fd = fd[1], .events = POLLIN}};
    char chunk[4096];
    while (polled[0].fd >= 0 || polled[1].fd >= 0) {
        if (poll(polled, 2, -1) < 0 && errno != EINTR) {
            return;
        }
        for (int i = 0; i < 2; i++) {
            ssize_t n = polled[i].fd >= 0 && polled[i].revents != 0
                            ? read(polled[i].fd, chunk, sizeof chunk)
                            : -2;
            if (n > 0) {
                buffer_raw(to[i], chunk, (size_t)n);
            } else if (n == 0 || (n == -1 && errno != EINTR)) {
                polled[i].fd = -1;
            }
        }
    }
}

int worker_program_run(char **argv, struct buffer *out, struct buffer *errors, int *status,
                       struct error *err)
{
    int out_pipe[2];
    int error_pipe[2];
    char *program = worker_program_find(err);
    if (program == NULL) {
        return -1;
    }
    argv[0] = program;
    if (pipe2(out_pipe, O_CLOEXEC) != 0) {
        free(program);
        return error_set(err, ERROR_SYSTEM, "a pipe: %s", strerrordesc_np(errno));
    }
    if (pipe2(error_pipe, O_CLOEXEC) != 0) {
        (void)close(out_pipe[0]);
        (void)close(out_pipe[1]);
        free(program);
        return error_set(err, ERROR_SYSTEM, "a pipe: %s", strerrordesc_np(errno));
    }
    pid_t pid = 0;
    int code = spawn(argv, out_pipe, error_pipe, &pid);
    (void)close(out_pipe[1]);
    (void)close(error_pipe[1]);
    int ended = 0;
    if (code == 0) {
        const int fd[2] = {out_pipe[0], error_pipe[0]};
        struct buffer *const to[2] = {out, errors};
        collect(fd, to);
        while (waitpid(pid, &ended, 0) < 0 && errno == EINTR) {
        }
        *status = WIFSIGNALED(ended) ? 128 + WTERMSIG(ended) : WEXITSTATUS(ended);
    } else {
        (void)error_set(err, ERROR_SYSTEM, "worker program %s: %s", program,
                        strerrordesc_np(code));
    }
    (void)close(out_pipe[0]);
    (void)close(error_pipe[0]);
    free(program);
    return code == 0 ? 0 : -1;
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
