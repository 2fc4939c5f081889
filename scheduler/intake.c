/* SPDX-License-Identifier: Apache-2.0 */
/* intake.c - see intake.h */
#include "scheduler/intake.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "scheduler/plan.h"

enum { INSPECTION_LIMIT = 64 << 20 };

int intake_init(struct intake *in, struct run *run, struct error *err)
{
    *in = (struct intake){.run = run};
    const struct dataset *d = run->dataset;
    for (int weighted = 0; weighted < 2; weighted++) {
        partial_init(&in->like[weighted], weighted == 1);
        if (d->analysis->book(&d->settings, &in->like[weighted], err) != 0) {
            intake_release(in);
            return -1;
        }
    }
    return 0;
}

void intake_release(struct intake *in)
{
    intake_clear(in);
    free(in->arrival);
    in->arrival = NULL;
    partial_release(&in->like[0]);
    partial_release(&in->like[1]);
}

void intake_clear(struct intake *in)
{
    for (size_t i = 0; i < in->n; i++) {
        struct arrival *a = &in->arrival[i];
        free(a->text);
        free(a->log);
        buffer_release(&a->payload);
        json_decref(a->inspection);
    }
    in->n = 0;
    in->n_answers = 0;
}

static struct job *find_job(struct run *r, const struct lease_id *id)
{
    size_t i = id->kind == LEASE_SHARD ? run_find_shard(r, id->subject)
                                       : run_find_file(r, id->subject);
    if (i == SIZE_MAX) {
        return NULL;
    }
    return id->kind == LEASE_SHARD ? &r->shard[i].job : &r->file[i].job;
}

/* A slot at the end, doubling; NULL without memory. */
static struct arrival *append(struct intake *in, const struct lease_id *id, const char *worker)
{
    if ((in->n & (in->n - 1)) == 0) {
        size_t room = in->n == 0 ? 1 : 2 * in->n;
        struct arrival *grown = realloc(in->arrival, room * sizeof *grown);
        if (grown == NULL) {
            return NULL;
        }
        in->arrival = grown;
    }
    struct arrival *a = &in->arrival[in->n++];
    *a = (struct arrival){.id = *id};
    (void)snprintf(a->worker, sizeof a->worker, "%s", worker);
    return a;
}

static char *copy(const char *text)
{
    return text == NULL || text[0] == '\0' ? NULL : strdup(text);
}

/* An answer gets its acknowledgement with the next commit. */
static void expect_ack(struct intake *in, struct arrival *a, const struct wire_peer *peer)
{
    a->answers = true;
    a->peer = *peer;
    in->n_answers++;
}

static struct arrival *add_event(struct intake *in, const struct lease_id *id,
                                 enum job_event what, const char *worker,
                                 const struct message_failure *reason)
{
    struct job *job = find_job(in->run, id);
    struct arrival *a = job == NULL ? NULL : append(in, id, worker);
    if (a == NULL) {
        return NULL;
    }
    if (!job_apply(job, what, id->epoch)) {
        in->n--;
        return NULL;
    }
    a->what = what;
    if (reason != NULL) {
        a->error = reason->kind;
        a->signal = reason->signal;
        a->text = copy(reason->text);
        a->log = copy(reason->log);
    }
    return a;
}

bool intake_event(struct intake *in, const struct lease_id *id, enum job_event what,
                  const char *worker, const struct message_failure *reason)
{
    return add_event(in, id, what, worker, reason) != NULL;
}

int intake_failure(struct intake *in, const struct wire_peer *peer, const char *worker,
                   const struct message_failure *failure, struct error *err)
{
    const struct job *job = find_job(in->run, &failure->id);
    struct arrival *a = NULL;
    /* Only the attempt that counts can fail the job; an older one is heard and forgotten. */
    if (job != NULL && job->state == JOB_RUNNING && job->epoch == failure->id.epoch) {
        a = add_event(in, &failure->id, failure->kind == ERROR_INPUT ? JOB_REJECTED : JOB_BROKE,
                      worker, failure);
    } else {
        a = append(in, &failure->id, worker);
    }
    if (a == NULL) {
        return error_no_memory(err, "what arrived");
    }
    expect_ack(in, a, peer);
    return 0;
}

static int check_partial(const struct intake *in, const struct message_result *result,
                         struct error *err)
{
    size_t index = run_find_shard(in->run, result->id.subject);
    if (index == SIZE_MAX) {
        return 0; /* of a shard that is no more: intake_commit drops it */
    }
    const struct run_shard *shard = &in->run->shard[index];
    const struct sample *sample = &in->run->dataset->sample[in->run->file[shard->file].sample];
    struct partial partial;
    struct bytes bytes = bytes_of(result->payload, result->size);
    if (partial_decode(&partial, &bytes, err) != 0) {
        return -1;
    }
    int rc = 0;
    if (!partial_alike(&partial, &in->like[sample->weight != NULL])) {
        rc = error_set(err, ERROR_PEER, "a partial that is booked otherwise than %s is",
                       in->run->dataset->analysis->name);
    } else if (partial.n_events != shard->stop - shard->first) {
        rc = error_set(err, ERROR_PEER, "a partial of %llu events, the shard has %llu",
                       (unsigned long long)partial.n_events,
                       (unsigned long long)(shard->stop - shard->first));
    }
    partial_release(&partial);
    return rc;
}

/* Can so many rows be split as the run file says? What cannot is found here, where it fails one
 * file, and not in run_plan, where it would end the run. */
static int check_plan(const struct intake *in, uint64_t rows, struct error *err)
{
    uint64_t *stop = NULL;
    size_t n = 0;
    int rc = plan_split(rows, in->run->dataset->target_events, NULL, 0, &stop, &n, err);
    free(stop);
    return rc;
}

/* The inspection as JSON, if it says what the scheduler counts on. */
static json_t *check_inspection(const struct intake *in, const struct message_result *result,
                                struct error *err)
{
    json_t *found = json_parse(result->payload, result->size, INSPECTION_LIMIT, err);
    json_int_t rows = 0;
    json_int_t size = 0;
    json_int_t mtime = 0;
    const char *digest = NULL;
    json_t *starts = NULL;
    if (found != NULL &&
        (json_unpack(found, "{s:I, s:I, s:I, s:s, s:o}", "rows", &rows, "size", &size,
                     "mtime_ns", &mtime, "digest", &digest, "starts", &starts) != 0 ||
         rows < 0 || size < 1 || strlen(digest) != DIGEST_XXH128_HEX - 1 ||
         strspn(digest, "0123456789abcdef") != DIGEST_XXH128_HEX - 1 ||
         json_array_size(json_object_get(starts, "counters")) > MESSAGE_COUNTERS_MAX)) {
        (void)error_set(err, ERROR_PEER, "an inspection without rows, size, time or digest");
        json_decref(found);
        return NULL;
    }
    if (found != NULL && check_plan(in, (uint64_t)rows, err) != 0) {
        json_decref(found);
        return NULL;
    }
    return found;
}

int intake_result(struct intake *in, const struct wire_peer *peer, const char *worker,
                  const struct message_result *result, struct error *err)
{
    struct error reason = {0};
    json_t *inspection = NULL;
    int rc = 0;
    if (result->id.kind == LEASE_SHARD) {
        rc = check_partial(in, result, &reason);
    } else {
        inspection = check_inspection(in, result, &reason);
        rc = inspection == NULL ? -1 : 0;
    }
    if (rc != 0) {
        struct message_failure failure = {
            .id = result->id, .kind = reason.kind, .text = reason.text};
        rc = intake_failure(in, peer, worker, &failure, err);
        if (rc == 0) {
            in->arrival[in->n - 1].is_refused = true;
        }
        return rc;
    }
    struct arrival *a = append(in, &result->id, worker);
    if (a == NULL) {
        json_decref(inspection);
        return error_no_memory(err, "what arrived");
    }
    buffer_raw(&a->payload, result->payload, result->size);
    if (a->payload.failed) {
        in->n--;
        json_decref(inspection);
        return error_no_memory(err, "a result");
    }
    a->is_result = true;
    a->inspection = inspection;
    a->cpu_us = result->cpu_us;
    memcpy(a->digest, result->digest, sizeof a->digest);
    expect_ack(in, a, peer);
    return 0;
}

static int write_event(const struct intake *in, const struct arrival *a, struct error *err)
{
    struct ledger_event event = {.time_ms = clock_unix_ms(),
                                 .kind = a->id.kind,
                                 .subject = a->id.subject,
                                 .what = a->what,
                                 .epoch = a->id.epoch,
                                 .worker = a->worker,
                                 .error = a->error,
                                 .signal = a->signal,
                                 .detail = a->text,
                                 .log = a->log};
    if (ledger_add_event(in->run->ledger, &event, err) != 0) {
        return -1;
    }
    in->run->seen = event.seq;
    return 0;
}

/* The first valid partial wins. An identical one is dropped; a different one is an alarm. */
static int write_partial(struct intake *in, struct arrival *a, struct error *err)
{
    uint8_t digest[DIGEST_XXH128_SIZE];
    if (run_find_shard(in->run, a->id.subject) == SIZE_MAX) {
        a->verdict = ACK_DROPPED;
        return 0;
    }
    int there = ledger_find_partial(in->run->ledger, a->id.subject, digest, err);
    if (there < 0) {
        return -1;
    }
    if (there == 1 && memcmp(digest, a->digest, sizeof digest) == 0) {
        a->verdict = ACK_DUPLICATE;
        return 0;
    }
    if (there == 1) {
        a->verdict = ACK_DROPPED;
        a->what = JOB_CONFLICT;
        return write_event(in, a, err);
    }
    struct ledger_partial row = {.shard = a->id.subject,
                                 .epoch = a->id.epoch,
                                 .cpu_us = a->cpu_us,
                                 .worker = a->worker,
                                 .payload = a->payload.data,
                                 .size = a->payload.size};
    memcpy(row.digest, a->digest, sizeof row.digest);
    a->verdict = ACK_ACCEPTED;
    a->what = JOB_ACCEPTED;
    return ledger_add_partial(in->run->ledger, &row, err) == 0 ? write_event(in, a, err) : -1;
}

/* Was another inspection of the same file written before it in the same transaction? */
static bool written_before(const struct intake *in, const struct arrival *a)
{
    const struct arrival *b = in->arrival;
    while (b < a && !(b->is_result && b->id.kind == LEASE_INSPECT &&
                      b->id.subject == a->id.subject && b->verdict == ACK_ACCEPTED)) {
        b++;
    }
    return b < a;
}

static int write_inspection(struct intake *in, struct arrival *a, struct error *err)
{
    size_t index = run_find_file(in->run, a->id.subject);
    const struct run_file *file = index == SIZE_MAX ? NULL : &in->run->file[index];
    if (file == NULL || file->inspection != NULL || written_before(in, a)) {
        a->verdict = ACK_DROPPED;
        return 0;
    }
    struct ledger_file row = {
        .id = file->id,
        .sample = file->sample,
        .size = (uint64_t)json_integer_value(json_object_get(a->inspection, "size")),
        .mtime_ns = json_integer_value(json_object_get(a->inspection, "mtime_ns")),
        .luminosity_pb = file->luminosity_pb,
        .path = file->path,
        .inspection = buffer_string(&a->payload)};
    if (row.inspection == NULL) {
        return error_no_memory(err, "an inspection");
    }
    a->verdict = ACK_ACCEPTED;
    a->what = JOB_ACCEPTED;
    return ledger_update_file(in->run->ledger, &row, err) == 0 ? write_event(in, a, err) : -1;
}

static int write_arrival(struct intake *in, struct arrival *a, struct error *err)
{
    if (a->is_result) {
        return a->id.kind == LEASE_SHARD ? write_partial(in, a, err)
                                         : write_inspection(in, a, err);
    }
    a->verdict = a->is_refused ? ACK_REFUSED : a->what == 0 ? ACK_DROPPED : ACK_ACCEPTED;
    return a->what == 0 ? 0 : write_event(in, a, err);
}

/* What a committed result means for the run in memory. */
static void apply_result(struct run *r, struct arrival *a)
{
    struct job *job = find_job(r, &a->id);
    if (job == NULL || a->what == 0) {
        return;
    }
    (void)job_apply(job, a->what, a->id.epoch);
    if (a->what != JOB_ACCEPTED) {
        return;
    }
    if (a->id.kind == LEASE_SHARD) {
        r->shard[run_find_shard(r, a->id.subject)].has_partial = true;
        return;
    }
    struct run_file *file = &r->file[run_find_file(r, a->id.subject)];
    if (file->inspection == NULL) {
        file->inspection = json_incref(a->inspection);
        file->rows = (uint64_t)json_integer_value(json_object_get(a->inspection, "rows"));
        file->size = (uint64_t)json_integer_value(json_object_get(a->inspection, "size"));
        file->mtime_ns = json_integer_value(json_object_get(a->inspection, "mtime_ns"));
    }
}

int intake_commit(struct intake *in, struct error *err)
{
    if (in->n == 0) {
        return 0;
    }
    if (ledger_begin(in->run->ledger, err) != 0) {
        return -1;
    }
    for (size_t i = 0; i < in->n; i++) {
        if (write_arrival(in, &in->arrival[i], err) != 0) {
            ledger_rollback(in->run->ledger);
            return -1;
        }
    }
    if (ledger_commit(in->run->ledger, err) != 0) {
        return -1;
    }
    for (size_t i = 0; i < in->n; i++) {
        if (in->arrival[i].is_result) {
            apply_result(in->run, &in->arrival[i]);
        }
    }
    return 0;
}
