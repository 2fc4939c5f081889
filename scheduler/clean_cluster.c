/* SPDX-License-Identifier: Apache-2.0 */
/* clean_cluster.c - the objects of a run in a cluster; see clean.h
 *
 * Objects with names that we know are looked at by name, so that nobody needs the right to list
 * Secrets. Whatever has not our labels is somebody else's, and stays. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/size.h"
#include "k8s/manifest.h"
#include "scheduler/clean.h"

enum { NAME_SIZE = 128, WAIT_MS = 90000, EVERY_MS = 500 };

struct cleaning {
    struct remote *remote;
    struct k8s *k8s;
    struct buffer *out;
};

/* What there is of the run, or of one component of it: an array, the caller's; NULL on failure. */
static json_t *list_run(const struct cleaning *c, enum k8s_resource resource,
                        const char *component, struct error *err)
{
    char *selector = manifest_selector(remote_name(c->remote), component);
    json_t *found = NULL;
    if (selector == NULL) {
        (void)error_no_memory(err, "a selector");
    } else {
        found = k8s_list(c->k8s, resource, selector, NULL, err);
    }
    free(selector);
    return found;
}

/* This very object, not one that has its name by then. Its own come after it, unless foreground. */
static int remove_object(struct cleaning *c, enum k8s_resource resource, const json_t *object,
                         bool foreground, struct error *err)
{
    int status = 0;
    json_t *options =
        json_pack("{s:s, s:s, s:s, s:{s:s}}", "kind", "DeleteOptions", "apiVersion", "v1",
                  "propagationPolicy", foreground ? "Foreground" : "Background",
                  "preconditions", "uid", k8s_metadata(object, "uid"));
    struct k8s_request request = {.method = K8S_DELETE,
                                  .resource = resource,
                                  .name = k8s_metadata(object, "name"),
                                  .body = options};
    int rc = k8s_call(c->k8s, &request, NULL, &status, err);
    json_decref(options);
    if (rc == 0) {
        buffer_printf(c->out, "removed   %s %s\n", k8s_resource_kind(resource),
                      k8s_metadata(object, "name"));
    } else if (status == 404) {
        rc = 0;
    }
    return rc;
}

/* Is there one of that name that is ours? *found is the caller's, or NULL. */
static int find_named(struct cleaning *c, enum k8s_resource resource, const char *name,
                      json_t **found, struct error *err)
{
    int rc = k8s_find(c->k8s, resource, name, 0, found, err);
    if (rc <= 0) {
        return rc;
    }
    if (strcmp(k8s_label(*found, "app.kubernetes.io/name"), "picobarn") != 0) {
        buffer_printf(c->out, "left      %s %s, which is not of picobarn\n",
                      k8s_resource_kind(resource), name);
        json_decref(*found);
        *found = NULL;
    }
    return 0;
}

static int remove_named(struct cleaning *c, enum k8s_resource resource, const char *name,
                        struct error *err)
{
    json_t *found = NULL;
    int rc = find_named(c, resource, name, &found, err);
    if (rc == 0 && found != NULL) {
        rc = remove_object(c, resource, found, false, err);
    }
    json_decref(found);
    return rc;
}

/* ---- the steps ---- */

/* 1 while the scheduler's pod is there, or its StatefulSet, which goes after it. */
static int is_scheduler_there(const struct cleaning *c, struct error *err)
{
    static const enum k8s_resource parts[] = {K8S_STATEFUL_SETS, K8S_PODS};
    size_t n = 0;
    for (size_t i = 0; n == 0 && i < ARRAY_LENGTH(parts); i++) {
        json_t *found = list_run(c, parts[i], "scheduler", err);
        if (found == NULL) {
            return -1;
        }
        n = json_array_size(found);
        json_decref(found);
    }
    return n > 0;
}

/* A scheduler that still works would make Jobs again; and whoever launches next is not to find a
 * StatefulSet that is about to go. */
static int wait_for_scheduler(struct cleaning *c, struct error *err)
{
    uint64_t until_ms = clock_now_ms() + WAIT_MS;
    for (;;) {
        int is_there = is_scheduler_there(c, err);
        if (is_there <= 0) {
            return is_there;
        }
        if (clock_now_ms() > until_ms) {
            return error_set(err, ERROR_SYSTEM,
                             "the scheduler's pod %s-0 does not end: try again later",
                             remote_name(c->remote));
        }
        if (k8s_wait(c->k8s, -1, EVERY_MS, err) != 0) {
            return -1;
        }
    }
}

static int remove_scheduler(struct cleaning *c, struct error *err)
{
    json_t *found = NULL;
    int rc = find_named(c, K8S_STATEFUL_SETS, remote_name(c->remote), &found, err);
    if (rc == 0 && found != NULL) {
        rc = remove_object(c, K8S_STATEFUL_SETS, found, true, err);
    }
    json_decref(found);
    return rc == 0 ? wait_for_scheduler(c, err) : rc;
}

static int remove_jobs(struct cleaning *c, struct error *err)
{
    size_t i = 0;
    const json_t *job = NULL;
    json_t *jobs = list_run(c, K8S_JOBS, NULL, err);
    int rc = jobs == NULL ? -1 : 0;
    json_array_foreach(jobs, i, job)
    {
        rc = rc == 0 ? remove_object(c, K8S_JOBS, job, false, err) : rc;
    }
    json_decref(jobs);
    return rc;
}

static int remove_rest(struct cleaning *c, struct error *err)
{
    static const struct {
        enum k8s_resource resource;
        const char *suffix;
    } rest[] = {{K8S_SERVICES, ""},
                {K8S_CONFIG_MAPS, "-run"},
                {K8S_SECRETS, "-scheduler"},
                {K8S_SECRETS, "-worker"}};
    char name[NAME_SIZE];
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < ARRAY_LENGTH(rest); i++) {
        (void)snprintf(name, sizeof name, "%s%s", remote_name(c->remote), rest[i].suffix);
        rc = remove_named(c, rest[i].resource, name, err);
    }
    return rc;
}

static int remove_ledger(struct cleaning *c, bool with_ledger, struct error *err)
{
    size_t i = 0;
    const json_t *claim = NULL;
    json_t *claims = list_run(c, K8S_PERSISTENT_VOLUME_CLAIMS, NULL, err);
    int rc = claims == NULL ? -1 : 0;
    json_array_foreach(claims, i, claim)
    {
        if (!with_ledger) {
            buffer_printf(c->out, "left      %s %s, the ledger: --ledger removes it\n",
                          k8s_resource_kind(K8S_PERSISTENT_VOLUME_CLAIMS),
                          k8s_metadata(claim, "name"));
        } else if (rc == 0) {
            rc = remove_object(c, K8S_PERSISTENT_VOLUME_CLAIMS, claim, false, err);
        }
    }
    json_decref(claims);
    return rc;
}

/* One token lets people look at all runs of a namespace: it goes with the last. */
static int remove_token(struct cleaning *c, struct error *err)
{
    json_t *others =
        k8s_list(c->k8s, K8S_STATEFUL_SETS, "app.kubernetes.io/name=picobarn", NULL, err);
    size_t n = json_array_size(others);
    int rc = others == NULL ? -1 : 0;
    json_decref(others);
    return rc == 0 && n == 0 ? remove_named(c, K8S_SECRETS, MANIFEST_VIEW_SECRET, err) : rc;
}

int clean_cluster(struct remote *r, bool with_ledger, struct buffer *out, struct error *err)
{
    struct cleaning c = {.remote = r, .k8s = remote_k8s(r), .out = out};
    size_t before = out->size;
    if (remove_scheduler(&c, err) != 0 || remove_jobs(&c, err) != 0 ||
        remove_rest(&c, err) != 0 || remove_ledger(&c, with_ledger, err) != 0 ||
        remove_token(&c, err) != 0) {
        return -1;
    }
    if (out->size == before) {
        buffer_printf(out, "nothing of %s is in namespace %s\n", remote_name(r),
                      remote_namespace(r));
    }
    return 0;
}
