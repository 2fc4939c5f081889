/* SPDX-License-Identifier: Apache-2.0 */
/* completion.c - the subcommand completion: a shell's completion script, out of the command
 * table. What an argument is completed with, its form in the table says (see command.h). */
#include <string.h>

#include "base/bytes.h"
#include "base/size.h"
#include "scheduler/commands/commands.h"
#include "scheduler/print.h"

enum filling { FILLING_NONE, FILLING_WORDS, FILLING_FOLDERS, FILLING_FILES, FILLING_COMMANDS };

static enum filling filling_of(const char *argument)
{
    if (argument == NULL) {
        return FILLING_NONE;
    }
    if (command_has_words(argument)) {
        return FILLING_WORDS;
    }
    if (strstr(argument, "COMMAND") != NULL) {
        return FILLING_COMMANDS;
    }
    if (strstr(argument, "DIR") != NULL) {
        return FILLING_FOLDERS;
    }
    /* "RUN.yaml", but not the dots of "SHARD..." */
    const char *dot = strchr(argument, '.');
    bool suffix = dot != NULL && dot[1] >= 'a' && dot[1] <= 'z';
    return suffix || strstr(argument, "FILE") != NULL ? FILLING_FILES : FILLING_NONE;
}

static bool is_listed(const struct command *command)
{
    return command->group != COMMAND_HIDDEN;
}

/* Row i of the command's options, --help behind them, then NULL. */
static const struct command_option *option_row(const struct command *command, size_t i)
{
    size_t n = 0;
    while (n < i && command->options != NULL && command_lists(&command->options[n])) {
        n++;
    }
    if (command->options != NULL && command_lists(&command->options[n])) {
        return &command->options[n];
    }
    return n == i ? &command_help_option : NULL;
}

/* The names of all commands, with blanks between them. */
static void write_names(struct buffer *out)
{
    const char *between = "";
    for (size_t i = 0; commands_table[i] != NULL; i++) {
        if (is_listed(commands_table[i])) {
            buffer_printf(out, "%s%s", between, commands_table[i]->name);
            between = " ";
        }
    }
}

/* "json|text" as "json text"; for commands their names. */
static void write_words(enum filling filling, const char *argument, struct buffer *out)
{
    if (filling == FILLING_COMMANDS) {
        write_names(out);
        return;
    }
    const char *between = "";
    size_t size = 0;
    const char *word = NULL;
    while ((word = command_next_word(&argument, &size)) != NULL) {
        buffer_printf(out, "%s%.*s", between, (int)size, word);
        between = " ";
    }
}

/* Text within single quotes of a shell. The letters of `special` get a backslash. */
static void write_quoted(const char *text, const char *quote, const char *special,
                         struct buffer *out)
{
    for (const char *c = text; *c != '\0'; c++) {
        if (*c == '\'') {
            buffer_printf(out, "%s", quote);
        } else {
            buffer_printf(out, "%s%c", strchr(special, *c) == NULL ? "" : "\\", *c);
        }
    }
}

/* ---- bash ---- */

static void write_bash_filling(const char *argument, struct buffer *out)
{
    enum filling filling = filling_of(argument);
    if (filling == FILLING_FOLDERS) {
        buffer_printf(out, "_picobarn_fill -d ;;\n");
    } else if (filling == FILLING_FILES) {
        buffer_printf(out, "_picobarn_fill -f ;;\n");
    } else if (filling == FILLING_NONE) {
        buffer_printf(out, "COMPREPLY=() ;;\n");
    } else {
        buffer_printf(out, "_picobarn_fill -W '");
        write_words(filling, argument, out);
        buffer_printf(out, "' ;;\n");
    }
}

static void write_bash_arguments(const struct command *command, struct buffer *out)
{
    const struct command_option *option = NULL;
    for (size_t i = 0; (option = option_row(command, i)) != NULL; i++) {
        if (option->argument == NULL) {
            continue;
        }
        buffer_printf(out, "    '%s --%s'", command->name, option->name);
        if (option->letter != 0) {
            buffer_printf(out, " | '%s -%c'", command->name, option->letter);
        }
        buffer_printf(out, ") ");
        write_bash_filling(option->argument, out);
    }
}

static void write_bash_options(const struct command *command, struct buffer *out)
{
    buffer_printf(out, "    '%s -'*) _picobarn_fill -W '", command->name);
    const struct command_option *option = NULL;
    for (size_t i = 0; (option = option_row(command, i)) != NULL; i++) {
        buffer_printf(out, "%s--%s", i == 0 ? "" : " ", option->name);
    }
    buffer_printf(out, "' ;;\n    '%s '*) ", command->name);
    write_bash_filling(command->operands, out);
}

/* bash splits --name=value into three words; the word before '=' is then the option. */
static void write_bash(struct buffer *out)
{
    buffer_printf(out, "# bash completion for picobarn\n\n"
                       "_picobarn_fill()\n{\n"
                       "    case $1 in -d | -f) compopt -o filenames 2>/dev/null ;; esac\n"
                       "    mapfile -t COMPREPLY < <(compgen \"$@\" -- \"$current\")\n"
                       "}\n\n"
                       "_picobarn()\n{\n"
                       "    local current=${COMP_WORDS[COMP_CWORD]}\n"
                       "    local before=${COMP_WORDS[COMP_CWORD - 1]}\n"
                       "    local command=${COMP_WORDS[1]}\n"
                       "    COMPREPLY=()\n"
                       "    if [ \"$COMP_CWORD\" -eq 1 ]; then\n"
                       "        _picobarn_fill -W '");
    write_names(out);
    buffer_printf(out, "'\n        return\n    fi\n"
                       "    if [ \"$current\" = '=' ]; then\n"
                       "        current=\n"
                       "    elif [ \"$before\" = '=' ]; then\n"
                       "        before=${COMP_WORDS[COMP_CWORD - 2]}\n"
                       "    fi\n"
                       "    case \"$command $before\" in\n");
    for (size_t i = 0; commands_table[i] != NULL; i++) {
        if (is_listed(commands_table[i])) {
            write_bash_arguments(commands_table[i], out);
        }
    }
    buffer_printf(out, "    *) _picobarn_word ;;\n    esac\n}\n\n"
                       "_picobarn_word()\n{\n    case \"$command $current\" in\n");
    for (size_t i = 0; commands_table[i] != NULL; i++) {
        if (is_listed(commands_table[i])) {
            write_bash_options(commands_table[i], out);
        }
    }
    buffer_printf(out, "    esac\n}\n\ncomplete -F _picobarn picobarn\n");
}

/* ---- zsh ---- */

static void write_zsh_filling(const char *argument, struct buffer *out)
{
    enum filling filling = filling_of(argument);
    buffer_printf(out, ":");
    write_quoted(argument, "'\\''", ":\\", out);
    buffer_printf(out, ":");
    if (filling == FILLING_FOLDERS) {
        buffer_printf(out, "_files -/");
    } else if (filling == FILLING_FILES) {
        buffer_printf(out, "_files");
    } else if (filling != FILLING_NONE) {
        buffer_printf(out, "(");
        write_words(filling, argument, out);
        buffer_printf(out, ")");
    }
}

/* One spelling of an option: '(-o --output)--output=[help]:json|text:(json text)'. */
static void write_zsh_spelling(const struct command_option *option, bool letter,
                               struct buffer *out)
{
    buffer_printf(out, " \\\n            '");
    if (option->letter != 0) {
        buffer_printf(out, "(-%c --%s)", option->letter, option->name);
    }
    if (letter) {
        buffer_printf(out, "-%c%s", option->letter, option->argument == NULL ? "" : "+");
    } else {
        buffer_printf(out, "--%s%s", option->name, option->argument == NULL ? "" : "=");
    }
    buffer_printf(out, "[");
    write_quoted(option->help, "'\\''", ":[]\\", out);
    buffer_printf(out, "]");
    if (option->argument != NULL) {
        write_zsh_filling(option->argument, out);
    }
    buffer_printf(out, "'");
}

static void write_zsh_command(const struct command *command, struct buffer *out)
{
    buffer_printf(out, "    %s)\n        _arguments -s", command->name);
    const struct command_option *option = NULL;
    for (size_t i = 0; (option = option_row(command, i)) != NULL; i++) {
        if (option->letter != 0) {
            write_zsh_spelling(option, true, out);
        }
        write_zsh_spelling(option, false, out);
    }
    if (command->operands != NULL) {
        buffer_printf(out, " \\\n            '*");
        write_zsh_filling(command->operands, out);
        buffer_printf(out, "'");
    }
    buffer_printf(out, "\n        ;;\n");
}

static void write_zsh(struct buffer *out)
{
    buffer_printf(out, "#compdef picobarn\n\n"
                       "_picobarn() {\n"
                       "    local -a commands\n"
                       "    if (( CURRENT == 2 )); then\n"
                       "        commands=(\n");
    for (size_t i = 0; commands_table[i] != NULL; i++) {
        if (is_listed(commands_table[i])) {
            buffer_printf(out, "            '%s:", commands_table[i]->name);
            write_quoted(commands_table[i]->summary, "'\\''", ":\\", out);
            buffer_printf(out, "'\n");
        }
    }
    buffer_printf(out, "        )\n        _describe command commands\n        return\n    fi\n"
                       "    shift words\n    (( CURRENT-- ))\n    case $words[1] in\n");
    for (size_t i = 0; commands_table[i] != NULL; i++) {
        if (is_listed(commands_table[i])) {
            write_zsh_command(commands_table[i], out);
        }
    }
    buffer_printf(out, "    esac\n}\n\n"
                       "if [[ $funcstack[1] == _picobarn ]]; then\n    _picobarn \"$@\"\n"
                       "else\n    compdef _picobarn picobarn\nfi\n");
}

/* ---- fish ---- */

static void write_fish_filling(const char *argument, struct buffer *out)
{
    enum filling filling = filling_of(argument);
    if (filling == FILLING_FOLDERS) {
        buffer_printf(out, " -x -a '(__fish_complete_directories)'");
    } else if (filling == FILLING_FILES) {
        buffer_printf(out, " -r -F");
    } else if (filling == FILLING_NONE) {
        buffer_printf(out, " -x");
    } else {
        buffer_printf(out, " -x -a '");
        write_words(filling, argument, out);
        buffer_printf(out, "'");
    }
}

static void write_fish_command(const struct command *command, struct buffer *out)
{
    buffer_printf(out, "complete -c picobarn -n __fish_use_subcommand -a %s -d '",
                  command->name);
    write_quoted(command->summary, "\\'", "\\", out);
    buffer_printf(out, "'\n");
    const struct command_option *option = NULL;
    for (size_t i = 0; (option = option_row(command, i)) != NULL; i++) {
        buffer_printf(out, "complete -c picobarn -n '__fish_seen_subcommand_from %s' -l %s",
                      command->name, option->name);
        if (option->letter != 0) {
            buffer_printf(out, " -s %c", option->letter);
        }
        if (option->argument != NULL) {
            write_fish_filling(option->argument, out);
        }
        buffer_printf(out, " -d '");
        write_quoted(option->help, "\\'", "\\", out);
        buffer_printf(out, "'\n");
    }
    if (filling_of(command->operands) != FILLING_NONE) {
        buffer_printf(out, "complete -c picobarn -n '__fish_seen_subcommand_from %s'",
                      command->name);
        write_fish_filling(command->operands, out);
        buffer_printf(out, "\n");
    }
}

static void write_fish(struct buffer *out)
{
    buffer_printf(out, "# fish completion for picobarn\n\ncomplete -c picobarn -f\n");
    for (size_t i = 0; commands_table[i] != NULL; i++) {
        if (is_listed(commands_table[i])) {
            write_fish_command(commands_table[i], out);
        }
    }
}

static const struct {
    const char *name;
    void (*write)(struct buffer *out);
} shells[] = {
    {"bash", write_bash},
    {"zsh", write_zsh},
    {"fish", write_fish},
};

static int run(const struct invocation *invocation, struct error *err)
{
    const char *name = invocation_operand(invocation, 0);
    struct buffer text = {0};
    for (size_t i = 0; i < ARRAY_LENGTH(shells); i++) {
        if (strcmp(shells[i].name, name) == 0) {
            shells[i].write(&text);
        }
    }
    int rc = print_text(&text, err);
    buffer_release(&text);
    return rc == 0 ? EXIT_COMPLETE : -1;
}

static const struct command_example examples[] = {
    {"source <(picobarn completion bash)", "for this shell, until it is closed"},
    {"picobarn completion zsh > ~/.zfunc/_picobarn", "for good, in a folder of zsh's fpath"},
    {0},
};

const struct command command_completion = {
    .name = "completion",
    .group = COMMAND_OTHER,
    .summary = "write the completion script of a shell",
    .operands = "bash|zsh|fish",
    .min_operands = 1,
    .max_operands = 1,
    .description =
        "Writes a script with which the shell completes picobarn's commands, options "
        "and their arguments when the tab key is pressed.",
    .examples = examples,
    .run = run,
};
