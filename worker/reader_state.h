/* SPDX-License-Identifier: Apache-2.0 */
/* reader_state.h - what a reader is made of. Private to reader.c, select.c and inspect.c. */
#ifndef WORKER_READER_STATE_H
#define WORKER_READER_STATE_H

#include <stdbool.h>
#include <sys/stat.h>

#include "worker/format.h"
#include "worker/reader.h"
#include "worker/scaling.h"

#define NO_COUNTER SIZE_MAX /* a value an event */

/* Memory that is used again from block to block. */
struct room {
    void *data;
    size_t bytes;
};

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
    struct room room;
};

struct counter {
    const char *name;
    struct format_column *file;
    const struct selected *object; /* the first column counted by it: says how many there are */
    uint64_t start;                /* objects before row reader.start */
    uint64_t at;                   /* objects before row reader.at */
    uint32_t *offset;              /* of the block that is being read; in room */
    struct room room;
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

    uint64_t start; /* the row where reading may start */
    uint64_t at;    /* the row that counters are counted up to */
    struct room raw;
    struct column *view; /* [n_needs] */
    struct batch batch;
};

/* Puts "FILE: column NAME (PLACE)" before the error; returns -1. */
int reader_blame(const struct reader *r, const char *name, const struct format_column *column,
                 struct error *err);

/* Finds the columns that the request asks for, with the alternatives that the file has, and
 * checks that they fit together: fills selected, counter, weight and n_rows. */
int reader_select(struct reader *r, struct error *err);

/* Objects of counter k in the rows [r->at, stop) into its offset, checked. Does not move on. */
int reader_count(struct reader *r, size_t k, uint64_t stop, struct error *err);

/* Goes to the row, which is not before the start, counting what lies between. */
int reader_go(struct reader *r, uint64_t row, struct error *err);

/* The digest of what is selected and how it lies in the file. */
int reader_digest(const struct reader *r, char digest[DIGEST_XXH128_HEX], struct error *err);

#endif
