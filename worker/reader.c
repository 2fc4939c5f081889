/* SPDX-License-Identifier: Apache-2.0 */
/* reader.c - see reader.h
 *
 * Reads a block: first the counters of its rows, which say where the objects lie, and all that
 * does not depend on them, then the objects' columns. Nothing here knows a file format: rows come
 * as numbers of this machine from source.h. */
#include "worker/reader.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "worker/reader_state.h"

enum {
    /* Rows counted at once on the way to the first row that is wanted, and by inspection: a block
     * of a shard, so that OBJECTS_MAX refuses there what it refuses here. */
    SKIP_ROWS = 1 << 14,
};

int reader_blame(const struct reader *r, const char *name, const struct format_column *column,
                 struct error *err)
{
    bool same = strcmp(column->in_file, name) == 0;
    (void)error_prefix(err, "%s: column %s%s%s%s", r->path, name, same ? "" : " (",
                       same ? "" : column->in_file, same ? "" : ")");
    return -1;
}

/* Past the rows that were just counted. At the end everything must have been counted. */
static int move_on(struct reader *r, uint64_t stop, struct error *err)
{
    for (size_t k = 0; k < r->n_counters; k++) {
        struct counter *c = &r->counter[k];
        uint64_t after = c->at + c->offset[stop - r->at];
        if (stop == r->n_rows && after != c->object->file->n_rows) {
            error_set(err, ERROR_INPUT,
                      "the counts add up to %" PRIu64 ", but %s has %" PRIu64 " rows", after,
                      c->object->name, c->object->file->n_rows);
            return reader_blame(r, c->name, c->file, err);
        }
    }
    for (size_t k = 0; k < r->n_counters; k++) {
        r->counter[k].at += r->counter[k].offset[stop - r->at];
    }
    r->at = stop;
    return 0;
}

int reader_go(struct reader *r, uint64_t row, struct error *err)
{
    if (row < r->at) {
        r->at = r->start;
        for (size_t k = 0; k < r->n_counters; k++) {
            r->counter[k].at = r->counter[k].start;
        }
    }
    while (r->at < row) {
        uint64_t stop = row - r->at < SKIP_ROWS ? row : r->at + SKIP_ROWS;
        if (reader_load(r, LOAD_COUNTERS, stop, err) != 0 || move_on(r, stop, err) != 0) {
            return -1;
        }
    }
    return 0;
}

int reader_read(struct reader *r, uint64_t first, uint64_t stop, const struct batch **batch,
                struct error *err)
{
    if (first < r->start || stop < first || stop > r->n_rows) {
        return error_set(err, ERROR_INPUT,
                         "%s: rows %" PRIu64 "-%" PRIu64 " are not among its rows %" PRIu64
                         "-%" PRIu64,
                         r->path, first, stop, r->start, r->n_rows);
    }
    if (reader_go(r, first, err) != 0 ||
        reader_load(r, LOAD_COUNTERS | LOAD_EVENTS, stop, err) != 0 ||
        reader_load(r, LOAD_OBJECTS, stop, err) != 0 || move_on(r, stop, err) != 0) {
        return -1;
    }
    reader_show(r, (size_t)(stop - first));
    *batch = &r->batch;
    return 0;
}

int reader_seek(struct reader *r, const struct reader_start *start, struct error *err)
{
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
    r->start = r->at = row;
    for (size_t k = 0; k < r->n_counters; k++) {
        r->counter[k].start = r->counter[k].at = start == NULL ? 0 : start->objects[k];
    }
    return 0;
}

uint64_t reader_rows(const struct reader *r)
{
    return r->n_rows;
}

const char *reader_counter(const struct reader *r, size_t index)
{
    return index < r->n_counters ? r->counter[index].name : NULL;
}

const struct reader_identity *reader_identity(const struct reader *r)
{
    return &r->identity;
}

bool reader_identity_equal(const struct reader_identity *a, const struct reader_identity *b)
{
    return a->size_bytes == b->size_bytes && a->mtime_ns == b->mtime_ns &&
           strcmp(a->digest, b->digest) == 0;
}

static int64_t mtime_ns(const struct stat *state)
{
    return (int64_t)state->st_mtim.tv_sec * 1000000000 + state->st_mtim.tv_nsec;
}

static int reader_init(struct reader *r, const char *path, const struct reader_request *request)
{
    r->request = *request;
    r->n_needs = request->analysis->n_needs;
    r->path = strdup(path);
    r->weight_name = request->weight == NULL ? NULL : strdup(request->weight);
    r->request.weight = r->weight_name;
    r->selected_of = calloc(r->n_needs + 1, sizeof(*r->selected_of));
    r->selected = calloc(r->n_needs + 1, sizeof(*r->selected));
    r->counter = calloc(r->n_needs + 1, sizeof(*r->counter));
    r->view = calloc(r->n_needs + 1, sizeof(*r->view));
    bool all = r->path != NULL && (request->weight == NULL || r->weight_name != NULL) &&
               r->selected_of != NULL && r->selected != NULL && r->counter != NULL &&
               r->view != NULL;
    return all ? 0 : -1;
}

static int open_file(struct reader *r, struct error *err)
{
    r->format = format_find(r->path, &r->state, err);
    if (r->format == NULL) {
        return -1;
    }
    r->file = r->format->open(r->path, (uint64_t)r->state.st_size, err);
    if (r->file == NULL) {
        return error_prefix(err, "%s", r->path);
    }
    if (reader_select(r, err) != 0) {
        return -1;
    }
    r->identity.size_bytes = (uint64_t)r->state.st_size;
    r->identity.mtime_ns = mtime_ns(&r->state);
    if (reader_digest(r, r->identity.digest, err) != 0) {
        return -1;
    }
    return reader_book_columns(r, err) == 0 ? 0 : error_prefix(err, "%s", r->path);
}

struct reader *reader_open(const char *path, const struct reader_request *request,
                           struct error *err)
{
    struct reader *r = calloc(1, sizeof *r);
    if (r == NULL || reader_init(r, path, request) != 0) {
        error_no_memory(err, "a reader");
        reader_close(r);
        return NULL;
    }
    if (open_file(r, err) != 0) {
        reader_close(r);
        return NULL;
    }
    return r;
}

void reader_close(struct reader *r)
{
    if (r == NULL) {
        return;
    }
    reader_release_columns(r);
    if (r->file != NULL) {
        r->format->close(r->file);
    }
    free(r->path);
    free(r->weight_name);
    free(r->selected_of);
    free(r->selected);
    free(r->counter);
    free(r->view);
    free(r);
}

/* The layout as it is now: through a reader of its own, since this one would answer from what it
 * remembers. */
static int check_layout_again(const struct reader *r, struct error *err)
{
    struct reader *now = reader_open(r->path, &r->request, err);
    if (now == NULL) {
        return -1;
    }
    bool same = reader_identity_equal(&now->identity, &r->identity);
    reader_close(now);
    return same
               ? 0
               : error_set(err, ERROR_INPUT, "%s: the file changed while it was read", r->path);
}

int reader_check_unchanged(struct reader *r, struct error *err)
{
    struct stat now;
    if (reader_check_torn(r, err) != 0) {
        return -1;
    }
    if (stat(r->path, &now) != 0) {
        return error_set(err, errno == ENOENT ? ERROR_INPUT : ERROR_SYSTEM,
                         "%s: the file was there and is not there now", r->path);
    }
    const struct stat *then = &r->state;
    bool same = now.st_dev == then->st_dev && now.st_ino == then->st_ino &&
                now.st_size == then->st_size && mtime_ns(&now) == mtime_ns(then);
    bool untouched = same && now.st_ctim.tv_sec == then->st_ctim.tv_sec &&
                     now.st_ctim.tv_nsec == then->st_ctim.tv_nsec;
    return untouched ? 0 : check_layout_again(r, err);
}
