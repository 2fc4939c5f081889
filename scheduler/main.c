/* SPDX-License-Identifier: Apache-2.0 */
/* main.c - the program picobarn: runs one subcommand, says what failed, and whether. */
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "scheduler/commands/commands.h"

/* What may stay at the end of the heap when it is free. */
enum { KEPT_BYTES = 16 << 20 };

/* A file opened while a standard stream is closed would take its number, and what is printed
 * would go into it. So each is held: the wrong way round, so that using it fails and is told. */
static int hold_standard_streams(void)
{
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
        if (fcntl(fd, F_GETFD) >= 0 || errno != EBADF) {
            continue;
        }
        if (open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) != fd) {
            return -1;
        }
    }
    return 0;
}

/* Names from files and from the command line stand in errors: they must not steer a terminal. */
static void print_error(struct error *err)
{
    for (char *c = err->text; *c != '\0'; c++) {
        if (((unsigned char)*c < 0x20 && *c != '\n') || *c == 0x7f) {
            *c = '?';
        }
    }
    (void)fprintf(stderr, "picobarn: %s\n", err->text);
}

/* Success is only said when all output has arrived: not on a full disk. */
static int finish_output(struct error *err)
{
    errno = 0;
    if (fflush(stdout) != 0 || ferror(stdout) != 0) {
        const char *why = errno == 0 ? "not all was written" : strerrordesc_np(errno);
        return error_set(err, ERROR_SYSTEM, "standard output: %s", why);
    }
    return 0;
}

int main(int argc, char *argv[])
{
    if (hold_standard_streams() != 0) {
        return EXIT_TROUBLE;
    }
    /* Partials are decoded, added and freed, thousands a second: to give their memory back to the
     * kernel each time took more than half of the processor time of merging. */
    (void)mallopt(M_TRIM_THRESHOLD, KEPT_BYTES); /* NOLINT(concurrency-mt-unsafe): one thread */
    (void)mallopt(M_MMAP_THRESHOLD, KEPT_BYTES); /* NOLINT(concurrency-mt-unsafe): one thread */
    struct error err = {0};
    int status = commands_run(argc, argv, &err);
    if (status >= 0 && finish_output(&err) != 0) {
        status = -1;
    }
    if (status < 0) {
        print_error(&err);
        status = err.kind == ERROR_INPUT ? EXIT_USAGE : EXIT_TROUBLE;
    }
    return status;
}
