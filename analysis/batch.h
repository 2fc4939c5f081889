/* SPDX-License-Identifier: Apache-2.0 */
/* batch.h - columns of one block of events, as an analysis sees them, and what it may ask for.
 *
 * A column holds one value an event ("MET_pt"), or one value an object ("Muon_pt"): then the
 * objects of event e are [offset[e], offset[e + 1]). Whether the file said so by a counter
 * nMuon, and of which width and byte order its numbers were, is settled before. */
#ifndef ANALYSIS_BATCH_H
#define ANALYSIS_BATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "analysis/parameter.h"

enum column_type {
    COLUMN_REAL = 1, /* f32 where the file holds float32 or narrower, else f64 */
    COLUMN_INTEGER,  /* i32; a value beyond it is refused when read */
    COLUMN_BOOLEAN,  /* flag, 0 or 1; integers other than 0 and 1 are refused when read */
};

enum unit { UNIT_NONE, UNIT_GEV, UNIT_CM, UNIT_RAD, UNITS };

/* "1", "GeV", "cm", "rad" */
const char *unit_name(enum unit unit);

/* One row of an analysis's table of needs. */
struct need {
    const char *name;    /* NanoAOD name of the column */
    const char *counter; /* "nMuon" for a value an object, NULL for a value an event */
    enum column_type type;
    enum unit unit;       /* the batch holds the values in this unit */
    const char *group;    /* rows of one group are alternatives to each other, or NULL */
    unsigned alternative; /* within the group, from 1; the lowest that is all there is read */
    bool optional;        /* not there is no error: the column comes empty */
    bool (*wanted)(const struct settings *settings); /* NULL: always */
};

/* Exactly one pointer is set, or none for a column that was not read. Borrowed from the batch's
 * owner until its next read. */
struct column {
    const float *f32;
    const double *f64;
    const int32_t *i32;
    const uint8_t *flag;
    const uint32_t *offset; /* [n_events + 1] with offset[0] = 0; NULL for a value an event */
};

struct batch {
    size_t n_events;
    const double *weight;        /* [n_events] finite generator weights, or NULL: all 1 */
    const struct column *column; /* [n_needs] in the order of the analysis's table of needs */
};

static inline bool column_present(const struct column *c)
{
    return c->f32 != NULL || c->f64 != NULL || c->i32 != NULL || c->flag != NULL;
}

/* Element i of a COLUMN_REAL that is present. */
static inline double column_real(const struct column *c, size_t i)
{
    return c->f32 != NULL ? (double)c->f32[i] : c->f64[i];
}

#endif
