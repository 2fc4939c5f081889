/* SPDX-License-Identifier: Apache-2.0 */
/* test_signals.c - tests of base/signals.h. */
#include "tests/support/check.h"

#include <poll.h>
#include <unistd.h>

#include "base/signals.h"

static bool is_blocked(int signal)
{
    sigset_t now;
    assert_int_equal(pthread_sigmask(SIG_BLOCK, NULL, &now), 0);
    return sigismember(&now, signal) == 1;
}

static void a_signal_is_told_once(void **state)
{
    (void)state;
    static const int asking[] = {SIGINT, SIGTERM};
    struct error err = {0};
    sigset_t before;
    int fd = signals_open(&before, &err);
    check_ok(fd < 0 ? -1 : 0, &err);
    assert_false(signals_take(fd));
    for (size_t i = 0; i < ARRAY_LENGTH(asking); i++) {
        struct pollfd polled = {.fd = fd, .events = POLLIN};
        assert_int_equal(kill(getpid(), asking[i]), 0);
        assert_int_equal(poll(&polled, 1, 10000), 1);
        assert_true(signals_take(fd));
        assert_false(signals_take(fd));
    }
    signals_close(fd, &before);
}

static void the_mask_is_afterwards_what_it_was(void **state)
{
    (void)state;
    struct error err = {0};
    sigset_t before;
    sigset_t own;
    (void)sigemptyset(&own);
    (void)sigaddset(&own, SIGTERM);
    (void)sigaddset(&own, SIGUSR1);
    assert_int_equal(pthread_sigmask(SIG_BLOCK, &own, NULL), 0);
    int fd = signals_open(&before, &err);
    check_ok(fd < 0 ? -1 : 0, &err);
    assert_true(is_blocked(SIGINT) && is_blocked(SIGTERM) && is_blocked(SIGUSR1));
    assert_int_equal(kill(getpid(), SIGINT), 0); /* a second Ctrl-C: it does not kill us */
    signals_close(fd, &before);
    assert_true(is_blocked(SIGTERM) && is_blocked(SIGUSR1));
    assert_false(is_blocked(SIGINT));
    signals_close(-1, &before);
    assert_int_equal(pthread_sigmask(SIG_UNBLOCK, &own, NULL), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_signal_is_told_once),
        cmocka_unit_test(the_mask_is_afterwards_what_it_was),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
