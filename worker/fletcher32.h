/* SPDX-License-Identifier: Apache-2.0 */
/* fletcher32.h - Fletcher's checksum of 32 bits, over words of 16. */
#ifndef WORKER_FLETCHER32_H
#define WORKER_FLETCHER32_H

#include <stddef.h>
#include <stdint.h>

/* Of the big-endian words of data; a last odd byte counts as a word's first. */
uint32_t fletcher32(const void *data, size_t size);

/* The same of the little-endian words: some writers of HDF5 files took those. */
uint32_t fletcher32_swap(uint32_t sum);

#endif
