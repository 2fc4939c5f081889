/* SPDX-License-Identifier: Apache-2.0 */
/* dashboard_child.h - `picobarn serve DIR` beside a scheduler, as a process of its own: however many look
 * and however slowly they read, the scheduler does not notice. It ends with the scheduler. */
#ifndef SCHEDULER_DASHBOARD_CHILD_H
#define SCHEDULER_DASHBOARD_CHILD_H

#include <stdbool.h>

#include "base/error.h"
#include "scheduler/offspring.h"

/* Starts it for the run of a folder; it prints its link where this process's errors go. */
int dashboard_child_start(struct offspring *child, const char *folder, const char *listen,
                          bool allow_control, struct error *err);

#endif
