/* SPDX-License-Identifier: Apache-2.0 */
/* live.c - live.json as bytes; see live.h
 *
 * The text is written straight into a buffer, not through JSON values: with 5,000 workers that is a
 * few milliseconds of the scheduler's only thread each second, and not some fifty. */
#include "scheduler/live.h"

#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/size.h"

const uint32_t live_bucket_us[LIVE_BUCKETS] = {
    1000, 2500, 5000, 10000, 25000, 50000, 100000, 250000, 500000, 1000000, 2500000, 10000000};

static const char *const phase_names[LIVE_PHASES] = {"inspect", "compute", "over"};
static const char *const state_names[LIVE_STATES] = {"idle", "working", "silent"};
static const char *const kind_names[] = {"none", "inspect", "shard"};

/* A number of 64 bits in a struct. Times since 1970 are numbers like the others: not negative. */
struct number {
    const char *key;
    size_t offset;
};

struct text {
    const char *key;
    size_t offset;
    size_t size;
};

static const struct number live_numbers[] = {
    /* clang-format off */
    {"written_ms",         offsetof(struct live, written_ms)},
    {"started_ms",         offsetof(struct live, started_ms)},
    {"pid",                offsetof(struct live, pid)},
    {"sequence",           offsetof(struct live, sequence)},
    {"paused_since_ms",    offsetof(struct live, paused_since_ms)},
    {"events",             offsetof(struct live, events)},
    {"events_before",      offsetof(struct live, events_before)},
    {"queue",              offsetof(struct live, queue)},
    {"uncommitted",        offsetof(struct live, uncommitted)},
    {"leases_given",       offsetof(struct live, leases_given)},
    {"leases_lost",        offsetof(struct live, leases_lost)},
    {"leases_broke",       offsetof(struct live, leases_broke)},
    {"leases_rejected",    offsetof(struct live, leases_rejected)},
    {"partials_accepted",  offsetof(struct live, partials_accepted)},
    {"partials_duplicate", offsetof(struct live, partials_duplicate)},
    {"partials_dropped",   offsetof(struct live, partials_dropped)},
    {"partials_refused",   offsetof(struct live, partials_refused)},
    {"partials_conflict",  offsetof(struct live, partials_conflict)},
    {"partial_bytes",      offsetof(struct live, partial_bytes)},
    {"commits",            offsetof(struct live, commits)},
    {"commits_failed",     offsetof(struct live, commits_failed)},
    {"commit_us",          offsetof(struct live, commit_us)},
    /* clang-format on */
};

static const struct text live_texts[] = {
    {"program", offsetof(struct live, program), MESSAGE_NAME_SIZE},
    {"paused", offsetof(struct live, paused), ERROR_TEXT_SIZE},
};

static const struct number worker_numbers[] = {
    /* clang-format off */
    {"pid",           offsetof(struct live_worker, pid)},
    {"threads",       offsetof(struct live_worker, threads)},
    {"joined_age_ms", offsetof(struct live_worker, joined_age_ms)},
    {"heard_age_ms",  offsetof(struct live_worker, heard_age_ms)},
    {"shards",        offsetof(struct live_worker, shards)},
    {"events",        offsetof(struct live_worker, events)},
    {"failures",      offsetof(struct live_worker, failures)},
    {"cpu_us",        offsetof(struct live_worker, cpu_us)},
    /* clang-format on */
};

static const struct text worker_texts[] = {
    {"name", offsetof(struct live_worker, name), MESSAGE_NAME_SIZE},
    {"host", offsetof(struct live_worker, host), MESSAGE_NAME_SIZE},
    {"program", offsetof(struct live_worker, program), MESSAGE_NAME_SIZE},
};

static const struct number lease_numbers[] = {
    {"subject", offsetof(struct live_lease, subject)},
    {"events", offsetof(struct live_lease, events)},
    {"age_ms", offsetof(struct live_lease, age_ms)},
};

const char *live_phase_name(enum live_phase phase)
{
    return phase_names[phase];
}

const char *live_state_name(enum live_state state)
{
    return state_names[state];
}

void live_release(struct live *l)
{
    free(l->worker);
    free(l->lease);
    l->worker = NULL;
    l->lease = NULL;
    l->n_workers = 0;
    l->n_leases = 0;
}

void live_count_commit(struct live *l, uint64_t took_us)
{
    l->commits++;
    l->commit_us += took_us;
    for (size_t i = 0; i < LIVE_BUCKETS; i++) {
        l->commits_within[i] += took_us <= live_bucket_us[i];
    }
}

uint64_t live_events_running(const struct live *l)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < l->n_leases; i++) {
        sum += l->lease[i].kind == LEASE_SHARD ? l->lease[i].events : 0;
    }
    return sum;
}

/* ---- writing ---- */

static void put(struct buffer *out, const char *text)
{
    buffer_raw(out, text, strlen(text));
}

/* What a worker says of itself may be any 64 bits; JSON's integers end at 2^63. By hand: printf takes
 * most of the time of a file with some 100,000 numbers. */
static void put_count(struct buffer *out, uint64_t n)
{
    char digits[24];
    size_t first = sizeof digits;
    n = n > INT64_MAX ? INT64_MAX : n;
    do {
        digits[--first] = (char)('0' + n % 10);
        n /= 10;
    } while (n > 0);
    buffer_raw(out, digits + first, sizeof digits - first);
}

/* ,"key": */
static void put_key(struct buffer *out, const char *key)
{
    put(out, ",\"");
    put(out, key);
    put(out, "\":");
}

static void put_numbers(const struct number *number, size_t n, const void *from,
                        struct buffer *out)
{
    for (size_t i = 0; i < n; i++) {
        uint64_t value = 0;
        memcpy(&value, (const char *)from + number[i].offset, sizeof value);
        put_key(out, number[i].key);
        put_count(out, value);
    }
}

static void put_texts(const struct text *text, size_t n, const void *from, struct buffer *out)
{
    for (size_t i = 0; i < n; i++) {
        put_key(out, text[i].key);
        json_write_text((const char *)from + text[i].offset, out);
    }
}

static void put_lease(const struct live_lease *lease, struct buffer *out)
{
    put(out, "{\"kind\":\"");
    put(out, kind_names[lease->kind]);
    put(out, "\"");
    put_numbers(lease_numbers, ARRAY_LENGTH(lease_numbers), lease, out);
    put(out, "}");
}

static void put_worker(const struct live *l, const struct live_worker *w, struct buffer *out)
{
    put(out, "{\"state\":\"");
    put(out, state_names[w->state]);
    put(out, "\"");
    put_numbers(worker_numbers, ARRAY_LENGTH(worker_numbers), w, out);
    put_texts(worker_texts, ARRAY_LENGTH(worker_texts), w, out);
    put(out, ",\"leases\":[");
    for (size_t i = 0; i < w->n_leases; i++) {
        put(out, i == 0 ? "" : ",");
        put_lease(&l->lease[w->first_lease + i], out);
    }
    put(out, "]}");
}

void live_encode(const struct live *l, struct buffer *out)
{
    buffer_printf(out, "{\"version\":%d,\"phase\":\"%s\"", LIVE_VERSION, phase_names[l->phase]);
    put_numbers(live_numbers, ARRAY_LENGTH(live_numbers), l, out);
    put_texts(live_texts, ARRAY_LENGTH(live_texts), l, out);
    buffer_printf(out, ",\"events_per_s\":");
    json_write_number(l->events_per_s, out);
    buffer_printf(out, ",\"commits_within\":[");
    for (size_t i = 0; i < LIVE_BUCKETS; i++) {
        buffer_printf(out, "%s", i == 0 ? "" : ",");
        put_count(out, l->commits_within[i]);
    }
    buffer_printf(out, "],\n\"workers\":[");
    for (size_t i = 0; i < l->n_workers; i++) {
        buffer_printf(out, "%s\n", i == 0 ? "" : ",");
        put_worker(l, &l->worker[i], out);
    }
    buffer_printf(out, "]}\n");
}

/* ---- reading ---- */

static int refuse(struct error *err, const char *key)
{
    return error_set(err, ERROR_PEER, "live.json: %s is missing, or no such value", key);
}

static int take_count(const json_t *value, const char *key, uint64_t *out, struct error *err)
{
    if (!json_is_integer(value) || json_integer_value(value) < 0) {
        return refuse(err, key);
    }
    *out = (uint64_t)json_integer_value(value);
    return 0;
}

static int take_numbers(const struct number *number, size_t n, const json_t *from, void *into,
                        struct error *err)
{
    for (size_t i = 0; i < n; i++) {
        uint64_t value = 0;
        const char *key = number[i].key;
        if (take_count(json_object_get(from, key), key, &value, err) != 0) {
            return -1;
        }
        memcpy((char *)into + number[i].offset, &value, sizeof value);
    }
    return 0;
}

static int take_texts(const struct text *text, size_t n, const json_t *from, void *into,
                      struct error *err)
{
    for (size_t i = 0; i < n; i++) {
        const json_t *value = json_object_get(from, text[i].key);
        size_t size = json_string_length(value);
        const char *said = json_string_value(value);
        if (said == NULL || size >= text[i].size || strlen(said) != size) {
            return refuse(err, text[i].key);
        }
        memcpy((char *)into + text[i].offset, said, size + 1);
    }
    return 0;
}

/* Which of the names a value is. */
static int take_name(const json_t *from, const char *key, const char *const *names, size_t n,
                     size_t *out, struct error *err)
{
    const char *said = json_text(from, key);
    for (size_t i = 0; i < n; i++) {
        if (strcmp(names[i], said) == 0) {
            *out = i;
            return 0;
        }
    }
    return refuse(err, key);
}

static int take_lease(const json_t *from, struct live_lease *lease, struct error *err)
{
    size_t kind = 0;
    if (take_numbers(lease_numbers, ARRAY_LENGTH(lease_numbers), from, lease, err) != 0 ||
        take_name(from, "kind", kind_names, ARRAY_LENGTH(kind_names), &kind, err) != 0) {
        return -1;
    }
    lease->kind = (enum lease_kind)kind;
    return kind == 0 ? refuse(err, "kind") : 0;
}

/* Its leases go behind those that are there; the room was counted before. */
static int take_worker(const json_t *from, struct live *l, struct live_worker *w,
                       struct error *err)
{
    size_t state = 0;
    if (take_numbers(worker_numbers, ARRAY_LENGTH(worker_numbers), from, w, err) != 0 ||
        take_texts(worker_texts, ARRAY_LENGTH(worker_texts), from, w, err) != 0 ||
        take_name(from, "state", state_names, LIVE_STATES, &state, err) != 0) {
        return -1;
    }
    const json_t *leases = json_object_get(from, "leases");
    w->state = (enum live_state)state;
    w->first_lease = l->n_leases;
    w->n_leases = json_array_size(leases);
    for (size_t i = 0; i < w->n_leases; i++) {
        if (take_lease(json_array_get(leases, i), &l->lease[l->n_leases], err) != 0) {
            return -1;
        }
        l->n_leases++;
    }
    return 0;
}

/* How many leases all workers hold; -1 if one holds more than a worker can, or is none. */
static int count_leases(const json_t *workers, size_t *n, struct error *err)
{
    *n = 0;
    for (size_t i = 0; i < json_array_size(workers); i++) {
        const json_t *leases = json_object_get(json_array_get(workers, i), "leases");
        if (!json_is_array(leases) || json_array_size(leases) > MESSAGE_LEASES_MAX) {
            return refuse(err, "leases");
        }
        *n += json_array_size(leases);
    }
    return 0;
}

static int take_workers(const json_t *workers, struct live *l, struct error *err)
{
    size_t n = json_array_size(workers);
    size_t n_leases = 0;
    if (!json_is_array(workers) || n > LIVE_WORKERS_MOST) {
        return refuse(err, "workers");
    }
    if (count_leases(workers, &n_leases, err) != 0) {
        return -1;
    }
    l->worker = calloc(n + 1, sizeof *l->worker);
    l->lease = calloc(n_leases + 1, sizeof *l->lease);
    if (l->worker == NULL || l->lease == NULL) {
        return error_no_memory(err, "the workers");
    }
    for (size_t i = 0; i < n; i++) {
        if (take_worker(json_array_get(workers, i), l, &l->worker[i], err) != 0) {
            return -1;
        }
        l->n_workers++;
    }
    return 0;
}

static int take_buckets(const json_t *buckets, struct live *l, struct error *err)
{
    static const char key[] = "commits_within";
    if (json_array_size(buckets) != LIVE_BUCKETS) {
        return refuse(err, key);
    }
    for (size_t i = 0; i < LIVE_BUCKETS; i++) {
        if (take_count(json_array_get(buckets, i), key, &l->commits_within[i], err) != 0) {
            return -1;
        }
    }
    return 0;
}

static int take_live(const json_t *from, struct live *l, struct error *err)
{
    size_t phase = 0;
    const json_t *rate = json_object_get(from, "events_per_s");
    if (json_integer_value(json_object_get(from, "version")) != LIVE_VERSION) {
        return refuse(err, "version");
    }
    l->events_per_s = json_number_value(rate);
    if (!json_is_number(rate) || l->events_per_s < 0) {
        return refuse(err, "events_per_s");
    }
    if (take_numbers(live_numbers, ARRAY_LENGTH(live_numbers), from, l, err) != 0 ||
        take_texts(live_texts, ARRAY_LENGTH(live_texts), from, l, err) != 0 ||
        take_name(from, "phase", phase_names, LIVE_PHASES, &phase, err) != 0 ||
        take_buckets(json_object_get(from, "commits_within"), l, err) != 0) {
        return -1;
    }
    l->phase = (enum live_phase)phase;
    return take_workers(json_object_get(from, "workers"), l, err);
}

int live_decode(struct live *l, const void *data, size_t size, struct error *err)
{
    *l = (struct live){.pid = 0};
    json_t *json = json_parse(data, size, LIVE_SIZE_LIMIT, err);
    if (json == NULL) {
        return error_prefix(err, "live.json");
    }
    int rc = take_live(json, l, err);
    json_decref(json);
    if (rc != 0) {
        live_release(l);
        *l = (struct live){.pid = 0};
    }
    return rc;
}
