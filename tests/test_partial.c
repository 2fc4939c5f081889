/* SPDX-License-Identifier: Apache-2.0 */
/* test_partial.c - what shards gave adds up in any order, and no damage passes for data. */
#include "analysis/partial.h"

#include <math.h>

#include "tests/support/check.h"

static int book_hist(struct partial *p, const char *name, const char *channel, double upper,
                     struct error *err)
{
    struct partial_hist what = {.variation = "nominal", .title = "m", .unit = "GeV"};
    (void)snprintf(what.name, sizeof what.name, "%s", name);
    (void)snprintf(what.channel, sizeof what.channel, "%s", channel);
    struct axis axis;
    check_ok(axis_init_regular(&axis, 7, 0, upper, err), err);
    int rc = partial_book_hist(p, &what, &axis, err);
    axis_release(&axis);
    return rc;
}

static void book(struct partial *p, bool weighted)
{
    struct error err = {0};
    partial_init(p, weighted);
    check_ok(book_hist(p, "mass", "os", 10, &err), &err);
    check_ok(book_hist(p, "mass", "ss", 10, &err), &err);
    check_ok(book_hist(p, "pt", "os", 20, &err), &err);
    check_ok(partial_book_step(p, "os", "all", &err), &err);
    check_ok(partial_book_step(p, "os", "pair", &err), &err);
}

/* Some events, different for every seed. */
static void fill(struct partial *p, unsigned seed)
{
    for (unsigned i = 0; i < 20 + seed % 7; i++) {
        double w = sin(seed + 1.3 * i) * pow(10, i % 9);
        p->n_events++;
        if (p->weighted) {
            exact_add(&p->sumw, w);
        }
        hist_fill(&p->hist[i % 3].hist, i % 11 == 0 ? (double)NAN : fmod(seed + 1.9 * i, 12),
                  w);
        partial_pass(p, 0, w);
        if (i % 4 == seed % 4) {
            partial_pass(p, 1, w);
        }
    }
}

enum { PARTS = 40 };

/* The sum of all parts in one of many orders: in steps that reach all of them, or backwards. */
static void add_in_order(struct partial *sum, const struct partial *part, unsigned step)
{
    struct error err = {0};
    check_ok(partial_init_like(sum, &part[0], &err), &err);
    for (unsigned i = 0; i < PARTS; i++) {
        unsigned k = step % 2 == 0 || step % 5 == 0 ? PARTS - 1 - i : (i * step) % PARTS;
        check_ok(partial_add(sum, &part[k], &err), &err);
    }
}

static void assert_same_bytes(const struct partial *a, const struct partial *b)
{
    struct buffer one = {0};
    struct buffer two = {0};
    partial_encode(a, &one);
    partial_encode(b, &two);
    assert_int_equal(one.size, two.size);
    assert_memory_equal(one.data, two.data, one.size);
    buffer_release(&one);
    buffer_release(&two);
}

static void partials_add_up_to_the_same_in_any_order(void **state)
{
    (void)state;
    for (int weighted = 0; weighted < 2; weighted++) {
        struct partial whole;
        struct partial part[PARTS];
        book(&whole, weighted != 0);
        for (unsigned i = 0; i < PARTS; i++) {
            book(&part[i], weighted != 0);
            fill(&part[i], i);
            fill(&whole, i);
        }
        for (unsigned step = 0; step < PARTS; step++) {
            struct partial sum;
            add_in_order(&sum, part, step);
            assert_true(partial_equal(&sum, &whole));
            assert_same_bytes(&sum, &whole);
            partial_release(&sum);
        }
        for (unsigned i = 0; i < PARTS; i++) {
            partial_release(&part[i]);
        }
        partial_release(&whole);
    }
}

static void booking_refuses_what_is_there_twice_or_too_long(void **state)
{
    (void)state;
    struct partial p;
    struct error err = {0};
    book(&p, false);
    assert_int_equal(book_hist(&p, "mass", "os", 10, &err), -1);
    assert_int_equal(err.kind, ERROR_INPUT);
    assert_string_equal(err.text, "the histogram mass of channel os is booked twice");
    assert_int_equal(partial_book_step(&p, "os", "pair", &err), -1);
    assert_string_equal(err.text, "the cut pair of channel os is booked twice");
    char longest[PARTIAL_NAME_SIZE + 1];
    memset(longest, 'x', sizeof longest);
    longest[PARTIAL_NAME_SIZE] = '\0';
    assert_int_equal(partial_book_step(&p, "os", longest, &err), -1);
    check_contains(err.text, "is longer than 63 bytes");
    assert_int_equal(partial_book_step(&p, longest, "x", &err), -1);
    assert_int_equal(err.kind, ERROR_INPUT);
    assert_int_equal(p.n_hists, 3);
    assert_int_equal(p.n_steps, 2);
    longest[PARTIAL_NAME_SIZE - 1] = '\0';
    check_ok(partial_book_step(&p, "os", longest, &err), &err);
    partial_release(&p);
}

static void booking_ends_at_the_stated_numbers(void **state)
{
    (void)state;
    struct partial p;
    struct error err = {0};
    char name[32];
    partial_init(&p, false);
    for (int i = 0; i < PARTIAL_STEPS_MAX; i++) {
        (void)snprintf(name, sizeof name, "%d", i);
        check_ok(partial_book_step(&p, "c", name, &err), &err);
        check_ok(book_hist(&p, name, "c", 1, &err), &err);
    }
    assert_int_equal(partial_book_step(&p, "c", "more", &err), -1);
    assert_string_equal(err.text, "more than 4096 cuts");
    assert_int_equal(book_hist(&p, "more", "c", 1, &err), -1);
    assert_string_equal(err.text, "more than 4096 histograms");
    partial_release(&p);
}

static void one_is_found_by_name_channel_and_variation(void **state)
{
    (void)state;
    struct partial p;
    book(&p, false);
    assert_ptr_equal(partial_find(&p, "mass", "ss", "nominal"), &p.hist[1].hist);
    assert_ptr_equal(partial_find(&p, "pt", "os", "nominal"), &p.hist[2].hist);
    assert_null(partial_find(&p, "pt", "ss", "nominal"));
    assert_null(partial_find(&p, "mass", "ss", "scale_up"));
    assert_null(partial_find(&p, "m", "ss", "nominal"));
    partial_release(&p);
}

enum change {
    SAME,
    WEIGHTED,
    NAME,
    CHANNEL,
    VARIATION,
    TITLE,
    UNIT,
    EDGE,
    STEP_NAME,
    STEP_CHANNEL,
    MORE_STEPS,
    MORE_HISTS,
    CHANGES
};

static void book_changed(struct partial *p, enum change change)
{
    struct error err = {0};
    book(p, change == WEIGHTED);
    struct partial_hist *h = &p->hist[1];
    char *const text[CHANGES] = {[NAME] = h->name,
                                 [CHANNEL] = h->channel,
                                 [VARIATION] = h->variation,
                                 [TITLE] = h->title,
                                 [UNIT] = h->unit,
                                 [STEP_NAME] = p->step[0].name,
                                 [STEP_CHANNEL] = p->step[0].channel};
    if (text[change] != NULL) {
        text[change][0] = 'x';
    }
    if (change == EDGE) {
        h->hist.axis.edge[7] = nextafter(h->hist.axis.edge[7], 0);
    }
    if (change == MORE_STEPS) {
        check_ok(partial_book_step(p, "os", "more", &err), &err);
    }
    if (change == MORE_HISTS) {
        check_ok(book_hist(p, "more", "os", 1, &err), &err);
    }
}

static void unlike_partials_are_not_added(void **state)
{
    (void)state;
    for (enum change i = SAME; i < CHANGES; i++) {
        for (enum change j = SAME; j < CHANGES; j++) {
            struct partial a;
            struct partial b;
            struct partial before;
            struct error err = {0};
            book_changed(&a, i);
            book_changed(&before, i);
            book_changed(&b, j);
            fill(&a, 3);
            fill(&before, 3);
            fill(&b, 4);
            assert_int_equal(partial_alike(&a, &b), i == j);
            assert_int_equal(partial_add(&a, &b, &err), i == j ? 0 : -1);
            assert_int_equal(err.kind, i == j ? ERROR_NONE : ERROR_PEER);
            assert_int_equal(partial_equal(&a, &before), i != j);
            partial_release(&a);
            partial_release(&b);
            partial_release(&before);
        }
    }
}

static uint64_t *counter(struct partial *p, size_t which)
{
    uint64_t *const all[] = {&p->n_events, &p->step[1].n_events, &p->hist[2].hist.count[8],
                             &p->hist[0].hist.nan};
    return all[which];
}

static void counts_near_2_to_the_63_are_refused_and_change_nothing(void **state)
{
    (void)state;
    for (size_t which = 0; which < 4; which++) {
        struct partial a;
        struct partial b;
        struct partial before;
        struct error err = {0};
        book(&a, true);
        book(&b, true);
        book(&before, true);
        *counter(&a, which) = *counter(&before, which) = INT64_MAX;
        assert_int_equal(partial_add(&a, &b, &err), 0);
        *counter(&b, which) = 1;
        assert_int_equal(partial_add(&a, &b, &err), -1);
        assert_int_equal(err.kind, ERROR_PEER);
        assert_string_equal(err.text, "a count would reach 2^63");
        assert_true(partial_equal(&a, &before));
        partial_release(&a);
        partial_release(&b);
        partial_release(&before);
    }
}

static void any_difference_makes_them_unequal(void **state)
{
    (void)state;
    struct partial a;
    struct partial b;
    book(&a, true);
    book(&b, true);
    assert_true(partial_equal(&a, &b));
    for (size_t which = 0; which < 4; which++) {
        *counter(&a, which) = 1;
        assert_false(partial_equal(&a, &b));
        *counter(&b, which) = 1;
        assert_true(partial_equal(&a, &b));
    }
    exact_add(&a.sumw, 1e-300);
    assert_false(partial_equal(&a, &b));
    exact_add(&b.sumw, 1e-300);
    exact_add(&b.step[0].sumw, 1e-300);
    assert_false(partial_equal(&a, &b));
    partial_release(&a);
    partial_release(&b);
}

/* Either refused, and empty, or taken: then these are the one form of what was taken. */
static bool check_decode(const uint8_t *data, size_t size)
{
    struct error err = {0};
    struct partial p;
    struct bytes in = bytes_of(data, size);
    if (partial_decode(&p, &in, &err) != 0) {
        assert_int_equal(err.kind, ERROR_PEER);
        check_begins(err.text, "partial: ");
        assert_int_equal(p.n_events, 0);
        assert_null(p.hist);
        assert_null(p.step);
        return false;
    }
    struct buffer again = {0};
    partial_encode(&p, &again);
    assert_int_equal(again.size, size);
    assert_memory_equal(again.data, data, size);
    buffer_release(&again);
    partial_release(&p);
    return true;
}

static void encode_filled(struct buffer *out, bool weighted)
{
    struct partial p;
    book(&p, weighted);
    fill(&p, 9);
    partial_encode(&p, out);
    assert_false(out->failed);
    struct partial back;
    struct error err = {0};
    struct bytes in = bytes_of(out->data, out->size);
    check_ok(partial_decode(&back, &in, &err), &err);
    assert_true(partial_equal(&p, &back));
    partial_release(&back);
    partial_release(&p);
}

static void every_cut_and_every_byte_more_is_refused(void **state)
{
    (void)state;
    for (int weighted = 0; weighted < 2; weighted++) {
        struct buffer out = {0};
        encode_filled(&out, weighted != 0);
        for (size_t size = 0; size < out.size; size++) {
            assert_false(check_decode(out.data, size));
        }
        assert_true(check_decode(out.data, out.size));
        buffer_u8(&out, 0);
        assert_false(check_decode(out.data, out.size));
        buffer_release(&out);
    }
}

static void a_flipped_bit_is_refused_or_the_one_form_of_another_partial(void **state)
{
    (void)state;
    for (int weighted = 0; weighted < 2; weighted++) {
        struct buffer out = {0};
        encode_filled(&out, weighted != 0);
        for (size_t bit = 0; bit < 8 * out.size; bit++) {
            out.data[bit / 8] ^= (uint8_t)(1U << bit % 8);
            (void)check_decode(out.data, out.size);
            out.data[bit / 8] ^= (uint8_t)(1U << bit % 8);
        }
        buffer_release(&out);
    }
}

enum {
    HEAD_WEIGHTED = 8,
    HEAD_SIZE = 18 /* magic, version, weighted, events, sum of sign 0 */
};

/* A partial with a head as given and these blocks of one filled one, in this order. */
static bool takes_blocks(const size_t *blocks, size_t n, uint32_t stated)
{
    struct buffer whole = {0};
    encode_filled(&whole, false);
    struct bytes in = bytes_of(whole.data + HEAD_SIZE + 4, whole.size - HEAD_SIZE - 4);
    const uint8_t *block[5];
    size_t size[5];
    for (size_t i = 0; i < 5; i++) {
        block[i] = in.at;
        (void)bytes_u32(&in);
        (void)bytes_block(&in);
        size[i] = (size_t)(in.at - block[i]);
    }
    struct buffer out = {0};
    buffer_raw(&out, whole.data, HEAD_SIZE);
    buffer_u32(&out, stated);
    for (size_t i = 0; i < n; i++) {
        buffer_raw(&out, block[blocks[i]], size[blocks[i]]);
    }
    bool taken = check_decode(out.data, out.size);
    buffer_release(&out);
    buffer_release(&whole);
    return taken;
}

static void blocks_out_of_order_twice_or_missing_are_refused(void **state)
{
    (void)state;
    static const struct {
        size_t block[6];
        size_t n;
        uint32_t stated;
        bool good;
    } cases[] = {
        {{0, 1, 2, 3, 4}, 5, 5, true},
        {{1, 0, 2, 3, 4}, 5, 5, true}, /* another partial */
        {{0}, 0, 0, true},
        {{0, 1, 2, 3, 4}, 5, 4, false},
        {{0, 1, 2, 3, 4}, 5, 6, false},
        {{0, 1, 2, 3, 4}, 5, UINT32_MAX, false},
        {{0, 1, 3, 2, 4}, 5, 5, false},
        {{3, 4, 0, 1, 2}, 5, 5, false},
        {{0, 1, 2, 3, 4, 4}, 6, 6, false},
        {{0, 0, 1, 2, 3, 4}, 6, 6, false},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        assert_int_equal(takes_blocks(cases[i].block, cases[i].n, cases[i].stated),
                         cases[i].good);
    }
}

static void an_unweighted_partial_has_no_sums_of_weights(void **state)
{
    (void)state;
    struct partial p;
    struct buffer out = {0};
    book(&p, false);
    exact_add(&p.sumw, 1);
    partial_encode(&p, &out);
    assert_false(check_decode(out.data, out.size));
    partial_release(&p);
    buffer_clear(&out);
    book(&p, false);
    exact_add(&p.step[1].sumw, 1);
    partial_encode(&p, &out);
    assert_false(check_decode(out.data, out.size));
    partial_release(&p);
    buffer_clear(&out);
    book(&p, false); /* its histograms are unweighted, and so it must be itself */
    partial_encode(&p, &out);
    out.data[HEAD_WEIGHTED] = 1;
    assert_false(check_decode(out.data, out.size));
    partial_release(&p);
    buffer_release(&out);
}

static void a_released_partial_is_empty_and_may_be_released_again(void **state)
{
    (void)state;
    struct partial p;
    book(&p, true);
    partial_release(&p);
    partial_release(&p);
    assert_int_equal(p.n_hists + p.n_steps, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(partials_add_up_to_the_same_in_any_order),
        cmocka_unit_test(booking_refuses_what_is_there_twice_or_too_long),
        cmocka_unit_test(booking_ends_at_the_stated_numbers),
        cmocka_unit_test(one_is_found_by_name_channel_and_variation),
        cmocka_unit_test(unlike_partials_are_not_added),
        cmocka_unit_test(counts_near_2_to_the_63_are_refused_and_change_nothing),
        cmocka_unit_test(any_difference_makes_them_unequal),
        cmocka_unit_test(every_cut_and_every_byte_more_is_refused),
        cmocka_unit_test(a_flipped_bit_is_refused_or_the_one_form_of_another_partial),
        cmocka_unit_test(blocks_out_of_order_twice_or_missing_are_refused),
        cmocka_unit_test(an_unweighted_partial_has_no_sums_of_weights),
        cmocka_unit_test(a_released_partial_is_empty_and_may_be_released_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
