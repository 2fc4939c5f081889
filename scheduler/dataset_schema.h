/* SPDX-License-Identifier: Apache-2.0 */
/* dataset_schema.h - private to dataset_*.c: the parts of a run file. */
#ifndef SCHEDULER_DATASET_SCHEMA_H
#define SCHEDULER_DATASET_SCHEMA_H

#include "scheduler/dataset.h"
#include "scheduler/schema.h"

enum { DATASET_NAME_MOST = 200, DATASET_COLUMN_MOST = 500, DATASET_PATTERN_MOST = 4000 };
enum { DATASET_ERA_MOST = 999999 };

#define SCHEMA(fields) (&(const struct schema){(fields), ARRAY_LENGTH(fields)})

/* Reads the list into d->sample; analysis and eras of d must be there. What was read before a
 * failure stays in d. */
int dataset_read_samples(struct dataset *d, const struct place *place, const struct yaml *list,
                         struct error *err);

/* Reads kubernetes: into d->placement, with defaults and checked (dataset_kubernetes.c). */
int dataset_read_kubernetes(struct dataset *d, const struct place *place,
                            const struct yaml *map, struct error *err);

#endif
