/* SPDX-License-Identifier: Apache-2.0 */
/* manifest.c - see manifest.h: names, labels, the digest, and the objects without pods. */
#include "k8s/manifest.h"

#include <stdlib.h>
#include <string.h>

#include "base/digest.h"
#include "base/size.h"
#include "k8s/k8s.h"
#include "k8s/manifest_parts.h"

enum { HASH_DIGITS = 32 };
enum { OBJECT_SIZE_LIMIT = 1000 << 10 }; /* the API server takes 1 MiB, names and all */

json_t *manifest_pod_selector(const struct manifest_run *r, const char *component)
{
    return json_pack("{s:s, s:s, s:s}", "app.kubernetes.io/name", "picobarn",
                     "app.kubernetes.io/instance", r->name, "app.kubernetes.io/component",
                     component);
}

json_t *manifest_labels(const struct manifest_run *r, const char *component)
{
    json_t *labels = manifest_pod_selector(r, component);
    json_object_set_new(labels, "app.kubernetes.io/managed-by", json_string("picobarn"));
    json_object_set_new(labels, "app.kubernetes.io/version", json_string(PICOBARN_VERSION));
    json_object_set_new(labels, MANIFEST_RUN_ID, json_string(r->run_id));
    return labels;
}

json_t *manifest_metadata(const struct manifest_run *r, const char *suffix,
                          const char *component)
{
    return json_pack("{s:s+, s:s, s:o, s:{}}", "name", r->name, suffix, "namespace",
                     r->namespace, "labels", manifest_labels(r, component), "annotations");
}

/* A copy of a Secret with its keys, but not their values. */
static json_t *without_values(const json_t *secret)
{
    json_t *copy = json_deep_copy(secret);
    json_t *data = json_object_get(copy, "stringData");
    const char *key = NULL;
    json_t *value = NULL;
    json_object_foreach(data, key, value)
    {
        json_object_set_new(data, key, json_null());
    }
    return copy;
}

json_t *manifest_seal(json_t *object, struct error *err)
{
    if (object == NULL) {
        error_set(err, ERROR_INPUT, "a text for Kubernetes is no UTF-8");
        return NULL;
    }
    struct buffer text = {0};
    char hex[DIGEST_SHA256_HEX];
    json_t *hashed = without_values(object);
    int rc = json_write_canonical(hashed, &text, err);
    json_decref(hashed);
    if (rc == 0) {
        digest_sha256_hex(text.data, text.size, hex);
        hex[HASH_DIGITS] = '\0';
        json_t *metadata = json_object_get(object, "metadata");
        json_object_set_new(json_object_get(metadata, "annotations"), K8S_HASH,
                            json_string(hex));
    } else {
        json_decref(object);
        object = NULL;
    }
    buffer_release(&text);
    return object;
}

/* Their size is checked here, because the API server's answer would not say what is too large. */
static int check_size(const char *what, const char *text, struct error *err)
{
    size_t size = strlen(text);
    return size <= OBJECT_SIZE_LIMIT
               ? 0
               : error_set(err, ERROR_INPUT, "%s of %zu bytes: Kubernetes takes %d", what, size,
                           OBJECT_SIZE_LIMIT);
}

json_t *manifest_config(const struct manifest_run *r, const char *run_file, struct error *err)
{
    if (check_size("a run file", run_file, err) != 0) {
        return NULL;
    }
    return manifest_seal(json_pack("{s:s, s:s, s:o, s:{s:s}}", "apiVersion", "v1", "kind",
                                   "ConfigMap", "metadata",
                                   manifest_metadata(r, "-run", "scheduler"), "data",
                                   "run.yaml", run_file),
                         err);
}

/* data is taken over. */
static json_t *make_secret(json_t *metadata, json_t *data, struct error *err)
{
    return manifest_seal(json_pack("{s:s, s:s, s:o, s:s, s:o}", "apiVersion", "v1", "kind",
                                   "Secret", "metadata", metadata, "type", "Opaque",
                                   "stringData", data),
                         err);
}

json_t *manifest_scheduler_secret(const struct manifest_run *r, const char *keys_json,
                                  const char *token, struct error *err)
{
    return make_secret(manifest_metadata(r, "-scheduler", "scheduler"),
                       json_pack("{s:s, s:s}", "keys.json", keys_json, "token", token), err);
}

json_t *manifest_worker_secret(const struct manifest_run *r, const char *worker_json,
                               struct error *err)
{
    return make_secret(manifest_metadata(r, "-worker", "worker"),
                       json_pack("{s:s}", "worker.json", worker_json), err);
}

/* No label of one run or version: the next run, of whatever version, takes the one that is there.
 */
json_t *manifest_view_secret(const struct manifest_run *r, const char *token, struct error *err)
{
    json_t *metadata =
        json_pack("{s:s, s:s, s:{s:s, s:s, s:s}, s:{}}", "name", MANIFEST_VIEW_SECRET,
                  "namespace", r->namespace, "labels", "app.kubernetes.io/name", "picobarn",
                  "app.kubernetes.io/component", "view", "app.kubernetes.io/managed-by",
                  "picobarn", "annotations");
    return make_secret(metadata, json_pack("{s:s}", "token", token), err);
}

static json_t *make_port(const char *name, int port)
{
    return json_pack("{s:s, s:i, s:s, s:s}", "name", name, "port", port, "targetPort", name,
                     "protocol", "TCP");
}

/* It has an address of its own, so that workers reach a scheduler's next pod without asking DNS
 * again; and pods that are not ready count, because a page that is slow must not part workers from
 * their wire. */
json_t *manifest_service(const struct manifest_run *r, struct error *err)
{
    json_t *ports = json_pack("[o, o]", make_port("wire", MANIFEST_WIRE_PORT),
                              make_port("http", MANIFEST_HTTP_PORT));
    json_t *spec =
        json_pack("{s:s, s:b, s:o, s:o}", "type", "ClusterIP", "publishNotReadyAddresses", 1,
                  "selector", manifest_pod_selector(r, "scheduler"), "ports", ports);
    return manifest_seal(json_pack("{s:s, s:s, s:o, s:o}", "apiVersion", "v1", "kind",
                                   "Service", "metadata", manifest_metadata(r, "", "scheduler"),
                                   "spec", spec),
                         err);
}

char *manifest_selector(const char *name, const char *component)
{
    struct buffer text = {0};
    buffer_printf(&text, "app.kubernetes.io/name=picobarn,app.kubernetes.io/instance=%s", name);
    if (component != NULL) {
        buffer_printf(&text, ",app.kubernetes.io/component=%s", component);
    }
    const char *string = buffer_string(&text);
    char *out = string == NULL ? NULL : strdup(string);
    buffer_release(&text);
    return out;
}
