/* SPDX-License-Identifier: Apache-2.0 */
/* order.c - see order.h */
#include "worker/order.h"

#include <string.h>

enum { ORDER_LIMIT = 16 << 20 };

json_t *order_to_json(const struct analysis *analysis, const struct settings *settings,
                      json_t *names, json_t *units)
{
    return json_pack("{s:s, s:I, s:o, s:O?, s:O?}", "analysis", analysis->name, "version",
                     (json_int_t)analysis->version, "parameters", settings_to_json(settings),
                     "names", names, "units", units);
}

static int take_analysis(struct order *o, struct error *err)
{
    const char *name = json_string_value(json_object_get(o->json, "analysis"));
    const json_t *version = json_object_get(o->json, "version");
    if (name == NULL || !json_is_integer(version)) {
        return error_set(err, ERROR_PEER, "an order without an analysis");
    }
    o->analysis = analysis_find(name, err);
    if (o->analysis == NULL) {
        return -1;
    }
    if (json_integer_value(version) != (json_int_t)o->analysis->version) {
        return error_set(err, ERROR_INPUT,
                         "the scheduler wants version %lld of %s, this program has %u: use the "
                         "worker program of the same release",
                         (long long)json_integer_value(version), name, o->analysis->version);
    }
    return settings_init(&o->settings, o->analysis->parameter, o->analysis->n_parameters,
                         json_object_get(o->json, "parameters"), err);
}

int order_init(struct order *o, const char *text, struct error *err)
{
    *o = (struct order){0};
    o->json = json_parse(text, strlen(text), ORDER_LIMIT, err);
    if (o->json == NULL || take_analysis(o, err) != 0) {
        order_release(o);
        return -1;
    }
    return 0;
}

void order_release(struct order *o)
{
    settings_release(&o->settings);
    json_decref(o->json);
    *o = (struct order){0};
}

static const json_t *map_or_null(const json_t *value)
{
    return json_is_object(value) ? value : NULL;
}

struct reader_request order_request(const struct order *o, const char *weight)
{
    return (struct reader_request){
        .analysis = o->analysis,
        .settings = &o->settings,
        .weight = weight == NULL || weight[0] == '\0' ? NULL : weight,
        .names = map_or_null(json_object_get(o->json, "names")),
        .units = map_or_null(json_object_get(o->json, "units")),
    };
}
