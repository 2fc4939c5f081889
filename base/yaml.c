/* SPDX-License-Identifier: Apache-2.0 */
/* yaml.c - see yaml.h
 *
 * libyaml's events, made into our tree. What could make two readings of one file (aliases, tags,
 * a key twice) or grow without bound is refused here, so that nobody above has to think of it. */
#include "base/yaml.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

enum { YAML_DEPTH = 32 };
enum { YAML_SIZE_LIMIT = 16 << 20 };
enum { NUMBER_SIZE = 128 }; /* a longer text is no number that a person wrote */

struct builder {
    struct yaml *root;
    struct yaml *open[YAML_DEPTH]; /* lists and maps not yet ended, borrowed from root */
    size_t depth;
    char *key; /* read in the innermost map, its value is still to come; else NULL */
    size_t key_line;
    size_t n_documents;
};

/* NOLINTNEXTLINE(misc-no-recursion): a tree is at most YAML_DEPTH deep */
void yaml_destroy(struct yaml *node)
{
    if (node == NULL) {
        return;
    }
    for (size_t i = 0; i < node->n; i++) {
        if (node->key != NULL) {
            free(node->key[i]);
        }
        yaml_destroy(node->item[i]);
    }
    free(node->key);
    free(node->key_line);
    free(node->item);
    free(node->text);
    free(node);
}

static int refuse(struct error *err, size_t line, const char *why)
{
    return error_set(err, ERROR_INPUT, "line %zu: %s", line, why);
}

/* Arrays have room for the next power of two, at least 4: true when all of that is used. */
static bool is_full(size_t n)
{
    return n == 0 || (n >= 4 && (n & (n - 1)) == 0);
}

/* array (of n pointers or lines) with room for twice as many; NULL without memory. */
static void *grown(void *array, size_t n)
{
    static_assert(sizeof(void *) == sizeof(size_t), "one size for keys, lines and items");
    return reallocarray(array, n == 0 ? 4 : 2 * n, sizeof(void *));
}

static int reserve_child(struct yaml *parent, struct error *err)
{
    if (!is_full(parent->n)) {
        return 0;
    }
    struct yaml **item = grown(parent->item, parent->n);
    if (item == NULL) {
        return error_no_memory(err, "YAML");
    }
    parent->item = item;
    if (parent->kind == YAML_LIST) {
        return 0;
    }
    char **key = grown(parent->key, parent->n);
    if (key == NULL) {
        return error_no_memory(err, "YAML");
    }
    parent->key = key;
    size_t *line = grown(parent->key_line, parent->n);
    if (line == NULL) {
        return error_no_memory(err, "YAML");
    }
    parent->key_line = line;
    return 0;
}

/* Hangs node into the innermost list or map, or makes it the root. The builder owns it then; on
 * failure it is freed. */
static int attach(struct builder *builder, struct yaml *node, struct error *err)
{
    if (builder->depth == 0 && builder->root == NULL) {
        builder->root = node;
        return 0;
    }
    if (builder->depth == 0) {
        refuse(err, node->line, "a second document");
        yaml_destroy(node);
        return -1;
    }
    struct yaml *parent = builder->open[builder->depth - 1];
    if (reserve_child(parent, err) != 0) {
        yaml_destroy(node);
        return -1;
    }
    if (parent->kind == YAML_MAP) {
        parent->key[parent->n] = builder->key;
        parent->key_line[parent->n] = builder->key_line;
        builder->key = NULL;
    }
    parent->item[parent->n] = node;
    parent->n++;
    return 0;
}

/* True where the innermost open node is a map that waits for a key. */
static bool wants_key(const struct builder *builder)
{
    return builder->depth > 0 && builder->open[builder->depth - 1]->kind == YAML_MAP &&
           builder->key == NULL;
}

static int add_scalar(struct builder *builder, const yaml_event_t *event, struct error *err)
{
    size_t line = event->start_mark.line + 1;
    const char *value = (const char *)event->data.scalar.value;
    if (event->data.scalar.tag != NULL) {
        return refuse(err, line, "tags (!...) are not used here");
    }
    if (event->data.scalar.anchor != NULL) {
        return refuse(err, line, "anchors (&...) are not used here");
    }
    if (strlen(value) != event->data.scalar.length) {
        return refuse(err, line, "a text with a zero byte");
    }
    char *text = strdup(value);
    if (text == NULL) {
        return error_no_memory(err, "YAML");
    }
    if (wants_key(builder)) {
        builder->key = text;
        builder->key_line = line;
        return 0;
    }
    struct yaml *node = calloc(1, sizeof *node);
    if (node == NULL) {
        free(text);
        return error_no_memory(err, "YAML");
    }
    node->kind = YAML_SCALAR;
    node->line = line;
    node->plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
    node->text = text;
    return attach(builder, node, err);
}

static int open_node(struct builder *builder, const yaml_event_t *event, struct error *err)
{
    size_t line = event->start_mark.line + 1;
    bool map = event->type == YAML_MAPPING_START_EVENT;
    const void *tag = map ? event->data.mapping_start.tag : event->data.sequence_start.tag;
    const void *anchor =
        map ? event->data.mapping_start.anchor : event->data.sequence_start.anchor;
    if (tag != NULL) {
        return refuse(err, line, "tags (!...) are not used here");
    }
    if (anchor != NULL) {
        return refuse(err, line, "anchors (&...) are not used here");
    }
    if (wants_key(builder)) {
        return refuse(err, line, "a key is a single word or text, not a list or map");
    }
    if (builder->depth == YAML_DEPTH) {
        return error_set(err, ERROR_INPUT, "line %zu: nested deeper than %d", line, YAML_DEPTH);
    }
    struct yaml *node = calloc(1, sizeof *node);
    if (node == NULL) {
        return error_no_memory(err, "YAML");
    }
    node->kind = map ? YAML_MAP : YAML_LIST;
    node->line = line;
    if (attach(builder, node, err) != 0) {
        return -1;
    }
    builder->open[builder->depth] = node;
    builder->depth++;
    return 0;
}

struct key {
    const char *text;
    size_t line;
};

static int compare_keys(const void *left, const void *right)
{
    const struct key *a = left;
    const struct key *b = right;
    int order = strcmp(a->text, b->text);
    return order != 0 ? order : (a->line > b->line) - (a->line < b->line);
}

/* Sorted first, so that a map of very many keys takes no quadratic time. */
static int check_keys(const struct yaml *map, struct error *err)
{
    if (map->n < 2) {
        return 0;
    }
    struct key *keys = calloc(map->n, sizeof *keys);
    if (keys == NULL) {
        return error_no_memory(err, "YAML");
    }
    for (size_t i = 0; i < map->n; i++) {
        keys[i] = (struct key){.text = map->key[i], .line = map->key_line[i]};
    }
    qsort(keys, map->n, sizeof *keys, compare_keys);
    int rc = 0;
    for (size_t i = 1; rc == 0 && i < map->n; i++) {
        if (strcmp(keys[i - 1].text, keys[i].text) == 0) {
            rc = error_set(err, ERROR_INPUT,
                           "line %zu: key '%s' a second time (first: line %zu)", keys[i].line,
                           keys[i].text, keys[i - 1].line);
        }
    }
    free(keys);
    return rc;
}

static int close_node(struct builder *builder, struct error *err)
{
    if (builder->depth == 0) {
        return refuse(err, 1, "an end without a beginning"); /* libyaml does not let it come */
    }
    builder->depth--;
    const struct yaml *node = builder->open[builder->depth];
    return node->kind == YAML_MAP ? check_keys(node, err) : 0;
}

static int apply_event(struct builder *builder, const yaml_event_t *event, struct error *err)
{
    size_t line = event->start_mark.line + 1;
    switch (event->type) {
    case YAML_DOCUMENT_START_EVENT:
        builder->n_documents++;
        return builder->n_documents == 1 ? 0 : refuse(err, line, "a second document (---)");
    case YAML_ALIAS_EVENT:
        return refuse(err, line, "aliases (*...) are not used here");
    case YAML_SCALAR_EVENT:
        return add_scalar(builder, event, err);
    case YAML_MAPPING_START_EVENT:
    case YAML_SEQUENCE_START_EVENT:
        return open_node(builder, event, err);
    case YAML_MAPPING_END_EVENT:
    case YAML_SEQUENCE_END_EVENT:
        return close_node(builder, err);
    default:
        return 0;
    }
}

static int syntax_error(const yaml_parser_t *parser, struct error *err)
{
    if (parser->error == YAML_MEMORY_ERROR) {
        return error_no_memory(err, "YAML");
    }
    /* The reader (bad UTF-8) knows no line, only an offset; the mark is where it stood. */
    size_t line = parser->error == YAML_READER_ERROR ? parser->mark.line + 1
                                                     : parser->problem_mark.line + 1;
    const char *problem = parser->problem == NULL ? "bad syntax" : parser->problem;
    if (parser->context != NULL) {
        return error_set(err, ERROR_INPUT, "line %zu: %s (%s)", line, problem, parser->context);
    }
    return refuse(err, line, problem);
}

static int build(yaml_parser_t *parser, struct builder *builder, struct error *err)
{
    int rc = 0;
    bool ended = false;
    while (rc == 0 && !ended) {
        yaml_event_t event;
        if (yaml_parser_parse(parser, &event) == 0) {
            return syntax_error(parser, err);
        }
        ended = event.type == YAML_STREAM_END_EVENT;
        rc = apply_event(builder, &event, err);
        yaml_event_delete(&event);
    }
    if (rc == 0 && builder->root == NULL) {
        return refuse(err, 1, "there is nothing in it");
    }
    return rc;
}

struct yaml *yaml_parse(const void *data, size_t size, struct error *err)
{
    if (size > YAML_SIZE_LIMIT) {
        error_set(err, ERROR_INPUT, "line 1: %zu bytes of YAML, more than %d", size,
                  YAML_SIZE_LIMIT);
        return NULL;
    }
    yaml_parser_t parser;
    if (yaml_parser_initialize(&parser) == 0) {
        error_no_memory(err, "YAML");
        return NULL;
    }
    struct builder builder = {0};
    yaml_parser_set_input_string(&parser, size == 0 ? (const unsigned char *)"" : data, size);
    int rc = build(&parser, &builder, err);
    yaml_parser_delete(&parser);
    free(builder.key);
    if (rc != 0) {
        yaml_destroy(builder.root);
        return NULL;
    }
    return builder.root;
}

const struct yaml *yaml_find(const struct yaml *map, const char *key)
{
    if (map == NULL || map->kind != YAML_MAP) {
        return NULL;
    }
    for (size_t i = 0; i < map->n; i++) {
        if (strcmp(map->key[i], key) == 0) {
            return map->item[i];
        }
    }
    return NULL;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Copies text without the underscores that stand between two digits; false if it is too long,
 * or an underscore stands elsewhere. */
static bool ungroup(const char *text, char out[NUMBER_SIZE])
{
    size_t n = 0;
    for (size_t i = 0; text[i] != '\0' && n + 1 < NUMBER_SIZE; i++) {
        bool between = i > 0 && is_digit(text[i - 1]) && is_digit(text[i + 1]);
        if (text[i] != '_' || !between) {
            out[n] = text[i];
            n++;
        }
    }
    out[n] = '\0';
    return n + 1 < NUMBER_SIZE && strchr(out, '_') == NULL;
}

/* strtod takes more than a person may write here (hexadecimal, "infinity", leading blanks). */
static bool is_real(const char *text)
{
    text += *text == '+' || *text == '-' ? 1 : 0;
    size_t whole = strspn(text, "0123456789");
    text += whole;
    size_t fraction = 0;
    if (*text == '.') {
        fraction = strspn(text + 1, "0123456789");
        text += 1 + fraction;
    }
    if (whole + fraction == 0) {
        return false;
    }
    if (*text == 'e' || *text == 'E') {
        text++;
        text += *text == '+' || *text == '-' ? 1 : 0;
        size_t exponent = strspn(text, "0123456789");
        return exponent > 0 && text[exponent] == '\0';
    }
    return *text == '\0';
}

static bool read_real(const struct yaml *node, double *out)
{
    char text[NUMBER_SIZE];
    if (node->kind != YAML_SCALAR || !node->plain || !ungroup(node->text, text) ||
        !is_real(text)) {
        return false;
    }
    errno = 0;
    double value = strtod(text, NULL);
    if (!isfinite(value) || (errno == ERANGE && value == 0)) {
        return false;
    }
    *out = value;
    return true;
}

static bool read_integer(const struct yaml *node, long long *out)
{
    char text[NUMBER_SIZE];
    if (node->kind != YAML_SCALAR || !node->plain || !ungroup(node->text, text)) {
        return false;
    }
    const char *digits = text + (text[0] == '+' || text[0] == '-' ? 1 : 0);
    if (digits[0] == '\0' || digits[strspn(digits, "0123456789")] != '\0') {
        return false;
    }
    errno = 0;
    long long value = strtoll(text, NULL, 10);
    if (errno == ERANGE) {
        return false;
    }
    *out = value;
    return true;
}

static const char *shown(const struct yaml *node)
{
    static const char *const name[] = {[YAML_LIST] = "a list", [YAML_MAP] = "a map"};
    return node->kind == YAML_SCALAR ? node->text : name[node->kind];
}

int yaml_real(const struct yaml *node, double *out, struct error *err)
{
    if (!read_real(node, out)) {
        return error_set(err, ERROR_INPUT, "line %zu: '%s' is not a finite number%s",
                         node->line, shown(node),
                         node->kind == YAML_SCALAR && !node->plain ? " (it is in quotes)" : "");
    }
    return 0;
}

int yaml_count(const struct yaml *node, unsigned long long *out, struct error *err)
{
    char text[NUMBER_SIZE];
    bool good = node->kind == YAML_SCALAR && node->plain && ungroup(node->text, text) &&
                text[0] != '\0' && text[strspn(text, "0123456789")] == '\0';
    errno = 0;
    unsigned long long value = good ? strtoull(text, NULL, 10) : 0;
    if (!good || errno == ERANGE) {
        return error_set(err, ERROR_INPUT, "line %zu: '%s' is not a count (0, 1, 2, ...)%s",
                         node->line, shown(node),
                         node->kind == YAML_SCALAR && !node->plain ? " (it is in quotes)" : "");
    }
    *out = value;
    return 0;
}

static bool read_bool(const struct yaml *node, bool *out)
{
    if (node->kind != YAML_SCALAR || !node->plain) {
        return false;
    }
    bool yes = strcmp(node->text, "true") == 0;
    if (!yes && strcmp(node->text, "false") != 0) {
        return false;
    }
    *out = yes;
    return true;
}

int yaml_bool(const struct yaml *node, bool *out, struct error *err)
{
    if (!read_bool(node, out)) {
        return error_set(err, ERROR_INPUT, "line %zu: '%s' is neither true nor false",
                         node->line, shown(node));
    }
    return 0;
}

bool yaml_is_null(const struct yaml *node)
{
    return node->kind == YAML_SCALAR && node->plain &&
           (node->text[0] == '\0' || strcmp(node->text, "~") == 0 ||
            strcmp(node->text, "null") == 0);
}

static json_t *scalar_to_json(const struct yaml *node)
{
    bool yes = false;
    long long integer = 0;
    double real = 0;
    if (yaml_is_null(node)) {
        return json_null();
    }
    if (read_bool(node, &yes)) {
        return json_boolean(yes);
    }
    if (read_integer(node, &integer)) {
        return json_integer(integer);
    }
    if (read_real(node, &real)) {
        return json_real(real);
    }
    return json_string(node->text);
}

/* NOLINTNEXTLINE(misc-no-recursion): a tree is at most YAML_DEPTH deep */
json_t *yaml_to_json(const struct yaml *node)
{
    if (node->kind == YAML_SCALAR) {
        return scalar_to_json(node);
    }
    bool map = node->kind == YAML_MAP;
    json_t *out = map ? json_object() : json_array();
    for (size_t i = 0; out != NULL && i < node->n; i++) {
        /* The _new functions take the child over, and fail on a NULL one. */
        json_t *child = yaml_to_json(node->item[i]);
        int rc = map ? json_object_set_new(out, node->key[i], child)
                     : json_array_append_new(out, child);
        if (rc != 0) {
            json_decref(out);
            return NULL;
        }
    }
    return out;
}
