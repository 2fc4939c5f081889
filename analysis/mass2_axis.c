/* SPDX-License-Identifier: Apache-2.0 */
/* mass2_axis.c - see mass2_axis.h */
#include "analysis/mass2_axis.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* Edges of two axes that are meant to be one differ by some last bits of a double. */
static const double same_edge = 1 + 0x1p-30;
static const double greatest = 0x1p40;

enum { AXES_MAX = 64 };

/* The edges of all axes in one rising row. */
struct row {
    const struct axis *const *axis;
    size_t n_axes;
    size_t next[AXES_MAX]; /* of each axis: the edges that are passed, so the bin */
};

/* The least edge that is not passed yet; infinite if none is left. */
static double least(const struct row *r)
{
    double edge = INFINITY;
    for (size_t a = 0; a < r->n_axes; a++) {
        const struct axis *axis = r->axis[a];
        if (r->next[a] <= axis->n_bins && axis->edge[r->next[a]] < edge) {
            edge = axis->edge[r->next[a]];
        }
    }
    return edge;
}

static void pass(struct row *r, double edge)
{
    for (size_t a = 0; a < r->n_axes; a++) {
        const struct axis *axis = r->axis[a];
        while (r->next[a] <= axis->n_bins && axis->edge[r->next[a]] <= edge) {
            r->next[a]++;
        }
    }
}

/* Passes what is below all that is sure: edges of 0 and less, too. */
static struct row row_start(const struct axis *const *axis, size_t n_axes)
{
    struct row r = {.axis = axis, .n_axes = n_axes};
    pass(&r, sqrt((double)MASS2_LEAST) * (1 - (double)MASS2_GUARD));
    return r;
}

/* Passes the next edge and those that count as the same, returned squared; false at the end. */
static bool row_next(struct row *r, double *squared)
{
    double edge = least(r);
    *squared = edge * edge;
    if (!(*squared < greatest)) {
        return false;
    }
    pass(r, edge * same_edge);
    return true;
}

static int32_t leading_bits(float x)
{
    int32_t bits = 0;
    memcpy(&bits, &x, sizeof bits);
    return bits >> MASS2_CELL_SHIFT;
}

static int32_t cell_of(const struct mass2_axis *m, double mass2)
{
    int32_t cell = leading_bits((float)mass2) - m->first + 1;
    return cell < 0 ? 0 : cell;
}

static const double above = 1 + 2 * (double)MASS2_GUARD; /* beyond what the guard reaches */
static const double below = 1 - 2 * (double)MASS2_GUARD;

/* Edges as they are found: their squares, and whether there are some that the table does not reach. */
struct walk {
    double *squared; /* [n_gaps - 1] */
    bool goes_on;
};

/* Fills the slots of each gap. */
static void walk_edges(struct mass2_axis *m, const struct axis *const *axis, struct walk *w)
{
    struct row r = row_start(axis, m->n_axes);
    do {
        for (size_t a = 0; a < m->n_axes; a++) {
            m->slot[m->n_gaps * m->n_axes + a] = (uint32_t)r.next[a];
        }
        m->n_gaps++;
    } while (row_next(&r, &w->squared[m->n_gaps - 1]));
    w->goes_on = isfinite(least(&r));
}

static void measure_cells(struct mass2_axis *m, const struct walk *w)
{
    double last = m->n_gaps > 1 ? w->squared[m->n_gaps - 2] * above : (double)MASS2_LEAST;
    m->first = leading_bits(MASS2_LEAST);
    m->n_cells = cell_of(m, w->goes_on ? greatest : last) + 2;
}

static void fill_cells(struct mass2_axis *m, const struct walk *w)
{
    int32_t done = 1; /* cells before it are settled */
    m->cell[0] = mass2_cell(NAN, 0);
    for (uint32_t gap = 0; gap + 1 < m->n_gaps; gap++) {
        double edge = w->squared[gap];
        int32_t c = cell_of(m, edge * below);
        for (; done < c; done++) {
            m->cell[done] = mass2_cell(INFINITY, gap);
        }
        for (; c <= cell_of(m, edge * above); c++) {
            m->cell[c] = mass2_cell(c < done ? NAN : (float)edge, gap);
        }
        done = c;
    }
    for (; done < m->n_cells; done++) {
        m->cell[done] = mass2_cell(INFINITY, (uint32_t)m->n_gaps - 1);
    }
    for (int32_t c = cell_of(m, greatest * below); w->goes_on && c < m->n_cells; c++) {
        m->cell[c] = mass2_cell(NAN, 0);
    }
}

static int make(struct mass2_axis *m, const struct axis *const *axis, size_t n_edges,
                struct walk *w)
{
    m->slot = calloc((n_edges + 1) * m->n_axes, sizeof *m->slot);
    w->squared = calloc(n_edges + 1, sizeof *w->squared);
    if (m->slot == NULL || w->squared == NULL) {
        return -1;
    }
    walk_edges(m, axis, w);
    measure_cells(m, w);
    m->cell = calloc((size_t)m->n_cells, sizeof *m->cell); /* at least two */
    if (m->cell == NULL) {
        return -1;
    }
    fill_cells(m, w);
    return 0;
}

int mass2_axis_init(struct mass2_axis *m, const struct axis *const *axis, size_t n_axes,
                    struct error *err)
{
    *m = (struct mass2_axis){0};
    size_t n_edges = 0;
    for (size_t a = 0; a < n_axes; a++) {
        n_edges += axis[a]->n_bins + 1;
    }
    if (n_axes < 1 || n_axes > AXES_MAX || n_edges >= MASS2_GAPS_MAX) {
        return 0;
    }
    struct walk w = {0};
    m->n_axes = n_axes;
    int rc = make(m, axis, n_edges, &w);
    free(w.squared);
    if (rc != 0) {
        mass2_axis_release(m);
        return error_no_memory(err, "a table of edges");
    }
    return 0;
}

void mass2_axis_release(struct mass2_axis *m)
{
    free(m->cell);
    free(m->slot);
    *m = (struct mass2_axis){0};
}
