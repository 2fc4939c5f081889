/* SPDX-License-Identifier: Apache-2.0 */
/* feed.h - a JSON document that changes, as server-sent events to any number of viewers.
 *
 *     event: state   data: the whole document        the first of each viewer, and of one who fell back
 *     event: change  data: a merge patch (RFC 7396)   from the state before it
 *     event: beat    data: {}                         that the connection lives, every few seconds
 *
 * The id of state and change is the ledger's sequence number. No viewer has a buffer of his own: all read
 * from the same two texts, and who is not at the latest state but one gets the whole. So a slow one costs
 * others nothing and no more memory than the text he is reading. */
#ifndef SCHEDULER_FEED_H
#define SCHEDULER_FEED_H

#include <stddef.h>
#include <stdint.h>

#include "base/json.h"
#include "scheduler/server.h"

struct feed_frame;
struct feed_viewer;

/* Zeroed at first. */
struct feed {
    json_t *document;
    uint64_t sequence;
    uint64_t version; /* rises with every change */
    uint64_t n_beats;
    struct feed_frame *state;  /* of this version; NULL: nobody needed it yet */
    struct feed_frame *change; /* to this version from the one before; NULL: there is none */
    struct feed_viewer *first;
    size_t n_viewers;
};

/* The document as it is now; the feed keeps a reference. Returns false if nothing changed. Viewers are
 * to be woken then (server_wake), and after feed_beat. */
bool feed_publish(struct feed *f, json_t *document, uint64_t sequence);
void feed_beat(struct feed *f);

/* One more viewer, as the source of an answer of the type text/event-stream. ERROR_SYSTEM. */
int feed_open(struct feed *f, struct server_source *source, struct error *err);

/* When the server is closed, and so has no viewers any more. */
void feed_release(struct feed *f);

#endif
