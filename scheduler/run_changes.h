/* SPDX-License-Identifier: Apache-2.0 */
/* run_changes.h - private to run.c: is a run that is there still the one that is asked for? */
#ifndef SCHEDULER_RUN_CHANGES_H
#define SCHEDULER_RUN_CHANGES_H

#include <stdbool.h>

#include "scheduler/run.h"

/* Compares r->dataset (as asked for) and its files with the ledger at that path. 0: go on with it.
 * 1: it was moved aside, begin anew (only if accept_changes). -1 with ERROR_INPUT naming what
 * changed. Files that were replaced are set back to be inspected again if accept_changes. */
int run_compare(struct run *r, const char *ledger, bool accept_changes, struct error *err);

/* Is the dataset, by this program, what the run was launched with? Else ERROR_INPUT, naming the
 * first difference (a parameter, a sample, the version of the analysis), and the option by which
 * it could be run elsewhere. */
int run_compare_specification(json_t *was, const struct dataset *is, const char *elsewhere,
                              struct error *err);

/* The same of a run and a dataset: its own, which this program may read in another way than the one
 * that began, or the one that is asked for. */
int run_check_specification(const struct run *r, const struct dataset *d, struct error *err);

/* Looks at the files behind jobs that failed (and, if all is true, at every file): one whose size
 * or time differs from the ledger's is taken as it is now. If it still has as many rows, each of
 * its accepted shards is computed again and kept if it gives the same partial; else all its shards
 * are dropped, and it is inspected anew. Returns how many files, or -1. */
int run_take_replaced_files(struct run *r, bool all, struct error *err);

#endif
