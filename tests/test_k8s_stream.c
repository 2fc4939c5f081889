/* SPDX-License-Identifier: Apache-2.0 */
/* test_k8s_stream.c - claims about k8s/k8s_stream.h: lines of JSON and events of a watch */
#include "k8s/k8s_stream.h"

#include "tests/support/check.h"

static const char lines[] = "{\"type\":\"ADDED\",\"object\":{\"metadata\":{\"name\":\"a\","
                            "\"text\":\"\xe2\x82\xac\\n\"}}}\n"
                            "\n"
                            "{\"type\":\"BOOKMARK\",\"object\":{\"x\":[1,2,{}]}}\r\n"
                            "{}\n";

/* Writes what came, one line each, into context. */
static bool note(void *context, json_t *object)
{
    struct error err = {0};
    check_ok(json_write_canonical(object, context, &err), &err);
    buffer_printf(context, "\n");
    return true;
}

static bool note_one(void *context, json_t *object)
{
    (void)note(context, object);
    return false;
}

static void check_pieces(const size_t *size, size_t n_pieces, const char *expected)
{
    struct error err = {0};
    struct k8s_stream s = {0};
    struct buffer said = {0};
    const char *at = lines;
    for (size_t i = 0; i < n_pieces; i++) {
        char *exact = malloc(size[i] + 1); /* so that a read beyond its end is seen */
        assert_non_null(exact);
        memcpy(exact, at, size[i]);
        char *piece = realloc(exact, size[i] == 0 ? 1 : size[i]);
        check_ok(k8s_stream_take(&s, piece, size[i], note, &said, &err), &err);
        free(piece);
        at += size[i];
    }
    assert_string_equal(buffer_string(&said), expected);
    assert_int_equal(s.line.size, 0);
    buffer_release(&said);
    buffer_release(&s.line);
}

static void a_stream_may_be_cut_at_any_two_places(void **state)
{
    (void)state;
    struct buffer whole = {0};
    struct error err = {0};
    struct k8s_stream s = {0};
    const size_t size = sizeof lines - 1;
    check_ok(k8s_stream_take(&s, lines, size, note, &whole, &err), &err);
    buffer_release(&s.line);
    const char *expected = buffer_string(&whole);
    check_begins(expected, "{\"object\":{\"metadata\":{\"name\":\"a\"");
    for (size_t first = 0; first <= size; first++) {
        for (size_t second = first; second <= size; second++) {
            const size_t pieces[] = {first, second - first, size - second};
            check_pieces(pieces, ARRAY_LENGTH(pieces), expected);
        }
    }
    buffer_release(&whole);
}

static void a_listener_may_have_enough(void **state)
{
    (void)state;
    struct error err = {0};
    struct k8s_stream s = {0};
    struct buffer said = {0};
    check_ok(k8s_stream_take(&s, "{}\n[]\n", 6, note_one, &said, &err), &err);
    assert_string_equal(buffer_string(&said), "{}\n");
    buffer_release(&said);
    buffer_release(&s.line);
}

static void check_refused(const char *text, size_t size, const char *why)
{
    struct error err = {0};
    struct k8s_stream s = {0};
    struct buffer said = {0};
    assert_int_equal(k8s_stream_take(&s, text, size, note, &said, &err), -1);
    assert_int_equal(err.kind, ERROR_PEER);
    check_contains(err.text, why);
    assert_int_equal(said.size, 0);
    buffer_release(&said);
    buffer_release(&s.line);
}

static void what_is_no_json_is_refused(void **state)
{
    (void)state;
    static const char *const wrong[] = {
        "{\n",
        "}\n",
        "{\"a\":1,\"a\":2}\n",
        "{} {}\n",
        "nonsense\n",
        "\"\xff\"\n",
        "{\"\xc3\":1}\n",
        "\"\xed\xa0\x80\"\n",
        "{\"a\":\x01}\n",
        "{\"a\":01}\n",
    };
    for (size_t i = 0; i < ARRAY_LENGTH(wrong); i++) {
        check_refused(wrong[i], strlen(wrong[i]), "a line of a watch");
    }
    check_refused("{\"a\":\"\0\"}\n", 11, "a line of a watch");
}

static void depth_is_limited_to_64(void **state)
{
    (void)state;
    static const size_t depths[] = {64, 65, 100000};
    for (size_t i = 0; i < ARRAY_LENGTH(depths); i++) {
        size_t depth = depths[i];
        char *text = malloc(2 * depth + 1);
        assert_non_null(text);
        memset(text, '[', depth);
        memset(text + depth, ']', depth);
        text[2 * depth] = '\n';
        if (depth <= 64) {
            struct error err = {0};
            struct k8s_stream s = {0};
            struct buffer said = {0};
            check_ok(k8s_stream_take(&s, text, 2 * depth + 1, note, &said, &err), &err);
            assert_int_equal(said.size, 2 * depth + 1);
            buffer_release(&said);
            buffer_release(&s.line);
        } else {
            check_refused(text, 2 * depth + 1, "nested deeper than 64");
        }
        free(text);
    }
}

/* 100 MiB without an end: it is refused at 16, and no more memory is taken. */
static void a_line_without_an_end_is_refused_at_16_mib(void **state)
{
    (void)state;
    enum { PIECE = 1 << 20, PIECES = 100 };
    struct error err = {0};
    struct k8s_stream s = {0};
    struct buffer said = {0};
    char *piece = malloc(PIECE);
    assert_non_null(piece);
    memset(piece, ' ', PIECE);
    int n = 0;
    while (n < PIECES && k8s_stream_take(&s, piece, PIECE, note, &said, &err) == 0) {
        n++;
    }
    assert_int_equal(n, 16);
    assert_int_equal(err.kind, ERROR_PEER);
    check_contains(err.text, "longer than 16777216");
    assert_true(s.line.room <= K8S_LINE_LIMIT);
    free(piece);
    buffer_release(&said);
    buffer_release(&s.line);
}

#define META "{\"name\":\"x\",\"uid\":\"u\",\"resourceVersion\":\"7\"}"

static const struct {
    const char *line;
    int kind; /* of enum k8s_event_kind; -1: refused */
} events[] = {
    {"{\"type\":\"ADDED\",\"object\":{\"metadata\":" META "}}", K8S_EVENT_CHANGED},
    {"{\"new\":1,\"type\":\"MODIFIED\",\"object\":{\"metadata\":" META "}}", K8S_EVENT_CHANGED},
    {"{\"type\":\"DELETED\",\"object\":{\"metadata\":" META "}}", K8S_EVENT_GONE},
    {"{\"type\":\"BOOKMARK\",\"object\":{\"metadata\":{\"resourceVersion\":\"7\"}}}",
     K8S_EVENT_BOOKMARK},
    {"{\"type\":\"ERROR\",\"object\":{\"code\":410,\"message\":\"old\"}}", K8S_EVENT_EXPIRED},
    {"{\"type\":\"ERROR\",\"object\":{\"reason\":\"Expired\"}}", K8S_EVENT_EXPIRED},
    {"{\"type\":\"ERROR\",\"object\":{\"reason\":\"Gone\"}}", K8S_EVENT_EXPIRED},
    {"{\"type\":\"ERROR\",\"object\":{\"code\":500,\"message\":\"no\"}}", K8S_EVENT_ERROR},
    {"{\"type\":\"ERROR\",\"object\":{}}", K8S_EVENT_ERROR},
    {"{\"type\":\"FRESH\",\"object\":7}", K8S_EVENT_UNKNOWN},
    {"{\"type\":\"\"}", K8S_EVENT_UNKNOWN},
    {"{}", -1},
    {"[]", -1},
    {"7", -1},
    {"{\"type\":7}", -1},
    {"{\"type\":\"ADDED\"}", -1},
    {"{\"type\":\"ADDED\",\"object\":[]}", -1},
    {"{\"type\":\"ADDED\",\"object\":{}}", -1},
    {"{\"type\":\"ADDED\",\"object\":{\"metadata\":{\"name\":\"x\",\"uid\":\"u\"}}}", -1},
    {"{\"type\":\"ADDED\",\"object\":{\"metadata\":{\"name\":7,\"uid\":\"u\","
     "\"resourceVersion\":\"1\"}}}",
     -1},
    {"{\"type\":\"DELETED\",\"object\":{\"metadata\":{\"resourceVersion\":\"7\"}}}", -1},
    {"{\"type\":\"BOOKMARK\",\"object\":{\"metadata\":{}}}", -1},
    {"{\"type\":\"ERROR\"}", -1},
};

static void events_are_told_apart_and_unknown_ones_passed_over(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(events); i++) {
        struct error err = {0};
        struct k8s_event event;
        json_t *line = json_parse(events[i].line, strlen(events[i].line), 1000, &err);
        check_ok(line == NULL ? -1 : 0, &err);
        int rc = k8s_event_decode(&event, line, &err);
        check_that(rc == (events[i].kind < 0 ? -1 : 0), events[i].line);
        if (rc == 0) {
            assert_int_equal(event.kind, events[i].kind);
        } else {
            assert_int_equal(err.kind, ERROR_PEER);
        }
        json_decref(line);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_stream_may_be_cut_at_any_two_places),
        cmocka_unit_test(a_listener_may_have_enough),
        cmocka_unit_test(what_is_no_json_is_refused),
        cmocka_unit_test(depth_is_limited_to_64),
        cmocka_unit_test(a_line_without_an_end_is_refused_at_16_mib),
        cmocka_unit_test(events_are_told_apart_and_unknown_ones_passed_over),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
