/* SPDX-License-Identifier: Apache-2.0 */
/* shard.c - see shard.h
 *
 * The only file with OpenMP. Each thread fills a partial of its own, booked before; they are
 * added when all rows are done. Nothing inside the parallel region can fail or allocate. */
#include "worker/shard.h"

#include <inttypes.h>
#include <omp.h>
#include <stdlib.h>

#include "base/size.h"
#include "worker/window.h"

enum {
    BLOCK_EVENTS = 16384, /* in memory at a time: some MB of columns */
    SLICE_EVENTS = 512,   /* one thread's work: far more than what it costs to hand out */
};

/* One shard on its way. */
struct running {
    const struct shard_task *task;
    struct reader *reader;
    struct partial *part; /* [n_threads] */
    void **state; /* [n_threads] of the analysis's kernel; NULL each where there is none */
    size_t n_parts;
};

/* The columns of a block take as long as they take: handed out one by one. */
static void run_in_parallel(size_t n_threads, size_t n,
                            void (*step)(void *context, size_t i, size_t thread), void *context)
{
#pragma omp parallel for schedule(dynamic) num_threads((int)n_threads)
    for (size_t i = 0; i < n; i++) {
        step(context, i, (size_t)omp_get_thread_num());
    }
}

static int open_reader(const struct shard_task *task, struct reader **reader, struct error *err)
{
    if (*reader == NULL) {
        struct reader_request request = task->request;
        request.threads =
            (struct reader_threads){.n_threads = task->n_threads, .run = run_in_parallel};
        *reader = reader_open(task->path, &request, err);
    }
    if (*reader == NULL) {
        return -1;
    }
    if (task->expected != NULL &&
        !reader_identity_equal(reader_identity(*reader), task->expected)) {
        return error_set(err, ERROR_INPUT,
                         "%s: the file changed since it was inspected (size, time or layout)",
                         task->path);
    }
    return reader_seek(*reader, task->start, err);
}

static int book(struct running *run, struct error *err)
{
    const struct reader_request *request = &run->task->request;
    size_t n = run->task->n_threads;
    const struct kernel *kernel = request->analysis->kernel;
    run->part = calloc(n, sizeof *run->part);
    run->state = calloc(n, sizeof *run->state);
    if (run->part == NULL || run->state == NULL) {
        return error_no_memory(err, "the threads' partials");
    }
    for (size_t t = 0; t < n; t++) {
        partial_init(&run->part[t], request->weight != NULL);
        run->n_parts = t + 1;
        if (request->analysis->book(request->settings, &run->part[t], err) != 0 ||
            (kernel != NULL && kernel->create(request->settings, &run->state[t], err) != 0)) {
            return -1;
        }
    }
    return 0;
}

static void release(struct running *run)
{
    for (size_t t = 0; t < run->n_parts; t++) {
        partial_release(&run->part[t]);
        if (run->state[t] != NULL) {
            run->task->request.analysis->kernel->destroy(run->state[t]);
        }
    }
    free(run->part);
    free(run->state);
}

/* All events seen count, whatever the analysis does with them. */
static void process_slice(const struct running *run, const struct batch *batch, size_t first,
                          size_t thread)
{
    const struct reader_request *request = &run->task->request;
    struct partial *part = &run->part[thread];
    size_t stop = size_min(first + SLICE_EVENTS, batch->n_events);
    part->n_events += stop - first;
    for (size_t e = first; batch->weight != NULL && e < stop; e++) {
        exact_add(&part->sumw, batch->weight[e]);
    }
    if (run->state[thread] != NULL) {
        request->analysis->kernel->process(run->state[thread], batch, first, stop,
                                           run->task->channels, part);
    } else {
        request->analysis->process(batch, first, stop, request->settings, run->task->channels,
                                   part);
    }
}

static void process_block(const struct running *run, const struct batch *batch)
{
    size_t n_slices = (batch->n_events + SLICE_EVENTS - 1) / SLICE_EVENTS;
#pragma omp parallel for schedule(dynamic) num_threads((int)run->n_parts)
    for (size_t s = 0; s < n_slices; s++) {
        process_slice(run, batch, s * SLICE_EVENTS, (size_t)omp_get_thread_num());
    }
}

static int process_rows(const struct running *run, const struct reader_progress *progress,
                        struct error *err)
{
    const struct shard_task *task = run->task;
    for (uint64_t row = task->first; row < task->stop;) {
        uint64_t stop = task->stop - row < BLOCK_EVENTS ? task->stop : row + BLOCK_EVENTS;
        const struct batch *batch = NULL; /* borrowed until the next read */
        if (reader_read(run->reader, row, stop, &batch, err) != 0) {
            return -1;
        }
        process_block(run, batch);
        row = stop;
        if (progress != NULL && progress->go_on != NULL &&
            !progress->go_on(progress->context, row - task->first)) {
            return error_set(err, ERROR_SYSTEM, "%s: asked to stop after row %" PRIu64,
                             task->path, row);
        }
    }
    return 0;
}

static int add_parts(struct running *run, struct error *err)
{
    for (size_t t = 0; t < run->n_parts; t++) {
        if (run->state[t] != NULL) {
            run->task->request.analysis->kernel->finish(run->state[t], &run->part[t]);
        }
    }
    for (size_t t = 1; t < run->n_parts; t++) {
        if (partial_add(&run->part[0], &run->part[t], err) != 0) {
            return -1;
        }
    }
    return 0;
}

static int check_task(const struct shard_task *task, struct error *err)
{
    if (task->first > task->stop || task->n_threads < 1 ||
        task->n_threads > SHARD_THREADS_MAX ||
        (task->start != NULL && task->start->row > task->first)) {
        return error_set(err, ERROR_PEER, "%s: rows %" PRIu64 "-%" PRIu64 " with %zu threads",
                         task->path, task->first, task->stop, task->n_threads);
    }
    return 0;
}

int shard_prepare(struct error *err)
{
    (void)omp_get_max_threads();
    return window_guard(err);
}

int shard_run(const struct shard_task *task, struct reader **reader,
              const struct reader_progress *progress, struct partial *out, struct error *err)
{
    struct running run = {.task = task};
    int rc = check_task(task, err);
    if (rc == 0) {
        rc = open_reader(task, reader, err);
        run.reader = *reader;
    }
    if (rc == 0) {
        rc = book(&run, err);
    }
    if (rc == 0) {
        rc = process_rows(&run, progress, err);
    }
    if (rc == 0) {
        rc = add_parts(&run, err);
    }
    if (rc == 0) {
        rc = reader_check_unchanged(run.reader, err);
    }
    if (rc == 0) {
        *out = run.part[0];
        partial_init(&run.part[0], false); /* it is the caller's now */
    } else {
        reader_close(*reader);
        *reader = NULL;
    }
    release(&run);
    return rc;
}
