/* SPDX-License-Identifier: Apache-2.0 */
/* pool.h - does tasks in several processes (HDF5 is not safe with threads). */
#ifndef SAMPLES_POOL_H
#define SAMPLES_POOL_H

#include "base/error.h"
#include "data-samples/generate.h"

/* Generates task[n] in up to o->processes processes and fills outcome[n]. One failure fails
 * all; the error is that of a task that failed. */
int pool_run(const struct options *o, const struct task *task, int n, struct outcome *outcome,
             struct error *err);

#endif
