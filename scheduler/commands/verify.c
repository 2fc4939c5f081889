/* SPDX-License-Identifier: Apache-2.0 */
/* verify.c - picobarn verify: a random share of the shards computed again, by the worker program
 * on its own, and compared byte for byte with what the ledger holds. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/digest.h"
#include "base/json.h"
#include "scheduler/commands/commands.h"
#include "scheduler/print.h"
#include "scheduler/run.h"
#include "scheduler/worker_program.h"
#include "worker/order.h"

struct verification {
    struct run *run;
    int order; /* file descriptor that shares the order, or -1 */
    char order_path[WORKER_PROGRAM_PATH_SIZE];
    char threads[32];
    size_t n_checked;
    size_t n_bad;
    json_t *bad; /* [{shard, file, rows, reason}] */
};

static int share_order(struct verification *v, struct error *err)
{
    const struct dataset *d = v->run->dataset;
    json_t *order = order_to_json(d->analysis, &d->settings, d->names, d->units);
    v->order = order == NULL ? error_no_memory(err, "the order")
                             : worker_program_share(order, v->order_path, err);
    json_decref(order);
    return v->order < 0 ? -1 : 0;
}

static void note_bad(struct verification *v, const struct run_shard *s, const char *reason)
{
    v->n_bad++;
    (void)json_array_append_new(
        v->bad, json_pack("{s:I, s:s, s:I, s:I, s:s}", "shard", (json_int_t)s->id, "file",
                          v->run->file[s->file].path, "first", (json_int_t)s->first, "stop",
                          (json_int_t)s->stop, "reason", reason));
}

/* Computes the shard anew; its digest as 32 digits, or why there is none. */
static int compute(struct verification *v, const struct run_shard *s, char *digest,
                   struct error *err)
{
    const struct run_file *f = &v->run->file[s->file];
    const struct sample *sample = &v->run->dataset->sample[f->sample];
    char rows[64];
    char channels[32];
    (void)snprintf(rows, sizeof rows, "%llu-%llu", (unsigned long long)s->first,
                   (unsigned long long)s->stop);
    (void)snprintf(channels, sizeof channels, "%u", sample->channels);
    char word[][12] = {"shard",     "--rows", "--order", "--channels",
                       "--threads", "--show", "digest",  "--weight"};
    char *threads = strdup(v->threads);
    char *argv[] = {NULL,           word[0],
                    f->path,        word[1],
                    rows,           word[2],
                    v->order_path,  word[3],
                    channels,       word[4],
                    threads,        word[5],
                    word[6],        sample->weight == NULL ? NULL : word[7],
                    sample->weight, NULL};
    struct buffer out = {0};
    struct buffer errors = {0};
    int status = 0;
    int rc = threads == NULL ? error_no_memory(err, "a call")
                             : worker_program_run(argv, &out, &errors, &status, err);
    const char *text = buffer_string(&out);
    const char *why = buffer_string(&errors);
    if (rc == 0 && status == 0 && text != NULL && strlen(text) == DIGEST_XXH128_HEX) {
        memcpy(digest, text, DIGEST_XXH128_HEX - 1);
        digest[DIGEST_XXH128_HEX - 1] = '\0';
    } else if (rc == 0) {
        rc = error_set(err, ERROR_INPUT, "%.*s", why == NULL ? 0 : (int)strcspn(why, "\n"),
                       why == NULL ? "" : why);
    }
    buffer_release(&out);
    buffer_release(&errors);
    free(threads);
    return rc;
}

static int check_shard(struct verification *v, const struct run_shard *s, struct error *err)
{
    uint8_t stored[DIGEST_XXH128_SIZE];
    char was[DIGEST_XXH128_HEX];
    char is[DIGEST_XXH128_HEX];
    struct error why = {0};
    if (ledger_find_partial(v->run->ledger, s->id, stored, err) != 1) {
        return err->kind == ERROR_NONE
                   ? error_set(err, ERROR_PEER, "ledger: no partial of shard %llu",
                               (unsigned long long)s->id)
                   : -1;
    }
    digest_hex(stored, sizeof stored, was);
    v->n_checked++;
    if (compute(v, s, is, &why) != 0) {
        if (why.kind != ERROR_INPUT) {
            *err = why;
            return -1;
        }
        note_bad(v, s, why.text);
    } else if (strcmp(was, is) != 0) {
        note_bad(v, s, "computed again it gives other bytes");
    }
    return 0;
}

/* Each shard that is done is drawn with probability `share`; at least one is. */
static int check_share(struct verification *v, double share, uint64_t seed, struct error *err)
{
    size_t n_done = run_tally_shards(v->run).n[JOB_DONE];
    size_t n_left = (size_t)(share * (double)n_done + 0.999999);
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < v->run->n_shards && n_left > 0; i++) {
        if (v->run->shard[i].job.state != JOB_DONE) {
            continue;
        }
        /* Selection sampling (Knuth, TAOCP 2, 3.4.2 S), by a linear congruence of his MMIX. */
        seed = seed * 6364136223846793005u + 1442695040888963407u;
        if ((seed >> 33) % n_done < n_left) {
            rc = check_shard(v, &v->run->shard[i], err);
            n_left--;
        }
        n_done--;
    }
    return rc;
}

static void describe(const struct verification *v, struct buffer *out)
{
    size_t i = 0;
    json_t *bad = NULL;
    json_array_foreach(v->bad, i, bad)
    {
        buffer_printf(out, "shard %lld, rows %lld-%lld of %s: %s\n",
                      (long long)json_integer_value(json_object_get(bad, "shard")),
                      (long long)json_integer_value(json_object_get(bad, "first")),
                      (long long)json_integer_value(json_object_get(bad, "stop")),
                      json_string_value(json_object_get(bad, "file")),
                      json_string_value(json_object_get(bad, "reason")));
    }
    buffer_printf(out, "%zu of %zu shards computed again, %zu differ\n", v->n_checked,
                  v->run->n_shards, v->n_bad);
}

static int report(const struct verification *v, const struct invocation *invocation,
                  struct error *err)
{
    int rc = 0;
    if (invocation_wants_json(invocation)) {
        json_t *json = json_pack("{s:I, s:I, s:O}", "checked", (json_int_t)v->n_checked,
                                 "differ", (json_int_t)v->n_bad, "shards", v->bad);
        rc = print_json(json, err);
        json_decref(json);
    } else {
        struct buffer out = {0};
        describe(v, &out);
        rc = print_text(&out, err);
        buffer_release(&out);
    }
    return rc == 0 ? (v->n_bad == 0 ? EXIT_COMPLETE : EXIT_INCOMPLETE) : -1;
}

static int read_share(const struct invocation *invocation, double *share, struct error *err)
{
    const char *text = invocation_option(invocation, "share");
    char *end = NULL;
    *share = text == NULL ? 0.1 : strtod(text, &end);
    return text != NULL && (end == text || *end != '\0' || !(*share > 0 && *share <= 1))
               ? error_set(err, ERROR_INPUT, "--share %s: say a number above 0, at most 1",
                           text)
               : 0;
}

static int run(const struct invocation *invocation, struct error *err)
{
    double share = 0;
    uint64_t seed = 0;
    uint64_t threads = 1;
    digest_random(&seed, sizeof seed);
    if (read_share(invocation, &share, err) != 0 ||
        invocation_count(invocation, "seed", 0, UINT64_MAX, &seed, err) != 0 ||
        invocation_count(invocation, "threads", 1, 1024, &threads, err) != 0) {
        return -1;
    }
    struct verification v = {.order = -1, .bad = json_array()};
    (void)snprintf(v.threads, sizeof v.threads, "%llu", (unsigned long long)threads);
    v.run = run_open(invocation_operand(invocation, 0), LEDGER_READ, err);
    int status = -1;
    if (v.run != NULL && share_order(&v, err) == 0 && check_share(&v, share, seed, err) == 0) {
        status = report(&v, invocation, err);
    }
    if (v.order >= 0) {
        (void)close(v.order);
    }
    json_decref(v.bad);
    run_close(v.run);
    return status;
}

static const struct command_option options[] = {
    {"share", 0, "SHARE", "how many of the shards, 0 to 1 (default 0.1)"},
    {"seed", 0, "N", "choose the same shards again (default: random)"},
    {"threads", 0, "N", "threads for each shard (default 1)"},
    COMMAND_OPTION_OUTPUT,
    {0},
};

static const struct command_example examples[] = {
    {"picobarn verify higgs4l.run --share 0.05", "one shard in twenty"},
    {0},
};

const struct command command_verify = {
    .name = "verify",
    .group = COMMAND_RESULTS,
    .summary = "compute a random share again and compare the bytes",
    .operands = "DIR",
    .min_operands = 1,
    .max_operands = 1,
    .description =
        "Draws shards at random among those that are done, computes them again and "
        "compares each partial with the one in the ledger. A difference means that a "
        "file, the machine or the program is not what it was.",
    .options = options,
    .examples = examples,
    .run = run,
};
