/* SPDX-License-Identifier: Apache-2.0 */
/* dataset.c - see dataset.h; how one is read stands in dataset_schema.c. */
#include "scheduler/dataset.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"

static void release_sample(struct sample *s)
{
    for (size_t i = 0; i < s->n_patterns; i++) {
        free(s->pattern[i].pattern);
    }
    free(s->pattern);
    free(s->name);
    free(s->process);
    free(s->weight);
}

void dataset_destroy(struct dataset *d)
{
    if (d == NULL) {
        return;
    }
    for (size_t i = 0; i < d->n_samples; i++) {
        release_sample(&d->sample[i]);
    }
    for (size_t i = 0; i < d->n_processes; i++) {
        free(d->process[i].name);
        free(d->process[i].title);
    }
    free(d->sample);
    free(d->era);
    free(d->process);
    free(d->path);
    free(d->folder);
    settings_release(&d->settings);
    json_decref(d->names);
    json_decref(d->units);
    if (d->placement != NULL) {
        placement_release(d->placement);
    }
    free(d->placement);
    free(d);
}

int dataset_set_base(struct dataset *d, const char *folder, struct error *err)
{
    if (folder[0] != '/') {
        return error_set(err, ERROR_INPUT, "--base %s: give an absolute path", folder);
    }
    char *copy = strdup(folder);
    if (copy == NULL) {
        return error_no_memory(err, "a path");
    }
    free(d->folder);
    d->folder = copy;
    return 0;
}

const struct era *dataset_era(const struct dataset *d, int name)
{
    for (size_t i = 0; i < d->n_eras; i++) {
        if (d->era[i].name == name) {
            return &d->era[i];
        }
    }
    return NULL;
}

/* What a run file leaves unsaid is left out here too. */
static int set_real(json_t *object, const char *key, double value)
{
    return value == 0 ? 0 : json_object_set_new(object, key, json_real(value));
}

static int set_text(json_t *object, const char *key, const char *value)
{
    return value == NULL ? 0 : json_object_set_new(object, key, json_string(value));
}

static json_t *describe_patterns(const struct sample *s)
{
    json_t *list = json_array();
    for (size_t i = 0; i < s->n_patterns; i++) {
        json_t *one = json_object();
        if (set_text(one, "pattern", s->pattern[i].pattern) != 0 ||
            set_real(one, "luminosity_pb", s->pattern[i].luminosity_pb) != 0 ||
            json_array_append(list, one) != 0) {
            json_decref(one);
            json_decref(list);
            return NULL;
        }
        json_decref(one);
    }
    return list;
}

static json_t *describe_channels(const struct sample *s, const struct analysis *analysis)
{
    json_t *list = json_array();
    for (size_t i = 0; i < analysis->n_channels; i++) {
        if ((s->channels >> i & 1U) != 0 &&
            json_array_append_new(list, json_string(analysis->channel[i])) != 0) {
            json_decref(list);
            return NULL;
        }
    }
    return list;
}

static json_t *describe_sample(const struct sample *s, const struct analysis *analysis)
{
    json_t *out = json_object();
    const char *generated = s->weight == NULL ? "generated_events" : "sum_of_weights";
    if (set_text(out, "name", s->name) != 0 ||
        set_text(out, "kind", s->simulation ? "simulation" : "data") != 0 ||
        set_real(out, "era", s->era) != 0 || set_text(out, "process", s->process) != 0 ||
        set_real(out, "luminosity_pb", s->luminosity_pb) != 0 ||
        set_real(out, "cross_section_pb", s->cross_section_pb) != 0 ||
        set_real(out, "scale", s->scale) != 0 || set_real(out, generated, s->generated) != 0 ||
        set_text(out, "weight", s->weight) != 0 ||
        json_object_set_new(out, "channels", describe_channels(s, analysis)) != 0 ||
        json_object_set_new(out, "files", describe_patterns(s)) != 0) {
        json_decref(out);
        return NULL;
    }
    return out;
}

static json_t *describe_samples(const struct dataset *d)
{
    json_t *list = json_array();
    for (size_t i = 0; i < d->n_samples; i++) {
        if (json_array_append_new(list, describe_sample(&d->sample[i], d->analysis)) != 0) {
            json_decref(list);
            return NULL;
        }
    }
    return list;
}

/* The luminosities that simulation is scaled to where there are no data. */
static json_t *describe_targets(const struct dataset *d)
{
    json_t *out = json_object();
    for (size_t i = 0; i < d->n_eras; i++) {
        char name[16];
        (void)snprintf(name, sizeof name, "%d", d->era[i].name);
        if (set_real(out, name, d->era[i].luminosity_pb) != 0) {
            json_decref(out);
            return NULL;
        }
    }
    return out;
}

static json_t *describe_signals(const struct dataset *d)
{
    json_t *list = json_array();
    for (size_t i = 0; i < d->n_processes; i++) {
        if (d->process[i].signal &&
            json_array_append_new(list, json_string(d->process[i].name)) != 0) {
            json_decref(list);
            return NULL;
        }
    }
    return list;
}

/* Written and read again, so that numbers have the form (7132 an integer, not a real) in which
 * they come back from wherever the specification is kept: json_equal tells them apart. */
static json_t *settle(const json_t *value)
{
    struct buffer text = {0};
    json_t *out = NULL;
    if (json_write_canonical(value, &text, NULL) == 0) {
        out = json_parse(text.data, text.size, text.size, NULL);
    }
    buffer_release(&text);
    return out;
}

json_t *dataset_specification(const struct dataset *d)
{
    json_t *out = json_object();
    json_t *names = d->names == NULL ? json_object() : json_incref(d->names);
    json_t *units = d->units == NULL ? json_object() : json_incref(d->units);
    int rc = 0;
    /* The set_new functions take over what they are given, and fail on NULL. */
    rc |= set_text(out, "analysis", d->analysis->name);
    rc |= json_object_set_new(out, "version", json_integer(d->analysis->version));
    rc |= json_object_set_new(out, "parameters", settings_to_json(&d->settings));
    rc |= json_object_set_new(out, "columns", names);
    rc |= json_object_set_new(out, "units", units);
    rc |= json_object_set_new(out, "samples", describe_samples(d));
    rc |= json_object_set_new(out, "luminosities_pb", describe_targets(d));
    rc |= json_object_set_new(out, "signals", describe_signals(d));
    json_t *settled = rc == 0 ? settle(out) : NULL;
    json_decref(out);
    return settled;
}
