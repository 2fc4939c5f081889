/* SPDX-License-Identifier: Apache-2.0 */
/* analyses.c - picobarn analyses: what can be run, with which parameters, over which columns. */
#include <string.h>
#include <unistd.h>

#include "analysis/analysis.h"
#include "scheduler/commands/commands.h"
#include "scheduler/print.h"
#include "scheduler/table.h"

static const char *const type_name[] = {
    [COLUMN_REAL] = "real", [COLUMN_INTEGER] = "integer", [COLUMN_BOOLEAN] = "boolean"};
static const char *const kind_name[] = {[PARAMETER_REAL] = "number",
                                        [PARAMETER_CUT] = "number or off",
                                        [PARAMETER_CHOICE] = "choice",
                                        [PARAMETER_AXIS] = "axis"};

/* The defaults of all parameters; NULL with err set. */
static json_t *defaults(const struct analysis *a, struct error *err)
{
    struct settings settings = {.n = 0};
    if (settings_init(&settings, a->parameter, a->n_parameters, NULL, err) != 0) {
        return NULL;
    }
    json_t *all = settings_to_json(&settings);
    settings_release(&settings);
    if (all == NULL) {
        (void)error_no_memory(err, "the parameters");
    }
    return all;
}

/* An axis as it was written, not all its edges. */
static json_t *default_to_json(const struct parameter *p, const json_t *values)
{
    if (p->kind == PARAMETER_AXIS) {
        return json_loads(p->axis, 0, NULL);
    }
    return json_incref(json_object_get(values, p->name));
}

static json_t *parameters_to_json(const struct analysis *a, struct error *err)
{
    json_t *values = defaults(a, err);
    json_t *list = values == NULL ? NULL : json_array();
    for (size_t i = 0; list != NULL && i < a->n_parameters; i++) {
        const struct parameter *p = &a->parameter[i];
        json_t *row =
            json_pack("{s:s, s:s, s:o, s:s}", "name", p->name, "kind", kind_name[p->kind],
                      "default", default_to_json(p, values), "help", p->help);
        if (p->kind == PARAMETER_CHOICE) {
            (void)json_object_set_new(row, "choices", json_string(p->choices));
        }
        (void)json_array_append_new(list, row);
    }
    json_decref(values);
    return list;
}

static json_t *needs_to_json(const struct analysis *a)
{
    json_t *list = json_array();
    for (size_t i = 0; i < a->n_needs; i++) {
        const struct need *n = &a->need[i];
        (void)json_array_append_new(
            list, json_pack("{s:s, s:s?, s:s, s:s, s:s?, s:i, s:b}", "column", n->name,
                            "counter", n->counter, "type", type_name[n->type], "unit",
                            unit_name(n->unit), "group", n->group, "alternative",
                            (int)n->alternative, "optional", n->optional ? 1 : 0));
    }
    return list;
}

static json_t *figures_to_json(const struct analysis *a)
{
    json_t *list = json_array();
    for (size_t i = 0; i < a->n_figures; i++) {
        const struct figure *f = &a->figure[i];
        (void)json_array_append_new(list, json_pack("{s:s, s:s, s:s}", "hist", f->hist, "label",
                                                    f->label, "unit", f->unit));
    }
    return list;
}

static json_t *analysis_to_json(const struct analysis *a, struct error *err)
{
    json_t *parameters = parameters_to_json(a, err);
    if (parameters == NULL) {
        return NULL;
    }
    json_t *channels = json_array();
    for (size_t i = 0; i < a->n_channels; i++) {
        (void)json_array_append_new(channels, json_string(a->channel[i]));
    }
    json_t *all =
        json_pack("{s:s, s:i, s:s, s:o, s:o, s:o, s:o}", "name", a->name, "version",
                  (int)a->version, "summary", a->summary, "channels", channels, "histograms",
                  figures_to_json(a), "parameters", parameters, "needs", needs_to_json(a));
    if (all == NULL) {
        (void)error_no_memory(err, "the analyses");
    }
    return all;
}

/* All of them, or the one that was named. */
static int print_as_json(const struct analysis *only, struct error *err)
{
    json_t *list = json_array();
    int rc = 0;
    for (size_t i = 0; rc == 0 && analyses[i] != NULL; i++) {
        if (only == NULL || only == analyses[i]) {
            json_t *one = analysis_to_json(analyses[i], err);
            rc = one == NULL ? -1 : json_array_append_new(list, one);
        }
    }
    rc = rc == 0 ? print_json(list, err) : rc;
    json_decref(list);
    return rc;
}

static void write_list(struct buffer *out)
{
    for (size_t i = 0; analyses[i] != NULL; i++) {
        buffer_printf(out, "%s, version %u\n    %s\n", analyses[i]->name, analyses[i]->version,
                      analyses[i]->summary);
    }
    buffer_printf(out, "\nParameters and columns of one: picobarn analyses NAME\n");
}

/* A default as the run file would say it. */
static void put_default(const struct parameter *p, const json_t *value, struct buffer *out)
{
    if (p->kind == PARAMETER_AXIS) {
        buffer_printf(out, "%s", p->axis); /* as short as it was meant, not all its edges */
    } else if (json_is_string(value)) {
        buffer_printf(out, "%s", json_string_value(value));
    } else {
        json_write_number(json_number_value(value), out);
    }
}

static int write_parameters(const struct analysis *a, struct buffer *out, struct error *err)
{
    json_t *values = defaults(a, err);
    if (values == NULL) {
        return -1;
    }
    buffer_printf(out, "\nParameters, with their defaults:\n");
    for (size_t i = 0; i < a->n_parameters; i++) {
        const struct parameter *p = &a->parameter[i];
        buffer_printf(out, "  %s: ", p->name);
        put_default(p, json_object_get(values, p->name), out);
        buffer_printf(out, "\n      %s", p->help);
        if (p->kind == PARAMETER_CUT) {
            buffer_printf(out, "; or off");
        } else if (p->kind == PARAMETER_CHOICE) {
            buffer_printf(out, "\n      one of: %s", p->choices);
        }
        buffer_printf(out, "\n");
    }
    json_decref(values);
    return 0;
}

static void write_needs(const struct analysis *a, struct buffer *out)
{
    struct table t = {.align = "llll", .whole = isatty(STDOUT_FILENO) != 1};
    for (size_t i = 0; i < a->n_needs; i++) {
        const struct need *n = &a->need[i];
        table_add(&t, "%s", n->name);
        table_add(&t, "%s", type_name[n->type]);
        table_add(&t, "%s", n->unit == UNIT_NONE ? "" : unit_name(n->unit));
        if (n->group != NULL) {
            table_add(&t, "%s, alternative %u", n->group, n->alternative);
        } else {
            table_add(&t, "%s", n->optional ? "where the file has it" : "");
        }
    }
    buffer_printf(out, "\nColumns, of alternatives the lowest that is all there:\n");
    table_write(&t, 2, out);
    table_release(&t);
}

static int write_one(const struct analysis *a, struct buffer *out, struct error *err)
{
    buffer_printf(out, "%s, version %u\n%s\n\nchannels    ", a->name, a->version, a->summary);
    for (size_t i = 0; i < a->n_channels; i++) {
        buffer_printf(out, "%s%s", i == 0 ? "" : ", ", a->channel[i]);
    }
    buffer_printf(out, "\nhistograms  ");
    for (size_t i = 0; i < a->n_figures; i++) {
        buffer_printf(out, "%s%s", i == 0 ? "" : ", ", a->figure[i].hist);
    }
    buffer_printf(out, "\n");
    if (write_parameters(a, out, err) != 0) {
        return -1;
    }
    write_needs(a, out);
    return 0;
}

static int print_as_text(const struct analysis *only, struct error *err)
{
    struct buffer out = {0};
    int rc = 0;
    if (only == NULL) {
        write_list(&out);
    } else {
        rc = write_one(only, &out, err);
    }
    rc = rc == 0 ? print_text(&out, err) : rc;
    buffer_release(&out);
    return rc;
}

static int run(const struct invocation *invocation, struct error *err)
{
    const char *name = invocation_operand(invocation, 0);
    const struct analysis *only = name == NULL ? NULL : analysis_find(name, err);
    if (name != NULL && only == NULL) {
        return -1;
    }
    int rc =
        invocation_wants_json(invocation) ? print_as_json(only, err) : print_as_text(only, err);
    return rc == 0 ? EXIT_COMPLETE : -1;
}

static const struct command_option options[] = {
    COMMAND_OPTION_OUTPUT,
    {0},
};

static const struct command_example examples[] = {
    {"picobarn analyses", "which there are"},
    {"picobarn analyses higgs4l",
     "its cuts with their defaults, and the columns that it reads"},
    {0},
};

const struct command command_analyses = {
    .name = "analyses",
    .group = COMMAND_LOOK,
    .summary = "list the analyses, their parameters and columns",
    .operands = "[ANALYSIS]",
    .max_operands = 1,
    .description = "Lists the analyses of this program; with a name, all about one: channels, "
                   "histograms, every parameter that a run file may set, with its default, and "
                   "the columns that are read. As JSON it is always all.",
    .options = options,
    .examples = examples,
    .run = run,
};
