/* SPDX-License-Identifier: Apache-2.0 */
/* schema.h - a map of a YAML file read into a struct by a table of its fields, with errors that
 * name file, line and field: `RUN.yaml:12: samples[2].era: "abc" is not a whole number`. */
#ifndef SCHEDULER_SCHEMA_H
#define SCHEDULER_SCHEMA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/yaml.h"
#include "scheduler/nearest.h"

enum field_kind {
    FIELD_TEXT = 1, /* char *, the struct's owner frees it; not empty, no control characters */
    FIELD_REAL,     /* double */
    FIELD_COUNT,    /* uint64_t */
    FIELD_LABEL,    /* int */
    FIELD_FLAG,     /* bool */
    FIELD_LIST,     /* const struct yaml *, borrowed; not empty */
    FIELD_MAP,      /* const struct yaml *, borrowed */
    FIELD_JSON_MAP, /* json_t *, the struct's owner frees it; any map, as yaml_to_json makes it */
    FIELD_JSON_LIST, /* the same of a list; not empty */
    FIELD_TEXT_MAP,  /* json_t * of a map of texts: scalars as they are written, 1 as "1" */
};

/* In the order in which rows name them. NOLINTNEXTLINE(clang-analyzer-optin.performance.Padding) */
struct field {
    const char *name;
    enum field_kind kind;
    size_t offset;     /* where it goes in the struct */
    double above;      /* REAL: a value must be larger; COUNT, LABEL: at least this */
    double most;       /* and at most this; TEXT: bytes */
    const char *words; /* TEXT: one of these, with blanks between; NULL: any */
    bool required;
};

struct schema {
    const struct field *field; /* [n] */
    size_t n;                  /* at most 32 */
};

/* Where in the file we are. Sub-places are made with schema_in. */
enum { PLACE_SIZE = 160 };
struct place {
    const char *file;      /* borrowed */
    char name[PLACE_SIZE]; /* "samples[2]"; "" for the whole file */
};

/* The place of a field, and of item `index` of a list. */
struct place schema_in(const struct place *place, const char *field);
struct place schema_item(const struct place *place, size_t index);

/* ERROR_INPUT "<file>:<line>: <place>: ..."; returns -1. */
int schema_fail(const struct place *place, size_t line, struct error *err, const char *format,
                ...) __attribute__((format(printf, 4, 5)));

/* Puts file, line and place before the text of an error that is there; returns -1. */
int schema_prefix(const struct place *place, size_t line, struct error *err);

/* Reads a map by its schema. Unknown, missing, empty and unfitting fields fail. Bit i of *given
 * tells that field i is there; one that is not leaves its part of *out as it was. After a failure
 * *out holds the texts read so far, to be freed with it. */
int schema_read(const struct place *place, const struct yaml *map, const struct schema *schema,
                void *out, uint32_t *given, struct error *err);

/* One scalar at its own place, as schema_read reads a field of it. */
int schema_read_one(const struct place *place, const struct yaml *node,
                    const struct field *field, void *out, struct error *err);

/* The line of a key in a map that has it; the map's own otherwise. */
size_t schema_line(const struct yaml *map, const char *key);

/* The name closest to a mistyped one, as "; did you mean x?" into out, or "". */
enum { SUGGESTION_SIZE = NEAREST_SIZE + 32 };
void schema_suggest(const struct nearest *nearest, char out[SUGGESTION_SIZE]);

#endif
