/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_dataset.c - fuzzes scheduler/dataset.h: what is taken is complete and can be specified;
 * what is refused names the file and a line. And of what is taken the objects for Kubernetes can be
 * made, and written as YAML. */
#include <string.h>

#include "k8s/manifest.h"
#include "scheduler/dataset.h"
#include "tests/fuzz/fuzz.h"

static void check_sample(const struct dataset *d, const struct sample *s)
{
    FUZZ_CHECK(s->name != NULL && s->name[0] != '\0');
    FUZZ_CHECK(s->n_patterns > 0 && s->channels != 0 && s->scale > 0);
    FUZZ_CHECK(s->simulation == (s->process != NULL));
    FUZZ_CHECK(s->simulation || (s->weight == NULL && s->generated == 0));
    FUZZ_CHECK(!s->simulation || s->luminosity_pb == 0);
    FUZZ_CHECK(d->n_eras == 0 || dataset_era(d, s->era) != NULL);
    for (size_t i = 0; i < s->n_patterns; i++) {
        FUZZ_CHECK(s->pattern[i].pattern[0] != '\0' && s->pattern[i].line >= 1);
    }
    bool found = s->process == NULL;
    for (size_t i = 0; i < d->n_processes; i++) {
        found = found || strcmp(d->process[i].name, s->process) == 0;
    }
    FUZZ_CHECK(found);
}

static void check_object(json_t *object)
{
    struct buffer text = {0};
    const json_t *borrowed = object;
    FUZZ_CHECK(object != NULL);
    /* A patch may be as deep as the reader takes, and then the object is deeper. */
    if (manifest_write_yaml(&borrowed, 1, false, &text, NULL) == 0) {
        FUZZ_CHECK(text.size > 0);
    }
    buffer_release(&text);
    json_decref(object);
}

static void check_placement(const struct placement *p)
{
    if (p == NULL || manifest_check_placement(p, NULL) != 0) {
        return; /* it has no image */
    }
    struct manifest_run r = {.name = "n", .namespace = "s", .run_id = "r", .placement = p};
    struct manifest_job job = {.n_indexes = 2, .parallelism = 1, .shards_per_index = 1};
    check_object(manifest_scheduler(&r, "", false, NULL));
    check_object(manifest_job(&r, &job, NULL));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct error err = {0};
    struct dataset *d = dataset_parse("/RUN.yaml", data, size, &err);
    if (d == NULL) {
        fuzz_check_refused(&err, ERROR_INPUT);
        FUZZ_CHECK(strncmp(err.text, "/RUN.yaml:", 10) == 0);
        return 0;
    }
    FUZZ_CHECK(d->n_samples > 0 && d->target_events > 0);
    for (size_t i = 0; i < d->n_samples; i++) {
        check_sample(d, &d->sample[i]);
    }
    check_placement(d->placement);
    json_t *json = dataset_specification(d);
    FUZZ_CHECK(json != NULL);
    json_decref(json);
    dataset_destroy(d);
    return 0;
}
