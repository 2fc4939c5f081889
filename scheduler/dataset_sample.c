/* SPDX-License-Identifier: Apache-2.0 */
/* dataset_sample.c - see dataset_schema.h: the samples of a run file.
 *
 * A table of fields, then what single fields cannot show: fields of the other kind of sample,
 * fields that contradict each other or miss each other. */
#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "scheduler/dataset_schema.h"

enum { SAMPLES_MOST = 10000 };

/* A sample as far as its fields alone tell. */
struct draft {
    struct sample sample;
    char *kind;
    const struct yaml *channels;
    const struct yaml *files;
    uint64_t generated_events;
    double sum_of_weights;
    uint32_t given; /* bits of the fields that are there */
};

enum sample_field {
    SAMPLE_NAME,
    SAMPLE_KIND,
    SAMPLE_ERA,
    SAMPLE_CHANNELS,
    SAMPLE_LUMINOSITY,
    SAMPLE_PROCESS,
    SAMPLE_CROSS_SECTION,
    SAMPLE_SCALE,
    SAMPLE_GENERATED,
    SAMPLE_SUM,
    SAMPLE_WEIGHT,
    SAMPLE_FILES,
    SAMPLE_FIELDS
};

#define OF(member) offsetof(struct draft, member)

/* clang-format off */
static const struct field sample_fields[SAMPLE_FIELDS] = {
    [SAMPLE_NAME] = {"name", FIELD_TEXT, OF(sample.name), .required = true,
                     .most = DATASET_NAME_MOST},
    [SAMPLE_KIND] = {"kind", FIELD_TEXT, OF(kind), .required = true,
                     .most = DATASET_NAME_MOST, .words = "data simulation"},
    [SAMPLE_ERA] = {"era", FIELD_LABEL, OF(sample.era), .above = 1, .most = DATASET_ERA_MOST},
    [SAMPLE_CHANNELS] = {"channels", FIELD_LIST, OF(channels)},
    [SAMPLE_LUMINOSITY] = {"luminosity_pb", FIELD_REAL, OF(sample.luminosity_pb), .most = 1e12},
    [SAMPLE_PROCESS] = {"process", FIELD_TEXT, OF(sample.process), .most = DATASET_NAME_MOST},
    [SAMPLE_CROSS_SECTION] = {"cross_section_pb", FIELD_REAL, OF(sample.cross_section_pb),
                              .most = 1e15},
    [SAMPLE_SCALE] = {"scale", FIELD_REAL, OF(sample.scale), .most = 1e9},
    [SAMPLE_GENERATED] = {"generated_events", FIELD_COUNT, OF(generated_events), .above = 1,
                          .most = 0x1p53},
    [SAMPLE_SUM] = {"sum_of_weights", FIELD_REAL, OF(sum_of_weights), .most = 1e300},
    [SAMPLE_WEIGHT] = {"weight", FIELD_TEXT, OF(sample.weight), .most = DATASET_COLUMN_MOST},
    [SAMPLE_FILES] = {"files", FIELD_LIST, OF(files), .required = true},
};

enum pattern_field { PATTERN_PATTERN, PATTERN_LUMINOSITY };

static const struct field pattern_fields[] = {
    [PATTERN_PATTERN] = {"pattern", FIELD_TEXT, offsetof(struct file_pattern, pattern),
                         .required = true, .most = DATASET_PATTERN_MOST},
    [PATTERN_LUMINOSITY] = {"luminosity_pb", FIELD_REAL,
                            offsetof(struct file_pattern, luminosity_pb), .most = 1e12},
};

static const struct field channel_field = {"", FIELD_TEXT, 0, .most = DATASET_NAME_MOST};

/* Fields that only one kind of sample has. */
static const struct {
    enum sample_field field;
    bool simulation;
} owners[] = {
    {SAMPLE_LUMINOSITY, false},
    {SAMPLE_PROCESS, true},
    {SAMPLE_CROSS_SECTION, true},
    {SAMPLE_SCALE, true},
    {SAMPLE_GENERATED, true},
    {SAMPLE_SUM, true},
    {SAMPLE_WEIGHT, true},
};

/* Which of two fields excludes or needs the other. */
static const struct {
    enum sample_field field;
    enum sample_field other;
    bool together;
    const char *why;
} relations[] = {
    {SAMPLE_GENERATED, SAMPLE_SUM, false,
     "one of generated_events and sum_of_weights, not both"},
    {SAMPLE_GENERATED, SAMPLE_WEIGHT, false,
     "a sample with weights is counted by its sum_of_weights"},
    {SAMPLE_SUM, SAMPLE_WEIGHT, true,
     "weight is missing, the column of the weights that were summed"},
};
/* clang-format on */

static bool has(const struct draft *draft, enum sample_field field)
{
    return (draft->given >> field & 1U) != 0;
}

/* Fails at a field of the sample. */
static int fail_at(const struct place *place, const struct yaml *map, enum sample_field field,
                   const char *why, struct error *err)
{
    const char *name = sample_fields[field].name;
    struct place in = schema_in(place, name);
    return schema_fail(&in, schema_line(map, name), err, "%s", why);
}

static int check_kind(const struct place *place, const struct yaml *map,
                      const struct draft *draft, struct error *err)
{
    for (size_t i = 0; i < ARRAY_LENGTH(owners); i++) {
        if (has(draft, owners[i].field) && owners[i].simulation != draft->sample.simulation) {
            return fail_at(place, map, owners[i].field,
                           owners[i].simulation ? "only simulation has it, and this is data"
                                                : "only data have it, and this is simulation",
                           err);
        }
    }
    if (draft->sample.simulation && !has(draft, SAMPLE_PROCESS)) {
        return schema_fail(place, map->line, err, "process is missing, as this is simulation");
    }
    return 0;
}

static int check_relations(const struct place *place, const struct yaml *map,
                           const struct draft *draft, struct error *err)
{
    for (size_t i = 0; i < ARRAY_LENGTH(relations); i++) {
        if (has(draft, relations[i].field) &&
            has(draft, relations[i].other) != relations[i].together) {
            return fail_at(place, map, relations[i].field, relations[i].why, err);
        }
    }
    return 0;
}

static int check_era(const struct place *place, const struct yaml *map,
                     const struct draft *draft, const struct dataset *d, struct error *err)
{
    if (d->n_eras == 0 || dataset_era(d, draft->sample.era) != NULL) {
        return 0;
    }
    return has(draft, SAMPLE_ERA)
               ? fail_at(place, map, SAMPLE_ERA, "it is not one of those in eras", err)
               : schema_fail(place, map->line, err, "era is missing, as there are eras");
}

/* Reads a list of channels into their bits. */
static int read_channels(const struct place *place, const struct yaml *list,
                         const struct analysis *analysis, uint32_t *out, struct error *err)
{
    uint32_t bits = 0;
    for (size_t i = 0; i < list->n; i++) {
        struct place at = schema_item(place, i);
        char *name = NULL;
        if (schema_read_one(&at, list->item[i], &channel_field, &name, err) != 0) {
            return -1;
        }
        int channel = analysis_channel(analysis, name, err);
        free(name);
        if (channel < 0) {
            return schema_prefix(&at, list->item[i]->line, err);
        }
        if ((bits >> channel & 1U) != 0) {
            return schema_fail(&at, list->item[i]->line, err, "a second time");
        }
        bits |= 1U << channel;
    }
    *out = bits;
    return 0;
}

static int set_channels(const struct place *place, struct draft *draft,
                        const struct analysis *analysis, struct error *err)
{
    if (has(draft, SAMPLE_CHANNELS)) {
        struct place in = schema_in(place, sample_fields[SAMPLE_CHANNELS].name);
        return read_channels(&in, draft->channels, analysis, &draft->sample.channels, err);
    }
    for (size_t i = 0; i < analysis->n_channels; i++) {
        draft->sample.channels |= 1U << i;
    }
    return 0;
}

/* An item is a pattern, or a map with what its files bring. */
static int read_pattern(const struct place *place, const struct yaml *item,
                        struct file_pattern *out, struct error *err)
{
    uint32_t given = 0;
    out->line = item->line;
    return item->kind == YAML_SCALAR
               ? schema_read_one(place, item, &pattern_fields[PATTERN_PATTERN], out, err)
               : schema_read(place, item, SCHEMA(pattern_fields), out, &given, err);
}

/* The luminosity is known by file for all of the files or for none. */
static int check_luminosity(const struct place *place, const struct draft *draft,
                            const struct file_pattern *first, const struct file_pattern *one,
                            struct error *err)
{
    bool by_file = one->luminosity_pb != 0;
    if (by_file && draft->sample.simulation) {
        return schema_fail(place, one->line, err, "luminosity_pb: only data have it");
    }
    if (by_file && has(draft, SAMPLE_LUMINOSITY)) {
        return schema_fail(place, one->line, err,
                           "luminosity_pb: the sample has one already, for all its files");
    }
    if (by_file != (first->luminosity_pb != 0)) {
        return schema_fail(place, one->line, err,
                           "luminosity_pb: for all of the files or for none");
    }
    return 0;
}

static int read_files(const struct place *place, struct draft *draft, struct error *err)
{
    struct place in = schema_in(place, sample_fields[SAMPLE_FILES].name);
    const struct yaml *list = draft->files;
    struct file_pattern *pattern = calloc(list->n, sizeof *pattern);
    if (pattern == NULL) {
        return error_no_memory(err, "a run file");
    }
    draft->sample.pattern = pattern;
    for (size_t i = 0; i < list->n; i++) {
        struct place at = schema_item(&in, i);
        draft->sample.n_patterns++; /* so that it is freed, read to its end or not */
        if (read_pattern(&at, list->item[i], &pattern[i], err) != 0 ||
            check_luminosity(&at, draft, &pattern[0], &pattern[i], err) != 0) {
            return -1;
        }
    }
    return 0;
}

/* `weight: none` says that there is none, as does not saying it. */
static void settle_weight(struct draft *draft)
{
    if (has(draft, SAMPLE_WEIGHT) && strcmp(draft->sample.weight, "none") == 0) {
        free(draft->sample.weight);
        draft->sample.weight = NULL;
        draft->given &= ~(1U << SAMPLE_WEIGHT);
    }
}

static int read_draft(const struct dataset *d, const struct place *place,
                      const struct yaml *map, struct draft *draft, struct error *err)
{
    if (schema_read(place, map, SCHEMA(sample_fields), draft, &draft->given, err) != 0) {
        return -1;
    }
    draft->sample.simulation = strcmp(draft->kind, "simulation") == 0;
    settle_weight(draft);
    draft->sample.generated =
        has(draft, SAMPLE_SUM) ? draft->sum_of_weights : (double)draft->generated_events;
    if (check_kind(place, map, draft, err) != 0 ||
        check_relations(place, map, draft, err) != 0 ||
        check_era(place, map, draft, d, err) != 0 ||
        set_channels(place, draft, d->analysis, err) != 0) {
        return -1;
    }
    return read_files(place, draft, err);
}

/* What the dataset says of a sample depends on its name: it is there once. */
/* '/' counts as '_', which stands for it where names are parts of a path, as in exports. */
static bool same_name(const char *a, const char *b)
{
    for (; *a != '\0' && *b != '\0'; a++, b++) {
        if ((*a == '/' ? '_' : *a) != (*b == '/' ? '_' : *b)) {
            return false;
        }
    }
    return *a == *b;
}

static int check_name(const struct dataset *d, size_t index, const struct place *place,
                      const struct yaml *list, struct error *err)
{
    for (size_t i = 0; i < index; i++) {
        if (!same_name(d->sample[i].name, d->sample[index].name)) {
            continue;
        }
        struct place in = schema_in(place, "name");
        return schema_fail(&in, schema_line(list->item[index], "name"), err,
                           "\"%.60s\" is the name of the sample of line %zu already",
                           d->sample[index].name, list->item[i]->line);
    }
    return 0;
}

/* Eras keep data and simulation apart: one sample without would never meet the others. */
static int check_eras(const struct dataset *d, const struct place *place,
                      const struct yaml *list, struct error *err)
{
    for (size_t i = 1; i < d->n_samples; i++) {
        if ((d->sample[i].era == 0) != (d->sample[0].era == 0)) {
            size_t without = d->sample[i].era == 0 ? i : 0;
            struct place at = schema_item(place, without);
            return schema_fail(&at, list->item[without]->line, err,
                               "era is missing, as other samples have one");
        }
    }
    return 0;
}

static bool has_luminosity(const struct sample *s)
{
    return s->luminosity_pb > 0 || (s->n_patterns > 0 && s->pattern[0].luminosity_pb > 0);
}

/* Where simulation is to be shown with data, both must say what it is scaled by: without, the
 * stack would be wrong in silence. */
static int check_scaling(const struct dataset *d, const struct place *place,
                         const struct yaml *list, struct error *err)
{
    bool has_kind[2] = {false, false};
    for (size_t i = 0; i < d->n_samples; i++) {
        has_kind[d->sample[i].simulation] = true;
    }
    for (size_t i = 0; has_kind[0] && has_kind[1] && i < d->n_samples; i++) {
        const struct sample *s = &d->sample[i];
        struct place at = schema_item(place, i);
        if (!s->simulation && !has_luminosity(s)) {
            return schema_fail(&at, list->item[i]->line, err,
                               "luminosity_pb is missing: the simulation of this run cannot be "
                               "scaled to these data");
        }
        if (s->simulation && !(s->cross_section_pb > 0)) {
            return schema_fail(
                &at, list->item[i]->line, err,
                "cross_section_pb is missing: this simulation cannot be scaled to "
                "the data of this run");
        }
    }
    return 0;
}

int dataset_read_samples(struct dataset *d, const struct place *place, const struct yaml *list,
                         struct error *err)
{
    if (list->n > SAMPLES_MOST) {
        return schema_fail(place, list->line, err, "%zu samples, more than %d", list->n,
                           SAMPLES_MOST);
    }
    d->sample = calloc(list->n, sizeof *d->sample);
    if (d->sample == NULL) {
        return error_no_memory(err, "a run file");
    }
    for (size_t i = 0; i < list->n; i++) {
        struct place at = schema_item(place, i);
        struct draft draft = {.sample = {.scale = 1}};
        int rc = read_draft(d, &at, list->item[i], &draft, err);
        free(draft.kind);
        d->sample[i] = draft.sample; /* freed with the dataset, whole or not */
        d->n_samples++;
        if (rc != 0 || check_name(d, i, &at, list, err) != 0) {
            return -1;
        }
    }
    return check_eras(d, place, list, err) == 0 ? check_scaling(d, place, list, err) : -1;
}
