/* SPDX-License-Identifier: Apache-2.0 */
/* dataset_kubernetes.c - see dataset.h: a run file's section kubernetes.
 *
 * Its fields by the tables below; the forms of names and quantities by placement_check, which
 * names the field, whose line is then looked up. Both also where the run is not launched on
 * Kubernetes: a run file that is wrong is wrong everywhere. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "scheduler/dataset_schema.h"

enum { TEXT_MOST = 500, SHARDS_MOST = 1000000, MEMORY_MIB_MOST = 1 << 24 };
static const double deadline_s_most = 366 * 86400.0;

/* The section: what needs another table, and what goes to the placement at once. */
struct draft {
    struct placement placement;
    const struct yaml *workers;
    const struct yaml *scheduler;
    const struct yaml *ledger;
    json_t *worker_requests;
    json_t *worker_limits;
    json_t *scheduler_requests;
    json_t *scheduler_limits;
};

#define OF(member) offsetof(struct draft, member)

/* clang-format off */
static const struct field section_fields[] = {
    {"image", FIELD_TEXT, OF(placement.image), .most = TEXT_MOST},
    {"image_pull_policy", FIELD_TEXT, OF(placement.image_pull_policy), .most = TEXT_MOST,
     .words = "IfNotPresent Always Never"},
    {"image_pull_secrets", FIELD_JSON_LIST, OF(placement.image_pull_secrets)},
    {"namespace", FIELD_TEXT, OF(placement.namespace), .most = TEXT_MOST},
    {"folder", FIELD_TEXT, OF(placement.folder), .most = DATASET_PATTERN_MOST},
    {"volumes", FIELD_JSON_LIST, OF(placement.volumes)},
    {"workers", FIELD_MAP, OF(workers)},
    {"scheduler", FIELD_MAP, OF(scheduler)},
    {"ledger", FIELD_MAP, OF(ledger)},
};

static const struct field worker_fields[] = {
    {"requests", FIELD_TEXT_MAP, OF(worker_requests)},
    {"limits", FIELD_TEXT_MAP, OF(worker_limits)},
    {"max_pods", FIELD_COUNT, OF(placement.max_pods), .above = 1, .most = PLACEMENT_PODS_MOST},
    {"shards_per_index", FIELD_COUNT, OF(placement.shards_per_index), .above = 1,
     .most = SHARDS_MOST},
    {"active_deadline_s", FIELD_COUNT, OF(placement.active_deadline_s), .above = 1,
     .most = deadline_s_most},
    {"memory_mib", FIELD_COUNT, OF(placement.memory_mib), .above = 1, .most = MEMORY_MIB_MOST},
    {"labels", FIELD_TEXT_MAP, OF(placement.labels)},
    {"annotations", FIELD_TEXT_MAP, OF(placement.annotations)},
    {"priority_class", FIELD_TEXT, OF(placement.priority_class), .most = TEXT_MOST},
    {"service_account", FIELD_TEXT, OF(placement.worker_service_account), .most = TEXT_MOST},
    {"patch", FIELD_JSON_MAP, OF(placement.worker_patch)},
};

static const struct field scheduler_fields[] = {
    {"requests", FIELD_TEXT_MAP, OF(scheduler_requests)},
    {"limits", FIELD_TEXT_MAP, OF(scheduler_limits)},
    {"service_account", FIELD_TEXT, OF(placement.scheduler_service_account),
     .most = TEXT_MOST},
    {"patch", FIELD_JSON_MAP, OF(placement.scheduler_patch)},
};

static const struct field ledger_fields[] = {
    {"size", FIELD_TEXT, OF(placement.ledger_size), .most = TEXT_MOST},
    {"storage_class", FIELD_TEXT, OF(placement.ledger_storage_class), .most = TEXT_MOST},
    {"volume", FIELD_JSON_MAP, OF(placement.ledger_volume)},
};
/* clang-format on */

static int read_part(struct draft *draft, const struct place *place, const char *name,
                     const struct yaml *map, const struct schema *schema, struct error *err)
{
    struct place in = schema_in(place, name);
    uint32_t given = 0;
    return map == NULL ? 0 : schema_read(&in, map, schema, draft, &given, err);
}

/* {"requests": ..., "limits": ...} of those that are there; NULL of none. */
static json_t *pack_resources(json_t *requests, json_t *limits)
{
    bool any = requests != NULL || limits != NULL;
    return any ? json_pack("{s:O*, s:O*}", "requests", requests, "limits", limits) : NULL;
}

/* One step down: the child that field begins with ("volumes[2].name": volumes), and the rest of
 * field after it. NULL where there is none. A key may have dots itself ("kueue.x-k8s.io/queue"). */
static const struct yaml *find_child(const struct yaml *node, const char **field, size_t *line)
{
    const struct yaml *child = yaml_find(node, *field);
    char key[PLACEMENT_FIELD_SIZE];
    size_t n = child != NULL ? strlen(*field) : strcspn(*field, ".[");
    (void)snprintf(key, sizeof key, "%.*s", (int)n, *field);
    child = yaml_find(node, key);
    *line = child == NULL ? *line : schema_line(node, key);
    *field += n + ((*field)[n] == '.' ? 1 : 0);
    return child;
}

static const struct yaml *find_item(const struct yaml *node, const char **field, size_t *line)
{
    char *end = NULL;
    size_t index = strtoul(*field + 1, &end, 10); /* "[2].name" */
    const struct yaml *item =
        node->kind == YAML_LIST && index < node->n ? node->item[index] : NULL;
    *line = item == NULL ? *line : item->line;
    *field = end + strspn(end, "].");
    return item;
}

/* The line of "volumes[2].mountPath" below the section, or of what is nearest above it. */
static size_t find_line(const struct yaml *node, const char *field)
{
    size_t line = node->line;
    while (node != NULL && *field != '\0') {
        node = *field == '[' ? find_item(node, &field, &line) : find_child(node, &field, &line);
    }
    return line;
}

static int check(const struct placement *p, const struct place *place, const struct yaml *map,
                 struct error *err)
{
    char field[PLACEMENT_FIELD_SIZE] = "";
    if (placement_check(p, field, err) == 0) {
        return 0;
    }
    struct place in = schema_in(place, field);
    return schema_prefix(&in, find_line(map, field), err);
}

static int read_section(struct draft *draft, const struct place *place, const struct yaml *map,
                        struct error *err)
{
    uint32_t given = 0;
    if (schema_read(place, map, SCHEMA(section_fields), draft, &given, err) != 0 ||
        read_part(draft, place, "workers", draft->workers, SCHEMA(worker_fields), err) != 0 ||
        read_part(draft, place, "scheduler", draft->scheduler, SCHEMA(scheduler_fields), err) !=
            0 ||
        read_part(draft, place, "ledger", draft->ledger, SCHEMA(ledger_fields), err) != 0) {
        return -1;
    }
    struct placement *p = &draft->placement;
    p->worker_resources = pack_resources(draft->worker_requests, draft->worker_limits);
    p->scheduler_resources = pack_resources(draft->scheduler_requests, draft->scheduler_limits);
    return placement_complete(p, err) != 0 ? -1 : check(p, place, map, err);
}

int dataset_read_kubernetes(struct dataset *d, const struct place *place,
                            const struct yaml *map, struct error *err)
{
    struct draft draft = {.workers = NULL};
    d->placement = calloc(1, sizeof *d->placement);
    if (d->placement == NULL) {
        return error_no_memory(err, "a run file");
    }
    int rc = read_section(&draft, place, map, err);
    json_decref(draft.worker_requests);
    json_decref(draft.worker_limits);
    json_decref(draft.scheduler_requests);
    json_decref(draft.scheduler_limits);
    *d->placement = draft.placement;
    return rc;
}
