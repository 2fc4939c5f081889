/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_filters.c - fuzzes worker/filters.h, and what follows, worker/number.h: whatever a chunk
 * holds, nothing beyond it is read or written, and what is taken fills its room exactly.
 *
 * Layout: u8 which of the chains below, u8 mask, u8 element size, u32 plain bytes (of which 16
 * bits count); the rest is stored. */
#include <string.h>

#include "base/size.h"
#include "tests/fuzz/fuzz.h"
#include "worker/filters.h"
#include "worker/number.h"

static const char *const chains[][3] = {
    {"deflate"},
    {"zstd"},
    {"lz4"},
    {"shuffle"},
    {"fletcher32"},
    {"shuffle", "deflate", "fletcher32"},
    {"shuffle", "zstd", "fletcher32"},
    {"shuffle", "lz4"},
    {"fletcher32", "shuffle", "deflate"},
    {"zstd", "fletcher32", "shuffle"},
    {"lz4", "shuffle"},
};

static struct filter_chain chain_of(size_t which, unsigned element)
{
    struct filter_chain chain = {0};
    for (size_t i = 0; i < 3 && chains[which][i] != NULL; i++) {
        chain.filter[i] = filter_find(chains[which][i]);
        chain.parameter[i] = element;
        chain.n = i + 1;
    }
    FUZZ_CHECK(filter_chain_is_known(&chain));
    return chain;
}

/* Widened and swapped in the room it was decoded in. */
static void load(const uint8_t *plain, size_t size)
{
    for (int big = 0; big < 2; big++) {
        const struct format_column half = {
            .kind = FORMAT_REAL, .size = 2, .raw_size = 4, .big_endian = big == 1};
        size_t n = size / 2;
        uint8_t *room = malloc(size_max(4 * n, 1));
        FUZZ_CHECK(room != NULL);
        memcpy(room + 2 * n, plain, 2 * n);
        number_load(&half, room + 2 * n, n, room);
        free(room);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes in = bytes_of(data, size);
    size_t which = bytes_u8(&in) % ARRAY_LENGTH(chains);
    uint32_t mask = bytes_u8(&in);
    struct filter_chain chain = chain_of(which, bytes_u8(&in) % 17 + 1);
    size_t plain_bytes = bytes_u32(&in) & UINT16_MAX;
    struct error err = {0};
    struct filter_bench bench = {0};
    if (in.failed || filter_bench_prepare(&bench, plain_bytes, in.left, &err) != 0) {
        return 0;
    }
    /* Rooms exactly as long as they must be. */
    void *stored = malloc(size_max(in.left, 1));
    void *out = malloc(size_max(plain_bytes, 1));
    FUZZ_CHECK(stored != NULL && out != NULL);
    memcpy(stored, in.at, in.left);
    const struct filter_piece piece = {
        .in = stored, .stored_bytes = in.left, .out = out, .plain_bytes = plain_bytes};
    if (filter_chain_undo(&chain, mask, &bench, &piece, &err) == 0) {
        load(out, plain_bytes);
    } else {
        fuzz_check_refused(&err, ERROR_INPUT);
    }
    free(stored);
    free(out);
    filter_bench_release(&bench);
    return 0;
}
