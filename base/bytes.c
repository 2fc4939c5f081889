/* SPDX-License-Identifier: Apache-2.0 */
/* bytes.c - see bytes.h */
#include "base/bytes.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct bytes bytes_of(const void *data, size_t size)
{
    return (struct bytes){.at = data, .left = size};
}

const void *bytes_raw(struct bytes *in, size_t size)
{
    if (in->failed || size > in->left) {
        in->failed = true;
        return NULL;
    }
    const uint8_t *at = in->at;
    in->at += size;
    in->left -= size;
    return at;
}

static uint64_t little_endian(struct bytes *in, size_t size)
{
    const uint8_t *at = bytes_raw(in, size);
    uint64_t value = 0;
    for (size_t i = 0; at != NULL && i < size; i++) {
        value |= (uint64_t)at[i] << (8 * i);
    }
    return value;
}

uint8_t bytes_u8(struct bytes *in)
{
    return (uint8_t)little_endian(in, 1);
}

uint32_t bytes_u32(struct bytes *in)
{
    return (uint32_t)little_endian(in, 4);
}

uint64_t bytes_u64(struct bytes *in)
{
    return little_endian(in, 8);
}

int64_t bytes_i64(struct bytes *in)
{
    return (int64_t)little_endian(in, 8);
}

double bytes_f64(struct bytes *in)
{
    uint64_t bits = little_endian(in, 8);
    double value = 0;
    memcpy(&value, &bits, sizeof value);
    return value;
}

struct bytes bytes_block(struct bytes *in)
{
    size_t size = bytes_u32(in);
    const void *at = bytes_raw(in, size);
    return at == NULL ? (struct bytes){.failed = true} : bytes_of(at, size);
}

void bytes_text(struct bytes *in, char *out, size_t size)
{
    struct bytes text = bytes_block(in);
    out[0] = '\0';
    if (text.failed || text.left >= size || memchr(text.at, '\0', text.left) != NULL) {
        in->failed = true;
        return;
    }
    memcpy(out, text.at, text.left);
    out[text.left] = '\0';
}

char *bytes_text_copy(struct bytes *in, size_t limit)
{
    struct bytes text = bytes_block(in);
    if (text.failed || text.left > limit || memchr(text.at, '\0', text.left) != NULL) {
        in->failed = true;
        return NULL;
    }
    char *copy = malloc(text.left + 1);
    if (copy == NULL) {
        in->failed = true;
        return NULL;
    }
    memcpy(copy, text.at, text.left);
    copy[text.left] = '\0';
    return copy;
}

void buffer_release(struct buffer *out)
{
    free(out->data);
    *out = (struct buffer){0};
}

void buffer_clear(struct buffer *out)
{
    out->size = 0;
    out->failed = false;
}

/* Makes room for size more bytes; false (and failed) without memory. */
static bool buffer_reserve(struct buffer *out, size_t size)
{
    if (out->failed) {
        return false;
    }
    if (size <= out->room - out->size) {
        return true;
    }
    size_t room = out->room < 256 ? 256 : out->room;
    while (room - out->size < size && room <= SIZE_MAX / 2) {
        room *= 2;
    }
    uint8_t *data = room - out->size < size ? NULL : realloc(out->data, room);
    if (data == NULL) {
        out->failed = true;
        return false;
    }
    out->data = data;
    out->room = room;
    return true;
}

void buffer_raw(struct buffer *out, const void *data, size_t size)
{
    if (size > 0 && buffer_reserve(out, size)) {
        memcpy(out->data + out->size, data, size);
        out->size += size;
    }
}

static void put_little_endian(struct buffer *out, uint64_t value, size_t size)
{
    uint8_t bytes[8];
    for (size_t i = 0; i < size; i++) {
        bytes[i] = (uint8_t)(value >> (8 * i));
    }
    buffer_raw(out, bytes, size);
}

void buffer_u8(struct buffer *out, uint8_t value)
{
    put_little_endian(out, value, 1);
}

void buffer_u32(struct buffer *out, uint32_t value)
{
    put_little_endian(out, value, 4);
}

void buffer_u64(struct buffer *out, uint64_t value)
{
    put_little_endian(out, value, 8);
}

void buffer_i64(struct buffer *out, int64_t value)
{
    put_little_endian(out, (uint64_t)value, 8);
}

void buffer_f64(struct buffer *out, double value)
{
    uint64_t bits = 0;
    memcpy(&bits, &value, sizeof bits);
    put_little_endian(out, bits, 8);
}

void buffer_block(struct buffer *out, const void *data, size_t size)
{
    if (size > UINT32_MAX) {
        out->failed = true;
        return;
    }
    buffer_u32(out, (uint32_t)size);
    buffer_raw(out, data, size);
}

void buffer_text(struct buffer *out, const char *text)
{
    buffer_block(out, text, strlen(text));
}

void buffer_printf(struct buffer *out, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int n = vsnprintf(NULL, 0, format, args);
    va_end(args);
    if (n < 0 || !buffer_reserve(out, (size_t)n + 1)) {
        out->failed = true;
        return;
    }
    va_start(args, format);
    (void)vsnprintf((char *)out->data + out->size, (size_t)n + 1, format, args);
    va_end(args);
    out->size += (size_t)n;
}

const char *buffer_string(struct buffer *out)
{
    if (!buffer_reserve(out, 1)) {
        return NULL;
    }
    out->data[out->size] = '\0';
    return (const char *)out->data;
}
