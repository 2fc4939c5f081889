/* SPDX-License-Identifier: Apache-2.0 */
/* test_run.c - tests of scheduler/run.h: a run that is there is gone on with, or refused with the
 * reason; a damaged one is noticed. The work of workers is done by hand: no process, no socket. */
#include "scheduler/run.h"

#include <glob.h>
#include <unistd.h>

#include "tests/support/hand_run.h"

enum { SHARDS = HAND_SHARDS, FLIPS = 300 };

static int open_place(void **state)
{
    struct hand_place *p = calloc(1, sizeof *p);
    assert_non_null(p);
    hand_place_open(p);
    *state = p;
    return 0;
}

static int close_place(void **state)
{
    struct hand_place *p = *state;
    hand_place_close(p);
    free(p);
    return 0;
}

static void refused(const struct hand_place *p, const char *part)
{
    struct error err = {0};
    assert_null(run_launch(&(struct run_request){.folder = p->run_folder,
                                                 .run_file = p->run_file,
                                                 .accept_changes = false},
                           &err));
    assert_int_equal(err.kind, ERROR_INPUT);
    check_contains(err.text, part);
}

/* A run that is done. */
static void complete(const struct hand_place *p)
{
    struct error err = {0};
    struct run *r = hand_launch(p, false);
    hand_inspect(r);
    assert_int_equal(r->n_shards, SHARDS);
    for (size_t i = 0; i < r->n_shards; i++) {
        hand_compute(r, i);
    }
    check_ok(run_reload(r, &err), &err);
    assert_true(run_complete(r));
    run_close(r);
}

static void a_run_is_gone_on_with(void **state)
{
    const struct hand_place *p = *state;
    struct run *r = hand_launch(p, false);
    char *id = strdup(r->id);
    assert_int_equal(r->n_files, 1);
    assert_int_equal(run_tally_files(r).n[JOB_WAITING], 1);
    hand_inspect(r);
    hand_compute(r, 2);
    run_close(r);
    r = hand_launch(p, false);
    assert_string_equal(r->id, id);
    assert_int_equal(r->n_shards, SHARDS);
    assert_int_equal(r->shard[2].job.state, JOB_DONE);
    assert_int_equal(run_tally_shards(r).n[JOB_DONE], 1);
    assert_int_equal(run_tally_shards(r).n[JOB_WAITING], SHARDS - 1);
    assert_false(run_complete(r));
    run_close(r);
    free(id);
}

static void epochs_are_never_used_twice(void **state)
{
    const struct hand_place *p = *state;
    uint64_t last = 0;
    for (size_t i = 0; i < 4; i++) {
        struct run *r = hand_launch(p, false);
        for (size_t k = 0; k < 3; k++) {
            uint64_t epoch = run_next_epoch(r);
            assert_true(epoch > last);
            last = epoch;
        }
        run_close(r);
    }
}

/* Text of the run file with one part replaced by another. */
static void rewrite(const struct hand_place *p, const char *part, const char *by)
{
    char text[1024];
    const char *at = strstr(hand_text, part);
    assert_non_null(at);
    (void)snprintf(text, sizeof text, "%.*s%s%s", (int)(at - hand_text), hand_text, by,
                   at + strlen(part));
    hand_write(p->run_file, text);
}

static void what_changed_in_the_run_file_is_named(void **state)
{
    static const struct {
        const char *part;
        const char *by;
        const char *named;
    } cases[] = {
        {"muons_exactly: \"2\"", "muons_exactly: \"off\"", "parameters.muons_exactly"},
        {"name: muons", "name: others", "samples"},
        {"luminosity_pb: 12", "luminosity_pb: 13", "samples"},
        {"muons*.h5", "m*.h5", "samples"},
        {"samples:", "columns: {Muon_pt: pt}\nsamples:", "columns.Muon_pt"},
    };
    const struct hand_place *p = *state;
    run_close(hand_launch(p, false));
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        rewrite(p, cases[i].part, cases[i].by);
        refused(p, cases[i].named);
    }
    /* What results do not depend on may change. */
    rewrite(p, "samples:", "# a remark\nsamples:");
    run_close(hand_launch(p, false));
    rewrite(p, "target_events: 200", "target_events: 100");
    run_close(hand_launch(p, false));
}

static size_t count_files(const char *folder, const char *start)
{
    char pattern[300];
    glob_t found = {.gl_pathc = 0};
    (void)snprintf(pattern, sizeof pattern, "%s/%s*", folder, start);
    /* NOLINTNEXTLINE(concurrency-mt-unsafe): one thread */
    size_t n = glob(pattern, 0, NULL, &found) == 0 ? found.gl_pathc : 0;
    globfree(&found);
    return n;
}

static void changes_that_are_accepted_begin_anew(void **state)
{
    const struct hand_place *p = *state;
    struct buffer copy = {0};
    struct error err = {0};
    char path[300];
    complete(p);
    rewrite(p, "muons_exactly: \"2\"", "muons_exactly: \"off\"");
    refused(p, "accept-changes");
    struct run *r = hand_launch(p, true);
    assert_int_equal(r->n_shards, 0);
    assert_int_equal(run_tally_files(r).n[JOB_WAITING], 1);
    run_close(r);
    assert_int_equal(count_files(p->run_folder, "ledger.db."), 1); /* the old one, aside */
    (void)snprintf(path, sizeof path, "%s/run.yaml", p->run_folder);
    check_ok(file_read(path, 1 << 16, &copy, &err), &err);
    check_contains(buffer_string(&copy), "\"off\"");
    buffer_release(&copy);
    run_close(hand_launch(p, false));
}

static void a_file_that_changed_is_named_and_then_dropped(void **state)
{
    const struct hand_place *p = *state;
    complete(p);
    hand_write(p->data, "it has become another");
    refused(p, p->data);
    struct run *r = hand_launch(p, true);
    assert_int_equal(r->n_shards, 0);
    assert_null(r->file[0].inspection);
    assert_int_equal(r->file[0].job.state, JOB_WAITING);
    assert_int_equal(r->file[0].size, strlen("it has become another"));
    hand_inspect(r);
    for (size_t i = 0; i < r->n_shards; i++) {
        assert_int_equal(r->shard[i].job.state, JOB_WAITING); /* under ids of their own */
        hand_compute(r, i);
    }
    run_close(r);
    r = hand_launch(p, false);
    assert_true(run_complete(r));
    run_close(r);
}

static void files_that_come_or_go_are_refused(void **state)
{
    const struct hand_place *p = *state;
    char more[300];
    complete(p);
    (void)snprintf(more, sizeof more, "%s/muons2.h5", p->folder);
    hand_write(more, "one more");
    refused(p, "muons2.h5");
    assert_int_equal(unlink(more), 0);
    run_close(hand_launch(p, false));
    assert_int_equal(unlink(p->data), 0);
    refused(p, "muons");
}

static void only_one_may_write(void **state)
{
    const struct hand_place *p = *state;
    struct error err = {0};
    struct run *r = hand_launch(p, false);
    refused(p, "another picobarn");
    assert_null(run_open(p->run_folder, LEDGER_WRITE, &err));
    assert_int_equal(err.kind, ERROR_INPUT);
    struct run *reader = run_open(p->run_folder, LEDGER_READ, &err);
    check_ok(reader == NULL ? -1 : 0, &err);
    run_close(reader);
    run_close(r);
    r = run_open(p->run_folder, LEDGER_WRITE, &err);
    check_ok(r == NULL ? -1 : 0, &err);
    run_close(r);
}

/* What a crash may leave beside the ledger before it has its name. */
static void the_leftovers_of_a_crash_do_no_harm(void **state)
{
    static const char *const names[] = {"ledger.db.new",     "ledger.db.new-wal",
                                        "ledger.db.new-shm", "ledger.db-wal",
                                        "ledger.db-shm",     "lock"};
    const struct hand_place *p = *state;
    assert_int_equal(mkdir(p->run_folder, 0755), 0);
    for (size_t i = 0; i < ARRAY_LENGTH(names); i++) {
        char path[300];
        (void)snprintf(path, sizeof path, "%s/%s", p->run_folder, names[i]);
        hand_write(path, "half of something");
    }
    complete(p);
    run_close(hand_launch(p, false));
}

struct folding {
    struct partial sum;
    size_t n;
};

static int add_partial(void *context, const struct ledger_partial *row, struct error *err)
{
    struct folding *f = context;
    struct partial partial = {0};
    struct bytes in = bytes_of(row->payload, row->size);
    int rc = partial_decode(&partial, &in, err);
    if (rc == 0 && f->n++ == 0) {
        rc = partial_init_like(&f->sum, &partial, err);
    }
    rc = rc == 0 ? partial_add(&f->sum, &partial, err) : rc;
    partial_release(&partial);
    return rc;
}

/* The sum over all shards of an open run; -1 if something is wrong. */
static int fold(struct run *r, struct buffer *bytes, struct error *err)
{
    struct folding f = {.n = 0};
    int rc = ledger_each_partial(r->ledger, 0, add_partial, &f, err);
    partial_encode(&f.sum, bytes);
    partial_release(&f.sum);
    return rc;
}

/* Opens what is left of a run: 1 if its sum is the truth, 0 if it is refused, -1 if it is something
 * else and nobody said so. */
static int try_damaged(const char *folder, enum ledger_mode mode, const struct buffer *truth,
                       struct error *err)
{
    struct buffer bytes = {0};
    struct run *r = run_open(folder, mode, err);
    int rc = r == NULL ? -1 : fold(r, &bytes, err);
    bool whole = rc == 0 && run_complete(r) && bytes.size > 0 && bytes.size == truth->size &&
                 memcmp(bytes.data, truth->data, bytes.size) == 0;
    run_close(r);
    buffer_release(&bytes);
    return whole ? 1 : rc == 0 ? -1 : 0;
}

static uint64_t next_random(uint64_t *seed)
{
    *seed = *seed * 6364136223846793005U + 1442695040888963407U;
    return *seed >> 33;
}

static void put_ledger(const char *folder, const struct buffer *bytes)
{
    static const char *const suffixes[] = {"", "-wal", "-shm"};
    struct error err = {0};
    char path[300];
    for (size_t i = 0; i < ARRAY_LENGTH(suffixes); i++) {
        (void)snprintf(path, sizeof path, "%s/ledger.db%s", folder, suffixes[i]);
        (void)unlink(path);
    }
    (void)snprintf(path, sizeof path, "%s/ledger.db", folder);
    check_ok(file_write(path, 0644, bytes->data, bytes->size, &err), &err);
}

static void read_ledger(const struct hand_place *p, struct buffer *bytes, struct buffer *truth)
{
    struct error err = {0};
    char path[300];
    (void)snprintf(path, sizeof path, "%s/ledger.db", p->run_folder);
    check_ok(file_read(path, 64 << 20, bytes, &err), &err);
    struct run *r = run_open(p->run_folder, LEDGER_READ, &err);
    check_ok(r == NULL ? -1 : fold(r, truth, &err), &err);
    run_close(r);
    assert_true(truth->size > 100);
}

/* Whether this damage is noticed; in no case may the run be taken for one with another sum. */
static bool is_noticed(const struct hand_place *p, enum ledger_mode mode,
                       const struct buffer *bytes, const struct buffer *truth)
{
    struct error err = {0};
    put_ledger(p->run_folder, bytes);
    int found = try_damaged(p->run_folder, mode, truth, &err);
    if (found < 0 || (found == 0 && err.kind != ERROR_PEER)) {
        fail_msg("%s error: %s", error_kind_name(err.kind), err.text);
    }
    return found == 0;
}

static void a_flipped_byte_is_noticed_or_harmless(void **state)
{
    const struct hand_place *p = *state;
    struct buffer bytes = {0};
    struct buffer truth = {0};
    uint64_t seed = 7;
    size_t n_noticed = 0;
    complete(p);
    read_ledger(p, &bytes, &truth);
    for (size_t i = 0; i < FLIPS; i++) {
        /* The first hundred bytes are the header, which has the most to say. */
        size_t at = i < 100 ? i : (size_t)(next_random(&seed) % bytes.size);
        uint8_t was = bytes.data[at];
        bytes.data[at] = (uint8_t)(was + 1 + next_random(&seed) % 255);
        n_noticed += is_noticed(p, LEDGER_WRITE, &bytes, &truth);
        (void)is_noticed(p, LEDGER_READ, &bytes, &truth);
        bytes.data[at] = was;
    }
    assert_true(n_noticed > FLIPS / 4); /* or the flips went nowhere */
    buffer_release(&bytes);
    buffer_release(&truth);
}

static void a_ledger_that_is_cut_is_noticed(void **state)
{
    const struct hand_place *p = *state;
    struct buffer good = {0};
    struct buffer truth = {0};
    complete(p);
    read_ledger(p, &good, &truth);
    size_t whole = good.size;
    for (size_t size = 0; size < whole; size += 1 + whole / 23) {
        struct error err = {0};
        good.size = size;
        put_ledger(p->run_folder, &good);
        assert_int_equal(try_damaged(p->run_folder, LEDGER_WRITE, &truth, &err), 0);
        assert_int_equal(err.kind, ERROR_PEER);
    }
    buffer_release(&good);
    buffer_release(&truth);
}

#define PLACE_TEST(name) cmocka_unit_test_setup_teardown(name, open_place, close_place)

int main(void)
{
    const struct CMUnitTest tests[] = {
        PLACE_TEST(a_run_is_gone_on_with),
        PLACE_TEST(epochs_are_never_used_twice),
        PLACE_TEST(what_changed_in_the_run_file_is_named),
        PLACE_TEST(changes_that_are_accepted_begin_anew),
        PLACE_TEST(a_file_that_changed_is_named_and_then_dropped),
        PLACE_TEST(files_that_come_or_go_are_refused),
        PLACE_TEST(only_one_may_write),
        PLACE_TEST(the_leftovers_of_a_crash_do_no_harm),
        PLACE_TEST(a_flipped_byte_is_noticed_or_harmless),
        PLACE_TEST(a_ledger_that_is_cut_is_noticed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
