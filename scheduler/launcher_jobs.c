/* SPDX-License-Identifier: Apache-2.0 */
/* launcher_jobs.c - workers as pods of Indexed Jobs in the cluster that this program runs in: see
 * launcher.h, and jobs_state.h for how.
 *
 * Pods outlive their scheduler: they wait for the next one, which finds their Jobs again. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "scheduler/fleet_job.h"
#include "scheduler/jobs_state.h"

enum {
    SWEEP_MS = 10000, /* for deleting Jobs that are not needed any more */
    SWEEP_TURN_MS = 100,
    CHECK_MS = 10000, /* for the first question */
};

/* Keeps job[] the copy of member[] that fleet.h reads. */
static void copy_jobs(struct launcher *l)
{
    for (size_t i = 0; i < l->n; i++) {
        l->job[i] = l->member[i].job;
    }
}

/* The place of a new member, in the order of numbers; NULL without memory. */
static struct jobs_member *insert(struct launcher *l, uint32_t number)
{
    struct jobs_member *members = realloc(l->member, (l->n + 1) * sizeof *members);
    l->member = members == NULL ? l->member : members;
    struct fleet_job *jobs = realloc(l->job, (l->n + 1) * sizeof *jobs);
    l->job = jobs == NULL ? l->job : jobs;
    if (members == NULL || jobs == NULL) {
        return NULL;
    }
    size_t at = l->n;
    while (at > 0 && l->member[at - 1].job.number > number) {
        l->member[at] = l->member[at - 1];
        at--;
    }
    l->n++;
    struct jobs_member *m = &l->member[at];
    *m = (struct jobs_member){.n_done_before = jobs_count_done(l->run)};
    (void)snprintf(m->name, sizeof m->name, "%s-w%u", l->name, number);
    return m;
}

static struct jobs_member *find(const struct launcher *l, uint32_t number)
{
    for (size_t i = 0; i < l->n; i++) {
        if (l->member[i].job.number == number) {
            return &l->member[i];
        }
    }
    return NULL;
}

/* A run of this name that was removed without its Jobs: their numbers are taken, and no more is
 * made of them; picobarn clean removes them. */
static bool is_of_another_run(const struct launcher *l, const json_t *object)
{
    return strcmp(k8s_label(object, MANIFEST_RUN_ID), l->run->id) != 0;
}

void jobs_take(struct launcher *l, const json_t *object)
{
    struct fleet_job job;
    struct error bad = {0};
    if (!fleet_job_read(object, l->name, &job, &bad)) {
        return;
    }
    if (bad.kind != ERROR_NONE) {
        (void)snprintf(l->refused, sizeof l->refused, "%.590s", bad.text);
    }
    l->next_number = job.number >= l->next_number ? job.number + 1 : l->next_number;
    if (is_of_another_run(l, object)) {
        return;
    }
    struct jobs_member *m = find(l, job.number);
    if (m == NULL && (m = insert(l, job.number)) != NULL) {
        m->is_judged = job.is_over; /* what came of it an earlier scheduler knew */
    }
    if (m != NULL) {
        job.n_stuck = m->job.n_stuck;
        m->job = job;
        (void)snprintf(m->uid, sizeof m->uid, "%s", k8s_metadata(object, "uid"));
        copy_jobs(l);
    }
}

static void take_changed(void *context, const json_t *object)
{
    jobs_take(context, object);
}

static void take_gone(void *context, const json_t *object)
{
    struct launcher *l = context;
    struct fleet_job job;
    struct jobs_member *m = NULL;
    if (!fleet_job_read(object, l->name, &job, NULL) || (m = find(l, job.number)) == NULL) {
        return;
    }
    jobs_judge(l, m); /* others may have deleted it */
    pod_ends_forget(l->ends, m->name);
    size_t at = (size_t)(m - l->member);
    memmove(m, m + 1, (l->n - at - 1) * sizeof *m);
    l->n--;
    copy_jobs(l);
}

static void take_synced(void *context)
{
    struct launcher *l = context;
    l->is_synced = true;
}

/* The first that is not yet being deleted, or NULL. */
static struct jobs_member *find_staying(const struct launcher *l)
{
    for (size_t i = 0; i < l->n; i++) {
        if (!l->member[i].job.is_leaving) {
            return &l->member[i];
        }
    }
    return NULL;
}

/* Deletes what Jobs there are, waiting a while for the server. What stays is deleted by the next
 * scheduler, or by picobarn clean. */
static void sweep_all(struct launcher *l)
{
    uint64_t until_ms = clock_now_ms() + SWEEP_MS;
    while (!l->is_synced && clock_now_ms() < until_ms &&
           k8s_wait(l->k, -1, SWEEP_TURN_MS, NULL) == 0) {
    }
    struct jobs_member *m = find_staying(l);
    while (m != NULL && clock_now_ms() < until_ms) {
        char name[JOBS_NAME_SIZE]; /* the mirror moves while the server is waited for */
        memcpy(name, m->name, sizeof name);
        m->job.is_leaving = true;
        if (k8s_delete(l->k, K8S_JOBS, name, SWEEP_MS / 2, NULL) != 0) {
            return;
        }
        m = find_staying(l);
    }
}

static void jobs_close(struct launcher *l, bool is_over)
{
    if (l == NULL) {
        return;
    }
    /* Of a run that is refused for good nothing is to be left either. */
    if ((is_over || l->fatal.kind == ERROR_INPUT) && l->watch != NULL) {
        sweep_all(l);
        l->reported_ms = 0;
        jobs_report(l);
    }
    k8s_watch_stop(l->watch);
    pod_ends_destroy(l->ends);
    k8s_close(l->k);
    buffer_release(&l->report);
    free(l->selector);
    free(l->member);
    free(l->job);
    free(l->name);
    free(l);
}

/* Whether we may work here at all: what is only a server in trouble is waited for later. */
static int check_rights(struct k8s *k, struct error *err)
{
    struct k8s_request request = {
        .method = K8S_GET, .resource = K8S_JOBS, .query = "limit=1", .timeout_ms = CHECK_MS};
    struct error bad = {0};
    if (k8s_call(k, &request, NULL, NULL, &bad) == 0 || bad.kind != ERROR_INPUT) {
        return 0;
    }
    return error_set(err, ERROR_INPUT,
                     "the scheduler's pod may not work in namespace %s (was k8s/base applied "
                     "there? see k8s/README.md): %.800s",
                     k8s_namespace(k), bad.text);
}

static int connect_cluster(struct launcher *l, struct error *err)
{
    const struct k8s_watch_calls calls = {
        .changed = take_changed, .gone = take_gone, .synced = take_synced, .context = l};
    l->k = k8s_open(&(struct k8s_options){.kubeconfig = NULL}, err);
    if (l->k == NULL || check_rights(l->k, err) != 0) {
        return -1;
    }
    l->manifest.namespace = k8s_namespace(l->k);
    l->ends = pod_ends_create(l->k, err);
    l->watch = l->ends == NULL
                   ? NULL
                   : k8s_watch_start(l->k, K8S_JOBS, l->selector, NULL, &calls, err);
    return l->watch == NULL ? -1 : 0;
}

static struct launcher *jobs_open(const struct run *r, const struct launcher_options *options,
                                  struct error *err)
{
    if (options->name == NULL || r->dataset->placement == NULL) {
        (void)error_set(
            err, ERROR_INPUT,
            "--on jobs: needs --name, and a section kubernetes in the run file; it is "
            "what runs inside a cluster: launch with --on k8s");
        return NULL;
    }
    struct launcher *l = calloc(1, sizeof *l);
    if (l == NULL || (l->name = strdup(options->name)) == NULL ||
        (l->selector = manifest_selector(options->name, "worker")) == NULL) {
        (void)error_no_memory(err, "a launcher");
        jobs_close(l, false);
        return NULL;
    }
    l->run = r;
    l->manifest = (struct manifest_run){
        .name = l->name, .run_id = r->id, .placement = r->dataset->placement};
    if (connect_cluster(l, err) != 0) {
        jobs_close(l, false);
        return NULL;
    }
    return l;
}

static int jobs_look(struct launcher *l, struct launcher_gone *gone, struct error *err)
{
    *gone = (struct launcher_gone){.name = NULL};
    if (k8s_turn(l->k, err) != 0 || jobs_steer(l, err) != 0) {
        return -1;
    }
    jobs_ask_why(l);
    jobs_report(l);
    if (l->fatal.kind != ERROR_NONE) {
        *err = l->fatal;
        return -1;
    }
    struct pod_end end;
    if (pod_ends_next(l->ends, &end)) {
        *gone = (struct launcher_gone){
            .name = end.name, .why = end.why, .log = end.log, .is_oom = end.is_oom};
        (void)snprintf(l->last_end, sizeof l->last_end, "%.590s", end.why);
    }
    return 0;
}

static bool jobs_ask(struct launcher *l, const char *name)
{
    return pod_ends_ask(l->ends, name);
}

static void jobs_sweep(const struct run *r, const struct launcher_options *options)
{
    jobs_close(jobs_open(r, options, NULL), true);
}

const struct launcher_kind launcher_jobs = {
    .name = "jobs",
    .summary = "pods of Indexed Jobs in the Kubernetes cluster that this program is in",
    .open = jobs_open,
    .look = jobs_look,
    .ask = jobs_ask,
    .close = jobs_close,
    .sweep = jobs_sweep,
};
