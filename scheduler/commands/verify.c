/* SPDX-License-Identifier: Apache-2.0 */
/* verify.c - picobarn verify: a random share of the shards computed again, by the worker program
 * on its own, and compared byte for byte with what the ledger holds. */
#include <stdlib.h>

#include "base/digest.h"
#include "base/json.h"
#include "scheduler/commands/commands.h"
#include "scheduler/look.h"
#include "scheduler/print.h"
#include "scheduler/recompute.h"
#include "scheduler/run.h"

struct verification {
    struct run *run;
    struct recompute recompute;
    size_t n_checked;
    size_t n_bad;
    json_t *bad; /* [{shard, file, rows, reason}] */
};

static void note_bad(struct verification *v, const struct run_shard *s, const char *reason)
{
    v->n_bad++;
    (void)json_array_append_new(
        v->bad, json_pack("{s:I, s:s, s:I, s:I, s:s}", "shard", (json_int_t)s->id, "file",
                          v->run->file[s->file].path, "first", (json_int_t)s->first, "stop",
                          (json_int_t)s->stop, "reason", reason));
}

static int check_shard(struct verification *v, const struct run_shard *s, struct error *err)
{
    char why[ERROR_TEXT_SIZE];
    int same = recompute_compare(&v->recompute, s, why, sizeof why, err);
    if (same == 0) {
        note_bad(v, s, why);
    }
    v->n_checked++;
    return same < 0 ? -1 : 0;
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
    struct verification v = {.recompute = {.order = -1}, .bad = json_array()};
    const char *folder = invocation_operand(invocation, 0);
    v.run = look_check_folder(folder, err) == 0 ? run_open(folder, LEDGER_READ, err) : NULL;
    int status = -1;
    if (v.run != NULL && recompute_open(&v.recompute, v.run, (size_t)threads, err) == 0 &&
        check_share(&v, share, seed, err) == 0) {
        status = report(&v, invocation, err);
    }
    recompute_close(&v.recompute);
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
