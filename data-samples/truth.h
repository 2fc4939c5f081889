/* SPDX-License-Identifier: Apache-2.0 */
/* truth.h - an event as it was made, before the detector sees it. */
#ifndef SAMPLES_TRUTH_H
#define SAMPLES_TRUTH_H

#include <stdbool.h>

#include "data-samples/decay.h"
#include "data-samples/rng.h"

enum flavour { FLAVOUR_MUON, FLAVOUR_ELECTRON, FLAVOURS, FLAVOUR_TAU = FLAVOURS };

struct particle {
    enum flavour flavour; /* a muon or an electron */
    int charge;
    bool isolated;       /* from W, Z, H or a quarkonium, not from within a jet */
    double flight_cm;    /* typical impact parameter; 0 if it comes from the collision itself */
    double pt, eta, phi; /* GeV; phi in (-pi, pi] */
};

enum { TRUTH_PARTICLES = 12 };

struct truth {
    struct particle particle[TRUTH_PARTICLES];
    int n;
    double unseen_x, unseen_y; /* summed transverse momentum of neutrinos, GeV */
    double weight;             /* generator weight over the sample's usual one */
};

/* The circumstances under which a process is generated. */
struct conditions {
    int era;           /* index, see processes.h */
    double energy_gev; /* of the two protons together */
    double bulk_scale; /* factor on the cross sections of the bulk processes */
    bool simulation;   /* rare kinds of event are made more often, at a smaller weight */
};

void truth_init(struct truth *truth);

/* Adds a muon or electron; one that no detector could see (below 2 GeV, abs(eta) > 3) is left
 * out, and so is what no longer fits. */
void truth_add(struct truth *truth, const struct particle *kind, const struct vec4 *v);

/* Decays a state of this mass into a charged pair. A tau decays further: into a softer muon or
 * electron (35 %) and neutrinos, or into hadrons, which are dropped. */
void truth_add_pair(struct rng *rng, struct truth *truth, const struct vec4 *parent,
                    double mass, enum flavour flavour);

/* A tau of the given charge, decayed. */
void truth_add_tau(struct rng *rng, struct truth *truth, const struct vec4 *tau, int charge);

/* n leptons from within jets: soft, not isolated, displaced, of random charge. */
void truth_add_nonprompt(struct rng *rng, struct truth *truth, int n);

#endif
