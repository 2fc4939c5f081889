/* SPDX-License-Identifier: Apache-2.0 */
/* test_feed.c - claims about scheduler/feed.h */
#include "scheduler/feed.h"

#include "tests/support/check.h"

enum { ROOM = 4096 };

struct viewer {
    struct server_source source;
    char text[ROOM];
};

static void open_viewer(struct feed *f, struct viewer *v)
{
    struct error err = {0};
    assert_int_equal(feed_open(f, &v->source, &err), 0);
}

/* All that there is for him just now, in pieces of that size. */
static const char *read_all(struct viewer *v, size_t piece)
{
    size_t size = 0;
    ssize_t n = 0;
    while ((n = v->source.read(v->source.context, v->text + size, piece)) > 0) {
        size += (size_t)n;
        assert_true(size + piece < ROOM);
    }
    assert_int_equal(n, 0);
    v->text[size] = '\0';
    return v->text;
}

static bool publish(struct feed *f, int value, uint64_t sequence)
{
    json_t *document = json_pack("{s:i, s:s}", "a", value, "b", "same");
    bool changed = feed_publish(f, document, sequence);
    json_decref(document);
    return changed;
}

static void a_viewer_gets_the_whole_and_then_changes(void **state)
{
    (void)state;
    struct feed f = {.document = NULL};
    struct viewer v;
    assert_true(publish(&f, 1, 7));
    open_viewer(&f, &v);
    assert_string_equal(read_all(&v, 5),
                        "event: state\nid: 7\ndata: {\"a\":1,\"b\":\"same\"}\n\n");
    assert_string_equal(read_all(&v, 5), "");
    assert_false(publish(&f, 1, 7)); /* nothing changed */
    assert_string_equal(read_all(&v, 5), "");
    assert_true(publish(&f, 2, 8));
    assert_string_equal(read_all(&v, 5), "event: change\nid: 8\ndata: {\"a\":2}\n\n");
    feed_beat(&f);
    assert_string_equal(read_all(&v, 5), "event: beat\ndata: {}\n\n");
    v.source.close(v.source.context);
    feed_release(&f);
}

static void who_fell_back_gets_the_whole_behind_what_he_was_reading(void **state)
{
    (void)state;
    struct feed f = {.document = NULL};
    struct viewer slow;
    struct viewer fast;
    char head[6];
    publish(&f, 1, 1);
    open_viewer(&f, &slow);
    open_viewer(&f, &fast);
    assert_int_equal(slow.source.read(slow.source.context, head, sizeof head), sizeof head);
    for (int i = 2; i < 5; i++) {
        publish(&f, i, (uint64_t)i);
        (void)read_all(&fast, 100);
    }
    assert_string_equal(fast.text, "event: change\nid: 4\ndata: {\"a\":4}\n\n");
    assert_string_equal(read_all(&slow, 100),
                        " state\nid: 1\ndata: {\"a\":1,\"b\":\"same\"}\n\n"
                        "event: state\nid: 4\ndata: {\"a\":4,\"b\":\"same\"}\n\n");
    slow.source.close(slow.source.context);
    fast.source.close(fast.source.context);
    assert_int_equal(f.n_viewers, 0);
    feed_release(&f);
}

static void no_name_ends_an_event_early(void **state)
{
    (void)state;
    struct feed f = {.document = NULL};
    struct viewer v;
    json_t *document = json_pack("{s:s}", "a", "x\n\nevent: state\ndata: {}\r\n\n");
    feed_publish(&f, document, 1);
    open_viewer(&f, &v);
    assert_string_equal(
        read_all(&v, 100),
        "event: state\nid: 1\ndata: {\"a\":\"x\\n\\nevent: state\\ndata: {}\\r\\n\\n\"}\n\n");
    v.source.close(v.source.context);
    json_decref(document);
    feed_release(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_viewer_gets_the_whole_and_then_changes),
        cmocka_unit_test(who_fell_back_gets_the_whole_behind_what_he_was_reading),
        cmocka_unit_test(no_name_ends_an_event_early),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
