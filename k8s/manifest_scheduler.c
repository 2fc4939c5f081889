/* SPDX-License-Identifier: Apache-2.0 */
/* manifest_scheduler.c - see manifest.h: the StatefulSet of the scheduler's one pod. */
#include <stdio.h>
#include <string.h>

#include "base/digest.h"
#include "k8s/manifest.h"
#include "k8s/manifest_parts.h"

/* Restarting a keeper that is merely slow would cost all workers their connection: it gets five
 * minutes. Whether it is ready only decides what is shown, and how long a launch waits for it. */
static json_t *make_probe(int period_s, int failures)
{
    return json_pack("{s:{s:s, s:s}, s:i, s:i, s:i}", "httpGet", "path", "/healthz", "port",
                     "http", "periodSeconds", period_s, "timeoutSeconds", 5, "failureThreshold",
                     failures);
}

static json_t *make_ports(void)
{
    return json_pack("[{s:s, s:i, s:s}, {s:s, s:i, s:s}]", "name", "wire", "containerPort",
                     MANIFEST_WIRE_PORT, "protocol", "TCP", "name", "http", "containerPort",
                     MANIFEST_HTTP_PORT, "protocol", "TCP");
}

static json_t *make_args(const struct manifest_run *r, bool accept_changes)
{
    char listen[64];
    char http[64];
    (void)snprintf(listen, sizeof listen, "tcp://0.0.0.0:%d", MANIFEST_WIRE_PORT);
    (void)snprintf(http, sizeof http, "0.0.0.0:%d", MANIFEST_HTTP_PORT);
    const char *folder = r->placement->folder;
    json_t *args = json_pack(
        "[s, s, s, s, s, s, s, o, s, s, s, s, s, s, s, s, s, s, s, s]", "tend",
        MANIFEST_LEDGER_FOLDER "/run", "--on", "jobs", "--run-file",
        MANIFEST_RUN_FOLDER "/run.yaml", "--base",
        manifest_literal(folder == NULL ? MANIFEST_RUN_FOLDER : folder), "--name", r->name,
        "--keys", MANIFEST_KEYS_FOLDER "/keys.json", "--tokens",
        MANIFEST_KEYS_FOLDER "/token," MANIFEST_VIEW_FOLDER "/token", "--metrics-token",
        MANIFEST_METRICS_FOLDER "/token", "--http", http, "--listen", listen);
    if (accept_changes) {
        json_array_append_new(args, json_string("--accept-changes"));
    }
    return args;
}

static json_t *config_source(const struct manifest_run *r)
{
    return json_pack("{s:{s:s+}}", "configMap", "name", r->name, "-run");
}

/* Who monitors runs makes it, once for a namespace; without it pods start all the same. */
static json_t *metrics_source(void)
{
    json_t *source = manifest_secret_source(MANIFEST_METRICS_SECRET, "");
    json_object_set_new(json_object_get(source, "secret"), "optional", json_true());
    return source;
}

/* The ledger is the one thing that is written; its volume is a claim's template's unless the user
 * gave one. */
static void mount_ledger(const struct placement *p, json_t *volumes, json_t *mounts)
{
    json_array_append_new(
        mounts, json_pack("{s:s, s:s}", "name", "ledger", "mountPath", MANIFEST_LEDGER_FOLDER));
    if (p->ledger_volume != NULL) {
        json_t *volume = json_pack("{s:s}", "name", "ledger");
        json_object_update(volume, p->ledger_volume);
        json_array_append_new(volumes, volume);
    }
}

static json_t *make_template(const struct manifest_run *r, const char *run_file,
                             bool accept_changes, struct error *err)
{
    const struct placement *p = r->placement;
    json_t *volumes = json_array();
    json_t *mounts = json_array();
    manifest_mount(volumes, mounts, "run", MANIFEST_RUN_FOLDER, config_source(r));
    manifest_mount(volumes, mounts, "keys", MANIFEST_KEYS_FOLDER,
                   manifest_secret_source(r->name, "-scheduler"));
    manifest_mount(volumes, mounts, "view", MANIFEST_VIEW_FOLDER,
                   manifest_secret_source(MANIFEST_VIEW_SECRET, ""));
    manifest_mount(volumes, mounts, "metrics-token", MANIFEST_METRICS_FOLDER, metrics_source());
    mount_ledger(p, volumes, mounts);
    char hex[DIGEST_SHA256_HEX];
    digest_sha256_hex(run_file, strlen(run_file), hex);
    json_t *annotations = json_pack("{s:s}", "picobarn/run-file", hex);
    struct manifest_pod pod = {
        .component = "scheduler",
        .service_account = p->scheduler_service_account,
        .has_token = true,
        .restarts = true,
        .annotations = annotations,
        .resources = p->scheduler_resources,
        .patch = p->scheduler_patch,
        .patch_field = "scheduler.patch",
        .volumes = volumes,
        .container = json_pack("{s:[s], s:o, s:o, s:o, s:o, s:o}", "command",
                               "/usr/bin/picobarn", "args", make_args(r, accept_changes),
                               "ports", make_ports(), "readinessProbe", make_probe(1, 5),
                               "livenessProbe", make_probe(20, 15), "volumeMounts", mounts),
    };
    json_t *template = manifest_pod_template(r, &pod, err);
    json_decref(annotations);
    return template;
}

/* Without namespace and annotations: the controller adds what a claim needs. */
static json_t *make_claim(const struct manifest_run *r)
{
    const struct placement *p = r->placement;
    return json_pack("{s:{s:s, s:o}, s:{s:[s], s:s*, s:{s:{s:s}}}}", "metadata", "name",
                     "ledger", "labels", manifest_pod_selector(r, "scheduler"), "spec",
                     "accessModes", "ReadWriteOnce", "storageClassName",
                     p->ledger_storage_class, "resources", "requests", "storage",
                     p->ledger_size);
}

/* Parallel: with one pod there is no order to keep, and with OrderedReady a pod that never gets
 * ready (an image that does not exist) would not be replaced after its mend. */
json_t *manifest_scheduler(const struct manifest_run *r, const char *run_file,
                           bool accept_changes, struct error *err)
{
    json_t *template = make_template(r, run_file, accept_changes, err);
    if (template == NULL) {
        return NULL;
    }
    json_t *spec = json_pack("{s:i, s:s, s:{s:o}, s:s, s:{s:s}, s:{s:s, s:s}, s:o}", "replicas",
                             1, "serviceName", r->name, "selector", "matchLabels",
                             manifest_pod_selector(r, "scheduler"), "podManagementPolicy",
                             "Parallel", "updateStrategy", "type", "RollingUpdate",
                             "persistentVolumeClaimRetentionPolicy", "whenDeleted", "Retain",
                             "whenScaled", "Retain", "template", template);
    if (r->placement->ledger_volume == NULL) {
        json_object_set_new(spec, "volumeClaimTemplates", json_pack("[o]", make_claim(r)));
    }
    return manifest_seal(json_pack("{s:s, s:s, s:o, s:o}", "apiVersion", "apps/v1", "kind",
                                   "StatefulSet", "metadata",
                                   manifest_metadata(r, "", "scheduler"), "spec", spec),
                         err);
}
