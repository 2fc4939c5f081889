/* SPDX-License-Identifier: Apache-2.0 */
/* run_changes.c - see run_changes.h */
#include "scheduler/run_changes.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/digest.h"
#include "scheduler/recompute.h"
#include "worker/order.h"
#include "worker/threads.h"

static const char advice[] =
    "use another --run-dir, or --accept-changes to drop what was computed "
    "from the old";

/* The first key of `walked`, which is one of the two, whose values differ; NULL if there is none.
 * Not const: jansson iterates that way. */
static const char *differing_key_of(json_t *walked, const json_t *was, const json_t *is)
{
    for (void *at = json_object_iter(walked); at != NULL;
         at = json_object_iter_next(walked, at)) {
        const char *key = json_object_iter_key(at);
        if (!json_equal(json_object_get(was, key), json_object_get(is, key))) {
            return key;
        }
    }
    return NULL;
}

static const char *differing_key(json_t *was, json_t *is)
{
    const char *key = differing_key_of(was, was, is);
    return key != NULL ? key : differing_key_of(is, was, is);
}

/* The path of the first difference between two JSON values into where[size], e.g.
 * "parameters.z1_min_gev: 40 -> 50". */
static void describe_difference(json_t *was, json_t *is, char *where, size_t size)
{
    const char *key = NULL;
    size_t length = 0;
    where[0] = '\0';
    while (json_is_object(was) && json_is_object(is) &&
           (key = differing_key(was, is)) != NULL) {
        (void)snprintf(where + length, size - length, "%s%s", length == 0 ? "" : ".", key);
        length = strlen(where);
        was = json_object_get(was, key);
        is = json_object_get(is, key);
    }
    char *a = was == NULL ? NULL : json_dumps(was, JSON_ENCODE_ANY | JSON_COMPACT);
    char *b = is == NULL ? NULL : json_dumps(is, JSON_ENCODE_ANY | JSON_COMPACT);
    (void)snprintf(where + length, size - length, ": %.150s -> %.150s",
                   a == NULL ? "nothing" : a, b == NULL ? "nothing" : b);
    free(a);
    free(b);
}

static int move_aside(const char *ledger, struct error *err)
{
    static const char *const suffix[] = {"", "-wal", "-shm"};
    long long now = clock_unix_ms();
    for (size_t i = 0; i < 3; i++) {
        char from[4096];
        char to[4096];
        int n = snprintf(from, sizeof from, "%s%s", ledger, suffix[i]);
        int m = snprintf(to, sizeof to, "%s.%lld%s", ledger, now, suffix[i]);
        if (n < 0 || m < 0 || (size_t)n >= sizeof from || (size_t)m >= sizeof to ||
            (rename(from, to) != 0 && errno != ENOENT)) {
            return error_set(err, ERROR_SYSTEM, "%s: cannot be moved aside: %s", ledger,
                             strerrordesc_np(errno));
        }
    }
    return 0;
}

int run_compare_specification(json_t *was, const struct dataset *is, const char *elsewhere,
                              struct error *err)
{
    json_t *now = dataset_specification(is);
    int rc = now == NULL ? error_no_memory(err, "a comparison") : 0;
    if (rc == 0 && !json_equal(was, now)) {
        char where[1024] = "";
        describe_difference(was, now, where, sizeof where);
        rc = error_set(err, ERROR_INPUT,
                       "the run was launched with something else (%s): use another %s, or "
                       "--accept-changes to drop what was computed from the old",
                       where, elsewhere);
    }
    json_decref(now);
    return rc;
}

int run_check_specification(const struct run *r, const struct dataset *d, struct error *err)
{
    int rc = run_compare_specification(r->specification, d, "--run-dir", err);
    return rc == 0 ? 0 : error_prefix(err, "run folder %s", r->folder);
}

/* Are the dataset's files those of the ledger, by name? */
static int compare_names(const struct run *old, const struct inputs *now, struct error *err)
{
    for (size_t i = 0; i < old->n_files || i < now->n; i++) {
        const char *was = i < old->n_files ? old->file[i].path : NULL;
        const char *is = i < now->n ? now->input[i].path : NULL;
        if (was == NULL || is == NULL || strcmp(was, is) != 0) {
            return error_set(
                err, ERROR_INPUT,
                "run folder %s: the patterns of the run file match other files than "
                "when it was launched (%s%s%s): use another --run-dir",
                old->folder, was == NULL ? "" : was, was != NULL && is != NULL ? ", " : "",
                is == NULL ? "" : is);
        }
    }
    return 0;
}

static int refuse_change(const struct run *r, const struct run_file *was,
                         const struct input *is, struct error *err)
{
    char then[CLOCK_TEXT_SIZE];
    char now[CLOCK_TEXT_SIZE];
    clock_text(was->mtime_ns / 1000000, then);
    clock_text(is->mtime_ns / 1000000, now);
    return error_set(err, ERROR_INPUT,
                     "run folder %s: %s changed since it was inspected (%llu bytes of %s then, "
                     "%llu bytes of %s now): %s",
                     r->folder, was->path, (unsigned long long)was->size, then,
                     (unsigned long long)is->size, now, advice);
}

static int compare_files(struct run *old, const struct run *r, bool accept_changes,
                         struct error *err)
{
    struct inputs now = {0};
    int rc = inputs_find(&now, r->dataset, err);
    rc = rc == 0 ? compare_names(old, &now, err) : rc;
    for (size_t i = 0; rc == 0 && !accept_changes && i < now.n; i++) {
        const struct run_file *f = &old->file[i];
        /* Of a file that was never read nothing is lost. */
        if (f->inspection != NULL &&
            (f->size != now.input[i].size || f->mtime_ns != now.input[i].mtime_ns)) {
            rc = refuse_change(r, f, &now.input[i], err);
        }
    }
    inputs_release(&now);
    return rc == 0 && run_take_replaced_files(old, accept_changes, err) < 0 ? -1 : rc;
}

int run_compare(struct run *r, const char *ledger, bool accept_changes, struct error *err)
{
    /* The lock is r's: the old run is opened as a second writer in the same process. */
    struct run *old = run_open_unlocked(r->folder, err);
    if (old == NULL) {
        return -1;
    }
    int rc = run_check_specification(old, r->dataset, err);
    if (rc == 0) {
        rc = compare_files(old, r, accept_changes, err);
    } else if (accept_changes) {
        rc = 1;
    }
    run_close(old);
    return rc == 1 && move_aside(ledger, err) != 0 ? -1 : rc;
}

/* Sets one file back to be inspected as it is now. */
static int take_replaced(struct run *r, struct run_file *f, const struct stat *st,
                         struct error *err)
{
    struct ledger_file row = {.id = f->id,
                              .sample = f->sample,
                              .size = (uint64_t)st->st_size,
                              .mtime_ns = (int64_t)st->st_mtim.tv_sec * 1000000000 +
                                          st->st_mtim.tv_nsec,
                              .luminosity_pb = f->luminosity_pb,
                              .path = f->path};
    struct ledger_event event = {.time_ms = clock_unix_ms(),
                                 .kind = LEASE_INSPECT,
                                 .subject = f->id,
                                 .what = f->job.state == JOB_FAILED ? JOB_RERUN : JOB_DROPPED,
                                 .detail = "the file was replaced"};
    if (ledger_drop_shards(r->ledger, f->id, err) != 0 ||
        ledger_update_file(r->ledger, &row, err) != 0) {
        return -1;
    }
    return f->job.state == JOB_WAITING || f->job.state == JOB_RUNNING
               ? 0
               : ledger_add_event(r->ledger, &event, err);
}

/* The file in the ledger as it is now. */
static int take_inspection(struct run *r, const struct run_file *f, const json_t *inspection,
                           struct error *err)
{
    struct buffer text = {0};
    struct ledger_file row = {
        .id = f->id,
        .sample = f->sample,
        .size = (uint64_t)json_integer_value(json_object_get(inspection, "size")),
        .mtime_ns = json_integer_value(json_object_get(inspection, "mtime_ns")),
        .luminosity_pb = f->luminosity_pb,
        .path = f->path};
    int rc = json_write_canonical(inspection, &text, err);
    row.inspection = rc == 0 ? buffer_string(&text) : NULL;
    if (rc == 0) {
        rc = row.inspection == NULL ? error_no_memory(err, "an inspection")
                                    : ledger_update_file(r->ledger, &row, err);
    }
    buffer_release(&text);
    return rc;
}

static int drop_partial(struct run *r, const struct run_shard *s, const char *why,
                        struct error *err)
{
    struct ledger_event event = {.time_ms = clock_unix_ms(),
                                 .kind = LEASE_SHARD,
                                 .subject = s->id,
                                 .what = JOB_DROPPED,
                                 .detail = why};
    return ledger_drop_partial(r->ledger, s->id, err) == 0
               ? ledger_add_event(r->ledger, &event, err)
               : -1;
}

/* A file that was mended keeps the shards whose rows still give the same partial, byte for byte:
 * that is found out by computing them, which also finds a file that only looks the same. */
static int take_mended(struct run *r, size_t file, const json_t *inspection, struct error *err)
{
    struct recompute recompute;
    int rc = recompute_open(&recompute, r, threads_available(), err);
    for (size_t i = 0; rc == 0 && i < r->n_shards; i++) {
        const struct run_shard *s = &r->shard[i];
        char why[ERROR_TEXT_SIZE];
        if (s->file != file || s->job.state != JOB_DONE) {
            continue;
        }
        int same = recompute_compare(&recompute, s, why, sizeof why, err);
        rc = same < 0 ? -1 : same == 1 ? 0 : drop_partial(r, s, why, err);
    }
    recompute_close(&recompute);
    return rc == 0 ? take_inspection(r, &r->file[file], inspection, err) : -1;
}

/* The file inspected as it is now, if it has the rows that it had; NULL if not. */
static json_t *inspect_again(const struct run *r, const struct run_file *f)
{
    const struct dataset *d = r->dataset;
    if (f->inspection == NULL) {
        return NULL;
    }
    json_t *order = order_to_json(d->analysis, &d->settings, d->names, d->units);
    json_t *found = order == NULL ? NULL
                                  : worker_program_inspect(f->path, order,
                                                           d->sample[f->sample].weight, NULL);
    json_decref(order);
    if (found != NULL &&
        (uint64_t)json_integer_value(json_object_get(found, "rows")) != f->rows) {
        json_decref(found);
        return NULL;
    }
    return found;
}

/* Which files have a job that stands failed, by index; to be freed. */
static bool *files_that_failed(const struct run *r)
{
    bool *failed = calloc(r->n_files + 1, sizeof *failed);
    for (size_t i = 0; failed != NULL && i < r->n_files; i++) {
        failed[i] = r->file[i].job.state == JOB_FAILED;
    }
    for (size_t i = 0; failed != NULL && i < r->n_shards; i++) {
        failed[r->shard[i].file] |= r->shard[i].job.state == JOB_FAILED;
    }
    return failed;
}

/* 1 if the file was replaced and taken so, 0 if it is as it was or is gone, -1 on an error. */
static int take_if_replaced(struct run *r, size_t file, struct error *err)
{
    struct run_file *f = &r->file[file];
    struct stat st;
    if (stat(f->path, &st) != 0) {
        return 0; /* still broken: its inspection will say so */
    }
    int64_t mtime_ns = (int64_t)st.st_mtim.tv_sec * 1000000000 + st.st_mtim.tv_nsec;
    if ((uint64_t)st.st_size == f->size && mtime_ns == f->mtime_ns) {
        return 0;
    }
    json_t *mended = inspect_again(r, f);
    int rc = mended != NULL ? take_mended(r, file, mended, err) : take_replaced(r, f, &st, err);
    json_decref(mended);
    return rc == 0 ? 1 : -1;
}

int run_take_replaced_files(struct run *r, bool all, struct error *err)
{
    bool *failed = files_that_failed(r);
    if (failed == NULL) {
        return error_no_memory(err, "the files of the run");
    }
    int n = 0;
    int rc = ledger_begin(r->ledger, err);
    for (size_t i = 0; rc >= 0 && i < r->n_files; i++) {
        bool unread = r->file[i].inspection == NULL;
        rc = all || unread || failed[i] ? take_if_replaced(r, i, err) : 0;
        n += rc;
    }
    free(failed);
    if (rc < 0) {
        ledger_rollback(r->ledger);
        return -1;
    }
    return ledger_commit(r->ledger, err) == 0 ? n : -1;
}
