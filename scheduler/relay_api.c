/* SPDX-License-Identifier: Apache-2.0 */
/* relay_api.c - see relay_api.h
 *
 * A request here becomes one request to the scheduler, which cannot be taken back: when our client
 * goes away first, the record stays until the answer has come, and is then freed. */
#include "scheduler/relay_api.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "scheduler/page_api.h"

enum { WHOLE_MOST = 64 << 20, EVENTS_MOST = 4 << 20 };
enum { NAME_MOST = 64, PATH_SIZE = 128, STREAM_MS = INT32_MAX };

/* What is passed on as it was asked for. */
struct passed {
    const char *path; /* of the route */
    enum server_method method;
    enum gate_right right; /* with which token the scheduler is asked */
    const char
        *type; /* of an answer that is given on as it comes; NULL: JSON, when it is whole */
    size_t buffered_most; /* a client that is so far behind is given up */
};

struct relayed_request {
    struct relay_api *api;
    struct relayed_request *next;
    const struct passed *passed;
    char type[sizeof((struct k8s_answer *)NULL)
                  ->content_type]; /* what the scheduler says it is */
    bool has_client;               /* our own is still there */
    bool is_done;                  /* the scheduler has answered, or cannot */
    unsigned status;
    struct error error;
    json_t *answer;
    struct buffer text; /* what came, and was not given on */
    size_t sent;
};

static void destroy(struct relayed_request *q)
{
    json_decref(q->answer);
    buffer_release(&q->text);
    free(q);
}

/* Takes it off the list, too. */
static void release(struct relayed_request *q)
{
    struct relayed_request **at = &q->api->first;
    while (*at != q) {
        at = &(*at)->next;
    }
    *at = q->next;
    destroy(q);
}

/* ---- from the scheduler ---- */

static bool take(void *context, const void *data, size_t size)
{
    struct relayed_request *q = context;
    server_wake(q->api->server);
    if (!q->has_client) {
        return false;
    }
    buffer_raw(&q->text, data, size);
    return !q->text.failed && q->text.size - q->sent <= q->passed->buffered_most;
}

static void note_answer(void *context, const struct k8s_answer *answer)
{
    struct relayed_request *q = context;
    server_wake(q->api->server);
    q->is_done = true;
    if (!q->has_client) {
        release(q);
        return;
    }
    q->status = answer->status < 100 ? 502 : (unsigned)answer->status;
    if (answer->error.kind != ERROR_NONE && q->error.kind == ERROR_NONE) {
        remote_explain(q->api->remote, answer, &q->error);
    }
    q->answer = json_incref(answer->body);
}

/* ---- to our client ---- */

static ssize_t read_bytes(void *context, void *out, size_t size)
{
    struct relayed_request *q = context;
    size_t n = q->text.size - q->sent;
    n = n < size ? n : size;
    if (n > 0) {
        memcpy(out, q->text.data + q->sent, n);
        q->sent += n;
    }
    if (q->sent == q->text.size) {
        buffer_clear(&q->text);
        q->sent = 0;
    }
    return n > 0 ? (ssize_t)n : !q->is_done ? 0 : q->error.kind == ERROR_NONE ? -1 : -2;
}

/* A refusal keeps its status; what broke off here is the gateway's fault. */
static void refuse(const struct relayed_request *q, struct server_answer *answer)
{
    server_refuse(answer, q->status >= 400 ? q->status : 502, "%s", q->error.text);
}

static enum server_readiness ready(void *context, struct server_answer *answer)
{
    struct relayed_request *q = context;
    if (q->passed->type != NULL && q->text.size > 0) {
        answer->type = q->type;
        return SERVER_STREAM;
    }
    if (!q->is_done) {
        return SERVER_LATER;
    }
    if (q->error.kind != ERROR_NONE) {
        refuse(q, answer);
    } else if (q->passed->type != NULL) {
        answer->type = q->type;
        return SERVER_STREAM; /* and nothing in it */
    } else {
        server_answer_json(answer, q->status,
                           q->answer == NULL ? json_null() : json_incref(q->answer));
    }
    return SERVER_WHOLE;
}

static void close_request(void *context)
{
    struct relayed_request *q = context;
    q->has_client = false;
    if (q->is_done) {
        release(q);
    }
}

/* ---- requests ---- */

static const char svg[] = "image/svg+xml";
static const char bytes[] = "application/octet-stream"; /* with nosniff nothing is made of it */

static const struct passed passed[] = {
    /* clang-format off */
    {"/api/v1/state",   SERVER_GET,  GATE_VIEW,    NULL,                WHOLE_MOST},
    {"/api/v1/page",    SERVER_GET,  GATE_VIEW,    NULL,                WHOLE_MOST},
    {"/api/v1/events",  SERVER_GET,  GATE_VIEW,    "text/event-stream", EVENTS_MOST},
    {"/api/v1/plot.",   SERVER_GET,  GATE_VIEW,    bytes,               WHOLE_MOST},
    {"/api/v1/files/",  SERVER_GET,  GATE_VIEW,    bytes,               WHOLE_MOST},
    {"/api/v1/command", SERVER_POST, GATE_VIEW,    bytes,               WHOLE_MOST},
    {"/api/v1/rerun",   SERVER_POST, GATE_CONTROL, NULL,                WHOLE_MOST},
    {"/api/v1/pause",   SERVER_POST, GATE_CONTROL, NULL,                WHOLE_MOST},
    {"/api/v1/resume",  SERVER_POST, GATE_CONTROL, NULL,                WHOLE_MOST},
    {"/api/v1/launch",  SERVER_POST, GATE_CONTROL, NULL,                WHOLE_MOST},
    {"/api/v1/pods",    SERVER_POST, GATE_CONTROL, NULL,                WHOLE_MOST},
    /* clang-format on */
};

/* The row of a path that is in the table: the routes below have no other. */
static const struct passed *find_passed(const char *path)
{
    size_t i = 0;
    while (i + 1 < ARRAY_LENGTH(passed) && strcmp(passed[i].path, path) != 0) {
        i++;
    }
    return &passed[i];
}

/* Names go into the path of a request to the API server. */
static bool is_plain(const char *text)
{
    static const char letters[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
    return text[strspn(text, letters)] == '\0' && strlen(text) <= NAME_MOST;
}

/* The arguments of plots, again as a query. False for what no histogram is called. */
static bool put_query(const struct server_request *request, struct buffer *out)
{
    static const char *const name[] = {"histogram", "channel", "scale"};
    for (size_t i = 0; i < ARRAY_LENGTH(name); i++) {
        const char *value = server_argument(request, name[i]);
        if (value != NULL && !is_plain(value)) {
            return false;
        }
        if (value != NULL) {
            buffer_printf(out, "%s%s=%s", out->size == 0 ? "" : "&", name[i], value);
        }
    }
    return true;
}

static const char *type_of(const struct passed *what, const char *name)
{
    return what->type == bytes && strcmp(name, "svg") == 0 ? svg : what->type;
}

static int send_on(struct relayed_request *q, const struct server_request *request,
                   const char *path, const char *query, struct error *err)
{
    static const char empty[] = "{}"; /* an empty body is still one of a POST */
    const struct passed *what = q->passed;
    bool is_post = what->method == SERVER_POST;
    struct bytes body =
        request->body.left > 0 ? request->body : bytes_of(empty, sizeof empty - 1);
    struct remote_request sent = {.path = path,
                                  .query = query,
                                  .right = what->right,
                                  .raw = is_post ? body.at : NULL,
                                  .raw_size = is_post ? body.left : 0,
                                  .timeout_ms = what->type == NULL ? 0 : STREAM_MS,
                                  .take = what->type == NULL ? NULL : take,
                                  .done = note_answer,
                                  .context = q};
    (void)snprintf(q->type, sizeof q->type, "%s",
                   what->type == NULL ? "" : type_of(what, request->name));
    return remote_send(q->api->remote, &sent, err);
}

static void start(struct relay_api *api, const struct server_request *request,
                  const char *query, struct server_answer *answer)
{
    char path[PATH_SIZE];
    struct error err = {0};
    struct relayed_request *q = calloc(1, sizeof *q);
    if (q == NULL) {
        server_refuse(answer, 500, "no memory");
        return;
    }
    *q = (struct relayed_request){.api = api,
                                  .next = api->first,
                                  .passed = find_passed(request->path),
                                  .has_client = true};
    api->first = q;
    (void)snprintf(path, sizeof path, "%s%s", request->path + 1, request->name);
    if (send_on(q, request, path, query, &err) != 0) {
        release(q);
        server_refuse_error(answer, 403, &err);
        return;
    }
    answer->source = (struct server_source){
        .ready = ready, .read = read_bytes, .close = close_request, .context = q};
}

static void pass(void *context, const struct server_request *request,
                 struct server_answer *answer)
{
    struct buffer query = {0};
    const char *text = NULL;
    if (!is_plain(request->name) || !put_query(request, &query)) {
        server_refuse(answer, 404, "there is no such thing to be had");
    } else if ((text = buffer_string(&query)) == NULL) {
        server_refuse(answer, 500, "no memory");
    } else {
        start(context, request, text, answer);
    }
    buffer_release(&query);
}

const struct server_route relay_api_routes[] = {
    {SERVER_GET, "/", GATE_VIEW, page_api_answer_index},
    {SERVER_GET, "/page/", GATE_VIEW, page_api_answer_file},
    {SERVER_GET, "/healthz", GATE_ANYONE, page_api_answer_health},
    {SERVER_GET, "/api/v1/rights", GATE_VIEW, page_api_answer_rights},
    {SERVER_GET, "/api/v1/state", GATE_VIEW, pass},
    {SERVER_GET, "/api/v1/page", GATE_VIEW, pass},
    {SERVER_GET, "/api/v1/events", GATE_VIEW, pass},
    {SERVER_GET, "/api/v1/plot.", GATE_VIEW, pass},
    {SERVER_GET, "/api/v1/files/", GATE_VIEW, pass},
    {SERVER_POST, "/api/v1/command", GATE_VIEW, pass},
    {SERVER_POST, "/api/v1/rerun", GATE_CONTROL, pass},
    {SERVER_POST, "/api/v1/pause", GATE_CONTROL, pass},
    {SERVER_POST, "/api/v1/resume", GATE_CONTROL, pass},
    {SERVER_POST, "/api/v1/launch", GATE_CONTROL, pass},
    {SERVER_POST, "/api/v1/pods", GATE_CONTROL, pass},
    {.path = NULL},
};

void relay_api_release(struct relay_api *api)
{
    while (api->first != NULL) {
        struct relayed_request *q = api->first;
        api->first = q->next;
        destroy(q);
    }
}
