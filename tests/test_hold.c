/* SPDX-License-Identifier: Apache-2.0 */
/* test_hold.c - claims about scheduler/hold.h, and that a scheduler keeps to it */
#include "scheduler/hold.h"

#include <unistd.h>

#include "tests/support/dispatch_play.h"

static void pausing_and_resuming_can_be_done_twice(void **state)
{
    (void)state;
    struct error err = {0};
    char *folder = check_make_folder();
    assert_false(hold_is_set(folder));
    check_ok(hold_clear(folder, &err), &err);
    for (int i = 0; i < 2; i++) {
        check_ok(hold_set(folder, &err), &err);
        assert_true(hold_is_set(folder));
    }
    for (int i = 0; i < 2; i++) {
        check_ok(hold_clear(folder, &err), &err);
        assert_false(hold_is_set(folder));
    }
    check_remove_folder(folder);
}

/* HOLD_REASON tells people to remove it; so they may make it, too. */
static void the_file_is_the_pause_whoever_makes_it(void **state)
{
    (void)state;
    struct error err = {0};
    struct buffer text = {0};
    char *folder = check_make_folder();
    char *path = file_join(folder, "pause");
    check_ok(file_write(path, 0644, "", 0, &err), &err);
    assert_true(hold_is_set(folder));
    check_ok(hold_set(folder, &err), &err);
    check_ok(file_read(path, 1000, &text, &err), &err);
    check_contains(buffer_string(&text), "gives out no work"); /* it says what it is for */
    check_contains(HOLD_REASON, "\"pause\"");
    assert_int_equal(unlink(path), 0);
    assert_false(hold_is_set(folder));
    buffer_release(&text);
    free(path);
    check_remove_folder(folder);
}

static void what_cannot_be_written_or_removed_is_said(void **state)
{
    (void)state;
    struct error err = {0};
    char *folder = check_make_folder();
    char *path = file_join(folder, "pause");
    assert_int_equal(mkdir(path, 0755),
                     0); /* a folder there: neither written over nor removed */
    assert_int_equal(hold_clear(folder, &err), -1);
    assert_int_equal(err.kind, ERROR_SYSTEM);
    check_contains(err.text, "pause");
    err = (struct error){0};
    assert_int_equal(hold_set(folder, &err), -1);
    assert_int_equal(err.kind, ERROR_SYSTEM);
    err = (struct error){0};
    assert_int_equal(hold_set("no such folder", &err), -1);
    assert_int_equal(err.kind, ERROR_SYSTEM);
    assert_false(hold_is_set("no such folder"));
    free(path);
    check_remove_folder(folder);
}

/* What `show` sees of a scheduler whose run a worker pauses, and that resumes it when enough was seen. */
struct watcher {
    struct play *play;
    size_t n_held;   /* how often it was told that the run is paused */
    size_t n_after;  /* and how often after the job under way was done */
    size_t n_leases; /* given when it was told first */
    bool has_given;  /* a lease in the meantime */
};

static size_t count_leases(const struct run *r)
{
    size_t n = 0;
    for (size_t i = 0; i < r->n_shards; i++) {
        n += r->shard[i].job.n_leases;
    }
    return n;
}

static void watch(void *context, const struct dispatch_view *view)
{
    struct watcher *w = context;
    struct error err = {0};
    if (view->paused == NULL || strcmp(view->paused, HOLD_REASON) != 0) {
        return;
    }
    w->n_held++;
    w->n_leases = w->n_held == 1 ? count_leases(view->run) : w->n_leases;
    w->has_given = w->has_given || count_leases(view->run) != w->n_leases;
    stage_reach(&w->play->stage, 1);
    w->n_after += run_tally_shards(view->run).n[JOB_DONE] > 0;
    if (w->n_after == 3) {
        check_ok(hold_clear(w->play->run_folder, &err), &err);
    }
}

/* Pauses the run while it has a lease; asks for another, and gives what it computed, when the scheduler
 * knows. */
static bool pause_meanwhile(struct puppet *p)
{
    struct error err = {0};
    struct message_lease lease = {.path = NULL};
    struct buffer payload = {0};
    const char *slash = strrchr(p->stage->invitation, '/');
    char *folder = strndup(p->stage->invitation, (size_t)(slash - p->stage->invitation));
    bool done = puppet_begin(p) && puppet_lease(p, &lease) && hold_set(folder, &err) == 0 &&
                puppet_compute(p, &lease, &payload) && puppet_await(p, 1) &&
                puppet_want(p, 1) && puppet_send_result(p, &lease.id, &payload) &&
                puppet_expect_ack(p, lease.id.epoch, ACK_ACCEPTED);
    bool wants = false; /* it said so */
    message_lease_release(&lease);
    buffer_release(&payload);
    free(folder);
    while (done && puppet_serve_one(p, &wants)) {
        /* the next */
    }
    return done;
}

static void a_paused_scheduler_gives_nothing_and_takes_what_is_under_way(void **state)
{
    static const script scripts[] = {pause_meanwhile};
    struct play play = play_of(*state);
    struct watcher w = {.play = &play};
    play.options.show = watch;
    play.options.context = &w;
    struct record record = perform_well(&play, scripts, 1); /* and all is done at the end */
    assert_true(w.n_after >= 3);
    assert_int_equal(w.n_leases, 1);
    assert_false(w.has_given);
    partial_release(&record.sum);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pausing_and_resuming_can_be_done_twice),
        cmocka_unit_test(the_file_is_the_pause_whoever_makes_it),
        cmocka_unit_test(what_cannot_be_written_or_removed_is_said),
        cmocka_unit_test(a_paused_scheduler_gives_nothing_and_takes_what_is_under_way),
    };
    return cmocka_run_group_tests(tests, make_world, end_world);
}
