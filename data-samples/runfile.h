/* SPDX-License-Identifier: Apache-2.0 */
/* runfile.h - writes the run files that go with the samples: higgs4l.yaml and dimuon.yaml, or
 * adl-q1.yaml to adl-q8.yaml. */
#ifndef SAMPLES_RUNFILE_H
#define SAMPLES_RUNFILE_H

#include "base/error.h"
#include "data-samples/samples.h"

/* What was generated for one sample, over all its files. */
struct total {
    uint64_t rows;
    int64_t weight_sum; /* in units of 2^-WEIGHT_BITS, before the skim */
};

/* total[] goes with s->sample[]. The files are put in place whole, by renaming. */
int runfile_write(const struct options *o, const struct samples *s, const struct total *total,
                  struct error *err);

/* Removes run files of an earlier time, so that none stands beside files it does not describe
 * while these are written, or when that fails. */
int runfile_remove(const struct options *o, struct error *err);

#endif
