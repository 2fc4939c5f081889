/* SPDX-License-Identifier: Apache-2.0 */
/* test_digest.c - claims about base/digest.h */
#include "base/digest.h"

#include "tests/support/check.h"

/* FIPS 180-2, appendix B, and the empty message. */
static void sha256_is_the_standards(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *hex;
    } cases[] = {
        {"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
        {"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
        {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
         "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        char hex[DIGEST_SHA256_HEX];
        digest_sha256_hex(cases[i].text, strlen(cases[i].text), hex);
        assert_string_equal(hex, cases[i].hex);
    }
}

/* As xxhsum -H2 prints them. */
static void xxh128_is_in_canonical_order(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *hex;
    } cases[] = {
        {"", "99aa06d3014798d86001c324468d497f"},
        {"abc", "06b05ab6733a618578af5f94892f3950"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        char hex[DIGEST_XXH128_HEX];
        digest_xxh128_hex(cases[i].text, strlen(cases[i].text), hex);
        assert_string_equal(hex, cases[i].hex);
    }
}

static void nothing_may_be_a_null_pointer(void **state)
{
    (void)state;
    char none[DIGEST_SHA256_HEX];
    char empty[DIGEST_SHA256_HEX];
    digest_sha256_hex(NULL, 0, none);
    digest_sha256_hex("", 0, empty);
    assert_string_equal(none, empty);
    char hex[DIGEST_XXH128_HEX];
    digest_xxh128_hex(NULL, 0, hex);
    assert_string_equal(hex, "99aa06d3014798d86001c324468d497f");
}

static void hexadecimal_is_lower_case_and_ends(void **state)
{
    (void)state;
    static const uint8_t bytes[] = {0x00, 0x0f, 0xa5, 0xff};
    char hex[9];
    memset(hex, 'z', sizeof hex);
    digest_hex(bytes, sizeof bytes, hex);
    assert_string_equal(hex, "000fa5ff");
}

static void only_the_exact_digits_are_read_back(void **state)
{
    (void)state;
    static const struct {
        const char *hex;
        bool good;
    } cases[] = {
        {"00a5ff", true},   {"00A5FF", true},   {"", false},         {"00a5", false},
        {"00a5f", false},   {"00a5ff0", false}, {"00a5ff00", false}, {"00a5fg", false},
        {"00 a5ff", false}, {"00a5ff ", false},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        uint8_t bytes[3] = {0};
        assert_int_equal(digest_from_hex(cases[i].hex, bytes, sizeof bytes), cases[i].good);
        if (cases[i].good) {
            assert_memory_equal(bytes, "\x00\xa5\xff", sizeof bytes);
        }
    }
}

static void a_keyed_digest_depends_on_key_and_bytes(void **state)
{
    (void)state;
    static const struct {
        uint8_t key;
        const char *text;
    } cases[] = {{0, "abc"}, {1, "abc"}, {0, "abd"}, {0, ""}};
    uint8_t digest[ARRAY_LENGTH(cases)][DIGEST_XXH128_SIZE];
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        uint8_t key[DIGEST_KEY_SIZE] = {cases[i].key};
        digest_keyed(key, cases[i].text, strlen(cases[i].text), digest[i]);
        for (size_t k = 0; k < i; k++) {
            assert_memory_not_equal(digest[i], digest[k], DIGEST_XXH128_SIZE);
        }
    }
}

static void random_bytes_differ(void **state)
{
    (void)state;
    uint8_t a[32] = {0};
    uint8_t b[32] = {0};
    digest_random(a, sizeof a);
    digest_random(b, sizeof b);
    assert_memory_not_equal(a, b, sizeof a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sha256_is_the_standards),
        cmocka_unit_test(xxh128_is_in_canonical_order),
        cmocka_unit_test(nothing_may_be_a_null_pointer),
        cmocka_unit_test(hexadecimal_is_lower_case_and_ends),
        cmocka_unit_test(only_the_exact_digits_are_read_back),
        cmocka_unit_test(a_keyed_digest_depends_on_key_and_bytes),
        cmocka_unit_test(random_bytes_differ),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
