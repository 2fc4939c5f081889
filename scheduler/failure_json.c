/* SPDX-License-Identifier: Apache-2.0 */
/* failure_json.c - see failure_json.h */
#include "scheduler/failure_json.h"

#include "scheduler/human.h"
#include "scheduler/look.h"

void failure_put_rerun(const struct run *r, const struct failure *one, struct buffer *out)
{
    buffer_printf(out, "picobarn rerun ");
    look_name(r, out);
    if (one != NULL && one->what == LEASE_SHARD) {
        buffer_printf(out, " --shard %llu", (unsigned long long)r->shard[one->index].id);
    }
}

void failure_put_by_hand(const struct run *r, const struct failure *one, struct buffer *out)
{
    const struct run_file *f = failure_file(r, one);
    const char *weight = r->dataset->sample[f->sample].weight;
    bool is_shard = one->what == LEASE_SHARD;
    buffer_printf(out, "picobarn-worker %s ", is_shard ? "shard" : "inspect");
    human_word(out, f->path);
    if (is_shard) {
        buffer_printf(out, " --rows %llu-%llu", (unsigned long long)r->shard[one->index].first,
                      (unsigned long long)r->shard[one->index].stop);
    }
    buffer_printf(out, " --order order.json");
    if (weight != NULL) {
        buffer_printf(out, " --weight ");
        human_word(out, weight);
    }
}

void failure_put_order(const struct run *r, struct buffer *out)
{
    buffer_printf(out, "picobarn failures ");
    look_name(r, out);
    buffer_printf(out, " --order order.json");
}

static json_t *text_of(const struct run *r, const struct failure *one,
                       void (*put)(const struct run *, const struct failure *, struct buffer *))
{
    struct buffer out = {0};
    put(r, one, &out);
    const char *text = buffer_string(&out);
    json_t *value = text == NULL ? NULL : human_json(text);
    buffer_release(&out);
    return value;
}

static json_t *failure_to_json(const struct run *r, const struct failure *one)
{
    const struct run_file *f = failure_file(r, one);
    bool is_shard = one->what == LEASE_SHARD;
    json_t *row = json_pack(
        "{s:s, s:o, s:s, s:o, s:I, s:i, s:o, s:o, s:o, s:o}", "what",
        is_shard ? "shard" : "inspection", "file", human_json(f->path), "sample",
        r->dataset->sample[f->sample].name, "reason", human_json(one->reason), "attempts",
        (json_int_t)one->n_tries, "signal", (int)one->signal, "worker", human_json(one->worker),
        "log", human_json(one->log), "rerun", text_of(r, one, failure_put_rerun), "by_hand",
        text_of(r, one, failure_put_by_hand));
    if (is_shard) {
        const struct run_shard *s = &r->shard[one->index];
        (void)json_object_set_new(row, "shard", json_integer((json_int_t)s->id));
        (void)json_object_set_new(row, "first", json_integer((json_int_t)s->first));
        (void)json_object_set_new(row, "stop", json_integer((json_int_t)s->stop));
    }
    return row;
}

json_t *failures_to_json(const struct run *r, const struct failures *f, bool conflicts,
                         size_t jobs_most)
{
    json_t *list = json_array();
    for (size_t g = 0; g < f->n_groups; g++) {
        const struct failure *first = &f->failure[f->group[g].first];
        if (first->conflict != conflicts) {
            continue;
        }
        json_t *jobs = json_array();
        size_t n = f->group[g].stop - f->group[g].first;
        for (size_t i = 0; i < n && i < jobs_most; i++) {
            (void)json_array_append_new(jobs, failure_to_json(r, &first[i]));
        }
        (void)json_array_append_new(
            list, json_pack("{s:o, s:s, s:I, s:o, s:o}", "cause", human_json(first->cause),
                            "kind", error_kind_name(first->kind), "count", (json_int_t)n,
                            "rerun", text_of(r, NULL, failure_put_rerun), "jobs", jobs));
    }
    return list;
}
