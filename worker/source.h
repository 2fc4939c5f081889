/* SPDX-License-Identifier: Apache-2.0 */
/* source.h - the rows of one column as numbers of this machine, from its extents: read, verified,
 * decompressed and converted here, outside the format's library and its lock.
 *
 * What is not known here (a type, a filter, a piece without a place) comes from format->read. It
 * goes in two steps: source_prepare on the thread that the format belongs to, for all that needs
 * the library or memory; then source_load, on any thread, for all that takes time. So the
 * columns of a block are loaded at the same time.
 *
 * Memory of a column: the rows asked for, unless they can be read in place, and either one window
 * on the file or one decoded chunk, the last of which rows were left over; where the places of
 * chunks are not known, also the stored bytes of the chunks of the block. */
#ifndef WORKER_SOURCE_H
#define WORKER_SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "worker/filters.h"
#include "worker/format.h"
#include "worker/room.h"
#include "worker/window.h"

enum source_way {
    SOURCE_THROUGH_FORMAT, /* format->read */
    SOURCE_MAPPED,         /* no filters: the file's pages */
    SOURCE_DECODED,        /* filters; stored bytes by pread */
    SOURCE_FETCHED,        /* places are not known: stored bytes by format->fetch */
};

struct source {
    const struct format *format;
    void *file;
    struct format_column *column;
    enum source_way way;
    int fd;
    struct filter_chain chain;
    struct window window;
    struct room rows;    /* of the block */
    struct room chunk;   /* decoded, of which the rows of the next block may be the rest */
    size_t n_chunk;      /* 1 + the extent it holds; 0: none */
    struct room fetched; /* stored bytes of the block's extents, one behind the other */
    struct room pieces;  /* struct fetched_piece of each */
    uint64_t first;      /* the rows that were prepared */
    uint64_t stop;
    const void *numbers; /* the rows that were loaded, raw_size bytes each, aligned */
};

/* Chooses the way; all borrowed until source_release. Not thread-safe. */
void source_init(struct source *s, const struct format *format, void *file,
                 struct format_column *column, uint64_t file_bytes);
void source_release(struct source *s);

/* The longest pieces: what a bench needs for this source. */
int source_book(const struct source *s, struct filter_bench *bench, struct error *err);

/* The rows [first, stop), in range. Errors name the rows, not the column. */
int source_prepare(struct source *s, uint64_t first, uint64_t stop, struct error *err);

/* Whether loading what was prepared is hardly any work: nothing to decode. */
bool source_is_quick(const struct source *s);

/* Fills numbers, valid until the next prepare. Allocates nothing. Damaged pieces are ERROR_INPUT,
 * "rows 0-4 cannot be read, the file is damaged (deflate: ...)". */
int source_load(struct source *s, struct filter_bench *bench, struct error *err);

/* Whether the file turned out to have become shorter: what was loaded is then not to be used. */
bool source_is_torn(const struct source *s);

#endif
