/* SPDX-License-Identifier: Apache-2.0 */
/* detector.h - what a detector makes of a true event: efficiency, resolution, isolation and
 * impact parameters. Shapes are made up; they are of the size that CMS had in 2012. */
#ifndef SAMPLES_DETECTOR_H
#define SAMPLES_DETECTOR_H

#include <stdbool.h>
#include <stdint.h>

#include "data-samples/truth.h"

/* The columns of one muon or electron, as they are stored. */
struct measured_lepton {
    float pt, eta, phi, mass; /* GeV, radians */
    int32_t charge;
    float isolation;                /* relative to pt; -999 where it is missing */
    float dxy, dz, dxy_err, dz_err; /* cm */
    float sip3d;                    /* significance of the impact parameter */
    int32_t lost_hits;              /* of the inner layers */
};

struct measured {
    struct measured_lepton lepton[FLAVOURS][TRUTH_PARTICLES]; /* in falling pt */
    int n[FLAVOURS];
    float met_pt, met_phi;
    bool trigger_double_muon;
};

void detector_measure(const struct truth *truth, struct rng *rng, struct measured *out);

#endif
