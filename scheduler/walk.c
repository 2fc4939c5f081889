/* SPDX-License-Identifier: Apache-2.0 */
/* walk.c - see walk.h */
#include "scheduler/walk.h"

#include <stdio.h>

#include "base/json.h"
#include "scheduler/dispatch.h"
#include "scheduler/figure.h"
#include "scheduler/merge.h"
#include "scheduler/print.h"
#include "scheduler/progress.h"
#include "scheduler/result.h"

enum { WORKERS_MAX = 1024, THREADS_MAX = 1024 };

/* What the command line says. */
struct plan_of_work {
    const struct launcher_kind *kind;
    struct launcher_options launch;
    struct dispatch_options dispatch;
};

static int read_options(const struct invocation *invocation, struct plan_of_work *work,
                        struct error *err)
{
    uint64_t workers = 0;
    uint64_t threads = 0;
    const char *on = invocation_option(invocation, "on");
    work->kind = launcher_find(on == NULL ? "local" : on, err);
    work->dispatch.listen = invocation_option(invocation, "listen");
    if (work->kind == NULL ||
        invocation_count(invocation, "workers", 1, WORKERS_MAX, &workers, err) != 0 ||
        invocation_count(invocation, "threads", 1, THREADS_MAX, &threads, err) != 0 ||
        invocation_count(invocation, "stop-after", 1, UINT64_MAX, &work->dispatch.stop_after,
                         err) != 0 ||
        invocation_count(invocation, "shuffle", 1, UINT64_MAX, &work->dispatch.shuffle, err) !=
            0) {
        return -1;
    }
    work->launch.n_workers = (size_t)workers;
    work->launch.n_threads = (size_t)threads;
    return 0;
}

/* Inspects what is not inspected, plans what is not planned, computes what is missing. */
static int compute(struct run *r, const struct plan_of_work *work, enum dispatch_end *end,
                   struct error *err)
{
    struct dispatch *d = dispatch_open(r, &work->dispatch, err);
    if (d == NULL) {
        return -1;
    }
    int rc = dispatch_start_workers(d, work->kind, &work->launch, err);
    rc = rc == 0 ? dispatch_work(d, LEASE_INSPECT, end, err) : rc;
    rc = rc == 0 ? run_plan(r, err) : rc;
    rc = rc == 0 && *end == DISPATCH_DONE ? dispatch_work(d, LEASE_SHARD, end, err) : rc;
    dispatch_close(d);
    return rc;
}

static bool has_work(const struct run *r)
{
    struct run_tally files = run_tally_files(r);
    struct run_tally shards = run_tally_shards(r);
    return files.n[JOB_WAITING] + files.n[JOB_RUNNING] + shards.n[JOB_WAITING] +
               shards.n[JOB_RUNNING] >
           0 || r->n_shards == 0;
}

static void print_coverage(const struct run *r, const struct merge *m, struct buffer *out)
{
    uint64_t n_events = 0;
    uint64_t n_planned = 0;
    size_t n_done = run_tally_shards(r).n[JOB_DONE];
    double seen_pb = 0;
    double planned_pb = 0;
    bool is_estimate = false;
    for (size_t i = 0; i < m->n_samples; i++) {
        n_events += m->sample[i].n_events;
        n_planned += m->sample[i].n_events_planned;
        is_estimate = is_estimate || m->sample[i].planned_is_estimate;
    }
    merge_luminosity(m, r->dataset, &seen_pb, &planned_pb);
    buffer_printf(out, "coverage  %zu of %zu shards, %llu of %s%llu events", n_done, r->n_shards,
                  (unsigned long long)n_events, is_estimate ? "about " : "",
                  (unsigned long long)n_planned);
    if (planned_pb > 0) {
        buffer_printf(out, ", %.6g of %.6g pb^-1", seen_pb, planned_pb);
    }
    buffer_printf(out, "\n");
}

/* What a person does next about what is missing. */
static void print_missing(const struct run *r, enum dispatch_end end, struct buffer *out)
{
    size_t n_failed =
        run_tally_files(r).n[JOB_FAILED] + run_tally_shards(r).n[JOB_FAILED];
    if (end == DISPATCH_STOPPED) {
        buffer_printf(out, "stopped   nothing is lost: the same command goes on\n");
    }
    if (n_failed > 0) {
        buffer_printf(out, "failed    %zu: picobarn failures %s\n", n_failed, r->folder);
    }
}

/* Folds the ledger, writes result and plot, says what they hold. */
static int write_outputs(struct run *r, enum dispatch_end end, struct error *err)
{
    struct merge m = {0};
    struct buffer out = {0};
    char sha256[DIGEST_SHA256_HEX];
    int rc = -1;
    if (merge_init(&m, r, err) == 0 && merge_update(&m, r, err) == 0 &&
        result_write(r, &m, sha256, err) == 0 && figure_write(r, &m, err) == 0) {
        buffer_printf(&out, "result    %s/result.json\nplot      %s/plot.svg\nsha256    %s\n",
                      r->folder, r->folder, sha256);
        print_coverage(r, &m, &out);
        print_missing(r, end, &out);
        rc = print_text(&out, err);
    }
    buffer_release(&out);
    merge_release(&m);
    return rc;
}

int walk(struct run *r, const struct invocation *invocation, struct error *err)
{
    struct plan_of_work work = {.kind = NULL};
    enum dispatch_end end = DISPATCH_DONE;
    if (read_options(invocation, &work, err) != 0) {
        return -1;
    }
    if (has_work(r)) {
        struct progress *progress = progress_open();
        work.dispatch.show = progress_show;
        work.dispatch.context = progress;
        int rc = compute(r, &work, &end, err);
        progress_close(progress);
        if (rc != 0) {
            return -1;
        }
    }
    if (write_outputs(r, end, err) != 0) {
        return -1;
    }
    return run_complete(r) ? EXIT_COMPLETE : EXIT_INCOMPLETE;
}
