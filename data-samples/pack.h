/* SPDX-License-Identifier: Apache-2.0 */
/* pack.h - the stored form of a chunk, shuffled and compressed, for HDF5 filters that the library
 * has no plugin for here. */
#ifndef SAMPLES_PACK_H
#define SAMPLES_PACK_H

#include <stddef.h>

#include "base/error.h"

/* By their registered numbers. */
enum pack_filter { PACK_NONE = 0, PACK_LZ4 = 32004, PACK_ZSTD = 32015 };

struct pack;

/* For chunks of so many bytes, at most 2^30, of elements of that size. */
struct pack *pack_create(enum pack_filter filter, size_t bytes, size_t element,
                         struct error *err);
void pack_destroy(struct pack *p); /* NULL is fine */

/* A chunk through shuffle and the filter; the result is borrowed until the next call, *size its
 * length. NULL with ERROR_SYSTEM. */
const void *pack_chunk(struct pack *p, const void *in, size_t *size, struct error *err);

#endif
