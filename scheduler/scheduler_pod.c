/* SPDX-License-Identifier: Apache-2.0 */
/* scheduler_pod.c - see scheduler_pod.h
 *
 * The pod itself says most. Where there is none its StatefulSet's events tell why it cannot be made;
 * where it is on a node and does not start, its own. Events are asked for by uid: those of an
 * earlier run of the same name stay for an hour. */
#include "scheduler/scheduler_pod.h"

#include <stdio.h>
#include <string.h>

#include "scheduler/pod_wait.h"

enum { ASK_MS = 5000, NAME_SIZE = 128, FIELDS_SIZE = 256 };

/* How often its container was started anew. */
static json_int_t count_restarts(const json_t *pod)
{
    const json_t *list = json_object_get(json_object_get(pod, "status"), "containerStatuses");
    return json_integer_value(json_object_get(json_array_get(list, 0), "restartCount"));
}

/* Is the pod the one that its StatefulSet wants now? After a change of that the old pod goes on for
 * a moment, and would answer for the new one. */
static bool is_current(const json_t *pod, const json_t *set)
{
    const json_t *metadata = json_object_get(set, "metadata");
    const json_t *status = json_object_get(set, "status");
    return json_integer_value(json_object_get(status, "observedGeneration")) >=
               json_integer_value(json_object_get(metadata, "generation")) &&
           strcmp(k8s_label(pod, "controller-revision-hash"),
                  json_text(status, "updateRevision")) == 0;
}

/* Who may not list events is told nothing. */
static void ask_events(struct k8s *k, const json_t *about, struct scheduler_pod *out)
{
    char fields[FIELDS_SIZE];
    const char *uid = k8s_metadata(about, "uid");
    (void)snprintf(fields, sizeof fields, "involvedObject.uid=%s", uid);
    json_t *events = k8s_list(k, K8S_EVENTS, NULL, fields, NULL);
    pod_wait_describe_events(events, &out->why, &out->is_hopeless);
    json_decref(events);
}

static void read_pod(struct k8s *k, const char *run_name, const json_t *pod,
                     struct scheduler_pod *out)
{
    const json_t *spec = json_object_get(pod, "spec");
    json_t *set = NULL;
    out->is_ready = k8s_condition(pod, "Ready", "True") != NULL;
    out->n_restarts = count_restarts(pod);
    if (out->is_ready) {
        out->is_ready = k8s_find(k, K8S_STATEFUL_SETS, run_name, ASK_MS, &set, NULL) <= 0 ||
                        is_current(pod, set);
        json_decref(set);
        return;
    }
    pod_wait_describe(pod, &out->why, &out->is_hopeless);
    if (out->why.size == 0 && json_text(spec, "nodeName")[0] != '\0') {
        ask_events(k, pod, out);
    }
}

int scheduler_pod_look(struct k8s *k, const char *run_name, struct scheduler_pod *out,
                       struct error *err)
{
    char name[NAME_SIZE];
    json_t *object = NULL;
    *out = (struct scheduler_pod){.is_ready = false};
    (void)snprintf(name, sizeof name, "%s-0", run_name);
    int found = k8s_find(k, K8S_PODS, name, ASK_MS, &object, err);
    if (found > 0) {
        read_pod(k, run_name, object, out);
    } else if (found == 0) {
        found = k8s_find(k, K8S_STATEFUL_SETS, run_name, ASK_MS, &object, err);
        if (found > 0) {
            ask_events(k, object, out);
        }
    }
    json_decref(object);
    out->has_run = found > 0;
    return found < 0 ? -1 : 0;
}

int scheduler_pod_no_run(const struct k8s *k, const char *run_name, struct error *err)
{
    return error_set(err, ERROR_INPUT,
                     "there is no run %s in namespace %s of %s: say another one as "
                     "k8s:NAMESPACE/NAME, or launch it",
                     run_name, k8s_namespace(k), k8s_server(k));
}

void scheduler_pod_release(struct scheduler_pod *pod)
{
    buffer_release(&pod->why);
}

void scheduler_pod_explain(struct k8s *k, const char *run_name, struct error *err)
{
    struct scheduler_pod pod;
    if (scheduler_pod_look(k, run_name, &pod, NULL) != 0) {
        return;
    }
    const char *why = pod.why.size == 0 ? NULL : buffer_string(&pod.why);
    if (!pod.has_run) {
        (void)scheduler_pod_no_run(k, run_name, err);
    } else if (why != NULL) {
        (void)error_set(err, ERROR_SYSTEM, "run %s waits for its scheduler's pod %s-0: %s",
                        run_name, run_name, why);
    } else if (!pod.is_ready) {
        (void)error_set(err, ERROR_SYSTEM,
                        "run %s waits for its scheduler's pod %s-0, which starts: try again in "
                        "a moment",
                        run_name, run_name);
    }
    scheduler_pod_release(&pod);
}
