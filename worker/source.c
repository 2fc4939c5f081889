/* SPDX-License-Identifier: Apache-2.0 */
/* source.c - see source.h */
#include "worker/source.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "base/size.h"
#include "worker/number.h"
#include "worker/shuffle.h"

/* A part of a block: rows [first, stop), all in one extent. */
struct part {
    const struct extent *extent;
    size_t index; /* of the extent */
    uint64_t first;
    uint64_t stop;
};

static size_t extent_of(const struct format_column *c, uint64_t row)
{
    return c->chunk_rows == 0 ? 0 : (size_t)(row / c->chunk_rows);
}

static struct part part_at(const struct source *s, uint64_t row)
{
    size_t i = extent_of(s->column, row);
    const struct extent *e = &s->column->extent[i];
    return (struct part){
        .extent = e, .index = i, .first = row, .stop = size_min(s->stop, e->first + e->n_rows)};
}

/* Bytes of a whole chunk in the file's form: also the last one is stored whole. */
static size_t plain_bytes(const struct format_column *c)
{
    return (size_t)c->chunk_rows * c->size;
}

static bool has_all_places(const struct format_column *c)
{
    for (size_t i = 0; i < c->n_extents; i++) {
        if (c->extent[i].offset_bytes == EXTENT_NO_PLACE) {
            return false;
        }
    }
    return true;
}

_Static_assert((int)FORMAT_FILTERS_MAX <= (int)FILTERS_MAX, "a chain holds a column's filters");

static struct filter_chain chain_of(const struct format_column *c)
{
    struct filter_chain chain = {.n = c->n_filters};
    for (size_t i = 0; i < c->n_filters; i++) {
        chain.filter[i] = filter_find(c->filter[i]);
        chain.parameter[i] = c->filter_parameter[i];
    }
    return chain;
}

static enum source_way choose_way(struct source *s)
{
    struct format_column *c = s->column;
    s->chain = chain_of(c);
    if (!c->decodable || c->n_extents == 0 || !filter_chain_is_known(&s->chain)) {
        return SOURCE_THROUGH_FORMAT;
    }
    s->fd = s->of.format->descriptor(s->of.file);
    bool placed = s->fd >= 0 && has_all_places(c);
    if (c->n_filters > 0) {
        return placed ? SOURCE_DECODED : SOURCE_FETCHED;
    }
    return placed ? SOURCE_PLAIN : c->chunk_rows > 0 ? SOURCE_FETCHED : SOURCE_THROUGH_FORMAT;
}

void source_init(struct source *s, const struct source_file *of, struct format_column *column)
{
    *s = (struct source){.of = *of, .column = column, .fd = -1};
    s->way = choose_way(s);
}

void source_release(struct source *s)
{
    room_release(&s->rows);
    room_release(&s->chunk);
}

size_t source_chunk_bytes(const struct source *s)
{
    bool decoded = s->way == SOURCE_DECODED || s->way == SOURCE_FETCHED;
    return decoded ? plain_bytes(s->column) : 0;
}

bool source_needs_library(const struct source *s)
{
    return s->way == SOURCE_THROUGH_FORMAT && s->column->n_filters > 0;
}

int source_book(const struct source *s, struct filter_bench *bench, struct error *err)
{
    if (s->way != SOURCE_DECODED && s->way != SOURCE_FETCHED) {
        return 0;
    }
    size_t most = 0;
    for (size_t i = 0; i < s->column->n_extents; i++) {
        most = size_max(most, (size_t)s->column->extent[i].stored_bytes);
    }
    return filter_bench_prepare(bench, plain_bytes(s->column), most, err);
}

/* "rows 0-4 cannot be readWHY" */
static int fail_rows(const struct extent *e, const struct error *why, struct error *err)
{
    return error_set(err, why->kind, "rows %" PRIu64 "-%" PRIu64 " cannot be read%s", e->first,
                     e->first + e->n_rows, why->text);
}

static void *row_in(const struct source *s, const struct room *room, uint64_t row)
{
    return (uint8_t *)room->data + (size_t)row * s->column->raw_size;
}

/* The error's text goes behind "cannot be read". */
static int read_bytes(const struct source *s, uint64_t offset, size_t size, void *out,
                      struct error *err)
{
    for (size_t done = 0; done < size;) {
        ssize_t n = pread(s->fd, (uint8_t *)out + done, size - done, (off_t)(offset + done));
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0) {
            return error_set(err, ERROR_SYSTEM, ": %s", strerrordesc_np(errno));
        }
        if (n == 0) {
            return error_set(err, ERROR_INPUT, ", the file has become shorter");
        }
        done += (size_t)n;
    }
    return 0;
}

/* Numbers as the file has them are put at the end of the room that they are widened in. */
static void *narrow_in(const struct format_column *c, void *out, size_t n)
{
    return (uint8_t *)out + n * (c->raw_size - c->size);
}

static void widen(const struct format_column *c, size_t n, void *out)
{
    if (!number_is_native(c)) {
        number_load(c, narrow_in(c, out, n), n, out);
    }
}

static int load_plain(struct source *s, struct error *err)
{
    const struct format_column *c = s->column;
    if (room_for(&s->rows, (size_t)(s->stop - s->first), c->raw_size, err) != 0) {
        return -1;
    }
    for (uint64_t row = s->first; row < s->stop;) {
        struct part p = part_at(s, row);
        struct error why = {0};
        size_t n = (size_t)(p.stop - p.first);
        uint64_t offset = p.extent->offset_bytes + (p.first - p.extent->first) * c->size;
        uint8_t *out = row_in(s, &s->rows, p.first - s->first);
        if (read_bytes(s, offset, n * c->size, narrow_in(c, out, n), &why) != 0) {
            return fail_rows(p.extent, &why, err);
        }
        widen(c, n, out);
        row = p.stop;
    }
    s->numbers = s->rows.data;
    return 0;
}

/* The stored bytes of an extent onto the bench. */
static int get_stored(struct source *s, const struct extent *e, struct filter_bench *bench,
                      uint32_t *mask, struct error *err)
{
    if (s->way == SOURCE_FETCHED) {
        (void)pthread_mutex_lock(s->of.library);
        int rc = s->of.format->fetch(s->of.file, s->column, e, bench->input.data, mask, err);
        (void)pthread_mutex_unlock(s->of.library);
        return rc;
    }
    struct error why = {0};
    *mask = e->filter_mask;
    return read_bytes(s, e->offset_bytes, (size_t)e->stored_bytes, bench->input.data, &why) == 0
               ? 0
               : fail_rows(e, &why, err);
}

/* The bit of a filter that left the bytes of numbers shuffled: the first of all. */
static uint32_t shuffle_bit(const struct source *s)
{
    return s->chain.n > 0 && s->chain.filter[0] == filter_find("shuffle") &&
                   s->chain.parameter[0] == s->column->size
               ? 1
               : 0;
}

/* The extent, whole, into the chunk at hand. Shuffled bytes stay so. */
static int decode(struct source *s, const struct extent *e, struct filter_bench *bench,
                  struct error *err)
{
    const struct filter_piece piece = {.in = bench->input.data,
                                       .stored_bytes = (size_t)e->stored_bytes,
                                       .out = s->chunk.data,
                                       .plain_bytes = plain_bytes(s->column)};
    uint32_t mask = 0;
    struct error damage = {0};
    struct error why = {0};
    if (get_stored(s, e, bench, &mask, err) != 0) {
        return -1;
    }
    uint32_t left = shuffle_bit(s) & ~mask;
    if (filter_chain_undo(&s->chain, mask | left, bench, &piece, &damage) != 0) {
        (void)error_set(&why, damage.kind, ", the file is damaged (%.200s)", damage.text);
        return fail_rows(e, &why, err);
    }
    s->is_shuffled = left != 0;
    return 0;
}

/* Unless it is the chunk at hand already. */
static int keep_chunk(struct source *s, const struct part *p, struct filter_bench *bench,
                      struct error *err)
{
    if (s->n_chunk == p->index + 1) {
        return 0;
    }
    s->n_chunk = 0;
    if (room_for(&s->chunk, (size_t)s->column->chunk_rows, s->column->size, err) != 0 ||
        decode(s, p->extent, bench, err) != 0) {
        return -1;
    }
    s->n_chunk = p->index + 1;
    return 0;
}

/* Rows of the chunk at hand. */
static void take_rows(const struct source *s, const struct part *p, void *out)
{
    const struct format_column *c = s->column;
    size_t n = (size_t)(p->stop - p->first);
    size_t first = (size_t)(p->first - p->extent->first);
    void *narrow = narrow_in(c, out, n);
    if (s->is_shuffled) {
        shuffle_undo_some(s->chunk.data, (size_t)c->chunk_rows, c->size, first, n, narrow);
    } else {
        memcpy(narrow, (const uint8_t *)s->chunk.data + first * c->size, n * c->size);
    }
    widen(c, n, out);
}

static int load_decoded(struct source *s, struct filter_bench *bench, struct error *err)
{
    if (room_for(&s->rows, (size_t)(s->stop - s->first), s->column->raw_size, err) != 0) {
        return -1;
    }
    for (uint64_t row = s->first; row < s->stop;) {
        struct part p = part_at(s, row);
        if (keep_chunk(s, &p, bench, err) != 0) {
            return -1;
        }
        take_rows(s, &p, row_in(s, &s->rows, p.first - s->first));
        row = p.stop;
    }
    s->numbers = s->rows.data;
    return 0;
}

static int load_through_format(struct source *s, struct error *err)
{
    if (room_for(&s->rows, (size_t)(s->stop - s->first), s->column->raw_size, err) != 0) {
        return -1;
    }
    s->numbers = s->rows.data;
    (void)pthread_mutex_lock(s->of.library);
    int rc = s->of.format->read(s->of.file, s->column, s->first, s->stop, s->rows.data, err);
    (void)pthread_mutex_unlock(s->of.library);
    return rc;
}

int source_load(struct source *s, uint64_t first, uint64_t stop, struct filter_bench *bench,
                struct error *err)
{
    s->first = first;
    s->stop = stop;
    if (first == stop) {
        int rc = room_for(&s->rows, 0, 1, err);
        s->numbers = s->rows.data;
        return rc;
    }
    switch (s->way) {
    case SOURCE_PLAIN:
        return load_plain(s, err);
    case SOURCE_THROUGH_FORMAT:
        return load_through_format(s, err);
    default:
        return load_decoded(s, bench, err);
    }
}
