/* SPDX-License-Identifier: Apache-2.0 */
/* writer.h - collects measured events and writes them as one HDF5 file with NanoAOD's names. */
#ifndef SAMPLES_WRITER_H
#define SAMPLES_WRITER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "data-samples/detector.h"

enum layout {
    LAYOUT_DEFLATE,
    LAYOUT_ZSTD,
    LAYOUT_LZ4,
    LAYOUT_CHUNKED,
    LAYOUT_CONTIGUOUS,
    LAYOUTS
};

/* "deflate", "zstd", "lz4", "chunked", "contiguous" */
extern const char *const writer_layout[LAYOUTS];

enum element { ELEMENT_F32, ELEMENT_I32, ELEMENT_U32, ELEMENT_U64, ELEMENT_BOOL };

/* A whole column of a file. */
struct writer_column {
    const char *name;
    enum element element;
    const char *units; /* floating columns only */
    size_t chunk_rows; /* for the layouts in chunks */
    size_t n;
    const void *values; /* [n] of the element's type, int8_t for ELEMENT_BOOL */
};

/* Which columns there are beside those that every file has. */
struct contents {
    bool simulation; /* genWeight */
    bool tracking;   /* Muon_sip3d, Electron_sip3d, Electron_lostHits */
};

struct event_id {
    uint32_t run, lumi;
    uint64_t event;
    float weight;
};

struct writer;

struct writer *writer_create(const struct contents *contents, struct error *err);
void writer_destroy(struct writer *w); /* NULL is fine */

/* Appends an event; it is copied. */
int writer_add(struct writer *w, const struct event_id *id, const struct measured *m,
               struct error *err);

uint64_t writer_count(const struct writer *w); /* events so far */

/* Writes all events to `path`, under a temporary name first, so that no half-written file ever
 * bears that name. `generator` becomes the attribute of that name. Not thread-safe (HDF5). */
int writer_save(const struct writer *w, const char *path, enum layout layout,
                const char *generator, struct error *err);

/* The same for columns that are there already. */
int writer_save_columns(const struct writer_column *column, size_t n_columns, const char *path,
                        enum layout layout, const char *generator, struct error *err);

#endif
