/* SPDX-License-Identifier: Apache-2.0 */
/* signals.c - see signals.h */
#include "base/signals.h"

#include <errno.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

int signals_open(sigset_t *before, struct error *err)
{
    sigset_t set;
    (void)sigemptyset(&set);
    (void)sigaddset(&set, SIGTERM);
    (void)sigaddset(&set, SIGINT);
    int fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    if (fd < 0) {
        return error_set(err, ERROR_SYSTEM, "no descriptor for signals: %s",
                         strerrordesc_np(errno));
    }
    (void)pthread_sigmask(SIG_BLOCK, &set, before);
    return fd;
}

bool signals_take(int fd)
{
    struct signalfd_siginfo info;
    bool any = false;
    while (read(fd, &info, sizeof info) == (ssize_t)sizeof info) {
        any = true;
    }
    return any;
}

void signals_close(int fd, const sigset_t *before)
{
    if (fd < 0) {
        return;
    }
    (void)signals_take(fd);
    (void)close(fd);
    (void)pthread_sigmask(SIG_SETMASK, before, NULL);
}
