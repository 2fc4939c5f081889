/* SPDX-License-Identifier: Apache-2.0 */
/* zap.h - libzmq's question whether a client may come in (ZAP, RFC 27), judged frame by frame. No
 * sockets here. */
#ifndef WORKER_ZAP_H
#define WORKER_ZAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { ZAP_ID_SIZE = 256, ZAP_KEY_SIZE = 32 };
#define ZAP_VERSION "1.0"
#define ZAP_DOMAIN  "picobarn" /* what our listeners set ZMQ_ZAP_DOMAIN to */

/* Zeroed before the first frame. */
struct zap_request {
    size_t n_frames;
    bool refused;
    uint8_t id[ZAP_ID_SIZE]; /* to be repeated in the answer */
    size_t id_size;
};

/* Takes the next frame. Only CURVE with exactly this public key passes. */
void zap_request_add(struct zap_request *request, const void *frame, size_t size,
                     const uint8_t key[ZAP_KEY_SIZE]);

/* After the last frame: whether the client may come in. */
bool zap_request_granted(const struct zap_request *request);

#endif
