/* SPDX-License-Identifier: Apache-2.0 */
/* test_yaml_write.c - claims about base/yaml_write.h */
#include "base/yaml_write.h"

#include "base/yaml.h"
#include "tests/support/check.h"

static void check_written(const json_t *value, const char *expected)
{
    struct error err = {0};
    struct buffer text = {0};
    check_ok(yaml_write(value, &text, &err), &err);
    assert_string_equal(buffer_string(&text), expected);
    buffer_release(&text);
}

/* The value, written and read again. */
static json_t *read_back(const json_t *value)
{
    struct error err = {0};
    struct buffer text = {0};
    check_ok(yaml_write(value, &text, &err), &err);
    struct yaml *tree = yaml_parse(text.data, text.size, &err);
    check_ok(tree == NULL ? -1 : 0, &err);
    json_t *read = yaml_to_json(tree);
    yaml_destroy(tree);
    buffer_release(&text);
    return read;
}

static void an_object_is_laid_out_in_its_order(void **state)
{
    (void)state;
    json_t *value = json_pack("{s:s, s:[s, i, {s:b, s:n}], s:{}, s:[]}", "kind", "Job", "args",
                              "run", 5, "yes", 1, "none", "empty", "nothing");
    check_written(value, "kind: Job\n"
                         "args:\n"
                         "- run\n"
                         "- 5\n"
                         "- 'yes': true\n"
                         "  none: null\n"
                         "empty: {}\n"
                         "nothing: []\n");
    json_decref(value);
}

static void texts_of_several_lines_are_blocks(void **state)
{
    (void)state;
    json_t *value =
        json_pack("{s:s, s:s}", "run.yaml", "a: 1\n# b\n\n  c: [2]\n", "cut", "x\ny");
    check_written(value, "run.yaml: |\n"
                         "  a: 1\n"
                         "  # b\n"
                         "\n"
                         "    c: [2]\n"
                         "cut: |-\n"
                         "  x\n"
                         "  y\n");
    json_decref(value);
}

/* What a reader of YAML 1.1 takes for something else; quoted, whatever 1.2 says. */
static const char *const ambiguous[] = {
    "",      "~",          "null",
    "Null",  "NULL",       "true",
    "False", "yes",        "No",
    "on",    "OFF",        "y",
    "N",     "0",          "-1",
    "+1",    "0x1",        "0o7",
    "0b1",   "1_000",      "1e3",
    "1.5",   ".5",         "-.5",
    "+.inf", "-.inf",      ".nan",
    ".NaN",  "1:30",       "=",
    "<<",    "2001-01-01", "2001-01-01T00:00:00Z",
    "1.0.0", "012",        "0.",
    "1E400",
};

/* What only syntax can spoil. */
static const char *const awkward[] = {
    "a: b",
    "# x",
    "a # b",
    "- a",
    "-",
    "--run",
    "? a",
    ": a",
    "[a]",
    "{a: 1}",
    "a, b",
    "&a",
    "*a",
    "!a",
    "|",
    ">",
    "%a",
    "@a",
    "`a`",
    "'a'",
    "\"a\"",
    "it's",
    " a",
    "a ",
    "\ta",
    "a\tb",
    "a\n",
    "\na",
    "a\n\n",
    "\n",
    "\n\n",
    " \n",
    "a\n ",
    " a\n b\n",
    "a\n  b\nc\n\n\n",
    "a\r\nb",
    "a\rb",
    "\x01",
    "\x7f",
    "---",
    "...",
    "--- a",
    "a\n---\nb",
    "a\n...\nb",
    "# a\nb",
    "a\n# b\n",
    "\xc2\x85",
    "a\302\205b",
    "\357\273\277a",
    "\xc3\xa9",
    "Z\xce\xb3*",
    "\xf0\x9f\x98\x80",
    "\xe2\x80\xa8",
    "a\xe2\x80\xa9\nb",
    "\\n",
    "a\\b\n\"c\"\n",
    "key: |\n  x\n",
    "tab\t\nend",
    "x \ny",
};

static void check_text(const char *text)
{
    json_t *value =
        json_pack("{s:s, s:[s], s:{s:{s:s}}}", text, text, "list", text, "a", "b", "c", text);
    json_t *read = read_back(value);
    if (!json_equal(value, read)) {
        struct buffer shown = {0};
        assert_int_equal(yaml_write(value, &shown, NULL), 0);
        fail_msg("'%s' comes back as something else:\n%s", text, buffer_string(&shown));
    }
    json_decref(read);
    json_decref(value);
}

static void every_text_comes_back_as_itself(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(ambiguous); i++) {
        check_text(ambiguous[i]);
    }
    for (size_t i = 0; i < ARRAY_LENGTH(awkward); i++) {
        check_text(awkward[i]);
    }
}

static void ambiguous_texts_are_quoted(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(ambiguous); i++) {
        json_t *value = json_string(ambiguous[i]);
        struct buffer expected = {0};
        buffer_printf(&expected, "'%s'\n", ambiguous[i]);
        check_written(value, buffer_string(&expected));
        buffer_release(&expected);
        json_decref(value);
    }
}

static void numbers_come_back_as_the_same_kind(void **state)
{
    (void)state;
    static const struct {
        double value;
        const char *text;
    } cases[] = {
        {5, "5.0\n"},           {0.1, "0.1\n"},         {1e21, "1.0e+21\n"},
        {-2.5e-9, "-2.5e-9\n"}, {1e-300, "1.0e-300\n"}, {0, "0.0\n"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        json_t *value = json_real(cases[i].value);
        check_written(value, cases[i].text);
        json_t *read = read_back(value);
        assert_true(json_equal(value, read));
        json_decref(read);
        json_decref(value);
    }
    json_t *integer = json_integer(INT64_MIN);
    check_written(integer, "-9223372036854775808\n");
    json_decref(integer);
}

static json_t *nested(int depth)
{
    json_t *value = json_array();
    for (int i = 1; i < depth; i++) {
        value = json_pack("[o]", value);
    }
    return value;
}

static void what_the_reader_would_refuse_is_not_written(void **state)
{
    (void)state;
    json_t *deepest = nested(32);
    json_t *read = read_back(deepest);
    assert_true(json_equal(deepest, read));
    json_decref(read);
    json_decref(deepest);

    json_t *deeper = nested(33);
    struct buffer text = {0};
    struct error err = {0};
    assert_int_equal(yaml_write(deeper, &text, &err), -1);
    assert_string_equal(err.text, "YAML nested deeper than 32");
    buffer_release(&text);
    json_decref(deeper);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_object_is_laid_out_in_its_order),
        cmocka_unit_test(texts_of_several_lines_are_blocks),
        cmocka_unit_test(every_text_comes_back_as_itself),
        cmocka_unit_test(ambiguous_texts_are_quoted),
        cmocka_unit_test(numbers_come_back_as_the_same_kind),
        cmocka_unit_test(what_the_reader_would_refuse_is_not_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
