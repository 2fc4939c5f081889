/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_reply.c - fuzzes scheduler/reply.h: however a stream is cut, the same comes out of it, and no
 * more is kept than one part. */
#include <string.h>

#include "scheduler/reply.h"
#include "tests/fuzz/fuzz.h"

static int take(void *context, enum reply_kind kind, const void *data, size_t size,
                struct error *err)
{
    struct buffer *heard = context;
    (void)err;
    FUZZ_CHECK(size <= REPLY_PART_MOST);
    buffer_u8(heard, (uint8_t)kind);
    buffer_raw(heard, data, size);
    return 0;
}

/* In pieces of that many bytes: whether it was taken, and what came out. */
static bool decode(const uint8_t *data, size_t size, size_t piece, struct buffer *heard)
{
    struct reply r = {.taken = 0};
    struct error err = {0};
    int rc = 0;
    for (size_t at = 0; rc == 0 && at < size; at += piece) {
        size_t n = size - at < piece ? size - at : piece;
        rc = reply_decode(&r, data + at, n, take, heard, &err);
        FUZZ_CHECK(rc != 0 || r.in.size <= REPLY_PART_MOST + 5);
    }
    if (rc != 0) {
        fuzz_check_refused(&err, ERROR_PEER);
    }
    reply_release(&r);
    return rc == 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct buffer whole = {0};
    struct buffer cut = {0};
    bool is_taken = decode(data, size, size + 1, &whole);
    FUZZ_CHECK(decode(data, size, 1, &cut) == is_taken);
    FUZZ_CHECK(whole.size == cut.size);
    FUZZ_CHECK(whole.size == 0 || memcmp(whole.data, cut.data, whole.size) == 0);
    buffer_release(&whole);
    buffer_release(&cut);
    return 0;
}
