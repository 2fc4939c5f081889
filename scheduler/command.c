/* SPDX-License-Identifier: Apache-2.0 */
/* command.c - see command.h */
#include "scheduler/command.h"

#include <assert.h>
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/size.h"
#include "scheduler/nearest.h"

/* What getopt_long returns for row i of the table is LONG_BASE + i, so that it is no letter. */
enum { LONG_BASE = 256 };

const struct command_option command_help_option = {"help", 'h', NULL, "show this help"};

struct invocation {
    const struct command *command;
    size_t n_options;   /* the table's, and --help behind them */
    const char **value; /* [n_options] NULL: not given; "" for a flag */
    char **word;        /* copy of argv, which getopt_long sorts: operands last */
    char **operand;     /* in word */
    size_t n_operands;
};

static size_t count_options(const struct command *command)
{
    size_t n = 0;
    while (command->options != NULL && command->options[n].name != NULL) {
        n++;
    }
    return n + 1;
}

static const struct command_option *option_at(const struct invocation *invocation, size_t i)
{
    return i + 1 == invocation->n_options ? &command_help_option
                                          : &invocation->command->options[i];
}

/* Row of what getopt_long names by a letter or by LONG_BASE + row; n_options for neither. */
static size_t row_of(const struct invocation *invocation, int code)
{
    if (code >= LONG_BASE) {
        return (size_t)(code - LONG_BASE);
    }
    size_t i = 0;
    while (i < invocation->n_options && option_at(invocation, i)->letter != code) {
        i++;
    }
    return i;
}

/* Puts the command before the error and where help is behind it. */
static int refuse(const struct invocation *invocation, struct error *err)
{
    char what[ERROR_TEXT_SIZE];
    memcpy(what, err->text, sizeof what);
    const char *name = invocation->command->name;
    return error_set(err, ERROR_INPUT, "%s: %s; see 'picobarn %s --help'", name, what, name);
}

/* What is wrong with "--word" or "--word=value". */
static int refuse_long(const struct invocation *invocation, const char *typed,
                       struct error *err)
{
    char word[NEAREST_SIZE] = "";
    size_t size = strcspn(typed, "=");
    memcpy(word, typed, size < sizeof word ? size : 0);
    struct nearest nearest = nearest_to(word);
    size_t n_begin = 0; /* getopt_long takes a name's beginning, if no other begins so */
    for (size_t i = 0; i < invocation->n_options; i++) {
        const char *name = option_at(invocation, i)->name;
        n_begin += strncmp(name, typed, size) == 0 ? 1 : 0;
        nearest_offer(&nearest, name);
    }
    if (n_begin > 1) {
        return error_set(err, ERROR_INPUT, "'--%s' begins more than one option", typed);
    }
    if (nearest.name != NULL) {
        return error_set(err, ERROR_INPUT, "unknown option '--%s' (did you mean '--%s'?)",
                         typed, nearest.name);
    }
    return error_set(err, ERROR_INPUT, "unknown option '--%s'", typed);
}

/* Explains getopt_long's '?' and ':'; code and typed are its optopt and the word it looked at. */
static int refuse_option(const struct invocation *invocation, int code, const char *typed,
                         struct error *err)
{
    size_t row = row_of(invocation, code);
    if (code == 0) {
        refuse_long(invocation, typed + 2, err);
    } else if (row == invocation->n_options) {
        error_set(err, ERROR_INPUT, "unknown option '-%c'", code);
    } else if (option_at(invocation, row)->argument == NULL) {
        error_set(err, ERROR_INPUT, "option '--%s' takes no argument",
                  option_at(invocation, row)->name);
    } else {
        error_set(err, ERROR_INPUT, "option '--%s' needs an argument, %s",
                  option_at(invocation, row)->name, option_at(invocation, row)->argument);
    }
    return refuse(invocation, err);
}

bool command_lists(const struct command_option *row)
{
    return row != NULL && row->name != NULL && row->kind != COMMAND_OPTION_HIDDEN;
}

bool command_has_words(const char *argument)
{
    return argument != NULL && strchr(argument, '|') != NULL;
}

const char *command_next_word(const char **at, size_t *size)
{
    const char *word = *at + strspn(*at, "|[]. ");
    *size = strcspn(word, "|[]. ");
    *at = word + *size;
    return *size == 0 ? NULL : word;
}

static bool is_one_of(const char *typed, const char *words)
{
    size_t size = 0;
    const char *word = NULL;
    while ((word = command_next_word(&words, &size)) != NULL) {
        if (strlen(typed) == size && memcmp(typed, word, size) == 0) {
            return true;
        }
    }
    return false;
}

static int take_option(struct invocation *invocation, size_t row, const char *value,
                       struct error *err)
{
    const struct command_option *option = option_at(invocation, row);
    if (command_has_words(option->argument) && !is_one_of(value, option->argument)) {
        error_set(err, ERROR_INPUT, "option '--%s' takes %s, not '%s'", option->name,
                  option->argument, value);
        return refuse(invocation, err);
    }
    invocation->value[row] = option->argument == NULL ? "" : value;
    return 0;
}

/* The table in getopt_long's two forms. letters starts with ':' (be silent, and tell a missing
 * argument from an unknown option). */
static void translate(const struct invocation *invocation, struct option *longs,
                      struct buffer *letters)
{
    buffer_printf(letters, ":");
    for (size_t i = 0; i < invocation->n_options; i++) {
        const struct command_option *row = option_at(invocation, i);
        longs[i].name = row->name;
        longs[i].has_arg = row->argument == NULL ? no_argument : required_argument;
        longs[i].val = LONG_BASE + (int)i;
        if (row->letter != 0) {
            buffer_printf(letters, "%c%s", row->letter, row->argument == NULL ? "" : ":");
        }
    }
}

static int take_options(struct invocation *invocation, int argc, const struct option *longs,
                        const char *letters, struct error *err)
{
    char **word = invocation->word;
    optind = 0; /* glibc: forget an earlier call */
    for (;;) {
        /* NOLINTNEXTLINE(concurrency-mt-unsafe): before any thread is started */
        int code = getopt_long(argc, word, letters, longs, NULL);
        if (code == -1) {
            break;
        }
        if (code == '?' || code == ':') {
            return refuse_option(invocation, optopt, word[optind - 1], err);
        }
        if (take_option(invocation, row_of(invocation, code), optarg, err) != 0) {
            return -1;
        }
    }
    invocation->operand = word + optind;
    invocation->n_operands = optind < argc ? (size_t)(argc - optind) : 0;
    return 0;
}

static int check_operands(const struct invocation *invocation, struct error *err)
{
    const struct command *command = invocation->command;
    size_t n = invocation->n_operands;
    if (n > command->max_operands) {
        error_set(err, ERROR_INPUT, "'%s' is one operand too many",
                  invocation->operand[command->max_operands]);
        return refuse(invocation, err);
    }
    if (n < command->min_operands) {
        error_set(err, ERROR_INPUT, "needs %s", command->operands);
        return refuse(invocation, err);
    }
    for (size_t i = 0; command_has_words(command->operands) && i < n; i++) {
        if (!is_one_of(invocation->operand[i], command->operands)) {
            error_set(err, ERROR_INPUT, "takes %s, not '%s'", command->operands,
                      invocation->operand[i]);
            return refuse(invocation, err);
        }
    }
    return 0;
}

static int parse(struct invocation *invocation, int argc, struct error *err)
{
    struct option *longs = calloc(invocation->n_options + 1, sizeof *longs);
    if (longs == NULL) {
        return error_no_memory(err, "the command line");
    }
    struct buffer letters = {0};
    translate(invocation, longs, &letters);
    const char *text = buffer_string(&letters);
    int rc = text == NULL ? error_no_memory(err, "the command line")
                          : take_options(invocation, argc, longs, text, err);
    buffer_release(&letters);
    free(longs);
    if (rc != 0 || invocation_flag(invocation, command_help_option.name)) {
        return rc;
    }
    return check_operands(invocation, err);
}

struct invocation *invocation_create(const struct command *command, int argc,
                                     char *const argv[], struct error *err)
{
    struct invocation *invocation = calloc(1, sizeof *invocation);
    if (invocation == NULL) {
        goto no_memory;
    }
    invocation->command = command;
    invocation->n_options = count_options(command);
    invocation->value = calloc(invocation->n_options, sizeof *invocation->value);
    invocation->word = calloc((size_t)argc + 1, sizeof *invocation->word);
    if (invocation->value == NULL || invocation->word == NULL) {
        goto no_memory;
    }
    for (int i = 0; i < argc; i++) {
        invocation->word[i] = argv[i];
    }
    if (parse(invocation, argc, err) != 0) {
        invocation_destroy(invocation);
        return NULL;
    }
    return invocation;
no_memory:
    error_no_memory(err, "the command line");
    invocation_destroy(invocation);
    return NULL;
}

void invocation_destroy(struct invocation *invocation)
{
    if (invocation != NULL) {
        free(invocation->value);
        free(invocation->word);
        free(invocation);
    }
}

const char *invocation_option(const struct invocation *invocation, const char *name)
{
    for (size_t i = 0; i < invocation->n_options; i++) {
        if (strcmp(option_at(invocation, i)->name, name) == 0) {
            return invocation->value[i];
        }
    }
    assert(false); /* asked for an option that is not in the command's table */
    return NULL;
}

bool invocation_flag(const struct invocation *invocation, const char *name)
{
    return invocation_option(invocation, name) != NULL;
}

int invocation_count(const struct invocation *invocation, const char *name, uint64_t min,
                     uint64_t max, uint64_t *out, struct error *err)
{
    const char *text = invocation_option(invocation, name);
    if (text == NULL) {
        return 0;
    }
    bool digits = text[0] != '\0' && text[strspn(text, "0123456789")] == '\0';
    errno = 0;
    unsigned long long value = digits ? strtoull(text, NULL, 10) : 0;
    if (!digits || errno == ERANGE || value < min || value > max) {
        error_set(err, ERROR_INPUT, "option '--%s' takes a count from %llu to %llu, not '%s'",
                  name, (unsigned long long)min, (unsigned long long)max, text);
        return refuse(invocation, err);
    }
    *out = value;
    return 0;
}

bool invocation_wants_json(const struct invocation *invocation)
{
    const char *output = invocation_option(invocation, "output");
    return output != NULL && strcmp(output, "json") == 0;
}

const char *invocation_operand(const struct invocation *invocation, size_t i)
{
    return i < invocation->n_operands ? invocation->operand[i] : NULL;
}
