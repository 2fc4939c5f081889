/* SPDX-License-Identifier: Apache-2.0 */
/* manifest_job.c - see manifest.h: a Job of workers.
 *
 * The ledger is the truth about shards; a Job only keeps workers there. So its rules are about
 * slots: what Kubernetes took away (evicted, preempted, drained) counts for nothing; a wrong
 * command line would fail in every pod, and ends the Job; a worker that was refused would be
 * refused again, and its index is given up; all else (75, 137 for want of memory, 143, a signal)
 * counts, and is tried again. */
#include <stdio.h>

#include "base/size.h"
#include "k8s/manifest.h"
#include "k8s/manifest_parts.h"

enum { RETRIES = 3 };                              /* of an index */
enum { SPREAD_MOST_S = 10, SPREAD_PODS_A_S = 50 }; /* starts, so that storage survives them */
enum { EXIT_USAGE = 64, EXIT_REFUSED = 65 };       /* of picobarn-worker */

static json_t *exit_rule(const char *action, int status)
{
    return json_pack("{s:s, s:{s:s, s:s, s:[i]}}", "action", action, "onExitCodes",
                     "containerName", "worker", "operator", "In", "values", status);
}

/* The first rule that fits counts, so the order is a part of it. */
static json_t *failure_rules(void)
{
    return json_pack("[{s:s, s:[{s:s, s:s}]}, o, o]", "action", "Ignore", "onPodConditions",
                     "type", "DisruptionTarget", "status", "True",
                     exit_rule("FailJob", EXIT_USAGE), exit_rule("FailIndex", EXIT_REFUSED));
}

static json_t *count_argument(uint64_t value)
{
    return json_sprintf("%llu", (unsigned long long)value);
}

static json_t *make_args(const struct manifest_run *r, const struct manifest_job *job)
{
    uint64_t spread_s = 1 + job->parallelism / SPREAD_PODS_A_S;
    spread_s = spread_s > SPREAD_MOST_S ? SPREAD_MOST_S : spread_s;
    return json_pack("[s, s, s, s, s, s, s, s, o, s, o, s, o]", "run", "--connect",
                     MANIFEST_WORKER_FOLDER "/worker.json", "--name", "$(POD_NAME)", "--host",
                     "$(NODE_NAME)", "--shards", count_argument(job->shards_per_index),
                     "--spread", count_argument(spread_s), "--memory",
                     count_argument(placement_worker_memory_mib(r->placement)));
}

static json_t *field_variable(const char *name, const char *field)
{
    return json_pack("{s:s, s:{s:{s:s}}}", "name", name, "valueFrom", "fieldRef", "fieldPath",
                     field);
}

static json_t *make_template(const struct manifest_run *r, const struct manifest_job *job,
                             struct error *err)
{
    const struct placement *p = r->placement;
    json_t *volumes = json_array();
    json_t *mounts = json_array();
    manifest_mount(volumes, mounts, "worker", MANIFEST_WORKER_FOLDER,
                   manifest_secret_source(r->name, "-worker"));
    json_t *env = json_pack("[o, o]", field_variable("POD_NAME", "metadata.name"),
                            field_variable("NODE_NAME", "spec.nodeName"));
    struct manifest_pod pod = {
        .component = "worker",
        .service_account = p->worker_service_account,
        .labels = p->labels,
        .annotations = p->annotations,
        .resources = p->worker_resources,
        .priority_class = p->priority_class,
        .patch = p->worker_patch,
        .patch_field = "workers.patch",
        .volumes = volumes,
        .container = json_pack("{s:[s], s:o, s:o, s:o}", "command", "/usr/bin/picobarn-worker",
                               "args", make_args(r, job), "env", env, "volumeMounts", mounts),
    };
    return manifest_pod_template(r, &pod, err);
}

/* Half of the slots lost is no matter of single nodes. Pods are replaced when they are gone, not
 * when they begin to go: two of one index would be one too many on a full cluster. */
static json_t *make_spec(const struct placement *p, const struct manifest_job *job,
                         json_t *template)
{
    json_t *spec = json_pack(
        "{s:s, s:I, s:I, s:i, s:I, s:s, s:{s:o}}", "completionMode", "Indexed", "completions",
        (json_int_t)job->n_indexes, "parallelism", (json_int_t)job->parallelism,
        "backoffLimitPerIndex", RETRIES, "maxFailedIndexes",
        (json_int_t)job->n_indexes / 2 + job->n_indexes % 2, "podReplacementPolicy", "Failed",
        "podFailurePolicy", "rules", failure_rules());
    if (p->active_deadline_s > 0) {
        json_object_set_new(spec, "activeDeadlineSeconds",
                            json_integer((json_int_t)p->active_deadline_s));
    }
    json_object_set_new(spec, "template", template);
    return spec;
}

static json_t *make_metadata(const struct manifest_run *r, const struct manifest_job *job)
{
    char suffix[16];
    (void)snprintf(suffix, sizeof suffix, "-w%u", (unsigned)job->number);
    json_t *metadata = manifest_metadata(r, suffix, "worker");
    json_t *labels = json_object_get(metadata, "labels");
    json_object_set_new(json_object_get(metadata, "annotations"), MANIFEST_SHARDS_PER_INDEX,
                        count_argument(job->shards_per_index));
    if (r->placement->labels != NULL) {
        json_object_update_missing(labels, r->placement->labels);
    }
    if (r->placement->annotations != NULL) {
        json_object_update(json_object_get(metadata, "annotations"), r->placement->annotations);
    }
    return metadata;
}

json_t *manifest_job(const struct manifest_run *r, const struct manifest_job *job,
                     struct error *err)
{
    json_t *template = make_template(r, job, err);
    if (template == NULL) {
        return NULL;
    }
    return manifest_seal(json_pack("{s:s, s:s, s:o, s:o}", "apiVersion", "batch/v1", "kind",
                                   "Job", "metadata", make_metadata(r, job), "spec",
                                   make_spec(r->placement, job, template)),
                         err);
}
