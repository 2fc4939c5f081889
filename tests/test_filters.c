/* SPDX-License-Identifier: Apache-2.0 */
/* test_filters.c - see worker/filters.h, fletcher32.h and shuffle.h. What is to be undone is made
 * here, or by the compressors' own libraries. All buffers are as long as they must be and no
 * longer, so that the address sanitizer sees the first byte beyond. */
#include "tests/support/packed_column.h"

#include <libdeflate.h>

#include "base/size.h"
#include "worker/filters.h"
#include "worker/fletcher32.h"
#include "worker/shuffle.h"

enum { SIZE_MOST = 5000, ELEMENT = 4, GARBAGE_TRIES = 3000 };

/* Compressible, but not trivial. */
static void make_plain(size_t size, uint8_t *out)
{
    uint32_t state = 12345;
    for (size_t i = 0; i < size; i++) {
        state = state * 1664525 + 1013904223;
        out[i] = i % 3 == 0 ? (uint8_t)(state >> 24) : 7;
    }
}

static void *copy_of(const void *data, size_t size)
{
    void *copy = malloc(size + (size == 0));
    assert_non_null(copy);
    memcpy(copy, data, size);
    return copy;
}

/* What a filter makes of in[size], into out with room enough; its length. */
static size_t apply(const char *name, const uint8_t *in, size_t size, uint8_t *out)
{
    if (strcmp(name, "shuffle") == 0) {
        pack_shuffle(in, size, ELEMENT, out);
        return size;
    }
    if (strcmp(name, "fletcher32") == 0) {
        uint32_t sum = fletcher32(in, size);
        memcpy(out, in, size);
        for (size_t i = 0; i < sizeof sum; i++) {
            out[size + i] = (uint8_t)(sum >> 8 * i);
        }
        return size + sizeof sum;
    }
    if (strcmp(name, "deflate") == 0) {
        struct libdeflate_compressor *c = libdeflate_alloc_compressor(4);
        size_t n = libdeflate_zlib_compress(c, in, size, out, pack_bound(size));
        libdeflate_free_compressor(c);
        assert_true(n > 0);
        return n;
    }
    return pack(strcmp(name, "lz4") == 0 ? PACK_LZ4 : PACK_ZSTD, in, size, out);
}

static struct filter_chain chain_of(const char *const *name, size_t n)
{
    struct filter_chain chain = {.n = n};
    for (size_t i = 0; i < n; i++) {
        chain.filter[i] = filter_find(name[i]);
        chain.parameter[i] = ELEMENT;
        assert_non_null(chain.filter[i]);
    }
    return chain;
}

/* Undoes a chain on a copy of in[size], in rooms of exactly the right length; 0 or -1, and in out
 * what came out. */
static int undo(const struct filter_chain *chain, uint32_t mask,
                const struct filter_piece *piece, struct error *err)
{
    struct filter_bench bench = {0};
    check_ok(filter_bench_prepare(&bench, piece->plain_bytes, piece->stored_bytes, err), err);
    void *in = copy_of(piece->in, piece->stored_bytes);
    void *out = copy_of(piece->out, piece->plain_bytes);
    const struct filter_piece exact = {.in = in,
                                       .stored_bytes = piece->stored_bytes,
                                       .out = out,
                                       .plain_bytes = piece->plain_bytes};
    int rc = filter_chain_undo(chain, mask, &bench, &exact, err);
    memcpy(piece->out, out, piece->plain_bytes);
    free(out);
    free(in);
    filter_bench_release(&bench);
    return rc;
}

static const char *const names[] = {"deflate", "shuffle", "fletcher32", "lz4", "zstd"};

static void each_filter_gives_back_what_went_in(void **state)
{
    (void)state;
    static const size_t sizes[] = {1, 2, 3, 4, 5, 299, 300, 301, 1023, 4096, SIZE_MOST};
    static uint8_t plain[SIZE_MOST];
    static uint8_t stored[8 * SIZE_MOST];
    static uint8_t out[SIZE_MOST];
    for (size_t k = 0; k < ARRAY_LENGTH(names) * ARRAY_LENGTH(sizes); k++) {
        size_t size = sizes[k / ARRAY_LENGTH(names)];
        const char *name = names[k % ARRAY_LENGTH(names)];
        struct filter_chain chain = chain_of(&name, 1);
        struct error err = {0};
        make_plain(size, plain);
        size_t n = apply(name, plain, size, stored);
        memset(out, 0xee, size);
        check_ok(undo(&chain, 0, &(struct filter_piece){stored, n, out, size}, &err), &err);
        assert_memory_equal(out, plain, size);
    }
}

/* As HDF5 lets its users order them, with any of them left out. */
static void filters_in_any_order_and_with_any_left_out_are_undone(void **state)
{
    (void)state;
    static const char *const orders[][3] = {
        {"shuffle", "zstd", "fletcher32"}, {"shuffle", "fletcher32", "zstd"},
        {"zstd", "shuffle", "fletcher32"}, {"zstd", "fletcher32", "shuffle"},
        {"fletcher32", "shuffle", "lz4"},  {"fletcher32", "deflate", "shuffle"},
    };
    enum { SIZE = 1000 };
    static uint8_t plain[SIZE];
    static uint8_t stored[8 * SIZE];
    static uint8_t next[8 * SIZE];
    uint8_t out[SIZE];
    for (size_t k = 0; k < ARRAY_LENGTH(orders) * 8; k++) {
        const char *const *order = orders[k / 8];
        uint32_t mask = k % 8;
        struct filter_chain chain = chain_of(order, 3);
        assert_true(filter_chain_is_known(&chain));
        make_plain(SIZE, plain);
        memcpy(stored, plain, SIZE);
        size_t n = SIZE;
        for (size_t i = 0; i < 3; i++) {
            n = (mask >> i & 1) == 0 ? apply(order[i], stored, n, next) : n;
            memmove(stored, (mask >> i & 1) == 0 ? next : stored, n);
        }
        struct error err = {0};
        check_ok(undo(&chain, mask, &(struct filter_piece){stored, n, out, SIZE}, &err), &err);
        assert_memory_equal(out, plain, SIZE);
    }
}

static void chains_whose_sizes_would_be_unknown_are_not_known(void **state)
{
    (void)state;
    static const char *const cases[][2] = {{"deflate", "zstd"},
                                           {"lz4", "lz4"},
                                           {"shuffle", "shuffle"},
                                           {"fletcher32", "fletcher32"}};
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct filter_chain chain = chain_of(cases[i], 2);
        assert_false(filter_chain_is_known(&chain));
    }
    struct filter_chain unknown = {.n = 1, .filter = {filter_find("szip")}};
    assert_false(filter_chain_is_known(&unknown));
    assert_null(filter_find_hdf5(4));
    assert_string_equal(filter_find_hdf5(32015)->name, "zstd");
    assert_string_equal(filter_find_hdf5(32004)->name, "lz4");
}

/* Cut anywhere, longer, or of another length than it must have. */
static void what_is_cut_or_has_another_length_is_refused(void **state)
{
    (void)state;
    enum { SIZE = 700 };
    static uint8_t plain[SIZE];
    static uint8_t stored[8 * SIZE];
    uint8_t out[SIZE + 1] = {0};
    make_plain(SIZE, plain);
    for (size_t k = 0; k < ARRAY_LENGTH(names); k++) {
        struct filter_chain chain = chain_of(&names[k], 1);
        size_t n = apply(names[k], plain, SIZE, stored);
        for (size_t cut = 0; cut < n; cut++) {
            struct error err = {0};
            assert_int_equal(
                undo(&chain, 0, &(struct filter_piece){stored, cut, out, SIZE}, &err), -1);
            assert_int_equal(err.kind, ERROR_INPUT);
        }
        for (int more = -1; more <= 1; more += 2) {
            struct error err = {0};
            assert_int_equal(undo(&chain, 0,
                                  &(struct filter_piece){stored, n, out, (size_t)(SIZE + more)},
                                  &err),
                             -1);
            assert_int_equal(err.kind, ERROR_INPUT);
        }
    }
}

/* One flipped bit: a checksum finds it, other filters may not, but none writes elsewhere. */
static void flipped_bits_do_no_harm_and_are_found_under_a_checksum(void **state)
{
    (void)state;
    enum { SIZE = 200 };
    static uint8_t plain[SIZE];
    static uint8_t stored[8 * SIZE];
    uint8_t out[SIZE] = {0};
    make_plain(SIZE, plain);
    for (size_t k = 0; k < ARRAY_LENGTH(names); k++) {
        const char *const both[] = {names[k], "fletcher32"};
        bool summed = strcmp(names[k], "fletcher32") != 0;
        struct filter_chain chain = chain_of(both, summed ? 2 : 1);
        size_t n = apply(names[k], plain, SIZE, stored);
        uint8_t sealed[8 * SIZE];
        memcpy(sealed, stored, n);
        n = summed ? apply("fletcher32", stored, n, sealed) : n;
        for (size_t bit = 0; bit < 8 * n; bit++) {
            struct error err = {0};
            sealed[bit / 8] ^= (uint8_t)(1U << bit % 8);
            assert_int_equal(
                undo(&chain, 0, &(struct filter_piece){sealed, n, out, SIZE}, &err), -1);
            check_contains(err.text, "fletcher32: the checksum is ");
            (void)undo(&chain, 2, &(struct filter_piece){sealed, n, out, SIZE}, &err);
            sealed[bit / 8] ^= (uint8_t)(1U << bit % 8);
        }
    }
}

static void garbage_is_refused_or_makes_the_bytes_it_must(void **state)
{
    (void)state;
    enum { SIZE = 64 };
    uint8_t out[SIZE] = {0};
    uint8_t garbage[SIZE];
    uint32_t random = 99;
    for (size_t k = 0; k < GARBAGE_TRIES; k++) {
        const char *name = names[k % ARRAY_LENGTH(names)];
        struct filter_chain chain = chain_of(&name, 1);
        for (size_t i = 0; i < SIZE; i++) {
            random = random * 1664525 + 1013904223;
            garbage[i] = i < k % 13 ? 0 : (uint8_t)(random >> 24);
        }
        struct error err = {0};
        int rc = undo(&chain, 0, &(struct filter_piece){garbage, 1 + random % SIZE, out, SIZE},
                      &err);
        assert_true(rc == 0 || err.kind == ERROR_INPUT);
    }
}

static void lz4_in_frames_that_lie_is_refused(void **state)
{
    (void)state;
    /* 16 bytes raw in one block, and what is wrong with each case's head. */
    static const struct {
        uint8_t plain[8], block[4], stored[4];
        const char *part; /* NULL: good */
    } cases[] = {
        {{0, 0, 0, 0, 0, 0, 0, 16}, {0, 0, 0, 16}, {0, 0, 0, 16}, NULL},
        {{0, 0, 0, 0, 0, 0, 0, 16}, {0xff, 0xff, 0xff, 0xff}, {0, 0, 0, 16}, NULL},
        {{0, 0, 0, 0, 0, 0, 0, 16}, {0, 0, 0, 0}, {0, 0, 0, 16}, "in blocks of 0"},
        {{1, 0, 0, 0, 0, 0, 0, 16},
         {0, 0, 0, 16},
         {0, 0, 0, 16},
         "lz4: it says 720575940379279"},
        {{0, 0, 0, 0, 0, 0, 0, 17}, {0, 0, 0, 16}, {0, 0, 0, 16}, "lz4: it says 17 bytes"},
        {{0, 0, 0, 0, 0, 0, 0, 16}, {0, 0, 0, 16}, {0, 0, 0, 17}, "of which 16 are there"},
        {{0, 0, 0, 0, 0, 0, 0, 16}, {0, 0, 0, 16}, {0xff, 0xff, 0xff, 0xff}, "of which 16"},
        {{0, 0, 0, 0, 0, 0, 0, 16}, {0, 0, 0, 16}, {0, 0, 0, 0}, "a block of 0 bytes does not"},
        {{0, 0, 0, 0, 0, 0, 0, 16}, {0, 0, 0, 8}, {0, 0, 0, 8}, "lz4: "},
    };
    static const char *const name = "lz4";
    struct filter_chain chain = chain_of(&name, 1);
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        uint8_t in[32];
        uint8_t out[16];
        struct error err = {0};
        memset(in, 0x51, sizeof in);
        memcpy(in, cases[i].plain, 8);
        memcpy(in + 8, cases[i].block, 4);
        memcpy(in + 12, cases[i].stored, 4);
        int rc = undo(&chain, 0, &(struct filter_piece){in, sizeof in, out, sizeof out}, &err);
        if (cases[i].part == NULL) {
            check_ok(rc, &err);
            assert_memory_equal(out, in + 16, sizeof out);
        } else {
            assert_int_equal(rc, -1);
            check_contains(err.text, cases[i].part);
        }
    }
}

static void zstd_in_several_frames_is_one_piece(void **state)
{
    (void)state;
    static const char *const name = "zstd";
    struct filter_chain chain = chain_of(&name, 1);
    uint8_t plain[100];
    uint8_t stored[1000];
    uint8_t out[100];
    struct error err = {0};
    make_plain(sizeof plain, plain);
    size_t n = ZSTD_compress(stored, 500, plain, 60, 1);
    n += ZSTD_compress(stored + n, 500, plain + 60, 40, 1);
    check_ok(undo(&chain, 0, &(struct filter_piece){stored, n, out, sizeof out}, &err), &err);
    assert_memory_equal(out, plain, sizeof out);
}

/* The published examples are of little-endian words. */
static void fletcher32_gives_the_published_sums(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        uint32_t sum;
    } cases[] = {{"abcde", 0xf04fc729}, {"abcdef", 0x56502d2a}, {"abcdefgh", 0xebe19591}};
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        uint32_t sum = fletcher32(cases[i].text, strlen(cases[i].text));
        assert_int_equal(fletcher32_swap(sum), cases[i].sum);
    }
}

/* Word by word, as the definition says, over lengths around those that are added at once. */
static void fletcher32_follows_its_definition(void **state)
{
    (void)state;
    enum { MOST = 3000 };
    uint8_t data[MOST];
    for (int kind = 0; kind < 3; kind++) {
        make_plain(MOST, data);
        if (kind > 0) {
            memset(data, kind == 1 ? 0xff : 0, MOST);
        }
        uint32_t first = 0;
        uint32_t second = 0;
        for (size_t n = 0; n + 2 <= MOST; n += 2) {
            assert_int_equal(fletcher32(data, n), second << 16 | first);
            first += (uint32_t)data[n] << 8 | data[n + 1];
            first = first > 0xffff ? first - 0xffff : first;
            second += first;
            second = second > 0xffff ? second - 0xffff : second;
        }
    }
}

static void elements_of_any_size_are_put_together_again(void **state)
{
    (void)state;
    static const size_t elements[] = {1, 2, 3, 4, 5, 8, 16, 100};
    uint8_t plain[1003];
    uint8_t sorted[1003];
    make_plain(sizeof plain, plain);
    for (size_t k = 0; k < ARRAY_LENGTH(elements) * sizeof plain; k++) {
        size_t size = k / ARRAY_LENGTH(elements);
        size_t element = elements[k % ARRAY_LENGTH(elements)];
        pack_shuffle(plain, size, element, sorted);
        uint8_t *in = copy_of(sorted, size);
        uint8_t *out = copy_of(sorted, size);
        shuffle_undo(in, size, element, out);
        assert_memory_equal(out, plain, size);
        free(in);
        free(out);
    }
}

static void some_elements_are_put_together_as_all_are(void **state)
{
    (void)state;
    enum { N = 67 };
    static const size_t elements[] = {1, 2, 3, 4, 8, 12};
    uint8_t plain[N * 12];
    uint8_t sorted[sizeof plain];
    make_plain(sizeof plain, plain);
    for (size_t k = 0; k < ARRAY_LENGTH(elements) * N * N; k++) {
        size_t element = elements[k / N / N];
        size_t first = k / N % N;
        size_t n = k % N < N - first ? k % N : N - first;
        pack_shuffle(plain, N * element, element, sorted);
        uint8_t *in = copy_of(sorted, N * element);
        uint8_t *out = copy_of(sorted, n * element);
        shuffle_undo_some(in, N, element, first, n, out);
        assert_memory_equal(out, plain + first * element, n * element);
        free(in);
        free(out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_filter_gives_back_what_went_in),
        cmocka_unit_test(filters_in_any_order_and_with_any_left_out_are_undone),
        cmocka_unit_test(chains_whose_sizes_would_be_unknown_are_not_known),
        cmocka_unit_test(what_is_cut_or_has_another_length_is_refused),
        cmocka_unit_test(flipped_bits_do_no_harm_and_are_found_under_a_checksum),
        cmocka_unit_test(garbage_is_refused_or_makes_the_bytes_it_must),
        cmocka_unit_test(lz4_in_frames_that_lie_is_refused),
        cmocka_unit_test(zstd_in_several_frames_is_one_piece),
        cmocka_unit_test(fletcher32_gives_the_published_sums),
        cmocka_unit_test(fletcher32_follows_its_definition),
        cmocka_unit_test(elements_of_any_size_are_put_together_again),
        cmocka_unit_test(some_elements_are_put_together_as_all_are),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
