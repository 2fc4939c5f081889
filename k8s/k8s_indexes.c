/* SPDX-License-Identifier: Apache-2.0 */
/* k8s_indexes.c - see k8s.h
 *
 * completedIndexes as the Job controller writes it: decimal numbers and ranges "first-last",
 * increasing; what follows each other is a range when there are three or more of it, so "1,2" but
 * "1-3". Reading takes "1-2" too, which other controllers write; ranges that touch become one, so
 * that equal sets are equal structs. */
#include <stdlib.h>
#include <string.h>

#include "k8s/k8s.h"

void k8s_indexes_release(struct k8s_indexes *set)
{
    free(set->range);
    *set = (struct k8s_indexes){0};
}

/* Reads a number that does not begin with a needless zero; false if there is none, or it is too
 * large. */
static bool read_number(const char **at, uint32_t *out)
{
    const char *text = *at;
    uint64_t value = 0;
    size_t n = strspn(text, "0123456789");
    if (n == 0 || n > 10 || (n > 1 && text[0] == '0')) {
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        value = 10 * value + (uint64_t)(text[i] - '0');
    }
    *at = text + n;
    *out = (uint32_t)value;
    return value <= UINT32_MAX;
}

/* "5" or "5-7", and the comma behind it if more follows. */
static bool read_range(const char **at, struct k8s_range *out)
{
    if (!read_number(at, &out->first)) {
        return false;
    }
    out->last = out->first;
    if (**at == '-') {
        (*at)++;
        if (!read_number(at, &out->last) || out->last <= out->first) {
            return false;
        }
    }
    if (**at == ',') {
        (*at)++;
        return **at != '\0';
    }
    return **at == '\0';
}

/* Appends a range, joined to the one before if it touches that; false if it does not come after. */
static bool append(struct k8s_indexes *set, struct k8s_range range)
{
    if (set->n_ranges > 0) {
        struct k8s_range *before = &set->range[set->n_ranges - 1];
        if (range.first <= before->last) {
            return false;
        }
        if (range.first == before->last + 1) {
            before->last = range.last;
            return true;
        }
    }
    set->range[set->n_ranges++] = range;
    return true;
}

static size_t count_commas(const char *text)
{
    size_t n = 0;
    for (; *text != '\0'; text++) {
        n += *text == ',' ? 1 : 0;
    }
    return n;
}

int k8s_indexes_decode(struct k8s_indexes *set, const char *text, uint32_t n, struct error *err)
{
    struct k8s_indexes made = {0};
    const char *at = text == NULL ? "" : text;
    if (*at != '\0') {
        made.range = calloc(count_commas(at) + 1, sizeof *made.range);
        if (made.range == NULL) {
            return error_no_memory(err, "indexes");
        }
    }
    while (*at != '\0') {
        const char *here = at;
        struct k8s_range range = {0};
        if (!read_range(&at, &range) || range.last >= n || !append(&made, range)) {
            k8s_indexes_release(&made);
            return error_set(err, ERROR_PEER,
                             "indexes of a Job of %u: not increasing numbers below that at "
                             "'%.20s'",
                             n, here);
        }
    }
    *set = made;
    return 0;
}

void k8s_indexes_encode(const struct k8s_indexes *set, struct buffer *out)
{
    for (size_t i = 0; i < set->n_ranges; i++) {
        const struct k8s_range *r = &set->range[i];
        const char *comma = i == 0 ? "" : ",";
        if (r->last == r->first) {
            buffer_printf(out, "%s%u", comma, r->first);
        } else {
            buffer_printf(out, "%s%u%c%u", comma, r->first, r->last == r->first + 1 ? ',' : '-',
                          r->last);
        }
    }
}

bool k8s_indexes_has(const struct k8s_indexes *set, uint32_t index)
{
    size_t first = 0;
    size_t stop = set->n_ranges;
    while (first < stop) {
        size_t middle = first + (stop - first) / 2;
        if (index > set->range[middle].last) {
            first = middle + 1;
        } else {
            stop = middle;
        }
    }
    return first < set->n_ranges && set->range[first].first <= index;
}

uint32_t k8s_indexes_count(const struct k8s_indexes *set)
{
    uint32_t n = 0;
    for (size_t i = 0; i < set->n_ranges; i++) {
        n += set->range[i].last - set->range[i].first + 1;
    }
    return n;
}
