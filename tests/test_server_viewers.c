/* SPDX-License-Identifier: Apache-2.0 */
/* test_server_viewers.c - viewers of a feed over a real server, one of whom never reads: it costs others
 * nothing and little memory, and is dropped. */
#include <malloc.h>

#include "scheduler/feed.h"
#include "tests/support/http_client.h"

enum { DOCUMENT_SIZE = 64 << 10, READERS = 3, ROUNDS_LEAST = 100, MEMORY_MOST = 4 << 20 };

static const char view[] = "view-token-0123456789";

struct fixture {
    struct feed feed;
    struct feed quiet; /* where nothing happens */
    struct server *server;
    char text[DOCUMENT_SIZE + 1];
    uint64_t sequence;
};

/* One that reads: the numbers of the events that it has. */
struct reader {
    int fd;
    uint64_t sequence; /* of the latest */
    char line[64];     /* the beginning of the line that is coming */
    size_t n_line;
};

static void open_viewer(struct feed *feed, struct server_answer *answer)
{
    struct error err = {0};
    check_ok(feed_open(feed, &answer->source, &err), &err);
    answer->type = "text/event-stream";
}

static void answer_events(void *context, const struct server_request *request,
                          struct server_answer *answer)
{
    (void)request;
    struct fixture *f = context;
    open_viewer(&f->feed, answer);
}

static void answer_quiet(void *context, const struct server_request *request,
                         struct server_answer *answer)
{
    (void)request;
    struct fixture *f = context;
    open_viewer(&f->quiet, answer);
}

static const struct server_route routes[] = {
    {SERVER_GET, "/events", GATE_VIEW, answer_events},
    {SERVER_GET, "/quiet", GATE_VIEW, answer_quiet},
    {.path = NULL},
};

/* The next document: a large one, of which every part is another. */
static void publish(struct fixture *f, struct feed *feed)
{
    f->sequence++;
    memset(f->text, 'a' + (int)(f->sequence % 26), DOCUMENT_SIZE);
    json_t *document = json_pack("{s:s, s:I}", "text", f->text, "n", (json_int_t)f->sequence);
    assert_true(feed_publish(feed, document, f->sequence));
    json_decref(document);
    server_wake(f->server);
}

static void open_fixture(struct fixture *f)
{
    struct error err = {0};
    *f = (struct fixture){.sequence = 0};
    struct server_options options = {.listen = "127.0.0.1:0",
                                     .table = {{routes, f}},
                                     .view_token = view,
                                     .stream_idle_s = 1};
    f->server = server_open(&options, &err);
    check_ok(f->server == NULL ? -1 : 0, &err);
    publish(f, &f->quiet);
    publish(f, &f->feed);
}

static void close_fixture(struct fixture *f)
{
    server_close(f->server);
    assert_int_equal(f->feed.n_viewers + f->quiet.n_viewers, 0);
    feed_release(&f->feed);
    feed_release(&f->quiet);
}

static int connect_viewer(struct fixture *f, const char *path, const struct feed *feed)
{
    char request[128];
    int size =
        snprintf(request, sizeof request,
                 "GET %s HTTP/1.1\r\nHost: x\r\nX-Picobarn-Token: %s\r\n\r\n", path, view);
    size_t n = feed->n_viewers;
    int fd = http_connect(f->server);
    http_send(f->server, fd, request, (size_t)size);
    for (uint64_t until_ms = clock_now_ms() + HTTP_PATIENCE_MS; feed->n_viewers == n;) {
        http_turn(f->server, -1, 0);
        assert_true(clock_now_ms() < until_ms);
    }
    return fd;
}

static void take_byte(struct reader *r, char byte)
{
    if (byte != '\n') {
        if (r->n_line + 1 < sizeof r->line) {
            r->line[r->n_line++] = byte;
        }
        return;
    }
    r->line[r->n_line] = '\0';
    r->n_line = 0;
    if (strncmp(r->line, "id: ", 4) == 0) {
        r->sequence = strtoull(r->line + 4, NULL, 10);
    }
}

/* What there is for it just now. */
static void read_some(struct reader *r)
{
    char piece[16 << 10];
    ssize_t n = 0;
    while ((n = recv(r->fd, piece, sizeof piece, 0)) > 0) {
        for (ssize_t i = 0; i < n; i++) {
            take_byte(r, piece[i]);
        }
    }
    assert_true(n < 0 && errno == EAGAIN); /* it is never dropped */
}

/* Turns until it has what was published last. */
static void let_read(struct fixture *f, struct reader *r)
{
    uint64_t until_ms = clock_now_ms() + HTTP_PATIENCE_MS;
    for (read_some(r); r->sequence < f->sequence; read_some(r)) {
        http_turn(f->server, r->fd, POLLIN);
        assert_true(clock_now_ms() < until_ms);
    }
}

static void let_all_read(struct fixture *f, struct reader *reader)
{
    for (size_t i = 0; i < READERS; i++) {
        let_read(f, &reader[i]);
    }
}

static size_t memory_bytes(void)
{
    struct mallinfo2 info = mallinfo2(); /* of a sanitizer's memory it tells nothing */
    return info.uordblks + info.hblkhd;
}

static void connect_readers(struct fixture *f, struct reader *reader)
{
    for (size_t i = 0; i < READERS; i++) {
        reader[i] = (struct reader){.fd = connect_viewer(f, "/events", &f->feed)};
    }
    let_all_read(f, reader);
}

static void close_readers(struct reader *reader)
{
    for (size_t i = 0; i < READERS; i++) {
        (void)close(reader[i].fd);
    }
}

static void one_who_never_reads_costs_little_and_is_dropped(void **state)
{
    (void)state;
    struct fixture f;
    struct reader reader[READERS];
    size_t memory_most = 0;
    size_t rounds = 0;
    open_fixture(&f);
    int deaf = connect_viewer(&f, "/events", &f.feed);
    connect_readers(&f, reader);
    size_t memory_before = memory_bytes();
    uint64_t until_ms = clock_now_ms() + HTTP_PATIENCE_MS;
    for (; f.feed.n_viewers > READERS || rounds < ROUNDS_LEAST; rounds++) {
        publish(&f, &f.feed);
        let_all_read(&f, reader);
        size_t memory = memory_bytes();
        memory_most = memory > memory_most ? memory : memory_most;
        assert_true(clock_now_ms() < until_ms);
    }
    assert_int_equal(f.feed.n_viewers, READERS);
    check_that(memory_most < memory_before + MEMORY_MOST, "few bytes for one who never reads");
    (void)close(deaf);
    close_readers(reader);
    close_fixture(&f);
}

/* One who waits because nothing happens is none who does not read: it outlasts one who came later. */
static void one_who_has_all_there_is_stays(void **state)
{
    (void)state;
    struct fixture f;
    struct reader reader[READERS];
    open_fixture(&f);
    struct reader quiet = {.fd = connect_viewer(&f, "/quiet", &f.quiet)};
    connect_readers(&f, reader);
    int deaf = connect_viewer(&f, "/events", &f.feed);
    uint64_t until_ms = clock_now_ms() + HTTP_PATIENCE_MS;
    while (f.feed.n_viewers > READERS) {
        publish(&f, &f.feed);
        let_all_read(&f, reader);
        assert_true(clock_now_ms() < until_ms);
    }
    assert_int_equal(f.quiet.n_viewers, 1);
    publish(&f, &f.quiet);
    let_read(&f, &quiet);
    (void)close(quiet.fd);
    (void)close(deaf);
    close_readers(reader);
    close_fixture(&f);
}

static void the_time_limit_is_what_is_promised(void **state)
{
    (void)state;
    assert_true(SERVER_STREAM_IDLE_S + 1 <= 30); /* and a turn of the loop */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_who_never_reads_costs_little_and_is_dropped),
        cmocka_unit_test(one_who_has_all_there_is_stays),
        cmocka_unit_test(the_time_limit_is_what_is_promised),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
