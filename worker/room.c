/* SPDX-License-Identifier: Apache-2.0 */
/* room.c - see room.h */
#include "worker/room.h"

#include <stdint.h>
#include <stdlib.h>

#include "base/size.h"

int room_for(struct room *room, size_t n, size_t size, struct error *err)
{
    size_t bytes = 0;
    if (!size_multiply(n, size, &bytes) || bytes > SIZE_MAX / 2) {
        return error_no_memory(err, "a column");
    }
    if (room->data != NULL && bytes <= room->bytes) {
        return 0;
    }
    /* Some more than asked for, so that blocks that differ a little do not allocate each time. */
    bytes += bytes / 4 + 1;
    void *data = malloc(bytes);
    if (data == NULL) {
        return error_no_memory(err, "a column");
    }
    free(room->data);
    *room = (struct room){.data = data, .bytes = bytes};
    return 0;
}

void room_release(struct room *room)
{
    free(room->data);
    *room = (struct room){0};
}
