/* SPDX-License-Identifier: Apache-2.0 */
/* quantity.c - see quantity.h */
#include "k8s/quantity.h"

#include <stdlib.h>
#include <string.h>

#include "base/size.h"

#define QUANTITY_MOST 0x1p63 /* Kubernetes counts in 64 bits */

static const struct {
    const char *suffix;
    double factor;
} suffixes[] = {
    /* clang-format off */
    {"", 1},      {"n", 1e-9},   {"u", 1e-6},   {"m", 1e-3},   {"k", 1e3},    {"M", 1e6},
    {"G", 1e9},   {"T", 1e12},   {"P", 1e15},   {"E", 1e18},   {"Ki", 0x1p10}, {"Mi", 0x1p20},
    {"Gi", 0x1p30}, {"Ti", 0x1p40}, {"Pi", 0x1p50}, {"Ei", 0x1p60},
    /* clang-format on */
};

/* Bytes of the number at the start: "1", "1.5", ".5", "1."; 0 if there is none. */
static size_t number_length(const char *text)
{
    size_t whole = strspn(text, "0123456789");
    size_t fraction = 0;
    if (text[whole] != '.') {
        return whole;
    }
    fraction = strspn(text + whole + 1, "0123456789");
    return whole + fraction == 0 ? 0 : whole + 1 + fraction;
}

static bool is_exponent(const char *text)
{
    if (*text != 'e' && *text != 'E') {
        return false;
    }
    const char *digits = text + 1 + (text[1] == '+' || text[1] == '-' ? 1 : 0);
    size_t n = strspn(digits, "0123456789");
    return n > 0 && n <= 2 && digits[n] == '\0';
}

static bool take(double amount, double *value)
{
    if (amount >= QUANTITY_MOST) {
        return false;
    }
    *value = amount;
    return true;
}

bool quantity_parse(const char *text, double *value)
{
    text += *text == '+' ? 1 : 0;
    size_t n = number_length(text);
    if (n == 0 || n > 32) {
        return false;
    }
    if (is_exponent(text + n)) {
        return take(strtod(text, NULL), value);
    }
    for (size_t i = 0; i < ARRAY_LENGTH(suffixes); i++) {
        if (strcmp(text + n, suffixes[i].suffix) == 0) {
            char number[40] = {0};
            memcpy(number, text, n);
            return take(strtod(number, NULL) * suffixes[i].factor, value);
        }
    }
    return false;
}
