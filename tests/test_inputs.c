/* SPDX-License-Identifier: Apache-2.0 */
/* test_inputs.c - tests of scheduler/inputs.h */
#include <sys/stat.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/file.h"
#include "scheduler/inputs.h"
#include "tests/support/check.h"

/* The paths of inputs are absolute, so the folder is named so too. */
static int setup(void **state)
{
    char *folder = check_make_folder();
    char *here = getcwd(NULL, 0);
    assert_non_null(here);
    *state = file_join(here, folder);
    free(here);
    free(folder);
    return *state == NULL ? -1 : 0;
}

static int teardown(void **state)
{
    check_remove_folder(*state);
    return 0;
}

static void make_file(const char *folder, const char *name, const char *text)
{
    struct error err = {0};
    char *path = file_join(folder, name);
    assert_non_null(path);
    check_ok(file_write(path, 0600, text, strlen(text), &err), &err);
    free(path);
}

static void make_subfolder(const char *folder, const char *name)
{
    struct error err = {0};
    char *path = file_join(folder, name);
    assert_non_null(path);
    check_ok(file_make_folder(path, 0700, &err), &err);
    free(path);
}

/* A dataset of this folder whose samples A, B, ... have these lists of files. */
static struct dataset *make_dataset(const char *folder, const char *const *files, size_t n)
{
    struct buffer text = {0};
    struct error err = {0};
    buffer_printf(&text, "analysis: dimuon\nsamples:\n");
    for (size_t i = 0; i < n; i++) {
        buffer_printf(&text, "  - {name: %c, kind: data, files: %s}\n", (char)('A' + i),
                      files[i]);
    }
    char *path = file_join(folder, "RUN.yaml");
    assert_non_null(path);
    struct dataset *d = dataset_parse(path, text.data, text.size, &err);
    check_ok(d == NULL ? -1 : 0, &err);
    free(path);
    buffer_release(&text);
    return d;
}

static int find(const char *folder, const char *const *files, size_t n, struct inputs *in,
                struct error *err)
{
    struct dataset *d = make_dataset(folder, files, n);
    int rc = inputs_find(in, d, err);
    dataset_destroy(d);
    return rc;
}

static void check_path(const struct inputs *in, size_t index, const char *folder,
                       const char *name)
{
    char *path = file_join(folder, name);
    assert_string_equal(in->input[index].path, path);
    free(path);
}

static void files_come_by_sample_and_path(void **state)
{
    const char *folder = *state;
    static const char *const names[] = {"b.h5", "a.h5", "B.h5", "a10.h5", "a9.h5", "z.h5"};
    for (size_t i = 0; i < ARRAY_LENGTH(names); i++) {
        make_file(folder, names[i], names[i]);
    }
    static const char *const files[] = {"[z.h5]", "[\"[bB].h5\", \"a*.h5\"]"};
    struct inputs in;
    struct error err = {0};
    check_ok(find(folder, files, 2, &in, &err), &err);
    static const char *const expected[] = {"z.h5", "B.h5", "a.h5", "a10.h5", "a9.h5", "b.h5"};
    assert_int_equal(in.n, 6);
    for (size_t i = 0; i < 6; i++) {
        check_path(&in, i, folder, expected[i]); /* by bytes, in every language */
        assert_int_equal(in.input[i].sample, i == 0 ? 0 : 1);
        assert_int_equal(in.input[i].size, strlen(expected[i]));
        assert_true(in.input[i].mtime_ns > 1000000000LL * 1000000000);
        assert_true(in.input[i].luminosity_pb == 0);
    }
    inputs_release(&in);
}

static void a_pattern_gives_each_file_its_luminosity(void **state)
{
    const char *folder = *state;
    make_file(folder, "a1.h5", "1");
    make_file(folder, "a2.h5", "2");
    make_file(folder, "b.h5", "3");
    static const char *const files[] = {"[{pattern: \"a*.h5\", luminosity_pb: 12.5}, "
                                        "{pattern: b.h5, luminosity_pb: 3}]"};
    struct inputs in;
    struct error err = {0};
    check_ok(find(folder, files, 1, &in, &err), &err);
    assert_int_equal(in.n, 3);
    assert_true(in.input[0].luminosity_pb == 12.5);
    assert_true(in.input[1].luminosity_pb == 12.5);
    assert_true(in.input[2].luminosity_pb == 3);
    inputs_release(&in);
}

static void the_folders_name_is_no_pattern(void **state)
{
    const char *folder = *state;
    make_subfolder(folder, "2012 [new] *");
    make_subfolder(folder, "2012 n xyz"); /* what the other would match as a pattern */
    char *odd = file_join(folder, "2012 [new] *");
    make_file(odd, "a.h5", "right");
    char *other = file_join(folder, "2012 n xyz");
    make_file(other, "a.h5", "wrong!");
    static const char *const files[] = {"[\"*.h5\"]"};
    struct inputs in;
    struct error err = {0};
    check_ok(find(odd, files, 1, &in, &err), &err);
    assert_int_equal(in.n, 1);
    assert_int_equal(in.input[0].size, 5);
    inputs_release(&in);
    free(odd);
    free(other);
}

/* Makes "link.h5" (symbolic), "hard.h5" and "sub" with a link to the folder above. */
static void make_links(const char *folder)
{
    char *file = file_join(folder, "a.h5");
    char *link_path = file_join(folder, "link.h5");
    char *hard = file_join(folder, "hard.h5");
    char *sub = file_join(folder, "sub");
    make_file(folder, "a.h5", "a");
    assert_int_equal(symlink("a.h5", link_path), 0);
    assert_int_equal(link(file, hard), 0);
    assert_int_equal(symlink(".", sub), 0);
    free(file);
    free(link_path);
    free(hard);
    free(sub);
}

static void a_file_that_would_count_twice_is_refused(void **state)
{
    const char *folder = *state;
    make_links(folder);
    static const struct {
        const char *files[2];
        size_t n;
        const char *said[3];
    } cases[] = {
        {{"[a.h5, \"a.*\"]"}, 1, {"/a.h5 would count twice", "sample A", "two patterns"}},
        {{"[a.h5]", "[\"a*\"]"}, 2, {"/a.h5 would count twice", "sample A", "and in sample B"}},
        {{"[a.h5, link.h5]"}, 1, {"/a.h5 in sample A", "/link.h5 in sample A", "one file"}},
        {{"[link.h5]", "[a.h5]"}, 2, {"/link.h5 in sample A", "/a.h5 in sample B", "one file"}},
        {{"[a.h5]", "[hard.h5]"}, 2, {"/a.h5 in sample A", "/hard.h5 in sample B", "one file"}},
        {{"[a.h5, sub/a.h5]"}, 1, {"/a.h5 in sample A", "/sub/a.h5 in sample A", "one file"}},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct inputs in;
        struct error err = {0};
        assert_int_equal(find(folder, cases[i].files, cases[i].n, &in, &err), -1);
        assert_int_equal(err.kind, ERROR_INPUT);
        for (size_t k = 0; k < 3; k++) {
            check_contains(err.text, cases[i].said[k]);
        }
        assert_int_equal(in.n, 0);
        assert_null(in.input);
    }
}

static void what_is_no_input_is_refused_by_name(void **state)
{
    const char *folder = *state;
    make_file(folder, "a.h5", "a");
    make_subfolder(folder, "folder.h5");
    char *dangling = file_join(folder, "dangling.h5");
    assert_int_equal(symlink("nowhere", dangling), 0);
    char *fifo = file_join(folder, "fifo.h5");
    assert_int_equal(mkfifo(fifo, 0600), 0);
    static const struct {
        const char *files;
        const char *said[3];
    } cases[] = {
        {"[a.h5, \"b*.h5\"]", {"RUN.yaml:3: samples[0].files", "b*.h5", "no file matches"}},
        {"[missing.h5]", {"RUN.yaml:3: samples[0].files", "missing.h5", "no file matches"}},
        {"[\"nofolder/*.h5\"]", {"samples[0].files", "nofolder/*.h5", ""}},
        {"[\"dang*.h5\"]", {"samples[0].files", "dangling.h5", "No such file"}},
        {"[\"fo*.h5\"]", {"samples[0].files", "/folder.h5", "a folder, not a file"}},
        {"[fifo.h5]", {"samples[0].files", "/fifo.h5", "something special"}},
        {"[a.h5/x]", {"samples[0].files", "a.h5/x", ""}},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct inputs in;
        struct error err = {0};
        assert_int_equal(find(folder, &cases[i].files, 1, &in, &err), -1);
        assert_int_equal(err.kind, ERROR_INPUT);
        for (size_t k = 0; k < 3; k++) {
            check_contains(err.text, cases[i].said[k]);
        }
    }
    free(dangling);
    free(fifo);
}

/* Files behind a door that does not open must not be missed in silence. */
static void a_folder_that_cannot_be_read_is_refused(void **state)
{
    const char *folder = *state;
    make_subfolder(folder, "open");
    make_subfolder(folder, "shut");
    char *open_folder = file_join(folder, "open");
    char *shut = file_join(folder, "shut");
    make_file(open_folder, "a.h5", "a");
    make_file(shut, "b.h5", "b");
    assert_int_equal(chmod(shut, 0), 0);
    struct inputs in;
    struct error err = {0};
    static const char *const files[] = {"[\"*/*.h5\"]"};
    int rc = find(folder, files, 1, &in, &err);
    assert_int_equal(chmod(shut, 0700), 0);
    free(open_folder);
    free(shut);
    if (geteuid() == 0) { /* for whom every door opens */
        inputs_release(&in);
        skip();
    }
    assert_int_equal(rc, -1);
    assert_int_equal(err.kind, ERROR_INPUT);
}

#define FOLDER_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        FOLDER_TEST(files_come_by_sample_and_path),
        FOLDER_TEST(a_pattern_gives_each_file_its_luminosity),
        FOLDER_TEST(the_folders_name_is_no_pattern),
        FOLDER_TEST(a_file_that_would_count_twice_is_refused),
        FOLDER_TEST(what_is_no_input_is_refused_by_name),
        FOLDER_TEST(a_folder_that_cannot_be_read_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
