/* SPDX-License-Identifier: Apache-2.0 */
/* test_exec_plugin.c - claims about k8s/exec_plugin.h and k8s/credentials.h, with scripts as programs */
#include "k8s/exec_plugin.h"

#include <poll.h>
#include <signal.h>
#include <sys/pidfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/json.h"
#include "k8s/credentials.h"
#include "tests/support/check.h"

#define V1 "client.authentication.k8s.io/v1"
#define CREDENTIAL(status)                                                                     \
    "{\"apiVersion\":\"" V1 "\",\"kind\":\"ExecCredential\",\"status\":{" status "}}"

enum { PATIENCE_MS = 20000 };

static char version[] = V1;

/* A script that is the program of a kubeconfig. */
struct script {
    char *folder;
    char *path;
    struct kubeconfig config;
};

static void script_init(struct script *s, const char *text)
{
    struct error err = {0};
    *s = (struct script){.folder = check_make_folder()};
    s->path = file_join(s->folder, "plugin");
    check_ok(file_write(s->path, 0700, text, strlen(text), &err), &err);
    s->config.exec.command = s->path;
    s->config.exec.api_version = version;
    s->config.exec.interactive = INTERACTIVE_NEVER;
}

static void script_release(struct script *s)
{
    free(s->path);
    check_remove_folder(s->folder);
}

static enum exec_plugin_state finish(struct exec_plugin *p, struct exec_credential *out,
                                     struct error *err)
{
    enum exec_plugin_state state = EXEC_PLUGIN_RUNS;
    uint64_t until = clock_now_ms() + PATIENCE_MS;
    while (state == EXEC_PLUGIN_RUNS && clock_now_ms() < until) {
        int fd[2] = {-1, -1};
        size_t n = exec_plugin_fds(p, fd);
        struct pollfd wait[2] = {{.fd = fd[0], .events = POLLIN},
                                 {.fd = fd[1], .events = POLLIN}};
        (void)poll(wait, n, 1000);
        state = exec_plugin_turn(p, clock_now_ms(), out, err);
    }
    return state;
}

static enum exec_plugin_state run(const struct script *s, struct exec_credential *out,
                                  struct error *err)
{
    struct exec_plugin *p = exec_plugin_start(&s->config, err);
    check_ok(p == NULL ? -1 : 0, err);
    enum exec_plugin_state state = finish(p, out, err);
    exec_plugin_stop(p);
    return state;
}

static void a_program_gives_a_token(void **state)
{
    (void)state;
    struct error err = {0};
    struct script s;
    struct exec_credential made = {0};
    script_init(&s,
                "#!/bin/sh\necho '" CREDENTIAL(
                    "\"token\":\"t\",\"expirationTimestamp\":\"2026-11-26T18:00:00Z\"") "'\n");
    check_ok(run(&s, &made, &err) == EXEC_PLUGIN_DONE ? 0 : -1, &err);
    assert_string_equal(made.token, "t");
    assert_true(made.expires_unix_ms == 1795716000000);
    exec_credential_release(&made);
    script_release(&s);
}

/* Written by the script into the folder that it is in: what it was called with. */
static void words_arrive_as_they_are_and_no_shell_sees_them(void **state)
{
    (void)state;
    struct error err = {0};
    struct script s;
    struct exec_credential made = {0};
    static char words[][40] = {"a b", "$(touch made)", "; touch made", "'\"", "", "`id`", "*"};
    static char variable[] = "CANARY=$(touch made); \"x\"";
    char *argument[ARRAY_LENGTH(words)];
    char *variables[] = {variable};
    script_init(&s, "#!/bin/sh\n"
                    "printf '%s\\n' \"$@\" \"$CANARY\" \"$KUBERNETES_EXEC_INFO\" >\"$0.said\"\n"
                    "echo '" CREDENTIAL("\"token\":\"t\"") "'\n");
    for (size_t i = 0; i < ARRAY_LENGTH(words); i++) {
        argument[i] = words[i];
    }
    s.config.exec.argument = argument;
    s.config.exec.n_arguments = ARRAY_LENGTH(words);
    s.config.exec.variable = variables;
    s.config.exec.n_variables = 1;
    s.config.exec.provide_cluster_info = true;
    char server[] = "https://h";
    s.config.server = server;
    buffer_printf(&s.config.authority, "ABC");
    /* What is in our environment of that name does not count. */
    /* NOLINTBEGIN(concurrency-mt-unsafe): one thread */
    assert_int_equal(setenv("CANARY", "old", 1), 0);
    check_ok(run(&s, &made, &err) == EXEC_PLUGIN_DONE ? 0 : -1, &err);
    assert_int_equal(unsetenv("CANARY"), 0);
    /* NOLINTEND(concurrency-mt-unsafe) */
    struct buffer path = {0};
    struct buffer said = {0};
    buffer_printf(&path, "%s.said", s.path);
    check_ok(file_read(buffer_string(&path), 4096, &said, &err), &err);
    assert_string_equal(
        buffer_string(&said),
        "a b\n$(touch made)\n; touch made\n'\"\n\n`id`\n*\n$(touch made); \"x\"\n"
        "{\"apiVersion\":\"" V1 "\",\"kind\":\"ExecCredential\",\"spec\":{\"cluster\":"
        "{\"certificate-authority-data\":\"QUJD\",\"server\":\"https://h\"},"
        "\"interactive\":false}}\n");
    assert_int_equal(access("made", F_OK), -1);
    buffer_release(&path);
    buffer_release(&said);
    buffer_release(&s.config.authority);
    exec_credential_release(&made);
    script_release(&s);
}

static const struct {
    const char *text;
    enum error_kind kind;
    const char *why;
} bad_programs[] = {
    {"#!/bin/sh\nexit 3\n", ERROR_INPUT, "exit status 3"},
    {"#!/bin/sh\nkill -9 $$\n", ERROR_SYSTEM, "signal 9"},
    {"#!/bin/sh\necho canary-token\n", ERROR_PEER, "gave no ExecCredential"},
    {"#!/bin/sh\nhead -c 3000000 /dev/zero\n", ERROR_PEER, "more than 1048576 bytes"},
    {"#!/bin/sh\n", ERROR_PEER, "gave no ExecCredential"},
};

static void a_program_that_fails_is_named(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(bad_programs); i++) {
        struct error err = {0};
        struct script s;
        struct exec_credential made = {0};
        script_init(&s, bad_programs[i].text);
        assert_int_equal(run(&s, &made, &err), EXEC_PLUGIN_FAILED);
        assert_int_equal(err.kind, bad_programs[i].kind);
        check_contains(err.text, s.path);
        check_contains(err.text, bad_programs[i].why);
        assert_null(strstr(err.text, "canary"));
        script_release(&s);
    }
}

/* The number that the script writes into FILE.child, once it is there. */
static pid_t read_child(const struct script *s)
{
    struct buffer path = {0};
    struct buffer text = {0};
    buffer_printf(&path, "%s.child", s->path);
    while (text.size < 2 || text.data[text.size - 1] != '\n') {
        buffer_clear(&text);
        (void)file_read(buffer_string(&path), 64, &text, NULL);
    }
    pid_t pid = (pid_t)strtol(buffer_string(&text), NULL, 10);
    assert_true(pid > 1);
    buffer_release(&path);
    buffer_release(&text);
    return pid;
}

/* The end of the program counts, not that of its output, which a child of it may hold. */
static void a_child_that_goes_on_is_not_waited_for(void **state)
{
    (void)state;
    struct error err = {0};
    struct script s;
    struct exec_credential made = {0};
    script_init(&s, "#!/bin/sh\nsleep 600 &\necho $! >\"$0.child\"\n"
                    "echo '" CREDENTIAL("\"token\":\"t\"") "'\n");
    check_ok(run(&s, &made, &err) == EXEC_PLUGIN_DONE ? 0 : -1, &err);
    assert_int_equal(kill(read_child(&s), SIGKILL), 0);
    exec_credential_release(&made);
    script_release(&s);
}

static void one_that_hangs_is_ended_with_its_children(void **state)
{
    (void)state;
    struct error err = {0};
    struct script s;
    struct exec_credential made = {0};
    script_init(&s, "#!/bin/sh\nsleep 600 &\necho $! >\"$0.child\"\nwait\n");
    struct exec_plugin *p = exec_plugin_start(&s.config, &err);
    check_ok(p == NULL ? -1 : 0, &err);
    struct pollfd child = {.fd = pidfd_open(read_child(&s), 0), .events = POLLIN};
    assert_true(child.fd >= 0);
    uint64_t deadline = exec_plugin_deadline_ms(p);
    assert_int_equal(exec_plugin_turn(p, deadline - 1, &made, &err), EXEC_PLUGIN_RUNS);
    assert_int_equal(exec_plugin_turn(p, deadline, &made, &err), EXEC_PLUGIN_FAILED);
    check_contains(err.text, "within 60 s");
    exec_plugin_stop(p);
    assert_int_equal(poll(&child, 1, PATIENCE_MS), 1); /* it ended */
    (void)close(child.fd);
    script_release(&s);
}

static void a_missing_program_is_told_with_its_hint(void **state)
{
    (void)state;
    struct error err = {0};
    static char name[] = "picobarn-no-such-program";
    static char hint[] = "see https://example.org";
    struct kubeconfig config = {
        .exec = {.command = name, .api_version = version, .install_hint = hint}};
    assert_null(exec_plugin_start(&config, &err));
    assert_int_equal(err.kind, ERROR_INPUT);
    check_contains(err.text, name);
    check_contains(err.text, hint);
}

static const struct {
    const char *text;
    const char *why; /* NULL: good */
    int64_t expires_unix_ms;
} credentials_given[] = {
    {CREDENTIAL("\"token\":\"t\""), NULL, 0},
    {CREDENTIAL("\"clientCertificateData\":\"C\",\"clientKeyData\":\"K\""), NULL, 0},
    {CREDENTIAL("\"token\":\"t\",\"expirationTimestamp\":\"1970-01-01T00:00:01Z\""), NULL,
     1000},
    {CREDENTIAL("\"token\":\"t\",\"expirationTimestamp\":\"1970-01-01T01:00:01.5+01:00\""),
     NULL, 1000},
    {CREDENTIAL("\"token\":\"t\",\"expirationTimestamp\":\"1970-01-01T00:00:01-00:30\""), NULL,
     1801000},
    {CREDENTIAL("\"token\":\"t\",\"expirationTimestamp\":null"), NULL, 0},
    {CREDENTIAL("\"token\":\"t\",\"expirationTimestamp\":\"soon\""), "is no time", 0},
    {CREDENTIAL("\"token\":\"t\",\"expirationTimestamp\":\"1970-13-01T00:00:01Z\""),
     "is no time", 0},
    {CREDENTIAL("\"token\":\"t\",\"expirationTimestamp\":\"1970-01-01T00:00:01+9:00\""),
     "is no time", 0},
    {CREDENTIAL(""), "neither", 0},
    {CREDENTIAL("\"token\":\"\""), "neither", 0},
    {CREDENTIAL("\"token\":7"), "neither", 0},
    {CREDENTIAL("\"clientCertificateData\":\"C\""), "one of", 0},
    {"{\"apiVersion\":\"client.authentication.k8s.io/v1beta1\",\"kind\":\"ExecCredential\","
     "\"status\":{\"token\":\"t\"}}",
     "v1beta1", 0},
    {"{\"apiVersion\":\"" V1 "\",\"kind\":\"Pod\"}", "no ExecCredential", 0},
    {"{\"apiVersion\":\"" V1 "\",\"kind\":\"ExecCredential\"}", "neither", 0},
    {"[]", "no ExecCredential", 0},
    {"", "no ExecCredential", 0},
};

static void what_a_program_gives_is_checked(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(credentials_given); i++) {
        struct error err = {0};
        struct exec_credential made = {0};
        const char *text = credentials_given[i].text;
        int rc = exec_credential_decode(&made, text, strlen(text), V1, &err);
        if (credentials_given[i].why == NULL) {
            check_ok(rc, &err);
            assert_true(made.expires_unix_ms == credentials_given[i].expires_unix_ms);
        } else {
            assert_int_equal(rc, -1);
            assert_int_equal(err.kind, ERROR_PEER);
            check_contains(err.text, credentials_given[i].why);
        }
        exec_credential_release(&made);
    }
}

static struct identity get(struct credentials *c)
{
    struct error err = {0};
    struct identity identity = {0};
    enum credentials_state state = CREDENTIALS_WAIT;
    uint64_t until = clock_now_ms() + PATIENCE_MS;
    while (state == CREDENTIALS_WAIT && clock_now_ms() < until) {
        int fd[2] = {-1, -1};
        uint64_t deadline = 0;
        size_t n = credentials_fds(c, fd, &deadline);
        struct pollfd wait[2] = {{.fd = fd[0], .events = POLLIN},
                                 {.fd = fd[1], .events = POLLIN}};
        (void)poll(wait, n, n == 0 ? 0 : 1000);
        state = credentials_get(c, &identity, &err);
    }
    check_ok(state == CREDENTIALS_READY ? 0 : -1, &err);
    return identity;
}

static size_t count_runs(const struct script *s)
{
    struct buffer path = {0};
    struct buffer runs = {0};
    buffer_printf(&path, "%s.runs", s->path);
    struct error err = {0};
    check_ok(file_read(buffer_string(&path), 4096, &runs, &err), &err);
    size_t n = runs.size;
    buffer_release(&path);
    buffer_release(&runs);
    return n;
}

static void a_program_is_run_again_when_refused_and_not_before(void **state)
{
    (void)state;
    struct error err = {0};
    struct script s;
    uint32_t wait_ms = 0;
    script_init(&s,
                "#!/bin/sh\nprintf x >>\"$0.runs\"\necho '" CREDENTIAL(
                    "\"token\":\"t\",\"expirationTimestamp\":\"9999-01-01T00:00:00Z\"") "'\n");
    struct credentials *c = credentials_create(&s.config, &err);
    struct identity first = get(c);
    assert_string_equal(first.authorization, "Authorization: Bearer t");
    assert_true(get(c).generation == first.generation);
    assert_int_equal(count_runs(&s), 1);
    assert_true(credentials_refused(c, first.generation, &wait_ms));
    struct identity second = get(c);
    assert_true(second.generation != first.generation);
    assert_int_equal(count_runs(&s), 2);
    /* Another request that was sent with the first ones is refused later: no reason to run it. */
    assert_true(credentials_refused(c, first.generation, &wait_ms));
    assert_true(get(c).generation == second.generation);
    assert_int_equal(count_runs(&s), 2);
    credentials_destroy(c);
    script_release(&s);
}

static void a_token_file_is_met_as_it_is_now(void **state)
{
    (void)state;
    struct error err = {0};
    struct identity identity = {0};
    char *folder = check_make_folder();
    char *path = file_join(folder, "token");
    struct kubeconfig config = {.token_path = path};
    struct credentials *c = credentials_create(&config, &err);
    assert_int_equal(credentials_get(c, &identity, &err), CREDENTIALS_FAILED);
    check_contains(err.text, path);
    static const char *const wrong[] = {"", "\n", "two words", "a\nb", "\x01"};
    for (size_t i = 0; i < ARRAY_LENGTH(wrong); i++) {
        check_ok(file_write(path, 0600, wrong[i], strlen(wrong[i]), &err), &err);
        assert_int_equal(credentials_get(c, &identity, &err), CREDENTIALS_FAILED);
    }
    check_ok(file_write(path, 0600, "one\n", 4, &err), &err);
    struct identity first = get(c);
    assert_string_equal(first.authorization, "Authorization: Bearer one");
    check_ok(file_write(path, 0600, "two", 3, &err), &err);
    struct identity second = get(c);
    assert_string_equal(second.authorization, "Authorization: Bearer two");
    assert_true(second.generation != first.generation);
    assert_int_equal(unlink(path), 0); /* for a moment, while it is replaced */
    assert_string_equal(get(c).authorization, "Authorization: Bearer two");
    credentials_destroy(c);
    free(path);
    check_remove_folder(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_program_gives_a_token),
        cmocka_unit_test(words_arrive_as_they_are_and_no_shell_sees_them),
        cmocka_unit_test(a_program_that_fails_is_named),
        cmocka_unit_test(a_child_that_goes_on_is_not_waited_for),
        cmocka_unit_test(one_that_hangs_is_ended_with_its_children),
        cmocka_unit_test(a_missing_program_is_told_with_its_hint),
        cmocka_unit_test(what_a_program_gives_is_checked),
        cmocka_unit_test(a_program_is_run_again_when_refused_and_not_before),
        cmocka_unit_test(a_token_file_is_met_as_it_is_now),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
