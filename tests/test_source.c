/* SPDX-License-Identifier: Apache-2.0 */
/* test_source.c - see worker/source.h. The oracle is H5Dread, through format->read: of the column
 * itself, and where the library has no such filter, of its plain twin. */
#include "tests/support/packed_column.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/size.h"
#include "worker/format.h"
#include "worker/source.h"

enum {
    N = 613, /* a prime: no chunk size divides it, and chunks of 1 are too many to place */
    N_HALVES = 65536,
    N_TYPES = 24,
};

static const hsize_t chunks[] = {1, 7, 100, N, 1000};

/* Filters of the library by their bits, others by their number. */
static const struct pipeline {
    unsigned bits;
    bool shuffled;
    int filter;
} pipelines[] = {
    {0},
    {PUT_SHUFFLE},
    {PUT_DEFLATE},
    {PUT_FLETCHER32},
    {PUT_SHUFFLE | PUT_DEFLATE},
    {PUT_SHUFFLE | PUT_FLETCHER32},
    {PUT_SHUFFLE | PUT_DEFLATE | PUT_FLETCHER32},
    {.filter = PACK_ZSTD},
    {.filter = PACK_ZSTD, .shuffled = true},
    {.filter = PACK_LZ4},
    {.filter = PACK_LZ4, .shuffled = true},
};

static hid_t wide_enum(hid_t base)
{
    hid_t type = H5Tenum_create(base);
    for (int value = 0; value < 2; value++) {
        int converted = value;
        assert_true(H5Tconvert(H5T_NATIVE_INT, base, 1, &converted, NULL, H5P_DEFAULT) >= 0);
        assert_true(H5Tenum_insert(type, value == 0 ? "FALSE" : "TRUE", &converted) >= 0);
    }
    return type;
}

static void all_types(hid_t type[N_TYPES])
{
    const hid_t known[] = {
        /* clang-format off */
        H5T_IEEE_F32LE, H5T_IEEE_F32BE, H5T_IEEE_F64LE, H5T_IEEE_F64BE,
        H5T_STD_I8LE, H5T_STD_I16LE, H5T_STD_I16BE, H5T_STD_I32LE, H5T_STD_I32BE,
        H5T_STD_I64LE, H5T_STD_I64BE, H5T_STD_U8LE, H5T_STD_U16LE, H5T_STD_U16BE,
        H5T_STD_U32LE, H5T_STD_U32BE, H5T_STD_U64LE, H5T_STD_U64BE, H5T_STD_B8LE,
        /* clang-format on */
    };
    size_t n = 0;
    for (; n < ARRAY_LENGTH(known); n++) {
        type[n] = H5Tcopy(known[n]);
    }
    type[n++] = put_half(H5T_ORDER_LE);
    type[n++] = put_half(H5T_ORDER_BE);
    type[n++] = put_enum("FALSE", "TRUE", 1);
    type[n++] = wide_enum(H5T_STD_I16BE);
    type[n++] = wide_enum(H5T_STD_I32LE);
    assert_int_equal(n, N_TYPES);
}

static bool is_boolean(hid_t type)
{
    return H5Tget_class(type) == H5T_ENUM;
}

/* Any bits, half of them repeated, so that there is something to compress; booleans 0 and 1. */
static void make_bytes(hid_t type, size_t n, uint8_t *out)
{
    size_t element = H5Tget_size(type);
    uint64_t state = 0x9e3779b97f4a7c15;
    memset(out, 0, n * element);
    for (size_t i = 0; i < n * element; i++) {
        state = state * 6364136223846793005ULL + 1442695040888963407ULL;
        uint8_t random = (uint8_t)(state >> 56);
        out[i] = i % element < element / 2 ? 0x40 : random;
    }
    for (size_t i = 0; is_boolean(type) && i < n; i++) {
        memset(out + i * element, 0, element);
        bool big = element > 1 && H5Tget_order(type) == H5T_ORDER_BE;
        out[i * element + (big ? element - 1 : 0)] = (uint8_t)(i * 7 % 3 == 0);
    }
}

static pthread_mutex_t turns = PTHREAD_MUTEX_INITIALIZER;

/* An open file, a column of it, and how it is read here. */
struct opened {
    const struct format *format;
    void *file;
    struct source source;
    struct filter_bench bench;
};

static struct format_column *find(const struct opened *o, const char *name)
{
    struct error err = {0};
    struct format_column *column = NULL;
    check_ok(o->format->find(o->file, name, &column, &err), &err);
    assert_non_null(column);
    return column;
}

static void open_column(const char *path, const char *name, struct opened *o)
{
    struct error err = {0};
    struct stat state;
    *o = (struct opened){.format = format_find(path, &state, &err)};
    assert_non_null(o->format);
    o->file = o->format->open(path, (uint64_t)state.st_size, &err);
    assert_non_null(o->file);
    const struct source_file of = {o->format, o->file, &turns};
    source_init(&o->source, &of, find(o, name));
    check_ok(source_book(&o->source, &o->bench, &err), &err);
}

static void close_column(struct opened *o)
{
    source_release(&o->source);
    filter_bench_release(&o->bench);
    o->format->close(o->file);
}

static const void *rows(struct opened *o, uint64_t first, uint64_t stop)
{
    struct error err = {0};
    check_ok(source_load(&o->source, first, stop, &o->bench, &err), &err);
    assert_non_null(o->source.numbers);
    return o->source.numbers;
}

/* In blocks from the front, then backwards. */
static void check_rows(struct opened *o, const uint8_t *expected, size_t n)
{
    static const size_t blocks[] = {1, 64, 100, 350, SIZE_MAX};
    size_t size = o->source.column->raw_size;
    for (size_t b = 0; b < ARRAY_LENGTH(blocks); b++) {
        for (size_t first = 0; first < n; first += size_min(blocks[b], n - first)) {
            size_t count = size_min(blocks[b], n - first);
            assert_memory_equal(rows(o, first, first + count), expected + first * size,
                                count * size);
        }
    }
    for (size_t first = n; first >= 40; first -= 40) {
        assert_memory_equal(rows(o, first - 40, first), expected + (first - 40) * size,
                            40 * size);
    }
}

static enum source_way expected_way(const struct pipeline *p, hsize_t chunk)
{
    bool placed = N / chunk <= 512;
    bool filtered = p->bits != 0 || p->filter != 0;
    return !placed ? SOURCE_FETCHED : filtered ? SOURCE_DECODED : SOURCE_PLAIN;
}

static void put_both(const char *folder, hid_t type, const struct pipeline *p, hsize_t chunk,
                     char path[PUT_PATH_SIZE])
{
    static uint8_t data[N * 8];
    make_bytes(type, N, data);
    hid_t file = put_file(folder, "both.h5", path);
    put_column(file, &(struct put){"plain", type, type, data, N, 0, 0, NULL});
    if (p->filter == 0) {
        put_column(file, &(struct put){"packed", type, type, data, N, chunk, p->bits, NULL});
    } else {
        put_packed(file,
                   &(struct packed){"packed", type, data, N, chunk, p->shuffled, p->filter});
    }
    (void)H5Fclose(file);
}

/* What the library makes of a column. */
static void read_through(struct opened *o, struct format_column *column, void *out)
{
    struct error err = {0};
    check_ok(o->format->read(o->file, column, 0, column->n_rows, out, &err), &err);
}

static void every_type_filter_and_chunk_shape_reads_bit_by_bit_as_the_library_does(void **state)
{
    char path[PUT_PATH_SIZE];
    hid_t types[N_TYPES];
    static uint8_t expected[N * 8];
    static uint8_t own[N * 8];
    all_types(types);
    for (size_t k = 0; k < N_TYPES * ARRAY_LENGTH(pipelines) * ARRAY_LENGTH(chunks); k++) {
        hid_t type = types[k % N_TYPES];
        const struct pipeline *p = &pipelines[k / N_TYPES % ARRAY_LENGTH(pipelines)];
        hsize_t chunk = chunks[k / N_TYPES / ARRAY_LENGTH(pipelines)];
        put_both(*state, type, p, chunk, path);
        struct opened o;
        open_column(path, "packed", &o);
        assert_int_equal(o.source.way, expected_way(p, chunk));
        struct format_column *plain = find(&o, "plain");
        read_through(&o, plain, expected);
        if (p->filter == 0) {
            read_through(&o, o.source.column, own);
            assert_memory_equal(own, expected, N * plain->raw_size);
        }
        check_rows(&o, expected, N);
        close_column(&o);
    }
    for (size_t t = 0; t < N_TYPES; t++) {
        (void)H5Tclose(types[t]);
    }
}

static void columns_in_one_piece_read_as_the_library_does(void **state)
{
    char path[PUT_PATH_SIZE];
    hid_t types[N_TYPES];
    static uint8_t data[N * 8];
    static uint8_t expected[N * 8];
    all_types(types);
    for (size_t k = 0; k < (size_t)2 * N_TYPES; k++) {
        hid_t type = types[k / 2];
        unsigned layout = k % 2 == 0 ? 0 : PUT_COMPACT;
        make_bytes(type, N, data);
        hid_t file = put_file(*state, "whole.h5", path);
        put_column(file, &(struct put){"x", type, type, data, N, 0, layout, NULL});
        (void)H5Fclose(file);
        struct opened o;
        open_column(path, "x", &o);
        assert_int_equal(o.source.way, layout == 0 ? SOURCE_PLAIN : SOURCE_THROUGH_FORMAT);
        read_through(&o, o.source.column, expected);
        check_rows(&o, expected, N);
        close_column(&o);
    }
    for (size_t t = 0; t < N_TYPES; t++) {
        (void)H5Tclose(types[t]);
    }
}

static void every_half_becomes_the_same_single_as_in_the_library(void **state)
{
    char path[PUT_PATH_SIZE];
    static uint16_t halves[N_HALVES];
    static float expected[N_HALVES];
    for (size_t i = 0; i < N_HALVES; i++) {
        halves[i] = (uint16_t)i;
    }
    for (int big = 0; big < 2; big++) {
        hid_t type = put_half(big ? H5T_ORDER_BE : H5T_ORDER_LE);
        hid_t file = put_file(*state, "half.h5", path);
        put_column(file, &(struct put){"x", type, type, halves, N_HALVES, 0, 0, NULL});
        put_column(file, &(struct put){"y", type, type, halves, N_HALVES, 50000,
                                       PUT_SHUFFLE | PUT_DEFLATE, NULL});
        (void)H5Fclose(file);
        for (int k = 0; k < 2; k++) {
            struct opened o;
            open_column(path, k == 0 ? "x" : "y", &o);
            read_through(&o, o.source.column, expected);
            const uint32_t *got = rows(&o, 0, N_HALVES);
            assert_memory_equal(got, expected, sizeof expected);
            close_column(&o);
        }
        (void)H5Tclose(type);
    }
}

/* Behind a user's block, and with a last chunk that was left unfiltered. */
static void what_lies_or_is_filtered_in_another_way_reads_as_the_library_does(void **state)
{
    static const struct {
        hsize_t user_block;
        unsigned options;
        unsigned bits;
        enum source_way way;
    } cases[] = {
        {512, 0, 0, SOURCE_FETCHED},
        {512, 0, PUT_SHUFFLE | PUT_DEFLATE, SOURCE_FETCHED},
        {0, H5D_CHUNK_DONT_FILTER_PARTIAL_CHUNKS, PUT_SHUFFLE | PUT_DEFLATE,
         SOURCE_THROUGH_FORMAT},
    };
    char path[PUT_PATH_SIZE];
    uint8_t data[N * 4];
    make_bytes(H5T_STD_U32LE, N, data);
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        const hsize_t n = N;
        hid_t create = H5Pcreate(H5P_FILE_CREATE);
        hid_t layout = put_layout(100, cases[i].bits);
        hid_t space = H5Screate_simple(1, &n, NULL);
        assert_true(H5Pset_userblock(create, cases[i].user_block) >= 0 &&
                    H5Pset_chunk_opts(layout, cases[i].options) >= 0);
        (void)snprintf(path, sizeof path, "%s/other.h5", (const char *)*state);
        hid_t file = H5Fcreate(path, H5F_ACC_TRUNC, create, H5P_DEFAULT);
        hid_t set =
            H5Dcreate2(file, "x", H5T_STD_U32LE, space, H5P_DEFAULT, layout, H5P_DEFAULT);
        assert_true(H5Dwrite(set, H5T_STD_U32LE, H5S_ALL, H5S_ALL, H5P_DEFAULT, data) >= 0);
        (void)H5Dclose(set);
        (void)H5Fclose(file);
        (void)H5Sclose(space);
        (void)H5Pclose(layout);
        (void)H5Pclose(create);
        struct opened o;
        open_column(path, "x", &o);
        assert_int_equal(o.source.way, cases[i].way);
        check_rows(&o, data, N);
        close_column(&o);
    }
}

/* Chunk k without the filters whose bits k % 4 has: 1 shuffle, 2 what compresses. */
static void put_masked(hid_t data, const struct packed *p)
{
    const size_t size = (size_t)p->chunk * 4;
    uint8_t sorted[100 * 4];
    uint8_t stored[sizeof sorted * 8];
    assert_true(size == sizeof sorted && pack_bound(size) <= sizeof stored);
    for (hsize_t first = 0; first < p->n; first += p->chunk) {
        uint32_t mask = first / p->chunk % 4;
        uint8_t plain[sizeof sorted] = {0};
        memcpy(plain, p->data + first * 4, size_min(size, (p->n - first) * 4));
        pack_shuffle(plain, size, (mask & 1) == 0 ? 4 : 1, sorted);
        size_t n = (mask & 2) == 0 ? pack(p->filter, sorted, size, stored) : size;
        assert_true(H5Dwrite_chunk(data, H5P_DEFAULT, mask, &first, n,
                                   (mask & 2) == 0 ? stored : sorted) >= 0);
    }
}

static void chunks_that_a_filter_left_out_read_as_they_are(void **state)
{
    static const int filters[] = {PACK_ZSTD, PACK_LZ4};
    char path[PUT_PATH_SIZE];
    static uint8_t data[N * 4];
    make_bytes(H5T_STD_U32LE, N, data);
    for (size_t i = 0; i < ARRAY_LENGTH(filters); i++) {
        struct packed p = {"x", H5T_STD_U32LE, data, N, 100, true, filters[i]};
        hid_t file = put_file(*state, "masked.h5", path);
        hid_t set = packed_create(file, &p);
        put_masked(set, &p);
        (void)H5Dclose(set);
        (void)H5Fclose(file);
        struct opened o;
        open_column(path, "x", &o);
        assert_int_equal(o.source.way, SOURCE_DECODED);
        check_rows(&o, data, N);
        close_column(&o);
    }
}

static void change_byte(const char *path, uint64_t at, uint8_t difference)
{
    uint8_t byte = 0;
    int fd = open(path, O_RDWR);
    assert_true(fd >= 0);
    assert_int_equal(pread(fd, &byte, 1, (off_t)at), 1);
    byte ^= difference;
    assert_int_equal(pwrite(fd, &byte, 1, (off_t)at), 1);
    (void)close(fd);
}

/* Any byte of a chunk, with its checksum at the end. */
static void flipped_bytes_under_a_checksum_are_refused_here_and_by_the_library(void **state)
{
    static const unsigned pipeline[] = {PUT_FLETCHER32, PUT_SHUFFLE | PUT_FLETCHER32,
                                        PUT_SHUFFLE | PUT_DEFLATE | PUT_FLETCHER32};
    enum { CHUNK = 64 };
    char path[PUT_PATH_SIZE];
    uint8_t data[N * 8];
    uint8_t out[N * 8];
    make_bytes(H5T_IEEE_F64BE, N, data);
    for (size_t k = 0; k < ARRAY_LENGTH(pipeline); k++) {
        hid_t file = put_file(*state, "flipped.h5", path);
        put_column(file, &(struct put){"x", H5T_IEEE_F64BE, H5T_IEEE_F64BE, data, N, CHUNK,
                                       pipeline[k], NULL});
        (void)H5Fclose(file);
        struct opened o;
        open_column(path, "x", &o);
        const struct extent e = o.source.column->extent[2];
        close_column(&o);
        for (uint64_t at = 0; at < e.stored_bytes; at += 7) {
            struct error own = {0};
            struct error library = {0};
            change_byte(path, e.offset_bytes + at, 0x81);
            open_column(path, "x", &o);
            assert_int_equal(source_load(&o.source, 0, N, &o.bench, &own), -1);
            assert_int_equal(o.format->read(o.file, o.source.column, 0, N, out, &library), -1);
            check_contains(own.text, "rows 128-192 cannot be read, the file is damaged (");
            check_contains(library.text, "the file is damaged (HDF5: ");
            (void)rows(&o, 0, e.first); /* the others still come */
            close_column(&o);
            change_byte(path, e.offset_bytes + at, 0x81);
        }
    }
}

/* The last byte is of zlib's own checksum: by then all of the chunk was written over the one before. */
static void after_a_damaged_chunk_the_one_before_it_is_read_again(void **state)
{
    enum { CHUNK = 100 };
    char path[PUT_PATH_SIZE];
    uint8_t data[N * 4];
    make_bytes(H5T_STD_U32LE, N, data);
    hid_t file = put_file(*state, "again.h5", path);
    put_column(file, &(struct put){"x", H5T_STD_U32LE, H5T_STD_U32LE, data, N, CHUNK,
                                   PUT_SHUFFLE | PUT_DEFLATE, NULL});
    (void)H5Fclose(file);
    struct opened o;
    struct error err = {0};
    open_column(path, "x", &o);
    const struct extent *e = &o.source.column->extent[1];
    change_byte(path, e->offset_bytes + e->stored_bytes - 1, 0x81);
    assert_memory_equal(rows(&o, 10, 20), &data[40], 40);
    assert_int_equal(source_load(&o.source, 110, 120, &o.bench, &err), -1);
    check_contains(err.text, "rows 100-200 cannot be read, the file is damaged (deflate: ");
    assert_memory_equal(rows(&o, 10, 20), &data[40], 40);
    close_column(&o);
}

static void a_column_without_rows_has_none(void **state)
{
    char path[PUT_PATH_SIZE];
    hid_t file = put_file(*state, "none.h5", path);
    put_column(file, &(struct put){"x", H5T_IEEE_F32LE, H5T_NATIVE_FLOAT, NULL, 0, 7,
                                   PUT_SHUFFLE | PUT_DEFLATE, NULL});
    put_column(file, &(struct put){"y", H5T_IEEE_F32BE, H5T_NATIVE_FLOAT, NULL, 0, 0, 0, NULL});
    (void)H5Fclose(file);
    for (int k = 0; k < 2; k++) {
        struct opened o;
        open_column(path, k == 0 ? "x" : "y", &o);
        (void)rows(&o, 0, 0);
        close_column(&o);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(
            every_type_filter_and_chunk_shape_reads_bit_by_bit_as_the_library_does),
        cmocka_unit_test(columns_in_one_piece_read_as_the_library_does),
        cmocka_unit_test(every_half_becomes_the_same_single_as_in_the_library),
        cmocka_unit_test(what_lies_or_is_filtered_in_another_way_reads_as_the_library_does),
        cmocka_unit_test(chunks_that_a_filter_left_out_read_as_they_are),
        cmocka_unit_test(flipped_bytes_under_a_checksum_are_refused_here_and_by_the_library),
        cmocka_unit_test(after_a_damaged_chunk_the_one_before_it_is_read_again),
        cmocka_unit_test(a_column_without_rows_has_none),
    };
    return cmocka_run_group_tests(tests, put_make_folder, put_remove_folder);
}
