/* SPDX-License-Identifier: Apache-2.0 */
/* select.c - see reader_state.h
 *
 * Which columns of a file an analysis reads. A need is looked for under the name that the run
 * file gives it, else at the root, else in "Events". Of a group of alternatives the lowest is
 * taken of which everything is there; columns that nobody needs are not looked at, so that what
 * is wrong with them does no harm. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "worker/reader_state.h"

static const char events_folder[] = "Events";

/* What was found of each need, and what of that is read. */
struct search {
    struct reader *r;
    const struct need *need;
    size_t n;
    struct format_column **found; /* [n] */
    bool *chosen;                 /* [n] */
};

static bool is_wanted(const struct search *s, size_t i)
{
    const struct need *need = &s->need[i];
    return need->name != NULL && (need->wanted == NULL || need->wanted(s->r->request.settings));
}

static const char *mapped_name(const struct reader *r, const char *name)
{
    return json_string_value(json_object_get(r->request.names, name));
}

/* *out is NULL where the file has no such column. */
static int locate(const struct reader *r, const char *name, struct format_column **out,
                  struct error *err)
{
    char inside[FORMAT_PATH_SIZE];
    const char *mapped = mapped_name(r, name);
    const char *where = mapped == NULL ? name : mapped;
    int rc = r->format->find(r->file, where, out, err);
    if (rc == 0 && *out == NULL && mapped == NULL) {
        (void)snprintf(inside, sizeof inside, "%s/%s", events_folder, name);
        where = inside;
        rc = r->format->find(r->file, where, out, err);
    }
    if (rc == 0) {
        return 0;
    }
    return strcmp(where, name) == 0
               ? error_prefix(err, "%s: column %s", r->path, name)
               : error_prefix(err, "%s: column %s (%s)", r->path, name, where);
}

static int locate_need(struct search *s, size_t i, struct error *err)
{
    for (size_t j = 0; j < s->n; j++) {
        if (s->found[j] != NULL && strcmp(s->need[j].name, s->need[i].name) == 0) {
            s->found[i] = s->found[j];
            return 0;
        }
    }
    return locate(s->r, s->need[i].name, &s->found[i], err);
}

static int fail_missing(const struct reader *r, const char *name, const char *role,
                        const char *of, struct error *err)
{
    const char *mapped = mapped_name(r, name);
    return error_set(err, ERROR_INPUT, "%s: no column %s%s%s%s%s%s%s%s", r->path, name,
                     mapped == NULL ? "" : " (called ", mapped == NULL ? "" : mapped,
                     mapped == NULL ? "" : " in the run file)", role[0] == '\0' ? "" : ", ",
                     role, of[0] == '\0' ? "" : " of ", of);
}

static int choose_singles(struct search *s, struct error *err)
{
    for (size_t i = 0; i < s->n; i++) {
        if (!is_wanted(s, i) || s->need[i].group != NULL) {
            continue;
        }
        if (locate_need(s, i, err) != 0) {
            return -1;
        }
        s->chosen[i] = s->found[i] != NULL;
        if (!s->chosen[i] && !s->need[i].optional) {
            return fail_missing(s->r, s->need[i].name, "", "", err);
        }
    }
    return 0;
}

static bool is_of(const struct search *s, size_t i, const char *group, unsigned alternative)
{
    const struct need *need = &s->need[i];
    return need->group != NULL && strcmp(need->group, group) == 0 &&
           (alternative == 0 || need->alternative == alternative) && is_wanted(s, i);
}

/* Looks for one alternative's columns. *missing: the first that had to be there and is not;
 * *n_found: how many there are. */
static int try_alternative(struct search *s, const char *group, unsigned alternative,
                           const char **missing, size_t *n_found, struct error *err)
{
    *missing = NULL;
    *n_found = 0;
    for (size_t i = 0; *missing == NULL && i < s->n; i++) {
        if (!is_of(s, i, group, alternative)) {
            continue;
        }
        if (locate_need(s, i, err) != 0) {
            return -1;
        }
        *n_found += s->found[i] != NULL;
        if (s->found[i] == NULL && !s->need[i].optional) {
            *missing = s->need[i].name;
        }
    }
    return 0;
}

/* "Muon_px Muon_py Muon_pz (no Muon_px)", with "; or " before all but the first. */
static void describe_alternative(const struct search *s, const char *group,
                                 unsigned alternative, const char *missing, struct buffer *out)
{
    buffer_printf(out, "%s", out->size == 0 ? "" : "; or ");
    for (size_t i = 0; i < s->n; i++) {
        if (is_of(s, i, group, alternative)) {
            buffer_printf(out, "%s ", s->need[i].name);
        }
    }
    buffer_printf(out, "(no %s)", missing);
}

static void choose_alternative(struct search *s, const char *group, unsigned alternative)
{
    for (size_t i = 0; i < s->n; i++) {
        s->chosen[i] = s->chosen[i] || (is_of(s, i, group, alternative) && s->found[i] != NULL);
    }
}

/* The lowest alternative that is all there; ERROR_INPUT that says what each of them lacks. A
 * group of optional needs only may be missing as a whole. */
static int choose_group(struct search *s, const char *group, struct error *err)
{
    unsigned last = 0;
    for (size_t i = 0; i < s->n; i++) {
        if (is_of(s, i, group, 0) && s->need[i].alternative > last) {
            last = s->need[i].alternative;
        }
    }
    struct buffer lacking = {0};
    int rc = 0;
    bool done = false;
    for (unsigned a = 1; rc == 0 && !done && a <= last; a++) {
        const char *missing = NULL;
        size_t n_found = 0;
        rc = try_alternative(s, group, a, &missing, &n_found, err);
        if (rc == 0 && missing != NULL) {
            describe_alternative(s, group, a, missing, &lacking);
        } else if (rc == 0 && n_found > 0) {
            choose_alternative(s, group, a);
            done = true;
        }
    }
    if (rc == 0 && !done && lacking.size > 0) {
        const char *text = buffer_string(&lacking);
        rc = error_set(err, ERROR_INPUT, "%s: no %s: needed are %s", s->r->path, group,
                       text == NULL ? "columns" : text);
    }
    buffer_release(&lacking);
    return rc;
}

static int choose_groups(struct search *s, struct error *err)
{
    for (size_t i = 0; i < s->n; i++) {
        bool first = is_wanted(s, i) && s->need[i].group != NULL;
        for (size_t j = 0; first && j < i; j++) {
            first = !is_of(s, j, s->need[i].group, 0);
        }
        if (first && choose_group(s, s->need[i].group, err) != 0) {
            return -1;
        }
    }
    return 0;
}

static int find_counter(struct reader *r, const struct need *need, size_t *index,
                        struct error *err)
{
    *index = NO_COUNTER;
    if (need->counter == NULL) {
        return 0;
    }
    for (size_t k = 0; k < r->n_counters; k++) {
        if (strcmp(r->counter[k].name, need->counter) == 0) {
            *index = k;
            return 0;
        }
    }
    struct counter *c = &r->counter[r->n_counters];
    if (locate(r, need->counter, &c->file, err) != 0) {
        return -1;
    }
    if (c->file == NULL) {
        return fail_missing(r, need->counter, "the counter", need->name, err);
    }
    c->name = need->counter;
    *index = r->n_counters++;
    return 0;
}

/* Whether no number of it has to be checked, scaled or widened. */
static bool is_as_is(const struct selected *c)
{
    bool wide = c->file->kind == FORMAT_REAL && c->file->raw_size == sizeof(double) &&
                scaling_is_identity(&c->scaling);
    bool whole = c->file->kind == FORMAT_SIGNED && c->file->raw_size == sizeof(int32_t);
    return c->type == COLUMN_REAL ? c->single || wide : c->type == COLUMN_INTEGER && whole;
}

/* Whether its type and unit are of use. */
static int check_selected(const struct reader *r, struct selected *c, struct error *err)
{
    if (c->type == COLUMN_BOOLEAN && c->file->kind == FORMAT_REAL) {
        char type[FORMAT_WORD_SIZE];
        format_type_name(c->file, type);
        error_set(err, ERROR_INPUT, "its type is %s; a boolean or an integer is needed", type);
        return reader_blame(r, c->name, c->file, err);
    }
    if (scaling_find(c->unit, c->file->unit, r->request.units, &c->scaling, &c->word, err) !=
        0) {
        return reader_blame(r, c->name, c->file, err);
    }
    c->single = c->type == COLUMN_REAL && c->file->kind == FORMAT_REAL &&
                c->file->raw_size == sizeof(float) && scaling_is_identity(&c->scaling);
    c->as_is = is_as_is(c);
    return 0;
}

static int add_selected(struct search *s, size_t i, struct error *err)
{
    struct reader *r = s->r;
    const struct need *need = &s->need[i];
    struct selected c = {
        .name = need->name, .type = need->type, .unit = need->unit, .file = s->found[i]};
    if (find_counter(r, need, &c.counter, err) != 0) {
        return -1;
    }
    for (size_t j = 0; j < r->n_selected; j++) {
        const struct selected *o = &r->selected[j];
        if (strcmp(o->name, c.name) == 0 && o->type == c.type && o->unit == c.unit &&
            o->counter == c.counter) {
            r->selected_of[i] = j;
            return 0;
        }
    }
    if (check_selected(r, &c, err) != 0) {
        return -1;
    }
    r->selected_of[i] = r->n_selected;
    r->selected[r->n_selected++] = c;
    return 0;
}

static int select_weight(struct reader *r, struct error *err)
{
    const char *name = r->request.weight;
    if (name == NULL) {
        return 0;
    }
    struct selected *w = &r->weight;
    *w = (struct selected){
        .name = name, .type = COLUMN_REAL, .unit = UNIT_NONE, .counter = NO_COUNTER};
    if (locate(r, name, &w->file, err) != 0) {
        return -1;
    }
    if (w->file == NULL) {
        return fail_missing(r, name, "the weights", "", err);
    }
    if (check_selected(r, w, err) != 0) {
        return -1;
    }
    w->single = false; /* weights are sums' terms: always double */
    w->as_is = w->as_is && w->file->raw_size == sizeof(double);
    return 0;
}

/* Two columns of one length, or ERROR_INPUT that names both. */
static int check_length(const struct reader *r, const char *name,
                        const struct format_column *column, const char *other,
                        uint64_t expected, struct error *err)
{
    if (column->n_rows == expected) {
        return 0;
    }
    error_set(err, ERROR_INPUT, "%" PRIu64 " rows, but %s has %" PRIu64, column->n_rows, other,
              expected);
    return reader_blame(r, name, column, err);
}

static int check_objects(struct reader *r, const struct selected *c, struct error *err)
{
    struct counter *counter = &r->counter[c->counter];
    if (counter->object == NULL) {
        counter->object = c;
    }
    if (r->n_rows == 0) {
        return check_length(r, c->name, c->file, counter->name, 0, err);
    }
    return check_length(r, c->name, c->file, counter->object->name,
                        counter->object->file->n_rows, err);
}

/* All counters and all columns of one value an event are as long as the first of them, columns
 * of one value an object as long as the first of their counter's. */
static int check_lengths(struct reader *r, struct error *err)
{
    const char *first = r->n_counters > 0 ? r->counter[0].name : r->selected[0].name;
    r->n_rows = r->n_counters > 0 ? r->counter[0].file->n_rows : r->selected[0].file->n_rows;
    int rc = 0;
    for (size_t k = 0; rc == 0 && k < r->n_counters; k++) {
        rc = check_length(r, r->counter[k].name, r->counter[k].file, first, r->n_rows, err);
    }
    for (size_t i = 0; rc == 0 && i < r->n_selected; i++) {
        const struct selected *c = &r->selected[i];
        rc = c->counter == NO_COUNTER ? check_length(r, c->name, c->file, first, r->n_rows, err)
                                      : check_objects(r, c, err);
    }
    if (rc == 0 && r->weight.file != NULL) {
        rc = check_length(r, r->weight.name, r->weight.file, first, r->n_rows, err);
    }
    return rc;
}

static int select_all(struct search *s, struct error *err)
{
    if (choose_singles(s, err) != 0 || choose_groups(s, err) != 0) {
        return -1;
    }
    for (size_t i = 0; i < s->n; i++) {
        s->r->selected_of[i] = s->n;
        if (s->chosen[i] && add_selected(s, i, err) != 0) {
            return -1;
        }
    }
    if (s->r->n_selected == 0) {
        return error_set(err, ERROR_INPUT, "%s: none of the columns that %s can use",
                         s->r->path, s->r->request.analysis->name);
    }
    return select_weight(s->r, err) != 0 ? -1 : check_lengths(s->r, err);
}

int reader_select(struct reader *r, struct error *err)
{
    const struct analysis *a = r->request.analysis;
    struct search s = {.r = r, .need = a->need, .n = a->n_needs};
    s.found = calloc(s.n + 1, sizeof(struct format_column *));
    s.chosen = calloc(s.n + 1, sizeof(*s.chosen));
    int rc = s.found == NULL || s.chosen == NULL ? error_no_memory(err, "the needs")
                                                 : select_all(&s, err);
    free(s.found);
    free(s.chosen);
    return rc;
}
