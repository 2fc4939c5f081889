/* SPDX-License-Identifier: Apache-2.0 */
/* inspect.c - see reader.h (reader_inspect) and reader_state.h (reader_digest) */
#include <inttypes.h>
#include <string.h>

#include "base/bytes.h"
#include "worker/lane.h"
#include "worker/reader_state.h"

enum {
    BOUNDARIES_MAX = 4096,
    STARTS_MAX = 1024,
    START_ROWS_MIN = 4096, /* nearer starts than this save nothing */
    GENERATOR_SIZE = 256,
};

/* Layout: the column's name and place (texts), u8 kind, u8 big endian, u64 element size, rows,
 * chunk rows; unit (text), u64 filters and as many texts, u64 extents and of each u64 offset,
 * stored bytes, first row, rows, filter mask. */
static void digest_column(const char *name, const struct format_column *c, struct buffer *out)
{
    buffer_text(out, name);
    buffer_text(out, c->in_file);
    buffer_u8(out, (uint8_t)c->kind);
    buffer_u8(out, c->big_endian);
    buffer_u64(out, c->size);
    buffer_u64(out, c->n_rows);
    buffer_u64(out, c->chunk_rows);
    buffer_text(out, c->unit);
    buffer_u64(out, c->n_filters);
    for (size_t i = 0; i < c->n_filters; i++) {
        buffer_text(out, c->filter[i]);
    }
    buffer_u64(out, c->n_extents);
    for (size_t i = 0; i < c->n_extents; i++) {
        const struct extent *e = &c->extent[i];
        buffer_u64(out, e->offset_bytes);
        buffer_u64(out, e->stored_bytes);
        buffer_u64(out, e->first);
        buffer_u64(out, e->n_rows);
        buffer_u64(out, e->filter_mask);
    }
}

int reader_digest(const struct reader *r, char digest[DIGEST_XXH128_HEX], struct error *err)
{
    struct buffer table = {0};
    buffer_text(&table, r->format->name);
    for (size_t k = 0; k < r->n_counters; k++) {
        digest_column(r->counter[k].name, r->counter[k].file, &table);
    }
    for (size_t i = 0; i < r->n_selected; i++) {
        digest_column(r->selected[i].name, r->selected[i].file, &table);
    }
    if (r->weight.file != NULL) {
        digest_column(r->weight.name, r->weight.file, &table);
    }
    int rc = table.failed ? error_no_memory(err, "the chunk table") : 0;
    if (rc == 0) {
        digest_xxh128_hex(table.data, table.size, digest);
    }
    buffer_release(&table);
    return rc;
}

static json_t *column_json(const char *name, const struct format_column *c, const char *unit)
{
    char type[FORMAT_WORD_SIZE];
    format_type_name(c, type);
    json_t *filters = json_array();
    for (size_t i = 0; i < c->n_filters; i++) {
        (void)json_array_append_new(filters, json_string(c->filter[i]));
    }
    return json_pack("{s:s, s:s, s:s, s:s, s:I, s:I, s:o}", "name", name, "in_file", c->in_file,
                     "type", type, "unit", unit, "bytes", (json_int_t)c->stored_bytes,
                     "chunk_rows", (json_int_t)c->chunk_rows, "filters", filters);
}

static json_t *columns_json(const struct reader *r)
{
    json_t *list = json_array();
    for (size_t k = 0; k < r->n_counters; k++) {
        (void)json_array_append_new(list,
                                    column_json(r->counter[k].name, r->counter[k].file, "1"));
    }
    for (size_t i = 0; i < r->n_selected; i++) {
        const struct selected *c = &r->selected[i];
        (void)json_array_append_new(list, column_json(c->name, c->file, c->word));
    }
    if (r->weight.file != NULL) {
        (void)json_array_append_new(
            list, column_json(r->weight.name, r->weight.file, r->weight.word));
    }
    return list;
}

/* Of each group of alternatives the columns that were taken. */
static json_t *alternatives_json(const struct reader *r)
{
    json_t *groups = json_object();
    for (size_t i = 0; i < r->n_needs; i++) {
        const struct need *need = &r->request.analysis->need[i];
        if (need->group == NULL || r->selected_of[i] >= r->n_needs) {
            continue;
        }
        const char *before = json_string_value(json_object_get(groups, need->group));
        json_t *text = before == NULL ? json_string(need->name)
                                      : json_sprintf("%s %s", before, need->name);
        (void)json_object_set_new(groups, need->group, text);
    }
    return groups;
}

static uint64_t divide_up(uint64_t a, uint64_t b)
{
    return a / b + (a % b != 0);
}

static json_t *boundaries_json(const struct reader *r)
{
    json_t *rows = json_array();
    if (r->n_rows == 0) {
        return rows;
    }
    uint64_t chunk = reader_chunk_rows(r);
    uint64_t step = divide_up(divide_up(r->n_rows, chunk), BOUNDARIES_MAX) * chunk;
    for (uint64_t row = 0; row < r->n_rows; row += step) {
        (void)json_array_append_new(rows, json_integer((json_int_t)row));
    }
    return rows;
}

/* Rows between starts: whole chunks of them, or an even part of a chunk where there are few. */
static uint64_t start_spacing(const struct reader *r)
{
    uint64_t chunk = reader_chunk_rows(r);
    uint64_t n = divide_up(r->n_rows, chunk);
    if (n >= STARTS_MAX) {
        return divide_up(n, STARTS_MAX) * chunk;
    }
    uint64_t part = divide_up(chunk, STARTS_MAX / n);
    return part < START_ROWS_MIN ? START_ROWS_MIN : part;
}

/* The start after this one: the next of its chunk, else the beginning of the next chunk. */
static uint64_t next_start(uint64_t row, uint64_t spacing, uint64_t chunk)
{
    if (spacing >= chunk) {
        return row + divide_up(spacing, chunk) * chunk;
    }
    uint64_t chunk_end = (row / chunk + 1) * chunk;
    return chunk_end - row <= spacing ? chunk_end : row + spacing;
}

static void note_start(const struct lane *l, size_t n_counters, json_t *rows, json_t *objects)
{
    json_t *each = json_array();
    for (size_t k = 0; k < n_counters; k++) {
        (void)json_array_append_new(each, json_integer((json_int_t)lane_objects(l, k)));
    }
    (void)json_array_append_new(rows, json_integer((json_int_t)lane_row(l)));
    (void)json_array_append_new(objects, each);
}

static int ask_to_go_on(const struct reader *r, uint64_t row,
                        const struct reader_progress *progress, struct error *err)
{
    if (progress == NULL || progress->go_on == NULL ||
        progress->go_on(progress->context, row)) {
        return 0;
    }
    return error_set(err, ERROR_SYSTEM, "%s: asked to stop after row %" PRIu64, r->path, row);
}

/* Reads the counters from the first row to the last, which checks them all. */
static int count_file(struct reader *r, const struct reader_progress *progress, json_t *rows,
                      json_t *objects, struct error *err)
{
    struct lane *l = reader_lane(r, 0, err);
    if (l == NULL || lane_seek(l, NULL, err) != 0) {
        return -1;
    }
    if (r->n_rows == 0) {
        note_start(l, r->n_counters, rows, objects);
        return 0;
    }
    uint64_t spacing = start_spacing(r);
    uint64_t chunk = reader_chunk_rows(r);
    while (lane_row(l) < r->n_rows) {
        note_start(l, r->n_counters, rows, objects);
        uint64_t next = next_start(lane_row(l), spacing, chunk);
        if (lane_count_to(l, next < r->n_rows ? next : r->n_rows, err) != 0 ||
            ask_to_go_on(r, lane_row(l), progress, err) != 0) {
            return -1;
        }
    }
    return 0;
}

static json_t *starts_json(struct reader *r, const struct reader_progress *progress,
                           struct error *err)
{
    json_t *counters = json_array();
    json_t *rows = json_array();
    json_t *objects = json_array();
    for (size_t k = 0; k < r->n_counters; k++) {
        (void)json_array_append_new(counters, json_string(r->counter[k].name));
    }
    int rc = count_file(r, progress, rows, objects, err);
    json_t *starts =
        json_pack("{s:o, s:o, s:o}", "counters", counters, "rows", rows, "objects", objects);
    if (rc != 0) {
        json_decref(starts);
        return NULL;
    }
    if (starts == NULL) {
        error_no_memory(err, "an inspection");
    }
    return starts;
}

static json_t *generator_json(const struct reader *r)
{
    char text[GENERATOR_SIZE];
    return r->format->generator(r->file, text, sizeof text) ? json_string(text) : json_null();
}

json_t *reader_inspect(struct reader *r, const struct reader_progress *progress,
                       struct error *err)
{
    json_t *starts = starts_json(r, progress, err);
    if (starts == NULL) {
        return NULL;
    }
    json_t *found = json_pack(
        "{s:s, s:I, s:I, s:I, s:s, s:o, s:o, s:o, s:o, s:o}", "format", r->format->name, "rows",
        (json_int_t)r->n_rows, "size", (json_int_t)r->identity.size_bytes, "mtime_ns",
        (json_int_t)r->identity.mtime_ns, "digest", r->identity.digest, "generator",
        generator_json(r), "columns", columns_json(r), "alternatives", alternatives_json(r),
        "boundaries", boundaries_json(r), "starts", starts);
    if (found == NULL) {
        error_no_memory(err, "an inspection");
    }
    return found;
}
