/* SPDX-License-Identifier: Apache-2.0 */
/* number.h - from numbers as a file stores them to numbers of this machine: byte order, and half
 * precision, which becomes single. */
#ifndef WORKER_NUMBER_H
#define WORKER_NUMBER_H

#include <stdbool.h>
#include <stddef.h>

#include "worker/format.h"

/* Whether the stored bytes are already what they become. */
bool number_is_native(const struct format_column *c);

/* n numbers from in, c->size bytes each, to out, c->raw_size bytes each. They may be the same
 * place, and in may be the last n * c->size bytes of out; else they do not overlap. */
void number_load(const struct format_column *c, const void *in, size_t n, void *out);

#endif
