/* SPDX-License-Identifier: Apache-2.0 */
/* shuffle.h - bytes sorted by their place in their element, which compresses better. */
#ifndef WORKER_SHUFFLE_H
#define WORKER_SHUFFLE_H

#include <stddef.h>

/* Puts the bytes of in[size] back into elements of that many bytes, which is not 0. What does not
 * fill an element stands at the end and stays there. in and out do not overlap. */
void shuffle_undo(const void *in, size_t size, size_t element_bytes, void *out);

/* n elements only, from the first on, of in, which holds n_in of them and nothing at its end. */
void shuffle_undo_some(const void *in, size_t n_in, size_t element_bytes, size_t first,
                       size_t n, void *out);

#endif
