/* SPDX-License-Identifier: Apache-2.0 */
/* k8s_resource.c - see k8s_resource.h */
#include "k8s/k8s_resource.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"

struct resource {
    const char *kind;
    const char *group; /* the API's path */
    const char *plural;
    bool of_cluster; /* in no namespace */
};

static const struct resource resources[K8S_RESOURCES] = {
    /* clang-format off */
    [K8S_CONFIG_MAPS] = {"ConfigMap", "/api/v1", "configmaps", false},
    [K8S_SECRETS] = {"Secret", "/api/v1", "secrets", false},
    [K8S_SERVICES] = {"Service", "/api/v1", "services", false},
    [K8S_PODS] = {"Pod", "/api/v1", "pods", false},
    [K8S_EVENTS] = {"Event", "/api/v1", "events", false},
    [K8S_PERSISTENT_VOLUME_CLAIMS] = {"PersistentVolumeClaim", "/api/v1", "persistentvolumeclaims", false},
    [K8S_STATEFUL_SETS] = {"StatefulSet", "/apis/apps/v1", "statefulsets", false},
    [K8S_JOBS] = {"Job", "/apis/batch/v1", "jobs", false},
    [K8S_NAMESPACES] = {"Namespace", "/api/v1", "namespaces", true},
    /* clang-format on */
};

enum k8s_resource k8s_resource_of_kind(const char *kind)
{
    int i = 0;
    while (kind != NULL && i < K8S_RESOURCES && strcmp(resources[i].kind, kind) != 0) {
        i++;
    }
    return kind == NULL ? K8S_RESOURCES : (enum k8s_resource)i;
}

const char *k8s_resource_kind(enum k8s_resource resource)
{
    return resource < K8S_RESOURCES ? resources[resource].kind : "?";
}

static bool is_plain(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (c != '\0' && strchr("-._~", c) != NULL);
}

static void escape(const char *text, struct buffer *out)
{
    for (size_t i = 0; text[i] != '\0'; i++) {
        if (is_plain(text[i])) {
            buffer_u8(out, (uint8_t)text[i]);
        } else {
            buffer_printf(out, "%%%02X", (unsigned)(unsigned char)text[i]);
        }
    }
}

char *k8s_escape(const char *text)
{
    struct buffer out = {0};
    escape(text, &out);
    char *copy = buffer_string(&out) == NULL ? NULL : strdup((const char *)out.data);
    buffer_release(&out);
    return copy;
}

void k8s_query_add(struct buffer *query, const char *name, const char *value)
{
    if (value != NULL) {
        buffer_printf(query, "%s%s=", query->size == 0 ? "" : "&", name);
        escape(value, query);
    }
}

/* A part of a path: not empty, and neither "." nor "..", which would lead elsewhere. */
static int add_part(struct buffer *out, const char *part, const char *what, struct error *err)
{
    if (part[0] == '\0' || strcmp(part, ".") == 0 || strcmp(part, "..") == 0) {
        return error_set(err, ERROR_INPUT, "'%s' is no %s", part, what);
    }
    buffer_u8(out, '/');
    escape(part, out);
    return 0;
}

/* "log", or "proxy/any/path": as it is, but no control characters, query, or step upwards. */
static int add_subresource(struct buffer *out, const char *subresource, struct error *err)
{
    bool good = subresource[0] != '\0';
    for (const char *at = subresource; good && *at != '\0';) {
        size_t size = strcspn(at, "/");
        good = !(size == 1 && at[0] == '.') && !(size == 2 && strncmp(at, "..", 2) == 0);
        for (size_t i = 0; good && i < size; i++) {
            good = at[i] > ' ' && at[i] < 0x7f && strchr("?#\\", at[i]) == NULL;
        }
        at += size + (at[size] == '/' ? 1 : 0);
    }
    if (!good) {
        return error_set(err, ERROR_INPUT, "'%s' is no path of a subresource", subresource);
    }
    buffer_printf(out, "/%s", subresource);
    return 0;
}

int k8s_resource_path(const struct k8s_request *request, const char *namespace_,
                      struct buffer *out, struct error *err)
{
    if (request->resource >= K8S_RESOURCES) {
        return error_set(err, ERROR_INPUT, "no such kind of object here");
    }
    const struct resource *r = &resources[request->resource];
    const char *space = request->namespace == NULL ? namespace_ : request->namespace;
    int rc = 0;
    buffer_printf(out, "%s", r->group);
    if (!r->of_cluster) {
        buffer_printf(out, "/namespaces");
        rc = add_part(out, space, "namespace", err);
    }
    buffer_printf(out, "/%s", r->plural);
    if (rc == 0 && request->name != NULL) {
        rc = add_part(out, request->name, "name", err);
    }
    if (rc == 0 && request->subresource != NULL) {
        rc = add_subresource(out, request->subresource, err);
    }
    if (rc == 0 && request->query != NULL && request->query[0] != '\0') {
        buffer_printf(out, "?%s", request->query);
    }
    if (rc != 0) {
        return -1;
    }
    return out->failed ? error_no_memory(err, "a request") : 0;
}

void k8s_resource_describe(const struct k8s_request *request, const char *namespace_, char *out,
                           size_t size)
{
    if (request->resource >= K8S_RESOURCES) {
        (void)snprintf(out, size, "?");
        return;
    }
    const struct resource *r = &resources[request->resource];
    const char *space = request->namespace == NULL ? namespace_ : request->namespace;
    (void)snprintf(out, size, "%s%s%s%s%s%s%s", r->plural, request->name == NULL ? "" : "/",
                   request->name == NULL ? "" : request->name,
                   request->subresource == NULL ? "" : "/",
                   request->subresource == NULL ? "" : request->subresource,
                   r->of_cluster ? "" : " in namespace ", r->of_cluster ? "" : space);
}
