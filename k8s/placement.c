/* SPDX-License-Identifier: Apache-2.0 */
/* placement.c - see placement.h */
#include "k8s/placement.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "k8s/quantity.h"

enum { MAX_PODS = 100 };
enum { SESSION_MIB = 64 }; /* the worker's other process, its libraries and unsent partials */

/* Of a container, where the run file says nothing; limit NULL: none. */
struct share {
    const char *resource;
    const char *request;
    const char *limit;
};

/* A worker's processor limit is what its threads are counted by (worker/threads.h): without one it
 * would start as many as the node has processors, on a share of one. */
static const struct share worker_shares[] = {{"cpu", "1", "1"}, {"memory", "1Gi", "1Gi"}};

/* The scheduler is quiet but for the start and the plot: it may then have what is free. */
static const struct share scheduler_shares[] = {{"cpu", "250m", NULL},
                                                {"memory", "256Mi", "1Gi"}};

void placement_release(struct placement *p)
{
    char *const texts[] = {p->image,
                           p->image_pull_policy,
                           p->namespace,
                           p->folder,
                           p->ledger_size,
                           p->ledger_storage_class,
                           p->priority_class,
                           p->scheduler_service_account,
                           p->worker_service_account};
    json_t *const values[] = {p->image_pull_secrets,  p->volumes,       p->worker_resources,
                              p->scheduler_resources, p->ledger_volume, p->labels,
                              p->annotations,         p->worker_patch,  p->scheduler_patch};
    for (size_t i = 0; i < ARRAY_LENGTH(texts); i++) {
        free(texts[i]);
    }
    for (size_t i = 0; i < ARRAY_LENGTH(values); i++) {
        json_decref(values[i]);
    }
    *p = (struct placement){0};
}

/* 0 for what is no quantity: the check has an error for it. */
static double amount(const char *quantity)
{
    double value = 0;
    return quantity != NULL && quantity_parse(quantity, &value) ? value : 0;
}

static const char *text_of(const json_t *map, const char *key)
{
    return json_string_value(json_object_get(map, key));
}

static void complete_share(json_t *requests, json_t *limits, const struct share *s)
{
    const char *request = text_of(requests, s->resource);
    const char *limit = text_of(limits, s->resource);
    if (limit == NULL && s->limit != NULL) {
        limit = amount(request) > amount(s->limit) ? request : s->limit;
        json_object_set_new(limits, s->resource, json_string(limit));
    }
    if (request == NULL) {
        bool smaller = limit != NULL && amount(limit) < amount(s->request);
        json_object_set_new(requests, s->resource, json_string(smaller ? limit : s->request));
    }
}

static json_t *member_map(json_t *object, const char *key)
{
    if (json_object_get(object, key) == NULL) {
        json_object_set_new(object, key, json_object());
    }
    return json_object_get(object, key);
}

static void complete_resources(json_t **resources, const struct share *share, size_t n)
{
    if (*resources == NULL) {
        *resources = json_object();
    }
    json_t *requests = member_map(*resources, "requests");
    json_t *limits = member_map(*resources, "limits");
    for (size_t i = 0; i < n; i++) {
        complete_share(requests, limits, &share[i]);
    }
}

static int complete_text(char **text, const char *value, struct error *err)
{
    if (*text == NULL) {
        *text = strdup(value);
    }
    return *text != NULL ? 0 : error_no_memory(err, "a run file");
}

int placement_complete(struct placement *p, struct error *err)
{
    complete_resources(&p->worker_resources, worker_shares, ARRAY_LENGTH(worker_shares));
    complete_resources(&p->scheduler_resources, scheduler_shares,
                       ARRAY_LENGTH(scheduler_shares));
    p->max_pods = p->max_pods == 0 ? MAX_PODS : p->max_pods;
    if (complete_text(&p->ledger_size, "10Gi", err) != 0 ||
        complete_text(&p->scheduler_service_account, "picobarn-scheduler", err) != 0) {
        return -1;
    }
    return complete_text(&p->worker_service_account, "picobarn-worker", err);
}

uint64_t placement_worker_memory_mib(const struct placement *p)
{
    if (p->memory_mib > 0) {
        return p->memory_mib;
    }
    const json_t *limits = json_object_get(p->worker_resources, "limits");
    uint64_t limit_mib = (uint64_t)(amount(text_of(limits, "memory")) / 0x1p20);
    uint64_t beside = limit_mib / 8 > SESSION_MIB ? limit_mib / 8 : SESSION_MIB;
    return limit_mib > beside ? limit_mib - beside : 1;
}
