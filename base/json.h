/* SPDX-License-Identifier: Apache-2.0 */
/* json.h - the one door to jansson: bounded parsing, files, and the canonical form.
 *
 * Values are jansson's (json_t and its functions may be used by all who include this). Making one
 * never fails for want of memory: the program ends instead (see json.c). */
#ifndef BASE_JSON_H
#define BASE_JSON_H

#include <jansson.h>

#include "base/bytes.h"
#include "base/error.h"

/* Parses size bytes of UTF-8 JSON. Refuses (ERROR_PEER, with line and column) duplicate keys,
 * trailing bytes, more than size_limit bytes and nesting deeper than 64. The caller owns the
 * value (json_decref). */
json_t *json_parse(const void *data, size_t size, size_t size_limit, struct error *err);

/* The same from a file; the path is put before the error. */
json_t *json_parse_file(const char *path, size_t size_limit, struct error *err);

/* The text of a key of an object; "" where it is something else, or the object is none. Borrowed. */
const char *json_text(const json_t *object, const char *key);

/* Appends value in canonical form (RFC 8785: keys sorted by UTF-16 code units, no blanks,
 * shortest number that reads back as the same double; integers exact, beyond 2^53 too, which
 * the RFC leaves open). Fails (ERROR_SYSTEM) for want of memory. */
int json_write_canonical(const json_t *value, struct buffer *out, struct error *err);

/* Appends value indented, keys in the order they were set: for people and for -o json. */
int json_write_pretty(const json_t *value, struct buffer *out, struct error *err);

/* Appends the shortest decimal that reads back as the same finite double, in the layout of
 * ECMAScript's Number::toString (RFC 8785, 3.2.2.3): 0.1, 1e+21, 1e-7; -0 as 0. */
void json_write_number(double value, struct buffer *out);

/* Appends the text as a JSON string; in a text that is no UTF-8 each byte beyond ASCII as '?'. */
void json_write_text(const char *text, struct buffer *out);

/* The same value for jansson's iterators, which take no const object though they leave it as it
 * is. Nothing may be changed through it. */
static inline json_t *json_to_walk(const json_t *value)
{
    union {
        const json_t *in;
        json_t *out;
    } same = {.in = value};
    return same.out;
}

#endif
