/* SPDX-License-Identifier: Apache-2.0 */
/* uhi.h - one histogram in the Scikit-HEP serialisation (UHI, schema version 1), which Python's
 * uhi, hist and boost-histogram read. */
#ifndef SCHEDULER_UHI_H
#define SCHEDULER_UHI_H

#include "analysis/partial.h"
#include "base/error.h"
#include "base/json.h"

enum { UHI_SCHEMA = 1 };

/* Values hold the flow bins: [0] underflow, the bins, [n + 1] overflow. Counts are of storage
 * "int", sums of weights of storage "weighted", each rounded once. What has no bin stands in the
 * metadata: nan, and entries for all there are. The caller owns the value. Fails (ERROR_INPUT) if
 * a sum of weights is larger than any double. */
json_t *uhi_to_json(const struct partial_hist *hist, struct error *err);

/* Of a weighted histogram: the sums of weights (squares: of their squares) of all its bins,
 * value[n_bins + 2]. Fails as uhi_to_json. */
int uhi_sums(const struct hist *hist, bool squares, double *value, struct error *err);

#endif
