/* SPDX-License-Identifier: Apache-2.0 */
/* schema.c - see schema.h */
#include "scheduler/schema.h"

#include <assert.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct place schema_in(const struct place *place, const char *field)
{
    struct place in = {.file = place->file};
    (void)snprintf(in.name, sizeof in.name, "%.90s%s%.60s", place->name,
                   place->name[0] == '\0' ? "" : ".", field);
    return in;
}

struct place schema_item(const struct place *place, size_t index)
{
    struct place in = {.file = place->file};
    (void)snprintf(in.name, sizeof in.name, "%.*s[%zu]", PLACE_SIZE - 24, place->name, index);
    return in;
}

int schema_prefix(const struct place *place, size_t line, struct error *err)
{
    return error_prefix(err, "%s:%zu%s%s", place->file, line,
                        place->name[0] == '\0' ? "" : ": ", place->name);
}

int schema_fail(const struct place *place, size_t line, struct error *err, const char *format,
                ...)
{
    char text[ERROR_TEXT_SIZE];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args);
    va_end(args);
    (void)error_set(err, ERROR_INPUT, "%s", text);
    return schema_prefix(place, line, err);
}

size_t schema_line(const struct yaml *map, const char *key)
{
    for (size_t i = 0; map->kind == YAML_MAP && i < map->n; i++) {
        if (strcmp(map->key[i], key) == 0) {
            return map->key_line[i];
        }
    }
    return map->line;
}

void schema_suggest(const struct nearest *nearest, char out[SUGGESTION_SIZE])
{
    (void)snprintf(out, SUGGESTION_SIZE, nearest->name == NULL ? "%s%s" : "; did you mean %s%s",
                   nearest->name == NULL ? "" : nearest->name,
                   nearest->name == NULL ? "" : "?");
}

/* A value as the file has it, for messages: quoted, cut, or what it is instead of one. */
enum { SHOWN_SIZE = 80 };
static void show(const struct yaml *node, char out[SHOWN_SIZE])
{
    if (node->kind == YAML_SCALAR) {
        bool quoted = !node->plain; /* so that "2012" is seen to be a text */
        (void)snprintf(out, SHOWN_SIZE, quoted ? "the text \"%.50s\"" : "\"%.60s\"",
                       node->text);
    } else {
        (void)snprintf(out, SHOWN_SIZE, "a %s", node->kind == YAML_LIST ? "list" : "map");
    }
}

static int fail_value(const struct place *place, const struct yaml *node, const char *wanted,
                      struct error *err)
{
    char shown[SHOWN_SIZE];
    show(node, shown);
    return schema_fail(place, node->line, err, "%s is not %s", shown, wanted);
}

static bool is_word(const char *words, const char *text)
{
    size_t size = strlen(text);
    for (const char *at = words; at != NULL && *at != '\0';) {
        size_t length = strcspn(at, " ");
        if (length == size && memcmp(at, text, size) == 0) {
            return true;
        }
        at += length + strspn(at + length, " ");
    }
    return false;
}

/* Texts reach terminals, plots and pages: what moves a cursor is no part of a name. */
static bool has_control(const char *text)
{
    for (; *text != '\0'; text++) {
        unsigned char c = (unsigned char)*text;
        if (c < 0x20 || c == 0x7f) {
            return true;
        }
    }
    return false;
}

static int read_text(const struct place *place, const struct yaml *node,
                     const struct field *field, char **out, struct error *err)
{
    if (node->kind != YAML_SCALAR) {
        return fail_value(place, node, "a text", err);
    }
    if (field->words != NULL && !is_word(field->words, node->text)) {
        char wanted[128];
        (void)snprintf(wanted, sizeof wanted, "one of: %s", field->words);
        return fail_value(place, node, wanted, err);
    }
    if (node->text[0] == '\0' || has_control(node->text)) {
        return schema_fail(place, node->line, err, "%s",
                           node->text[0] == '\0' ? "an empty text"
                                                 : "control characters in a text");
    }
    if (strlen(node->text) > (size_t)field->most) {
        return schema_fail(place, node->line, err, "a text of %zu bytes, more than %.0f",
                           strlen(node->text), field->most);
    }
    char *copy = strdup(node->text);
    if (copy == NULL) {
        return error_no_memory(err, "a run file");
    }
    free(*out);
    *out = copy;
    return 0;
}

static int read_real(const struct place *place, const struct yaml *node,
                     const struct field *field, double *out, struct error *err)
{
    double value = 0;
    if (yaml_real(node, &value, NULL) != 0) {
        return fail_value(place, node, "a number", err);
    }
    if (!(value > field->above) || value > field->most) {
        return schema_fail(place, node->line, err, "%g is not above %g and at most %g", value,
                           field->above, field->most);
    }
    *out = value;
    return 0;
}

/* Bounds are doubles, and whole numbers up to 2^53 that both kinds of count compare exactly. */
static int read_whole(const struct place *place, const struct yaml *node,
                      const struct field *field, uint64_t *out, struct error *err)
{
    unsigned long long value = 0;
    if (yaml_count(node, &value, NULL) != 0) {
        return fail_value(place, node, "a whole number", err);
    }
    if (value < (unsigned long long)field->above || value > (unsigned long long)field->most) {
        return schema_fail(place, node->line, err, "%llu is not in %.0f to %.0f", value,
                           field->above, field->most);
    }
    *out = value;
    return 0;
}

static int read_label(const struct place *place, const struct yaml *node,
                      const struct field *field, int *out, struct error *err)
{
    assert(field->most <= INT_MAX);
    uint64_t value = 0;
    if (read_whole(place, node, field, &value, err) != 0) {
        return -1;
    }
    *out = (int)value;
    return 0;
}

static int read_flag(const struct place *place, const struct yaml *node, bool *out,
                     struct error *err)
{
    return yaml_bool(node, out, NULL) == 0 ? 0 : fail_value(place, node, "true or false", err);
}

static int read_node(const struct place *place, const struct yaml *node, enum yaml_kind kind,
                     const struct yaml **out, struct error *err)
{
    if (node->kind != kind) {
        return fail_value(place, node, kind == YAML_LIST ? "a list" : "a map", err);
    }
    if (kind == YAML_LIST && node->n == 0) {
        return schema_fail(place, node->line, err, "an empty list");
    }
    *out = node;
    return 0;
}

static int read_json(const struct place *place, const struct yaml *node, enum yaml_kind kind,
                     json_t **out, struct error *err)
{
    const struct yaml *checked = NULL;
    if (read_node(place, node, kind, &checked, err) != 0) {
        return -1;
    }
    json_t *value = yaml_to_json(checked);
    if (value == NULL) {
        return error_no_memory(err, "a run file");
    }
    json_decref(*out);
    *out = value;
    return 0;
}

static int read_text_map(const struct place *place, const struct yaml *map, json_t **out,
                         struct error *err)
{
    const struct yaml *checked = NULL;
    if (read_node(place, map, YAML_MAP, &checked, err) != 0) {
        return -1;
    }
    json_t *texts = json_object();
    for (size_t i = 0; i < map->n; i++) {
        const struct yaml *item = map->item[i];
        struct place in = schema_in(place, map->key[i]);
        if (item->kind != YAML_SCALAR || yaml_is_null(item)) {
            json_decref(texts);
            return fail_value(&in, item, "a text", err);
        }
        json_object_set_new(texts, map->key[i], json_string(item->text));
    }
    json_decref(*out);
    *out = texts;
    return 0;
}

int schema_read_one(const struct place *place, const struct yaml *node,
                    const struct field *field, void *out, struct error *err)
{
    void *to = (char *)out + field->offset;
    if (yaml_is_null(node)) {
        return schema_fail(place, node->line, err, "nothing is said");
    }
    switch (field->kind) {
    case FIELD_TEXT:
        return read_text(place, node, field, to, err);
    case FIELD_REAL:
        return read_real(place, node, field, to, err);
    case FIELD_COUNT:
        return read_whole(place, node, field, to, err);
    case FIELD_LABEL:
        return read_label(place, node, field, to, err);
    case FIELD_FLAG:
        return read_flag(place, node, to, err);
    case FIELD_LIST:
        return read_node(place, node, YAML_LIST, to, err);
    case FIELD_JSON_MAP:
        return read_json(place, node, YAML_MAP, to, err);
    case FIELD_JSON_LIST:
        return read_json(place, node, YAML_LIST, to, err);
    case FIELD_TEXT_MAP:
        return read_text_map(place, node, to, err);
    default:
        return read_node(place, node, YAML_MAP, to, err);
    }
}

static int fail_unknown(const struct place *place, const struct yaml *map, size_t index,
                        const struct schema *schema, struct error *err)
{
    struct nearest nearest = nearest_to(map->key[index]);
    for (size_t i = 0; i < schema->n; i++) {
        nearest_offer(&nearest, schema->field[i].name);
    }
    char suggestion[SUGGESTION_SIZE];
    schema_suggest(&nearest, suggestion);
    return schema_fail(place, map->key_line[index], err, "no field \"%.60s\" is known here%s",
                       map->key[index], suggestion);
}

static size_t find_field(const struct schema *schema, const char *name)
{
    size_t i = 0;
    while (i < schema->n && strcmp(schema->field[i].name, name) != 0) {
        i++;
    }
    return i;
}

static int check_required(const struct place *place, const struct yaml *map,
                          const struct schema *schema, uint32_t given, struct error *err)
{
    for (size_t i = 0; i < schema->n; i++) {
        if (schema->field[i].required && (given >> i & 1U) == 0) {
            return schema_fail(place, map->line, err, "%s is missing", schema->field[i].name);
        }
    }
    return 0;
}

int schema_read(const struct place *place, const struct yaml *map, const struct schema *schema,
                void *out, uint32_t *given, struct error *err)
{
    assert(schema->n <= 32);
    *given = 0;
    if (map->kind != YAML_MAP) {
        return fail_value(place, map, "a map of fields", err);
    }
    for (size_t i = 0; i < map->n; i++) {
        size_t at = find_field(schema, map->key[i]);
        if (at == schema->n) {
            return fail_unknown(place, map, i, schema, err);
        }
        struct place in = schema_in(place, map->key[i]);
        if (schema_read_one(&in, map->item[i], &schema->field[at], out, err) != 0) {
            return -1;
        }
        *given |= 1U << at;
    }
    return check_required(place, map, schema, *given, err);
}
