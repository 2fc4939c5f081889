/* SPDX-License-Identifier: Apache-2.0 */
/* compute.c - the compute program's work, round by round: all rows of some files, shard by shard, through
 * an analysis, as the worker does it.
 *
 *     compute ORDER.JSON THREADS FILE...
 *
 * A round gives the entries of the first figure's histograms, bin by bin, under- and overflow with them. */
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/size.h"
#include "scheduler/plan.h"
#include "tests/benchmarks/rounds.h"
#include "worker/order.h"
#include "worker/shard.h"

enum { SHARD_EVENTS = 1000000, ORDER_LIMIT = 1 << 20, FILES_MAX = 256, BOUNDARIES_MAX = 4096 };

struct compute {
    struct order order;
    size_t n_threads;
    size_t n_files;
    char **file;
    json_t *found[FILES_MAX];  /* by inspection */
    uint64_t *stop[FILES_MAX]; /* [n_shards] of each file, as a run would plan them */
    size_t n_shards[FILES_MAX];
    uint64_t *start_row[FILES_MAX];
    uint64_t *objects[FILES_MAX];
    struct shard_starts starts[FILES_MAX]; /* of these two */
    struct buffer said;
};

static int say_hist(const struct partial *p, struct compute *c)
{
    const char *name = c->order.analysis->figure[0].hist;
    buffer_clear(&c->said);
    buffer_printf(&c->said, "{");
    const char *comma = "";
    for (size_t h = 0; h < p->n_hists; h++) {
        const struct hist *hist = &p->hist[h].hist;
        if (strcmp(p->hist[h].name, name) != 0) {
            continue;
        }
        buffer_printf(&c->said, "%s\"%s\": [", comma, p->hist[h].channel);
        for (size_t i = 0; i < hist->axis.n_bins + 2; i++) {
            buffer_printf(&c->said, "%s%llu", i == 0 ? "" : ", ",
                          (unsigned long long)hist->count[i]);
        }
        buffer_printf(&c->said, "]");
        comma = ", ";
    }
    buffer_printf(&c->said, "}");
    return c->said.failed ? -1 : 0;
}

/* Adds what came to the sum, which is empty before the first. */
static int add(struct partial *sum, struct partial *partial, struct error *err)
{
    if (sum->n_hists == 0) {
        *sum = *partial;
        return 0;
    }
    int rc = partial_add(sum, partial, err);
    partial_release(partial);
    return rc;
}

static int compute_file(const struct compute *c, size_t i, struct partial *sum,
                        struct error *err)
{
    struct shard_task task = {.path = c->file[i],
                              .request = order_request(&c->order, NULL),
                              .channels = UINT32_MAX,
                              .n_threads = c->n_threads};
    struct reader *reader = NULL;
    int rc = 0;
    task.starts = c->starts[i];
    for (size_t k = 0; rc == 0 && k < c->n_shards[i]; k++) {
        struct partial partial = {0};
        task.first = k == 0 ? 0 : c->stop[i][k - 1];
        task.stop = c->stop[i][k];
        rc = shard_run(&task, &reader, NULL, &partial, err);
        rc = rc == 0 ? add(sum, &partial, err) : rc;
    }
    reader_close(reader);
    return rc;
}

static int compute_all(void *context, struct error *err)
{
    struct compute *c = context;
    struct partial sum = {0};
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < c->n_files; i++) {
        rc = compute_file(c, i, &sum, err);
    }
    rc = rc == 0 ? say_hist(&sum, c) : rc;
    partial_release(&sum);
    return rc;
}

static const char *say(void *context)
{
    struct compute *c = context;
    return buffer_string(&c->said);
}

/* [n][m] or [n] numbers in a row. */
static uint64_t *numbers_of(const json_t *list, size_t m)
{
    size_t n = json_array_size(list);
    uint64_t *out = calloc(n * m + 1, sizeof *out);
    for (size_t i = 0; out != NULL && i < n * m; i++) {
        const json_t *at = json_array_get(list, i / m);
        out[i] =
            (uint64_t)json_integer_value(json_is_array(at) ? json_array_get(at, i % m) : at);
    }
    return out;
}

/* All starts that inspection found, from which a run's leases give each shard its own. */
static int keep_starts(struct compute *c, size_t i, struct error *err)
{
    const json_t *starts = json_object_get(c->found[i], "starts");
    const json_t *rows = json_object_get(starts, "rows");
    size_t m = json_array_size(json_object_get(starts, "counters"));
    c->start_row[i] = numbers_of(rows, 1);
    c->objects[i] = numbers_of(json_object_get(starts, "objects"), m);
    c->starts[i] =
        (struct shard_starts){json_array_size(rows), m, c->start_row[i], c->objects[i]};
    return c->start_row[i] == NULL || c->objects[i] == NULL ? error_no_memory(err, "starts")
                                                            : 0;
}

static int plan_file(struct compute *c, size_t i, struct error *err)
{
    uint64_t boundary[BOUNDARIES_MAX];
    const json_t *list = json_object_get(c->found[i], "boundaries");
    size_t n = size_min(json_array_size(list), BOUNDARIES_MAX);
    for (size_t k = 0; k < n; k++) {
        boundary[k] = (uint64_t)json_integer_value(json_array_get(list, k));
    }
    uint64_t rows = (uint64_t)json_integer_value(json_object_get(c->found[i], "rows"));
    return plan_split(rows, SHARD_EVENTS, boundary, n, &c->stop[i], &c->n_shards[i], err);
}

static int inspect_all(struct compute *c, struct error *err)
{
    struct reader_request request = order_request(&c->order, NULL);
    for (size_t i = 0; i < c->n_files; i++) {
        struct reader *reader = reader_open(c->file[i], &request, err);
        c->found[i] = reader == NULL ? NULL : reader_inspect(reader, NULL, err);
        reader_close(reader);
        if (c->found[i] == NULL || plan_file(c, i, err) != 0 || keep_starts(c, i, err) != 0) {
            return -1;
        }
    }
    return 0;
}

static int get_ready(struct compute *c, char **argument, struct error *err)
{
    struct buffer text = {0};
    int rc = file_read(argument[1], ORDER_LIMIT, &text, err);
    if (rc == 0 && buffer_string(&text) == NULL) {
        rc = error_no_memory(err, "an order");
    }
    rc = rc == 0 ? order_init(&c->order, (const char *)text.data, err) : rc;
    buffer_release(&text);
    c->n_threads = strtoul(argument[2], NULL, 10);
    c->file = argument + 3;
    shard_prepare();
    return rc == 0 ? inspect_all(c, err) : rc;
}

int main(int n_arguments, char **argument)
{
    struct compute c = {.n_files = n_arguments < 4 ? 0 : (size_t)n_arguments - 3};
    struct error err = {0};
    if (c.n_files < 1 || c.n_files > FILES_MAX) {
        (void)fprintf(stderr, "usage: compute ORDER.JSON THREADS FILE... (at most %d)\n",
                      FILES_MAX);
        return 64;
    }
    int status = 1;
    if (get_ready(&c, argument, &err) != 0 || compute_all(&c, &err) != 0) { /* warm */
        (void)fprintf(stderr, "compute: %s\n", err.text);
    } else {
        status = rounds_play(&(struct contender){compute_all, say, &c});
    }
    for (size_t i = 0; i < c.n_files; i++) {
        json_decref(c.found[i]);
        free(c.stop[i]);
        free(c.start_row[i]);
        free(c.objects[i]);
    }
    order_release(&c.order);
    buffer_release(&c.said);
    return status;
}
