/* SPDX-License-Identifier: Apache-2.0 */
/* test_child.c - tests of worker/child.h. The compute program is this program itself, called with
 * what it has to do. */
#include "tests/support/check.h"

#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include "base/clock.h"
#include "worker/child.h"

enum { LOST = 9, WAIT_MS = 20000 };

/* What a child does, by its name: the last one ends with its input. */
static int be_child(const char *what)
{
    if (strcmp(what, "closes its output and goes on") == 0) {
        (void)write(STDERR_FILENO, "going on", 8);
        (void)close(STDOUT_FILENO);
        return pause();
    }
    if (strcmp(what, "dies") == 0) {
        (void)signal(SIGABRT, SIG_DFL);
        abort();
    }
    if (strcmp(what, "exits") == 0) {
        return LOST;
    }
    char byte = 0;
    return read(STDIN_FILENO, &byte, 1) == 0 ? 0 : LOST;
}

static void start(struct child *c, const char *what)
{
    struct error err = {0};
    char program[] = "child";
    char command[] = "compute";
    char own[64];
    (void)snprintf(own, sizeof own, "%s", what);
    char *const argv[] = {program, command, own, NULL};
    check_ok(child_start(c, argv, &err), &err);
}

static void wait_for_end_of_output(const struct child *c)
{
    struct pollfd polled = {.fd = c->output, .events = POLLIN};
    char byte = 0;
    assert_int_equal(poll(&polled, 1, WAIT_MS), 1);
    assert_int_equal(read(c->output, &byte, 1), 0);
}

static void it_is_known_how_a_child_ended(void **state)
{
    (void)state;
    static const struct {
        const char *what;
        int signal;
        int status;
    } cases[] = {{"exits", 0, LOST}, {"dies", SIGABRT, 0}};
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct child c;
        int status = -1;
        start(&c, cases[i].what);
        wait_for_end_of_output(&c);
        assert_int_equal(child_reap(&c, 0, &status), cases[i].signal);
        assert_int_equal(status, cases[i].status);
        assert_int_equal(c.pid, 0);
        assert_false(c.killed);
    }
}

static void one_that_closes_its_output_and_goes_on_is_killed(void **state)
{
    (void)state;
    struct child c;
    int status = -1;
    char log[CHILD_LOG_SIZE + 1];
    start(&c, "closes its output and goes on");
    wait_for_end_of_output(&c);
    uint64_t start_ms = clock_now_ms();
    assert_int_equal(child_reap(&c, 0, &status), SIGKILL);
    assert_true(clock_now_ms() - start_ms < WAIT_MS);
    assert_true(c.killed);
    child_log_text(&c, log, sizeof log);
    assert_string_equal(log, "going on");
}

static void one_that_waits_for_input_ends_when_it_is_reaped(void **state)
{
    (void)state;
    struct child c;
    int status = -1;
    start(&c, "waits for input");
    assert_int_equal(child_reap(&c, 0, &status), 0);
    assert_int_equal(status, 0);
    assert_false(c.killed);
}

int main(int argc, char **argv)
{
    if (argc > 2) {
        return be_child(argv[2]);
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_is_known_how_a_child_ended),
        cmocka_unit_test(one_that_closes_its_output_and_goes_on_is_killed),
        cmocka_unit_test(one_that_waits_for_input_ends_when_it_is_reaped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
