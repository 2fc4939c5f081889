/* SPDX-License-Identifier: Apache-2.0 */
/* mended.c - see mended.h */
#include "scheduler/mended.h"

#include <string.h>

#include "scheduler/worker_program.h"
#include "worker/order.h"

static bool has_checksum(const json_t *column)
{
    size_t i = 0;
    json_t *filter = NULL;
    json_array_foreach(json_object_get(column, "filters"), i, filter)
    {
        if (json_is_string(filter) && strcmp(json_string_value(filter), "fletcher32") == 0) {
            return true;
        }
    }
    return false;
}

static bool is_copy(const json_t *was, const json_t *is)
{
    static const char *const same[] = {"size", "rows", "digest"};
    for (size_t i = 0; i < 3; i++) {
        if (!json_equal(json_object_get(was, same[i]), json_object_get(is, same[i]))) {
            return false;
        }
    }
    size_t i = 0;
    json_t *column = NULL;
    json_array_foreach(json_object_get(is, "columns"), i, column)
    {
        if (!has_checksum(column)) {
            return false;
        }
    }
    return true;
}

json_t *mended_inspect(const struct run *r, const struct run_file *f)
{
    if (f->inspection == NULL) {
        return NULL;
    }
    const struct dataset *d = r->dataset;
    json_t *order = order_to_json(d->analysis, &d->settings, d->names, d->units);
    json_t *found = order == NULL ? NULL
                                  : worker_program_inspect(f->path, order,
                                                           d->sample[f->sample].weight, NULL);
    json_decref(order);
    if (found != NULL && !is_copy(f->inspection, found)) {
        json_decref(found);
        return NULL;
    }
    return found;
}
