/* SPDX-License-Identifier: Apache-2.0 */
/* threads.h - how many threads a worker should run: what its process may use, not what the
 * machine has. */
#ifndef WORKER_THREADS_H
#define WORKER_THREADS_H

#include <stdbool.h>
#include <stddef.h>

enum { THREADS_PATH_SIZE = 4096 };

/* The processors that this process may use: those of its affinity, or fewer if the quota of its
 * control group, or of one above it, says so (1.5 processors are 2). At least 1. */
size_t threads_available(void);

/* The parts of it, for the tests. Quotas are in whole processors, rounded up; 0 is no limit, and
 * what anything gives that is no quota. */

/* cgroup v2, the content of cpu.max: "150000 100000", "max 100000". */
size_t threads_of_cpu_max(const char *text);

/* cgroup v1, the contents of cpu.cfs_quota_us ("-1" without one) and cpu.cfs_period_us. */
size_t threads_of_cfs(const char *quota, const char *period);

/* The process's group, "/a/b", from the content of /proc/self/cgroup into
 * path[THREADS_PATH_SIZE]: of the v2 hierarchy for controller "", else of the v1 hierarchy that
 * has this controller. False if there is none. */
bool threads_find_group(const char *text, const char *controller, char *path);

/* The smallest quota of the group and those above it, where root is the folder of the root group
 * and has_v2 says whose file names are looked for. Groups without a folder are passed over: in
 * a container the own group may be mounted as the root. */
size_t threads_of_groups(const char *root, const char *group, bool has_v2);

#endif
