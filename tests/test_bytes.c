/* SPDX-License-Identifier: Apache-2.0 */
/* test_bytes.c - claims about base/bytes.h */
#include "base/bytes.h"

#include "tests/support/check.h"

static void write_record(struct buffer *out)
{
    buffer_u8(out, 0xab);
    buffer_u32(out, 0x01020304);
    buffer_u64(out, 0x1122334455667788);
    buffer_i64(out, -2);
    buffer_f64(out, -0.1);
    buffer_text(out, "muon");
    buffer_block(out, "\0\1", 2);
}

/* True if everything was there and as written. */
static bool read_record(struct bytes *in)
{
    char text[8];
    bool same = bytes_u8(in) == 0xab;
    same = (bytes_u32(in) == 0x01020304) && same;
    same = (bytes_u64(in) == 0x1122334455667788) && same;
    same = (bytes_i64(in) == -2) && same;
    same = (bytes_f64(in) == -0.1) && same;
    bytes_text(in, text, sizeof text);
    same = strcmp(text, "muon") == 0 && same;
    struct bytes block = bytes_block(in);
    same = block.left == 2 && block.at[1] == 1 && same;
    return same && !in->failed;
}

static void what_was_written_is_read(void **state)
{
    (void)state;
    struct buffer out = {0};
    write_record(&out);
    assert_false(out.failed);
    struct bytes in = bytes_of(out.data, out.size);
    assert_true(read_record(&in));
    assert_int_equal(in.left, 0);
    buffer_release(&out);
    assert_null(out.data);
}

static void numbers_are_little_endian(void **state)
{
    (void)state;
    struct buffer out = {0};
    buffer_u32(&out, 0x01020304);
    assert_memory_equal(out.data, "\x04\x03\x02\x01", 4);
    buffer_release(&out);
}

static void every_cut_fails_and_stays_failed(void **state)
{
    (void)state;
    struct buffer out = {0};
    write_record(&out);
    for (size_t size = 0; size < out.size; size++) {
        uint8_t *cut = malloc(size == 0 ? 1 : size);
        assert_non_null(cut);
        memcpy(cut, out.data, size);
        struct bytes in = bytes_of(cut, size);
        assert_false(read_record(&in));
        assert_true(in.failed);
        assert_int_equal(bytes_u64(&in), 0);
        assert_null(bytes_raw(&in, 0));
        free(cut);
    }
    buffer_release(&out);
}

static void a_length_beyond_the_end_fails(void **state)
{
    (void)state;
    static const uint8_t data[] = {0xff, 0xff, 0xff, 0xff, 'a', 'b'};
    struct bytes in = bytes_of(data, sizeof data);
    struct bytes block = bytes_block(&in);
    assert_true(in.failed);
    assert_true(block.failed);
    assert_int_equal(block.left, 0);
    in = bytes_of(data, sizeof data);
    assert_null(bytes_text_copy(&in, SIZE_MAX));
    assert_true(in.failed);
}

static void texts_that_do_not_fit_or_hold_a_zero_fail(void **state)
{
    (void)state;
    static const struct {
        const char *data;
        size_t size;
        bool good;
    } cases[] = {
        {"", 0, true},      {"abc", 3, true}, {"abcd", 4, false},
        {"a\0b", 3, false}, {"\0", 1, false},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct buffer out = {0};
        buffer_block(&out, cases[i].data, cases[i].size);
        char text[4] = "zzz";
        struct bytes in = bytes_of(out.data, out.size);
        bytes_text(&in, text, sizeof text);
        assert_int_equal(in.failed, !cases[i].good);
        assert_string_equal(text, cases[i].good ? cases[i].data : "");
        in = bytes_of(out.data, out.size);
        char *copy = bytes_text_copy(&in, 3);
        assert_int_equal(in.failed, !cases[i].good);
        assert_int_equal(copy != NULL, cases[i].good);
        free(copy);
        buffer_release(&out);
    }
}

static void a_buffer_grows_and_is_cleared(void **state)
{
    (void)state;
    struct buffer out = {0};
    for (int i = 0; i < 10000; i++) {
        buffer_printf(&out, "%04d", i);
    }
    assert_int_equal(out.size, 40000);
    assert_memory_equal(out.data + 39996, "9999", 4);
    assert_string_equal(buffer_string(&out) + 39992, "99989999");
    assert_int_equal(out.size, 40000);
    buffer_clear(&out);
    assert_string_equal(buffer_string(&out), "");
    buffer_release(&out);
}

static void a_size_that_no_memory_has_fails_and_drops_the_rest(void **state)
{
    (void)state;
    struct buffer out = {0};
    buffer_u8(&out, 1);
    buffer_raw(&out, "x", SIZE_MAX - 8);
    assert_true(out.failed);
    buffer_u8(&out, 2);
    assert_int_equal(out.size, 1);
    assert_null(buffer_string(&out));
    buffer_release(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_written_is_read),
        cmocka_unit_test(numbers_are_little_endian),
        cmocka_unit_test(every_cut_fails_and_stays_failed),
        cmocka_unit_test(a_length_beyond_the_end_fails),
        cmocka_unit_test(texts_that_do_not_fit_or_hold_a_zero_fail),
        cmocka_unit_test(a_buffer_grows_and_is_cleared),
        cmocka_unit_test(a_size_that_no_memory_has_fails_and_drops_the_rest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
