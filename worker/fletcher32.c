/* SPDX-License-Identifier: Apache-2.0 */
/* fletcher32.c - see fletcher32.h
 *
 * Two sums modulo 65,535, where a sum that is 0 without being empty is written 65,535: of the
 * words, and of the first sum after each word. Modulo 65,535 exchanging the two bytes of a word is
 * the multiplication by 256, so that the sums of exchanged words are the exchanged sums: words
 * are added in the order of this machine. */
#include "worker/fletcher32.h"

#include <string.h>

/* In 32 bits, before the second sum can overflow: n (n + 1) / 2 * 65,535 + n * 65,535 + 65,535. */
enum { BLOCK_WORDS = 256 };

struct sums {
    uint32_t first;
    uint32_t second;
};

static uint32_t fold(uint32_t x)
{
    x = (x & 0xffff) + (x >> 16);
    return (x & 0xffff) + (x >> 16);
}

/* second grows by what first was before, once a word, and by each word as often as it and words
 * behind it come: this way no sum waits for the one before. */
static void add_words(struct sums *s, const uint8_t *data, size_t n)
{
    uint16_t word[BLOCK_WORDS];
    memcpy(word, data, n * sizeof word[0]);
    uint32_t first = 0;
    uint32_t second = 0;
    for (size_t i = 0; i < n; i++) {
        first += word[i];
        second += (uint32_t)(n - i) * word[i];
    }
    s->second = fold(s->second + fold((uint32_t)n * s->first) + fold(second));
    s->first = fold(s->first + first);
}

uint32_t fletcher32_swap(uint32_t sum)
{
    return (sum & 0x00ff00ff) << 8 | (sum >> 8 & 0x00ff00ff);
}

uint32_t fletcher32(const void *data, size_t size)
{
    const uint8_t *at = data;
    struct sums s = {0};
    size_t n = size / 2;
    while (n > 0) {
        size_t block = n < BLOCK_WORDS ? n : BLOCK_WORDS;
        add_words(&s, at, block);
        at += 2 * block;
        n -= block;
    }
    if (size % 2 != 0) {
        const uint8_t last[2] = {*at, 0};
        add_words(&s, last, 1);
    }
    uint32_t sum = s.second << 16 | s.first;
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    sum = fletcher32_swap(sum);
#endif
    return sum;
}
