/* SPDX-License-Identifier: Apache-2.0 */
/* fleet_job.h - a worker Job as the API server shows it, read into what fleet.h decides by. */
#ifndef SCHEDULER_FLEET_JOB_H
#define SCHEDULER_FLEET_JOB_H

#include "base/error.h"
#include "base/json.h"
#include "scheduler/fleet.h"

/* Reads a Job of the run of that name. False if it is none of ours: another name, or no worker
 * Job. A status that cannot be read (ERROR_PEER in err) counts as one without ended indexes. */
bool fleet_job_read(const json_t *object, const char *run_name, struct fleet_job *job,
                    struct error *err);

#endif
