/* SPDX-License-Identifier: Apache-2.0 */
/* export_hdf5.c - see export.h. The only file of the scheduler that uses HDF5, and only to write.
 *
 * Each histogram is a group as Python's uhi.io.hdf5 has it:
 *
 *     uhi_schema                      attribute
 *     metadata                        group with attributes
 *     axes                            dataset of one reference to ref_axes/axis_0
 *     ref_axes/axis_0                 group with the axis as attributes, edges if they vary
 *     storage                         group with attribute type, datasets values and variances
 *     edges                           ours: of all axes, for readers that know nothing of UHI
 *
 * The file is made in memory, without times, so that equal histograms give equal bytes. */
#include <hdf5.h>
#include <stdlib.h>
#include <string.h>

#include "scheduler/export.h"
#include "scheduler/look.h"

enum { GROW_BYTES = 1 << 20 };

/* The file at hand. The first call that fails is remembered, what follows does nothing. */
struct writer {
    const struct run *r;
    const struct merge *m;
    hid_t file;
    hid_t text;    /* variable length, UTF-8: what uhi reads as str */
    hid_t boolean; /* FALSE, TRUE in one byte, as h5py writes bool */
    hid_t links;   /* makes the groups on the way */
    hid_t untimed; /* datasets without times */
    bool failed;
};

static bool good(struct writer *w, hid_t id)
{
    w->failed = w->failed || id < 0;
    return !w->failed;
}

static hid_t make_group(struct writer *w, hid_t at, const char *name)
{
    hid_t group =
        w->failed ? H5I_INVALID_HID : H5Gcreate2(at, name, w->links, H5P_DEFAULT, H5P_DEFAULT);
    (void)good(w, group);
    return group;
}

static void close_group(hid_t group)
{
    if (group >= 0) {
        (void)H5Gclose(group);
    }
}

static void put_attribute(struct writer *w, hid_t at, const char *name, hid_t type,
                          const void *value)
{
    hid_t space = w->failed ? H5I_INVALID_HID : H5Screate(H5S_SCALAR);
    if (!good(w, space)) {
        return;
    }
    hid_t attribute = H5Acreate2(at, name, type, space, H5P_DEFAULT, H5P_DEFAULT);
    if (good(w, attribute)) {
        (void)good(w, H5Awrite(attribute, type, value));
        (void)H5Aclose(attribute);
    }
    (void)H5Sclose(space);
}

static void put_text(struct writer *w, hid_t at, const char *name, const char *value)
{
    put_attribute(w, at, name, w->text, &value);
}

static void put_json(struct writer *w, hid_t at, const char *name, const json_t *value)
{
    long long integer = json_integer_value(value);
    double real = json_real_value(value);
    signed char flag = json_is_true(value);
    if (json_is_string(value)) {
        put_text(w, at, name, json_string_value(value));
    } else if (json_is_boolean(value)) {
        put_attribute(w, at, name, w->boolean, &flag);
    } else if (json_is_integer(value)) {
        put_attribute(w, at, name, H5T_NATIVE_LLONG, &integer);
    } else {
        put_attribute(w, at, name, H5T_NATIVE_DOUBLE, &real);
    }
}

/* All scalars of a JSON object as attributes. */
static void put_scalars(struct writer *w, hid_t at, json_t *object)
{
    const char *key = NULL;
    json_t *value = NULL;
    json_object_foreach(object, key, value)
    {
        if (!json_is_object(value) && !json_is_array(value)) {
            put_json(w, at, key, value);
        }
    }
}

static void put_dataset(struct writer *w, hid_t at, const char *name, hid_t type, size_t n,
                        const void *value)
{
    hsize_t dims[1] = {n};
    hid_t space = w->failed ? H5I_INVALID_HID : H5Screate_simple(1, dims, NULL);
    if (!good(w, space)) {
        return;
    }
    hid_t set = H5Dcreate2(at, name, type, space, H5P_DEFAULT, w->untimed, H5P_DEFAULT);
    if (good(w, set)) {
        (void)good(w, H5Dwrite(set, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, value));
        (void)H5Dclose(set);
    }
    (void)H5Sclose(space);
}

/* A JSON list of numbers; of integers if they all are and `integers` says so. */
static void put_list(struct writer *w, hid_t at, const char *name, const json_t *list,
                     bool integers)
{
    size_t n = json_array_size(list);
    double *real = calloc(n + 1, sizeof *real);
    long long *integer = calloc(n + 1, sizeof *integer);
    w->failed = w->failed || real == NULL || integer == NULL;
    for (size_t i = 0; !w->failed && i < n; i++) {
        real[i] = json_number_value(json_array_get(list, i));
        integer[i] = json_integer_value(json_array_get(list, i));
    }
    if (integers) {
        put_dataset(w, at, name, H5T_NATIVE_LLONG, n, integer);
    } else {
        put_dataset(w, at, name, H5T_NATIVE_DOUBLE, n, real);
    }
    free(real);
    free(integer);
}

static void put_axes(struct writer *w, hid_t at, const json_t *histogram)
{
    json_t *axis = json_array_get(json_object_get(histogram, "axes"), 0);
    hid_t group = make_group(w, at, "ref_axes/axis_0");
    put_scalars(w, group, axis);
    if (json_object_get(axis, "edges") != NULL) {
        put_list(w, group, "edges", json_object_get(axis, "edges"), false);
    }
    hid_t metadata = make_group(w, group, "metadata");
    put_scalars(w, metadata, json_object_get(axis, "metadata"));
    close_group(metadata);
    close_group(group);
    hobj_ref_t reference = 0;
    if (!w->failed && good(w, H5Rcreate(&reference, at, "ref_axes/axis_0", H5R_OBJECT, -1))) {
        put_dataset(w, at, "axes", H5T_STD_REF_OBJ, 1, &reference);
    }
}

static void put_storage(struct writer *w, hid_t at, json_t *storage)
{
    hid_t group = make_group(w, at, "storage");
    bool integers = strcmp(json_string_value(json_object_get(storage, "type")), "int") == 0;
    const char *key = NULL;
    json_t *value = NULL;
    put_scalars(w, group, storage);
    json_object_foreach(storage, key, value)
    {
        if (json_is_array(value)) {
            put_list(w, group, key, value, integers);
        }
    }
    close_group(group);
}

static int visit(void *context, const struct export_item *item, struct error *err)
{
    struct writer *w = context;
    const struct axis *axis = &item->hist->hist.axis;
    json_t *histogram = export_item_to_json(item, w->r, w->m, err);
    if (histogram == NULL) {
        return -1;
    }
    hid_t group = make_group(w, w->file, item->name);
    put_scalars(w, group, histogram);
    hid_t metadata = make_group(w, group, "metadata");
    put_scalars(w, metadata, json_object_get(histogram, "metadata"));
    close_group(metadata);
    put_axes(w, group, histogram);
    put_storage(w, group, json_object_get(histogram, "storage"));
    put_dataset(w, group, "edges", H5T_NATIVE_DOUBLE, axis->n_bins + 1, axis->edge);
    close_group(group);
    json_decref(histogram);
    return w->failed
               ? error_set(err, ERROR_SYSTEM, "HDF5 does not take histogram %.200s", item->name)
               : 0;
}

/* What h5py takes for numpy.bool. */
static hid_t make_boolean(void)
{
    signed char no = 0;
    signed char yes = 1;
    hid_t type = H5Tenum_create(H5T_NATIVE_SCHAR);
    if (type >= 0 &&
        (H5Tenum_insert(type, "FALSE", &no) < 0 || H5Tenum_insert(type, "TRUE", &yes) < 0)) {
        (void)H5Tclose(type);
        return H5I_INVALID_HID;
    }
    return type;
}

static void open_writer(struct writer *w)
{
    hid_t access = H5Pcreate(H5P_FILE_ACCESS);
    w->text = H5Tcopy(H5T_C_S1);
    w->boolean = make_boolean();
    w->links = H5Pcreate(H5P_LINK_CREATE);
    w->untimed = H5Pcreate(H5P_DATASET_CREATE);
    w->failed = access < 0 || H5Pset_fapl_core(access, GROW_BYTES, 0) < 0 ||
                H5Tset_size(w->text, H5T_VARIABLE) < 0 ||
                H5Tset_cset(w->text, H5T_CSET_UTF8) < 0 || w->boolean < 0 ||
                H5Pset_create_intermediate_group(w->links, 1) < 0 ||
                H5Pset_char_encoding(w->links, H5T_CSET_UTF8) < 0 ||
                H5Pset_obj_track_times(w->untimed, 0) < 0;
    w->file =
        w->failed ? H5I_INVALID_HID : H5Fcreate("export", H5F_ACC_TRUNC, H5P_DEFAULT, access);
    (void)good(w, w->file);
    (void)H5Pclose(access);
}

static void close_writer(struct writer *w)
{
    if (w->file >= 0) {
        (void)H5Fclose(w->file);
    }
    (void)H5Tclose(w->text);
    (void)H5Tclose(w->boolean);
    (void)H5Pclose(w->links);
    (void)H5Pclose(w->untimed);
}

/* The whole file as it would stand on disk. */
static int take_image(const struct writer *w, struct buffer *out, struct error *err)
{
    ssize_t size =
        H5Fflush(w->file, H5F_SCOPE_GLOBAL) < 0 ? -1 : H5Fget_file_image(w->file, NULL, 0);
    void *image = size <= 0 ? NULL : malloc((size_t)size);
    int rc = -1;
    if (image == NULL || H5Fget_file_image(w->file, image, (size_t)size) != size) {
        (void)error_set(err, ERROR_SYSTEM, "HDF5 does not give the file");
    } else {
        buffer_raw(out, image, (size_t)size);
        rc = out->failed ? error_no_memory(err, "an export") : 0;
    }
    free(image);
    return rc;
}

int export_hdf5(const struct run *r, const struct merge *m, struct buffer *out,
                struct error *err)
{
    struct writer w = {.r = r, .m = m};
    (void)H5Eset_auto2(H5E_DEFAULT, NULL, NULL); /* errors are ours to tell */
    open_writer(&w);
    json_t *complete = json_boolean(merge_complete(m, r));
    put_text(&w, w.file, "picobarn", r->dataset->analysis->name);
    put_json(&w, w.file, "complete", complete);
    json_decref(complete);
    int rc = w.failed ? error_set(err, ERROR_SYSTEM, "HDF5 does not make a file") : 0;
    rc = rc == 0 ? export_each(r, m, visit, &w, err) : rc;
    rc = rc == 0 ? take_image(&w, out, err) : rc;
    close_writer(&w);
    return rc;
}
