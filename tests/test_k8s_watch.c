/* SPDX-License-Identifier: Apache-2.0 */
/* test_k8s_watch.c - claims about watches of k8s/k8s.h, with a server in this process that makes the
 * faults: a mirror says in the end what the server has, whatever happened between. */
#include "k8s/k8s_stream.h"
#include "tests/support/fake_api.h"

enum { REPLIES = 8, PATIENCE_MS = 20000 };

#define META(name, uid, version)                                                               \
    "{\"metadata\":{\"name\":\"" name "\",\"uid\":\"" uid "\",\"resourceVersion\":\"" version  \
    "\",\"managedFields\":[1]}}"
#define EVENT(type, object) "{\"type\":\"" type "\",\"object\":" object "}\n"
#define BOOKMARK(version)                                                                      \
    EVENT("BOOKMARK", "{\"metadata\":{\"resourceVersion\":\"" version "\"}}")
#define LIST(version, token, items)                                                            \
    {                                                                                          \
        200, NULL,                                                                             \
            "{\"metadata\":{\"resourceVersion\":\"" version "\",\"continue\":\"" token         \
            "\"},\"items\":[" items "]}"                                                       \
    }
#define STREAM(then, text)                                                                     \
    {                                                                                          \
        200, NULL, text, then, .stream = true                                                  \
    }
#define EXPIRED                                                                                \
    {                                                                                          \
        410, NULL, "{\"kind\":\"Status\",\"reason\":\"Expired\",\"code\":410}"                 \
    }
#define BUSY                                                                                   \
    {                                                                                          \
        503, NULL, "{\"kind\":\"Status\",\"message\":\"busy\"}"                                \
    }

/* What a watch told: "+a1" for a at version 1, "-a", "S" for a whole list. */
struct told {
    struct buffer text;
    struct k8s_watch *watch;
    bool stop_at_once;
    bool managed; /* an object came with its managedFields */
};

static void tell_changed(void *context, const json_t *object)
{
    struct told *t = context;
    t->managed = t->managed ||
                 json_object_get(json_object_get(object, "metadata"), "managedFields") != NULL;
    buffer_printf(&t->text, "+%s%s ", k8s_metadata(object, "name"),
                  k8s_metadata(object, "resourceVersion"));
    if (t->stop_at_once) {
        k8s_watch_stop(t->watch);
    }
}

static void tell_gone(void *context, const json_t *object)
{
    struct told *t = context;
    buffer_printf(&t->text, "-%s ", k8s_metadata(object, "name"));
    if (t->stop_at_once) {
        k8s_watch_stop(t->watch);
    }
}

static void tell_synced(void *context)
{
    struct told *t = context;
    buffer_printf(&t->text, "S ");
}

struct watch_case {
    const char *what;
    struct fake_reply reply[REPLIES];
    size_t n; /* of them; the test ends when one more was asked for */
    const char *told;
    const char *requests; /* L: list, C: list with a token, W and the version: watch */
    bool bookmark_stall;  /* a silence of 150 ms is too long where bookmarks are sent */
    bool plain_stall; /* the server is to end a watch at once, and 150 ms more are too long */
    const char *why;  /* is said at some time after the first list; NULL: nothing */
};

static const struct watch_case cases[] = {
    {"events are told once, the next watch goes on from the last version",
     {LIST("5", "", META("a", "1", "1") "," META("b", "2", "2")),
      STREAM(FAKE_CLOSE, EVENT("ADDED", META("c", "3", "6")) EVENT("ADDED", META("c", "3", "6"))
                             EVENT("FRESH", "7") EVENT("MODIFIED", META("a", "1", "7"))
                                 EVENT("DELETED", META("b", "2", "8"))
                                     EVENT("DELETED", META("b", "2", "8")) BOOKMARK("9"))},
     2,
     "+a1 +b2 S +c6 +a7 -b ",
     "L W5 W9 "},
    {"a list has pages",
     {LIST("5", "t", META("a", "1", "1")), LIST("5", "", META("b", "2", "2"))},
     2,
     "+a1 +b2 S ",
     "L C W5 "},
    {"410 as a status: what changed and what is gone is told",
     {LIST("5", "", META("a", "1", "1") "," META("b", "2", "2")), EXPIRED,
      LIST("9", "", META("a", "1", "1") "," META("c", "3", "8"))},
     3,
     "+a1 +b2 S +c8 -b S ",
     "L W5 L W9 "},
    {"410 as an event",
     {LIST("5", "", META("a", "1", "1")),
      STREAM(FAKE_HANG, EVENT("ERROR", "{\"code\":410,\"message\":\"too old\"}")),
      LIST("9", "", META("a", "1", "6"))},
     3,
     "+a1 S +a6 S ",
     "L W5 L W9 ",
     .why = "too old"},
    {"410 of a page's token",
     {LIST("5", "t", META("a", "1", "1")), EXPIRED, LIST("9", "", META("b", "2", "2"))},
     3,
     "+a1 +b2 -a S ",
     "L C L W9 "},
    {"another one of the same name",
     {LIST("5", "", META("a", "1", "1")),
      STREAM(FAKE_CLOSE, EVENT("ADDED", META("a", "2", "6")))},
     2,
     "+a1 S -a +a6 ",
     "L W5 W6 "},
    {"the end of another one of the same name does not matter",
     {LIST("5", "", META("a", "2", "4")),
      STREAM(FAKE_CLOSE, EVENT("DELETED", META("a", "1", "6")))},
     2,
     "+a4 S ",
     "L W5 W6 "},
    {"an outage is got over without a list",
     {LIST("5", "", META("a", "1", "1")),
      {.then = FAKE_RESET},
      BUSY,
      {429, NULL, "{\"kind\":\"Status\",\"message\":\"slow\"}"},
      STREAM(FAKE_CLOSE, EVENT("ADDED", META("b", "2", "6")))},
     5,
     "+a1 S +b6 ",
     "L W5 W5 W5 W5 W6 ",
     .why = "busy"},
    {"a stream that is none",
     {LIST("5", "", META("a", "1", "1")),
      STREAM(FAKE_HANG,
             EVENT("ADDED", META("b", "2", "6")) "{]\n" EVENT("ADDED", META("c", "3", "7")))},
     2,
     "+a1 S +b6 ",
     "L W5 W6 ",
     .why = "a line of a watch"},
    {"a list that may not be made is asked for again",
     {{403, NULL, "{\"kind\":\"Status\",\"message\":\"forbidden\"}"}, LIST("5", "", "")},
     2,
     "S ",
     "L L W5 "},
    {"an ERROR that is no 410 leads to a list",
     {LIST("5", "", ""),
      STREAM(FAKE_HANG, EVENT("ERROR", "{\"code\":500,\"message\":\"etcd\"}")),
      LIST("6", "", "")},
     3,
     "S S ",
     "L W5 L W6 ",
     .why = "etcd"},
    {"a silence after a bookmark",
     {LIST("5", "", ""), STREAM(FAKE_HANG, BOOKMARK("7"))},
     2,
     "S ",
     "L W5 W7 ",
     .bookmark_stall = true,
     .why = "nothing heard"},
    {"a silence before the first bookmark is due",
     {LIST("5", "", ""), STREAM(FAKE_HANG, EVENT("ADDED", META("b", "2", "6")))},
     2,
     "S +b6 ",
     "L W5 W6 ",
     .bookmark_stall = true,
     .why = "nothing heard"},
    {"a silence longer than the server's own time",
     {LIST("5", "", ""), STREAM(FAKE_HANG, EVENT("ADDED", META("b", "2", "6")))},
     2,
     "S +b6 ",
     "L W5 W6 ",
     .plain_stall = true,
     .why = "nothing heard"},
};

/* "L W5 " of the requests that came. */
static void write_requests(const struct fake_api *api, struct buffer *out)
{
    for (size_t i = 0; i < api->n_requests; i++) {
        const char *line = api->request[i].line;
        const char *version = strstr(line, "resourceVersion=");
        if (version != NULL) {
            check_contains(line, "&watch=true&allowWatchBookmarks=true&timeoutSeconds=");
            version += strlen("resourceVersion=");
            buffer_printf(out, "W%.*s ", (int)strcspn(version, "&"), version);
        } else {
            check_contains(line, "labelSelector=a%3Db&limit=500");
            buffer_printf(out, strstr(line, "continue=") == NULL ? "L " : "C ");
        }
    }
}

/* Turns until more was asked for than there are replies. */
static void play(struct k8s *k, struct fake_api *api, const struct watch_case *c,
                 struct k8s_watch *w)
{
    struct error err = {0};
    char why[ERROR_TEXT_SIZE];
    bool stale_seen = false;
    bool synced = false;
    uint64_t until = clock_now_ms() + PATIENCE_MS;
    while (api->n_requests <= c->n && clock_now_ms() < until) {
        check_ok(k8s_wait(k, -1, 10, &err), &err);
        bool stale = k8s_watch_stale_since_ms(w, why, sizeof why) != 0;
        synced = synced || !stale;
        stale_seen =
            stale_seen || (synced && stale && c->why != NULL && strstr(why, c->why) != NULL);
    }
    assert_int_equal(stale_seen, c->why != NULL);
}

static void check_case(const struct watch_case *c)
{
    struct error err = {0};
    struct fake_api api;
    struct told told = {0};
    struct buffer requests = {0};
    char *folder = check_make_folder();
    const struct k8s_watch_calls calls = {tell_changed, tell_gone, tell_synced, &told};
    fake_start(&api, c->reply, c->n);
    struct k8s *k = fake_client(&api, folder, "{}");
    if (c->bookmark_stall) {
        k->timing.watch_idle_ms = 150;
    }
    if (c->plain_stall) {
        k->timing.watch_least_s = 0;
        k->timing.watch_most_s = 0;
        k->timing.watch_grace_ms = 150;
    }
    struct k8s_watch *w = k8s_watch_start(k, K8S_PODS, "a=b", NULL, &calls, &err);
    play(k, &api, c, w);
    k8s_watch_stop(w);
    k8s_close(k);
    fake_stop(&api);
    write_requests(&api, &requests);
    assert_string_equal(buffer_string(&told.text), c->told);
    assert_string_equal(buffer_string(&requests), c->requests);
    assert_false(told.managed);
    buffer_release(&told.text);
    buffer_release(&requests);
    fake_release(&api);
    check_remove_folder(folder);
}

static void a_mirror_survives_every_fault(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        print_message("%s\n", cases[i].what);
        check_case(&cases[i]);
    }
}

/* Whatever is told first, in a list, in a stream, or after a relist. */
static void a_watch_may_be_stopped_in_its_callbacks(void **state)
{
    (void)state;
    static const struct fake_reply plays[][3] = {
        {LIST("5", "", META("a", "1", "1") "," META("b", "2", "2"))},
        {LIST("5", "", ""), STREAM(FAKE_HANG, EVENT("ADDED", META("a", "1", "6"))
                                                  EVENT("ADDED", META("b", "2", "7")))},
    };
    static const char *const expected[] = {"+a1 ", "S +a6 "};
    for (size_t i = 0; i < ARRAY_LENGTH(plays); i++) {
        struct error err = {0};
        struct fake_api api;
        struct told told = {.stop_at_once = true};
        char *folder = check_make_folder();
        const struct k8s_watch_calls calls = {tell_changed, tell_gone, tell_synced, &told};
        fake_start(&api, plays[i], i + 1);
        struct k8s *k = fake_client(&api, folder, "{}");
        told.watch = k8s_watch_start(k, K8S_PODS, NULL, NULL, &calls, &err);
        uint64_t until = clock_now_ms() + PATIENCE_MS;
        while (k->watch != NULL && clock_now_ms() < until) {
            check_ok(k8s_wait(k, -1, 10, &err), &err);
        }
        assert_null(k->watch);
        assert_string_equal(buffer_string(&told.text), expected[i]);
        k8s_close(k);
        fake_stop(&api);
        buffer_release(&told.text);
        fake_release(&api);
        check_remove_folder(folder);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_mirror_survives_every_fault),
        cmocka_unit_test(a_watch_may_be_stopped_in_its_callbacks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
