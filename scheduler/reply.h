/* SPDX-License-Identifier: Apache-2.0 */
/* reply.h - what a command that runs elsewhere says: output, errors and exit status in one stream.
 *
 * Layout of a part: u8 kind, u32 size (at most REPLY_PART_MOST), that many bytes. Kinds: 'o'
 * standard output and 'e' standard error, in any order; then 'x', the exit status in one byte, which
 * ends the stream. A stream without it broke off. (HTTP has trailers for this, but proxies drop
 * them.) */
#ifndef SCHEDULER_REPLY_H
#define SCHEDULER_REPLY_H

#include <stdbool.h>

#include "base/bytes.h"
#include "base/error.h"

enum { REPLY_PART_MOST = 64 << 10 };
enum reply_kind { REPLY_OUT = 'o', REPLY_ERRORS = 'e', REPLY_EXIT = 'x' };

/* size is at most REPLY_PART_MOST. */
void reply_encode(enum reply_kind kind, const void *data, size_t size, struct buffer *out);

/* A stream as it comes in, piece by piece; zeroed when empty. */
struct reply {
    struct buffer in; /* what is not taken yet */
    size_t taken;
    bool is_ended;
    int exit_status; /* once it is ended */
};

void reply_release(struct reply *r);

/* Takes more bytes, and calls for each whole part of 'o' or 'e'; take returns -1 (with err set) to
 * stop. Fails (ERROR_PEER) for what no server of ours sends: it keeps at most one part. */
int reply_decode(struct reply *r, const void *data, size_t size,
                 int (*take)(void *context, enum reply_kind kind, const void *data, size_t size,
                             struct error *err),
                 void *context, struct error *err);

#endif
