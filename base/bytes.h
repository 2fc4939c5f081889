/* SPDX-License-Identifier: Apache-2.0 */
/* bytes.h - bounded reading and growing writing of little-endian bytes that cross a process.
 *
 * Both ends have a sticky `failed`: a caller reads or writes a whole record and looks at it
 * once. A failed reader gives zeros, a failed writer drops what follows. */
#ifndef BASE_BYTES_H
#define BASE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A view into bytes that somebody else owns. */
struct bytes {
    const uint8_t *at;
    size_t left;
    bool failed; /* something was read beyond the end, or was no valid text */
};

struct bytes bytes_of(const void *data, size_t size);
uint8_t bytes_u8(struct bytes *in);
uint32_t bytes_u32(struct bytes *in);
uint64_t bytes_u64(struct bytes *in);
int64_t bytes_i64(struct bytes *in);
double bytes_f64(struct bytes *in);

/* The next size bytes, borrowed from the view's owner; NULL (and failed) if there are fewer. */
const void *bytes_raw(struct bytes *in, size_t size);

/* A block with its u32 length before it, as a view of its own. */
struct bytes bytes_block(struct bytes *in);

/* A text with its u32 length before it into out[size], zero-terminated. Fails if it does not
 * fit or holds a zero byte. */
void bytes_text(struct bytes *in, char *out, size_t size);

/* The same into fresh memory that the caller frees; NULL (and failed) if longer than limit. */
char *bytes_text_copy(struct bytes *in, size_t limit);

/* A growing buffer; empty when zeroed. The owner calls buffer_release. */
struct buffer {
    uint8_t *data;
    size_t size;
    size_t room;
    bool failed; /* no memory: everything since is missing */
};

void buffer_release(struct buffer *out);
void buffer_clear(struct buffer *out); /* size to 0, memory kept */
void buffer_u8(struct buffer *out, uint8_t value);
void buffer_u32(struct buffer *out, uint32_t value);
void buffer_u64(struct buffer *out, uint64_t value);
void buffer_i64(struct buffer *out, int64_t value);
void buffer_f64(struct buffer *out, double value);
void buffer_raw(struct buffer *out, const void *data, size_t size);
void buffer_block(struct buffer *out, const void *data, size_t size); /* u32 length, bytes */
void buffer_text(struct buffer *out, const char *text);               /* the same of a string */

/* Appends formatted text without a length or a zero: for JSON lines, SVG and the like. */
void buffer_printf(struct buffer *out, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* The buffer as a zero-terminated string (the zero is not counted); NULL after a failure. */
const char *buffer_string(struct buffer *out);

#endif
