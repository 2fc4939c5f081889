/* SPDX-License-Identifier: Apache-2.0 */
/* metrics_ledger.c - what the ledger tells of a run and its samples, as metrics; see metrics.h */
#include <stdio.h>

#include "scheduler/metrics_family.h"

/* ---- of the run ---- */

static void write_run_info(const struct metrics_source *s, const struct metrics_family *f,
                           struct buffer *out)
{
    const struct run *r = s->look->run;
    char version[16];
    (void)snprintf(version, sizeof version, "%u", r->dataset->analysis->version);
    metrics_open_line(s, f, "", out);
    metrics_put_label(out, "run_id", r->id);
    metrics_put_label(out, "analysis", r->dataset->analysis->name);
    metrics_put_label(out, "analysis_version", version);
    metrics_put_value(out, 1);
}

static double sequence_of(const struct metrics_source *s)
{
    return (double)s->look->run->seen;
}

static double completeness_of(const struct metrics_source *s)
{
    return look_complete(s->look) ? 1 : 0;
}

static double scheduler_of(const struct metrics_source *s)
{
    return s->place->has_scheduler ? 1 : 0;
}

static double conflicts_of(const struct metrics_source *s)
{
    double n = 0;
    for (size_t i = 0; i < s->look->run->n_shards; i++) {
        n += s->look->run->shard[i].job.conflict;
    }
    return n;
}

static double luminosity_of_run(const struct metrics_source *s)
{
    double seen = 0;
    double planned = 0;
    merge_luminosity(&s->look->merge, s->look->run->dataset, &seen, &planned);
    return seen;
}

static double planned_luminosity_of_run(const struct metrics_source *s)
{
    double seen = 0;
    double planned = 0;
    merge_luminosity(&s->look->merge, s->look->run->dataset, &seen, &planned);
    return planned;
}

static double cpu_of(const struct metrics_source *s)
{
    return (double)s->look->merge.cpu_us / 1e6;
}

static double merging_of(const struct metrics_source *s)
{
    return (double)s->look->merge_us / 1e6;
}

static double free_of(const struct metrics_source *s)
{
    return (double)s->place->free_bytes;
}

static double size_of(const struct metrics_source *s)
{
    return (double)s->place->size_bytes;
}

/* ---- of its samples ---- */

static void open_sample(const struct metrics_source *s, const struct metrics_family *f,
                        size_t sample, struct buffer *out)
{
    metrics_open_line(s, f, "", out);
    metrics_put_label(out, "sample", s->look->run->dataset->sample[sample].name);
}

static void write_of_samples(const struct metrics_source *s, const struct metrics_family *f,
                             struct buffer *out)
{
    for (size_t i = 0; i < s->look->merge.n_samples; i++) {
        open_sample(s, f, i, out);
        metrics_put_value(out, f->of_sample(s, i));
    }
}

/* Of those whose luminosity is known; what status has none of has none here. */
static void write_luminosities(const struct metrics_source *s, const struct metrics_family *f,
                               struct buffer *out)
{
    for (size_t i = 0; i < s->look->merge.n_samples; i++) {
        if (s->look->merge.sample[i].luminosity_pb > 0) {
            open_sample(s, f, i, out);
            metrics_put_value(out, f->of_sample(s, i));
        }
    }
}

static void write_sample_info(const struct metrics_source *s, const struct metrics_family *f,
                              struct buffer *out)
{
    for (size_t i = 0; i < s->look->merge.n_samples; i++) {
        const struct sample *sample = &s->look->run->dataset->sample[i];
        char era[16];
        (void)snprintf(era, sizeof era, "%d", sample->era);
        open_sample(s, f, i, out);
        metrics_put_label(out, "kind", sample->simulation ? "simulation" : "data");
        metrics_put_label(out, "era", era);
        metrics_put_value(out, 1);
    }
}

/* How many jobs of a sample are in each state; what nobody works on only waits. */
static void write_tally(const struct metrics_source *s, const struct metrics_family *f,
                        size_t sample, struct run_tally t, struct buffer *out)
{
    if (!s->place->has_scheduler) {
        t.n[JOB_WAITING] += t.n[JOB_RUNNING];
        t.n[JOB_RUNNING] = 0;
    }
    for (size_t state = JOB_WAITING; state < JOB_STATES; state++) {
        open_sample(s, f, sample, out);
        metrics_put_label(out, "state", job_state_name((enum job_state)state));
        metrics_put_value(out, (double)t.n[state]);
    }
}

static void write_files(const struct metrics_source *s, const struct metrics_family *f,
                        struct buffer *out)
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

static void write_shards(const struct metrics_source *s, const struct metrics_family *f,
                         struct buffer *out)
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

static double events_of(const struct metrics_source *s, size_t sample)
{
    return (double)s->look->merge.sample[sample].n_events;
}

static double planned_events_of(const struct metrics_source *s, size_t sample)
{
    return (double)s->look->merge.sample[sample].n_events_planned;
}

static double luminosity_of(const struct metrics_source *s, size_t sample)
{
    return s->look->merge.sample[sample].luminosity_seen_pb;
}

static double planned_luminosity_of(const struct metrics_source *s, size_t sample)
{
    return s->look->merge.sample[sample].luminosity_pb;
}

static double planned_bytes_of(const struct metrics_source *s, size_t sample)
{
    const struct run *r = s->look->run;
    double sum = 0;
    for (size_t i = 0; i < r->n_files; i++) {
        sum += r->file[i].sample == sample ? (double)r->file[i].size : 0;
    }
    return sum;
}

/* Of each file as large a part as of its rows; of one without rows all, once it was looked at. */
static double done_bytes_of(const struct metrics_source *s, size_t sample)
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

/* ---- all ---- */

#define OF_SAMPLES(function) .write = write_of_samples, .of_sample = (function)

const struct metrics_family metrics_of_ledger[] = {
    /* clang-format off */
    {"run_info", "gauge", "The run: its identity and its analysis.", write_run_info},
    {"ledger_sequence", "gauge", "Number of the ledger's last event: the moment of which all that is not of the scheduler is told.", METRICS_OF_RUN(sequence_of)},
    {"run_complete", "gauge", "1 when every file is inspected and every shard done.", METRICS_OF_RUN(completeness_of)},
    {"scheduler_up", "gauge", "1 while a scheduler works on the run.", METRICS_OF_RUN(scheduler_of)},
    {"conflicts", "gauge", "Shards that gave two different results.", METRICS_OF_RUN(conflicts_of)},
    {"run_luminosity_inverse_picobarns", "gauge", "Integrated luminosity of the data seen, over all samples.", METRICS_OF_RUN(luminosity_of_run)},
    {"run_luminosity_planned_inverse_picobarns", "gauge", "Integrated luminosity of all data of the run.", METRICS_OF_RUN(planned_luminosity_of_run)},
    {"cpu_seconds_total", "counter", "Processor time of all results that are in the sums.", METRICS_OF_RUN(cpu_of)},
    {"merge_seconds_total", "counter", "Time that the process which answers this has spent on merging results.", METRICS_OF_RUN(merging_of)},
    {"folder_free_bytes", "gauge", "Free bytes of the file system of the run folder.", METRICS_OF_RUN(free_of)},
    {"folder_size_bytes", "gauge", "Size of the file system of the run folder.", METRICS_OF_RUN(size_of)},
    {"sample_info", "gauge", "A sample: data or simulation, and its era.", write_sample_info},
    {"files", "gauge", "Input files by state of their inspection.", write_files},
    {"shards", "gauge", "Shards by state.", write_shards},
    {"events_total", "counter", "Events of the shards done.", OF_SAMPLES(events_of)},
    {"events_planned", "gauge", "Events of all files; estimated while some are not inspected.", OF_SAMPLES(planned_events_of)},
    {"input_done_bytes", "gauge", "Bytes of the input files that are done, in proportion to their events.", OF_SAMPLES(done_bytes_of)},
    {"input_planned_bytes", "gauge", "Bytes of all input files.", OF_SAMPLES(planned_bytes_of)},
    {"luminosity_inverse_picobarns", "gauge", "Integrated luminosity of the data seen.", write_luminosities, .of_sample = luminosity_of},
    {"luminosity_planned_inverse_picobarns", "gauge", "Integrated luminosity of the whole sample.", write_luminosities, .of_sample = planned_luminosity_of},
    {.name = NULL},
    /* clang-format on */
};
