/* SPDX-License-Identifier: Apache-2.0 */
/* server_admit.c - which requests are let in: their route, and who asks; see server_state.h */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "scheduler/server_state.h"

enum { TOKEN_MOST = 256 };

static const char *header(const struct exchange *x, const char *name)
{
    return MHD_lookup_connection_value(x->connection, MHD_HEADER_KIND, name);
}

/* The row for a path whatever its method, then that of the method; NULL if there is none. */
static const struct server_route *find_in(const struct server_table *table, const char *path,
                                          const char *method)
{
    for (const struct server_route *r = table->routes; r->path != NULL; r++) {
        size_t size = strlen(r->path);
        bool takes_name = size > 1 && strchr("/.", r->path[size - 1]) != NULL;
        bool fits = takes_name ? strncmp(path, r->path, size) == 0 && path[size] != '\0'
                               : strcmp(path, r->path) == 0;
        if (fits &&
            (method == NULL || strcmp(method, r->method == SERVER_GET ? "GET" : "POST") == 0)) {
            return r;
        }
    }
    return NULL;
}

/* In any of the tables; *context is that of its table. */
static const struct server_route *find_route(const struct server *s, const char *path,
                                             const char *method, void **context)
{
    const struct server_route *route = NULL;
    for (size_t i = 0; route == NULL && i < SERVER_TABLES; i++) {
        const struct server_table *table = &s->options.table[i];
        route = table->routes == NULL ? NULL : find_in(table, path, method);
        *context = table->context;
    }
    return route;
}

/* A link that somebody opened: the browser gets the token as a cookie, and the address without the
 * link, which is of no use from now on. */
static enum MHD_Result give_cookie(struct exchange *x, const char *path)
{
    struct server *s = x->server;
    struct server_answer answer = {.status = MHD_HTTP_SEE_OTHER, .file = -1};
    const struct server_options *o = &s->options;
    const char *token = o->control_token == NULL ? o->view_token : o->control_token;
    char cookie[GATE_COOKIE_SIZE + TOKEN_MOST + 64];
    (void)snprintf(cookie, sizeof cookie, "%s=%.*s; HttpOnly; SameSite=Strict; Path=/",
                   s->gate.cookie, TOKEN_MOST, token);
    struct MHD_Response *response =
        MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT);
    if (response != NULL) {
        (void)MHD_add_response_header(response, MHD_HTTP_HEADER_SET_COOKIE, cookie);
        (void)MHD_add_response_header(response, MHD_HTTP_HEADER_LOCATION, path);
    }
    gate_renew_link(&s->gate);
    if (o->note_link != NULL) {
        o->note_link(o->link_context, s);
    }
    return server_queue(x, &answer, response);
}

static bool has_link(const struct exchange *x, const char *method)
{
    return strcmp(method, "GET") == 0 &&
           gate_opens(&x->server->gate, MHD_lookup_connection_value(
                                            x->connection, MHD_GET_ARGUMENT_KIND, "token"));
}

/* Without one in our own header, that of a bearer. */
static const char *token_of(const struct exchange *x)
{
    static const char scheme[] = "Bearer ";
    const char *own = header(x, SERVER_TOKEN_HEADER);
    const char *said = header(x, MHD_HTTP_HEADER_AUTHORIZATION);
    bool is_bearer = said != NULL && strncasecmp(said, scheme, sizeof scheme - 1) == 0;
    return own == NULL && is_bearer ? said + sizeof scheme - 1 : own;
}

static bool says_too_large(const struct exchange *x)
{
    const char *text = header(x, MHD_HTTP_HEADER_CONTENT_LENGTH);
    return text != NULL && strtoull(text, NULL, 10) > SERVER_BODY_MOST;
}

static enum MHD_Result refuse_by_status(struct exchange *x, unsigned status)
{
    return server_send_refusal(x, status,
                               status == 401
                                   ? "no token, or a wrong one: say it in " SERVER_TOKEN_HEADER
                                     ", or open the link that picobarn serve printed last"
                                   : "this token, or a page of another site, may not do that");
}

/* What it may not do is not told before it has shown a token. */
enum MHD_Result server_let_in(struct exchange *x, const char *path, const char *method)
{
    const struct server *s = x->server;
    void *context = NULL;
    const struct server_route *other = find_route(s, path, NULL, &context);
    const struct server_route *route = find_route(s, path, method, &context);
    const char *cookie =
        s->gate.cookie[0] == '\0'
            ? NULL
            : MHD_lookup_connection_value(x->connection, MHD_COOKIE_KIND, s->gate.cookie);
    struct gate_request shown = {.changes_something = strcmp(method, "GET") != 0,
                                 .token = token_of(x),
                                 .cookie = cookie,
                                 .host = header(x, MHD_HTTP_HEADER_HOST),
                                 .origin = header(x, MHD_HTTP_HEADER_ORIGIN)};
    unsigned status = gate_check(&s->gate, &shown, route == NULL ? GATE_VIEW : route->right);
    if (status != 403 && has_link(x, method)) {
        return give_cookie(x, other == NULL ? "/" : other->path);
    }
    if (status != 0) {
        return refuse_by_status(x, status);
    }
    if (other == NULL) {
        return server_send_refusal(x, 404, "there is no such path");
    }
    if (route == NULL) {
        return server_send_wrong_method(x, other);
    }
    if (says_too_large(x)) {
        return server_send_refusal(x, 413, "the request is too large");
    }
    x->route = route;
    x->context = context;
    x->name = path + strlen(route->path);
    x->right = gate_right_shown(&s->gate, &shown);
    return MHD_YES;
}

const char *server_argument(const struct server_request *request, const char *name)
{
    return MHD_lookup_connection_value(request->exchange->connection, MHD_GET_ARGUMENT_KIND,
                                       name);
}
