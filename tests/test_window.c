/* SPDX-License-Identifier: Apache-2.0 */
/* test_window.c - see worker/window.h */
#include "tests/support/hdf5_file.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/size.h"
#include "worker/window.h"

enum { FILE_BYTES = 3 * WINDOW_BYTES + 12345 };

/* Each 8 bytes say where in the file they are. */
static int make_file(const char *folder, char path[PUT_PATH_SIZE])
{
    static uint64_t data[FILE_BYTES / 8 + 1];
    for (size_t i = 0; i < FILE_BYTES / 8 + 1; i++) {
        data[i] = i;
    }
    (void)snprintf(path, PUT_PATH_SIZE, "%s/window", folder);
    int fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, data, FILE_BYTES), FILE_BYTES);
    return fd;
}

static uint64_t at(struct window *w, uint64_t offset, size_t size)
{
    struct error err = {0};
    const uint8_t *data = window_at(w, offset, size, &err);
    check_ok(data == NULL ? -1 : 0, &err);
    uint64_t first = 0;
    if (data == NULL) {
        return UINT64_MAX;
    }
    memcpy(&first, data, sizeof first);
    (void)*(const volatile uint8_t *)(data + size - 1);
    return first;
}

static void any_stretch_of_the_file_is_shown(void **state)
{
    static const uint64_t eighths[] = {0,       1,      511,    WINDOW_STEP_BYTES / 8 - 1,
                                       262144,  524287, 524288, FILE_BYTES / 8 - 1,
                                       1234567, 3};
    static const size_t sizes[] = {8, 4096, WINDOW_BYTES, WINDOW_BYTES + 8, FILE_BYTES};
    char path[PUT_PATH_SIZE];
    int fd = make_file(*state, path);
    struct window w = {0};
    assert_true(window_open(&w, fd, FILE_BYTES));
    for (size_t k = 0; k < ARRAY_LENGTH(eighths) * ARRAY_LENGTH(sizes); k++) {
        uint64_t offset = eighths[k / ARRAY_LENGTH(sizes)] * 8;
        size_t size = sizes[k % ARRAY_LENGTH(sizes)];
        size = size < FILE_BYTES - offset ? size : (size_t)(FILE_BYTES - offset);
        assert_int_equal(at(&w, offset, size), offset / 8);
    }
    assert_false(window_is_torn(&w));
    window_close(&w);
    window_close(&w);
    (void)close(fd);
}

static void what_the_file_lost_reads_as_zeros_and_is_told(void **state)
{
    char path[PUT_PATH_SIZE];
    struct error err = {0};
    int fd = make_file(*state, path);
    struct window torn = {0};
    struct window whole = {0};
    check_ok(window_guard(&err), &err);
    assert_true(window_open(&torn, fd, FILE_BYTES) && window_open(&whole, fd, FILE_BYTES));
    assert_int_equal(at(&torn, WINDOW_BYTES, 8), WINDOW_BYTES / 8);
    assert_int_equal(at(&whole, 0, 8), 0);
    assert_int_equal(ftruncate(fd, WINDOW_BYTES + 4096), 0);
    assert_int_equal(at(&torn, WINDOW_BYTES + 4088, 8), (WINDOW_BYTES + 4088) / 8);
    assert_false(window_is_torn(&torn));
    assert_int_equal(at(&torn, WINDOW_BYTES + 8192, 8), 0);
    assert_true(window_is_torn(&torn));
    assert_int_equal(at(&torn, WINDOW_BYTES, 8), WINDOW_BYTES / 8);
    assert_int_equal(at(&whole, 8, 8), 1);
    assert_false(window_is_torn(&whole));
    window_close(&torn);
    window_close(&whole);
    assert_true(window_open(&whole, fd, WINDOW_BYTES)); /* in the slot of the torn one */
    assert_false(window_is_torn(&whole));
    window_close(&whole);
    (void)close(fd);
}

/* In a process of its own: reads from a mapping that is no window any more, of an empty file; or is
 * sent the signal. */
static void stumble(const char *folder, bool sent)
{
    char path[PUT_PATH_SIZE];
    int fd = make_file(folder, path);
    (void)signal(SIGBUS, SIG_DFL); /* not to the test's own handler */
    struct window w = {0};
    bool ready = window_guard(NULL) == 0 && window_open(&w, fd, FILE_BYTES);
    const volatile uint8_t *mapped = window_at(&w, 0, 8, NULL);
    w.size = 0; /* so that it is not unmapped */
    window_close(&w);
    if (sent) {
        (void)kill(getpid(), SIGBUS);
    }
    _exit(ready && ftruncate(fd, 0) == 0 ? mapped[0] : 1);
}

static void other_bus_errors_end_the_process(void **state)
{
    for (int sent = 0; sent < 2; sent++) {
        pid_t child = fork();
        if (child == 0) {
            stumble(*state, sent == 1);
        }
        int status = 0;
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGBUS);
    }
}

static void there_are_not_more_than_the_table_holds(void **state)
{
    char path[PUT_PATH_SIZE];
    int fd = make_file(*state, path);
    static struct window w[WINDOWS_MAX];
    for (size_t i = 0; i < WINDOWS_MAX; i++) {
        assert_true(window_open(&w[i], fd, FILE_BYTES));
    }
    struct window more = {0};
    assert_false(window_open(&more, fd, FILE_BYTES));
    window_close(&w[7]);
    assert_true(window_open(&more, fd, FILE_BYTES));
    window_close(&more);
    for (size_t i = 0; i < WINDOWS_MAX; i++) {
        window_close(&w[i]);
    }
    int pipes[2];
    assert_int_equal(pipe(pipes), 0);
    assert_false(window_open(&more, pipes[0], 100)); /* cannot be mapped */
    assert_false(window_open(&more, fd, 0));
    (void)close(pipes[0]);
    (void)close(pipes[1]);
    (void)close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_stretch_of_the_file_is_shown),
        cmocka_unit_test(what_the_file_lost_reads_as_zeros_and_is_told),
        cmocka_unit_test(other_bus_errors_end_the_process),
        cmocka_unit_test(there_are_not_more_than_the_table_holds),
    };
    return cmocka_run_group_tests(tests, put_make_folder, put_remove_folder);
}
