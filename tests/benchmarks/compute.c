/* SPDX-License-Identifier: Apache-2.0 */
/* compute.c - the compute program's work, round by round: all rows of a file, shard by shard, through an
 * analysis, as the worker does it.
 *
 *     compute FILE ORDER.JSON THREADS
 *
 * A round gives the entries of the first figure's histograms, bin by bin, under- and overflow with them. */
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "tests/benchmarks/rounds.h"
#include "worker/order.h"
#include "worker/shard.h"

enum { SHARD_EVENTS = 1000000, ORDER_LIMIT = 1 << 20 };

struct compute {
    struct order order;
    struct shard_task task;
    struct reader *reader;
    uint64_t rows;
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

static int compute_file(void *context, struct error *err)
{
    struct compute *c = context;
    struct partial sum = {0};
    for (uint64_t row = 0; row < c->rows; row += SHARD_EVENTS) {
        struct partial partial = {0};
        c->task.first = row;
        c->task.stop = c->rows - row < SHARD_EVENTS ? c->rows : row + SHARD_EVENTS;
        if (shard_run(&c->task, &c->reader, NULL, &partial, err) != 0) {
            partial_release(&sum);
            return -1;
        }
        if (row == 0) {
            sum = partial;
        } else {
            int rc = partial_add(&sum, &partial, err);
            partial_release(&partial);
            if (rc != 0) {
                partial_release(&sum);
                return -1;
            }
        }
    }
    int rc = say_hist(&sum, c);
    partial_release(&sum);
    return rc;
}

static const char *say(void *context)
{
    struct compute *c = context;
    return buffer_string(&c->said);
}

static int get_ready(struct compute *c, char **argument, struct error *err)
{
    struct buffer text = {0};
    int rc = file_read(argument[2], ORDER_LIMIT, &text, err);
    if (rc == 0 && buffer_string(&text) == NULL) {
        rc = error_no_memory(err, "an order");
    }
    rc = rc == 0 ? order_init(&c->order, (const char *)text.data, err) : rc;
    buffer_release(&text);
    if (rc != 0) {
        return -1;
    }
    c->task = (struct shard_task){.path = argument[1],
                                  .request = order_request(&c->order, NULL),
                                  .channels = UINT32_MAX,
                                  .n_threads = strtoul(argument[3], NULL, 10)};
    if (shard_prepare(err) != 0) {
        return -1;
    }
    struct reader *reader = reader_open(argument[1], &c->task.request, err);
    c->rows = reader == NULL ? 0 : reader_rows(reader);
    reader_close(reader);
    return reader == NULL ? -1 : 0;
}

int main(int n_arguments, char **argument)
{
    struct compute c = {.rows = 0};
    struct error err = {0};
    if (n_arguments != 4) {
        (void)fprintf(stderr, "usage: compute FILE ORDER.JSON THREADS\n");
        return 64;
    }
    int status = 1;
    if (get_ready(&c, argument, &err) != 0 || compute_file(&c, &err) != 0) { /* warm */
        (void)fprintf(stderr, "compute: %s\n", err.text);
    } else {
        status = rounds_play(&(struct contender){compute_file, say, &c});
    }
    reader_close(c.reader);
    order_release(&c.order);
    buffer_release(&c.said);
    return status;
}
