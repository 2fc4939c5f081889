/* SPDX-License-Identifier: Apache-2.0 */
/* packed_column.h - columns in chunks whose stored bytes the test makes itself, for filters that
 * the HDF5 library here has no plugin for, and for damage of all kinds. */
#ifndef TESTS_SUPPORT_PACKED_COLUMN_H
#define TESTS_SUPPORT_PACKED_COLUMN_H

#include "tests/support/hdf5_file.h"

#include <lz4.h>
#include <stdlib.h>
#include <zstd.h>

enum { PACK_ZSTD = 32015, PACK_LZ4 = 32004, PACK_LZ4_BLOCK = 300 };

/* Sorts the bytes of whole elements by their place in it. */
static inline void pack_shuffle(const uint8_t *in, size_t size, size_t element, uint8_t *out)
{
    size_t n = size / element;
    for (size_t i = 0; i < n * element; i++) {
        out[i % element * n + i / element] = in[i];
    }
    memcpy(out + n * element, in + n * element, size - n * element);
}

static inline void pack_u32(uint8_t *out, uint32_t value)
{
    for (int i = 0; i < 4; i++) {
        out[i] = (uint8_t)(value >> (24 - 8 * i));
    }
}

/* In blocks of PACK_LZ4_BLOCK bytes, those raw that do not become shorter. */
static inline size_t pack_lz4(const uint8_t *in, size_t size, uint8_t *out)
{
    pack_u32(out, 0);
    pack_u32(out + 4, (uint32_t)size);
    pack_u32(out + 8, PACK_LZ4_BLOCK);
    size_t at = 12;
    for (size_t done = 0; done < size; done += PACK_LZ4_BLOCK) {
        int n = (int)(size - done < PACK_LZ4_BLOCK ? size - done : PACK_LZ4_BLOCK);
        char packed[LZ4_COMPRESSBOUND(PACK_LZ4_BLOCK)];
        int m = LZ4_compress_default((const char *)in + done, packed, n, (int)sizeof packed);
        assert_true(m > 0);
        const void *stored = m < n ? (const void *)packed : in + done;
        m = m < n ? m : n;
        pack_u32(out + at, (uint32_t)m);
        memcpy(out + at + 4, stored, (size_t)m);
        at += 4 + (size_t)m;
    }
    return at;
}

static inline size_t pack_bound(size_t size)
{
    return 64 + 2 * size + ZSTD_compressBound(size);
}

/* Compressed by that filter into out[pack_bound(size)]; its length. */
static inline size_t pack(int filter, const uint8_t *in, size_t size, uint8_t *out)
{
    return filter == PACK_LZ4 ? pack_lz4(in, size, out)
                              : ZSTD_compress(out, pack_bound(size), in, size, 3);
}

/* n elements as they are to be stored, in chunks, through shuffle (where asked for) and a filter
 * of PACK_. */
struct packed {
    const char *name;
    hid_t type;
    const uint8_t *data;
    hsize_t n;
    hsize_t chunk;
    bool shuffled;
    int filter;
};

static inline hid_t packed_create(hid_t file, const struct packed *p)
{
    hid_t layout = put_layout(p->chunk, p->shuffled ? PUT_SHUFFLE : 0);
    assert_true(H5Pset_filter(layout, p->filter, H5Z_FLAG_OPTIONAL, 0, NULL) >= 0);
    const hsize_t most = p->chunk > p->n ? H5S_UNLIMITED : p->n;
    hid_t space = H5Screate_simple(1, &p->n, &most);
    hid_t data = H5Dcreate2(file, p->name, p->type, space, H5P_DEFAULT, layout, H5P_DEFAULT);
    assert_true(data >= 0);
    (void)H5Sclose(space);
    (void)H5Pclose(layout);
    return data;
}

static inline void packed_write(hid_t data, hsize_t first, const void *bytes, size_t size)
{
    assert_true(H5Dwrite_chunk(data, H5P_DEFAULT, 0, &first, size, bytes) >= 0);
}

static inline void put_packed(hid_t file, const struct packed *p)
{
    size_t element = H5Tget_size(p->type);
    size_t size = (size_t)p->chunk * element;
    uint8_t *plain = calloc(3, size + pack_bound(size));
    assert_non_null(plain);
    uint8_t *sorted = plain + size;
    uint8_t *stored = sorted + size;
    hid_t data = packed_create(file, p);
    for (hsize_t first = 0; first < p->n; first += p->chunk) {
        hsize_t rows = p->n - first < p->chunk ? p->n - first : p->chunk;
        memset(plain, 0, size);
        memcpy(plain, p->data + first * element, rows * element);
        pack_shuffle(plain, size, p->shuffled ? element : 1, sorted);
        packed_write(data, first, stored, pack(p->filter, sorted, size, stored));
    }
    (void)H5Dclose(data);
    free(plain);
}

#endif
