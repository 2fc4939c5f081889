/* SPDX-License-Identifier: Apache-2.0 */
/* base64.c - see base64.h */
#include "base/base64.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

void base64_encode(const void *data, size_t size, struct buffer *out)
{
    if (size > SIZE_MAX / 2) {
        out->failed = true;
        return;
    }
    size_t room = sodium_base64_encoded_len(size, sodium_base64_VARIANT_ORIGINAL);
    char *text = malloc(room);
    if (text == NULL) {
        out->failed = true;
        return;
    }
    (void)sodium_bin2base64(text, room, size == 0 ? (const unsigned char *)"" : data, size,
                            sodium_base64_VARIANT_ORIGINAL);
    buffer_raw(out, text, room - 1);
    sodium_memzero(text, room);
    free(text);
}

int base64_decode(const char *text, struct buffer *out, struct error *err)
{
    size_t room = strlen(text) / 4 * 3 + 3;
    unsigned char *data = malloc(room);
    if (data == NULL) {
        return error_no_memory(err, "base64");
    }
    size_t size = 0;
    int rc = sodium_base642bin(data, room, text, strlen(text), " \t\r\n", &size, NULL,
                               sodium_base64_VARIANT_ORIGINAL);
    if (rc == 0) {
        buffer_raw(out, data, size);
        rc = out->failed ? error_no_memory(err, "base64") : 0;
    } else {
        rc = error_set(err, ERROR_INPUT, "is no base64 text");
    }
    sodium_memzero(data, room);
    free(data);
    return rc;
}
