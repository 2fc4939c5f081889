/* SPDX-License-Identifier: Apache-2.0 */
/* child.c - see child.h */
#include "worker/child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/size.h"
#include "base/spawn.h"

static void close_pair(int pair[2])
{
    for (int i = 0; i < 2; i++) {
        if (pair[i] >= 0) {
            (void)close(pair[i]);
        }
        pair[i] = -1;
    }
}

int child_start(struct child *c, char *const argv[], struct error *err)
{
    int in[2] = {-1, -1};
    int out[2] = {-1, -1};
    int errors[2] = {-1, -1};
    *c = (struct child){.input = -1, .output = -1, .errors = -1};
    bool piped = pipe2(in, O_CLOEXEC) == 0 && pipe2(out, O_CLOEXEC) == 0 &&
                 pipe2(errors, O_CLOEXEC) == 0;
    struct spawn what = {.program = "/proc/self/exe",
                         .argv = argv,
                         .input = in[0],
                         .output = out[1],
                         .errors = errors[1]};
    int rc = piped ? spawn_start(&what, &c->pid, err)
                   : error_set(err, ERROR_SYSTEM, "a pipe: %s", strerrordesc_np(errno));
    if (rc != 0) {
        close_pair(in);
        close_pair(out);
        close_pair(errors);
        return error_prefix(err, "starting the compute program");
    }
    (void)close(in[0]);
    (void)close(out[1]);
    (void)close(errors[1]);
    c->input = in[1];
    c->output = out[0];
    c->errors = errors[0];
    (void)fcntl(c->output, F_SETFL, O_NONBLOCK);
    (void)fcntl(c->errors, F_SETFL, O_NONBLOCK);
    return 0;
}

void child_listen(struct child *c)
{
    char chunk[1024];
    ssize_t n = c->errors < 0 ? 0 : read(c->errors, chunk, sizeof chunk);
    for (; n > 0; n = read(c->errors, chunk, sizeof chunk)) {
        size_t size = (size_t)n;
        size_t kept = size_min(c->log_size, sizeof c->log - size);
        memmove(c->log, c->log + (c->log_size - kept), kept);
        memcpy(c->log + kept, chunk, size);
        c->log_size = kept + size;
    }
    if (n == 0 && c->errors >= 0) {
        (void)close(c->errors);
        c->errors = -1;
    }
}

/* Its status, as waitpid says it, once it ended by itself or was killed. What it still writes is
 * taken meanwhile: it may wait for room in the pipe. */
static int wait_for_end(struct child *c)
{
    int status = 0;
    pid_t ended = 0;
    uint64_t until_ms = clock_now_ms() + CHILD_END_MS;
    while ((ended = waitpid(c->pid, &status, WNOHANG)) == 0 && clock_now_ms() < until_ms) {
        child_listen(c);
        (void)usleep(1000);
    }
    if (ended == 0) {
        c->killed = true;
        (void)kill(c->pid, SIGKILL);
        while (waitpid(c->pid, &status, 0) < 0 && errno == EINTR) {
        }
    }
    return status;
}

int child_reap(struct child *c, int kill_first, int *exit_status)
{
    *exit_status = 0;
    if (c->pid == 0) {
        return 0;
    }
    if (kill_first) {
        (void)kill(c->pid, SIGKILL);
    }
    if (c->input >= 0) {
        (void)close(c->input);
    }
    int status = wait_for_end(c);
    child_listen(c);
    if (c->output >= 0) {
        (void)close(c->output);
    }
    if (c->errors >= 0) {
        (void)close(c->errors);
    }
    frames_release(&c->frames);
    c->pid = 0;
    c->input = c->output = c->errors = -1;
    *exit_status = WIFEXITED(status) ? WEXITSTATUS(status) : 0;
    return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

void child_log_text(const struct child *c, char *out, size_t size)
{
    size_t n = size_min(c->log_size, size - 1);
    memcpy(out, c->log + (c->log_size - n), n);
    out[n] = '\0';
    for (size_t i = 0; i < n; i++) {
        unsigned char byte = (unsigned char)out[i];
        if (byte == '\0' || (byte < ' ' && byte != '\n' && byte != '\t') || byte == 0x7f) {
            out[i] = '?';
        }
    }
}
