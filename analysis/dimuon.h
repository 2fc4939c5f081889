/* SPDX-License-Identifier: Apache-2.0 */
/* dimuon.h - what dimuon.c and its kernel share; nobody else includes it. */
#ifndef ANALYSIS_DIMUON_H
#define ANALYSIS_DIMUON_H

#include <stddef.h>
#include <stdint.h>

#include "analysis/analysis.h"

extern const double dimuon_mass_gev; /* the muon's */

enum { CHANNEL_OS, CHANNEL_SS, N_CHANNELS };

enum { ENERGY_NOMINAL, ENERGY_MASS, ENERGY_STORED }; /* choices of muon_energy */
enum { EXACTLY_OFF, EXACTLY_TWO };                   /* choices of muons_exactly */

enum { /* parameters */
       MUON_ENERGY,
       MUONS_EXACTLY,
       MASS_AXIS,
       MASS_LINEAR_AXIS,
       JPSI_AXIS,
       PSI2S_AXIS,
       UPSILON_AXIS,
       Z_AXIS,
};

enum { PT, ETA, PHI, PX, PY, PZ, MASS, ENERGY, CHARGE }; /* needs */

/* Figures and cutflow steps: histogram f of channel c is hist[c * N_HISTS + f], and step s alike. */
enum { N_HISTS = 6 };
extern const size_t dimuon_figure_axis[N_HISTS]; /* the parameter of each */
enum { STEP_ALL, STEP_PAIR, N_STEPS };

/* Muons by their place in the columns, and the event that they are of. */
struct dimuon_pair {
    uint32_t i;
    uint32_t j;
    uint32_t event;
    uint32_t channel; /* as dimuon_channel says it */
};

/* The channel of a pair as a bit: signs, not a product, since charges are what a file says. No bit
 * if a charge is 0: it is neither opposite nor equal. */
static inline uint32_t dimuon_channel(int32_t a, int32_t b)
{
    if (a == 0 || b == 0) {
        return 0;
    }
    return UINT32_C(1) << ((a > 0) == (b > 0) ? CHANNEL_SS : CHANNEL_OS);
}

/* Fills the histograms of the pair's channel, if it has one, with its mass in float64. */
void dimuon_fill(const struct batch *batch, const struct dimuon_pair *pair, size_t energy,
                 struct partial *out);

/* The cutflow of one event in the channels of these bits; those with a pair are among them. */
void dimuon_pass(uint32_t channel_bits, uint32_t with_pair, double weight, struct partial *out);

extern const struct kernel dimuon_kernel;

/* The same at one level of the processor, for tests. */
struct pairs_simd;
int dimuon_kernel_create(const struct settings *settings, const struct pairs_simd *simd,
                         void **state, struct error *err);

#endif
