/* SPDX-License-Identifier: Apache-2.0 */
/* test_ledger.c - what was committed stays, what is damaged is noticed. Damage is done with
 * SQLite itself, or to the bytes of the files. */
#include "tests/support/check.h"

#include <sqlite3.h>
#include <unistd.h>

#include "base/file.h"
#include "scheduler/ledger.h"

enum { PATH_SIZE = 256, PAYLOAD_SIZE = 3000 };

struct fixture {
    char *folder;
    char path[PATH_SIZE];
    struct ledger *ledger;
};

static void open_ledger(struct fixture *f, enum ledger_mode mode)
{
    struct error err = {.kind = ERROR_NONE};
    f->ledger = ledger_open(f->path, mode, &err);
    check_ok(f->ledger == NULL ? -1 : 0, &err);
}

static void set_up(struct fixture *f)
{
    char *folder = check_make_folder();
    (void)snprintf(f->path, sizeof f->path, "%s/ledger.db", folder);
    f->folder = folder;
    open_ledger(f, LEDGER_CREATE);
}

static void tear_down(struct fixture *f)
{
    ledger_close(f->ledger);
    check_remove_folder(f->folder);
}

/* Partial number n of a shard: its payload follows from n. */
static int add_partial(struct ledger *l, uint64_t shard, unsigned n, struct error *err)
{
    uint8_t payload[PAYLOAD_SIZE];
    for (size_t i = 0; i < sizeof payload; i++) {
        payload[i] = (uint8_t)(i * 7 + n);
    }
    struct ledger_partial partial = {.shard = shard,
                                     .epoch = 11,
                                     .cpu_us = 13,
                                     .worker = "worker",
                                     .payload = payload,
                                     .size = sizeof payload};
    digest_xxh128(payload, sizeof payload, partial.digest);
    return ledger_add_partial(l, &partial, err);
}

/* Shard and partial and its event, as they come in one transaction. */
static void add_done_shard(struct ledger *l, uint64_t file, unsigned n)
{
    struct error err = {.kind = ERROR_NONE};
    struct ledger_shard shard = {
        .file = file, .first = UINT64_C(10) * n, .stop = UINT64_C(10) * n + 10};
    check_ok(ledger_begin(l, &err), &err);
    check_ok(ledger_add_shard(l, &shard, &err), &err);
    check_ok(add_partial(l, shard.id, n, &err), &err);
    struct ledger_event event = {.time_ms = 1234567890123,
                                 .kind = LEASE_SHARD,
                                 .subject = shard.id,
                                 .what = JOB_ACCEPTED,
                                 .epoch = UINT64_C(1) << 40,
                                 .worker = "worker",
                                 .error = ERROR_PEER,
                                 .signal = -9,
                                 .detail = "a reason",
                                 .log = "last words\n"};
    check_ok(ledger_add_event(l, &event, &err), &err);
    check_ok(ledger_commit(l, &err), &err);
}

static void add_rows(struct ledger *l)
{
    struct error err = {.kind = ERROR_NONE};
    struct ledger_file file = {.sample = 3,
                               .size = UINT64_C(1) << 41,
                               .mtime_ns = -5,
                               .luminosity_pb = 11.5,
                               .path = "/data/a.h5",
                               .inspection = "{\"rows\":30}"};
    check_ok(ledger_set(l, "run_id", "abc", &err), &err);
    check_ok(ledger_add_file(l, &file, &err), &err);
    for (unsigned n = 0; n < 3; n++) {
        add_done_shard(l, file.id, n);
    }
}

/* What a walk over all of a ledger found. */
struct seen {
    size_t n_files;
    size_t n_shards;
    size_t n_events;
    size_t n_partials;
};

static int see_file(void *context, const struct ledger_file *file, struct error *err)
{
    (void)err;
    ((struct seen *)context)->n_files++;
    assert_int_equal(file->sample, 3);
    assert_true(file->size == UINT64_C(1) << 41 && file->mtime_ns == -5);
    assert_true(file->luminosity_pb == 11.5);
    assert_string_equal(file->path, "/data/a.h5");
    assert_string_equal(file->inspection, "{\"rows\":30}");
    return 0;
}

static int see_shard(void *context, const struct ledger_shard *shard, struct error *err)
{
    (void)err;
    struct seen *seen = context;
    assert_int_equal(shard->file, 1);
    assert_int_equal(shard->first, seen->n_shards * 10);
    assert_int_equal(shard->stop, seen->n_shards * 10 + 10);
    seen->n_shards++;
    return 0;
}

static int see_event(void *context, const struct ledger_event *event, struct error *err)
{
    (void)err;
    ((struct seen *)context)->n_events++;
    assert_true(event->time_ms == 1234567890123 && event->epoch == UINT64_C(1) << 40);
    assert_int_equal(event->kind, LEASE_SHARD);
    assert_int_equal(event->what, JOB_ACCEPTED);
    assert_int_equal(event->error, ERROR_PEER);
    assert_int_equal(event->signal, -9);
    assert_string_equal(event->worker, "worker");
    assert_string_equal(event->detail, "a reason");
    assert_string_equal(event->log, "last words\n");
    return 0;
}

static int see_partial(void *context, const struct ledger_partial *partial, struct error *err)
{
    (void)err;
    struct seen *seen = context;
    assert_int_equal(partial->size, PAYLOAD_SIZE);
    assert_int_equal(partial->epoch, 11);
    assert_int_equal(partial->cpu_us, 13);
    const uint8_t *payload = partial->payload;
    for (size_t i = 0; i < PAYLOAD_SIZE; i++) {
        assert_int_equal(payload[i], (uint8_t)(i * 7 + partial->shard - 1));
    }
    seen->n_partials++;
    return 0;
}

/* Reads everything; every row must be as it was written. */
static int read_all(struct ledger *l, struct seen *seen, struct error *err)
{
    char *text = NULL;
    *seen = (struct seen){.n_files = 0};
    int rc = ledger_get(l, "run_id", &text, err);
    if (text != NULL) {
        assert_string_equal(text, "abc");
    }
    free(text);
    return rc == 0 && ledger_each_file(l, see_file, seen, err) == 0 &&
                   ledger_each_shard(l, see_shard, seen, err) == 0 &&
                   ledger_each_event(l, 0, see_event, seen, err) == 0 &&
                   ledger_each_partial(l, 0, see_partial, seen, err) == 0
               ? 0
               : -1;
}

static void check_rows(struct ledger *l, size_t n)
{
    struct error err = {.kind = ERROR_NONE};
    struct seen seen;
    check_ok(read_all(l, &seen, &err), &err);
    assert_int_equal(seen.n_files, 1);
    assert_int_equal(seen.n_shards, n);
    assert_int_equal(seen.n_events, n);
    assert_int_equal(seen.n_partials, n);
}

static void rows_come_back_as_they_were_written(void **state)
{
    (void)state;
    static const enum ledger_mode modes[] = {LEDGER_WRITE, LEDGER_READ};
    struct error err = {.kind = ERROR_NONE};
    struct fixture f;
    uint64_t sequence = 0;
    set_up(&f);
    add_rows(f.ledger);
    check_rows(f.ledger, 3);
    for (size_t i = 0; i < ARRAY_LENGTH(modes); i++) {
        ledger_close(f.ledger);
        open_ledger(&f, modes[i]);
        check_rows(f.ledger, 3);
        check_ok(ledger_sequence(f.ledger, &sequence, &err), &err);
        assert_int_equal(sequence, 3);
    }
    char *text = NULL;
    check_ok(ledger_get(f.ledger, "nothing", &text, &err), &err);
    assert_null(text);
    tear_down(&f);
}

static void a_transaction_is_all_or_nothing(void **state)
{
    (void)state;
    struct error err = {.kind = ERROR_NONE};
    struct fixture f;
    struct ledger_shard shard = {.file = 1, .first = 30, .stop = 40};
    set_up(&f);
    add_rows(f.ledger);
    check_ok(ledger_begin(f.ledger, &err), &err);
    check_ok(ledger_add_shard(f.ledger, &shard, &err), &err);
    check_ok(ledger_set(f.ledger, "run_id", "other", &err), &err);
    ledger_rollback(f.ledger);
    ledger_rollback(f.ledger); /* also without one */
    check_rows(f.ledger, 3);
    check_ok(ledger_begin(f.ledger, &err), &err);
    check_ok(ledger_add_shard(f.ledger, &shard, &err), &err);
    ledger_close(f.ledger); /* as if the program had ended there */
    open_ledger(&f, LEDGER_WRITE);
    check_rows(f.ledger, 3);
    tear_down(&f);
}

static void a_readers_view_does_not_move(void **state)
{
    (void)state;
    struct error err = {.kind = ERROR_NONE};
    struct fixture f;
    set_up(&f);
    add_rows(f.ledger);
    struct ledger *reader = ledger_open(f.path, LEDGER_READ, &err);
    check_ok(reader == NULL ? -1 : 0, &err);
    check_ok(ledger_begin(reader, &err), &err);
    check_rows(reader, 3);
    add_done_shard(f.ledger, 1, 3);
    check_rows(reader, 3);
    ledger_rollback(reader);
    check_rows(reader, 4);
    assert_int_equal(ledger_set(reader, "run_id", "abc", &err), -1); /* it only reads */
    ledger_close(reader);
    tear_down(&f);
}

static void views_within_one_another_are_of_one_moment(void **state)
{
    (void)state;
    struct fixture f;
    struct error err = {.kind = ERROR_NONE};
    uint64_t seen[3] = {0};
    set_up(&f);
    add_rows(f.ledger);
    struct ledger *reader = ledger_open(f.path, LEDGER_READ, &err);
    check_ok(reader == NULL ? -1 : 0, &err);
    check_ok(ledger_begin(reader, &err), &err);
    check_ok(ledger_sequence(reader, &seen[0], &err), &err);
    add_done_shard(f.ledger, 1, 3);
    check_ok(ledger_begin(reader, &err), &err);
    check_ok(ledger_sequence(reader, &seen[1], &err), &err);
    ledger_rollback(reader);
    check_ok(ledger_sequence(reader, &seen[2], &err), &err);
    assert_int_equal(seen[1], seen[0]);
    assert_int_equal(seen[2], seen[0]);
    ledger_rollback(reader); /* the outermost */
    check_ok(ledger_sequence(reader, &seen[2], &err), &err);
    assert_int_equal(seen[2], seen[0] + 1);
    ledger_close(reader);
    tear_down(&f);
}

static void a_shard_has_one_partial(void **state)
{
    (void)state;
    struct error err = {.kind = ERROR_NONE};
    struct fixture f;
    uint8_t digest[DIGEST_XXH128_SIZE];
    set_up(&f);
    add_rows(f.ledger);
    assert_int_equal(add_partial(f.ledger, 2, 77, &err), -1);
    assert_int_equal(err.kind, ERROR_SYSTEM);
    check_rows(f.ledger, 3);
    assert_int_equal(ledger_find_partial(f.ledger, 2, digest, &err), 1);
    assert_int_equal(ledger_find_partial(f.ledger, 9, digest, &err), 0);
    check_ok(ledger_drop_shards(f.ledger, 1, &err), &err);
    struct seen seen;
    check_ok(read_all(f.ledger, &seen, &err), &err);
    assert_int_equal(seen.n_shards + seen.n_partials, 0);
    assert_int_equal(seen.n_events, 3);
    tear_down(&f);
}

/* Lets SQLite itself change the file. */
static void damage(const char *path, const char *sql)
{
    sqlite3 *db = NULL;
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_changes(db), 1);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

static void every_changed_field_is_noticed(void **state)
{
    (void)state;
    static const char *const changes[] = {
        "text SET value = 'abd' WHERE key = 'run_id'",
        "text SET seal = zeroblob(16) WHERE key = 'run_id'",
        "text SET seal = x'00' WHERE key = 'run_id'",
        "file SET sample = 2",
        "file SET size = size + 1",
        "file SET mtime_ns = 5",
        "file SET luminosity_pb = 11.500000000000002",
        "file SET path = '/data/b.h5'",
        "file SET inspection = '{\"rows\":31}'",
        "file SET inspection = NULL",
        "file SET seal = zeroblob(16)",
        "shard SET file = 2 WHERE id = 2",
        "shard SET first = 9 WHERE id = 2",
        "shard SET stop = 21 WHERE id = 2",
        "shard SET seal = (SELECT seal FROM shard WHERE id = 1) WHERE id = 2",
        "event SET time_ms = 1 WHERE seq = 2",
        "event SET kind = 1 WHERE seq = 2",
        "event SET subject = 1 WHERE seq = 2",
        "event SET what = 5 WHERE seq = 2",
        "event SET epoch = epoch + 1 WHERE seq = 2",
        "event SET worker = '' WHERE seq = 2",
        "event SET error = 1 WHERE seq = 2",
        "event SET signal = 9 WHERE seq = 2",
        "event SET detail = 'a reasom' WHERE seq = 2",
        "event SET log = 'last words' WHERE seq = 2",
        "event SET seal = x'' WHERE seq = 2",
        "partial SET shard = 7 WHERE seq = 2",
        "partial SET epoch = 12 WHERE seq = 2",
        "partial SET cpu_us = 0 WHERE seq = 2",
        "partial SET worker = 'w0rker' WHERE seq = 2",
        "partial SET digest = zeroblob(16) WHERE seq = 2",
        "partial SET digest = x'01' WHERE seq = 2",
        "partial SET payload = (SELECT payload FROM partial WHERE seq = 1) WHERE seq = 2",
        "partial SET payload = substr(payload, 1, 2999) WHERE seq = 2",
        "partial SET payload = x'' WHERE seq = 2",
        "partial SET seal = (SELECT seal FROM partial WHERE seq = 1) WHERE seq = 2",
    };
    for (size_t i = 0; i < ARRAY_LENGTH(changes); i++) {
        struct error err = {.kind = ERROR_NONE};
        struct fixture f;
        struct seen seen;
        char sql[PATH_SIZE];
        set_up(&f);
        add_rows(f.ledger);
        ledger_close(f.ledger);
        (void)snprintf(sql, sizeof sql, "UPDATE %s", changes[i]);
        damage(f.path, sql);
        open_ledger(&f, LEDGER_READ);
        assert_int_equal(read_all(f.ledger, &seen, &err), -1);
        assert_int_equal(err.kind, ERROR_PEER);
        check_contains(err.text, "damaged");
        check_contains(err.text, f.path);
        tear_down(&f);
    }
}

static void copy_file(const char *from, const char *to, size_t limit)
{
    struct error err = {.kind = ERROR_NONE};
    struct buffer bytes = {0};
    check_ok(file_read(from, 1 << 24, &bytes, &err), &err);
    check_ok(file_write(to, 0600, bytes.data, size_min(bytes.size, limit), &err), &err);
    buffer_release(&bytes);
}

/* The machine stops while the log is written: whole transactions are there, and no half of one. */
static void a_cut_log_holds_whole_transactions(void **state)
{
    (void)state;
    struct fixture f;
    set_up(&f);
    ledger_close(f.ledger);
    open_ledger(&f, LEDGER_WRITE);
    add_rows(f.ledger);
    char wal[PATH_SIZE + 8];
    struct stat info;
    (void)snprintf(wal, sizeof wal, "%s-wal", f.path);
    assert_int_equal(stat(wal, &info), 0);
    size_t most = 0;
    for (size_t step = 0; step <= 40; step++) {
        struct error err = {.kind = ERROR_NONE};
        struct fixture cut = {.folder = check_make_folder()};
        struct seen seen;
        (void)snprintf(cut.path, sizeof cut.path, "%s/ledger.db", cut.folder);
        char log[PATH_SIZE + 8];
        (void)snprintf(log, sizeof log, "%s-wal", cut.path);
        copy_file(f.path, cut.path, SIZE_MAX);
        copy_file(wal, log, (size_t)info.st_size * step / 40);
        open_ledger(&cut, LEDGER_WRITE);
        check_ok(read_all(cut.ledger, &seen, &err), &err);
        assert_int_equal(seen.n_events, seen.n_shards);
        assert_int_equal(seen.n_partials, seen.n_shards);
        assert_true(seen.n_shards >= most);
        most = seen.n_shards;
        tear_down(&cut);
    }
    assert_int_equal(most, 3);
    tear_down(&f);
}

/* One byte changed anywhere: an error, or everything as it was. */
static void a_flipped_byte_is_noticed_or_does_not_matter(void **state)
{
    (void)state;
    struct error err = {.kind = ERROR_NONE};
    struct fixture f;
    struct buffer bytes = {0};
    set_up(&f);
    add_rows(f.ledger);
    ledger_close(f.ledger);
    check_ok(file_read(f.path, 1 << 24, &bytes, &err), &err);
    uint64_t random = 42;
    size_t n_noticed = 0;
    for (int i = 0; i < 150; i++) {
        struct seen seen;
        random = random * 6364136223846793005u + 1442695040888963407u;
        size_t at = (size_t)(random >> 33) % bytes.size;
        uint8_t bit = (uint8_t)(1 << (random >> 24 & 7));
        bytes.data[at] ^= bit;
        check_ok(file_write(f.path, 0600, bytes.data, bytes.size, &err), &err);
        bytes.data[at] ^= bit;
        err = (struct error){.kind = ERROR_NONE};
        f.ledger = ledger_open(f.path, LEDGER_WRITE, &err);
        if (f.ledger == NULL || read_all(f.ledger, &seen, &err) != 0) {
            n_noticed++;
            check_contains(err.text, "ledger");
        }
        ledger_close(f.ledger);
    }
    f.ledger = NULL;
    assert_true(n_noticed > 20);
    buffer_release(&bytes);
    tear_down(&f);
}

static void what_is_no_ledger_is_refused(void **state)
{
    (void)state;
    struct error err = {.kind = ERROR_NONE};
    struct fixture f;
    set_up(&f);
    assert_null(ledger_open(f.path, LEDGER_CREATE, &err));
    assert_int_equal(err.kind, ERROR_INPUT);
    ledger_close(f.ledger);
    f.ledger = NULL;
    static const struct {
        const char *sql;
        const char *words;
    } foreign[] = {{"PRAGMA user_version = 99", "schema 99"},
                   {"PRAGMA application_id = 7", "no picobarn ledger"}};
    for (size_t i = 0; i < ARRAY_LENGTH(foreign); i++) {
        sqlite3 *db = NULL;
        assert_int_equal(sqlite3_open(f.path, &db), SQLITE_OK);
        assert_int_equal(sqlite3_exec(db, foreign[i].sql, NULL, NULL, NULL), SQLITE_OK);
        assert_int_equal(sqlite3_close(db), SQLITE_OK);
        assert_null(ledger_open(f.path, LEDGER_READ, &err));
        assert_int_equal(err.kind, ERROR_PEER);
        check_contains(err.text, foreign[i].words);
    }
    check_ok(file_write(f.path, 0600, "analysis: higgs4l\n", 18, &err), &err);
    assert_null(ledger_open(f.path, LEDGER_WRITE, &err));
    assert_int_equal(err.kind, ERROR_PEER);
    assert_int_equal(unlink(f.path), 0);
    assert_null(ledger_open(f.path, LEDGER_WRITE, &err));
    assert_int_equal(err.kind, ERROR_INPUT);
    tear_down(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_come_back_as_they_were_written),
        cmocka_unit_test(a_transaction_is_all_or_nothing),
        cmocka_unit_test(a_readers_view_does_not_move),
        cmocka_unit_test(views_within_one_another_are_of_one_moment),
        cmocka_unit_test(a_shard_has_one_partial),
        cmocka_unit_test(every_changed_field_is_noticed),
        cmocka_unit_test(a_cut_log_holds_whole_transactions),
        cmocka_unit_test(a_flipped_byte_is_noticed_or_does_not_matter),
        cmocka_unit_test(what_is_no_ledger_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
