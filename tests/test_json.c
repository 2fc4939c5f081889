/* SPDX-License-Identifier: Apache-2.0 */
/* test_json.c - claims about base/json.h */
#include "base/json.h"

#include <float.h>
#include <math.h>

#include "base/file.h"
#include "tests/support/check.h"

enum { LIMIT = 1 << 20 };

static json_t *parse(const char *text, struct error *err)
{
    return json_parse(text, strlen(text), LIMIT, err);
}

static double double_of(uint64_t bits)
{
    double value = 0;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static void check_number(double value, const char *expected)
{
    struct buffer out = {0};
    json_write_number(value, &out);
    assert_string_equal(buffer_string(&out), expected);
    buffer_release(&out);
}

/* RFC 8785, appendix B. */
static void numbers_are_written_as_the_rfc_publishes_them(void **state)
{
    (void)state;
    static const struct {
        uint64_t bits;
        const char *text;
    } cases[] = {
        {0x0000000000000000, "0"},
        {0x8000000000000000, "0"},
        {0x0000000000000001, "5e-324"},
        {0x8000000000000001, "-5e-324"},
        {0x7fefffffffffffff, "1.7976931348623157e+308"},
        {0xffefffffffffffff, "-1.7976931348623157e+308"},
        {0x4340000000000000, "9007199254740992"},
        {0xc340000000000000, "-9007199254740992"},
        {0x4430000000000000, "295147905179352830000"},
        {0x44b52d02c7e14af5, "9.999999999999997e+22"},
        {0x44b52d02c7e14af6, "1e+23"},
        {0x44b52d02c7e14af7, "1.0000000000000001e+23"},
        {0x444b1ae4d6e2ef4e, "999999999999999700000"},
        {0x444b1ae4d6e2ef4f, "999999999999999900000"},
        {0x444b1ae4d6e2ef50, "1e+21"},
        {0x3eb0c6f7a0b5ed8c, "9.999999999999997e-7"},
        {0x3eb0c6f7a0b5ed8d, "0.000001"},
        {0x41b3de4355555553, "333333333.3333332"},
        {0x41b3de4355555554, "333333333.33333325"},
        {0x41b3de4355555555, "333333333.3333333"},
        {0x41b3de4355555556, "333333333.3333334"},
        {0x41b3de4355555557, "333333333.33333343"},
        {0xbecbf647612f3696, "-0.0000033333333333333333"},
        {0x43143ff3c1cb0959, "1424953923781206.2"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        check_number(double_of(cases[i].bits), cases[i].text);
    }
}

/* Where the doubles above lie twice as far apart as those below, the nearest decimal of the
 * fewest digits may read back as the neighbour. */
static void powers_of_two_get_their_fewest_digits(void **state)
{
    (void)state;
    check_number(0x1p-44, "5.684341886080802e-14");
    check_number(0x1p-1022, "2.2250738585072014e-308");
    check_number(0x1p-1074, "5e-324");
    check_number(0x1p63, "9223372036854776000");
}

static bool reads_back(double value, int digits)
{
    char text[64];
    (void)snprintf(text, sizeof text, "%.*e", digits - 1, value);
    return strtod(text, NULL) == value;
}

static int count_digits(const char *text)
{
    int n = 0;
    bool leading = true;
    int zeros = 0; /* at the end: they only hold the place in 1230000 */
    for (; *text != '\0' && *text != 'e'; text++) {
        bool digit = *text >= '0' && *text <= '9';
        leading = leading && (!digit || *text == '0');
        n += digit && !leading ? 1 : 0;
        zeros = *text == '0' ? zeros + 1 : zeros * !digit;
    }
    return n - zeros;
}

static void any_double_reads_back_and_no_shorter_text_would(void **state)
{
    (void)state;
    uint64_t random = 88172645463325252U; /* Marsaglia's xorshift64 */
    for (int i = 0; i < 20000; i++) {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        double value = double_of(random);
        if (!isfinite(value)) {
            continue;
        }
        struct buffer out = {0};
        json_write_number(value, &out);
        const char *text = buffer_string(&out);
        assert_true(strtod(text, NULL) == value);
        int digits = count_digits(text);
        assert_true(digits == 1 || !reads_back(value, digits - 1));
        buffer_release(&out);
    }
}

static void check_canonical(const char *text, const char *expected)
{
    struct error err = {0};
    struct buffer out = {0};
    json_t *value = parse(text, &err);
    check_ok(value == NULL ? -1 : 0, &err);
    check_ok(json_write_canonical(value, &out, &err), &err);
    assert_string_equal(buffer_string(&out), expected);
    buffer_release(&out);
    json_decref(value);
}

static void the_canonical_form_is_the_rfcs(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *canonical;
    } cases[] = {
        /* RFC 8785, 3.2.2 and 3.2.4 */
        {"{ \"numbers\": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],"
         "\"string\": \"\\u20ac$\\u000F\\u000aA'\\u0042\\u0022\\u005c\\\\\\\"\\/\","
         "\"literals\": [null, true, false] }",
         "{\"literals\":[null,true,false],\"numbers\":[333333333.3333333,1e+30,4.5,0.002,1e-27]"
         ","
         "\"string\":\"\xE2\x82\xAC$\\u000f\\nA'B\\\"\\\\\\\\\\\"/\"}"},
        /* RFC 8785, 3.2.3: U+1F600 sorts before U+FB33, by its surrogates */
        {"{\"\\u20ac\":\"Euro Sign\",\"\\r\":\"Carriage Return\",\"\\ufb33\":\"Hebrew Letter\","
         "\"1\":\"One\",\"\\ud83d\\ude00\":\"Emoji\",\"\\u0080\":\"Control\","
         "\"\\u00f6\":\"Latin\"}",
         "{\"\\r\":\"Carriage Return\",\"1\":\"One\",\"\xC2\x80\":\"Control\","
         "\"\xC3\xB6\":\"Latin\",\"\xE2\x82\xAC\":\"Euro Sign\","
         "\"\xF0\x9F\x98\x80\":\"Emoji\",\"\xEF\xAC\xB3\":\"Hebrew Letter\"}"},
        {"{\"b\":1,\"a\":2,\"ab\":3,\"\":4,\"A\":5}",
         "{\"\":4,\"A\":5,\"a\":2,\"ab\":3,\"b\":1}"},
        {"\"\\b\\t\\n\\f\\r\\u0001\\u001f\\u007f\"", "\"\\b\\t\\n\\f\\r\\u0001\\u001f\x7f\""},
        {" [ ] ", "[]"},
        {"{ }", "{}"},
        {"[[{}]]", "[[{}]]"},
        {"9223372036854775807", "9223372036854775807"}, /* exact beyond 2^53 */
        {"-9223372036854775807", "-9223372036854775807"},
        {"9223372036854775808", "9223372036854776000"}, /* beyond 64 bits: a real */
        {"[295147905179352830000,-99999999999999999999,\"9999999999999999999999\"]",
         "[295147905179352830000,-100000000000000000000,\"9999999999999999999999\"]"},
        {"5.0", "5"},
        {"-0.0", "0"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        check_canonical(cases[i].text, cases[i].canonical);
        check_canonical(cases[i].canonical, cases[i].canonical);
    }
}

static void the_pretty_form_keeps_the_order_of_keys(void **state)
{
    (void)state;
    struct error err = {0};
    struct buffer out = {0};
    json_t *value = parse("{\"b\":0.1,\"a\":[1,{}],\"c\":[]}", &err);
    check_ok(json_write_pretty(value, &out, &err), &err);
    assert_string_equal(buffer_string(&out),
                        "{\n  \"b\": 0.1,\n  \"a\": [\n    1,\n    {}\n  ],\n"
                        "  \"c\": []\n}");
    buffer_release(&out);
    json_decref(value);
}

static void wrong_json_is_refused_with_its_place(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *why;
    } cases[] = {
        {"", "line 1"},
        {"{", "line 1"},
        {"[1,\n2,\n,]", "line 3, column 1"},
        {"{\"a\":1,\n\"a\":2}", "line 2"},
        {"[1] [2]", "end of file expected"},
        {"[1]x", "end of file expected"},
        {"\"\xff\"", "unable to decode byte"},
        {"\"\\u0000\"", "NUL"},
        {"\"\\ud800\"", "line 1"},
        {"NaN", "line 1"},
        {"01", "line 1"},
        {"[1,]", "line 1"},
        {"'a'", "line 1"},
        {"1e999", "overflow"},
        {"\"a\nb\"", "line 1"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct error err = {0};
        assert_null(parse(cases[i].text, &err));
        assert_int_equal(err.kind, ERROR_PEER);
        check_contains(err.text, cases[i].why);
    }
}

/* depth brackets, open and shut, around `inside`. The caller releases it. */
static struct buffer nested(size_t depth, const char *inside)
{
    struct buffer text = {0};
    for (size_t i = 0; i < depth; i++) {
        buffer_raw(&text, "[", 1);
    }
    buffer_raw(&text, inside, strlen(inside));
    for (size_t i = 0; i < depth; i++) {
        buffer_raw(&text, "]", 1);
    }
    return text;
}

static void nesting_is_limited_to_64(void **state)
{
    (void)state;
    static const struct {
        size_t depth;
        const char *inside;
        bool good;
    } cases[] = {
        {64, "", true},
        {65, "", false},
        {200000, "", false},
        {64, "\"[[[{{{\"", true},           /* brackets in a text are none */
        {64, "\"\\\"[[[\",\"\\\\\"", true}, /* nor behind an escaped quote */
        {64, "[],[],{}", false},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct error err = {0};
        struct buffer text = nested(cases[i].depth, cases[i].inside);
        json_t *value = json_parse(text.data, text.size, LIMIT, &err);
        assert_int_equal(value != NULL, cases[i].good);
        if (value == NULL) {
            assert_int_equal(err.kind, ERROR_PEER);
            assert_string_equal(err.text, "line 1, column 65: nested deeper than 64");
        }
        json_decref(value);
        buffer_release(&text);
    }
}

static void a_deeper_value_of_ours_is_not_written(void **state)
{
    (void)state;
    json_t *value = json_array();
    for (int i = 0; i < 64; i++) {
        value = json_pack("[o]", value);
    }
    struct error err = {0};
    struct buffer out = {0};
    assert_int_equal(json_write_canonical(value, &out, &err), -1);
    check_contains(err.text, "deeper than 64");
    buffer_release(&out);
    json_decref(value);
}

static void every_cut_of_a_document_is_refused(void **state)
{
    (void)state;
    static const char text[] = "{\"a\":[1.5e3,true,null,\"x\\u20ac\\\"\"],\"b\":{\"c\":-1}}";
    for (size_t size = 0; size + 1 < sizeof text; size++) {
        struct error err = {0};
        /* Copied to its size, so that a sanitizer sees one byte too many. */
        char *cut = malloc(size + 1);
        assert_non_null(cut);
        memcpy(cut, text, size);
        char *exact = realloc(cut, size == 0 ? 1 : size);
        assert_null(json_parse(exact, size, LIMIT, &err));
        assert_int_equal(err.kind, ERROR_PEER);
        free(exact);
    }
}

static void more_bytes_than_the_limit_are_refused(void **state)
{
    (void)state;
    struct error err = {0};
    json_t *value = json_parse("[1]", 3, 3, &err);
    assert_non_null(value);
    json_decref(value);
    assert_null(json_parse("[1]", 3, 2, &err));
    assert_string_equal(err.text, "3 bytes of JSON, more than 2");
}

static void a_files_error_names_the_file(void **state)
{
    (void)state;
    struct error err = {0};
    char *folder = check_make_folder();
    char *path = file_join(folder, "broken.json");
    check_ok(file_write(path, 0644, "[1,", 3, &err), &err);
    assert_null(json_parse_file(path, LIMIT, &err));
    check_contains(err.text, "broken.json: line 1");
    assert_null(json_parse_file(path, 2, &err));
    check_contains(err.text, "larger than 2 bytes");
    check_ok(file_write(path, 0644, "[1]", 3, &err), &err);
    json_t *value = json_parse_file(path, LIMIT, &err);
    assert_int_equal(json_array_size(value), 1);
    json_decref(value);
    free(path);
    check_remove_folder(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_are_written_as_the_rfc_publishes_them),
        cmocka_unit_test(powers_of_two_get_their_fewest_digits),
        cmocka_unit_test(any_double_reads_back_and_no_shorter_text_would),
        cmocka_unit_test(the_canonical_form_is_the_rfcs),
        cmocka_unit_test(the_pretty_form_keeps_the_order_of_keys),
        cmocka_unit_test(wrong_json_is_refused_with_its_place),
        cmocka_unit_test(nesting_is_limited_to_64),
        cmocka_unit_test(a_deeper_value_of_ours_is_not_written),
        cmocka_unit_test(every_cut_of_a_document_is_refused),
        cmocka_unit_test(more_bytes_than_the_limit_are_refused),
        cmocka_unit_test(a_files_error_names_the_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
