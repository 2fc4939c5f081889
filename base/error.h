/* SPDX-License-Identifier: Apache-2.0 */
/* error.h - what went wrong, and who has to act; carried by the caller, printed only by main. */
#ifndef BASE_ERROR_H
#define BASE_ERROR_H

enum error_kind {
    ERROR_NONE,
    ERROR_INPUT,  /* the user's data or command: never retried */
    ERROR_SYSTEM, /* disk, memory, network: may pass, tried again */
    ERROR_PEER,   /* the other side of a pipe, socket or stored record broke the format */
    ERROR_KINDS
};

enum { ERROR_TEXT_SIZE = 1024 };

/* A box that the caller owns. Zero-initialised it holds no error. */
struct error {
    enum error_kind kind;
    char text[ERROR_TEXT_SIZE]; /* cut, never overrun */
};

/* Sets kind and text, replacing what was there; err may be NULL. Returns -1, so that
 * `return error_set(err, ...)` is one line. */
int error_set(struct error *err, enum error_kind kind, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Puts "<place>: " before the text; the kind stays. Returns -1. */
int error_prefix(struct error *err, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* ERROR_SYSTEM "no memory for <what>"; returns -1. */
int error_no_memory(struct error *err, const char *what);

/* "input", "system", "peer" (or "none"): the word for logs, JSON and the ledger. */
const char *error_kind_name(enum error_kind kind);

/* The inverse; ERROR_NONE for a word it does not know. */
enum error_kind error_kind_find(const char *name);

#endif
