/* SPDX-License-Identifier: Apache-2.0 */
/* normalisation.c - see normalisation.h */
#include "analysis/normalisation.h"

static bool fills(const struct yield *sample, int era, unsigned channel)
{
    return !sample->simulation && sample->era == era && channel < 32 &&
           (sample->channels >> channel & 1) != 0;
}

double normalisation_luminosity(const struct yield *yield, size_t n, int era, unsigned channel,
                                double target_pb)
{
    bool has_data = false;
    double seen_pb = 0;
    for (size_t i = 0; i < n; i++) {
        if (fills(&yield[i], era, channel)) {
            has_data = true;
            seen_pb += yield[i].luminosity_seen_pb;
        }
    }
    return has_data ? seen_pb : target_pb;
}

/* What the rows seen stand for before any cut: events, or their weights. A skim has fewer rows
 * than were generated, so what the run file says of the whole counts pro rata to the rows. */
static double generated_seen(const struct yield *sample)
{
    if (sample->generated == 0) {
        return sample->sumw_seen;
    }
    if (!(sample->n_events_planned > 0)) {
        return 0;
    }
    return sample->generated * (sample->n_events_seen / sample->n_events_planned);
}

double normalisation_scale(const struct yield *sample, double luminosity_pb)
{
    if (!sample->simulation) {
        return 1;
    }
    double generated = generated_seen(sample);
    if (!(sample->n_events_seen > 0) || generated == 0) {
        return 0;
    }
    return sample->cross_section_pb * sample->scale * luminosity_pb / generated;
}
