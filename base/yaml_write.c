/* SPDX-License-Identifier: Apache-2.0 */
/* yaml_write.c - see yaml_write.h
 *
 * libyaml's emitter lays out and escapes; it knows nothing of types. What a plain text would be
 * read as is decided here, and rather quoted once too often: YAML 1.1 takes more words and forms
 * for something else (yes, 0b1, 1:30, 2001-01-01) than anyone remembers. */
#include "base/yaml_write.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <yaml.h>

#include "base/size.h"

enum { YAML_WRITE_DEPTH = 32 };

struct writer {
    yaml_emitter_t emitter;
    bool too_deep;
};

static int take(void *context, unsigned char *data, size_t size)
{
    struct buffer *out = context;
    buffer_raw(out, data, size);
    return out->failed ? 0 : 1;
}

/* Words that some reader takes for null, a truth value or a merge. */
static bool is_special_word(const char *text)
{
    static const char *const word[] = {"null", "true", "false", "yes", "no",
                                       "on",   "off",  "y",     "n"};
    for (size_t i = 0; i < ARRAY_LENGTH(word); i++) {
        if (strcasecmp(text, word[i]) == 0) {
            return true;
        }
    }
    return false;
}

/* Whether it could be read as a number, a date, ~, = or <<. No number begins with a letter. */
static bool has_special_start(const char *text)
{
    size_t sign = text[0] == '+' || text[0] == '-' ? 1 : 0;
    return text[0] == '\0' || strchr("0123456789.", text[sign]) != NULL ||
           strchr("+~=<", text[0]) != NULL;
}

static yaml_scalar_style_t style_of(const char *text)
{
    if (strchr(text, '\n') != NULL) {
        return YAML_LITERAL_SCALAR_STYLE; /* the emitter quotes where a block cannot hold it */
    }
    return is_special_word(text) || has_special_start(text) ? YAML_SINGLE_QUOTED_SCALAR_STYLE
                                                            : YAML_PLAIN_SCALAR_STYLE;
}

/* The event is the emitter's from here on, whether it succeeds or not. */
static bool emit(struct writer *writer, yaml_event_t *event)
{
    return yaml_emitter_emit(&writer->emitter, event) != 0;
}

static bool write_scalar(struct writer *writer, const char *text, size_t size,
                         yaml_scalar_style_t style)
{
    yaml_event_t event;
    /* libyaml copies the text; its parameter lacks the const. */
    union {
        const char *in;
        yaml_char_t *out;
    } same = {.in = text};
    return yaml_scalar_event_initialize(&event, NULL, NULL, same.out, (int)size, 1, 1, style) !=
               0 &&
           emit(writer, &event);
}

static bool write_string(struct writer *writer, const char *text)
{
    return write_scalar(writer, text, strlen(text), style_of(text));
}

/* With a point, without which YAML 1.1 takes 1e+21 for a text, and everyone 5 for an integer. */
static bool write_real(struct writer *writer, double value)
{
    struct buffer number = {0};
    json_write_number(value, &number);
    const char *text = buffer_string(&number);
    struct buffer shown = {0};
    if (text != NULL) {
        int mantissa = (int)strcspn(text, "e");
        bool has_point = strchr(text, '.') != NULL;
        buffer_printf(&shown, "%.*s%s%s", mantissa, text, has_point ? "" : ".0",
                      text + mantissa);
        text = buffer_string(&shown);
    }
    bool good =
        text != NULL && write_scalar(writer, text, strlen(text), YAML_PLAIN_SCALAR_STYLE);
    buffer_release(&shown);
    buffer_release(&number);
    return good;
}

static bool write_integer(struct writer *writer, json_int_t value)
{
    char text[32];
    int size = snprintf(text, sizeof text, "%" JSON_INTEGER_FORMAT, value);
    return write_scalar(writer, text, (size_t)size, YAML_PLAIN_SCALAR_STYLE);
}

static bool write_word(struct writer *writer, const char *word)
{
    return write_scalar(writer, word, strlen(word), YAML_PLAIN_SCALAR_STYLE);
}

/* NOLINTBEGIN(misc-no-recursion): a value is at most YAML_WRITE_DEPTH deep, or refused */
static bool write_value(struct writer *writer, const json_t *value, int depth);

static bool write_array(struct writer *writer, const json_t *array, int depth)
{
    yaml_event_t event;
    bool good = yaml_sequence_start_event_initialize(&event, NULL, NULL, 1,
                                                     YAML_BLOCK_SEQUENCE_STYLE) != 0 &&
                emit(writer, &event);
    for (size_t i = 0; good && i < json_array_size(array); i++) {
        good = write_value(writer, json_array_get(array, i), depth + 1);
    }
    return good && yaml_sequence_end_event_initialize(&event) != 0 && emit(writer, &event);
}

static bool write_object(struct writer *writer, const json_t *object, int depth)
{
    yaml_event_t event;
    bool good = yaml_mapping_start_event_initialize(&event, NULL, NULL, 1,
                                                    YAML_BLOCK_MAPPING_STYLE) != 0 &&
                emit(writer, &event);
    json_t *walked = json_to_walk(object);
    for (void *at = json_object_iter(walked); good && at != NULL;
         at = json_object_iter_next(walked, at)) {
        good = write_string(writer, json_object_iter_key(at)) &&
               write_value(writer, json_object_iter_value(at), depth + 1);
    }
    return good && yaml_mapping_end_event_initialize(&event) != 0 && emit(writer, &event);
}

static bool write_value(struct writer *writer, const json_t *value, int depth)
{
    bool inner = json_is_object(value) || json_is_array(value);
    if (inner && depth == YAML_WRITE_DEPTH) {
        writer->too_deep = true;
        return false;
    }
    switch (json_typeof(value)) {
    case JSON_OBJECT:
        return write_object(writer, value, depth);
    case JSON_ARRAY:
        return write_array(writer, value, depth);
    case JSON_STRING:
        return write_string(writer, json_string_value(value));
    case JSON_INTEGER:
        return write_integer(writer, json_integer_value(value));
    case JSON_REAL:
        return write_real(writer, json_real_value(value));
    case JSON_TRUE:
        return write_word(writer, "true");
    case JSON_FALSE:
        return write_word(writer, "false");
    default:
        return write_word(writer, "null");
    }
}
/* NOLINTEND(misc-no-recursion) */

static bool write_stream(struct writer *writer, const json_t *value)
{
    yaml_event_t event;
    return yaml_stream_start_event_initialize(&event, YAML_UTF8_ENCODING) != 0 &&
           emit(writer, &event) &&
           yaml_document_start_event_initialize(&event, NULL, NULL, NULL, 1) != 0 &&
           emit(writer, &event) && write_value(writer, value, 0) &&
           yaml_document_end_event_initialize(&event, 1) != 0 && emit(writer, &event) &&
           yaml_stream_end_event_initialize(&event) != 0 && emit(writer, &event);
}

int yaml_write(const json_t *value, struct buffer *out, struct error *err)
{
    struct writer writer = {.too_deep = false};
    if (yaml_emitter_initialize(&writer.emitter) == 0) {
        return error_no_memory(err, "YAML");
    }
    yaml_emitter_set_output(&writer.emitter, take, out);
    yaml_emitter_set_unicode(&writer.emitter, 1);
    yaml_emitter_set_width(&writer.emitter, -1);
    bool good = write_stream(&writer, value);
    yaml_emitter_delete(&writer.emitter);
    if (writer.too_deep) {
        return error_set(err, ERROR_SYSTEM, "YAML nested deeper than %d", YAML_WRITE_DEPTH);
    }
    return good ? 0 : error_no_memory(err, "YAML");
}
