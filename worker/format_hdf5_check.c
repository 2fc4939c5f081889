/* SPDX-License-Identifier: Apache-2.0 */
/* format_hdf5_check.c - see format_hdf5_check.h
 *
 * HDF5 says of itself that it is not made for hostile files, and it answers for what was never
 * written with zeros and no error. So a column is described from its header alone, everything
 * that leads out of the file or needs a plugin is refused, and nothing is read of a column whose
 * pieces are not all there. */
#include "worker/format_hdf5_check.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "worker/filters.h"

enum {
    COMPLAINT_SIZE = 200,
    STORED_MORE = 4096, /* bytes that a small chunk may be longer when stored */

    /* HDF5 1.10 finds a chunk's place by walking all chunks before it: 6,400 places take 0.24 s,
     * their sizes 3 ms. So all have their size looked up, and of many only some their place. */
    PLACES_ALL = 512,
    PLACES_SOME = 64,
};

struct complaint {
    char text[COMPLAINT_SIZE];
    bool may_pass;
};

/* Called for the innermost entry first, and stops there. */
static herr_t note_innermost(unsigned n, const H5E_error2_t *entry, void *into)
{
    (void)n;
    struct complaint *out = into;
    (void)snprintf(out->text, sizeof out->text, "%s", entry->desc == NULL ? "" : entry->desc);
    out->may_pass = entry->maj_num == H5E_RESOURCE ||
                    (entry->maj_num == H5E_IO && entry->min_num == H5E_READERROR);
    return 1;
}

void hdf5_make_printable(char *text)
{
    for (; *text != '\0'; text++) {
        if (*text < ' ' || *text > '~') {
            *text = '?';
        }
    }
}

int hdf5_fail(struct error *err, const char *format, ...)
{
    struct complaint why = {.may_pass = false};
    (void)H5Ewalk2(H5E_DEFAULT, H5E_WALK_UPWARD, note_innermost, &why);
    (void)H5Eclear2(H5E_DEFAULT);
    hdf5_make_printable(why.text);
    char what[ERROR_TEXT_SIZE];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(what, sizeof what, format, arguments);
    va_end(arguments);
    bool has_reason = why.text[0] != '\0';
    bool damaged = has_reason && !why.may_pass && strstr(what, "damaged") == NULL;
    return error_set(err, why.may_pass ? ERROR_SYSTEM : ERROR_INPUT, "%s%s%s%s%s", what,
                     damaged ? ", the file is damaged" : "", has_reason ? " (HDF5: " : "",
                     why.text, has_reason ? ")" : "");
}

static bool has_filter(const struct format_column *column, const char *name)
{
    for (size_t i = 0; i < column->n_filters; i++) {
        if (strcmp(column->filter[i], name) == 0) {
            return true;
        }
    }
    return false;
}

static int fail_filter(int number, char name[FORMAT_WORD_SIZE], struct error *err)
{
    char known[COMPLAINT_SIZE];
    filter_list(known, sizeof known);
    name[FORMAT_WORD_SIZE - 1] = '\0';
    hdf5_make_printable(name);
    return error_set(err, ERROR_INPUT, "filter %d%s%s%s is not supported (%s are)", number,
                     name[0] == '\0' ? "" : " (", name, name[0] == '\0' ? "" : ")", known);
}

static int check_filter(hid_t plist, unsigned index, struct format_column *out,
                        struct error *err)
{
    unsigned flags = 0;
    unsigned values[1] = {0};
    size_t n_values = ARRAY_LENGTH(values);
    char name[FORMAT_WORD_SIZE] = "";
    H5Z_filter_t id =
        H5Pget_filter2(plist, index, &flags, &n_values, values, sizeof name, name, NULL);
    if (id < 0) {
        return hdf5_fail(err, "filter %u cannot be read", index);
    }
    const struct filter *filter = filter_find_hdf5(id);
    if (filter == NULL) {
        return fail_filter(id, name, err);
    }
    if (has_filter(out, filter->name)) {
        return error_set(err, ERROR_INPUT, "filter %s twice", filter->name);
    }
    out->filter_parameter[out->n_filters] = values[0];
    (void)snprintf(out->filter[out->n_filters++], FORMAT_WORD_SIZE, "%s", filter->name);
    /* An element of no bytes is for the library to refuse. */
    out->decodable = out->decodable && (filter->hdf5 != H5Z_FILTER_SHUFFLE || values[0] > 0);
    return 0;
}

/* What HDF5 cannot read itself must be for us to read, and two filters that compress nobody
 * writes: how large a piece is between them would be unknown. */
static int check_together(const struct format_column *out, struct error *err)
{
    size_t n_compress = 0;
    for (size_t i = 0; i < out->n_filters; i++) {
        const struct filter *filter = filter_find(out->filter[i]);
        n_compress += filter->compresses;
        if (n_compress > 1 || (!out->decodable && !filter->in_library)) {
            return error_set(err, ERROR_INPUT, "filter %s is not supported together with %s",
                             filter->name,
                             n_compress > 1 ? "another that compresses"
                                            : "last chunks that are left unfiltered");
        }
    }
    return 0;
}

static int check_filters(hid_t plist, struct format_column *out, struct error *err)
{
    unsigned options = 0;
    int n = H5Pget_nfilters(plist);
    if (n < 0 || n > FORMAT_FILTERS_MAX) {
        return hdf5_fail(err, "%d filters", n);
    }
    if (out->chunk_rows > 0 && H5Pget_chunk_opts(plist, &options) < 0) {
        return hdf5_fail(err, "the options of its chunks cannot be read");
    }
    out->decodable = (options & H5D_CHUNK_DONT_FILTER_PARTIAL_CHUNKS) == 0;
    for (unsigned i = 0; i < (unsigned)n; i++) {
        if (check_filter(plist, i, out, err) != 0) {
            return -1;
        }
    }
    return check_together(out, err);
}

static int check_plist(hid_t plist, struct format_column *out, struct error *err)
{
    H5D_layout_t layout = H5Pget_layout(plist);
    if (layout == H5D_VIRTUAL) {
        return error_set(err, ERROR_INPUT,
                         "a virtual dataset (its values lie in other files), "
                         "which is refused");
    }
    if (layout != H5D_COMPACT && layout != H5D_CONTIGUOUS && layout != H5D_CHUNKED) {
        return hdf5_fail(err, "an unknown storage layout");
    }
    if (H5Pget_external_count(plist) != 0) {
        return error_set(err, ERROR_INPUT,
                         "its values lie in other files (external storage), "
                         "which is refused");
    }
    hsize_t chunk[H5S_MAX_RANK] = {0};
    if (layout == H5D_CHUNKED) {
        int rank = H5Pget_chunk(plist, H5S_MAX_RANK, chunk);
        if (rank != 1 || chunk[0] == 0) {
            return hdf5_fail(err, "chunks of rank %d, not 1", rank);
        }
        out->chunk_rows = chunk[0];
    }
    return check_filters(plist, out, err);
}

int hdf5_check_layout(hid_t dataset, struct format_column *out, struct error *err)
{
    hid_t plist = H5Dget_create_plist(dataset);
    if (plist < 0) {
        return hdf5_fail(err, "its storage layout cannot be read");
    }
    int rc = check_plist(plist, out, err);
    (void)H5Pclose(plist);
    return rc;
}

int hdf5_check_space(hid_t space, struct format_column *out, struct error *err)
{
    int rank = H5Sget_simple_extent_ndims(space);
    if (H5Sget_simple_extent_type(space) != H5S_SIMPLE || rank != 1) {
        return error_set(err, ERROR_INPUT, "it has %d dimensions; 1 is needed",
                         rank < 0 ? 0 : rank);
    }
    hsize_t rows = 0;
    if (H5Sget_simple_extent_dims(space, &rows, NULL) != 1) {
        return hdf5_fail(err, "its length cannot be read");
    }
    size_t bytes = 0;
    if (rows > INT64_MAX || !size_multiply((size_t)rows, sizeof(double), &bytes)) {
        return error_set(err, ERROR_INPUT, "%" PRIu64 " rows cannot be", (uint64_t)rows);
    }
    if (out->chunk_rows > FORMAT_CHUNK_BYTES_MAX / out->size) {
        return error_set(err, ERROR_INPUT,
                         "chunks of %" PRIu64 " rows of %zu bytes; %d MiB are the limit",
                         out->chunk_rows, out->size, FORMAT_CHUNK_BYTES_MAX >> 20);
    }
    out->n_rows = rows;
    return 0;
}

/* How many times longer the column's filters can make what is stored. */
static uint64_t expands_max(const struct format_column *c)
{
    uint64_t most = 1;
    for (size_t i = 0; i < c->n_filters; i++) {
        const struct filter *filter = filter_find(c->filter[i]);
        most = filter->expands_max > most ? filter->expands_max : most;
    }
    return most;
}

/* Constant columns come close to what their filters can do (a million equal weights are nothing
 * suspicious); more is a lie or a bomb. No filter lengthens by half. */
static int check_expansion(const struct format_column *c, uint64_t declared, uint64_t stored,
                           struct error *err)
{
    uint64_t most = expands_max(c);
    if (declared / most > stored) {
        return error_set(err, ERROR_INPUT,
                         "%" PRIu64 " stored bytes would expand to %" PRIu64 ", %" PRIu64
                         "-fold; its filters do no more than %" PRIu64 "-fold",
                         stored, declared, declared / stored, most);
    }
    if (stored > declared + declared / 2 + STORED_MORE) {
        return error_set(err, ERROR_INPUT,
                         "%" PRIu64 " bytes are stored for a chunk of %" PRIu64, stored,
                         declared);
    }
    return 0;
}

static int place_chunk(hid_t dataset, uint64_t file_bytes, struct extent *e, struct error *err)
{
    hsize_t first = e->first;
    hsize_t size = 0;
    haddr_t place = HADDR_UNDEF;
    unsigned mask = 0;
    if (H5Dget_chunk_info_by_coord(dataset, &first, &mask, &place, &size) < 0) {
        return hdf5_fail(err, "row %" PRIu64 ": its chunk cannot be found", e->first);
    }
    if (place == HADDR_UNDEF || size > file_bytes || place > file_bytes - size) {
        return error_set(err, ERROR_INPUT,
                         "rows %" PRIu64 "-%" PRIu64 ": the chunk lies outside the file",
                         e->first, e->first + e->n_rows);
    }
    e->offset_bytes = place;
    e->filter_mask = mask;
    return 0;
}

static int size_chunk(hid_t dataset, const struct format_column *c, struct extent *e,
                      struct error *err)
{
    hsize_t first = e->first;
    hsize_t stored = 0;
    uint64_t whole = c->chunk_rows * c->size;
    if (H5Dget_chunk_storage_size(dataset, &first, &stored) < 0) {
        return hdf5_fail(err, "row %" PRIu64 ": its chunk cannot be found", e->first);
    }
    if (stored == 0) {
        return error_set(err, ERROR_INPUT, "rows %" PRIu64 "-%" PRIu64 " were never written",
                         e->first, e->first + e->n_rows);
    }
    bool odd = c->n_filters == 0 ? stored != whole
                                 : has_filter(c, "fletcher32") && stored <= FILTERS_ADDED_MAX;
    if (odd) {
        return error_set(err, ERROR_INPUT,
                         "rows %" PRIu64 "-%" PRIu64 ": a chunk of %" PRIu64 " stored bytes",
                         e->first, e->first + e->n_rows, (uint64_t)stored);
    }
    e->stored_bytes = stored;
    return check_expansion(c, whole, stored, err);
}

static int check_chunks(hid_t dataset, uint64_t file_bytes, struct format_column *out,
                        struct error *err)
{
    uint64_t sum = 0;
    size_t step = out->n_extents <= PLACES_ALL ? 1 : out->n_extents / PLACES_SOME;
    for (size_t i = 0; i < out->n_extents; i++) {
        struct extent *e = &out->extent[i];
        e->offset_bytes = EXTENT_NO_PLACE;
        e->first = i * out->chunk_rows;
        e->n_rows =
            out->n_rows - e->first < out->chunk_rows ? out->n_rows - e->first : out->chunk_rows;
        if (size_chunk(dataset, out, e, err) != 0 ||
            (i % step == 0 && place_chunk(dataset, file_bytes, e, err) != 0)) {
            return -1;
        }
        sum += e->stored_bytes;
        if (sum > file_bytes) { /* several chunks in one place */
            return error_set(err, ERROR_INPUT, "its chunks are larger than the file");
        }
    }
    return 0;
}

static int count_chunks(hid_t dataset, hid_t space, const struct format_column *out,
                        struct error *err)
{
    hsize_t n = 0;
    uint64_t expected = (out->n_rows - 1) / out->chunk_rows + 1;
    if (H5Dget_num_chunks(dataset, space, &n) < 0) {
        return hdf5_fail(err, "its chunks cannot be counted");
    }
    if (n != expected) {
        return error_set(err, ERROR_INPUT, "%" PRIu64 " of its %" PRIu64 " chunks were written",
                         (uint64_t)n, expected);
    }
    if (n > FORMAT_EXTENTS_MAX) {
        return error_set(err, ERROR_INPUT, "%" PRIu64 " chunks; %d are the limit", (uint64_t)n,
                         FORMAT_EXTENTS_MAX);
    }
    return 0;
}

/* In one stretch of the file, or (small ones) within the header, where no place is told. */
static int check_whole(hid_t dataset, uint64_t file_bytes, struct format_column *out,
                       struct error *err)
{
    uint64_t declared = out->n_rows * out->size;
    haddr_t place = H5Dget_offset(dataset);
    bool placed = place != HADDR_UNDEF;
    (void)H5Eclear2(H5E_DEFAULT); /* within the header it may count as an error */
    if (out->stored_bytes < declared) {
        return error_set(err, ERROR_INPUT, "%" PRIu64 " bytes for %" PRIu64 " rows of %zu",
                         out->stored_bytes, out->n_rows, out->size);
    }
    if (placed && place > file_bytes - out->stored_bytes) {
        return error_set(err, ERROR_INPUT, "its rows lie outside the file");
    }
    out->extent[0] = (struct extent){.offset_bytes = placed ? place : EXTENT_NO_PLACE,
                                     .stored_bytes = out->stored_bytes,
                                     .n_rows = out->n_rows};
    return 0;
}

int hdf5_check_storage(hid_t dataset, hid_t space, uint64_t file_bytes,
                       struct format_column *out, struct error *err)
{
    if (out->n_rows == 0) {
        return 0;
    }
    out->stored_bytes = H5Dget_storage_size(dataset);
    if (out->stored_bytes == 0) {
        return error_set(err, ERROR_INPUT, "its %" PRIu64 " rows were never written",
                         out->n_rows);
    }
    if (out->chunk_rows > 0 && count_chunks(dataset, space, out, err) != 0) {
        return -1;
    }
    if (out->stored_bytes > file_bytes) {
        return error_set(err, ERROR_INPUT, "%" PRIu64 " stored bytes in a file of %" PRIu64,
                         out->stored_bytes, file_bytes);
    }
    size_t n = out->chunk_rows == 0 ? 1 : (size_t)((out->n_rows - 1) / out->chunk_rows) + 1;
    out->extent = calloc(n, sizeof *out->extent);
    if (out->extent == NULL) {
        return error_no_memory(err, "the table of chunks");
    }
    out->n_extents = n;
    return out->chunk_rows == 0 ? check_whole(dataset, file_bytes, out, err)
                                : check_chunks(dataset, file_bytes, out, err);
}
