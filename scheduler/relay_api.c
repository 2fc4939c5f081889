/* SPDX-License-Identifier: Apache-2.0 */
/* relay_api.c - see relay_api.h
 *
 * A request here becomes one request to the scheduler, which cannot be taken back: when our client
 * goes away first, the record stays until the answer has come, and is then freed. */
#include "scheduler/relay_api.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "scheduler/human.h"
#include "scheduler/page.h"

enum { BUFFERED_MOST = 64 << 20, PATH_SIZE = 128, COMMAND_MS = INT32_MAX };

/* What becomes of the scheduler's answer. */
enum turn {
    TURN_JSON,  /* given on when it is whole */
    TURN_BYTES, /* given on as it comes */
    TURN_PAGE,  /* a command's output, as text in the page */
    TURN_PLOT   /* a command's output as it is */
};

struct relayed_request {
    struct relay_api *api;
    struct relayed_request *next;
    enum turn turn;
    bool has_client; /* our own is still there */
    bool is_done;    /* the scheduler has answered, or cannot */
    unsigned status;
    struct error error;
    json_t *answer;
    struct reply reply;
    struct buffer text; /* what came, and was not given on */
    size_t sent;
};

static void destroy(struct relayed_request *q)
{
    json_decref(q->answer);
    reply_release(&q->reply);
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

static int take_part(void *context, enum reply_kind kind, const void *data, size_t size,
                     struct error *err)
{
    (void)err;
    struct relayed_request *q = context;
    if (kind == REPLY_OUT || q->turn == TURN_PAGE) {
        buffer_raw(&q->text, data, size);
    }
    return 0;
}

static bool take(void *context, const void *data, size_t size)
{
    struct relayed_request *q = context;
    server_wake(q->api->server);
    if (!q->has_client) {
        return false;
    }
    if (q->turn == TURN_BYTES) {
        buffer_raw(&q->text, data, size);
    } else if (reply_decode(&q->reply, data, size, take_part, q, &q->error) != 0) {
        return false;
    }
    return !q->text.failed && q->text.size - q->sent <= BUFFERED_MOST;
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

static void answer_whole(struct relayed_request *q, struct server_answer *answer)
{
    if (q->turn == TURN_JSON) {
        server_answer_json(answer, q->status,
                           q->answer == NULL ? json_null() : json_incref(q->answer));
    } else if (q->turn == TURN_PAGE) {
        answer->type = "text/html; charset=utf-8";
        const char *text = buffer_string(&q->text);
        page_write(remote_name(q->api->remote), text == NULL ? "" : text, &answer->body);
    } else {
        answer->type = "image/svg+xml";
        buffer_raw(&answer->body, q->text.data, q->text.size);
    }
}

static enum server_readiness ready(void *context, struct server_answer *answer)
{
    struct relayed_request *q = context;
    if (q->turn == TURN_BYTES && q->text.size > 0) {
        answer->type = "application/octet-stream"; /* with nosniff nothing is made of it */
        return SERVER_STREAM;
    }
    if (!q->is_done) {
        return SERVER_LATER;
    }
    if (q->error.kind != ERROR_NONE) {
        refuse(q, answer);
    } else if (q->turn == TURN_BYTES) {
        return SERVER_STREAM; /* and nothing in it */
    } else {
        answer_whole(q, answer);
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

struct forward {
    const char *path;
    enum gate_right right;
    enum turn turn;
    const json_t *body;
    struct bytes raw;
};

static void forward(struct relay_api *api, const struct forward *what,
                    struct server_answer *answer)
{
    struct error err = {0};
    struct relayed_request *q = calloc(1, sizeof *q);
    if (q == NULL) {
        server_refuse(answer, 500, "no memory");
        return;
    }
    *q = (struct relayed_request){
        .api = api, .next = api->first, .turn = what->turn, .has_client = true};
    api->first = q;
    struct remote_request request = {.path = what->path,
                                     .right = what->right,
                                     .body = what->body,
                                     .raw = what->raw.at,
                                     .raw_size = what->raw.left,
                                     .timeout_ms = what->turn == TURN_BYTES ? COMMAND_MS : 0,
                                     .take = what->turn == TURN_JSON ? NULL : take,
                                     .done = note_answer,
                                     .context = q};
    if (remote_send(api->remote, &request, &err) != 0) {
        release(q);
        server_refuse_error(answer, 403, &err);
        return;
    }
    answer->source = (struct server_source){
        .ready = ready, .read = read_bytes, .close = close_request, .context = q};
}

/* An empty body is still one of a POST. */
static struct bytes body_of(const struct server_request *request)
{
    static const char empty[] = "{}";
    return request->body.left > 0 ? request->body : bytes_of(empty, sizeof empty - 1);
}

static void pass_state(void *context, const struct server_request *request,
                       struct server_answer *answer)
{
    (void)request;
    struct forward what = {.path = "api/v1/state", .right = GATE_VIEW, .turn = TURN_JSON};
    forward(context, &what, answer);
}

static void pass_command(void *context, const struct server_request *request,
                         struct server_answer *answer)
{
    struct forward what = {.path = "api/v1/command",
                           .right = GATE_VIEW,
                           .turn = TURN_BYTES,
                           .raw = body_of(request)};
    forward(context, &what, answer);
}

static void pass_rerun(void *context, const struct server_request *request,
                       struct server_answer *answer)
{
    struct forward what = {.path = "api/v1/rerun",
                           .right = GATE_CONTROL,
                           .turn = TURN_JSON,
                           .raw = body_of(request)};
    forward(context, &what, answer);
}

static void pass_launch(void *context, const struct server_request *request,
                        struct server_answer *answer)
{
    struct forward what = {.path = "api/v1/launch",
                           .right = GATE_CONTROL,
                           .turn = TURN_JSON,
                           .raw = body_of(request)};
    forward(context, &what, answer);
}

static void pass_pods(void *context, const struct server_request *request,
                      struct server_answer *answer)
{
    struct forward what = {.path = "api/v1/pods",
                           .right = GATE_CONTROL,
                           .turn = TURN_JSON,
                           .raw = body_of(request)};
    forward(context, &what, answer);
}

/* The name goes into a path: only what the scheduler's own list could hold. */
static void pass_file(void *context, const struct server_request *request,
                      struct server_answer *answer)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz.";
    char path[PATH_SIZE];
    if (request->name[strspn(request->name, letters)] != '\0' || strlen(request->name) > 40) {
        server_refuse(answer, 404, "there is no such file to be had");
        return;
    }
    (void)snprintf(path, sizeof path, "api/v1/files/%s", request->name);
    struct forward what = {.path = path, .right = GATE_VIEW, .turn = TURN_BYTES};
    forward(context, &what, answer);
}

static void run_there(struct relay_api *api, json_t *argv, enum turn turn,
                      struct server_answer *answer)
{
    json_t *body = json_pack("{s:o}", "argv", argv);
    struct forward what = {
        .path = "api/v1/command", .right = GATE_VIEW, .turn = turn, .body = body};
    forward(api, &what, answer);
    json_decref(body);
}

static void show_page(void *context, const struct server_request *request,
                      struct server_answer *answer)
{
    (void)request;
    run_there(context, json_pack("[s]", "status"), TURN_PAGE, answer);
}

static void show_plot(void *context, const struct server_request *request,
                      struct server_answer *answer)
{
    (void)request;
    run_there(context, json_pack("[s, s, s]", "plot", "--format", "svg"), TURN_PLOT, answer);
}

static void answer_health(void *context, const struct server_request *request,
                          struct server_answer *answer)
{
    (void)context;
    (void)request;
    answer->type = "text/plain";
    buffer_printf(&answer->body, "ok\n");
}

const struct server_route relay_api_routes[] = {
    {SERVER_GET, "/", GATE_VIEW, show_page},
    {SERVER_GET, "/plot.svg", GATE_VIEW, show_plot},
    {SERVER_GET, "/healthz", GATE_ANYONE, answer_health},
    {SERVER_GET, "/api/v1/state", GATE_VIEW, pass_state},
    {SERVER_GET, "/api/v1/files/", GATE_VIEW, pass_file},
    {SERVER_POST, "/api/v1/command", GATE_VIEW, pass_command},
    {SERVER_POST, "/api/v1/rerun", GATE_CONTROL, pass_rerun},
    {SERVER_POST, "/api/v1/launch", GATE_CONTROL, pass_launch},
    {SERVER_POST, "/api/v1/pods", GATE_CONTROL, pass_pods},
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
