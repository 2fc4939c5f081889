/* SPDX-License-Identifier: Apache-2.0 */
/* dimuon_kernel.c - the dimuon spectrum in vectors; dimuon.c says what is right.
 *
 * Pairs are gathered into a block; their masses are screened in float32 and looked up in one table
 * of the edges of all figures (pairs.h, mass2_axis.h). A pair whose bins are sure is counted in its
 * gap between two edges; finish spreads the gaps over the histograms, whose bins they are parts of.
 * The others, some in a thousand, are done again by dimuon_fill. With weights a sure pair goes
 * into its bins at once. What no screen covers is done by the analysis's process. */
#include <stdlib.h>
#include <string.h>

#include "analysis/dimuon.h"
#include "analysis/dimuon_block.h"
#include "analysis/mass2_axis.h"
#include "analysis/pairs.h"
#include "base/size.h"

/* Pairs of no channel are counted in a row of their own. */
enum { ROW_NONE = N_CHANNELS, N_ROWS };

struct state {
    struct dimuon_block block; /* first, since it is aligned */
    const struct pairs_simd *simd;
    const struct settings *settings;
    size_t energy;
    bool exactly_two;
    struct mass2_axis axis;
    uint64_t *count; /* [N_ROWS * n_gaps + 1]: row * n_gaps + gap; the last are not sure */
};

/* What process was given, for the functions below it. */
struct work {
    const struct batch *batch;
    uint32_t channels;
    struct partial *out;
};

static uint32_t slot_not_sure(const struct state *s)
{
    return (uint32_t)(N_ROWS * s->axis.n_gaps);
}

static uint32_t row_of(const struct state *s, uint32_t channel_bit)
{
    size_t row = channel_bit == 0                 ? ROW_NONE
                 : channel_bit >> CHANNEL_SS != 0 ? CHANNEL_SS
                                                  : CHANNEL_OS;
    return (uint32_t)(row * s->axis.n_gaps);
}

static void destroy(void *state)
{
    struct state *s = state;
    if (s != NULL) {
        mass2_axis_release(&s->axis);
        free(s->count);
        free(s);
    }
}

static struct state *state_create(void)
{
    size_t n = (sizeof(struct state) + PAIRS_ALIGNMENT - 1) / PAIRS_ALIGNMENT;
    struct state *s = aligned_alloc(PAIRS_ALIGNMENT, n * PAIRS_ALIGNMENT);
    if (s != NULL) {
        memset(s, 0, sizeof *s);
        dimuon_block_init(&s->block);
    }
    return s;
}

int dimuon_kernel_create(const struct settings *settings, const struct pairs_simd *simd,
                         void **state, struct error *err)
{
    *state = NULL;
    struct state *s = state_create();
    if (s == NULL) {
        return error_no_memory(err, "pairs of muons");
    }
    const struct axis *axis[N_HISTS];
    for (size_t f = 0; f < N_HISTS; f++) {
        axis[f] = &settings->at[dimuon_figure_axis[f]].axis;
    }
    s->simd = simd;
    s->settings = settings;
    s->energy = settings->at[MUON_ENERGY].choice;
    s->exactly_two = settings->at[MUONS_EXACTLY].choice == EXACTLY_TWO;
    if (mass2_axis_init(&s->axis, axis, N_HISTS, err) != 0) {
        destroy(s);
        return -1;
    }
    if (s->axis.n_gaps == 0) {
        destroy(s);
        return 0;
    }
    s->count = calloc(N_ROWS * s->axis.n_gaps + 1, sizeof *s->count);
    if (s->count == NULL) {
        destroy(s);
        return error_no_memory(err, "counts of muon pairs");
    }
    *state = s;
    return 0;
}

static int create(const struct settings *settings, void **state, struct error *err)
{
    const struct pairs_simd *level = NULL;
    *state = NULL;
    if (pairs_choose(&level, err) != 0) {
        return -1;
    }
    return level == NULL ? 0 : dimuon_kernel_create(settings, level, state, err);
}

/* A pair once more, in float64. */
static void fill_exactly(const struct state *s, const struct work *w, size_t k)
{
    const int32_t *charge = w->batch->column[CHARGE].i32;
    struct dimuon_pair pair = dimuon_block_place(&s->block, k);
    pair.channel = dimuon_channel(charge[pair.i], charge[pair.j]) & w->channels;
    dimuon_fill(w->batch, &pair, s->energy, w->out);
}

/* Whether one of a vector's pairs is not sure, without branches. */
static bool has_unsure(const uint32_t slot[PAIRS_VECTOR], uint32_t unsure)
{
    uint32_t found = 0;
    for (size_t l = 0; l < PAIRS_VECTOR; l++) {
        found |= slot[l] == unsure;
    }
    return found != 0;
}

static void fill_unsure(const struct state *s, const struct work *w, size_t first, size_t stop)
{
    for (size_t k = first; k < stop; k++) {
        if (s->block.pairs.slot[k] == slot_not_sure(s)) {
            fill_exactly(s, w, k);
        }
    }
}

static void count_block(struct state *s, const struct work *w, size_t n_unsure)
{
    for (size_t k = 0; k < s->block.n; k++) {
        s->count[s->block.pairs.slot[k]]++;
    }
    for (size_t at = 0; n_unsure > 0 && at < s->block.n; at += PAIRS_VECTOR) {
        if (has_unsure(s->block.pairs.slot + at, slot_not_sure(s))) {
            fill_unsure(s, w, at, size_min(at + PAIRS_VECTOR, s->block.n));
        }
    }
}

static void fill_sure(const struct state *s, const struct work *w, size_t k)
{
    size_t row = s->block.pairs.slot[k] / s->axis.n_gaps;
    const uint32_t *bin = s->axis.slot + s->block.pairs.slot[k] % s->axis.n_gaps * N_HISTS;
    double weight = batch_weight(w->batch, dimuon_block_place(&s->block, k).event);
    for (size_t f = 0; row != ROW_NONE && f < N_HISTS; f++) {
        hist_fill_bin(&w->out->hist[row * N_HISTS + f].hist, bin[f], weight);
    }
}

static void fill_block(struct state *s, const struct work *w)
{
    for (size_t k = 0; k < s->block.n; k++) {
        if (s->block.pairs.slot[k] == slot_not_sure(s)) {
            fill_exactly(s, w, k);
        } else {
            fill_sure(s, w, k);
        }
    }
}

/* The block whose mass2, row and places are there. */
static void finish_block(struct state *s, const struct work *w)
{
    size_t n_unsure = s->simd->find(&s->axis, slot_not_sure(s), &s->block.pairs, s->block.n);
    if (w->out->weighted) {
        fill_block(s, w);
    } else {
        count_block(s, w, n_unsure);
    }
    s->block.n = 0;
}

static void finish_gathered(struct state *s, const struct work *w)
{
    dimuon_block_mass2(&s->block, s->simd, w->batch->column, s->energy);
    finish_block(s, w);
}

/* The cutflow of n events without weights. */
static void pass_many(const struct work *w, size_t channel, size_t n, size_t n_with_pair)
{
    if ((w->channels >> channel & 1) != 0) {
        w->out->step[channel * N_STEPS + STEP_ALL].n_events += n;
        w->out->step[channel * N_STEPS + STEP_PAIR].n_events += n_with_pair;
    }
}

/* A pair's place and row into the block, unless it is of no channel. */
static inline void gather_pair(struct state *s, const struct work *w,
                               const struct dimuon_pair *pair)
{
    if (pair->channel == 0) {
        return;
    }
    struct dimuon_block *b = &s->block;
    b->i[b->n] = pair->i;
    b->j[b->n] = pair->j;
    b->event[b->n] = pair->event;
    b->pairs.row[b->n] = row_of(s, pair->channel);
    if (++b->n == PAIRS_MAX) {
        finish_gathered(s, w);
    }
}

/* The pairs of one event into the block; returns the bits of the channels that have one. */
static uint32_t gather_event(struct state *s, const struct work *w, uint32_t event)
{
    const uint32_t *offset = w->batch->column[CHARGE].offset;
    const int32_t *charge = w->batch->column[CHARGE].i32;
    uint32_t with_pair = 0;
    struct dimuon_pair pair = {.event = event};
    for (pair.i = offset[event]; pair.i + 1 < offset[event + 1]; pair.i++) {
        for (pair.j = pair.i + 1; pair.j < offset[event + 1]; pair.j++) {
            pair.channel = dimuon_channel(charge[pair.i], charge[pair.j]) & w->channels;
            gather_pair(s, w, &pair);
            with_pair |= pair.channel;
        }
    }
    return with_pair;
}

static void process_any(struct state *s, const struct work *w, size_t first, size_t stop)
{
    const uint32_t *offset = w->batch->column[CHARGE].offset;
    size_t n_with[N_CHANNELS] = {0};
    s->block.is_twos = false;
    for (size_t event = first; event < stop; event++) {
        uint32_t with_pair = 0;
        if (!s->exactly_two || offset[event + 1] - offset[event] == 2) {
            with_pair = gather_event(s, w, (uint32_t)event);
        }
        n_with[CHANNEL_OS] += with_pair >> CHANNEL_OS & 1;
        n_with[CHANNEL_SS] += with_pair >> CHANNEL_SS & 1;
        if (w->out->weighted) {
            dimuon_pass(w->channels, with_pair, batch_weight(w->batch, event), w->out);
        }
    }
    if (!w->out->weighted) {
        pass_many(w, CHANNEL_OS, stop - first, n_with[CHANNEL_OS]);
        pass_many(w, CHANNEL_SS, stop - first, n_with[CHANNEL_SS]);
    }
    finish_gathered(s, w);
}

/* The cutflow of events of one pair each, with weights. */
static void pass_block(const struct state *s, const struct work *w)
{
    uint32_t row_os = row_of(s, 1U << CHANNEL_OS);
    uint32_t row_ss = row_of(s, 1U << CHANNEL_SS);
    for (size_t k = 0; k < s->block.n; k++) {
        uint32_t is_os = s->block.pairs.row[k] == row_os;
        uint32_t is_ss = s->block.pairs.row[k] == row_ss;
        dimuon_pass(w->channels, is_os << CHANNEL_OS | is_ss << CHANNEL_SS,
                    batch_weight(w->batch, dimuon_block_place(&s->block, k).event), w->out);
    }
}

static void process_twos(struct state *s, const struct work *w, size_t first, size_t n)
{
    const struct column *c = w->batch->column;
    uint32_t at = c[CHARGE].offset[first];
    const struct pairs_rows rows = {
        .opposite = row_of(s, w->channels & 1U << CHANNEL_OS),
        .same = row_of(s, w->channels & 1U << CHANNEL_SS),
        .none = row_of(s, 0),
    };
    struct dimuon_block *b = &s->block;
    b->n = n;
    b->is_twos = true;
    b->twos = (struct dimuon_pair){.i = at, .event = (uint32_t)first};
    struct pairs_charges counts;
    s->simd->split_charges(c[CHARGE].i32 + at, n, &rows, b->pairs.row, &counts);
    if (w->out->weighted) {
        pass_block(s, w);
    } else {
        pass_many(w, CHANNEL_OS, n, counts.n_opposite);
        pass_many(w, CHANNEL_SS, n, counts.n_same);
    }
    dimuon_block_mass2_of_twos(b, s->simd, c, s->energy);
    finish_block(s, w);
}

static void process(void *state, const struct batch *batch, size_t first, size_t stop,
                    uint32_t channels, struct partial *out)
{
    struct state *s = state;
    const struct work w = {.batch = batch, .channels = channels, .out = out};
    const uint32_t *offset = batch->column[CHARGE].offset;
    enum dimuon_screen screen = dimuon_block_screen(batch->column, s->energy);
    if (screen == SCREEN_NONE) {
        analysis_dimuon.process(batch, first, stop, s->settings, channels, out);
    } else if (screen != SCREEN_NARROW ||
               !s->simd->all_have_two(offset + first, stop - first)) {
        process_any(s, &w, first, stop);
    } else {
        for (size_t at = first; at < stop; at += PAIRS_MAX) {
            process_twos(s, &w, at, size_min(PAIRS_MAX, stop - at));
        }
    }
}

static void finish(void *state, struct partial *out)
{
    struct state *s = state;
    size_t n_gaps = s->axis.n_gaps;
    for (size_t k = 0; k < N_CHANNELS * n_gaps; k++) {
        const uint32_t *bin = s->axis.slot + k % n_gaps * N_HISTS;
        struct partial_hist *hist = out->hist + k / n_gaps * N_HISTS;
        for (size_t f = 0; s->count[k] != 0 && f < N_HISTS; f++) {
            hist[f].hist.count[bin[f]] += s->count[k];
        }
    }
    memset(s->count, 0, (N_ROWS * n_gaps + 1) * sizeof *s->count);
}

const struct kernel dimuon_kernel = {
    .create = create,
    .process = process,
    .finish = finish,
    .destroy = destroy,
};
