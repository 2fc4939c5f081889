/* SPDX-License-Identifier: Apache-2.0 */
/* metrics.c - see metrics.h
 *
 * One row of `families` is one metric family: its name, what it is, and where its numbers are. Names
 * follow the field's rules: base units at the end, counters in _total, and labels that add up: the sum
 * over samples and states is the run. */
#include "scheduler/metrics.h"

#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "base/size.h"

struct source {
    const struct look *look;
    const struct live *live; /* or NULL */
    const struct metrics_place *place;
};

struct family {
    const char *name; /* without "picobarn_" */
    const char *type;
    const char *help;
    void (*write)(const struct source *s, const struct family *f, struct buffer *out);
    double (*of_run)(const struct source *s);
    double (*of_sample)(const struct source *s, size_t sample);
    size_t offset; /* of a whole number in struct live or struct live_worker; */
    double unit;   /*   multiplied by this */
};

/* ---- lines ---- */

static void put_label(struct buffer *out, const char *key, const char *value)
{
    buffer_printf(out, ",%s=\"", key);
    for (; *value != '\0'; value++) {
        if (*value == '\n') {
            buffer_raw(out, "\\n", 2);
        } else {
            buffer_printf(out, *value == '\\' || *value == '"' ? "\\%c" : "%c", *value);
        }
    }
    buffer_raw(out, "\"", 1);
}

/* name{run="higgs4l" - more labels may follow, then put_value. */
static void open_line(const struct source *s, const struct family *f, const char *suffix,
                      struct buffer *out)
{
    struct buffer label = {0};
    put_label(&label, "run", s->place->run);
    buffer_printf(out, "picobarn_%s%s{", f->name, suffix);
    if (label.size > 0) {
        buffer_raw(out, label.data + 1, label.size - 1); /* without the comma */
    }
    buffer_release(&label);
}

static void put_value(struct buffer *out, double value)
{
    buffer_raw(out, "} ", 2);
    json_write_number(value, out);
    buffer_raw(out, "\n", 1);
}

/* ---- of the run ---- */

static void write_of_run(const struct source *s, const struct family *f, struct buffer *out)
{
    open_line(s, f, "", out);
    put_value(out, f->of_run(s));
}

static void write_run_info(const struct source *s, const struct family *f, struct buffer *out)
{
    const struct run *r = s->look->run;
    char version[16];
    (void)snprintf(version, sizeof version, "%u", r->dataset->analysis->version);
    open_line(s, f, "", out);
    put_label(out, "run_id", r->id);
    put_label(out, "analysis", r->dataset->analysis->name);
    put_label(out, "analysis_version", version);
    put_value(out, 1);
}

static double sequence_of(const struct source *s)
{
    return (double)s->look->run->seen;
}

static double completeness_of(const struct source *s)
{
    return look_complete(s->look) ? 1 : 0;
}

static double scheduler_of(const struct source *s)
{
    return s->place->has_scheduler ? 1 : 0;
}

static double conflicts_of(const struct source *s)
{
    double n = 0;
    for (size_t i = 0; i < s->look->run->n_shards; i++) {
        n += s->look->run->shard[i].job.conflict;
    }
    return n;
}

static double luminosity_of_run(const struct source *s)
{
    double seen = 0;
    double planned = 0;
    merge_luminosity(&s->look->merge, s->look->run->dataset, &seen, &planned);
    return seen;
}

static double planned_luminosity_of_run(const struct source *s)
{
    double seen = 0;
    double planned = 0;
    merge_luminosity(&s->look->merge, s->look->run->dataset, &seen, &planned);
    return planned;
}

static double cpu_of(const struct source *s)
{
    return (double)s->look->merge.cpu_us / 1e6;
}

static double merging_of(const struct source *s)
{
    return (double)s->look->merge_us / 1e6;
}

static double free_of(const struct source *s)
{
    return (double)s->place->free_bytes;
}

static double size_of(const struct source *s)
{
    return (double)s->place->size_bytes;
}

/* ---- of its samples ---- */

static void open_sample(const struct source *s, const struct family *f, size_t sample,
                        struct buffer *out)
{
    open_line(s, f, "", out);
    put_label(out, "sample", s->look->run->dataset->sample[sample].name);
}

static void write_of_samples(const struct source *s, const struct family *f, struct buffer *out)
{
    for (size_t i = 0; i < s->look->merge.n_samples; i++) {
        open_sample(s, f, i, out);
        put_value(out, f->of_sample(s, i));
    }
}

/* Of those whose luminosity is known; what status has none of has none here. */
static void write_luminosities(const struct source *s, const struct family *f,
                               struct buffer *out)
{
    for (size_t i = 0; i < s->look->merge.n_samples; i++) {
        if (s->look->merge.sample[i].luminosity_pb > 0) {
            open_sample(s, f, i, out);
            put_value(out, f->of_sample(s, i));
        }
    }
}

static void write_sample_info(const struct source *s, const struct family *f,
                              struct buffer *out)
{
    for (size_t i = 0; i < s->look->merge.n_samples; i++) {
        const struct sample *sample = &s->look->run->dataset->sample[i];
        char era[16];
        (void)snprintf(era, sizeof era, "%d", sample->era);
        open_sample(s, f, i, out);
        put_label(out, "kind", sample->simulation ? "simulation" : "data");
        put_label(out, "era", era);
        put_value(out, 1);
    }
}

/* How many jobs of a sample are in each state; what nobody works on only waits. */
static void write_tally(const struct source *s, const struct family *f, size_t sample,
                        struct run_tally t, struct buffer *out)
{
    if (!s->place->has_scheduler) {
        t.n[JOB_WAITING] += t.n[JOB_RUNNING];
        t.n[JOB_RUNNING] = 0;
    }
    for (size_t state = JOB_WAITING; state < JOB_STATES; state++) {
        open_sample(s, f, sample, out);
        put_label(out, "state", job_state_name((enum job_state)state));
        put_value(out, (double)t.n[state]);
    }
}

static void write_files(const struct source *s, const struct family *f, struct buffer *out)
{
    const struct run *r = s->look->run;
    for (size_t i = 0; i < r->dataset->n_samples; i++) {
        struct run_tally t = {{0}};
        for (size_t k = 0; k < r->n_files; k++) {
            t.n[r->file[k].job.state] += r->file[k].sample == i;
        }
        write_tally(s, f, i, t, out);
    }
}

static void write_shards(const struct source *s, const struct family *f, struct buffer *out)
{
    const struct run *r = s->look->run;
    for (size_t i = 0; i < r->dataset->n_samples; i++) {
        struct run_tally t = {{0}};
        for (size_t k = 0; k < r->n_shards; k++) {
            t.n[r->shard[k].job.state] += r->file[r->shard[k].file].sample == i;
        }
        write_tally(s, f, i, t, out);
    }
}

static double events_of(const struct source *s, size_t sample)
{
    return (double)s->look->merge.sample[sample].n_events;
}

static double planned_events_of(const struct source *s, size_t sample)
{
    return (double)s->look->merge.sample[sample].n_events_planned;
}

static double luminosity_of(const struct source *s, size_t sample)
{
    return s->look->merge.sample[sample].luminosity_seen_pb;
}

static double planned_luminosity_of(const struct source *s, size_t sample)
{
    return s->look->merge.sample[sample].luminosity_pb;
}

static double planned_bytes_of(const struct source *s, size_t sample)
{
    const struct run *r = s->look->run;
    double sum = 0;
    for (size_t i = 0; i < r->n_files; i++) {
        sum += r->file[i].sample == sample ? (double)r->file[i].size : 0;
    }
    return sum;
}

/* Of each file as large a part as of its rows; of one without rows all, once it was looked at. */
static double done_bytes_of(const struct source *s, size_t sample)
{
    const struct run *r = s->look->run;
    double sum = 0;
    for (size_t i = 0; i < r->n_files; i++) {
        const struct run_file *f = &r->file[i];
        const struct merge_file *seen = &s->look->merge.file[i];
        double share = f->rows > 0          ? (double)seen->n_events / (double)f->rows
                       : seen->n_shards > 0 ? 1
                                            : 0;
        sum += f->sample == sample ? share * (double)f->size : 0;
    }
    return sum;
}

/* ---- of its scheduler ---- */

static double number_at(const void *from, const struct family *f)
{
    uint64_t value = 0;
    memcpy(&value, (const char *)from + f->offset, sizeof value);
    return (double)value * f->unit;
}

static void write_of_live(const struct source *s, const struct family *f, struct buffer *out)
{
    open_line(s, f, "", out);
    put_value(out, number_at(s->live, f));
}

static void write_scheduler_info(const struct source *s, const struct family *f,
                                 struct buffer *out)
{
    open_line(s, f, "", out);
    put_label(out, "version", s->live->program);
    put_label(out, "phase", live_phase_name(s->live->phase));
    put_value(out, 1);
}

static double pause_of(const struct source *s)
{
    return s->live->paused[0] != '\0' ? 1 : 0;
}

static double leases_held_of(const struct source *s)
{
    return (double)s->live->n_leases;
}

static double events_running_of(const struct source *s)
{
    return (double)live_events_running(s->live);
}

static void write_workers(const struct source *s, const struct family *f, struct buffer *out)
{
    for (size_t state = 0; state < LIVE_STATES; state++) {
        size_t n = 0;
        for (size_t i = 0; i < s->live->n_workers; i++) {
            n += s->live->worker[i].state == (enum live_state)state;
        }
        open_line(s, f, "", out);
        put_label(out, "state", live_state_name((enum live_state)state));
        put_value(out, (double)n);
    }
}

/* A line with one label besides. */
static void put_kind(const struct source *s, const struct family *f, const char *key,
                     const char *kind, uint64_t n, struct buffer *out)
{
    open_line(s, f, "", out);
    put_label(out, key, kind);
    put_value(out, (double)n);
}

static void write_lease_failures(const struct source *s, const struct family *f,
                                 struct buffer *out)
{
    put_kind(s, f, "reason", "broke", s->live->leases_broke, out);
    put_kind(s, f, "reason", "rejected", s->live->leases_rejected, out);
}

static void write_partials(const struct source *s, const struct family *f, struct buffer *out)
{
    put_kind(s, f, "verdict", "accepted", s->live->partials_accepted, out);
    put_kind(s, f, "verdict", "duplicate", s->live->partials_duplicate, out);
    put_kind(s, f, "verdict", "dropped", s->live->partials_dropped, out);
    put_kind(s, f, "verdict", "refused", s->live->partials_refused, out);
    put_kind(s, f, "verdict", "conflict", s->live->partials_conflict, out);
}

static void write_commits(const struct source *s, const struct family *f, struct buffer *out)
{
    const struct live *l = s->live;
    for (size_t i = 0; i < LIVE_BUCKETS; i++) {
        struct buffer bound = {0};
        json_write_number(live_bucket_us[i] / 1e6, &bound);
        const char *text = buffer_string(&bound);
        open_line(s, f, "_bucket", out);
        put_label(out, "le", text == NULL ? "" : text);
        put_value(out, (double)l->commits_within[i]);
        buffer_release(&bound);
    }
    open_line(s, f, "_bucket", out);
    put_label(out, "le", "+Inf");
    put_value(out, (double)l->commits);
    open_line(s, f, "_sum", out);
    put_value(out, (double)l->commit_us / 1e6);
    open_line(s, f, "_count", out);
    put_value(out, (double)l->commits);
}

/* ---- of its workers ---- */

static void open_worker(const struct source *s, const struct family *f, size_t worker,
                        struct buffer *out)
{
    open_line(s, f, "", out);
    put_label(out, "node", s->live->worker[worker].host);
    put_label(out, "worker", s->live->worker[worker].name);
}

static void write_of_workers(const struct source *s, const struct family *f, struct buffer *out)
{
    for (size_t i = 0; i < s->live->n_workers; i++) {
        open_worker(s, f, i, out);
        put_value(out, number_at(&s->live->worker[i], f));
    }
}

static void write_worker_info(const struct source *s, const struct family *f,
                              struct buffer *out)
{
    for (size_t i = 0; i < s->live->n_workers; i++) {
        open_worker(s, f, i, out);
        put_label(out, "version", s->live->worker[i].program);
        put_value(out, 1);
    }
}

static void write_worker_leases(const struct source *s, const struct family *f,
                                struct buffer *out)
{
    for (size_t i = 0; i < s->live->n_workers; i++) {
        open_worker(s, f, i, out);
        put_value(out, (double)s->live->worker[i].n_leases);
    }
}

/* Until now: a scheduler that tells nothing any more does not keep its workers fresh. */
static void write_ages(const struct source *s, const struct family *f, struct buffer *out)
{
    int64_t since_ms = s->place->now_ms - s->live->written_ms;
    double since_s = since_ms > 0 ? (double)since_ms / 1000 : 0;
    for (size_t i = 0; i < s->live->n_workers; i++) {
        open_worker(s, f, i, out);
        put_value(out, number_at(&s->live->worker[i], f) + since_s);
    }
}

/* ---- all ---- */

#define OF_RUN(function)     .write = write_of_run, .of_run = (function)
#define OF_SAMPLES(function) .write = write_of_samples, .of_sample = (function)
#define OF_LIVE(field, factor)                                                                 \
    .write = write_of_live, .offset = offsetof(struct live, field), .unit = (factor)
#define OF_WORKERS(field, factor)                                                              \
    .write = write_of_workers, .offset = offsetof(struct live_worker, field), .unit = (factor)

static const struct family of_ledger[] = {
    /* clang-format off */
    {"run_info", "gauge", "The run: its identity and its analysis.", write_run_info},
    {"ledger_sequence", "gauge", "Number of the ledger's last event: the moment of which all that is not of the scheduler is told.", OF_RUN(sequence_of)},
    {"run_complete", "gauge", "1 when every file is inspected and every shard done.", OF_RUN(completeness_of)},
    {"scheduler_up", "gauge", "1 while a scheduler works on the run.", OF_RUN(scheduler_of)},
    {"conflicts", "gauge", "Shards that gave two different results.", OF_RUN(conflicts_of)},
    {"run_luminosity_inverse_picobarns", "gauge", "Integrated luminosity of the data seen, over all samples.", OF_RUN(luminosity_of_run)},
    {"run_luminosity_planned_inverse_picobarns", "gauge", "Integrated luminosity of all data of the run.", OF_RUN(planned_luminosity_of_run)},
    {"cpu_seconds_total", "counter", "Processor time of all results that are in the sums.", OF_RUN(cpu_of)},
    {"merge_seconds_total", "counter", "Time that the process which answers this has spent on merging results.", OF_RUN(merging_of)},
    {"folder_free_bytes", "gauge", "Free bytes of the file system of the run folder.", OF_RUN(free_of)},
    {"folder_size_bytes", "gauge", "Size of the file system of the run folder.", OF_RUN(size_of)},
    {"sample_info", "gauge", "A sample: data or simulation, and its era.", write_sample_info},
    {"files", "gauge", "Input files by state of their inspection.", write_files},
    {"shards", "gauge", "Shards by state.", write_shards},
    {"events_total", "counter", "Events of the shards done.", OF_SAMPLES(events_of)},
    {"events_planned", "gauge", "Events of all files; estimated while some are not inspected.", OF_SAMPLES(planned_events_of)},
    {"input_done_bytes", "gauge", "Bytes of the input files that are done, in proportion to their events.", OF_SAMPLES(done_bytes_of)},
    {"input_planned_bytes", "gauge", "Bytes of all input files.", OF_SAMPLES(planned_bytes_of)},
    {"luminosity_inverse_picobarns", "gauge", "Integrated luminosity of the data seen.", write_luminosities, .of_sample = luminosity_of},
    {"luminosity_planned_inverse_picobarns", "gauge", "Integrated luminosity of the whole sample.", write_luminosities, .of_sample = planned_luminosity_of},
    /* clang-format on */
};

static const struct family of_live[] = {
    /* clang-format off */
    {"scheduler_info", "gauge", "The scheduler: its version, and what it does now.", write_scheduler_info},
    {"scheduler_start_time_seconds", "gauge", "When the scheduler started.", OF_LIVE(started_ms, 1e-3)},
    {"scheduler_report_time_seconds", "gauge", "When the scheduler last told what follows.", OF_LIVE(written_ms, 1e-3)},
    {"scheduler_paused", "gauge", "1 while the ledger cannot be written.", OF_RUN(pause_of)},
    {"workers", "gauge", "Connected workers by state.", write_workers},
    {"queue_depth", "gauge", "Jobs that wait for a worker.", OF_LIVE(queue, 1)},
    {"uncommitted", "gauge", "Answers and events that wait for the ledger.", OF_LIVE(uncommitted, 1)},
    {"leases_held", "gauge", "Leases that workers hold.", OF_RUN(leases_held_of)},
    {"events_running", "gauge", "Events that are done in shards that are not.", OF_RUN(events_running_of)},
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
    /* clang-format on */
};

static void write_families(const struct source *s, const struct family *f, size_t n,
                           struct buffer *out)
{
    for (size_t i = 0; i < n; i++) {
        buffer_printf(out, "# HELP picobarn_%s %s\n# TYPE picobarn_%s %s\n", f[i].name,
                      f[i].help, f[i].name, f[i].type);
        f[i].write(s, &f[i], out);
    }
}

void metrics_write(const struct look *look, const struct live *live,
                   const struct metrics_place *place, struct buffer *out)
{
    struct source s = {.look = look, .live = live, .place = place};
    write_families(&s, of_ledger, ARRAY_LENGTH(of_ledger), out);
    if (live != NULL) {
        write_families(&s, of_live, ARRAY_LENGTH(of_live), out);
    }
}
