/* SPDX-License-Identifier: Apache-2.0 */
/* jobs_report.c - what status and the dashboard show of a run's Jobs and pods, and why pods wait;
 * see jobs_state.h */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/file.h"
#include "scheduler/jobs_state.h"
#include "scheduler/pod_wait.h"

enum {
    REPORT_MS = 1000,  /* at most once in so long */
    LACKING_MS = 1500, /* pods that do not start sooner may wait for something */
    ASK_WHY_MS = 2000,
    SILENT_MS = 5000,  /* no word from the API server in so long is worth one of ours */
    PENDING_PAGE = 20, /* pending pods that are looked at: one tells what all wait for */
};

/* Pods that should run and do not; the first Job that lacks some. */
static const struct jobs_member *find_lacking(const struct launcher *l)
{
    for (size_t i = 0; i < l->n; i++) {
        const struct fleet_job *j = &l->member[i].job;
        uint32_t live = fleet_live(j);
        uint32_t wanted = j->parallelism < live ? j->parallelism : live;
        if (!j->is_suspended && j->n_ready < wanted) {
            return &l->member[i];
        }
    }
    return NULL;
}

/* What nobody but a person mends ends the run, unless pods have worked already: then it is a node's or
 * a registry's trouble, which others may not have. */
static void keep_reason(struct launcher *l, struct buffer *why, bool hopeless)
{
    const struct jobs_member *m = find_lacking(l);
    const char *said = why->size == 0 ? NULL : buffer_string(why);
    const char *text = said == NULL ? "" : said;
    if (hopeless && m != NULL && m->job.n_ready == 0 && jobs_count_done(l->run) == 0) {
        (void)error_set(&l->fatal, ERROR_INPUT,
                        "the workers' pods cannot start: %s: %s (kubernetes.workers in the run "
                        "file), and launch again",
                        text, pod_wait_advice(text));
    }
    (void)snprintf(l->waiting, sizeof l->waiting, "%s", text);
}

static void take_pending(void *context, const struct k8s_answer *answer)
{
    struct launcher *l = context;
    const json_t *items = json_object_get(answer->body, "items");
    struct buffer why = {0};
    bool hopeless = false;
    l->is_asking = false;
    for (size_t i = 0; i < json_array_size(items) && why.size == 0; i++) {
        pod_wait_describe(json_array_get(items, i), &why, &hopeless);
    }
    if (answer->error.kind == ERROR_NONE) {
        keep_reason(l, &why, hopeless);
    }
    buffer_release(&why);
}

static void take_events(void *context, const struct k8s_answer *answer)
{
    struct launcher *l = context;
    struct buffer why = {0};
    bool hopeless = false;
    l->is_asking = false;
    if (answer->error.kind == ERROR_NONE) {
        pod_wait_describe_events(json_object_get(answer->body, "items"), &why, &hopeless);
        keep_reason(l, &why, hopeless);
    }
    buffer_release(&why);
}

/* Pods that are there and pending say it themselves; of pods that are not made the Job's events
 * tell. */
static void ask_about(struct launcher *l, const struct jobs_member *m)
{
    char query[512];
    bool has_pods = m->job.n_active > m->job.n_ready;
    if (has_pods) {
        (void)snprintf(query, sizeof query,
                       "labelSelector=batch.kubernetes.io%%2Fjob-name%%3D%s"
                       "&fieldSelector=status.phase%%3DPending&limit=%d",
                       m->name, PENDING_PAGE);
    } else {
        (void)snprintf(query, sizeof query,
                       "fieldSelector=involvedObject.uid%%3D%s%%2Creason%%3DFailedCreate",
                       m->uid); /* an earlier Job of that name has left some, perhaps */
    }
    struct k8s_request request = {.method = K8S_GET,
                                  .resource = has_pods ? K8S_PODS : K8S_EVENTS,
                                  .query = query,
                                  .context = l};
    l->is_asking = k8s_send(l->k, &request, has_pods ? take_pending : take_events, NULL) == 0;
}

void jobs_ask_why(struct launcher *l)
{
    uint64_t now_ms = clock_now_ms();
    const struct jobs_member *m = find_lacking(l);
    if (m == NULL) {
        l->lacking_ms = 0;
        l->waiting[0] = '\0';
        return;
    }
    l->lacking_ms = l->lacking_ms == 0 ? now_ms : l->lacking_ms;
    if (!l->is_asking && now_ms - l->lacking_ms >= LACKING_MS &&
        now_ms - l->asked_why_ms >= ASK_WHY_MS) {
        l->asked_why_ms = now_ms;
        ask_about(l, m);
    }
}

/* "suspended", "running", "over": in a word for programs. */
static const char *describe_job(const struct fleet_job *j)
{
    return j->is_leaving     ? "leaving"
           : j->is_over      ? "over"
           : j->is_suspended ? "suspended"
                             : "running";
}

static json_t *list_jobs(const struct launcher *l)
{
    json_t *list = json_array();
    for (size_t i = 0; i < l->n; i++) {
        const struct fleet_job *j = &l->member[i].job;
        (void)json_array_append_new(
            list,
            json_pack("{s:s, s:s, s:I, s:I, s:I, s:I, s:I, s:I}", "name", l->member[i].name,
                      "state", describe_job(j), "indexes", (json_int_t)j->n_indexes,
                      "completed", (json_int_t)j->n_completed, "failed",
                      (json_int_t)j->n_failed, "parallelism", (json_int_t)j->parallelism,
                      "pods", (json_int_t)j->n_active, "ready", (json_int_t)j->n_ready));
    }
    return list;
}

/* Why nothing, or less than could be, goes on; "" if there is no reason. */
static void describe_waiting(const struct launcher *l, char *out, size_t size)
{
    char stale[JOBS_WORDS_SIZE] = "";
    uint64_t since = k8s_watch_stale_since_ms(l->watch, stale, sizeof stale);
    const char *suspended = NULL;
    for (size_t i = 0; i < l->n; i++) {
        suspended = l->member[i].job.is_suspended && fleet_live(&l->member[i].job) > 0
                        ? l->member[i].name
                        : suspended;
    }
    out[0] = '\0';
    uint64_t silent_ms = since == 0 ? 0 : clock_now_ms() - since;
    if (silent_ms >= SILENT_MS) {
        (void)snprintf(out, size, "no word from the API server for %llu s%s%s",
                       (unsigned long long)(silent_ms / 1000), stale[0] == '\0' ? "" : ": ",
                       stale);
    } else if (l->refused[0] != '\0') {
        (void)snprintf(out, size, "no Job can be made: %s", l->refused);
    } else if (suspended != NULL) {
        (void)snprintf(
            out, size,
            "Job %s is suspended by a queue or an administrator: it goes on when they "
            "resume it",
            suspended);
    } else {
        (void)snprintf(out, size, "%s%s",
                       l->waiting[0] == '\0' ? "" : "for pods: ", l->waiting);
    }
}

static json_t *describe(const struct launcher *l)
{
    struct fleet_need need = jobs_need(l);
    char waiting[2 * JOBS_WORDS_SIZE] = "";
    uint64_t n_pods = 0;
    uint64_t n_ready = 0;
    if (!need.is_planned || need.n_shards > 0) {
        describe_waiting(l, waiting, sizeof waiting);
    }
    for (size_t i = 0; i < l->n; i++) {
        n_pods += l->member[i].job.n_active;
        n_ready += l->member[i].job.n_ready;
    }
    return json_pack("{s:s, s:s, s:I, s:I, s:I, s:s, s:o}", "name", l->name, "namespace",
                     l->manifest.namespace, "pods", (json_int_t)n_pods, "ready",
                     (json_int_t)n_ready, "max_pods", (json_int_t)need.max_pods, "waiting",
                     waiting, "jobs", list_jobs(l));
}

void jobs_report(struct launcher *l)
{
    uint64_t now_ms = clock_now_ms();
    if (now_ms - l->reported_ms < REPORT_MS) {
        return;
    }
    l->reported_ms = now_ms;
    struct buffer text = {0};
    json_t *json = describe(l);
    char *path = run_path(l->run, "pods.json");
    bool is_new =
        json_write_canonical(json, &text, NULL) == 0 &&
        (text.size != l->report.size || memcmp(text.data, l->report.data, text.size) != 0);
    /* Only shown: a disk that is full stops the ledger, which says so. */
    if (is_new && path != NULL && file_write(path, 0644, text.data, text.size, NULL) == 0) {
        buffer_clear(&l->report);
        buffer_raw(&l->report, text.data, text.size);
    }
    free(path);
    json_decref(json);
    buffer_release(&text);
}
