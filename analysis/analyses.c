/* SPDX-License-Identifier: Apache-2.0 */
/* analyses.c - the table of analyses, and looking things up in them; see analysis.h */
#include "analysis/analysis.h"

#include <stdio.h>
#include <string.h>

const struct analysis *const analyses[] = {
    &analysis_dimuon,
    &analysis_higgs4l,
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

int analysis_book_figures(const struct analysis *a, const char *channel,
                          const struct settings *settings, const size_t *axis_setting,
                          struct partial *out, struct error *err)
{
    for (size_t i = 0; i < a->n_figures; i++) {
        const struct figure *figure = &a->figure[i];
        struct partial_hist slot = {.variation = "nominal"};
        (void)snprintf(slot.name, sizeof slot.name, "%s", figure->hist);
        (void)snprintf(slot.channel, sizeof slot.channel, "%s", channel);
        (void)snprintf(slot.title, sizeof slot.title, "%s", figure->label);
        (void)snprintf(slot.unit, sizeof slot.unit, "%s", figure->unit);
        if (partial_book_hist(out, &slot, &settings->at[axis_setting[i]].axis, err) != 0) {
            return -1;
        }
    }
    return 0;
}
