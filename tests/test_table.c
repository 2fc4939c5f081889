/* SPDX-License-Identifier: Apache-2.0 */
/* test_table.c - tables of text, and numbers and names as people read them (human.h). */
#include "tests/support/check.h"

#include "scheduler/human.h"
#include "scheduler/table.h"

static void check_text(struct buffer *out, const char *expected)
{
    assert_string_equal(buffer_string(out), expected);
    buffer_clear(out);
}

static void columns_are_aligned(void **state)
{
    (void)state;
    struct table t = {.align = "lrl"};
    struct buffer out = {0};
    static const char *const cells[] = {"name", "n", "what", "m(4\xe2\x84\x93)", "12", "",
                                        "x",    "3", "y"};
    for (size_t i = 0; i < ARRAY_LENGTH(cells); i++) {
        table_add(&t, "%s", cells[i]);
    }
    table_write(&t, 2, &out);
    check_text(&out, "  name    n  what\n"
                     "  m(4\xe2\x84\x93)  12\n"
                     "  x       3  y\n");
    table_release(&t);
    table_write(&t, 2, &out); /* nothing left in it */
    assert_int_equal(out.size, 0);
    buffer_release(&out);
}

static void what_is_too_wide_is_cut_in_its_middle(void **state)
{
    (void)state;
    struct table t = {.align = "lr"};
    struct buffer out = {0};
    char name[200];
    memset(name, 'a', sizeof name);
    name[0] = '<';
    name[sizeof name - 2] = '>';
    name[sizeof name - 1] = '\0';
    table_add(&t, "%s", name);
    table_add_count(&t, 1234567);
    table_write(&t, 0, &out);
    assert_int_equal(out.size, TABLE_WIDTH + 1);
    check_begins(buffer_string(&out), "<aaa");
    check_contains(buffer_string(&out), "a...a");
    check_contains(buffer_string(&out), "a>  1,234,567\n");
    table_release(&t);
    buffer_release(&out);
}

static void a_whole_table_is_not_cut(void **state)
{
    (void)state;
    struct buffer out = {0};
    struct table t = {.align = "l", .whole = true};
    table_add(&t, "%0*d", 2 * TABLE_WIDTH, 7);
    table_write(&t, 0, &out);
    assert_int_equal(out.size, 2 * TABLE_WIDTH + 1);
    table_release(&t);
    buffer_release(&out);
}

static void no_cell_steers_a_terminal(void **state)
{
    (void)state;
    struct table t = {.align = "l"};
    struct buffer out = {0};
    table_add(&t, "%s",
              "a\033[2Jb\nc\x7f\xc2\x9b"
              "d\xc3\xa9");
    table_write(&t, 0, &out);
    check_text(&out, "a?[2Jb?c??d\xc3\xa9\n");
    table_release(&t);
    buffer_release(&out);
}

static void counts_are_grouped(void **state)
{
    (void)state;
    static const struct {
        uint64_t n;
        const char *text;
    } cases[] = {{0, "0"},
                 {999, "999"},
                 {1234, "1234"},
                 {12345, "12,345"},
                 {123456, "123,456"},
                 {26920000, "26,920,000"},
                 {UINT64_MAX, "18,446,744,073,709,551,615"}};
    struct buffer out = {0};
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        human_count(&out, cases[i].n);
        check_text(&out, cases[i].text);
    }
    buffer_release(&out);
}

static void luminosities_have_their_unit(void **state)
{
    (void)state;
    struct buffer out = {0};
    human_luminosity(&out, 11580);
    check_text(&out, "11.58 fb^-1");
    human_luminosity(&out, 4.5);
    check_text(&out, "4.50 pb^-1");
    human_luminosity(&out, 0.00123);
    check_text(&out, "0.00123 pb^-1");
    human_luminosity_of(&out, 7132, 11580);
    check_text(&out, "7.13 of 11.58 fb^-1");
    human_luminosity_of(&out, 0, 11580);
    check_text(&out, "0.00 of 11.58 fb^-1");
    human_luminosity_range(&out, 11580, 11580);
    check_text(&out, "11.58 fb^-1");
    human_luminosity_range(&out, 4170, 6340);
    check_text(&out, "4.17 to 6.34 fb^-1");
    buffer_release(&out);
}

static void words_for_a_shell_are_quoted(void **state)
{
    (void)state;
    struct buffer out = {0};
    human_word(&out, "/data/mu_1.h5");
    check_text(&out, "/data/mu_1.h5");
    human_word(&out, "a b; rm *");
    check_text(&out, "'a b; rm *'");
    human_word(&out, "it's");
    check_text(&out, "'it'\\''s'");
    human_word(&out, "");
    check_text(&out, "''");
    buffer_release(&out);
}

static void any_bytes_become_json(void **state)
{
    (void)state;
    json_t *good = human_json("m(4\xe2\x84\x93)");
    json_t *bad = human_json("a\xff\xfe"
                             "b");
    assert_string_equal(json_string_value(good), "m(4\xe2\x84\x93)");
    assert_string_equal(json_string_value(bad), "a??b");
    json_decref(good);
    json_decref(bad);
}

static void rates_times_and_bars_are_short(void **state)
{
    (void)state;
    static const struct {
        double value;
        const char *metric;
        const char *duration;
    } cases[] = {
        {0, "0", "0:00"},
        {65, "65", "1:05"},
        {999.4, "999", "16:39"},
        {3665, "3.67 k", "1:01:05"},
        {12345, "12.3 k", "3:25:45"},
        {1234567, "1.23 M", "342:56:07"},
    };
    struct buffer out = {0};
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        human_metric(&out, cases[i].value);
        check_text(&out, cases[i].metric);
        human_duration(&out, cases[i].value);
        check_text(&out, cases[i].duration);
    }
    human_duration(&out, -1);
    check_text(&out, "0:00");
    human_bar(&out, 0.59, 5);
    check_text(&out, "[##...]");
    human_bar(&out, 1, 2);
    check_text(&out, "[##]");
    buffer_release(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rates_times_and_bars_are_short),
        cmocka_unit_test(columns_are_aligned),
        cmocka_unit_test(what_is_too_wide_is_cut_in_its_middle),
        cmocka_unit_test(a_whole_table_is_not_cut),
        cmocka_unit_test(no_cell_steers_a_terminal),
        cmocka_unit_test(counts_are_grouped),
        cmocka_unit_test(luminosities_have_their_unit),
        cmocka_unit_test(words_for_a_shell_are_quoted),
        cmocka_unit_test(any_bytes_become_json),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
