/* SPDX-License-Identifier: Apache-2.0 */
/* test_k8s_request.c - claims about requests of k8s/k8s.h: what is sent, what is tried again and
 * when, what a person is told. A server in this process makes the faults. */
#include "k8s/k8s_client.h"
#include "tests/support/fake_api.h"

static const char *const anybody = "{token: secret-token}";

#define POD "{\"kind\":\"Pod\",\"metadata\":{\"name\":\"x\"}}"
#define STATUS(reason, message)                                                                \
    "{\"kind\":\"Status\",\"status\":\"Failure\",\"reason\":\"" reason                         \
    "\",\"message\":\"" message "\"}"

/* What one request came to. */
struct outcome {
    int rc;
    int status;
    json_t *body;
    struct error err;
};

/* A server with its client. */
struct play {
    char *folder;
    struct fake_api api;
    struct k8s *k;
};

static void play_begin(struct play *p, const struct fake_reply *reply, size_t n,
                       const char *user)
{
    p->folder = check_make_folder();
    fake_start(&p->api, reply, n);
    p->k = fake_client(&p->api, p->folder, user);
}

static struct outcome ask(struct play *p, const struct k8s_request *request)
{
    struct outcome o = {0};
    o.rc = k8s_call(p->k, request, &o.body, &o.status, &o.err);
    return o;
}

/* The connection ends and the server's records may be looked at. */
static void play_stop(struct play *p)
{
    k8s_close(p->k);
    fake_stop(&p->api);
}

static void play_release(struct play *p)
{
    fake_release(&p->api);
    check_remove_folder(p->folder);
}

static const struct k8s_request get_pod = {
    .method = K8S_GET, .resource = K8S_PODS, .name = "x", .timeout_ms = 5000};
static const struct k8s_request post_job = {
    .method = K8S_POST, .resource = K8S_JOBS, .timeout_ms = 5000};

static void requests_are_sent_as_asked_over_one_connection(void **state)
{
    (void)state;
    static const struct fake_reply replies[] = {
        {200, NULL, POD}, {200, NULL, POD}, {201, NULL, POD}, {200, NULL, POD}};
    struct play p;
    play_begin(&p, replies, ARRAY_LENGTH(replies), anybody);
    json_t *body = json_pack("{s:s}", "a", "b");
    const struct k8s_request patch = {.method = K8S_PATCH,
                                      .resource = K8S_STATEFUL_SETS,
                                      .namespace = "other",
                                      .name = "s",
                                      .query = "dryRun=All",
                                      .body = body};
    const struct k8s_request post = {.method = K8S_POST,
                                     .resource = K8S_SERVICES,
                                     .name = "s:80",
                                     .subresource = "proxy/api/v1/command",
                                     .raw = "words",
                                     .raw_size = 5,
                                     .content_type = "text/plain",
                                     .header = "X-Picobarn-Token: t"};
    const struct k8s_request space = {
        .method = K8S_DELETE, .resource = K8S_NAMESPACES, .name = "a b/c"};
    const struct k8s_request *const asked[] = {&get_pod, &patch, &post, &space};
    static const char *const lines[] = {
        "GET /api/v1/namespaces/n/pods/x HTTP/1.1",
        "PATCH /apis/apps/v1/namespaces/other/statefulsets/s?dryRun=All HTTP/1.1",
        "POST /api/v1/namespaces/n/services/s%3A80/proxy/api/v1/command HTTP/1.1",
        "DELETE /api/v1/namespaces/a%20b%2Fc HTTP/1.1"};
    for (size_t i = 0; i < ARRAY_LENGTH(asked); i++) {
        struct outcome o = ask(&p, asked[i]);
        check_ok(o.rc, &o.err);
        assert_true(json_is_object(o.body));
        json_decref(o.body);
    }
    json_decref(body);
    play_stop(&p);
    assert_int_equal(p.api.n_requests, ARRAY_LENGTH(asked));
    assert_int_equal(p.api.n_connections, 1);
    for (size_t i = 0; i < ARRAY_LENGTH(lines); i++) {
        assert_string_equal(p.api.request[i].line, lines[i]);
        assert_string_equal(p.api.request[i].authorization, "Bearer secret-token");
        check_contains(p.api.request[i].text, "User-Agent: picobarn/");
    }
    check_contains(p.api.request[1].text, "Content-Type: application/merge-patch+json");
    check_contains(p.api.request[1].text, "\r\n\r\n{\"a\":\"b\"}");
    check_contains(p.api.request[2].text, "Content-Type: text/plain");
    check_contains(p.api.request[2].text, "X-Picobarn-Token: t\r\n");
    check_contains(p.api.request[2].text, "\r\n\r\nwords");
    play_release(&p);
}

static void names_that_lead_elsewhere_are_refused(void **state)
{
    (void)state;
    static const struct k8s_request wrong[] = {
        {.resource = K8S_PODS, .name = ".."},
        {.resource = K8S_PODS, .name = ""},
        {.resource = K8S_PODS, .name = "x", .namespace = "."},
        {.resource = K8S_PODS, .name = "x", .subresource = "proxy/../../secrets"},
        {.resource = K8S_PODS, .name = "x", .subresource = "log?a=b"},
        {.resource = K8S_PODS, .name = "x", .subresource = "proxy/a b"},
        {.resource = K8S_PODS, .name = "x", .header = "A: b\r\nC: d"},
        {.resource = K8S_RESOURCES, .name = "x"},
    };
    struct play p;
    play_begin(&p, NULL, 0, anybody);
    for (size_t i = 0; i < ARRAY_LENGTH(wrong); i++) {
        struct outcome o = ask(&p, &wrong[i]);
        assert_int_equal(o.rc, -1);
        assert_int_equal(o.err.kind, ERROR_INPUT);
    }
    play_stop(&p);
    assert_int_equal(p.api.n_requests, 0);
    play_release(&p);
}

static void a_server_s_refusal_is_shown_in_its_words_with_advice(void **state)
{
    (void)state;
    static const struct {
        struct fake_reply reply;
        enum error_kind kind;
        const char *text;
    } cases[] = {
        {{400, NULL, STATUS("BadRequest", "why 400")}, ERROR_INPUT, "why 400 (HTTP 400): "},
        {{403, NULL, STATUS("Forbidden", "exceeded quota: q")},
         ERROR_INPUT,
         "cannot create jobs in namespace n: exceeded quota: q (HTTP 403): ask the cluster's"},
        {{404, NULL, STATUS("NotFound", "why 404")}, ERROR_INPUT, "why 404"},
        {{409, NULL, STATUS("AlreadyExists", "why 409")}, ERROR_INPUT, "why 409"},
        {{409, NULL, STATUS("Conflict", "changed")}, ERROR_SYSTEM, "changed"},
        {{410, NULL, STATUS("Expired", "why 410")}, ERROR_SYSTEM, "why 410"},
        {{422, NULL, STATUS("Invalid", "spec.x: a\\nb")},
         ERROR_INPUT,
         "spec.x: a b (HTTP 422)"},
        {{500, NULL, STATUS("InternalError", "why 500")}, ERROR_SYSTEM, "why 500"},
        {{503, NULL, "<b>busy</b>\n", .type = "text/html"}, ERROR_SYSTEM, "<b>busy</b>"},
        {{302, "Location: http://elsewhere.example/\r\n", ""},
         ERROR_PEER,
         "(HTTP 302): is the"},
        {{200, NULL, "<html>log in</html>", .type = "text/html"}, ERROR_PEER, "text/html"},
        {{200, NULL, "[1]"}, ERROR_PEER, "no JSON object"},
        {{200, NULL, "{\"a\":"}, ERROR_PEER, "no JSON object"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct play p;
        play_begin(&p, &cases[i].reply, 1, anybody);
        struct outcome o = ask(&p, &post_job);
        assert_int_equal(o.rc, -1);
        assert_int_equal(o.status, cases[i].reply.status);
        assert_int_equal(o.err.kind, cases[i].kind);
        check_contains(o.err.text, cases[i].text);
        check_begins(o.err.text, "cannot create jobs in namespace n: ");
        play_stop(&p);
        assert_int_equal(p.api.n_requests, 1);
        play_release(&p);
    }
}

static void no_try_comes_earlier_than_retry_after_says(void **state)
{
    (void)state;
    static const struct fake_reply replies[] = {
        {429, "Retry-After: 1\r\n", STATUS("TooManyRequests", "slow")}, {201, NULL, POD}};
    const struct k8s_request *const asked[] = {&post_job, &get_pod};
    for (size_t i = 0; i < ARRAY_LENGTH(asked); i++) {
        struct play p;
        play_begin(&p, replies, ARRAY_LENGTH(replies), anybody);
        struct outcome o = ask(&p, asked[i]);
        check_ok(o.rc, &o.err);
        json_decref(o.body);
        play_stop(&p);
        assert_int_equal(p.api.n_requests, 2);
        assert_true(p.api.request[1].at_ms - p.api.request[0].at_ms >= 1000);
        play_release(&p);
    }
}

static void a_wait_beyond_the_time_is_not_begun(void **state)
{
    (void)state;
    static const struct fake_reply reply = {429, "Retry-After: 60\r\n",
                                            STATUS("TooManyRequests", "slow")};
    struct play p;
    play_begin(&p, &reply, 1, anybody);
    uint64_t before = clock_now_ms();
    struct outcome o = ask(&p, &get_pod);
    assert_int_equal(o.rc, -1);
    assert_int_equal(o.status, 429);
    assert_int_equal(o.err.kind, ERROR_SYSTEM);
    assert_true(clock_now_ms() - before < 5000);
    play_stop(&p);
    assert_int_equal(p.api.n_requests, 1);
    play_release(&p);
}

static void what_only_reads_is_asked_again_what_acts_is_not(void **state)
{
    (void)state;
    static const struct fake_reply faults[] = {
        {500, NULL, STATUS("InternalError", "no")},
        {.then = FAKE_RESET},
        {.then = FAKE_CLOSE},
        {200, NULL, "{\"kind\":", FAKE_CLOSE, .promised = 1000},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(faults); i++) {
        const struct fake_reply replies[] = {faults[i], faults[i], {200, NULL, POD}};
        struct play p;
        play_begin(&p, replies, ARRAY_LENGTH(replies), anybody);
        struct outcome o = ask(&p, &get_pod);
        check_ok(o.rc, &o.err);
        json_decref(o.body);
        play_stop(&p);
        assert_int_equal(p.api.n_requests, 3);
        play_release(&p);

        play_begin(&p, replies, ARRAY_LENGTH(replies), anybody);
        o = ask(&p, &post_job);
        assert_int_equal(o.rc, -1);
        assert_int_equal(o.err.kind, ERROR_SYSTEM);
        play_stop(&p);
        assert_int_equal(p.api.n_requests, 1);
        play_release(&p);
    }
}

/* libcurl by itself would send it a second time. */
static void a_kept_connection_that_breaks_does_not_double_a_post(void **state)
{
    (void)state;
    static const struct fake_reply replies[] = {
        {200, NULL, POD}, {.then = FAKE_CLOSE}, {201, NULL, POD}};
    struct k8s_request with_body = post_job;
    with_body.raw = "{}";
    with_body.raw_size = 2;
    const struct k8s_request delete_pod = {
        .method = K8S_DELETE, .resource = K8S_PODS, .name = "x"};
    const struct k8s_request *const asked[] = {&post_job, &with_body, &delete_pod};
    for (size_t i = 0; i < ARRAY_LENGTH(asked); i++) {
        struct play p;
        play_begin(&p, replies, ARRAY_LENGTH(replies), anybody);
        struct outcome o = ask(&p, &get_pod);
        check_ok(o.rc, &o.err);
        json_decref(o.body);
        o = ask(&p, asked[i]);
        assert_int_equal(o.rc, -1);
        assert_int_equal(o.err.kind, ERROR_SYSTEM);
        play_stop(&p);
        assert_int_equal(p.api.n_requests, 2);
        play_release(&p);
    }
}

static void there_are_at_most_ten_tries(void **state)
{
    (void)state;
    struct fake_reply replies[12];
    for (size_t i = 0; i < ARRAY_LENGTH(replies); i++) {
        replies[i] = (struct fake_reply){503, NULL, STATUS("ServiceUnavailable", "no")};
    }
    struct play p;
    play_begin(&p, replies, ARRAY_LENGTH(replies), anybody);
    p.k->timing.retry_most_ms = 20;
    struct outcome o = ask(&p, &get_pod);
    assert_int_equal(o.rc, -1);
    play_stop(&p);
    assert_int_equal(p.api.n_requests, 10);
    play_release(&p);
}

static void a_server_that_says_nothing_ends_with_the_time(void **state)
{
    (void)state;
    struct play p;
    play_begin(&p, NULL, 0, anybody);
    struct k8s_request brief = get_pod;
    brief.timeout_ms = 200;
    struct outcome o = ask(&p, &brief);
    assert_int_equal(o.rc, -1);
    assert_int_equal(o.status, 0);
    assert_int_equal(o.err.kind, ERROR_SYSTEM);
    play_stop(&p);
    play_release(&p);
}

static void where_nobody_listens_it_is_said_soon(void **state)
{
    (void)state;
    struct play p;
    play_begin(&p, NULL, 0, anybody);
    fake_stop(&p.api); /* its port is closed now */
    p.k->timing.unreachable_ms = 200;
    uint64_t before = clock_now_ms();
    struct outcome o = ask(&p, &post_job);
    assert_int_equal(o.rc, -1);
    assert_int_equal(o.err.kind, ERROR_SYSTEM);
    check_contains(o.err.text, p.api.url);
    check_contains(o.err.text, "can it be reached");
    assert_true(clock_now_ms() - before < 3000);
    k8s_close(p.k);
    play_release(&p);
}

static void answers_have_a_limit(void **state)
{
    (void)state;
    char large[3000];
    (void)snprintf(large, sizeof large, "{\"kind\":\"%02500d\"}", 0);
    const struct fake_reply reply = {200, NULL, large};
    struct play p;
    struct k8s_request limited = get_pod;
    limited.size_limit = 2000;
    play_begin(&p, &reply, 1, anybody);
    struct outcome o = ask(&p, &limited);
    assert_int_equal(o.rc, -1);
    assert_int_equal(o.err.kind, ERROR_PEER);
    check_contains(o.err.text, "larger than 2000 bytes");
    play_stop(&p);
    play_release(&p);
}

static bool take_all(void *context, const void *data, size_t size)
{
    buffer_raw(context, data, size);
    return true;
}

static bool take_a_little(void *context, const void *data, size_t size)
{
    buffer_raw(context, data, size);
    return size == 0;
}

static void a_taker_gets_bytes_as_they_are_and_may_have_enough(void **state)
{
    (void)state;
    static const struct fake_reply replies[] = {
        {200, NULL, "a log\n", FAKE_CLOSE, .stream = true, .type = "text/plain"},
        {200, NULL, "more\n", FAKE_HANG, .stream = true, .type = "text/plain"},
        {404, NULL, STATUS("NotFound", "no pod")},
    };
    struct buffer taken = {0};
    struct k8s_request log = {.method = K8S_GET,
                              .resource = K8S_PODS,
                              .name = "x",
                              .subresource = "log",
                              .take = take_all,
                              .context = &taken};
    struct play p;
    play_begin(&p, replies, ARRAY_LENGTH(replies), anybody);
    struct outcome o = ask(&p, &log);
    check_ok(o.rc, &o.err);
    assert_null(o.body);
    log.take = take_a_little;
    o = ask(&p, &log); /* the connection hangs, the taker does not */
    check_ok(o.rc, &o.err);
    assert_string_equal(buffer_string(&taken), "a log\nmore\n");
    o = ask(&p, &log);
    assert_int_equal(o.status, 404);
    check_contains(o.err.text, "no pod");
    assert_string_equal(buffer_string(&taken), "a log\nmore\n");
    buffer_release(&taken);
    play_stop(&p);
    play_release(&p);
}

static void write_token(void *context)
{
    (void)file_write(context, 0600, "new-token\n", 10, NULL); /* in the server's thread */
}

static void after_a_401_a_token_s_file_is_read_anew(void **state)
{
    (void)state;
    char *folder = check_make_folder();
    char *absolute = realpath(folder, NULL);
    char *path = file_join(absolute, "token");
    struct buffer user = {0};
    buffer_printf(&user, "{tokenFile: '%s'}", path);
    const struct fake_reply replies[] = {
        {401, NULL, STATUS("Unauthorized", "Unauthorized"), .before = write_token,
         .context = path},
        {201, NULL, POD},
    };
    struct error err = {0};
    check_ok(file_write(path, 0600, "old-token", 9, &err), &err);
    struct play p;
    play_begin(&p, replies, ARRAY_LENGTH(replies), buffer_string(&user));
    struct outcome o = ask(&p, &post_job);
    check_ok(o.rc, &o.err);
    json_decref(o.body);
    play_stop(&p);
    assert_int_equal(p.api.n_requests, 2);
    assert_string_equal(p.api.request[0].authorization, "Bearer old-token");
    assert_string_equal(p.api.request[1].authorization, "Bearer new-token");
    play_release(&p);
    free(absolute);
    free(path);
    buffer_release(&user);
    check_remove_folder(folder);
}

static void a_token_that_stays_is_refused_once_and_never_shown(void **state)
{
    (void)state;
    static const struct fake_reply replies[] = {
        {401, NULL, STATUS("Unauthorized", "Unauthorized")}, {201, NULL, POD}};
    struct play p;
    play_begin(&p, replies, ARRAY_LENGTH(replies), anybody);
    struct outcome o = ask(&p, &post_job);
    assert_int_equal(o.rc, -1);
    assert_int_equal(o.status, 401);
    assert_int_equal(o.err.kind, ERROR_INPUT);
    check_contains(o.err.text, "log in again");
    assert_null(strstr(o.err.text, "secret-token"));
    play_stop(&p);
    assert_int_equal(p.api.n_requests, 1);
    play_release(&p);
}

static void a_name_and_password_are_sent_as_basic(void **state)
{
    (void)state;
    static const struct fake_reply reply = {200, NULL, POD};
    struct play p;
    play_begin(&p, &reply, 1, "{username: Aladdin, password: 'open sesame'}");
    struct outcome o = ask(&p, &get_pod);
    check_ok(o.rc, &o.err);
    json_decref(o.body);
    play_stop(&p);
    assert_string_equal(p.api.request[0].authorization, "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
    play_release(&p);
}

static void a_token_of_16_kib_is_sent_whole(void **state)
{
    (void)state;
    enum { SIZE = 16 << 10 };
    static const struct fake_reply reply = {200, NULL, POD};
    struct buffer user = {0};
    buffer_printf(&user, "{token: %0*d}", (int)SIZE, 7);
    struct play p;
    play_begin(&p, &reply, 1, buffer_string(&user));
    struct outcome o = ask(&p, &get_pod);
    check_ok(o.rc, &o.err);
    json_decref(o.body);
    play_stop(&p);
    const char *token = strstr(p.api.request[0].text, "Bearer ");
    assert_non_null(token);
    assert_int_equal(strspn(token + 7, "07"), SIZE);
    play_release(&p);
    buffer_release(&user);
}

static void a_closed_client_calls_nobody_back(void **state)
{
    (void)state;
    struct error err = {0};
    struct play p;
    play_begin(&p, NULL, 0, anybody);
    check_ok(k8s_send(p.k, &get_pod, NULL, &err), &err); /* done would be a crash */
    check_ok(k8s_wait(p.k, -1, 10, &err), &err);
    play_stop(&p);
    play_release(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests_are_sent_as_asked_over_one_connection),
        cmocka_unit_test(names_that_lead_elsewhere_are_refused),
        cmocka_unit_test(a_server_s_refusal_is_shown_in_its_words_with_advice),
        cmocka_unit_test(no_try_comes_earlier_than_retry_after_says),
        cmocka_unit_test(a_wait_beyond_the_time_is_not_begun),
        cmocka_unit_test(what_only_reads_is_asked_again_what_acts_is_not),
        cmocka_unit_test(a_kept_connection_that_breaks_does_not_double_a_post),
        cmocka_unit_test(there_are_at_most_ten_tries),
        cmocka_unit_test(a_server_that_says_nothing_ends_with_the_time),
        cmocka_unit_test(where_nobody_listens_it_is_said_soon),
        cmocka_unit_test(answers_have_a_limit),
        cmocka_unit_test(a_taker_gets_bytes_as_they_are_and_may_have_enough),
        cmocka_unit_test(after_a_401_a_token_s_file_is_read_anew),
        cmocka_unit_test(a_token_that_stays_is_refused_once_and_never_shown),
        cmocka_unit_test(a_name_and_password_are_sent_as_basic),
        cmocka_unit_test(a_token_of_16_kib_is_sent_whole),
        cmocka_unit_test(a_closed_client_calls_nobody_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
