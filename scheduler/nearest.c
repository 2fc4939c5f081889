/* SPDX-License-Identifier: Apache-2.0 */
/* nearest.c - see nearest.h */
#include "scheduler/nearest.h"

#include <stdbool.h>
#include <string.h>

#include "base/size.h"

struct nearest nearest_to(const char *word)
{
    return (struct nearest){.word = word, .distance = NEAREST_SIZE};
}

/* One cell of the table: the errors between the first i letters of a and the first j of b. */
static size_t count_cell(const char *a, const char *b, size_t i, size_t j,
                         size_t row[3][NEAREST_SIZE + 1])
{
    const size_t *before = row[(i + 1) % 3];
    const size_t *last = row[(i + 2) % 3];
    size_t replaced = last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
    size_t n = size_min(replaced, size_min(last[j], row[i % 3][j - 1]) + 1);
    bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
    return swapped ? size_min(n, before[j - 2] + 1) : n;
}

/* Letters that were put in, left out, replaced, or changed places with their neighbour:
 * Damerau's distance, restricted (no letter is touched twice). The last three rows of its
 * table are kept, row i at i modulo 3. */
static size_t count_errors(const char *a, const char *b)
{
    size_t row[3][NEAREST_SIZE + 1] = {{0}};
    size_t a_size = strlen(a);
    size_t b_size = strlen(b);
    for (size_t j = 0; j <= b_size; j++) {
        row[0][j] = j;
    }
    for (size_t i = 1; i <= a_size; i++) {
        row[i % 3][0] = i;
        for (size_t j = 1; j <= b_size; j++) {
            row[i % 3][j] = count_cell(a, b, i, j, row);
        }
    }
    return row[a_size % 3][b_size];
}

void nearest_offer(struct nearest *nearest, const char *name)
{
    size_t size = size_max(strlen(nearest->word), strlen(name));
    if (size >= NEAREST_SIZE) {
        return;
    }
    size_t distance = count_errors(nearest->word, name);
    if (3 * distance <= size && distance < nearest->distance) {
        nearest->name = name;
        nearest->distance = distance;
    }
}
