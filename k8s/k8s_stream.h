/* SPDX-License-Identifier: Apache-2.0 */
/* k8s_stream.h - a watch's stream: one JSON object a line, in pieces cut anywhere. */
#ifndef K8S_K8S_STREAM_H
#define K8S_K8S_STREAM_H

#include "base/bytes.h"
#include "base/error.h"
#include "base/json.h"

enum { K8S_LINE_LIMIT = 16 << 20 };

/* Empty when zeroed; the owner calls buffer_release on line. */
struct k8s_stream {
    struct buffer line; /* the beginning of one that is not whole yet */
};

/* Takes the next size bytes and calls line with each object that they complete (borrowed). Ends, with
 * 0, when line returns false. ERROR_PEER for a line that is no JSON of at most 64 levels, or
 * longer than K8S_LINE_LIMIT: the stream is of no use then. Blank lines are passed over. */
int k8s_stream_take(struct k8s_stream *s, const void *data, size_t size,
                    bool (*line)(void *context, json_t *object), void *context,
                    struct error *err);

/* What an event of a watch says. */
enum k8s_event_kind {
    K8S_EVENT_CHANGED, /* ADDED, MODIFIED */
    K8S_EVENT_GONE,    /* DELETED */
    K8S_EVENT_BOOKMARK,
    K8S_EVENT_EXPIRED, /* ERROR 410: list again */
    K8S_EVENT_ERROR,   /* another one: object is a Status */
    K8S_EVENT_UNKNOWN  /* passed over */
};

struct k8s_event {
    enum k8s_event_kind kind;
    json_t *object;      /* borrowed from the line; NULL for UNKNOWN */
    const char *name;    /* CHANGED, GONE: of the object; borrowed, never "" */
    const char *uid;     /* likewise */
    const char *version; /* resourceVersion, of CHANGED, GONE and BOOKMARK: never "" */
    const char *message; /* of EXPIRED and ERROR; may be "" */
};

/* ERROR_PEER for a line that is none, or an object that lacks what is never "". */
int k8s_event_decode(struct k8s_event *out, json_t *line, struct error *err);

#endif
