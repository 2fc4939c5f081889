/* SPDX-License-Identifier: Apache-2.0 */
/* test_live.c - claims about scheduler/live.h: what is written is read back; nothing else is. */
#include "scheduler/live.h"

#include "base/file.h"
#include "base/json.h"
#include "tests/support/check.h"

/* Two workers with names as nobody should have them, and three leases. */
static void fill(struct live *l)
{
    *l = (struct live){.written_ms = 1795719517639,
                       .started_ms = 1795719517267,
                       .pid = 4711,
                       .sequence = 328,
                       .phase = LIVE_COMPUTING,
                       .program = "1.2.3",
                       .paused = "ledger: no space \"left\"\n",
                       .paused_since_ms = 1795719517300,
                       .events = 64907,
                       .events_before = 1000,
                       .events_per_s = 1234.5,
                       .queue = 7,
                       .partials_conflict = 2,
                       .partial_bytes = INT64_MAX,
                       .commits_failed = 3,
                       .n_workers = 2,
                       .n_leases = 3};
    live_count_commit(l, 900);
    live_count_commit(l, 30000);
    live_count_commit(l, 60000000);
    l->worker = calloc(2, sizeof *l->worker);
    l->lease = calloc(3, sizeof *l->lease);
    assert_non_null(l->worker);
    assert_non_null(l->lease);
    l->worker[0] = (struct live_worker){.name = "pod-1\\\"",
                                        .host = "node \xc3\xa4",
                                        .program = "1.2.3",
                                        .state = LIVE_SILENT,
                                        .threads = 4,
                                        .heard_age_ms = 3500,
                                        .events = 12,
                                        .n_leases = 1};
    l->worker[1] = (struct live_worker){
        .name = "b\x01", .state = LIVE_WORKING, .cpu_us = 99, .first_lease = 1, .n_leases = 2};
    l->lease[0] = (struct live_lease){.kind = LEASE_SHARD, .subject = 5, .events = 100};
    l->lease[1] = (struct live_lease){.kind = LEASE_INSPECT, .subject = 6, .events = 50};
    l->lease[2] = (struct live_lease){.kind = LEASE_SHARD, .subject = 7, .events = 11};
}

static void what_is_written_is_read_back(void **state)
{
    (void)state;
    struct live l;
    struct live back;
    struct buffer text = {0};
    struct buffer again = {0};
    struct error err = {0};
    fill(&l);
    live_encode(&l, &text);
    check_ok(live_decode(&back, text.data, text.size, &err), &err);
    live_encode(&back, &again);
    assert_int_equal(text.size, again.size);
    assert_memory_equal(text.data, again.data, text.size);
    assert_int_equal(back.n_workers, 2);
    assert_memory_equal(&back.worker[0], &l.worker[0], sizeof l.worker[0]);
    assert_memory_equal(&back.worker[1], &l.worker[1], sizeof l.worker[1]);
    assert_memory_equal(back.lease, l.lease, 3 * sizeof *l.lease);
    assert_string_equal(back.paused, l.paused);
    assert_int_equal(back.partial_bytes, INT64_MAX);
    assert_int_equal(live_events_running(&back), 111);
    live_release(&back);
    live_release(&l);
    buffer_release(&text);
    buffer_release(&again);
}

static void commits_are_counted_in_every_bucket_that_holds_them(void **state)
{
    (void)state;
    struct live l = {.pid = 0};
    live_count_commit(&l, 0);
    live_count_commit(&l, live_bucket_us[0]);
    live_count_commit(&l, live_bucket_us[0] + 1);
    live_count_commit(&l, live_bucket_us[LIVE_BUCKETS - 1] + 1);
    assert_int_equal(l.commits_within[0], 2);
    for (size_t i = 1; i < LIVE_BUCKETS; i++) {
        assert_int_equal(l.commits_within[i], 3);
        assert_true(live_bucket_us[i] > live_bucket_us[i - 1]);
    }
    assert_int_equal(l.commits, 4);
    assert_int_equal(l.commit_us, 2 * live_bucket_us[0] + 2 + live_bucket_us[LIVE_BUCKETS - 1]);
}

static void names_that_are_no_utf8_and_numbers_beyond_json_are_still_written(void **state)
{
    (void)state;
    struct live l;
    struct live back;
    struct buffer text = {0};
    struct error err = {0};
    fill(&l);
    (void)snprintf(l.worker[0].name, sizeof l.worker[0].name, "a\xff\xc3z");
    l.worker[0].cpu_us = UINT64_MAX;
    live_encode(&l, &text);
    check_ok(live_decode(&back, text.data, text.size, &err), &err);
    assert_string_equal(back.worker[0].name, "a??z");
    assert_int_equal(back.worker[0].cpu_us, INT64_MAX);
    live_release(&back);
    live_release(&l);
    buffer_release(&text);
}

static void assert_refused(const char *data, size_t size)
{
    struct live l;
    struct error err = {0};
    if (live_decode(&l, data, size, &err) != -1) {
        fail_msg("taken: %.*s", (int)size, data);
    }
    assert_int_equal(err.kind, ERROR_PEER);
    assert_null(l.worker);
    assert_null(l.lease);
    assert_int_equal(l.n_workers + l.n_leases + l.sequence, 0);
}

static void what_is_cut_anywhere_is_refused(void **state)
{
    (void)state;
    struct live l;
    struct buffer text = {0};
    fill(&l);
    live_encode(&l, &text);
    for (size_t size = 0; size + 1 < text.size; size++) { /* the last byte is a line's end */
        assert_refused((const char *)text.data, size);
    }
    live_release(&l);
    buffer_release(&text);
}

/* The whole with one value of it replaced, as JSON; at is a key of the object, or of its first
 * worker, or of that one's first lease. */
static void assert_refused_with(int depth, const char *key, json_t *value)
{
    struct live l;
    struct buffer text = {0};
    struct buffer changed = {0};
    struct error err = {0};
    fill(&l);
    live_encode(&l, &text);
    json_t *all = json_parse(text.data, text.size, text.size, &err);
    json_t *worker = json_array_get(json_object_get(all, "workers"), 0);
    json_t *lease = json_array_get(json_object_get(worker, "leases"), 0);
    json_t *at = depth == 0 ? all : depth == 1 ? worker : lease;
    assert_non_null(json_object_get(at, key));
    if (value == NULL) {
        assert_int_equal(json_object_del(at, key), 0);
    } else {
        assert_int_equal(json_object_set_new(at, key, value), 0);
    }
    check_ok(json_write_canonical(all, &changed, &err), &err);
    assert_refused((const char *)changed.data, changed.size);
    json_decref(all);
    live_release(&l);
    buffer_release(&text);
    buffer_release(&changed);
}

static void every_value_must_be_there_and_of_its_kind(void **state)
{
    (void)state;
    static const struct {
        int depth;
        const char *key;
    } keys[] = {{0, "version"},        {0, "phase"},  {0, "sequence"},      {0, "pid"},
                {0, "events_per_s"},   {0, "paused"}, {0, "partial_bytes"}, {0, "workers"},
                {0, "commits_within"}, {1, "name"},   {1, "state"},         {1, "cpu_us"},
                {1, "leases"},         {2, "kind"},   {2, "subject"},       {2, "age_ms"}};
    for (size_t i = 0; i < ARRAY_LENGTH(keys); i++) {
        assert_refused_with(keys[i].depth, keys[i].key, NULL);
        assert_refused_with(keys[i].depth, keys[i].key, json_integer(-1));
        assert_refused_with(keys[i].depth, keys[i].key, json_object());
        assert_refused_with(keys[i].depth, keys[i].key, json_null());
    }
    assert_refused_with(0, "version", json_integer(LIVE_VERSION + 1));
    assert_refused_with(0, "phase", json_string("sleep"));
    assert_refused_with(0, "events_per_s", json_real(-0.5));
    assert_refused_with(0, "sequence", json_real(1.5));
    assert_refused_with(0, "workers", json_pack("[i]", 1));
    assert_refused_with(2, "kind", json_string("none"));
}

static void what_is_too_large_is_refused(void **state)
{
    (void)state;
    char name[MESSAGE_NAME_SIZE + 1];
    memset(name, 'x', sizeof name);
    name[MESSAGE_NAME_SIZE] = '\0';
    assert_refused_with(1, "name", json_string(name));
    assert_refused_with(1, "name", json_stringn("a\0b", 3));
    json_t *leases = json_array();
    json_t *workers = json_array();
    json_t *buckets = json_array();
    for (size_t i = 0; i <= MESSAGE_LEASES_MAX; i++) {
        (void)json_array_append_new(leases, json_pack("{s:s, s:i, s:i, s:i}", "kind", "shard",
                                                      "subject", 1, "events", 0, "age_ms", 0));
    }
    for (size_t i = 0; i <= LIVE_WORKERS_MOST; i++) {
        (void)json_array_append_new(workers, json_object());
    }
    for (size_t i = 0; i <= LIVE_BUCKETS; i++) {
        (void)json_array_append_new(buckets, json_integer(1));
    }
    assert_refused_with(1, "leases", leases);
    assert_refused_with(0, "workers", workers);
    assert_refused_with(0, "commits_within", buckets);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_is_read_back),
        cmocka_unit_test(commits_are_counted_in_every_bucket_that_holds_them),
        cmocka_unit_test(names_that_are_no_utf8_and_numbers_beyond_json_are_still_written),
        cmocka_unit_test(what_is_cut_anywhere_is_refused),
        cmocka_unit_test(every_value_must_be_there_and_of_its_kind),
        cmocka_unit_test(what_is_too_large_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
