/* SPDX-License-Identifier: Apache-2.0 */
/* wire.h - the one door to ZeroMQ: whole messages between one scheduler (ROUTER) and many workers
 * (DEALER), encrypted and authenticated by CURVE, with a ZAP handler that lets in only the keys
 * it was given.
 *
 * Sending means "queued here", never "delivered": what must arrive is acknowledged by the
 * conversation above (message.h). A wire belongs to one thread; its handler runs inside
 * wire_wait, so a listener that does not wait lets nobody in. */
#ifndef WORKER_WIRE_H
#define WORKER_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/error.h"

enum { WIRE_KEY_SIZE = 41 }; /* Z85 text of a CURVE key, and a zero */

struct wire_keys {
    char public_key[WIRE_KEY_SIZE];
    char secret_key[WIRE_KEY_SIZE];
};

/* Which connection a message came from; valid for that connection only. */
struct wire_peer {
    uint8_t id[32];
    size_t size;
};

struct wire;

int wire_make_keys(struct wire_keys *keys, struct error *err);

/* Listens, e.g. on tcp://127.0.0.1:* (any free port). Only clients whose public key is
 * `client_key` get in. A message above size_limit bytes ends its connection. Before it returns it
 * has tried a random key on itself and seen it refused. */
struct wire *wire_listen(const char *endpoint, const struct wire_keys *own,
                         const char *client_key, size_t size_limit, struct error *err);

/* Connects, now or as soon as the other side is there, and again after every loss. */
struct wire *wire_connect(const char *endpoint, const char *server_key,
                          const struct wire_keys *own, size_t size_limit, struct error *err);

/* Waits at most one second for what was sent last. NULL is allowed. */
void wire_close(struct wire *w);

/* The endpoint with the port that was found. */
const char *wire_endpoint(const struct wire *w);

/* Queues one message; `to` is NULL on a connecting wire. Returns 0 when queued, 1 when there is no
 * room or the peer is gone (nothing was queued), -1 on an error. Never blocks. */
int wire_send(struct wire *w, const struct wire_peer *to, const struct buffer *message,
              struct error *err);

/* Takes one message if there is one: 1 with *message replaced (and *from, unless NULL), 0 if there
 * is none, -1 on an error. Never blocks. */
int wire_receive(struct wire *w, struct wire_peer *from, struct buffer *message,
                 struct error *err);

/* Waits until a message can be taken, one of fd[n] can be read (or hung up: ready[i] tells), a
 * signal comes, or the time is over. n at most 16. Answers the ZAP requests of a listener. */
int wire_wait(struct wire *w, const int *fd, bool *ready, size_t n, int timeout_ms,
              struct error *err);

bool wire_peer_equal(const struct wire_peer *a, const struct wire_peer *b);

#endif
