/* SPDX-License-Identifier: Apache-2.0 */
/* test_base64.c - claims about base/base64.h */
#include "base/base64.h"

#include "tests/support/check.h"

static const struct {
    const char *text;
    const char *base64;
} known[] = {
    /* RFC 4648, section 10 */
    {"", ""},
    {"f", "Zg=="},
    {"fo", "Zm8="},
    {"foo", "Zm9v"},
    {"foob", "Zm9vYg=="},
    {"fooba", "Zm9vYmE="},
    {"foobar", "Zm9vYmFy"},
};

static void the_rfc_s_examples_hold(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(known); i++) {
        struct buffer out = {0};
        base64_encode(known[i].text, strlen(known[i].text), &out);
        assert_string_equal(buffer_string(&out), known[i].base64);
        buffer_release(&out);
    }
}

static void base64_reads_back_and_refuses_what_is_none(void **state)
{
    (void)state;
    static const char *const wrong[] = {"A",    "AB=",  "AB",    "ABC",
                                        "====", "A*==", "QUJD=", "\xff"};
    struct error err = {0};
    for (size_t size = 0; size < 70; size++) {
        uint8_t data[70] = {0};
        struct buffer text = {0};
        struct buffer again = {0};
        for (size_t i = 0; i < size; i++) {
            data[i] = (uint8_t)(251 * i + size);
        }
        base64_encode(data, size, &text);
        check_ok(base64_decode(buffer_string(&text), &again, &err), &err);
        assert_int_equal(again.size, size);
        assert_true(size == 0 || memcmp(again.data, data, size) == 0);
        buffer_release(&text);
        buffer_release(&again);
    }
    for (size_t i = 0; i < ARRAY_LENGTH(wrong); i++) {
        struct buffer out = {0};
        assert_int_equal(base64_decode(wrong[i], &out, &err), -1);
        assert_int_equal(err.kind, ERROR_INPUT);
        assert_int_equal(out.size, 0);
        buffer_release(&out);
    }
    struct buffer lines = {0};
    check_ok(base64_decode("QU\n JD\r\n", &lines, &err), &err);
    assert_int_equal(lines.size, 3);
    buffer_release(&lines);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_rfc_s_examples_hold),
        cmocka_unit_test(base64_reads_back_and_refuses_what_is_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
