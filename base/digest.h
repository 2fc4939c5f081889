/* SPDX-License-Identifier: Apache-2.0 */
/* digest.h - SHA-256 for what people compare, XXH3-128 for what programs check. */
#ifndef BASE_DIGEST_H
#define BASE_DIGEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { DIGEST_SHA256_SIZE = 32, DIGEST_SHA256_HEX = 65 };
enum { DIGEST_XXH128_SIZE = 16, DIGEST_XXH128_HEX = 33 };

/* SHA-256 of the bytes as 64 lower-case hexadecimal digits and a zero. */
void digest_sha256_hex(const void *data, size_t size, char hex[DIGEST_SHA256_HEX]);

/* XXH3-128 of the bytes, seed 0, in its canonical (big-endian) byte order. */
void digest_xxh128(const void *data, size_t size, uint8_t digest[DIGEST_XXH128_SIZE]);

/* The same as 32 hexadecimal digits and a zero. */
void digest_xxh128_hex(const void *data, size_t size, char hex[DIGEST_XXH128_HEX]);

enum { DIGEST_KEY_SIZE = 32 };

/* A keyed digest (BLAKE2b): who does not hold the key cannot make it for other bytes. */
void digest_keyed(const uint8_t key[DIGEST_KEY_SIZE], const void *data, size_t size,
                  uint8_t digest[DIGEST_XXH128_SIZE]);

/* size bytes as 2 * size lower-case hexadecimal digits and a zero into out. */
void digest_hex(const uint8_t *bytes, size_t size, char *out);

/* The inverse: size bytes from 2 * size digits and a zero; false if hex is anything else. */
bool digest_from_hex(const char *hex, uint8_t *bytes, size_t size);

/* size bytes from the system's random source (libsodium). */
void digest_random(void *out, size_t size);

#endif
