/* SPDX-License-Identifier: Apache-2.0 */
/* analysis.h - what an analysis is: a stateless table of what it needs and what it does.
 *
 * To add one: write analysis/<name>.c with one `const struct analysis analysis_<name>`, and add
 * its row to analyses.c. Nothing else knows analyses by name. */
#ifndef ANALYSIS_ANALYSIS_H
#define ANALYSIS_ANALYSIS_H

#include <stddef.h>
#include <stdint.h>

#include "analysis/batch.h"
#include "analysis/parameter.h"
#include "analysis/partial.h"
#include "base/error.h"

enum { ANALYSIS_CHANNELS_MAX = 32 };

/* How a histogram is shown; the first of an analysis is the one that a run ends with. */
struct figure {
    const char *hist;  /* the name it was booked with */
    const char *label; /* axis title, without its unit: "m(4l)" */
    const char *unit;  /* "GeV" */
    bool log_x;
    bool log_y;         /* how it is shown when nobody says */
    double window_low;  /* a window in which the significance is given, in the axis's unit; */
    double window_high; /* both 0 for none */
};

/* A faster way to what an analysis's process does: the same bytes in the end, whatever the processor.
 * It may keep what process may not (tables, counts not yet in the partial), in a state of its own
 * for each thread. process stays, as what says what is right: for what a kernel does not cover, and
 * in its tests. */
struct kernel {
    /* The state of one thread for one shard; *state is NULL where there is no faster way with these
     * settings, which are borrowed until destroy. Fails (ERROR_SYSTEM) without memory, (ERROR_INPUT)
     * if the environment asks for what this processor has not. */
    int (*create)(const struct settings *settings, void **state, struct error *err);

    /* As the analysis's process, under the same conditions. */
    void (*process)(void *state, const struct batch *batch, size_t first, size_t stop,
                    uint32_t channels, struct partial *out);

    /* Adds what it kept to the partial, which then holds all that was processed. */
    void (*finish)(void *state, struct partial *out);
    void (*destroy)(void *state);
};

struct analysis {
    const char *name;
    unsigned version; /* raised with every change that can change a result */
    const char *summary;
    const char *const *channel; /* [n_channels] */
    size_t n_channels;
    const char *control; /* a channel that is shown beside the others as points of its own */
    const char *control_title; /* and not summed with them: "Same sign"; both NULL for none */
    const struct parameter *parameter; /* [n_parameters] */
    size_t n_parameters;
    const struct need *need; /* [n_needs] */
    size_t n_needs;
    const struct figure *figure; /* [n_figures], at least one */
    size_t n_figures;

    /* Books all histograms and cutflow steps into an empty partial, always in the same order. */
    int (*book)(const struct settings *settings, struct partial *out, struct error *err);

    /* Adds the events [first, stop) of the batch to a partial of its own booking. Fills only the
     * channels (bits, by index) it is given. Runs in parallel on disjoint ranges with private
     * partials: does not fail, allocate, or keep anything. */
    void (*process)(const struct batch *batch, size_t first, size_t stop,
                    const struct settings *settings, uint32_t channels, struct partial *out);

    const struct kernel *kernel; /* or NULL */
};

/* All analyses, NULL-terminated; and each of them by itself. */
extern const struct analysis *const analyses[];
extern const struct analysis analysis_dimuon;
extern const struct analysis analysis_higgs4l;
extern const struct analysis analysis_adl_q1;
extern const struct analysis analysis_adl_q2;
extern const struct analysis analysis_adl_q3;
extern const struct analysis analysis_adl_q4;
extern const struct analysis analysis_adl_q5;
extern const struct analysis analysis_adl_q6;
extern const struct analysis analysis_adl_q7;
extern const struct analysis analysis_adl_q8;

/* ERROR_INPUT that lists the names there are. */
const struct analysis *analysis_find(const char *name, struct error *err);

/* The index of a channel; ERROR_INPUT (-1) that lists those there are. */
int analysis_channel(const struct analysis *a, const char *name, struct error *err);

/* Books one histogram a figure, in the order of a->figure, with the axis of the setting
 * axis_setting[figure]: what most analyses begin their book with. Fails as partial_book_hist. */
int analysis_book_figures(const struct analysis *a, const char *channel,
                          const struct settings *settings, const size_t *axis_setting,
                          struct partial *out, struct error *err);

/* The weight of an event of the batch. */
static inline double batch_weight(const struct batch *batch, size_t event)
{
    return batch->weight == NULL ? 1.0 : batch->weight[event];
}

#endif
