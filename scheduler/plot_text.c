/* SPDX-License-Identifier: Apache-2.0 */
/* plot_text.c - see plot_text.h */
#include "scheduler/plot_text.h"

#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/json.h"
#include "base/size.h"
#include "scheduler/plot_pen.h"

enum { REPLACEMENT = 0xFFFD, ELLIPSIS = 0x2026 };

/* Raised and lowered parts: their size, and how far they move, in parts of the text's size. */
static const double small_size = 0.7;
static const double raised = 0.38;
static const double lowered = 0.22;

/* Advance widths of DejaVu Sans in thousandths of its size, from the blank on. */
static const uint16_t advance[] = {
    /* clang-format off */
    318, 401, 460, 838, 636, 950, 780, 275, 390, 390, 500, 838,
    318, 361, 318, 337, 636, 636, 636, 636, 636, 636, 636, 636,
    636, 636, 337, 337, 838, 838, 838, 531, 1000, 684, 686, 698,
    770, 632, 575, 775, 752, 295, 295, 656, 557, 863, 748, 787,
    603, 787, 695, 635, 611, 732, 684, 989, 685, 611, 685, 390,
    337, 390, 838, 500, 500, 613, 635, 550, 635, 615, 352, 635,
    634, 278, 278, 579, 278, 974, 634, 612, 635, 635, 411, 521,
    392, 634, 592, 818, 592, 592, 525, 636, 337, 636, 838,
    /* clang-format on */
};

/* A stretch of text at one height. */
struct run {
    const char *at;
    const char *stop;
    double shift; /* upwards, in parts of the size; 0: on the base line */
};

/* In a plot's text; bidirectional controls could make it read as something else. */
static bool is_shown(uint32_t code)
{
    bool control = code < 0x20 || (code >= 0x7F && code < 0xA0);
    bool turning = (code >= 0x202A && code <= 0x202E) || (code >= 0x2066 && code <= 0x2069) ||
                   code == 0x200E || code == 0x200F || code == 0x061C;
    bool xml = code <= 0xD7FF || (code >= 0xE000 && code <= 0xFFFD) ||
               (code >= 0x10000 && code <= 0x10FFFF);
    return xml && !control && !turning;
}

/* The code point at *at, which moves on by at least one byte; broken sequences give U+FFFD. */
static uint32_t next_code(const char **at)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800,
                                     0x10000}; /* shorter forms exist below */
    unsigned char lead = (unsigned char)**at;
    *at += 1;
    if (lead < 0x80) {
        return is_shown(lead) ? lead : REPLACEMENT;
    }
    size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
    if (lead < 0xC2 || lead > 0xF4) {
        return REPLACEMENT;
    }
    uint32_t code = lead & (0x7FU >> length);
    const char *more = *at;
    for (size_t i = 1; i < length; i++) {
        if (((unsigned char)*more & 0xC0) != 0x80) {
            return REPLACEMENT;
        }
        code = code << 6 | ((unsigned char)*more & 0x3F);
        more++;
    }
    *at = more;
    return code >= least[length] && is_shown(code) ? code : REPLACEMENT;
}

static void put_code(struct buffer *out, uint32_t code)
{
    char bytes[4];
    size_t length = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    static const unsigned lead[] = {0, 0, 0xC0, 0xE0, 0xF0};
    for (size_t i = length; i > 0; i--) {
        bytes[i - 1] = (char)(0x80 | (code & 0x3F));
        code >>= i > 1 ? 6 : 0;
    }
    if (length > 1) {
        bytes[0] = (char)(lead[length] | code);
    } else {
        bytes[0] = (char)code;
    }
    buffer_raw(out, bytes, length);
}

static void put_escaped(struct buffer *out, uint32_t code)
{
    switch (code) {
    case '<':
        buffer_printf(out, "&lt;");
        break;
    case '>':
        buffer_printf(out, "&gt;");
        break;
    case '&':
        buffer_printf(out, "&amp;");
        break;
    case '"':
        buffer_printf(out, "&quot;");
        break;
    default:
        put_code(out, code);
        break;
    }
}

void plot_text_escape(struct buffer *out, const char *text)
{
    while (*text != '\0') {
        put_escaped(out, next_code(&text));
    }
}

static double code_width(uint32_t code)
{
    if (code >= ' ' && code - ' ' < ARRAY_LENGTH(advance)) {
        return advance[code - ' '] / 1000.;
    }
    if (code < 0x1100) { /* Latin, Greek, Cyrillic and their neighbours */
        return 0.7;
    }
    return code >= 0x2000 && code < 0x2C00 && code != ELLIPSIS ? 0.84 : 1.03;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* What a '^' or '_' at `at` raises or lowers; empty if it is plain text. */
static struct run marked_run(const char *at)
{
    struct run run = {.at = at + 1, .shift = *at == '^' ? raised : -lowered};
    if (*run.at == '{') {
        run.at++;
        run.stop = strchr(run.at, '}');
        return run.stop == NULL ? (struct run){0} : run;
    }
    run.stop = run.at + (*run.at == '-' || *run.at == '+' ? 1 : 0);
    if (*at == '_' || !is_digit(*run.stop)) {
        return (struct run){0};
    }
    while (is_digit(*run.stop)) {
        run.stop++;
    }
    return run;
}

/* The next stretch; *at moves behind it. False at the end. */
static bool next_run(const char **at, struct run *run)
{
    if (**at == '\0') {
        return false;
    }
    if (**at == '^' || **at == '_') {
        *run = marked_run(*at);
        if (run->at != run->stop) {
            *at = run->stop + (*run->stop == '}' && run->at[-1] == '{' ? 1 : 0);
            return true;
        }
    }
    *run = (struct run){.at = *at, .stop = *at + 1 + strcspn(*at + 1, "^_")};
    *at = run->stop;
    return true;
}

static double run_scale(const struct run *run)
{
    return run->shift == 0 ? 1 : small_size;
}

double plot_text_width(const char *text, double size)
{
    double width = 0;
    struct run run;
    while (next_run(&text, &run)) {
        while (run.at < run.stop) {
            width += code_width(next_code(&run.at)) * run_scale(&run);
        }
    }
    return width * size;
}

static void open_run(struct buffer *out, double size, double rise, double scale)
{
    buffer_printf(out, "<tspan");
    plot_pen_attribute(out, "dy", -rise * size);
    if (scale != 1) {
        plot_pen_attribute(out, "font-size", scale * size);
    }
    buffer_printf(out, ">");
}

/* The run's text, as far as *room (in parts of the size) allows; false if it was cut. */
static bool put_run(struct buffer *out, struct run run, double *room)
{
    while (run.at < run.stop) {
        uint32_t code = next_code(&run.at);
        *room -= code_width(code) * run_scale(&run);
        if (*room < 0) {
            put_code(out, ELLIPSIS);
            return false;
        }
        /* A raised minus is the sign, not the short hyphen. */
        put_escaped(out, code == '-' && run.shift != 0 ? 0x2212 : code);
    }
    return true;
}

/* Each tspan moves from where the one before left the base line. */
static void put_runs(struct buffer *out, const struct plot_text *where, const char *text)
{
    double size = where->size;
    bool cut = where->limit > 0 && plot_text_width(text, size) > where->limit;
    double room = cut ? where->limit / size - code_width(ELLIPSIS) : INFINITY;
    double height = 0;
    struct run run;
    bool whole = true;
    while (whole && next_run(&text, &run)) {
        bool moved = run.shift != height || run.shift != 0;
        if (moved) {
            open_run(out, size, run.shift - height, run_scale(&run));
        }
        whole = put_run(out, run, &room);
        if (moved) {
            buffer_printf(out, "</tspan>");
        }
        height = run.shift;
    }
}

void plot_text_write(struct buffer *out, const struct plot_text *where, const char *text)
{
    buffer_printf(out, "<text");
    plot_pen_attribute(out, "x", where->x);
    plot_pen_attribute(out, "y", where->y);
    plot_pen_attribute(out, "font-size", where->size);
    buffer_printf(out, " text-anchor=\"%s\"", where->anchor);
    if (where->turn != 0) {
        buffer_printf(out, " transform=\"rotate(");
        plot_pen_number(out, where->turn);
        plot_pen_to(out, ' ', where->x, where->y);
        buffer_printf(out, ")\"");
    }
    buffer_printf(out, "%s%s>", where->style == NULL ? "" : " ",
                  where->style == NULL ? "" : where->style);
    put_runs(out, where, text);
    buffer_printf(out, "</text>\n");
}

void plot_text_number(struct buffer *out, double value)
{
    /* The fewest decimals that are right to 7 digits, so that 0.30000000000000004 is 0.3. */
    double power = 1;
    for (int decimals = 0; decimals <= 7 && fabs(value) < 1e9; decimals++) {
        double rounded = round(value * power) / power;
        if (fabs(rounded - value) <= 5e-7 * fabs(value)) {
            json_write_number(rounded, out);
            return;
        }
        power *= 10;
    }
    json_write_number(isfinite(value) ? value : 0, out);
}
