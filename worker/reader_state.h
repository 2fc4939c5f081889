/* SPDX-License-Identifier: Apache-2.0 */
/* reader_state.h - what a reader is made of. Private to reader.c, reader_columns.c, select.c and
 * inspect.c. */
#ifndef WORKER_READER_STATE_H
#define WORKER_READER_STATE_H

#include <stdbool.h>
#include <sys/stat.h>

#include "worker/format.h"
#include "worker/reader.h"
#include "worker/room.h"
#include "worker/scaling.h"
#include "worker/source.h"

#define NO_COUNTER SIZE_MAX /* a value an event */

/* A column that is read. Needs of the same name, type and unit share one. */
struct selected {
    const char *name; /* the analysis's; borrowed from its needs */
    enum column_type type;
    enum unit unit;
    size_t counter; /* its index, or NO_COUNTER */
    struct format_column *file;
    const char *word; /* the unit of its numbers in the file, borrowed */
    struct scaling scaling;
    bool single; /* a REAL that is float32 and stays it */
    bool as_is;  /* the numbers of the file are those of the batch */
    struct source source;
    struct room room; /* what they become, if not as_is */
    struct error err; /* of the last block */
};

struct counter {
    const char *name;
    struct format_column *file;
    const struct selected *object; /* the first column counted by it: says how many there are */
    uint64_t start;                /* objects before row reader.start */
    uint64_t at;                   /* objects before row reader.at */
    uint32_t *offset;              /* of the block that is being read; in room */
    struct source source;
    struct room room;
    struct error err; /* of the last block */
};

struct reader {
    char *path;
    char *weight_name; /* what request.weight points to, or NULL */
    struct reader_request request;
    const struct format *format;
    void *file;
    struct stat state; /* when it was opened */
    struct reader_identity identity;
    uint64_t n_rows;

    size_t n_needs;
    size_t *selected_of; /* [n_needs] index into selected, or n_needs for a need not read */
    size_t n_selected;
    struct selected *selected; /* [n_needs], n_selected of them in use */
    size_t n_counters;
    struct counter *counter; /* [n_needs], n_counters of them in use */
    struct selected weight;  /* file == NULL: none */

    uint64_t start;             /* the row where reading may start */
    uint64_t at;                /* the row that counters are counted up to */
    struct filter_bench *bench; /* [n_benches], one a thread */
    size_t n_benches;
    struct column *view; /* [n_needs] */
    struct batch batch;
};

/* Puts "FILE: column NAME (PLACE)" before the error; returns -1. */
int reader_blame(const struct reader *r, const char *name, const struct format_column *column,
                 struct error *err);

/* Finds the columns that the request asks for, with the alternatives that the file has, and
 * checks that they fit together: fills selected, counter, weight and n_rows. */
int reader_select(struct reader *r, struct error *err);

/* reader_columns.c: which columns are loaded, at the same time where the request has threads. */
enum {
    LOAD_COUNTERS = 1,
    LOAD_EVENTS = 2,  /* one value an event, and the weights */
    LOAD_OBJECTS = 4, /* whose rows the counters say, which are loaded before */
};

/* Chooses how each column is read, and books what the threads need. */
int reader_book_columns(struct reader *r, struct error *err);
void reader_release_columns(struct reader *r);

/* The events [r->at, stop) of the columns that are wanted (LOAD_ bits), checked and converted.
 * Does not move on. Of several errors the first in the order counters, columns, weights. */
int reader_load(struct reader *r, unsigned wanted, uint64_t stop, struct error *err);

/* Points the batch at what was loaded. */
void reader_show(struct reader *r, size_t n_events);

/* Fails (ERROR_INPUT) if the file became shorter while something was read from it in place. */
int reader_check_torn(struct reader *r, struct error *err);

/* Goes to the row, which is not before the start, counting what lies between. */
int reader_go(struct reader *r, uint64_t row, struct error *err);

/* The digest of what is selected and how it lies in the file. */
int reader_digest(const struct reader *r, char digest[DIGEST_XXH128_HEX], struct error *err);

#endif
