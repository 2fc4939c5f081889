/* SPDX-License-Identifier: Apache-2.0 */
/* test_server.c - claims about scheduler/server.h, over real sockets */
#include "scheduler/server.h"

#include "tests/support/http_client.h"

static const char view[] = "view-token-0123456789";
static const char control[] = "control-token-0123456789";

/* What the handlers of these tests share with them. */
struct seen {
    size_t n_calls;
    size_t body_size;
    char name[64];
    size_t n_closed; /* sources */
    int pipe;        /* of a source that waits for it */
    bool is_known;   /* of an answer that is not known at first */
};

struct fixture {
    struct seen seen;
    struct server *server;
    struct buffer answer;
};

static void handle_plain(void *context, const struct server_request *request,
                         struct server_answer *answer)
{
    struct seen *seen = context;
    seen->n_calls++;
    seen->body_size = request->body.left;
    (void)snprintf(seen->name, sizeof seen->name, "%s", request->name);
    answer->type = "text/plain";
    buffer_printf(&answer->body, "fine\n");
}

static void close_source(void *context)
{
    struct seen *seen = context;
    seen->n_closed++;
}

static ssize_t read_endless(void *context, void *out, size_t size)
{
    (void)context;
    memset(out, 'x', size);
    return (ssize_t)size;
}

static void handle_endless(void *context, const struct server_request *request,
                           struct server_answer *answer)
{
    (void)request;
    answer->source =
        (struct server_source){.read = read_endless, .close = close_source, .context = context};
}

static ssize_t read_pipe(void *context, void *out, size_t size)
{
    const struct seen *seen = context;
    ssize_t n = read(seen->pipe, out, size);
    return n > 0 ? n : n == 0 ? -1 : 0;
}

static void wait_for_pipe(void *context, int fd[SERVER_SOURCE_FDS])
{
    const struct seen *seen = context;
    fd[0] = seen->pipe;
}

static void handle_pipe(void *context, const struct server_request *request,
                        struct server_answer *answer)
{
    (void)request;
    answer->source = (struct server_source){.read = read_pipe,
                                            .wait_for = wait_for_pipe,
                                            .close = close_source,
                                            .context = context};
}

static enum server_readiness is_ready(void *context, struct server_answer *answer)
{
    const struct seen *seen = context;
    if (!seen->is_known) {
        return SERVER_LATER;
    }
    server_refuse(answer, 418, "at last");
    return SERVER_WHOLE;
}

static void handle_later(void *context, const struct server_request *request,
                         struct server_answer *answer)
{
    (void)request;
    answer->source =
        (struct server_source){.ready = is_ready, .close = close_source, .context = context};
}

static const struct server_route routes[] = {
    {SERVER_GET, "/open", GATE_ANYONE, handle_plain},
    {SERVER_GET, "/look", GATE_VIEW, handle_plain},
    {SERVER_GET, "/named/", GATE_VIEW, handle_plain},
    {SERVER_GET, "/endless", GATE_VIEW, handle_endless},
    {SERVER_GET, "/pipe", GATE_VIEW, handle_pipe},
    {SERVER_GET, "/later", GATE_VIEW, handle_later},
    {SERVER_POST, "/ask", GATE_VIEW, handle_plain},
    {SERVER_POST, "/change", GATE_CONTROL, handle_plain},
    {.path = NULL},
};

static void open_fixture(struct fixture *f, bool for_browsers, unsigned request_ms)
{
    struct error err = {0};
    *f = (struct fixture){.seen = {.pipe = -1}};
    struct server_options options = {.listen = "127.0.0.1:0",
                                     .table = {{routes, &f->seen}},
                                     .view_token = view,
                                     .control_token = control,
                                     .request_ms = request_ms,
                                     .for_browsers = for_browsers};
    f->server = server_open(&options, &err);
    check_ok(f->server == NULL ? -1 : 0, &err);
}

static void close_fixture(struct fixture *f)
{
    server_close(f->server);
    buffer_release(&f->answer);
}

/* A request without a body; token NULL: it shows none. */
static unsigned ask(struct fixture *f, const char *method, const char *path, const char *token)
{
    char request[512];
    (void)snprintf(request, sizeof request, "%s %s HTTP/1.1\r\nHost: %s\r\n%s%s%s%s\r\n",
                   method, path, server_address(f->server),
                   token == NULL ? "" : "X-Picobarn-Token: ", token == NULL ? "" : token,
                   token == NULL ? "" : "\r\n",
                   strcmp(method, "POST") == 0 ? "Content-Length: 0\r\n" : "");
    return http_ask(f->server, request, &f->answer);
}

enum { N_TOKENS = 5, FIRST_RIGHT_TOKEN = 3 };
static const char *const tokens[N_TOKENS] = {NULL, "", "wrong", view, control};

/* A path, the method it takes (NULL: there is no such path), and what that gives by token. */
struct row {
    const char *path;
    const char *method;
    unsigned status[N_TOKENS];
};

static unsigned expected_status(const struct row *row, const char *method, size_t token)
{
    if (row->method != NULL && strcmp(method, row->method) == 0) {
        return row->status[token];
    }
    return token < FIRST_RIGHT_TOKEN ? 401 : row->method == NULL ? 404 : 405;
}

static void check_one(struct fixture *f, const struct row *row, const char *method,
                      size_t token)
{
    size_t n_calls = f->seen.n_calls;
    unsigned expected = expected_status(row, method, token);
    unsigned status = ask(f, method, row->path, tokens[token]);
    if (status != expected) {
        fail_msg("%s %s with token %zu: %u, not %u", method, row->path, token, status,
                 expected);
    }
    assert_int_equal(f->seen.n_calls - n_calls, expected == 200);
}

static void check_row(struct fixture *f, const struct row *row, const char *method)
{
    for (size_t t = 0; t < N_TOKENS; t++) {
        check_one(f, row, method, t);
    }
}

static void only_what_the_table_allows_is_done(void **state)
{
    (void)state;
    static const char *const methods[] = {"GET", "POST", "PUT", "DELETE", "HEAD", "PATCH"};
    static const struct row rows[] = {
        {"/open", "GET", {200, 200, 200, 200, 200}},
        {"/look", "GET", {401, 401, 401, 200, 200}},
        {"/named/a.b", "GET", {401, 401, 401, 200, 200}},
        {"/named/", NULL, {0}},
        {"/ask", "POST", {401, 401, 401, 200, 200}},
        {"/change", "POST", {401, 401, 401, 403, 200}},
        {"/", NULL, {0}},
        {"/nothing", NULL, {0}},
        {"/look/", NULL, {0}},
    };
    struct fixture f;
    open_fixture(&f, false, 0);
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        for (size_t m = 0; m < ARRAY_LENGTH(methods); m++) {
            check_row(&f, &rows[i], methods[m]);
        }
    }
    close_fixture(&f);
}

static void every_answer_says_what_a_browser_may_not_do(void **state)
{
    (void)state;
    static const struct {
        const char *method;
        const char *path;
    } cases[] = {{"GET", "/open"}, {"GET", "/look"}, {"POST", "/look"}, {"GET", "/none"}};
    struct fixture f;
    open_fixture(&f, false, 0);
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        assert_true(ask(&f, cases[i].method, cases[i].path, i < 2 ? NULL : view) >= 200);
        const char *text = buffer_string(&f.answer);
        check_contains(text, "Content-Security-Policy: default-src 'none'");
        check_contains(text, "X-Content-Type-Options: nosniff\r\n");
        check_contains(text, "Cache-Control: no-store\r\n");
        check_contains(text, "Connection: close\r\n");
    }
    close_fixture(&f);
}

static void a_path_may_end_with_a_name(void **state)
{
    (void)state;
    struct fixture f;
    open_fixture(&f, false, 0);
    assert_int_equal(ask(&f, "GET", "/named/plot.svg?x=1", view), 200);
    assert_string_equal(f.seen.name, "plot.svg");
    assert_int_equal(ask(&f, "GET", "/named/..%2f..%2fetc", view), 200);
    assert_string_equal(f.seen.name, "../../etc"); /* as said: handlers look in a list */
    close_fixture(&f);
}

/* A POST whose body is said to have, and has, so many bytes; in chunks if it is said. */
static unsigned post(struct fixture *f, size_t said, size_t sent, bool in_chunks)
{
    struct buffer request = {0};
    buffer_printf(&request, "POST /ask HTTP/1.1\r\nHost: x\r\nX-Picobarn-Token: %s\r\n", view);
    if (in_chunks) {
        buffer_printf(&request, "Transfer-Encoding: chunked\r\n\r\n%zx\r\n", sent);
    } else {
        buffer_printf(&request, "Content-Length: %zu\r\n\r\n", said);
    }
    for (size_t i = 0; i < sent; i++) {
        buffer_u8(&request, 'x');
    }
    buffer_printf(&request, "%s", in_chunks ? "\r\n0\r\n\r\n" : "");
    unsigned status = http_ask(f->server, buffer_string(&request), &f->answer);
    buffer_release(&request);
    return status;
}

static void a_body_has_a_limit(void **state)
{
    (void)state;
    struct fixture f;
    open_fixture(&f, false, 0);
    assert_int_equal(post(&f, SERVER_BODY_MOST, SERVER_BODY_MOST, false), 200);
    assert_int_equal(f.seen.body_size, SERVER_BODY_MOST);
    assert_int_equal(post(&f, SERVER_BODY_MOST + 1, 10, false), 413);
    assert_int_equal(post(&f, SIZE_MAX, 10, false), 413);
    assert_int_equal(post(&f, 0, SERVER_BODY_MOST, true), 200);
    assert_int_equal(f.seen.body_size, SERVER_BODY_MOST);
    assert_int_equal(post(&f, 0, SERVER_BODY_MOST + 1, true), 413);
    assert_int_equal(f.seen.n_calls, 2);
    close_fixture(&f);
}

static void what_is_no_request_is_refused(void **state)
{
    (void)state;
    static const char *const cases[] = {
        "\r\n\r\n",
        "GET\r\n\r\n",
        "nonsense nonsense nonsense\r\n\r\n",
        "GET /open HTTP/1.1\r\n\r\n", /* no Host */
        "POST /ask HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        "POST /ask HTTP/1.1\r\nHost: x\r\nContent-Length: 1x\r\n\r\n",
    };
    struct fixture f;
    open_fixture(&f, false, 300);
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        assert_int_not_equal(http_ask(f.server, cases[i], &f.answer), 200);
    }
    assert_int_equal(f.seen.n_calls, 0);
    assert_int_equal(ask(&f, "GET", "/open", NULL), 200);
    close_fixture(&f);
}

static void a_request_that_drips_is_dropped_and_keeps_nobody(void **state)
{
    (void)state;
    static const char head[] = "GET /open HTTP/1.1\r\nHost: x\r\nX-Slow: ";
    struct fixture f;
    open_fixture(&f, false, 400);
    int slow = http_connect(f.server);
    http_send(f.server, slow, head, sizeof head - 1);
    assert_int_equal(ask(&f, "GET", "/open", NULL), 200); /* meanwhile */
    uint64_t start_ms = clock_now_ms();
    char byte = 'x';
    while (recv(slow, &byte, 1, 0) < 0 && errno == EAGAIN) {
        (void)send(slow, "x", 1, MSG_NOSIGNAL); /* it never stops for long */
        http_turn(f.server, slow, POLLIN);
        assert_true(clock_now_ms() - start_ms < HTTP_PATIENCE_MS);
    }
    (void)close(slow);
    close_fixture(&f);
}

static void there_are_only_so_many_connections(void **state)
{
    (void)state;
    struct fixture f;
    int idle[SERVER_CONNECTIONS];
    open_fixture(&f, false, 0);
    for (size_t i = 0; i < SERVER_CONNECTIONS; i++) {
        idle[i] = http_connect(f.server);
        http_send(f.server, idle[i], "G", 1);
    }
    int more = http_connect(f.server);
    http_send(f.server, more, "GET", 3);
    (void)close(idle[0]); /* makes room, for those that came first */
    assert_int_equal(ask(&f, "GET", "/open", NULL), 200);
    for (size_t i = 1; i < SERVER_CONNECTIONS; i++) {
        (void)close(idle[i]);
    }
    (void)close(more);
    close_fixture(&f);
}

static int start_request(struct fixture *f, const char *path)
{
    char request[256];
    int size =
        snprintf(request, sizeof request,
                 "GET %s HTTP/1.1\r\nHost: x\r\nX-Picobarn-Token: %s\r\n\r\n", path, view);
    int fd = http_connect(f->server);
    http_send(f->server, fd, request, (size_t)size);
    return fd;
}

static void wait_for_close(struct fixture *f)
{
    uint64_t until_ms = clock_now_ms() + HTTP_PATIENCE_MS;
    while (f->seen.n_closed == 0) {
        http_turn(f->server, -1, 0);
        assert_true(clock_now_ms() < until_ms);
    }
}

static void who_does_not_read_keeps_nobody(void **state)
{
    (void)state;
    struct fixture f;
    open_fixture(&f, false, 0);
    int deaf = start_request(&f, "/endless");
    for (int i = 0; i < 20; i++) {
        assert_int_equal(ask(&f, "GET", "/look", view), 200);
    }
    assert_int_equal(f.seen.n_closed, 0);
    (void)close(deaf);
    wait_for_close(&f);
    close_fixture(&f);
}

static void a_source_that_waits_goes_on_when_there_is_more(void **state)
{
    (void)state;
    struct fixture f;
    int ends[2];
    open_fixture(&f, false, 0);
    assert_int_equal(pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
    f.seen.pipe = ends[0];
    int fd = start_request(&f, "/pipe");
    assert_int_equal(ask(&f, "GET", "/look", view), 200);
    assert_int_equal(write(ends[1], "one ", 4), 4);
    assert_int_equal(ask(&f, "GET", "/look", view), 200);
    assert_int_equal(write(ends[1], "two", 3), 3);
    (void)close(ends[1]);
    buffer_clear(&f.answer);
    http_receive(f.server, fd, &f.answer);
    const char *text = buffer_string(&f.answer);
    check_contains(text, "one ");
    check_contains(text, "two");
    assert_int_equal(f.seen.n_closed, 1);
    (void)close(ends[0]);
    close_fixture(&f);
}

/* A command whose reader is gone is ended, though it says nothing. */
static void a_client_that_hangs_up_ends_its_source(void **state)
{
    (void)state;
    struct fixture f;
    int ends[2];
    open_fixture(&f, false, 0);
    assert_int_equal(pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
    f.seen.pipe = ends[0];
    int fd = start_request(&f, "/pipe");
    assert_int_equal(ask(&f, "GET", "/look", view), 200);
    assert_int_equal(f.seen.n_closed, 0);
    (void)close(fd);
    wait_for_close(&f);
    (void)close(ends[0]);
    (void)close(ends[1]);
    close_fixture(&f);
}

static void an_answer_may_become_known_later(void **state)
{
    (void)state;
    struct fixture f;
    open_fixture(&f, false, 0);
    int fd = start_request(&f, "/later");
    assert_int_equal(ask(&f, "GET", "/look", view), 200);
    f.seen.is_known = true;
    server_wake(f.server);
    buffer_clear(&f.answer);
    http_receive(f.server, fd, &f.answer);
    check_begins(buffer_string(&f.answer), "HTTP/1.1 418 ");
    check_contains(buffer_string(&f.answer), "at last");
    assert_int_equal(f.seen.n_closed, 1);
    close_fixture(&f);
}

static void closing_ends_what_is_under_way(void **state)
{
    (void)state;
    struct fixture f;
    open_fixture(&f, false, 0);
    int later = start_request(&f, "/later");
    int endless = start_request(&f, "/endless");
    int begun = http_connect(f.server);
    http_send(f.server, begun, "GET /", 5);
    close_fixture(&f);
    assert_int_equal(f.seen.n_closed, 2);
    (void)close(later);
    (void)close(endless);
    (void)close(begun);
}

/* Asks for a path with the link's token, as a browser that has no cookie yet. */
static unsigned open_link(struct fixture *f, const char *method, const char *token)
{
    char request[512];
    (void)snprintf(request, sizeof request,
                   "%s /look?token=%s HTTP/1.1\r\nHost: %s\r\nContent-Length: 0\r\n\r\n",
                   method, token, server_address(f->server));
    return http_ask(f->server, request, &f->answer);
}

static void a_link_gives_one_browser_its_cookie(void **state)
{
    (void)state;
    struct fixture f;
    char request[512];
    struct buffer link = {0};
    struct buffer next = {0};
    open_fixture(&f, true, 0);
    const char *port = strrchr(server_address(f.server), ':') + 1;
    server_write_link(f.server, &link);
    const char *token = strchr(buffer_string(&link), '=') + 1;
    assert_int_equal(open_link(&f, "GET", "wrong"), 401);
    assert_int_equal(open_link(&f, "GET", view), 401); /* a token is no link */
    assert_int_equal(open_link(&f, "POST", token), 401);
    assert_int_equal(open_link(&f, "GET", token), 303);
    check_contains(buffer_string(&f.answer), "Location: /look\r\n");
    check_contains(buffer_string(&f.answer), "HttpOnly; SameSite=Strict");
    assert_null(strstr(buffer_string(&f.answer), token));
    assert_int_equal(open_link(&f, "GET", token), 401); /* it works once */
    server_write_link(f.server, &next);
    assert_string_not_equal(buffer_string(&next), buffer_string(&link));
    (void)snprintf(request, sizeof request,
                   "GET /look HTTP/1.1\r\nHost: localhost:%s\r\nCookie: picobarn-%s=%s\r\n\r\n",
                   port, port, control);
    assert_int_equal(http_ask(f.server, request, &f.answer), 200);
    buffer_release(&link);
    buffer_release(&next);
    close_fixture(&f);
}

static void what_is_taken_or_no_address_is_told(void **state)
{
    (void)state;
    static const char *const wrong[] = {"",
                                        "8080",
                                        "localhost:80",
                                        "127.0.0.1",
                                        "127.0.0.1:x",
                                        "[::1]",
                                        "127.0.0.1:99999",
                                        "1.2.3:80:"};
    struct fixture f;
    struct error err = {0};
    open_fixture(&f, false, 0);
    struct server_options options = {
        .listen = server_address(f.server), .table = {{routes, &f.seen}}, .view_token = view};
    assert_null(server_open(&options, &err));
    assert_int_equal(err.kind, ERROR_SYSTEM);
    check_contains(err.text, "in use");
    for (size_t i = 0; i < ARRAY_LENGTH(wrong); i++) {
        options.listen = wrong[i];
        assert_null(server_open(&options, &err));
        assert_int_equal(err.kind, ERROR_INPUT);
    }
    close_fixture(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_what_the_table_allows_is_done),
        cmocka_unit_test(every_answer_says_what_a_browser_may_not_do),
        cmocka_unit_test(a_path_may_end_with_a_name),
        cmocka_unit_test(a_body_has_a_limit),
        cmocka_unit_test(what_is_no_request_is_refused),
        cmocka_unit_test(a_request_that_drips_is_dropped_and_keeps_nobody),
        cmocka_unit_test(there_are_only_so_many_connections),
        cmocka_unit_test(who_does_not_read_keeps_nobody),
        cmocka_unit_test(a_source_that_waits_goes_on_when_there_is_more),
        cmocka_unit_test(a_client_that_hangs_up_ends_its_source),
        cmocka_unit_test(an_answer_may_become_known_later),
        cmocka_unit_test(closing_ends_what_is_under_way),
        cmocka_unit_test(a_link_gives_one_browser_its_cookie),
        cmocka_unit_test(what_is_taken_or_no_address_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
