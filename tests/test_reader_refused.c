/* SPDX-License-Identifier: Apache-2.0 */
/* test_reader_refused.c - what worker/reader.h refuses, and in which words: file, column, rows and
 * reason, as ERROR_INPUT. Each case is a file with one thing wrong. */
#include "tests/support/good_file.h"

#include <math.h>

/* A column with numbers that do not do. The type in the file is the type of this machine. */
static void wrong_numbers_name_column_row_and_value(void **state)
{
    static const int32_t negative[] = {2, 0, -1, 3};
    static const int32_t few[] = {2, 0, 1, 2};
    static const int32_t many[] = {2, 1, 2, 3};
    static const double fraction[] = {2, 0, 1.5, 3};
    static const int64_t huge[] = {1, 1, 3000000000, 1, 1, 1};
    static const uint64_t unsigned_huge[] = {1, 1, UINT64_MAX, 1, 1, 1};
    static const float half[] = {1, 1, 1, 1, 1, 0.5F};
    static const float none[] = {1, NAN, 1, 1, 1, 1};
    static const int8_t two[] = {0, 1, 0, 2};
    static const double nan_weight[] = {1, 1, 1, NAN};
    static const double infinite[] = {1, -INFINITY, 1, 1};
    const struct {
        const char *name;
        hid_t type;
        const void *data;
        hsize_t n;
        const char *part;
    } cases[] = {
        /* clang-format off */
        {"nMuon", H5T_NATIVE_INT32, negative, 4, ": column nMuon: row 2: -1 is no number of objects"},
        {"nMuon", H5T_NATIVE_DOUBLE, fraction, 4, "column nMuon: row 2: 1.5 is no number of objects"},
        {"nMuon", H5T_NATIVE_INT32, few, 4,
            "column nMuon: the counts add up to 5, but Muon_pt has 6 rows"},
        {"nMuon", H5T_NATIVE_INT32, many, 4,
            "column nMuon: row 3: with it the counts add up to 8, but Muon_pt has 6 rows"},
        {"Muon_charge", H5T_NATIVE_INT64, huge, 6,
            "column Muon_charge: row 2: 3000000000 is no whole number of 32 bits"},
        {"Muon_charge", H5T_NATIVE_UINT64, unsigned_huge, 6, "column Muon_charge: row 2: "},
        {"Muon_charge", H5T_NATIVE_FLOAT, half, 6, "row 5: 0.5 is no whole number of 32 bits"},
        {"Muon_charge", H5T_NATIVE_FLOAT, none, 6, "row 1: nan is no whole number of 32 bits"},
        {"HLT", H5T_NATIVE_INT8, two, 4, "column HLT: row 3: 2 is neither 0 nor 1"},
        {"w", H5T_NATIVE_DOUBLE, nan_weight, 4, "column w: row 3: the weight is no number"},
        {"w", H5T_NATIVE_DOUBLE, infinite, 4, "column w: row 1: the weight is infinite"},
        /* and lengths */
        {"phi", H5T_NATIVE_FLOAT, phi, 3, "column phi: 3 rows, but nMuon has 4"},
        {"w", H5T_NATIVE_DOUBLE, weight, 2, "column w: 2 rows, but nMuon has 4"},
        {"Muon_charge", H5T_NATIVE_INT8, charge, 5, "column Muon_charge: 5 rows, but Muon_pt has 6"},
        {"nMuon", H5T_NATIVE_INT32, counts, 0, "column Muon_pt: 6 rows, but nMuon has 0"},
        /* clang-format on */
    };
    char path[PUT_PATH_SIZE];
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        hid_t file = put_file(*state, "numbers.h5", path);
        put_good(file, cases[i].name);
        put_column(file, &(struct put){cases[i].name, cases[i].type, cases[i].type,
                                       cases[i].data, cases[i].n, 0, 0,
                                       strcmp(cases[i].name, "Muon_pt") == 0 ? "GeV" : NULL});
        (void)H5Fclose(file);
        struct error err = {0};
        try_file(path, NULL, &err);
        check_refused(&err, path, cases[i].part);
    }
}

static void missing_columns_are_named_with_what_would_do(void **state)
{
    static const struct {
        const char *name, *part;
    } cases[] = {
        {"Muon_pt", ": no column Muon_pt"},
        {"nMuon", ": no column nMuon, the counter of Muon_pt"},
        {"HLT", ": no column HLT"},
        {"w", ": no column w, the weights"},
        {"a1", ": no a choice: needed are a1 (no a1); or b1 b2 (no b1)"},
    };
    char path[PUT_PATH_SIZE];
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        hid_t file = put_file(*state, "missing.h5", path);
        put_good(file, cases[i].name);
        (void)H5Fclose(file);
        struct error err = {0};
        try_file(path, NULL, &err);
        check_refused(&err, path, cases[i].part);
    }
}

static void units_are_never_guessed(void **state)
{
    static const struct {
        const char *name, *units, *said, *part;
    } cases[] = {
        {"Muon_pt", NULL, NULL,
         "column Muon_pt (Events/Muon_pt): unit unknown; the file has no attribute \"units\": "
         "say units: {energy: GeV} in the run file"},
        {"Muon_pt", NULL, "{\"length\": \"cm\"}", "unit unknown"},
        {"Muon_pt", "furlong", NULL, "unit \"furlong\" is none of GeV, MeV, TeV"},
        {"Muon_pt", "cm", NULL, "unit \"cm\" is none of GeV, MeV, TeV"},
        {"Muon_pt", "gev", NULL, "unit \"gev\" is none of"},
        {"Muon_pt", "MeV", "{\"energy\": \"GeV\"}",
         "unit \"MeV\" in the file, but units: {energy: GeV} in the run file"},
        {"Muon_pt", NULL, "{\"energy\": \"eV\"}", "unit \"eV\" is none of"},
        {"phi", "deg", NULL, "column phi (Events/phi): unit \"deg\"; rad is needed"},
        {"a1", "MeV", NULL, "column a1 (Events/a1): unit \"MeV\"; a number without unit"},
    };
    char path[PUT_PATH_SIZE];
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        hid_t file = put_file(*state, "units.h5", path);
        char name[64];
        (void)snprintf(name, sizeof name, "Events/%s", cases[i].name);
        put_good(file, cases[i].name);
        put_column(file, &(struct put){name, H5T_IEEE_F32LE, H5T_NATIVE_FLOAT, pt,
                                       cases[i].name[0] == 'M' ? MUONS : EVENTS, 0, 0,
                                       cases[i].units});
        (void)H5Fclose(file);
        struct error err = {0};
        try_file(path, cases[i].said, &err);
        check_refused(&err, path, cases[i].part);
    }
}

/* "phi" of this type and these dimensions, without values. */
static void put_shape(hid_t file, hid_t type, int rank)
{
    static const hsize_t dims[] = {EVENTS, 1, 1};
    hid_t space = rank < 0 ? H5Screate(H5S_NULL) : H5Screate_simple(rank, dims, NULL);
    hid_t layout = H5Pcreate(H5P_DATASET_CREATE);
    (void)H5Pset_alloc_time(layout, H5D_ALLOC_TIME_EARLY);
    hid_t data = H5Dcreate2(file, "phi", type, space, H5P_DEFAULT, layout, H5P_DEFAULT);
    assert_true(data >= 0);
    (void)H5Dclose(data);
    (void)H5Pclose(layout);
    (void)H5Sclose(space);
}

static hid_t odd_float(void)
{
    hid_t type = H5Tcopy(H5T_IEEE_F32LE);
    assert_true(H5Tset_ebias(type, 100) >= 0);
    return type;
}

static hid_t odd_integer(void)
{
    hid_t type = H5Tcopy(H5T_STD_I32LE);
    assert_true(H5Tset_precision(type, 17) >= 0);
    return type;
}

static hid_t compound(void)
{
    hid_t type = H5Tcreate(H5T_COMPOUND, 8);
    assert_true(H5Tinsert(type, "x", 0, H5T_IEEE_F64LE) >= 0);
    return type;
}

static void types_and_shapes_that_are_no_list_of_numbers_are_refused(void **state)
{
    static const hsize_t two = 2;
    const struct {
        hid_t type;
        int rank;
        const char *part;
    } cases[] = {
        {compound(), 1, "column phi: its type is a compound; a number or a boolean is needed"},
        {H5Tcopy(H5T_C_S1), 1, "its type is text"},
        {H5Tvlen_create(H5T_NATIVE_INT), 1, "a list of variable length"},
        {H5Tarray_create2(H5T_NATIVE_INT, 1, &two), 1, "an array"},
        {H5Tcreate(H5T_OPAQUE, 4), 1, "opaque bytes"},
        {H5Tcopy(H5T_STD_REF_OBJ), 1, "a reference"},
        {H5Tcopy(H5T_STD_B32LE), 1, "a bit field"},
        {H5Tcopy(H5T_NATIVE_LDOUBLE), 1, "not IEEE of 2, 4 or 8 bytes"},
        {odd_float(), 1, "not IEEE of 2, 4 or 8 bytes"},
        {odd_integer(), 1, "an integer of an unusual layout"},
        {put_enum("NO", "YES", 1), 1, "an enumeration other than FALSE = 0, TRUE = 1"},
        {put_enum("FALSE", "TRUE", 2), 1, "an enumeration other than"},
        {put_enum("TRUE", "FALSE", 1), 1, "an enumeration other than"},
        {H5Tcopy(H5T_IEEE_F32LE), 0, "column phi: it has 0 dimensions; 1 is needed"},
        {H5Tcopy(H5T_IEEE_F32LE), 2, "it has 2 dimensions"},
        {H5Tcopy(H5T_IEEE_F32LE), -1, "it has 0 dimensions"},
    };
    char path[PUT_PATH_SIZE];
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        hid_t file = put_file(*state, "types.h5", path);
        put_good(file, "phi");
        put_shape(file, cases[i].type, cases[i].rank);
        (void)H5Fclose(file);
        (void)H5Tclose(cases[i].type);
        struct error err = {0};
        try_file(path, NULL, &err);
        check_refused(&err, path, cases[i].part);
    }
}

static void reals_are_no_booleans_and_attributes_of_units_are_texts(void **state)
{
    char path[PUT_PATH_SIZE];
    struct error err = {0};
    hid_t file = put_file(*state, "boolean.h5", path);
    put_good(file, "HLT");
    put_column(file,
               &(struct put){"HLT", H5T_IEEE_F64BE, H5T_NATIVE_FLOAT, phi, EVENTS, 0, 0, NULL});
    (void)H5Fclose(file);
    try_file(path, NULL, &err);
    check_refused(&err, path,
                  "column HLT: its type is float64be; a boolean or an integer is needed");

    file = put_file(*state, "attribute.h5", path);
    put_good(file, "");
    hid_t data = H5Dopen2(file, "phi", H5P_DEFAULT);
    put_text(data, "unit", "a text that is far longer than any unit is");
    (void)H5Dclose(data);
    (void)H5Fclose(file);
    try_file(path, NULL, &err);
    check_refused(&err, path, "column phi: its attribute \"unit\" is no short text");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wrong_numbers_name_column_row_and_value),
        cmocka_unit_test(missing_columns_are_named_with_what_would_do),
        cmocka_unit_test(units_are_never_guessed),
        cmocka_unit_test(types_and_shapes_that_are_no_list_of_numbers_are_refused),
        cmocka_unit_test(reals_are_no_booleans_and_attributes_of_units_are_texts),
    };
    return cmocka_run_group_tests(tests, put_make_folder, put_remove_folder);
}
