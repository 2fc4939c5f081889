/* SPDX-License-Identifier: Apache-2.0 */
/* k8s_watch.c - see k8s.h: a mirror of a collection.
 *
 *     list, page by page --> synced --> watch from the list's version --> (the server ends it
 *       ^                                 ^         |                       after 5-10 min)
 *       |  410 in any form, ERROR         |         |
 *       +----------------------- back-off +---------+
 *
 * The mirror (known) holds each object as it was told last, so that a relist can say what changed
 * and what is gone meanwhile, and an event that comes twice is told once. Versions are opaque:
 * they are compared for equality only. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/size.h"
#include "k8s/k8s_client.h"
#include "k8s/k8s_list.h"
#include "k8s/k8s_resource.h"
#include "k8s/k8s_stream.h"

enum { OPEN_MS = 30000 }; /* until a list, or the head of a watch, must be there */
enum { BRIEF_MS = 1000 }; /* a watch that ends so soon is no good one */
/* After a 410 the server is well, and only a list is wanted: with the usual back-off a few of them
 * in a row would leave the mirror behind for half a minute. */
enum { EXPIRED_MOST_MS = 3000 };

struct k8s_watch {
    struct k8s_watch *next;
    struct k8s *owner;
    enum k8s_resource resource;
    char *labels; /* selectors, or NULL */
    char *fields;
    struct k8s_watch_calls calls;
    json_t *known;  /* name -> object as it was told last */
    json_t *unseen; /* of known, what the running list has not brought; NULL: no list runs */
    struct buffer version; /* to watch from; empty: to be listed first */
    struct buffer token;   /* of the list's next page */
    struct k8s_stream stream;
    struct k8s_pending *pending; /* the list or the watch; NULL: waits for start_ms */
    uint64_t start_ms;
    uint64_t asked_ms; /* when pending was sent */
    uint64_t heard_ms; /* the last word of the server */
    uint32_t wait_ms;  /* the next back-off */
    uint32_t limit_s;  /* after which the server ends the watch */
    bool open;         /* the watch's head came */
    bool bookmarks;    /* this server sends them, for all that is known */
    bool bookmarked;   /* it did */
    bool stopped;
    struct error problem; /* with what a running watch brought */
    uint64_t stale_since_ms;
    char why[ERROR_TEXT_SIZE];
};

static void free_watch(struct k8s_watch *w)
{
    json_decref(w->known);
    json_decref(w->unseen);
    buffer_release(&w->version);
    buffer_release(&w->token);
    buffer_release(&w->stream.line);
    free(w->labels);
    free(w->fields);
    free(w);
}

static bool is_expired(const struct k8s_answer *answer)
{
    return answer->status == 410;
}

/* What is there no longer matches the server's, for all we know. It is tried again later. */
static void note_trouble(struct k8s_watch *w, const struct error *why, uint32_t retry_after_s)
{
    const struct k8s_timing *timing = &w->owner->timing;
    uint64_t now = clock_now_ms();
    bool was_good = w->open && now - w->asked_ms >= timing->watch_good_ms;
    uint32_t wait = was_good ? timing->watch_first_ms : w->wait_ms;
    w->pending = NULL;
    w->open = false;
    w->start_ms = now + size_max(k8s_jitter_ms(wait), (uint64_t)retry_after_s * 1000);
    w->wait_ms = (uint32_t)size_min((uint64_t)wait * 2, timing->watch_most_ms);
    w->stale_since_ms = w->stale_since_ms == 0 ? w->heard_ms : w->stale_since_ms;
    (void)snprintf(w->why, sizeof w->why, "%s", why->text);
}

static void note_good(struct k8s_watch *w)
{
    w->heard_ms = clock_now_ms();
    w->stale_since_ms = 0;
    w->why[0] = '\0';
}

/* The same, of a version or a list's token that is too old. */
static void note_expired(struct k8s_watch *w, const struct error *why)
{
    w->wait_ms = (uint32_t)size_min(w->wait_ms, EXPIRED_MOST_MS);
    note_trouble(w, why, 0);
}

static void tell(struct k8s_watch *w, void (*call)(void *context, const json_t *object),
                 const json_t *object)
{
    if (!w->stopped) {
        call(w->calls.context, object);
    }
}

/* Takes name out of the mirror, and tells that it is gone, as it was then (NULL: as known). */
static void lose(struct k8s_watch *w, const char *name, const json_t *last)
{
    json_t *known = json_incref(json_object_get(w->known, name));
    if (known != NULL) {
        (void)json_object_del(w->known, name);
        tell(w, w->calls.gone, last == NULL ? known : last);
    }
    json_decref(known);
}

static void apply(struct k8s_watch *w, json_t *object)
{
    const char *name = k8s_metadata(object, "name");
    const json_t *known = json_object_get(w->known, name);
    if (known != NULL && strcmp(k8s_metadata(known, "uid"), k8s_metadata(object, "uid")) != 0) {
        lose(w, name, NULL); /* another one of the same name: the first one's end was missed */
        known = NULL;
    }
    if (known != NULL && strcmp(k8s_metadata(known, "resourceVersion"),
                                k8s_metadata(object, "resourceVersion")) == 0) {
        return;
    }
    /* Half of many an object, and of use to nobody here. */
    (void)json_object_del(json_object_get(object, "metadata"), "managedFields");
    (void)json_object_set(w->known, name, object);
    tell(w, w->calls.changed, object);
}

static void set_version(struct k8s_watch *w, const char *version)
{
    buffer_clear(&w->version);
    buffer_printf(&w->version, "%s", version);
}

static void begin_list(struct k8s_watch *w)
{
    json_decref(w->unseen);
    w->unseen = json_copy(w->known);
    buffer_clear(&w->token);
    buffer_clear(&w->version);
}

static void apply_page(struct k8s_watch *w, json_t *items)
{
    size_t i = 0;
    json_t *object = NULL;
    json_array_foreach(items, i, object)
    {
        if (k8s_metadata(object, "name")[0] != '\0' && !w->stopped) {
            (void)json_object_del(w->unseen, k8s_metadata(object, "name"));
            apply(w, object);
        }
    }
}

/* What the whole list has not brought is no longer there. */
static void end_list(struct k8s_watch *w)
{
    const char *name = NULL;
    json_t *object = NULL;
    json_object_foreach(w->unseen, name, object)
    {
        lose(w, name, NULL);
    }
    json_decref(w->unseen);
    w->unseen = NULL;
    note_good(w);
    if (!w->stopped && w->calls.synced != NULL) {
        w->calls.synced(w->calls.context);
    }
}

static void hear_list(void *context, const struct k8s_answer *answer)
{
    struct k8s_watch *w = context;
    struct error err = answer->error;
    json_t *items = NULL;
    const char *token = "";
    w->pending = NULL;
    if (err.kind == ERROR_NONE) {
        (void)k8s_list_page(answer->body, &items, &token, &err);
    }
    if (is_expired(answer)) {
        note_expired(w, &err);
        begin_list(w);
        return;
    }
    if (err.kind != ERROR_NONE) {
        note_trouble(w, &err, answer->retry_after_s);
        begin_list(w); /* from its first page: its token may be what expired */
        return;
    }
    w->heard_ms = clock_now_ms();
    apply_page(w, items);
    buffer_clear(&w->token);
    buffer_printf(&w->token, "%s", token);
    if (token[0] == '\0') {
        set_version(w, k8s_metadata(answer->body, "resourceVersion"));
        end_list(w);
    }
}

/* One line of the stream. False ends the watch. */
static bool hear_event(void *context, json_t *line)
{
    struct k8s_watch *w = context;
    struct k8s_event event;
    if (k8s_event_decode(&event, line, &w->problem) != 0) {
        return false;
    }
    if (event.kind == K8S_EVENT_EXPIRED || event.kind == K8S_EVENT_ERROR) {
        buffer_clear(&w->version); /* whatever it is, a fresh list gets over it */
        error_set(&w->problem, ERROR_SYSTEM, "the server ended a watch: %s", event.message);
        return false;
    }
    if (event.kind == K8S_EVENT_CHANGED) {
        apply(w, event.object);
    } else if (event.kind == K8S_EVENT_GONE) {
        const json_t *known = json_object_get(w->known, event.name);
        bool same = strcmp(k8s_metadata(known, "uid"), event.uid) == 0;
        lose(w, same ? event.name : "", event.object);
    } else if (event.kind == K8S_EVENT_BOOKMARK) {
        w->bookmarks = true;
        w->bookmarked = true;
    }
    if (event.version[0] != '\0') {
        set_version(w, event.version);
    }
    return !w->stopped;
}

static bool hear_stream(void *context, const void *data, size_t size)
{
    struct k8s_watch *w = context;
    w->open = true;
    note_good(w);
    int rc = k8s_stream_take(&w->stream, data, size, hear_event, w, &w->problem);
    return rc == 0 && w->problem.kind == ERROR_NONE && !w->stopped;
}

static void hear_watch_end(void *context, const struct k8s_answer *answer)
{
    struct k8s_watch *w = context;
    bool brief = clock_now_ms() - w->asked_ms < BRIEF_MS;
    w->pending = NULL;
    if (w->problem.kind != ERROR_NONE) {
        bool expired = w->version.size == 0;
        if (expired) {
            note_expired(w, &w->problem);
        } else {
            note_trouble(w, &w->problem, 0);
        }
        w->start_ms = expired && !brief ? clock_now_ms() : w->start_ms;
        return;
    }
    if (is_expired(answer)) {
        buffer_clear(&w->version);
        note_expired(w, &answer->error);
        return;
    }
    if (answer->error.kind != ERROR_NONE) {
        bool lists = answer->status >= 400 && answer->status != 429 && answer->status < 500;
        if (lists) { /* a list will say what is wrong */
            buffer_clear(&w->version);
        }
        note_trouble(w, &answer->error, answer->retry_after_s);
        return;
    }
    if (brief) {
        struct error why = {0};
        error_set(&why, ERROR_SYSTEM, "the server ended a watch at once");
        note_trouble(w, &why, 0);
        return;
    }
    w->open = false; /* as it should, after limit_s: the next one follows */
    w->wait_ms = w->owner->timing.watch_first_ms;
}

static int ask_list(struct k8s_watch *w, struct error *err)
{
    struct buffer query = {0};
    const char *token = w->token.size == 0 ? NULL : buffer_string(&w->token);
    int rc = k8s_list_query(&query, w->labels, w->fields, token, err);
    if (rc == 0) {
        const struct k8s_request request = {.method = K8S_GET,
                                            .resource = w->resource,
                                            .query = (const char *)query.data,
                                            .timeout_ms = OPEN_MS};
        const struct k8s_end end = {.done = hear_list, .context = w, .once = true};
        w->pending = k8s_pending_start(w->owner, &request, &end, err);
        rc = w->pending == NULL ? -1 : 0;
    }
    buffer_release(&query);
    return rc;
}

static int ask_watch(struct k8s_watch *w, struct error *err)
{
    const struct k8s_timing *timing = &w->owner->timing;
    struct buffer query = {0};
    w->limit_s = timing->watch_least_s +
                 (uint32_t)k8s_random(timing->watch_most_s - timing->watch_least_s + 1);
    k8s_query_add(&query, "labelSelector", w->labels);
    k8s_query_add(&query, "fieldSelector", w->fields);
    k8s_query_add(&query, "resourceVersion", buffer_string(&w->version));
    buffer_printf(&query, "&watch=true&allowWatchBookmarks=true&timeoutSeconds=%u", w->limit_s);
    int rc = buffer_string(&query) == NULL ? error_no_memory(err, "a watch") : 0;
    if (rc == 0) {
        const struct k8s_request request = {
            .method = K8S_GET,
            .resource = w->resource,
            .query = (const char *)query.data,
            /* Of a server that goes on beyond its own limit; silence is noticed before. */
            .timeout_ms = w->limit_s * 1000 + 2 * timing->watch_grace_ms,
            .take = hear_stream,
            .context = w,
        };
        const struct k8s_end end = {.done = hear_watch_end, .context = w, .once = true};
        w->pending = k8s_pending_start(w->owner, &request, &end, err);
        rc = w->pending == NULL ? -1 : 0;
    }
    buffer_release(&query);
    return rc;
}

static void ask(struct k8s_watch *w, uint64_t now)
{
    struct error err = {0};
    bool list = w->version.size == 0;
    if (list && w->unseen == NULL) {
        begin_list(w);
    }
    w->asked_ms = now;
    w->open = false;
    w->problem = (struct error){0};
    buffer_clear(&w->stream.line);
    if ((list ? ask_list(w, &err) : ask_watch(w, &err)) != 0) {
        note_trouble(w, &err, 0);
    }
}

/* When the silence is too long. A list and a watch's head have time limits of their own, too. */
static uint64_t deadline_ms(const struct k8s_watch *w)
{
    const struct k8s_timing *timing = &w->owner->timing;
    if (!w->open) {
        return w->asked_ms + OPEN_MS;
    }
    uint64_t silence = (uint64_t)w->limit_s * 1000 + timing->watch_grace_ms;
    return w->heard_ms + (w->bookmarks ? size_min(silence, timing->watch_idle_ms) : silence);
}

static void end_silence(struct k8s_watch *w, uint64_t now)
{
    struct error why = {0};
    uint64_t since = w->open ? w->heard_ms : w->asked_ms;
    w->bookmarks = w->bookmarked; /* they are usual, but not promised */
    error_set(&why, ERROR_SYSTEM, "nothing heard of a watch for %llu s",
              (unsigned long long)((now - since) / 1000));
    k8s_pending_stop(w->pending);
    note_trouble(w, &why, 0);
}

void k8s_watches_turn(struct k8s *k)
{
    uint64_t now = clock_now_ms();
    for (struct k8s_watch *w = k->watch; w != NULL; w = w->next) {
        if (w->stopped) {
            continue;
        }
        if (w->pending == NULL && w->start_ms <= now) {
            ask(w, now);
        } else if (w->pending != NULL && deadline_ms(w) <= now) {
            end_silence(w, now);
        }
    }
}

uint64_t k8s_watches_due_ms(const struct k8s *k)
{
    uint64_t due = UINT64_MAX;
    for (const struct k8s_watch *w = k->watch; w != NULL; w = w->next) {
        due = size_min(due, w->pending == NULL ? w->start_ms : deadline_ms(w));
    }
    return due;
}

struct k8s_watch *k8s_watch_start(struct k8s *k, enum k8s_resource resource,
                                  const char *label_selector, const char *field_selector,
                                  const struct k8s_watch_calls *calls, struct error *err)
{
    struct k8s_watch *w = calloc(1, sizeof *w);
    if (w == NULL) {
        error_no_memory(err, "a watch");
        return NULL;
    }
    w->owner = k;
    w->resource = resource;
    w->bookmarks = true;
    w->calls = *calls;
    w->known = json_object();
    w->wait_ms = k->timing.watch_first_ms;
    w->heard_ms = clock_now_ms();
    w->stale_since_ms = w->heard_ms; /* nothing is known yet */
    w->labels = label_selector == NULL ? NULL : strdup(label_selector);
    w->fields = field_selector == NULL ? NULL : strdup(field_selector);
    if ((label_selector != NULL && w->labels == NULL) ||
        (field_selector != NULL && w->fields == NULL)) {
        free_watch(w);
        error_no_memory(err, "a watch");
        return NULL;
    }
    w->next = k->watch;
    k->watch = w;
    return w;
}

void k8s_watch_stop(struct k8s_watch *w)
{
    if (w == NULL) {
        return;
    }
    struct k8s *k = w->owner;
    w->stopped = true;
    if (w->pending != NULL) {
        k8s_pending_stop(w->pending);
        w->pending = NULL;
    }
    if (!k->turning) {
        k8s_watches_sweep(k);
    }
}

void k8s_watches_sweep(struct k8s *k)
{
    struct k8s_watch **at = &k->watch;
    while (*at != NULL) {
        struct k8s_watch *w = *at;
        if (w->stopped) {
            *at = w->next;
            free_watch(w);
        } else {
            at = &w->next;
        }
    }
}

void k8s_watches_release(struct k8s *k)
{
    while (k->watch != NULL) {
        k8s_watch_stop(k->watch);
    }
}

uint64_t k8s_watch_stale_since_ms(const struct k8s_watch *w, char *why, size_t size)
{
    (void)snprintf(why, size, "%s", w->why);
    return w->stale_since_ms;
}
