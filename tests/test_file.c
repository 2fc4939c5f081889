/* SPDX-License-Identifier: Apache-2.0 */
/* test_file.c - claims about base/file.h */
#include "base/file.h"

#include <dirent.h>
#include <unistd.h>

#include "tests/support/check.h"

static size_t count_files(const char *folder)
{
    struct dirent **names = NULL;
    int n = scandir(folder, &names, NULL, NULL);
    assert_true(n >= 2);
    for (int i = 0; i < n; i++) {
        free(names[i]);
    }
    free(names);
    return (size_t)n - 2; /* "." and ".." */
}

static void a_file_is_replaced_whole_and_leaves_nothing_beside_it(void **state)
{
    (void)state;
    struct error err = {0};
    char *folder = check_make_folder();
    char *path = file_join(folder, "result.json");
    struct buffer big = {0};
    for (int i = 0; i < 100000; i++) {
        buffer_u32(&big, (uint32_t)i);
    }
    check_ok(file_write(path, 0600, "old", 3, &err), &err);
    check_ok(file_write(path, 0600, big.data, big.size, &err), &err);
    struct stat info;
    assert_int_equal(stat(path, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0600);
    struct buffer in = {0};
    check_ok(file_read(path, big.size, &in, &err), &err);
    assert_int_equal(in.size, big.size);
    assert_memory_equal(in.data, big.data, big.size);
    assert_int_equal(count_files(folder), 1);
    buffer_release(&in);
    buffer_release(&big);
    free(path);
    check_remove_folder(folder);
}

static void reading_appends_and_fails_beyond_the_limit(void **state)
{
    (void)state;
    static const struct {
        size_t limit;
        bool good;
    } cases[] = {{0, false}, {4, false}, {5, true}, {SIZE_MAX, true}};
    struct error err = {0};
    char *folder = check_make_folder();
    char *path = file_join(folder, "five");
    check_ok(file_write(path, 0644, "12345", 5, &err), &err);
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct buffer in = {0};
        buffer_raw(&in, "before", 6);
        int rc = file_read(path, cases[i].limit, &in, &err);
        assert_int_equal(rc, cases[i].good ? 0 : -1);
        assert_string_equal(buffer_string(&in), cases[i].good ? "before12345" : "before");
        if (rc != 0) {
            assert_int_equal(err.kind, ERROR_INPUT);
            check_contains(err.text, "five: is larger than");
        }
        buffer_release(&in);
    }
    check_ok(file_write(path, 0644, NULL, 0, &err), &err);
    struct buffer in = {0};
    check_ok(file_read(path, 0, &in, &err), &err);
    assert_int_equal(in.size, 0);
    buffer_release(&in);
    free(path);
    check_remove_folder(folder);
}

static void what_cannot_be_read_is_the_users_error_with_its_path(void **state)
{
    (void)state;
    struct error err = {0};
    struct buffer in = {0};
    char *folder = check_make_folder();
    char *path = file_join(folder, "missing");
    assert_int_equal(file_read(path, 100, &in, &err), -1);
    assert_int_equal(err.kind, ERROR_INPUT);
    check_contains(err.text, "missing: cannot be opened: No such file");
    assert_int_equal(file_read(folder, 100, &in, &err), -1);
    assert_int_equal(err.kind, ERROR_INPUT);
    check_contains(err.text, "cannot be read: Is a directory");
    free(path);
    check_remove_folder(folder);
}

static void a_failed_write_leaves_the_old_and_nothing_else(void **state)
{
    (void)state;
    struct error err = {0};
    char *folder = check_make_folder();
    char *missing = file_join(folder, "no/where");
    assert_int_equal(file_write(missing, 0644, "x", 1, &err), -1);
    assert_int_equal(err.kind, ERROR_SYSTEM);
    check_contains(err.text, "no/where: cannot be written");
    char *taken = file_join(folder, "taken"); /* a folder: the rename fails */
    check_ok(file_make_folder(taken, 0755, &err), &err);
    assert_int_equal(file_write(taken, 0644, "x", 1, &err), -1);
    assert_int_equal(count_files(folder), 1);
    free(taken);
    free(missing);
    check_remove_folder(folder);
}

static void names_are_joined(void **state)
{
    (void)state;
    static const struct {
        const char *folder;
        const char *name;
        const char *path;
    } cases[] = {
        {"run", "a.json", "run/a.json"},
        {"run/", "a.json", "run/a.json"},
        {"run", "/data/a.h5", "/data/a.h5"},
        {"/", "a", "/a"},
        {".", "a", "./a"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        char *path = file_join(cases[i].folder, cases[i].name);
        assert_string_equal(path, cases[i].path);
        free(path);
    }
}

static void a_folder_is_made_once_and_not_over_a_file(void **state)
{
    (void)state;
    struct error err = {0};
    char *folder = check_make_folder();
    char *path = file_join(folder, "run");
    check_ok(file_make_folder(path, 0755, &err), &err);
    check_ok(file_make_folder(path, 0755, &err), &err);
    assert_int_equal(rmdir(path), 0);
    check_ok(file_write(path, 0644, "x", 1, &err), &err);
    assert_int_equal(file_make_folder(path, 0755, &err), -1);
    assert_int_equal(err.kind, ERROR_INPUT);
    check_contains(err.text, "a file of that name is there");
    free(path);
    path = file_join(folder, "no/where");
    assert_int_equal(file_make_folder(path, 0755, &err), -1);
    free(path);
    check_remove_folder(folder);
}

static void what_is_only_shown_takes_over_what_a_killed_writer_left(void **state)
{
    (void)state;
    char *folder = check_make_folder();
    char *path = file_join(folder, "live.json");
    char *left = file_join(folder, "live.json.tmp");
    char *missing = file_join(folder, "no/where");
    struct error err = {0};
    struct buffer in = {0};
    check_ok(file_write(left, 0600, "half of a", 9, &err), &err);
    check_ok(file_write_unsynced(path, 0644, "first", 5, &err), &err);
    check_ok(file_write_unsynced(path, 0644, "2nd", 3, &err), &err);
    check_ok(file_read(path, 100, &in, &err), &err);
    assert_string_equal(buffer_string(&in), "2nd");
    assert_int_equal(count_files(folder), 1);
    assert_int_equal(file_write_unsynced(missing, 0644, "x", 1, &err), -1);
    assert_int_equal(err.kind, ERROR_SYSTEM);
    check_contains(err.text, "no/where: cannot be written");
    buffer_release(&in);
    free(missing);
    free(left);
    free(path);
    check_remove_folder(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_is_replaced_whole_and_leaves_nothing_beside_it),
        cmocka_unit_test(reading_appends_and_fails_beyond_the_limit),
        cmocka_unit_test(what_cannot_be_read_is_the_users_error_with_its_path),
        cmocka_unit_test(a_failed_write_leaves_the_old_and_nothing_else),
        cmocka_unit_test(names_are_joined),
        cmocka_unit_test(a_folder_is_made_once_and_not_over_a_file),
        cmocka_unit_test(what_is_only_shown_takes_over_what_a_killed_writer_left),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
