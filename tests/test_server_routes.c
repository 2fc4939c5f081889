/* SPDX-License-Identifier: Apache-2.0 */
/* test_server_routes.c - the gate before every route that this program serves, in every method: who brings
 * no token gets 401, and another site's page or name gets 403 whatever it brings. The tables are the
 * program's own, so that no route is forgotten; of a request that is refused no handler hears, so they need
 * no run and no cluster. */
#include "scheduler/keeper_api.h"
#include "scheduler/page_api.h"
#include "scheduler/relay_api.h"
#include "scheduler/rerunner.h"
#include "tests/support/http_client.h"

static const char token[] = "control-token-0123456789";
static const char wrong[] = "control-token-0123456780";

/* What one process serves together. */
struct site {
    const char *name;
    const struct server_route *routes[SERVER_TABLES];
    bool for_browsers;
};

static const struct site sites[] = {
    {"picobarn serve RUN", {page_api_routes, rerunner_routes}, true},
    {"picobarn serve k8s:RUN", {relay_api_routes}, true},
    {"picobarn tend", {keeper_api_routes, page_api_routes}, false},
};

/* The last three are GETs with headers by which a connection would become something else. */
static const struct {
    const char *name;
    const char *headers;
} methods[] = {
    {"GET", ""},
    {"HEAD", ""},
    {"POST", "Content-Length: 0\r\n"},
    {"PUT", "Content-Length: 0\r\n"},
    {"PATCH", "Content-Length: 0\r\n"},
    {"DELETE", ""},
    {"OPTIONS", ""},
    {"TRACE", ""},
    {"CONNECT", ""},
    {"INVENTED", ""},
    {"GET", "Accept: text/event-stream\r\nLast-Event-ID: 1\r\n"},
    {"GET", "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"},
    {"GET",
     "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n"},
};

struct fixture {
    const struct site *site;
    struct server *server;
    struct buffer answer;
    const char *port;
};

static void open_fixture(struct fixture *f, const struct site *site)
{
    struct error err = {0};
    *f = (struct fixture){.site = site};
    struct server_options options = {.listen = "127.0.0.1:0",
                                     .view_token = token,
                                     .control_token = token,
                                     .for_browsers = site->for_browsers};
    for (size_t i = 0; i < SERVER_TABLES; i++) {
        options.table[i].routes = site->routes[i];
    }
    f->server = server_open(&options, &err);
    check_ok(f->server == NULL ? -1 : 0, &err);
    f->port = strrchr(server_address(f->server), ':') + 1;
}

static void close_fixture(struct fixture *f)
{
    server_close(f->server);
    buffer_release(&f->answer);
}

/* What the request brings besides, and what it must get. */
struct visitor {
    const char *host;    /* NULL: the server's own */
    const char *headers; /* "<port>": the port, "<token>": the token, "<wrong>": another */
    unsigned status;
};

/* The headers with what stands for the port and the tokens filled in. */
static void put_headers(const struct fixture *f, const char *headers, struct buffer *out)
{
    const struct {
        const char *mark;
        const char *text;
    } marks[] = {{"<port>", f->port}, {"<token>", token}, {"<wrong>", wrong}};
    while (*headers != '\0') {
        size_t m = 0;
        while (m < ARRAY_LENGTH(marks) &&
               strncmp(headers, marks[m].mark, strlen(marks[m].mark)) != 0) {
            m++;
        }
        if (m == ARRAY_LENGTH(marks)) {
            buffer_raw(out, headers, 1);
            headers++;
        } else {
            buffer_printf(out, "%s", marks[m].text);
            headers += strlen(marks[m].mark);
        }
    }
}

static void ask(struct fixture *f, const char *path, size_t method, const struct visitor *v)
{
    struct buffer out = {0};
    buffer_printf(&out, "%s %s HTTP/1.1\r\nHost: %s\r\n%s", methods[method].name, path,
                  v->host == NULL ? server_address(f->server) : v->host,
                  methods[method].headers);
    put_headers(f, v->headers, &out);
    buffer_printf(&out, "\r\n");
    const char *request = buffer_string(&out);
    unsigned status = http_ask(f->server, request, &f->answer);
    if (status != v->status) {
        fail_msg("%s: status %u, not %u, to\n%s", f->site->name, status, v->status, request);
    }
    buffer_release(&out);
}

static void ask_in_every_method(struct fixture *f, const char *path, const struct visitor *v)
{
    for (size_t m = 0; m < ARRAY_LENGTH(methods); m++) {
        ask(f, path, m, v);
    }
}

/* A route that is open to anyone is so only for those who mean this site. */
static void ask_route(struct fixture *f, const struct server_route *r, const struct visitor *v)
{
    char path[128];
    size_t size = strlen(r->path);
    bool takes_name = size > 1 && strchr("/.", r->path[size - 1]) != NULL;
    (void)snprintf(path, sizeof path, "%s%s", r->path, takes_name ? "svg" : "");
    if (r->right != GATE_ANYONE || v->status == 403) {
        ask_in_every_method(f, path, v);
    }
}

/* Every route of the site, and a path that there is not. */
static void ask_everything(struct fixture *f, const struct visitor *v)
{
    for (size_t t = 0; t < SERVER_TABLES; t++) {
        const struct server_route *r = f->site->routes[t];
        for (; r != NULL && r->path != NULL; r++) {
            ask_route(f, r, v);
        }
    }
    ask_in_every_method(f, "/nothing", v);
}

/* All visitors at all sites, or only at those for browsers. */
static void ask_everywhere(const struct visitor *visitor, size_t n, bool only_browsers)
{
    for (size_t s = 0; s < ARRAY_LENGTH(sites); s++) {
        struct fixture f;
        open_fixture(&f, &sites[s]);
        for (size_t i = 0; i < n && (sites[s].for_browsers || !only_browsers); i++) {
            ask_everything(&f, &visitor[i]);
        }
        close_fixture(&f);
    }
}

static void nobody_gets_anything_without_a_token(void **state)
{
    (void)state;
    static const struct visitor visitors[] = {
        {NULL, "", 401},
        {NULL, "X-Picobarn-Token: \r\n", 401},
        {NULL, "X-Picobarn-Token: <wrong>\r\n", 401},
        {NULL, "Authorization: Bearer <wrong>\r\n", 401},
        {NULL, "Authorization: Basic <token>\r\n", 401},
        {NULL, "Cookie: picobarn-<port>=<wrong>\r\n", 401},
        {NULL, "Cookie: picobarn-<port>=\r\n", 401},
        {NULL, "Cookie: picobarn-1=<token>; token=<token>\r\n", 401}, /* of another's server */
        {NULL, "Cookie: picobarn-<port>=<wrong>\r\nOrigin: http://127.0.0.1:<port>\r\n", 401},
    };
    ask_everywhere(visitors, ARRAY_LENGTH(visitors), false);
}

static void who_means_another_host_is_refused_whatever_he_brings(void **state)
{
    (void)state;
    static const char *const hosts[] = {"evil.example",
                                        "127.evil.example",
                                        "localhost.evil.example",
                                        "127.0.0.1.evil.example",
                                        "127.0.0.1:1",
                                        "127.0.0.1",
                                        "localhost",
                                        "[::1]",
                                        "0.0.0.0"};
    static const char *const brought[] = {
        "Cookie: picobarn-<port>=<token>\r\n",
        "Cookie: picobarn-<port>=<token>\r\nOrigin: http://127.0.0.1:<port>\r\n",
        "X-Picobarn-Token: <token>\r\n"};
    for (size_t i = 0; i < ARRAY_LENGTH(hosts); i++) {
        for (size_t b = 0; b < ARRAY_LENGTH(brought); b++) {
            struct visitor v = {hosts[i], brought[b], 403};
            ask_everywhere(&v, 1, true);
        }
    }
}

static void a_page_of_another_origin_is_refused_whatever_it_brings(void **state)
{
    (void)state;
    static const struct visitor visitors[] = {
        {NULL, "Cookie: picobarn-<port>=<token>\r\nOrigin: http://evil.example\r\n", 403},
        {NULL, "Cookie: picobarn-<port>=<token>\r\nOrigin: null\r\n", 403},
        {NULL, "Cookie: picobarn-<port>=<token>\r\nOrigin: https://127.0.0.1:<port>\r\n", 403},
        {NULL, "Cookie: picobarn-<port>=<token>\r\nOrigin: http://127.0.0.1\r\n", 403},
        {NULL,
         "Cookie: picobarn-<port>=<token>\r\nOrigin: http://127.0.0.1:<port>.evil.example\r\n",
         403},
        {NULL, "X-Picobarn-Token: <token>\r\nOrigin: http://evil.example\r\n", 403},
    };
    ask_everywhere(visitors, ARRAY_LENGTH(visitors), true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nobody_gets_anything_without_a_token),
        cmocka_unit_test(who_means_another_host_is_refused_whatever_he_brings),
        cmocka_unit_test(a_page_of_another_origin_is_refused_whatever_it_brings),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
