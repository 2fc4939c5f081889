/* SPDX-License-Identifier: Apache-2.0 */
/* parameter.c - see parameter.h */
#include "analysis/parameter.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Word number `index` of a list with blanks between into out[size]; false past the end. */
static bool choice_word(const char *choices, size_t index, char *out, size_t size)
{
    for (size_t i = 0; i < index; i++) {
        choices = strchr(choices, ' ');
        if (choices == NULL) {
            return false;
        }
        choices++;
    }
    size_t length = strcspn(choices, " ");
    (void)snprintf(out, size, "%.*s", (int)length, choices);
    return length > 0;
}

/* The first of what `given` may not be, for messages. */
static void describe(const json_t *given, char *out, size_t size)
{
    char *text = json_dumps(given, JSON_ENCODE_ANY | JSON_COMPACT);
    (void)snprintf(out, size, "%.60s", text == NULL ? "?" : text);
    free(text);
}

static int refuse(const struct parameter *p, const json_t *given, const char *wanted,
                  struct error *err)
{
    char value[64];
    describe(given, value, sizeof value);
    return error_set(err, ERROR_INPUT, "parameter %s: %s is not %s", p->name, value, wanted);
}

static int set_number(struct setting *s, const struct parameter *p, const json_t *given,
                      struct error *err)
{
    const char *text = json_string_value(given);
    /* Unquoted, YAML's `off` may also arrive as the boolean that it is elsewhere. */
    bool off = json_is_false(given) || (text != NULL && strcmp(text, "off") == 0);
    if (off && p->kind == PARAMETER_CUT) {
        s->off = true;
        return 0;
    }
    if (!json_is_number(given) || !isfinite(json_number_value(given))) {
        return refuse(p, given, p->kind == PARAMETER_CUT ? "a number or off" : "a number", err);
    }
    s->value = json_number_value(given);
    return 0;
}

static int set_choice(struct setting *s, const struct parameter *p, const json_t *given,
                      struct error *err)
{
    /* A number may stand for the word of its digits (muons_exactly: 2), false for `off`. */
    char text[64];
    if (json_is_string(given)) {
        (void)snprintf(text, sizeof text, "%s", json_string_value(given));
    } else if (json_is_false(given)) {
        (void)snprintf(text, sizeof text, "off");
    } else {
        describe(given, text, sizeof text);
    }
    char word[64];
    for (size_t i = 0; choice_word(p->choices, i, word, sizeof word); i++) {
        if (strcmp(word, text) == 0) {
            s->choice = i;
            return 0;
        }
    }
    char wanted[256];
    (void)snprintf(wanted, sizeof wanted, "one of: %s", p->choices);
    return refuse(p, given, wanted, err);
}

static int set_edges(struct setting *s, const json_t *edges, struct error *err)
{
    size_t n = json_array_size(edges);
    double *edge = calloc(n + 1, sizeof *edge);
    if (edge == NULL) {
        return error_no_memory(err, "an axis");
    }
    for (size_t i = 0; i < n; i++) {
        const json_t *value = json_array_get(edges, i);
        edge[i] = json_is_number(value) ? json_number_value(value) : (double)NAN;
    }
    int rc = axis_init_variable(&s->axis, n == 0 ? 0 : n - 1, edge, err);
    free(edge);
    return rc;
}

static int set_axis(struct setting *s, const struct parameter *p, const json_t *given,
                    struct error *err)
{
    static const char wanted[] = "{regular: [bins, low, high]}, {log: [bins, low, high]} or "
                                 "{edges: [low, ..., high]}";
    const json_t *edges = json_object_get(given, "edges");
    const json_t *regular = json_object_get(given, "regular");
    const json_t *list = regular != NULL ? regular : json_object_get(given, "log");
    int rc = -1;
    if (json_object_size(given) == 1 && json_is_array(edges)) {
        rc = set_edges(s, edges, err);
    } else {
        const json_t *n = json_array_get(list, 0);
        const json_t *low = json_array_get(list, 1);
        const json_t *high = json_array_get(list, 2);
        if (json_object_size(given) != 1 || json_array_size(list) != 3 || !json_is_integer(n) ||
            json_integer_value(n) < 1 || !json_is_number(low) || !json_is_number(high)) {
            return refuse(p, given, wanted, err);
        }
        rc = (regular != NULL ? axis_init_regular : axis_init_logarithmic)(
            &s->axis, (size_t)json_integer_value(n), json_number_value(low),
            json_number_value(high), err);
    }
    return rc == 0 ? 0 : error_prefix(err, "parameter %s", p->name);
}

static int set_default_axis(struct setting *s, const struct parameter *p, struct error *err)
{
    json_t *value = json_parse(p->axis, strlen(p->axis), 4096, err);
    int rc = value == NULL ? -1 : set_axis(s, p, value, err);
    json_decref(value);
    return rc;
}

static int set_one(struct setting *s, const struct parameter *p, const json_t *given,
                   struct error *err)
{
    s->value = p->value;
    if (given == NULL) {
        return p->kind == PARAMETER_AXIS ? set_default_axis(s, p, err) : 0;
    }
    switch (p->kind) {
    case PARAMETER_CHOICE:
        return set_choice(s, p, given, err);
    case PARAMETER_AXIS:
        return set_axis(s, p, given, err);
    default:
        return set_number(s, p, given, err);
    }
}

/* Refuses a name that is not in the table, listing those that are. */
static int check_names(const struct parameter *table, size_t n, json_t *given,
                       struct error *err)
{
    const char *name = NULL;
    json_t *value = NULL;
    json_object_foreach(given, name, value)
    {
        size_t i = 0;
        while (i < n && strcmp(table[i].name, name) != 0) {
            i++;
        }
        if (i < n) {
            continue;
        }
        (void)error_set(err, ERROR_INPUT, "no parameter \"%.60s\"; there are:", name);
        for (i = 0; i < n; i++) {
            (void)error_set(err, ERROR_INPUT, "%s %s", err == NULL ? "" : err->text,
                            table[i].name);
        }
        return -1;
    }
    return 0;
}

int settings_init(struct settings *s, const struct parameter *table, size_t n,
                  const json_t *given, struct error *err)
{
    *s = (struct settings){.table = table, .n = n};
    if (given != NULL && !json_is_object(given)) {
        return error_set(err, ERROR_INPUT, "parameters: not a map of names to values");
    }
    json_t *names = json_deep_copy(given); /* jansson walks only what it may change */
    if (given != NULL && names == NULL) {
        return error_no_memory(err, "parameters");
    }
    int rc = check_names(table, n, names, err);
    json_decref(names);
    if (rc != 0) {
        return -1;
    }
    s->at = calloc(n + 1, sizeof *s->at);
    if (s->at == NULL) {
        return error_no_memory(err, "settings");
    }
    for (size_t i = 0; i < n; i++) {
        if (set_one(&s->at[i], &table[i], json_object_get(given, table[i].name), err) != 0) {
            settings_release(s);
            return -1;
        }
    }
    return 0;
}

void settings_release(struct settings *s)
{
    for (size_t i = 0; s->at != NULL && i < s->n; i++) {
        axis_release(&s->at[i].axis);
    }
    free(s->at);
    *s = (struct settings){0};
}

static json_t *axis_to_json(const struct axis *axis)
{
    if (axis->kind == AXIS_REGULAR) {
        return json_pack("{s:[I,f,f]}", "regular", (json_int_t)axis->n_bins, axis->edge[0],
                         axis->edge[axis->n_bins]);
    }
    json_t *edges = json_array();
    for (size_t i = 0; i <= axis->n_bins; i++) {
        if (json_array_append_new(edges, json_real(axis->edge[i])) != 0) {
            json_decref(edges);
            return NULL;
        }
    }
    return json_pack("{s:o}", "edges", edges);
}

json_t *settings_to_json(const struct settings *s)
{
    json_t *all = json_object();
    for (size_t i = 0; i < s->n; i++) {
        const struct setting *at = &s->at[i];
        json_t *value = NULL;
        char word[64];
        if (s->table[i].kind == PARAMETER_AXIS) {
            value = axis_to_json(&at->axis);
        } else if (s->table[i].kind == PARAMETER_CHOICE) {
            settings_choice_name(s, i, word, sizeof word);
            value = json_string(word);
        } else {
            value = at->off ? json_string("off") : json_real(at->value);
        }
        if (json_object_set_new(all, s->table[i].name, value) != 0) {
            json_decref(all);
            return NULL;
        }
    }
    return all;
}

void settings_choice_name(const struct settings *s, size_t index, char *out, size_t size)
{
    if (!choice_word(s->table[index].choices, s->at[index].choice, out, size)) {
        (void)snprintf(out, size, "?");
    }
}
