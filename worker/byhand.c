/* SPDX-License-Identifier: Apache-2.0 */
/* byhand.c - see byhand.h */
#include "worker/byhand.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/digest.h"
#include "base/file.h"
#include "worker/order.h"
#include "worker/sandbox.h"
#include "worker/shard.h"

enum { ORDER_LIMIT = 16 << 20 };

int byhand_enter(struct error *err)
{
    struct sandbox_limits limits = {.memory_bytes = (uint64_t)8 << 30, .keeps_files = true};
    bool filtered = false;
    shard_prepare();
    return sandbox_enter(&limits, &filtered, err);
}

/* The order from a file, or of an analysis with its defaults. */
static int open_order(const struct byhand *what, struct order *order, struct error *err)
{
    struct buffer text = {0};
    if (what->order != NULL) {
        if (file_read(what->order, ORDER_LIMIT, &text, err) != 0) {
            buffer_release(&text);
            return -1;
        }
    } else {
        const struct analysis *analysis =
            analysis_find(what->analysis == NULL ? "higgs4l" : what->analysis, err);
        if (analysis == NULL) {
            return -1;
        }
        buffer_printf(&text, "{\"analysis\": \"%s\", \"version\": %u}", analysis->name,
                      analysis->version);
    }
    int rc = buffer_string(&text) == NULL ? error_no_memory(err, "an order")
                                          : order_init(order, (const char *)text.data, err);
    buffer_release(&text);
    return rc;
}

static int write_out(const void *data, size_t size, struct error *err)
{
    return fwrite(data, 1, size, stdout) == size
               ? 0
               : error_set(err, ERROR_SYSTEM, "writing to standard output failed");
}

int byhand_inspect(const struct byhand *what, struct error *err)
{
    struct order order = {0};
    struct buffer text = {0};
    int rc = open_order(what, &order, err);
    if (rc == 0) {
        struct reader_request request = order_request(&order, what->weight);
        struct reader *reader = reader_open(what->path, &request, err);
        json_t *found = reader == NULL ? NULL : reader_inspect(reader, NULL, err);
        rc = found == NULL ? -1 : json_write_canonical(found, &text, err);
        buffer_u8(&text, '\n');
        rc = rc == 0 ? write_out(text.data, text.size, err) : rc;
        json_decref(found);
        reader_close(reader);
    }
    buffer_release(&text);
    order_release(&order);
    return rc;
}

static int parse_rows(const char *text, uint64_t *first, uint64_t *stop, struct error *err)
{
    char *end = NULL;
    *first = strtoull(text, &end, 10);
    if (end != text && *end == '-') {
        const char *second = end + 1;
        *stop = strtoull(second, &end, 10);
        if (end != second && *end == '\0' && *first <= *stop) {
            return 0;
        }
    }
    return error_set(err, ERROR_INPUT, "--rows %s: say FIRST-STOP, e.g. 0-50000", text);
}

static void describe(const struct partial *p, bool shows_digest, struct buffer *out)
{
    struct buffer bytes = {0};
    char digest[DIGEST_XXH128_HEX];
    partial_encode(p, &bytes);
    digest_xxh128_hex(bytes.data, bytes.size, digest);
    if (shows_digest) {
        buffer_printf(out, "%s\n", digest);
        buffer_release(&bytes);
        return;
    }
    buffer_printf(out, "events   %llu\n", (unsigned long long)p->n_events);
    if (p->weighted) {
        buffer_printf(out, "weights  ");
        json_write_number(exact_round(&p->sumw), out);
        buffer_printf(out, "\n");
    }
    for (size_t i = 0; i < p->n_steps; i++) {
        buffer_printf(out, "%-8s %-12s %llu\n", p->step[i].channel, p->step[i].name,
                      (unsigned long long)p->step[i].n_events);
    }
    buffer_printf(out, "partial  %zu bytes, XXH3-128 %s\n", bytes.size, digest);
    buffer_release(&bytes);
}

int byhand_shard(const struct byhand *what, struct error *err)
{
    struct order order = {0};
    struct partial partial = {0};
    struct reader *reader = NULL;
    struct buffer text = {0};
    struct shard_task task = {
        .path = what->path, .channels = what->channels, .n_threads = what->n_threads};
    int rc = parse_rows(what->rows, &task.first, &task.stop, err);
    rc = rc == 0 ? open_order(what, &order, err) : rc;
    if (rc == 0) {
        task.request = order_request(&order, what->weight);
        rc = shard_run(&task, &reader, NULL, &partial, err);
    }
    if (rc == 0) {
        describe(&partial, what->shows_digest, &text);
        rc = write_out(text.data, text.size, err);
        partial_release(&partial);
    }
    reader_close(reader);
    buffer_release(&text);
    order_release(&order);
    return rc;
}
