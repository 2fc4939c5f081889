/* SPDX-License-Identifier: Apache-2.0 */
/* sample_placement.h - a run with a placement for tests of its objects. */
#ifndef TESTS_SUPPORT_SAMPLE_PLACEMENT_H
#define TESTS_SUPPORT_SAMPLE_PLACEMENT_H

#include "k8s/manifest.h"
#include "tests/support/check.h"

struct sample_run {
    struct placement placement;
    struct manifest_run run;
};

static inline void sample_run_init(struct sample_run *s)
{
    struct error err = {0};
    *s = (struct sample_run){.placement = {.image = strdup("registry.example.org/p:1")}};
    check_ok(placement_complete(&s->placement, &err), &err);
    s->run = (struct manifest_run){
        .name = "demo", .namespace = "physics", .run_id = "r1", .placement = &s->placement};
}

static inline void sample_run_release(struct sample_run *s)
{
    placement_release(&s->placement);
}

/* What stands at a path of keys and indexes, "spec template 0 name"; NULL if nothing. */
static inline const json_t *json_at(const json_t *value, const char *path)
{
    char *words = strdup(path);
    char *rest = NULL;
    assert_non_null(words);
    for (char *word = strtok_r(words, " ", &rest); word != NULL;
         word = strtok_r(NULL, " ", &rest)) {
        value = json_is_array(value) ? json_array_get(value, strtoul(word, NULL, 10))
                                     : json_object_get(value, word);
    }
    free(words);
    return value;
}

/* Fails unless what stands at the path is this, written compactly with sorted keys. */
static inline void check_at(const json_t *value, const char *path, const char *expected)
{
    const json_t *found = json_at(value, path);
    if (found == NULL) {
        fail_msg("there is nothing at %s", path);
    }
    char *text = json_dumps(found, JSON_SORT_KEYS | JSON_COMPACT | JSON_ENCODE_ANY);
    assert_non_null(text);
    if (strcmp(text, expected) != 0) {
        fail_msg("%s is %s, not %s", path, text, expected);
    }
    free(text);
}

#endif
