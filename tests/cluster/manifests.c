/* SPDX-License-Identifier: Apache-2.0 */
/* manifests.c - k8s_manifests_try: the objects of a run, and the merging of patches, for tests that
 * show them to the real programs.
 *
 *     k8s_manifests_try objects RUN.yaml NAME NAMESPACE   all objects as YAML, with one Job
 *     k8s_manifests_try merge OBJECT.json PATCH.json      the merged pod template as JSON
 *     k8s_manifests_try yaml VALUE.json                   the value as YAML
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/size.h"
#include "base/yaml_write.h"
#include "k8s/manifest.h"
#include "scheduler/dataset.h"

enum { FILE_LIMIT = 16 << 20 };

static const struct manifest_job first_job = {
    .number = 0, .n_indexes = 6, .parallelism = 3, .shards_per_index = 16};

static int write_out(struct buffer *text, struct error *err)
{
    return fwrite(text->data, 1, text->size, stdout) == text->size && fflush(stdout) == 0
               ? 0
               : error_set(err, ERROR_SYSTEM, "standard output cannot be written");
}

static int write_objects(const struct manifest_run *r, const char *run_file, struct error *err)
{
    json_t *object[] = {
        manifest_config(r, run_file, err),
        manifest_scheduler_secret(r, "{\"a\": 1}\n", "token", err),
        manifest_worker_secret(r, "{}", err),
        manifest_view_secret(r, "view", err),
        manifest_service(r, err),
        manifest_scheduler(r, run_file, false, err),
        manifest_job(r, &first_job, err),
    };
    const json_t *borrowed[ARRAY_LENGTH(object)];
    int rc = 0;
    for (size_t i = 0; i < ARRAY_LENGTH(object); i++) {
        borrowed[i] = object[i];
        rc = object[i] == NULL ? -1 : rc;
    }
    struct buffer text = {0};
    if (rc == 0) {
        rc = manifest_write_yaml(borrowed, ARRAY_LENGTH(object), true, &text, err);
    }
    if (rc == 0) {
        rc = write_out(&text, err);
    }
    buffer_release(&text);
    for (size_t i = 0; i < ARRAY_LENGTH(object); i++) {
        json_decref(object[i]);
    }
    return rc;
}

static int objects(char **argument, struct error *err)
{
    struct buffer text = {0};
    struct dataset *d = NULL;
    int rc = file_read(argument[0], FILE_LIMIT, &text, err);
    if (rc == 0) {
        d = dataset_parse(argument[0], text.data, text.size, err);
        rc = d == NULL ? -1 : 0;
    }
    if (rc == 0 && d->placement == NULL) {
        rc = error_set(err, ERROR_INPUT, "%s has no section kubernetes", argument[0]);
    }
    if (rc == 0 && manifest_check_name(argument[1], err) == 0 &&
        manifest_check_placement(d->placement, err) == 0) {
        struct manifest_run r = {.name = argument[1],
                                 .namespace = argument[2],
                                 .run_id = "0123456789abcdef",
                                 .placement = d->placement};
        rc = write_objects(&r, buffer_string(&text), err);
    } else {
        rc = -1;
    }
    dataset_destroy(d);
    buffer_release(&text);
    return rc;
}

static int merge(char **argument, struct error *err)
{
    json_t *object = json_parse_file(argument[0], FILE_LIMIT, err);
    json_t *patch = json_parse_file(argument[1], FILE_LIMIT, err);
    struct buffer text = {0};
    int rc = object == NULL || patch == NULL ? -1 : manifest_merge(object, patch, err);
    rc = rc == 0 ? json_write_canonical(object, &text, err) : rc;
    rc = rc == 0 ? write_out(&text, err) : rc;
    buffer_release(&text);
    json_decref(object);
    json_decref(patch);
    return rc;
}

static int show(char **argument, struct error *err)
{
    json_t *value = json_parse_file(argument[0], FILE_LIMIT, err);
    struct buffer text = {0};
    int rc = value == NULL ? -1 : yaml_write(value, &text, err);
    rc = rc == 0 ? write_out(&text, err) : rc;
    buffer_release(&text);
    json_decref(value);
    return rc;
}

static const struct {
    const char *name;
    int n_arguments;
    int (*run)(char **argument, struct error *err);
} actions[] = {{"objects", 3, objects}, {"merge", 2, merge}, {"yaml", 1, show}};

int main(int argc, char **argv)
{
    struct error err = {0};
    int rc = error_set(&err, ERROR_INPUT,
                       "objects RUN.yaml NAME NAMESPACE, merge OBJECT PATCH, or yaml VALUE");
    for (size_t i = 0; argc > 1 && i < ARRAY_LENGTH(actions); i++) {
        if (strcmp(argv[1], actions[i].name) == 0 && argc == 2 + actions[i].n_arguments) {
            rc = actions[i].run(argv + 2, &err);
        }
    }
    if (rc != 0) {
        (void)fprintf(stderr, "k8s_manifests_try: %s\n", err.text);
    }
    return rc == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
