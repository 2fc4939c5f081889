/* SPDX-License-Identifier: Apache-2.0 */
/* exec_plugin.c - see exec_plugin.h
 *
 * Its standard output is a pipe of ours; standard error stays the terminal's, since that is where
 * such programs say "visit this page". A pidfd tells its end, so that nobody has to wait for it. */
#include "k8s/exec_plugin.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/base64.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/spawn.h"

enum { TIMEOUT_MS = 60000 };
enum { OUTPUT_LIMIT = 1 << 20 };

struct exec_plugin {
    const struct kubeconfig *config;
    pid_t pid;      /* 0: there is none, or it was waited for */
    bool own_group; /* its children are killed with it */
    int pidfd;
    int output; /* -1: it ended */
    uint64_t deadline_ms;
    struct buffer said;
};

static const char *reason(void)
{
    const char *text = strerrordesc_np(errno);
    return text == NULL ? "unknown error" : text;
}

static bool is_program(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0 && S_ISREG(info.st_mode) && access(path, X_OK) == 0;
}

/* The path of a command; NULL if it is not there. To be freed. */
static char *find_program(const char *command)
{
    if (strchr(command, '/') != NULL) {
        return is_program(command) ? strdup(command) : NULL;
    }
    /* NOLINTNEXTLINE(concurrency-mt-unsafe): the environment is written by nobody */
    const char *folders = getenv("PATH");
    for (const char *at = folders; at != NULL && *at != '\0';) {
        size_t size = strcspn(at, ":");
        struct buffer path = {0};
        buffer_printf(&path, "%.*s/%s", (int)size, at, command);
        char *found =
            size > 0 && buffer_string(&path) != NULL ? strdup(buffer_string(&path)) : NULL;
        buffer_release(&path);
        if (found != NULL && is_program(found)) {
            return found;
        }
        free(found);
        at += size + (at[size] == ':' ? 1 : 0);
    }
    return NULL;
}

static int not_found(const struct kubeconfig_exec *exec, struct error *err)
{
    return error_set(err, ERROR_INPUT,
                     "%s: the kubeconfig's program for credentials is not there, or cannot be "
                     "executed%s%s",
                     exec->command, exec->install_hint == NULL ? "" : ": ",
                     exec->install_hint == NULL ? "" : exec->install_hint);
}

static bool is_interactive(const struct kubeconfig_exec *exec)
{
    return exec->interactive != INTERACTIVE_NEVER && isatty(STDIN_FILENO) == 1;
}

static json_t *cluster_info(const struct kubeconfig *config)
{
    json_t *cluster = json_pack("{s:s}", "server", config->server);
    struct buffer authority = {0};
    base64_encode(config->authority.data, config->authority.size, &authority);
    if (config->authority.size > 0 && buffer_string(&authority) != NULL) {
        (void)json_object_set_new(cluster, "certificate-authority-data",
                                  json_string(buffer_string(&authority)));
    }
    buffer_release(&authority);
    if (config->server_name != NULL) {
        (void)json_object_set_new(cluster, "tls-server-name", json_string(config->server_name));
    }
    if (config->insecure) {
        (void)json_object_set_new(cluster, "insecure-skip-tls-verify", json_true());
    }
    if (config->proxy != NULL) {
        (void)json_object_set_new(cluster, "proxy-url", json_string(config->proxy));
    }
    return cluster;
}

/* Appends KUBERNETES_EXEC_INFO=... as a string. */
static int write_info(const struct kubeconfig *config, struct buffer *out, struct error *err)
{
    json_t *info = json_pack("{s:s, s:s, s:{s:b}}", "apiVersion", config->exec.api_version,
                             "kind", "ExecCredential", "spec", "interactive",
                             is_interactive(&config->exec) ? 1 : 0);
    if (config->exec.provide_cluster_info) {
        (void)json_object_set_new(json_object_get(info, "spec"), "cluster",
                                  cluster_info(config));
    }
    buffer_printf(out, "KUBERNETES_EXEC_INFO=");
    int rc = json_write_canonical(info, out, err);
    json_decref(info);
    return rc == 0 && buffer_string(out) == NULL ? error_no_memory(err, "a program") : rc;
}

/* Whether "NAME=value" is one that the kubeconfig, or we, say anew. */
static bool is_replaced(const struct kubeconfig_exec *exec, const char *variable)
{
    size_t size = strcspn(variable, "=") + 1;
    bool replaced = strncmp(variable, "KUBERNETES_EXEC_INFO=", size) == 0;
    for (size_t i = 0; !replaced && i < exec->n_variables; i++) {
        replaced = strncmp(variable, exec->variable[i], size) == 0;
    }
    return replaced;
}

/* Our environment, with the kubeconfig's and info in place of the same names. The array is the
 * caller's, the texts are borrowed. */
static char **make_environment(const struct kubeconfig_exec *exec, char *info)
{
    size_t n = 0;
    while (environ[n] != NULL) {
        n++;
    }
    char **out = calloc(n + exec->n_variables + 2, sizeof *out);
    if (out == NULL) {
        return NULL;
    }
    size_t used = 0;
    for (size_t i = 0; i < n; i++) {
        if (!is_replaced(exec, environ[i])) {
            out[used++] = environ[i];
        }
    }
    for (size_t i = 0; i < exec->n_variables; i++) {
        out[used++] = exec->variable[i];
    }
    out[used] = info;
    return out;
}

/* Starts the program with its output into ends[1]. */
static int start(struct exec_plugin *p, const char *program, int output, struct error *err)
{
    const struct kubeconfig_exec *exec = &p->config->exec;
    struct buffer info = {0};
    int rc = write_info(p->config, &info, err);
    char **environment = rc == 0 ? make_environment(exec, (char *)info.data) : NULL;
    char **argv = calloc(exec->n_arguments + 2, sizeof *argv);
    if (rc == 0 && (environment == NULL || argv == NULL)) {
        rc = error_no_memory(err, "a program");
    }
    if (rc == 0) {
        argv[0] = exec->command;
        for (size_t i = 0; i < exec->n_arguments; i++) {
            argv[i + 1] = exec->argument[i];
        }
        /* One that asks at the terminal has to stay in its foreground. */
        p->own_group = !is_interactive(exec);
        const struct spawn what = {.program = program,
                                   .argv = argv,
                                   .input = p->own_group ? -1 : STDIN_FILENO,
                                   .output = output,
                                   .errors = -1,
                                   .own_group = p->own_group,
                                   .environment = environment};
        rc = spawn_start(&what, &p->pid, err);
    }
    free(argv);
    free(environment);
    buffer_release(&info);
    return rc;
}

static int start_piped(struct exec_plugin *p, const char *program, struct error *err)
{
    int ends[2] = {-1, -1};
    if (pipe2(ends, O_CLOEXEC) != 0) {
        return error_set(err, ERROR_SYSTEM, "no pipe: %s", reason());
    }
    p->output = ends[0];
    int rc = fcntl(ends[0], F_SETFL, O_NONBLOCK);
    rc = rc == 0 ? start(p, program, ends[1], err)
                 : error_set(err, ERROR_SYSTEM, "no pipe: %s", reason());
    (void)close(ends[1]);
    if (rc != 0) {
        return -1;
    }
    p->pidfd = pidfd_open(p->pid, 0);
    if (p->pidfd < 0) {
        return error_set(err, ERROR_SYSTEM, "pidfd_open: %s", reason());
    }
    (void)fcntl(p->pidfd, F_SETFD, FD_CLOEXEC);
    return 0;
}

struct exec_plugin *exec_plugin_start(const struct kubeconfig *config, struct error *err)
{
    const struct kubeconfig_exec *exec = &config->exec;
    if (exec->interactive == INTERACTIVE_ALWAYS && isatty(STDIN_FILENO) != 1) {
        error_set(err, ERROR_INPUT,
                  "%s: asks at a terminal (interactiveMode: Always), and there is none",
                  exec->command);
        return NULL;
    }
    char *program = find_program(exec->command);
    if (program == NULL) {
        not_found(exec, err);
        return NULL;
    }
    struct exec_plugin *p = calloc(1, sizeof *p);
    if (p == NULL) {
        free(program);
        error_no_memory(err, "a program");
        return NULL;
    }
    p->config = config;
    p->output = -1;
    p->pidfd = -1;
    p->deadline_ms = clock_now_ms() + TIMEOUT_MS;
    int rc = start_piped(p, program, err);
    free(program);
    if (rc != 0) {
        exec_plugin_stop(p);
        return NULL;
    }
    return p;
}

void exec_plugin_stop(struct exec_plugin *p)
{
    if (p == NULL) {
        return;
    }
    if (p->pid > 0) {
        (void)kill(p->own_group ? -p->pid : p->pid, SIGKILL);
        (void)waitpid(p->pid, NULL, 0);
    }
    if (p->output >= 0) {
        (void)close(p->output);
    }
    if (p->pidfd >= 0) {
        (void)close(p->pidfd);
    }
    if (p->said.data != NULL) {
        explicit_bzero(p->said.data, p->said.room);
    }
    buffer_release(&p->said);
    free(p);
}

/* Reads what is there. */
static int hear(struct exec_plugin *p, struct error *err)
{
    uint8_t chunk[8192];
    ssize_t n = 1;
    while (p->output >= 0 && n > 0) {
        n = read(p->output, chunk, sizeof chunk);
        if (n > 0) {
            buffer_raw(&p->said, chunk, (size_t)n);
        }
        if (p->said.failed) {
            return error_no_memory(err, "credentials");
        }
        if (p->said.size > OUTPUT_LIMIT) {
            return error_set(err, ERROR_PEER, "%s: gave more than %d bytes",
                             p->config->exec.command, OUTPUT_LIMIT);
        }
        if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) {
            (void)close(p->output);
            p->output = -1;
        }
    }
    explicit_bzero(chunk, sizeof chunk);
    return 0;
}

static int check_status(const struct exec_plugin *p, int status, struct error *err)
{
    const char *command = p->config->exec.command;
    if (WIFSIGNALED(status)) {
        return error_set(err, ERROR_SYSTEM, "%s: was ended by signal %d", command,
                         WTERMSIG(status));
    }
    if (WEXITSTATUS(status) != 0) {
        return error_set(err, ERROR_INPUT,
                         "%s: made no credentials (exit status %d): log in again, or see what "
                         "it says above",
                         command, WEXITSTATUS(status));
    }
    return 0;
}

/* It ended: what it said first, then how. */
static int conclude(struct exec_plugin *p, int status, struct exec_credential *out,
                    struct error *err)
{
    p->pid = 0;
    if (hear(p, err) != 0 || check_status(p, status, err) != 0) {
        return -1;
    }
    if (exec_credential_decode(out, p->said.data, p->said.size, p->config->exec.api_version,
                               err) != 0) {
        return error_prefix(err,
                            "%s, the kubeconfig's program for credentials (is it the right "
                            "one?)",
                            p->config->exec.command);
    }
    return 0;
}

enum exec_plugin_state exec_plugin_turn(struct exec_plugin *p, uint64_t now_ms,
                                        struct exec_credential *out, struct error *err)
{
    int status = 0;
    if (hear(p, err) != 0) {
        return EXEC_PLUGIN_FAILED;
    }
    pid_t ended = waitpid(p->pid, &status, WNOHANG);
    if (ended == p->pid) {
        return conclude(p, status, out, err) == 0 ? EXEC_PLUGIN_DONE : EXEC_PLUGIN_FAILED;
    }
    if (ended < 0) {
        p->pid = 0;
        error_set(err, ERROR_SYSTEM, "%s: cannot be waited for: %s", p->config->exec.command,
                  reason());
        return EXEC_PLUGIN_FAILED;
    }
    if (now_ms >= p->deadline_ms) {
        error_set(err, ERROR_SYSTEM, "%s: made no credentials within %d s",
                  p->config->exec.command, TIMEOUT_MS / 1000);
        return EXEC_PLUGIN_FAILED;
    }
    return EXEC_PLUGIN_RUNS;
}

size_t exec_plugin_fds(const struct exec_plugin *p, int fd[2])
{
    size_t n = 0;
    fd[n++] = p->pidfd;
    if (p->output >= 0) {
        fd[n++] = p->output;
    }
    return n;
}

uint64_t exec_plugin_deadline_ms(const struct exec_plugin *p)
{
    return p->deadline_ms;
}
