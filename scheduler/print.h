/* SPDX-License-Identifier: Apache-2.0 */
/* print.h - what a command says on standard output. main looks at the end whether all of it
 * was really written. */
#ifndef SCHEDULER_PRINT_H
#define SCHEDULER_PRINT_H

#include "base/bytes.h"
#include "base/error.h"
#include "base/json.h"

/* Fails (ERROR_SYSTEM) if the buffer ran out of memory or standard output does not take it. */
int print_text(const struct buffer *text, struct error *err);

/* The value indented, and a line's end. */
int print_json(const json_t *value, struct error *err);

/* Bytes at once, not when there is enough of them. */
int print_now(const void *data, size_t size, struct error *err);

/* The same on standard error, where nobody can be told that it fails. */
void print_aside(const void *data, size_t size);

#endif
