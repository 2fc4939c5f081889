/* SPDX-License-Identifier: Apache-2.0 */
/* look_status.c - how far a run is, in words and as JSON; see look.h */
#include "scheduler/human.h"
#include "scheduler/live.h"
#include "scheduler/look.h"
#include "scheduler/table.h"

/* Sums over all samples. */
struct totals {
    uint64_t n_events;
    uint64_t n_planned;
    bool is_estimate;
    size_t n_shards;
    size_t n_inspected; /* files */
    size_t n_conflicts;
    double seen_pb;
    double planned_pb;
};

static struct totals add_up(const struct run *r, const struct merge *m)
{
    struct totals t = {.n_events = 0};
    for (size_t i = 0; i < m->n_samples; i++) {
        t.n_events += m->sample[i].n_events;
        t.n_planned += m->sample[i].n_events_planned;
        t.is_estimate = t.is_estimate || m->sample[i].planned_is_estimate;
        t.n_shards += m->sample[i].n_shards;
        t.n_inspected += m->sample[i].n_files_inspected;
    }
    for (size_t i = 0; i < r->n_shards; i++) {
        t.n_conflicts += r->shard[i].job.conflict;
    }
    merge_luminosity(m, r->dataset, &t.seen_pb, &t.planned_pb);
    return t;
}

void look_write_coverage(const struct run *r, const struct merge *m, struct buffer *out)
{
    struct totals t = add_up(r, m);
    human_count(out, t.n_shards);
    buffer_printf(out, " of ");
    human_count(out, r->n_shards);
    buffer_printf(out, " shards, ");
    if (t.n_inspected < r->n_files) {
        human_count(out, t.n_inspected);
        buffer_printf(out, " of ");
        human_count(out, r->n_files);
        buffer_printf(out, " files, ");
    }
    human_count(out, t.n_events);
    buffer_printf(out, " of %s", t.is_estimate ? "about " : "");
    human_count(out, t.n_planned);
    buffer_printf(out, " events");
    if (t.planned_pb > 0) {
        buffer_printf(out, ", ");
        human_luminosity_of(out, t.seen_pb, t.planned_pb);
    }
}

static size_t count_all(const struct run_tally *t)
{
    size_t n = 0;
    for (size_t i = JOB_WAITING; i < JOB_STATES; i++) {
        n += t->n[i];
    }
    return n;
}

/* What nobody works on only waits. */
static struct run_tally tally_now(struct run_tally tally, bool has_scheduler)
{
    if (!has_scheduler) {
        tally.n[JOB_WAITING] += tally.n[JOB_RUNNING];
        tally.n[JOB_RUNNING] = 0;
    }
    return tally;
}

/* "1,080 done, 2 running, 3 failed", what there is none of left out. */
static void write_tally(const struct run_tally *t, struct buffer *out)
{
    static const enum job_state order[] = {JOB_DONE, JOB_RUNNING, JOB_WAITING, JOB_FAILED};
    bool any = false;
    for (size_t i = 0; i < 4; i++) {
        if (t->n[order[i]] > 0) {
            buffer_printf(out, "%s", any ? ", " : "");
            human_count(out, t->n[order[i]]);
            buffer_printf(out, " %s", job_state_name(order[i]));
            any = true;
        }
    }
    buffer_printf(out, "%s\n", any ? "" : "none yet");
}

static const char *describe_state(const struct look *l, bool has_scheduler)
{
    struct run_tally shards = run_tally_shards(l->run);
    struct run_tally files = run_tally_files(l->run);
    size_t open = shards.n[JOB_WAITING] + shards.n[JOB_RUNNING] + files.n[JOB_WAITING] +
                  files.n[JOB_RUNNING];
    if (look_complete(l)) {
        return "complete";
    }
    if (has_scheduler) {
        return "running";
    }
    return open > 0 ? "stopped (the same launch goes on)"
                    : "incomplete: something failed (see picobarn failures)";
}

void look_write_samples(const struct look *l, struct buffer *out)
{
    struct table t = {.align = "lrrrr"};
    static const char *const head[] = {"sample", "shards", "of", "events", "luminosity"};
    for (size_t i = 0; i < 5; i++) {
        table_add(&t, "%s", head[i]);
    }
    for (size_t i = 0; i < l->merge.n_samples; i++) {
        const struct merge_sample *s = &l->merge.sample[i];
        struct buffer luminosity = {0};
        if (s->luminosity_pb > 0) {
            human_luminosity_of(&luminosity, s->luminosity_seen_pb, s->luminosity_pb);
        }
        const char *text = buffer_string(&luminosity);
        table_add(&t, "%s", l->run->dataset->sample[i].name);
        table_add_count(&t, s->n_shards);
        table_add_count(&t, s->n_shards_planned);
        table_add_count(&t, s->n_events);
        table_add(&t, "%s", text == NULL ? "" : text);
        buffer_release(&luminosity);
    }
    table_write(&t, 0, out);
    table_release(&t);
}

void look_write_status(const struct look *l, bool has_scheduler, struct buffer *out)
{
    const struct run *r = l->run;
    struct run_tally files = tally_now(run_tally_files(r), has_scheduler);
    struct run_tally shards = tally_now(run_tally_shards(r), has_scheduler);
    struct totals t = add_up(r, &l->merge);
    buffer_printf(out, "state     %s\ncoverage  ", describe_state(l, has_scheduler));
    look_write_coverage(r, &l->merge, out);
    buffer_printf(out, "\nfiles     ");
    write_tally(&files, out);
    buffer_printf(out, "shards    ");
    write_tally(&shards, out);
    if (t.n_conflicts > 0) {
        buffer_printf(out, "conflicts %zu shards gave different results when computed twice\n",
                      t.n_conflicts);
    }
    if (has_scheduler) {
        look_write_pods(r, out);
    }
    buffer_printf(out, "sequence  %llu\n", (unsigned long long)r->seen);
}

static json_t *tally_to_json(const struct run_tally *t)
{
    return json_pack("{s:I, s:I, s:I, s:I, s:I}", "total", (json_int_t)count_all(t), "waiting",
                     (json_int_t)t->n[JOB_WAITING], "running", (json_int_t)t->n[JOB_RUNNING],
                     "done", (json_int_t)t->n[JOB_DONE], "failed",
                     (json_int_t)t->n[JOB_FAILED]);
}

static json_t *samples_to_json(const struct look *l)
{
    json_t *list = json_array();
    for (size_t i = 0; i < l->merge.n_samples; i++) {
        const struct merge_sample *s = &l->merge.sample[i];
        const struct sample *sample = &l->run->dataset->sample[i];
        json_t *row = json_pack(
            "{s:s, s:s, s:i, s:I, s:I, s:I, s:I, s:I, s:I, s:b}", "name", sample->name, "kind",
            sample->simulation ? "simulation" : "data", "era", sample->era, "shards",
            (json_int_t)s->n_shards, "shards_planned", (json_int_t)s->n_shards_planned, "files",
            (json_int_t)s->n_files, "files_inspected", (json_int_t)s->n_files_inspected,
            "events", (json_int_t)s->n_events, "events_planned",
            (json_int_t)s->n_events_planned, "events_planned_is_estimate",
            s->planned_is_estimate ? 1 : 0);
        if (s->luminosity_pb > 0) {
            (void)json_object_set_new(row, "luminosity_pb", json_real(s->luminosity_seen_pb));
            (void)json_object_set_new(row, "luminosity_planned_pb",
                                      json_real(s->luminosity_pb));
        }
        (void)json_array_append_new(list, row);
    }
    return list;
}

/* What the scheduler tells of itself, in short; NULL if it tells nothing. */
static json_t *live_to_json(const struct run *r)
{
    struct live *l = live_read(r);
    if (l == NULL) {
        return NULL;
    }
    json_t *json =
        json_pack("{s:I, s:s, s:I, s:I, s:I, s:f, s:s}", "written_ms",
                  (json_int_t)l->written_ms, "phase", live_phase_name(l->phase), "workers",
                  (json_int_t)l->n_workers, "leases", (json_int_t)l->n_leases, "queue",
                  (json_int_t)l->queue, "events_per_s", l->events_per_s, "paused", l->paused);
    live_destroy(l);
    return json;
}

json_t *look_status_to_json(const struct look *l, bool has_scheduler, struct error *err)
{
    const struct run *r = l->run;
    struct run_tally files = tally_now(run_tally_files(r), has_scheduler);
    struct run_tally shards = tally_now(run_tally_shards(r), has_scheduler);
    struct totals t = add_up(r, &l->merge);
    json_t *all = json_pack(
        "{s:o, s:s, s:{s:s, s:i}, s:b, s:b, s:I, s:o, s:o, s:I, s:I, s:I, s:b, s:f, s:f, s:o}",
        "folder", human_json(r->folder), "run_id", r->id, "analysis", "name",
        r->dataset->analysis->name, "version", (int)r->dataset->analysis->version, "complete",
        look_complete(l) ? 1 : 0, "scheduler", has_scheduler ? 1 : 0, "sequence",
        (json_int_t)r->seen, "files", tally_to_json(&files), "shards", tally_to_json(&shards),
        "conflicts", (json_int_t)t.n_conflicts, "events", (json_int_t)t.n_events,
        "events_planned", (json_int_t)t.n_planned, "events_planned_is_estimate",
        t.is_estimate ? 1 : 0, "luminosity_pb", t.seen_pb, "luminosity_planned_pb",
        t.planned_pb, "samples", samples_to_json(l));
    if (all == NULL) {
        (void)error_no_memory(err, "the status");
        return NULL;
    }
    json_t *pods = has_scheduler ? look_pods(r) : NULL;
    if (pods != NULL) {
        (void)json_object_set_new(all, "pods", pods);
    }
    json_t *live = has_scheduler ? live_to_json(r) : NULL;
    if (live != NULL) {
        (void)json_object_set_new(all, "live", live);
    }
    return all;
}
