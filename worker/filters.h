/* SPDX-License-Identifier: Apache-2.0 */
/* filters.h - what a piece of a column went through when it was written, undone: compression,
 * shuffled bytes, checksums.
 *
 * To add one: a row of the table in filters.c. Input is hostile: nothing is read or written
 * beyond what is given, a result that is not exactly as long as it must be is refused, and
 * so is what its checksum does not fit. */
#ifndef WORKER_FILTERS_H
#define WORKER_FILTERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "worker/room.h"

enum {
    FILTERS_MAX = 8, /* of one column */
    /* Bytes that a checksum adds to a piece. */
    FILTERS_ADDED_MAX = 4,
};

struct filter_tools;

/* Bytes that a filter made, and where those that it was given are to go. */
struct filter_piece {
    const void *in; /* [stored_bytes] */
    size_t stored_bytes;
    void *out; /* [plain_bytes] */
    size_t plain_bytes;
};

struct filter {
    const char *name;
    int hdf5; /* its number in HDF5 files */
    bool compresses;
    bool in_library;      /* HDF5 has it without a plugin */
    size_t added;         /* bytes that it puts behind what it is given */
    uint64_t expands_max; /* how many times longer its output can be than its input */

    /* Fills all of out, or ERROR_INPUT with the reason. NULL: verify. */
    int (*undo)(struct filter_tools *tools, unsigned parameter,
                const struct filter_piece *piece, struct error *err);
    /* Looks at in[size], of which the last `added` bytes are its own; changes nothing. */
    int (*verify)(const void *in, size_t size, struct error *err);
};

/* NULL if it is not known. Static. */
const struct filter *filter_find(const char *name);
const struct filter *filter_find_hdf5(int number);

/* "deflate, shuffle, fletcher32, ...": all that are known. */
void filter_list(char *out, size_t size);

/* The filters of a column in the order of writing. */
struct filter_chain {
    size_t n;
    const struct filter *filter[FILTERS_MAX]; /* NULL: not known */
    unsigned parameter[FILTERS_MAX];          /* shuffle: bytes of an element */
};

/* Whether it can be undone: all are known, and at most one each compresses, shuffles and verifies,
 * so that the size of a piece is known before and after each. */
bool filter_chain_is_known(const struct filter_chain *chain);

/* What one thread needs to undo filters; zeroed it is empty. Decompressors' memory, and rooms as
 * long as the longest piece. */
struct filter_bench {
    struct filter_tools *tools;
    struct room between[2]; /* one filter and the next */
    struct room input;      /* for the caller: what is to be undone */
};

/* Books all that filter_chain_undo needs for pieces of at most so many plain bytes, which are
 * stored in at most stored_bytes. */
int filter_bench_prepare(struct filter_bench *bench, size_t plain_bytes, size_t stored_bytes,
                         struct error *err);
void filter_bench_release(struct filter_bench *bench);

/* Undoes a known chain, less the filters whose bit is set in mask; allocates nothing. ERROR_INPUT
 * "fletcher32: ..." if the stored bytes are not what those filters make of so many plain ones;
 * out then holds anything. */
int filter_chain_undo(const struct filter_chain *chain, uint32_t mask,
                      struct filter_bench *bench, const struct filter_piece *piece,
                      struct error *err);

#endif
