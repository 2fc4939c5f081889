/* SPDX-License-Identifier: Apache-2.0 */
/* tail.c - see tail.h */
#include "scheduler/tail.h"

#include <string.h>

void tail_release(struct tail *t)
{
    buffer_release(&t->text);
}

void tail_clear(struct tail *t)
{
    buffer_clear(&t->text);
}

/* Drops from the front what is too much, and the rest of the line that it cuts. */
static void cut(struct tail *t)
{
    if (t->text.size <= t->most) {
        return;
    }
    size_t from = t->text.size - t->most;
    const uint8_t *end = from == 0 || t->text.data[from - 1] == '\n'
                             ? NULL
                             : memchr(t->text.data + from, '\n', t->most);
    if (end != NULL) {
        from = (size_t)(end - t->text.data) + 1;
    }
    memmove(t->text.data, t->text.data + from, t->text.size - from);
    t->text.size -= from;
}

void tail_add(struct tail *t, const void *data, size_t size)
{
    const uint8_t *bytes = data;
    size_t kept = size < t->most ? size : t->most;
    if (size > kept) {
        tail_clear(t);
    }
    buffer_raw(&t->text, bytes + (size - kept), kept);
    if (t->text.failed) { /* without memory: begin anew */
        buffer_release(&t->text);
    }
    if (t->text.size > 2 * t->most - 1) {
        cut(t);
    }
}

const char *tail_text(struct tail *t)
{
    cut(t);
    const char *text = buffer_string(&t->text);
    return text == NULL ? "" : text;
}
