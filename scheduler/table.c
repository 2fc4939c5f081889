/* SPDX-License-Identifier: Apache-2.0 */
/* table.c - see table.h */
#include "scheduler/table.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "scheduler/human.h"

enum { CELL_SIZE = 512, NARROWEST = 12, GAP = 2 };

static void end_cell(struct table *t)
{
    size_t *grown = realloc(t->stop, (t->n_cells + 1) * sizeof *grown);
    if (grown == NULL) {
        t->text.failed = true;
        return;
    }
    t->stop = grown;
    t->stop[t->n_cells++] = t->text.size;
}

void table_add(struct table *t, const char *format, ...)
{
    char cell[CELL_SIZE];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(cell, sizeof cell, format, arguments);
    va_end(arguments);
    human_text(&t->text, cell);
    end_cell(t);
}

void table_add_count(struct table *t, unsigned long long n)
{
    human_count(&t->text, n);
    end_cell(t);
}

static const char *cell_at(const struct table *t, size_t cell, size_t *size)
{
    size_t start = cell == 0 ? 0 : t->stop[cell - 1];
    *size = t->stop[cell] - start;
    return (const char *)t->text.data + start;
}

static bool is_continuation(char c)
{
    return ((unsigned char)c & 0xc0) == 0x80;
}

/* Characters of UTF-8 text: about what it takes on a terminal. */
static size_t width_of(const char *text, size_t size)
{
    size_t n = 0;
    for (size_t i = 0; i < size; i++) {
        n += !is_continuation(text[i]);
    }
    return n;
}

/* The byte at which character number n begins. */
static size_t byte_of(const char *text, size_t size, size_t n)
{
    size_t i = 0;
    for (size_t seen = 0; i < size; i++) {
        seen += !is_continuation(text[i]);
        if (seen > n) {
            break;
        }
    }
    return i;
}

/* Cuts the widest left column until all fits, or nothing more can be cut. */
static void shrink(const char *align, size_t n, size_t indent, size_t width[])
{
    size_t total = indent + (n - 1) * GAP;
    size_t widest = n;
    for (size_t c = 0; c < n; c++) {
        total += width[c];
        if (align[c] == 'l' && (widest == n || width[c] > width[widest])) {
            widest = c;
        }
    }
    if (total > TABLE_WIDTH && widest < n && width[widest] > NARROWEST) {
        size_t excess = total - TABLE_WIDTH;
        size_t spare = width[widest] - NARROWEST;
        width[widest] -= size_min(excess, spare);
    }
}

static void write_cut(const char *text, size_t size, size_t width, struct buffer *out)
{
    size_t all = width_of(text, size);
    if (all <= width) {
        buffer_raw(out, text, size);
        return;
    }
    size_t tail = (width - 3) / 2;
    size_t cut = byte_of(text, size, all - tail);
    buffer_raw(out, text, byte_of(text, size, width - 3 - tail));
    buffer_printf(out, "...");
    buffer_raw(out, text + cut, size - cut);
}

static void pad(struct buffer *out, size_t n)
{
    buffer_printf(out, "%*s", (int)n, "");
}

static void write_row(const struct table *t, size_t row, const size_t width[],
                      struct buffer *out)
{
    size_t n = strlen(t->align);
    for (size_t c = 0; c < n; c++) {
        size_t size = 0;
        const char *text = cell_at(t, row * n + c, &size);
        size_t taken = size_min(width_of(text, size), width[c]);
        pad(out, t->align[c] == 'r' ? width[c] - taken : 0);
        write_cut(text, size, width[c], out);
        if (c + 1 < n) {
            pad(out, GAP + (t->align[c] == 'l' ? width[c] - taken : 0));
        }
    }
    while (out->size > 0 && out->data[out->size - 1] == ' ') {
        out->size--;
    }
    buffer_printf(out, "\n");
}

void table_write(const struct table *t, size_t indent, struct buffer *out)
{
    size_t width[TABLE_COLUMNS_MAX] = {0};
    size_t n = strlen(t->align);
    out->failed = out->failed || t->text.failed;
    if (out->failed || n == 0 || n > TABLE_COLUMNS_MAX) {
        return;
    }
    for (size_t i = 0; i < t->n_cells; i++) {
        size_t size = 0;
        const char *text = cell_at(t, i, &size);
        width[i % n] = size_max(width[i % n], width_of(text, size));
    }
    if (!t->whole) {
        shrink(t->align, n, indent, width);
    }
    for (size_t row = 0; row < t->n_cells / n; row++) {
        pad(out, indent);
        write_row(t, row, width, out);
    }
}

void table_release(struct table *t)
{
    buffer_release(&t->text);
    free(t->stop);
    *t = (struct table){.align = t->align};
}
