/* SPDX-License-Identifier: Apache-2.0 */
/* pod_wait.h - why pods that should run do not: no room, a quota, an image that is not there. */
#ifndef SCHEDULER_POD_WAIT_H
#define SCHEDULER_POD_WAIT_H

#include <stdbool.h>

#include "base/bytes.h"
#include "base/json.h"

/* Why a pending pod waits, into out: what the scheduler of the cluster says (Unschedulable), or
 * its container (ErrImagePull, CreateContainerConfigError). Nothing is appended if it only has
 * not started yet. *hopeless: somebody has to mend it, an image's name for instance. */
void pod_wait_describe(const json_t *pod, struct buffer *out, bool *hopeless);

/* Why no pods are made for a Job or StatefulSet, or why one does not start on its node, from the
 * events about it (a list of Event objects): the newest that tells, "exceeded quota" for instance.
 * *hopeless: the API server refuses it for good, which a quota that is full is not. */
void pod_wait_describe_events(const json_t *events, struct buffer *out, bool *hopeless);

/* What a person does about such words, "mend the image's name ...". */
const char *pod_wait_advice(const char *why);

#endif
