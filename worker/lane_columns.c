/* SPDX-License-Identifier: Apache-2.0 */
/* lane_columns.c - see lane_state.h: the columns of one block, one after the other. */
#include <inttypes.h>
#include <math.h>

#include "base/size.h"
#include "worker/convert.h"
#include "worker/lane_state.h"

enum {
    /* Objects of one kind in one block: two thousand an event. More is a counter that lies, and
     * would have us allocate gigabytes. */
    OBJECTS_MAX = 1 << 24,
};

/* A value that is no use: "row 17: -1 is no number of objects". */
static int fail_value(const struct source *s, size_t i, const char *what, struct error *err)
{
    return error_set(err, ERROR_INPUT, "row %" PRIu64 ": %.17g is %s", s->first + i,
                     convert_load(s->column, s->numbers, i), what);
}

/* Of the counts of l->at + i and before, which cannot be. */
static int fail_count(const struct lane *l, size_t k, size_t i, struct error *err)
{
    const struct counter *c = &l->reader->counter[k];
    const struct tally *t = &l->tally[k];
    uint32_t count = 0;
    if (!convert_count(c->file, t->source.numbers, i, &count)) {
        return fail_value(&t->source, i, "no number of objects", err);
    }
    uint64_t sum = (uint64_t)t->offset[i] + count;
    if (sum > c->object->file->n_rows - t->at) {
        return error_set(err, ERROR_INPUT,
                         "row %" PRIu64 ": with it the counts add up to %" PRIu64
                         ", but %s has %" PRIu64 " rows",
                         l->at + i, t->at + sum, c->object->name, c->object->file->n_rows);
    }
    return error_set(err, ERROR_INPUT,
                     "rows %" PRIu64 "-%" PRIu64
                     " have more than %d objects, which is the limit of a block",
                     l->at, l->at + i + 1, OBJECTS_MAX);
}

static int load_counter(struct lane *l, size_t k, uint64_t stop, struct error *err)
{
    const struct counter *c = &l->reader->counter[k];
    struct tally *t = &l->tally[k];
    size_t n = (size_t)(stop - l->at);
    if (room_for(&t->room, n + 1, sizeof *t->offset, err) != 0 ||
        source_load(&t->source, l->at, stop, &l->bench, err) != 0) {
        return -1;
    }
    uint64_t left = c->object->file->n_rows - t->at;
    t->offset = t->room.data;
    size_t good = convert_offsets(c->file, t->source.numbers, n,
                                  (uint32_t)size_min(left, OBJECTS_MAX), t->offset);
    return good == n ? 0 : fail_count(l, k, good, err);
}

int lane_load_counters(struct lane *l, uint64_t stop, struct error *err)
{
    const struct reader *r = l->reader;
    for (size_t k = 0; k < r->n_counters; k++) {
        if (load_counter(l, k, stop, err) != 0) {
            return reader_blame(r, r->counter[k].name, r->counter[k].file, err);
        }
    }
    return 0;
}

static size_t size_of(const struct selected *c)
{
    switch (c->type) {
    case COLUMN_INTEGER:
        return sizeof(int32_t);
    case COLUMN_BOOLEAN:
        return sizeof(uint8_t);
    default:
        return c->single ? sizeof(float) : sizeof(double);
    }
}

/* What was loaded to what the batch holds. */
static int convert(const struct selected *c, struct loaded *d, size_t n, struct error *err)
{
    const struct source *s = &d->source;
    size_t good = n;
    switch (c->type) {
    case COLUMN_REAL:
        convert_real(c->file, s->numbers, n, &c->scaling, d->room.data);
        return 0;
    case COLUMN_INTEGER:
        good = convert_integer(c->file, s->numbers, n, d->room.data);
        return good == n ? 0 : fail_value(s, good, "no whole number of 32 bits", err);
    case COLUMN_BOOLEAN:
        good = convert_boolean(c->file, s->numbers, n, d->room.data);
        return good == n ? 0 : fail_value(s, good, "neither 0 nor 1", err);
    }
    return 0;
}

static const void *numbers_of(const struct selected *c, const struct loaded *d)
{
    return c->as_is ? d->source.numbers : d->room.data;
}

static int load_rows(struct lane *l, const struct selected *c, struct loaded *d, uint64_t stop,
                     struct error *err)
{
    uint64_t from = l->at;
    uint64_t to = stop;
    if (c->counter != NO_COUNTER) {
        const struct tally *t = &l->tally[c->counter];
        from = t->at;
        to = t->at + t->offset[stop - l->at];
    }
    size_t n = (size_t)(to - from);
    if (room_for(&d->room, c->as_is ? 0 : n, size_of(c), err) != 0 ||
        source_load(&d->source, from, to, &l->bench, err) != 0) {
        return -1;
    }
    return c->as_is ? 0 : convert(c, d, n, err);
}

static int check_weights(const struct lane *l, size_t n, struct error *err)
{
    const double *weight = numbers_of(&l->reader->weight, &l->weight);
    for (size_t i = 0; i < n; i++) {
        if (!isfinite(weight[i])) {
            return error_set(err, ERROR_INPUT, "row %" PRIu64 ": the weight is %s", l->at + i,
                             isnan(weight[i]) ? "no number" : "infinite");
        }
    }
    return 0;
}

int lane_load_columns(struct lane *l, uint64_t stop, struct error *err)
{
    const struct reader *r = l->reader;
    for (size_t i = 0; i < r->n_selected; i++) {
        const struct selected *c = &r->selected[i];
        if (load_rows(l, c, &l->loaded[i], stop, err) != 0) {
            return reader_blame(r, c->name, c->file, err);
        }
    }
    if (r->weight.file != NULL && (load_rows(l, &r->weight, &l->weight, stop, err) != 0 ||
                                   check_weights(l, (size_t)(stop - l->at), err) != 0)) {
        return reader_blame(r, r->weight.name, r->weight.file, err);
    }
    return 0;
}

static struct column view_of(const struct lane *l, size_t i)
{
    const struct selected *c = &l->reader->selected[i];
    const void *numbers = numbers_of(c, &l->loaded[i]);
    struct column view = {0};
    switch (c->type) {
    case COLUMN_REAL:
        if (c->single) {
            view.f32 = numbers;
        } else {
            view.f64 = numbers;
        }
        break;
    case COLUMN_INTEGER:
        view.i32 = numbers;
        break;
    case COLUMN_BOOLEAN:
        view.flag = numbers;
        break;
    }
    if (c->counter != NO_COUNTER) {
        view.offset = l->tally[c->counter].offset;
    }
    return view;
}

void lane_show(struct lane *l, size_t n_events)
{
    const struct reader *r = l->reader;
    for (size_t i = 0; i < r->n_needs; i++) {
        if (r->selected_of[i] < r->n_needs) {
            l->view[i] = view_of(l, r->selected_of[i]);
        }
    }
    l->batch.n_events = n_events;
    l->batch.column = l->view;
    l->batch.weight = r->weight.file == NULL ? NULL : numbers_of(&r->weight, &l->weight);
}

static int book(struct lane *l, struct source *s, struct format_column *column,
                struct error *err)
{
    struct reader *r = l->reader;
    source_init(s, &(struct source_file){r->format, r->file, &r->library}, column);
    return source_book(s, &l->bench, err);
}

int lane_book_columns(struct lane *l, struct error *err)
{
    const struct reader *r = l->reader;
    int rc = 0;
    for (size_t k = 0; rc == 0 && k < r->n_counters; k++) {
        rc = book(l, &l->tally[k].source, r->counter[k].file, err);
    }
    for (size_t i = 0; rc == 0 && i < r->n_selected; i++) {
        rc = book(l, &l->loaded[i].source, r->selected[i].file, err);
    }
    return rc == 0 && r->weight.file != NULL ? book(l, &l->weight.source, r->weight.file, err)
                                             : rc;
}

static void release(struct loaded *d)
{
    source_release(&d->source);
    room_release(&d->room);
}

void lane_release_columns(struct lane *l)
{
    for (size_t k = 0; k < l->reader->n_counters; k++) {
        source_release(&l->tally[k].source);
        room_release(&l->tally[k].room);
    }
    for (size_t i = 0; i < l->reader->n_selected; i++) {
        release(&l->loaded[i]);
    }
    release(&l->weight);
    filter_bench_release(&l->bench);
}
