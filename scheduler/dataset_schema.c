/* SPDX-License-Identifier: Apache-2.0 */
/* dataset_schema.c - see dataset.h: what a run file may say, and what it may not.
 *
 * Each map of the file has a table of its fields (schema.h); names and combinations are checked
 * after. A typing error must never pass for a field that is not there: a sample without its
 * luminosity would be scaled wrongly and in silence, not refused, by everything below. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/size.h"
#include "scheduler/dataset_schema.h"

enum { PROCESSES_MOST = 1000, ERAS_MOST = 1000, TARGET_EVENTS = 50000, FOLDER_SIZE = 4096 };

/* The whole file: its parts, all borrowed but the name. */
struct draft {
    char *analysis;
    const struct yaml *parameters;
    const struct yaml *shards;
    const struct yaml *samples;
    const struct yaml *columns;
    const struct yaml *units;
    const struct yaml *eras;
    const struct yaml *processes;
    const struct yaml *kubernetes;
};

#define OF(member) offsetof(struct draft, member)

/* clang-format off */
static const struct field run_fields[] = {
    {"analysis", FIELD_TEXT, OF(analysis), .required = true, .most = DATASET_NAME_MOST},
    {"parameters", FIELD_MAP, OF(parameters)},
    {"shards", FIELD_MAP, OF(shards)},
    {"samples", FIELD_LIST, OF(samples), .required = true},
    {"columns", FIELD_MAP, OF(columns)},
    {"units", FIELD_MAP, OF(units)},
    {"eras", FIELD_MAP, OF(eras)},
    {"processes", FIELD_LIST, OF(processes)},
    {"kubernetes", FIELD_MAP, OF(kubernetes)},
};

static const struct field shards_fields[] = {
    {"target_events", FIELD_COUNT, offsetof(struct dataset, target_events), .above = 1,
     .most = 0x1p40},
};

static const struct field era_fields[] = {
    {"energy_tev", FIELD_REAL, offsetof(struct era, energy_tev), .most = 1e6},
    {"luminosity_pb", FIELD_REAL, offsetof(struct era, luminosity_pb), .most = 1e12},
};

static const struct field process_fields[] = {
    {"name", FIELD_TEXT, offsetof(struct process, name), .required = true,
     .most = DATASET_NAME_MOST},
    {"title", FIELD_TEXT, offsetof(struct process, title), .most = DATASET_NAME_MOST},
    {"signal", FIELD_FLAG, offsetof(struct process, signal)},
};

/* Read into an array of texts in this order. */
static const struct field unit_fields[] = {
    {"energy", FIELD_TEXT, 0, .most = DATASET_NAME_MOST, .words = "GeV MeV TeV"},
    {"length", FIELD_TEXT, sizeof(char *), .most = DATASET_NAME_MOST, .words = "cm mm um m"},
};

static const struct field era_name = {"", FIELD_LABEL, 0, .above = 1, .most = DATASET_ERA_MOST};
static const struct field column_name = {"", FIELD_TEXT, 0, .most = DATASET_COLUMN_MOST};
/* clang-format on */

/* One parameter after the other, so that what is wrong has its line; then all together. */
static int read_parameters(struct dataset *d, const struct place *place, const struct yaml *map,
                           struct error *err)
{
    const struct analysis *a = d->analysis;
    for (size_t i = 0; map != NULL && i < map->n; i++) {
        json_t *value = yaml_to_json(map->item[i]);
        json_t *one = value == NULL ? NULL : json_pack("{s:o}", map->key[i], value);
        struct settings settings = {.n = 0};
        int rc = one == NULL
                     ? error_no_memory(err, "a run file")
                     : settings_init(&settings, a->parameter, a->n_parameters, one, err);
        settings_release(&settings);
        json_decref(one);
        if (rc != 0) {
            return schema_prefix(place, map->key_line[i], err);
        }
    }
    json_t *all = map == NULL ? json_object() : yaml_to_json(map);
    int rc = all == NULL ? error_no_memory(err, "a run file")
                         : settings_init(&d->settings, a->parameter, a->n_parameters, all, err);
    json_decref(all);
    return rc == 0 ? 0 : schema_prefix(place, map == NULL ? 1 : map->line, err);
}

static int read_units(struct dataset *d, const struct place *place, const struct yaml *map,
                      struct error *err)
{
    char *unit[ARRAY_LENGTH(unit_fields)] = {NULL};
    uint32_t given = 0;
    int rc = schema_read(place, map, SCHEMA(unit_fields), unit, &given, err);
    d->units = rc == 0 && given != 0 ? json_object() : NULL;
    for (size_t i = 0; i < ARRAY_LENGTH(unit_fields); i++) {
        if (rc == 0 && unit[i] != NULL &&
            json_object_set_new(d->units, unit_fields[i].name, json_string(unit[i])) != 0) {
            rc = error_no_memory(err, "a run file");
        }
        free(unit[i]);
    }
    return rc;
}

static bool is_name(struct nearest *nearest, const char *name)
{
    if (name != NULL) {
        nearest_offer(nearest, name);
    }
    return name != NULL && strcmp(name, nearest->word) == 0;
}

/* Whether something of the run reads a column of this name; else what may have been meant. */
static bool is_column(const struct dataset *d, struct nearest *nearest)
{
    bool found = false;
    for (size_t i = 0; i < d->analysis->n_needs; i++) {
        found = is_name(nearest, d->analysis->need[i].name) || found;
        found = is_name(nearest, d->analysis->need[i].counter) || found;
    }
    for (size_t i = 0; i < d->n_samples; i++) {
        found = is_name(nearest, d->sample[i].weight) || found;
    }
    return found;
}

static int read_column(struct dataset *d, const struct place *place, const struct yaml *map,
                       size_t index, struct error *err)
{
    struct nearest nearest = nearest_to(map->key[index]);
    if (!is_column(d, &nearest)) {
        char suggestion[SUGGESTION_SIZE];
        schema_suggest(&nearest, suggestion);
        return schema_fail(place, map->key_line[index], err, "%s reads no column \"%.60s\"%s",
                           d->analysis->name, map->key[index], suggestion);
    }
    struct place in = schema_in(place, map->key[index]);
    char *name = NULL;
    if (schema_read_one(&in, map->item[index], &column_name, &name, err) != 0) {
        return -1;
    }
    int rc = json_object_set_new(d->names, map->key[index], json_string(name));
    free(name);
    return rc == 0 ? 0 : error_no_memory(err, "a run file");
}

static int read_columns(struct dataset *d, const struct place *place, const struct yaml *map,
                        struct error *err)
{
    if (map->n == 0) {
        return 0;
    }
    d->names = json_object();
    if (d->names == NULL) {
        return error_no_memory(err, "a run file");
    }
    for (size_t i = 0; i < map->n; i++) {
        if (read_column(d, place, map, i, err) != 0) {
            return -1;
        }
    }
    return 0;
}

/* An era's name is a key, read as if it were a value. */
static int read_era(struct dataset *d, const struct place *place, const struct yaml *map,
                    size_t index, struct error *err)
{
    struct place in = schema_in(place, map->key[index]);
    struct yaml key = {.kind = YAML_SCALAR, .line = map->key_line[index], .plain = true};
    key.text = map->key[index];
    struct era era = {.name = 0};
    uint32_t given = 0;
    if (schema_read_one(&in, &key, &era_name, &era.name, err) != 0 ||
        schema_read(&in, map->item[index], SCHEMA(era_fields), &era, &given, err) != 0) {
        return -1;
    }
    if (dataset_era(d, era.name) != NULL) {
        return schema_fail(&in, key.line, err, "this era a second time");
    }
    d->era[d->n_eras++] = era;
    return 0;
}

static int read_eras(struct dataset *d, const struct place *place, const struct yaml *map,
                     struct error *err)
{
    if (map->n > ERAS_MOST) {
        return schema_fail(place, map->line, err, "%zu eras, more than %d", map->n, ERAS_MOST);
    }
    d->era = calloc(map->n + 1, sizeof *d->era);
    if (d->era == NULL) {
        return error_no_memory(err, "a run file");
    }
    for (size_t i = 0; i < map->n; i++) {
        if (read_era(d, place, map, i, err) != 0) {
            return -1;
        }
    }
    return 0;
}

static const struct process *find_process(const struct dataset *d, const char *name, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (strcmp(d->process[i].name, name) == 0) {
            return &d->process[i];
        }
    }
    return NULL;
}

static int name_process(struct process *p, const char *name, struct error *err)
{
    p->name = p->name == NULL ? strdup(name) : p->name;
    p->title = p->title == NULL ? strdup(name) : p->title;
    return p->name != NULL && p->title != NULL ? 0 : error_no_memory(err, "a run file");
}

static int read_processes(struct dataset *d, const struct place *place, const struct yaml *list,
                          struct error *err)
{
    for (size_t i = 0; list != NULL && i < list->n; i++) {
        struct place at = schema_item(place, i);
        struct process *p = &d->process[d->n_processes++];
        uint32_t given = 0;
        if (schema_read(&at, list->item[i], SCHEMA(process_fields), p, &given, err) != 0 ||
            name_process(p, p->name, err) != 0) {
            return -1;
        }
        if (find_process(d, p->name, i) != NULL) {
            struct place in = schema_in(&at, "name");
            return schema_fail(&in, schema_line(list->item[i], "name"), err,
                               "\"%.60s\" a second time", p->name);
        }
    }
    return 0;
}

/* A sample's process that is not in the list: its layer would stand where nobody put it. */
static int refuse_process(const struct dataset *d, const struct place *place,
                          const struct yaml *list, const struct sample *s, struct error *err)
{
    char suggestion[SUGGESTION_SIZE];
    struct nearest nearest = nearest_to(s->process);
    for (size_t i = 0; i < d->n_processes; i++) {
        nearest_offer(&nearest, d->process[i].name);
    }
    schema_suggest(&nearest, suggestion);
    return schema_fail(place, list->line, err,
                       "\"%.60s\", the process of sample \"%.60s\", is not listed%s",
                       s->process, s->name, suggestion);
}

/* Those that are listed; without a list those that the samples name. */
static int make_processes(struct dataset *d, const struct place *place, const struct yaml *list,
                          struct error *err)
{
    size_t n = list == NULL ? 0 : list->n;
    if (n > PROCESSES_MOST) {
        return schema_fail(place, list->line, err, "%zu processes, more than %d", n,
                           PROCESSES_MOST);
    }
    d->process = calloc(n + d->n_samples + 1, sizeof *d->process);
    if (d->process == NULL) {
        return error_no_memory(err, "a run file");
    }
    if (read_processes(d, place, list, err) != 0) {
        return -1;
    }
    for (size_t i = 0; i < d->n_samples; i++) {
        const char *name = d->sample[i].process;
        if (name == NULL || find_process(d, name, d->n_processes) != NULL) {
            continue;
        }
        if (n > 0) {
            return refuse_process(d, place, list, &d->sample[i], err);
        }
        if (name_process(&d->process[d->n_processes++], name, err) != 0) {
            return -1;
        }
    }
    return 0;
}

static int read_shards(struct dataset *d, const struct place *place, const struct yaml *map,
                       struct error *err)
{
    uint32_t given = 0;
    d->target_events = TARGET_EVENTS;
    return map == NULL ? 0 : schema_read(place, map, SCHEMA(shards_fields), d, &given, err);
}

/* In the order in which they need each other. */
static int read_parts(struct dataset *d, const struct place *root, const struct draft *draft,
                      struct error *err)
{
    struct place parameters = schema_in(root, "parameters");
    struct place shards = schema_in(root, "shards");
    struct place units = schema_in(root, "units");
    struct place eras = schema_in(root, "eras");
    struct place samples = schema_in(root, "samples");
    struct place columns = schema_in(root, "columns");
    struct place processes = schema_in(root, "processes");
    struct place kubernetes = schema_in(root, "kubernetes");
    if (read_parameters(d, &parameters, draft->parameters, err) != 0 ||
        read_shards(d, &shards, draft->shards, err) != 0 ||
        (draft->units != NULL && read_units(d, &units, draft->units, err) != 0) ||
        (draft->eras != NULL && read_eras(d, &eras, draft->eras, err) != 0) ||
        dataset_read_samples(d, &samples, draft->samples, err) != 0 ||
        (draft->columns != NULL && read_columns(d, &columns, draft->columns, err) != 0) ||
        (draft->kubernetes != NULL &&
         dataset_read_kubernetes(d, &kubernetes, draft->kubernetes, err) != 0)) {
        return -1;
    }
    return make_processes(d, &processes, draft->processes, err);
}

static int read_run(struct dataset *d, const struct place *root, const struct yaml *map,
                    struct error *err)
{
    struct draft draft = {.analysis = NULL};
    uint32_t given = 0;
    int rc = schema_read(root, map, SCHEMA(run_fields), &draft, &given, err);
    if (rc == 0) {
        struct place in = schema_in(root, "analysis");
        d->analysis = analysis_find(draft.analysis, err);
        rc = d->analysis != NULL ? read_parts(d, root, &draft, err)
                                 : schema_prefix(&in, schema_line(map, "analysis"), err);
    }
    free(draft.analysis);
    return rc;
}

/* The run file and its folder, absolute. By name only: it may be gone when a run that was
 * made from it is looked at. */
static int set_place(struct dataset *d, const char *path, struct error *err)
{
    char here[FOLDER_SIZE];
    const char *end = strrchr(path, '/');
    size_t size = end == NULL ? 0 : (size_t)(end - path);
    char *folder = strndup(path, end == path ? 1 : size);
    d->path = strdup(path);
    if (folder == NULL || d->path == NULL) {
        free(folder);
        return error_no_memory(err, "a path");
    }
    if (folder[0] == '/') {
        d->folder = folder;
        return 0;
    }
    int rc = 0;
    if (getcwd(here, sizeof here) == NULL) {
        rc = error_set(err, ERROR_SYSTEM, "%s: the current folder has no name", path);
    } else {
        d->folder = folder[0] == '\0' ? strdup(here) : file_join(here, folder);
        rc = d->folder == NULL ? error_no_memory(err, "a path") : 0;
    }
    free(folder);
    return rc;
}

/* YAML's own errors ("line 12: ...") in the form of ours ("RUN.yaml:12: ..."). */
static void place_syntax_error(const char *path, struct error *err)
{
    static const char line[] = "line ";
    if (err == NULL) {
        return;
    }
    if (err->kind == ERROR_INPUT && strncmp(err->text, line, strlen(line)) == 0) {
        struct error inner = *err;
        (void)error_set(err, ERROR_INPUT, "%s:%s", path, inner.text + strlen(line));
        return;
    }
    (void)error_prefix(err, "%s", path);
}

struct dataset *dataset_parse(const char *path, const void *text, size_t size,
                              struct error *err)
{
    struct yaml *map = yaml_parse(text, size, err);
    if (map == NULL) {
        place_syntax_error(path, err);
        return NULL;
    }
    struct place root = {.file = path};
    struct dataset *d = calloc(1, sizeof *d);
    if (d == NULL) {
        (void)error_no_memory(err, "a run file");
    } else if (set_place(d, path, err) != 0 || read_run(d, &root, map, err) != 0) {
        dataset_destroy(d);
        d = NULL;
    }
    yaml_destroy(map);
    return d;
}
