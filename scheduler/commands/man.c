/* SPDX-License-Identifier: Apache-2.0 */
/* man.c - the hidden subcommand man: writes the manual pages out of the command table, in the
 * macros of man(7), for the packager. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/file.h"
#include "base/size.h"
#include "scheduler/commands/commands.h"
#include "scheduler/print.h"
#include "scheduler/usage.h"

/* Text with all that roff would understand made plain. A '-' becomes the sign that can be
 * copied into a shell, not a hyphen. */
static void write_plain(const char *text, size_t size, struct buffer *out)
{
    static const struct {
        char c;
        const char *roff;
    } escapes[] = {
        {'\\', "\\e"},  {'-', "\\-"},   {'\'', "\\(aq"}, {'"', "\\(dq"},
        {'`', "\\(ga"}, {'^', "\\(ha"}, {'~', "\\(ti"},
    };
    for (size_t i = 0; i < size; i++) {
        bool line_start = i == 0 || text[i - 1] == '\n';
        if (line_start && text[i] == '.') {
            buffer_printf(out, "\\&");
        }
        size_t k = 0;
        while (k < ARRAY_LENGTH(escapes) && escapes[k].c != text[i]) {
            k++;
        }
        if (k < ARRAY_LENGTH(escapes)) {
            buffer_printf(out, "%s", escapes[k].roff);
        } else {
            buffer_raw(out, &text[i], 1);
        }
    }
}

static void write_line(const char *macro, const char *text, struct buffer *out)
{
    buffer_printf(out, "%s", macro);
    write_plain(text, strlen(text), out);
    buffer_printf(out, "\n");
}

static void write_paragraphs(const char *text, struct buffer *out)
{
    size_t size = 0;
    const char *paragraph = NULL;
    for (int i = 0; (paragraph = usage_next_paragraph(&text, &size)) != NULL; i++) {
        buffer_printf(out, "%s", i == 0 ? "" : ".PP\n");
        write_plain(paragraph, size, out);
        buffer_printf(out, "\n");
    }
}

/* The page's name is "picobarn" or "picobarn-launch"; in the title it stands in capitals. The
 * title has no date: pages are then the same from every build of a version. */
static void write_head(const char *page, const char *summary, struct buffer *out)
{
    buffer_printf(out, ".TH ");
    for (const char *c = page; *c != '\0'; c++) {
        char upper = (char)(*c >= 'a' && *c <= 'z' ? *c - 'a' + 'A' : *c);
        write_plain(&upper, 1, out);
    }
    buffer_printf(out, " 1 \"\" \"picobarn %s\" \"\"\n.SH NAME\n", PICOBARN_VERSION);
    write_plain(page, strlen(page), out);
    write_line(" \\- ", summary, out);
}

static void write_statuses(struct buffer *out)
{
    buffer_printf(out, ".SH EXIT STATUS\n");
    for (size_t i = 0; i < ARRAY_LENGTH(usage_status); i++) {
        buffer_printf(out, ".TP\n.B %d\n", (int)usage_status[i].status);
        write_line("", usage_status[i].meaning, out);
    }
}

static void write_option(const struct command_option *option, struct buffer *out)
{
    buffer_printf(out, ".TP\n\\fB");
    if (option->letter != 0) {
        buffer_printf(out, "\\-%c\\fR, \\fB", option->letter);
    }
    write_line("\\-\\-", option->name, out);
    if (option->argument != NULL) {
        out->size--; /* the argument goes on in the line */
        write_line("\\fR \\fI", option->argument, out);
    }
    out->size--;
    buffer_printf(out, "\\fR\n");
    write_line("", option->help, out);
}

static void write_options(const struct command *command, struct buffer *out)
{
    buffer_printf(out, ".SH OPTIONS\n");
    for (const struct command_option *row = command->options; command_lists(row); row++) {
        write_option(row, out);
    }
    write_option(&command_help_option, out);
}

static void write_examples(const struct command *command, struct buffer *out)
{
    for (size_t i = 0; command->examples != NULL && command->examples[i].line != NULL; i++) {
        buffer_printf(out, "%s", i == 0 ? ".SH EXAMPLES\n" : "");
        write_line(".TP\n.B ", command->examples[i].line, out);
        write_line("", command->examples[i].what, out);
    }
}

static void write_command_page(const struct command *command, struct buffer *out)
{
    char page[64];
    (void)snprintf(page, sizeof page, "picobarn-%s", command->name);
    write_head(page, command->summary, out);
    buffer_printf(out, ".SH SYNOPSIS\n.B picobarn ");
    write_line("", command->name, out);
    buffer_printf(out, ".RI [ OPTION ]...\\&\n");
    if (command->operands != NULL) {
        write_line(".I ", command->operands, out);
    }
    buffer_printf(out, ".SH DESCRIPTION\n");
    write_paragraphs(command->description, out);
    if (usage_of_operand(command) != NULL) {
        write_paragraphs(usage_of_operand(command), out);
    }
    write_options(command, out);
    write_examples(command, out);
    write_statuses(out);
    buffer_printf(out, ".SH SEE ALSO\n.BR picobarn (1)\n");
}

static void write_commands(struct buffer *out)
{
    buffer_printf(out, ".SH COMMANDS\n");
    for (size_t i = 0; commands_table[i] != NULL; i++) {
        if (commands_table[i]->group != COMMAND_HIDDEN) {
            write_line(".TP\n.B ", commands_table[i]->name, out);
            write_line("", commands_table[i]->summary, out);
        }
    }
}

static void write_references(struct buffer *out)
{
    buffer_printf(out, ".SH SEE ALSO\n");
    const char *between = "";
    for (size_t i = 0; commands_table[i] != NULL; i++) {
        if (commands_table[i]->group != COMMAND_HIDDEN) {
            buffer_printf(out, "%s.BR picobarn\\-", between);
            write_plain(commands_table[i]->name, strlen(commands_table[i]->name), out);
            between = " (1),\n";
        }
    }
    buffer_printf(out, " (1)\n");
}

static void write_overview_page(struct buffer *out)
{
    write_head("picobarn", usage_summary, out);
    buffer_printf(out, ".SH SYNOPSIS\n.B picobarn\n.I COMMAND\n"
                       ".RI [ OPTION ]... \" \" [ OPERAND ]...\\&\n.SH DESCRIPTION\n");
    write_paragraphs(usage_description, out);
    write_commands(out);
    write_statuses(out);
    write_references(out);
}

/* command NULL: the overview */
static void write_page(const struct command *command, struct buffer *out)
{
    if (command == NULL) {
        write_overview_page(out);
    } else {
        write_command_page(command, out);
    }
}

static int save_page(const char *folder, const struct command *command, struct error *err)
{
    char name[64];
    (void)snprintf(name, sizeof name, "picobarn%s%s.1", command == NULL ? "" : "-",
                   command == NULL ? "" : command->name);
    struct buffer text = {0};
    write_page(command, &text);
    char *path = file_join(folder, name);
    int rc = text.failed || path == NULL ? error_no_memory(err, "a manual page")
                                         : file_write(path, 0644, text.data, text.size, err);
    free(path);
    buffer_release(&text);
    return rc;
}

static int save_pages(const char *folder, struct error *err)
{
    int rc = save_page(folder, NULL, err);
    for (size_t i = 0; rc == 0 && commands_table[i] != NULL; i++) {
        if (commands_table[i]->group != COMMAND_HIDDEN) {
            rc = save_page(folder, commands_table[i], err);
        }
    }
    return rc;
}

static int run(const struct invocation *invocation, struct error *err)
{
    const char *folder = invocation_option(invocation, "into");
    const char *name = invocation_operand(invocation, 0);
    const struct command *command = NULL;
    if (folder != NULL) {
        return save_pages(folder, err) == 0 ? EXIT_COMPLETE : -1;
    }
    if (name != NULL) {
        command = commands_find(name, err);
        if (command == NULL) {
            return -1;
        }
    }
    struct buffer text = {0};
    write_page(command, &text);
    int rc = print_text(&text, err);
    buffer_release(&text);
    return rc == 0 ? EXIT_COMPLETE : -1;
}

static const struct command_option options[] = {
    {"into", 0, "DIR", "write all pages as files into this folder"},
    {0},
};

const struct command command_man = {
    .name = "man",
    .group = COMMAND_HIDDEN,
    .summary = "write the manual pages",
    .operands = "[COMMAND]",
    .max_operands = 1,
    .description = "Writes the manual page of picobarn, or of one command, in the macros of "
                   "man(7). For packagers: what is installed was made by this.",
    .options = options,
    .run = run,
};
