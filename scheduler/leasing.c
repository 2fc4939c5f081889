/* SPDX-License-Identifier: Apache-2.0 */
/* leasing.c - see leasing.h */
#include "scheduler/leasing.h"

#include <stdlib.h>
#include <string.h>

#include "base/size.h"

void leasing_init(struct leasing *l, struct run *run, const uint8_t key[DIGEST_KEY_SIZE])
{
    *l = (struct leasing){.run = run};
    memcpy(l->key, key, sizeof l->key);
}

void leasing_release(struct leasing *l)
{
    free(l->index);
    *l = (struct leasing){0};
}

static struct job *job_at(const struct leasing *l, enum lease_kind kind, size_t index)
{
    return kind == LEASE_SHARD ? &l->run->shard[index].job : &l->run->file[index].job;
}

/* Fisher and Yates, with the multiplicative generator of Knuth's MMIX. */
static void shuffle_queue(struct leasing *l, uint64_t seed)
{
    for (size_t i = l->n; i > 1; i--) {
        seed = seed * 6364136223846793005u + 1442695040888963407u;
        size_t j = (size_t)(seed >> 33) % i;
        size_t swap = l->index[i - 1];
        l->index[i - 1] = l->index[j];
        l->index[j] = swap;
    }
}

/* A job in the queue with its place: how far into its sample it stands, 0 to 1. */
struct place_in_line {
    double place;
    size_t index;
};

static int compare_places(const void *a, const void *b)
{
    const struct place_in_line *x = a;
    const struct place_in_line *y = b;
    if (x->place != y->place) {
        return x->place < y->place ? -1 : 1;
    }
    return x->index < y->index ? -1 : x->index > y->index;
}

static size_t sample_of(const struct leasing *l, size_t index)
{
    const struct run *r = l->run;
    return r->file[l->kind == LEASE_SHARD ? r->shard[index].file : index].sample;
}

/* All samples advance together, so that data and simulation are both there from the start. */
static int interleave_queue(struct leasing *l, struct error *err)
{
    size_t n_samples = l->run->dataset->n_samples;
    size_t *n_of = calloc(2 * n_samples, sizeof *n_of); /* of each sample: all, then seen */
    struct place_in_line *line = calloc(l->n + 1, sizeof *line);
    if (n_of == NULL || line == NULL) {
        free(n_of);
        free(line);
        return error_no_memory(err, "the queue");
    }
    for (size_t i = 0; i < l->n; i++) {
        n_of[sample_of(l, l->index[i])]++;
    }
    for (size_t i = 0; i < l->n; i++) {
        size_t sample = sample_of(l, l->index[i]);
        double rank = (double)n_of[n_samples + sample]++ + 0.5;
        line[i] = (struct place_in_line){rank / (double)n_of[sample], l->index[i]};
    }
    qsort(line, l->n, sizeof *line, compare_places);
    for (size_t i = 0; i < l->n; i++) {
        l->index[i] = line[i].index;
    }
    free(n_of);
    free(line);
    return 0;
}

int leasing_queue(struct leasing *l, enum lease_kind kind, uint64_t shuffle, struct error *err)
{
    size_t n_jobs = kind == LEASE_SHARD ? l->run->n_shards : l->run->n_files;
    free(l->index);
    l->kind = kind;
    l->head = 0;
    l->n = 0;
    l->room = n_jobs + 1;
    l->index = calloc(l->room, sizeof *l->index);
    if (l->index == NULL) {
        return error_no_memory(err, "the queue");
    }
    for (size_t i = 0; i < n_jobs; i++) {
        struct job *job = job_at(l, kind, i);
        if (job->state == JOB_RUNNING) {
            job->state = JOB_WAITING; /* leased by a scheduler that is gone */
        }
        if (job->state == JOB_WAITING) {
            l->index[l->n++] = i;
        }
    }
    if (shuffle != 0) {
        shuffle_queue(l, shuffle);
        return 0;
    }
    return interleave_queue(l, err);
}

bool leasing_next(struct leasing *l, enum lease_kind kind, size_t *index)
{
    while (kind == l->kind && l->n > 0) {
        *index = l->index[l->head];
        l->head = (l->head + 1) % l->room;
        l->n--;
        if (job_at(l, kind, *index)->state == JOB_WAITING) {
            return true;
        }
    }
    return false;
}

void leasing_return(struct leasing *l, enum lease_kind kind, size_t index)
{
    if (kind != l->kind || job_at(l, kind, index)->state != JOB_WAITING) {
        return;
    }
    for (size_t i = 0; i < l->n; i++) {
        if (l->index[(l->head + i) % l->room] == index) {
            return; /* once is enough, and keeps the ring from overflowing */
        }
    }
    l->index[(l->head + l->n++) % l->room] = index;
}

void leasing_return_subject(struct leasing *l, const struct lease_id *id)
{
    size_t index = id->kind == LEASE_SHARD ? run_find_shard(l->run, id->subject)
                                           : run_find_file(l->run, id->subject);
    if (index != SIZE_MAX) {
        leasing_return(l, id->kind, index);
    }
}

/* How many of the rows, which rise, are at or before this one. */
static size_t count_until(const json_t *rows, uint64_t row)
{
    size_t low = 0;
    size_t high = json_array_size(rows);
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if ((uint64_t)json_integer_value(json_array_get(rows, middle)) <= row) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

/* One that does not lie behind the one before and inside the rows is left out: a worker said so, and
 * others would refuse the lease. */
static void describe_start(uint64_t row, const json_t *objects, struct message_lease *lease)
{
    size_t n = lease->n_starts;
    if (n > 0 && (row <= lease->start_row[n - 1] || row >= lease->stop)) {
        return;
    }
    uint64_t *to = lease->objects + n * lease->n_counters;
    lease->start_row[lease->n_starts++] = row;
    for (size_t i = 0; i < lease->n_counters; i++) {
        to[i] = (uint64_t)json_integer_value(json_array_get(objects, i));
    }
}

/* The last start at or before the first row, from where the reader counts objects itself; and of
 * those inside some, evenly thinned, where its threads may begin. */
static void describe_starts(const json_t *inspection, struct message_lease *lease)
{
    const json_t *starts = json_object_get(inspection, "starts");
    const json_t *rows = json_object_get(starts, "rows");
    const json_t *objects = json_object_get(starts, "objects");
    size_t until = count_until(rows, lease->first);
    if (until == 0) {
        return; /* nonsense: the worker counts from row 0 */
    }
    size_t n = lease->stop > lease->first ? count_until(rows, lease->stop - 1) - until : 0;
    size_t shown = size_min(n, MESSAGE_STARTS_MAX - 1);
    lease->n_counters =
        (uint16_t)size_min(json_array_size(json_array_get(objects, 0)), MESSAGE_COUNTERS_MAX);
    for (size_t i = 0; i <= shown; i++) {
        size_t at = i == 0 ? until - 1 : until + (i - 1) * n / shown;
        uint64_t row = (uint64_t)json_integer_value(json_array_get(rows, at));
        describe_start(row, json_array_get(objects, at), lease);
    }
}

static void describe_identity(const struct run_file *f, struct message_lease *lease)
{
    const char *digest = json_string_value(json_object_get(f->inspection, "digest"));
    lease->size = f->size;
    lease->mtime_ns = f->mtime_ns;
    if (digest != NULL && strlen(digest) < sizeof lease->digest) {
        memcpy(lease->digest, digest, strlen(digest) + 1);
    }
}

void leasing_describe(const struct leasing *l, enum lease_kind kind, size_t index,
                      struct message_lease *lease)
{
    static char no_weight[] = "";
    const struct run *r = l->run;
    const struct run_shard *s = kind == LEASE_SHARD ? &r->shard[index] : NULL;
    const struct run_file *f = s == NULL ? &r->file[index] : &r->file[s->file];
    const struct sample *sample = &r->dataset->sample[f->sample];
    *lease =
        (struct message_lease){.id = {.kind = kind,
                                      .subject = s == NULL ? f->id : s->id,
                                      .epoch = run_next_epoch(l->run)},
                               .path = f->path,
                               .weight = sample->weight == NULL ? no_weight : sample->weight,
                               .channels = sample->channels};
    leasing_seal(l, &lease->id, lease->id.seal);
    if (s != NULL) {
        lease->first = s->first;
        lease->stop = s->stop;
        describe_starts(f->inspection, lease);
        describe_identity(f, lease);
    }
}

void leasing_seal(const struct leasing *l, const struct lease_id *id,
                  uint8_t seal[DIGEST_XXH128_SIZE])
{
    struct buffer text = {0};
    buffer_text(&text, l->run->id);
    buffer_u32(&text, (uint32_t)id->kind);
    buffer_u64(&text, id->subject);
    buffer_u64(&text, id->epoch);
    digest_keyed(l->key, text.data, text.size, seal);
    buffer_release(&text);
}
