/* SPDX-License-Identifier: Apache-2.0 */
/* trijet.h - a screen for the three jets of an event whose mass is closest to a given one: float32, many
 * events side by side, says which they are where no other three can be as close in float64; that is so in
 * all but a few of a thousand events.
 *
 * It decides nothing where the answer is close: trijet.c derives by how much it can be off. */
#ifndef ANALYSIS_TRIJET_H
#define ANALYSIS_TRIJET_H

#include "analysis/simd.h"

enum {
    TRIJET = 3,
    TRIJET_EVENTS =
        8192, /* at once: enough to find some with as many jets, few enough for a cache */
};

struct trijet_columns {
    const float *pt; /* GeV, as mass */
    const float *eta;
    const float *phi;
    const float *mass;
    const uint32_t *offset; /* of the events' jets */
};

/* Counted from the event's first jet, rising. */
struct trijet {
    bool sure; /* else jet says nothing */
    uint8_t jet[TRIJET];
};

/* choice[e - first] of the events [first, stop), at most TRIJET_EVENTS. */
void trijet_screen(const struct simd *simd, const struct trijet_columns *columns, size_t first,
                   size_t stop, double mass, struct trijet *choice);

#endif
