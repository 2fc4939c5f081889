/* SPDX-License-Identifier: Apache-2.0 */
/* listen.h - a TCP socket that listens at an address in numbers: "127.0.0.1:8080", "[::1]:0". */
#ifndef SCHEDULER_LISTEN_H
#define SCHEDULER_LISTEN_H

#include <stdbool.h>

#include "base/error.h"

enum { LISTEN_ADDRESS_SIZE = 80 };

/* The socket (close-on-exec, not blocking), which the caller closes, and its address with the real
 * port, where 0 was said. -1: ERROR_INPUT if text is no address, ERROR_SYSTEM if it is taken. */
int listen_at(const char *text, char address[LISTEN_ADDRESS_SIZE], struct error *err);

/* Only checks it; *is_loopback: nothing but this machine reaches it. ERROR_INPUT. */
int listen_check(const char *text, bool *is_loopback, struct error *err);

#endif
