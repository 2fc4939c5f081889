/* SPDX-License-Identifier: Apache-2.0 */
/* cluster_wait.h - until the scheduler's pod of a run answers: what it waits for, and when that is
 * hopeless. */
#ifndef SCHEDULER_CLUSTER_WAIT_H
#define SCHEDULER_CLUSTER_WAIT_H

#include <stdbool.h>

#include "base/error.h"
#include "k8s/k8s.h"

/* Waits until the pod NAME-0 is ready. say is told why it waits, when that changes; it may be
 * NULL. Fails (ERROR_INPUT, naming what to mend) for what waiting does not mend: an image that is
 * not there, a program in it that ends at once. 1 when it is ready, 0 when a signal came on the
 * descriptor (signals_open; -1: none), -1 on an error. */
int cluster_wait(struct k8s *k, const char *name, int signals,
                 void (*say)(void *context, const char *text), void *context,
                 struct error *err);

#endif
