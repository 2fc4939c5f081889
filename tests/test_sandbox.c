/* SPDX-License-Identifier: Apache-2.0 */
/* test_sandbox.c - see worker/sandbox.h. Each test enters it in a child. */
#include "tests/support/check.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>
#include <utime.h>

#include "worker/sandbox.h"

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define BUILT_WITH_SANITIZER 1
#endif
#elif defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define BUILT_WITH_SANITIZER 1
#endif

#ifdef BUILT_WITH_SANITIZER
static const bool sanitized = true;
#else
static const bool sanitized = false;
#endif

enum { CHILD_GOOD = 0, CHILD_BAD = 1, CHILD_UNFILTERED = 77 };

/* Runs body in a child within the sandbox; its exit status, or 128 + its signal. Skips the test
 * where the kernel does not filter. */
static int in_sandbox(int (*body)(void))
{
    pid_t child = fork();
    if (child == 0) {
        const struct sandbox_limits limits = {.memory_bytes = 512ULL << 20};
        struct error err = {0};
        bool filtered = false;
        if (sandbox_enter(&limits, &filtered, &err) != 0) {
            _exit(CHILD_BAD);
        }
        _exit(filtered ? body() : CHILD_UNFILTERED);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    if (WIFEXITED(status) && WEXITSTATUS(status) == CHILD_UNFILTERED) {
        skip();
    }
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

/* Each gives the errno it fails with, or 0. */

static int try_socket(void)
{
    return socket(AF_INET, SOCK_STREAM, 0) < 0 ? errno : 0;
}

static int try_pair(void)
{
    int pair[2];
    return socketpair(AF_UNIX, SOCK_STREAM, 0, pair) < 0 ? errno : 0;
}

static int try_connect(void)
{
    const struct sockaddr_un address = {.sun_family = AF_UNIX};
    return connect(0, (const struct sockaddr *)&address, sizeof address) < 0 ? errno : 0;
}

static int try_program(void)
{
    char *const arguments[] = {NULL};
    return execve("/bin/true", arguments, arguments) < 0 ? errno : 0;
}

static int try_fork(void)
{
    if (sanitized) {
        return EPERM; /* not limited there */
    }
    pid_t child = fork();
    if (child == 0) {
        _exit(0);
    }
    return child < 0 ? errno : 0;
}

static int try_trace(void)
{
    if (sanitized) {
        return EPERM;
    }
    return ptrace(PTRACE_ATTACH, getppid(), NULL, NULL) < 0 ? errno : 0;
}

static int try_signal_parent(void)
{
    return kill(getppid(), 0) < 0 ? errno : 0;
}

static int try_open(int flags)
{
    int fd = open("sandbox-file", flags, 0600);
    return fd < 0 ? errno : 0;
}

static int try_create(void)
{
    return try_open(O_RDONLY | O_CREAT);
}

static int try_write(void)
{
    return try_open(O_WRONLY);
}

static int try_update(void)
{
    return try_open(O_RDWR);
}

static int try_cut(void)
{
    return try_open(O_RDONLY | O_TRUNC);
}

static int try_unlink(void)
{
    return unlink("sandbox-file") < 0 ? errno : 0;
}

static int try_rename(void)
{
    return rename("sandbox-file", "sandbox-other") < 0 ? errno : 0;
}

static int try_folder(void)
{
    return mkdir("sandbox-folder", 0700) < 0 ? errno : 0;
}

static int try_times(void)
{
    return utimes("sandbox-file", NULL) < 0 ? errno : 0;
}

static int try_time(void)
{
    return utime("sandbox-file", NULL) < 0 ? errno : 0;
}

static int try_attribute(void)
{
    return removexattr("sandbox-file", "user.x") < 0 ? errno : 0;
}

static int try_limit_parent(void)
{
    struct rlimit now;
    return prlimit(getppid(), RLIMIT_CORE, NULL, &now) < 0 ? errno : 0;
}

static int try_memory(void)
{
    if (sanitized) {
        return ENOMEM;
    }
    const size_t gib = (size_t)1 << 30;
    void *p = mmap(NULL, gib, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return p == MAP_FAILED ? errno : 0;
}

static int try_core(void)
{
    struct rlimit now;
    (void)getrlimit(RLIMIT_CORE, &now);
    return now.rlim_cur == 0 && now.rlim_max == 0 ? EPERM : 0;
}

static int all_denied(void)
{
    static const struct {
        const char *what;
        int (*try)(void);
        int expected;
    } cases[] = {
        {"socket", try_socket, EPERM},
        {"socketpair", try_pair, EPERM},
        {"connect", try_connect, EPERM},
        {"a program", try_program, EPERM},
        {"fork", try_fork, EPERM},
        {"ptrace", try_trace, EPERM},
        {"a signal", try_signal_parent, EPERM},
        {"O_CREAT", try_create, EACCES},
        {"O_WRONLY", try_write, EACCES},
        {"O_RDWR", try_update, EACCES},
        {"O_TRUNC", try_cut, EACCES},
        {"unlink", try_unlink, EACCES},
        {"rename", try_rename, EACCES},
        {"mkdir", try_folder, EACCES},
        {"utimes", try_times, EACCES},
        {"utime", try_time, EACCES},
        {"removexattr", try_attribute, EACCES},
        {"a parent's limit", try_limit_parent, EPERM},
        {"memory", try_memory, ENOMEM},
        {"core files", try_core, EPERM},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        int got = cases[i].try();
        if (got != cases[i].expected) {
            print_error("%s: errno %d\n", cases[i].what, got);
            return CHILD_BAD;
        }
    }
    return CHILD_GOOD;
}

static void network_programs_processes_writing_and_memory_are_denied(void **state)
{
    (void)state;
    assert_int_equal(in_sandbox(all_denied), CHILD_GOOD);
}

static void *add_one(void *counter)
{
    (*(int *)counter)++;
    return NULL;
}

static int reading_and_threads(void)
{
    char byte = 0;
    int fd = open("/proc/self/stat", O_RDONLY);
    if (fd < 0 || read(fd, &byte, 1) != 1) {
        return CHILD_BAD;
    }
    int counter = 0;
    pthread_t thread;
    if (pthread_create(&thread, NULL, add_one, &counter) != 0) {
        return CHILD_BAD;
    }
    (void)pthread_join(thread, NULL);
    return counter == 1 ? CHILD_GOOD : CHILD_BAD;
}

static void reading_and_threads_go_on(void **state)
{
    (void)state;
    assert_int_equal(in_sandbox(reading_and_threads), CHILD_GOOD);
}

static int die(void)
{
    (void)signal(SIGABRT, SIG_DFL);
    abort();
}

static void a_program_can_still_abort(void **state)
{
    (void)state;
    int end = in_sandbox(die);
    assert_true(end == 128 + SIGABRT);
}

static void what_is_open_stays_open_but_files_do_not_grow(void **state)
{
    (void)state;
    char *folder = check_make_folder();
    char path[64];
    (void)snprintf(path, sizeof path, "%s/log", folder);
    int fd = open(path, O_WRONLY | O_CREAT, 0600);
    int ends[2] = {-1, -1};
    assert_true(fd >= 0 && pipe(ends) == 0);
    pid_t child = fork();
    if (child == 0) {
        const struct sandbox_limits limits = {0};
        bool filtered = false;
        int rc = sandbox_enter(&limits, &filtered, NULL);
        bool denied = write(fd, "x", 1) < 0 && errno == EFBIG;
        _exit(rc == 0 && denied && write(ends[1], "x", 1) == 1 ? CHILD_GOOD : CHILD_BAD);
    }
    int status = 0;
    char byte = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_int_equal(read(ends[0], &byte, 1), 1);
    (void)close(fd);
    (void)close(ends[0]);
    (void)close(ends[1]);
    check_remove_folder(folder);
}

/* A parent that starts a sandboxed child and dies; the child holds the pipe's end. */
static void it_ends_with_its_parent(void **state)
{
    (void)state;
    int ends[2] = {-1, -1};
    assert_int_equal(pipe(ends), 0);
    pid_t parent = fork();
    if (parent == 0) {
        (void)close(ends[0]);
        if (fork() == 0) {
            const struct sandbox_limits limits = {0};
            bool filtered = false;
            int rc = sandbox_enter(&limits, &filtered, NULL);
            ssize_t n = write(ends[1], rc == 0 ? "x" : "!", 1);
            _exit(n == 1 ? pause() : CHILD_BAD);
        }
        (void)poll(NULL, 0, 500);
        (void)kill(getpid(), SIGKILL);
    }
    (void)close(ends[1]);
    char byte = 0;
    assert_int_equal(read(ends[0], &byte, 1), 1);
    assert_int_equal(byte, 'x');
    assert_int_equal(read(ends[0], &byte, 1), 0); /* nobody holds it: both are gone */
    assert_int_equal(waitpid(parent, NULL, 0), parent);
    (void)close(ends[0]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(network_programs_processes_writing_and_memory_are_denied),
        cmocka_unit_test(reading_and_threads_go_on),
        cmocka_unit_test(a_program_can_still_abort),
        cmocka_unit_test(what_is_open_stays_open_but_files_do_not_grow),
        cmocka_unit_test(it_ends_with_its_parent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
