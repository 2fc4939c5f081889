/* SPDX-License-Identifier: Apache-2.0 */
/* result.c - picobarn result: yields, cutflow, significance and the SHA-256 of what was found. */
#include <string.h>

#include "base/digest.h"
#include "base/file.h"
#include "scheduler/commands/commands.h"
#include "scheduler/figure.h"
#include "scheduler/human.h"
#include "scheduler/look.h"
#include "scheduler/print.h"
#include "scheduler/result.h"
#include "scheduler/table.h"

static const struct figure_request first_figure = {.log_y = -1};

/* The SHA-256 of what result.json holds when it is written at this moment. */
static int digest_result(const struct look *l, char sha256[DIGEST_SHA256_HEX],
                         struct error *err)
{
    struct buffer text = {0};
    json_t *result = result_to_json(l->run, &l->merge, err);
    int rc = result == NULL ? -1 : json_write_canonical(result, &text, err);
    if (rc == 0) {
        digest_sha256_hex(text.data, text.size, sha256);
    }
    json_decref(result);
    buffer_release(&text);
    return rc;
}

/* The events in bins [first, stop). */
static double entries(const json_t *list, size_t first, size_t stop)
{
    double sum = 0;
    for (size_t i = first; i < stop; i++) {
        sum += json_number_value(json_array_get(list, i));
    }
    return sum;
}

static void add_yield(struct table *t, const char *name, const json_t *list,
                      const size_t inside[2])
{
    table_add(t, "%s", name);
    table_add(t, "%.2f", entries(list, 0, json_array_size(list)));
    table_add(t, "%.2f", entries(list, inside[0], inside[1]));
}

/* The bins that lie in the window as a whole: [inside[0], inside[1]). */
static void find_window(const json_t *figure, size_t inside[2])
{
    const json_t *window = json_object_get(figure, "window");
    const json_t *edges = json_object_get(figure, "edges");
    double low = json_number_value(json_object_get(window, "low"));
    double high = json_number_value(json_object_get(window, "high"));
    size_t n = json_array_size(edges);
    inside[0] = 0;
    while (inside[0] < n && json_number_value(json_array_get(edges, inside[0])) < low) {
        inside[0]++;
    }
    inside[1] = inside[0];
    while (inside[1] + 1 < n &&
           json_number_value(json_array_get(edges, inside[1] + 1)) <= high) {
        inside[1]++;
    }
}

/* What the first figure shows, in numbers. */
static void write_yields(const json_t *figure, struct buffer *out)
{
    struct table t = {.align = "lrr"};
    size_t inside[2];
    find_window(figure, inside);
    const json_t *window = json_object_get(figure, "window");
    const json_t *stack = json_object_get(figure, "stack");
    table_add(&t, "%s", json_string_value(json_object_get(figure, "hist")));
    table_add(&t, "all bins");
    if (json_is_object(window)) {
        table_add(&t, "%g-%g %s", json_number_value(json_object_get(window, "low")),
                  json_number_value(json_object_get(window, "high")),
                  json_string_value(json_object_get(figure, "unit")));
    } else {
        table_add(&t, "%s", "");
    }
    for (size_t i = 0; i < json_array_size(stack); i++) {
        const json_t *layer = json_array_get(stack, i);
        add_yield(&t, json_string_value(json_object_get(layer, "title")),
                  json_object_get(layer, "expected"), inside);
    }
    const json_t *observed = json_object_get(figure, "observed");
    if (json_is_array(observed)) {
        table_add(&t, "data");
        table_add(&t, "%.0f", entries(observed, 0, json_array_size(observed)));
        table_add(&t, "%.0f", entries(observed, inside[0], inside[1]));
    }
    table_write(&t, 0, out);
    table_release(&t);
}

static void write_significance(const json_t *figure, struct buffer *out)
{
    const json_t *window = json_object_get(figure, "window");
    const json_t *observed = json_object_get(window, "significance_observed");
    const json_t *expected = json_object_get(window, "significance_expected");
    if (expected == NULL) {
        return;
    }
    buffer_printf(out, "\nsignificance  ");
    if (json_is_number(observed)) {
        buffer_printf(out, "%.1f observed, ", json_number_value(observed));
    }
    buffer_printf(out, "%.1f expected (statistical only)\n", json_number_value(expected));
}

/* The numbers of one row, as many as the table has columns for. */
static void add_steps(struct table *t, const struct partial *sum, const char *channel)
{
    size_t left = strlen(t->align) - 1;
    for (size_t i = 0; i < sum->n_steps && left > 0; i++) {
        if (strcmp(sum->step[i].channel, channel) == 0) {
            table_add_count(t, sum->step[i].n_events);
            left--;
        }
    }
}

/* One row a sample, one column a cut: events, not weighted. */
static void write_cutflow(const struct look *l, const char *channel, struct buffer *out)
{
    const struct dataset *d = l->run->dataset;
    char align[TABLE_COLUMNS_MAX + 1] = "l";
    struct table t = {.align = align};
    const struct partial *booked = &l->merge.sample[0].sum;
    table_add(&t, "%s", channel);
    for (size_t i = 0; i < booked->n_steps && strlen(align) < TABLE_COLUMNS_MAX; i++) {
        if (strcmp(booked->step[i].channel, channel) == 0) {
            align[strlen(align)] = 'r';
            table_add(&t, "%s", booked->step[i].name);
        }
    }
    for (size_t s = 0; s < l->merge.n_samples; s++) {
        if (!result_fills(d, &d->sample[s], channel)) {
            continue;
        }
        table_add(&t, "%s", d->sample[s].name);
        add_steps(&t, &l->merge.sample[s].sum, channel);
    }
    buffer_printf(out, "\n");
    table_write(&t, 0, out);
    table_release(&t);
}

static int print_as_text(const struct look *l, struct error *err)
{
    const struct analysis *a = l->run->dataset->analysis;
    char sha256[DIGEST_SHA256_HEX];
    json_t *figure = figure_to_json(l->run, &l->merge, &first_figure, err);
    if (figure == NULL || digest_result(l, sha256, err) != 0) {
        json_decref(figure);
        return -1;
    }
    struct buffer out = {0};
    buffer_printf(&out, "analysis  %s version %u\ncoverage  ", a->name, a->version);
    look_write_coverage(l->run, &l->merge, &out);
    buffer_printf(&out, "%s\nsha256    %s\n\n", look_complete(l) ? "" : " (incomplete)",
                  sha256);
    write_yields(figure, &out);
    write_significance(figure, &out);
    for (size_t c = 0; c < a->n_channels; c++) {
        write_cutflow(l, a->channel[c], &out);
    }
    int rc = print_text(&out, err);
    json_decref(figure);
    buffer_release(&out);
    return rc;
}

static int print_as_json(const struct look *l, bool canonical, struct error *err)
{
    json_t *result = result_to_json(l->run, &l->merge, err);
    if (result == NULL) {
        return -1;
    }
    struct buffer text = {0};
    int rc = 0;
    if (canonical) {
        rc = json_write_canonical(result, &text, err);
        rc = rc == 0 ? print_text(&text, err) : rc;
    } else {
        rc = print_json(result, err);
    }
    buffer_release(&text);
    json_decref(result);
    return rc;
}

static int run(const struct invocation *invocation, struct error *err)
{
    const char *form = invocation_option(invocation, "output");
    struct look l;
    if (look_open(&l, invocation_operand(invocation, 0), err) != 0) {
        return -1;
    }
    int rc = form == NULL || strcmp(form, "text") == 0
                 ? print_as_text(&l, err)
                 : print_as_json(&l, strcmp(form, "canonical") == 0, err);
    int status = rc == 0 ? (int)look_status(&l) : -1;
    look_close(&l);
    return status;
}

static const struct command_option options[] = {
    {"output", 'o', "json|canonical|text",
     "print as JSON, for programs; canonical: the very bytes of result.json, as they are "
     "hashed; "
     "or as text (the default)"},
    {0},
};

static const struct command_example examples[] = {
    {"picobarn result higgs4l.run", "what was found so far"},
    {"picobarn result higgs4l.run -o canonical | sha256sum", "the line that two sites compare"},
    {0},
};

const struct command command_result = {
    .name = "result",
    .group = COMMAND_RESULTS,
    .summary = "show yields, cutflow and significance, with the SHA-256",
    .operands = "DIR",
    .min_operands = 1,
    .max_operands = 1,
    .description =
        "Shows what was found so far: the events expected and observed in the first plot, the "
        "significance in its window, and the events left after each cut. The SHA-256 is that "
        "of "
        "result.json as it is at this moment; it is the same on every machine for the same "
        "data "
        "and parameters.",
    .options = options,
    .examples = examples,
    .run = run,
};
