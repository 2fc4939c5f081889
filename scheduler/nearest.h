/* SPDX-License-Identifier: Apache-2.0 */
/* nearest.h - which of some names a person meant who mistyped one. */
#ifndef SCHEDULER_NEAREST_H
#define SCHEDULER_NEAREST_H

#include <stddef.h>

enum { NEAREST_SIZE = 64 }; /* a longer word resembles nothing */

struct nearest {
    const char *word;
    const char *name; /* the best name offered so far, or NULL if none is close; borrowed */
    size_t distance;  /* its number of typing errors */
};

struct nearest nearest_to(const char *word);

/* Considers a name: kept if it is closer than the best so far, and closer than a third of its
 * letters. Of equals the first stays. */
void nearest_offer(struct nearest *nearest, const char *name);

#endif
