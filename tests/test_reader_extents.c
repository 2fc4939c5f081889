/* SPDX-License-Identifier: Apache-2.0 */
/* test_reader_extents.c - see worker/reader.h: what the reader makes of stored bytes without the
 * format's library. Which way each column takes is in test_source.c. */
#include "tests/support/good_file.h"
#include "tests/support/packed_column.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "worker/window.h"

enum { ROWS = 100000, CHUNK = 1000, LONG_CHUNK = 3000, BLOCK = 16384 };

static const struct need real_needs[] = {
    {.name = "a", .type = COLUMN_REAL},
    {.name = "b", .type = COLUMN_REAL},
    {.name = "c", .type = COLUMN_REAL},
};
static const struct analysis reals = {.name = "reals", .need = real_needs, .n_needs = 3};

static const float *ramp(void)
{
    static float values[ROWS];
    for (size_t i = 0; i < ROWS; i++) {
        values[i] = (float)i;
    }
    return values;
}

static void put_ramp(hid_t file, const char *name, hsize_t chunk, unsigned bits)
{
    put_column(file, &(struct put){name, H5T_IEEE_F32LE, H5T_NATIVE_FLOAT, ramp(), ROWS, chunk,
                                   bits, NULL});
}

static struct reader *open_reals(const char *path, const struct reader_threads *threads,
                                 struct error *err)
{
    static const struct settings no_settings;
    struct reader_request request = {.analysis = &reals, .settings = &no_settings};
    if (threads != NULL) {
        request.threads = *threads;
    }
    return reader_open(path, &request, err);
}

/* All rows in blocks, each checked; stops at the first error. */
static int read_ramps(struct reader *r, struct error *err)
{
    for (uint64_t row = 0; row < ROWS; row += BLOCK) {
        const struct batch *b = NULL;
        uint64_t stop = row + BLOCK < ROWS ? row + BLOCK : ROWS;
        if (reader_read(r, row, stop, &b, err) != 0) {
            return -1;
        }
        for (size_t k = 0; k < 3; k++) {
            assert_memory_equal(b->column[k].f32, ramp() + row, (stop - row) * sizeof(float));
        }
    }
    return 0;
}

/* As threads may do it: the last first, each step by another one. */
static void run_backwards(size_t n_threads, size_t n,
                          void (*step)(void *context, size_t i, size_t thread), void *context)
{
    for (size_t i = n; i-- > 0;) {
        step(context, i, i % n_threads);
    }
}

static const struct reader_threads backwards = {.n_threads = 3, .run = run_backwards};

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

static int read_file(const char *path, const struct reader_threads *threads, struct error *err)
{
    struct reader *r = open_reals(path, threads, err);
    check_ok(r == NULL ? -1 : 0, err);
    int rc = read_ramps(r, err);
    reader_close(r);
    return rc;
}

static void columns_are_loaded_in_any_order_with_one_result_and_one_error(void **state)
{
    const unsigned bits = PUT_SHUFFLE | PUT_DEFLATE | PUT_FLETCHER32;
    char path[PUT_PATH_SIZE];
    struct error err = {0};
    hid_t file = put_file(*state, "order.h5", path);
    put_ramp(file, "a", CHUNK, bits);
    put_ramp(file, "b", CHUNK, bits);
    put_ramp(file, "c", LONG_CHUNK, bits);
    uint64_t b = place_of_chunk(file, "b", 40000);
    uint64_t c = place_of_chunk(file, "c", 39000);
    (void)H5Fclose(file);
    check_ok(read_file(path, NULL, &err), &err);
    check_ok(read_file(path, &backwards, &err), &err);
    flip(path, b);
    flip(path, c);
    const struct reader_threads *const ways[] = {NULL, &backwards};
    for (size_t w = 0; w < ARRAY_LENGTH(ways); w++) {
        assert_int_equal(read_file(path, ways[w], &err), -1);
        check_refused(&err, path,
                      "column b: rows 40000-41000 cannot be read, the file is damaged "
                      "(fletcher32: the checksum is ");
    }
}

/* By how it is found: at a page that is gone, or by reading. */
static void a_file_that_shrinks_under_us_is_the_files_fault(void **state)
{
    static const struct {
        hsize_t chunk;
        unsigned bits;
        const char *part;
    } cases[] = {
        {0, 0, ": the file became shorter while it was read"},
        {CHUNK, 0, ": the file became shorter while it was read"},
        {CHUNK, PUT_FLETCHER32, "cannot be read, the file has become shorter"},
    };
    char path[PUT_PATH_SIZE];
    struct error err = {0};
    check_ok(window_guard(&err), &err);
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        hid_t file = put_file(*state, "shrinks.h5", path);
        put_ramp(file, "a", cases[i].chunk, cases[i].bits);
        put_ramp(file, "b", cases[i].chunk, cases[i].bits);
        put_ramp(file, "c", cases[i].chunk, cases[i].bits);
        (void)H5Fclose(file);
        struct reader *r = open_reals(path, NULL, &err);
        check_ok(r == NULL ? -1 : 0, &err);
        check_ok(read_ramps(r, &err), &err);
        assert_int_equal(truncate(path, 8192), 0);
        const struct batch *batch = NULL;
        int rc = reader_read(r, 0, BLOCK, &batch, &err);
        for (size_t k = 0; rc == 0 && k < BLOCK; k++) {
            (void)*(const volatile float *)&batch->column[2].f32[k];
        }
        rc = rc == 0 ? reader_check_unchanged(r, &err) : rc;
        assert_int_equal(rc, -1);
        check_refused(&err, path, cases[i].part);
        reader_close(r);
    }
}

static void zstd_and_lz4_are_read_like_any_other_filter(void **state)
{
    char path[PUT_PATH_SIZE];
    struct error err = {0};
    hid_t file = put_file(*state, "packed.h5", path);
    const uint8_t *bytes = (const uint8_t *)ramp();
    put_packed(file, &(struct packed){"a", H5T_IEEE_F32LE, bytes, ROWS, 999, true, PACK_ZSTD});
    put_packed(file, &(struct packed){"b", H5T_IEEE_F32LE, bytes, ROWS, 99, true, PACK_LZ4});
    put_packed(file, &(struct packed){"c", H5T_IEEE_F32LE, bytes, ROWS, ROWS, false, PACK_LZ4});
    (void)H5Fclose(file);
    struct reader *r = open_reals(path, &backwards, &err);
    check_ok(r == NULL ? -1 : 0, &err);
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
        cmocka_unit_test(columns_are_loaded_in_any_order_with_one_result_and_one_error),
        cmocka_unit_test(a_file_that_shrinks_under_us_is_the_files_fault),
        cmocka_unit_test(zstd_and_lz4_are_read_like_any_other_filter),
        cmocka_unit_test(what_is_not_what_its_filters_make_is_refused),
    };
    return cmocka_run_group_tests(tests, put_make_folder, put_remove_folder);
}
