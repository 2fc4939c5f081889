/* SPDX-License-Identifier: Apache-2.0 */
/* scaling.h - units at the door: from the word that a file or a run file says to GeV and cm. */
#ifndef WORKER_SCALING_H
#define WORKER_SCALING_H

#include <stdbool.h>

#include "analysis/batch.h"
#include "base/error.h"
#include "base/json.h"

/* One correctly rounded operation: value * factor, or value / factor. As it is with factor 1. */
struct scaling {
    double factor;
    bool divide;
};

/* What turns a column's numbers into the unit that is needed. file_word: what the file says, ""
 * for nothing; units: what the run file says of all its files, {"energy": "MeV", "length": "mm"},
 * or NULL. Never guessed: fails (ERROR_INPUT) if an energy or a length has no unit, if it is
 * unknown or of another kind, or if file and run file differ. *word is the unit of
 * the numbers as they stand there: static, or file_word. */
int scaling_find(enum unit needed, const char *file_word, const json_t *units,
                 struct scaling *out, const char **word, struct error *err);

static inline bool scaling_is_identity(const struct scaling *s)
{
    return s->factor == 1.0;
}

static inline double scaling_apply(const struct scaling *s, double value)
{
    return s->divide ? value / s->factor : value * s->factor;
}

#endif
