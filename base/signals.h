/* SPDX-License-Identifier: Apache-2.0 */
/* signals.h - SIGINT and SIGTERM, which ask a program to stop, as a file descriptor. */
#ifndef BASE_SIGNALS_H
#define BASE_SIGNALS_H

#include <signal.h>
#include <stdbool.h>

#include "base/error.h"

/* Blocks both in this thread, and so in those that it starts later: to be called before there are
 * others. A descriptor that can be read when one of them came, for signals_take, or -1
 * (ERROR_SYSTEM). *before is the mask as it was, for signals_close. */
int signals_open(sigset_t *before, struct error *err);

/* Whether one came since the last call; it does not wait. */
bool signals_take(int fd);

/* Closes it and puts the mask back. What came meanwhile is dropped, so that a second Ctrl-C does
 * not kill a program that is about to end. Nothing is done for -1. */
void signals_close(int fd, const sigset_t *before);

#endif
