/* SPDX-License-Identifier: Apache-2.0 */
/* dashboard.h - the whole state of a run as one JSON document: what its page shows.
 *
 * Built from the ledger, through a reader of its own, and from what the scheduler tells of itself
 * (live.h, pods.json). It holds no null, so that a change is a merge patch (json_patch.h), and times as
 * moments (milliseconds since 1970), so that time that passes is no change. The keys:
 *
 *     sequence, state, says     the ledger's number; "running", "held", "paused", "stopped", "complete",
 *                               "incomplete"; the same in words
 *     status                    exactly `picobarn status -o json`
 *     run                       name, folder, analysis, parameters, program, and sha256 once complete
 *     time                      first_ms, last_ms, worked_ms up to `until_ms` (0: it goes on), rates,
 *                               left_s with left_error_s where they are known
 *     bytes                     done and planned of each sample, and of all
 *     counts                    retries, conflicts, failed
 *     tail                      the shards that are longest under way
 *     workers                   by name; n_workers counts those left out, too
 *     failures, conflicts       the groups of `picobarn failures -o json`, some jobs of each
 *     cutflow                   by sample and channel, in the order of cutflow_steps
 *     significance, figures, channels, formats
 */
#ifndef SCHEDULER_DASHBOARD_H
#define SCHEDULER_DASHBOARD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/json.h"
#include "scheduler/history.h"
#include "scheduler/live.h"
#include "scheduler/look.h"

/* Zeroed at first. */
struct dashboard {
    struct look look; /* run is NULL as long as there is no ledger */
    struct history history;
    json_t *fixed;    /* what does not change while the run is open */
    json_t *failures; /* both lists, and of how many failures they are */
    size_t n_failed;
    uint64_t failures_seen;
    json_t *document; /* the latest; borrowed from here */
};

/* Brings it up to date with the run of the folder. Without a ledger yet, or when reading fails, the
 * document says so, too; so it fails only without memory. */
int dashboard_update(struct dashboard *d, const char *folder, struct error *err);
void dashboard_release(struct dashboard *d);

/* The ledger's sequence number of the document; 0 without a ledger. */
uint64_t dashboard_sequence(const struct dashboard *d);

/* Private to dashboard*.c: the parts, each for the caller. */
json_t *dashboard_time(const struct dashboard *d, const struct live *live, int64_t now_ms);
json_t *dashboard_tail(const struct dashboard *d, const struct live *live);
json_t *dashboard_workers(const struct live *live);
json_t *dashboard_bytes(const struct look *l);
json_t *dashboard_cutflow(const struct look *l);
json_t *dashboard_cutflow_steps(const struct look *l);

#endif
