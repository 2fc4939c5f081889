/* SPDX-License-Identifier: Apache-2.0 */
/* test_merge.c - the sum of what a ledger holds: any order, nothing twice, nothing left out. */
#include "tests/support/check.h"

#include <math.h>

#include "scheduler/merge.h"
#include "tests/support/fake_run.h"

enum { SHARDS = 24 };

/* A generator of the test's own, so that every run of it is the same. */
static uint64_t next_random(uint64_t *state)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return *state >> 33;
}

/* What shard `shard` of a sample would give. */
static void make_partial(const struct fake_run *f, size_t sample, size_t shard,
                         struct partial *p)
{
    uint64_t state = 1000 * sample + shard;
    fake_run_book(f, sample, p);
    for (size_t i = 0; i < 300; i++) {
        double mass = 60 + (double)(next_random(&state) % 1300) / 10;
        double weight = ((double)(next_random(&state) % 2001) - 1000) / 777;
        hist_fill(&p->hist[i % p->n_hists].hist, mass, weight);
        partial_pass(p, i % p->n_steps, weight);
        if (p->weighted) {
            exact_add(&p->sumw, weight);
        }
    }
}

/* Data in one file, weighted simulation in two. */
static void open_two_samples(struct fake_run *f)
{
    fake_run_open(f, &analysis_higgs4l);
    f->sample[0] = (struct sample){
        .name = fake_text("data"), .era = 2012, .channels = 7, .luminosity_pb = 1000};
    f->sample[1] = (struct sample){.name = fake_text("simulation"),
                                   .simulation = true,
                                   .era = 2012,
                                   .channels = 7,
                                   .weight = fake_text("genWeight")};
    f->dataset.n_samples = 2;
    fake_run_add_file(f, 0, 1000, SHARDS / 2, NULL);
    fake_run_add_file(f, 1, 600, SHARDS / 4, NULL);
    fake_run_add_file(f, 1, 900, SHARDS / 4, NULL);
    fake_run_reload(f);
}

static size_t sample_of(const struct fake_run *f, size_t shard)
{
    return f->run.file[f->run.shard[shard].file].sample;
}

static void accept(struct fake_run *f, size_t shard)
{
    struct partial p;
    make_partial(f, sample_of(f, shard), shard, &p);
    fake_run_accept(f, shard, &p);
    partial_release(&p);
}

/* sum += the partial that shard i gave. */
static void add_direct(const struct fake_run *f, size_t sample, size_t i, struct partial *sum)
{
    struct error err = {.kind = ERROR_NONE};
    struct partial p;
    make_partial(f, sample, i, &p);
    p.n_events = f->run.shard[i].stop - f->run.shard[i].first;
    check_ok(partial_add(sum, &p, &err), &err);
    partial_release(&p);
}

static void check_sum(const struct fake_run *f, const struct merge *m, size_t sample,
                      const bool seen[SHARDS])
{
    struct partial sum;
    size_t n = 0;
    fake_run_book(f, sample, &sum);
    for (size_t i = 0; i < SHARDS; i++) {
        if (seen[i] && sample_of(f, i) == sample) {
            add_direct(f, sample, i, &sum);
            n++;
        }
    }
    assert_true(partial_equal(&sum, &m->sample[sample].sum));
    assert_int_equal(m->sample[sample].n_events, sum.n_events);
    assert_int_equal(m->sample[sample].n_shards, n);
    partial_release(&sum);
}

static void check_sums(const struct fake_run *f, const struct merge *m, const bool seen[SHARDS])
{
    check_sum(f, m, 0, seen);
    check_sum(f, m, 1, seen);
}

/* All shards, shuffled. */
static void make_order(uint64_t *random, size_t order[SHARDS])
{
    for (size_t i = 0; i < SHARDS; i++) {
        size_t j = next_random(random) % (i + 1);
        order[i] = i;
        order[i] = order[j];
        order[j] = i;
    }
}

static void check_order(uint64_t seed)
{
    struct error err = {.kind = ERROR_NONE};
    struct fake_run f;
    struct merge m;
    size_t order[SHARDS];
    bool seen[SHARDS] = {false};
    open_two_samples(&f);
    check_ok(merge_init(&m, &f.run, &err), &err);
    make_order(&seed, order);
    for (size_t i = 0; i < SHARDS; i++) {
        accept(&f, order[i]);
        seen[order[i]] = true;
        if (next_random(&seed) % 4 == 0) {
            check_ok(merge_update(&m, &f.run, &err), &err);
            check_sums(&f, &m, seen);
            assert_int_equal(merge_complete(&m, &f.run), i + 1 == SHARDS);
        }
    }
    check_ok(merge_update(&m, &f.run, &err), &err);
    check_ok(merge_update(&m, &f.run, &err), &err); /* again: nothing counts twice */
    check_sums(&f, &m, seen);
    assert_true(merge_complete(&m, &f.run));
    merge_release(&m);
    fake_run_close(&f);
}

static void any_order_and_any_steps_give_the_direct_sum(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 12; seed++) {
        check_order(seed);
    }
}

/* Puts bytes into the ledger as a shard's partial, with a digest that fits them. */
static void put_bytes(struct fake_run *f, size_t shard, const void *bytes, size_t size)
{
    struct error err = {.kind = ERROR_NONE};
    struct ledger_partial row = {
        .shard = f->run.shard[shard].id, .worker = "worker", .payload = bytes, .size = size};
    digest_xxh128(bytes, size, row.digest);
    check_ok(ledger_add_partial(f->run.ledger, &row, &err), &err);
}

/* Every kind of partial that must not be summed, and what is said of it. */
static void what_does_not_fit_is_refused_and_not_left_out(void **state)
{
    (void)state;
    for (int kind = 0; kind < 5; kind++) {
        struct error err = {.kind = ERROR_NONE};
        struct fake_run f;
        struct merge m;
        struct partial p;
        struct buffer bytes = {0};
        bool seen[SHARDS] = {true};
        open_two_samples(&f);
        accept(&f, 0);
        make_partial(&f, kind == 0 ? 1 : 0, 1, &p); /* 0: of another sample, weighted */
        p.n_events =
            f.run.shard[1].stop - f.run.shard[1].first + (kind == 1); /* 1: other rows */
        partial_encode(&p, &bytes);
        bytes.size -= kind == 2;              /* 2: cut */
        bytes.data[40] ^= kind == 3 ? 64 : 0; /* 3: other bytes in the names */
        if (kind == 4) {                      /* 4: of a shard that is not planned */
            struct ledger_partial row = {
                .shard = 0, .worker = "", .payload = bytes.data, .size = bytes.size};
            digest_xxh128(bytes.data, bytes.size, row.digest);
            check_ok(ledger_add_partial(f.run.ledger, &row, &err), &err);
        } else {
            put_bytes(&f, 1, bytes.data, bytes.size);
        }
        check_ok(merge_init(&m, &f.run, &err), &err);
        for (int again = 0; again < 2; again++) {
            err = (struct error){.kind = ERROR_NONE};
            assert_int_equal(merge_update(&m, &f.run, &err), -1);
            assert_int_equal(err.kind, ERROR_PEER);
            check_contains(err.text, "shard");
            check_sums(&f, &m, seen); /* what came before it counts once */
        }
        partial_release(&p);
        buffer_release(&bytes);
        merge_release(&m);
        fake_run_close(&f);
    }
}

static void a_replaced_file_takes_its_shards_out_of_the_sum(void **state)
{
    (void)state;
    struct error err = {.kind = ERROR_NONE};
    struct fake_run f;
    struct merge m;
    open_two_samples(&f);
    check_ok(merge_init(&m, &f.run, &err), &err);
    for (size_t i = 0; i < SHARDS; i++) {
        accept(&f, i);
    }
    check_ok(merge_update(&m, &f.run, &err), &err);
    assert_true(merge_complete(&m, &f.run));
    struct ledger_event event = {
        .kind = LEASE_INSPECT, .subject = f.run.file[1].id, .what = JOB_DROPPED};
    check_ok(ledger_drop_shards(f.run.ledger, f.run.file[1].id, &err), &err);
    check_ok(ledger_add_event(f.run.ledger, &event, &err), &err);
    fake_run_reload(&f);
    check_ok(merge_update(&m, &f.run, &err), &err);
    assert_false(merge_complete(&m, &f.run));
    assert_int_equal(m.sample[0].n_events, 1000);
    assert_int_equal(m.sample[1].n_events, 900);
    assert_int_equal(m.sample[1].n_shards, SHARDS / 4);
    assert_int_equal(m.file[1].n_shards, 0);
    merge_release(&m);
    fake_run_close(&f);
}

static void shards_planned_later_wait_for_a_reload(void **state)
{
    (void)state;
    struct error err = {.kind = ERROR_NONE};
    struct fake_run f;
    struct merge m;
    open_two_samples(&f);
    check_ok(merge_init(&m, &f.run, &err), &err);
    accept(&f, 0);
    struct ledger_shard shard = {.file = f.run.file[2].id, .first = 900, .stop = 900};
    check_ok(ledger_add_shard(f.run.ledger, &shard, &err), &err);
    struct partial p;
    struct buffer bytes = {0};
    fake_run_book(&f, 1, &p);
    partial_encode(&p, &bytes);
    struct ledger_partial row = {
        .shard = shard.id, .worker = "", .payload = bytes.data, .size = bytes.size};
    digest_xxh128(bytes.data, bytes.size, row.digest);
    check_ok(ledger_add_partial(f.run.ledger, &row, &err), &err);
    check_ok(merge_update(&m, &f.run, &err), &err);
    assert_int_equal(m.sample[1].n_shards, 0);
    fake_run_reload(&f);
    check_ok(merge_update(&m, &f.run, &err), &err);
    assert_int_equal(m.sample[0].n_shards, 1);
    assert_int_equal(m.sample[1].n_shards, 1);
    partial_release(&p);
    buffer_release(&bytes);
    merge_release(&m);
    fake_run_close(&f);
}

static void luminosity_is_seen_by_rows_or_by_files(void **state)
{
    (void)state;
    struct error err = {.kind = ERROR_NONE};
    struct fake_run f;
    struct merge m;
    double seen_pb = 0;
    double planned_pb = 0;
    fake_run_open(&f, &analysis_higgs4l);
    f.sample[0] = (struct sample){
        .name = fake_text("muons"), .era = 2012, .channels = 5, .luminosity_pb = 1000};
    f.sample[1] = (struct sample){.name = fake_text("electrons"), .era = 2012, .channels = 2};
    f.sample[2] = (struct sample){
        .name = fake_text("2011"), .era = 2011, .channels = 7, .luminosity_pb = 300};
    f.dataset.n_samples = 3;
    fake_run_add_file(&f, 0, 400, 4, NULL);
    fake_run_add_file(&f, 1, 100, 2, NULL);
    fake_run_add_file(&f, 1, 0, 1, NULL); /* without rows */
    fake_run_add_file(&f, 2, 50, 1, NULL);
    fake_run_reload(&f);
    f.run.file[1].luminosity_pb = 600;
    f.run.file[2].luminosity_pb = 500;
    check_ok(merge_init(&m, &f.run, &err), &err);
    check_ok(merge_update(&m, &f.run, &err), &err);
    merge_luminosity(&m, &f.dataset, &seen_pb, &planned_pb);
    assert_true(seen_pb == 0 && planned_pb == 1100 + 300);
    static const struct {
        size_t shard;
        double muons;
        double electrons;
        double all;
    } steps[] = {{0, 250, 0, 250},
                 {4, 250, 300, 300},
                 {6, 250, 800, 800}, /* the empty file */
                 {7, 250, 800, 1100},
                 {5, 250, 1100, 1400}};
    for (size_t i = 0; i < ARRAY_LENGTH(steps); i++) {
        struct partial p;
        fake_run_book(&f, sample_of(&f, steps[i].shard), &p);
        fake_run_accept(&f, steps[i].shard, &p);
        partial_release(&p);
        check_ok(merge_update(&m, &f.run, &err), &err);
        merge_luminosity(&m, &f.dataset, &seen_pb, &planned_pb);
        assert_true(m.sample[0].luminosity_seen_pb == steps[i].muons);
        assert_true(m.sample[1].luminosity_seen_pb == steps[i].electrons);
        assert_true(seen_pb == steps[i].all && planned_pb == 1400);
    }
    merge_release(&m);
    fake_run_close(&f);
}

static void rows_of_files_not_inspected_are_estimated(void **state)
{
    (void)state;
    struct error err = {.kind = ERROR_NONE};
    struct fake_run f;
    struct merge m;
    fake_run_open(&f, &analysis_higgs4l);
    f.sample[0] = (struct sample){.name = fake_text("a"), .channels = 7};
    f.sample[1] = (struct sample){.name = fake_text("b"), .channels = 7};
    f.dataset.n_samples = 2;
    fake_run_add_file(&f, 0, 400, 1, NULL); /* 10 bytes a row, as the others will have */
    fake_run_add_file(&f, 0, 600, 0, NULL);
    fake_run_add_file(&f, 1, 70, 0, NULL);
    fake_run_reload(&f);
    check_ok(merge_init(&m, &f.run, &err), &err);
    check_ok(merge_update(&m, &f.run, &err), &err);
    assert_int_equal(m.sample[0].n_events_planned, 1000);
    assert_int_equal(m.sample[1].n_events_planned, 70);
    assert_true(m.sample[0].planned_is_estimate && m.sample[1].planned_is_estimate);
    assert_false(merge_complete(&m, &f.run));
    merge_release(&m);
    fake_run_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_order_and_any_steps_give_the_direct_sum),
        cmocka_unit_test(what_does_not_fit_is_refused_and_not_left_out),
        cmocka_unit_test(a_replaced_file_takes_its_shards_out_of_the_sum),
        cmocka_unit_test(shards_planned_later_wait_for_a_reload),
        cmocka_unit_test(luminosity_is_seen_by_rows_or_by_files),
        cmocka_unit_test(rows_of_files_not_inspected_are_estimated),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
