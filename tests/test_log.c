/* SPDX-License-Identifier: Apache-2.0 */
/* test_log.c - claims about base/log.h and base/clock.h */
#include "base/log.h"

#include <unistd.h>

#include "base/clock.h"
#include "tests/support/check.h"

enum { CAUGHT_SIZE = 8192 };

/* What log_line writes for this text, without the date before it. */
static void catch_line(const char *text, char out[CAUGHT_SIZE])
{
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    int kept = dup(STDERR_FILENO);
    assert_int_equal(dup2(ends[1], STDERR_FILENO), STDERR_FILENO);
    log_line("worker", "%s", text);
    assert_int_equal(dup2(kept, STDERR_FILENO), STDERR_FILENO);
    (void)close(kept);
    (void)close(ends[1]);
    ssize_t n = read(ends[0], out, CAUGHT_SIZE - 1);
    (void)close(ends[0]);
    assert_true(n > 21);
    out[n] = '\0';
    memmove(out, out + 21, (size_t)n - 20);
}

static void a_text_can_forge_no_second_line(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *line;
    } cases[] = {
        {"all is well", "worker: all is well\n"},
        {"a\nb\rc\td", "worker: a?b?c?d\n"},
        {"\x1b[2J\x07\x7f", "worker: ?[2J??\n"},
        {"\xC2\x9B"
         "2J",
         "worker: ??2J\n"}, /* U+009B steers a terminal as ESC [ does */
        {"\xC2\xB5 \xE2\x82\xAC", "worker: \xC2\xB5 \xE2\x82\xAC\n"},
        {"", "worker: \n"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        char line[CAUGHT_SIZE];
        catch_line(cases[i].text, line);
        assert_string_equal(line, cases[i].line);
    }
}

static void a_long_text_is_cut_and_ends_its_line(void **state)
{
    (void)state;
    char text[5000];
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    char line[CAUGHT_SIZE];
    catch_line(text, line);
    assert_true(strlen(line) < 4096);
    assert_string_equal(strchr(line, '\n'), "\n");
}

static void dates_are_written_in_utc(void **state)
{
    (void)state;
    static const struct {
        int64_t unix_ms;
        const char *text;
    } cases[] = {
        {0, "1970-01-01T00:00:00Z"},
        {999, "1970-01-01T00:00:00Z"},
        {-1, "1969-12-31T23:59:59Z"},
        {951782400000, "2000-02-29T00:00:00Z"},
        {1795420800000, "2026-11-23T08:00:00Z"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        char text[CLOCK_TEXT_SIZE];
        clock_text(cases[i].unix_ms, text);
        assert_string_equal(text, cases[i].text);
    }
}

static void the_clock_does_not_go_back(void **state)
{
    (void)state;
    uint64_t last = clock_now_ms();
    for (int i = 0; i < 1000; i++) {
        uint64_t now = clock_now_ms();
        assert_true(now >= last);
        last = now;
    }
    assert_true(clock_unix_ms() > 1577836800000); /* 2020 */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_text_can_forge_no_second_line),
        cmocka_unit_test(a_long_text_is_cut_and_ends_its_line),
        cmocka_unit_test(dates_are_written_in_utc),
        cmocka_unit_test(the_clock_does_not_go_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
