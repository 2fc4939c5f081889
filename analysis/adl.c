/* SPDX-License-Identifier: Apache-2.0 */
/* adl.c - see adl.h */
#include "analysis/adl.h"

const char *const adl_channels[1] = {"all"};

int adl_book(const struct analysis *a, const char *const *step, size_t n_steps,
             const struct settings *settings, struct partial *out, struct error *err)
{
    static const size_t axis_setting[ADL_FIGURES_MAX] = {0, 1};
    int rc = analysis_book_figures(a, adl_channels[0], settings, axis_setting, out, err);
    for (size_t s = 0; rc == 0 && s < n_steps; s++) {
        rc = partial_book_step(out, adl_channels[0], step[s], err);
    }
    return rc;
}

void adl_pass_all(const struct batch *batch, size_t first, size_t stop, struct partial *out)
{
    if (!out->weighted) {
        out->step[ADL_ALL].n_events += stop - first;
        return;
    }
    for (size_t event = first; event < stop; event++) {
        partial_pass(out, ADL_ALL, batch_weight(batch, event));
    }
}
