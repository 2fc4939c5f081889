/* SPDX-License-Identifier: Apache-2.0 */
/* relayed.c - see relayed.h */
#include "scheduler/relayed.h"

#include <stdlib.h>
#include <string.h>

#include "scheduler/commands/commands.h"
#include "scheduler/offspring.h"
#include "scheduler/reply.h"

enum { WORDS_MOST = 32, CHUNK_SIZE = 16 << 10 };

/* A command at work. */
struct relayed {
    struct offspring child;
    int status;
    bool is_told; /* the exit status was put */
    struct buffer parts;
    size_t sent; /* of parts */
    size_t *n_running;
};

/* ---- what may run ---- */

/* Every file that it writes is standard output: options name nothing of this machine. */
static int check_files(const struct command *command, const struct invocation *invocation,
                       struct error *err)
{
    for (const struct command_option *row = command->options; row != NULL && row->name != NULL;
         row++) {
        const char *value = invocation_option(invocation, row->name);
        if (row->kind == COMMAND_OPTION_FILE && value != NULL && strcmp(value, "-") != 0) {
            return error_set(err, ERROR_INPUT, "%s: --%s takes only - from afar", command->name,
                             row->name);
        }
    }
    return 0;
}

/* The words as the command's own table takes them, the folder behind them as its one operand. */
static int check_words(const struct command *command, int argc, char *const *argv,
                       struct error *err)
{
    if (command->reach != COMMAND_RELAYED) {
        return error_set(err, ERROR_INPUT, "%s does not run from afar", command->name);
    }
    struct invocation *invocation = invocation_create(command, argc, argv, err);
    if (invocation == NULL) {
        return -1;
    }
    int rc = check_files(command, invocation, err);
    if (rc == 0 && invocation_operand(invocation, 0) != argv[argc - 1]) {
        rc = error_set(err, ERROR_INPUT, "%s: takes no operand from afar", command->name);
    }
    invocation_destroy(invocation);
    return rc;
}

/* Strings without a zero inside, behind which the rest would be lost. */
static const char *word_at(const json_t *list, size_t i)
{
    const json_t *value = json_array_get(list, i);
    const char *text = json_string_value(value);
    return text != NULL && strlen(text) == json_string_length(value) ? text : NULL;
}

const char **relayed_check(const json_t *body, const char *folder, struct error *err)
{
    const json_t *list = json_object_get(body, "argv");
    size_t n = json_array_size(list);
    if (n == 0 || n > WORDS_MOST || json_object_size(body) != 1) {
        (void)error_set(err, ERROR_INPUT,
                        "say {\"argv\": [COMMAND, OPTION...]}, at most %d "
                        "words",
                        WORDS_MOST);
        return NULL;
    }
    char **argv = calloc(n + 2, sizeof *argv);
    if (argv == NULL) {
        (void)error_no_memory(err, "a command");
        return NULL;
    }
    for (size_t i = 0; i <= n; i++) {
        const char *word = i < n ? word_at(list, i) : folder;
        if (word == NULL) {
            (void)error_set(err, ERROR_INPUT, "argv holds something else than words");
            free(argv);
            return NULL;
        }
        memcpy(&argv[i], &word, sizeof word); /* getopt_long only sorts them */
    }
    const struct command *command = commands_find(argv[0], err);
    if (command == NULL || check_words(command, (int)n + 1, argv, err) != 0) {
        free(argv);
        return NULL;
    }
    const char **words = calloc(n + 2, sizeof *words);
    for (size_t i = 0; words != NULL && i <= n; i++) {
        words[i] = argv[i];
    }
    free(argv);
    if (words == NULL) {
        (void)error_no_memory(err, "a command");
    }
    return words;
}

/* ---- its answer ---- */

/* Puts what one pipe holds; true if it held something. */
static bool take_part(struct relayed *c, int *pipe, enum reply_kind kind)
{
    char chunk[CHUNK_SIZE];
    ssize_t n = offspring_read(pipe, chunk, sizeof chunk);
    if (n <= 0) {
        return false;
    }
    reply_encode(kind, chunk, (size_t)n, &c->parts);
    return true;
}

/* More parts, if there is something; the exit status once both pipes are at their end. */
static void fill(struct relayed *c)
{
    bool any = take_part(c, &c->child.out, REPLY_OUT);
    any = take_part(c, &c->child.errors, REPLY_ERRORS) || any;
    if (!any && c->child.out < 0 && c->child.errors < 0 && !c->is_told &&
        offspring_take_end(&c->child, &c->status)) {
        uint8_t status = (uint8_t)c->status;
        reply_encode(REPLY_EXIT, &status, 1, &c->parts);
        c->is_told = true;
    }
}

static ssize_t read_parts(void *context, void *out, size_t size)
{
    struct relayed *c = context;
    if (c->sent == c->parts.size) {
        buffer_clear(&c->parts);
        c->sent = 0;
        if (c->is_told) {
            return -1;
        }
        fill(c);
    }
    if (c->parts.failed) {
        return -2;
    }
    size_t n = c->parts.size - c->sent;
    n = n < size ? n : size;
    if (n > 0) {
        memcpy(out, c->parts.data + c->sent, n);
        c->sent += n;
    }
    return (ssize_t)n;
}

/* Its end is only waited for when nothing else is left. */
static void wait_for(void *context, int fd[SERVER_SOURCE_FDS])
{
    const struct relayed *c = context;
    fd[0] = c->child.out;
    fd[1] = c->child.errors;
    fd[2] = c->child.out < 0 && c->child.errors < 0 ? c->child.end : -1;
}

static void close_relayed(void *context)
{
    struct relayed *c = context;
    --*c->n_running;
    offspring_close(&c->child);
    buffer_release(&c->parts);
    free(c);
}

static struct relayed *start(const char *const *words, size_t n_running, struct error *err)
{
    if (n_running >= RELAYED_MOST) {
        (void)error_set(err, ERROR_SYSTEM, "%d commands run here already: try again",
                        RELAYED_MOST);
        return NULL;
    }
    struct relayed *c = calloc(1, sizeof *c);
    if (c == NULL) {
        (void)error_no_memory(err, "a command");
        return NULL;
    }
    if (offspring_start(&c->child, words, err) != 0) {
        free(c);
        return NULL;
    }
    return c;
}

int relayed_start(const json_t *body, const char *folder, size_t *n_running,
                  struct server_source *source, struct error *err)
{
    const char **words = relayed_check(body, folder, err);
    struct relayed *c = words == NULL ? NULL : start(words, *n_running, err);
    free(words);
    if (c == NULL) {
        return -1;
    }
    c->n_running = n_running;
    ++*n_running;
    *source = (struct server_source){
        .read = read_parts, .wait_for = wait_for, .close = close_relayed, .context = c};
    return 0;
}
