/* SPDX-License-Identifier: Apache-2.0 */
/* test_dispatch_restart.c - see scheduler/dispatch.h: schedulers that are stopped or killed, and
 * workers that hold answers until the next one is there. */
#include "tests/support/dispatch_play.h"

#include <fcntl.h>
#include <sys/wait.h>

/* Holds an answer over the death of its scheduler. */
static bool outlive_the_scheduler(struct puppet *p)
{
    struct message_lease lease = {.path = NULL};
    struct buffer payload = {0};
    bool done =
        puppet_begin(p) && puppet_lease(p, &lease) && puppet_compute(p, &lease, &payload);
    (void)kill(getpid(), SIGTERM);
    done = done && puppet_await(p, 1) && send_late(p, &lease.id, &payload, ACK_ACCEPTED);
    message_lease_release(&lease);
    buffer_release(&payload);
    return done && puppet_serve(p);
}

static struct dispatch *open_scheduler(struct play *play, struct run **r)
{
    struct error err = {0};
    *r = run_launch(&(struct run_request){.folder = play->run_folder,
                                          .run_file = play->world->run_file,
                                          .accept_changes = false},
                    &err);
    check_ok(*r == NULL ? -1 : 0, &err);
    struct dispatch *d = dispatch_open(*r, &play->options, &err);
    check_ok(d == NULL ? -1 : 0, &err);
    return d;
}

static void the_next_scheduler_takes_what_was_computed_for_the_last(void **state)
{
    struct play play = play_of(*state);
    struct actor actor = {.script = outlive_the_scheduler};
    struct error err = {0};
    struct run *r = NULL;
    enum dispatch_end end = DISPATCH_DONE;
    forget_signals();
    struct dispatch *d = open_scheduler(&play, &r);
    start_actors(&play, &actor, 1);
    check_ok(work(r, d, &end, &err), &err);
    assert_int_equal(end, DISPATCH_STOPPED);
    dispatch_close(d);
    run_close(r);
    d = open_scheduler(&play, &r);
    stage_reach(&play.stage, 1);
    check_ok(work(r, d, &end, &err), &err);
    assert_int_equal(end, DISPATCH_DONE);
    dispatch_close(d);
    run_close(r);
    end_actors(&play, &actor, 1);
    struct record record = read_record(&play);
    check_sum(&play, &record);
    partial_release(&record.sum);
}

/* A scheduler in a process of its own, which waits at its gate for its turn. */
struct scheduler {
    pid_t pid;
    int gate;
};

static int be_scheduler(const struct play *play, int gate)
{
    struct error err = {0};
    enum dispatch_end end = DISPATCH_STOPPED;
    char turn = 0;
    if (read(gate, &turn, 1) != 1) {
        return 2;
    }
    struct run *r = run_launch(&(struct run_request){.folder = play->run_folder,
                                                     .run_file = play->world->run_file,
                                                     .accept_changes = false},
                               &err);
    struct dispatch *d = r == NULL ? NULL : dispatch_open(r, &play->options, &err);
    int rc = d == NULL ? -1 : work(r, d, &end, &err);
    bool complete = rc == 0 && run_complete(r);
    dispatch_close(d);
    run_close(r);
    return complete ? 0 : 1;
}

/* Before there are threads: a fork of a process with threads is fit for little. */
static struct scheduler fork_scheduler(const struct play *play)
{
    int gate[2];
    assert_int_equal(pipe2(gate, O_CLOEXEC), 0);
    struct scheduler s = {.pid = fork(), .gate = gate[1]};
    if (s.pid == 0) {
        (void)close(gate[1]);
        _exit(be_scheduler(play, gate[0]));
    }
    assert_true(s.pid > 0);
    (void)close(gate[0]);
    return s;
}

static void open_gate(const struct scheduler *s)
{
    assert_int_equal(write(s->gate, "x", 1), 1);
}

static void kill_scheduler(const struct scheduler *s)
{
    int status = 0;
    assert_int_equal(kill(s->pid, SIGKILL), 0);
    assert_int_equal(waitpid(s->pid, &status, 0), s->pid);
    assert_true(WIFSIGNALED(status));
}

static void wait_for_file(const char *path)
{
    uint64_t start_ms = clock_now_ms();
    while (access(path, F_OK) != 0) {
        assert_true(clock_now_ms() - start_ms < PUPPET_DEADLINE_MS);
        (void)usleep(2000);
    }
}

enum { DEATHS = 5 };

/* One lease over the death of the scheduler that gave it. */
static void outlive(struct puppet *p, const struct scheduler *dying,
                    const struct scheduler *next)
{
    struct message_lease lease = {.path = NULL};
    struct buffer payload = {0};
    assert_true(puppet_lease(p, &lease) && puppet_compute(p, &lease, &payload));
    kill_scheduler(dying);
    open_gate(next);
    assert_true(send_late(p, &lease.id, &payload, ACK_ACCEPTED));
    message_lease_release(&lease);
    buffer_release(&payload);
}

static void schedulers_that_are_killed_lose_nothing(void **state)
{
    struct play play = play_of(*state);
    struct scheduler scheduler[DEATHS + 1];
    forget_signals();
    for (size_t i = 0; i <= DEATHS; i++) {
        scheduler[i] = fork_scheduler(&play);
    }
    open_gate(&scheduler[0]);
    wait_for_file(play.stage.invitation);
    struct puppet p = {.stage = &play.stage, .name = "anna"};
    assert_true(puppet_begin(&p));
    for (size_t i = 0; i < DEATHS; i++) {
        outlive(&p, &scheduler[i], &scheduler[i + 1]);
    }
    assert_true(puppet_serve(&p));
    assert_string_equal(p.trouble, "");
    int status = 1;
    assert_int_equal(waitpid(scheduler[DEATHS].pid, &status, 0), scheduler[DEATHS].pid);
    assert_int_equal(status, 0);
    puppet_release(&p);
    for (size_t i = 0; i <= DEATHS; i++) {
        (void)close(scheduler[i].gate);
    }
    struct record record = read_record(&play);
    check_sum(&play, &record);
    partial_release(&record.sum);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_next_scheduler_takes_what_was_computed_for_the_last),
        cmocka_unit_test(schedulers_that_are_killed_lose_nothing),
    };
    return cmocka_run_group_tests(tests, make_world, end_world);
}
