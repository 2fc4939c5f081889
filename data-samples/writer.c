/* SPDX-License-Identifier: Apache-2.0 */
/* writer.c - see writer.h */
#include "data-samples/writer.h"

#include <hdf5.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "data-samples/pack.h"

const char *const writer_layout[LAYOUTS] = {"deflate", "zstd", "lz4", "chunked", "contiguous"};

enum {
    CHUNK_ROWS = 4096,
    PACKED_CHUNK_ROWS = 65536, /* faster decompressors want more at a time */
    PATH_BYTES = 4096,
};

struct row {
    struct event_id id;
    uint32_t n[FLAVOURS];
    float met_pt, met_phi;
    int8_t trigger_double_muon;
};

struct writer {
    struct contents contents;
    struct row *row;
    size_t n_rows, room_rows;
    struct measured_lepton *lepton[FLAVOURS];
    size_t n_leptons[FLAVOURS], room_leptons[FLAVOURS];
};

enum group { GROUP_MUON = FLAVOUR_MUON, GROUP_ELECTRON = FLAVOUR_ELECTRON, GROUP_EVENT };
enum when { ALWAYS, IN_SIMULATION, WITH_TRACKING };

/* One column: its name, and which member of the rows or leptons it is. */
struct column {
    const char *name;
    enum group group;
    enum element element;
    enum when when;
    const char *units; /* floating columns only */
    size_t offset;
};

#define OF_EVENT(member)  offsetof(struct row, member)
#define OF_LEPTON(member) offsetof(struct measured_lepton, member)

/* clang-format off */
static const struct column columns[] = {
    {"run",             GROUP_EVENT, ELEMENT_U32, ALWAYS, NULL, OF_EVENT(id.run)},
    {"luminosityBlock", GROUP_EVENT, ELEMENT_U32, ALWAYS, NULL, OF_EVENT(id.lumi)},
    {"event",           GROUP_EVENT, ELEMENT_U64, ALWAYS, NULL, OF_EVENT(id.event)},
    {"genWeight",       GROUP_EVENT, ELEMENT_F32, IN_SIMULATION, "1", OF_EVENT(id.weight)},
    {"MET_pt",          GROUP_EVENT, ELEMENT_F32, ALWAYS, "GeV", OF_EVENT(met_pt)},
    {"MET_phi",         GROUP_EVENT, ELEMENT_F32, ALWAYS, "rad", OF_EVENT(met_phi)},
    {"HLT_DoubleMu",    GROUP_EVENT, ELEMENT_BOOL, ALWAYS, NULL,
     OF_EVENT(trigger_double_muon)},

    {"nMuon",              GROUP_EVENT, ELEMENT_U32, ALWAYS, NULL, OF_EVENT(n[FLAVOUR_MUON])},
    {"Muon_pt",            GROUP_MUON, ELEMENT_F32, ALWAYS, "GeV", OF_LEPTON(pt)},
    {"Muon_eta",           GROUP_MUON, ELEMENT_F32, ALWAYS, "1",   OF_LEPTON(eta)},
    {"Muon_phi",           GROUP_MUON, ELEMENT_F32, ALWAYS, "rad", OF_LEPTON(phi)},
    {"Muon_mass",          GROUP_MUON, ELEMENT_F32, ALWAYS, "GeV", OF_LEPTON(mass)},
    {"Muon_charge",        GROUP_MUON, ELEMENT_I32, ALWAYS, NULL,  OF_LEPTON(charge)},
    {"Muon_pfRelIso04_all", GROUP_MUON, ELEMENT_F32, ALWAYS, "1",  OF_LEPTON(isolation)},
    {"Muon_dxy",           GROUP_MUON, ELEMENT_F32, ALWAYS, "cm",  OF_LEPTON(dxy)},
    {"Muon_dz",            GROUP_MUON, ELEMENT_F32, ALWAYS, "cm",  OF_LEPTON(dz)},
    {"Muon_dxyErr",        GROUP_MUON, ELEMENT_F32, ALWAYS, "cm",  OF_LEPTON(dxy_err)},
    {"Muon_dzErr",         GROUP_MUON, ELEMENT_F32, ALWAYS, "cm",  OF_LEPTON(dz_err)},
    {"Muon_sip3d",         GROUP_MUON, ELEMENT_F32, WITH_TRACKING, "1", OF_LEPTON(sip3d)},

    {"nElectron",          GROUP_EVENT, ELEMENT_U32, ALWAYS, NULL,
     OF_EVENT(n[FLAVOUR_ELECTRON])},
    {"Electron_pt",        GROUP_ELECTRON, ELEMENT_F32, ALWAYS, "GeV", OF_LEPTON(pt)},
    {"Electron_eta",       GROUP_ELECTRON, ELEMENT_F32, ALWAYS, "1",   OF_LEPTON(eta)},
    {"Electron_phi",       GROUP_ELECTRON, ELEMENT_F32, ALWAYS, "rad", OF_LEPTON(phi)},
    {"Electron_mass",      GROUP_ELECTRON, ELEMENT_F32, ALWAYS, "GeV", OF_LEPTON(mass)},
    {"Electron_charge",    GROUP_ELECTRON, ELEMENT_I32, ALWAYS, NULL,  OF_LEPTON(charge)},
    {"Electron_pfRelIso03_all", GROUP_ELECTRON, ELEMENT_F32, ALWAYS, "1",
     OF_LEPTON(isolation)},
    {"Electron_dxy",       GROUP_ELECTRON, ELEMENT_F32, ALWAYS, "cm",  OF_LEPTON(dxy)},
    {"Electron_dz",        GROUP_ELECTRON, ELEMENT_F32, ALWAYS, "cm",  OF_LEPTON(dz)},
    {"Electron_dxyErr",    GROUP_ELECTRON, ELEMENT_F32, ALWAYS, "cm",  OF_LEPTON(dxy_err)},
    {"Electron_dzErr",     GROUP_ELECTRON, ELEMENT_F32, ALWAYS, "cm",  OF_LEPTON(dz_err)},
    {"Electron_sip3d",     GROUP_ELECTRON, ELEMENT_F32, WITH_TRACKING, "1",
     OF_LEPTON(sip3d)},
    {"Electron_lostHits",  GROUP_ELECTRON, ELEMENT_I32, WITH_TRACKING, NULL,
     OF_LEPTON(lost_hits)},
};
/* clang-format on */

enum { COLUMNS = sizeof columns / sizeof columns[0] };

struct writer *writer_create(const struct contents *contents, struct error *err)
{
    struct writer *w = calloc(1, sizeof *w);
    if (w == NULL) {
        error_no_memory(err, "events");
        return NULL;
    }
    w->contents = *contents;
    return w;
}

void writer_destroy(struct writer *w)
{
    if (w == NULL) {
        return;
    }
    for (int f = 0; f < FLAVOURS; f++) {
        free(w->lepton[f]);
    }
    free(w->row);
    free(w);
}

uint64_t writer_count(const struct writer *w)
{
    return w->n_rows;
}

/* Makes room for `wanted` elements of `size` bytes; returns the array, moved or not, or NULL,
 * and then the old one is as it was. */
static void *grow(void *array, size_t *room, size_t wanted, size_t size, struct error *err)
{
    if (wanted <= *room) {
        return array;
    }
    size_t new_room = wanted + wanted / 2 + 1024;
    void *moved = realloc(array, new_room * size);
    if (moved == NULL) {
        error_no_memory(err, "events");
        return NULL;
    }
    *room = new_room;
    return moved;
}

static int add_leptons(struct writer *w, int flavour, const struct measured *m,
                       struct error *err)
{
    size_t n = (size_t)m->n[flavour];
    size_t at = w->n_leptons[flavour];
    if (n == 0) {
        return 0;
    }
    struct measured_lepton *list =
        grow(w->lepton[flavour], &w->room_leptons[flavour], at + n, sizeof *list, err);
    if (list == NULL) {
        return -1;
    }
    w->lepton[flavour] = list;
    memcpy(&list[at], m->lepton[flavour], n * sizeof *list);
    w->n_leptons[flavour] = at + n;
    return 0;
}

int writer_add(struct writer *w, const struct event_id *id, const struct measured *m,
               struct error *err)
{
    struct row *rows = grow(w->row, &w->room_rows, w->n_rows + 1, sizeof *rows, err);
    if (rows == NULL) {
        return -1;
    }
    w->row = rows;
    struct row *row = &rows[w->n_rows];
    row->id = *id;
    row->met_pt = m->met_pt;
    row->met_phi = m->met_phi;
    row->trigger_double_muon = m->trigger_double_muon ? 1 : 0;
    for (int f = 0; f < FLAVOURS; f++) {
        row->n[f] = (uint32_t)m->n[f];
        if (add_leptons(w, f, m, err) != 0) {
            return -1;
        }
    }
    w->n_rows++;
    return 0;
}

static size_t element_bytes(enum element element)
{
    static const size_t bytes[] = {[ELEMENT_F32] = 4,
                                   [ELEMENT_I32] = 4,
                                   [ELEMENT_U32] = 4,
                                   [ELEMENT_U64] = 8,
                                   [ELEMENT_BOOL] = 1};
    return bytes[element];
}

/* As h5py writes a boolean: an enumeration of two over a signed byte. */
static hid_t boolean_type(void)
{
    hid_t type = H5Tenum_create(H5T_STD_I8LE);
    int8_t no = 0;
    int8_t yes = 1;
    H5Tenum_insert(type, "FALSE", &no);
    H5Tenum_insert(type, "TRUE", &yes);
    return type;
}

/* A type of the file, little-endian on every machine; the caller closes it. */
static hid_t file_type(enum element element)
{
    switch (element) {
    case ELEMENT_F32:
        return H5Tcopy(H5T_IEEE_F32LE);
    case ELEMENT_I32:
        return H5Tcopy(H5T_STD_I32LE);
    case ELEMENT_U32:
        return H5Tcopy(H5T_STD_U32LE);
    case ELEMENT_U64:
        return H5Tcopy(H5T_STD_U64LE);
    case ELEMENT_BOOL:
        break;
    }
    return boolean_type();
}

static enum pack_filter packed_by(enum layout layout)
{
    static const enum pack_filter filter[LAYOUTS] = {
        [LAYOUT_ZSTD] = PACK_ZSTD, [LAYOUT_LZ4] = PACK_LZ4};
    return filter[layout];
}

static hsize_t chunk_rows(const struct writer_column *c)
{
    return c->n < c->chunk_rows ? c->n : c->chunk_rows;
}

/* The layout of a column. HDF5 takes no chunk larger than a fixed extent, so a
 * short column is one chunk, and an empty one has none. No times are kept in the file: the
 * same events give the same bytes. */
static hid_t creation_properties(const struct writer_column *c, enum layout layout)
{
    hid_t properties = H5Pcreate(H5P_DATASET_CREATE);
    H5Pset_obj_track_times(properties, 0);
    if (layout == LAYOUT_CONTIGUOUS || c->n == 0) {
        return properties;
    }
    hsize_t chunk = chunk_rows(c);
    H5Pset_chunk(properties, 1, &chunk);
    if (packed_by(layout) != PACK_NONE) {
        H5Pset_shuffle(properties);
        H5Pset_filter(properties, (H5Z_filter_t)packed_by(layout), H5Z_FLAG_OPTIONAL, 0, NULL);
    }
    if (layout == LAYOUT_DEFLATE) {
        H5Pset_shuffle(properties);
        H5Pset_deflate(properties, 1);
        H5Pset_fletcher32(properties);
    }
    return properties;
}

static int write_text_attribute(hid_t object, const char *name, const char *text)
{
    hid_t type = H5Tcopy(H5T_C_S1);
    H5Tset_size(type, strlen(text) + 1);
    hid_t space = H5Screate(H5S_SCALAR);
    hid_t attribute = H5Acreate2(object, name, type, space, H5P_DEFAULT, H5P_DEFAULT);
    int rc = attribute < 0 || H5Awrite(attribute, type, text) < 0 ? -1 : 0;
    if (attribute >= 0) {
        H5Aclose(attribute);
    }
    H5Sclose(space);
    H5Tclose(type);
    return rc;
}

/* The chunks of a column as they are stored, made here: HDF5 would want a plugin. The last one is
 * filled up with zeros. */
static int write_packed(hid_t set, const struct writer_column *c, enum layout layout,
                        hid_t memory, hid_t type)
{
    hsize_t rows = chunk_rows(c);
    size_t element = H5Tget_size(type);
    size_t bytes = (size_t)rows * element;
    struct pack *pack = pack_create(packed_by(layout), bytes, element, NULL);
    char *chunk = malloc(bytes);
    int rc = pack == NULL || chunk == NULL ? -1 : 0;
    for (hsize_t first = 0; rc == 0 && first < c->n; first += rows) {
        size_t there = c->n - first < rows ? (size_t)(c->n - first) * element : bytes;
        memset(chunk, 0, bytes);
        memcpy(chunk, (const char *)c->values + first * element, there);
        size_t size = 0;
        const void *packed =
            H5Tconvert(memory, type, (size_t)rows, chunk, NULL, H5P_DEFAULT) < 0
                ? NULL
                : pack_chunk(pack, chunk, &size, NULL);
        rc = packed == NULL || H5Dwrite_chunk(set, H5P_DEFAULT, 0, &first, size, packed) < 0
                 ? -1
                 : 0;
    }
    free(chunk);
    pack_destroy(pack);
    return rc;
}

static int write_values(hid_t file, const struct writer_column *c, enum layout layout)
{
    hsize_t extent = c->n;
    hid_t space = H5Screate_simple(1, &extent, NULL);
    hid_t properties = creation_properties(c, layout);
    hid_t type = file_type(c->element);
    hid_t memory = H5Tget_native_type(type, H5T_DIR_DEFAULT);
    hid_t set = H5Dcreate2(file, c->name, type, space, H5P_DEFAULT, properties, H5P_DEFAULT);
    int rc = set < 0 ? -1 : 0;
    if (rc == 0 && c->n > 0) {
        rc = packed_by(layout) != PACK_NONE ? write_packed(set, c, layout, memory, type)
             : H5Dwrite(set, memory, H5S_ALL, H5S_ALL, H5P_DEFAULT, c->values) < 0 ? -1
                                                                                   : 0;
    }
    if (rc == 0 && c->units != NULL) {
        rc = write_text_attribute(set, "units", c->units);
    }
    if (set >= 0 && H5Dclose(set) < 0) {
        rc = -1;
    }
    H5Tclose(type);
    H5Pclose(properties);
    H5Sclose(space);
    return rc;
}

static int write_column(const struct writer *w, hid_t file, const struct column *c,
                        enum layout layout, struct error *err)
{
    bool event = c->group == GROUP_EVENT;
    const char *first = event ? (const char *)w->row : (const char *)w->lepton[c->group];
    size_t stride = event ? sizeof(struct row) : sizeof(struct measured_lepton);
    size_t n = event ? w->n_rows : w->n_leptons[c->group];
    size_t bytes = element_bytes(c->element);
    char *buffer = calloc(n + 1, bytes);
    if (buffer == NULL) {
        return error_no_memory(err, c->name);
    }
    for (size_t i = 0; i < n; i++) {
        memcpy(buffer + i * bytes, first + i * stride + c->offset, bytes);
    }
    const struct writer_column whole = {
        .name = c->name,
        .element = c->element,
        .units = c->units,
        .chunk_rows = packed_by(layout) == PACK_NONE ? CHUNK_ROWS : PACKED_CHUNK_ROWS,
        .n = n,
        .values = buffer};
    int rc = write_values(file, &whole, layout);
    free(buffer);
    return rc == 0 ? 0 : error_set(err, ERROR_SYSTEM, "HDF5 cannot write %s", c->name);
}

static bool is_wanted(const struct writer *w, const struct column *c)
{
    return c->when == ALWAYS || (c->when == IN_SIMULATION && w->contents.simulation) ||
           (c->when == WITH_TRACKING && w->contents.tracking);
}

/* What a file shall hold, and what writes it. */
struct content {
    int (*write)(const struct content *content, hid_t file, enum layout layout,
                 struct error *err);
    const struct writer *writer;        /* write_events */
    const struct writer_column *column; /* write_columns: [n_columns] */
    size_t n_columns;
};

static int write_events(const struct content *content, hid_t file, enum layout layout,
                        struct error *err)
{
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < COLUMNS; i++) {
        if (is_wanted(content->writer, &columns[i])) {
            rc = write_column(content->writer, file, &columns[i], layout, err);
        }
    }
    return rc;
}

static int write_columns(const struct content *content, hid_t file, enum layout layout,
                         struct error *err)
{
    for (size_t i = 0; i < content->n_columns; i++) {
        if (write_values(file, &content->column[i], layout) != 0) {
            return error_set(err, ERROR_SYSTEM, "HDF5 cannot write %s",
                             content->column[i].name);
        }
    }
    return 0;
}

static int write_file(const struct content *content, const char *path, enum layout layout,
                      const char *generator, struct error *err)
{
    H5Eset_auto2(H5E_DEFAULT, NULL, NULL); /* we report in our own words */
    hid_t file = H5Fcreate(path, H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
    if (file < 0) {
        return error_set(err, ERROR_SYSTEM, "cannot be created");
    }
    int rc = 0;
    if (write_text_attribute(file, "generator", generator) != 0) {
        rc = error_set(err, ERROR_SYSTEM, "HDF5 cannot write an attribute");
    }
    if (rc == 0) {
        rc = content->write(content, file, layout, err);
    }
    if (H5Fclose(file) < 0 && rc == 0) {
        rc = error_set(err, ERROR_SYSTEM, "cannot be completed; is the disk full?");
    }
    return rc;
}

static int save(const struct content *content, const char *path, enum layout layout,
                const char *generator, struct error *err)
{
    char temporary[PATH_BYTES];
    int length = snprintf(temporary, sizeof temporary, "%s.part", path);
    if (length < 0 || (size_t)length >= sizeof temporary) {
        return error_set(err, ERROR_INPUT, "%.100s...: path too long", path);
    }
    if (write_file(content, temporary, layout, generator, err) != 0) {
        unlink(temporary);
        return error_prefix(err, "%s", path);
    }
    if (rename(temporary, path) != 0) {
        unlink(temporary);
        return error_set(err, ERROR_SYSTEM, "%s: cannot be renamed to", path);
    }
    return 0;
}

int writer_save(const struct writer *w, const char *path, enum layout layout,
                const char *generator, struct error *err)
{
    const struct content content = {.write = write_events, .writer = w};
    return save(&content, path, layout, generator, err);
}

int writer_save_columns(const struct writer_column *column, size_t n_columns, const char *path,
                        enum layout layout, const char *generator, struct error *err)
{
    const struct content content = {
        .write = write_columns, .column = column, .n_columns = n_columns};
    return save(&content, path, layout, generator, err);
}
