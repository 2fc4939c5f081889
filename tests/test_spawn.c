/* SPDX-License-Identifier: Apache-2.0 */
/* test_spawn.c - tests of base/spawn.h: programs of the shell that say how they were started. */
#include "tests/support/check.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/spawn.h"

/* What the shell writes for this script, into text[size]. */
static void run(const char *script, bool own_group, char *text, size_t size)
{
    struct error err = {0};
    int ends[2] = {-1, -1};
    char shell[] = "sh";
    char option[] = "-c";
    char own[128];
    (void)snprintf(own, sizeof own, "%s", script);
    char *const argv[] = {shell, option, own, NULL};
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    const struct spawn what = {.program = "/bin/sh",
                               .argv = argv,
                               .input = -1,
                               .output = ends[1],
                               .errors = ends[1],
                               .own_group = own_group};
    pid_t pid = 0;
    check_ok(spawn_start(&what, &pid, &err), &err);
    (void)close(ends[1]);
    int status = -1;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    ssize_t n = read(ends[0], text, size - 1);
    assert_true(n >= 0);
    text[n] = '\0';
    (void)close(ends[0]);
}

static void its_output_goes_where_it_was_told(void **state)
{
    (void)state;
    char text[256];
    run("cat; echo out; echo errors >&2", false, text, sizeof text);
    assert_string_equal(text, "out\nerrors\n");
}

static void no_signal_is_blocked(void **state)
{
    (void)state;
    char text[256];
    sigset_t set;
    (void)sigemptyset(&set);
    (void)sigaddset(&set, SIGTERM);
    assert_int_equal(pthread_sigmask(SIG_BLOCK, &set, NULL), 0);
    run("grep SigBlk /proc/self/status", false, text, sizeof text);
    assert_int_equal(pthread_sigmask(SIG_UNBLOCK, &set, NULL), 0);
    assert_string_equal(text, "SigBlk:\t0000000000000000\n");
}

static void it_has_a_group_of_its_own_if_asked(void **state)
{
    (void)state;
    char text[256];
    for (int own_group = 0; own_group <= 1; own_group++) {
        run("read pid name rest </proc/$$/stat; set -- $rest; echo $(($3 == pid))",
            own_group == 1, text, sizeof text);
        assert_string_equal(text, own_group == 1 ? "1\n" : "0\n");
    }
}

static void a_program_that_is_not_there_is_bad_input(void **state)
{
    (void)state;
    struct error err = {0};
    char name[] = "nothing";
    char *const argv[] = {name, NULL};
    const struct spawn what = {
        .program = "/nowhere/nothing", .argv = argv, .input = -1, .output = -1, .errors = -1};
    pid_t pid = 7;
    assert_int_equal(spawn_start(&what, &pid, &err), -1);
    assert_int_equal(err.kind, ERROR_INPUT);
    check_contains(err.text, "/nowhere/nothing");
    assert_int_equal(pid, 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(its_output_goes_where_it_was_told),
        cmocka_unit_test(no_signal_is_blocked),
        cmocka_unit_test(it_has_a_group_of_its_own_if_asked),
        cmocka_unit_test(a_program_that_is_not_there_is_bad_input),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
