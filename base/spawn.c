/* SPDX-License-Identifier: Apache-2.0 */
/* spawn.c - see spawn.h */
#include "base/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <unistd.h>

/* These all return 0 or an errno, and none of them starts anything. */
static int say_files(const struct spawn *what, posix_spawn_file_actions_t *files)
{
    int code =
        what->input < 0
            ? posix_spawn_file_actions_addopen(files, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
            : posix_spawn_file_actions_adddup2(files, what->input, STDIN_FILENO);
    if (code == 0 && what->output >= 0) {
        code = posix_spawn_file_actions_adddup2(files, what->output, STDOUT_FILENO);
    }
    if (code == 0 && what->errors >= 0) {
        code = posix_spawn_file_actions_adddup2(files, what->errors, STDERR_FILENO);
    }
    return code;
}

/* Signals that we block, to hear of them in another way, must reach the program as usual. */
static int say_attributes(const struct spawn *what, posix_spawnattr_t *attributes)
{
    sigset_t none;
    (void)sigemptyset(&none);
    short flags = POSIX_SPAWN_SETSIGMASK;
    int code = posix_spawnattr_setsigmask(attributes, &none);
    if (code == 0 && what->own_group) {
        flags = POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP;
        code = posix_spawnattr_setpgroup(attributes, 0);
    }
    return code == 0 ? posix_spawnattr_setflags(attributes, flags) : code;
}

static int start_with(const struct spawn *what, posix_spawn_file_actions_t *files, pid_t *pid)
{
    posix_spawnattr_t attributes;
    int code = posix_spawnattr_init(&attributes);
    if (code != 0) {
        return code;
    }
    code = say_files(what, files);
    code = code == 0 ? say_attributes(what, &attributes) : code;
    char *const *environment = what->environment == NULL ? environ : what->environment;
    code = code == 0
               ? posix_spawn(pid, what->program, files, &attributes, what->argv, environment)
               : code;
    (void)posix_spawnattr_destroy(&attributes);
    return code;
}

int spawn_start(const struct spawn *what, pid_t *pid, struct error *err)
{
    posix_spawn_file_actions_t files;
    pid_t started = 0;
    int code = posix_spawn_file_actions_init(&files);
    if (code == 0) {
        code = start_with(what, &files, &started);
        (void)posix_spawn_file_actions_destroy(&files);
    }
    if (code != 0) {
        const char *text = strerrordesc_np(code);
        return error_set(err, code == ENOENT ? ERROR_INPUT : ERROR_SYSTEM,
                         "%s: cannot be started: %s", what->program,
                         text == NULL ? "unknown error" : text);
    }
    *pid = started;
    return 0;
}
