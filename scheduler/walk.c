/* SPDX-License-Identifier: Apache-2.0 */
/* walk.c - see walk.h */
#include "scheduler/walk.h"

#include "base/digest.h"
#include "base/size.h"
#include "scheduler/dispatch.h"
#include "scheduler/figure.h"
#include "scheduler/look.h"
#include "scheduler/merge.h"
#include "scheduler/print.h"
#include "scheduler/progress.h"
#include "scheduler/result.h"

enum { WORKERS_MAX = 1024, THREADS_MAX = 1024 };

/* What the steps of the walk hand on. */
struct walk {
    struct run *run;
    struct walk_options options;
    struct dispatch *dispatch;
    enum dispatch_end end;
    struct merge merge;
    char sha256[DIGEST_SHA256_HEX];
};

int walk_read_options(struct walk_options *o, const struct invocation *invocation,
                      struct error *err)
{
    uint64_t workers = 0;
    uint64_t threads = 0;
    const char *on = invocation_option(invocation, "on");
    *o = (struct walk_options){.kind = launcher_find(on == NULL ? "local" : on, err)};
    o->dispatch.listen = invocation_option(invocation, "listen");
    o->dispatch.keys = invocation_option(invocation, "keys");
    o->launch.name = invocation_option(invocation, "name");
    if (o->kind == NULL ||
        invocation_count(invocation, "workers", 1, WORKERS_MAX, &workers, err) != 0 ||
        invocation_count(invocation, "threads", 1, THREADS_MAX, &threads, err) != 0 ||
        invocation_count(invocation, "stop-after", 1, UINT64_MAX, &o->dispatch.stop_after,
                         err) != 0 ||
        invocation_count(invocation, "shuffle", 1, UINT64_MAX, &o->dispatch.shuffle, err) !=
            0) {
        return -1;
    }
    o->launch.n_workers = (size_t)workers;
    o->launch.n_threads = (size_t)threads;
    return 0;
}

/* Is there a file to inspect, a file to plan, or a shard to compute? */
static bool has_work(const struct run *r)
{
    struct run_tally files = run_tally_files(r);
    struct run_tally shards = run_tally_shards(r);
    return files.n[JOB_WAITING] + files.n[JOB_RUNNING] > 0 || !run_planned(r) ||
           shards.n[JOB_WAITING] + shards.n[JOB_RUNNING] > 0;
}

static int open_dispatch(struct walk *w, struct error *err)
{
    w->dispatch = dispatch_open(w->run, &w->options.dispatch, err);
    return w->dispatch == NULL
               ? -1
               : dispatch_start_workers(w->dispatch, w->options.kind, &w->options.launch, err);
}

static int inspect_files(struct walk *w, struct error *err)
{
    return dispatch_work(w->dispatch, LEASE_INSPECT, &w->end, err);
}

static int plan_shards(struct walk *w, struct error *err)
{
    return run_plan(w->run, err);
}

static int compute_shards(struct walk *w, struct error *err)
{
    return w->end == DISPATCH_STOPPED ? 0
                                      : dispatch_work(w->dispatch, LEASE_SHARD, &w->end, err);
}

static int close_dispatch(struct walk *w, struct error *err)
{
    (void)err;
    dispatch_close(w->dispatch);
    w->dispatch = NULL;
    return 0;
}

static int merge_partials(struct walk *w, struct error *err)
{
    return merge_init(&w->merge, w->run, err) == 0 ? merge_update(&w->merge, w->run, err) : -1;
}

static int write_result(struct walk *w, struct error *err)
{
    return result_write(w->run, &w->merge, w->sha256, err);
}

static int write_plot(struct walk *w, struct error *err)
{
    return figure_write(w->run, &w->merge, err);
}

/* What a person does next about what is missing. */
static void print_missing(const struct walk *w, struct buffer *out)
{
    size_t n_failed =
        run_tally_files(w->run).n[JOB_FAILED] + run_tally_shards(w->run).n[JOB_FAILED];
    if (w->end == DISPATCH_STOPPED) {
        buffer_printf(out, "stopped   nothing is lost: the same command goes on\n");
    }
    size_t n_conflicts = 0;
    for (size_t i = 0; i < w->run->n_shards; i++) {
        n_conflicts += w->run->shard[i].job.conflict;
    }
    if (n_conflicts > 0) {
        buffer_printf(out,
                      "conflict  %zu shards gave two different results: the analysis is not "
                      "deterministic, or a file changed; the first ones count\n",
                      n_conflicts);
    }
    if (n_failed > 0) {
        buffer_printf(out, "failed    %zu: picobarn failures ", n_failed);
        look_name(w->run, out);
        buffer_printf(out, "\n");
    }
}

static int print_outcome(struct walk *w, struct error *err)
{
    struct buffer out = {0};
    if (w->options.launch.name == NULL) { /* in a pod nobody looks into the folder */
        buffer_printf(&out, "result    %s/result.json\nplot      %s/plot.svg\n", w->run->folder,
                      w->run->folder);
    }
    buffer_printf(&out, "sha256    %s\ncoverage  ", w->sha256);
    look_write_coverage(w->run, &w->merge, &out);
    buffer_printf(&out, "\n");
    print_missing(w, &out);
    int rc = print_text(&out, err);
    buffer_release(&out);
    return rc;
}

/* The walk of the data, one step a line; those before the merge only if something is missing. */
static const struct {
    bool is_work;
    int (*step)(struct walk *w, struct error *err);
} steps[] = {
    /* clang-format off */
    {true,  open_dispatch},
    {true,  inspect_files},
    {true,  plan_shards},
    {true,  compute_shards},
    {true,  close_dispatch},
    {false, merge_partials},
    {false, write_result},
    {false, write_plot},
    {false, print_outcome},
    /* clang-format on */
};

int walk(struct run *r, const struct walk_options *options, struct error *err)
{
    struct walk w = {.run = r, .options = *options, .end = DISPATCH_DONE};
    struct progress *progress = progress_open();
    w.options.dispatch.show = progress_show;
    w.options.dispatch.context = progress;
    bool works = has_work(r);
    int rc = 0;
    if (!works && options->kind->sweep != NULL) {
        options->kind->sweep(r, &options->launch);
    }
    for (size_t i = 0; rc == 0 && i < ARRAY_LENGTH(steps); i++) {
        rc = works || !steps[i].is_work ? steps[i].step(&w, err) : 0;
        if (steps[i].step == close_dispatch) {
            progress_close(progress);
            progress = NULL;
        }
    }
    progress_close(progress);
    dispatch_close(w.dispatch);
    bool is_complete = rc == 0 && merge_complete(&w.merge, r);
    merge_release(&w.merge);
    return rc != 0 ? -1 : is_complete ? EXIT_COMPLETE : EXIT_INCOMPLETE;
}
