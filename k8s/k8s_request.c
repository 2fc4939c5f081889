/* SPDX-License-Identifier: Apache-2.0 */
/* k8s_request.c - see k8s.h: the life of one request.
 *
 * It waits for its time (at once, or after a back-off), then for credentials, goes over HTTP, and
 * either ends or waits for its next time. A GET may be asked again as often as one likes. Anything
 * else only where the server surely did not act on it: it said 429, or there was no connection. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/size.h"
#include "k8s/k8s_client.h"
#include "k8s/k8s_resource.h"

enum { TRIES = 10 };
enum { USUAL_TIMEOUT_MS = 30000 };
enum { USUAL_SIZE_LIMIT = 64 << 20 };
enum { HEADERS = 6 };

struct k8s_pending {
    struct k8s_pending *next;
    struct k8s *owner;
    struct k8s_end end;
    enum k8s_method method;
    char task[400]; /* "cannot get jobs/x in namespace n" */
    char *url;
    char *content_type; /* header line, or NULL */
    char *header;       /* likewise */
    struct buffer body;
    bool has_body;
    bool wants_object; /* of the API server itself, nothing that it only passes on */
    bool (*take)(void *context, const void *data, size_t size);
    void *take_context;
    size_t size_limit;
    uint64_t start_ms; /* not before */
    uint64_t deadline_ms;
    uint64_t begun_ms;     /* this try */
    uint64_t unreached_ms; /* since when there is no connection; 0: there was one */
    unsigned tries;
    bool renewed;                   /* credentials, after a 401 */
    bool took;                      /* the taker has had something: no second try */
    bool over;                      /* freed at the end of the turn */
    uint64_t generation;            /* of the credentials that it went with */
    struct http_transfer *transfer; /* or NULL */
};

static const struct {
    const char *method;
    const char *verb;
} methods[] = {[K8S_GET] = {"GET", "get"},
               [K8S_POST] = {"POST", "create"},
               [K8S_PATCH] = {"PATCH", "change"},
               [K8S_DELETE] = {"DELETE", "delete"}};

static void free_pending(struct k8s_pending *p)
{
    free(p->url);
    free(p->content_type);
    free(p->header);
    if (p->body.data != NULL) { /* a Secret's, perhaps */
        explicit_bzero(p->body.data, p->body.room);
    }
    buffer_release(&p->body);
    free(p);
}

static int set_body(struct k8s_pending *p, const struct k8s_request *request, struct error *err)
{
    p->has_body = request->body != NULL || request->raw != NULL || request->method == K8S_POST;
    if (request->body != NULL) {
        return json_write_canonical(request->body, &p->body, err);
    }
    buffer_raw(&p->body, request->raw, request->raw == NULL ? 0 : request->raw_size);
    return p->body.failed ? error_no_memory(err, "a request") : 0;
}

static int set_url(struct k8s_pending *p, const struct k8s_request *request, struct error *err)
{
    struct buffer url = {0};
    buffer_printf(&url, "%s", p->owner->config.server);
    int rc = k8s_resource_path(request, p->owner->namespace, &url, err);
    if (rc == 0) {
        p->url = buffer_string(&url) == NULL ? NULL : strdup((const char *)url.data);
        rc = p->url == NULL ? error_no_memory(err, "a request") : 0;
    }
    buffer_release(&url);
    return rc;
}

static bool is_one_line(const char *header)
{
    return header == NULL || strpbrk(header, "\r\n") == NULL;
}

static int set_headers(struct k8s_pending *p, const struct k8s_request *request,
                       struct error *err)
{
    const char *usual =
        request->method == K8S_PATCH ? "application/merge-patch+json" : "application/json";
    const char *type = request->content_type == NULL ? usual : request->content_type;
    if (!is_one_line(request->header) || !is_one_line(type)) {
        return error_set(err, ERROR_INPUT, "a header of more than one line");
    }
    if (p->has_body && asprintf(&p->content_type, "Content-Type: %s", type) < 0) {
        p->content_type = NULL;
        return error_no_memory(err, "a request");
    }
    p->header = request->header == NULL ? NULL : strdup(request->header);
    return request->header != NULL && p->header == NULL ? error_no_memory(err, "a request") : 0;
}

static void set_task(struct k8s_pending *p, const struct k8s_request *request)
{
    char what[350];
    bool proxied =
        request->subresource != NULL && strncmp(request->subresource, "proxy", 5) == 0;
    k8s_resource_describe(request, p->owner->namespace, what, sizeof what);
    (void)snprintf(p->task, sizeof p->task, "cannot %s %s",
                   proxied ? "ask" : methods[request->method].verb, what);
}

struct k8s_pending *k8s_pending_start(struct k8s *k, const struct k8s_request *request,
                                      const struct k8s_end *end, struct error *err)
{
    struct k8s_pending *p = calloc(1, sizeof *p);
    if (p == NULL) {
        error_no_memory(err, "a request");
        return NULL;
    }
    uint32_t timeout = request->timeout_ms == 0 ? USUAL_TIMEOUT_MS : request->timeout_ms;
    size_t usual_limit = request->take == NULL ? USUAL_SIZE_LIMIT : 0;
    p->owner = k;
    p->end = *end;
    p->method = request->method;
    p->wants_object = request->subresource == NULL && request->take == NULL;
    p->take = request->take;
    p->take_context = request->context;
    p->size_limit = request->size_limit == 0 ? usual_limit : request->size_limit;
    p->start_ms = clock_now_ms();
    p->deadline_ms = p->start_ms + timeout;
    set_task(p, request);
    if (set_url(p, request, err) != 0 || set_body(p, request, err) != 0 ||
        set_headers(p, request, err) != 0) {
        free_pending(p);
        return NULL;
    }
    p->next = k->pending;
    k->pending = p;
    return p;
}

int k8s_send(struct k8s *k, const struct k8s_request *request,
             void (*done)(void *context, const struct k8s_answer *answer), struct error *err)
{
    const struct k8s_end end = {.done = done, .context = request->context};
    return k8s_pending_start(k, request, &end, err) == NULL ? -1 : 0;
}

/* It ends without its end being called. */
static void drop(struct k8s_pending *p)
{
    if (p->transfer != NULL) {
        http_stop(p->transfer);
        p->transfer = NULL;
    }
    if (!p->over && p->end.dropped != NULL) {
        p->end.dropped(p->end.context);
    }
    p->over = true;
}

void k8s_pending_stop(struct k8s_pending *p)
{
    struct k8s *k = p->owner;
    drop(p);
    if (!k->turning) {
        k8s_pendings_sweep(k);
    }
}

void k8s_pendings_sweep(struct k8s *k)
{
    struct k8s_pending **at = &k->pending;
    while (*at != NULL) {
        struct k8s_pending *p = *at;
        if (p->over) {
            *at = p->next;
            free_pending(p);
        } else {
            at = &p->next;
        }
    }
}

void k8s_pendings_release(struct k8s *k)
{
    for (struct k8s_pending *p = k->pending; p != NULL; p = p->next) {
        drop(p);
    }
    k8s_pendings_sweep(k);
}

uint64_t k8s_pendings_due_ms(const struct k8s *k)
{
    uint64_t due = UINT64_MAX;
    int fd[2];
    uint64_t until = 0;
    bool plugin_runs = credentials_fds(k->credentials, fd, &until) > 0;
    for (const struct k8s_pending *p = k->pending; p != NULL; p = p->next) {
        /* What waits for a program is woken by its descriptors, or has no time left. */
        bool waits = p->start_ms <= clock_now_ms() && plugin_runs;
        if (p->transfer == NULL && !p->over) {
            due = size_min(due, waits ? p->deadline_ms : p->start_ms);
        }
    }
    return due;
}

static void conclude(struct k8s_pending *p, const struct k8s_answer *answer)
{
    p->over = true;
    p->end.done(p->end.context, answer);
}

static void fail(struct k8s_pending *p, const struct error *why)
{
    struct k8s_answer answer = {.error = *why};
    error_prefix(&answer.error, "%s", p->task);
    conclude(p, &answer);
}

/* How long to wait before the next try, of which there are few and each later than the one
 * before; what the server asks for is never undercut. */
static uint64_t wait_for(const struct k8s_pending *p, uint32_t retry_after_s)
{
    if (retry_after_s > 0) {
        return (uint64_t)retry_after_s * 1000 + 20 + k8s_random(250);
    }
    const struct k8s_timing *timing = &p->owner->timing;
    uint32_t ms = timing->retry_first_ms;
    for (unsigned i = 1; i < p->tries && ms < timing->retry_most_ms; i++) {
        ms *= 2;
    }
    return k8s_jitter_ms((uint32_t)size_min(ms, timing->retry_most_ms));
}

static bool may_retry(const struct k8s_pending *p, const struct http_answer *http,
                      const struct k8s_answer *answer)
{
    if (p->took || p->end.once || p->tries >= TRIES) {
        return false;
    }
    if (answer->status == 429) {
        return true;
    }
    bool may_pass = answer->error.kind == ERROR_SYSTEM;
    if (!http->sent) {
        return may_pass;
    }
    return p->method == K8S_GET && may_pass && (answer->status == 0 || answer->status >= 500);
}

/* Sets the time of another try, if there is to be one. */
static bool try_again(struct k8s_pending *p, const struct http_answer *http,
                      const struct k8s_answer *answer)
{
    uint64_t now = clock_now_ms();
    uint32_t wait_ms = 0;
    bool unauthorized = answer->status == 401 && strcmp(answer->reason, "Unauthorized") == 0;
    if (unauthorized && !p->renewed &&
        credentials_refused(p->owner->credentials, p->generation, &wait_ms)) {
        p->renewed = true;
        p->start_ms = now + wait_ms;
        return p->start_ms < p->deadline_ms;
    }
    p->unreached_ms = http->sent ? 0 : p->unreached_ms == 0 ? p->begun_ms : p->unreached_ms;
    if (!may_retry(p, http, answer)) {
        return false;
    }
    p->start_ms = now + wait_for(p, answer->retry_after_s);
    uint64_t patience = p->unreached_ms + p->owner->timing.unreachable_ms;
    return p->start_ms < p->deadline_ms && (http->sent || p->start_ms <= patience);
}

static void hear_answer(void *context, const struct http_answer *http)
{
    struct k8s_pending *p = context;
    struct k8s_answer answer;
    p->transfer = NULL;
    const struct k8s_question question = {p->task, p->owner->config.server, p->wants_object};
    k8s_answer_read(&answer, http, &question);
    if (!try_again(p, http, &answer)) {
        conclude(p, &answer);
    }
    k8s_answer_release(&answer);
}

static bool hear_bytes(void *context, const void *data, size_t size)
{
    struct k8s_pending *p = context;
    p->took = true;
    return p->take(p->take_context, data, size);
}

static int start_http(struct k8s_pending *p, const struct identity *identity, uint64_t now,
                      struct error *err)
{
    const struct kubeconfig *config = &p->owner->config;
    const struct http_tls tls = {
        .authority = bytes_of(config->authority.data, config->authority.size),
        .certificate = identity->certificate,
        .key = identity->key,
        .server_name = config->server_name,
        .insecure = config->insecure,
    };
    const char *header[HEADERS] = {p->owner->user_agent, "Accept: application/json, */*"};
    size_t n = 2;
    const char *const more[] = {identity->authorization, p->content_type, p->header};
    for (size_t i = 0; i < ARRAY_LENGTH(more); i++) {
        if (more[i] != NULL) {
            header[n++] = more[i];
        }
    }
    const struct http_request request = {
        .method = methods[p->method].method,
        .url = p->url,
        .proxy = config->proxy,
        .tls = &tls,
        .header = header,
        .body = bytes_of(p->body.data, p->body.size),
        .has_body = p->has_body,
        .timeout_ms = (uint32_t)(p->deadline_ms - now),
        .size_limit = p->size_limit,
        .take = p->take == NULL ? NULL : hear_bytes,
        .done = hear_answer,
        .context = p,
    };
    p->transfer = http_start(p->owner->http, &request, err);
    return p->transfer == NULL ? -1 : 0;
}

static void begin(struct k8s_pending *p, uint64_t now)
{
    struct error err = {0};
    struct identity identity = {0};
    if (now >= p->deadline_ms) {
        error_set(&err, ERROR_SYSTEM, "no credentials in time");
        fail(p, &err);
        return;
    }
    enum credentials_state state = credentials_get(p->owner->credentials, &identity, &err);
    if (state == CREDENTIALS_WAIT) {
        return;
    }
    p->generation = identity.generation;
    p->begun_ms = now;
    p->tries++;
    if (state == CREDENTIALS_FAILED || start_http(p, &identity, now, &err) != 0) {
        fail(p, &err);
    }
}

void k8s_pendings_begin(struct k8s *k)
{
    uint64_t now = clock_now_ms();
    for (struct k8s_pending *p = k->pending; p != NULL; p = p->next) {
        if (!p->over && p->transfer == NULL && p->start_ms <= now) {
            begin(p, now);
        }
    }
}
