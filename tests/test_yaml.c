/* SPDX-License-Identifier: Apache-2.0 */
/* test_yaml.c - claims about base/yaml.h */
#include "base/yaml.h"

#include "tests/support/check.h"

static struct yaml *parse(const char *text, struct error *err)
{
    return yaml_parse(text, strlen(text), err);
}

static struct yaml *parse_good(const char *text)
{
    struct error err = {0};
    struct yaml *root = parse(text, &err);
    check_ok(root == NULL ? -1 : 0, &err);
    return root;
}

static void a_run_file_becomes_a_tree_that_knows_its_lines(void **state)
{
    (void)state;
    struct yaml *root = parse_good("# a run\n"
                                   "analysis: higgs4l\n"
                                   "samples:\n"
                                   "  - name: 'Muons'\n"
                                   "    files: [a.h5, b.h5]\n"
                                   "  - name: H(125)\n"
                                   "empty:\n");
    assert_int_equal(root->kind, YAML_MAP);
    assert_int_equal(root->n, 3);
    assert_string_equal(root->key[1], "samples");
    assert_int_equal(root->key_line[1], 3);
    assert_string_equal(yaml_find(root, "analysis")->text, "higgs4l");
    const struct yaml *samples = yaml_find(root, "samples");
    assert_int_equal(samples->kind, YAML_LIST);
    assert_int_equal(samples->n, 2);
    assert_int_equal(samples->item[1]->line, 6);
    const struct yaml *name = yaml_find(samples->item[0], "name");
    assert_false(name->plain);
    assert_string_equal(name->text, "Muons");
    const struct yaml *files = yaml_find(samples->item[0], "files");
    assert_string_equal(files->item[1]->text, "b.h5");
    assert_int_equal(files->line, 5);
    assert_true(yaml_is_null(yaml_find(root, "empty")));
    assert_null(yaml_find(root, "missing"));
    assert_null(yaml_find(samples, "name"));
    assert_null(yaml_find(NULL, "name"));
    yaml_destroy(root);
}

static const struct {
    const char *text;
    const char *why;
} wrong_cases[] = {
    {"", "line 1: there is nothing in it"},
    {"# only a comment\n", "line 1: there is nothing in it"},
    {"a: 1\nb: [1, 2\nc: 3\n", "line 3: "},
    {"a: 1\n b: 2\n", "line 2: "},
    {"a: \"open\n", "line 2: "},
    {"\ta: 1\n", "line 1: "},
    {"a: 1\nb: 2\na: 3\n", "line 3: key 'a' a second time (first: line 1)"},
    {"x:\n  - {k: 1, k: 2}\n", "line 2: key 'k' a second time"},
    {"a: 1\n'a': 2\n", "line 2: key 'a' a second time"},
    {"? [a, b]\n: 1\n", "line 1: a key is a single word"},
    {"{a: 1}: 2\n", "line 1: a key is a single word"},
    {"a: &x 1\n", "line 1: anchors"},
    {"a: &x [1]\n", "line 1: anchors"},
    {"a: &x {b: 1}\n", "line 1: anchors"},
    {"a: 1\nb: *x\n", "line 2: aliases"},
    {"a: !!str 1\n", "line 1: tags"},
    {"a: !mine [1]\n", "line 1: tags"},
    {"a: 1\n---\nb: 2\n", "line 2: a second document"},
    {"a: \"x\\0y\"\n", "line 1: a text with a zero byte"},
    {"a: \xff\n", "line 1: "},
};

static void wrong_yaml_is_refused_with_its_line(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(wrong_cases); i++) {
        struct error err = {0};
        assert_null(parse(wrong_cases[i].text, &err));
        assert_int_equal(err.kind, ERROR_INPUT);
        check_begins(err.text, wrong_cases[i].why);
    }
}

static void nesting_is_limited_to_32(void **state)
{
    (void)state;
    static const struct {
        size_t depth;
        bool good;
    } cases[] = {{1, true}, {32, true}, {33, false}, {500, false}, {5000, false}};
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct error err = {0};
        size_t depth = cases[i].depth;
        char *text = calloc(1, 2 * depth + 1);
        assert_non_null(text);
        memset(text, '[', depth);
        memset(text + depth, ']', depth);
        struct yaml *root = parse(text, &err);
        assert_int_equal(root != NULL, cases[i].good);
        if (root == NULL) {
            assert_string_equal(err.text, "line 1: nested deeper than 32");
        }
        yaml_destroy(root);
        free(text);
    }
}

static void more_than_16_mib_are_refused(void **state)
{
    (void)state;
    struct error err = {0};
    assert_null(yaml_parse("a: 1", ((size_t)16 << 20) + 1, &err)); /* not even looked at */
    check_contains(err.text, "more than 16777216");
}

/* Anything may come of a cut file, but no crash, no leak, and a line in every error. */
static void any_cut_of_a_document_is_read_or_refused(void **state)
{
    (void)state;
    static const char text[] =
        "a: [1, {b: 'c'}, \"d\\u20ac\"]\n? e\n: |\n  f\n  g\nh: >-\n  i\n";
    for (size_t size = 0; size < sizeof text; size++) {
        struct error err = {0};
        char *cut = malloc(size + 1);
        assert_non_null(cut);
        memcpy(cut, text, size);
        char *exact = realloc(cut, size == 0 ? 1 : size);
        struct yaml *root = yaml_parse(exact, size, &err);
        if (root == NULL) {
            assert_int_equal(err.kind, ERROR_INPUT);
            check_contains(err.text, "line ");
        }
        yaml_destroy(root);
        free(exact);
    }
}

static void a_map_of_many_keys_is_read_quickly(void **state)
{
    (void)state;
    struct buffer text = {0};
    for (int i = 0; i < 50000; i++) {
        buffer_printf(&text, "key%d: %d\n", i, i);
    }
    struct error err = {0};
    struct yaml *root = yaml_parse(text.data, text.size, &err);
    assert_non_null(root);
    assert_int_equal(root->n, 50000);
    yaml_destroy(root);
    buffer_printf(&text, "key7: 1\n");
    assert_null(yaml_parse(text.data, text.size, &err));
    assert_string_equal(err.text, "line 50001: key 'key7' a second time (first: line 8)");
    buffer_release(&text);
}

static void only_whole_finite_plain_numbers_are_reals(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool good;
        double value;
    } cases[] = {
        {"0", true, 0},
        {"-1.5", true, -1.5},
        {"+2.5e-3", true, 2.5e-3},
        {".5", true, 0.5},
        {"5.", true, 5},
        {"1_000_000", true, 1e6},
        {"11_580.5", true, 11580.5},
        {"1E3", true, 1000},
        {"1e400", false, 0},
        {"1e-400", false, 0},
        {"nan", false, 0},
        {".nan", false, 0},
        {"inf", false, 0},
        {".inf", false, 0},
        {"0x10", false, 0},
        {"1_", false, 0},
        {"_1", false, 0},
        {"1__0", false, 0},
        {"1._5", false, 0},
        {"1 2", false, 0},
        {"12 GeV", false, 0},
        {"1e", false, 0},
        {".", false, 0},
        {"+", false, 0},
        {"'1'", false, 0},
        {"[1]", false, 0},
        {"{a: 1}", false, 0},
        {"", false, 0},
        {"1,5", false, 0},
        {"1.2.3", false, 0},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct error err = {0};
        struct buffer text = {0};
        buffer_printf(&text, "a:\n  b: %s\n", cases[i].text);
        struct yaml *root = yaml_parse(text.data, text.size, &err);
        check_ok(root == NULL ? -1 : 0, &err);
        double value = -77;
        int rc = yaml_real(yaml_find(yaml_find(root, "a"), "b"), &value, &err);
        assert_int_equal(rc, cases[i].good ? 0 : -1);
        assert_true(value == (cases[i].good ? cases[i].value : -77));
        if (rc != 0) {
            check_contains(err.text, "line 2: '");
        }
        yaml_destroy(root);
        buffer_release(&text);
    }
}

static void only_digits_are_counts(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool good;
        unsigned long long value;
    } cases[] = {
        {"0", true, 0},
        {"299_973", true, 299973},
        {"18446744073709551615", true, UINT64_MAX},
        {"18446744073709551616", false, 0},
        {"-1", false, 0},
        {"+1", false, 0},
        {"1.0", false, 0},
        {"1e3", false, 0},
        {"\"1\"", false, 0},
        {"~", false, 0},
        {"one", false, 0},
        {"[]", false, 0},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct error err = {0};
        struct yaml *root = parse_good(cases[i].text);
        unsigned long long value = 77;
        int rc = yaml_count(root, &value, &err);
        assert_int_equal(rc, cases[i].good ? 0 : -1);
        assert_true(value == (cases[i].good ? cases[i].value : 77));
        if (rc != 0) {
            check_contains(err.text, "is not a count");
        }
        yaml_destroy(root);
    }
}

static void only_true_and_false_are_booleans(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool good;
        bool value;
    } cases[] = {
        {"true", true, true}, {"false", true, false}, {"yes", false, false},
        {"on", false, false}, {"True", false, false}, {"'true'", false, false},
        {"1", false, false},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct error err = {0};
        struct yaml *root = parse_good(cases[i].text);
        bool value = false;
        assert_int_equal(yaml_bool(root, &value, &err), cases[i].good ? 0 : -1);
        assert_int_equal(value, cases[i].value);
        yaml_destroy(root);
    }
}

static void a_tree_becomes_json(void **state)
{
    (void)state;
    struct error err = {0};
    struct yaml *root =
        parse_good("b: [1, -2, 1_000, 2.5, true, false, ~, null, ]\n"
                   "a: {x: '1', y: 2012C, z: 99999999999999999999, w: no}\nc:\n");
    json_t *value = yaml_to_json(root);
    struct buffer out = {0};
    check_ok(json_write_canonical(value, &out, &err), &err);
    assert_string_equal(buffer_string(&out),
                        "{\"a\":{\"w\":\"no\",\"x\":\"1\",\"y\":\"2012C\","
                        "\"z\":100000000000000000000},"
                        "\"b\":[1,-2,1000,2.5,true,false,null,null],\"c\":null}");
    buffer_release(&out);
    json_decref(value);
    yaml_destroy(root);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_run_file_becomes_a_tree_that_knows_its_lines),
        cmocka_unit_test(wrong_yaml_is_refused_with_its_line),
        cmocka_unit_test(nesting_is_limited_to_32),
        cmocka_unit_test(more_than_16_mib_are_refused),
        cmocka_unit_test(any_cut_of_a_document_is_read_or_refused),
        cmocka_unit_test(a_map_of_many_keys_is_read_quickly),
        cmocka_unit_test(only_whole_finite_plain_numbers_are_reals),
        cmocka_unit_test(only_digits_are_counts),
        cmocka_unit_test(only_true_and_false_are_booleans),
        cmocka_unit_test(a_tree_becomes_json),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
