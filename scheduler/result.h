/* SPDX-License-Identifier: Apache-2.0 */
/* result.h - what was found (result.json, canonical and hashed) and how it came about (run.json,
 * not hashed). */
#ifndef SCHEDULER_RESULT_H
#define SCHEDULER_RESULT_H

#include <stdbool.h>

#include "base/bytes.h"
#include "base/digest.h"
#include "base/error.h"
#include "base/json.h"
#include "scheduler/merge.h"
#include "scheduler/run.h"

/* Histograms, cutflow, events and pb^-1 covered, parameters, the inputs' identities (size and
 * digest), the analysis and its version: the same for the same data, however it was computed.
 * The caller owns the value. */
json_t *result_to_json(const struct run *r, const struct merge *m, struct error *err);

/* Does the sample fill the channel? One that the analysis does not list is everybody's. */
bool result_fills(const struct dataset *d, const struct sample *sample, const char *channel);

/* Shards, attempts, leases, workers and hosts, times, processor seconds, program version. */
json_t *result_report(const struct run *r, const struct merge *m, struct error *err);

/* What result.json holds when it is written at this moment, added to `out`; sha256 is that of these
 * bytes, or NULL. */
int result_text(const struct run *r, const struct merge *m, struct buffer *out,
                char sha256[DIGEST_SHA256_HEX], struct error *err);

/* The same of run.json, which names the result's digest. */
int result_report_text(const struct run *r, const struct merge *m, const char *sha256,
                       struct buffer *out, struct error *err);

/* Writes result.json and run.json into the run's folder, each atomically; sha256 is that of
 * result.json's bytes. */
int result_write(const struct run *r, const struct merge *m, char sha256[DIGEST_SHA256_HEX],
                 struct error *err);

#endif
