/* SPDX-License-Identifier: Apache-2.0 */
/* metrics_family.h - private to metrics*.c: what a metric family is, and how its lines are written.
 *
 * Names follow the field's rules: base units at the end, counters in _total, and labels that add up:
 * the sum over samples and states is the run. */
#ifndef SCHEDULER_METRICS_FAMILY_H
#define SCHEDULER_METRICS_FAMILY_H

#include "scheduler/metrics.h"

struct metrics_source {
    const struct look *look;
    const struct live *live; /* or NULL */
    const struct metrics_place *place;
};

struct metrics_family {
    const char *name; /* without "picobarn_" */
    const char *type;
    const char *help;
    void (*write)(const struct metrics_source *s, const struct metrics_family *f,
                  struct buffer *out);
    double (*of_run)(const struct metrics_source *s);
    double (*of_sample)(const struct metrics_source *s, size_t sample);
    size_t offset; /* of a whole number in struct live or struct live_worker; */
    double unit;   /*   multiplied by this */
};

extern const struct metrics_family metrics_of_ledger[]; /* both end with a row without name */
extern const struct metrics_family metrics_of_live[];

/* A family with one line and no label but the run's. */
void metrics_write_of_run(const struct metrics_source *s, const struct metrics_family *f,
                          struct buffer *out);

/* For a row of such a family. */
#define METRICS_OF_RUN(function) .write = metrics_write_of_run, .of_run = (function)

/* picobarn_name{run="higgs4l" - more labels may follow, then metrics_put_value. */
void metrics_open_line(const struct metrics_source *s, const struct metrics_family *f,
                       const char *suffix, struct buffer *out);
void metrics_put_label(struct buffer *out, const char *key, const char *value);
void metrics_put_value(struct buffer *out, double value);

#endif
