/* SPDX-License-Identifier: Apache-2.0 */
/* test_reply.c - claims about scheduler/reply.h */
#include "scheduler/reply.h"

#include "tests/support/check.h"

/* What a decoder gave: output and errors apart. */
struct heard {
    struct buffer out;
    struct buffer errors;
    bool refuses; /* take fails */
};

static int take(void *context, enum reply_kind kind, const void *data, size_t size,
                struct error *err)
{
    struct heard *h = context;
    buffer_raw(kind == REPLY_OUT ? &h->out : &h->errors, data, size);
    return h->refuses ? error_set(err, ERROR_SYSTEM, "no room") : 0;
}

static void release(struct heard *h)
{
    buffer_release(&h->out);
    buffer_release(&h->errors);
}

static void put_stream(struct buffer *stream)
{
    static const char binary[] = "\0\1\2\n\xff";
    static const uint8_t status = 3;
    reply_encode(REPLY_OUT, "first ", 6, stream);
    reply_encode(REPLY_ERRORS, "beside", 6, stream);
    reply_encode(REPLY_OUT, "", 0, stream);
    reply_encode(REPLY_OUT, binary, 5, stream);
    reply_encode(REPLY_EXIT, &status, 1, stream);
}

static void a_stream_comes_out_as_it_went_in_however_it_is_cut(void **state)
{
    (void)state;
    struct buffer stream = {0};
    put_stream(&stream);
    for (size_t step = 1; step <= stream.size; step++) {
        struct reply r = {.taken = 0};
        struct heard h = {.refuses = false};
        struct error err = {0};
        for (size_t at = 0; at < stream.size; at += step) {
            size_t size = size_min(step, stream.size - at);
            assert_false(r.is_ended);
            check_ok(reply_decode(&r, stream.data + at, size, take, &h, &err), &err);
        }
        assert_true(r.is_ended);
        assert_int_equal(r.exit_status, 3);
        assert_int_equal(h.out.size, 11);
        assert_memory_equal(h.out.data, "first \0\1\2\n\xff", 11);
        assert_int_equal(h.errors.size, 6);
        reply_release(&r);
        release(&h);
    }
    buffer_release(&stream);
}

static void a_stream_that_is_cut_has_no_end(void **state)
{
    (void)state;
    struct buffer stream = {0};
    put_stream(&stream);
    for (size_t size = 0; size < stream.size; size++) {
        struct reply r = {.taken = 0};
        struct heard h = {.refuses = false};
        struct error err = {0};
        check_ok(reply_decode(&r, stream.data, size, take, &h, &err), &err);
        assert_false(r.is_ended);
        reply_release(&r);
        release(&h);
    }
    buffer_release(&stream);
}

static void what_no_server_of_ours_sends_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        size_t size;
    } cases[] = {
        {"q\1\0\0\0a", 6},             /* a kind that is not known */
        {"o\1\0\1\0", 5},              /* 64 KiB and a byte */
        {"o\xff\xff\xff\xff", 5},      /* 4 GiB */
        {"x\0\0\0\0", 5},              /* no exit status */
        {"x\2\0\0\0\0\0", 7},          /* two of them */
        {"x\1\0\0\0\0o\1\0\0\0a", 12}, /* something behind the end */
        {"o\1\0\0\0ax\1\0\0\0\0y", 13},
        {"HTTP/1.1 502 Bad Gateway", 24},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct reply r = {.taken = 0};
        struct heard h = {.refuses = false};
        struct error err = {0};
        int rc = reply_decode(&r, cases[i].bytes, cases[i].size, take, &h, &err);
        assert_int_equal(rc, -1);
        assert_int_equal(err.kind, ERROR_PEER);
        reply_release(&r);
        release(&h);
    }
}

static void nothing_goes_on_behind_the_end(void **state)
{
    (void)state;
    struct buffer stream = {0};
    struct reply r = {.taken = 0};
    struct heard h = {.refuses = false};
    struct error err = {0};
    put_stream(&stream);
    check_ok(reply_decode(&r, stream.data, stream.size, take, &h, &err), &err);
    assert_int_equal(reply_decode(&r, "o", 1, take, &h, &err), -1);
    assert_int_equal(err.kind, ERROR_PEER);
    reply_release(&r);
    release(&h);
    buffer_release(&stream);
}

static void who_takes_may_stop_it(void **state)
{
    (void)state;
    struct buffer stream = {0};
    struct reply r = {.taken = 0};
    struct heard h = {.refuses = true};
    struct error err = {0};
    put_stream(&stream);
    assert_int_equal(reply_decode(&r, stream.data, stream.size, take, &h, &err), -1);
    assert_string_equal(err.text, "no room");
    assert_int_equal(h.out.size, 6); /* and nothing after it */
    reply_release(&r);
    release(&h);
    buffer_release(&stream);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_stream_comes_out_as_it_went_in_however_it_is_cut),
        cmocka_unit_test(a_stream_that_is_cut_has_no_end),
        cmocka_unit_test(what_no_server_of_ours_sends_is_refused),
        cmocka_unit_test(nothing_goes_on_behind_the_end),
        cmocka_unit_test(who_takes_may_stop_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
