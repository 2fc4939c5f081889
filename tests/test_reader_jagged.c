/* SPDX-License-Identifier: Apache-2.0 */
/* test_reader_jagged.c - see worker/reader.h: objects and their events, inspection and the starts
 * that it finds. */
#include "tests/support/hdf5_file.h"
#include "tests/support/open_reader.h"

#include <fcntl.h>
#include <malloc.h>
#include <sys/stat.h>
#include <unistd.h>

/* Two collections and a column of one value an event. */
static const struct need jagged_needs[] = {
    {.name = "Muon_id", .counter = "nMuon", .type = COLUMN_INTEGER},
    {.name = "Jet_id", .counter = "nJet", .type = COLUMN_REAL},
    {.name = "MET", .type = COLUMN_REAL},
};
static const struct analysis jagged = {.name = "jagged", .need = jagged_needs, .n_needs = 3};

enum { EVENTS = 20000, OBJECTS = 3 * EVENTS };

static unsigned muons_of(size_t event)
{
    return (unsigned)(event * 7 % 4);
}

static unsigned jets_of(size_t event)
{
    return (unsigned)(event % 3);
}

/* Objects are numbered through the file. */
static void write_jagged(const char *folder, char path[PUT_PATH_SIZE])
{
    static int32_t ids[OBJECTS];
    static int64_t n_muons[EVENTS];
    static uint8_t n_jets[EVENTS];
    static float met[EVENTS];
    hsize_t muons = 0;
    hsize_t jets = 0;
    for (size_t e = 0; e < EVENTS; e++) {
        n_muons[e] = muons_of(e);
        n_jets[e] = (uint8_t)jets_of(e);
        muons += muons_of(e);
        jets += jets_of(e);
        met[e] = (float)e;
    }
    for (int32_t i = 0; i < OBJECTS; i++) {
        ids[i] = i;
    }
    hid_t file = put_file(folder, "jagged.h5", path);
    const struct put columns[] = {
        {"nMuon", H5T_STD_I64BE, H5T_NATIVE_INT64, n_muons, EVENTS, 3000, PUT_DEFLATE, NULL},
        {"nJet", H5T_STD_U8LE, H5T_NATIVE_UINT8, n_jets, EVENTS, 0, 0, NULL},
        {"Muon_id", H5T_STD_U32LE, H5T_NATIVE_INT32, ids, muons, 4096, PUT_SHUFFLE, NULL},
        {"Jet_id", H5T_IEEE_F64LE, H5T_NATIVE_INT32, ids, jets, 999, PUT_FLETCHER32, NULL},
        {"MET", H5T_IEEE_F32LE, H5T_NATIVE_FLOAT, met, EVENTS, 512, 0, NULL},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(columns); i++) {
        put_column(file, &columns[i]);
    }
    (void)H5Fclose(file);
}

static void check_jagged(const struct batch *b, size_t first)
{
    uint32_t muon = 0;
    uint32_t jet = 0;
    int32_t before = 0;
    double jets_before = 0;
    for (size_t e = 0; e < first; e++) {
        before += (int32_t)muons_of(e);
        jets_before += jets_of(e);
    }
    for (size_t e = 0; e < b->n_events; e++) {
        assert_int_equal(b->column[0].offset[e], muon);
        assert_int_equal(b->column[1].offset[e], jet);
        assert_true(b->column[2].f32[e] == (float)(first + e));
        for (unsigned k = 0; k < muons_of(first + e); k++, muon++) {
            assert_int_equal(b->column[0].i32[muon], before + (int32_t)muon);
        }
        for (unsigned k = 0; k < jets_of(first + e); k++, jet++) {
            assert_true(b->column[1].f64[jet] == jets_before + jet);
        }
    }
    assert_int_equal(b->column[0].offset[b->n_events], muon);
}

static void objects_belong_to_their_events_whatever_the_blocks(void **state)
{
    static const struct {
        size_t first, stop;
    } blocks[] = {{0, 1},      {1, 5000}, {5000, 5000},   {9000, 9001}, /* a gap */
                  {0, EVENTS}, {3, 17},   {19999, EVENTS}};             /* back */
    char path[PUT_PATH_SIZE];
    write_jagged(*state, path);
    struct reader *r = open_with(path, &jagged, NULL, NULL, NULL);
    assert_string_equal(reader_counter(r, 0), "nMuon");
    assert_string_equal(reader_counter(r, 1), "nJet");
    assert_null(reader_counter(r, 2));
    for (size_t i = 0; i < ARRAY_LENGTH(blocks); i++) {
        check_jagged(read_rows(r, blocks[i].first, blocks[i].stop), blocks[i].first);
    }
    reader_close(r);
}

static uint64_t integer_at(const json_t *list, size_t i)
{
    return (uint64_t)json_integer_value(json_array_get(list, i));
}

static void reading_starts_at_every_start_that_inspection_found(void **state)
{
    char path[PUT_PATH_SIZE];
    write_jagged(*state, path);
    struct reader *r = open_with(path, &jagged, NULL, NULL, NULL);
    json_t *found = inspect(r);
    const json_t *starts = json_object_get(found, "starts");
    const json_t *rows = json_object_get(starts, "rows");
    assert_true(json_array_size(rows) > 1);
    for (size_t i = 0; i < json_array_size(rows); i++) {
        const json_t *each = json_array_get(json_object_get(starts, "objects"), i);
        const uint64_t objects[] = {integer_at(each, 0), integer_at(each, 1)};
        const struct reader_start start = {integer_at(rows, i), 2, objects};
        struct error err = {0};
        struct lane *lane = reader_lane(r, 0, &err);
        check_ok(lane_seek(lane, &start, &err), &err);
        uint64_t stop = start.row + 100 < EVENTS ? start.row + 100 : EVENTS;
        check_jagged(read_rows(r, start.row, stop), start.row);
        const struct batch *unused = NULL;
        if (start.row > 0) {
            assert_int_equal(lane_read(lane, start.row - 1, stop, &unused, &err), -1);
        }
    }
    json_decref(found);
    reader_close(r);
}

static void inspection_says_what_the_file_holds(void **state)
{
    char path[PUT_PATH_SIZE];
    write_jagged(*state, path);
    hid_t file = H5Fopen(path, H5F_ACC_RDWR, H5P_DEFAULT);
    put_text(file, "generator", "picobarn-samples 0.1, seed 1");
    (void)H5Fclose(file);
    struct reader *r = open_with(path, &jagged, NULL, NULL, NULL);
    json_t *found = inspect(r);
    struct stat info;
    assert_int_equal(stat(path, &info), 0);
    assert_string_equal(json_string_value(json_object_get(found, "format")), "hdf5");
    assert_int_equal(json_integer_value(json_object_get(found, "rows")), EVENTS);
    assert_int_equal(json_integer_value(json_object_get(found, "size")), info.st_size);
    assert_string_equal(json_string_value(json_object_get(found, "generator")),
                        "picobarn-samples 0.1, seed 1");
    const json_t *boundaries = json_object_get(found, "boundaries");
    assert_int_equal(json_array_size(boundaries), 7);
    assert_int_equal(integer_at(boundaries, 6), 18000);
    const json_t *first = json_array_get(json_object_get(found, "columns"), 0);
    char *text = json_dumps(first, JSON_COMPACT);
    check_contains(text, "\"name\":\"nMuon\",\"in_file\":\"nMuon\",\"type\":\"int64be\"");
    check_contains(text, "\"chunk_rows\":3000,\"filters\":[\"deflate\"]");
    free(text);
    json_decref(found);
    reader_close(r);
}

static bool note_and_stop_late(void *context, uint64_t rows_done)
{
    uint64_t *done = context;
    assert_true(rows_done > *done);
    *done = rows_done;
    return rows_done < EVENTS / 2;
}

static void inspection_tells_how_far_it_is_and_can_be_stopped(void **state)
{
    char path[PUT_PATH_SIZE];
    struct error err = {0};
    uint64_t done = 0;
    const struct reader_progress progress = {note_and_stop_late, &done};
    write_jagged(*state, path);
    struct reader *r = open_with(path, &jagged, NULL, NULL, NULL);
    assert_null(reader_inspect(r, &progress, &err));
    assert_int_equal(err.kind, ERROR_SYSTEM);
    check_contains(err.text, "asked to stop");
    assert_true(done >= EVENTS / 2 && done < EVENTS);
    json_decref(inspect(r)); /* and it can be asked again */
    reader_close(r);
}

/* More objects before the row than one block may hold. */
static void crowded_events_are_passed_over(void **state)
{
    enum { ROWS = 1 << 16, EACH = 300 };
    static const struct analysis crowd = {.name = "crowd", .need = jagged_needs, .n_needs = 1};
    static uint16_t n_muons[ROWS];
    int8_t *ids = calloc(ROWS, EACH);
    char path[PUT_PATH_SIZE];
    assert_non_null(ids);
    for (size_t e = 0; e < ROWS; e++) {
        n_muons[e] = EACH;
    }
    hid_t file = put_file(*state, "crowded.h5", path);
    const struct put columns[] = {
        {"nMuon", H5T_STD_U16LE, H5T_NATIVE_UINT16, n_muons, ROWS, 0, 0, NULL},
        {"Muon_id", H5T_STD_I8LE, H5T_NATIVE_INT8, ids, (hsize_t)ROWS * EACH, 0, 0, NULL},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(columns); i++) {
        put_column(file, &columns[i]);
    }
    (void)H5Fclose(file);
    free(ids);
    struct reader *r = open_with(path, &crowd, NULL, NULL, NULL);
    const struct batch *b = read_rows(r, ROWS - 1, ROWS);
    assert_int_equal(b->column[0].offset[1], EACH);
    reader_close(r);
}

static void a_file_that_changed_while_it_was_open_is_noticed(void **state)
{
    char path[PUT_PATH_SIZE];
    struct error err = {0};
    write_jagged(*state, path);
    struct reader *r = open_with(path, &jagged, NULL, NULL, NULL);
    check_ok(reader_check_unchanged(r, &err), &err);
    struct stat info;
    assert_int_equal(stat(path, &info), 0);
    assert_int_equal(chmod(path, 0600), 0); /* no change of what is in it */
    check_ok(reader_check_unchanged(r, &err), &err);
    const struct timespec times[] = {info.st_atim, {info.st_mtim.tv_sec + 1, 0}};
    assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
    assert_int_equal(reader_check_unchanged(r, &err), -1);
    assert_int_equal(err.kind, ERROR_INPUT);
    check_contains(err.text, "the file changed while it was read");
    assert_int_equal(unlink(path), 0);
    assert_int_equal(reader_check_unchanged(r, &err), -1);
    check_contains(err.text, path);
    reader_close(r);
}

static void no_rows_and_empty_collections_are_fine(void **state)
{
    static const int32_t none[] = {0, 0};
    char path[PUT_PATH_SIZE];
    for (hsize_t rows = 0; rows <= 2; rows += 2) {
        hid_t file = put_file(*state, "empty.h5", path);
        const struct put columns[] = {
            {"nMuon", H5T_STD_I32LE, H5T_NATIVE_INT32, none, rows, 10, PUT_DEFLATE, NULL},
            {"nJet", H5T_STD_I32LE, H5T_NATIVE_INT32, none, rows, 0, 0, NULL},
            {"Muon_id", H5T_STD_I32LE, H5T_NATIVE_INT32, NULL, 0, 1024, PUT_DEFLATE, NULL},
            {"Jet_id", H5T_IEEE_F32LE, H5T_NATIVE_FLOAT, NULL, 0, 0, 0, NULL},
            {"MET", H5T_IEEE_F32LE, H5T_NATIVE_INT32, none, rows, 0, 0, NULL},
        };
        for (size_t i = 0; i < ARRAY_LENGTH(columns); i++) {
            put_column(file, &columns[i]);
        }
        (void)H5Fclose(file);
        struct reader *r = open_with(path, &jagged, NULL, NULL, NULL);
        json_t *found = inspect(r);
        assert_int_equal(json_array_size(json_object_get(found, "boundaries")), rows > 0);
        json_decref(found);
        const struct batch *b = read_rows(r, 0, rows);
        assert_true(column_present(&b->column[0]));
        assert_int_equal(b->column[0].offset[rows], 0);
        reader_close(r);
    }
}

static void memory_is_used_again_from_block_to_block(void **state)
{
    char path[PUT_PATH_SIZE];
    write_jagged(*state, path);
    struct reader *r = open_with(path, &jagged, NULL, NULL, NULL);
    size_t before = 0;
    for (size_t round = 0; round < 50; round++) {
        for (size_t first = 0; first < EVENTS; first += 1000) {
            (void)read_rows(r, first, first + 1000);
        }
        before = round == 5 ? mallinfo2().uordblks : before;
    }
    assert_true(mallinfo2().uordblks <= before + 4096);
    reader_close(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(objects_belong_to_their_events_whatever_the_blocks),
        cmocka_unit_test(reading_starts_at_every_start_that_inspection_found),
        cmocka_unit_test(inspection_says_what_the_file_holds),
        cmocka_unit_test(inspection_tells_how_far_it_is_and_can_be_stopped),
        cmocka_unit_test(crowded_events_are_passed_over),
        cmocka_unit_test(a_file_that_changed_while_it_was_open_is_noticed),
        cmocka_unit_test(no_rows_and_empty_collections_are_fine),
        cmocka_unit_test(memory_is_used_again_from_block_to_block),
    };
    return cmocka_run_group_tests(tests, put_make_folder, put_remove_folder);
}
