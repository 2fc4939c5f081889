/* SPDX-License-Identifier: Apache-2.0 */
/* mass2_axis.h - the bins of several axes of a mass at once, from the mass squared in float32.
 *
 * The edges of all axes, merged and rising, leave gaps between them; all masses of one gap are in
 * one bin of each axis. A gap is found with one look into a table: the leading bits of a float
 * are its cell, and a cell holds at most one edge to compare with. Where the bin cannot be told
 * from so few digits the answer is "not sure", never a wrong one.
 *
 * Sure means: any mass whose exact square is x, for which abs(s - x) <= MASS2_ERROR * x holds, has
 * the bins of the gap of s. So who calculates s within that error needs no more digits.
 *     An edge E, E^2 = e in double, f = (float)e, u = 2^-24, G = MASS2_GUARD = MASS2_ERROR + 4 u: s
 *     is not sure where abs(s - f) <= G s. Let s > f be sure, so f < s (1 - G); f >= e (1 - u), and
 *     x >= s / (1 + MASS2_ERROR). Then x > e (1 - u) / (1 - G) / (1 + MASS2_ERROR) > e (1 + 2.9 u).
 *     For s < f alike x < e (1 - 2.9 u). What rounds in double (E * E, the root of x), in G s
 *     (s - f is exact near f), and 2^-30, within which edges of two axes count as one, are
 *     together below 0.1 u.
 */
#ifndef ANALYSIS_MASS2_AXIS_H
#define ANALYSIS_MASS2_AXIS_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "analysis/axis.h"
#include "base/error.h"

#define MASS2_ERROR 0x3cp-24F /* 60 units of 2^-24: 3.6e-6 */
#define MASS2_GUARD 0x40p-24F
#define MASS2_LEAST 0x1p-7F /* below it, and from 2^40 on, nothing is sure */

enum {
    MASS2_CELL_SHIFT = 13, /* 2^(23 - 13) cells an octave: an edge every 1e-3 finds its own */
    MASS2_GAPS_MAX = 1 << 16,
};

/* A cell is one number, so that one look finds both: below, the bits of the edge squared, which is
 * infinite without one and NaN where nothing is sure; above, the gap below the edge, after which
 * comes the one above it. */
static inline uint64_t mass2_cell(float edge, uint32_t gap)
{
    uint32_t bits = 0;
    memcpy(&bits, &edge, sizeof bits);
    return (uint64_t)gap << 32 | bits;
}

static inline float mass2_cell_edge(uint64_t cell)
{
    float edge = 0;
    uint32_t bits = (uint32_t)cell;
    memcpy(&edge, &bits, sizeof edge);
    return edge;
}

static inline uint32_t mass2_cell_gap(uint64_t cell)
{
    return (uint32_t)(cell >> 32);
}

struct mass2_axis {
    int32_t first; /* leading bits of the second cell; the first holds all below */
    int32_t n_cells;
    uint64_t *cell; /* [n_cells], the last for all above */
    size_t n_axes;
    size_t n_gaps;
    uint32_t *slot; /* [n_gaps][n_axes] the bin, as axis_find says it */
};

/* Copies what it needs of the axes; n_gaps is 0, and nothing else set, if there would be more than
 * MASS2_GAPS_MAX. Fails (ERROR_SYSTEM) without memory; *m is then empty. mass2_axis_release is
 * safe on a zeroed one. */
int mass2_axis_init(struct mass2_axis *m, const struct axis *const *axis, size_t n_axes,
                    struct error *err);
void mass2_axis_release(struct mass2_axis *m);

#endif
