/* SPDX-License-Identifier: Apache-2.0 */
/* clean.h - removing what a run made. What it did not make stays, and so does the ledger, in which all
 * that was computed is, unless it is asked for. Doing it twice does it once. */
#ifndef SCHEDULER_CLEAN_H
#define SCHEDULER_CLEAN_H

#include <stdbool.h>

#include "base/bytes.h"
#include "base/error.h"
#include "scheduler/remote.h"

/* Of a run folder; with_ledger: the ledger, the run file's copy and the folder too, unless something
 * else is in it. Lines about what was removed and what was left are appended. ERROR_INPUT while a
 * scheduler works on the run. */
int clean_folder(const char *folder, bool with_ledger, struct buffer *out, struct error *err);

/* Of a run in a cluster: its StatefulSet first, so that nothing makes further Jobs, and once its pod
 * is gone the Jobs and the rest; with_ledger: the claim of the ledger's volume. The namespace's
 * token goes with its last run. */
int clean_cluster(struct remote *r, bool with_ledger, struct buffer *out, struct error *err);

#endif
