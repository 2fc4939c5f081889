/* SPDX-License-Identifier: Apache-2.0 */
/* reader.c - see reader.h
 *
 * Reads a block: first the counters of its rows, which say where the objects lie, then each
 * selected column. Memory is kept from block to block. Nothing here knows a file format: rows
 * come as raw numbers from `format->read`. */
#include "worker/reader.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "worker/convert.h"
#include "worker/reader_state.h"

enum {
    /* Rows counted at once on the way to the first row that is wanted, and by inspection: a block
     * of a shard, so that OBJECTS_MAX refuses there what it refuses here. */
    SKIP_ROWS = 1 << 14,
    /* Objects of one kind in one block: a thousand an event, in blocks of 16,384 events. More is
     * a counter that lies, and would have us allocate gigabytes. */
    OBJECTS_MAX = 1 << 24,
};

int reader_blame(const struct reader *r, const char *name, const struct format_column *column,
                 struct error *err)
{
    bool same = strcmp(column->in_file, name) == 0;
    (void)error_prefix(err, "%s: column %s%s%s%s", r->path, name, same ? "" : " (",
                       same ? "" : column->in_file, same ? "" : ")");
    return -1;
}

/* At least n elements; the old content is lost. Some more than asked for, so that blocks that
 * differ a little do not allocate each time. */
static int room_for(struct room *room, size_t n, size_t size, struct error *err)
{
    size_t bytes = 0;
    if (!size_multiply(n, size, &bytes) || bytes > SIZE_MAX / 2) {
        return error_no_memory(err, "a column");
    }
    if (room->data != NULL && bytes <= room->bytes) {
        return 0;
    }
    bytes += bytes / 4 + 1;
    void *data = malloc(bytes);
    if (data == NULL) {
        return error_no_memory(err, "a column");
    }
    free(room->data);
    *room = (struct room){.data = data, .bytes = bytes};
    return 0;
}

/* The rows [first, stop) of a column, as they come, into r->raw. */
static int read_raw(struct reader *r, struct format_column *column, uint64_t first,
                    uint64_t stop, struct error *err)
{
    if (room_for(&r->raw, (size_t)(stop - first), column->raw_size, err) != 0) {
        return -1;
    }
    return r->format->read(r->file, column, first, stop, r->raw.data, err);
}

/* A value that is no use: "row 17: -1 is no number of objects". */
static int fail_value(const struct reader *r, const struct format_column *column,
                      uint64_t first, size_t i, const char *what, struct error *err)
{
    return error_set(err, ERROR_INPUT, "row %" PRIu64 ": %.17g is %s", first + i,
                     convert_load(column, r->raw.data, i), what);
}

/* Turns the counts of n rows from r->at on, in place, into offsets. */
static int add_up(const struct reader *r, struct counter *c, size_t n, struct error *err)
{
    uint64_t n_objects = c->object->file->n_rows;
    uint64_t sum = 0;
    for (size_t i = 0; i < n; i++) {
        sum += c->offset[i + 1];
        c->offset[i + 1] = (uint32_t)sum;
        if (sum > n_objects - c->at) {
            return error_set(err, ERROR_INPUT,
                             "row %" PRIu64 ": with it the counts add up to %" PRIu64
                             ", but %s has %" PRIu64 " rows",
                             r->at + i, c->at + sum, c->object->name, n_objects);
        }
        if (sum > OBJECTS_MAX) {
            return error_set(err, ERROR_INPUT,
                             "rows %" PRIu64 "-%" PRIu64
                             " have more than %d objects, which is the limit of a block",
                             r->at, r->at + i + 1, OBJECTS_MAX);
        }
    }
    return 0;
}

int reader_count(struct reader *r, size_t k, uint64_t stop, struct error *err)
{
    struct counter *c = &r->counter[k];
    size_t n = (size_t)(stop - r->at);
    if (room_for(&c->room, n + 1, sizeof *c->offset, err) != 0) {
        return -1;
    }
    c->offset = c->room.data;
    c->offset[0] = 0;
    int rc = read_raw(r, c->file, r->at, stop, err);
    if (rc == 0) {
        size_t good = convert_count(c->file, r->raw.data, n, c->offset + 1);
        rc = good == n ? add_up(r, c, n, err)
                       : fail_value(r, c->file, r->at, good, "no number of objects", err);
    }
    return rc == 0 ? 0 : reader_blame(r, c->name, c->file, err);
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

static int count_all(struct reader *r, uint64_t stop, struct error *err)
{
    for (size_t k = 0; k < r->n_counters; k++) {
        if (reader_count(r, k, stop, err) != 0) {
            return -1;
        }
    }
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
        if (count_all(r, stop, err) != 0 || move_on(r, stop, err) != 0) {
            return -1;
        }
    }
    return 0;
}

/* A column whose numbers are checked, or scaled, on the way from r->raw. */
static int convert(struct reader *r, const struct selected *c, uint64_t first, size_t n,
                   struct error *err)
{
    size_t good = n;
    switch (c->type) {
    case COLUMN_REAL:
        convert_real(c->file, r->raw.data, n, &c->scaling, c->room.data);
        return 0;
    case COLUMN_INTEGER:
        good = convert_integer(c->file, r->raw.data, n, c->room.data);
        return good == n
                   ? 0
                   : fail_value(r, c->file, first, good, "no whole number of 32 bits", err);
    case COLUMN_BOOLEAN:
        good = convert_boolean(c->file, r->raw.data, n, c->room.data);
        return good == n ? 0 : fail_value(r, c->file, first, good, "neither 0 nor 1", err);
    }
    return 0;
}

static size_t size_of(const struct selected *c)
{
    switch (c->type) {
    case COLUMN_INTEGER:
        return sizeof(int32_t);
    case COLUMN_BOOLEAN:
        return sizeof(uint8_t);
    default:
        return c->single ? sizeof(float) : sizeof(double);
    }
}

/* The rows [first, stop) of the column (objects, if it has a counter) into its room. */
static int read_selected(struct reader *r, struct selected *c, uint64_t first, uint64_t stop,
                         struct error *err)
{
    int rc = room_for(&c->room, (size_t)(stop - first), size_of(c), err);
    if (rc == 0 && c->single) {
        rc = r->format->read(r->file, c->file, first, stop, c->room.data, err);
    } else if (rc == 0) {
        rc = read_raw(r, c->file, first, stop, err);
        rc = rc == 0 ? convert(r, c, first, (size_t)(stop - first), err) : rc;
    }
    return rc == 0 ? 0 : reader_blame(r, c->name, c->file, err);
}

static int read_columns(struct reader *r, uint64_t first, uint64_t stop, struct error *err)
{
    for (size_t i = 0; i < r->n_selected; i++) {
        struct selected *c = &r->selected[i];
        uint64_t from = first;
        uint64_t to = stop;
        if (c->counter != NO_COUNTER) {
            const struct counter *k = &r->counter[c->counter];
            from = k->at;
            to = k->at + k->offset[stop - first];
        }
        if (read_selected(r, c, from, to, err) != 0) {
            return -1;
        }
    }
    return 0;
}

static int read_weights(struct reader *r, uint64_t first, uint64_t stop, struct error *err)
{
    if (r->weight.file == NULL) {
        return 0;
    }
    /* Weights are sums' terms: always double. */
    r->weight.single = false;
    if (read_selected(r, &r->weight, first, stop, err) != 0) {
        return -1;
    }
    const double *weight = r->weight.room.data;
    for (size_t i = 0; i < stop - first; i++) {
        if (!isfinite(weight[i])) {
            error_set(err, ERROR_INPUT, "row %" PRIu64 ": the weight is %s", first + i,
                      isnan(weight[i]) ? "no number" : "infinite");
            return reader_blame(r, r->weight.name, r->weight.file, err);
        }
    }
    r->batch.weight = weight;
    return 0;
}

static struct column view_of(const struct reader *r, const struct selected *c)
{
    struct column view = {0};
    switch (c->type) {
    case COLUMN_REAL:
        if (c->single) {
            view.f32 = c->room.data;
        } else {
            view.f64 = c->room.data;
        }
        break;
    case COLUMN_INTEGER:
        view.i32 = c->room.data;
        break;
    case COLUMN_BOOLEAN:
        view.flag = c->room.data;
        break;
    }
    if (c->counter != NO_COUNTER) {
        view.offset = r->counter[c->counter].offset;
    }
    return view;
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
    if (reader_go(r, first, err) != 0 || count_all(r, stop, err) != 0 ||
        read_columns(r, first, stop, err) != 0 || read_weights(r, first, stop, err) != 0 ||
        move_on(r, stop, err) != 0) {
        return -1;
    }
    for (size_t i = 0; i < r->n_needs; i++) {
        if (r->selected_of[i] < r->n_needs) {
            r->view[i] = view_of(r, &r->selected[r->selected_of[i]]);
        }
    }
    r->batch.n_events = (size_t)(stop - first);
    r->batch.column = r->view;
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
    return reader_digest(r, r->identity.digest, err);
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
    if (r->file != NULL) {
        r->format->close(r->file);
    }
    for (size_t i = 0; i < r->n_selected; i++) {
        free(r->selected[i].room.data);
    }
    for (size_t k = 0; k < r->n_counters; k++) {
        free(r->counter[k].room.data);
    }
    free(r->weight.room.data);
    free(r->raw.data);
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
