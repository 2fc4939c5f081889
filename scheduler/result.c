/* SPDX-License-Identifier: Apache-2.0 */
/* result.c - what was found; how it came about is in result_report.c. See result.h
 *
 * Nothing in here may depend on how it was computed: no path, time, shard or worker, and no
 * function of libm; doubles are summed in the dataset's order of samples, files and bins. */
#include "scheduler/result.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "scheduler/uhi.h"

enum { RESULT_FORMAT = 1 };

static json_t *no_memory(struct error *err)
{
    (void)error_no_memory(err, "the result");
    return NULL;
}

static int put(json_t *object, const char *key, json_t *value, struct error *err)
{
    return json_object_set_new(object, key, value) == 0 ? 0
                                                        : error_no_memory(err, "the result");
}

bool result_fills(const struct dataset *d, const struct sample *sample, const char *channel)
{
    for (size_t c = 0; c < d->analysis->n_channels; c++) {
        if (strcmp(d->analysis->channel[c], channel) == 0) {
            return (sample->channels >> c & 1) != 0;
        }
    }
    return true; /* no channel of the table */
}

static json_t *channels_to_json(const struct dataset *d, const struct sample *sample)
{
    json_t *list = json_array();
    for (size_t c = 0; c < d->analysis->n_channels; c++) {
        if ((sample->channels >> c & 1) != 0) {
            (void)json_array_append_new(list, json_string(d->analysis->channel[c]));
        }
    }
    return list;
}

/* A sum of weights, or an error that says it is no number. */
static int put_sum(json_t *object, const struct exact *sum, struct error *err)
{
    double value = exact_round(sum);
    if (!isfinite(value)) {
        return error_set(err, ERROR_INPUT, "a sum of weights is larger than any double");
    }
    return put(object, "sum_of_weights", json_real(value), err);
}

static json_t *cutflow_to_json(const struct dataset *d, const struct sample *sample,
                               const struct partial *sum, struct error *err)
{
    json_t *list = json_array();
    for (size_t i = 0; i < sum->n_steps; i++) {
        const struct partial_step *step = &sum->step[i];
        if (!result_fills(d, sample, step->channel)) {
            continue;
        }
        json_t *row = json_pack("{s:s, s:s, s:I}", "channel", step->channel, "name", step->name,
                                "events", (json_int_t)step->n_events);
        int rc = sum->weighted ? put_sum(row, &step->sumw, err) : 0;
        if (rc != 0 || json_array_append(list, row) != 0) {
            json_decref(row);
            json_decref(list);
            return rc != 0 ? NULL : no_memory(err);
        }
        json_decref(row);
    }
    return list;
}

static json_t *histograms_to_json(const struct dataset *d, const struct sample *sample,
                                  const struct partial *sum, struct error *err)
{
    json_t *list = json_array();
    for (size_t i = 0; i < sum->n_hists; i++) {
        const struct partial_hist *h = &sum->hist[i];
        if (!result_fills(d, sample, h->channel)) {
            continue;
        }
        json_t *uhi = uhi_to_json(h, err);
        json_t *row = uhi == NULL
                          ? NULL
                          : json_pack("{s:s, s:s, s:s, s:o}", "name", h->name, "channel",
                                      h->channel, "variation", h->variation, "histogram", uhi);
        if (row == NULL || json_array_append_new(list, row) != 0) {
            json_decref(list);
            return uhi == NULL ? NULL : no_memory(err);
        }
    }
    return list;
}

/* Did this file give something to the sample's sums? */
static bool contributes(const struct run *r, const struct merge *m, size_t file, size_t sample)
{
    return r->file[file].sample == sample && m->file[file].n_shards > 0;
}

static int compare_inputs(const void *a, const void *b)
{
    const struct run_file *const *f = a;
    const struct run_file *const *g = b;
    int order = strcmp(json_string_value(json_object_get((*f)->inspection, "digest")),
                       json_string_value(json_object_get((*g)->inspection, "digest")));
    return order != 0 ? order : ((*f)->size > (*g)->size) - ((*f)->size < (*g)->size);
}

static json_t *inputs_to_json(const struct run *r, const struct merge *m, size_t sample,
                              struct error *err)
{
    const struct run_file **file = calloc(r->n_files + 1, sizeof *file);
    json_t *list = json_array();
    size_t n = 0;
    int rc = file == NULL || list == NULL ? error_no_memory(err, "the result") : 0;
    for (size_t i = 0; rc == 0 && i < r->n_files; i++) {
        if (!contributes(r, m, i, sample)) {
            continue;
        }
        if (!json_is_string(json_object_get(r->file[i].inspection, "digest"))) {
            rc =
                error_set(err, ERROR_PEER, "%s: its inspection has no digest", r->file[i].path);
        }
        file[n++] = &r->file[i];
    }
    if (rc == 0) {
        qsort(file, n, sizeof *file, compare_inputs);
    }
    for (size_t i = 0; rc == 0 && i < n; i++) {
        json_t *digest = json_object_get(file[i]->inspection, "digest");
        json_t *row =
            json_pack("{s:I, s:O}", "size", (json_int_t)file[i]->size, "digest", digest);
        rc = json_array_append_new(list, row) == 0 ? 0 : error_no_memory(err, "the result");
    }
    free(file);
    if (rc != 0) {
        json_decref(list);
        return NULL;
    }
    return list;
}

static int compare_keys(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The keys of an object, sorted; NULL without memory. */
static json_t *sorted_keys(json_t *set)
{
    size_t n = 0;
    const char **key = calloc(json_object_size(set) + 1, sizeof *key);
    json_t *list = json_array();
    for (void *at = json_object_iter(set); key != NULL && at != NULL;
         at = json_object_iter_next(set, at)) {
        key[n++] = json_object_iter_key(at);
    }
    if (key != NULL) {
        qsort(key, n, sizeof *key, compare_keys);
    }
    for (size_t i = 0; i < n; i++) {
        (void)json_array_append_new(list, json_string(key[i]));
    }
    free(key);
    return list;
}

/* Of each group of alternatives all choices that this sample's files made. */
static json_t *alternatives_to_json(const struct run *r, const struct merge *m, size_t sample)
{
    json_t *sets = json_object(); /* group -> choice -> true */
    for (size_t i = 0; i < r->n_files; i++) {
        json_t *made = json_object_get(r->file[i].inspection, "alternatives");
        const char *group = NULL;
        json_t *choice = NULL;
        if (!contributes(r, m, i, sample)) {
            continue;
        }
        json_object_foreach(made, group, choice)
        {
            if (json_object_get(sets, group) == NULL) {
                (void)json_object_set_new(sets, group, json_object());
            }
            (void)json_object_set_new(json_object_get(sets, group), json_string_value(choice),
                                      json_true());
        }
    }
    json_t *all = json_object();
    const char *group = NULL;
    json_t *set = NULL;
    json_object_foreach(sets, group, set)
    {
        (void)json_object_set_new(all, group, sorted_keys(set));
    }
    json_decref(sets);
    return all;
}

/* What made the sample, if it was made; NULL if it was recorded. */
static json_t *generator_to_json(const struct run *r, const struct merge *m, size_t sample)
{
    json_t *set = json_object();
    for (size_t i = 0; i < r->n_files; i++) {
        const char *generator =
            json_string_value(json_object_get(r->file[i].inspection, "generator"));
        if (generator != NULL && contributes(r, m, i, sample)) {
            (void)json_object_set_new(set, generator, json_true());
        }
    }
    json_t *names = sorted_keys(set);
    json_decref(set);
    struct buffer text = {0};
    for (size_t i = 0; i < json_array_size(names); i++) {
        buffer_printf(&text, "%s%s", i == 0 ? "" : "; ",
                      json_string_value(json_array_get(names, i)));
    }
    json_t *joined = text.size == 0 ? NULL : json_string(buffer_string(&text));
    json_decref(names);
    buffer_release(&text);
    return joined;
}

static json_t *coverage_to_json(const struct merge_sample *s, bool simulation)
{
    json_t *coverage = json_pack("{s:I, s:I}", "events", (json_int_t)s->n_events,
                                 "events_planned", (json_int_t)s->n_events_planned);
    if (!simulation && s->luminosity_pb > 0) {
        (void)json_object_set_new(coverage, "luminosity_pb", json_real(s->luminosity_seen_pb));
        (void)json_object_set_new(coverage, "luminosity_planned_pb",
                                  json_real(s->luminosity_pb));
    }
    return coverage;
}

/* How the sample is to be scaled: what the run file says of it. */
static int put_scaling(json_t *object, const struct sample *sample, struct error *err)
{
    if (!sample->simulation) {
        return 0;
    }
    int rc = put(object, "scale", json_real(sample->scale), err);
    if (rc == 0 && sample->process != NULL) {
        rc = put(object, "process", json_string(sample->process), err);
    }
    if (rc == 0 && sample->cross_section_pb > 0) {
        rc = put(object, "cross_section_pb", json_real(sample->cross_section_pb), err);
    }
    if (rc == 0 && sample->generated > 0) {
        rc = put(object, "generated", json_real(sample->generated), err);
    }
    if (rc == 0 && sample->weight != NULL) {
        rc = put(object, "weight", json_string(sample->weight), err);
    }
    return rc;
}

/* The bulk of a sample: each of these fails by itself and says why. */
static int put_contents(json_t *object, const struct run *r, const struct merge *m, size_t i,
                        struct error *err)
{
    const struct dataset *d = r->dataset;
    const struct partial *sum = &m->sample[i].sum;
    json_t *inputs = inputs_to_json(r, m, i, err);
    if (inputs == NULL || put(object, "inputs", inputs, err) != 0) {
        return -1;
    }
    json_t *cutflow = cutflow_to_json(d, &d->sample[i], sum, err);
    if (cutflow == NULL || put(object, "cutflow", cutflow, err) != 0) {
        return -1;
    }
    json_t *histograms = histograms_to_json(d, &d->sample[i], sum, err);
    if (histograms == NULL || put(object, "histograms", histograms, err) != 0) {
        return -1;
    }
    json_t *generator = generator_to_json(r, m, i);
    if (generator != NULL && put(object, "generator", generator, err) != 0) {
        return -1;
    }
    return sum->weighted ? put_sum(object, &sum->sumw, err) : 0;
}

static json_t *sample_to_json(const struct run *r, const struct merge *m, size_t i,
                              struct error *err)
{
    const struct sample *sample = &r->dataset->sample[i];
    json_t *object = json_pack("{s:s, s:s, s:i, s:o, s:o, s:o}", "name", sample->name, "kind",
                               sample->simulation ? "simulation" : "data", "era", sample->era,
                               "channels", channels_to_json(r->dataset, sample), "coverage",
                               coverage_to_json(&m->sample[i], sample->simulation),
                               "alternatives", alternatives_to_json(r, m, i));
    if (object == NULL) {
        return no_memory(err);
    }
    if (put_scaling(object, sample, err) != 0 || put_contents(object, r, m, i, err) != 0) {
        (void)error_prefix(err, "sample %s", sample->name);
        json_decref(object);
        return NULL;
    }
    return object;
}

static json_t *samples_to_json(const struct run *r, const struct merge *m, struct error *err)
{
    json_t *list = json_array();
    for (size_t i = 0; i < m->n_samples; i++) {
        json_t *sample = sample_to_json(r, m, i, err);
        if (sample == NULL || json_array_append_new(list, sample) != 0) {
            json_decref(list);
            return sample == NULL ? NULL : no_memory(err);
        }
    }
    return list;
}

json_t *result_to_json(const struct run *r, const struct merge *m, struct error *err)
{
    const struct dataset *d = r->dataset;
    json_int_t events = 0;
    json_int_t planned = 0;
    for (size_t i = 0; i < m->n_samples; i++) {
        events += (json_int_t)m->sample[i].n_events;
        planned += (json_int_t)m->sample[i].n_events_planned;
    }
    double seen_pb = 0;
    double planned_pb = 0;
    merge_luminosity(m, d, &seen_pb, &planned_pb);
    json_t *samples = samples_to_json(r, m, err);
    if (samples == NULL) {
        return NULL;
    }
    json_t *all = json_pack("{s:s, s:i, s:{s:s, s:i, s:o}, s:{s:I, s:I, s:f, s:f}, s:o}",
                            "picobarn", "result", "format", RESULT_FORMAT, "analysis", "name",
                            d->analysis->name, "version", (int)d->analysis->version,
                            "parameters", settings_to_json(&d->settings), "coverage", "events",
                            events, "events_planned", planned, "luminosity_pb", seen_pb,
                            "luminosity_planned_pb", planned_pb, "samples", samples);
    return all == NULL ? no_memory(err) : all;
}

static int write_json(const struct run *r, const char *name, const struct buffer *text,
                      struct error *err)
{
    char *path = run_path(r, name);
    int rc = path == NULL || text->failed ? error_no_memory(err, name)
                                          : file_write(path, 0644, text->data, text->size, err);
    free(path);
    return rc;
}

static int write_result(const struct run *r, const struct merge *m,
                        char sha256[DIGEST_SHA256_HEX], struct error *err)
{
    struct buffer text = {0};
    json_t *result = result_to_json(r, m, err);
    int rc = result == NULL ? -1 : json_write_canonical(result, &text, err);
    if (rc == 0 && (rc = write_json(r, "result.json", &text, err)) == 0) {
        digest_sha256_hex(text.data, text.size, sha256);
    }
    json_decref(result);
    buffer_release(&text);
    return rc;
}

int result_write(const struct run *r, const struct merge *m, char sha256[DIGEST_SHA256_HEX],
                 struct error *err)
{
    if (write_result(r, m, sha256, err) != 0) {
        return -1;
    }
    struct buffer text = {0};
    json_t *report = result_report(r, m, err);
    int rc = report == NULL ? -1 : put(report, "result_sha256", json_string(sha256), err);
    rc = rc == 0 ? json_write_pretty(report, &text, err) : rc;
    buffer_raw(&text, "\n", 1);
    rc = rc == 0 ? write_json(r, "run.json", &text, err) : rc;
    json_decref(report);
    buffer_release(&text);
    return rc;
}
