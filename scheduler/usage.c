/* SPDX-License-Identifier: Apache-2.0 */
/* usage.c - see usage.h */
#include "scheduler/usage.h"

#include <stdio.h>
#include <string.h>

#include "base/size.h"
#include "scheduler/commands/commands.h"

enum { USAGE_COLUMNS = 79 };
enum { COMMAND_COLUMN = 15 };
enum { OPTION_COLUMN = 27 };

const char *const usage_group_title[COMMAND_GROUPS] = {
    [COMMAND_RUN] = "Run",     [COMMAND_LOOK] = "Look",     [COMMAND_RESULTS] = "Results",
    [COMMAND_OTHER] = "Other", [COMMAND_HIDDEN] = "Hidden",
};

const char usage_summary[] = "run a physics analysis over a large dataset";

const char usage_description[] =
    "picobarn runs an analysis over a dataset as a batch of many small, independent pieces, "
    "and ends in one invariant-mass plot. The same command, typed again after any crash, does "
    "only the work that is missing; the result has the same bytes on every machine.";

const struct usage_status usage_status[4] = {
    {EXIT_COMPLETE, "complete"},
    {EXIT_USAGE, "bad usage or input, nothing was run"},
    {EXIT_INCOMPLETE, "finished, but incomplete"},
    {EXIT_TROUBLE, "system trouble, run again"},
};

const char *usage_next_paragraph(const char **at, size_t *size)
{
    const char *start = *at + strspn(*at, "\n");
    const char *stop = strstr(start, "\n\n");
    *size = stop == NULL ? strlen(start) : (size_t)(stop - start);
    *at = start + *size;
    return *size == 0 ? NULL : start;
}

/* Appends words, breaking lines before USAGE_COLUMNS; new lines begin at indent, where the text
 * stands now. */
static void write_wrapped(const char *text, size_t size, int indent, struct buffer *out)
{
    size_t column = (size_t)indent;
    bool first = true;
    for (size_t i = 0; i < size;) {
        size_t n = 0;
        while (i + n < size && text[i + n] != ' ' && text[i + n] != '\n') {
            n++;
        }
        bool fits = column + (first ? 0 : 1) + n <= USAGE_COLUMNS;
        if (n > 0 && !first && !fits) {
            buffer_printf(out, "\n%*s", indent, "");
            column = (size_t)indent;
            first = true;
        }
        if (n > 0) {
            buffer_printf(out, "%s%.*s", first ? "" : " ", (int)n, text + i);
            column += n + (first ? 0 : 1);
            first = false;
        }
        i += n + 1;
    }
    buffer_raw(out, "\n", 1);
}

static void write_paragraphs(const char *text, struct buffer *out)
{
    size_t size = 0;
    const char *paragraph = NULL;
    while ((paragraph = usage_next_paragraph(&text, &size)) != NULL) {
        buffer_raw(out, "\n", 1);
        write_wrapped(paragraph, size, 0, out);
    }
}

/* A term at the left, its explanation from the column on. */
static void write_row(const char *term, const char *text, int column, struct buffer *out)
{
    if (strlen(term) + 2 > (size_t)column) {
        buffer_printf(out, "%s\n%*s", term, column, "");
    } else {
        buffer_printf(out, "%-*s", column, term);
    }
    write_wrapped(text, strlen(text), column, out);
}

const char *usage_of_operand(const struct command *command)
{
    static const char text[] =
        "In place of DIR, k8s:NAME or k8s:NAMESPACE/NAME names a run in a "
        "Kubernetes cluster, as the kubeconfig has it.";
    bool takes_both = command->reach != COMMAND_HERE && command->operands != NULL &&
                      strcmp(command->operands, "DIR") == 0;
    return takes_both ? text : NULL;
}

static void write_group(enum command_group group, struct buffer *out)
{
    bool titled = false;
    for (size_t i = 0; commands_table[i] != NULL; i++) {
        const struct command *command = commands_table[i];
        if (command->group != group) {
            continue;
        }
        if (!titled) {
            buffer_printf(out, "\n%s:\n", usage_group_title[group]);
            titled = true;
        }
        char term[64];
        (void)snprintf(term, sizeof term, "  %s", command->name);
        write_row(term, command->summary, COMMAND_COLUMN, out);
    }
}

static void write_statuses(struct buffer *out)
{
    buffer_printf(out, "\nExit status:\n");
    for (size_t i = 0; i < ARRAY_LENGTH(usage_status); i++) {
        buffer_printf(out, "  %d  %s\n", (int)usage_status[i].status, usage_status[i].meaning);
    }
}

void usage_write_overview(struct buffer *out)
{
    buffer_printf(out, "Usage: picobarn COMMAND [OPTION]... [OPERAND]...\n");
    write_paragraphs(usage_description, out);
    for (int group = 0; group < COMMAND_HIDDEN; group++) {
        write_group((enum command_group)group, out);
    }
    write_statuses(out);
    buffer_printf(out, "\n'picobarn COMMAND --help' tells more about a command.\n");
}

static void write_option(const struct command_option *option, struct buffer *out)
{
    char letter[] = "    ";
    if (option->letter != 0) {
        (void)snprintf(letter, sizeof letter, "-%c, ", option->letter);
    }
    char term[128];
    (void)snprintf(term, sizeof term, "  %s--%s%s%s", letter, option->name,
                   option->argument == NULL ? "" : " ",
                   option->argument == NULL ? "" : option->argument);
    write_row(term, option->help, OPTION_COLUMN, out);
}

static void write_options(const struct command *command, struct buffer *out)
{
    buffer_printf(out, "\nOptions:\n");
    for (const struct command_option *row = command->options; command_lists(row); row++) {
        write_option(row, out);
    }
    write_option(&command_help_option, out);
}

static void write_examples(const struct command *command, struct buffer *out)
{
    for (size_t i = 0; command->examples != NULL && command->examples[i].line != NULL; i++) {
        const struct command_example *example = &command->examples[i];
        buffer_printf(out, "%s  %s\n      ", i == 0 ? "\nExamples:\n" : "", example->line);
        write_wrapped(example->what, strlen(example->what), 6, out);
    }
}

void usage_write_command(const struct command *command, struct buffer *out)
{
    buffer_printf(out, "Usage: picobarn %s [OPTION]...%s%s\n", command->name,
                  command->operands == NULL ? "" : " ",
                  command->operands == NULL ? "" : command->operands);
    buffer_printf(out, "\npicobarn %s - %s\n", command->name, command->summary);
    write_paragraphs(command->description, out);
    if (usage_of_operand(command) != NULL) {
        write_paragraphs(usage_of_operand(command), out);
    }
    write_options(command, out);
    write_examples(command, out);
    if (command->group != COMMAND_OTHER) {
        write_statuses(out);
    }
}
