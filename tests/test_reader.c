/* SPDX-License-Identifier: Apache-2.0 */
/* test_reader.c - see worker/reader.h. Numbers, units, names, weights; objects stand in
 * test_reader_jagged.c, what is refused in test_reader_refused.c and test_reader_hostile.c. */
#include "tests/support/hdf5_file.h"

#include "tests/support/open_reader.h"

#include <math.h>

/* A number that came, in whichever of the two types; NaN where there is none. */
static double real_of(const struct batch *b, size_t need, size_t i)
{
    const struct column *c = &b->column[need];
    return c->f32 != NULL || c->f64 != NULL ? column_real(c, i) : NAN;
}

enum { N = 101 };

static const struct layout {
    hsize_t chunk;
    unsigned bits;
} layouts[] = {
    {0, 0},
    {0, PUT_COMPACT},
    {10, 0},
    {N, PUT_DEFLATE},
    {33, PUT_DEFLATE},
    {33, PUT_FLETCHER32},
    {7, PUT_SHUFFLE | PUT_DEFLATE},
    {64, PUT_SHUFFLE | PUT_DEFLATE | PUT_FLETCHER32},
    {1000, PUT_SHUFFLE},
};

static const size_t block_sizes[] = {1, 7, 100, N};

enum { N_TYPES = 22 };

static void all_types(hid_t type[N_TYPES])
{
    const hid_t known[] = {
        /* clang-format off */
        H5T_IEEE_F32LE, H5T_IEEE_F32BE, H5T_IEEE_F64LE, H5T_IEEE_F64BE,
        H5T_STD_I8LE, H5T_STD_I8BE, H5T_STD_I16LE, H5T_STD_I16BE, H5T_STD_I32LE, H5T_STD_I32BE,
        H5T_STD_I64LE, H5T_STD_I64BE, H5T_STD_U8LE, H5T_STD_U8BE, H5T_STD_U16LE, H5T_STD_U16BE,
        H5T_STD_U32LE, H5T_STD_U32BE, H5T_STD_U64LE, H5T_STD_U64BE,
        /* clang-format on */
    };
    for (size_t i = 0; i < ARRAY_LENGTH(known); i++) {
        type[i] = H5Tcopy(known[i]);
    }
    type[N_TYPES - 2] = put_half(H5T_ORDER_LE);
    type[N_TYPES - 1] = put_half(H5T_ORDER_BE);
}

/* Both needs are met by one column: as a number, and as an integer. */
static const struct need number_needs[] = {
    {.name = "x", .type = COLUMN_REAL},
    {.name = "x", .type = COLUMN_INTEGER},
};
static const struct analysis numbers = {.name = "numbers", .need = number_needs, .n_needs = 2};

static void check_numbers(struct reader *r, size_t block, bool single)
{
    for (size_t first = 0; first < N; first += block) {
        size_t stop = size_min(first + block, N);
        const struct batch *b = read_rows(r, first, stop);
        assert_true(single ? b->column[0].f32 != NULL : b->column[0].f64 != NULL);
        assert_null(b->column[0].offset);
        for (size_t i = 0; i < stop - first; i++) {
            assert_true(real_of(b, 0, i) == (double)(first + i));
            assert_int_equal(b->column[1].i32[i], first + i);
        }
    }
}

static void every_type_order_layout_and_block_size_gives_the_same_numbers(void **state)
{
    char path[PUT_PATH_SIZE];
    double values[N];
    hid_t types[N_TYPES];
    all_types(types);
    for (size_t i = 0; i < N; i++) {
        values[i] = (double)i;
    }
    for (size_t k = 0; k < N_TYPES * ARRAY_LENGTH(layouts); k++) {
        const struct layout *l = &layouts[k / N_TYPES];
        hid_t type = types[k % N_TYPES];
        hid_t file = put_file(*state, "types.h5", path);
        put_column(file, &(struct put){"x", type, H5T_NATIVE_DOUBLE, values, N, l->chunk,
                                       l->bits, NULL});
        (void)H5Fclose(file);
        bool single = H5Tget_class(type) == H5T_FLOAT && H5Tget_size(type) < sizeof(double);
        struct reader *r = open_with(path, &numbers, NULL, NULL, NULL);
        assert_int_equal(reader_rows(r), N);
        for (size_t b = 0; b < ARRAY_LENGTH(block_sizes); b++) {
            check_numbers(r, block_sizes[b], single);
        }
        reader_close(r);
    }
    for (size_t i = 0; i < N_TYPES; i++) {
        (void)H5Tclose(types[i]);
    }
}

static void negative_and_extreme_numbers_survive(void **state)
{
    static const double values[] = {-1, 0, 2147483647, -2147483648.0};
    const hid_t types[] = {H5T_IEEE_F64BE, H5T_STD_I64BE, H5T_STD_I32LE};
    char path[PUT_PATH_SIZE];
    for (size_t t = 0; t < ARRAY_LENGTH(types); t++) {
        hid_t file = put_file(*state, "extreme.h5", path);
        put_column(file,
                   &(struct put){"x", types[t], H5T_NATIVE_DOUBLE, values, 4, 0, 0, NULL});
        (void)H5Fclose(file);
        struct reader *r = open_with(path, &numbers, NULL, NULL, NULL);
        const struct batch *b = read_rows(r, 0, 4);
        for (size_t i = 0; i < 4; i++) {
            assert_true(real_of(b, 0, i) == values[i]);
            assert_true(b->column[1].i32[i] == (int32_t)values[i]);
        }
        reader_close(r);
    }
}

static const struct need real_need[] = {{.name = "x", .type = COLUMN_REAL}};
static const struct analysis real_analysis = {.name = "real", .need = real_need, .n_needs = 1};

/* What is no number is counted by histograms; the reader hands it on. */
static void nan_infinity_and_denormals_come_as_they_are(void **state)
{
    static const float values[] = {NAN, INFINITY, -INFINITY, 1e-45F, -0.0F, 3e38F};
    char path[PUT_PATH_SIZE];
    hid_t file = put_file(*state, "nan.h5", path);
    put_column(file, &(struct put){"x", H5T_IEEE_F32BE, H5T_NATIVE_FLOAT, values, 6, 2,
                                   PUT_SHUFFLE | PUT_DEFLATE, NULL});
    (void)H5Fclose(file);
    struct reader *r = open_with(path, &real_analysis, NULL, NULL, NULL);
    const struct batch *b = read_rows(r, 0, 6);
    assert_true(isnan(b->column[0].f32[0]));
    assert_memory_equal(b->column[0].f32 + 1, values + 1, 5 * sizeof values[0]);
    reader_close(r);
}

static const struct need flag_need[] = {{.name = "HLT", .type = COLUMN_BOOLEAN}};
static const struct analysis flags = {.name = "flags", .need = flag_need, .n_needs = 1};

static void booleans_are_enumerations_bit_fields_or_integers(void **state)
{
    static const int8_t values[] = {1, 0, 0, 1, 1};
    char path[PUT_PATH_SIZE];
    hid_t types[] = {put_enum("FALSE", "TRUE", 1), put_enum("false", "true", 1),
                     H5Tcopy(H5T_STD_B8LE), H5Tcopy(H5T_STD_I8LE), H5Tcopy(H5T_STD_U8BE)};
    for (size_t t = 0; t < ARRAY_LENGTH(types); t++) {
        hid_t file = put_file(*state, "flags.h5", path);
        put_column(file, &(struct put){"Events/HLT", types[t], types[t], values, 5, 2,
                                       PUT_DEFLATE, NULL});
        (void)H5Fclose(file);
        struct reader *r = open_with(path, &flags, NULL, NULL, NULL);
        assert_memory_equal(read_rows(r, 0, 5)->column[0].flag, values, sizeof values);
        reader_close(r);
        (void)H5Tclose(types[t]);
    }
}

static const struct need unit_needs[] = {
    {.name = "E", .type = COLUMN_REAL, .unit = UNIT_GEV},
    {.name = "d", .type = COLUMN_REAL, .unit = UNIT_CM},
};
static const struct analysis units = {.name = "units", .need = unit_needs, .n_needs = 2};

static void energies_and_lengths_come_in_gev_and_cm_rounded_once(void **state)
{
    static const struct {
        const char *energy, *length; /* in the file */
        const char *said;            /* in the run file */
        double times, over, length_times, length_over;
    } cases[] = {
        {"GeV", "cm", NULL, 1, 1, 1, 1},
        {"MeV", "mm", NULL, 1, 1000, 1, 10},
        {"TeV", "um", NULL, 1000, 1, 1, 10000},
        {"MeV/c^2", "m", NULL, 1, 1000, 100, 1},
        {NULL, NULL, "{\"energy\": \"MeV\", \"length\": \"mm\"}", 1, 1000, 1, 10},
        {"GeV", NULL, "{\"energy\": \"GeV\", \"length\": \"cm\"}", 1, 1, 1, 1},
    };
    static const float values[] = {0.1F, 105.658F, 3.0969e3F, 7};
    char path[PUT_PATH_SIZE];
    for (size_t k = 0; k < ARRAY_LENGTH(cases); k++) {
        hid_t file = put_file(*state, "units.h5", path);
        put_column(file, &(struct put){"E", H5T_IEEE_F32LE, H5T_NATIVE_FLOAT, values, 4, 0, 0,
                                       cases[k].energy});
        put_column(file, &(struct put){"d", H5T_IEEE_F32LE, H5T_NATIVE_FLOAT, values, 4, 0, 0,
                                       cases[k].length});
        (void)H5Fclose(file);
        struct reader *r = open_with(path, &units, NULL, NULL, cases[k].said);
        const struct batch *b = read_rows(r, 0, 4);
        bool as_stored = cases[k].times * cases[k].over == 1;
        assert_true(as_stored ? b->column[0].f32 != NULL : b->column[0].f64 != NULL);
        for (size_t i = 0; i < 4; i++) {
            double x = values[i];
            assert_true(real_of(b, 0, i) == x * cases[k].times / cases[k].over);
            assert_true(real_of(b, 1, i) == x * cases[k].length_times / cases[k].length_over);
        }
        reader_close(r);
    }
}

static void the_digest_follows_layout_and_not_the_path(void **state)
{
    static const int32_t values[] = {1, 2, 3, 4};
    static const struct layout cases[] = {{0, 0}, {0, 0}, {2, 0}, {2, PUT_DEFLATE}};
    struct reader *r[ARRAY_LENGTH(cases)];
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        char path[PUT_PATH_SIZE];
        char name[32];
        (void)snprintf(name, sizeof name, "digest%zu.h5", i);
        hid_t file = put_file(*state, name, path);
        put_column(file, &(struct put){"x", H5T_STD_I32LE, H5T_NATIVE_INT32, values, 4,
                                       cases[i].chunk, cases[i].bits, NULL});
        (void)H5Fclose(file);
        r[i] = open_with(path, &real_analysis, NULL, NULL, NULL);
    }
    assert_string_equal(reader_identity(r[0])->digest, reader_identity(r[1])->digest);
    for (size_t i = 1; i < ARRAY_LENGTH(cases); i++) {
        for (size_t j = i + 1; j < ARRAY_LENGTH(cases); j++) {
            assert_string_not_equal(reader_identity(r[i])->digest,
                                    reader_identity(r[j])->digest);
        }
    }
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        reader_close(r[i]);
    }
}

/* What x holds says which of the places was read. */
static void names_are_mapped_else_sought_at_the_root_else_in_events(void **state)
{
    static const struct {
        const char *places[3];
        const char *names;
        int expected;
    } cases[] = {
        {{"x", "Events/x", "other/y"}, NULL, 0},
        {{"Events/x", "other/y"}, NULL, 0},
        {{"x", "Events/x", "other/y"}, "{\"x\": \"other/y\"}", 2},
        {{"x", "Events/x", "other/y"}, "{\"x\": \"/other/y\"}", 2},
        {{"x", "deep/er/y"}, "{\"x\": \"soft/y\"}", 1},
    };
    char path[PUT_PATH_SIZE];
    for (size_t k = 0; k < ARRAY_LENGTH(cases); k++) {
        hid_t file = put_file(*state, "names.h5", path);
        for (int32_t i = 0; i < 3 && cases[k].places[i] != NULL; i++) {
            put_column(file, &(struct put){cases[k].places[i], H5T_STD_I32LE, H5T_NATIVE_INT32,
                                           &i, 1, 0, 0, NULL});
        }
        assert_true(H5Lcreate_soft("deep/er", file, "soft", H5P_DEFAULT, H5P_DEFAULT) >= 0);
        (void)H5Fclose(file);
        struct reader *r = open_with(path, &real_analysis, NULL, cases[k].names, NULL);
        assert_true(real_of(read_rows(r, 0, 1), 0, 0) == cases[k].expected);
        reader_close(r);
    }
}

static bool never(const struct settings *s)
{
    (void)s;
    return false;
}

static const struct need choice_needs[] = {
    {.name = "a1", .type = COLUMN_REAL, .group = "a", .alternative = 1},
    {.name = "a2", .type = COLUMN_REAL, .group = "a", .alternative = 1},
    {.name = "b1", .type = COLUMN_REAL, .group = "a", .alternative = 2},
    {.name = "b2", .type = COLUMN_REAL, .group = "a", .alternative = 2, .optional = true},
    {.name = "c", .type = COLUMN_REAL, .optional = true},
    {.name = "d", .type = COLUMN_REAL, .wanted = never},
    {.name = "b1", .type = COLUMN_REAL, .optional = true},
};
static const struct analysis choice = {.name = "choice", .need = choice_needs, .n_needs = 7};

static void the_lowest_alternative_that_is_all_there_is_read(void **state)
{
    static const struct {
        const char *columns[6];
        const char *present; /* of the needs, in order */
        const char *said;    /* of group a */
    } cases[] = {
        {{"a1", "a2", "b1", "b2", "c", "d"}, "1100101", "a1 a2"},
        {{"a1", "b1", "b2"}, "0011001", "b1 b2"},
        {{"a2", "b1", "c"}, "0010101", "b1"},
        {{"a1", "a2"}, "1100000", "a1 a2"},
    };
    static const float value = 1;
    char path[PUT_PATH_SIZE];
    for (size_t k = 0; k < ARRAY_LENGTH(cases); k++) {
        hid_t file = put_file(*state, "choice.h5", path);
        for (size_t i = 0; i < 6 && cases[k].columns[i] != NULL; i++) {
            put_column(file, &(struct put){cases[k].columns[i], H5T_IEEE_F32LE,
                                           H5T_NATIVE_FLOAT, &value, 1, 0, 0, NULL});
        }
        (void)H5Fclose(file);
        struct reader *r = open_with(path, &choice, NULL, NULL, NULL);
        const struct batch *b = read_rows(r, 0, 1);
        for (size_t i = 0; i < choice.n_needs; i++) {
            assert_int_equal(column_present(&b->column[i]), cases[k].present[i] == '1');
        }
        json_t *found = inspect(r);
        const json_t *taken = json_object_get(json_object_get(found, "alternatives"), "a");
        assert_string_equal(json_string_value(taken), cases[k].said);
        json_decref(found);
        reader_close(r);
    }
}

static void weights_come_in_double(void **state)
{
    static const double weights[] = {1, -0.25, 1e300};
    char path[PUT_PATH_SIZE];
    hid_t file = put_file(*state, "weights.h5", path);
    put_column(file,
               &(struct put){"x", H5T_STD_I32LE, H5T_NATIVE_DOUBLE, weights, 3, 0, 0, NULL});
    put_column(file, &(struct put){"Events/w", H5T_IEEE_F64BE, H5T_NATIVE_DOUBLE, weights, 3, 2,
                                   PUT_DEFLATE, NULL});
    (void)H5Fclose(file);
    char name[] = "w";
    struct reader *r = open_with(path, &real_analysis, name, NULL, NULL);
    name[0] = 'x'; /* it keeps a copy */
    assert_memory_equal(read_rows(r, 0, 3)->weight, weights, sizeof weights);
    reader_close(r);
    r = open_with(path, &real_analysis, NULL, NULL, NULL);
    assert_null(read_rows(r, 0, 3)->weight);
    reader_close(r);
}

/* All six, by name mapping only. The counts are those of their README and of the files. */
static void the_real_files_are_read(void **state)
{
    (void)state;
    static const char mapping[] =
        "{\"Muon_px\": \"muons/px\", \"Muon_py\": \"muons/py\", \"Muon_pz\": \"muons/pz\", "
        "\"Muon_charge\": \"muons/q\", \"nMuon\": \"muons/nmuons\"}";
    static const struct {
        const char *name;
        bool mapped;
        uint64_t rows, muons;
    } files[] = {
        {"cms2012_doublemu_100k.h5", false, 100000, 235286},
        {"dimuons_100k.hdf5", true, 100000, 200000},
        {"dimuons_1000_collisions.hdf5", true, 1000, 2000},
        {"small_BaBar_test_file.hdf5", true, 10, 5},
        {"small_CLEO_test_file.hdf5", true, 10, 0},
        {"small_cms_test_file.hdf5", true, 10, 6},
    };
    static const struct need needs[] = {
        {.name = "Muon_pt", "nMuon", COLUMN_REAL, UNIT_GEV, "p", 1},
        {.name = "Muon_px", "nMuon", COLUMN_REAL, UNIT_GEV, "p", 2},
        {.name = "Muon_py", "nMuon", COLUMN_REAL, UNIT_GEV, "p", 2},
        {.name = "Muon_pz", "nMuon", COLUMN_REAL, UNIT_GEV, "p", 2},
        {.name = "Muon_charge", "nMuon", COLUMN_INTEGER, UNIT_NONE},
    };
    static const struct analysis a = {.name = "muons", .need = needs, .n_needs = 5};
    const char *folder = getenv("PICOBARN_OPEN_DATA"); // NOLINT(concurrency-mt-unsafe)
    if (folder == NULL) {
        skip();
        return;
    }
    for (size_t i = 0; i < ARRAY_LENGTH(files); i++) {
        char path[4096];
        (void)snprintf(path, sizeof path, "%s/hdf5/%s", folder, files[i].name);
        struct reader *r = open_with(path, &a, NULL, files[i].mapped ? mapping : NULL,
                                     "{\"energy\": \"GeV\"}");
        json_decref(inspect(r));
        assert_int_equal(reader_rows(r), files[i].rows);
        const struct batch *b = read_rows(r, 0, files[i].rows);
        const struct column *charge = &b->column[4];
        assert_int_equal(charge->offset[b->n_events], files[i].muons);
        for (size_t k = 0; k < files[i].muons; k++) {
            assert_true(charge->i32[k] == 1 || charge->i32[k] == -1);
        }
        reader_close(r);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_type_order_layout_and_block_size_gives_the_same_numbers),
        cmocka_unit_test(negative_and_extreme_numbers_survive),
        cmocka_unit_test(nan_infinity_and_denormals_come_as_they_are),
        cmocka_unit_test(booleans_are_enumerations_bit_fields_or_integers),
        cmocka_unit_test(energies_and_lengths_come_in_gev_and_cm_rounded_once),
        cmocka_unit_test(the_digest_follows_layout_and_not_the_path),
        cmocka_unit_test(names_are_mapped_else_sought_at_the_root_else_in_events),
        cmocka_unit_test(the_lowest_alternative_that_is_all_there_is_read),
        cmocka_unit_test(weights_come_in_double),
        cmocka_unit_test(the_real_files_are_read),
    };
    return cmocka_run_group_tests(tests, put_make_folder, put_remove_folder);
}
