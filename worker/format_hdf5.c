/* SPDX-License-Identifier: Apache-2.0 */
/* format_hdf5.c - see format_hdf5.h
 *
 * Says where columns lie, which is how most are read. The rest goes through H5Dread, which converts
 * byte orders and half precision on the way; the checks that come before are in
 * format_hdf5_link.c, _type.c and _check.c. The library keeps state of the whole process
 * (plugins, its lock) and of each thread (its errors, which it prints unless told not to): one thread at
 * a time calls here, whichever it is. */
#include "worker/format_hdf5.h"

#include <hdf5.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "worker/format_hdf5_check.h"

enum {
    SIGNATURE_SIZE = 8,
    CACHE_DEFAULT_BYTES = 1 << 20, /* what H5Dread keeps of a dataset's chunks unless told */
    CACHE_SLOTS = 521,             /* and its default number of slots */
    ATTRIBUTE_SIZE_MAX = 256,
};

struct hdf5_column {
    struct format_column column; /* first: the reader holds pointers to it */
    hid_t dataset;
    hid_t space;
    hid_t memory_type;
    struct hdf5_column *next;
};

struct hdf5_file {
    hid_t id;
    uint64_t size_bytes;
    int descriptor; /* see format.h */
    struct hdf5_column *columns;
};

/* Not after the file's end. */
static bool starts_at(int fd, uint64_t at)
{
    static const char signature[SIGNATURE_SIZE + 1] = "\x89HDF\r\n\x1a\n";
    char head[SIGNATURE_SIZE];
    return pread(fd, head, sizeof head, (off_t)at) == (ssize_t)sizeof head &&
           memcmp(head, signature, sizeof head) == 0;
}

static bool hdf5_probe(int fd, uint64_t size_bytes)
{
    /* At the start, or behind a user's block of 512 bytes, 1024, 2048, ... */
    uint64_t at = 0;
    while (at < size_bytes && at <= INT64_MAX / 2 && !starts_at(fd, at)) {
        at = at == 0 ? 512 : 2 * at;
    }
    return at < size_bytes && at <= INT64_MAX / 2;
}

/* How files are opened: by plain reads; without locks, which many read-only and network file
 * systems do not have, and which a reader that checks the file's identity afterwards does not
 * need; closing takes everything that is still open with it. */
static hid_t file_access(void)
{
    hid_t plist = H5Pcreate(H5P_FILE_ACCESS);
    if (plist >= 0 && (H5Pset_fapl_sec2(plist) < 0 || H5Pset_file_locking(plist, 0, 1) < 0 ||
                       H5Pset_fclose_degree(plist, H5F_CLOSE_STRONG) < 0)) {
        (void)H5Pclose(plist);
        plist = H5I_INVALID_HID;
    }
    return plist;
}

/* The library's errors are told and not printed: a switch of each thread, if it was built for such. */
static bool keep_quiet(void)
{
    return H5Eset_auto2(H5E_DEFAULT, NULL, NULL) >= 0;
}

/* Offsets count from the first byte of the file. Behind a user's block versions of the library
 * differ in what they say of chunks. */
static int descriptor_of(hid_t file)
{
    void *handle = NULL;
    bool there = H5Fget_vfd_handle(file, H5P_DEFAULT, &handle) >= 0 && handle != NULL;
    (void)H5Eclear2(H5E_DEFAULT);
    return there && starts_at(*(const int *)handle, 0) ? *(const int *)handle : -1;
}

static void *hdf5_open(const char *path, uint64_t size_bytes, struct error *err)
{
    /* A file must never make the library load a plugin, whatever the environment says. */
    if (!keep_quiet() || H5PLset_loading_state(0) < 0) {
        hdf5_fail(err, "HDF5 cannot be set up");
        return NULL;
    }
    struct hdf5_file *f = calloc(1, sizeof *f);
    if (f == NULL) {
        error_no_memory(err, "a file");
        return NULL;
    }
    f->size_bytes = size_bytes;
    hid_t access = file_access();
    f->id = access < 0 ? H5I_INVALID_HID : H5Fopen(path, H5F_ACC_RDONLY, access);
    if (f->id < 0) {
        hdf5_fail(err, "damaged or incomplete HDF5 file");
        free(f);
        f = NULL;
    } else {
        f->descriptor = descriptor_of(f->id);
    }
    if (access >= 0) {
        (void)H5Pclose(access);
    }
    return f;
}

static void column_destroy(struct hdf5_column *c)
{
    if (c->dataset >= 0) {
        (void)H5Dclose(c->dataset);
    }
    if (c->space >= 0) {
        (void)H5Sclose(c->space);
    }
    if (c->memory_type >= 0) {
        (void)H5Tclose(c->memory_type);
    }
    free(c->column.extent);
    free(c);
}

static void hdf5_close(void *file)
{
    struct hdf5_file *f = file;
    if (f == NULL) {
        return;
    }
    while (f->columns != NULL) {
        struct hdf5_column *c = f->columns;
        f->columns = c->next;
        column_destroy(c);
    }
    (void)H5Fclose(f->id);
    (void)H5Eclear2(H5E_DEFAULT);
    free(f);
}

/* A text of variable length, which the library allocates. */
static bool read_variable_text(hid_t attribute, hid_t type, char *out, size_t size)
{
    char *text = NULL;
    hid_t memory = H5Tcopy(type);
    if (memory < 0) {
        return false;
    }
    bool fits = H5Aread(attribute, memory, &text) >= 0 && (text == NULL || strlen(text) < size);
    if (fits && text != NULL) {
        memcpy(out, text, strlen(text) + 1);
    }
    (void)H5free_memory(text);
    (void)H5Tclose(memory);
    return fits;
}

static bool read_fixed_text(hid_t attribute, hid_t type, char *out, size_t size)
{
    char text[ATTRIBUTE_SIZE_MAX + 1] = "";
    if (H5Tget_size(type) > ATTRIBUTE_SIZE_MAX || H5Aread(attribute, type, text) < 0) {
        return false;
    }
    size_t length = strlen(text);
    while (length > 0 && text[length - 1] == ' ') { /* padding, the Fortran way */
        length--;
    }
    text[length] = '\0';
    if (length >= size) {
        return false;
    }
    memcpy(out, text, length + 1);
    return true;
}

/* One text, scalar or a list of one. */
static bool read_text(hid_t attribute, char *out, size_t size)
{
    hid_t type = H5Aget_type(attribute);
    hid_t space = H5Aget_space(attribute);
    bool ok = false;
    if (type >= 0 && space >= 0 && H5Tget_class(type) == H5T_STRING &&
        H5Sget_simple_extent_npoints(space) == 1) {
        ok = H5Tis_variable_str(type) > 0 ? read_variable_text(attribute, type, out, size)
                                          : read_fixed_text(attribute, type, out, size);
    }
    if (type >= 0) {
        (void)H5Tclose(type);
    }
    if (space >= 0) {
        (void)H5Sclose(space);
    }
    return ok;
}

/* out is "" where there is no such attribute. */
static int attribute_text(hid_t object, const char *name, char *out, size_t size,
                          struct error *err)
{
    out[0] = '\0';
    htri_t exists = H5Aexists(object, name);
    if (exists == 0) {
        return 0;
    }
    hid_t attribute = exists < 0 ? H5I_INVALID_HID : H5Aopen(object, name, H5P_DEFAULT);
    bool ok = attribute >= 0 && read_text(attribute, out, size);
    if (attribute >= 0) {
        (void)H5Aclose(attribute);
    }
    hdf5_make_printable(out);
    return ok ? 0 : hdf5_fail(err, "its attribute \"%s\" is no short text", name);
}

static int column_unit(hid_t dataset, struct format_column *out, struct error *err)
{
    if (attribute_text(dataset, "units", out->unit, sizeof out->unit, err) != 0) {
        return -1;
    }
    return out->unit[0] != '\0'
               ? 0
               : attribute_text(dataset, "unit", out->unit, sizeof out->unit, err);
}

/* A chunk larger than the library's cache would be decompressed again for each block read. */
static int enlarge_cache(hid_t file, struct hdf5_column *c, struct error *err)
{
    size_t chunk_bytes = (size_t)c->column.chunk_rows * c->column.raw_size;
    if (c->column.chunk_rows == 0 || chunk_bytes <= CACHE_DEFAULT_BYTES) {
        return 0;
    }
    hid_t access = H5Pcreate(H5P_DATASET_ACCESS);
    (void)H5Dclose(c->dataset);
    c->dataset = H5I_INVALID_HID;
    if (access >= 0 && H5Pset_chunk_cache(access, CACHE_SLOTS, chunk_bytes, 1.0) >= 0) {
        c->dataset = H5Dopen2(file, c->column.in_file, access);
    }
    if (access >= 0) {
        (void)H5Pclose(access);
    }
    return c->dataset >= 0 ? 0 : hdf5_fail(err, "it cannot be opened again");
}

static int column_describe(struct hdf5_file *f, struct hdf5_column *c, struct error *err)
{
    struct format_column *out = &c->column;
    hid_t object = H5Oopen(f->id, out->in_file, H5P_DEFAULT);
    if (object >= 0 && H5Iget_type(object) == H5I_DATASET) {
        c->dataset = object;
    } else if (object >= 0) {
        (void)H5Oclose(object);
        return error_set(err, ERROR_INPUT, "it is no dataset");
    }
    if (c->dataset < 0) {
        return hdf5_fail(err, "cannot be read");
    }
    if (hdf5_check_layout(c->dataset, out, err) != 0 ||
        hdf5_check_type(c->dataset, out, &c->memory_type, err) != 0) {
        return -1;
    }
    c->space = H5Dget_space(c->dataset);
    if (c->space < 0) {
        return hdf5_fail(err, "its length cannot be read");
    }
    if (hdf5_check_space(c->space, out, err) != 0 ||
        hdf5_check_storage(c->dataset, c->space, f->size_bytes, out, err) != 0 ||
        column_unit(c->dataset, out, err) != 0) {
        return -1;
    }
    return enlarge_cache(f->id, c, err);
}

static int hdf5_find(void *file, const char *where, struct format_column **out,
                     struct error *err)
{
    struct hdf5_file *f = file;
    *out = NULL;
    struct hdf5_column *c = calloc(1, sizeof *c);
    if (c == NULL) {
        return error_no_memory(err, "a column");
    }
    c->dataset = c->space = c->memory_type = H5I_INVALID_HID;
    int rc = hdf5_resolve(f->id, where, c->column.in_file, err);
    bool there = rc == 0 && c->column.in_file[0] != '\0';
    if (there) {
        rc = column_describe(f, c, err);
    }
    if (rc != 0 || !there) {
        column_destroy(c);
        return rc;
    }
    c->next = f->columns;
    f->columns = c;
    *out = &c->column;
    return 0;
}

static int hdf5_read(void *file, struct format_column *column, uint64_t first, uint64_t stop,
                     void *out, struct error *err)
{
    (void)file;
    struct hdf5_column *c = (struct hdf5_column *)column;
    hsize_t start = first;
    hsize_t count = stop - first;
    if (count == 0) {
        return 0;
    }
    (void)keep_quiet();
    hid_t memory = H5Screate_simple(1, &count, NULL);
    int rc = 0;
    if (memory < 0 ||
        H5Sselect_hyperslab(c->space, H5S_SELECT_SET, &start, NULL, &count, NULL) < 0 ||
        H5Dread(c->dataset, c->memory_type, memory, c->space, H5P_DEFAULT, out) < 0) {
        rc = hdf5_fail(err, "rows %" PRIu64 "-%" PRIu64 " cannot be read", first, stop);
    }
    if (memory >= 0) {
        (void)H5Sclose(memory);
    }
    return rc;
}

static int hdf5_descriptor(void *file)
{
    const struct hdf5_file *f = file;
    return f->descriptor;
}

static int hdf5_fetch(void *file, struct format_column *column, const struct extent *extent,
                      void *out, uint32_t *filter_mask, struct error *err)
{
    (void)file;
    struct hdf5_column *c = (struct hdf5_column *)column;
    hsize_t first = extent->first;
    hsize_t stored = 0;
    (void)keep_quiet();
    /* Its size once more: that is what the library is going to write. */
    if (H5Dget_chunk_storage_size(c->dataset, &first, &stored) < 0 ||
        (stored == extent->stored_bytes &&
         H5Dread_chunk(c->dataset, H5P_DEFAULT, &first, filter_mask, out) < 0)) {
        return hdf5_fail(err, "rows %" PRIu64 "-%" PRIu64 " cannot be read", extent->first,
                         extent->first + extent->n_rows);
    }
    return stored == extent->stored_bytes
               ? 0
               : error_set(err, ERROR_INPUT,
                           "rows %" PRIu64 "-%" PRIu64 " cannot be read, the file has changed",
                           extent->first, extent->first + extent->n_rows);
}

static bool hdf5_generator(void *file, char *out, size_t size)
{
    struct hdf5_file *f = file;
    return attribute_text(f->id, "generator", out, size, NULL) == 0 && out[0] != '\0';
}

const struct format format_hdf5 = {
    .name = "hdf5",
    .probe = hdf5_probe,
    .open = hdf5_open,
    .close = hdf5_close,
    .find = hdf5_find,
    .read = hdf5_read,
    .descriptor = hdf5_descriptor,
    .fetch = hdf5_fetch,
    .generator = hdf5_generator,
};
