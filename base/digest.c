/* SPDX-License-Identifier: Apache-2.0 */
/* digest.c - see digest.h */
#include "base/digest.h"

#include <assert.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

static_assert(DIGEST_SHA256_SIZE == crypto_hash_sha256_BYTES, "SHA-256 has 32 bytes");
static_assert(DIGEST_XXH128_SIZE == sizeof(XXH128_canonical_t), "XXH3-128 has 16 bytes");

void digest_hex(const uint8_t *bytes, size_t size, char *out)
{
    static const char digit[] = "0123456789abcdef";
    for (size_t i = 0; i < size; i++) {
        out[2 * i] = digit[bytes[i] >> 4];
        out[2 * i + 1] = digit[bytes[i] & 15];
    }
    out[2 * size] = '\0';
}

void digest_sha256_hex(const void *data, size_t size, char hex[DIGEST_SHA256_HEX])
{
    uint8_t digest[DIGEST_SHA256_SIZE];
    (void)crypto_hash_sha256(digest, size == 0 ? (const uint8_t *)"" : data, size);
    digest_hex(digest, sizeof digest, hex);
}

void digest_xxh128(const void *data, size_t size, uint8_t digest[DIGEST_XXH128_SIZE])
{
    XXH128_canonical_t canonical;
    XXH128_canonicalFromHash(&canonical, XXH3_128bits(size == 0 ? "" : data, size));
    memcpy(digest, canonical.digest, DIGEST_XXH128_SIZE);
}

void digest_xxh128_hex(const void *data, size_t size, char hex[DIGEST_XXH128_HEX])
{
    uint8_t digest[DIGEST_XXH128_SIZE];
    digest_xxh128(data, size, digest);
    digest_hex(digest, sizeof digest, hex);
}

void digest_random(void *out, size_t size)
{
    /* Safe to call often and from any thread. Keys are made of this: without a source of
     * randomness there is nothing safe to go on with. */
    if (sodium_init() < 0) {
        abort();
    }
    randombytes_buf(out, size);
}

void digest_keyed(const uint8_t key[DIGEST_KEY_SIZE], const void *data, size_t size,
                  uint8_t digest[DIGEST_XXH128_SIZE])
{
    (void)crypto_generichash(digest, DIGEST_XXH128_SIZE, size == 0 ? (const uint8_t *)"" : data,
                             size, key, DIGEST_KEY_SIZE);
}

bool digest_from_hex(const char *hex, uint8_t *bytes, size_t size)
{
    size_t n = 0;
    const char *end = NULL;
    return sodium_hex2bin(bytes, size, hex, strlen(hex), NULL, &n, &end) == 0 && n == size &&
           *end == '\0';
}
