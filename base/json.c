/* SPDX-License-Identifier: Apache-2.0 */
/* json.c - see json.h
 *
 * Parsing is jansson's, after a look at the bytes that jansson cannot be told to take: its own
 * limit of nesting is 2048, and it refuses an integer beyond 64 bits, which the canonical form
 * writes for a real such as 1e20. Writing is ours, because jansson sorts keys by bytes and has
 * no shortest numbers. One walker serves both layouts. */
#include "base/json.h"

#include <errno.h>
#include <float.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/size.h"

/* A list that could not grow would lose an item in silence, in the result too, and hardly any
 * caller would look. So there is always memory for JSON, or an end at once: the scheduler goes on
 * when it is started again, and the death of a compute program is a failure of one shard. */
static void *allocate_or_end(size_t size)
{
    void *memory = malloc(size);
    if (memory == NULL && size > 0) {
        abort();
    }
    return memory;
}

__attribute__((constructor)) static void set_allocator(void)
{
    json_set_alloc_funcs(allocate_or_end, free);
}

enum { JSON_DEPTH = 64 };
enum { DOUBLE_DIGITS = 17 }; /* enough for every double */

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Where a text is, for messages. */
struct place {
    size_t line;
    size_t column;
};

static struct place place_of(const char *text, size_t at)
{
    struct place place = {.line = 1, .column = 1};
    for (size_t i = 0; i < at; i++) {
        place.column++;
        if (text[i] == '\n') {
            place = (struct place){.line = place.line + 1, .column = 1};
        }
    }
    return place;
}

/* The index after the string that opens at text[at]; size if it does not end. */
static size_t skip_string(const char *text, size_t size, size_t at)
{
    for (at++; at < size && text[at] != '"'; at++) {
        if (text[at] == '\\') {
            at++;
        }
    }
    return size_min(at + 1, size);
}

static int check_depth(const char *text, size_t size, struct error *err)
{
    size_t depth = 0;
    for (size_t i = 0; i < size;) {
        char c = text[i];
        if (c == '"') {
            i = skip_string(text, size, i);
            continue;
        }
        if (c == '[' || c == '{') {
            depth++;
        } else if ((c == ']' || c == '}') && depth > 0) {
            depth--;
        }
        if (depth > JSON_DEPTH) {
            struct place place = place_of(text, i);
            return error_set(err, ERROR_PEER, "line %zu, column %zu: nested deeper than %d",
                             place.line, place.column, JSON_DEPTH);
        }
        i++;
    }
    return 0;
}

/* The length of the number that starts at text[at], 0 if none does; *too_large if it is an
 * integer that 64 bits do not hold. */
static size_t number_length(const char *text, size_t size, size_t at, bool *too_large)
{
    size_t stop = at + (text[at] == '-' ? 1 : 0);
    size_t first = stop;
    while (stop < size && is_digit(text[stop])) {
        stop++;
    }
    *too_large = false;
    if (stop == first) {
        return 0;
    }
    size_t n = stop - first;
    bool integer = stop == size || strchr(".eE", text[stop]) == NULL;
    /* 19 digits, compared as text: 9223372036854775808 is one too many (its negative, the
     * lowest, becomes a real too: the same value). */
    *too_large = integer &&
                 (n > 19 || (n == 19 && memcmp(text + first, "9223372036854775808", 19) >= 0));
    while (stop < size && (is_digit(text[stop]) || strchr(".eE+-", text[stop]) != NULL)) {
        stop++;
    }
    return stop - at;
}

/* The length of the string or number that starts at text[at], else 1. */
static size_t token_length(const char *text, size_t size, size_t at, bool *too_large)
{
    *too_large = false;
    size_t n = text[at] == '"' ? skip_string(text, size, at) - at
                               : number_length(text, size, at, too_large);
    return size_max(n, 1);
}

static bool has_large_integer(const char *text, size_t size)
{
    bool too_large = false;
    for (size_t i = 0; i < size && !too_large;) {
        i += token_length(text, size, i, &too_large);
    }
    return too_large;
}

/* Copies text into out with ".0" after each integer that 64 bits do not hold, so that it is
 * read as a real. */
static void widen_integers(const char *text, size_t size, struct buffer *out)
{
    for (size_t i = 0; i < size;) {
        bool too_large = false;
        size_t n = token_length(text, size, i, &too_large);
        buffer_raw(out, text + i, n);
        if (too_large) {
            buffer_raw(out, ".0", 2);
        }
        i += n;
    }
}

static json_t *load(const char *text, size_t size, struct error *err)
{
    json_error_t problem;
    json_t *value = json_loadb(text, size, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &problem);
    if (value == NULL) {
        enum error_kind kind =
            json_error_code(&problem) == json_error_out_of_memory ? ERROR_SYSTEM : ERROR_PEER;
        error_set(err, kind, "line %d, column %d: %s", problem.line, problem.column,
                  problem.text);
    }
    return value;
}

/* For the few texts with an integer beyond 64 bits. */
static json_t *load_widened(const char *text, size_t size, struct error *err)
{
    struct buffer wide = {0};
    json_t *value = NULL;
    widen_integers(text, size, &wide);
    if (wide.failed) {
        error_no_memory(err, "JSON");
    } else {
        value = load((const char *)wide.data, wide.size, err);
    }
    buffer_release(&wide);
    return value;
}

json_t *json_parse(const void *data, size_t size, size_t size_limit, struct error *err)
{
    if (size > size_limit) {
        error_set(err, ERROR_PEER, "%zu bytes of JSON, more than %zu", size, size_limit);
        return NULL;
    }
    const char *text = size == 0 ? "" : data;
    if (check_depth(text, size, err) != 0) {
        return NULL;
    }
    return has_large_integer(text, size) ? load_widened(text, size, err)
                                         : load(text, size, err);
}

json_t *json_parse_file(const char *path, size_t size_limit, struct error *err)
{
    struct buffer text = {0};
    json_t *value = NULL;
    if (file_read(path, size_limit, &text, err) == 0) {
        value = json_parse(text.data, text.size, size_limit, err);
        if (value == NULL) {
            error_prefix(err, "%s", path);
        }
    }
    buffer_release(&text);
    return value;
}

/* value = 0.d1d2d3... x 10^point, as ECMAScript's Number::toString names it (s, k, n). */
struct decimal {
    char digit[DOUBLE_DIGITS + 1];
    int n;
    int point;
};

/* The decimal of n digits nearest to value > 0. */
static struct decimal decimal_nearest(double value, int n)
{
    char text[32]; /* "d.ddde-308" */
    (void)snprintf(text, sizeof text, "%.*e", n - 1, value);
    struct decimal out = {.n = n};
    const char *exponent = strchr(text, 'e');
    for (const char *c = text; c < exponent; c++) {
        if (is_digit(*c)) {
            size_t i = strlen(out.digit);
            out.digit[i] = *c;
        }
    }
    out.point = (int)strtol(exponent + 1, NULL, 10) + 1;
    return out;
}

static double decimal_value(const struct decimal *decimal)
{
    char text[48];
    (void)snprintf(text, sizeof text, "%.*se%d", decimal->n, decimal->digit,
                   decimal->point - decimal->n);
    return strtod(text, NULL);
}

/* The next larger decimal of as many digits. */
static void decimal_increment(struct decimal *decimal)
{
    for (int i = decimal->n - 1; i >= 0; i--) {
        if (decimal->digit[i] != '9') {
            decimal->digit[i]++;
            return;
        }
        decimal->digit[i] = '0';
    }
    decimal->digit[0] = '1';
    decimal->point++;
}

/* The fewest digits that read back as value > 0. Up to 15 digits survive decimal - double -
 * decimal (normal doubles), so a shorter one shows as zeros at the end of the 15; subnormal
 * doubles are tried digit by digit. Above a power of two the doubles lie twice as far apart as
 * below it, so there the next larger decimal may read back where the nearest does not
 * (2^-44 = 5.684341886080802e-14). */
static struct decimal decimal_shortest(double value)
{
    struct decimal out = {0};
    for (int n = value < DBL_MIN ? 1 : DBL_DIG; n <= DOUBLE_DIGITS; n++) {
        out = decimal_nearest(value, n);
        if (decimal_value(&out) == value) {
            break;
        }
        struct decimal next = out;
        decimal_increment(&next);
        if (decimal_value(&next) == value) {
            out = next;
            break;
        }
    }
    while (out.n > 1 && out.digit[out.n - 1] == '0') {
        out.n--;
    }
    return out;
}

void json_write_number(double value, struct buffer *out)
{
    if (value == 0) {
        buffer_raw(out, "0", 1);
        return;
    }
    if (value < 0) {
        buffer_raw(out, "-", 1);
    }
    struct decimal d = decimal_shortest(fabs(value));
    if (d.n <= d.point && d.point <= 21) {
        buffer_printf(out, "%.*s%.*s", d.n, d.digit, d.point - d.n, "00000000000000000000");
    } else if (0 < d.point && d.point <= 21) {
        buffer_printf(out, "%.*s.%.*s", d.point, d.digit, d.n - d.point, d.digit + d.point);
    } else if (-6 < d.point && d.point <= 0) {
        buffer_printf(out, "0.%.*s%.*s", -d.point, "000000", d.n, d.digit);
    } else {
        buffer_printf(out, "%c%s%.*se%+d", d.digit[0], d.n > 1 ? "." : "", d.n - 1, d.digit + 1,
                      d.point - 1);
    }
}

static void write_string(const char *text, size_t size, struct buffer *out)
{
    static const char short_escape[32] = {
        ['\b'] = 'b', ['\t'] = 't', ['\n'] = 'n', ['\f'] = 'f', ['\r'] = 'r'};
    size_t first = 0; /* of what goes as it is */
    buffer_raw(out, "\"", 1);
    for (size_t i = 0; i < size; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c >= 0x20 && c != '"' && c != '\\') {
            continue;
        }
        buffer_raw(out, text + first, i - first);
        first = i + 1;
        if (c >= 0x20) {
            buffer_printf(out, "\\%c", c);
        } else if (short_escape[c] != 0) {
            buffer_printf(out, "\\%c", short_escape[c]);
        } else {
            buffer_printf(out, "\\u%04x", c);
        }
    }
    buffer_raw(out, text + first, size - first);
    buffer_raw(out, "\"", 1);
}

/* As jansson judges it, whose strings are nothing else. */
static bool is_utf8(const char *text)
{
    json_t *value = json_string(text);
    json_decref(value);
    return value != NULL;
}

void json_write_text(const char *text, struct buffer *out)
{
    size_t size = strlen(text);
    bool is_ascii = true;
    for (size_t i = 0; is_ascii && i < size; i++) {
        is_ascii = (unsigned char)text[i] < 0x80;
    }
    size_t first = out->size;
    write_string(text, size, out);
    if (is_ascii || is_utf8(text)) {
        return;
    }
    for (size_t i = first; i < out->size; i++) {
        out->data[i] = out->data[i] < 0x80 ? out->data[i] : '?';
    }
}

/* UTF-8 sorts as UTF-16 does but for one thing: U+E000 to U+FFFF (lead bytes EE, EF) come after
 * the surrogates that UTF-16 writes U+10000 and above with (lead bytes F0 and above). */
static int utf16_rank(unsigned char byte)
{
    return byte == 0xEE || byte == 0xEF ? byte + 0x10 : byte;
}

static int compare_keys(const void *left, const void *right)
{
    const char *a = *(const char *const *)left;
    const char *b = *(const char *const *)right;
    while (*a != '\0' && *a == *b) {
        a++;
        b++;
    }
    return utf16_rank((unsigned char)*a) - utf16_rank((unsigned char)*b);
}

/* The object's keys, borrowed from it, in an array that the caller frees; NULL without memory. */
static const char **object_keys(const json_t *object, bool sorted, size_t *n)
{
    size_t room = json_object_size(object);
    const char **keys = calloc(room + 1, sizeof *keys);
    if (keys == NULL) {
        return NULL;
    }
    json_t *walked = json_to_walk(object);
    *n = 0;
    for (void *at = json_object_iter(walked); at != NULL && *n < room;
         at = json_object_iter_next(walked, at)) {
        keys[*n] = json_object_iter_key(at);
        *n += 1;
    }
    if (sorted) {
        qsort(keys, *n, sizeof *keys, compare_keys);
    }
    return keys;
}

struct writer {
    struct buffer *out;
    bool pretty;
    bool too_deep;
    int depth;
};

static void write_break(const struct writer *writer)
{
    if (writer->pretty) {
        buffer_printf(writer->out, "\n%*s", 2 * writer->depth, "");
    }
}

static void write_scalar(const json_t *value, struct buffer *out)
{
    switch (json_typeof(value)) {
    case JSON_STRING:
        write_string(json_string_value(value), json_string_length(value), out);
        break;
    case JSON_INTEGER:
        buffer_printf(out, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
        break;
    case JSON_REAL:
        json_write_number(json_real_value(value), out);
        break;
    case JSON_TRUE:
        buffer_raw(out, "true", 4);
        break;
    case JSON_FALSE:
        buffer_raw(out, "false", 5);
        break;
    default:
        buffer_raw(out, "null", 4);
        break;
    }
}

/* NOLINTBEGIN(misc-no-recursion): a value is at most JSON_DEPTH deep, or refused */
static void write_value(struct writer *writer, const json_t *value);

static void write_array(struct writer *writer, const json_t *array)
{
    size_t n = json_array_size(array);
    for (size_t i = 0; i < n; i++) {
        buffer_raw(writer->out, ",", i > 0 ? 1 : 0);
        write_break(writer);
        write_value(writer, json_array_get(array, i));
    }
}

static void write_object(struct writer *writer, const json_t *object)
{
    size_t n = 0;
    const char **keys = object_keys(object, !writer->pretty, &n);
    if (keys == NULL) {
        writer->out->failed = true;
        return;
    }
    for (size_t i = 0; i < n; i++) {
        buffer_raw(writer->out, ",", i > 0 ? 1 : 0);
        write_break(writer);
        write_string(keys[i], strlen(keys[i]), writer->out);
        buffer_raw(writer->out, ": ", writer->pretty ? 2 : 1);
        write_value(writer, json_object_get(object, keys[i]));
    }
    free(keys);
}

static void write_value(struct writer *writer, const json_t *value)
{
    bool object = json_is_object(value);
    if (!object && !json_is_array(value)) {
        write_scalar(value, writer->out);
        return;
    }
    if (writer->depth == JSON_DEPTH) {
        writer->too_deep = true;
        return;
    }
    buffer_raw(writer->out, object ? "{" : "[", 1);
    writer->depth++;
    if (object) {
        write_object(writer, value);
    } else {
        write_array(writer, value);
    }
    writer->depth--;
    if (json_object_size(value) + json_array_size(value) > 0) {
        write_break(writer);
    }
    buffer_raw(writer->out, object ? "}" : "]", 1);
}
/* NOLINTEND(misc-no-recursion) */

static int write_document(struct writer writer, const json_t *value, struct error *err)
{
    write_value(&writer, value);
    if (writer.too_deep) {
        return error_set(err, ERROR_SYSTEM, "JSON nested deeper than %d", JSON_DEPTH);
    }
    return writer.out->failed ? error_no_memory(err, "JSON") : 0;
}

int json_write_canonical(const json_t *value, struct buffer *out, struct error *err)
{
    return value == NULL ? error_no_memory(err, "a JSON value")
                         : write_document((struct writer){.out = out}, value, err);
}

int json_write_pretty(const json_t *value, struct buffer *out, struct error *err)
{
    return write_document((struct writer){.out = out, .pretty = true}, value, err);
}

const char *json_text(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text == NULL ? "" : text;
}
