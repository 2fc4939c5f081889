/* SPDX-License-Identifier: Apache-2.0 */
/* hold.h - a run that a person paused: its scheduler gives out no leases until it is resumed. What is
 * under way ends as usual. It is a file in the run's folder, so that it outlives every scheduler. */
#ifndef SCHEDULER_HOLD_H
#define SCHEDULER_HOLD_H

#include <stdbool.h>

#include "base/error.h"

/* What a paused run is said to be. */
#define HOLD_REASON "paused by a person (resume it on its page, or remove the file \"pause\")"

bool hold_is_set(const char *folder);

/* Both may be done twice. ERROR_SYSTEM. */
int hold_set(const char *folder, struct error *err);
int hold_clear(const char *folder, struct error *err);

#endif
