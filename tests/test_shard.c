/* SPDX-License-Identifier: Apache-2.0 */
/* test_shard.c - see worker/shard.h */
#include "tests/support/hdf5_file.h"

#include <fcntl.h>
#include <math.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "worker/sandbox.h"
#include "worker/shard.h"

/* A small analysis: all muons' momenta, and the events with two of them. */
static const struct settings no_settings;
static const struct need needs[] = {
    {.name = "Muon_pt", .counter = "nMuon", .type = COLUMN_REAL, .unit = UNIT_GEV},
    {.name = "MET", .type = COLUMN_REAL, .unit = UNIT_GEV},
};
enum { BINS = 50 };
static const double low = 0;
static const double high = 100;

static int book(const struct settings *settings, struct partial *out, struct error *err)
{
    (void)settings;
    static const struct partial_hist names[] = {
        {.name = "pt", .channel = "all", .variation = "nominal"},
        {.name = "met", .channel = "two", .variation = "nominal"}};
    struct axis axis = {0};
    int rc = axis_init_regular(&axis, BINS, low, high, err);
    for (size_t i = 0; rc == 0 && i < ARRAY_LENGTH(names); i++) {
        rc = partial_book_hist(out, &names[i], &axis, err);
    }
    axis_release(&axis);
    return rc == 0 ? partial_book_step(out, "two", "two muons", err) : -1;
}

static void process(const struct batch *b, size_t first, size_t stop,
                    const struct settings *settings, uint32_t channels, struct partial *out)
{
    (void)settings;
    for (size_t e = first; e < stop; e++) {
        double w = batch_weight(b, e);
        const uint32_t *offset = b->column[0].offset;
        for (uint32_t i = offset[e]; i < offset[e + 1]; i++) {
            hist_fill(&out->hist[0].hist, column_real(&b->column[0], i), w);
        }
        if ((channels & 1U) != 0 && offset[e + 1] - offset[e] == 2) {
            partial_pass(out, 0, w);
            hist_fill(&out->hist[1].hist, column_real(&b->column[1], e), w);
        }
    }
}

static const struct analysis analysis = {.name = "small",
                                         .need = needs,
                                         .n_needs = ARRAY_LENGTH(needs),
                                         .book = book,
                                         .process = process};

/* Enough for seven threads. */
enum { EVENTS = 120000, MUONS = 4 * EVENTS, FIRST_BAD = 41234, OTHER_BAD = 110000 };

/* What is in the file, and in memory for the comparison. */
struct sample {
    char *folder;
    char path[PUT_PATH_SIZE];
    uint32_t count[EVENTS];
    uint64_t before[EVENTS + 1]; /* muons before the event */
    float pt[MUONS];
    float met[EVENTS];
    double weight[EVENTS];
    double bad[EVENTS]; /* weights, of which two are none */
};

static void fill_sample(struct sample *s)
{
    for (size_t e = 0; e < EVENTS; e++) {
        s->count[e] = (uint32_t)(e * 11 % 5);
        s->before[e + 1] = s->before[e] + s->count[e];
        s->met[e] = (float)(e % 1201) / 11;
        s->weight[e] = ((double)(e % 17) - 3) / 7;
        s->bad[e] = e == FIRST_BAD || e == OTHER_BAD ? NAN : 1;
    }
    for (size_t i = 0; i < s->before[EVENTS]; i++) {
        s->pt[i] = (float)(i % 9973) / 90;
    }
    s->pt[5] = NAN;
    s->pt[6] = -1;
    s->pt[7] = INFINITY;
}

static int make_sample(void **state)
{
    struct sample *s = calloc(1, sizeof *s);
    assert_non_null(s);
    s->folder = check_make_folder();
    fill_sample(s);
    hid_t file = put_file(s->folder, "sample.h5", s->path);
    const struct put columns[] = {
        {"nMuon", H5T_STD_U32LE, H5T_NATIVE_UINT32, s->count, EVENTS, 5000, PUT_DEFLATE, NULL},
        {"Muon_pt", H5T_IEEE_F32LE, H5T_NATIVE_FLOAT, s->pt, s->before[EVENTS], 8192,
         PUT_SHUFFLE | PUT_DEFLATE, "GeV"},
        {"MET", H5T_IEEE_F32BE, H5T_NATIVE_FLOAT, s->met, EVENTS, 0, 0, "GeV"},
        {"w", H5T_IEEE_F64LE, H5T_NATIVE_DOUBLE, s->weight, EVENTS, 0, 0, NULL},
        {"bad", H5T_IEEE_F64LE, H5T_NATIVE_DOUBLE, s->bad, EVENTS, 999, 0, NULL},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(columns); i++) {
        put_column(file, &columns[i]);
    }
    (void)H5Fclose(file);
    *state = s;
    return 0;
}

static int remove_sample(void **state)
{
    struct sample *s = *state;
    check_remove_folder(s->folder);
    free(s);
    return 0;
}

static struct shard_task task_of(const struct sample *s, bool weighted, size_t n_threads)
{
    return (struct shard_task){.path = s->path,
                               .request = {.analysis = &analysis,
                                           .settings = &no_settings,
                                           .weight = weighted ? "w" : NULL},
                               .stop = EVENTS,
                               .channels = 1,
                               .n_threads = n_threads};
}

static void run(const struct shard_task *task, struct reader **reader, struct partial *out)
{
    struct error err = {0};
    check_ok(shard_run(task, reader, NULL, out, &err), &err);
}

static void same_bytes(const struct partial *a, const struct partial *b)
{
    struct buffer left = {0};
    struct buffer right = {0};
    partial_encode(a, &left);
    partial_encode(b, &right);
    assert_int_equal(left.size, right.size);
    assert_memory_equal(left.data, right.data, left.size);
    buffer_release(&left);
    buffer_release(&right);
}

/* Also where starts lie, as inspection finds them, and threads that begin between them. */
static void any_number_of_threads_gives_the_same_bytes(void **state)
{
    static const size_t threads[] = {1, 2, 3, 7, 1000};
    const struct sample *s = *state;
    const uint64_t row[] = {0, 20000, 70000};
    const uint64_t objects[] = {0, s->before[20000], s->before[70000]};
    for (int weighted = 0; weighted < 2; weighted++) {
        struct partial first = {0};
        for (size_t i = 0; i < ARRAY_LENGTH(threads); i++) {
            struct partial p = {0};
            struct reader *reader = NULL;
            struct shard_task task = task_of(s, weighted != 0, threads[i]);
            task.starts = (struct shard_starts){i % 2 == 0 ? 0 : 3, 1, row, objects};
            run(&task, &reader, i == 0 ? &first : &p);
            same_bytes(&first, i == 0 ? &first : &p);
            partial_release(&p);
            reader_close(reader);
        }
        partial_release(&first);
    }
}

/* The shard fails like that, and leaves nothing. */
static void check_fails(const struct shard_task *task, const struct reader_progress *progress,
                        enum error_kind kind, const char *part)
{
    struct reader *reader = NULL;
    struct partial p = {0};
    struct error err = {0};
    assert_int_equal(shard_run(task, &reader, progress, &p, &err), -1);
    assert_int_equal(err.kind, kind);
    check_contains(err.text, part);
    assert_null(reader);
    assert_null(p.hist);
}

static void of_two_faults_the_first_is_named_whatever_the_threads(void **state)
{
    for (size_t n = 1; n <= 7; n += 2) {
        struct shard_task task = task_of(*state, true, n);
        task.request.weight = "bad";
        check_fails(&task, NULL, ERROR_INPUT, "column bad: row 41234: the weight is no number");
    }
}

static bool note_and_stop(void *context, uint64_t rows_done)
{
    *(uint64_t *)context = rows_done;
    return rows_done < EVENTS / 2;
}

static void starts_that_do_not_fit_the_counts_are_found(void **state)
{
    const struct sample *s = *state;
    const uint64_t row[] = {0, 50000};
    const uint64_t objects[] = {0, s->before[50000] - 1};
    struct shard_task task = task_of(s, false, 2);
    task.stop = 118000; /* at the file's end the reader would find it */
    task.starts = (struct shard_starts){2, 1, row, objects};
    check_fails(&task, NULL, ERROR_INPUT, "before row 60000 nMuon adds up to ");
    task.starts.n_counters = 2; /* of another file, or another analysis */
    check_fails(&task, NULL, ERROR_INPUT, "the file is not the one that was inspected");
}

static bool stop_at_once(void *context, uint64_t rows_done)
{
    (void)context;
    return rows_done == 0;
}

static void threads_stop_when_the_first_is_asked_to(void **state)
{
    const struct reader_progress progress = {stop_at_once, NULL};
    const struct shard_task task = task_of(*state, false, 3);
    check_fails(&task, &progress, ERROR_SYSTEM, "asked to stop after ");
}

/* A kernel of the small analysis: it keeps what it fills in a partial of its own. Settings are its
 * instructions: with one parameter it has no state, with two it fails. */
static int kernel_create(const struct settings *settings, void **state, struct error *err)
{
    *state = NULL;
    if (settings->n == 2) {
        return error_set(err, ERROR_SYSTEM, "no memory for a kernel");
    }
    struct partial *own = settings->n == 1 ? NULL : calloc(1, sizeof *own);
    if (own != NULL) {
        partial_init(own, false);
        check_ok(book(settings, own, err), err);
    }
    *state = own;
    return 0;
}

static void kernel_process(void *state, const struct batch *batch, size_t first, size_t stop,
                           uint32_t channels, struct partial *out)
{
    (void)out;
    process(batch, first, stop, &no_settings, channels, state);
}

static void kernel_finish(void *state, struct partial *out)
{
    struct error err = {0};
    check_ok(partial_add(out, state, &err), &err);
}

static void kernel_destroy(void *state)
{
    partial_release(state);
    free(state);
}

static const struct kernel kernel = {.create = kernel_create,
                                     .process = kernel_process,
                                     .finish = kernel_finish,
                                     .destroy = kernel_destroy};
static const struct analysis with_kernel = {.name = "small",
                                            .need = needs,
                                            .n_needs = ARRAY_LENGTH(needs),
                                            .book = book,
                                            .process = process,
                                            .kernel = &kernel};

static void what_a_kernel_keeps_is_in_the_partial(void **state)
{
    static const size_t threads[] = {1, 3};
    struct partial truth = {0};
    struct reader *reader = NULL;
    struct shard_task task = task_of(*state, false, 1);
    run(&task, &reader, &truth);
    reader_close(reader);
    for (size_t n_settings = 0; n_settings < 2; n_settings++) {
        for (size_t i = 0; i < ARRAY_LENGTH(threads); i++) {
            const struct settings settings = {.n = n_settings};
            struct partial p = {0};
            task = task_of(*state, false, threads[i]);
            task.request.analysis = &with_kernel;
            task.request.settings = &settings;
            reader = NULL;
            run(&task, &reader, &p);
            same_bytes(&truth, &p);
            partial_release(&p);
            reader_close(reader);
        }
    }
    partial_release(&truth);
}

static void a_kernel_that_cannot_be_made_fails_the_shard(void **state)
{
    const struct settings settings = {.n = 2};
    struct shard_task task = task_of(*state, false, 2);
    task.request.analysis = &with_kernel;
    task.request.settings = &settings;
    check_fails(&task, NULL, ERROR_SYSTEM, "no memory for a kernel");
}

#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define BUILT_FOR_THREADS 1
#endif
#endif

#ifdef BUILT_FOR_THREADS
static const bool built_for_threads = true;
#else
static const bool built_for_threads = false;
#endif

/* Goes first: OpenMP does not survive a fork once it has threads. */
static void a_shard_runs_inside_the_sandbox(void **state)
{
    if (built_for_threads) {
        skip(); /* ThreadSanitizer has a thread of its own, so that a child may not start any */
    }
    pid_t child = fork();
    if (child == 0) {
        const struct sandbox_limits limits = {.memory_bytes = 1ULL << 30};
        const struct shard_task task = task_of(*state, true, 3);
        struct reader *reader = NULL;
        struct partial p = {0};
        bool filtered = false;
        shard_prepare();
        _exit(sandbox_enter(&limits, &filtered, NULL) == 0 &&
                      shard_run(&task, &reader, NULL, &p, NULL) == 0 && p.n_events == EVENTS
                  ? 0
                  : 1);
    }
    int status = 1;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

/* By a loop over the arrays, bins by comparison with their edges. */
static void count_value(const struct axis *axis, double x, uint64_t count[BINS + 2],
                        uint64_t *nan)
{
    if (isnan(x)) {
        (*nan)++;
        return;
    }
    size_t bin = 0;
    while (bin <= BINS && x >= axis->edge[bin]) {
        bin++;
    }
    count[bin]++;
}

static void counts_equal_a_plain_loop_over_the_numbers(void **state)
{
    const struct sample *s = *state;
    struct partial p = {0};
    struct reader *reader = NULL;
    const struct shard_task task = task_of(s, false, 2);
    run(&task, &reader, &p);
    const struct hist *pt = partial_find(&p, "pt", "all", "nominal");
    const struct hist *met = partial_find(&p, "met", "two", "nominal");
    uint64_t pt_count[BINS + 2] = {0};
    uint64_t met_count[BINS + 2] = {0};
    uint64_t pt_nan = 0;
    uint64_t met_nan = 0;
    uint64_t n_two = 0;
    for (size_t e = 0; e < EVENTS; e++) {
        for (uint64_t i = s->before[e]; i < s->before[e + 1]; i++) {
            count_value(&pt->axis, s->pt[i], pt_count, &pt_nan);
        }
        if (s->count[e] == 2) {
            n_two++;
            count_value(&met->axis, s->met[e], met_count, &met_nan);
        }
    }
    assert_memory_equal(pt->count, pt_count, sizeof pt_count);
    assert_memory_equal(met->count, met_count, sizeof met_count);
    assert_int_equal(pt->nan, pt_nan);
    assert_int_equal(pt_nan, 1);
    assert_int_equal(p.n_events, EVENTS);
    assert_int_equal(p.step[0].n_events, n_two);
    partial_release(&p);
    reader_close(reader);
}

static void the_weights_of_all_events_seen_are_summed(void **state)
{
    const struct sample *s = *state;
    struct partial p = {0};
    struct reader *reader = NULL;
    struct shard_task task = task_of(s, true, 3);
    task.channels = 0;
    run(&task, &reader, &p);
    struct exact sum = {0};
    for (size_t e = EVENTS; e-- > 0;) {
        exact_add(&sum, s->weight[e]);
    }
    assert_true(exact_equal(&p.sumw, &sum));
    assert_int_equal(p.step[0].n_events, 0); /* a channel that was not asked for */
    assert_int_equal(hist_entries(partial_find(&p, "met", "two", "nominal")), 0);
    partial_release(&p);
    reader_close(reader);
}

static void shards_of_any_size_add_up_to_the_whole(void **state)
{
    static const uint64_t sizes[] = {EVENTS, 16384, 10000, 777};
    const struct sample *s = *state;
    struct partial whole = {0};
    struct reader *reader = NULL;
    struct shard_task task = task_of(s, true, 2);
    run(&task, &reader, &whole);
    for (size_t i = 0; i < ARRAY_LENGTH(sizes); i++) {
        struct partial sum = {0};
        struct error err = {0};
        check_ok(partial_init_like(&sum, &whole, &err), &err);
        for (uint64_t row = 0; row < EVENTS; row += sizes[i]) {
            struct partial p = {0};
            /* starts lie before the shard, as those of inspection do */
            const uint64_t at = row - row % 5000;
            const uint64_t start_row = at;
            task.first = row;
            task.stop = row + sizes[i] < EVENTS ? row + sizes[i] : EVENTS;
            task.starts = (struct shard_starts){1, 1, &start_row, &s->before[at]};
            run(&task, &reader, &p);
            check_ok(partial_add(&sum, &p, &err), &err);
            partial_release(&p);
        }
        same_bytes(&whole, &sum);
        partial_release(&sum);
    }
    partial_release(&whole);
    reader_close(reader);
}

static void it_stops_when_it_is_asked_to(void **state)
{
    uint64_t done = 0;
    const struct reader_progress progress = {note_and_stop, &done};
    const struct shard_task task = task_of(*state, false, 1);
    check_fails(&task, &progress, ERROR_SYSTEM, "asked to stop after ");
    assert_true(done >= EVENTS / 2 && done < EVENTS);
}

static void another_file_than_was_inspected_is_refused(void **state)
{
    const struct sample *s = *state;
    struct shard_task task = task_of(s, false, 1);
    struct reader *reader = NULL;
    struct partial p = {0};
    struct error err = {0};
    run(&task, &reader, &p);
    partial_release(&p);
    const struct reader_identity found = *reader_identity(reader);
    struct reader_identity wrong[] = {found, found, found};
    wrong[0].size_bytes++;
    wrong[1].mtime_ns++;
    wrong[2].digest[7] = wrong[2].digest[7] == '0' ? '1' : '0';
    task.expected = &found;
    run(&task, &reader, &p);
    partial_release(&p);
    for (size_t i = 0; i < ARRAY_LENGTH(wrong); i++) {
        p = (struct partial){0};
        task.expected = &wrong[i];
        assert_int_equal(shard_run(&task, &reader, NULL, &p, &err), -1);
        assert_int_equal(err.kind, ERROR_INPUT);
        check_contains(err.text, s->path);
        check_contains(err.text, "changed since it was inspected");
        assert_null(reader);
    }
}

static bool touch(void *path, uint64_t rows_done)
{
    (void)rows_done;
    const struct timespec times[] = {{1, 0}, {1, 0}};
    return utimensat(AT_FDCWD, path, times, 0) == 0;
}

static void a_file_that_changes_while_it_runs_gives_no_partial(void **state)
{
    struct sample *s = *state;
    const struct reader_progress progress = {touch, s->path};
    const struct shard_task task = task_of(s, false, 2);
    check_fails(&task, &progress, ERROR_INPUT, "changed while it was read");
}

static void tasks_that_make_no_sense_are_refused(void **state)
{
    const uint64_t objects = 0;
    const uint64_t row = 10;
    const struct shard_starts none = {0};
    const struct shard_starts late = {1, 1, &row, &objects};
    const struct {
        uint64_t first, stop;
        size_t n_threads;
        struct shard_starts starts;
        enum error_kind kind;
    } cases[] = {
        {5, 4, 1, none, ERROR_PEER},           {0, 10, 0, none, ERROR_PEER},
        {0, 10, 5000, none, ERROR_PEER},       {0, 20, 1, late, ERROR_PEER},
        {0, EVENTS + 1, 1, none, ERROR_INPUT},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct shard_task task = task_of(*state, false, cases[i].n_threads);
        task.first = cases[i].first;
        task.stop = cases[i].stop;
        task.starts = cases[i].starts;
        struct reader *reader = NULL;
        struct partial p = {0};
        struct error err = {0};
        assert_int_equal(shard_run(&task, &reader, NULL, &p, &err), -1);
        assert_int_equal(err.kind, cases[i].kind);
    }
}

static void rows_that_the_file_has_not_are_refused_as_a_whole(void **state)
{
    for (size_t n = 1; n <= 7; n += 6) {
        struct shard_task task = task_of(*state, false, n);
        task.stop = EVENTS + 1;
        check_fails(&task, NULL, ERROR_INPUT, "rows 0-120001 are not among its rows 0-120000");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_shard_runs_inside_the_sandbox),
        cmocka_unit_test(any_number_of_threads_gives_the_same_bytes),
        cmocka_unit_test(of_two_faults_the_first_is_named_whatever_the_threads),
        cmocka_unit_test(starts_that_do_not_fit_the_counts_are_found),
        cmocka_unit_test(threads_stop_when_the_first_is_asked_to),
        cmocka_unit_test(what_a_kernel_keeps_is_in_the_partial),
        cmocka_unit_test(a_kernel_that_cannot_be_made_fails_the_shard),
        cmocka_unit_test(counts_equal_a_plain_loop_over_the_numbers),
        cmocka_unit_test(the_weights_of_all_events_seen_are_summed),
        cmocka_unit_test(shards_of_any_size_add_up_to_the_whole),
        cmocka_unit_test(it_stops_when_it_is_asked_to),
        cmocka_unit_test(another_file_than_was_inspected_is_refused),
        cmocka_unit_test(tasks_that_make_no_sense_are_refused),
        cmocka_unit_test(rows_that_the_file_has_not_are_refused_as_a_whole),
        cmocka_unit_test(a_file_that_changes_while_it_runs_gives_no_partial),
    };
    return cmocka_run_group_tests(tests, make_sample, remove_sample);
}
