/* SPDX-License-Identifier: Apache-2.0 */
/* adl.h - what the eight benchmark queries of the Analysis Description Languages share.
 *
 * The queries are the field's common exam (IRIS-HEP, "ADL benchmarks"; D. Graur et al., Evaluating
 * query languages and systems for high-energy physics data, VLDB 15 (2021) 154), over NanoAOD.
 * Each is an analysis adl-q1 to adl-q8 of one channel, "all"; each histogram has 100 half-open
 * bins of one width. Momenta and masses in GeV, angles in radians, all in float64.
 *
 *      | what is filled, and when                                         | axis       | file
 *   ---+------------------------------------------------------------------+------------+-----------
 *   q1 | MET_pt of every event                                            | [0, 2000)  | adl_jets
 *   q2 | Jet_pt of every jet                                              | [15, 60)   | adl_jets
 *   q3 | Jet_pt of every jet with abs(Jet_eta) < 1                        | [15, 60)   | adl_jets
 *   q4 | MET_pt of events in which at least 2 jets have pt > 40           | [0, 2000)  | adl_jets
 *   q5 | MET_pt of events with a pair of muons of opposite charge and     | [0, 2000)  | adl_muons
 *      | 60 < mass < 120                                                  |            |
 *   q6 | of events with at least 3 jets, for the three whose mass is      |            | adl_trijet
 *      | closest to 172.5: pt of their sum, and                           | [15, 40)   |
 *      | the largest of their Jet_btag                                    | [0, 1)     |
 *   q7 | of every event the sum of pt of the jets with pt > 30 to which   | [15, 200)  | adl_clean
 *      | no muon or electron with pt > 10 is nearer than DeltaR < 0.4;    |            |
 *      | 0 without such a jet                                             |            |
 *   q8 | of events with at least 3 muons and electrons together, of which | [15, 250)  | adl_leptons
 *      | two are of one kind and of opposite charge: take the pair whose  |            |
 *      | mass is closest to 91.2; with pt and phi of the hardest of the   |            |
 *      | leptons left: sqrt(2 pt MET_pt (1 - cos(phi - MET_phi)))         |            |
 *
 * Where the table leaves a choice:
 *   - > and < are strict. "At least" is not.
 *   - Closest means the smallest abs(mass - 172.5) as a float64; of equal ones the first in the
 *     order of the indexes, (0,1,2) (0,1,3) ... for jets, and muons before electrons. The mass of a
 *     sum is sqrt(E^2 - |p|^2), 0 if that is negative; E = sqrt(p^2 + mass^2). Of leptons of equal
 *     pt the first is the hardest.
 *   - DeltaR^2 = (eta1 - eta2)^2 + dphi^2 is compared with the square of the cut; dphi is the
 *     difference brought to [-pi, pi] by a multiple of 2 pi (delta_phi below).
 *   - Opposite charge: one above 0 and one below. A charge of 0 is opposite to none.
 *   - A NaN fails every comparison: a jet of pt NaN is not above the cut, a lepton at eta NaN is near
 *     to no jet, a mass of NaN is in no window. A distance that is infinite or NaN is not the closest;
 *     if no other is there, or what is to be filled is NaN, it is counted in the histogram's nan.
 *     The largest Jet_btag is that of those that are numbers. */
#ifndef ANALYSIS_ADL_H
#define ANALYSIS_ADL_H

#include <math.h>

#include "analysis/analysis.h"

/* The one channel, of every query. */
extern const char *const adl_channels[1];

/* The first parameters of every query are the axes of its figures, in their order. */
enum { ADL_FIGURES_MAX = 2 };

/* The first step of every query: all events. */
enum { ADL_ALL };

/* Books the figures and these steps, of which the first is "all". */
int adl_book(const struct analysis *a, const char *const *step, size_t n_steps,
             const struct settings *settings, struct partial *out, struct error *err);

/* The events [first, stop) at the step "all". */
void adl_pass_all(const struct batch *batch, size_t first, size_t stop, struct partial *out);

static inline bool adl_opposite(int32_t a, int32_t b)
{
    return (a > 0 && b < 0) || (a < 0 && b > 0);
}

/* The difference of two angles in [-pi, pi], as far as 2 pi in float64 allows it. */
static inline double adl_delta_phi(double a, double b)
{
    static const double pi = 0x1.921fb54442d18p+1;
    double d = a - b;
    if (fabs(d) > pi) { /* floor is exact: one result everywhere */
        d -= 2 * pi * floor(d / (2 * pi) + 0.5);
    }
    return d;
}

#endif
