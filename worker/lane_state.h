/* SPDX-License-Identifier: Apache-2.0 */
/* lane_state.h - what a lane is made of. Private to lane.c and lane_columns.c. */
#ifndef WORKER_LANE_STATE_H
#define WORKER_LANE_STATE_H

#include "worker/lane.h"
#include "worker/reader_state.h"
#include "worker/room.h"
#include "worker/source.h"

/* A counter of the reader, added up. */
struct tally {
    uint64_t start;   /* objects before row lane.start */
    uint64_t at;      /* objects before row lane.at */
    uint32_t *offset; /* of the block that is being read, from 0; in room */
    struct source source;
    struct room room;
};

/* A column of the reader, a block at a time. */
struct loaded {
    struct source source;
    struct room room; /* what its numbers become, if they are not as_is */
};

struct lane {
    struct reader *reader;
    uint64_t start;        /* the row where reading may start */
    uint64_t at;           /* the row that counters are counted up to */
    struct tally *tally;   /* [reader.n_counters] */
    struct loaded *loaded; /* [reader.n_selected] */
    struct loaded weight;
    struct filter_bench bench;
    struct column *view; /* [reader.n_needs] */
    struct batch batch;
};

/* lane_columns.c: chooses how each column is read, and books what decoding needs. */
int lane_book_columns(struct lane *l, struct error *err);
void lane_release_columns(struct lane *l);

/* The counters of the events [l->at, stop), checked, as offsets. */
int lane_load_counters(struct lane *l, uint64_t stop, struct error *err);

/* All other columns of these events, whose counters were loaded, checked and converted. */
int lane_load_columns(struct lane *l, uint64_t stop, struct error *err);

/* Points the batch at what was loaded. */
void lane_show(struct lane *l, size_t n_events);

#endif
