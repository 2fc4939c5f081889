/* SPDX-License-Identifier: Apache-2.0 */
/* k8s_stream.c - see k8s_stream.h */
#include "k8s/k8s_stream.h"

#include <string.h>

#include "base/size.h"
#include "k8s/k8s.h"

static bool is_blank(const uint8_t *data, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        if (data[i] != ' ' && data[i] != '\t' && data[i] != '\r') {
            return false;
        }
    }
    return true;
}

/* One whole line. *more is what the callback said. */
static int give(const void *data, size_t size, bool (*line)(void *context, json_t *object),
                void *context, bool *more, struct error *err)
{
    if (is_blank(data, size)) {
        return 0;
    }
    json_t *object = json_parse(data, size, K8S_LINE_LIMIT, err);
    if (object == NULL) {
        return error_prefix(err, "a line of a watch");
    }
    *more = line(context, object);
    json_decref(object);
    return 0;
}

/* Keeps the beginning of a line. */
static int keep(struct k8s_stream *s, const void *data, size_t size, struct error *err)
{
    if (size > K8S_LINE_LIMIT - s->line.size) {
        return error_set(err, ERROR_PEER, "a line of a watch is longer than %d bytes",
                         K8S_LINE_LIMIT);
    }
    buffer_raw(&s->line, data, size);
    return s->line.failed ? error_no_memory(err, "a watch") : 0;
}

int k8s_stream_take(struct k8s_stream *s, const void *data, size_t size,
                    bool (*line)(void *context, json_t *object), void *context,
                    struct error *err)
{
    const uint8_t *at = data;
    bool more = true;
    int rc = 0;
    while (rc == 0 && more && size > 0) {
        const uint8_t *end = memchr(at, '\n', size);
        size_t length = end == NULL ? size : (size_t)(end - at);
        if (end == NULL || s->line.size > 0) {
            rc = keep(s, at, length, err);
        }
        if (rc == 0 && end != NULL) {
            bool whole = s->line.size == 0; /* nothing of it came before: no copy is made */
            rc = give(whole ? at : s->line.data, whole ? length : s->line.size, line, context,
                      &more, err);
            buffer_clear(&s->line);
        }
        size_t used = length + (end == NULL ? 0 : 1);
        at += used;
        size -= used;
    }
    return rc;
}

static enum k8s_event_kind kind_of(const char *type, const json_t *object)
{
    static const struct {
        const char *type;
        enum k8s_event_kind kind;
    } kinds[] = {{"ADDED", K8S_EVENT_CHANGED},
                 {"MODIFIED", K8S_EVENT_CHANGED},
                 {"DELETED", K8S_EVENT_GONE},
                 {"BOOKMARK", K8S_EVENT_BOOKMARK},
                 {"ERROR", K8S_EVENT_ERROR}};
    enum k8s_event_kind kind = K8S_EVENT_UNKNOWN;
    for (size_t i = 0; i < ARRAY_LENGTH(kinds); i++) {
        kind = strcmp(type, kinds[i].type) == 0 ? kinds[i].kind : kind;
    }
    const char *reason = json_text(object, "reason");
    bool expired = json_integer_value(json_object_get(object, "code")) == 410 ||
                   strcmp(reason, "Expired") == 0 || strcmp(reason, "Gone") == 0;
    return kind == K8S_EVENT_ERROR && expired ? K8S_EVENT_EXPIRED : kind;
}

int k8s_event_decode(struct k8s_event *out, json_t *line, struct error *err)
{
    const char *type = json_string_value(json_object_get(line, "type"));
    json_t *object = json_object_get(line, "object");
    if (type == NULL) {
        return error_set(err, ERROR_PEER, "an event of a watch without a type");
    }
    enum k8s_event_kind kind = kind_of(type, object);
    *out =
        (struct k8s_event){.kind = kind, .name = "", .uid = "", .version = "", .message = ""};
    if (kind == K8S_EVENT_UNKNOWN) {
        return 0;
    }
    if (!json_is_object(object)) {
        return error_set(err, ERROR_PEER, "an event %s of a watch without an object", type);
    }
    out->object = object;
    out->message = json_text(object, "message");
    if (kind == K8S_EVENT_EXPIRED || kind == K8S_EVENT_ERROR) {
        return 0;
    }
    out->name = k8s_metadata(object, "name");
    out->uid = k8s_metadata(object, "uid");
    out->version = k8s_metadata(object, "resourceVersion");
    bool named = kind == K8S_EVENT_BOOKMARK || (out->name[0] != '\0' && out->uid[0] != '\0');
    if (!named || out->version[0] == '\0') {
        return error_set(err, ERROR_PEER, "an event %s of a watch without name, uid or version",
                         type);
    }
    return 0;
}
