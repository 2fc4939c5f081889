/* SPDX-License-Identifier: Apache-2.0 */
/* frame_samples.c - a line with a bar for each sample; see frame.h */
#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "scheduler/columns.h"
#include "scheduler/frame.h"
#include "scheduler/human.h"

enum {
    CELLS = 4,
    CELL_SIZE = 192,
    NUMBER_MOST = 40,
    NAME_LEAST = 16,
    NAME_MOST = 40,
    BAR_LEAST = 6,
    BAR_MOST = 50,
    GAP = 2
};
enum { PERCENT = 6 }; /* columns of " 100 %" */

/* One line of the table: the name, a bar, and what is told behind it. */
struct row {
    char cell[CELLS][CELL_SIZE]; /* name, shards, events, luminosity */
    uint64_t done;
    uint64_t planned;
};

struct sample_sums {
    uint64_t shards;
    uint64_t shards_planned;
    uint64_t events;
    uint64_t events_planned;
    bool is_estimate;
};

/* The text as a cell, which is at most that many columns wide; the text is empty then. */
static void put_cell(struct row *row, size_t cell, size_t most, struct buffer *text)
{
    const char *all = buffer_string(text);
    struct buffer cut = {0};
    if (all != NULL) {
        columns_cut(&cut, all, text->size, most);
    }
    const char *fits = buffer_string(&cut);
    (void)snprintf(row->cell[cell], CELL_SIZE, "%s", fits == NULL ? "" : fits);
    buffer_release(&cut);
    buffer_clear(text);
}

static void add_sample(struct sample_sums *s, const json_t *sample)
{
    s->shards += frame_count(sample, "shards");
    s->shards_planned += frame_count(sample, "shards_planned");
    s->events += frame_count(sample, "events");
    s->events_planned += frame_count(sample, "events_planned");
    s->is_estimate =
        s->is_estimate || json_is_true(json_object_get(sample, "events_planned_is_estimate"));
}

/* The cells behind the name. */
static void fill_row(struct row *row, const struct sample_sums *s, struct buffer *text)
{
    human_count(text, s->shards);
    buffer_printf(text, "/");
    human_count(text, s->shards_planned);
    put_cell(row, 1, NUMBER_MOST, text);
    human_count(text, s->events);
    buffer_printf(text, s->is_estimate ? "/~" : "/");
    human_count(text, s->events_planned);
    put_cell(row, 2, NUMBER_MOST, text);
    row->done = s->events_planned > 0 ? s->events : s->shards;
    row->planned = s->events_planned > 0 ? s->events_planned : s->shards_planned;
}

/* "7.13/11.58 fb^-1" of data. */
static void put_luminosity(struct row *row, const json_t *sample, struct buffer *text)
{
    double seen_pb = json_number_value(json_object_get(sample, "luminosity_pb"));
    double planned_pb = json_number_value(json_object_get(sample, "luminosity_planned_pb"));
    if (planned_pb > 0) {
        human_luminosity_part(text, seen_pb, planned_pb);
        buffer_printf(text, "/");
        human_luminosity(text, planned_pb);
        put_cell(row, 3, NUMBER_MOST, text);
    }
}

static void fill_sample(struct row *row, const json_t *sample, size_t name_most,
                        struct buffer *text)
{
    struct sample_sums sums = {.shards = 0};
    add_sample(&sums, sample);
    buffer_printf(text, "%s", json_text(sample, "name"));
    put_cell(row, 0, name_most, text);
    fill_row(row, &sums, text);
    put_luminosity(row, sample, text);
}

/* Luminosities of different samples are no sum. */
static void fill_rest(struct row *row, const json_t *samples, size_t first, struct buffer *text)
{
    struct sample_sums sums = {.shards = 0};
    for (size_t i = first; i < json_array_size(samples); i++) {
        add_sample(&sums, json_array_get(samples, i));
    }
    buffer_printf(text, "%zu more", json_array_size(samples) - first);
    put_cell(row, 0, NAME_LEAST, text);
    fill_row(row, &sums, text);
}

static size_t columns_of(const char *text)
{
    return columns_count(text, strlen(text));
}

static void pad(struct buffer *out, size_t n)
{
    buffer_printf(out, "%*s", (int)n, "");
}

/* The widths of the cells, and what is left for the bar; cells are left out (0) from the right until
 * that is enough. */
static size_t share_out(const struct row *row, size_t n_rows, size_t width, size_t cell[CELLS])
{
    size_t taken = PERCENT + GAP + 2; /* the bar's gap and brackets */
    for (size_t c = 0; c < CELLS; c++) {
        cell[c] = 0;
        for (size_t i = 0; i < n_rows; i++) {
            cell[c] = size_max(cell[c], columns_of(row[i].cell[c]));
        }
        taken += cell[c] + (c > 0 ? GAP : 0);
    }
    for (size_t c = CELLS; --c > 0 && taken + BAR_LEAST > width;) {
        taken -= cell[c] + GAP;
        cell[c] = 0;
    }
    size_t room = width > taken ? width - taken : 0;
    return room < BAR_LEAST ? 0 : size_min(room, BAR_MOST);
}

static void put_row(const struct row *row, const size_t cell[CELLS], size_t bar,
                    struct buffer *out)
{
    buffer_printf(out, "%s", row->cell[0]);
    pad(out, cell[0] - columns_of(row->cell[0]));
    if (bar > 0) {
        pad(out, GAP);
        human_bar(out, row->planned > 0 ? (double)row->done / (double)row->planned : 0, bar);
    }
    buffer_printf(out, " %3u %%", frame_percent(row->done, row->planned));
    for (size_t c = 1; c < CELLS; c++) {
        if (cell[c] > 0 && row->cell[c][0] != '\0') {
            pad(out, GAP + cell[c] - columns_of(row->cell[c]));
            buffer_printf(out, "%s", row->cell[c]);
        }
    }
    buffer_printf(out, "\n");
}

static void put_head(const size_t cell[CELLS], size_t bar, struct buffer *out)
{
    static const char *const names[CELLS] = {"sample", "shards", "events", "luminosity"};
    buffer_printf(out, "%-*s", (int)cell[0], names[0]);
    pad(out, (bar > 0 ? bar + GAP + 2 : 0) + PERCENT);
    for (size_t c = 1; c < CELLS; c++) {
        if (cell[c] > 0) {
            pad(out, GAP);
            buffer_printf(out, "%*s", (int)cell[c], names[c]);
        }
    }
    buffer_printf(out, "\n");
}

/* As many samples as there are rows, the last row for all others if that is fewer. One row more
 * holds what the head needs room for. */
static void fill_rows(struct row *row, size_t n_rows, const json_t *samples, size_t name_most)
{
    static const char *const head[CELLS] = {"sample", "shards", "events", ""};
    size_t n = json_array_size(samples);
    size_t n_shown = n_rows < n ? n_rows - 1 : n;
    struct buffer text = {0};
    for (size_t i = 0; i < n_shown; i++) {
        fill_sample(&row[i], json_array_get(samples, i), name_most, &text);
    }
    if (n_shown < n) {
        fill_rest(&row[n_shown], samples, n_shown, &text);
    }
    for (size_t c = 0; c < CELLS; c++) {
        (void)snprintf(row[n_rows].cell[c], CELL_SIZE, "%s", head[c]);
    }
    buffer_release(&text);
}

void frame_draw_samples(const struct frame *f, size_t n_lines, const json_t *samples,
                        struct buffer *out)
{
    size_t n = json_array_size(samples);
    if (n == 0 || n_lines < 2) {
        return;
    }
    size_t n_rows = size_min(n, n_lines - 1);
    size_t cell[CELLS];
    struct row *row = calloc(n_rows + 1, sizeof *row);
    if (row == NULL) {
        out->failed = true;
        return;
    }
    fill_rows(row, n_rows, samples, size_min(size_max(f->width / 4, NAME_LEAST), NAME_MOST));
    size_t bar = share_out(row, n_rows + 1, f->width, cell);
    put_head(cell, bar, out);
    for (size_t i = 0; i < n_rows; i++) {
        put_row(&row[i], cell, bar, out);
    }
    free(row);
}
