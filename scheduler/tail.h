/* SPDX-License-Identifier: Apache-2.0 */
/* tail.h - the last of what a program wrote, whole lines of it. */
#ifndef SCHEDULER_TAIL_H
#define SCHEDULER_TAIL_H

#include "base/bytes.h"

/* Holds up to twice `most` bytes while it grows. */
struct tail {
    size_t most;
    struct buffer text;
};

void tail_release(struct tail *t);
void tail_clear(struct tail *t);
void tail_add(struct tail *t, const void *data, size_t size);

/* At most `most` bytes from the beginning of a line on (in the midst of one that is longer), zero-
 * terminated; borrowed until the next call. "" without memory. */
const char *tail_text(struct tail *t);

#endif
