/* SPDX-License-Identifier: Apache-2.0 */
/* reader_state.h - what a reader is made of. Private to reader.c, select.c, inspect.c, and to lanes,
 * which change nothing of it. */
#ifndef WORKER_READER_STATE_H
#define WORKER_READER_STATE_H

#include <pthread.h>
#include <stdbool.h>
#include <sys/stat.h>

#include "worker/format.h"
#include "worker/reader.h"
#include "worker/scaling.h"

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
};

struct counter {
    const char *name;
    struct format_column *file;
    const struct selected *object; /* the first column counted by it: says how many there are */
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
    uint64_t block_rows;

    size_t n_needs;
    size_t *selected_of; /* [n_needs] index into selected, or n_needs for a need not read */
    size_t n_selected;
    struct selected *selected; /* [n_needs], n_selected of them in use */
    size_t n_counters;
    struct counter *counter; /* [n_needs], n_counters of them in use */
    struct selected weight;  /* file == NULL: none */

    pthread_mutex_t library; /* around each call of the format while lanes are at work */
    size_t n_lanes;
    struct lane **lane; /* [n_lanes] by index; NULL: not asked for yet */
};

/* Puts "FILE: column NAME (PLACE)" before the error; returns -1. */
int reader_blame(const struct reader *r, const char *name, const struct format_column *column,
                 struct error *err);

/* Finds the columns that the request asks for, with the alternatives that the file has, and
 * checks that they fit together: fills selected, counter, weight and n_rows. */
int reader_select(struct reader *r, struct error *err);

/* lane.c: one of the lanes; reader_lane calls it. NULL without memory. */
struct lane *lane_open(struct reader *r, struct error *err);
void lane_close(struct lane *l);

/* The digest of what is selected and how it lies in the file. */
int reader_digest(const struct reader *r, char digest[DIGEST_XXH128_HEX], struct error *err);

#endif
