/* SPDX-License-Identifier: Apache-2.0 */
/* metrics_live.c - what a scheduler tells of itself and its workers, as metrics; see metrics.h */
#include <string.h>

#include "base/json.h"
#include "scheduler/metrics_family.h"

/* ---- of its scheduler ---- */

static double number_at(const void *from, const struct metrics_family *f)
{
    uint64_t value = 0;
    memcpy(&value, (const char *)from + f->offset, sizeof value);
    return (double)value * f->unit;
}

static void write_of_live(const struct metrics_source *s, const struct metrics_family *f,
                          struct buffer *out)
{
    metrics_open_line(s, f, "", out);
    metrics_put_value(out, number_at(s->live, f));
}

static void write_scheduler_info(const struct metrics_source *s, const struct metrics_family *f,
                                 struct buffer *out)
{
    metrics_open_line(s, f, "", out);
    metrics_put_label(out, "version", s->live->program);
    metrics_put_label(out, "phase", live_phase_name(s->live->phase));
    metrics_put_value(out, 1);
}

static double pause_of(const struct metrics_source *s)
{
    return s->live->paused[0] != '\0' ? 1 : 0;
}

static double leases_held_of(const struct metrics_source *s)
{
    return (double)s->live->n_leases;
}

static double events_running_of(const struct metrics_source *s)
{
    return (double)live_events_running(s->live);
}

static void write_workers(const struct metrics_source *s, const struct metrics_family *f,
                          struct buffer *out)
{
    for (size_t state = 0; state < LIVE_STATES; state++) {
        size_t n = 0;
        for (size_t i = 0; i < s->live->n_workers; i++) {
            n += s->live->worker[i].state == (enum live_state)state;
        }
        metrics_open_line(s, f, "", out);
        metrics_put_label(out, "state", live_state_name((enum live_state)state));
        metrics_put_value(out, (double)n);
    }
}

/* A line with one label besides. */
static void put_kind(const struct metrics_source *s, const struct metrics_family *f,
                     const char *key, const char *kind, uint64_t n, struct buffer *out)
{
    metrics_open_line(s, f, "", out);
    metrics_put_label(out, key, kind);
    metrics_put_value(out, (double)n);
}

static void write_lease_failures(const struct metrics_source *s, const struct metrics_family *f,
                                 struct buffer *out)
{
    put_kind(s, f, "reason", "broke", s->live->leases_broke, out);
    put_kind(s, f, "reason", "rejected", s->live->leases_rejected, out);
}

static void write_partials(const struct metrics_source *s, const struct metrics_family *f,
                           struct buffer *out)
{
    put_kind(s, f, "verdict", "accepted", s->live->partials_accepted, out);
    put_kind(s, f, "verdict", "duplicate", s->live->partials_duplicate, out);
    put_kind(s, f, "verdict", "dropped", s->live->partials_dropped, out);
    put_kind(s, f, "verdict", "refused", s->live->partials_refused, out);
    put_kind(s, f, "verdict", "conflict", s->live->partials_conflict, out);
}

static void write_commits(const struct metrics_source *s, const struct metrics_family *f,
                          struct buffer *out)
{
    const struct live *l = s->live;
    for (size_t i = 0; i < LIVE_BUCKETS; i++) {
        struct buffer bound = {0};
        json_write_number(live_bucket_us[i] / 1e6, &bound);
        const char *text = buffer_string(&bound);
        metrics_open_line(s, f, "_bucket", out);
        metrics_put_label(out, "le", text == NULL ? "" : text);
        metrics_put_value(out, (double)l->commits_within[i]);
        buffer_release(&bound);
    }
    metrics_open_line(s, f, "_bucket", out);
    metrics_put_label(out, "le", "+Inf");
    metrics_put_value(out, (double)l->commits);
    metrics_open_line(s, f, "_sum", out);
    metrics_put_value(out, (double)l->commit_us / 1e6);
    metrics_open_line(s, f, "_count", out);
    metrics_put_value(out, (double)l->commits);
}

/* ---- of its workers ---- */

static void open_worker(const struct metrics_source *s, const struct metrics_family *f,
                        size_t worker, struct buffer *out)
{
    metrics_open_line(s, f, "", out);
    metrics_put_label(out, "node", s->live->worker[worker].host);
    metrics_put_label(out, "worker", s->live->worker[worker].name);
}

static void write_of_workers(const struct metrics_source *s, const struct metrics_family *f,
                             struct buffer *out)
{
    for (size_t i = 0; i < s->live->n_workers; i++) {
        open_worker(s, f, i, out);
        metrics_put_value(out, number_at(&s->live->worker[i], f));
    }
}

static void write_worker_info(const struct metrics_source *s, const struct metrics_family *f,
                              struct buffer *out)
{
    for (size_t i = 0; i < s->live->n_workers; i++) {
        open_worker(s, f, i, out);
        metrics_put_label(out, "version", s->live->worker[i].program);
        metrics_put_value(out, 1);
    }
}

static void write_worker_leases(const struct metrics_source *s, const struct metrics_family *f,
                                struct buffer *out)
{
    for (size_t i = 0; i < s->live->n_workers; i++) {
        open_worker(s, f, i, out);
        metrics_put_value(out, (double)s->live->worker[i].n_leases);
    }
}

/* Until now: a scheduler that tells nothing any more does not keep its workers fresh. */
static void write_ages(const struct metrics_source *s, const struct metrics_family *f,
                       struct buffer *out)
{
    int64_t since_ms = s->place->now_ms - s->live->written_ms;
    double since_s = since_ms > 0 ? (double)since_ms / 1000 : 0;
    for (size_t i = 0; i < s->live->n_workers; i++) {
        open_worker(s, f, i, out);
        metrics_put_value(out, number_at(&s->live->worker[i], f) + since_s);
    }
}

/* ---- all ---- */

#define OF_LIVE(field, factor)                                                                 \
    .write = write_of_live, .offset = offsetof(struct live, field), .unit = (factor)
#define OF_WORKERS(field, factor)                                                              \
    .write = write_of_workers, .offset = offsetof(struct live_worker, field), .unit = (factor)

const struct metrics_family metrics_of_live[] = {
    /* clang-format off */
    {"scheduler_info", "gauge", "The scheduler: its version, and what it does now.", write_scheduler_info},
    {"scheduler_start_time_seconds", "gauge", "When the scheduler started.", OF_LIVE(started_ms, 1e-3)},
    {"scheduler_report_time_seconds", "gauge", "When the scheduler last told what follows.", OF_LIVE(written_ms, 1e-3)},
    {"scheduler_paused", "gauge", "1 while the ledger cannot be written.", METRICS_OF_RUN(pause_of)},
    {"workers", "gauge", "Connected workers by state.", write_workers},
    {"queue_depth", "gauge", "Jobs that wait for a worker.", OF_LIVE(queue, 1)},
    {"uncommitted", "gauge", "Answers and events that wait for the ledger.", OF_LIVE(uncommitted, 1)},
    {"leases_held", "gauge", "Leases that workers hold.", METRICS_OF_RUN(leases_held_of)},
    {"events_running", "gauge", "Events that are done in shards that are not.", METRICS_OF_RUN(events_running_of)},
    {"leases_total", "counter", "Leases given out.", OF_LIVE(leases_given, 1)},
    {"lease_expiries_total", "counter", "Leases that ended without an answer.", OF_LIVE(leases_lost, 1)},
    {"lease_failures_total", "counter", "Leases answered by a failure: another attempt may do better (broke), or none (rejected).", write_lease_failures},
    {"partials_total", "counter", "Results of shards by what became of them.", write_partials},
    {"partial_bytes_total", "counter", "Bytes of the results accepted.", OF_LIVE(partial_bytes, 1)},
    {"ledger_commit_seconds", "histogram", "Time that transactions of the ledger took.", write_commits},
    {"ledger_commit_failures_total", "counter", "Transactions of the ledger that failed.", OF_LIVE(commits_failed, 1)},
    {"worker_info", "gauge", "A worker: its version.", write_worker_info},
    {"worker_threads", "gauge", "Threads that a worker computes with.", OF_WORKERS(threads, 1)},
    {"worker_leases", "gauge", "Leases that a worker holds.", write_worker_leases},
    {"worker_heartbeat_age_seconds", "gauge", "Time since a worker's last word.", write_ages, .offset = offsetof(struct live_worker, heard_age_ms), .unit = 1e-3},
    {"worker_shards_total", "counter", "Results that a worker brought.", OF_WORKERS(shards, 1)},
    {"worker_events_total", "counter", "Events in the results that a worker brought.", OF_WORKERS(events, 1)},
    {"worker_failures_total", "counter", "Failures that a worker reported.", OF_WORKERS(failures, 1)},
    {"worker_cpu_seconds_total", "counter", "Processor time of the results that a worker brought.", OF_WORKERS(cpu_us, 1e-6)},
    {.name = NULL},
    /* clang-format on */
};
