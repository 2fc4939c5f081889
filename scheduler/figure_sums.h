/* SPDX-License-Identifier: Apache-2.0 */
/* figure_sums.h - private to figure*.c: the numbers of one picture, scaled, summed and stacked. */
#ifndef SCHEDULER_FIGURE_SUMS_H
#define SCHEDULER_FIGURE_SUMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "scheduler/figure.h"
#include "scheduler/plot.h"

/* One process, summed over samples, eras and channels. */
struct figure_layer {
    const char *process; /* borrowed from the dataset, as the title */
    const char *title;
    bool signal;
    double *expected; /* [n_bins] without under- and overflow */
    double *variance; /* [n_bins] */
    double outside;   /* expected below and above the axis, */
    double nan;       /* and where the value is no number */
    bool seen;        /* of one of its samples at least something was seen */
};

struct figure_sums {
    const struct figure *figure; /* of the analysis */
    const struct axis *axis;     /* borrowed from the merge */
    uint32_t channels;           /* bits of those that are summed */
    uint32_t control;            /* the bit of the one shown beside them, or 0 */
    uint32_t filled;             /* of channels: those that something in the picture fills */
    bool has_data;
    bool data_seen; /* something of it was */
    bool unscaled;  /* simulated events, no luminosity */
    size_t n_layers;
    struct figure_layer layer[PLOT_PROCESSES_MAX];
    uint64_t *observed;      /* [n_bins] */
    uint64_t *control_count; /* [n_bins] */
    uint64_t observed_outside;
    uint64_t observed_nan;
    struct yield *yield; /* [n_samples] */
    bool *left_out;      /* [n_samples] simulated, but nothing to scale it with */
    bool *unseen;        /* [n_samples] simulated, in the stack, and nothing seen of it yet: */
    size_t n_unseen;     /* if there are such, there is no significance */
    struct figure_numbers numbers;
};

/* *s is filled from zero; figure_sums_release is safe on a zeroed one. */
int figure_sums_init(struct figure_sums *s, const struct run *r, const struct merge *m,
                     const struct figure_request *request, struct error *err);
void figure_sums_release(struct figure_sums *s);

/* pb^-1 to which simulation is scaled in an era and channel; *known is false if there is none. */
double figure_luminosity(const struct figure_sums *s, const struct dataset *d, int era,
                         unsigned channel, bool *known);

/* What is missing to scale a sample that is left out: "cross section". */
const char *figure_lacks(const struct sample *sample);

/* The words in the picture. */
struct figure_words {
    struct buffer luminosity;
    struct buffer coverage;
    struct buffer note[PLOT_NOTES_MAX];
    size_t n_notes;
    bool incomplete;
    bool generated;
};

int figure_words_init(struct figure_words *w, const struct figure_sums *s, const struct run *r,
                      const struct merge *m, struct error *err);
void figure_words_release(struct figure_words *w);

#endif
