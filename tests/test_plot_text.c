/* SPDX-License-Identifier: Apache-2.0 */
/* test_plot_text.c - escaping and markup of the text in a plot. */
#include "scheduler/plot_text.h"

#include <math.h>

#include "base/size.h"
#include "tests/support/check.h"

static void broken_utf_8_becomes_the_replacement_character(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *written;
    } cases[] = {
        {"a\xFF"
         "b",
         "a\xEF\xBF\xBD"
         "b"},
        {"a\xE2\x82", "a\xEF\xBF\xBD\xEF\xBF\xBD"},
        {"\xC0\x80", "\xEF\xBF\xBD\xEF\xBF\xBD"},
        {"\xED\xA0\x80", "\xEF\xBF\xBD"},
        {"\x1B", "\xEF\xBF\xBD"},
        {"<&>\"", "&lt;&amp;&gt;&quot;"},
        {"\xCE\xBC\xE2\x86\x92\xF0\x9D\x94\xBC", "\xCE\xBC\xE2\x86\x92\xF0\x9D\x94\xBC"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct buffer out = {0};
        plot_text_escape(&out, cases[i].text);
        assert_string_equal(buffer_string(&out), cases[i].written);
        buffer_release(&out);
    }
}

static void an_exponent_is_raised(void **state)
{
    (void)state;
    struct plot_text where = {.size = 20, .anchor = "start"};
    static const struct {
        const char *text;
        const char *content;
    } cases[] = {
        {"fb^-1 (8 TeV)", ">fb<tspan dy=\"-7.6\" font-size=\"14\">\xE2\x88\x92"
                          "1</tspan><tspan dy=\"7.6\"> (8 TeV)</tspan></text>"},
        {"m_{4l}", ">m<tspan dy=\"4.4\" font-size=\"14\">4l</tspan></text>"},
        {"Run_2012 ^", ">Run_2012 ^</text>"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct buffer out = {0};
        plot_text_write(&out, &where, cases[i].text);
        check_contains(buffer_string(&out), cases[i].content);
        buffer_release(&out);
    }
}

/* DejaVu Sans' own advance widths: W 0.989, i 0.278, 1 0.636; raised parts are 0.7 as large. */
static void widths_are_those_of_the_font(void **state)
{
    (void)state;
    assert_true(plot_text_width("", 10) == 0);
    assert_true(fabs(plot_text_width("Wi", 100) - 126.7) < 1e-9);
    assert_true(fabs(plot_text_width("1^1", 100) - 63.6 * 1.7) < 1e-9);
}

static void text_beyond_its_limit_ends_in_an_ellipsis(void **state)
{
    (void)state;
    struct plot_text where = {.size = 10, .anchor = "start", .limit = 40};
    struct buffer out = {0};
    plot_text_write(&out, &where, "WWWWWWWW");
    check_contains(buffer_string(&out), ">WWW\xE2\x80\xA6</text>");
    buffer_clear(&out);
    plot_text_write(&out, &where, "WWWW");
    check_contains(buffer_string(&out), ">WWWW</text>");
    buffer_release(&out);
}

static void numbers_are_as_short_as_people_write_them(void **state)
{
    (void)state;
    static const struct {
        double value;
        const char *text;
    } cases[] = {{3, "3"},         {0.1 + 0.2, "0.3"},      {0.2, "0.2"}, {-2.5, "-2.5"},
                 {1e-12, "1e-12"}, {1e12, "1000000000000"}, {0, "0"},     {NAN, "0"}};
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct buffer out = {0};
        plot_text_number(&out, cases[i].value);
        assert_string_equal(buffer_string(&out), cases[i].text);
        buffer_release(&out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(broken_utf_8_becomes_the_replacement_character),
        cmocka_unit_test(an_exponent_is_raised),
        cmocka_unit_test(widths_are_those_of_the_font),
        cmocka_unit_test(text_beyond_its_limit_ends_in_an_ellipsis),
        cmocka_unit_test(numbers_are_as_short_as_people_write_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
