/* SPDX-License-Identifier: Apache-2.0 */
/* order.h - what all shards of a run have in common, as the scheduler says it in WELCOME: the
 * analysis, its parameters, and how columns are called. */
#ifndef WORKER_ORDER_H
#define WORKER_ORDER_H

#include "analysis/analysis.h"
#include "base/error.h"
#include "base/json.h"
#include "worker/reader.h"

struct order {
    const struct analysis *analysis;
    struct settings settings;
    json_t *json; /* {"analysis", "version", "parameters", "names", "units"} */
};

/* The order's JSON, which the caller owns. names and units may be NULL. */
json_t *order_to_json(const struct analysis *analysis, const struct settings *settings,
                      json_t *names, json_t *units);

/* Takes an order apart. ERROR_PEER if it is no order; ERROR_INPUT if this program has not that
 * analysis in that version. order_release is safe on a zeroed order. */
int order_init(struct order *o, const char *text, struct error *err);
void order_release(struct order *o);

/* What a reader needs to know; weight may be NULL or "" for none. Borrows from the order. */
struct reader_request order_request(const struct order *o, const char *weight);

#endif
