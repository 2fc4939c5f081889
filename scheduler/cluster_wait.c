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
#include "scheduler/scheduler_pod.h"

enum {
    LOOK_MS = 400,
    LATER_MS = 2000, /* between looks, when it takes longer than the usual start */
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
    const char *run;
    char said[WORDS_SIZE + POD_NAME_SIZE];
    uint64_t begun_ms;
    uint64_t answered_ms;
};

static bool keep_line(void *context, const void *data, size_t size)
{
    struct buffer *log = context;
    buffer_raw(log, data, size);
    return log->size < LOG_SIZE;
}

/* The last words of a container; false if it left none, or the node has thrown them away, of which
 * it tells in their place. */
static bool read_log(struct waiting *w, const char *query, struct buffer *log)
{
    struct k8s_request request = {.method = K8S_GET,
                                  .resource = K8S_PODS,
                                  .name = w->pod,
                                  .subresource = "log",
                                  .query = query,
                                  .timeout_ms = 5000,
                                  .take = keep_line,
                                  .context = log};
    buffer_clear(log);
    (void)k8s_call(w->k, &request, NULL, NULL, NULL);
    const char *text = buffer_string(log);
    return text != NULL && text[0] != '\0' &&
           strstr(text, "unable to retrieve container logs") == NULL;
}

/* A container that waits for its next start has words itself; one that has just started, not yet:
 * then the one before it. */
static int fail_restarting(struct waiting *w, struct error *err)
{
    struct buffer log = {0};
    bool has_words = read_log(w, "tailLines=3&limitBytes=900", &log) ||
                     read_log(w, "previous=true&tailLines=3&limitBytes=900", &log);
    (void)error_set(err, ERROR_INPUT,
                    "the scheduler's pod %s ends as soon as it starts: %.800s", w->pod,
                    has_words ? buffer_string(&log) : "its log cannot be read");
    buffer_release(&log);
    return -1;
}

/* What was seen of the pod; 1: ready. */
static int judge(struct waiting *w, struct scheduler_pod *seen, struct error *err)
{
    const char *why = seen->why.size == 0 ? NULL : buffer_string(&seen->why);
    if (!seen->has_run) {
        return error_set(err, ERROR_INPUT, "run %s was removed by somebody: launch it again",
                         w->run);
    }
    if (seen->is_ready) {
        return 1;
    }
    if (seen->n_restarts >= RESTARTS_MAX) {
        return fail_restarting(w, err);
    }
    if (seen->is_hopeless && why != NULL) {
        return error_set(err, ERROR_INPUT,
                         "the scheduler's pod %s cannot start: %s: %s (kubernetes in the run "
                         "file), and launch again",
                         w->pod, why, pod_wait_advice(why));
    }
    return 0;
}

/* One look: 1 ready, 0 not yet. A server that does not answer is waited for. */
static int look(struct waiting *w, struct buffer *why, struct error *err)
{
    struct scheduler_pod seen;
    struct error bad = {0};
    int rc = scheduler_pod_look(w->k, w->run, &seen, &bad);
    uint64_t now_ms = clock_now_ms();
    if (rc == 0) {
        w->answered_ms = now_ms;
        rc = judge(w, &seen, err);
        buffer_raw(why, seen.why.data, seen.why.size);
        scheduler_pod_release(&seen);
    } else if (bad.kind == ERROR_INPUT || now_ms - w->answered_ms > OUTAGE_MS) {
        *err = bad;
        rc = -1;
    } else {
        buffer_printf(why, "%s", bad.text);
        rc = 0;
    }
    return rc;
}

static void tell(struct waiting *w, const char *why,
                 void (*say)(void *context, const char *text), void *context)
{
    if (why[0] == '\0' && clock_now_ms() - w->begun_ms < QUIET_MS) {
        return;
    }
    char text[WORDS_SIZE + POD_NAME_SIZE];
    (void)snprintf(text, sizeof text, "for the scheduler's pod %s%s%s", w->pod,
                   why[0] == '\0' ? " to start" : ": ", why);
    if (say != NULL && strcmp(w->said, text) != 0) {
        (void)snprintf(w->said, sizeof w->said, "%s", text);
        say(context, text);
    }
}

int cluster_wait(struct k8s *k, const char *name, int signals,
                 void (*say)(void *context, const char *text), void *context, struct error *err)
{
    struct waiting w = {
        .k = k, .run = name, .begun_ms = clock_now_ms(), .answered_ms = clock_now_ms()};
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
        bool is_long = clock_now_ms() - w.begun_ms > QUIET_MS;
        if (k8s_wait(k, signals, is_long ? LATER_MS : LOOK_MS, err) != 0) {
            return -1;
        }
        if (signals >= 0 && signals_take(signals)) {
            return 0;
        }
    }
}
