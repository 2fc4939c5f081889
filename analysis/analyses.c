/* SPDX-License-Identifier: Apache-2.0 */
/* analyses.c - the table of analyses, and looking things up in them; see analysis.h */
#include "analysis/analysis.h"

#include <stdio.h>
#include <string.h>

const struct analysis *const analyses[] = {
    &analysis_dimuon,
    &analysis_higgs4l,
    &analysis_adl_q1,
    &analysis_adl_q2,
    &analysis_adl_q3,
    &analysis_adl_q4,
    &analysis_adl_q5,
    &analysis_adl_q6,
    &analysis_adl_q7,
    &analysis_adl_q8,
    NULL,
};

static const char *const unit_names[UNITS] = {
    [UNIT_NONE] = "1", [UNIT_GEV] = "GeV", [UNIT_CM] = "cm", [UNIT_RAD] = "rad"};

const char *unit_name(enum unit unit)
{
    return unit_names[unit];
}

const struct analysis *analysis_find(const char *name, struct error *err)
{
    for (size_t i = 0; analyses[i] != NULL; i++) {
        if (strcmp(analyses[i]->name, name) == 0) {
            return analyses[i];
        }
    }
    struct error list = {.kind = ERROR_INPUT};
    (void)error_set(&list, ERROR_INPUT, "no analysis \"%.60s\"; there are:", name);
    for (size_t i = 0; analyses[i] != NULL; i++) {
        (void)error_set(&list, ERROR_INPUT, "%s %s", list.text, analyses[i]->name);
    }
    (void)error_set(err, ERROR_INPUT, "%s", list.text);
    return NULL;
}

int analysis_channel(const struct analysis *a, const char *name, struct error *err)
{
    for (size_t i = 0; i < a->n_channels; i++) {
        if (strcmp(a->channel[i], name) == 0) {
            return (int)i;
        }
    }
    struct error list = {.kind = ERROR_INPUT};
    (void)error_set(&list, ERROR_INPUT, "%s has no channel \"%.60s\"; it has:", a->name, name);
    for (size_t i = 0; i < a->n_channels; i++) {
        (void)error_set(&list, ERROR_INPUT, "%s %s", list.text, a->channel[i]);
    }
    return error_set(err, ERROR_INPUT, "%s", list.text);
}

/* Whole or not at all: two names cut short could be one. */
static int copy_name(char to[PARTIAL_NAME_SIZE], const char *from, struct error *err)
{
    int length = snprintf(to, PARTIAL_NAME_SIZE, "%s", from);
    return length < PARTIAL_NAME_SIZE
               ? 0
               : error_set(err, ERROR_INPUT, "the name \"%.80s\" is longer than %d bytes", from,
                           PARTIAL_NAME_SIZE - 1);
}

int analysis_book_figures(const struct analysis *a, const char *channel,
                          const struct settings *settings, const size_t *axis_setting,
                          struct partial *out, struct error *err)
{
    for (size_t i = 0; i < a->n_figures; i++) {
        const struct figure *figure = &a->figure[i];
        struct partial_hist slot = {.variation = "nominal"};
        if (copy_name(slot.name, figure->hist, err) != 0 ||
            copy_name(slot.channel, channel, err) != 0 ||
            copy_name(slot.title, figure->label, err) != 0 ||
            copy_name(slot.unit, figure->unit, err) != 0 ||
            partial_book_hist(out, &slot, &settings->at[axis_setting[i]].axis, err) != 0) {
            return -1;
        }
    }
    return 0;
}
