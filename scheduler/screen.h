/* SPDX-License-Identifier: Apache-2.0 */
/* screen.h - standard output as a screen that is drawn again and again, and given back as it was.
 *
 * Frames go to the terminal's alternate screen, so that what stood there comes back, and a change of
 * size moves no old lines about. The cursor is hidden meanwhile. Both are put right at every end:
 * signals that end or stop the program are taken here. One at a time, in a program's main thread. */
#ifndef SCHEDULER_SCREEN_H
#define SCHEDULER_SCREEN_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/bytes.h"
#include "base/error.h"

enum { SCREEN_WIDTH = 80, SCREEN_HEIGHT = 24 }; /* of a terminal that does not tell */

struct screen {
    bool is_drawn; /* something of ours stands there */
    bool dies;     /* signals end the program at once */
    sigset_t signals;
};

/* Is this descriptor a terminal that moves its cursor (TERM)? May it have colours (NO_COLOR)? */
bool screen_is_there(int fd);
bool screen_has_color(int fd);

/* What there is now. */
void screen_size(size_t *width, size_t *height);

/* Takes the signals from here on; draws nothing yet. dies: those that end a program do so at once,
 * whatever it waits for; else screen_wait tells of them. */
void screen_open(struct screen *s, bool dies);

/* The frame's lines in the place of those before, in one write. */
int screen_put(struct screen *s, const struct buffer *frame, struct error *err);

/* True as soon as somebody asks to stop; false after that time, or when it is to be drawn anew. */
bool screen_wait(struct screen *s, unsigned timeout_ms);

/* What stood there before is back. The signals stay taken until the program ends; a later put draws
 * again. */
void screen_leave(struct screen *s);

#endif
