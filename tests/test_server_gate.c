/* SPDX-License-Identifier: Apache-2.0 */
/* test_server_gate.c - claims about scheduler/server_gate.h */
#include "scheduler/server_gate.h"

#include "tests/support/check.h"

static const char view[] = "view-token";
static const char control[] = "control-token";

static void a_token_gives_its_right_and_no_other_text_does(void **state)
{
    (void)state;
    static const char *const wrong[] = {
        NULL, "", "view", "view-token ", "View-token", "token", "view-tokenview-token"};
    struct gate g;
    gate_init(&g, view, control);
    assert_int_equal(gate_right_of(&g, view), GATE_VIEW);
    assert_int_equal(gate_right_of(&g, control), GATE_CONTROL);
    for (size_t i = 0; i < ARRAY_LENGTH(wrong); i++) {
        assert_int_equal(gate_right_of(&g, wrong[i]), GATE_ANYONE);
    }
    gate_init(&g, view, NULL);
    assert_int_equal(gate_right_of(&g, view), GATE_VIEW);
    assert_int_equal(gate_right_of(&g, control), GATE_ANYONE);
}

static void one_token_may_be_both(void **state)
{
    (void)state;
    struct gate g;
    gate_init(&g, view, view);
    assert_int_equal(gate_right_of(&g, view), GATE_CONTROL);
}

static void a_right_that_is_too_small_is_told_from_none(void **state)
{
    (void)state;
    static const struct {
        const char *token;
        enum gate_right needed;
        unsigned status;
    } cases[] = {
        {NULL, GATE_ANYONE, 0},    {"x", GATE_ANYONE, 0},     {NULL, GATE_VIEW, 401},
        {"x", GATE_VIEW, 401},     {view, GATE_VIEW, 0},      {control, GATE_VIEW, 0},
        {NULL, GATE_CONTROL, 401}, {view, GATE_CONTROL, 403}, {control, GATE_CONTROL, 0},
    };
    struct gate g;
    gate_init(&g, view, control);
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct gate_request r = {.token = cases[i].token, .host = "anything"};
        assert_int_equal(gate_check(&g, &r, cases[i].needed), cases[i].status);
        r = (struct gate_request){.cookie = cases[i].token}; /* a gate without cookies */
        assert_int_equal(gate_check(&g, &r, GATE_VIEW), 401);
    }
}

static void pages_of_other_sites_may_do_nothing(void **state)
{
    (void)state;
    static const char own[] = "127.0.0.1:8080";
    static const char origin[] = "http://127.0.0.1:8080";
    static const struct { /* NOLINT(clang-analyzer-optin.performance.Padding) */
        bool changes;
        bool by_cookie; /* else by header */
        const char *host;
        const char *origin;
        unsigned status;
    } cases[] = {
        {false, false, own, NULL, 0},
        {false, true, own, NULL, 0},
        {true, false, own, NULL, 0},  /* curl */
        {true, true, own, NULL, 403}, /* a form of another site sends the cookie, too */
        {true, true, own, origin, 0},
        {true, true, "localhost:8080", "http://localhost:8080", 0},
        {false, true, own, "null", 403},
        {false, true, own, "https://127.0.0.1:8080", 403},
        {false, true, own, "http://127.0.0.1:8080.evil.example", 403},
        {false, true, own, "http://127.0.0.1:80800", 403},
        {false, true, own, "http://evil.example", 403},
        {true, false, own, "http://evil.example", 403},
        {false, true, NULL, NULL, 403},
        {false, true, "", NULL, 403},
        {false, true, "127.0.0.1", NULL, 403},
        {false, true, "127.0.0.1:8081", NULL, 403},
        {false, true, "evil.example:8080", NULL, 403},
        {false, true, "localhost:8080.evil.example", NULL, 403},
        {false, true, "localhost.evil.example:8080", NULL, 403},
        {false, false, "127.evil.example:8080", NULL, 403},
    };
    struct gate g;
    gate_init(&g, view, view);
    gate_serve_browsers(&g, own);
    assert_string_equal(g.cookie, "picobarn-8080");
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct gate_request r = {.changes_something = cases[i].changes,
                                 .token = cases[i].by_cookie ? NULL : view,
                                 .cookie = cases[i].by_cookie ? view : NULL,
                                 .host = cases[i].host,
                                 .origin = cases[i].origin};
        unsigned status = gate_check(&g, &r, GATE_VIEW);
        assert_int_equal(status, cases[i].status);
        bool shows_only_a_cookie = r.changes_something && r.cookie != NULL && r.origin == NULL;
        assert_int_equal(gate_check(&g, &r, GATE_ANYONE),
                         shows_only_a_cookie ? 0 : cases[i].status);
        r.token = NULL; /* with neither nobody is told more than that */
        r.cookie = NULL;
        assert_int_equal(gate_check(&g, &r, GATE_VIEW),
                         shows_only_a_cookie || status == 0 ? 401 : status);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_token_gives_its_right_and_no_other_text_does),
        cmocka_unit_test(one_token_may_be_both),
        cmocka_unit_test(a_right_that_is_too_small_is_told_from_none),
        cmocka_unit_test(pages_of_other_sites_may_do_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
