/* SPDX-License-Identifier: Apache-2.0 */
/* look_pods.c - the pods of a run in a cluster, as its launcher last told; see look.h */
#include <stdlib.h>
#include <unistd.h>

#include "scheduler/human.h"
#include "scheduler/look.h"

enum { PODS_LIMIT = 4 << 20 };

json_t *look_pods(const struct run *r)
{
    char *path = run_path(r, "pods.json");
    json_t *pods = path == NULL || access(path, R_OK) != 0
                       ? NULL
                       : json_parse_file(path, PODS_LIMIT, NULL);
    free(path);
    return pods;
}

void look_name(const struct run *r, struct buffer *out)
{
    json_t *pods = look_pods(r);
    const char *namespace = json_text(pods, "namespace");
    const char *name = json_text(pods, "name");
    if (namespace[0] == '\0' || name[0] == '\0') {
        human_word(out, r->folder);
    } else {
        buffer_printf(out, "k8s:%s/%s", namespace, name);
    }
    json_decref(pods);
}

static uint64_t count_of(const json_t *pods, const char *key)
{
    json_int_t n = json_integer_value(json_object_get(pods, key));
    return n < 0 ? 0 : (uint64_t)n;
}

void look_write_pods(const struct run *r, struct buffer *out)
{
    json_t *pods = look_pods(r);
    if (pods == NULL) {
        return;
    }
    const char *waiting = json_text(pods, "waiting");
    buffer_printf(out, "pods      ");
    human_count(out, count_of(pods, "ready"));
    buffer_printf(out, " ready of ");
    human_count(out, count_of(pods, "pods"));
    buffer_printf(out, ", at most ");
    human_count(out, count_of(pods, "max_pods"));
    size_t n_jobs = json_array_size(json_object_get(pods, "jobs"));
    buffer_printf(out, ", in %zu Job%s\n", n_jobs, n_jobs == 1 ? "" : "s");
    if (waiting[0] != '\0') {
        buffer_printf(out, "waiting   ");
        human_text(out, waiting);
        buffer_printf(out, "\n");
    }
    json_decref(pods);
}
