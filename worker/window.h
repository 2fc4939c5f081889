/* SPDX-License-Identifier: Apache-2.0 */
/* window.h - a stretch of a file at a time, mapped into memory, and what happens when the file
 * becomes shorter meanwhile. */
#ifndef WORKER_WINDOW_H
#define WORKER_WINDOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

enum {
    WINDOWS_MAX = 512, /* open at a time in the process */
    /* What a window shows at least, as far as the file goes: the memory of a mapped column. It
     * begins at a multiple of the other. The kernel maps what it keeps in large pieces as such
     * where these fit: 2 MiB or 4 MiB anywhere were 50 % and 20 % slower. */
    WINDOW_BYTES = 4 << 20,
    WINDOW_STEP_BYTES = 2 << 20,
};

/* Whoever reads a page that a file no longer has gets SIGBUS. After this call such a page of an
 * open window reads as zeros, and the window says so; any other SIGBUS ends the process as
 * before. Once in the process, before the first window. ERROR_SYSTEM if it cannot be. */
int window_guard(struct error *err);

/* Zeroed it is closed. Belongs to one thread at a time. */
struct window {
    int fd;
    uint64_t file_bytes;
    uint8_t *data;   /* read-only pages */
    uint64_t offset; /* of data in the file */
    size_t size;     /* 0: nothing is mapped yet */
    size_t slot;     /* 1 + its place in the table of open windows; 0: closed */
};

/* Onto a file that stays open as long. Not thread-safe. False if there are too many, or if the
 * file's system cannot map: then the file is to be read in another way. */
bool window_open(struct window *w, int fd, uint64_t file_bytes);
void window_close(struct window *w);

/* The bytes [offset, offset + size), which lie within file_bytes; valid until the next call. The
 * file may be written to by others: a byte read twice may differ. */
const uint8_t *window_at(struct window *w, uint64_t offset, size_t size, struct error *err);

/* Whether a page was missing that was looked at. */
bool window_is_torn(const struct window *w);

#endif
