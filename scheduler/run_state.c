/* SPDX-License-Identifier: Apache-2.0 */
/* run_state.c - questions about a run's files and shards, and planning them; see run.h */
#include <stdlib.h>

#include "base/clock.h"
#include "scheduler/plan.h"
#include "scheduler/run.h"

static int compare_file(const void *key, const void *file)
{
    uint64_t id = *(const uint64_t *)key;
    uint64_t other = ((const struct run_file *)file)->id;
    return id < other ? -1 : id > other;
}

static int compare_shard(const void *key, const void *shard)
{
    uint64_t id = *(const uint64_t *)key;
    uint64_t other = ((const struct run_shard *)shard)->id;
    return id < other ? -1 : id > other;
}

size_t run_find_file(const struct run *r, uint64_t id)
{
    const struct run_file *f =
        r->n_files == 0 ? NULL
                        : bsearch(&id, r->file, r->n_files, sizeof *r->file, compare_file);
    return f == NULL ? SIZE_MAX : (size_t)(f - r->file);
}

size_t run_find_shard(const struct run *r, uint64_t id)
{
    const struct run_shard *s =
        r->n_shards == 0 ? NULL
                         : bsearch(&id, r->shard, r->n_shards, sizeof *r->shard, compare_shard);
    return s == NULL ? SIZE_MAX : (size_t)(s - r->shard);
}

struct run_tally run_tally_files(const struct run *r)
{
    struct run_tally tally = {{0}};
    for (size_t i = 0; i < r->n_files; i++) {
        tally.n[r->file[i].job.state]++;
    }
    return tally;
}

struct run_tally run_tally_shards(const struct run *r)
{
    struct run_tally tally = {{0}};
    for (size_t i = 0; i < r->n_shards; i++) {
        tally.n[r->shard[i].job.state]++;
    }
    return tally;
}

bool run_complete(const struct run *r)
{
    return run_tally_files(r).n[JOB_DONE] == r->n_files &&
           run_tally_shards(r).n[JOB_DONE] == r->n_shards;
}

uint64_t run_next_epoch(struct run *r)
{
    return r->session << 32 | ++r->n_leases_given;
}

/* The rows at which chunks begin, from an inspection. */
static uint64_t *boundaries(const json_t *inspection, size_t *n)
{
    const json_t *list = json_object_get(inspection, "boundaries");
    *n = json_array_size(list);
    uint64_t *row = calloc(*n + 1, sizeof *row);
    for (size_t i = 0; row != NULL && i < *n; i++) {
        row[i] = (uint64_t)json_integer_value(json_array_get(list, i));
    }
    return row;
}

static int plan_file(struct run *r, const struct run_file *f, struct error *err)
{
    size_t n_boundaries = 0;
    size_t n_shards = 0;
    uint64_t *stop = NULL;
    uint64_t *boundary = boundaries(f->inspection, &n_boundaries);
    int rc = boundary == NULL ? error_no_memory(err, "a plan")
                              : plan_split(f->rows, r->dataset->target_events, boundary,
                                           n_boundaries, &stop, &n_shards, err);
    for (size_t i = 0; rc == 0 && i < n_shards; i++) {
        struct ledger_shard shard = {
            .file = f->id, .first = i == 0 ? 0 : stop[i - 1], .stop = stop[i]};
        rc = ledger_add_shard(r->ledger, &shard, err);
    }
    free(boundary);
    free(stop);
    return rc;
}

/* Which files have shards, by index; to be freed. */
static bool *files_with_shards(const struct run *r)
{
    bool *planned = calloc(r->n_files + 1, sizeof *planned);
    for (size_t i = 0; planned != NULL && i < r->n_shards; i++) {
        planned[r->shard[i].file] = true;
    }
    return planned;
}

bool run_planned(const struct run *r)
{
    bool *planned = files_with_shards(r);
    bool all = planned != NULL;
    for (size_t i = 0; all && i < r->n_files; i++) {
        all = planned[i] || r->file[i].inspection == NULL;
    }
    free(planned);
    return all;
}

int run_plan(struct run *r, struct error *err)
{
    bool *planned = files_with_shards(r);
    if (planned == NULL) {
        return error_no_memory(err, "a plan");
    }
    size_t n_new = 0;
    int rc = ledger_begin(r->ledger, err);
    for (size_t i = 0; rc == 0 && i < r->n_files; i++) {
        if (!planned[i] && r->file[i].inspection != NULL) {
            rc = plan_file(r, &r->file[i], err);
            n_new++;
        }
    }
    free(planned);
    if (rc != 0) {
        ledger_rollback(r->ledger);
        return -1;
    }
    rc = ledger_commit(r->ledger, err);
    return rc == 0 && n_new > 0 ? run_reload(r, err) : rc;
}
