/* SPDX-License-Identifier: Apache-2.0 */
/* frames.h - messages over a pipe: u32 length, then the bytes of one message. */
#ifndef WORKER_FRAMES_H
#define WORKER_FRAMES_H

#include <stdbool.h>

#include "base/bytes.h"
#include "base/error.h"

/* Writes one message, waiting for room. ERROR_SYSTEM if the other end is gone. */
int frames_write(int fd, const struct buffer *message, struct error *err);

/* Bytes read so far and not yet taken; zeroed when empty. */
struct frames {
    struct buffer in;
    size_t taken;
};

void frames_release(struct frames *f);

/* Reads what is there, at most once. 1 if something came, 0 at the end of the pipe, -1 on an
 * error. A pipe that would block gives 1. */
int frames_read(struct frames *f, int fd, struct error *err);

/* The next whole message as a view that is valid until the next frames_read: 1, 0 if there is
 * none yet, -1 (ERROR_PEER) if its length is absurd. */
int frames_take(struct frames *f, struct bytes *message, struct error *err);

#endif
