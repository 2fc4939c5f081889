/* SPDX-License-Identifier: Apache-2.0 */
/* result_report.c - run.json: how a result came about. See result.h (result_report) */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "scheduler/result.h"

enum { REPORT_FORMAT = 1 };

/* What the events tell, gathered while walking over them. */
struct story {
    uint64_t n[LEASE_SHARD + 1][JOB_EVENTS];
    int64_t first_ms;
    int64_t last_ms;
    json_t *workers; /* name -> {event: how often} */
};

static void count_for_worker(json_t *workers, const struct ledger_event *event)
{
    if (event->worker[0] == '\0') {
        return;
    }
    json_t *worker = json_object_get(workers, event->worker);
    if (worker == NULL) {
        worker = json_object();
        if (json_object_set_new(workers, event->worker, worker) != 0) {
            return; /* no valid name */
        }
    }
    const char *what = job_event_name(event->what);
    json_int_t before = json_integer_value(json_object_get(worker, what));
    (void)json_object_set_new(worker, what, json_integer(before + 1));
}

static int visit_event(void *context, const struct ledger_event *event, struct error *err)
{
    (void)err;
    struct story *story = context;
    if (event->kind <= LEASE_SHARD && event->what < JOB_EVENTS) {
        story->n[event->kind][event->what]++;
    }
    story->first_ms = story->first_ms == 0 ? event->time_ms : story->first_ms;
    story->last_ms = event->time_ms > story->last_ms ? event->time_ms : story->last_ms;
    count_for_worker(story->workers, event);
    return 0;
}

static json_t *events_to_json(const uint64_t n[JOB_EVENTS])
{
    json_t *object = json_object();
    for (int what = JOB_LEASED; what < JOB_EVENTS; what++) {
        (void)json_object_set_new(object, job_event_name((enum job_event)what),
                                  json_integer((json_int_t)n[what]));
    }
    return object;
}

static json_t *tally_to_json(const struct run_tally *tally)
{
    json_t *object = json_object();
    for (int state = JOB_WAITING; state < JOB_STATES; state++) {
        (void)json_object_set_new(object, job_state_name((enum job_state)state),
                                  json_integer((json_int_t)tally->n[state]));
    }
    return object;
}

static json_t *time_to_json(int64_t unix_ms)
{
    char text[CLOCK_TEXT_SIZE];
    clock_text(unix_ms, text);
    return unix_ms == 0 ? json_null() : json_string(text);
}

static json_t *inputs_to_json(const struct run *r, const struct merge *m)
{
    json_t *list = json_array();
    for (size_t i = 0; i < r->n_files; i++) {
        const struct run_file *f = &r->file[i];
        const char *digest = json_string_value(json_object_get(f->inspection, "digest"));
        json_t *row = json_pack(
            "{s:s, s:s, s:I, s:s?, s:I, s:I, s:s}", "path", f->path, "sample",
            r->dataset->sample[f->sample].name, "size", (json_int_t)f->size, "digest", digest,
            "rows", (json_int_t)f->rows, "rows_seen", (json_int_t)m->file[i].n_events,
            "inspection", job_state_name(f->job.state));
        if (row == NULL) { /* a path may be any bytes, JSON holds text */
            row = json_pack("{s:n, s:I}", "path", "size", (json_int_t)f->size);
        }
        (void)json_array_append_new(list, row);
    }
    return list;
}

/* Texts that were recorded when the run was founded. */
static int put_recorded(json_t *report, const struct run *r, struct error *err)
{
    static const char *const keys[] = {"program", "run_file_path", "created_ms"};
    static const char *const names[] = {"launched_with", "run_file", "launched"};
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        char *text = NULL;
        if (ledger_get(r->ledger, keys[i], &text, err) != 0) {
            return -1;
        }
        json_t *value = text == NULL ? json_null()
                        : i == 2     ? time_to_json(strtoll(text, NULL, 10))
                                     : json_string(text);
        (void)json_object_set_new(report, names[i], value == NULL ? json_null() : value);
        free(text);
    }
    return 0;
}

json_t *result_report(const struct run *r, const struct merge *m, struct error *err)
{
    struct story story = {.workers = json_object()};
    struct run_tally files = run_tally_files(r);
    struct run_tally shards = run_tally_shards(r);
    if (ledger_each_event(r->ledger, 0, visit_event, &story, err) != 0) {
        json_decref(story.workers);
        return NULL;
    }
    json_t *report = json_pack(
        "{s:s, s:i, s:s, s:s?, s:b, s:o, s:o, s:f, s:{s:o, s:o}, s:{s:o, s:o}, s:o, s:o}",
        "picobarn", "run", "format", REPORT_FORMAT, "program", PICOBARN_VERSION, "run_id",
        r->id, "complete", run_complete(r) ? 1 : 0, "first_event", time_to_json(story.first_ms),
        "last_event", time_to_json(story.last_ms), "cpu_s", (double)m->cpu_us / 1e6,
        "inspections", "state", tally_to_json(&files), "events",
        events_to_json(story.n[LEASE_INSPECT]), "shards", "state", tally_to_json(&shards),
        "events", events_to_json(story.n[LEASE_SHARD]), "workers", story.workers, "inputs",
        inputs_to_json(r, m));
    if (report == NULL) {
        (void)error_no_memory(err, "the report");
        return NULL;
    }
    if (put_recorded(report, r, err) != 0) {
        json_decref(report);
        return NULL;
    }
    return report;
}
