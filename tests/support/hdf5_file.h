/* SPDX-License-Identifier: Apache-2.0 */
/* hdf5_file.h - small HDF5 files for the tests of the reader, written with the real library. */
#ifndef TESTS_SUPPORT_HDF5_FILE_H
#define TESTS_SUPPORT_HDF5_FILE_H

#include "tests/support/check.h"

#include <hdf5.h>

enum { PUT_SHUFFLE = 1, PUT_DEFLATE = 2, PUT_FLETCHER32 = 4, PUT_COMPACT = 8 };
enum { PUT_PATH_SIZE = 256 };

/* A column to write: n numbers of this machine's type `memory`, stored as `type`. */
struct put {
    const char *name; /* "Muon_pt", or "Events/Muon_pt": the folder is made */
    hid_t type;
    hid_t memory;
    const void *data; /* NULL: made, and not written */
    hsize_t n;
    hsize_t chunk;     /* 0: in one piece */
    unsigned layout;   /* PUT_ bits */
    const char *units; /* NULL: no such attribute */
};

static inline hid_t put_file(const char *folder, const char *name, char path[PUT_PATH_SIZE])
{
    (void)snprintf(path, PUT_PATH_SIZE, "%s/%s", folder, name);
    hid_t file = H5Fcreate(path, H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
    assert_true(file >= 0);
    return file;
}

static inline void put_text(hid_t object, const char *name, const char *text)
{
    hid_t type = H5Tcopy(H5T_C_S1);
    assert_true(H5Tset_size(type, strlen(text) + 1) >= 0);
    hid_t space = H5Screate(H5S_SCALAR);
    hid_t attribute = H5Acreate2(object, name, type, space, H5P_DEFAULT, H5P_DEFAULT);
    assert_true(H5Awrite(attribute, type, text) >= 0);
    (void)H5Aclose(attribute);
    (void)H5Sclose(space);
    (void)H5Tclose(type);
}

/* How a column is stored. The caller closes it. */
static inline hid_t put_layout(hsize_t chunk, unsigned layout)
{
    hid_t plist = H5Pcreate(H5P_DATASET_CREATE);
    if (layout & PUT_COMPACT) {
        assert_true(H5Pset_layout(plist, H5D_COMPACT) >= 0);
    }
    if (chunk > 0) {
        assert_true(H5Pset_chunk(plist, 1, &chunk) >= 0);
    }
    if (layout & PUT_SHUFFLE) {
        assert_true(H5Pset_shuffle(plist) >= 0);
    }
    if (layout & PUT_DEFLATE) {
        assert_true(H5Pset_deflate(plist, 4) >= 0);
    }
    if (layout & PUT_FLETCHER32) {
        assert_true(H5Pset_fletcher32(plist) >= 0);
    }
    return plist;
}

static inline void put_column(hid_t file, const struct put *c)
{
    hid_t layout = put_layout(c->chunk, c->layout);
    hid_t links = H5Pcreate(H5P_LINK_CREATE);
    (void)H5Pset_create_intermediate_group(links, 1);
    const hsize_t most = c->chunk > c->n ? H5S_UNLIMITED : c->n;
    hid_t space = H5Screate_simple(1, &c->n, &most);
    hid_t data = H5Dcreate2(file, c->name, c->type, space, links, layout, H5P_DEFAULT);
    assert_true(data >= 0);
    if (c->data != NULL && c->n > 0) {
        assert_true(H5Dwrite(data, c->memory, H5S_ALL, H5S_ALL, H5P_DEFAULT, c->data) >= 0);
    }
    if (c->units != NULL) {
        put_text(data, "units", c->units);
    }
    (void)H5Dclose(data);
    (void)H5Sclose(space);
    (void)H5Pclose(links);
    (void)H5Pclose(layout);
}

/* IEEE half precision. */
static inline hid_t put_half(H5T_order_t order)
{
    hid_t type = H5Tcopy(H5T_IEEE_F32LE);
    assert_true(H5Tset_fields(type, 15, 10, 5, 0, 10) >= 0 && H5Tset_size(type, 2) >= 0 &&
                H5Tset_ebias(type, 15) >= 0 && H5Tset_order(type, order) >= 0);
    return type;
}

/* An enumeration of two names, for 0 and for `second`, over int8: h5py's boolean. */
static inline hid_t put_enum(const char *zero, const char *one, int8_t second)
{
    hid_t type = H5Tenum_create(H5T_STD_I8LE);
    int8_t first = 0;
    assert_true(H5Tenum_insert(type, zero, &first) >= 0 &&
                H5Tenum_insert(type, one, &second) >= 0);
    return type;
}

/* A fresh folder for a group of tests, as its state. */
static inline int put_make_folder(void **state)
{
    *state = check_make_folder();
    return 0;
}

static inline int put_remove_folder(void **state)
{
    check_remove_folder(*state);
    return 0;
}

#endif
