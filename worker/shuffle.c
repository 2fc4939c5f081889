/* SPDX-License-Identifier: Apache-2.0 */
/* shuffle.c - see shuffle.h
 *
 * The usual sizes are written out, so that the compiler makes interleavings of whole vectors of
 * them. */
#include "worker/shuffle.h"

#include <stdint.h>
#include <string.h>

/* in: the first bytes of the elements; their next ones stand n_in bytes behind them, and so on. */
static void undo_2(const uint8_t *restrict in, size_t n_in, size_t n, uint8_t *restrict out)
{
    for (size_t i = 0; i < n; i++) {
        out[2 * i] = in[i];
        out[2 * i + 1] = in[n_in + i];
    }
}

static void undo_4(const uint8_t *restrict in, size_t n_in, size_t n, uint8_t *restrict out)
{
    for (size_t i = 0; i < n; i++) {
        out[4 * i] = in[i];
        out[4 * i + 1] = in[n_in + i];
        out[4 * i + 2] = in[2 * n_in + i];
        out[4 * i + 3] = in[3 * n_in + i];
    }
}

static void undo_8(const uint8_t *restrict in, size_t n_in, size_t n, uint8_t *restrict out)
{
    for (size_t i = 0; i < n; i++) {
        for (size_t k = 0; k < 8; k++) {
            out[8 * i + k] = in[k * n_in + i];
        }
    }
}

static void undo_any(const uint8_t *restrict in, size_t n_in, size_t n, size_t element_bytes,
                     uint8_t *restrict out)
{
    for (size_t k = 0; k < element_bytes; k++) {
        for (size_t i = 0; i < n; i++) {
            out[element_bytes * i + k] = in[k * n_in + i];
        }
    }
}

void shuffle_undo_some(const void *in, size_t n_in, size_t element_bytes, size_t first,
                       size_t n, void *out)
{
    const uint8_t *from = (const uint8_t *)in + first;
    switch (element_bytes) {
    case 1:
        memcpy(out, from, n);
        break;
    case 2:
        undo_2(from, n_in, n, out);
        break;
    case 4:
        undo_4(from, n_in, n, out);
        break;
    case 8:
        undo_8(from, n_in, n, out);
        break;
    default:
        undo_any(from, n_in, n, element_bytes, out);
    }
}

void shuffle_undo(const void *in, size_t size, size_t element_bytes, void *out)
{
    size_t n = size / element_bytes;
    size_t whole = n * element_bytes;
    shuffle_undo_some(in, n, element_bytes, 0, n, out);
    memcpy((uint8_t *)out + whole, (const uint8_t *)in + whole, size - whole);
}
