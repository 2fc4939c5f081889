/* SPDX-License-Identifier: Apache-2.0 */
/* reply.c - see reply.h */
#include "scheduler/reply.h"

#include <string.h>

enum { HEAD_SIZE = 5 };

void reply_encode(enum reply_kind kind, const void *data, size_t size, struct buffer *out)
{
    buffer_u8(out, (uint8_t)kind);
    buffer_block(out, data, size);
}

void reply_release(struct reply *r)
{
    buffer_release(&r->in);
    *r = (struct reply){.taken = 0};
}

/* The next whole part: 1, 0 if not all of it is there, -1 for one that is none. */
static int next_part(struct reply *r, uint8_t *kind, struct bytes *part, struct error *err)
{
    struct bytes in = bytes_of(r->in.data + r->taken, r->in.size - r->taken);
    if (in.left < HEAD_SIZE) {
        return 0;
    }
    *kind = bytes_u8(&in);
    uint32_t size = bytes_u32(&in);
    bool is_known =
        *kind == REPLY_OUT || *kind == REPLY_ERRORS || (*kind == REPLY_EXIT && size == 1);
    if (!is_known || size > REPLY_PART_MOST) {
        return error_set(err, ERROR_PEER, "the answer is no command's: part %u of %u bytes",
                         *kind, (unsigned)size);
    }
    if (in.left < size) {
        return 0;
    }
    *part = bytes_of(in.at, size);
    r->taken += HEAD_SIZE + size;
    return 1;
}

/* What is taken makes room for what comes. */
static void shift(struct reply *r)
{
    if (r->taken > 0) {
        memmove(r->in.data, r->in.data + r->taken, r->in.size - r->taken);
        r->in.size -= r->taken;
        r->taken = 0;
    }
}

int reply_decode(struct reply *r, const void *data, size_t size,
                 int (*take)(void *context, enum reply_kind kind, const void *data, size_t size,
                             struct error *err),
                 void *context, struct error *err)
{
    uint8_t kind = 0;
    struct bytes part = {.at = NULL};
    int rc = 0;
    if (r->is_ended && size > 0) {
        return error_set(err, ERROR_PEER, "the answer goes on behind its end");
    }
    buffer_raw(&r->in, data, size);
    if (r->in.failed) {
        return error_no_memory(err, "a command's answer");
    }
    while (!r->is_ended && (rc = next_part(r, &kind, &part, err)) == 1) {
        if (kind == REPLY_EXIT) {
            r->exit_status = bytes_u8(&part);
            r->is_ended = true;
        } else if (take(context, (enum reply_kind)kind, part.at, part.left, err) != 0) {
            return -1;
        }
    }
    if (r->is_ended && r->taken < r->in.size) {
        return error_set(err, ERROR_PEER, "the answer goes on behind its end");
    }
    shift(r);
    return rc < 0 ? -1 : 0;
}
