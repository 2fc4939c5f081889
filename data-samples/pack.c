/* SPDX-License-Identifier: Apache-2.0 */
/* pack.c - see pack.h */
#include "data-samples/pack.h"

#include <lz4.h>
#include <stdint.h>
#include <stdlib.h>
#include <zstd.h>

enum {
    /* Of shuffled numbers it makes less than 3 does, and that is read a sixth faster; ROOT's. */
    ZSTD_LEVEL = 5,
    LZ4_HEAD = 16, /* of a chunk that is one block */
};

struct pack {
    enum pack_filter filter;
    size_t bytes;
    size_t element;
    uint8_t *sorted; /* [bytes] */
    uint8_t *out;    /* [room] */
    size_t room;
};

struct pack *pack_create(enum pack_filter filter, size_t bytes, size_t element,
                         struct error *err)
{
    struct pack *p = calloc(1, sizeof *p);
    if (p == NULL) {
        error_no_memory(err, "a chunk");
        return NULL;
    }
    *p = (struct pack){.filter = filter, .bytes = bytes, .element = element};
    p->room = filter == PACK_ZSTD ? ZSTD_compressBound(bytes)
                                  : LZ4_HEAD + (size_t)LZ4_compressBound((int)bytes);
    p->sorted = malloc(bytes);
    p->out = malloc(p->room);
    if (p->sorted == NULL || p->out == NULL) {
        error_no_memory(err, "a chunk");
        pack_destroy(p);
        return NULL;
    }
    return p;
}

void pack_destroy(struct pack *p)
{
    if (p == NULL) {
        return;
    }
    free(p->sorted);
    free(p->out);
    free(p);
}

/* First all first bytes of elements, then all second ones, and so on. */
static void shuffle(const struct pack *p, const uint8_t *in)
{
    size_t n = p->bytes / p->element;
    for (size_t k = 0; k < p->element; k++) {
        for (size_t i = 0; i < n; i++) {
            p->sorted[k * n + i] = in[i * p->element + k];
        }
    }
}

static void store_u32_be(uint8_t *out, size_t value)
{
    for (int i = 0; i < 4; i++) {
        out[i] = (uint8_t)(value >> (24 - 8 * i));
    }
}

/* Layout, big-endian: u64 bytes, u32 bytes in a block, and of each block, here one, u32 its size
 * and the block, as it is where it does not become shorter. */
static size_t compress_lz4(const struct pack *p)
{
    const uint8_t *in = p->sorted;
    int n = LZ4_compress_default((const char *)in, (char *)p->out + LZ4_HEAD, (int)p->bytes,
                                 (int)(p->room - LZ4_HEAD));
    size_t size = n <= 0 || (size_t)n >= p->bytes ? p->bytes : (size_t)n;
    for (size_t i = 0; size == p->bytes && i < size; i++) {
        p->out[LZ4_HEAD + i] = in[i];
    }
    store_u32_be(p->out, 0);
    store_u32_be(p->out + 4, p->bytes);
    store_u32_be(p->out + 8, p->bytes);
    store_u32_be(p->out + 12, size);
    return LZ4_HEAD + size;
}

const void *pack_chunk(struct pack *p, const void *in, size_t *size, struct error *err)
{
    shuffle(p, in);
    *size = p->filter == PACK_LZ4
                ? compress_lz4(p)
                : ZSTD_compress(p->out, p->room, p->sorted, p->bytes, ZSTD_LEVEL);
    if (p->filter == PACK_ZSTD && ZSTD_isError(*size)) {
        error_set(err, ERROR_SYSTEM, "zstd: %s", ZSTD_getErrorName(*size));
        return NULL;
    }
    return p->out;
}
