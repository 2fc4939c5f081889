/* SPDX-License-Identifier: Apache-2.0 */
/* columns.c - see columns.h */
#include "scheduler/columns.h"

#include <stdbool.h>
#include <stdint.h>

#include "base/size.h"

/* What is shown as one. */
struct glyph {
    size_t size; /* bytes */
    size_t n_columns;
    bool is_text; /* and not a control, or bytes that mean nothing */
};

static bool is_wide(uint32_t code)
{
    static const struct {
        uint32_t first;
        uint32_t last;
    } wide[] = {/* Hangul, symbols that some draw as emoji, and all from the CJK radicals on */
                {0x1100, 0x115f}, {0x2300, 0x23ff}, {0x25fd, 0x25fe},
                {0x2600, 0x27bf}, {0x2b00, 0x2bff}, {0x2e80, 0x10ffff}};
    for (size_t i = 0; i < ARRAY_LENGTH(wide); i++) {
        if (code >= wide[i].first && code <= wide[i].last) {
            return true;
        }
    }
    return false;
}

/* ESC [ parameters m, a colour; 0: it is none, or it is cut. What else terminals do on such a
 * sequence is not for texts to ask. */
static size_t escape_size(const unsigned char *text, size_t size)
{
    if (size < 3 || text[0] != 0x1b || text[1] != '[') {
        return 0;
    }
    size_t i = 2;
    while (i < size && text[i] >= 0x20 && text[i] < 0x40) {
        i++;
    }
    return i < size && text[i] == 'm' ? i + 1 : 0;
}

/* The bytes of one character and its code; 0: they are none. */
static size_t decode(const unsigned char *text, size_t size, uint32_t *code)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    unsigned char c = text[0];
    size_t n = c < 0x80 ? 1 : c < 0xc0 ? 0 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : c < 0xf8 ? 4 : 0;
    if (n == 0 || n > size) {
        return 0;
    }
    uint32_t value = n == 1 ? c : c & (0x7fU >> n);
    for (size_t i = 1; i < n; i++) {
        if ((text[i] & 0xc0) != 0x80) {
            return 0;
        }
        value = value << 6 | (text[i] & 0x3fU);
    }
    *code = value;
    return value < least[n] || value > 0x10ffff ? 0 : n;
}

static struct glyph next_glyph(const unsigned char *text, size_t size)
{
    size_t escape = escape_size(text, size);
    if (escape > 0) {
        return (struct glyph){.size = escape, .is_text = true};
    }
    uint32_t code = 0;
    size_t n = decode(text, size, &code);
    if (n == 0 || code < 0x20 || (code >= 0x7f && code < 0xa0)) {
        return (struct glyph){.size = n == 0 ? 1 : n, .n_columns = 1};
    }
    return (struct glyph){.size = n, .n_columns = is_wide(code) ? 2 : 1, .is_text = true};
}

size_t columns_count(const char *text, size_t size)
{
    const unsigned char *at = (const unsigned char *)text;
    size_t n_columns = 0;
    for (size_t i = 0; i < size;) {
        struct glyph g = next_glyph(at + i, size - i);
        n_columns += g.n_columns;
        i += g.size;
    }
    return n_columns;
}

void columns_cut(struct buffer *out, const char *text, size_t size, size_t width)
{
    const unsigned char *at = (const unsigned char *)text;
    size_t left = width;
    for (size_t i = 0; i < size;) {
        struct glyph g = next_glyph(at + i, size - i);
        bool fits = g.n_columns <= left;
        if (fits && g.is_text) {
            buffer_raw(out, at + i, g.size);
        } else if (fits) {
            buffer_raw(out, "?", 1);
        }
        left = fits ? left - g.n_columns : 0;
        i += g.size;
    }
}
