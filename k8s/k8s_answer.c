/* SPDX-License-Identifier: Apache-2.0 */
/* k8s_answer.c - see k8s.h: what an API server answered, and what a person is told of it. */
#include <stdio.h>
#include <string.h>

#include "base/size.h"
#include "k8s/k8s_client.h"

enum { MESSAGE_SIZE = 600 }; /* of the server's words, so that ours still fit */

/* What a status means; what is not here is judged by its hundreds. */
static const struct meaning {
    int status;
    enum error_kind kind;
    const char *advice;
} meanings[] = {
    {400, ERROR_INPUT, "mend what it names"},
    {401, ERROR_INPUT, "log in again, or mend the kubeconfig's user"},
    {403, ERROR_INPUT,
     "ask the cluster's administrator for this right or quota, or is it the wrong namespace?"},
    {404, ERROR_INPUT, "look at name and namespace"},
    {405, ERROR_INPUT, "this server does not offer it"},
    {408, ERROR_SYSTEM, "it may pass: try again"},
    {409, ERROR_INPUT, "something of that name is there, or it changed meanwhile"},
    {410, ERROR_SYSTEM, "it may pass: try again"},
    {413, ERROR_INPUT, "it is too large for the server"},
    {415, ERROR_INPUT, "this server does not offer it"},
    {422, ERROR_INPUT, "mend what it names"},
    {429, ERROR_SYSTEM, "the server is busy: try again later"},
};

static struct meaning meaning_of(int status)
{
    for (size_t i = 0; i < ARRAY_LENGTH(meanings); i++) {
        if (meanings[i].status == status) {
            return meanings[i];
        }
    }
    if (status >= 500) {
        return (struct meaning){status, ERROR_SYSTEM, "the server's trouble: try again later"};
    }
    if (status >= 400) {
        return (struct meaning){status, ERROR_INPUT, "the server refuses it"};
    }
    return (struct meaning){status, ERROR_PEER,
                            "is the server's address that of a Kubernetes API server?"};
}

/* Others' words on one line of ours: no control characters, cut. */
static void quote(const char *text, size_t size, char out[MESSAGE_SIZE])
{
    size_t n = 0;
    for (size_t i = 0; i < size && n < MESSAGE_SIZE - 4; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c < ' ' || c == 0x7f) {
            out[n++] = ' ';
        } else {
            out[n++] = text[i];
        }
    }
    out[n] = '\0';
    if (n < size) {
        memcpy(out + n, "...", 4);
    }
}

static void read_status(struct k8s_answer *out, char message[MESSAGE_SIZE])
{
    const char *kind = json_string_value(json_object_get(out->body, "kind"));
    if (kind == NULL || strcmp(kind, "Status") != 0) {
        return;
    }
    const char *text = json_string_value(json_object_get(out->body, "message"));
    const char *reason = json_string_value(json_object_get(out->body, "reason"));
    const json_t *after =
        json_object_get(json_object_get(out->body, "details"), "retryAfterSeconds");
    if (text != NULL) {
        quote(text, strlen(text), message);
    }
    if (reason != NULL) {
        (void)snprintf(out->reason, sizeof out->reason, "%s", reason);
    }
    json_int_t seconds = json_integer_value(after);
    if (out->retry_after_s == 0 && seconds > 0) {
        out->retry_after_s = seconds > UINT32_MAX ? UINT32_MAX : (uint32_t)seconds;
    }
}

static bool is_json(const char *content_type)
{
    static const char json[] = "application/json";
    return strncmp(content_type, json, sizeof json - 1) == 0;
}

static void read_body(struct k8s_answer *out, const struct buffer *body, bool wants_object)
{
    struct error err = {0};
    out->raw = bytes_of(body->data, body->size);
    if (is_json(out->content_type)) {
        out->body = json_parse(body->data, body->size, SIZE_MAX, &err);
    } else {
        error_set(&err, ERROR_PEER, "its type is '%s'", out->content_type);
    }
    bool good = !wants_object || json_is_object(out->body);
    if (!good && out->status >= 200 && out->status < 300) {
        error_set(&out->error, ERROR_PEER, "an answer that is no JSON object: %s", err.text);
        out->in_doubt = true;
    }
}

/* Whether what is not there is the namespace. */
static bool lacks_namespace(const struct k8s_answer *out)
{
    const json_t *details = json_object_get(out->body, "details");
    const char *kind = json_string_value(json_object_get(details, "kind"));
    return out->status == 404 && kind != NULL && strcmp(kind, "namespaces") == 0;
}

/* Of an answer that is none of success. */
static void explain(struct k8s_answer *out, const char *task)
{
    char message[MESSAGE_SIZE] = "";
    read_status(out, message);
    if (message[0] == '\0' && out->body == NULL) {
        quote((const char *)out->raw.at, out->raw.left, message);
    }
    struct meaning meaning = meaning_of(out->status);
    bool conflict = strcmp(out->reason, "Conflict") == 0;
    if (lacks_namespace(out)) {
        meaning.advice = "say another one with --namespace, or have it made";
    }
    error_set(&out->error, conflict ? ERROR_SYSTEM : meaning.kind, "%s: %s%s(HTTP %d): %s",
              task, message, message[0] == '\0' ? "" : " ", out->status, meaning.advice);
}

/* Of a connection that failed. */
static void advise(struct k8s_answer *out)
{
    size_t n = strlen(out->error.text);
    const char *advice = "";
    if (out->error.kind == ERROR_INPUT) {
        advice = " (do the kubeconfig's server and certificate-authority belong together?)";
    } else if (out->error.kind == ERROR_SYSTEM && !out->in_doubt) {
        advice = " (is it the right address, and can it be reached from here?)";
    }
    (void)snprintf(out->error.text + n, sizeof out->error.text - n, "%s", advice);
}

void k8s_answer_read(struct k8s_answer *out, const struct http_answer *http,
                     const struct k8s_question *question)
{
    *out = (struct k8s_answer){
        .status = http->status, .retry_after_s = http->retry_after_s, .error = http->error};
    (void)snprintf(out->content_type, sizeof out->content_type, "%s", http->content_type);
    if (out->error.kind != ERROR_NONE) { /* it did not come whole */
        error_prefix(&out->error, "%s: %s", question->task, question->server);
        out->in_doubt = http->sent;
        out->status = 0;
        advise(out);
        return;
    }
    read_body(out, http->body, question->wants_object);
    if (out->error.kind != ERROR_NONE) {
        error_prefix(&out->error, "%s", question->task);
    } else if (out->status < 200 || out->status >= 300) {
        explain(out, question->task);
        out->in_doubt = out->status >= 500;
    }
}

void k8s_answer_release(struct k8s_answer *answer)
{
    json_decref(answer->body);
    answer->body = NULL;
}
