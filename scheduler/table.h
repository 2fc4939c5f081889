/* SPDX-License-Identifier: Apache-2.0 */
/* table.h - rows and columns of text, aligned, for 80 characters. */
#ifndef SCHEDULER_TABLE_H
#define SCHEDULER_TABLE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/bytes.h"

enum { TABLE_COLUMNS_MAX = 16, TABLE_WIDTH = 80 };

/* Empty when filled with its alignment alone (and whole): {.align = "lrr"}. Without memory the text of
 * table_write is failed. */
struct table {
    const char *align; /* one letter a column: l or r; at most TABLE_COLUMNS_MAX */
    bool whole;        /* nothing is cut, however wide it is: for pipes */
    struct buffer text;
    size_t n_cells;
    size_t *stop; /* [n_cells] in text */
};

/* The next cell, row by row; empty text is "". Control characters come out as '?'. */
void table_add(struct table *t, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The same with a count as human.h writes it. */
void table_add_count(struct table *t, unsigned long long n);

/* Appends the rows, indented; where they are wider than TABLE_WIDTH the widest left column is
 * cut, with "..." in its middle, unless the table is whole. */
void table_write(const struct table *t, size_t indent, struct buffer *out);
void table_release(struct table *t);

#endif
