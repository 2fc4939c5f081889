/* SPDX-License-Identifier: Apache-2.0 */
/* nanoaod.h - events with jets, muons and electrons for the ADL benchmark queries.
 *
 * As many objects an event as CMS's SingleMu data of 2012 have: 3.20 jets, at most 57, so spread
 * that an event has 41.8 choices of three; 1.39 muons; 0.215 electrons. The numbers are made up one
 * by one (falling pT, a Z boson here and there, leptons in jets), with as few bits of mantissa
 * as NanoAOD keeps, so that files compress as real ones do. */
#ifndef SAMPLES_NANOAOD_H
#define SAMPLES_NANOAOD_H

#include "base/error.h"
#include "data-samples/generate.h"

enum { NANOAOD_FILE_EVENTS = 250000 };

/* Makes and writes one file of task->sample[0]. An event depends on the seed and its number. */
int nanoaod_generate(const struct options *o, const struct task *task, struct outcome *out,
                     struct error *err);

#endif
