/* SPDX-License-Identifier: Apache-2.0 */
/* scheduler_pod.h - the pod NAME-0 of a run's scheduler, seen from outside: does it answer, and if it
 * does not, why. */
#ifndef SCHEDULER_SCHEDULER_POD_H
#define SCHEDULER_SCHEDULER_POD_H

#include <stdbool.h>

#include "base/bytes.h"
#include "base/error.h"
#include "k8s/k8s.h"

struct scheduler_pod {
    bool has_run; /* there is a pod, or a StatefulSet that makes one */
    bool is_ready;
    bool is_hopeless; /* waiting does not mend it */
    json_int_t n_restarts;
    struct buffer why; /* what keeps it, if the cluster says and we may ask; else empty */
};

/* One look. */
int scheduler_pod_look(struct k8s *k, const char *run_name, struct scheduler_pod *out,
                       struct error *err);
void scheduler_pod_release(struct scheduler_pod *pod); /* safe on a zeroed one */

/* ERROR_INPUT: there is no such run; -1. */
int scheduler_pod_no_run(const struct k8s *k, const char *run_name, struct error *err);

/* Of a run that did not answer: puts what keeps its pod in the place of *err, if it is known. */
void scheduler_pod_explain(struct k8s *k, const char *run_name, struct error *err);

#endif
