/* SPDX-License-Identifier: Apache-2.0 */
/* server_respond.c - an answer as the library's response; see server_state.h */
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "base/size.h"
#include "scheduler/server_state.h"

/* What every answer says besides: nothing of it may be kept, framed, guessed or run. */
static const struct {
    const char *name;
    const char *value;
} headers[] = {
    {"Connection", "close"},
    {"Cache-Control", "no-store"},
    {"X-Content-Type-Options", "nosniff"},
    {"Referrer-Policy", "no-referrer"},
    {"Content-Security-Policy",
     "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; "
     "connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'; "
     "require-trusted-types-for 'script'"},
};

void server_release_answer(struct server_answer *answer)
{
    buffer_release(&answer->body);
    if (answer->file >= 0) {
        (void)close(answer->file);
    }
    if (answer->source.close != NULL) {
        answer->source.close(answer->source.context);
    }
}

static struct MHD_Response *respond_file(struct server_answer *answer)
{
    off_t size = lseek(answer->file, 0, SEEK_END);
    if (size < 0) {
        return NULL;
    }
    struct MHD_Response *response = MHD_create_response_from_fd64((uint64_t)size, answer->file);
    if (response != NULL) {
        answer->file = -1; /* it closes it */
    }
    return response;
}

static struct MHD_Response *respond(struct server_answer *answer)
{
    if (answer->file >= 0) {
        return respond_file(answer);
    }
    return answer->body.failed
               ? NULL
               : MHD_create_response_from_buffer(answer->body.size, answer->body.data,
                                                 MHD_RESPMEM_MUST_COPY);
}

/* Of which moment of the run the answer tells. */
static enum MHD_Result add_sequence(struct MHD_Response *response, uint64_t sequence)
{
    char text[24];
    (void)snprintf(text, sizeof text, "%" PRIu64, sequence);
    return MHD_add_response_header(response, SERVER_SEQUENCE_HEADER, text);
}

enum MHD_Result server_queue(struct exchange *x, const struct server_answer *answer,
                             struct MHD_Response *response)
{
    if (response == NULL) {
        return MHD_NO;
    }
    enum MHD_Result rc = MHD_YES;
    for (size_t i = 0; rc == MHD_YES && i < ARRAY_LENGTH(headers); i++) {
        rc = MHD_add_response_header(response, headers[i].name, headers[i].value);
    }
    if (rc == MHD_YES && answer->type != NULL) {
        rc = MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, answer->type);
    }
    if (rc == MHD_YES && answer->sequence > 0) {
        rc = add_sequence(response, answer->sequence);
    }
    if (rc == MHD_YES) {
        rc = MHD_queue_response(x->connection, answer->status, response);
    }
    MHD_destroy_response(response);
    x->is_answered = true;
    return rc;
}

enum MHD_Result server_send(struct exchange *x, struct server_answer *answer)
{
    struct MHD_Response *response = respond(answer);
    enum MHD_Result rc = server_queue(x, answer, response);
    server_release_answer(answer);
    return rc;
}

enum MHD_Result server_send_refusal(struct exchange *x, unsigned status, const char *why)
{
    struct server_answer answer = {.file = -1};
    server_refuse(&answer, status, "%s", why);
    return server_send(x, &answer);
}

enum MHD_Result server_send_wrong_method(struct exchange *x, const struct server_route *route)
{
    struct server_answer answer = {.file = -1};
    server_refuse(&answer, 405, "%s takes %s", route->path,
                  route->method == SERVER_GET ? "GET" : "POST");
    struct MHD_Response *response = respond(&answer);
    if (response != NULL) {
        (void)MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW,
                                      route->method == SERVER_GET ? "GET" : "POST");
    }
    enum MHD_Result rc = server_queue(x, &answer, response);
    server_release_answer(&answer);
    return rc;
}
