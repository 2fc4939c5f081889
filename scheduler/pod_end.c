/* SPDX-License-Identifier: Apache-2.0 */
/* pod_end.c - see pod_end.h
 *
 * Only failed pods are listed, one Job at a time, when its status says that there are more than
 * before: to watch all pods of a large run would be most of what a scheduler asks. Those that are
 * deleted or evicted are gone before their Job tells, and a Job tells of a failed one only when its
 * index is tried again: whoever misses one of their workers asks for the one pod by its name. */
#include "scheduler/pod_end.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

enum {
    NAME_SIZE = 254,    /* of a pod */
    PAGE = 200,         /* failed pods that are looked at at once; the rest at the next look */
    LOGS_AT_ONCE = 4,   /* read at the same time */
    LOG_LINES = 20,     /* of each */
    LOG_BYTES = 4000,   /* at most */
    LOG_TIMEOUT = 2000, /* ms; then the end is told without: its node may be gone */
    ASK_MS = 300,       /* between looks at a pod that was asked for */
    ASK_MOST_MS = 2500, /* then it is still at work, for all that is known */
};

/* A failed or missed pod, from being seen until it was told and its Job forgotten. */
struct seen {
    char job[NAME_SIZE];
    char name[NAME_SIZE];
    struct pod_end end;
    uint64_t ask_ms; /* of one that was asked for: when to look at it next */
    uint64_t give_up_ms;
    bool is_asking;
    bool is_reading; /* its log */
    bool is_known;   /* log and all */
    bool is_told;
    struct pod_ends *of;
};

struct pod_ends {
    struct k8s *k;
    size_t n;
    struct seen **seen; /* each at its place, since requests refer to it */
    size_t n_reading;
    bool is_listing;
};

const char *pod_end_node(const json_t *pod)
{
    return json_text(json_object_get(pod, "spec"), "nodeName");
}

/* What a container ended with: the first that did not end well. */
static const json_t *find_termination(const json_t *status)
{
    const json_t *list = json_object_get(status, "containerStatuses");
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *state = json_object_get(json_array_get(list, i), "state");
        const json_t *ended = json_object_get(state, "terminated");
        if (ended != NULL && json_integer_value(json_object_get(ended, "exitCode")) != 0) {
            return ended;
        }
    }
    return NULL;
}

static bool is_deleted(const json_t *pod)
{
    return json_object_get(json_object_get(pod, "metadata"), "deletionTimestamp") != NULL;
}

/* " first: second", whatever of it there is. */
static void add_words(struct buffer *out, const char *first, const char *second)
{
    if (first[0] != '\0' || second[0] != '\0') {
        buffer_printf(out, "%s%s%s%s", out->size > 0 ? " " : "", first,
                      first[0] != '\0' && second[0] != '\0' ? ": " : "", second);
    }
}

void pod_end_describe(const json_t *pod, struct buffer *out)
{
    const json_t *status = json_object_get(pod, "status");
    const json_t *disruption = k8s_condition(pod, "DisruptionTarget", "True");
    const json_t *ended = find_termination(status);
    const char *node = pod_end_node(pod);
    struct buffer words = {0};
    if (disruption != NULL) {
        add_words(&words, json_text(disruption, "reason"), json_text(disruption, "message"));
    } else if (is_deleted(pod)) {
        add_words(&words, "Deleted", "somebody asked for it");
    }
    add_words(&words, json_text(status, "reason"), json_text(status, "message"));
    if (ended != NULL) {
        add_words(&words, json_text(ended, "reason"), json_text(ended, "message"));
        buffer_printf(&words, " (exit status %lld)",
                      (long long)json_integer_value(json_object_get(ended, "exitCode")));
    }
    const char *said = words.size == 0 ? NULL : buffer_string(&words);
    buffer_printf(out, "pod %s%s%s: %.600s",
                  json_text(json_object_get(pod, "metadata"), "name"),
                  node[0] == '\0' ? "" : " on node ", node,
                  said == NULL ? "it failed, the reason is not told" : said);
    buffer_release(&words);
}

bool pod_end_is_oom(const json_t *pod)
{
    const json_t *ended = find_termination(json_object_get(pod, "status"));
    return strcmp(json_text(ended, "reason"), "OOMKilled") == 0;
}

struct pod_ends *pod_ends_create(struct k8s *k, struct error *err)
{
    struct pod_ends *e = calloc(1, sizeof *e);
    if (e == NULL) {
        (void)error_no_memory(err, "the pods");
        return NULL;
    }
    e->k = k;
    return e;
}

static void free_seen(struct seen *s)
{
    free(s->end.why);
    free(s->end.log);
    free(s);
}

void pod_ends_destroy(struct pod_ends *e)
{
    for (size_t i = 0; e != NULL && i < e->n; i++) {
        free_seen(e->seen[i]);
    }
    if (e != NULL) {
        free(e->seen);
    }
    free(e);
}

static struct seen *find(const struct pod_ends *e, const char *name)
{
    for (size_t i = 0; i < e->n; i++) {
        if (strcmp(e->seen[i]->name, name) == 0) {
            return e->seen[i];
        }
    }
    return NULL;
}

/* A new one, of a Job's pod "JOB-INDEX-RANDOM"; NULL without memory, or for another name. */
static struct seen *add(struct pod_ends *e, const char *name)
{
    size_t length = strlen(name);
    size_t n_dashes = 0;
    while (length > 0 && n_dashes < 2) {
        n_dashes += name[--length] == '-';
    }
    struct seen **grown = length == 0 || strlen(name) >= NAME_SIZE
                              ? NULL
                              : realloc(e->seen, (e->n + 1) * sizeof(struct seen *));
    if (grown == NULL) {
        return NULL;
    }
    e->seen = grown;
    struct seen *s = calloc(1, sizeof *s);
    if (s != NULL) {
        (void)snprintf(s->job, sizeof s->job, "%.*s", (int)length, name);
        (void)snprintf(s->name, sizeof s->name, "%s", name);
        s->end.name = s->name;
        s->of = e;
        e->seen[e->n++] = s;
    }
    return s;
}

static void drop(struct seen *s)
{
    struct pod_ends *e = s->of;
    for (size_t i = 0; i < e->n; i++) {
        if (e->seen[i] == s) {
            e->seen[i] = e->seen[--e->n];
            free_seen(s);
            return;
        }
    }
}

/* False without memory. */
static bool keep_end(struct seen *s, const json_t *pod)
{
    struct buffer why = {0};
    pod_end_describe(pod, &why);
    const char *text = buffer_string(&why);
    s->end.why = text == NULL ? NULL : strdup(text);
    s->end.is_oom = pod_end_is_oom(pod);
    buffer_release(&why);
    return s->end.why != NULL;
}

/* Notes a failed pod; without memory it is noted at the next look. */
static void note(struct pod_ends *e, const json_t *pod)
{
    const char *name = json_text(json_object_get(pod, "metadata"), "name");
    struct seen *s = find(e, name) == NULL ? add(e, name) : NULL;
    if (s != NULL && !keep_end(s, pod)) {
        drop(s);
    }
}

/* It ended, or somebody saw to it that it does. */
static bool goes(const json_t *pod)
{
    const json_t *status = json_object_get(pod, "status");
    const char *phase = json_text(status, "phase");
    return is_deleted(pod) || k8s_condition(pod, "DisruptionTarget", "True") != NULL ||
           find_termination(status) != NULL || strcmp(phase, "Failed") == 0 ||
           strcmp(phase, "Succeeded") == 0;
}

static void take_pod(void *context, const struct k8s_answer *answer)
{
    struct seen *s = context;
    const json_t *items = json_object_get(answer->body, "items");
    const json_t *pod = json_array_get(items, 0);
    s->is_asking = false;
    s->ask_ms = clock_now_ms() + ASK_MS;
    if (answer->error.kind != ERROR_NONE) {
        return;
    }
    if (pod == NULL) {
        s->is_known = asprintf(&s->end.why, "pod %s: it was deleted", s->name) >= 0;
    } else if (goes(pod)) {
        (void)keep_end(s, pod);
    }
}

/* A list of one: the right to list pods is all that is needed. */
static bool ask_pod(struct pod_ends *e, struct seen *s)
{
    char query[NAME_SIZE + 64];
    (void)snprintf(query, sizeof query, "fieldSelector=metadata.name%%3D%s", s->name);
    struct k8s_request request = {.method = K8S_GET,
                                  .resource = K8S_PODS,
                                  .query = query,
                                  .timeout_ms = ASK_MOST_MS,
                                  .context = s};
    return k8s_send(e->k, &request, take_pod, NULL) == 0;
}

/* Looks at those that were asked for. */
static void ask_pods(struct pod_ends *e)
{
    uint64_t now_ms = clock_now_ms();
    for (size_t i = e->n; i > 0; i--) {
        struct seen *s = e->seen[i - 1];
        if (s->end.why != NULL || s->is_asking || now_ms < s->ask_ms) {
            continue;
        }
        s->is_asking = now_ms < s->give_up_ms && ask_pod(e, s);
        if (!s->is_asking) {
            drop(s);
        }
    }
}

bool pod_ends_ask(struct pod_ends *e, const char *name)
{
    struct seen *s = find(e, name);
    if (s == NULL && (s = add(e, name)) != NULL) {
        s->give_up_ms = clock_now_ms() + ASK_MOST_MS;
    }
    return s != NULL && !s->is_told;
}

static void take_log(void *context, const struct k8s_answer *answer)
{
    struct seen *s = context;
    if (answer->error.kind == ERROR_NONE && answer->raw.left > 0) {
        s->end.log = strndup((const char *)answer->raw.at, answer->raw.left);
    }
    s->is_reading = false;
    s->is_known = true;
    s->of->n_reading--;
}

/* Reads the log of one more; one that cannot be asked for is told without. */
static void read_log(struct pod_ends *e, struct seen *s)
{
    char query[64];
    (void)snprintf(query, sizeof query, "tailLines=%d&limitBytes=%d", LOG_LINES, LOG_BYTES);
    struct k8s_request request = {.method = K8S_GET,
                                  .resource = K8S_PODS,
                                  .name = s->name,
                                  .subresource = "log",
                                  .query = query,
                                  .timeout_ms = LOG_TIMEOUT,
                                  .context = s};
    s->is_reading = true;
    e->n_reading++;
    if (k8s_send(e->k, &request, take_log, NULL) != 0) {
        s->is_reading = false;
        s->is_known = true;
        e->n_reading--;
    }
}

static void read_logs(struct pod_ends *e)
{
    for (size_t i = 0; i < e->n && e->n_reading < LOGS_AT_ONCE; i++) {
        if (e->seen[i]->end.why != NULL && !e->seen[i]->is_reading && !e->seen[i]->is_known) {
            read_log(e, e->seen[i]);
        }
    }
}

static void take_list(void *context, const struct k8s_answer *answer)
{
    struct pod_ends *e = context;
    const json_t *items = json_object_get(answer->body, "items");
    for (size_t i = 0; i < json_array_size(items); i++) {
        note(e, json_array_get(items, i));
    }
    e->is_listing = false;
}

bool pod_ends_look(struct pod_ends *e, const char *job)
{
    if (e->is_listing) {
        return false;
    }
    char query[2 * NAME_SIZE];
    (void)snprintf(query, sizeof query,
                   "labelSelector=batch.kubernetes.io%%2Fjob-name%%3D%s"
                   "&fieldSelector=status.phase%%3DFailed&limit=%d",
                   job, PAGE);
    struct k8s_request request = {
        .method = K8S_GET, .resource = K8S_PODS, .query = query, .context = e};
    e->is_listing = k8s_send(e->k, &request, take_list, NULL) == 0;
    return e->is_listing;
}

bool pod_ends_busy(const struct pod_ends *e)
{
    for (size_t i = 0; i < e->n; i++) {
        if (!e->seen[i]->is_known) {
            return true;
        }
    }
    return e->is_listing;
}

bool pod_ends_next(struct pod_ends *e, struct pod_end *end)
{
    ask_pods(e);
    read_logs(e);
    for (size_t i = 0; i < e->n; i++) {
        if (e->seen[i]->is_known && !e->seen[i]->is_told) {
            e->seen[i]->is_told = true;
            *end = e->seen[i]->end;
            return true;
        }
    }
    return false;
}

void pod_ends_forget(struct pod_ends *e, const char *job)
{
    size_t kept = 0;
    for (size_t i = 0; i < e->n; i++) {
        struct seen *s = e->seen[i];
        if (strcmp(s->job, job) == 0 && !s->is_reading && !s->is_asking) {
            free_seen(s);
        } else {
            e->seen[kept++] = s;
        }
    }
    e->n = kept;
}
