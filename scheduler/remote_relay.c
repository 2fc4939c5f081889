/* SPDX-License-Identifier: Apache-2.0 */
/* remote_relay.c - a command of this program, run by the scheduler of a run in a cluster; see
 * remote.h */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "scheduler/print.h"
#include "scheduler/remote.h"

enum { WORDS_MOST = 40, TEXT_SIZE = 512, FILE_MOST = 1 << 30 };

/* What is sent, and where its output goes. */
struct relay {
    size_t n;
    char text[WORDS_MOST][TEXT_SIZE];
    const char *word[WORDS_MOST + 1];
    const char *file; /* NULL: standard output */
    struct buffer content;
};

/* "--name=value"; without a name only the value, without a value a flag. */
static int put(struct relay *r, struct error *err, const char *name, const char *value)
{
    if (r->n == WORDS_MOST) {
        return error_set(err, ERROR_INPUT, "too many options for a run in a cluster");
    }
    char *text = r->text[r->n];
    int size = name == NULL    ? snprintf(text, TEXT_SIZE, "%s", value)
               : value == NULL ? snprintf(text, TEXT_SIZE, "--%s", name)
                               : snprintf(text, TEXT_SIZE, "--%s=%s", name, value);
    if (size >= TEXT_SIZE) {
        return error_set(err, ERROR_INPUT, "%.100s... is too long for a run in a cluster",
                         text);
    }
    r->word[r->n++] = text;
    return 0;
}

/* A file is written here; there it is standard output, which has no name to tell the format. */
static int put_file(struct relay *r, const struct command *command,
                    const struct invocation *invocation, const char *name, struct error *err)
{
    const char *file = invocation_option(invocation, name);
    bool is_output = strcmp(file, "-") == 0;
    r->file = is_output ? NULL : file;
    if (put(r, err, name, "-") != 0) {
        return -1;
    }
    if (command->format_of == NULL || is_output ||
        invocation_option(invocation, "format") != NULL) {
        return 0;
    }
    const char *format = command->format_of(file);
    return format == NULL ? error_set(err, ERROR_INPUT,
                                      "%s: %.200s does not tell the format: say --format",
                                      command->name, file)
                          : put(r, err, "format", format);
}

static int put_words(struct relay *r, const struct command *command,
                     const struct invocation *invocation, struct error *err)
{
    int rc = put(r, err, NULL, command->name);
    for (const struct command_option *row = command->options;
         rc == 0 && row != NULL && row->name != NULL; row++) {
        const char *value = invocation_option(invocation, row->name);
        if (value != NULL) {
            rc = row->kind == COMMAND_OPTION_FILE
                     ? put_file(r, command, invocation, row->name, err)
                     : put(r, err, row->name, row->argument == NULL ? NULL : value);
        }
    }
    return rc;
}

static int take(void *context, enum reply_kind kind, const void *data, size_t size,
                struct error *err)
{
    struct relay *r = context;
    if (kind == REPLY_ERRORS) {
        print_aside(data, size);
        return 0;
    }
    if (r->file == NULL) {
        return print_now(data, size, err);
    }
    buffer_raw(&r->content, data, size);
    if (r->content.size > FILE_MOST) {
        return error_set(err, ERROR_PEER, "%s: too large", r->file);
    }
    return r->content.failed ? error_no_memory(err, r->file) : 0;
}

/* A picture is nothing for a terminal. */
static int check_terminal(const struct command *command, const struct relay *r,
                          struct error *err)
{
    bool is_json = false;
    for (size_t i = 0; i < r->n; i++) {
        is_json = is_json || strcmp(r->word[i], "--output=json") == 0;
    }
    return command->format_of != NULL && !is_json && r->file == NULL &&
                   isatty(STDOUT_FILENO) == 1
               ? error_set(err, ERROR_INPUT, "%s: standard output is a terminal: say -O FILE",
                           command->name)
               : 0;
}

static int send_command(struct relay *r, const char *operand, struct error *err)
{
    struct remote *remote = remote_open(operand, err);
    int status = remote == NULL ? -1 : remote_command(remote, r->word, take, r, err);
    bool has_file = r->file != NULL && (status == EXIT_COMPLETE || status == EXIT_INCOMPLETE);
    if (has_file && file_write(r->file, 0644, r->content.data, r->content.size, err) != 0) {
        status = -1;
    }
    remote_close(remote);
    return status;
}

int remote_relay(const struct command *command, const struct invocation *invocation,
                 struct error *err)
{
    struct relay *r = calloc(1, sizeof *r);
    if (r == NULL) {
        return error_no_memory(err, "a command");
    }
    int status = -1;
    if (put_words(r, command, invocation, err) == 0 && check_terminal(command, r, err) == 0) {
        status = send_command(r, invocation_operand(invocation, 0), err);
    }
    buffer_release(&r->content);
    free(r);
    return status;
}
