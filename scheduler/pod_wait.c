/* SPDX-License-Identifier: Apache-2.0 */
/* pod_wait.c - see pod_wait.h */
#include "scheduler/pod_wait.h"

#include <string.h>

#include "base/size.h"
#include "k8s/k8s.h"

/* A container waits for these for ever, or until somebody mends what they name. */
static bool is_hopeless(const char *reason)
{
    static const char *const reasons[] = {"ErrImagePull",         "ImagePullBackOff",
                                          "InvalidImageName",     "ErrImageNeverPull",
                                          "RegistryUnavailable",  "CreateContainerConfigError",
                                          "CreateContainerError", "RunContainerError"};
    for (size_t i = 0; i < ARRAY_LENGTH(reasons); i++) {
        if (strcmp(reason, reasons[i]) == 0) {
            return true;
        }
    }
    return false;
}

/* Nothing to worry about: it is on its way. */
static bool is_starting(const char *reason)
{
    return reason[0] == '\0' || strcmp(reason, "ContainerCreating") == 0 ||
           strcmp(reason, "PodInitializing") == 0;
}

static bool describe_containers(const json_t *list, struct buffer *out, bool *hopeless)
{
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *state = json_object_get(json_array_get(list, i), "state");
        const json_t *waiting = json_object_get(state, "waiting");
        const char *reason = json_text(waiting, "reason");
        if (!is_starting(reason)) {
            *hopeless = is_hopeless(reason);
            buffer_printf(out, "%s: %.400s", reason, json_text(waiting, "message"));
            return true;
        }
    }
    return false;
}

void pod_wait_describe(const json_t *pod, struct buffer *out, bool *hopeless)
{
    const json_t *status = json_object_get(pod, "status");
    *hopeless = false;
    if (describe_containers(json_object_get(status, "initContainerStatuses"), out, hopeless) ||
        describe_containers(json_object_get(status, "containerStatuses"), out, hopeless)) {
        return;
    }
    const json_t *unscheduled = k8s_condition(pod, "PodScheduled", "False");
    if (unscheduled != NULL) {
        buffer_printf(out, "%s: %.400s", json_text(unscheduled, "reason"),
                      json_text(unscheduled, "message"));
    }
}

static const char *event_time(const json_t *event)
{
    const char *last = json_text(event, "lastTimestamp");
    return last[0] != '\0' ? last
                           : json_text(json_object_get(event, "metadata"), "creationTimestamp");
}

/* Those that tell why a pod is not made, or does not start where it is. */
static bool is_telling(const char *reason)
{
    static const char *const reasons[] = {"FailedCreate", "FailedMount", "FailedAttachVolume",
                                          "FailedCreatePodSandBox"};
    for (size_t i = 0; i < ARRAY_LENGTH(reasons); i++) {
        if (strcmp(reason, reasons[i]) == 0) {
            return true;
        }
    }
    return false;
}

/* Admission and validation answer the same as long as nobody mends anything; a quota leaves room
 * when others end. */
static bool is_refusal(const char *message)
{
    return strstr(message, "exceeded quota") == NULL &&
           (strstr(message, " is forbidden: ") != NULL ||
            strstr(message, " is invalid: ") != NULL ||
            strstr(message, " denied the request") != NULL);
}

/* Without 'Error creating: pods "NAME" is forbidden: ', whose name is another one at each try: the
 * reason is what has to fit into a line. */
static const char *reason_of(const char *message)
{
    static const char forbidden[] = " is forbidden: ";
    const char *at = strstr(message, forbidden);
    return at == NULL ? message : at + sizeof forbidden - 1;
}

void pod_wait_describe_events(const json_t *events, struct buffer *out, bool *hopeless)
{
    const json_t *newest = NULL;
    *hopeless = false;
    for (size_t i = 0; i < json_array_size(events); i++) {
        const json_t *one = json_array_get(events, i);
        /* Times of one form, in UTC: they compare as texts. */
        if (is_telling(json_text(one, "reason")) &&
            (newest == NULL || strcmp(event_time(one), event_time(newest)) > 0)) {
            newest = one;
        }
    }
    if (newest != NULL) {
        const char *message = json_text(newest, "message");
        *hopeless = is_refusal(message);
        buffer_printf(out, "%.500s", reason_of(message));
    }
}

const char *pod_wait_advice(const char *why)
{
    static const struct {
        const char *word;
        const char *advice;
    } known[] = {
        {"violates PodSecurity",
         "take what it names out of the patch, or say there what it asks "
         "for"},
        {"service account",
         "have an administrator apply k8s/base to the namespace (k8s/README.md), "
         "or name another service_account"},
        {"PriorityClass", "name a priority_class that the cluster has"},
        {"quota", "give the pods requests and limits for what it names"},
        {"mage", "mend image, image_pull_policy or image_pull_secrets, or the patch"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(known); i++) {
        if (strstr(why, known[i].word) != NULL) {
            return known[i].advice;
        }
    }
    return "mend what it names";
}
