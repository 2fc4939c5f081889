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
        if ((sample->channels >> c & 1) != 0 &&
            json_array_append_new(list, json_string(d->analysis->channel[c])) != 0) {
            json_decref(list);
            return NULL;
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

/* What a file is known by. */
struct identity {
    const char *digest;
    uint64_t size;
};

static int compare_identities(const void *a, const void *b)
{
    const struct identity *f = a;
    const struct identity *g = b;
    int order = strcmp(f->digest, g->digest);
    return order != 0 ? order : (f->size > g->size) - (f->size < g->size);
}

/* identity[*n] of the files that contribute. */
static int list_inputs(const struct run *r, const struct merge *m, size_t sample,
                       struct identity *identity, size_t *n, struct error *err)
{
    *n = 0;
    for (size_t i = 0; i < r->n_files; i++) {
        const struct run_file *f = &r->file[i];
        if (!contributes(r, m, i, sample)) {
            continue;
        }
        const char *digest = json_string_value(json_object_get(f->inspection, "digest"));
        if (digest == NULL) {
            return error_set(err, ERROR_PEER, "%s: its inspection has no digest", f->path);
        }
        identity[(*n)++] = (struct identity){digest, f->size};
    }
    return 0;
}

static json_t *inputs_to_json(const struct run *r, const struct merge *m, size_t sample,
                              struct error *err)
{
    struct identity *identity = calloc(r->n_files + 1, sizeof *identity);
    json_t *list = json_array();
    size_t n = 0;
    if (identity == NULL || list == NULL) {
        free(identity);
        json_decref(list);
        return no_memory(err);
    }
    int rc = list_inputs(r, m, sample, identity, &n, err);
    qsort(identity, n, sizeof *identity, compare_identities);
    for (size_t i = 0; rc == 0 && i < n; i++) {
        json_t *row = json_pack("{s:I, s:s}", "size", (json_int_t)identity[i].size, "digest",
                                identity[i].digest);
        rc = json_array_append_new(list, row) == 0 ? 0 : error_no_memory(err, "the result");
    }
    free(identity);
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
    const char **key = calloc(json_object_size(set) + 1, sizeof(char *));
    json_t *list = json_array();
    if (key == NULL || list == NULL) {
        free(key);
        json_decref(list);
        return NULL;
    }
    for (void *at = json_object_iter(set); at != NULL; at = json_object_iter_next(set, at)) {
        key[n++] = json_object_iter_key(at);
    }
    qsort(key, n, sizeof(char *), compare_keys);
    int rc = 0;
    for (size_t i = 0; i < n; i++) {
        rc |= json_array_append_new(list, json_string(key[i]));
    }
    free(key);
    if (rc != 0) {
        json_decref(list);
        return NULL;
    }
    return list;
}

/* Notes the choices that one file made: group -> choice -> true. */
static int note_choices(json_t *sets, json_t *made)
{
    int rc = 0;
    const char *group = NULL;
    json_t *choice = NULL;
    json_object_foreach(made, group, choice)
    {
        if (json_object_get(sets, group) == NULL) {
            rc |= json_object_set_new(sets, group, json_object());
        }
        rc |= json_object_set_new(json_object_get(sets, group), json_string_value(choice),
                                  json_true());
    }
    return rc;
}

/* Of each group of alternatives all choices that this sample's files made. */
static json_t *alternatives_to_json(const struct run *r, const struct merge *m, size_t sample)
{
    json_t *sets = json_object();
    json_t *all = json_object();
    int rc = 0;
    for (size_t i = 0; i < r->n_files; i++) {
        if (contributes(r, m, i, sample)) {
            rc |= note_choices(sets, json_object_get(r->file[i].inspection, "alternatives"));
        }
    }
    const char *group = NULL;
    json_t *set = NULL;
    json_object_foreach(sets, group, set)
    {
        rc |= json_object_set_new(all, group, sorted_keys(set));
    }
    json_decref(sets);
    if (rc != 0) {
        json_decref(all);
        return NULL;
    }
    return all;
}

/* What made the files that contribute, as a set of names. */
static json_t *find_generators(const struct run *r, const struct merge *m, size_t sample)
{
    json_t *set = json_object();
    for (size_t i = 0; i < r->n_files; i++) {
        const char *generator =
            json_string_value(json_object_get(r->file[i].inspection, "generator"));
        if (generator != NULL && contributes(r, m, i, sample) &&
            json_object_set_new(set, generator, json_true()) != 0) {
            json_decref(set);
            return NULL;
        }
    }
    return set;
}

/* "generator", if the sample was made and not recorded. */
static int put_generator(json_t *object, const struct run *r, const struct merge *m,
                         size_t sample, struct error *err)
{
    json_t *set = find_generators(r, m, sample);
    json_t *names = set == NULL ? NULL : sorted_keys(set);
    struct buffer text = {0};
    for (size_t i = 0; i < json_array_size(names); i++) {
        buffer_printf(&text, "%s%s", i == 0 ? "" : "; ",
                      json_string_value(json_array_get(names, i)));
    }
    int rc = names == NULL || text.failed ? error_no_memory(err, "the result") : 0;
    if (rc == 0 && text.size > 0) {
        rc = put(object, "generator", json_string(buffer_string(&text)), err);
    }
    json_decref(set);
    json_decref(names);
    buffer_release(&text);
    return rc;
}

static json_t *coverage_to_json(const struct merge_sample *s, bool simulation)
{
    json_t *coverage = json_pack("{s:I, s:I}", "events", (json_int_t)s->n_events,
                                 "events_planned", (json_int_t)s->n_events_planned);
    int rc = 0;
    if (!simulation && s->luminosity_pb > 0) {
        rc |= json_object_set_new(coverage, "luminosity_pb", json_real(s->luminosity_seen_pb));
        rc |=
            json_object_set_new(coverage, "luminosity_planned_pb", json_real(s->luminosity_pb));
    }
    if (rc != 0) {
        json_decref(coverage);
        return NULL;
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
    if (put_generator(object, r, m, i, err) != 0) {
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

int result_text(const struct run *r, const struct merge *m, struct buffer *out,
                char sha256[DIGEST_SHA256_HEX], struct error *err)
{
    size_t begin = out->size;
    json_t *result = result_to_json(r, m, err);
    int rc = result == NULL ? -1 : json_write_canonical(result, out, err);
    json_decref(result);
    if (rc == 0 && out->failed) {
        return error_no_memory(err, "the result");
    }
    if (rc == 0 && sha256 != NULL) {
        digest_sha256_hex(out->data + begin, out->size - begin, sha256);
    }
    return rc;
}

int result_report_text(const struct run *r, const struct merge *m, const char *sha256,
                       struct buffer *out, struct error *err)
{
    json_t *report = result_report(r, m, err);
    int rc = report == NULL ? -1 : put(report, "result_sha256", json_string(sha256), err);
    rc = rc == 0 ? json_write_pretty(report, out, err) : rc;
    buffer_raw(out, "\n", 1);
    json_decref(report);
    return rc;
}

int result_write(const struct run *r, const struct merge *m, char sha256[DIGEST_SHA256_HEX],
                 struct error *err)
{
    struct buffer result = {0};
    struct buffer report = {0};
    int rc = result_text(r, m, &result, sha256, err);
    rc = rc == 0 ? result_report_text(r, m, sha256, &report, err) : rc;
    rc = rc == 0 ? write_json(r, "result.json", &result, err) : rc;
    rc = rc == 0 ? write_json(r, "run.json", &report, err) : rc;
    buffer_release(&report);
    buffer_release(&result);
    return rc;
}
