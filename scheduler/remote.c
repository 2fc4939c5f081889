/* SPDX-License-Identifier: Apache-2.0 */
/* remote.c - see remote.h; remote_relay.c sends the commands of this program */
#include "scheduler/remote.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base64.h"
#include "base/size.h"
#include "k8s/manifest.h"
#include "scheduler/scheduler_pod.h"
#include "scheduler/server.h"

enum { TOKEN_SIZE = 512, PATH_SIZE = 128 };
enum {
    COMMAND_TRIES = 3,
    TURN_MS = 1000,
    LOOK_MS = 4000,
    ASK_MS = 20000,
    COMMAND_MS = INT32_MAX
};

static const char prefix[] = "k8s:";

struct remote {
    struct k8s *k8s;
    bool owns_client;
    struct remote_name named;
    char token[GATE_CONTROL + 1][TOKEN_SIZE]; /* by right; "": not read yet */
};

/* ---- names ---- */

bool remote_is(const char *operand)
{
    return operand != NULL && strncmp(operand, prefix, sizeof prefix - 1) == 0;
}

/* What Kubernetes calls an RFC 1123 label. */
static bool is_label(const char *text, size_t size)
{
    static const char inside[] = "abcdefghijklmnopqrstuvwxyz0123456789-";
    return size > 0 && size < REMOTE_NAME_SIZE && strspn(text, inside) >= size &&
           text[0] != '-' && text[size - 1] != '-';
}

int remote_parse(const char *operand, struct remote_name *out, struct error *err)
{
    const char *rest = operand + sizeof prefix - 1;
    const char *slash = strchr(rest, '/');
    const char *name = slash == NULL ? rest : slash + 1;
    size_t size = slash == NULL ? 0 : (size_t)(slash - rest);
    if ((slash != NULL && !is_label(rest, size)) || !is_label(name, strlen(name))) {
        return error_set(err, ERROR_INPUT,
                         "%.200s names no run: say k8s:NAME or k8s:NAMESPACE/NAME, in small "
                         "letters, digits and '-'",
                         operand);
    }
    (void)snprintf(out->namespace, sizeof out->namespace, "%.*s", (int)size, rest);
    (void)snprintf(out->name, sizeof out->name, "%s", name);
    return 0;
}

struct remote *remote_open(const char *operand, struct error *err)
{
    struct remote *r = calloc(1, sizeof *r);
    if (r == NULL) {
        (void)error_no_memory(err, "a connection");
        return NULL;
    }
    if (remote_parse(operand, &r->named, err) == 0) {
        const char *namespace = r->named.namespace;
        struct k8s_options options = {.namespace = namespace[0] == '\0' ? NULL : namespace};
        r->k8s = k8s_open(&options, err);
        r->owns_client = true;
    }
    if (r->k8s == NULL) {
        remote_close(r);
        return NULL;
    }
    return r;
}

struct remote *remote_open_with(struct k8s *k, const char *name, struct error *err)
{
    struct remote *r = calloc(1, sizeof *r);
    if (r == NULL) {
        (void)error_no_memory(err, "a connection");
        return NULL;
    }
    r->k8s = k;
    (void)snprintf(r->named.name, sizeof r->named.name, "%s", name);
    return r;
}

void remote_close(struct remote *r)
{
    if (r != NULL) {
        if (r->owns_client) {
            k8s_close(r->k8s);
        }
        free(r);
    }
}

struct k8s *remote_k8s(struct remote *r)
{
    return r->k8s;
}

const char *remote_name(const struct remote *r)
{
    return r->named.name;
}

const char *remote_namespace(const struct remote *r)
{
    return k8s_namespace(r->k8s);
}

/* ---- tokens ---- */

/* data.token of a Secret, without the line's end. */
static int decode_token(const json_t *secret, char out[TOKEN_SIZE], struct error *err)
{
    const json_t *data = json_object_get(secret, "data");
    const char *text = json_string_value(json_object_get(data, "token"));
    struct buffer decoded = {0};
    int rc = text == NULL ? error_set(err, ERROR_PEER, "it holds no token")
                          : base64_decode(text, &decoded, err);
    const char *token = rc == 0 ? buffer_string(&decoded) : NULL;
    size_t size = token == NULL ? 0 : strcspn(token, "\r\n \t");
    if (rc == 0 && (size == 0 || size >= TOKEN_SIZE)) {
        rc = error_set(err, ERROR_PEER, "its token is none");
    }
    if (rc == 0) {
        (void)snprintf(out, TOKEN_SIZE, "%.*s", (int)size, token);
    }
    buffer_release(&decoded);
    return rc;
}

/* A run without its Secret or Service is no run; what else the server says stands as it is. */
static int explain(const struct remote *r, int status, struct error *err)
{
    return status != 404 ? -1 : scheduler_pod_no_run(r->k8s, r->named.name, err);
}

const char *remote_token(struct remote *r, enum gate_right right, struct error *err)
{
    char name[REMOTE_NAME_SIZE + 16];
    char *token = r->token[right];
    if (token[0] != '\0') {
        return token;
    }
    (void)snprintf(name, sizeof name, "%s",
                   right == GATE_VIEW ? MANIFEST_VIEW_SECRET : r->named.name);
    if (right == GATE_CONTROL) {
        (void)snprintf(name, sizeof name, "%s-scheduler", r->named.name);
    }
    struct k8s_request request = {
        .method = K8S_GET, .resource = K8S_SECRETS, .name = name, .timeout_ms = ASK_MS};
    json_t *secret = NULL;
    int status = 0;
    int rc = k8s_call(r->k8s, &request, &secret, &status, err);
    if (rc != 0) {
        rc = explain(r, status, err);
    } else if (decode_token(secret, token, err) != 0) {
        rc = error_prefix(err, "secret %s", name);
    }
    json_decref(secret);
    return rc == 0 ? token : NULL;
}

/* ---- requests ---- */

/* One that is under way. */
struct asked {
    const struct remote *remote;
    bool is_done;
    int status;
    json_t *answer;
    struct error error;
    struct reply reply; /* of a command */
    bool is_begun;      /* some of it came */
    int (*take)(void *context, enum reply_kind kind, const void *data, size_t size,
                struct error *err);
    void *context;
};

/* A Service that was just made has no list of endpoints for a moment: its pod may still come. */
static bool is_young(const json_t *status)
{
    const char *kind =
        json_string_value(json_object_get(json_object_get(status, "details"), "kind"));
    return kind != NULL && strcmp(kind, "endpoints") == 0;
}

/* Our scheduler refuses with {"error": ...}, the API server with a Status, whose words the client
 * has put into the error. */
void remote_explain(const struct remote *r, const struct k8s_answer *answer, struct error *out)
{
    const char *kind = json_string_value(json_object_get(answer->body, "kind"));
    const char *ours = json_string_value(json_object_get(answer->body, "error"));
    *out = answer->error;
    if (ours != NULL) {
        (void)error_set(out, answer->error.kind, "%s", ours);
    } else if (kind == NULL || strcmp(kind, "Status") != 0) {
        return;
    } else if (is_young(answer->body)) {
        (void)error_set(out, ERROR_SYSTEM, "the scheduler of %s is not there yet",
                        r->named.name);
    } else {
        (void)explain(r, answer->status, out);
    }
}

static void note_answer(void *context, const struct k8s_answer *answer)
{
    struct asked *a = context;
    a->is_done = true;
    a->status = answer->status;
    if (a->error.kind != ERROR_NONE) {
        return; /* we broke it off ourselves, and know why */
    }
    if (answer->error.kind != ERROR_NONE) {
        remote_explain(a->remote, answer, &a->error);
    } else {
        a->answer = json_incref(answer->body);
    }
}

static bool take_reply(void *context, const void *data, size_t size)
{
    struct asked *a = context;
    a->is_begun = a->is_begun || size > 0;
    return reply_decode(&a->reply, data, size, a->take, a->context, &a->error) == 0;
}

int remote_send(struct remote *r, const struct remote_request *request, struct error *err)
{
    char service[REMOTE_NAME_SIZE + 8];
    char subresource[PATH_SIZE];
    char header[TOKEN_SIZE + 32];
    const char *token = remote_token(r, request->right, err);
    if (token == NULL) {
        return -1;
    }
    (void)snprintf(service, sizeof service, "%s:http", r->named.name);
    (void)snprintf(subresource, sizeof subresource, "proxy/%s", request->path);
    (void)snprintf(header, sizeof header, SERVER_TOKEN_HEADER ": %s", token);
    bool is_get = request->body == NULL && request->raw == NULL;
    struct k8s_request sent = {.method = is_get ? K8S_GET : K8S_POST,
                               .resource = K8S_SERVICES,
                               .name = service,
                               .subresource = subresource,
                               .query = request->query,
                               .body = request->body,
                               .raw = request->raw,
                               .raw_size = request->raw_size,
                               .header = header,
                               .timeout_ms = request->timeout_ms,
                               .take = request->take,
                               .context = request->context};
    return k8s_send(r->k8s, &sent, request->done, err);
}

/* Sends it and waits for the answer. */
static int ask(struct remote *r, const char *path, enum gate_right right, const json_t *body,
               struct asked *a, struct error *err)
{
    struct remote_request request = {.path = path,
                                     .right = right,
                                     .body = body,
                                     .timeout_ms = a->take != NULL ? COMMAND_MS
                                                   : body != NULL  ? ASK_MS
                                                                   : LOOK_MS,
                                     .take = a->take == NULL ? NULL : take_reply,
                                     .done = note_answer,
                                     .context = a};
    a->remote = r;
    int rc = remote_send(r, &request, err);
    while (rc == 0 && !a->is_done) {
        rc = k8s_wait(r->k8s, -1, TURN_MS, err);
    }
    if (rc == 0 && a->error.kind != ERROR_NONE) {
        *err = a->error;
        rc = -1;
        if (a->status == 503) { /* of the API server's proxy: nobody is behind the Service */
            scheduler_pod_explain(r->k8s, r->named.name, err);
        }
    }
    return rc;
}

/* What changes something needs the other token. */
static enum gate_right right_for(const char *path, const json_t *body)
{
    return body == NULL || strcmp(path, "api/v1/command") == 0 ? GATE_VIEW : GATE_CONTROL;
}

int remote_ask(struct remote *r, const char *path, const json_t *body, json_t **answer,
               int *status, struct error *err)
{
    struct asked a = {.is_done = false};
    int rc = ask(r, path, right_for(path, body), body, &a, err);
    if (status != NULL) {
        *status = a.status;
    }
    if (rc == 0 && a.answer == NULL) {
        rc = error_set(err, ERROR_PEER, "%s: the answer is no JSON", path);
    }
    if (rc == 0 && answer != NULL) {
        *answer = a.answer;
    } else {
        json_decref(a.answer);
    }
    return rc;
}

/* Proxies between us and the scheduler break a connection now and then. A command only looks: one
 * of which nothing has come yet may be sent again. */
static int ask_command(struct remote *r, const json_t *body, struct asked *a, struct error *err)
{
    const struct asked fresh = *a;
    int rc = -1;
    for (unsigned tries = 0; tries < COMMAND_TRIES; tries++) {
        reply_release(&a->reply);
        json_decref(a->answer);
        *a = fresh;
        rc = ask(r, "api/v1/command", GATE_VIEW, body, a, err);
        if (rc == 0 || err->kind != ERROR_SYSTEM || a->is_begun) {
            break;
        }
    }
    return rc;
}

int remote_command(struct remote *r, const char *const *words,
                   int (*take)(void *context, enum reply_kind kind, const void *data,
                               size_t size, struct error *err),
                   void *context, struct error *err)
{
    struct asked a = {.take = take, .context = context};
    json_t *argv = json_array();
    for (size_t i = 0; words[i] != NULL; i++) {
        (void)json_array_append_new(argv, json_string(words[i]));
    }
    json_t *body = json_pack("{s:o}", "argv", argv);
    int rc = ask_command(r, body, &a, err);
    if (rc == 0 && !a.reply.is_ended) {
        rc = error_set(err, ERROR_SYSTEM, "the connection broke off; try again");
    }
    rc = rc == 0 ? a.reply.exit_status : -1;
    reply_release(&a.reply);
    json_decref(a.answer);
    json_decref(body);
    return rc;
}
