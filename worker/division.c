/* SPDX-License-Identifier: Apache-2.0 */
/* division.c - see division.h */
#include "worker/division.h"

#include "base/size.h"

static uint64_t nearest_multiple(uint64_t row, uint64_t of)
{
    uint64_t before = row / of * of;
    return row - before > of / 2 ? before + of : before;
}

void division_make(struct division *d, uint64_t first, uint64_t stop, size_t n_most,
                   uint64_t rows_min, uint64_t chunk_rows)
{
    uint64_t rows = stop - first;
    uint64_t n = size_max(1, size_min(n_most, rows / rows_min));
    d->n = n;
    d->bound[0] = first;
    d->bound[n] = stop;
    for (uint64_t i = 1; i < n; i++) {
        uint64_t even = first + rows / n * i + rows % n * i / n;
        uint64_t near = nearest_multiple(even, chunk_rows);
        uint64_t off = near > even ? near - even : even - near;
        d->bound[i] = off <= rows / n / 4 ? near : even;
    }
}
