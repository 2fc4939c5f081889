/* SPDX-License-Identifier: Apache-2.0 */
/* normalisation.h - how simulation is scaled to the data seen so far.
 *
 * Luminosity is seen per era and channel and never summed over parallel streams: DoubleMu and
 * DoubleElectron of one era are two views of the same collisions. In (era, channel) a simulated
 * sample of that era is scaled by
 *
 *     cross section * scale * luminosity seen / events before cuts seen
 *
 * where the events before cuts (or the sum of generator weights) are those generated, pro rata
 * to the rows seen. So a stack is right at 1 % of a run as at 100 %. */
#ifndef ANALYSIS_NORMALISATION_H
#define ANALYSIS_NORMALISATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What one sample brings, planned and seen. */
struct yield {
    bool simulation;
    int era;                   /* a label: 2012 */
    uint32_t channels;         /* bits of the channels that it fills */
    double luminosity_seen_pb; /* data: of the events seen, pb^-1 */
    double cross_section_pb;   /* simulation, pb */
    double scale;              /* simulation: k-factor, filter efficiency */
    double generated;        /* simulation: events (or sum of weights) before cuts of the whole
                                * sample; 0: those in the files are all */
    double n_events_planned; /* rows of the whole sample */
    double n_events_seen;
    double sumw_seen; /* sum of weights of the rows seen; the rows if unweighted */
};

/* pb^-1 of the data seen that fill the channel (its index) in the era; if no data sample of this
 * era fills it, target_pb (0 if the run file gives none). */
double normalisation_luminosity(const struct yield *yield, size_t n, int era, unsigned channel,
                                double target_pb);

/* What one simulated sample's weights are multiplied by for that luminosity; 0 while none of its
 * events were seen, and for data 1. */
double normalisation_scale(const struct yield *sample, double luminosity_pb);

#endif
