/* SPDX-License-Identifier: Apache-2.0 */
/* kinematics.h - four-momenta and invariant masses, free of cancellation and of libm.
 *
 * Momenta, energies and masses in GeV, angles in radians. Pure, safe for any thread. */
#ifndef ANALYSIS_KINEMATICS_H
#define ANALYSIS_KINEMATICS_H

struct momentum {
    double px, py, pz;
    double e;    /* energy */
    double p2;   /* px^2 + py^2 + pz^2 */
    double mass; /* from which e was made; negative where e is the stored one */
};

/* e = sqrt(p^2 + mass^2). */
struct momentum momentum_polar(double pt, double eta, double phi, double mass);
struct momentum momentum_cartesian(double px, double py, double pz, double mass);

/* The energy as stored: what E^2 - p^2 says, cancellation and all. */
struct momentum momentum_stored(double px, double py, double pz, double e);

/* (p1 + p2)^2, not below 0. Where both energies come from masses the form without cancellation:
 *     m1^2 + m2^2 + 2 [(E1 E2 - |p1||p2|) + (|p1||p2| - p1.p2)],
 *     E1 E2 - |p1||p2|  = (m1^2 p2^2 + m2^2 p1^2 + m1^2 m2^2) / (E1 E2 + |p1||p2|),
 *     |p1||p2| - p1.p2  = |p1 x p2|^2 / (|p1||p2| + p1.p2)  for p1.p2 > 0
 * (the Cartesian twin of 4 pT1 pT2 [sinh^2(deta/2) + sin^2(dphi/2)]); else (sum E)^2 - |sum p|^2. */
double momentum_mass2(const struct momentum *a, const struct momentum *b);

/* sqrt of the same; NaN if any component is. */
double momentum_mass(const struct momentum *a, const struct momentum *b);

double momentum_pt(double px, double py); /* transverse momentum */

/* Pseudorapidity asinh(pz / pT): +-infinite along the beam, NaN without any momentum. */
double momentum_eta(double px, double py, double pz);

#endif
