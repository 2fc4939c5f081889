/* SPDX-License-Identifier: Apache-2.0 */
/* shard.c - see shard.h
 *
 * The only file with OpenMP. Each thread goes down a lane of its own (lane.h) and fills a partial of
 * its own; they are added when all rows are done. Of several faults that of the lowest rows is
 * given, whichever was found first. */
#include "worker/shard.h"

#include <inttypes.h>
#include <malloc.h>
#include <omp.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "base/size.h"
#include "worker/division.h"

enum {
    /* A thread gets at least such a part of a block: less work than that it would not be waked for. */
    STRETCHES_OF_BLOCK = 4,
    /* What all lanes may take: of files with giant chunks fewer threads read. */
    LANES_BYTES_MAX = 192 << 20,
    /* What malloc keeps of what was freed, for each thread. */
    KEPT_PIECE_BYTES = 32 << 20, /* the most that glibc allows */
    KEPT_BYTES = 64 << 20,
};

_Static_assert((int)SHARD_THREADS_MAX <= (int)DIVISION_MAX, "a stretch for each thread");

/* What one thread does. */
struct strand {
    struct lane *lane;
    uint64_t first; /* rows */
    uint64_t stop;
    uint64_t *objects; /* [n_counters] before `first`, by the start that was used */
    struct partial part;
    void *state; /* of the analysis's kernel; NULL where there is none */
    struct error err;
};

/* One shard on its way. */
struct running {
    const struct shard_task *task;
    const struct reader_progress *progress;
    struct reader *reader;
    size_t n_counters;
    size_t n;
    struct strand *strand;       /* [n] */
    uint64_t *objects;           /* [n * n_counters], the strands' */
    atomic_size_t first_to_fail; /* the strands behind it need not go on */
    atomic_uint_fast64_t rows_done;
};

static int open_reader(const struct shard_task *task, struct reader **reader, struct error *err)
{
    if (*reader == NULL) {
        *reader = reader_open(task->path, &task->request, err);
    }
    if (*reader == NULL) {
        return -1;
    }
    return task->expected == NULL ||
                   reader_identity_equal(reader_identity(*reader), task->expected)
               ? 0
               : error_set(err, ERROR_INPUT,
                           "%s: the file changed since it was inspected (size, time or layout)",
                           task->path);
}

static int book(const struct running *run, struct strand *s)
{
    const struct reader_request *request = &run->task->request;
    const struct kernel *kernel = request->analysis->kernel;
    partial_init(&s->part, request->weight != NULL);
    if (request->analysis->book(request->settings, &s->part, &s->err) != 0) {
        return -1;
    }
    return kernel == NULL ? 0 : kernel->create(request->settings, &s->state, &s->err);
}

static void release(struct running *run)
{
    for (size_t i = 0; i < run->n; i++) {
        struct strand *s = &run->strand[i];
        partial_release(&s->part);
        if (s->state != NULL) {
            run->task->request.analysis->kernel->destroy(s->state);
        }
    }
    free(run->strand);
    free(run->objects);
}

/* All events seen count, whatever the analysis does with them. */
static void process(const struct running *run, struct strand *s, const struct batch *batch)
{
    const struct reader_request *request = &run->task->request;
    size_t n = batch->n_events;
    s->part.n_events += n;
    for (size_t e = 0; batch->weight != NULL && e < n; e++) {
        exact_add(&s->part.sumw, batch->weight[e]);
    }
    if (s->state != NULL) {
        request->analysis->kernel->process(s->state, batch, 0, n, run->task->channels,
                                           &s->part);
    } else {
        request->analysis->process(batch, 0, n, request->settings, run->task->channels,
                                   &s->part);
    }
}

/* Asked on the caller's thread only, which has the first strand, and more if OpenMP gives fewer threads
 * than it was asked for. */
static int go_on(struct running *run, struct strand *s)
{
    const struct reader_progress *progress = run->progress;
    uint64_t done = atomic_load(&run->rows_done);
    if (omp_get_thread_num() != 0 || progress == NULL || progress->go_on == NULL ||
        progress->go_on(progress->context, done)) {
        return 0;
    }
    return error_set(&s->err, ERROR_SYSTEM,
                     "%s: asked to stop after %" PRIu64 " of %" PRIu64 " rows", run->task->path,
                     done, run->task->stop - run->task->first);
}

static int run_block(struct running *run, struct strand *s, uint64_t row, uint64_t stop)
{
    const struct batch *batch = NULL; /* borrowed until the next read */
    if (lane_read(s->lane, row, stop, &batch, &s->err) != 0) {
        return -1;
    }
    process(run, s, batch);
    atomic_fetch_add(&run->rows_done, stop - row);
    return go_on(run, s);
}

static int run_rows(struct running *run, struct strand *s)
{
    size_t index = (size_t)(s - run->strand);
    for (uint64_t row = s->first; row < s->stop;) {
        uint64_t stop = row + size_min(s->stop - row, reader_block_rows(run->reader));
        if (atomic_load(&run->first_to_fail) < index) {
            return 0; /* whatever comes is for nothing */
        }
        if (run_block(run, s, row, stop) != 0) {
            return -1;
        }
        row = stop;
    }
    return 0;
}

/* The last start at or before the row. */
static int seek(const struct shard_starts *starts, struct strand *s)
{
    if (starts->n == 0) {
        return lane_seek(s->lane, NULL, &s->err);
    }
    size_t last = 0;
    while (last + 1 < starts->n && starts->row[last + 1] <= s->first) {
        last++;
    }
    const struct reader_start start = {.row = starts->row[last],
                                       .n_counters = starts->n_counters,
                                       .objects = starts->objects + last * starts->n_counters};
    return lane_seek(s->lane, &start, &s->err);
}

static int run_strand(struct running *run, struct strand *s)
{
    if (seek(&run->task->starts, s) != 0 || lane_count_to(s->lane, s->first, &s->err) != 0) {
        return -1;
    }
    for (size_t k = 0; k < run->n_counters; k++) {
        s->objects[k] = lane_objects(s->lane, k);
    }
    return book(run, s) == 0 ? run_rows(run, s) : -1;
}

static void note_failure(struct running *run, size_t index)
{
    size_t first = atomic_load(&run->first_to_fail);
    while (index < first && !atomic_compare_exchange_weak(&run->first_to_fail, &first, index)) {
    }
}

/* All strands at the same time; of their failures the first strand's is the shard's. */
static int run_strands(struct running *run, struct error *err)
{
#pragma omp parallel for schedule(static, 1) num_threads((int)run->n)
    for (size_t i = 0; i < run->n; i++) {
        if (run_strand(run, &run->strand[i]) != 0) {
            note_failure(run, i);
        }
    }
    size_t failed = atomic_load(&run->first_to_fail);
    return failed == SIZE_MAX ? 0
                              : error_set(err, run->strand[failed].err.kind, "%s",
                                          run->strand[failed].err.text);
}

static int check_seam(const struct running *run, const struct strand *s, size_t counter,
                      struct error *err)
{
    uint64_t counted = lane_objects(s[-1].lane, counter);
    return counted == s->objects[counter]
               ? 0
               : error_set(err, ERROR_INPUT,
                           "%s: before row %" PRIu64 " %s adds up to %" PRIu64
                           ", not to the %" PRIu64 " that were there when it was inspected",
                           run->task->path, s->first, reader_counter(run->reader, counter),
                           counted, s->objects[counter]);
}

/* Where one strand ended the next one began, by its own start: else some start is wrong, and what
 * comes out would depend on how many threads there are. */
static int check_seams(const struct running *run, struct error *err)
{
    size_t m = run->n_counters;
    for (size_t i = m; i < run->n * m; i++) {
        if (check_seam(run, &run->strand[i / m], i % m, err) != 0) {
            return -1;
        }
    }
    return 0;
}

static int book_strands(struct running *run, size_t n, struct error *err)
{
    while (reader_counter(run->reader, run->n_counters) != NULL) {
        run->n_counters++;
    }
    run->strand = calloc(n, sizeof *run->strand);
    run->objects = calloc(n * run->n_counters + 1, sizeof *run->objects);
    if (run->strand == NULL || run->objects == NULL) {
        return error_no_memory(err, "the threads' partials");
    }
    run->n = n;
    return 0;
}

/* A lane for each thread that has something to do. */
static int divide(struct running *run, struct error *err)
{
    struct division d;
    const struct shard_task *task = run->task;
    const struct lane *lane = reader_lane(run->reader, 0, err);
    if (lane == NULL) {
        return -1;
    }
    size_t n = size_min(task->n_threads, lane_count_within(lane, LANES_BYTES_MAX));
    division_make(&d, task->first, task->stop, n,
                  size_max(1, reader_block_rows(run->reader) / STRETCHES_OF_BLOCK),
                  reader_chunk_rows(run->reader));
    if (book_strands(run, d.n, err) != 0) {
        return -1;
    }
    for (size_t i = 0; i < d.n; i++) {
        struct strand *s = &run->strand[i];
        s->lane = reader_lane(run->reader, i, err);
        if (s->lane == NULL) {
            return -1;
        }
        s->objects = run->objects + i * run->n_counters;
        s->first = d.bound[i];
        s->stop = d.bound[i + 1];
    }
    return 0;
}

static int add_parts(const struct running *run, struct error *err)
{
    const struct kernel *kernel = run->task->request.analysis->kernel;
    struct partial *sum = &run->strand->part;
    for (size_t i = 0; i < run->n; i++) {
        struct strand *s = &run->strand[i];
        if (s->state != NULL) {
            kernel->finish(s->state, &s->part);
        }
        if (i > 0 && partial_add(sum, &s->part, err) != 0) {
            return -1;
        }
    }
    return 0;
}

static int check_task(const struct shard_task *task, struct error *err)
{
    if (task->first > task->stop || task->n_threads < 1 ||
        task->n_threads > SHARD_THREADS_MAX ||
        (task->starts.n > 0 && task->starts.row[0] > task->first)) {
        return error_set(err, ERROR_PEER, "%s: rows %" PRIu64 "-%" PRIu64 " with %zu threads",
                         task->path, task->first, task->stop, task->n_threads);
    }
    return 0;
}

void shard_prepare(void)
{
    (void)omp_get_max_threads();
    /* What one file's reader gives back the next one's takes: pages need not come anew. */
    (void)mallopt(M_MMAP_THRESHOLD, /* NOLINT(concurrency-mt-unsafe): one thread */
                  KEPT_PIECE_BYTES);
    (void)mallopt(M_TRIM_THRESHOLD, KEPT_BYTES); /* NOLINT(concurrency-mt-unsafe): one thread */
}

/* At once and as a whole: threads would notice at different rows. */
static int check_rows(const struct running *run, struct error *err)
{
    const struct shard_task *task = run->task;
    uint64_t rows = reader_rows(run->reader);
    return task->stop <= rows
               ? 0
               : error_set(err, ERROR_INPUT,
                           "%s: rows %" PRIu64 "-%" PRIu64 " are not among its rows 0-%" PRIu64,
                           task->path, task->first, task->stop, rows);
}

static int run_all(struct running *run, struct error *err)
{
    if (check_rows(run, err) != 0 || divide(run, err) != 0 || run_strands(run, err) != 0 ||
        check_seams(run, err) != 0 || add_parts(run, err) != 0) {
        return -1;
    }
    return reader_check_unchanged(run->reader, err);
}

int shard_run(const struct shard_task *task, struct reader **reader,
              const struct reader_progress *progress, struct partial *out, struct error *err)
{
    if (check_task(task, err) != 0) {
        return -1;
    }
    struct running run = {.task = task, .progress = progress, .first_to_fail = SIZE_MAX};
    int rc = open_reader(task, reader, err);
    if (rc == 0) {
        run.reader = *reader;
        rc = run_all(&run, err);
    }
    if (rc == 0) {
        *out = run.strand->part;
        partial_init(&run.strand->part, false); /* it is the caller's now */
    } else {
        reader_close(*reader);
        *reader = NULL;
    }
    release(&run);
    return rc;
}
