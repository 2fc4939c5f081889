/* SPDX-License-Identifier: Apache-2.0 */
/* fleet_job.c - see fleet_job.h */
#include "scheduler/fleet_job.h"

#include <stdlib.h>
#include <string.h>

#include "k8s/k8s.h"
#include "k8s/manifest.h"

static uint32_t count_at(const json_t *object, const char *key)
{
    json_int_t value = json_integer_value(json_object_get(object, key));
    return value < 0 || value > UINT32_MAX ? 0 : (uint32_t)value;
}

/* The number of "NAME-w12". */
static bool read_number(const char *name, const char *run_name, uint32_t *number)
{
    size_t length = strlen(run_name);
    const char *digits = name + length + 2;
    if (strncmp(name, run_name, length) != 0 || strncmp(name + length, "-w", 2) != 0 ||
        digits[0] < '0' || digits[0] > '9') {
        return false;
    }
    char *end = NULL;
    unsigned long value = strtoul(digits, &end, 10);
    *number = (uint32_t)value;
    return *end == '\0' && value < UINT32_MAX;
}

static int count_indexes(const json_t *status, const char *key, uint32_t n_indexes,
                         uint32_t *count, struct error *err)
{
    struct k8s_indexes set = {0};
    int rc = k8s_indexes_decode(&set, json_text(status, key), n_indexes, err);
    *count = rc == 0 ? k8s_indexes_count(&set) : 0;
    k8s_indexes_release(&set);
    return rc == 0 ? 0 : error_prefix(err, "%s", key);
}

bool fleet_job_read(const json_t *object, const char *run_name, struct fleet_job *job,
                    struct error *err)
{
    const json_t *metadata = json_object_get(object, "metadata");
    const json_t *spec = json_object_get(object, "spec");
    const json_t *status = json_object_get(object, "status");
    const char *name = json_text(metadata, "name");
    struct fleet_job j = {.number = 0};
    if (!read_number(name, run_name, &j.number)) {
        return false;
    }
    const char *share =
        json_text(json_object_get(metadata, "annotations"), MANIFEST_SHARDS_PER_INDEX);
    j.n_indexes = count_at(spec, "completions");
    j.parallelism = count_at(spec, "parallelism");
    j.shards_per_index = strtoull(share, NULL, 10);
    j.n_active = count_at(status, "active");
    j.n_ready = count_at(status, "ready");
    j.n_terminating = count_at(status, "terminating");
    j.n_pods_failed = count_at(status, "failed");
    j.is_suspended = json_is_true(json_object_get(spec, "suspend"));
    j.is_over = k8s_condition(object, "Complete", "True") != NULL ||
                k8s_condition(object, "Failed", "True") != NULL;
    j.is_leaving = json_object_get(metadata, "deletionTimestamp") != NULL;
    if (count_indexes(status, "completedIndexes", j.n_indexes, &j.n_completed, err) != 0 ||
        count_indexes(status, "failedIndexes", j.n_indexes, &j.n_failed, err) != 0) {
        (void)error_prefix(err, "Job %s", name);
    }
    *job = j;
    return true;
}
