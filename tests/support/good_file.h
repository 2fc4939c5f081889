/* SPDX-License-Identifier: Apache-2.0 */
/* good_file.h - a small file that has all that an analysis needs, for tests that put one thing
 * wrong in it. */
#ifndef TESTS_SUPPORT_GOOD_FILE_H
#define TESTS_SUPPORT_GOOD_FILE_H

#include "tests/support/hdf5_file.h"

#include "worker/lane.h"
#include "worker/reader.h"

/* Two muon columns with their counter, one value an event, an energy, a boolean, weights. */
static const struct need good_needs[] = {
    {.name = "Muon_pt", .counter = "nMuon", .type = COLUMN_REAL, .unit = UNIT_GEV},
    {.name = "Muon_charge", .counter = "nMuon", .type = COLUMN_INTEGER},
    {.name = "phi", .type = COLUMN_REAL, .unit = UNIT_RAD},
    {.name = "HLT", .type = COLUMN_BOOLEAN},
    {.name = "a1", .type = COLUMN_REAL, .group = "a choice", .alternative = 1},
    {.name = "b1", .type = COLUMN_REAL, .group = "a choice", .alternative = 2},
    {.name = "b2", .type = COLUMN_REAL, .group = "a choice", .alternative = 2},
};
static const struct analysis good_analysis = {
    .name = "all", .need = good_needs, .n_needs = ARRAY_LENGTH(good_needs)};

enum { EVENTS = 4, MUONS = 6 };
static const float pt[MUONS] = {10, 20, 30, 40, 50, 60};
static const int8_t charge[MUONS] = {1, -1, 1, 1, -1, -1};
static const int32_t counts[EVENTS] = {2, 0, 1, 3};
static const float phi[EVENTS] = {0, 1, 2, 3};
static const int8_t hlt[EVENTS] = {0, 1, 1, 0};
static const double weight[EVENTS] = {1, 1, 1, 1};

/* The good columns, by name; a case replaces one of them. */
static inline void put_good(hid_t file, const char *but)
{
    const struct put columns[] = {
        {"Muon_pt", H5T_IEEE_F32LE, H5T_NATIVE_FLOAT, pt, MUONS, 0, 0, "GeV"},
        {"Muon_charge", H5T_STD_I8LE, H5T_NATIVE_INT8, charge, MUONS, 0, 0, NULL},
        {"nMuon", H5T_STD_I32LE, H5T_NATIVE_INT32, counts, EVENTS, 0, 0, NULL},
        {"phi", H5T_IEEE_F32LE, H5T_NATIVE_FLOAT, phi, EVENTS, 0, 0, NULL},
        {"HLT", H5T_STD_I8LE, H5T_NATIVE_INT8, hlt, EVENTS, 0, 0, NULL},
        {"a1", H5T_IEEE_F32LE, H5T_NATIVE_FLOAT, phi, EVENTS, 0, 0, NULL},
        {"w", H5T_IEEE_F64LE, H5T_NATIVE_DOUBLE, weight, EVENTS, 0, 0, NULL},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(columns); i++) {
        if (strcmp(columns[i].name, but) != 0) {
            put_column(file, &columns[i]);
        }
    }
}

/* Opens, inspects and reads all; the first error, or none. */
static inline void try_file(const char *path, const char *said, struct error *err)
{
    static const struct settings no_settings;
    json_t *units = said == NULL ? NULL : json_loads(said, 0, NULL);
    const struct reader_request request = {
        .analysis = &good_analysis, .settings = &no_settings, .weight = "w", .units = units};
    struct reader *r = reader_open(path, &request, err);
    json_t *found = r == NULL ? NULL : reader_inspect(r, NULL, err);
    const struct batch *batch = NULL;
    struct lane *lane = found == NULL ? NULL : reader_lane(r, 0, err);
    if (lane != NULL) {
        (void)lane_read(lane, 0, reader_rows(r), &batch, err);
    }
    json_decref(found);
    reader_close(r);
    json_decref(units);
}

static inline void check_refused(const struct error *err, const char *path, const char *part)
{
    if (err->kind != ERROR_INPUT) {
        fail_msg("%s error '%s' where '%s' was expected", error_kind_name(err->kind), err->text,
                 part);
    }
    check_contains(err->text, path);
    check_contains(err->text, part);
}

#endif
