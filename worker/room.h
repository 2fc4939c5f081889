/* SPDX-License-Identifier: Apache-2.0 */
/* room.h - memory that is used again from block to block. */
#ifndef WORKER_ROOM_H
#define WORKER_ROOM_H

#include <stddef.h>

#include "base/error.h"

/* Zeroed it holds nothing. */
struct room {
    void *data;
    size_t bytes;
};

/* At least n elements of that size; what was there is lost when it has to grow. data is never
 * NULL after success, with n = 0 neither. On failure (ERROR_SYSTEM) all is as it was. */
int room_for(struct room *room, size_t n, size_t size, struct error *err);

void room_release(struct room *room);

#endif
