/* SPDX-License-Identifier: Apache-2.0 */
/* reader_columns.c - see reader_state.h
 *
 * The columns of one block. Each is prepared on the reader's own thread and then loaded, checked
 * and converted as a step of its own, on any thread: memory was booked before, and what goes
 * wrong is kept with the column, so that which error is reported does not depend on threads. */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

#include "base/size.h"
#include "worker/convert.h"
#include "worker/reader_state.h"

enum {
    /* Objects of one kind in one block: a thousand an event, in blocks of 16,384 events. More is
     * a counter that lies, and would have us allocate gigabytes. */
    OBJECTS_MAX = 1 << 24,
};

/* A value that is no use: "row 17: -1 is no number of objects". */
static int fail_value(const struct source *s, size_t i, const char *what, struct error *err)
{
    return error_set(err, ERROR_INPUT, "row %" PRIu64 ": %.17g is %s", s->first + i,
                     convert_load(s->column, s->numbers, i), what);
}

/* Which row's count is too large: the first with which they add up to more than there is. */
static int fail_sum(const struct reader *r, const struct counter *c, size_t n,
                    struct error *err)
{
    uint64_t n_objects = c->object->file->n_rows;
    const uint32_t *count = c->offset + 1;
    uint64_t sum = 0;
    size_t i = 0;
    for (; i < n && sum <= n_objects - c->at && sum <= OBJECTS_MAX; i++) {
        sum += count[i];
    }
    if (sum > n_objects - c->at) {
        return error_set(err, ERROR_INPUT,
                         "row %" PRIu64 ": with it the counts add up to %" PRIu64
                         ", but %s has %" PRIu64 " rows",
                         r->at + i - 1, c->at + sum, c->object->name, n_objects);
    }
    return error_set(err, ERROR_INPUT,
                     "rows %" PRIu64 "-%" PRIu64
                     " have more than %d objects, which is the limit of a block",
                     r->at, r->at + i, OBJECTS_MAX);
}

/* Turns the counts of n rows from r->at on, in place, into offsets. */
static int add_up(const struct reader *r, struct counter *c, size_t n, struct error *err)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < n; i++) {
        sum += c->offset[i + 1];
    }
    if (sum > c->object->file->n_rows - c->at || sum > OBJECTS_MAX) {
        return fail_sum(r, c, n, err);
    }
    uint32_t offset = 0;
    for (size_t i = 0; i < n; i++) {
        offset += c->offset[i + 1];
        c->offset[i + 1] = offset;
    }
    return 0;
}

static int prepare_counter(struct reader *r, struct counter *c, uint64_t stop,
                           struct error *err)
{
    if (room_for(&c->room, (size_t)(stop - r->at) + 1, sizeof *c->offset, err) != 0) {
        return -1;
    }
    c->offset = c->room.data;
    c->offset[0] = 0;
    return source_prepare(&c->source, r->at, stop, err);
}

static int load_counter(const struct reader *r, struct counter *c, struct filter_bench *bench,
                        struct error *err)
{
    size_t n = (size_t)(c->source.stop - c->source.first);
    if (source_load(&c->source, bench, err) != 0) {
        return -1;
    }
    size_t good = convert_count(c->file, c->source.numbers, n, c->offset + 1);
    return good == n ? add_up(r, c, n, err)
                     : fail_value(&c->source, good, "no number of objects", err);
}

static size_t size_of(const struct selected *c)
{
    switch (c->type) {
    case COLUMN_INTEGER:
        return sizeof(int32_t);
    case COLUMN_BOOLEAN:
        return sizeof(uint8_t);
    default:
        return c->single ? sizeof(float) : sizeof(double);
    }
}

static int prepare_selected(struct reader *r, struct selected *c, uint64_t stop,
                            struct error *err)
{
    uint64_t from = r->at;
    uint64_t to = stop;
    if (c->counter != NO_COUNTER) {
        const struct counter *k = &r->counter[c->counter];
        from = k->at;
        to = k->at + k->offset[stop - r->at];
    }
    size_t n = c->as_is ? 0 : (size_t)(to - from);
    return room_for(&c->room, n, size_of(c), err) == 0
               ? source_prepare(&c->source, from, to, err)
               : -1;
}

/* What was loaded to what the batch holds. */
static int convert(struct selected *c, size_t n, struct error *err)
{
    const struct source *s = &c->source;
    size_t good = n;
    switch (c->type) {
    case COLUMN_REAL:
        convert_real(c->file, s->numbers, n, &c->scaling, c->room.data);
        return 0;
    case COLUMN_INTEGER:
        good = convert_integer(c->file, s->numbers, n, c->room.data);
        return good == n ? 0 : fail_value(s, good, "no whole number of 32 bits", err);
    case COLUMN_BOOLEAN:
        good = convert_boolean(c->file, s->numbers, n, c->room.data);
        return good == n ? 0 : fail_value(s, good, "neither 0 nor 1", err);
    }
    return 0;
}

static const void *numbers_of(const struct selected *c)
{
    return c->as_is ? c->source.numbers : c->room.data;
}

static int check_weights(const struct selected *c, size_t n, struct error *err)
{
    const double *weight = numbers_of(c);
    for (size_t i = 0; i < n; i++) {
        if (!isfinite(weight[i])) {
            return error_set(err, ERROR_INPUT, "row %" PRIu64 ": the weight is %s",
                             c->source.first + i, isnan(weight[i]) ? "no number" : "infinite");
        }
    }
    return 0;
}

static int load_selected(const struct reader *r, struct selected *c, struct filter_bench *bench,
                         struct error *err)
{
    size_t n = (size_t)(c->source.stop - c->source.first);
    if (source_load(&c->source, bench, err) != 0 || (!c->as_is && convert(c, n, err) != 0)) {
        return -1;
    }
    return c == &r->weight ? check_weights(c, n, err) : 0;
}

/* All columns in one row, to go through: counters, then selected, then the weights. */
struct job {
    struct counter *counter; /* or */
    struct selected *selected;
    struct source *source;
    const char *name;
    struct error *err;
};

static size_t count_jobs(const struct reader *r)
{
    return r->n_counters + r->n_selected + (r->weight.file != NULL);
}

static struct job job_at(struct reader *r, size_t i)
{
    if (i < r->n_counters) {
        struct counter *c = &r->counter[i];
        return (struct job){
            .counter = c, .source = &c->source, .name = c->name, .err = &c->err};
    }
    size_t k = i - r->n_counters;
    struct selected *c = k < r->n_selected ? &r->selected[k] : &r->weight;
    return (struct job){.selected = c, .source = &c->source, .name = c->name, .err = &c->err};
}

static bool is_wanted(const struct job *job, unsigned wanted)
{
    if (job->counter != NULL) {
        return (wanted & LOAD_COUNTERS) != 0;
    }
    bool objects = job->selected->counter != NO_COUNTER;
    return (wanted & (objects ? LOAD_OBJECTS : LOAD_EVENTS)) != 0;
}

struct loading {
    struct reader *r;
    unsigned wanted;
};

static void load_step(void *context, size_t i, size_t thread)
{
    const struct loading *l = context;
    struct job job = job_at(l->r, i);
    if (!is_wanted(&job, l->wanted) || job.err->kind != ERROR_NONE) {
        return;
    }
    struct filter_bench *bench = &l->r->bench[thread];
    if (job.counter != NULL) {
        (void)load_counter(l->r, job.counter, bench, job.err);
    } else {
        (void)load_selected(l->r, job.selected, bench, job.err);
    }
}

static void run_one_after_the_other(size_t n_threads, size_t n,
                                    void (*step)(void *context, size_t i, size_t thread),
                                    void *context)
{
    (void)n_threads;
    for (size_t i = 0; i < n; i++) {
        step(context, i, 0);
    }
}

/* How many of them have something to decode. */
static size_t prepare_all(struct reader *r, unsigned wanted, uint64_t stop)
{
    size_t n_slow = 0;
    for (size_t i = 0; i < count_jobs(r); i++) {
        struct job job = job_at(r, i);
        *job.err = (struct error){0};
        if (!is_wanted(&job, wanted)) {
            continue;
        }
        int rc = job.counter != NULL ? prepare_counter(r, job.counter, stop, job.err)
                                     : prepare_selected(r, job.selected, stop, job.err);
        n_slow += rc == 0 && !source_is_quick(job.source);
    }
    return n_slow;
}

int reader_check_torn(struct reader *r, struct error *err)
{
    for (size_t i = 0; i < count_jobs(r); i++) {
        if (source_is_torn(job_at(r, i).source)) {
            return error_set(err, ERROR_INPUT, "%s: the file became shorter while it was read",
                             r->path);
        }
    }
    return 0;
}

int reader_load(struct reader *r, unsigned wanted, uint64_t stop, struct error *err)
{
    size_t n = count_jobs(r);
    size_t n_slow = prepare_all(r, wanted, stop);
    const struct reader_threads *threads = &r->request.threads;
    struct loading loading = {.r = r, .wanted = wanted};
    /* To wake threads up takes longer than what has not to be decoded. */
    (threads->run == NULL || n_slow < 2 ? run_one_after_the_other
                                        : threads->run)(r->n_benches, n, load_step, &loading);
    if (reader_check_torn(r, err) != 0) {
        return -1; /* whatever else is wrong comes from that */
    }
    for (size_t i = 0; i < n; i++) {
        struct job job = job_at(r, i);
        if (job.err->kind != ERROR_NONE) {
            (void)error_set(err, job.err->kind, "%s", job.err->text);
            return reader_blame(r, job.name, job.source->column, err);
        }
    }
    return 0;
}

static struct column view_of(const struct reader *r, const struct selected *c)
{
    struct column view = {0};
    switch (c->type) {
    case COLUMN_REAL:
        if (c->single) {
            view.f32 = numbers_of(c);
        } else {
            view.f64 = numbers_of(c);
        }
        break;
    case COLUMN_INTEGER:
        view.i32 = numbers_of(c);
        break;
    case COLUMN_BOOLEAN:
        view.flag = numbers_of(c);
        break;
    }
    if (c->counter != NO_COUNTER) {
        view.offset = r->counter[c->counter].offset;
    }
    return view;
}

void reader_show(struct reader *r, size_t n_events)
{
    for (size_t i = 0; i < r->n_needs; i++) {
        if (r->selected_of[i] < r->n_needs) {
            r->view[i] = view_of(r, &r->selected[r->selected_of[i]]);
        }
    }
    r->batch.n_events = n_events;
    r->batch.column = r->view;
    r->batch.weight = r->weight.file == NULL ? NULL : numbers_of(&r->weight);
}

/* Every thread may load any column. */
static int book_benches(const struct reader *r, const struct source *s, struct error *err)
{
    for (size_t t = 0; t < r->n_benches; t++) {
        if (source_book(s, &r->bench[t], err) != 0) {
            return -1;
        }
    }
    return 0;
}

int reader_book_columns(struct reader *r, struct error *err)
{
    const struct reader_threads *threads = &r->request.threads;
    size_t n_benches = threads->run == NULL ? 1 : threads->n_threads;
    r->bench = calloc(n_benches, sizeof *r->bench);
    if (r->bench == NULL) {
        return error_no_memory(err, "the threads' rooms");
    }
    r->n_benches = n_benches;
    for (size_t i = 0; i < count_jobs(r); i++) {
        struct job job = job_at(r, i);
        struct format_column *column =
            job.counter != NULL ? job.counter->file : job.selected->file;
        source_init(job.source, r->format, r->file, column, r->identity.size_bytes);
        if (book_benches(r, job.source, err) != 0) {
            return -1;
        }
    }
    return 0;
}

void reader_release_columns(struct reader *r)
{
    for (size_t i = 0; i < count_jobs(r); i++) {
        struct job job = job_at(r, i);
        source_release(job.source);
        room_release(job.counter != NULL ? &job.counter->room : &job.selected->room);
    }
    for (size_t t = 0; t < r->n_benches; t++) {
        filter_bench_release(&r->bench[t]);
    }
    free(r->bench);
}
