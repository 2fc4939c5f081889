/* SPDX-License-Identifier: Apache-2.0 */
/* result.c - picobarn result: yields, cutflow, significance and the SHA-256 of what was found. */
#include <string.h>
#include <unistd.h>

#include "base/digest.h"
#include "base/file.h"
#include "base/size.h"
#include "scheduler/commands/commands.h"
#include "scheduler/figure.h"
#include "scheduler/human.h"
#include "scheduler/look.h"
#include "scheduler/print.h"
#include "scheduler/result.h"
#include "scheduler/table.h"

static int digest_result(const struct look *l, char sha256[DIGEST_SHA256_HEX],
                         struct error *err)
{
    struct buffer text = {0};
    int rc = result_text(l->run, &l->merge, &text, sha256, err);
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

/* The table of yields: which of its columns there are, and the bins of the window. */
struct yields {
    struct table table;
    char align[6];
    bool has_window;
    bool has_nan;
    size_t inside[2];
};

/* One row; list NULL: nothing was seen of it. */
static void add_yield(struct yields *y, const char *name, const json_t *list,
                      const double beside[2], int decimals)
{
    const double value[] = {entries(list, 0, json_array_size(list)),
                            entries(list, y->inside[0], y->inside[1]), beside[0], beside[1]};
    const bool shown[] = {true, y->has_window, true, y->has_nan};
    table_add(&y->table, "%s", name);
    for (size_t i = 0; i < ARRAY_LENGTH(value); i++) {
        if (shown[i] && list == NULL) {
            table_add(&y->table, "-");
        } else if (shown[i]) {
            table_add(&y->table, "%.*f", decimals, value[i]);
        }
    }
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

static double number_of(const json_t *object, const char *key)
{
    return json_number_value(json_object_get(object, key));
}

static void add_head(struct yields *y, const json_t *figure)
{
    const json_t *window = json_object_get(figure, "window");
    table_add(&y->table, "%s", json_string_value(json_object_get(figure, "hist")));
    table_add(&y->table, "all bins");
    if (y->has_window) {
        table_add(&y->table, "%g-%g %s", number_of(window, "low"), number_of(window, "high"),
                  json_string_value(json_object_get(figure, "unit")));
    }
    table_add(&y->table, "outside");
    if (y->has_nan) {
        table_add(&y->table, "NaN");
    }
}

static void init_yields(struct yields *y, const json_t *figure)
{
    const json_t *stack = json_object_get(figure, "stack");
    *y = (struct yields){.align = "lrr",
                         .has_window = json_is_object(json_object_get(figure, "window")),
                         .has_nan = number_of(figure, "observed_nan") > 0};
    for (size_t i = 0; i < json_array_size(stack); i++) {
        y->has_nan = y->has_nan || number_of(json_array_get(stack, i), "nan") != 0;
    }
    size_t n = strlen(y->align) + (y->has_window ? 1 : 0) + (y->has_nan ? 1 : 0);
    memset(y->align + 1, 'r', n - 1);
    find_window(figure, y->inside);
}

/* What the figure shows, in numbers; "outside" is below and above its axis. */
static void write_yields(const json_t *figure, struct buffer *out)
{
    struct yields y;
    init_yields(&y, figure);
    y.table.align = y.align;
    add_head(&y, figure);
    const json_t *stack = json_object_get(figure, "stack");
    for (size_t i = 0; i < json_array_size(stack); i++) {
        const json_t *layer = json_array_get(stack, i);
        bool seen = json_is_true(json_object_get(layer, "seen"));
        const double beside[] = {number_of(layer, "outside"), number_of(layer, "nan")};
        add_yield(&y, json_string_value(json_object_get(layer, "title")),
                  seen ? json_object_get(layer, "expected") : NULL, beside, 2);
    }
    const json_t *observed = json_object_get(figure, "observed");
    if (json_is_array(observed)) {
        bool seen = json_is_true(json_object_get(figure, "data_seen"));
        const double beside[] = {number_of(figure, "observed_outside"),
                                 number_of(figure, "observed_nan")};
        add_yield(&y, "data", seen ? observed : NULL, beside, 0);
    }
    table_write(&y.table, 0, out);
    table_release(&y.table);
}

/* What the numbers lack, by name. */
static void write_missing(json_t *figure, struct buffer *out)
{
    const json_t *unseen = json_object_get(figure, "unseen");
    for (size_t i = 0; i < json_array_size(unseen); i++) {
        buffer_printf(out, i == 0 ? "not seen yet: " : ", ");
        human_text(out, json_string_value(json_array_get(unseen, i)));
    }
    buffer_printf(out, json_array_size(unseen) > 0 ? "\n" : "");
    const char *name = NULL;
    json_t *lacks = NULL;
    json_object_foreach(json_object_get(figure, "left_out"), name, lacks)
    {
        buffer_printf(out, "left out, no %s: ", json_string_value(lacks));
        human_text(out, name);
        buffer_printf(out, "\n");
    }
}

/* "4mu + 4e + 2mu2e" */
static void write_channels(const json_t *figure, struct buffer *out)
{
    const json_t *channels = json_object_get(figure, "channels");
    for (size_t i = 0; i < json_array_size(channels); i++) {
        buffer_printf(out, "%s%s", i == 0 ? "" : " + ",
                      json_string_value(json_array_get(channels, i)));
    }
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

/* The numbers of one row, as many as the table has columns for; "-" if nothing was seen. */
static void add_steps(struct table *t, const struct merge_sample *sample, const char *channel)
{
    size_t left = strlen(t->align) - 1;
    for (size_t i = 0; i < sample->sum.n_steps && left > 0; i++) {
        if (strcmp(sample->sum.step[i].channel, channel) != 0) {
            continue;
        }
        if (sample->n_shards > 0) {
            table_add_count(t, sample->sum.step[i].n_events);
        } else {
            table_add(t, "-");
        }
        left--;
    }
}

/* One row a sample, one column a cut: events, not weighted. */
static void write_cutflow(const struct look *l, const char *channel, struct buffer *out)
{
    const struct dataset *d = l->run->dataset;
    char align[TABLE_COLUMNS_MAX + 1] = "l";
    struct table t = {.align = align, .whole = isatty(STDOUT_FILENO) != 1};
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
        add_steps(&t, &l->merge.sample[s], channel);
    }
    buffer_printf(out, "\n");
    table_write(&t, 0, out);
    table_release(&t);
}

static int print_as_text(const struct look *l, const char *channel, struct error *err)
{
    const struct figure_request request = {.channel = channel, .log_y = -1};
    const struct analysis *a = l->run->dataset->analysis;
    char sha256[DIGEST_SHA256_HEX];
    json_t *figure = figure_to_json(l->run, &l->merge, &request, err);
    if (figure == NULL || digest_result(l, sha256, err) != 0) {
        json_decref(figure);
        return -1;
    }
    struct buffer out = {0};
    buffer_printf(&out, "analysis  %s version %u\ncoverage  ", a->name, a->version);
    look_write_coverage(l->run, &l->merge, &out);
    buffer_printf(&out, "%s\nsha256    %s\nchannels  ", look_complete(l) ? "" : " (incomplete)",
                  sha256);
    write_channels(figure, &out);
    buffer_printf(&out, "\n\n");
    write_yields(figure, &out);
    write_missing(figure, &out);
    write_significance(figure, &out);
    for (size_t c = 0; c < a->n_channels; c++) {
        if (channel == NULL || strcmp(channel, a->channel[c]) == 0) {
            write_cutflow(l, a->channel[c], &out);
        }
    }
    int rc = print_text(&out, err);
    json_decref(figure);
    buffer_release(&out);
    return rc;
}

static int print_canonical(const struct look *l, struct error *err)
{
    struct buffer text = {0};
    int rc = result_text(l->run, &l->merge, &text, NULL, err);
    rc = rc == 0 ? print_text(&text, err) : rc;
    buffer_release(&text);
    return rc;
}

static int print_as_json(const struct look *l, struct error *err)
{
    json_t *result = result_to_json(l->run, &l->merge, err);
    int rc = result == NULL ? -1 : print_json(result, err);
    json_decref(result);
    return rc;
}

static int run(const struct invocation *invocation, struct error *err)
{
    const char *form = invocation_option(invocation, "output");
    const char *channel = invocation_option(invocation, "channel");
    bool as_text = form == NULL || strcmp(form, "text") == 0;
    if (channel != NULL && !as_text) {
        return error_set(err, ERROR_INPUT, "result: --channel is for text; as JSON it is all");
    }
    struct look l;
    if (look_open(&l, invocation_operand(invocation, 0), err) != 0) {
        return -1;
    }
    int rc = as_text                          ? print_as_text(&l, channel, err)
             : strcmp(form, "canonical") == 0 ? print_canonical(&l, err)
                                              : print_as_json(&l, err);
    int status = rc == 0 ? (int)look_status(&l) : -1;
    look_close(&l);
    return status;
}

static const struct command_option options[] = {
    {"channel", 0, "NAME", "only this channel (default: their sum, and each cutflow)"},
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
        "significance in its window, and the events left after each cut. What lies below or "
        "above "
        "the plot's axis stands in a column of its own, and so do values that are no number. "
        "The SHA-256 is that "
        "of "
        "result.json as it is at this moment; it is the same on every machine for the same "
        "data "
        "and parameters.",
    .options = options,
    .examples = examples,
    .reach = COMMAND_RELAYED,
    .run = run,
};
