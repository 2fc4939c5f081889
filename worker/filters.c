/* SPDX-License-Identifier: Apache-2.0 */
/* filters.c - see filters.h
 *
 * The formats of the bytes are those of the filters of HDF5, by the numbers that The HDF Group
 * registers: 1 deflate (zlib's), 2 shuffle, 3 fletcher32, 32004 lz4, 32015 zstd. */
#include "worker/filters.h"

#include <inttypes.h>
#include <libdeflate.h>
#include <lz4.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

#include "base/size.h"
#include "worker/fletcher32.h"
#include "worker/shuffle.h"

struct filter_tools {
    struct libdeflate_decompressor *deflate;
    ZSTD_DCtx *zstd;
};

static int undo_deflate(struct filter_tools *tools, unsigned parameter,
                        const struct filter_piece *piece, struct error *err)
{
    (void)parameter;
    /* Without a place for the actual size, other than the expected one is an error. */
    enum libdeflate_result result = libdeflate_zlib_decompress(
        tools->deflate, piece->in, piece->stored_bytes, piece->out, piece->plain_bytes, NULL);
    switch (result) {
    case LIBDEFLATE_SUCCESS:
        return 0;
    case LIBDEFLATE_SHORT_OUTPUT:
        return error_set(err, ERROR_INPUT, "fewer bytes come out than the %zu expected",
                         piece->plain_bytes);
    case LIBDEFLATE_INSUFFICIENT_SPACE:
        return error_set(err, ERROR_INPUT, "more bytes come out than the %zu expected",
                         piece->plain_bytes);
    default:
        return error_set(err, ERROR_INPUT, "%zu bytes that are no such stream",
                         piece->stored_bytes);
    }
}

static int undo_zstd(struct filter_tools *tools, unsigned parameter,
                     const struct filter_piece *piece, struct error *err)
{
    (void)parameter;
    size_t n = ZSTD_decompressDCtx(tools->zstd, piece->out, piece->plain_bytes, piece->in,
                                   piece->stored_bytes);
    if (ZSTD_isError(n)) {
        return error_set(err, ERROR_INPUT, "%s", ZSTD_getErrorName(n));
    }
    return n == piece->plain_bytes
               ? 0
               : error_set(err, ERROR_INPUT, "%zu bytes come out, %zu expected", n,
                           piece->plain_bytes);
}

static uint32_t load_u32_be(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

/* One block of the framing below: raw where compressing did not make it shorter. */
static int undo_lz4_block(const uint8_t *in, size_t size, uint8_t *out, size_t expected,
                          struct error *err)
{
    if (size == expected) {
        memcpy(out, in, size);
        return 0;
    }
    int n = size > INT32_MAX || expected > INT32_MAX
                ? -1
                : LZ4_decompress_safe((const char *)in, (char *)out, (int)size, (int)expected);
    return n >= 0 && (size_t)n == expected
               ? 0
               : error_set(err, ERROR_INPUT, "a block of %zu bytes does not make %zu", size,
                           expected);
}

/* Layout, all big-endian: u64 bytes before compression, u32 of these in a block (all but the
 * last), and of each block u32 its size, and that many bytes. */
static int undo_lz4(struct filter_tools *tools, unsigned parameter,
                    const struct filter_piece *piece, struct error *err)
{
    enum { HEAD = 12, BLOCK_HEAD = 4 };
    (void)tools, (void)parameter;
    const uint8_t *at = piece->in;
    const uint8_t *end = at + piece->stored_bytes;
    size_t plain = piece->plain_bytes;
    if (piece->stored_bytes < HEAD) {
        return error_set(err, ERROR_INPUT, "%zu bytes are less than its head",
                         piece->stored_bytes);
    }
    uint64_t said = (uint64_t)load_u32_be(at) << 32 | load_u32_be(at + 4);
    size_t block = load_u32_be(at + 8);
    at += HEAD;
    if (said != plain || (block == 0 && plain > 0)) {
        return error_set(err, ERROR_INPUT,
                         "it says %" PRIu64 " bytes in blocks of %zu, %zu expected", said,
                         block, plain);
    }
    for (size_t done = 0; done < plain; done += size_min(block, plain - done)) {
        if ((size_t)(end - at) < BLOCK_HEAD) {
            return error_set(err, ERROR_INPUT, "it ends after %zu of %zu bytes", done, plain);
        }
        size_t stored = load_u32_be(at);
        at += BLOCK_HEAD;
        if (stored > (size_t)(end - at)) {
            return error_set(err, ERROR_INPUT, "a block of %zu bytes, of which %zu are there",
                             stored, (size_t)(end - at));
        }
        if (undo_lz4_block(at, stored, (uint8_t *)piece->out + done,
                           size_min(block, plain - done), err) != 0) {
            return -1;
        }
        at += stored;
    }
    return 0;
}

static int undo_shuffle(struct filter_tools *tools, unsigned parameter,
                        const struct filter_piece *piece, struct error *err)
{
    (void)tools;
    if (piece->stored_bytes != piece->plain_bytes) {
        return error_set(err, ERROR_INPUT, "%zu bytes, %zu expected", piece->stored_bytes,
                         piece->plain_bytes);
    }
    shuffle_undo(piece->in, piece->stored_bytes, parameter, piece->out);
    return 0;
}

static int verify_fletcher32(const void *in, size_t size, struct error *err)
{
    enum { SUM_BYTES = 4 };
    if (size < SUM_BYTES) {
        return error_set(err, ERROR_INPUT, "%zu bytes are no checksum", size);
    }
    const uint8_t *sum = (const uint8_t *)in + size - SUM_BYTES;
    uint32_t stored = (uint32_t)sum[3] << 24 | (uint32_t)sum[2] << 16 | (uint32_t)sum[1] << 8 |
                      (uint32_t)sum[0];
    uint32_t actual = fletcher32(in, size - SUM_BYTES);
    return stored == actual || stored == fletcher32_swap(actual)
               ? 0
               : error_set(err, ERROR_INPUT,
                           "the checksum is %08" PRIx32 ", that of the bytes %08" PRIx32,
                           stored, actual);
}

/* How much they expand. Deflate: 258 bytes from two bits. LZ4: 255 from a byte. Zstandard:
 * blocks of one repeated byte, 128 KiB from 4 bytes. */
static const struct filter filters[] = {
    /* clang-format off */
    {"deflate", 1, .compresses = true, .in_library = true, .expands_max = 1032,
     .undo = undo_deflate},
    {"shuffle", 2, .in_library = true, .expands_max = 1, .undo = undo_shuffle},
    {"fletcher32", 3, .in_library = true, .expands_max = 1, .added = 4,
     .verify = verify_fletcher32},
    {"lz4", 32004, .compresses = true, .expands_max = 255, .undo = undo_lz4},
    {"zstd", 32015, .compresses = true, .expands_max = 32768, .undo = undo_zstd},
    /* clang-format on */
};

const struct filter *filter_find(const char *name)
{
    for (size_t i = 0; i < ARRAY_LENGTH(filters); i++) {
        if (strcmp(filters[i].name, name) == 0) {
            return &filters[i];
        }
    }
    return NULL;
}

const struct filter *filter_find_hdf5(int number)
{
    for (size_t i = 0; i < ARRAY_LENGTH(filters); i++) {
        if (filters[i].hdf5 == number) {
            return &filters[i];
        }
    }
    return NULL;
}

void filter_list(char *out, size_t size)
{
    size_t used = 0;
    for (size_t i = 0; i < ARRAY_LENGTH(filters) && used < size; i++) {
        int n = snprintf(out + used, size - used, "%s%s", i == 0 ? "" : ", ", filters[i].name);
        used += n < 0 ? 0 : (size_t)n;
    }
}

bool filter_chain_is_known(const struct filter_chain *chain)
{
    size_t n_compress = 0;
    size_t n_shuffle = 0;
    size_t n_verify = 0;
    for (size_t i = 0; i < chain->n; i++) {
        const struct filter *f = chain->filter[i];
        if (f == NULL) {
            return false;
        }
        n_compress += f->compresses;
        n_shuffle += f->undo != NULL && !f->compresses;
        n_verify += f->undo == NULL;
    }
    return n_compress <= 1 && n_shuffle <= 1 && n_verify <= 1;
}

static struct filter_tools *tools_create(struct error *err)
{
    struct filter_tools *tools = calloc(1, sizeof *tools);
    if (tools == NULL) {
        error_no_memory(err, "decompressors");
        return NULL;
    }
    tools->deflate = libdeflate_alloc_decompressor();
    tools->zstd = ZSTD_createDCtx();
    if (tools->deflate == NULL || tools->zstd == NULL) {
        libdeflate_free_decompressor(tools->deflate);
        (void)ZSTD_freeDCtx(tools->zstd);
        free(tools);
        error_no_memory(err, "decompressors");
        return NULL;
    }
    return tools;
}

int filter_bench_prepare(struct filter_bench *bench, size_t plain_bytes, size_t stored_bytes,
                         struct error *err)
{
    if (bench->tools == NULL) {
        bench->tools = tools_create(err);
    }
    size_t most = size_max(plain_bytes + FILTERS_ADDED_MAX, stored_bytes);
    return bench->tools == NULL || room_for(&bench->between[0], most, 1, err) != 0 ||
                   room_for(&bench->between[1], most, 1, err) != 0 ||
                   room_for(&bench->input, stored_bytes, 1, err) != 0
               ? -1
               : 0;
}

void filter_bench_release(struct filter_bench *bench)
{
    if (bench->tools != NULL) {
        libdeflate_free_decompressor(bench->tools->deflate);
        (void)ZSTD_freeDCtx(bench->tools->zstd);
        free(bench->tools);
        bench->tools = NULL;
    }
    room_release(&bench->between[0]);
    room_release(&bench->between[1]);
    room_release(&bench->input);
}

/* A piece on its way back through its chain. */
struct undoing {
    const struct filter_chain *chain;
    uint32_t mask;
    size_t plain_bytes;
    struct filter_bench *bench;
    void *out;
    const void *data; /* what is left to undo */
    size_t size;
    size_t n_moves;
};

static bool is_active(const struct undoing *u, size_t i)
{
    return (u->mask >> i & 1) == 0;
}

/* Bytes of the piece when filter i was given it. */
static size_t size_before(const struct undoing *u, size_t i)
{
    size_t size = u->plain_bytes;
    for (size_t j = 0; j < i; j++) {
        if (is_active(u, j) && u->chain->filter[j]->compresses) {
            return u
                ->size; /* only the data says how many, and this filter leaves them as many */
        }
        size += is_active(u, j) ? u->chain->filter[j]->added : 0;
    }
    return size;
}

/* Where the bytes before filter i go: out, if they are the plain ones. */
static void *place_before(struct undoing *u, size_t i, size_t expected)
{
    bool plain = expected == u->plain_bytes;
    for (size_t j = 0; j < i; j++) {
        plain = plain && (!is_active(u, j) || u->chain->filter[j]->undo == NULL);
    }
    /* At most one filter compresses and one shuffles: two moves, and never to where they are. */
    return plain ? u->out : u->bench->between[u->n_moves++ % 2].data;
}

static int undo_one(struct undoing *u, size_t i, struct error *err)
{
    const struct filter *f = u->chain->filter[i];
    if (f->undo == NULL) {
        if (f->verify(u->data, u->size, err) != 0) {
            return error_prefix(err, "%s", f->name);
        }
        u->size -= f->added;
        return 0;
    }
    size_t expected = size_before(u, i);
    void *to = place_before(u, i, expected);
    const struct filter_piece piece = {
        .in = u->data, .stored_bytes = u->size, .out = to, .plain_bytes = expected};
    if (f->undo(u->bench->tools, u->chain->parameter[i], &piece, err) != 0) {
        return error_prefix(err, "%s", f->name);
    }
    u->data = to;
    u->size = expected;
    return 0;
}

int filter_chain_undo(const struct filter_chain *chain, uint32_t mask,
                      struct filter_bench *bench, const struct filter_piece *piece,
                      struct error *err)
{
    struct undoing u = {.chain = chain,
                        .mask = mask,
                        .plain_bytes = piece->plain_bytes,
                        .bench = bench,
                        .out = piece->out,
                        .data = piece->in,
                        .size = piece->stored_bytes};
    for (size_t i = chain->n; i-- > 0;) {
        if (is_active(&u, i) && undo_one(&u, i, err) != 0) {
            return -1;
        }
    }
    if (u.size != u.plain_bytes) {
        return error_set(err, ERROR_INPUT, "%zu bytes, %zu expected", u.size, u.plain_bytes);
    }
    if (u.data != u.out) {
        memcpy(u.out, u.data, u.plain_bytes);
    }
    return 0;
}
