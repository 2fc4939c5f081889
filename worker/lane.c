/* SPDX-License-Identifier: Apache-2.0 */
/* lane.c - see lane.h
 *
 * A block is read counters first, which say where the objects lie. Nothing here knows a file
 * format: rows come as numbers of this machine from source.h. */
#include "worker/lane.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/size.h"
#include "worker/lane_state.h"

struct lane *lane_open(struct reader *r, struct error *err)
{
    struct lane *l = calloc(1, sizeof *l);
    if (l == NULL) {
        error_no_memory(err, "a lane");
        return NULL;
    }
    l->reader = r;
    l->tally = calloc(r->n_counters + 1, sizeof *l->tally);
    l->loaded = calloc(r->n_selected + 1, sizeof *l->loaded);
    l->view = calloc(r->n_needs + 1, sizeof *l->view);
    int rc = l->tally == NULL || l->loaded == NULL || l->view == NULL
                 ? error_no_memory(err, "a lane")
                 : lane_book_columns(l, err);
    if (rc != 0) {
        lane_close(l);
        return NULL;
    }
    return l;
}

void lane_close(struct lane *l)
{
    if (l == NULL) {
        return;
    }
    if (l->tally != NULL && l->loaded != NULL) {
        lane_release_columns(l);
    }
    free(l->tally);
    free(l->loaded);
    free(l->view);
    free(l);
}

/* Past the rows that were just counted. At the end everything must have been counted. */
static int move_on(struct lane *l, uint64_t stop, struct error *err)
{
    const struct reader *r = l->reader;
    for (size_t k = 0; k < r->n_counters; k++) {
        const struct counter *c = &r->counter[k];
        uint64_t after = l->tally[k].at + l->tally[k].offset[stop - l->at];
        if (stop == r->n_rows && after != c->object->file->n_rows) {
            error_set(err, ERROR_INPUT,
                      "the counts add up to %" PRIu64 ", but %s has %" PRIu64 " rows", after,
                      c->object->name, c->object->file->n_rows);
            return reader_blame(r, c->name, c->file, err);
        }
    }
    for (size_t k = 0; k < r->n_counters; k++) {
        l->tally[k].at += l->tally[k].offset[stop - l->at];
    }
    l->at = stop;
    return 0;
}

int lane_count_to(struct lane *l, uint64_t row, struct error *err)
{
    if (row < l->at) {
        l->at = l->start;
        for (size_t k = 0; k < l->reader->n_counters; k++) {
            l->tally[k].at = l->tally[k].start;
        }
    }
    while (l->at < row) {
        uint64_t stop = l->at + size_min(row - l->at, l->reader->block_rows);
        if (lane_load_counters(l, stop, err) != 0 || move_on(l, stop, err) != 0) {
            return -1;
        }
    }
    return 0;
}

int lane_read(struct lane *l, uint64_t first, uint64_t stop, const struct batch **batch,
              struct error *err)
{
    const struct reader *r = l->reader;
    if (first < l->start || stop < first || stop > r->n_rows) {
        return error_set(err, ERROR_INPUT,
                         "%s: rows %" PRIu64 "-%" PRIu64 " are not among its rows %" PRIu64
                         "-%" PRIu64,
                         r->path, first, stop, l->start, r->n_rows);
    }
    if (lane_count_to(l, first, err) != 0 || lane_load_counters(l, stop, err) != 0 ||
        lane_load_columns(l, stop, err) != 0 || move_on(l, stop, err) != 0) {
        return -1;
    }
    lane_show(l, (size_t)(stop - first));
    *batch = &l->batch;
    return 0;
}

int lane_seek(struct lane *l, const struct reader_start *start, struct error *err)
{
    const struct reader *r = l->reader;
    uint64_t row = start == NULL ? 0 : start->row;
    bool fits = row <= r->n_rows && (start == NULL || start->n_counters == r->n_counters);
    for (size_t k = 0; fits && start != NULL && k < r->n_counters; k++) {
        fits = start->objects[k] <= r->counter[k].object->file->n_rows;
    }
    if (!fits) {
        return error_set(err, ERROR_INPUT,
                         "%s: reading cannot start at row %" PRIu64
                         ": the file is not the one that was inspected",
                         r->path, row);
    }
    l->start = l->at = row;
    for (size_t k = 0; k < r->n_counters; k++) {
        l->tally[k].start = l->tally[k].at = start == NULL ? 0 : start->objects[k];
    }
    return 0;
}

static void add_source(const struct source *s, size_t *sum, size_t *most, bool *alone)
{
    *sum += source_chunk_bytes(s);
    *most = size_max(*most, source_chunk_bytes(s));
    *alone = *alone || source_needs_library(s);
}

size_t lane_count_within(const struct lane *l, size_t bytes)
{
    size_t sum = READER_BLOCK_BYTES;
    size_t most = 0;
    bool alone = false;
    for (size_t k = 0; k < l->reader->n_counters; k++) {
        add_source(&l->tally[k].source, &sum, &most, &alone);
    }
    for (size_t i = 0; i < l->reader->n_selected; i++) {
        add_source(&l->loaded[i].source, &sum, &most, &alone);
    }
    if (l->reader->weight.file != NULL) {
        add_source(&l->weight.source, &sum, &most, &alone);
    }
    /* Four: what a filter_bench has at most; see filters.h. */
    return alone ? 1 : size_max(1, bytes / (sum + 4 * most));
}

uint64_t lane_row(const struct lane *l)
{
    return l->at;
}

uint64_t lane_objects(const struct lane *l, size_t counter)
{
    return l->tally[counter].at;
}
