/* SPDX-License-Identifier: Apache-2.0 */
/* jobs_steer.c - makes, resizes and deletes the Jobs of a run; see jobs_state.h */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/file.h"
#include "scheduler/jobs_state.h"

enum {
    STEER_MS = 500,
    ASK_AGAIN_MS = 3000,  /* a patch or deletion whose effect is not seen */
    MAKE_AGAIN_MS = 2000, /* from one Job to the next: what is left over gathers meanwhile */
    RETRY_MS = 1000,      /* after a Job could not be made: the first time */
    RETRY_MAX_MS = 30000, /* later */
    QUOTA_MS = 15000,     /* while a quota is full */
    MAX_PODS_LIMIT = 64,  /* bytes of the file that changes max_pods */
    STUCK_MS = 45000,     /* a pod has 30 s to end */
};

/* What a person asked for while it runs (picobarn scale), or what the run file says. */
static uint64_t max_pods(const struct launcher *l)
{
    struct buffer text = {0};
    char *path = run_path(l->run, "max_pods");
    uint64_t n = l->manifest.placement->max_pods;
    if (path != NULL && file_read(path, MAX_PODS_LIMIT, &text, NULL) == 0 &&
        buffer_string(&text) != NULL) {
        unsigned long long said = strtoull(buffer_string(&text), NULL, 10);
        n = said > 0 && said <= PLACEMENT_PODS_MOST ? said : n;
    }
    buffer_release(&text);
    free(path);
    return n;
}

struct fleet_need jobs_need(const struct launcher *l)
{
    struct run_tally files = run_tally_files(l->run);
    struct run_tally shards = run_tally_shards(l->run);
    const struct placement *p = l->manifest.placement;
    size_t n_files = files.n[JOB_WAITING] + files.n[JOB_RUNNING];
    return (struct fleet_need){
        .n_files = n_files,
        .n_shards = shards.n[JOB_WAITING] + shards.n[JOB_RUNNING],
        .is_planned = n_files == 0 && run_planned(l->run),
        .max_pods = max_pods(l),
        .shards_per_index = p->shards_per_index,
        .one_at_a_time = json_object_get(p->labels, "kueue.x-k8s.io/queue-name") != NULL};
}

uint64_t jobs_count_done(const struct run *r)
{
    return run_tally_files(r).n[JOB_DONE] + run_tally_shards(r).n[JOB_DONE];
}

/* A quota leaves room again when others end; everything else that is refused is not to be mended
 * by waiting. */
static bool is_passing(const struct error *err)
{
    return err->kind == ERROR_SYSTEM || strstr(err->text, "exceeded quota") != NULL;
}

static void take_made(void *context, const struct k8s_answer *answer, bool created)
{
    struct launcher *l = context;
    (void)created; /* an earlier scheduler's is as good */
    l->is_making = false;
    if (answer->error.kind == ERROR_NONE) {
        l->refused[0] = '\0';
        l->make_wait_ms = 0;
        l->make_at_ms = clock_now_ms() + MAKE_AGAIN_MS;
        jobs_take(l, answer->body); /* so that it is not made again before the watch tells */
        return;
    }
    if (!is_passing(&answer->error)) {
        l->fatal = answer->error;
        return;
    }
    bool is_quota = answer->error.kind != ERROR_SYSTEM;
    l->make_wait_ms = is_quota                         ? QUOTA_MS
                      : l->make_wait_ms == 0           ? RETRY_MS
                      : l->make_wait_ms < RETRY_MAX_MS ? 2 * l->make_wait_ms
                                                       : RETRY_MAX_MS;
    l->make_at_ms = clock_now_ms() + l->make_wait_ms;
    (void)snprintf(l->refused, sizeof l->refused, "%.590s", answer->error.text);
}

static int make(struct launcher *l, const struct fleet_job *next, struct error *err)
{
    struct manifest_job what = {.number = l->next_number,
                                .n_indexes = next->n_indexes,
                                .parallelism = next->parallelism,
                                .shards_per_index = next->shards_per_index};
    json_t *object = manifest_job(&l->manifest, &what, err);
    int rc = object == NULL ? -1 : k8s_ensure(l->k, object, take_made, l, err);
    json_decref(object);
    l->is_making = rc == 0;
    return rc;
}

/* What comes of a patch or a deletion is seen in the mirror; else it is asked for again. */
static void ignore_answer(void *context, const struct k8s_answer *answer)
{
    (void)context;
    (void)answer;
}

static int resize(struct launcher *l, struct jobs_member *m, uint32_t parallelism,
                  struct error *err)
{
    json_t *body = json_pack("{s:{s:I}}", "spec", "parallelism", (json_int_t)parallelism);
    struct k8s_request request = {
        .method = K8S_PATCH, .resource = K8S_JOBS, .name = m->name, .body = body};
    int rc = body == NULL ? error_no_memory(err, "a patch")
                          : k8s_send(l->k, &request, ignore_answer, err);
    json_decref(body);
    return rc;
}

static int delete (struct launcher *l, struct jobs_member *m, struct error *err)
{
    json_t *body = json_pack("{s:s}", "propagationPolicy", "Background");
    struct k8s_request request = {
        .method = K8S_DELETE, .resource = K8S_JOBS, .name = m->name, .body = body};
    int rc = body == NULL ? error_no_memory(err, "a deletion")
                          : k8s_send(l->k, &request, ignore_answer, err);
    json_decref(body);
    return rc;
}

void jobs_judge(struct launcher *l, struct jobs_member *m)
{
    if (m->is_judged) {
        return;
    }
    m->is_judged = true;
    l->n_barren = jobs_count_done(l->run) > m->n_done_before ? 0 : l->n_barren + 1;
    if (l->n_barren >= FLEET_BARREN_MAX) {
        (void)error_set(&l->fatal, ERROR_SYSTEM,
                        "%u Jobs in a row ended without one accepted answer%s%s; look at them "
                        "with: kubectl describe job %s",
                        l->n_barren, l->last_end[0] == '\0' ? "" : ", the last: ", l->last_end,
                        m->name);
    }
}

/* Pods that do not end when they are asked to: their node is gone, for all that is known. */
static void count_stuck(struct launcher *l, size_t i, uint64_t now_ms)
{
    struct jobs_member *m = &l->member[i];
    if (m->job.n_terminating == 0) {
        m->terminating_ms = 0;
    } else if (m->terminating_ms == 0) {
        m->terminating_ms = now_ms;
    }
    bool is_stuck = m->terminating_ms != 0 && now_ms - m->terminating_ms >= STUCK_MS;
    m->job.n_stuck = is_stuck ? m->job.n_terminating : 0;
    l->job[i].n_stuck = m->job.n_stuck;
}

/* What one Job needs now. */
static int tend_member(struct launcher *l, size_t i, const struct fleet_need *need,
                       uint64_t now_ms, struct error *err)
{
    struct jobs_member *m = &l->member[i];
    if (m->job.is_over) {
        jobs_judge(l, m);
    }
    if (m->job.n_pods_failed > m->n_failed_seen && pod_ends_look(l->ends, m->name)) {
        m->n_failed_seen = m->job.n_pods_failed;
    }
    if (m->job.is_leaving || now_ms - m->asked_ms < ASK_AGAIN_MS) {
        return 0;
    }
    if (m->job.is_over) {
        if (m->job.n_pods_failed > m->n_failed_seen || pod_ends_busy(l->ends)) {
            return 0; /* its pods go with it: first they are asked */
        }
        m->asked_ms = now_ms;
        return delete (l, m, err);
    }
    uint32_t parallelism = fleet_parallelism(l->job, l->n, i, need);
    if (need->one_at_a_time || parallelism == m->job.parallelism) {
        return 0;
    }
    m->asked_ms = now_ms;
    return resize(l, m, parallelism, err);
}

int jobs_steer(struct launcher *l, struct error *err)
{
    uint64_t now_ms = clock_now_ms();
    if (!l->is_synced || now_ms - l->steered_ms < STEER_MS) {
        return 0;
    }
    l->steered_ms = now_ms;
    struct fleet_need need = jobs_need(l);
    for (size_t i = 0; i < l->n; i++) {
        count_stuck(l, i, now_ms);
    }
    for (size_t i = 0; i < l->n; i++) {
        if (tend_member(l, i, &need, now_ms, err) != 0) {
            return -1;
        }
    }
    struct fleet_job next;
    if (l->fatal.kind == ERROR_NONE && !l->is_making && now_ms >= l->make_at_ms &&
        fleet_next(l->job, l->n, &need, &next)) {
        return make(l, &next, err);
    }
    return 0;
}
