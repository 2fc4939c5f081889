/* SPDX-License-Identifier: Apache-2.0 */
/* source.h - the rows of one column as numbers of this machine, from its extents: read, verified,
 * decompressed and converted here, outside the format's library and its lock.
 *
 * What is not known here (a type, a filter, a piece without a place) comes through the format, under
 * its mutex; so sources of one file, one a thread, are loaded at the same time. Stored bytes are
 * read, not mapped: all in all that was faster than a mapping (DESIGN.md), and a file that
 * becomes shorter is a short read instead of a signal. What comes next the kernel reads meanwhile
 * (to tell it with posix_fadvise gained nothing).
 *
 * Memory of a column: the rows asked for, and of a filtered one a decompressed chunk, the last, of
 * which rows were left over. Its bytes are sorted and its numbers converted block by block as they are
 * asked for: a chunk is longer than the processor's cache, a block is not. */
#ifndef WORKER_SOURCE_H
#define WORKER_SOURCE_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "worker/filters.h"
#include "worker/format.h"
#include "worker/room.h"

enum source_way {
    SOURCE_THROUGH_FORMAT, /* format->read */
    SOURCE_PLAIN,          /* no filters: the numbers themselves, by pread */
    SOURCE_DECODED,        /* filters; stored bytes by pread */
    SOURCE_FETCHED,        /* places are not known: stored bytes by format->fetch */
};

/* What the column belongs to; all borrowed. */
struct source_file {
    const struct format *format;
    void *file;
    pthread_mutex_t *library; /* held around each call of the format */
};

struct source {
    struct source_file of;
    struct format_column *column;
    enum source_way way;
    int fd;
    struct filter_chain chain;
    struct room rows;  /* of the block */
    struct room chunk; /* decompressed, of which the rows of the next block may be the rest */
    size_t n_chunk;    /* 1 + the extent it holds; 0: none */
    bool is_shuffled;  /* so are the chunk's bytes: they are sorted as rows are taken */
    uint64_t first;    /* the rows that were loaded */
    uint64_t stop;
    const void *numbers; /* of those rows, raw_size bytes each, aligned */
};

/* Chooses the way; all borrowed until source_release. */
void source_init(struct source *s, const struct source_file *of, struct format_column *column);
void source_release(struct source *s);

/* The longest pieces: what a bench needs for this source. */
int source_book(const struct source *s, struct filter_bench *bench, struct error *err);

/* Bytes of the decompressed chunk that it keeps; 0 if it keeps none. */
size_t source_chunk_bytes(const struct source *s);

/* Whether its rows come through the format's library, one source at a time, which keeps a chunk or
 * two of its own: sources at several places would decode each other's again and again. */
bool source_needs_library(const struct source *s);

/* The rows [first, stop), in range, into numbers, valid until the next load. Damaged pieces are
 * ERROR_INPUT, "rows 0-4 cannot be read, the file is damaged (deflate: ...)": rows, not the
 * column. */
int source_load(struct source *s, uint64_t first, uint64_t stop, struct filter_bench *bench,
                struct error *err);

#endif
