/* SPDX-License-Identifier: Apache-2.0 */
/* test_result.c - result.json holds what was found, and nothing of how. */
#include "tests/support/check.h"

#include "base/digest.h"
#include "scheduler/result.h"
#include "tests/support/fake_run.h"

enum { EVENTS = 240 };

/* Event `event` of a sample: one entry in each histogram, one step of the cutflow. */
static void fill_event(struct partial *p, size_t sample, size_t event)
{
    double mass = 60 + (double)((event * 37 + sample * 11) % 140);
    double weight = (double)(event % 7) / 3 - 0.5;
    for (size_t i = 0; i < p->n_hists; i++) {
        hist_fill(&p->hist[i].hist, mass, weight);
    }
    partial_pass(p, event % p->n_steps, weight);
    if (p->weighted) {
        exact_add(&p->sumw, weight);
    }
}

/* Two samples of two files with EVENTS events each, in n_shards shards a file, computed forwards
 * or backwards; the files in the other order, if swapped. */
static void open_run(struct fake_run *f, size_t n_shards, bool backwards, bool swapped)
{
    fake_run_open(f, &analysis_higgs4l);
    f->sample[0] = (struct sample){.name = fake_text("data"),
                                   .era = 2012,
                                   .channels = 5,
                                   .luminosity_pb = 7132,
                                   .scale = 1};
    f->sample[1] = (struct sample){.name = fake_text("simulation"),
                                   .simulation = true,
                                   .era = 2012,
                                   .channels = 7,
                                   .process = fake_text("zz"),
                                   .cross_section_pb = 0.077,
                                   .scale = 1.386,
                                   .weight = fake_text("genWeight")};
    f->dataset.n_samples = 2;
    for (size_t i = 0; i < 4; i++) {
        fake_run_add_file(f, i / 2, EVENTS, n_shards, i < 2 ? NULL : "a generator");
    }
    fake_run_reload(f);
    for (size_t i = 0; i < 4; i++) {
        static const char *const digest[] = {"bb", "aa", "cc", "dd"};
        size_t content = swapped ? i ^ 1 : i;
        (void)json_object_set_new(f->run.file[i].inspection, "digest",
                                  json_string(digest[content]));
    }
    for (size_t k = 0; k < f->run.n_shards; k++) {
        size_t i = backwards ? f->run.n_shards - 1 - k : k;
        const struct run_shard *s = &f->run.shard[i];
        size_t content = swapped ? s->file ^ 1 : s->file;
        struct partial p;
        fake_run_book(f, content / 2, &p);
        for (uint64_t e = s->first; e < s->stop; e++) {
            fill_event(&p, content, e);
        }
        fake_run_accept(f, i, &p);
        partial_release(&p);
    }
}

static json_t *result_of(struct fake_run *f, struct buffer *bytes)
{
    struct error err = {.kind = ERROR_NONE};
    struct merge m;
    check_ok(merge_init(&m, &f->run, &err), &err);
    check_ok(merge_update(&m, &f->run, &err), &err);
    json_t *result = result_to_json(&f->run, &m, &err);
    check_ok(result == NULL ? -1 : 0, &err);
    check_ok(json_write_canonical(result, bytes, &err), &err);
    merge_release(&m);
    return result;
}

static void same_bytes_for_any_shards_order_and_files(void **state)
{
    (void)state;
    static const struct {
        size_t n_shards;
        bool backwards;
        bool swapped;
    } cases[] = {{1, false, false}, {1, true, false}, {3, false, false},
                 {7, true, false},  {60, true, true}, {2, false, true}};
    struct buffer first = {0};
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct fake_run f;
        struct buffer bytes = {0};
        open_run(&f, cases[i].n_shards, cases[i].backwards, cases[i].swapped);
        /* Which file made which choice goes with the file. */
        for (size_t k = 0; k < 4; k++) {
            (void)json_object_del(f.run.file[k].inspection, "alternatives");
        }
        json_decref(result_of(&f, i == 0 ? &first : &bytes));
        if (i > 0) {
            assert_int_equal(bytes.size, first.size);
            assert_memory_equal(bytes.data, first.data, first.size);
        }
        buffer_release(&bytes);
        fake_run_close(&f);
    }
    buffer_release(&first);
}

static const json_t *at(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);
    if (value == NULL) {
        fail_msg("no %s", key);
    }
    return value;
}

static void it_holds_what_was_found_and_from_what(void **state)
{
    (void)state;
    struct fake_run f;
    struct buffer bytes = {0};
    open_run(&f, 4, false, false);
    json_t *result = result_of(&f, &bytes);
    assert_string_equal(json_string_value(at(at(result, "analysis"), "name")), "higgs4l");
    assert_int_equal(json_object_size(at(at(result, "analysis"), "parameters")),
                     analysis_higgs4l.n_parameters);
    assert_int_equal(json_integer_value(at(at(result, "coverage"), "events")), 4 * EVENTS);
    assert_true(json_number_value(at(at(result, "coverage"), "luminosity_pb")) == 7132);
    const json_t *data = json_array_get(at(result, "samples"), 0);
    const json_t *simulation = json_array_get(at(result, "samples"), 1);
    assert_int_equal(json_array_size(at(data, "channels")), 2);
    assert_int_equal(json_array_size(at(data, "histograms")), 2 * 4);
    assert_int_equal(json_array_size(at(simulation, "histograms")), 3 * 4);
    assert_null(json_object_get(data, "generator"));
    assert_null(json_object_get(data, "sum_of_weights"));
    assert_null(json_object_get(data, "cross_section_pb"));
    assert_string_equal(json_string_value(at(simulation, "generator")), "a generator");
    assert_string_equal(json_string_value(at(simulation, "weight")), "genWeight");
    assert_true(json_number_value(at(simulation, "cross_section_pb")) == 0.077);
    assert_true(json_is_number(at(simulation, "sum_of_weights")));
    const json_t *inputs = at(data, "inputs");
    assert_int_equal(json_array_size(inputs), 2);
    assert_string_equal(json_string_value(at(json_array_get(inputs, 0), "digest")), "aa");
    const json_t *choices = at(at(data, "alternatives"), "momentum");
    assert_int_equal(json_array_size(choices), 2);
    assert_string_equal(json_string_value(json_array_get(choices, 0)), "pt eta phi");
    const json_t *step = json_array_get(at(simulation, "cutflow"), 0);
    assert_true(json_is_number(at(step, "sum_of_weights")));
    json_decref(result);
    buffer_release(&bytes);
    fake_run_close(&f);
}

static void nothing_of_how_it_came_about_is_in_it(void **state)
{
    (void)state;
    static const char *const words[] = {"/data", ".h5",    "worker", "shard", "fake",
                                        "epoch", "folder", "0.1.0",  "time",  "host"};
    struct fake_run f;
    struct buffer bytes = {0};
    open_run(&f, 2, false, false);
    json_decref(result_of(&f, &bytes));
    for (size_t i = 0; i < ARRAY_LENGTH(words); i++) {
        assert_null(strstr(buffer_string(&bytes), words[i]));
    }
    buffer_release(&bytes);
    fake_run_close(&f);
}

static void what_is_written_has_the_digest_that_is_told(void **state)
{
    (void)state;
    struct error err = {.kind = ERROR_NONE};
    struct fake_run f;
    struct merge m;
    struct buffer bytes = {0};
    struct buffer live = {0};
    char told[DIGEST_SHA256_HEX];
    char found[DIGEST_SHA256_HEX];
    open_run(&f, 3, true, false);
    check_ok(merge_init(&m, &f.run, &err), &err);
    check_ok(merge_update(&m, &f.run, &err), &err);
    check_ok(result_write(&f.run, &m, told, &err), &err);
    char *path = run_path(&f.run, "result.json");
    check_ok(file_read(path, 1 << 24, &bytes, &err), &err);
    digest_sha256_hex(bytes.data, bytes.size, found);
    assert_string_equal(told, found);
    json_decref(result_of(&f, &live));
    assert_int_equal(bytes.size, live.size);
    assert_memory_equal(bytes.data, live.data, live.size);
    free(path);
    path = run_path(&f.run, "run.json");
    json_t *report = json_parse_file(path, 1 << 24, &err);
    check_ok(report == NULL ? -1 : 0, &err);
    assert_string_equal(json_string_value(at(report, "result_sha256")), told);
    assert_true(json_is_true(at(report, "complete")));
    assert_int_equal(json_integer_value(at(at(at(report, "shards"), "events"), "accepted")),
                     12);
    assert_int_equal(json_integer_value(at(at(at(report, "workers"), "worker"), "accepted")),
                     12);
    free(path);
    json_decref(report);
    buffer_release(&bytes);
    buffer_release(&live);
    merge_release(&m);
    fake_run_close(&f);
}

static void sums_beyond_any_double_are_refused_by_name(void **state)
{
    (void)state;
    struct error err = {.kind = ERROR_NONE};
    struct fake_run f;
    struct merge m;
    fake_run_open(&f, &analysis_higgs4l);
    f.sample[0] = (struct sample){.name = fake_text("enormous"),
                                  .simulation = true,
                                  .channels = 7,
                                  .weight = fake_text("genWeight")};
    f.dataset.n_samples = 1;
    fake_run_add_file(&f, 0, 2, 1, NULL);
    fake_run_reload(&f);
    struct partial p;
    fake_run_book(&f, 0, &p);
    hist_fill(&p.hist[0].hist, 100, 1e200); /* its square is beyond */
    fake_run_accept(&f, 0, &p);
    partial_release(&p);
    check_ok(merge_init(&m, &f.run, &err), &err);
    check_ok(merge_update(&m, &f.run, &err), &err);
    assert_null(result_to_json(&f.run, &m, &err));
    assert_int_equal(err.kind, ERROR_INPUT);
    check_contains(err.text, "enormous");
    check_contains(err.text, "m4l");
    merge_release(&m);
    fake_run_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(same_bytes_for_any_shards_order_and_files),
        cmocka_unit_test(it_holds_what_was_found_and_from_what),
        cmocka_unit_test(nothing_of_how_it_came_about_is_in_it),
        cmocka_unit_test(what_is_written_has_the_digest_that_is_told),
        cmocka_unit_test(sums_beyond_any_double_are_refused_by_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
