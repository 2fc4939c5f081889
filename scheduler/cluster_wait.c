/* SPDX-License-Identifier: Apache-2.0 */
/* cluster_wait.c - see cluster_wait.h
 *
 * The pod is looked at again and again rather than watched: it is one object, for some seconds. */
#include "scheduler/cluster_wait.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/signals.h"
#include "scheduler/pod_wait.h"

enum {
    LOOK_MS = 400,
    POD_NAME_SIZE = 128,
    WORDS_SIZE = 600,
    LOG_SIZE = 1000,   /* of a pod that ends at once */
    QUIET_MS = 10000,  /* before a pod without any reason is spoken of */
    RESTARTS_MAX = 2,  /* of a container before it is given up */
    OUTAGE_MS = 60000, /* without an answer of the server */
};

struct waiting {
    struct k8s *k;
    char pod[POD_NAME_SIZE];
    char set[POD_NAME_SIZE];
    char said[WORDS_SIZE];
    uint64_t begun_ms;
    uint64_t answered_ms;
};

static bool is_ready(const json_t *pod)
{
    const json_t *list = json_object_get(json_object_get(pod, "status"), "conditions");
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *one = json_array_get(list, i);
        if (strcmp(json_text(one, "type"), "Ready") == 0) {
            return strcmp(json_text(one, "status"), "True") == 0;
        }
    }
    return false;
}

/* How often its container was started anew. */
static json_int_t count_restarts(const json_t *pod)
{
    const json_t *list = json_object_get(json_object_get(pod, "status"), "containerStatuses");
    return json_integer_value(json_object_get(json_array_get(list, 0), "restartCount"));
}

static bool keep_line(void *context, const void *data, size_t size)
{
    struct buffer *log = context;
    buffer_raw(log, data, size);
    return log->size < LOG_SIZE;
}

/* With the last words of the container that ended before this one. */
static int fail_restarting(struct waiting *w, struct error *err)
{
    struct buffer log = {0};
    struct k8s_request request = {.method = K8S_GET,
                                  .resource = K8S_PODS,
                                  .name = w->pod,
                                  .subresource = "log",
                                  .query = "previous=true&tailLines=3&limitBytes=900",
                                  .timeout_ms = 5000,
                                  .take = keep_line,
                                  .context = &log};
    (void)k8s_call(w->k, &request, NULL, NULL, NULL);
    const char *text = buffer_string(&log);
    (void)error_set(err, ERROR_INPUT,
                    "the scheduler's pod %s ends as soon as it starts: %.800s", w->pod,
                    text == NULL || text[0] == '\0' ? "its log is empty" : text);
    buffer_release(&log);
    return -1;
}

/* What the pod says; 1: ready. */
static int judge(struct waiting *w, const json_t *pod, struct buffer *why, struct error *err)
{
    bool hopeless = false;
    if (is_ready(pod)) {
        return 1;
    }
    if (count_restarts(pod) >= RESTARTS_MAX) {
        return fail_restarting(w, err);
    }
    pod_wait_describe(pod, why, &hopeless);
    const char *text = buffer_string(why);
    if (hopeless) {
        return error_set(
            err, ERROR_INPUT,
            "the scheduler's pod %s cannot start: %s; mend the section kubernetes of "
            "the run file and launch again",
            w->pod, text == NULL ? "?" : text);
    }
    return 0;
}

/* There is no pod: its StatefulSet's events tell why. */
static void ask_events(struct waiting *w, struct buffer *why)
{
    char fields[2 * POD_NAME_SIZE];
    (void)snprintf(fields, sizeof fields,
                   "involvedObject.kind=StatefulSet,involvedObject.name=%s,reason=FailedCreate",
                   w->set);
    json_t *events = k8s_list(w->k, K8S_EVENTS, NULL, fields, NULL);
    pod_wait_describe_events(events, why);
    json_decref(events);
}

/* One look: 1 ready, 0 not yet. A server that does not answer is waited for. */
static int look(struct waiting *w, struct buffer *why, struct error *err)
{
    struct k8s_request request = {
        .method = K8S_GET, .resource = K8S_PODS, .name = w->pod, .timeout_ms = 10000};
    struct error bad = {0};
    json_t *pod = NULL;
    int status = 0;
    int rc = k8s_call(w->k, &request, &pod, &status, &bad);
    uint64_t now_ms = clock_now_ms();
    if (rc == 0 || status == 404) {
        w->answered_ms = now_ms;
    }
    if (rc == 0) {
        rc = judge(w, pod, why, err);
    } else if (status == 404) {
        rc = 0;
        if (now_ms - w->begun_ms > LOOK_MS) {
            ask_events(w, why);
        }
    } else if (bad.kind == ERROR_INPUT || now_ms - w->answered_ms > OUTAGE_MS) {
        *err = bad;
        rc = -1;
    } else {
        buffer_printf(why, "%s", bad.text);
        rc = 0;
    }
    json_decref(pod);
    return rc;
}

static void tell(struct waiting *w, const char *why,
                 void (*say)(void *context, const char *text), void *context)
{
    if (why[0] == '\0' && clock_now_ms() - w->begun_ms < QUIET_MS) {
        return;
    }
    const char *text = why[0] == '\0' ? "for the scheduler's pod to start" : why;
    if (say != NULL && strcmp(w->said, text) != 0) {
        (void)snprintf(w->said, sizeof w->said, "%s", text);
        say(context, text);
    }
}

int cluster_wait(struct k8s *k, const char *name, int signals,
                 void (*say)(void *context, const char *text), void *context, struct error *err)
{
    struct waiting w = {.k = k, .begun_ms = clock_now_ms(), .answered_ms = clock_now_ms()};
    (void)snprintf(w.set, sizeof w.set, "%s", name);
    (void)snprintf(w.pod, sizeof w.pod, "%s-0", name);
    for (;;) {
        struct buffer why = {0};
        int rc = look(&w, &why, err);
        const char *text = buffer_string(&why);
        if (rc == 0) {
            tell(&w, text == NULL ? "" : text, say, context);
        }
        buffer_release(&why);
        if (rc != 0) {
            return rc;
        }
        if (k8s_wait(k, signals, LOOK_MS, err) != 0) {
            return -1;
        }
        if (signals >= 0 && signals_take(signals)) {
            return 0;
        }
    }
}
