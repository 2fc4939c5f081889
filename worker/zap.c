/* SPDX-License-Identifier: Apache-2.0 */
/* zap.c - see zap.h */
#include "worker/zap.h"

#include <string.h>

enum zap_frame {
    FRAME_VERSION,
    FRAME_ID,
    FRAME_DOMAIN,
    FRAME_ADDRESS,
    FRAME_IDENTITY,
    FRAME_MECHANISM,
    FRAME_CREDENTIALS,
    FRAMES
};

static bool frame_is(const void *frame, size_t size, const char *text)
{
    return size == strlen(text) && memcmp(frame, text, size) == 0;
}

/* Whether two keys are one, in a time that does not tell how far they agree. */
static bool keys_equal(const uint8_t *a, const uint8_t *b)
{
    volatile uint8_t differ = 0;
    for (size_t i = 0; i < ZAP_KEY_SIZE; i++) {
        differ = (uint8_t)(differ | (a[i] ^ b[i]));
    }
    return differ == 0;
}

static bool keep_id(struct zap_request *request, const void *frame, size_t size)
{
    if (size > sizeof request->id) {
        return false;
    }
    memcpy(request->id, frame, size);
    request->id_size = size;
    return true;
}

static bool judge(struct zap_request *request, const void *frame, size_t size,
                  const uint8_t *key)
{
    switch (request->n_frames) {
    case FRAME_VERSION:
        return frame_is(frame, size, ZAP_VERSION);
    case FRAME_ID:
        return keep_id(request, frame, size);
    case FRAME_DOMAIN:
        return frame_is(frame, size, ZAP_DOMAIN);
    case FRAME_MECHANISM:
        return frame_is(frame, size, "CURVE");
    case FRAME_CREDENTIALS:
        return size == ZAP_KEY_SIZE && keys_equal(frame, key);
    default:
        return request->n_frames < FRAMES;
    }
}

void zap_request_add(struct zap_request *request, const void *frame, size_t size,
                     const uint8_t key[ZAP_KEY_SIZE])
{
    request->refused = !judge(request, frame, size, key) || request->refused;
    request->n_frames++;
}

bool zap_request_granted(const struct zap_request *request)
{
    return !request->refused && request->n_frames == FRAMES;
}
