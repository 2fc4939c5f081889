/* SPDX-License-Identifier: Apache-2.0 */
/* test_keeper.c - claims about scheduler/keeper.h's patience, tail.h, relayed.h's check and
 * clean.h's folder. Keepers at work are in system/test_tend.py. */
#include "scheduler/keeper.h"

#include <fcntl.h>
#include <unistd.h>

#include "base/file.h"
#include "scheduler/clean.h"
#include "scheduler/relayed.h"
#include "scheduler/tail.h"
#include "tests/support/check.h"

static void only_trouble_and_signals_are_tried_again_ever_more_slowly(void **state)
{
    (void)state;
    static const int final[] = {0, 2, 3};
    static const int passing[] = {4, 128 + 9, 128 + 15, 128 + 11};
    static const uint32_t waits[] = {1000, 2000, 4000, 8000, 16000, 32000, 60000, 60000};
    for (size_t i = 0; i < ARRAY_LENGTH(final); i++) {
        assert_int_equal(keeper_wait_after(final[i], 8000, 10), 0);
    }
    for (size_t i = 0; i < ARRAY_LENGTH(passing); i++) {
        uint32_t wait = 0;
        for (size_t k = 0; k < ARRAY_LENGTH(waits); k++) {
            wait = keeper_wait_after(passing[i], wait, 10);
            assert_int_equal(wait, waits[k]);
        }
        assert_int_equal(keeper_wait_after(passing[i], wait, 60000), 1000);
    }
}

static void trouble_is_counted_until_something_else_happens(void **state)
{
    (void)state;
    assert_int_equal(keeper_count_trouble(4, 0, 10), 1);
    assert_int_equal(keeper_count_trouble(4, 2, 59999), 3);
    assert_int_equal(keeper_count_trouble(4, 2, 60000), 1);
    assert_int_equal(keeper_count_trouble(128 + 9, 2, 10), 2);
    assert_int_equal(keeper_count_trouble(3, 2, 10), 0);
    assert_int_equal(keeper_count_trouble(0, 2, 10), 0);
}

static void a_tail_keeps_whole_lines_of_the_end(void **state)
{
    (void)state;
    struct tail t = {.most = 16};
    assert_string_equal(tail_text(&t), "");
    for (int i = 0; i < 1000; i++) {
        char line[16];
        int size = snprintf(line, sizeof line, "line %d\n", i);
        tail_add(&t, line, (size_t)size);
        assert_true(t.text.size < 2 * t.most);
    }
    assert_string_equal(tail_text(&t), "line 999\n");
    tail_add(&t, "0123456789012345678901234567890", 31);
    assert_string_equal(tail_text(&t), "5678901234567890");
    tail_clear(&t);
    tail_add(&t, "abc", 3);
    assert_string_equal(tail_text(&t), "abc");
    tail_release(&t);
}

static void commands_that_look_run_from_afar_and_no_others(void **state)
{
    (void)state;
    static const struct {
        const char *body;
        const char *refusal; /* NULL: it runs */
    } cases[] = {
        {"{\"argv\": [\"status\"]}", NULL},
        {"{\"argv\": [\"status\", \"-o\", \"json\"]}", NULL},
        {"{\"argv\": [\"plot\", \"--output-file=-\", \"--format=pdf\"]}", NULL},
        {"{\"argv\": [\"failures\", \"--order\", \"-\"]}", NULL},
        {"{\"argv\": [\"plot\", \"-O\", \"/etc/passwd\"]}", "takes only -"},
        {"{\"argv\": [\"plot\", \"-O/etc/passwd\"]}", "takes only -"},
        {"{\"argv\": [\"plot\", \"--output-f\", \"x\"]}", "takes only -"},
        {"{\"argv\": [\"failures\", \"--order\", \"x\"]}", "takes only -"},
        {"{\"argv\": [\"status\", \"/other\"]}", "one operand too many"},
        {"{\"argv\": [\"status\", \"--\", \"/other\"]}", "one operand too many"},
        {"{\"argv\": [\"plot\", \"--hist\"]}", "needs DIR"}, /* it would eat the folder */
        {"{\"argv\": [\"plot\", \"-O\"]}", "needs DIR"},
        {"{\"argv\": [\"launch\", \"x.yaml\"]}", "does not run from afar"},
        {"{\"argv\": [\"tend\"]}", "does not run from afar"},
        {"{\"argv\": [\"under\", \"1\", \"status\"]}", "does not run from afar"},
        {"{\"argv\": [\"verify\"]}", "does not run from afar"},
        {"{\"argv\": [\"rerun\"]}", "does not run from afar"},
        {"{\"argv\": [\"inspect\", \"/etc/passwd\"]}", "does not run from afar"},
        {"{\"argv\": [\"sh\", \"-c\", \"id\"]}", "unknown command"},
        {"{\"argv\": [\"status\", 7]}", "something else than words"},
        {"{\"argv\": []}", "say {\"argv\""},
        {"{\"argv\": \"status\"}", "say {\"argv\""},
        {"{}", "say {\"argv\""},
        {"{\"argv\": [\"status\"], \"env\": {}}", "say {\"argv\""},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct error err = {0};
        json_t *body = json_parse(cases[i].body, strlen(cases[i].body), 1 << 16, &err);
        check_ok(body == NULL ? -1 : 0, &err);
        const char **words = relayed_check(body, "/runs/it", &err);
        const char *refusal = cases[i].refusal == NULL ? "" : cases[i].refusal;
        assert_int_equal(words == NULL, refusal[0] != '\0');
        assert_int_equal(err.kind, words == NULL ? ERROR_INPUT : ERROR_NONE);
        check_contains(err.text, refusal);
        free(words);
        json_decref(body);
    }
}

static void put_file(const char *folder, const char *name)
{
    struct error err = {0};
    char *path = file_join(folder, name);
    check_ok(file_write(path, 0644, "x", 1, &err), &err);
    free(path);
}

static bool is_there(const char *folder, const char *name)
{
    char *path = file_join(folder, name);
    bool is = access(path, F_OK) == 0;
    free(path);
    return is;
}

static void cleaning_a_folder_leaves_the_ledger_and_what_is_not_ours(void **state)
{
    (void)state;
    static const char *const ours[] = {"result.json", "plot.svg",          "keys.json",
                                       "pods.json",   "logs/worker-0.log", "worker.json"};
    static const char *const stays[] = {"ledger.db", "run.yaml", "mine.txt", "logs/mine.log"};
    struct error err = {0};
    struct buffer out = {0};
    char *folder = check_make_folder();
    char *logs = file_join(folder, "logs");
    check_ok(file_make_folder(logs, 0755, &err), &err);
    for (size_t i = 0; i < ARRAY_LENGTH(ours); i++) {
        put_file(folder, ours[i]);
    }
    for (size_t i = 0; i < ARRAY_LENGTH(stays); i++) {
        put_file(folder, stays[i]);
    }
    check_ok(clean_folder(folder, false, &out, &err), &err);
    check_contains(buffer_string(&out), "removed   result.json\n");
    check_contains(buffer_string(&out), "left      mine.txt\n");
    for (size_t i = 0; i < ARRAY_LENGTH(ours); i++) {
        assert_false(is_there(folder, ours[i]));
    }
    for (size_t i = 0; i < ARRAY_LENGTH(stays); i++) {
        assert_true(is_there(folder, stays[i]));
    }
    check_ok(clean_folder(folder, true, &out, &err), &err);
    assert_false(is_there(folder, "ledger.db"));
    assert_true(is_there(folder, "mine.txt"));
    buffer_release(&out);
    free(logs);
    check_remove_folder(folder);
}

static void a_folder_at_which_a_scheduler_works_is_not_cleaned(void **state)
{
    (void)state;
    struct error err = {0};
    struct buffer out = {0};
    char *folder = check_make_folder();
    put_file(folder, "ledger.db");
    put_file(folder, "lock");
    put_file(folder, "result.json");
    char *path = file_join(folder, "lock");
    int fd = open(path, O_RDWR | O_CLOEXEC);
    struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    assert_int_equal(fcntl(fd, F_OFD_SETLK, &whole), 0);
    assert_int_equal(clean_folder(folder, true, &out, &err), -1);
    assert_int_equal(err.kind, ERROR_INPUT);
    check_contains(err.text, "a scheduler works");
    assert_true(is_there(folder, "result.json"));
    (void)close(fd);
    check_ok(clean_folder(folder, true, &out, &err), &err);
    assert_int_equal(access(folder, F_OK), -1);
    buffer_release(&out);
    free(path);
    free(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_trouble_and_signals_are_tried_again_ever_more_slowly),
        cmocka_unit_test(trouble_is_counted_until_something_else_happens),
        cmocka_unit_test(a_tail_keeps_whole_lines_of_the_end),
        cmocka_unit_test(commands_that_look_run_from_afar_and_no_others),
        cmocka_unit_test(cleaning_a_folder_leaves_the_ledger_and_what_is_not_ours),
        cmocka_unit_test(a_folder_at_which_a_scheduler_works_is_not_cleaned),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
