/* SPDX-License-Identifier: Apache-2.0 */
/* parameter.h - every cut, choice and axis of an analysis by name, with its default, and the
 * settings of one run: the table's defaults with what the run file changed. */
#ifndef ANALYSIS_PARAMETER_H
#define ANALYSIS_PARAMETER_H

#include <stdbool.h>
#include <stddef.h>

#include "analysis/axis.h"
#include "base/error.h"
#include "base/json.h"

enum parameter_kind {
    PARAMETER_REAL = 1, /* a number */
    PARAMETER_CUT,      /* a number, or "off": the cut is not made and needs no column */
    PARAMETER_CHOICE,   /* one of a few words */
    PARAMETER_AXIS,     /* {regular: [n, low, high]}, {log: [n, low, high]} or {edges: [...]} */
};

struct parameter {
    const char *name; /* with its unit: "z1_min_gev" */
    enum parameter_kind kind;
    const char *help;
    double value;        /* REAL, CUT: the default */
    const char *choices; /* CHOICE: words with blanks between, the first is the default */
    const char *axis;    /* AXIS: the default, as JSON */
};

/* One parameter's value in force. */
struct setting {
    double value;  /* REAL, CUT */
    bool off;      /* CUT: not made */
    size_t choice; /* CHOICE: index of the word */
    struct axis axis;
};

/* In the order of the table, so that an analysis finds them by its own enum. Read-only and safe
 * for many threads once made. */
struct settings {
    const struct parameter *table; /* borrowed */
    size_t n;
    struct setting *at; /* [n] */
};

/* given: a JSON object, or NULL for none. Fails (ERROR_INPUT, naming parameter, value and what is
 * possible) on a name that is not in the table and on values that do not fit.
 * settings_release is safe on zeroed settings. */
int settings_init(struct settings *s, const struct parameter *table, size_t n,
                  const json_t *given, struct error *err);
void settings_release(struct settings *s);

/* All parameters in force, defaults too, as an object that settings_init takes. The caller owns
 * it; NULL without memory. */
json_t *settings_to_json(const struct settings *s);

/* The word in force of a PARAMETER_CHOICE into out[size]. */
void settings_choice_name(const struct settings *s, size_t index, char *out, size_t size);

#endif
