/* SPDX-License-Identifier: Apache-2.0 */
/* source.c - see source.h */
#include "worker/source.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "base/size.h"
#include "worker/number.h"

/* Of one extent of the block, in fetched. */
struct fetched_piece {
    size_t at;
    uint32_t filter_mask;
};

/* A part of a block: rows [first, stop), all in one extent. */
struct part {
    const struct extent *extent;
    size_t index; /* of the extent */
    uint64_t first;
    uint64_t stop;
};

static uint64_t min_u64(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static size_t extent_of(const struct format_column *c, uint64_t row)
{
    return c->chunk_rows == 0 ? 0 : (size_t)(row / c->chunk_rows);
}

static struct part part_at(const struct source *s, uint64_t row)
{
    size_t i = extent_of(s->column, row);
    const struct extent *e = &s->column->extent[i];
    return (struct part){
        .extent = e, .index = i, .first = row, .stop = min_u64(s->stop, e->first + e->n_rows)};
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

static enum source_way choose_way(struct source *s, uint64_t file_bytes)
{
    struct format_column *c = s->column;
    s->chain = chain_of(c);
    if (!c->decodable || c->n_extents == 0 || !filter_chain_is_known(&s->chain)) {
        return SOURCE_THROUGH_FORMAT;
    }
    s->fd = s->format->descriptor(s->file);
    bool placed = s->fd >= 0 && has_all_places(c);
    if (c->n_filters > 0 || (c->chunk_rows > 0 && !placed)) {
        return placed ? SOURCE_DECODED : SOURCE_FETCHED;
    }
    return placed && window_open(&s->window, s->fd, file_bytes) ? SOURCE_MAPPED
                                                                : SOURCE_THROUGH_FORMAT;
}

void source_init(struct source *s, const struct format *format, void *file,
                 struct format_column *column, uint64_t file_bytes)
{
    *s = (struct source){.format = format, .file = file, .column = column, .fd = -1};
    s->way = choose_way(s, file_bytes);
}

void source_release(struct source *s)
{
    window_close(&s->window);
    room_release(&s->rows);
    room_release(&s->chunk);
    room_release(&s->fetched);
    room_release(&s->pieces);
}

bool source_is_torn(const struct source *s)
{
    return window_is_torn(&s->window);
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

static bool lie_in_one_extent(const struct source *s)
{
    return extent_of(s->column, s->first) == extent_of(s->column, s->stop - 1);
}

/* Reads through the format what is to be decoded later. */
static int fetch(struct source *s, struct error *err)
{
    size_t from = extent_of(s->column, s->first);
    size_t n = extent_of(s->column, s->stop - 1) - from + 1;
    size_t bytes = 0;
    for (size_t i = 0; i < n; i++) {
        bytes += (size_t)s->column->extent[from + i].stored_bytes;
    }
    if (room_for(&s->pieces, n, sizeof(struct fetched_piece), err) != 0 ||
        room_for(&s->fetched, bytes, 1, err) != 0) {
        return -1;
    }
    struct fetched_piece *piece = s->pieces.data;
    size_t at = 0;
    for (size_t i = 0; i < n; i++) {
        const struct extent *e = &s->column->extent[from + i];
        piece[i] = (struct fetched_piece){.at = at};
        bool at_hand = i == 0 && s->n_chunk == from + 1;
        if (!at_hand && s->format->fetch(s->file, s->column, e, (uint8_t *)s->fetched.data + at,
                                         &piece[i].filter_mask, err) != 0) {
            return -1;
        }
        at += (size_t)e->stored_bytes;
    }
    return 0;
}

static int prepare_decoding(struct source *s, struct error *err)
{
    size_t rows = lie_in_one_extent(s) ? 0 : (size_t)(s->stop - s->first);
    if (room_for(&s->rows, rows, s->column->raw_size, err) != 0 ||
        (s->chunk.data == NULL &&
         room_for(&s->chunk, (size_t)s->column->chunk_rows, s->column->raw_size, err) != 0)) {
        return -1;
    }
    return s->way == SOURCE_FETCHED ? fetch(s, err) : 0;
}

int source_prepare(struct source *s, uint64_t first, uint64_t stop, struct error *err)
{
    size_t n = (size_t)(stop - first);
    s->first = first;
    s->stop = stop;
    if (n > 0 && (s->way == SOURCE_DECODED || s->way == SOURCE_FETCHED)) {
        return prepare_decoding(s, err);
    }
    if (room_for(&s->rows, n, s->column->raw_size, err) != 0) {
        return -1;
    }
    s->numbers = s->rows.data;
    return n > 0 && s->way == SOURCE_THROUGH_FORMAT
               ? s->format->read(s->file, s->column, first, stop, s->rows.data, err)
               : 0;
}

bool source_is_quick(const struct source *s)
{
    if (s->first == s->stop || s->way == SOURCE_THROUGH_FORMAT) {
        return true;
    }
    return s->chain.n == 0
               ? number_is_native(s->column)
               : s->n_chunk == extent_of(s->column, s->first) + 1 && lie_in_one_extent(s);
}

static void *row_in(const struct source *s, const struct room *room, uint64_t row)
{
    return (uint8_t *)room->data + (size_t)row * s->column->raw_size;
}

static int load_mapped(struct source *s, struct error *err)
{
    const struct format_column *c = s->column;
    for (uint64_t row = s->first; row < s->stop;) {
        struct part p = part_at(s, row);
        size_t n = (size_t)(p.stop - p.first);
        uint64_t skipped = (p.first - p.extent->first) * c->size;
        const uint8_t *stored =
            window_at(&s->window, p.extent->offset_bytes + skipped, n * c->size, err);
        if (stored == NULL) {
            return -1;
        }
        if (lie_in_one_extent(s) && number_is_native(c) && (uintptr_t)stored % c->size == 0) {
            s->numbers = stored;
            return 0;
        }
        number_load(c, stored, n, row_in(s, &s->rows, p.first - s->first));
        row = p.stop;
    }
    s->numbers = s->rows.data;
    return 0;
}

/* The error's text goes behind "cannot be read". */
static int read_stored(const struct source *s, const struct extent *e, void *out,
                       struct error *err)
{
    size_t done = 0;
    while (done < e->stored_bytes) {
        ssize_t n = pread(s->fd, (uint8_t *)out + done, (size_t)e->stored_bytes - done,
                          (off_t)(e->offset_bytes + done));
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

/* One extent, whole, into out[chunk_rows]. */
static int decode(const struct source *s, const struct part *p, struct filter_bench *bench,
                  void *out, struct error *err)
{
    const struct format_column *c = s->column;
    const struct extent *e = p->extent;
    /* Narrow numbers at the end of the room that they are widened in. */
    size_t plain = plain_bytes(c);
    uint8_t *narrow = (uint8_t *)out + ((size_t)c->chunk_rows * c->raw_size - plain);
    struct filter_piece piece = {.in = bench->input.data,
                                 .stored_bytes = (size_t)e->stored_bytes,
                                 .out = narrow,
                                 .plain_bytes = plain};
    uint32_t mask = e->filter_mask;
    struct error damage = {0};
    struct error why = {0};
    if (s->way == SOURCE_FETCHED) {
        const struct fetched_piece *fetched = s->pieces.data;
        fetched += p->index - extent_of(c, s->first);
        piece.in = (const uint8_t *)s->fetched.data + fetched->at;
        mask = fetched->filter_mask;
    } else if (read_stored(s, e, bench->input.data, &why) != 0) {
        return fail_rows(e, &why, err);
    }
    if (filter_chain_undo(&s->chain, mask, bench, &piece, &damage) != 0) {
        (void)error_set(&why, damage.kind, ", the file is damaged (%.200s)", damage.text);
        return fail_rows(e, &why, err);
    }
    if (!number_is_native(c)) {
        number_load(c, narrow, (size_t)c->chunk_rows, out);
    }
    return 0;
}

/* The extent into the chunk at hand, unless it is that already. */
static int keep_chunk(struct source *s, const struct part *p, struct filter_bench *bench,
                      struct error *err)
{
    if (s->n_chunk == p->index + 1) {
        return 0;
    }
    s->n_chunk = 0;
    if (decode(s, p, bench, s->chunk.data, err) != 0) {
        return -1;
    }
    s->n_chunk = p->index + 1;
    return 0;
}

static int load_part(struct source *s, const struct part *p, struct filter_bench *bench,
                     struct error *err)
{
    const struct format_column *c = s->column;
    void *out = row_in(s, &s->rows, p->first - s->first);
    bool whole = p->stop - p->first == c->chunk_rows && s->n_chunk != p->index + 1;
    int rc = whole ? decode(s, p, bench, out, err) : keep_chunk(s, p, bench, err);
    if (rc == 0 && !whole) {
        memcpy(out, row_in(s, &s->chunk, p->first - p->extent->first),
               (size_t)(p->stop - p->first) * c->raw_size);
    }
    return rc;
}

static int load_decoded(struct source *s, struct filter_bench *bench, struct error *err)
{
    if (lie_in_one_extent(s)) {
        struct part p = part_at(s, s->first);
        if (keep_chunk(s, &p, bench, err) != 0) {
            return -1;
        }
        s->numbers = row_in(s, &s->chunk, s->first - p.extent->first);
        return 0;
    }
    for (uint64_t row = s->first; row < s->stop;) {
        struct part p = part_at(s, row);
        if (load_part(s, &p, bench, err) != 0) {
            return -1;
        }
        row = p.stop;
    }
    s->numbers = s->rows.data;
    return 0;
}

int source_load(struct source *s, struct filter_bench *bench, struct error *err)
{
    if (s->first == s->stop || s->way == SOURCE_THROUGH_FORMAT) {
        return 0;
    }
    return s->way == SOURCE_MAPPED ? load_mapped(s, err) : load_decoded(s, bench, err);
}
