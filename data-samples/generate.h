/* SPDX-License-Identifier: Apache-2.0 */
/* generate.h - makes the events of one task and writes its files. */
#ifndef SAMPLES_GENERATE_H
#define SAMPLES_GENERATE_H

#include "base/error.h"
#include "data-samples/samples.h"

#define GENERATE_VERSION "1"

/* Generator weights are multiples of 2^-30, so that their sum is exact in whole numbers. */
enum { WEIGHT_BITS = 30 };

struct outcome {
    uint64_t rows[STREAMS]; /* of the files of task->sample[] */
    int64_t weight_sum;     /* over all events generated, in units of 2^-WEIGHT_BITS */
};

/* Where a file goes, and the attribute that says what made it. */
struct file_name {
    char path[4096];
    char generator[96];
};

int generate_file_name(const struct options *o, const struct sample *sample, int part,
                       struct file_name *out, struct error *err);

/* The outcome depends on o->seed, o->events and the task, and on nothing else. */
int generate_task(const struct options *o, const struct task *task, struct outcome *out,
                  struct error *err);

#endif
