/* SPDX-License-Identifier: Apache-2.0 */
/* plot_legend.h - legend and notes inside the frame, placed where the drawing leaves room. */
#ifndef SCHEDULER_PLOT_LEGEND_H
#define SCHEDULER_PLOT_LEGEND_H

#include "scheduler/plot.h"
#include "scheduler/plot_layers.h"
#include "scheduler/plot_pen.h"
#include "scheduler/plot_scale.h"

enum { PLOT_ENTRIES_MAX = PLOT_PROCESSES_MAX + 3 }; /* data, control, uncertainty */

enum plot_entry_kind { PLOT_ENTRY_DATA, PLOT_ENTRY_CONTROL, PLOT_ENTRY_LAYER, PLOT_ENTRY_BAND };

struct plot_entry {
    enum plot_entry_kind kind;
    size_t layer; /* of PLOT_ENTRY_LAYER */
    const char *title;
};

struct plot_legend {
    size_t n_entries;
    struct plot_entry entry[PLOT_ENTRIES_MAX];
    size_t n_columns;
    double column_width;
    struct plot_box box;   /* of the legend */
    struct plot_box notes; /* height 0: none */
};

/* Chooses the places that let the drawing be highest, and sets panel->y.high (y.low and all
 * else are given) so that bins end below what stands over them. */
void plot_legend_place(struct plot_legend *legend, const struct plot *plot,
                       const struct plot_layers *layers, struct plot_panel *panel);

void plot_legend_draw(const struct plot_legend *legend, const struct plot *plot,
                      const struct plot_panel *panel, struct buffer *out);

#endif
