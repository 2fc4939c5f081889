/* SPDX-License-Identifier: Apache-2.0 */
/* test_intake.c - see scheduler/intake.h */
#include "tests/support/fake_run.h"

#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <unistd.h>

#include "scheduler/intake.h"

enum { ROWS = 1000, SHARDS = 10 };

struct desk {
    struct fake_run f;
    struct intake intake;
    struct wire_peer peer;
};

static int open_desk(void **state)
{
    struct error err = {0};
    struct desk *d = calloc(1, sizeof *d);
    assert_non_null(d);
    fake_run_open(&d->f, &analysis_dimuon);
    d->f.dataset.n_samples = 1;
    d->f.dataset.target_events = ROWS / SHARDS;
    fake_run_add_file(&d->f, 0, ROWS, SHARDS, NULL);
    fake_run_add_file(&d->f, 0, ROWS, 0, NULL); /* not inspected */
    fake_run_reload(&d->f);
    check_ok(intake_init(&d->intake, &d->f.run, &err), &err);
    d->peer = (struct wire_peer){.id = {1, 2, 3}, .size = 3};
    *state = d;
    return 0;
}

static int close_desk(void **state)
{
    struct desk *d = *state;
    intake_release(&d->intake);
    fake_run_close(&d->f);
    free(d);
    return 0;
}

static struct lease_id lease_of(const struct desk *d, enum lease_kind kind, size_t index)
{
    uint64_t subject = kind == LEASE_SHARD ? d->f.run.shard[index].id : d->f.run.file[index].id;
    return (struct lease_id){.kind = kind, .subject = subject, .epoch = 100 + index};
}

static void gather(struct desk *d, const struct lease_id *id, const void *payload, size_t size)
{
    struct error err = {0};
    struct message_result result = {.id = *id, .payload = payload, .size = size, .cpu_us = 5};
    digest_xxh128(payload, size, result.digest);
    check_ok(intake_result(&d->intake, &d->peer, "worker", &result, &err), &err);
}

/* A partial of the shard, in which one bin holds that much. */
static void gather_partial(struct desk *d, size_t shard, size_t filled)
{
    struct partial p = {0};
    struct buffer payload = {0};
    struct lease_id id = lease_of(d, LEASE_SHARD, shard);
    fake_run_book(&d->f, 0, &p);
    p.n_events = ROWS / SHARDS;
    for (size_t i = 0; i < filled; i++) {
        hist_fill(&p.hist[0].hist, 91, 1);
    }
    partial_encode(&p, &payload);
    gather(d, &id, payload.data, payload.size);
    partial_release(&p);
    buffer_release(&payload);
}

static void gather_inspection(struct desk *d, size_t file, long long rows, const char *digest)
{
    char text[512];
    struct lease_id id = lease_of(d, LEASE_INSPECT, file);
    int n = snprintf(text, sizeof text,
                     "{\"rows\": %lld, \"size\": 5, \"mtime_ns\": 6, \"digest\": \"%s\", "
                     "\"starts\": {\"counters\": [], \"rows\": [], \"objects\": []}}",
                     rows, digest);
    gather(d, &id, text, (size_t)n);
}

static const char good_digest[] = "0123456789abcdef0123456789abcdef";

static int count_partial(void *context, const struct ledger_partial *partial, struct error *err)
{
    (void)partial;
    (void)err;
    ++*(size_t *)context;
    return 0;
}

static int count_event(void *context, const struct ledger_event *event, struct error *err)
{
    (void)event;
    (void)err;
    ++*(size_t *)context;
    return 0;
}

struct counts {
    size_t partials;
    size_t events;
};

/* As an onlooker sees them, through a connection of its own. */
static struct counts count(const struct desk *d)
{
    struct error err = {0};
    struct counts c = {0, 0};
    char *path = file_join(d->f.folder, "ledger.db");
    struct ledger *l = ledger_open(path, LEDGER_READ, &err);
    check_ok(l == NULL ? -1 : 0, &err);
    check_ok(ledger_each_partial(l, 0, count_partial, &c.partials, &err), &err);
    check_ok(ledger_each_event(l, 0, count_event, &c.events, &err), &err);
    ledger_close(l);
    free(path);
    return c;
}

static void commit(struct desk *d)
{
    struct error err = {0};
    check_ok(intake_commit(&d->intake, &err), &err);
}

static void what_is_gathered_is_there_after_the_commit(void **state)
{
    struct desk *d = *state;
    struct counts before = count(d);
    gather_partial(d, 0, 1);
    gather_partial(d, 1, 2);
    assert_int_equal(d->intake.n_answers, 2);
    assert_int_equal(count(d).partials, 0);
    assert_int_equal(d->f.run.shard[0].job.state, JOB_WAITING);
    commit(d);
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(d->intake.arrival[i].verdict, ACK_ACCEPTED);
        assert_int_equal(d->f.run.shard[i].job.state, JOB_DONE);
        assert_true(d->f.run.shard[i].has_partial);
    }
    intake_clear(&d->intake);
    assert_int_equal(d->intake.n, 0);
    assert_int_equal(count(d).partials, 2);
    assert_int_equal(count(d).events, before.events + 2);
}

static void of_three_results_in_one_batch_the_first_counts(void **state)
{
    struct desk *d = *state;
    gather_partial(d, 3, 1);
    gather_partial(d, 3, 1);
    gather_partial(d, 3, 2);
    commit(d);
    assert_int_equal(d->intake.arrival[0].verdict, ACK_ACCEPTED);
    assert_int_equal(d->intake.arrival[1].verdict, ACK_DUPLICATE);
    assert_int_equal(d->intake.arrival[2].verdict, ACK_DROPPED);
    assert_true(d->f.run.shard[3].job.conflict);
    assert_int_equal(count(d).partials, 1);
}

static void of_two_inspections_in_one_batch_the_first_counts(void **state)
{
    struct desk *d = *state;
    gather_inspection(d, 1, 700, good_digest);
    gather_inspection(d, 1, 800, good_digest);
    commit(d);
    assert_int_equal(d->intake.arrival[0].verdict, ACK_ACCEPTED);
    assert_int_equal(d->intake.arrival[1].verdict, ACK_DROPPED);
    assert_int_equal(d->f.run.file[1].rows, 700);
    intake_clear(&d->intake);
    fake_run_reload(&d->f);
    assert_int_equal(d->f.run.file[1].rows, 700);
    assert_int_equal(d->f.run.file[1].job.state, JOB_DONE);
    gather_inspection(d, 1, 900, good_digest);
    commit(d);
    assert_int_equal(d->intake.arrival[0].verdict, ACK_DROPPED);
}

static void an_inspection_that_nobody_can_plan_fails_its_file(void **state)
{
    static const struct {
        long long rows;
        const char *digest;
        enum job_state state; /* after one attempt */
    } cases[] = {
        {-1, good_digest, JOB_WAITING},
        {1000, "short", JOB_WAITING},
        {1000, "0123456789ABCDEF0123456789abcdef", JOB_WAITING},
        {1LL << 60, good_digest, JOB_FAILED}, /* the same in every attempt */
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        void *own = NULL;
        assert_int_equal(open_desk(&own), 0);
        struct desk *d = own;
        struct lease_id id = lease_of(d, LEASE_INSPECT, 1);
        assert_true(intake_event(&d->intake, &id, JOB_LEASED, "worker", NULL));
        gather_inspection(d, 1, cases[i].rows, cases[i].digest);
        commit(d);
        assert_int_equal(d->f.run.file[1].job.state, cases[i].state);
        assert_null(d->f.run.file[1].inspection);
        assert_int_equal(close_desk(&own), 0);
    }
    (void)state;
}

static void a_result_of_no_shard_is_dropped(void **state)
{
    struct desk *d = *state;
    struct lease_id id = {.kind = LEASE_SHARD, .subject = 4711, .epoch = 1};
    struct counts before = count(d);
    gather(d, &id, "nothing", 7);
    commit(d);
    assert_int_equal(d->intake.arrival[0].verdict, ACK_DROPPED);
    assert_int_equal(count(d).events, before.events);
}

static void an_event_that_may_not_happen_is_not_gathered(void **state)
{
    struct desk *d = *state;
    struct lease_id id = lease_of(d, LEASE_SHARD, 0);
    struct lease_id nobody = {.kind = LEASE_SHARD, .subject = 4711, .epoch = 1};
    assert_false(intake_event(&d->intake, &id, JOB_LOST, "worker", NULL));
    assert_false(intake_event(&d->intake, &nobody, JOB_LEASED, "worker", NULL));
    assert_int_equal(d->intake.n, 0);
    assert_true(intake_event(&d->intake, &id, JOB_LEASED, "worker", NULL));
    assert_int_equal(d->f.run.shard[0].job.state, JOB_RUNNING);
    assert_int_equal(d->intake.n, 1);
}

static void only_the_attempt_that_counts_can_fail_a_job(void **state)
{
    struct desk *d = *state;
    struct error err = {0};
    char text[] = "why";
    struct lease_id id = lease_of(d, LEASE_SHARD, 0);
    struct message_failure old = {.id = id, .kind = ERROR_INPUT, .text = text};
    assert_true(intake_event(&d->intake, &id, JOB_LEASED, "worker", NULL));
    old.id.epoch--;
    check_ok(intake_failure(&d->intake, &d->peer, "worker", &old, &err), &err);
    assert_int_equal(d->f.run.shard[0].job.state, JOB_RUNNING);
    old.id.epoch++;
    check_ok(intake_failure(&d->intake, &d->peer, "worker", &old, &err), &err);
    assert_int_equal(d->f.run.shard[0].job.state, JOB_FAILED);
    commit(d);
    assert_int_equal(d->intake.arrival[1].verdict, ACK_DROPPED);
    assert_int_equal(d->intake.arrival[2].verdict, ACK_ACCEPTED);
}

static uint64_t size_of_wal(const struct desk *d)
{
    struct stat st;
    char *path = file_join(d->f.folder, "ledger.db-wal");
    assert_int_equal(stat(path, &st), 0);
    free(path);
    return (uint64_t)st.st_size;
}

/* As on a disk that has room for so many bytes more. */
static void limit_files(uint64_t size)
{
    struct rlimit limit;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = size;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static void lift_limit(void)
{
    struct rlimit limit;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = limit.rlim_max;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

/* Two results and a failure are gathered and find no room; then they do. */
static void commit_without_room(struct desk *d, size_t shard, uint64_t room)
{
    struct error err = {0};
    char text[] = "why";
    struct counts before = count(d);
    struct lease_id id = lease_of(d, LEASE_SHARD, shard);
    struct message_failure failure = {.id = id, .kind = ERROR_SYSTEM, .text = text};
    assert_true(intake_event(&d->intake, &id, JOB_LEASED, "worker", NULL));
    check_ok(intake_failure(&d->intake, &d->peer, "worker", &failure, &err), &err);
    gather_partial(d, shard, 1);
    gather_partial(d, shard + 1, 1);
    limit_files(size_of_wal(d) + room);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(intake_commit(&d->intake, &err), -1);
        assert_int_equal(err.kind, ERROR_SYSTEM);
        assert_int_equal(d->intake.n, 4);
        assert_int_equal(d->f.run.shard[shard].job.state, JOB_WAITING);
        assert_false(d->f.run.shard[shard].has_partial);
    }
    lift_limit();
    assert_int_equal(count(d).partials, before.partials);
    assert_int_equal(count(d).events, before.events);
    commit(d);
    assert_int_equal(d->intake.arrival[2].verdict, ACK_ACCEPTED);
    assert_int_equal(d->intake.arrival[3].verdict, ACK_ACCEPTED);
    intake_clear(&d->intake);
    assert_int_equal(count(d).partials, before.partials + 2);
    assert_int_equal(count(d).events, before.events + 4);
}

static void a_full_disk_loses_nothing_and_accepts_nothing(void **state)
{
    static const uint64_t rooms[] = {0, 24, 5000, 13000};
    struct desk *d = *state;
    struct sigaction ignore = {.sa_handler = SIG_IGN};
    struct sigaction before;
    assert_int_equal(sigaction(SIGXFSZ, &ignore, &before), 0);
    for (size_t i = 0; i < ARRAY_LENGTH(rooms); i++) {
        commit_without_room(d, 2 * i, rooms[i]);
    }
    assert_int_equal(sigaction(SIGXFSZ, &before, NULL), 0);
    fake_run_reload(&d->f);
    assert_int_equal(run_tally_shards(&d->f.run).n[JOB_DONE], 2 * ARRAY_LENGTH(rooms));
}

/* Fills the file system until nothing more fits. */
static void fill_up(const char *path)
{
    static const char zeros[4096];
    FILE *file = fopen(path, "we");
    assert_non_null(file);
    (void)setvbuf(file, NULL, _IONBF, 0);
    while (fwrite(zeros, 1, sizeof zeros, file) == sizeof zeros) {
        /* more */
    }
    (void)fclose(file);
}

static void a_small_file_system_that_is_full_is_survived(void **state)
{
    (void)state;
    char *folder = check_make_folder();
    if (mount("none", folder, "tmpfs", 0, "size=600k") != 0) {
        check_remove_folder(folder);
        skip(); /* not for everybody */
        return;
    }
    char old[512];
    assert_non_null(getcwd(old, sizeof old));
    assert_int_equal(chdir(folder), 0);
    void *own = NULL;
    assert_int_equal(open_desk(&own), 0);
    struct desk *d = own;
    struct error err = {0};
    gather_partial(d, 0, 1);
    commit(d);
    intake_clear(&d->intake);
    fill_up("ballast");
    int rc = 0;
    for (size_t i = 1; rc == 0 && i < SHARDS; i++) {
        gather_partial(d, i, 1);
        rc = intake_commit(&d->intake, &err);
        if (rc == 0) {
            intake_clear(&d->intake);
        }
    }
    assert_int_equal(rc, -1);
    assert_int_equal(err.kind, ERROR_SYSTEM);
    size_t n_done = run_tally_shards(&d->f.run).n[JOB_DONE];
    assert_int_equal(unlink("ballast"), 0);
    assert_int_equal(count(d).partials, n_done);
    commit(d);
    assert_int_equal(count(d).partials, n_done + 1);
    assert_int_equal(close_desk(&own), 0);
    assert_int_equal(chdir(old), 0);
    assert_int_equal(umount(folder), 0);
    check_remove_folder(folder);
}

#define DESK_TEST(name) cmocka_unit_test_setup_teardown(name, open_desk, close_desk)

int main(void)
{
    const struct CMUnitTest tests[] = {
        DESK_TEST(what_is_gathered_is_there_after_the_commit),
        DESK_TEST(of_three_results_in_one_batch_the_first_counts),
        DESK_TEST(of_two_inspections_in_one_batch_the_first_counts),
        cmocka_unit_test(an_inspection_that_nobody_can_plan_fails_its_file),
        DESK_TEST(a_result_of_no_shard_is_dropped),
        DESK_TEST(an_event_that_may_not_happen_is_not_gathered),
        DESK_TEST(only_the_attempt_that_counts_can_fail_a_job),
        DESK_TEST(a_full_disk_loses_nothing_and_accepts_nothing),
        cmocka_unit_test(a_small_file_system_that_is_full_is_survived),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
