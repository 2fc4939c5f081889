/* SPDX-License-Identifier: Apache-2.0 */
/* command.h - what a subcommand is, and one call of it.
 *
 * A command is a table row; its help, its man page, its completion and its parsing all come
 * from there. */
#ifndef SCHEDULER_COMMAND_H
#define SCHEDULER_COMMAND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

enum exit_status {
    EXIT_COMPLETE = 0,
    EXIT_USAGE = 2,      /* bad usage or input: nothing was run */
    EXIT_INCOMPLETE = 3, /* finished, but something is missing */
    EXIT_TROUBLE = 4     /* the system failed: run again */
};

/* The headings of the overview, in their order. */
enum command_group {
    COMMAND_RUN,
    COMMAND_LOOK,
    COMMAND_RESULTS,
    COMMAND_OTHER,
    COMMAND_HIDDEN, /* in no list, for packagers */
    COMMAND_GROUPS
};

/* One option. `argument` is NULL for a flag. Its form says what is taken and completed:
 * "json|text" takes one of these words and refuses others; "DIR" completes folders, "FILE" and
 * names with a dot (RUN.yaml) complete files; anything else ("N") is free text.
 * NOLINTNEXTLINE(clang-analyzer-optin.performance.Padding): tables are read in this order */
struct command_option {
    const char *name; /* long name without dashes */
    char letter;      /* 0: none */
    const char *argument;
    const char *help; /* one sentence or two, lower case, no full stop at the end */
    enum command_option_kind {
        COMMAND_OPTION_USUAL,
        COMMAND_OPTION_FILE,  /* names a file that is written, "-" for standard output */
        COMMAND_OPTION_HIDDEN /* in no list: what programs say to each other. They stand last */
    } kind;
};

/* "-o json|text" as every listing has it. */
#define COMMAND_OPTION_OUTPUT                                                                  \
    {                                                                                          \
        "output", 'o', "json|text", "print as JSON, for programs, or as text (the default)"    \
    }

/* Is there a row here that listings show? They end at the first that is not. */
bool command_lists(const struct command_option *row);

/* --help, which every command has without naming it. */
extern const struct command_option command_help_option;

struct command_example {
    const char *line; /* as typed: "picobarn launch higgs.yaml" */
    const char *what; /* what it does: "run everything on this machine" */
};

struct invocation;

/* Which runs its operand may name. */
enum command_reach {
    COMMAND_HERE, /* a folder of this machine */
    COMMAND_RELAYED, /* also k8s:NAME: its scheduler then runs the command (scheduler/remote.h). Such
                      * a command only looks, and reads and writes no file that options name, but
                      * for those of COMMAND_OPTION_FILE */
    COMMAND_REACHES /* also k8s:NAME, which the command itself deals with */
};

struct command {
    const char *name;
    enum command_group group;
    const char *summary;  /* one line, lower case, no full stop */
    const char *operands; /* as the synopsis shows them: "RUN.yaml", "[COMMAND]"; NULL: none */
    size_t min_operands;
    size_t max_operands;
    const char *description;              /* paragraphs with an empty line between them */
    const struct command_option *options; /* ended by a zero row, or NULL; --help is implied */
    const struct command_example *examples; /* ended by a zero row, or NULL */
    enum command_reach reach;

    /* The --format that the name of the file to write asks for; NULL if it does not tell, or the
     * command has no such option. */
    const char *(*format_of)(const char *file);

    /* Of COMMAND_RELAYED: what is done for k8s:NAME instead of just sending the command; NULL. */
    int (*relay)(const struct invocation *invocation, struct error *err);

    /* Returns an exit_status, or -1 with the error set: main prints it and exits with EXIT_USAGE
     * for ERROR_INPUT, with EXIT_TROUBLE for the others. */
    int (*run)(const struct invocation *invocation, struct error *err);
};

/* Parses what follows the command's name: argv[0] is the name. Keeps pointers into argv and into
 * the command, which must live longer. Fails (ERROR_INPUT) for an option, a word or a number of
 * operands that the table does not know; the text names the nearest option and where help is.
 * With --help nothing else is demanded. Not thread-safe (getopt_long). */
struct invocation *invocation_create(const struct command *command, int argc,
                                     char *const argv[], struct error *err);
void invocation_destroy(struct invocation *invocation);

/* The option's argument as typed (the last one, if typed twice), or NULL; borrowed. Like the
 * lookups below it may only be asked for names in the command's table. */
const char *invocation_option(const struct invocation *invocation, const char *name);

bool invocation_flag(const struct invocation *invocation, const char *name);

/* The option's argument as a count in [min, max]; without the option *out stays as it is, which
 * is how a default is given. Fails (ERROR_INPUT). */
int invocation_count(const struct invocation *invocation, const char *name, uint64_t min,
                     uint64_t max, uint64_t *out, struct error *err);

/* True for `-o json`. */
bool invocation_wants_json(const struct invocation *invocation);

/* Operand i from 0, NULL behind the last one; borrowed. */
const char *invocation_operand(const struct invocation *invocation, size_t i);

/* The next word of "json|text" or "[bash|zsh|fish]": its start, its length in *size; NULL behind
 * the last. *at starts at the whole text. */
const char *command_next_word(const char **at, size_t *size);

/* True if the form of an argument or operand lists the words to choose from. */
bool command_has_words(const char *argument);

#endif
