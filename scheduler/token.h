/* SPDX-License-Identifier: Apache-2.0 */
/* token.h - tokens as files hold them: a line of its own. */
#ifndef SCHEDULER_TOKEN_H
#define SCHEDULER_TOKEN_H

#include "base/bytes.h"
#include "base/error.h"

/* Puts the first word of the file into an empty buffer. Fails (ERROR_INPUT) if it has fewer than 16 characters. */
int token_read(const char *path, struct buffer *out, struct error *err);

#endif
