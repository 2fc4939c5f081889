/* SPDX-License-Identifier: Apache-2.0 */
/* reader.c - see reader.h */
#include "worker/reader.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "worker/reader_state.h"

enum { BLOCK_ROWS_MIN = 64, BLOCK_ROWS_MAX = 16384 };

int reader_blame(const struct reader *r, const char *name, const struct format_column *column,
                 struct error *err)
{
    bool same = strcmp(column->in_file, name) == 0;
    (void)error_prefix(err, "%s: column %s%s%s%s", r->path, name, same ? "" : " (",
                       same ? "" : column->in_file, same ? "" : ")");
    return -1;
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

uint64_t reader_chunk_rows(const struct reader *r)
{
    const struct format_column *c =
        r->n_counters > 0 ? r->counter[0].file : r->selected[0].file;
    return c->chunk_rows > 0 && c->chunk_rows < r->n_rows ? c->chunk_rows : r->n_rows;
}

/* Makes the row of lanes that long. */
static int book_lanes(struct reader *r, size_t n, struct error *err)
{
    struct lane **lane = realloc(r->lane, n * sizeof(struct lane *));
    if (lane == NULL) {
        return error_no_memory(err, "lanes");
    }
    r->lane = lane;
    for (; r->n_lanes < n; r->n_lanes++) {
        lane[r->n_lanes] = NULL;
    }
    return 0;
}

struct lane *reader_lane(struct reader *r, size_t index, struct error *err)
{
    if (index >= r->n_lanes && book_lanes(r, index + 1, err) != 0) {
        return NULL;
    }
    if (r->lane[index] == NULL) {
        r->lane[index] = lane_open(r, err);
    }
    return r->lane[index];
}

uint64_t reader_block_rows(const struct reader *r)
{
    return r->block_rows;
}

static double bytes_in(const struct format_column *c)
{
    return (double)c->n_rows * (double)c->raw_size;
}

/* By how long events are on average. */
static uint64_t choose_block_rows(const struct reader *r)
{
    double bytes = r->weight.file == NULL ? 0 : bytes_in(r->weight.file);
    for (size_t k = 0; k < r->n_counters; k++) {
        bytes += 2 * bytes_in(r->counter[k].file); /* and as offsets */
    }
    for (size_t i = 0; i < r->n_selected; i++) {
        bytes += bytes_in(r->selected[i].file);
    }
    double rows = READER_BLOCK_BYTES / (bytes / (double)(r->n_rows + 1) + 1);
    return rows > BLOCK_ROWS_MAX   ? BLOCK_ROWS_MAX
           : rows < BLOCK_ROWS_MIN ? BLOCK_ROWS_MIN
                                   : (uint64_t)rows;
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
    bool all = r->path != NULL && (request->weight == NULL || r->weight_name != NULL) &&
               r->selected_of != NULL && r->selected != NULL && r->counter != NULL;
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
    r->block_rows = choose_block_rows(r);
    r->identity.size_bytes = (uint64_t)r->state.st_size;
    r->identity.mtime_ns = mtime_ns(&r->state);
    return reader_digest(r, r->identity.digest, err);
}

struct reader *reader_open(const char *path, const struct reader_request *request,
                           struct error *err)
{
    struct reader *r = calloc(1, sizeof *r);
    if (r == NULL) {
        error_no_memory(err, "a reader");
        return NULL;
    }
    (void)pthread_mutex_init(&r->library, NULL); /* cannot fail on Linux */
    int rc = reader_init(r, path, request) != 0 ? error_no_memory(err, "a reader")
                                                : open_file(r, err);
    if (rc != 0) {
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
    for (size_t i = 0; i < r->n_lanes; i++) {
        lane_close(r->lane[i]);
    }
    if (r->file != NULL) {
        r->format->close(r->file);
    }
    free(r->path);
    free(r->weight_name);
    free(r->selected_of);
    free(r->selected);
    free(r->counter);
    free(r->lane);
    (void)pthread_mutex_destroy(&r->library);
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
