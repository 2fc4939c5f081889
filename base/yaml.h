/* SPDX-License-Identifier: Apache-2.0 */
/* yaml.h - the one door to libyaml: a document as a tree of nodes that know their lines. */
#ifndef BASE_YAML_H
#define BASE_YAML_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/json.h"

enum yaml_kind { YAML_SCALAR, YAML_LIST, YAML_MAP };

/* A node owns its children; the tree is freed from its root. */
struct yaml {
    enum yaml_kind kind;
    size_t line;        /* from 1 */
    bool plain;         /* scalar without quotes: may be a number, a boolean or null */
    char *text;         /* scalar: its text, UTF-8; else NULL */
    size_t n;           /* list: items; map: pairs */
    char **key;         /* [n] map: keys in the order of the file, each once; else NULL */
    size_t *key_line;   /* [n] map: the keys' lines */
    struct yaml **item; /* [n] list: items; map: values */
};

/* Parses one document. Refuses (ERROR_INPUT, "line L: ...") bad syntax, a key twice, keys that
 * are no scalars, aliases and anchors, tags, more than one document, nesting deeper than 32, and
 * more than 16 MiB. NULL on failure; the caller calls yaml_destroy. */
struct yaml *yaml_parse(const void *data, size_t size, struct error *err);
void yaml_destroy(struct yaml *node);

/* The value of a key in a map, or NULL; borrowed. */
const struct yaml *yaml_find(const struct yaml *map, const char *key);

/* Plain scalars as numbers: 0 / -1, the error names line and text. The whole text must be a
 * finite number (digits may be grouped by underscores: 1_000_000). */
int yaml_real(const struct yaml *node, double *out, struct error *err);
int yaml_count(const struct yaml *node, unsigned long long *out, struct error *err);
int yaml_bool(const struct yaml *node, bool *out, struct error *err); /* true, false only */
bool yaml_is_null(const struct yaml *node); /* plain empty, ~ or null */

/* The tree as JSON (plain scalars become null, booleans, integers, reals where they read as
 * such, everything else strings). The caller owns the value; NULL without memory. */
json_t *yaml_to_json(const struct yaml *node);

#endif
