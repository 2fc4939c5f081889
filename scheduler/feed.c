/* SPDX-License-Identifier: Apache-2.0 */
/* feed.c - see feed.h */
#include "scheduler/feed.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json_patch.h"

/* A text that the feed and viewers share; the last user frees it. */
struct feed_frame {
    size_t n_users;
    struct buffer text;
};

struct feed_viewer {
    struct feed *feed;
    struct feed_viewer *next;
    uint64_t version; /* that he has, or is reading; 0: none */
    uint64_t n_beats;
    struct feed_frame *frame; /* that he is reading, or NULL */
    size_t n_read;            /* bytes of it */
};

static struct feed_frame *make_frame(const char *event, uint64_t sequence, const json_t *data)
{
    struct feed_frame *frame = calloc(1, sizeof *frame);
    struct error none = {0};
    if (frame == NULL) {
        return NULL;
    }
    frame->n_users = 1;
    buffer_printf(&frame->text, "event: %s\nid: %llu\ndata: ", event,
                  (unsigned long long)sequence);
    (void)json_write_canonical(data, &frame->text, &none); /* sets failed */
    buffer_printf(&frame->text, "\n\n");
    if (frame->text.failed) {
        buffer_release(&frame->text);
        free(frame);
        return NULL;
    }
    return frame;
}

static struct feed_frame *make_beat(void)
{
    struct feed_frame *frame = calloc(1, sizeof *frame);
    if (frame != NULL) {
        frame->n_users = 1;
        buffer_printf(&frame->text, "event: beat\ndata: {}\n\n");
    }
    return frame;
}

static void drop_frame(struct feed_frame *frame)
{
    if (frame != NULL && --frame->n_users == 0) {
        buffer_release(&frame->text);
        free(frame);
    }
}

static struct feed_frame *share(struct feed_frame *frame)
{
    if (frame != NULL) {
        frame->n_users++;
    }
    return frame;
}

bool feed_publish(struct feed *f, json_t *document, uint64_t sequence)
{
    json_t *patch = f->document == NULL ? NULL : json_patch_between(f->document, document);
    if (f->document != NULL && patch == NULL) {
        return false;
    }
    drop_frame(f->state);
    drop_frame(f->change);
    f->state = NULL;
    f->change =
        patch == NULL || f->n_viewers == 0 ? NULL : make_frame("change", sequence, patch);
    json_decref(patch);
    json_decref(f->document);
    f->document = json_incref(document);
    f->sequence = sequence;
    f->version++;
    return true;
}

void feed_beat(struct feed *f)
{
    f->n_beats++;
}

/* What this viewer reads next, or NULL. */
static struct feed_frame *next_frame(struct feed_viewer *v)
{
    struct feed *f = v->feed;
    if (v->version == f->version) {
        bool is_due = v->n_beats != f->n_beats;
        v->n_beats = f->n_beats;
        return is_due ? make_beat() : NULL;
    }
    bool is_near = v->version != 0 && v->version + 1 == f->version && f->change != NULL;
    if (!is_near && f->state == NULL) {
        f->state = make_frame("state", f->sequence, f->document);
    }
    v->version = f->version;
    v->n_beats = f->n_beats;
    return share(is_near ? f->change : f->state);
}

static ssize_t read_viewer(void *context, void *out, size_t size)
{
    struct feed_viewer *v = context;
    if (v->frame == NULL) {
        v->frame = next_frame(v);
        v->n_read = 0;
    }
    if (v->frame == NULL) {
        return 0;
    }
    size_t n = v->frame->text.size - v->n_read;
    n = n < size ? n : size;
    memcpy(out, v->frame->text.data + v->n_read, n);
    v->n_read += n;
    if (v->n_read == v->frame->text.size) {
        drop_frame(v->frame);
        v->frame = NULL;
    }
    return (ssize_t)n;
}

static void close_viewer(void *context)
{
    struct feed_viewer *v = context;
    struct feed_viewer **at = &v->feed->first;
    while (*at != v) {
        at = &(*at)->next;
    }
    *at = v->next;
    v->feed->n_viewers--;
    drop_frame(v->frame);
    free(v);
}

int feed_open(struct feed *f, struct server_source *source, struct error *err)
{
    struct feed_viewer *v = calloc(1, sizeof *v);
    if (v == NULL) {
        return error_no_memory(err, "a viewer");
    }
    *v = (struct feed_viewer){.feed = f, .next = f->first, .n_beats = f->n_beats};
    f->first = v;
    f->n_viewers++;
    *source = (struct server_source){.read = read_viewer, .close = close_viewer, .context = v};
    return 0;
}

void feed_release(struct feed *f)
{
    drop_frame(f->state);
    drop_frame(f->change);
    json_decref(f->document);
    *f = (struct feed){.document = NULL};
}
