/* SPDX-License-Identifier: Apache-2.0 */
/* human.c - see human.h */
#include "scheduler/human.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

void human_count(struct buffer *out, uint64_t n)
{
    char digits[24];
    int length = snprintf(digits, sizeof digits, "%llu", (unsigned long long)n);
    for (int i = 0; i < length; i++) {
        bool group = length > 4 && i > 0 && (length - i) % 3 == 0;
        buffer_printf(out, "%s%c", group ? "," : "", digits[i]);
    }
}

void human_metric(struct buffer *out, double value)
{
    static const char *const prefix[] = {"", " k", " M", " G", " T"};
    size_t i = 0;
    while (value >= 999.5 && i < 4) {
        value /= 1000;
        i++;
    }
    int digits = i == 0 || value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2;
    buffer_printf(out, "%.*f%s", digits, value, prefix[i]);
}

void human_duration(struct buffer *out, double seconds)
{
    unsigned long s = seconds > 0 ? (unsigned long)(seconds + 0.5) : 0;
    if (s >= 3600) {
        buffer_printf(out, "%lu:%02lu:%02lu", s / 3600, s / 60 % 60, s % 60);
    } else {
        buffer_printf(out, "%lu:%02lu", s / 60, s % 60);
    }
}

void human_bar(struct buffer *out, double share, size_t width)
{
    size_t full = (size_t)(share * (double)width);
    buffer_printf(out, "[");
    for (size_t i = 0; i < width; i++) {
        buffer_printf(out, i < full ? "#" : ".");
    }
    buffer_printf(out, "]");
}

static bool in_femtobarn(double luminosity_pb)
{
    return luminosity_pb >= 100;
}

/* Two decimals, or three digits where that would say nothing. */
static void put_number(struct buffer *out, double luminosity_pb, bool femtobarn)
{
    double value = femtobarn ? luminosity_pb / 1000 : luminosity_pb;
    if (value != 0 && fabs(value) < 0.1) {
        buffer_printf(out, "%.3g", value);
    } else {
        buffer_printf(out, "%.2f", value);
    }
}

static void put_unit(struct buffer *out, bool femtobarn)
{
    buffer_printf(out, femtobarn ? " fb^-1" : " pb^-1");
}

void human_luminosity(struct buffer *out, double luminosity_pb)
{
    put_number(out, luminosity_pb, in_femtobarn(luminosity_pb));
    put_unit(out, in_femtobarn(luminosity_pb));
}

void human_luminosity_part(struct buffer *out, double seen_pb, double planned_pb)
{
    put_number(out, seen_pb, in_femtobarn(planned_pb));
}

void human_luminosity_of(struct buffer *out, double seen_pb, double planned_pb)
{
    bool femtobarn = in_femtobarn(planned_pb);
    put_number(out, seen_pb, femtobarn);
    buffer_printf(out, " of ");
    put_number(out, planned_pb, femtobarn);
    put_unit(out, femtobarn);
}

void human_luminosity_range(struct buffer *out, double low_pb, double high_pb)
{
    bool femtobarn = in_femtobarn(high_pb);
    if (high_pb - low_pb > 0.005 * high_pb) {
        put_number(out, low_pb, femtobarn);
        buffer_printf(out, " to ");
    }
    put_number(out, high_pb, femtobarn);
    put_unit(out, femtobarn);
}

/* Control characters: C0, DEL, and C1 in its UTF-8 form (0xc2 0x80 to 0xc2 0x9f). */
static size_t control_size(const char *text)
{
    unsigned char c = (unsigned char)text[0];
    unsigned char next = c == '\0' ? 0 : (unsigned char)text[1];
    if (c < 0x20 || c == 0x7f) {
        return 1;
    }
    return c == 0xc2 && next >= 0x80 && next <= 0x9f ? 2 : 0;
}

void human_text(struct buffer *out, const char *text)
{
    while (*text != '\0') {
        size_t size = control_size(text);
        buffer_raw(out, size > 0 ? "?" : text, 1);
        text += size > 0 ? size : 1;
    }
}

void human_word(struct buffer *out, const char *text)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                "_-./:=,+@%";
    if (*text != '\0' && text[strspn(text, plain)] == '\0') {
        buffer_printf(out, "%s", text);
        return;
    }
    buffer_printf(out, "'");
    for (; *text != '\0'; text++) {
        if (*text == '\'') {
            buffer_printf(out, "'\\''");
        } else {
            char one[2] = {*text, '\0'};
            human_text(out, one);
        }
    }
    buffer_printf(out, "'");
}

json_t *human_json(const char *text)
{
    json_t *value = json_string(text);
    if (value != NULL) {
        return value;
    }
    struct buffer ascii = {0};
    for (; *text != '\0'; text++) {
        buffer_raw(&ascii, (unsigned char)*text < 0x80 ? text : "?", 1);
    }
    const char *all = buffer_string(&ascii);
    value = all == NULL ? NULL : json_string(all);
    buffer_release(&ascii);
    return value;
}
