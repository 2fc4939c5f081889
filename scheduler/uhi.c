/* SPDX-License-Identifier: Apache-2.0 */
/* uhi.c - see uhi.h */
#include "scheduler/uhi.h"

#include <math.h>
#include <stdlib.h>

static int too_large(struct error *err)
{
    return error_set(err, ERROR_INPUT, "a sum of weights is larger than any double");
}

int uhi_sums(const struct hist *hist, bool squares, double *value, struct error *err)
{
    for (size_t i = 0; i < hist->axis.n_bins + 2; i++) {
        value[i] = exact_round(squares ? &hist->sums[i].w2 : &hist->sums[i].w);
        if (!isfinite(value[i])) {
            return too_large(err);
        }
    }
    return 0;
}

/* The list if it has n items; else memory ran out on the way: NULL. */
static json_t *whole(json_t *list, size_t n)
{
    if (json_array_size(list) != n) {
        json_decref(list);
        return NULL;
    }
    return list;
}

static json_t *axis_to_json(const struct partial_hist *hist)
{
    const struct axis *axis = &hist->hist.axis;
    /* "name" and "label" are what hist prints at its axes. */
    json_t *metadata =
        json_pack("{s:s, s:s, s:s, s:o}", "name", hist->name, "title", hist->title, "unit",
                  hist->unit, "label",
                  hist->unit[0] == '\0' ? json_string(hist->title)
                                        : json_sprintf("%s [%s]", hist->title, hist->unit));
    if (axis->kind == AXIS_REGULAR) {
        return json_pack("{s:s, s:f, s:f, s:I, s:b, s:b, s:b, s:o}", "type", "regular", "lower",
                         axis->edge[0], "upper", axis->edge[axis->n_bins], "bins",
                         (json_int_t)axis->n_bins, "underflow", 1, "overflow", 1, "circular", 0,
                         "metadata", metadata);
    }
    json_t *edges = json_array();
    for (size_t i = 0; i <= axis->n_bins; i++) {
        (void)json_array_append_new(edges, json_real(axis->edge[i]));
    }
    edges = whole(edges, axis->n_bins + 1);
    return json_pack("{s:s, s:o, s:b, s:b, s:b, s:o}", "type", "variable", "edges", edges,
                     "underflow", 1, "overflow", 1, "circular", 0, "metadata", metadata);
}

static json_t *counts_to_json(const struct hist *hist)
{
    json_t *values = json_array();
    for (size_t i = 0; i < hist->axis.n_bins + 2; i++) {
        (void)json_array_append_new(values, json_integer((json_int_t)hist->count[i]));
    }
    values = whole(values, hist->axis.n_bins + 2);
    return json_pack("{s:s, s:o}", "type", "int", "values", values);
}

/* NULL with err set. */
static json_t *sums_to_json(const struct hist *hist, bool squares, struct error *err)
{
    size_t n = hist->axis.n_bins + 2;
    double *value = calloc(n, sizeof *value);
    if (value == NULL) {
        (void)error_no_memory(err, "a histogram");
        return NULL;
    }
    json_t *list = uhi_sums(hist, squares, value, err) == 0 ? json_array() : NULL;
    for (size_t i = 0; list != NULL && i < n; i++) {
        (void)json_array_append_new(list, json_real(value[i]));
    }
    free(value);
    return list == NULL ? NULL : whole(list, n);
}

static json_t *storage_to_json(const struct hist *hist, struct error *err)
{
    if (hist->sums == NULL) {
        return counts_to_json(hist);
    }
    json_t *values = sums_to_json(hist, false, err);
    json_t *variances = values == NULL ? NULL : sums_to_json(hist, true, err);
    if (variances == NULL) {
        json_decref(values);
        return NULL;
    }
    return json_pack("{s:s, s:o, s:o}", "type", "weighted", "values", values, "variances",
                     variances);
}

static json_t *metadata_to_json(const struct hist *hist, struct error *err)
{
    json_t *metadata = json_pack("{s:I, s:I}", "entries", (json_int_t)hist_entries(hist), "nan",
                                 (json_int_t)hist->nan);
    if (hist->sums != NULL && hist->nan > 0) {
        const struct weight_sums *nan = &hist->sums[hist->axis.n_bins + 2];
        double w = exact_round(&nan->w);
        double w2 = exact_round(&nan->w2);
        if (!isfinite(w) || !isfinite(w2)) {
            (void)too_large(err);
            json_decref(metadata);
            return NULL;
        }
        if (json_object_set_new(metadata, "nan_sum_of_weights", json_real(w)) != 0 ||
            json_object_set_new(metadata, "nan_variance", json_real(w2)) != 0) {
            json_decref(metadata);
            return NULL;
        }
    }
    return metadata;
}

json_t *uhi_to_json(const struct partial_hist *hist, struct error *err)
{
    struct error why = {.kind = ERROR_NONE};
    json_t *storage = storage_to_json(&hist->hist, &why);
    json_t *metadata = storage == NULL ? NULL : metadata_to_json(&hist->hist, &why);
    json_t *all = NULL;
    if (metadata != NULL) {
        all = json_pack("{s:i, s:[o], s:o, s:o}", "uhi_schema", UHI_SCHEMA, "axes",
                        axis_to_json(hist), "storage", storage, "metadata", metadata);
    } else {
        json_decref(storage);
    }
    if (all == NULL && why.kind == ERROR_NONE) {
        (void)error_no_memory(&why, "a histogram");
    }
    if (all == NULL) {
        (void)error_set(err, why.kind, "histogram %s of %s: %s", hist->name, hist->channel,
                        why.text);
    }
    return all;
}
