/* SPDX-License-Identifier: Apache-2.0 */
/* test_command.c - claims about scheduler/command.h, nearest.h, usage.h and the table of commands */
#include "scheduler/command.h"

#include "base/bytes.h"
#include "scheduler/commands/commands.h"
#include "scheduler/nearest.h"
#include "scheduler/usage.h"
#include "tests/support/check.h"

static int run_nothing(const struct invocation *invocation, struct error *err)
{
    (void)invocation;
    (void)err;
    return EXIT_COMPLETE;
}

static const struct command_option options[] = {
    {"workers", 'w', "N", "how many workers run at a time"},
    {"threads", 't', "N", "how many threads each of them has"},
    {"run-dir", 0, "DIR", "where the run is kept"},
    {"on", 0, "local|none", "what starts the workers"},
    {"dry-run", 'n', NULL, "only say what would be done"},
    COMMAND_OPTION_OUTPUT,
    {0},
};

static const struct command launch = {
    .name = "launch",
    .group = COMMAND_RUN,
    .summary = "run an analysis",
    .operands = "RUN.yaml [SHARD]",
    .min_operands = 1,
    .max_operands = 2,
    .description = "One paragraph.\n\nAnother one.",
    .options = options,
    .run = run_nothing,
};

static const struct command bare = {
    .name = "bare",
    .summary = "has nothing",
    .description = "It has nothing.",
    .run = run_nothing,
};

enum { MAX_WORDS = 8 };

/* Calls the command with the words, which end at the first NULL. */
static struct invocation *call(const struct command *command,
                               const char *const words[MAX_WORDS], struct error *err)
{
    static char text[MAX_WORDS + 1][64]; /* must outlive the invocation */
    char *argv[MAX_WORDS + 2] = {text[0]};
    (void)snprintf(text[0], sizeof text[0], "%s", command->name);
    int argc = 1;
    while (argc <= MAX_WORDS && words[argc - 1] != NULL) {
        (void)snprintf(text[argc], sizeof text[argc], "%s", words[argc - 1]);
        argv[argc] = text[argc];
        argc++;
    }
    return invocation_create(command, argc, argv, err);
}

static void options_and_operands_stand_in_any_order(void **state)
{
    (void)state;
    static const char *const cases[][MAX_WORDS] = {
        {"-w", "3", "--run-dir", "here", "-n", "a.yaml", "s1"},
        {"a.yaml", "--workers=3", "s1", "--run-dir=here", "--dry-run"},
        {"-nw3", "a.yaml", "s1", "--run-dir", "here"},
        {"--workers", "9", "-w3", "--run-dir=here", "--dry", "--", "a.yaml", "s1"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct error err = {0};
        struct invocation *invocation = call(&launch, cases[i], &err);
        check_ok(invocation == NULL ? -1 : 0, &err);
        uint64_t workers = 0;
        check_ok(invocation_count(invocation, "workers", 1, 9, &workers, &err), &err);
        assert_int_equal(workers, 3);
        assert_string_equal(invocation_option(invocation, "run-dir"), "here");
        assert_true(invocation_flag(invocation, "dry-run"));
        assert_string_equal(invocation_operand(invocation, 0), "a.yaml");
        assert_string_equal(invocation_operand(invocation, 1), "s1");
        assert_null(invocation_operand(invocation, 2));
        invocation_destroy(invocation);
    }
}

static void what_was_not_given_keeps_its_default(void **state)
{
    (void)state;
    struct error err = {0};
    struct invocation *invocation =
        call(&launch, (const char *const[MAX_WORDS]){"--", "--workers"}, &err);
    check_ok(invocation == NULL ? -1 : 0, &err);
    uint64_t workers = 42;
    check_ok(invocation_count(invocation, "workers", 1, 9, &workers, &err), &err);
    assert_int_equal(workers, 42);
    assert_null(invocation_option(invocation, "on"));
    assert_false(invocation_flag(invocation, "dry-run"));
    assert_false(invocation_wants_json(invocation));
    assert_string_equal(invocation_operand(invocation, 0), "--workers");
    invocation_destroy(invocation);
}

static void json_is_asked_for_by_the_common_option(void **state)
{
    (void)state;
    static const struct {
        const char *word;
        bool json;
    } cases[] = {{"-ojson", true}, {"--output=json", true}, {"-otext", false}};
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct error err = {0};
        struct invocation *invocation =
            call(&launch, (const char *const[MAX_WORDS]){"a.yaml", cases[i].word}, &err);
        check_ok(invocation == NULL ? -1 : 0, &err);
        assert_int_equal(invocation_wants_json(invocation), cases[i].json);
        invocation_destroy(invocation);
    }
}

static void wrong_usage_is_refused_with_a_way_out(void **state)
{
    (void)state;
    static const struct {
        const char *words[MAX_WORDS];
        const char *why;
    } cases[] = {
        {{"a.yaml", "--wrokers", "3"},
         "unknown option '--wrokers' (did you mean '--workers'?)"},
        {{"--dryrun", "a.yaml"}, "unknown option '--dryrun' (did you mean '--dry-run'?)"},
        {{"--rundir=x", "a.yaml"}, "unknown option '--rundir=x' (did you mean '--run-dir'?)"},
        {{"--zzz", "a.yaml"}, "unknown option '--zzz';"},
        {{"--o", "none", "a.yaml"}, "'--o' begins more than one option"},
        {{"a.yaml", "-x"}, "unknown option '-x'"},
        {{"a.yaml", "-nx"}, "unknown option '-x'"},
        {{"a.yaml", "--workers"}, "option '--workers' needs an argument, N"},
        {{"a.yaml", "-w"}, "option '--workers' needs an argument, N"},
        {{"a.yaml", "--dry-run=yes"}, "option '--dry-run' takes no argument"},
        {{"a.yaml", "--on", "moon"}, "option '--on' takes local|none, not 'moon'"},
        {{"a.yaml", "--on", "loca"}, "option '--on' takes local|none, not 'loca'"},
        {{"a.yaml", "--on", ""}, "option '--on' takes local|none, not ''"},
        {{NULL}, "needs RUN.yaml [SHARD]"},
        {{"a", "b", "c"}, "'c' is one operand too many"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct error err = {0};
        assert_null(call(&launch, cases[i].words, &err));
        assert_int_equal(err.kind, ERROR_INPUT);
        check_contains(err.text, "launch: ");
        check_contains(err.text, cases[i].why);
        check_contains(err.text, "; see 'picobarn launch --help'");
    }
}

static void a_count_is_a_whole_number_in_its_range(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool good;
    } cases[] = {
        {"2", true},    {"9", true},
        {"007", true},  {"1", false},
        {"10", false},  {"", false},
        {"-3", false},  {"+3", false},
        {" 3", false},  {"3 ", false},
        {"3x", false},  {"3.0", false},
        {"0x3", false}, {"18446744073709551619", false},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct error err = {0};
        struct invocation *invocation =
            call(&launch, (const char *const[MAX_WORDS]){"a.yaml", "-w", cases[i].text}, &err);
        check_ok(invocation == NULL ? -1 : 0, &err);
        uint64_t workers = 42;
        int rc = invocation_count(invocation, "workers", 2, 9, &workers, &err);
        assert_int_equal(rc, cases[i].good ? 0 : -1);
        if (rc != 0) {
            assert_int_equal(workers, 42);
            assert_int_equal(err.kind, ERROR_INPUT);
            check_contains(err.text, "option '--workers' takes a count from 2 to 9, not '");
        }
        invocation_destroy(invocation);
    }
}

static void help_demands_nothing_else(void **state)
{
    (void)state;
    static const char *const words[] = {"--help", "-h", "--he"};
    for (size_t i = 0; i < ARRAY_LENGTH(words); i++) {
        struct error err = {0};
        struct invocation *invocation =
            call(&launch, (const char *const[MAX_WORDS]){words[i]}, &err);
        check_ok(invocation == NULL ? -1 : 0, &err);
        assert_true(invocation_flag(invocation, "help"));
        invocation_destroy(invocation);
    }
}

static void a_command_without_options_takes_none(void **state)
{
    (void)state;
    struct error err = {0};
    struct invocation *invocation = call(&bare, (const char *const[MAX_WORDS]){NULL}, &err);
    assert_non_null(invocation);
    invocation_destroy(invocation);
    assert_null(call(&bare, (const char *const[MAX_WORDS]){"x"}, &err));
    assert_null(call(&bare, (const char *const[MAX_WORDS]){"--x"}, &err));
    assert_non_null(invocation = invocation_create(&bare, 0, (char *[]){NULL}, &err));
    assert_null(invocation_operand(invocation, 0));
    invocation_destroy(invocation);
}

static void words_to_choose_from_are_found_in_their_form(void **state)
{
    (void)state;
    const char *at = "[bash|zsh]...";
    size_t size = 0;
    const char *word = command_next_word(&at, &size);
    assert_int_equal(size, 4);
    assert_memory_equal(word, "bash", 4);
    word = command_next_word(&at, &size);
    assert_int_equal(size, 3);
    assert_memory_equal(word, "zsh", 3);
    assert_null(command_next_word(&at, &size));
    assert_true(command_has_words("a|b"));
    assert_false(command_has_words("FILE"));
    assert_false(command_has_words(NULL));
}

static void the_nearest_name_is_what_was_meant(void **state)
{
    (void)state;
    static const char *const names[] = {"launch", "status", "watch",
                                        "plot",   "export", "verify"};
    static const struct {
        const char *typed;
        const char *meant;
    } cases[] = {
        {"lunch", "launch"},
        {"launhc", "launch"},
        {"stauts", "status"},
        {"wacth", "watch"},
        {"plto", "plot"},
        {"exprot", "export"},
        {"verfiy", "verify"},
        {"", NULL},
        {"q", NULL},
        {"kubernetes", NULL},
        {"pl", NULL},
        {"a-word-that-is-longer-than-any-name-that-a-command-or-option-could-have", NULL},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct nearest nearest = nearest_to(cases[i].typed);
        for (size_t k = 0; k < ARRAY_LENGTH(names); k++) {
            nearest_offer(&nearest, names[k]);
        }
        if (cases[i].meant == NULL) {
            assert_null(nearest.name);
        } else {
            assert_non_null(nearest.name);
            assert_string_equal(nearest.name, cases[i].meant);
        }
    }
}

static void an_unknown_command_is_refused_with_the_nearest(void **state)
{
    (void)state;
    struct error err = {0};
    assert_null(commands_find("versoin", &err));
    assert_int_equal(err.kind, ERROR_INPUT);
    assert_string_equal(err.text, "unknown command 'versoin' (did you mean 'version'?); "
                                  "see 'picobarn --help'");
    assert_null(commands_find("", &err));
    assert_int_equal(commands_run(2, (char *[]){"picobarn", "nonsense", NULL}, &err), -1);
    assert_int_equal(err.kind, ERROR_INPUT);
    assert_int_equal(commands_run(3, (char *[]){"picobarn", "version", "x", NULL}, &err), -1);
    assert_int_equal(err.kind, ERROR_INPUT);
}

static void check_columns(const struct buffer *text)
{
    size_t column = 0;
    for (size_t i = 0; i < text->size; i++) {
        column = text->data[i] == '\n' ? 0 : column + 1;
        assert_true(column < 80);
        bool trailing = text->data[i] == ' ' && i + 1 < text->size && text->data[i + 1] == '\n';
        assert_false(trailing);
    }
}

static void help_fits_80_columns(void **state)
{
    (void)state;
    struct buffer text = {0};
    usage_write_overview(&text);
    check_columns(&text);
    buffer_clear(&text);
    usage_write_command(&launch, &text);
    check_columns(&text);
    for (size_t i = 0; commands_table[i] != NULL; i++) {
        buffer_clear(&text);
        usage_write_command(commands_table[i], &text);
        check_columns(&text);
    }
    buffer_release(&text);
}

static void help_shows_all_that_is_in_the_table(void **state)
{
    (void)state;
    struct buffer text = {0};
    usage_write_command(&launch, &text);
    const char *help = buffer_string(&text);
    static const char *const parts[] = {
        "Usage: picobarn launch [OPTION]... RUN.yaml [SHARD]\n",
        "\n\nOne paragraph.\n\nAnother one.\n\n",
        "\n  -w, --workers N          how many workers",
        "\n      --on local|none      what starts",
        "\n  -h, --help               show this help\n",
        "\n  3  finished, but incomplete\n",
    };
    for (size_t i = 0; i < ARRAY_LENGTH(parts); i++) {
        check_contains(help, parts[i]);
    }
    buffer_release(&text);
}

/* What people and the man pages rely on, of every row. */
static void every_command_is_described_in_full(void **state)
{
    (void)state;
    for (size_t i = 0; commands_table[i] != NULL; i++) {
        const struct command *command = commands_table[i];
        assert_true(strlen(command->name) <= 12);
        assert_true(strlen(command->summary) <= 63);
        assert_int_not_equal(command->summary[strlen(command->summary) - 1], '.');
        assert_non_null(command->description);
        assert_non_null(command->run);
        assert_true(command->min_operands <= command->max_operands);
        assert_int_equal(command->operands != NULL, command->max_operands > 0);
        for (size_t k = 0; k < i; k++) {
            assert_string_not_equal(command->name, commands_table[k]->name);
        }
        for (size_t k = 0; command->options != NULL && command->options[k].name != NULL; k++) {
            assert_non_null(command->options[k].help);
            assert_string_not_equal(command->options[k].name, "help");
            assert_int_not_equal(command->options[k].letter, 'h');
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(options_and_operands_stand_in_any_order),
        cmocka_unit_test(what_was_not_given_keeps_its_default),
        cmocka_unit_test(json_is_asked_for_by_the_common_option),
        cmocka_unit_test(wrong_usage_is_refused_with_a_way_out),
        cmocka_unit_test(a_count_is_a_whole_number_in_its_range),
        cmocka_unit_test(help_demands_nothing_else),
        cmocka_unit_test(a_command_without_options_takes_none),
        cmocka_unit_test(words_to_choose_from_are_found_in_their_form),
        cmocka_unit_test(the_nearest_name_is_what_was_meant),
        cmocka_unit_test(an_unknown_command_is_refused_with_the_nearest),
        cmocka_unit_test(help_fits_80_columns),
        cmocka_unit_test(help_shows_all_that_is_in_the_table),
        cmocka_unit_test(every_command_is_described_in_full),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
