/* SPDX-License-Identifier: Apache-2.0 */
/* export.c - see export.h; HDF5 is in export_hdf5.c */
#include "scheduler/export.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "scheduler/human.h"
#include "scheduler/look.h"
#include "scheduler/result.h"
#include "scheduler/uhi.h"

static const char nominal[] = "nominal";

/* A part of a name: no '/', and nothing that HDF5 takes for "here". Samples stay apart: the run
 * file refuses names that differ only in that. */
static void put_part(struct buffer *out, const char *part)
{
    if (strcmp(part, ".") == 0 || *part == '\0') {
        part = "_";
    }
    for (; *part != '\0'; part++) {
        buffer_raw(out, *part == '/' ? "_" : part, 1);
    }
}

static int name_item(struct export_item *item, const struct dataset *d, size_t sample,
                     struct error *err)
{
    struct buffer name = {0};
    put_part(&name, d->sample[sample].name);
    buffer_printf(&name, "/");
    put_part(&name, item->hist->channel);
    buffer_printf(&name, "/");
    put_part(&name, item->hist->name);
    if (strcmp(item->hist->variation, nominal) != 0) {
        buffer_printf(&name, "/");
        put_part(&name, item->hist->variation);
    }
    int rc = 0;
    if (buffer_string(&name) == NULL) {
        rc = error_no_memory(err, "an export");
    } else if (name.size >= sizeof item->name) {
        rc = error_set(err, ERROR_INPUT, "the name %.60s... is too long",
                       (const char *)name.data);
    } else {
        memcpy(item->name, name.data, name.size + 1);
    }
    buffer_release(&name);
    return rc;
}

/* What one sample fills. */
static int each_of(const struct dataset *d, size_t sample, const struct partial *sum,
                   int (*visit)(void *, const struct export_item *, struct error *),
                   void *context, struct error *err)
{
    for (size_t i = 0; i < sum->n_hists; i++) {
        struct export_item item = {.sample = d->sample[sample].name, .hist = &sum->hist[i]};
        if (result_fills(d, &d->sample[sample], item.hist->channel) &&
            (name_item(&item, d, sample, err) != 0 || visit(context, &item, err) != 0)) {
            return -1;
        }
    }
    return 0;
}

int export_each(const struct run *r, const struct merge *m,
                int (*visit)(void *context, const struct export_item *item, struct error *err),
                void *context, struct error *err)
{
    int rc = 0;
    for (size_t s = 0; rc == 0 && s < m->n_samples; s++) {
        rc = each_of(r->dataset, s, &m->sample[s].sum, visit, context, err);
    }
    return rc;
}

static json_t *coverage_to_json(const struct run *r, const struct merge *m)
{
    struct buffer out = {0};
    look_write_coverage(r, m, &out);
    const char *text = buffer_string(&out);
    json_t *coverage = text == NULL ? NULL : json_string(text);
    buffer_release(&out);
    return coverage;
}

json_t *export_item_to_json(const struct export_item *item, const struct run *r,
                            const struct merge *m, struct error *err)
{
    json_t *histogram = uhi_to_json(item->hist, err);
    if (histogram == NULL) {
        return NULL;
    }
    json_t *metadata = json_object_get(histogram, "metadata");
    int rc = json_object_set_new(metadata, "sample", json_string(item->sample));
    rc |= json_object_set_new(metadata, "channel", json_string(item->hist->channel));
    rc |= json_object_set_new(metadata, "name", json_string(item->hist->name));
    rc |= json_object_set_new(metadata, "variation", json_string(item->hist->variation));
    rc |= json_object_set_new(metadata, "coverage", coverage_to_json(r, m));
    rc |= json_object_set_new(metadata, "complete", json_boolean(merge_complete(m, r)));
    if (rc != 0) {
        (void)error_no_memory(err, "an export");
        json_decref(histogram);
        return NULL;
    }
    return histogram;
}

/* What a visitor of items has at hand. */
struct export
{
    const struct run *r;
    const struct merge *m;
    json_t *all;
    struct buffer *out;
};

static int visit_uhi(void *context, const struct export_item *item, struct error *err)
{
    struct export *e = context;
    json_t *histogram = export_item_to_json(item, e->r, e->m, err);
    if (histogram == NULL) {
        return -1;
    }
    return json_object_set_new(e->all, item->name, histogram) == 0
               ? 0
               : error_no_memory(err, "an export");
}

int export_uhi(const struct run *r, const struct merge *m, struct buffer *out,
               struct error *err)
{
    struct export e = {.r = r, .m = m, .all = json_object()};
    int rc = export_each(r, m, visit_uhi, &e, err);
    rc = rc == 0 ? json_write_canonical(e.all, out, err) : rc;
    buffer_printf(out, "\n");
    json_decref(e.all);
    return rc;
}

/* A field as RFC 4180 has it. */
static void put_field(struct buffer *out, const char *text)
{
    if (strpbrk(text, ",\"\r\n") == NULL) {
        buffer_printf(out, "%s", text);
        return;
    }
    buffer_printf(out, "\"");
    for (; *text != '\0'; text++) {
        buffer_printf(out, "%s%c", *text == '"' ? "\"" : "", *text);
    }
    buffer_printf(out, "\"");
}

static void put_bin(struct buffer *out, const struct hist *h, size_t bin, double w, double w2)
{
    size_t n = h->axis.n_bins;
    buffer_printf(out, ",%zu,", bin);
    if (bin == 0) {
        buffer_printf(out, "-inf");
    } else {
        json_write_number(h->axis.edge[bin - 1], out);
    }
    buffer_printf(out, ",");
    if (bin == n + 1) {
        buffer_printf(out, "inf");
    } else {
        json_write_number(h->axis.edge[bin], out);
    }
    buffer_printf(out, ",%llu,", (unsigned long long)h->count[bin]);
    json_write_number(w, out);
    buffer_printf(out, ",");
    json_write_number(w2, out);
    buffer_printf(out, "\n");
}

static void put_row(struct buffer *out, const struct export_item *item, size_t bin, double w,
                    double w2)
{
    const char *const fields[] = {item->sample, item->hist->channel, item->hist->name,
                                  item->hist->variation};
    for (size_t i = 0; i < 4; i++) {
        buffer_printf(out, "%s", i == 0 ? "" : ",");
        put_field(out, fields[i]);
    }
    put_bin(out, &item->hist->hist, bin, w, w2);
}

static int visit_csv(void *context, const struct export_item *item, struct error *err)
{
    struct export *e = context;
    const struct hist *h = &item->hist->hist;
    size_t n = h->axis.n_bins + 2;
    double *w = calloc(2 * n, sizeof *w);
    if (w == NULL) {
        return error_no_memory(err, "an export");
    }
    int rc = 0;
    if (h->sums != NULL) {
        rc = uhi_sums(h, false, w, err) == 0 ? uhi_sums(h, true, w + n, err) : -1;
    }
    for (size_t bin = 0; rc == 0 && bin < n; bin++) {
        double count = (double)h->count[bin];
        put_row(e->out, item, bin, h->sums == NULL ? count : w[bin],
                h->sums == NULL ? count : w[n + bin]);
    }
    free(w);
    return rc;
}

static int visit_nan(void *context, const struct export_item *item, struct error *err)
{
    (void)err;
    struct export *e = context;
    if (item->hist->hist.nan > 0) {
        buffer_printf(e->out, "# ");
        human_text(e->out, item->name);
        buffer_printf(e->out, ": %llu values are no number, in no bin\n",
                      (unsigned long long)item->hist->hist.nan);
    }
    return 0;
}

int export_csv(const struct run *r, const struct merge *m, struct buffer *out,
               struct error *err)
{
    struct export e = {.r = r, .m = m, .out = out};
    const struct analysis *a = r->dataset->analysis;
    buffer_printf(out, "# picobarn, %s version %u: ", a->name, a->version);
    look_write_coverage(r, m, out);
    buffer_printf(out, "%s\n", merge_complete(m, r) ? "" : " (incomplete)");
    int rc = export_each(r, m, visit_nan, &e, err);
    buffer_printf(out, "sample,channel,histogram,variation,bin,low,high,count,sumw,sumw2\n");
    rc = rc == 0 ? export_each(r, m, visit_csv, &e, err) : rc;
    return rc == 0 && out->failed ? error_no_memory(err, "an export") : rc;
}
