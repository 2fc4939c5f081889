/* SPDX-License-Identifier: Apache-2.0 */
/* inputs.h - from a dataset's patterns to its files, in one order everywhere. */
#ifndef SCHEDULER_INPUTS_H
#define SCHEDULER_INPUTS_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "scheduler/dataset.h"

struct input {
    size_t sample; /* index in the dataset */
    char *path;    /* absolute */
    uint64_t size; /* bytes */
    int64_t mtime_ns;
    double luminosity_pb; /* of this file, where the run file gives it by file; else 0 */
};

struct inputs {
    size_t n;
    struct input *input; /* by sample in the dataset's order, within it by path */
};

/* Expands all patterns. ERROR_INPUT if a pattern matches nothing, if something is no regular file,
 * or if one file would be read twice (same path, symbolic or hard link; in one sample or in two):
 * the text names sample and both paths. The caller calls inputs_release. */
int inputs_find(struct inputs *in, const struct dataset *d, struct error *err);
void inputs_release(struct inputs *in);

#endif
