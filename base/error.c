/* SPDX-License-Identifier: Apache-2.0 */
/* error.c - see error.h */
#include "base/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/size.h"

static const char *const kind_name[ERROR_KINDS] = {"none", "input", "system", "peer"};

/* Puts more at text[at], cut where the box ends. */
static void append(char text[ERROR_TEXT_SIZE], size_t at, const char *more)
{
    if (at < ERROR_TEXT_SIZE) {
        size_t n = size_min(strlen(more), ERROR_TEXT_SIZE - 1 - at);
        memcpy(text + at, more, n);
        text[at + n] = '\0';
    }
}

int error_set(struct error *err, enum error_kind kind, const char *format, ...)
{
    if (err == NULL) {
        return -1;
    }
    /* Composed apart: the arguments may point into err->text. */
    char text[ERROR_TEXT_SIZE];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args);
    va_end(args);
    err->kind = kind;
    memcpy(err->text, text, sizeof text);
    return -1;
}

int error_prefix(struct error *err, const char *format, ...)
{
    if (err == NULL) {
        return -1;
    }
    char text[ERROR_TEXT_SIZE];
    va_list args;
    va_start(args, format);
    int n = vsnprintf(text, sizeof text, format, args);
    va_end(args);
    append(text, n < 0 ? 0 : (size_t)n, ": ");
    append(text, strlen(text), err->text);
    memcpy(err->text, text, sizeof text);
    return -1;
}

int error_no_memory(struct error *err, const char *what)
{
    return error_set(err, ERROR_SYSTEM, "no memory for %s", what);
}

const char *error_kind_name(enum error_kind kind)
{
    return kind < ERROR_KINDS ? kind_name[kind] : "unknown";
}

enum error_kind error_kind_find(const char *name)
{
    for (int kind = ERROR_INPUT; kind < ERROR_KINDS; kind++) {
        if (strcmp(name, kind_name[kind]) == 0) {
            return (enum error_kind)kind;
        }
    }
    return ERROR_NONE;
}
