/* SPDX-License-Identifier: Apache-2.0 */
/* test_reader_extents.c - see worker/reader.h: what the reader makes of stored bytes without the
 * format's library. Which way each column takes is in test_source.c. */
#include "tests/support/good_file.h"
#include "tests/support/packed_column.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { ROWS = 100000, CHUNK = 1000, LONG_CHUNK = 3000, BLOCK = 16384 };

static const struct need real_needs[] = {
    {.name = "a", .type = COLUMN_REAL},
    {.name = "b", .type = COLUMN_REAL},
    {.name = "c", .type = COLUMN_REAL},
};
static const struct analysis reals = {.name = "reals", .need = real_needs, .n_needs = 3};

static float ramp[ROWS]; /* filled before any thread starts */

static int make_folder(void **state)
{
    for (size_t i = 0; i < ROWS; i++) {
        ramp[i] = (float)i;
    }
    return put_make_folder(state);
}

static void put_ramp(hid_t file, const char *name, hsize_t chunk, unsigned bits)
{
    put_column(file, &(struct put){name, H5T_IEEE_F32LE, H5T_NATIVE_FLOAT, ramp, ROWS, chunk,
                                   bits, NULL});
}

/* In chunks of which the last is not filtered: only the library reads such. */
static void put_for_library(hid_t file, const char *name, unsigned bits)
{
    const hsize_t rows = ROWS;
    hid_t plist = put_layout(LONG_CHUNK, bits);
    (void)H5Pset_chunk_opts(plist, H5D_CHUNK_DONT_FILTER_PARTIAL_CHUNKS);
    hid_t space = H5Screate_simple(1, &rows, NULL);
    hid_t data = H5Dcreate2(file, name, H5T_IEEE_F32LE, space, H5P_DEFAULT, plist, H5P_DEFAULT);
    assert_true(H5Dwrite(data, H5T_NATIVE_FLOAT, H5S_ALL, H5S_ALL, H5P_DEFAULT, ramp) >= 0);
    (void)H5Dclose(data);
    (void)H5Sclose(space);
    (void)H5Pclose(plist);
}

static struct reader *open_reals(const char *path, struct error *err)
{
    static const struct settings no_settings;
    const struct reader_request request = {.analysis = &reals, .settings = &no_settings};
    struct reader *r = reader_open(path, &request, err);
    check_ok(r == NULL ? -1 : 0, err);
    return r;
}

static int read_block(struct lane *lane, uint64_t row, struct error *err)
{
    const struct batch *b = NULL;
    uint64_t stop = row + BLOCK < ROWS ? row + BLOCK : ROWS;
    if (lane_read(lane, row, stop, &b, err) != 0) {
        return -1;
    }
    for (size_t k = 0; k < 3; k++) {
        assert_memory_equal(b->column[k].f32, ramp + row, (stop - row) * sizeof(float));
    }
    return 0;
}

/* All rows in blocks, each checked; stops at the first error. */
static int read_ramps(struct reader *r, struct error *err)
{
    for (uint64_t row = 0; row < ROWS; row += BLOCK) {
        if (read_block(reader_lane(r, 0, err), row, err) != 0) {
            return -1;
        }
    }
    return 0;
}

static void flip(const char *path, uint64_t offset)
{
    uint8_t byte = 0;
    int fd = open(path, O_RDWR);
    assert_true(fd >= 0);
    assert_int_equal(pread(fd, &byte, 1, (off_t)offset), 1);
    byte ^= 0x10;
    assert_int_equal(pwrite(fd, &byte, 1, (off_t)offset), 1);
    (void)close(fd);
}

static uint64_t place_of_chunk(hid_t file, const char *name, hsize_t first)
{
    hid_t data = H5Dopen2(file, name, H5P_DEFAULT);
    haddr_t place = 0;
    hsize_t size = 0;
    unsigned mask = 0;
    assert_true(H5Dget_chunk_info_by_coord(data, &first, &mask, &place, &size) >= 0);
    (void)H5Dclose(data);
    return place + size / 2;
}

static void a_fault_is_the_same_whatever_was_read_before(void **state)
{
    const unsigned bits = PUT_SHUFFLE | PUT_DEFLATE | PUT_FLETCHER32;
    static const uint64_t order[][3] = {
        {0, 16384, 32768}, {98304, 32768, 0}, {32768, 32768, 0}};
    char path[PUT_PATH_SIZE];
    struct error err = {0};
    hid_t file = put_file(*state, "order.h5", path);
    put_ramp(file, "a", CHUNK, bits);
    put_ramp(file, "b", CHUNK, bits);
    put_ramp(file, "c", LONG_CHUNK, bits);
    uint64_t b = place_of_chunk(file, "b", 40000);
    uint64_t c = place_of_chunk(file, "c", 39000);
    (void)H5Fclose(file);
    flip(path, b);
    flip(path, c);
    for (size_t k = 0; k < ARRAY_LENGTH(order); k++) {
        struct reader *r = open_reals(path, &err);
        for (size_t i = 0; i < 3; i++) {
            struct lane *lane = reader_lane(r, k % 2, &err);
            assert_int_equal(read_block(lane, order[k][i], &err),
                             order[k][i] == 32768 ? -1 : 0);
        }
        check_refused(&err, path,
                      "column b: rows 40000-41000 cannot be read, the file is damaged "
                      "(fletcher32: the checksum is ");
        reader_close(r);
    }
}

/* A lane on a thread of its own. */
struct traveller {
    struct lane *lane;
    size_t step;
    struct error err;
    int rc;
};

static void *travel(void *argument)
{
    struct traveller *t = argument;
    enum { BLOCKS = (ROWS + BLOCK - 1) / BLOCK };
    for (size_t i = 0; t->rc == 0 && i < BLOCKS; i++) {
        t->rc = read_block(t->lane, i * t->step % BLOCKS * BLOCK, &t->err);
    }
    return NULL;
}

/* Also those that need the format's library. */
static void lanes_do_not_disturb_each_other(void **state)
{
    enum { LANES = 4 };
    char path[PUT_PATH_SIZE];
    struct error err = {0};
    hid_t file = put_file(*state, "lanes.h5", path);
    put_ramp(file, "a", CHUNK, PUT_SHUFFLE | PUT_DEFLATE);
    put_ramp(file, "b", 100, PUT_DEFLATE); /* so many chunks that they are fetched */
    put_for_library(file, "c", PUT_SHUFFLE | PUT_DEFLATE);
    (void)H5Fclose(file);
    struct reader *r = open_reals(path, &err);
    struct traveller traveller[LANES] = {{.step = 1}, {.step = 5}, {.step = 1}, {.step = 3}};
    pthread_t thread[LANES];
    for (size_t i = 0; i < LANES; i++) {
        traveller[i].lane = reader_lane(r, i, &err);
        assert_non_null(traveller[i].lane);
    }
    for (size_t i = 0; i < LANES; i++) {
        assert_int_equal(pthread_create(&thread[i], NULL, travel, &traveller[i]), 0);
    }
    for (size_t i = 0; i < LANES; i++) {
        assert_int_equal(pthread_join(thread[i], NULL), 0);
        check_ok(traveller[i].rc, &traveller[i].err);
    }
    reader_close(r);
}

/* How many threads may read: by their memory, and one where the library decompresses. */
static void as_many_lanes_as_there_is_memory_for(void **state)
{
    static const size_t mib = 1 << 20;
    char path[PUT_PATH_SIZE];
    struct error err = {0};
    hid_t file = put_file(*state, "memory.h5", path);
    put_ramp(file, "a", ROWS, PUT_DEFLATE); /* a chunk of 400,000 bytes */
    put_ramp(file, "b", CHUNK, 0);
    put_ramp(file, "c", 0, 0);
    (void)H5Fclose(file);
    struct reader *r = open_reals(path, &err);
    const struct lane *lane = reader_lane(r, 0, &err);
    assert_in_range(lane_count_within(lane, 64 * mib), 12, 18);
    assert_int_equal(lane_count_within(lane, mib), 1);
    assert_int_equal(reader_chunk_rows(r), ROWS);
    assert_int_equal(reader_block_rows(r), 16384);
    reader_close(r);
    file = put_file(*state, "alone.h5", path);
    put_ramp(file, "a", CHUNK, PUT_DEFLATE);
    put_ramp(file, "b", CHUNK, 0);
    put_for_library(file, "c", PUT_DEFLATE);
    (void)H5Fclose(file);
    r = open_reals(path, &err);
    assert_int_equal(lane_count_within(reader_lane(r, 0, &err), 64 * mib), 1);
    reader_close(r);
}

/* The library prints its errors unless told not to, each thread by itself. */
static void a_fault_on_any_thread_is_told_and_not_printed(void **state)
{
    char path[PUT_PATH_SIZE];
    char said[PUT_PATH_SIZE];
    struct error err = {0};
    hid_t file = put_file(*state, "quiet.h5", path);
    put_ramp(file, "a", CHUNK, 0);
    put_ramp(file, "b", CHUNK, 0);
    put_for_library(file, "c", PUT_FLETCHER32);
    uint64_t place = place_of_chunk(file, "c", 0);
    (void)H5Fclose(file);
    flip(path, place);
    (void)snprintf(said, sizeof said, "%s/said", (const char *)*state);
    struct reader *r = open_reals(path, &err);
    struct traveller traveller = {.lane = reader_lane(r, 0, &err), .step = 1};
    pthread_t thread;
    int kept = dup(STDERR_FILENO);
    int aside = open(said, O_RDWR | O_CREAT | O_TRUNC, 0600);
    assert_true(dup2(aside, STDERR_FILENO) >= 0);
    int rc = pthread_create(&thread, NULL, travel, &traveller);
    rc = rc == 0 ? pthread_join(thread, NULL) : rc;
    assert_true(dup2(kept, STDERR_FILENO) >= 0);
    assert_int_equal(rc, 0);
    assert_int_equal(lseek(aside, 0, SEEK_END), 0);
    (void)close(kept);
    (void)close(aside);
    assert_int_equal(traveller.rc, -1);
    check_refused(&traveller.err, path, "column c: rows 0-16384 cannot be read");
    reader_close(r);
}

static void a_file_that_shrinks_under_us_is_the_files_fault(void **state)
{
    static const struct {
        hsize_t chunk;
        unsigned bits;
    } cases[] = {{0, 0}, {CHUNK, 0}, {CHUNK, PUT_FLETCHER32}};
    char path[PUT_PATH_SIZE];
    struct error err = {0};
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        hid_t file = put_file(*state, "shrinks.h5", path);
        put_ramp(file, "a", cases[i].chunk, cases[i].bits);
        put_ramp(file, "b", cases[i].chunk, cases[i].bits);
        put_ramp(file, "c", cases[i].chunk, cases[i].bits);
        (void)H5Fclose(file);
        struct reader *r = open_reals(path, &err);
        check_ok(read_ramps(r, &err), &err);
        assert_int_equal(truncate(path, 8192), 0);
        assert_int_equal(read_ramps(r, &err), -1);
        check_refused(&err, path, "cannot be read, the file has become shorter");
        reader_close(r);
    }
}

static void zstd_and_lz4_are_read_like_any_other_filter(void **state)
{
    char path[PUT_PATH_SIZE];
    struct error err = {0};
    hid_t file = put_file(*state, "packed.h5", path);
    const uint8_t *bytes = (const uint8_t *)ramp;
    put_packed(file, &(struct packed){"a", H5T_IEEE_F32LE, bytes, ROWS, 999, true, PACK_ZSTD});
    put_packed(file, &(struct packed){"b", H5T_IEEE_F32LE, bytes, ROWS, 99, true, PACK_LZ4});
    put_packed(file, &(struct packed){"c", H5T_IEEE_F32LE, bytes, ROWS, ROWS, false, PACK_LZ4});
    (void)H5Fclose(file);
    struct reader *r = open_reals(path, &err);
    check_ok(read_ramps(r, &err), &err);
    reader_close(r);
}

/* Columns "phi" of four rows that are refused, or read wrong. */

static void put_stored(hid_t file, hid_t plist, hsize_t rows, const void *bytes, size_t size)
{
    hid_t space = H5Screate_simple(1, &rows, NULL);
    hid_t data =
        H5Dcreate2(file, "phi", H5T_IEEE_F32LE, space, H5P_DEFAULT, plist, H5P_DEFAULT);
    assert_true(data >= 0);
    packed_write(data, 0, bytes, size);
    (void)H5Dclose(data);
    (void)H5Sclose(space);
    (void)H5Pclose(plist);
}

static hid_t filter_of(hsize_t chunk, unsigned bits, int filter)
{
    hid_t plist = put_layout(chunk, bits);
    assert_true(H5Pset_filter(plist, filter, H5Z_FLAG_OPTIONAL, 0, NULL) >= 0);
    return plist;
}

static void two_compress(hid_t file)
{
    put_stored(file, filter_of(EVENTS, PUT_DEFLATE, PACK_ZSTD), EVENTS, phi, sizeof phi);
}

static void edge_unfiltered(hid_t file)
{
    hid_t plist = filter_of(EVENTS, 0, PACK_ZSTD);
    (void)H5Pset_chunk_opts(plist, H5D_CHUNK_DONT_FILTER_PARTIAL_CHUNKS);
    put_stored(file, plist, EVENTS, phi, sizeof phi);
}

static void too_much_stored(hid_t file)
{
    static const uint8_t bytes[5000];
    put_stored(file, filter_of(EVENTS, 0, PACK_LZ4), EVENTS, bytes, sizeof bytes);
}

static void zstd_bomb(hid_t file)
{
    put_stored(file, filter_of(1 << 24, 0, PACK_ZSTD), 1 << 24, phi, sizeof phi);
}

static void lz4_bomb(hid_t file)
{
    put_stored(file, filter_of(1 << 20, 0, PACK_LZ4), 1 << 20, phi, sizeof phi);
}

static void no_zstd(hid_t file)
{
    put_stored(file, filter_of(EVENTS, 0, PACK_ZSTD), EVENTS, phi, sizeof phi);
}

static void longer_zstd(hid_t file)
{
    uint8_t packed[256];
    const float more[EVENTS + 1] = {0};
    size_t n = ZSTD_compress(packed, sizeof packed, more, sizeof more, 1);
    put_stored(file, filter_of(EVENTS, 0, PACK_ZSTD), EVENTS, packed, n);
}

static void shorter_deflate(hid_t file)
{
    /* zlib's form of 15 zero bytes */
    static const uint8_t packed[] = {0x78, 0xda, 0x63, 0x60, 0x40, 0x01, 0, 0, 0x0f, 0, 0x01};
    put_stored(file, put_layout(EVENTS, PUT_DEFLATE), EVENTS, packed, sizeof packed);
}

static void what_is_not_what_its_filters_make_is_refused(void **state)
{
    static const struct {
        void (*put)(hid_t file);
        const char *part;
    } cases[] = {
        {two_compress, "filter zstd is not supported together with another that compresses"},
        {edge_unfiltered, "filter zstd is not supported together with last chunks that are"},
        {too_much_stored, "column phi: 5000 bytes are stored for a chunk of 16"},
        {zstd_bomb, "column phi: 16 stored bytes would expand to 67108864, 4194304-fold"},
        {lz4_bomb, "no more than 255-fold"},
        {no_zstd, "column phi: rows 0-4 cannot be read, the file is damaged (zstd: "},
        {longer_zstd, "rows 0-4 cannot be read, the file is damaged (zstd: "},
        {shorter_deflate, "rows 0-4 cannot be read, the file is damaged (deflate: fewer bytes"},
    };
    char path[PUT_PATH_SIZE];
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        hid_t file = put_file(*state, "wrong.h5", path);
        put_good(file, "phi");
        cases[i].put(file);
        (void)H5Fclose(file);
        struct error err = {0};
        try_file(path, NULL, &err);
        check_refused(&err, path, cases[i].part);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_fault_is_the_same_whatever_was_read_before),
        cmocka_unit_test(lanes_do_not_disturb_each_other),
        cmocka_unit_test(as_many_lanes_as_there_is_memory_for),
        cmocka_unit_test(a_fault_on_any_thread_is_told_and_not_printed),
        cmocka_unit_test(a_file_that_shrinks_under_us_is_the_files_fault),
        cmocka_unit_test(zstd_and_lz4_are_read_like_any_other_filter),
        cmocka_unit_test(what_is_not_what_its_filters_make_is_refused),
    };
    return cmocka_run_group_tests(tests, make_folder, put_remove_folder);
}
