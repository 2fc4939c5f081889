/* SPDX-License-Identifier: Apache-2.0 */
/* momenta.h - momentum_polar (kinematics.h) of many objects at once, without branches, so that
 * compilers turn it into vector instructions; the same bits as one by one. */
#ifndef ANALYSIS_MOMENTA_H
#define ANALYSIS_MOMENTA_H

#include <stddef.h>

enum { MOMENTA_MAX = 256 };

struct momenta_polar {
    double pt[MOMENTA_MAX]; /* GeV, as mass */
    double eta[MOMENTA_MAX];
    double phi[MOMENTA_MAX];
    double mass[MOMENTA_MAX];
};

struct momenta {
    double px[MOMENTA_MAX];
    double py[MOMENTA_MAX];
    double pz[MOMENTA_MAX];
    double e[MOMENTA_MAX]; /* sqrt(p^2 + mass^2) */
};

/* The first n, at most MOMENTA_MAX. Pure, safe for any thread. */
void momenta_from_polar(struct momenta *out, const struct momenta_polar *in, size_t n);

#endif
