/* SPDX-License-Identifier: Apache-2.0 */
/* frames.c - see frames.h */
#include "worker/frames.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "worker/message.h"

int frames_write(int fd, const struct buffer *message, struct error *err)
{
    if (message->failed || message->size > MESSAGE_SIZE_LIMIT) {
        return error_set(err, ERROR_SYSTEM, "a message of %zu bytes", message->size);
    }
    uint8_t head[4];
    for (size_t i = 0; i < sizeof head; i++) {
        head[i] = (uint8_t)(message->size >> (8 * i));
    }
    if (file_write_all(fd, head, sizeof head) != 0 ||
        file_write_all(fd, message->data, message->size) != 0) {
        return error_set(err, ERROR_SYSTEM, "writing to a pipe: %s", strerrordesc_np(errno));
    }
    return 0;
}

void frames_release(struct frames *f)
{
    buffer_release(&f->in);
    f->taken = 0;
}

int frames_read(struct frames *f, int fd, struct error *err)
{
    /* What was taken makes room for what comes. */
    if (f->taken > 0) {
        memmove(f->in.data, f->in.data + f->taken, f->in.size - f->taken);
        f->in.size -= f->taken;
        f->taken = 0;
    }
    uint8_t chunk[1 << 16];
    ssize_t n = read(fd, chunk, sizeof chunk);
    if (n < 0) {
        return errno == EAGAIN || errno == EINTR
                   ? 1
                   : error_set(err, ERROR_SYSTEM, "reading from a pipe: %s",
                               strerrordesc_np(errno));
    }
    buffer_raw(&f->in, chunk, (size_t)n);
    if (f->in.failed) {
        return error_no_memory(err, "a message");
    }
    return n > 0;
}

int frames_take(struct frames *f, struct bytes *message, struct error *err)
{
    if (f->in.size == f->taken) {
        return 0;
    }
    struct bytes in = bytes_of(f->in.data + f->taken, f->in.size - f->taken);
    uint32_t size = bytes_u32(&in);
    if (in.failed) {
        return 0;
    }
    if (size > MESSAGE_SIZE_LIMIT) {
        return error_set(err, ERROR_PEER, "a message of %u bytes", size);
    }
    if (in.left < size) {
        return 0;
    }
    *message = bytes_of(in.at, size);
    f->taken += sizeof size + size;
    return 1;
}
