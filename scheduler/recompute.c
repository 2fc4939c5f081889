/* SPDX-License-Identifier: Apache-2.0 */
/* recompute.c - see recompute.h */
#include "scheduler/recompute.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/json.h"
#include "scheduler/run_changes.h"
#include "worker/order.h"

int recompute_open(struct recompute *rc, const struct run *r, size_t n_threads,
                   struct error *err)
{
    const struct dataset *d = r->dataset;
    *rc = (struct recompute){.run = r, .n_threads = n_threads, .order = -1};
    if (run_check_specification(r, d, err) != 0) {
        return -1;
    }
    json_t *order = order_to_json(d->analysis, &d->settings, d->names, d->units);
    rc->order = order == NULL ? error_no_memory(err, "the order")
                              : worker_program_share(order, rc->order_path, err);
    json_decref(order);
    return rc->order < 0 ? -1 : 0;
}

void recompute_close(struct recompute *rc)
{
    if (rc->order >= 0) {
        (void)close(rc->order);
    }
    rc->order = -1;
}

int recompute_shard(const struct recompute *rc, const struct run_shard *s,
                    uint8_t digest[DIGEST_XXH128_SIZE], struct error *err)
{
    const struct run_file *f = &rc->run->file[s->file];
    const struct sample *sample = &rc->run->dataset->sample[f->sample];
    char rows[64];
    char channels[32];
    char threads[32];
    char order[WORKER_PROGRAM_PATH_SIZE];
    (void)snprintf(rows, sizeof rows, "%llu-%llu", (unsigned long long)s->first,
                   (unsigned long long)s->stop);
    (void)snprintf(channels, sizeof channels, "%u", sample->channels);
    (void)snprintf(threads, sizeof threads, "%zu", rc->n_threads);
    (void)snprintf(order, sizeof order, "%s", rc->order_path);
    char word[][12] = {"shard",     "--rows", "--order", "--channels",
                       "--threads", "--show", "digest",  "--weight"};
    char *argv[] = {NULL,     word[0], f->path, word[1], rows,    word[2], order, word[3],
                    channels, word[4], threads, word[5], word[6], NULL,    NULL,  NULL};
    if (sample->weight != NULL) {
        argv[13] = word[7];
        argv[14] = sample->weight;
    }
    struct buffer out = {0};
    int result = worker_program_call(argv, &out, err);
    const char *text = result == 0 ? buffer_string(&out) : NULL;
    char hex[DIGEST_XXH128_HEX] = "";
    if (text != NULL) {
        (void)snprintf(hex, sizeof hex, "%s", text);
    }
    if (result == 0 && !digest_from_hex(hex, digest, DIGEST_XXH128_SIZE)) {
        result = error_set(err, ERROR_PEER, "the worker program gave no digest");
    }
    buffer_release(&out);
    return result;
}

int recompute_compare(const struct recompute *rc, const struct run_shard *s, char *why,
                      size_t size, struct error *err)
{
    uint8_t stored[DIGEST_XXH128_SIZE];
    uint8_t now[DIGEST_XXH128_SIZE];
    struct error bad = {0};
    int there = ledger_find_partial(rc->run->ledger, s->id, stored, err);
    if (there != 1) {
        return there < 0 ? -1
                         : error_set(err, ERROR_PEER, "ledger: no partial of shard %llu",
                                     (unsigned long long)s->id);
    }
    if (recompute_shard(rc, s, now, &bad) != 0) {
        if (bad.kind != ERROR_INPUT) {
            *err = bad;
            return -1;
        }
        (void)snprintf(why, size, "%s", bad.text);
        return 0;
    }
    if (memcmp(stored, now, sizeof now) != 0) {
        (void)snprintf(why, size, "computed again it gives other bytes");
        return 0;
    }
    return 1;
}
