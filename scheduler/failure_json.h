/* SPDX-License-Identifier: Apache-2.0 */
/* failure_json.h - failures as JSON, and the commands that look into them and mend them. */
#ifndef SCHEDULER_FAILURE_JSON_H
#define SCHEDULER_FAILURE_JSON_H

#include <stdbool.h>
#include <stddef.h>

#include "base/bytes.h"
#include "base/json.h"
#include "scheduler/failure.h"

/* The command that gives the failed another try: all of them (NULL), or one shard. */
void failure_put_rerun(const struct run *r, const struct failure *one, struct buffer *out);

/* The worker's command that does the same by hand, over an order.json of this run; and the one that
 * writes that file. */
void failure_put_by_hand(const struct run *r, const struct failure *one, struct buffer *out);
void failure_put_order(const struct run *r, struct buffer *out);

/* The groups of failures, or those of conflicts, each with at most so many of its jobs. The caller
 * owns the list. */
json_t *failures_to_json(const struct run *r, const struct failures *f, bool conflicts,
                         size_t jobs_most);

#endif
