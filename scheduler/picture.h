/* SPDX-License-Identifier: Apache-2.0 */
/* picture.h - pictures of a run that were asked for lately, so that many viewers of one moment cost one
 * drawing. */
#ifndef SCHEDULER_PICTURE_H
#define SCHEDULER_PICTURE_H

#include "scheduler/figure.h"
#include "scheduler/look.h"
#include "scheduler/plot.h"

enum { PICTURES_KEPT = 12, PICTURE_KEY_SIZE = 192 };

struct picture {
    char key[PICTURE_KEY_SIZE]; /* what was asked for; "": nothing is here */
    ino_t ledger;               /* of which run, and when */
    uint64_t sequence;
    uint64_t used; /* when, in calls */
    struct buffer data;
};

/* Zeroed at first. */
struct pictures {
    struct picture kept[PICTURES_KEPT];
    uint64_t n_calls;
};

/* The picture, drawn as `picobarn plot --format` does, or (PLOT_FORMATS) its numbers as JSON, at what
 * the look is at; borrowed until the next call. NULL with err set: ERROR_INPUT for what there is not. */
const struct buffer *pictures_draw(struct pictures *p, const struct look *l,
                                   const struct figure_request *request,
                                   enum plot_format format, struct error *err);
void pictures_release(struct pictures *p);

#endif
