/* SPDX-License-Identifier: Apache-2.0 */
/* format.h - what the reader asks of a file format: which columns there are, how and where they
 * are stored, and rows of them as numbers of this machine.
 *
 * To add one: write worker/format_<name>.c with one `const struct format format_<name>`, and add
 * its row to formats.c. Formats say what they find; what it is good for (units, counters, needs)
 * is the reader's. Errors give the reason only; the reader puts file and column before it. */
#ifndef WORKER_FORMAT_H
#define WORKER_FORMAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

enum {
    FORMAT_FILTERS_MAX = 8,
    FORMAT_WORD_SIZE = 32,  /* units, filters */
    FORMAT_PATH_SIZE = 512, /* of a column within its file */
    FORMAT_CHUNK_BYTES_MAX = 64 << 20,
    FORMAT_EXTENTS_MAX = 1 << 22, /* of one column */
};

enum format_kind {
    FORMAT_REAL = 1, /* IEEE 754, 2, 4 or 8 bytes */
    FORMAT_SIGNED,   /* two's complement, 1 to 8 bytes */
    FORMAT_UNSIGNED,
    FORMAT_BOOLEAN, /* as a signed integer of its size */
};

/* offset_bytes of a piece whose place was not asked for (see format_hdf5.c for when). */
#define EXTENT_NO_PLACE UINT64_MAX

/* A piece of a column that lies in one stretch of the file and is decoded as a whole. */
struct extent {
    uint64_t offset_bytes;
    uint64_t stored_bytes;
    uint64_t first; /* row */
    uint64_t n_rows;
    uint32_t filter_mask; /* bit i set: filter i was left out for this piece */
};

struct format_column {
    char in_file[FORMAT_PATH_SIZE]; /* "Events/Muon_pt" */
    enum format_kind kind;
    size_t size; /* bytes of an element in the file */
    bool big_endian;
    size_t raw_size; /* bytes of an element as read: size, but 4 for a REAL of 2 */
    uint64_t n_rows;
    uint64_t chunk_rows; /* 0: not in chunks */
    uint64_t stored_bytes;
    char unit[FORMAT_WORD_SIZE]; /* what the file says; "" if nothing */
    size_t n_filters;            /* in the order of writing */
    char filter[FORMAT_FILTERS_MAX][FORMAT_WORD_SIZE];
    unsigned filter_parameter[FORMAT_FILTERS_MAX]; /* see filters.h */
    bool
        decodable; /* a piece is what its filters made of chunk_rows elements, or, not in chunks
                     * and without filters, the elements themselves */
    size_t n_extents;
    struct extent *extent; /* [n_extents] rising in first, without gaps; owned by the column */
};

struct format {
    const char *name; /* "hdf5" */

    /* Whether an open file of that size looks like one. */
    bool (*probe)(int fd, uint64_t size_bytes);

    /* NULL with ERROR_INPUT for a damaged file. All columns are closed with their file. */
    void *(*open)(const char *path, uint64_t size_bytes, struct error *err);
    void (*close)(void *file);

    /* *out is the column at this place ("/" between folders), or NULL if nothing is there. Fails
     * on what is there and cannot be read or must not be trusted. Borrowed until close. */
    int (*find)(void *file, const char *where, struct format_column **out, struct error *err);

    /* The rows [first, stop), in range, as raw numbers of this machine into out, which has room
     * for (stop - first) * raw_size bytes. */
    int (*read)(void *file, struct format_column *column, uint64_t first, uint64_t stop,
                void *out, struct error *err);

    /* A descriptor of the open file, in which extents lie at their offset_bytes; -1 if that does
     * not hold. The format's until close. */
    int (*descriptor)(void *file);

    /* The stored bytes of an extent of a column in chunks, whether its place is known or not, into
     * out[stored_bytes], and which filters were left out for it. */
    int (*fetch)(void *file, struct format_column *column, const struct extent *extent,
                 void *out, uint32_t *filter_mask, struct error *err);

    /* The text that our generator leaves in its files, into out[size]; false if there is none. */
    bool (*generator)(void *file, char *out, size_t size);
};

/* All formats, NULL-terminated. */
extern const struct format *const formats[];

/* The format of the file and its size and state; NULL with ERROR_INPUT (no such file, no regular
 * file, none of the formats) or ERROR_SYSTEM. The error names the path. */
struct stat;
const struct format *format_find(const char *path, struct stat *state, struct error *err);

/* "float32", "uint8", "bool"; with "be" behind it for big-endian ones: "float32be". */
void format_type_name(const struct format_column *column, char out[FORMAT_WORD_SIZE]);

#endif
